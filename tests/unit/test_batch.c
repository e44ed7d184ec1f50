#include "tests/support/check.h"

#include <sodium.h>
#include <string.h>
#include <zstd.h>

#include "protocol/batch.h"
#include "protocol/chain.h"
#include "protocol/identity.h"

struct fixture {
	uint8_t feed[FEED_BYTES], secret[SIGN_SECRET_BYTES];
	struct point start;
	writer bodies, frame;
	uint8_t *space;
};

static int
setup(void **ctx)
{
	static struct fixture fx;
	static const uint8_t seed[32] = { 1 };

	crypto_sign_seed_keypair(fx.feed, fx.secret, seed);
	chain_start(fx.feed, &fx.start);
	writer_init(&fx.bodies);
	writer_init(&fx.frame);
	fx.space = malloc(BATCH_RAW_BYTES_MAX);
	*ctx = &fx;
	return fx.space ? 0 : -1;
}

static int
teardown(void **ctx)
{
	struct fixture *fx = *ctx;

	writer_done(&fx->bodies);
	writer_done(&fx->frame);
	free(fx->space);
	return 0;
}

/* Seal n bodies of len bytes each into fx->frame and open it. */
static struct batch
sealed(struct fixture *fx, size_t n, size_t len)
{
	static uint8_t body[EVENT_BYTES_MAX];
	struct batch b;

	writer_clear(&fx->bodies);
	for (size_t i = 0; i < n; i++) {
		memset(body, 'a' + (int) (i % 26), len);
		writer_bin(&fx->bodies, body, len);
	}
	assert_status(batch_seal(fx->feed, fx->secret, &fx->start, writer_bytes(&fx->bodies), n,
	                         &fx->frame),
	              ST_OK);
	assert_status(batch_open(writer_bytes(&fx->frame).at, writer_bytes(&fx->frame).len, &b),
	              ST_OK);
	return b;
}

static status
verified(struct fixture *fx, const struct batch *b)
{
	struct bytes bodies;
	status st = batch_unpack(b, fx->space, &bodies);

	return st < 0 ? st : batch_verify(b, bodies, NULL);
}

/* Of a known end nothing is looked at, so a wrong one is for the receiver to find. */
static void
a_known_end_is_sealed_as_it_is(void **ctx)
{
	struct fixture *fx = *ctx;
	struct batch b = sealed(fx, 3, 100);
	struct bytes whole = writer_bytes(&fx->frame), again;
	struct point end = batch_end(&b);
	writer w;

	writer_init(&w);
	assert_status(batch_seal_known(fx->feed, fx->secret, &fx->start, writer_bytes(&fx->bodies),
	                               &end, &w),
	              ST_OK);
	again = writer_bytes(&w);
	assert_int_equal(again.len, whole.len);
	assert_memory_equal(again.at, whole.at, whole.len);
	end.hash[0] ^= 1;
	assert_status(batch_seal_known(fx->feed, fx->secret, &fx->start, writer_bytes(&fx->bodies),
	                               &end, &w),
	              ST_OK);
	again = writer_bytes(&w);
	assert_status(batch_open(again.at, again.len, &b), ST_OK);
	assert_status(verified(fx, &b), ST_CHAIN);
	assert_status(batch_seal_known(fx->feed, fx->secret, &fx->start, writer_bytes(&fx->bodies),
	                               &fx->start, &w),
	              ST_LIMIT);
	writer_done(&w);
}

static void
a_sealed_batch_verifies_and_walks(void **ctx)
{
	struct fixture *fx = *ctx;
	struct batch b = sealed(fx, 3, 100);
	struct bytes bodies;
	struct batch_walk walk;
	struct batch_event e;
	struct point end = batch_end(&b);
	uint64_t n = 0;

	assert_int_equal(b.packed, 1); /* 300 like letters are smaller packed */
	assert_status(verified(fx, &b), ST_OK);
	assert_status(batch_unpack(&b, fx->space, &bodies), ST_OK);
	walk = batch_walk(&b, bodies);
	while (batch_next(&walk, &e)) {
		n++;
		assert_int_equal(e.at.seq, n);
		assert_int_equal(e.body.len, 100);
		assert_int_equal(e.body.at[0], 'a' + (int) n - 1);
	}
	assert_int_equal(n, 3);
	assert_true(point_equal(&walk.at, &end));
}

