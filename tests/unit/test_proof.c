#include "tests/support/check.h"

#include <sodium.h>
#include <stdlib.h>

#include "protocol/chain.h"
#include "protocol/proof.h"
#include "protocol/writer.h"

/* A batch of two bodies, and the file of the second. */
struct fixture {
	uint8_t feed[FEED_BYTES], secret[SIGN_SECRET_BYTES];
	struct point first, second;
	writer batch, file;
	uint8_t *space;
};

static void
step(struct fixture *fx, struct point *at, const char *body)
{
	uint8_t hash[HASH_BYTES];

	hash_bytes(body, strlen(body), hash);
	chain_step(fx->feed, at, hash);
}

/* As 'valija-hub show --evidence' writes it. */
static void
write_file(struct fixture *fx, const char *format, const struct point *at)
{
	struct bytes batch = writer_bytes(&fx->batch);

	writer_clear(&fx->file);
	writer_map(&fx->file, 4);
	writer_text(&fx->file, text_of("batch"));
	writer_bin(&fx->file, batch.at, batch.len);
	writer_text(&fx->file, text_of("format"));
	writer_text(&fx->file, text_of(format));
	writer_text(&fx->file, text_of("hash"));
	writer_bin(&fx->file, at->hash, HASH_BYTES);
	writer_text(&fx->file, text_of("seq"));
	writer_uint(&fx->file, at->seq);
}

static int
setup(void **ctx)
{
	static struct fixture fx;
	struct point start = { .seq = 0 };
	writer bodies;

	fx = (struct fixture) { .space = malloc(BATCH_RAW_BYTES_MAX) };
	writer_init(&fx.batch);
	writer_init(&fx.file);
	writer_init(&bodies);
	crypto_sign_keypair(fx.feed, fx.secret);
	chain_start(fx.feed, &start);
	fx.first = start;
	step(&fx, &fx.first, "one");
	fx.second = fx.first;
	step(&fx, &fx.second, "two");
	writer_bin(&bodies, "one", 3);
	writer_bin(&bodies, "two", 3);
	assert_status(batch_seal(fx.feed, fx.secret, &start, writer_bytes(&bodies), 2, &fx.batch),
	              ST_OK);
	writer_done(&bodies);
	write_file(&fx, "valija/evidence/1", &fx.second);
	*ctx = &fx;
	return 0;
}

static int
teardown(void **ctx)
{
	struct fixture *fx = *ctx;

	writer_done(&fx->batch);
	writer_done(&fx->file);
	free(fx->space);
	return 0;
}

static status
read_copy(struct fixture *fx, struct bytes bytes, struct proof *ret_proof)
{
	uint8_t *copy = malloc(bytes.len); /* of the exact size, for the sanitizer */
	status st;

	memcpy(copy, bytes.at, bytes.len);
	st = proof_read(copy, bytes.len, fx->space, ret_proof);
	free(copy);
	return st;
}

static void
the_event_that_is_meant_is_found(void **ctx)
{
	struct fixture *fx = *ctx;
	struct bytes file = writer_bytes(&fx->file);
	struct proof p = { 0 };

	assert_status(proof_read(file.at, file.len, fx->space, &p), ST_OK);
	assert_memory_equal(p.feed, fx->feed, FEED_BYTES);
	assert_int_equal(p.at.seq, 2);
	assert_memory_equal(p.at.hash, fx->second.hash, HASH_BYTES);
	assert_int_equal(p.body.len, 3);
	assert_memory_equal(p.body.at, "two", 3);
}

static void
no_byte_can_be_changed(void **ctx)
{
	struct fixture *fx = *ctx;
	struct bytes file = writer_bytes(&fx->file);
	uint8_t *changed = malloc(file.len);

	for (size_t i = 0; i < file.len; i++) {
		struct proof p = { 0 };

		memcpy(changed, file.at, file.len);
		changed[i] ^= 1;
		if (proof_read(changed, file.len, fx->space, &p) == ST_OK)
			fail_msg("byte %zu of %zu was changed, and it holds", i, file.len);
	}
	free(changed);
}

static void
a_file_that_was_cut_is_none(void **ctx)
{
	struct fixture *fx = *ctx;
	struct bytes file = writer_bytes(&fx->file);
	struct proof p;

	for (size_t len = 1; len < file.len; len++)
		assert_status(read_copy(fx, (struct bytes) { file.at, len }, &p), ST_MALFORMED);
}

static void
what_is_wrong_is_told_apart(void **ctx)
{
	static uint8_t large[PROOF_BYTES_MAX + 1];
	struct fixture *fx = *ctx;
	struct point other = fx->second;
	struct proof p;

	write_file(fx, "valija/evidence/2", &fx->second);
	assert_status(read_copy(fx, writer_bytes(&fx->file), &p), ST_VERSION);
	other.hash[0] ^= 1;
	write_file(fx, "valija/evidence/1", &other);
	assert_status(read_copy(fx, writer_bytes(&fx->file), &p), ST_CHAIN);
	other = fx->second;
	other.seq = 3;
	write_file(fx, "valija/evidence/1", &other);
	assert_status(read_copy(fx, writer_bytes(&fx->file), &p), ST_CHAIN);
	assert_status(proof_read(large, sizeof(large), fx->space, &p), ST_LIMIT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_event_that_is_meant_is_found),
		TEST(no_byte_can_be_changed),
		TEST(a_file_that_was_cut_is_none),
		TEST(what_is_wrong_is_told_apart),
	};

	return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
