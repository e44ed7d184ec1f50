#include "protocol/document.h"

#include "tests/support/check.h"

static writer w;
static char text[100000];

static int
pack_text(void **ctx)
{
	(void) ctx;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char) ('a' + i % 26);
	writer_init(&w);
	return document_pack(text, sizeof(text), &w) == ST_OK ? 0 : -1;
}

static int
close_writer(void **ctx)
{
	(void) ctx;
	writer_done(&w);
	return 0;
}

static void
assert_not_unpacked(struct bytes packed, size_t max_bytes, status want)
{
	uint8_t *at = (uint8_t *) text;
	size_t len = 77;

	assert_status(document_unpack(packed, max_bytes, &at, &len), want);
	assert_ptr_equal(at, text);
	assert_int_equal(len, 77); /* untouched */
}

static void
what_is_packed_is_unpacked(void **ctx)
{
	uint8_t *at = NULL;
	size_t len = 0;

	(void) ctx;
	assert_true(writer_bytes(&w).len < sizeof(text) / 10);
	assert_status(document_unpack(writer_bytes(&w), sizeof(text), &at, &len), ST_OK);
	assert_int_equal(len, sizeof(text));
	assert_memory_equal(at, text, len);
	assert_int_equal(at[len], 0);
	free(at);
}

static void
empty_document_is_a_document(void **ctx)
{
	uint8_t *at = NULL;
	size_t len = 5;

	(void) ctx;
	assert_status(document_pack("", 0, &w), ST_OK);
	assert_status(document_unpack(writer_bytes(&w), 0, &at, &len), ST_OK);
	assert_int_equal(len, 0);
	free(at);
}

static void
one_over_the_bound_is_refused_before_it_is_unpacked(void **ctx)
{
	(void) ctx;
	assert_not_unpacked(writer_bytes(&w), sizeof(text) - 1, ST_LIMIT);
}

static void
damaged_or_joined_frames_are_refused(void **ctx)
{
	struct bytes packed = writer_bytes(&w);
	uint8_t *twice = malloc(2 * packed.len);

	(void) ctx;
	assert_non_null(twice);
	memcpy(twice, packed.at, packed.len);
	memcpy(twice + packed.len, packed.at, packed.len);
	for (size_t len = 0; len < packed.len; len++)
		assert_not_unpacked((struct bytes) { twice, len }, sizeof(text), ST_MALFORMED);
	assert_not_unpacked((struct bytes) { twice, packed.len + 1 }, sizeof(text), ST_MALFORMED);
	assert_not_unpacked((struct bytes) { twice, 2 * packed.len }, sizeof(text), ST_MALFORMED);
	twice[0] ^= 1;
	assert_not_unpacked((struct bytes) { twice, packed.len }, sizeof(text), ST_MALFORMED);
	free(twice);
}

int
main(void)
{
#define WITH_TEXT(test) cmocka_unit_test_setup_teardown(test, pack_text, close_writer)
	const struct CMUnitTest tests[] = {
		WITH_TEXT(what_is_packed_is_unpacked),
		WITH_TEXT(empty_document_is_a_document),
		WITH_TEXT(one_over_the_bound_is_refused_before_it_is_unpacked),
		WITH_TEXT(damaged_or_joined_frames_are_refused),
	};

	return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