static void
verifying_tells_the_events(void **ctx)
{
	struct fixture *fx = *ctx;
	struct batch b = sealed(fx, 3, 100);
	struct batch_event events[4], walked;
	struct bytes bodies;
	struct batch_walk walk;

	memset(events, 0x55, sizeof(events));
	assert_status(batch_unpack(&b, fx->space, &bodies), ST_OK);
	assert_status(batch_verify(&b, bodies, events), ST_OK);
	walk = batch_walk(&b, bodies);
	for (size_t i = 0; batch_next(&walk, &walked); i++) {
		assert_true(point_equal(&events[i].at, &walked.at));
		assert_ptr_equal(events[i].body.at, walked.body.at);
		assert_int_equal(events[i].end_offset, walked.end_offset);
	}
	assert_int_equal(events[3].end_offset, (size_t) 0x5555555555555555); /* no more of them */
}

static void
a_short_batch_is_not_packed(void **ctx)
{
	struct fixture *fx = *ctx;
	struct batch b = sealed(fx, 1, 5);

	assert_int_equal(b.packed, 0);
	assert_status(verified(fx, &b), ST_OK);
}

/* A few bits of a zstd frame mean nothing: a change may pass when it changes no
 * event. */
static void
any_changed_bit_that_means_something_is_noticed(void **ctx)
{
	struct fixture *fx = *ctx;
	struct batch whole = sealed(fx, 2, 40), b;
	size_t len = writer_bytes(&fx->frame).len;
	uint8_t *copy = malloc(len);
	struct bytes bodies;

	assert_non_null(copy);
	for (size_t i = 0; i < len * 8; i++) {
		memcpy(copy, writer_bytes(&fx->frame).at, len);
		copy[i / 8] ^= (uint8_t) (1u << i % 8);
		if (batch_open(copy, len, &b) < 0 || verified(fx, &b) < 0)
			continue;
		assert_int_equal(b.first, whole.first);
		assert_int_equal(b.count, whole.count);
		assert_status(batch_unpack(&b, fx->space, &bodies), ST_OK);
		assert_int_equal(bodies.len, writer_bytes(&fx->bodies).len);
		assert_memory_equal(bodies.at, writer_bytes(&fx->bodies).at, bodies.len);
	}
	free(copy);
}

static void
anothers_seal_is_told_from_a_broken_chain(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t other[HASH_BYTES] = { 9 };
	struct batch b = sealed(fx, 2, 40);

	b.before = other;
	assert_status(verified(fx, &b), ST_CHAIN);
	b = sealed(fx, 2, 40);
	b.after = other;
	assert_status(verified(fx, &b), ST_DENIED);
	b = sealed(fx, 2, 40);
	b.feed = other;
	assert_status(verified(fx, &b), ST_DENIED);
}

static void
a_beginning_can_be_cut_off_and_the_rest_is_sealed(void **ctx)
{
	struct fixture *fx = *ctx;
	struct batch b = sealed(fx, 5, 60), rest;
	struct bytes bodies;
	struct batch_walk walk;
	struct batch_event e;
	struct point end = batch_end(&b), rest_end;
	writer w;

	assert_status(batch_unpack(&b, fx->space, &bodies), ST_OK);
	walk = batch_walk(&b, bodies);
	assert_true(batch_next(&walk, &e) && batch_next(&walk, &e));
	writer_init(&w);
	assert_status(batch_rewrite(&b, bodies, 2, e.end_offset, e.at.hash, &w), ST_OK);
	assert_status(batch_open(writer_bytes(&w).at, writer_bytes(&w).len, &rest), ST_OK);
	assert_int_equal(rest.first, 3);
	assert_int_equal(rest.count, 3);
	assert_status(verified(fx, &rest), ST_OK);
	rest_end = batch_end(&rest);
	assert_true(point_equal(&rest_end, &end));
	writer_done(&w);
}

