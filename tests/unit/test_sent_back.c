#include "protocol/sent_back.h"

#include <sodium.h>

#include "protocol/document.h"
#include "tests/support/check.h"

static struct sent_back sent, got;
static uint8_t bytes[BATCH_BYTES_MAX];
static writer w;

static int
setup(void **ctx)
{
	(void) ctx;
	randombytes_buf(bytes, sizeof(bytes)); /* they do not compress */
	writer_init(&w);
	sent.count = got.count = 0;
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	writer_done(&w);
	return 0;
}

static void
add(size_t len)
{
	sent.list[sent.count++] = (struct bytes) { bytes, len };
}

static status
decode(void)
{
	return sent_back_decode(writer_bytes(&w).at, writer_bytes(&w).len, &got);
}

/* A map with those keys, of which batches has one, and v is that. */
static void
write_map(const char *other, uint64_t version)
{
	writer_clear(&w);
	writer_map(&w, 2 + (size_t) (other != NULL));
	if (other && other[0] < 'b') {
		writer_text(&w, text_of(other));
		writer_uint(&w, 1);
	}
	writer_text(&w, text_of("batches"));
	writer_array(&w, 1);
	writer_bin(&w, bytes, 9);
	if (other && other[0] > 'b') {
		writer_text(&w, text_of(other));
		writer_uint(&w, 1);
	}
	writer_text(&w, text_of("v"));
	writer_uint(&w, version);
}

static void
batches_come_back_in_their_order(void **ctx)
{
	(void) ctx;
	for (size_t i = 1; i <= EVENTS_BATCHES_MAX; i++)
		add(i);
	assert_status(sent_back_encode(&sent, &w), ST_OK);
	assert_status(decode(), ST_OK);
	assert_int_equal(got.count, EVENTS_BATCHES_MAX);
	for (size_t i = 0; i < got.count; i++) {
		assert_int_equal(got.list[i].len, i + 1);
		assert_memory_equal(got.list[i].at, bytes, i + 1);
	}
}

static void
as_many_go_as_a_document_takes_packed_once_more(void **ctx)
{
	writer packed;

	(void) ctx;
	writer_init(&packed);
	add(BATCH_BYTES_MAX);
	while (sent.count < 40)
		add(20000);
	assert_status(sent_back_encode(&sent, &w), ST_OK);
	assert_in_range(writer_bytes(&w).len, EVENTS_BYTES_MAX - 25000, EVENTS_BYTES_MAX);
	assert_status(document_pack(writer_bytes(&w).at, writer_bytes(&w).len, &packed), ST_OK);
	assert_in_range(writer_bytes(&packed).len, 0, EVENTS_BYTES_MAX);
	assert_status(decode(), ST_OK);
	assert_int_equal(got.count, 4);
	writer_done(&packed);
}

static void
one_batch_of_any_size_goes(void **ctx)
{
	(void) ctx;
	add(BATCH_BYTES_MAX);
	assert_status(sent_back_encode(&sent, &w), ST_OK);
	assert_status(decode(), ST_OK);
	assert_int_equal(got.count, 1);
}

static void
what_is_over_a_limit_is_told_as_such(void **ctx)
{
	static uint8_t big[EVENTS_BYTES_MAX + 1];

	(void) ctx;
	assert_status(sent_back_decode(big, sizeof(big), &got), ST_LIMIT);
	writer_map(&w, 2);
	writer_text(&w, text_of("batches"));
	writer_array(&w, EVENTS_BATCHES_MAX + 1);
	for (size_t i = 0; i <= EVENTS_BATCHES_MAX; i++)
		writer_bin(&w, bytes, 1);
	writer_text(&w, text_of("v"));
	writer_uint(&w, 1);
	assert_status(decode(), ST_LIMIT);
	writer_clear(&w);
	writer_map(&w, 2);
	writer_text(&w, text_of("batches"));
	writer_array(&w, 1);
	writer_bin(&w, big, BATCH_BYTES_MAX + 1);
	writer_text(&w, text_of("v"));
	writer_uint(&w, 1);
	assert_status(decode(), ST_LIMIT);
}

static void
keys_that_are_not_known_are_passed_over_unless_they_must_be(void **ctx)
{
	(void) ctx;
	write_map(NULL, 1);
	assert_status(decode(), ST_OK);
	write_map("left", 1);
	assert_status(decode(), ST_OK);
	write_map("!left", 1);
	assert_status(decode(), ST_MALFORMED);
}

static void
another_version_is_no_malformed_one(void **ctx)
{
	(void) ctx;
	write_map(NULL, 2);
	assert_status(decode(), ST_VERSION);
	write_map(NULL, 0);
	assert_status(decode(), ST_MALFORMED);
}

static void
what_has_no_batch_or_is_cut_off_is_malformed(void **ctx)
{
	(void) ctx;
	assert_status(sent_back_encode(&sent, &w), ST_OK);
	assert_status(decode(), ST_MALFORMED);
	assert_status(sent_back_decode(NULL, 0, &got), ST_MALFORMED);
	write_map(NULL, 1);
	for (size_t len = 0; len < writer_bytes(&w).len; len++) {
		uint8_t *cut = malloc(len + 1);

		assert_non_null(cut);
		memcpy(cut, writer_bytes(&w).at, len);
		assert_status(sent_back_decode(cut, len, &got), ST_MALFORMED);
		free(cut);
	}
}

int
main(void)
{
#define FX(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		FX(batches_come_back_in_their_order),
		FX(as_many_go_as_a_document_takes_packed_once_more),
		FX(one_batch_of_any_size_goes),
		FX(what_is_over_a_limit_is_told_as_such),
		FX(keys_that_are_not_known_are_passed_over_unless_they_must_be),
		FX(another_version_is_no_malformed_one),
		FX(what_has_no_batch_or_is_cut_off_is_malformed),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("sent_back", tests, NULL, NULL);
}