/* Bodies of words in any order: packing harder makes a third less of them. */
static void
write_prose(writer *bodies, size_t count)
{
	static const char *const words[] = {
		"consulado ", "movil ",  "jornada ", "atendidas ", "personas ", "en ",
		"el ",        "barrio ", "con ",     "apoyo ",     "de ",       "la ",
		"iglesia ",   "y ",      "cedula ",  "pasaporte ", "registro ", "civil ",
	};
	uint32_t random = 1;

	writer_clear(bodies);
	for (size_t i = 0; i < count; i++) {
		char text[1100];
		size_t len = 0;

		while (len < 1000) {
			struct text word;

			random = random * 1664525 + 1013904223;
			word = text_of(words[(random >> 16) % LENGTH(words)]);
			memcpy(text + len, word.at, word.len);
			len += word.len;
		}
		writer_bin(bodies, text, len);
	}
}

/* What batch_seal() would seal, were it not over the limit. */
static struct batch
sealed_by_hand(struct fixture *fx, uint64_t count, uint8_t after[static HASH_BYTES],
               uint8_t signature[static SIGNATURE_BYTES])
{
	struct batch b = { .feed = fx->feed,
		           .first = 1,
		           .count = count,
		           .before = fx->start.hash,
		           .after = after,
		           .signature = signature };
	struct batch_walk walk = batch_walk(&b, writer_bytes(&fx->bodies));
	uint8_t covered[14 + FEED_BYTES + 8 + HASH_BYTES];
	struct batch_event e;

	while (batch_next(&walk, &e))
		;
	assert_int_equal(walk.left, 0);
	memcpy(after, walk.at.hash, HASH_BYTES);
	memcpy(covered, "valija/batch/1", 14);
	memcpy(covered + 14, fx->feed, FEED_BYTES);
	put_u64(covered + 14 + FEED_BYTES, count);
	memcpy(covered + 14 + FEED_BYTES + 8, after, HASH_BYTES);
	sign_bytes(covered, sizeof(covered), fx->secret, signature);
	return b;
}

static void
the_rest_of_a_batch_is_packed_as_hard_as_it_was(void **ctx)
{
	enum { EVENTS = 480 };
	struct fixture *fx = *ctx;
	uint8_t after[HASH_BYTES], signature[SIGNATURE_BYTES];
	struct batch b, rest;
	struct batch_walk walk;
	struct batch_event e;
	writer w;

	write_prose(&fx->bodies, EVENTS);
	writer_init(&w);
	assert_status(
		batch_seal(fx->feed, fx->secret, &fx->start, writer_bytes(&fx->bodies), EVENTS, &w),
		ST_LIMIT);
	b = sealed_by_hand(fx, EVENTS, after, signature);
	walk = batch_walk(&b, writer_bytes(&fx->bodies));
	assert_true(batch_next(&walk, &e));
	assert_status(batch_rewrite(&b, writer_bytes(&fx->bodies), 1, e.end_offset, e.at.hash, &w),
	              ST_OK);
	assert_status(batch_open(writer_bytes(&w).at, writer_bytes(&w).len, &rest), ST_OK);
	assert_status(verified(fx, &rest), ST_OK);
	assert_int_equal(rest.count, EVENTS - 1);
	writer_done(&w);
}

static void
an_erased_body_keeps_the_chain(void **ctx)
{
	struct fixture *fx = *ctx;
	struct batch whole = sealed(fx, 1, 30), erased;
	uint8_t hash[HASH_BYTES], body[30];
	struct batch_walk walk;
	struct batch_event e;
	writer bodies, frame;

	memset(body, 'a', sizeof(body));
	hash_bytes(body, sizeof(body), hash);
	writer_init(&bodies);
	writer_init(&frame);
	writer_erased(&bodies, hash);
	erased = whole;
	erased.packed = 0;
	erased.bodies = writer_bytes(&bodies);
	erased.raw_bytes = erased.bodies.len;
	assert_status(verified(fx, &erased), ST_OK);
	walk = batch_walk(&erased, erased.bodies);
	assert_true(batch_next(&walk, &e));
	assert_true(e.erased);
	assert_int_equal(e.body.len, 0);
	writer_done(&bodies);
	writer_done(&frame);
}

static void
what_the_header_claims_must_be_there(void **ctx)
{
	struct fixture *fx = *ctx;
	struct batch b = sealed(fx, 3, 100);

	b.raw_bytes--;
	assert_status(verified(fx, &b), ST_MALFORMED);
	b.raw_bytes += 2;
	assert_status(verified(fx, &b), ST_MALFORMED);
	b = sealed(fx, 3, 100);
	b.bodies.len--;
	assert_status(verified(fx, &b), ST_MALFORMED);
}

static void
bodies_are_packed_in_one_frame(void **ctx)
{
	static uint8_t frames[BATCH_BYTES_MAX];
	struct fixture *fx = *ctx;
	struct batch b = sealed(fx, 3, 1000);
	struct bytes raw = writer_bytes(&fx->bodies);
	size_t half = raw.len / 2, len;

	assert_int_equal(b.packed, 1);
	len = ZSTD_compress(frames, sizeof(frames), raw.at, half, 3);
	len += ZSTD_compress(frames + len, sizeof(frames) - len, raw.at + half, raw.len - half, 3);
	b.bodies = (struct bytes) { frames, len };
	assert_status(verified(fx, &b), ST_MALFORMED);
}

static void
numbers_end_where_those_of_events_do(void **ctx)
{
	struct fixture *fx = *ctx;
	struct batch b;

	fx->start.seq = INT64_MAX - 3;
	sealed(fx, 3, 10);
	fx->start.seq++;
	assert_status(batch_seal(fx->feed, fx->secret, &fx->start, writer_bytes(&fx->bodies), 3,
	                         &fx->frame),
	              ST_OK);
	assert_status(batch_open(writer_bytes(&fx->frame).at, writer_bytes(&fx->frame).len, &b),
	              ST_LIMIT);
}

static void
sizes_are_bounded(void **ctx)
{
	struct fixture *fx = *ctx;
	static uint8_t noise[EVENT_BYTES_MAX];
	struct batch b;

	writer_clear(&fx->bodies);
	for (int i = 0; i < 5; i++) {
		for (size_t n = 0; n < sizeof(noise); n++)
			noise[n] = (uint8_t) (n * 167 + n / 251 * 31 + (size_t) i * 7 +
			                      n * n % 253);
		crypto_generichash(noise, 32, noise, sizeof(noise), NULL, 0);
		crypto_stream_xchacha20(noise, sizeof(noise), noise, noise);
		writer_bin(&fx->bodies, noise, sizeof(noise));
	}
	assert_status(batch_seal(fx->feed, fx->secret, &fx->start, writer_bytes(&fx->bodies), 5,
	                         &fx->frame),
	              ST_LIMIT); /* 80 KiB that cannot be packed */
	assert_status(batch_open(noise, BATCH_BYTES_MAX + 1, &b), ST_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_sealed_batch_verifies_and_walks, setup, teardown),
		cmocka_unit_test_setup_teardown(a_known_end_is_sealed_as_it_is, setup, teardown),
		cmocka_unit_test_setup_teardown(verifying_tells_the_events, setup, teardown),
		cmocka_unit_test_setup_teardown(a_short_batch_is_not_packed, setup, teardown),
		cmocka_unit_test_setup_teardown(any_changed_bit_that_means_something_is_noticed,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(anothers_seal_is_told_from_a_broken_chain, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(the_rest_of_a_batch_is_packed_as_hard_as_it_was,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(a_beginning_can_be_cut_off_and_the_rest_is_sealed,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(an_erased_body_keeps_the_chain, setup, teardown),
		cmocka_unit_test_setup_teardown(what_the_header_claims_must_be_there, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(bodies_are_packed_in_one_frame, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers_end_where_those_of_events_do, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(sizes_are_bounded, setup, teardown),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
