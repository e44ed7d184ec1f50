#include "tests/support/check.h"

#include <string.h>

#include "protocol/limits.h"
#include "protocol/reader.h"

/* Bytes in an allocation of their exact size, so that the sanitizer sees every
 * overrun. */
static uint8_t *
exact(const void *bytes, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	return copy;
}

/* The status of passing over the whole of len bytes as one value. */
static status
skipped(const void *bytes, size_t len)
{
	uint8_t *copy = exact(bytes, len);
	reader r = reader_of(copy, len);
	status st;

	reader_skip(&r);
	st = reader_end(&r);
	free(copy);
	return st;
}

#define SKIPPED(literal) skipped("" literal, sizeof(literal) - 1)

static void
every_plain_type_is_read(void **ctx)
{
	static const char in[] = "\x9a\x00\x7f\xcc\x80\xcd\x01\x00\xff\xd0\xdf\xc3\xa1x\xc4\x01y"
				 "\x81\xa1k\x01";
	reader r = reader_of(in, sizeof(in) - 1);
	struct text last = { NULL, 0 };

	(void) ctx;
	assert_int_equal(reader_array(&r, 10), 10);
	assert_int_equal(reader_uint(&r, 0), 0);
	assert_int_equal(reader_uint(&r, 127), 127);
	assert_int_equal(reader_uint(&r, UINT64_MAX), 128);
	assert_int_equal(reader_int(&r, 0, 256), 256);
	assert_int_equal(reader_int(&r, -1, 0), -1);
	assert_int_equal(reader_int(&r, -33, -33), -33);
	reader_skip(&r);
	assert_true(text_is(reader_text(&r, 1), "x"));
	assert_int_equal(*reader_fixed(&r, 1), 'y');
	assert_int_equal(reader_map(&r, 1), 1);
	assert_true(text_is(reader_key(&r, &last), "k"));
	assert_int_equal(reader_uint(&r, 1), 1);
	assert_status(reader_end(&r), ST_OK);
}

static void
what_is_not_canonical_is_malformed(void **ctx)
{
	(void) ctx;
	assert_status(SKIPPED("\xcc\x7f"), ST_MALFORMED);     /* 127 in two bytes */
	assert_status(SKIPPED("\xcd\x00\xff"), ST_MALFORMED); /* 255 in three */
	assert_status(SKIPPED("\xce\x00\x00\xff\xff"), ST_MALFORMED);
	assert_status(SKIPPED("\xcf\x00\x00\x00\x00\xff\xff\xff\xff"), ST_MALFORMED);
	assert_status(SKIPPED("\xd0\x05"), ST_MALFORMED);     /* positive as signed */
	assert_status(SKIPPED("\xd0\xe0"), ST_MALFORMED);     /* -32 in two bytes */
	assert_status(SKIPPED("\xd1\xff\x80"), ST_MALFORMED); /* -128 in three */
	assert_status(SKIPPED("\xd9\x01x"), ST_MALFORMED);    /* long form, short text */
	assert_status(SKIPPED("\xc5\x00\x01x"), ST_MALFORMED);
	assert_status(SKIPPED("\xdc\x00\x01\x00"), ST_MALFORMED);
	assert_status(SKIPPED("\xde\x00\x01\xa1k\x00"), ST_MALFORMED);
	assert_status(SKIPPED("\xca\x00\x00\x00\x00"), ST_MALFORMED); /* float */
	assert_status(SKIPPED("\xcb\x00\x00\x00\x00\x00\x00\x00\x00"), ST_MALFORMED);
	assert_status(SKIPPED("\xc1"), ST_MALFORMED);
	assert_status(SKIPPED("\xd4\x01\x00"), ST_MALFORMED); /* ext */
	assert_status(SKIPPED("\x00\x00"), ST_MALFORMED);     /* left over */
	assert_status(SKIPPED(""), ST_MALFORMED);
}

static status
key_of_length(size_t len)
{
	uint8_t bytes[64] = { (uint8_t) (0xa0 + len) };
	reader r = reader_of(bytes, len + 1);
	struct text last = { NULL, 0 };

	memset(bytes + 1, 'k', len);
	reader_key(&r, &last);
	return reader_end(&r);
}

static void
maps_ascend_and_have_text_keys(void **ctx)
{
	(void) ctx;
	assert_status(SKIPPED("\x82\xa1"
	                      "a\x01\xa1"
	                      "b\x02"),
	              ST_OK);
	assert_status(SKIPPED("\x82\xa1"
	                      "a\x01\xa2"
	                      "ab\x02"),
	              ST_OK);
	assert_status(SKIPPED("\x82\xa2"
	                      "ab\x01\xa1"
	                      "a\x02"),
	              ST_MALFORMED);
	assert_status(SKIPPED("\x82\xa1"
	                      "a\x01\xa1"
	                      "a\x02"),
	              ST_MALFORMED);
	assert_status(SKIPPED("\x81\x01\x01"), ST_MALFORMED);
	assert_status(SKIPPED("\x81\xa0\x01"), ST_MALFORMED);
	assert_status(SKIPPED("\x81\xb0"
	                      "0123456789abcdef\x01"),
	              ST_OK);
	assert_status(key_of_length(KEY_BYTES_MAX), ST_OK);
	assert_status(key_of_length(KEY_BYTES_MAX + 1), ST_LIMIT);
	/* maps within a value may be tallies */
	assert_status(SKIPPED("\x81\xd9\x20"
	                      "0123456789abcdef0123456789abcdef\x01"),
	              ST_OK);
	assert_status(SKIPPED("\x81\xd9\x21"
	                      "0123456789abcdef0123456789abcdefg\x01"),
	              ST_LIMIT);
}

static void
a_count_is_not_believed_beyond_the_bytes_left(void **ctx)
{
	(void) ctx;
	assert_status(SKIPPED("\xdd\xff\xff\xff\xff"), ST_MALFORMED);
	assert_status(SKIPPED("\xdf\xff\xff\xff\xff"), ST_MALFORMED);
	assert_status(SKIPPED("\xc6\xff\xff\xff\xff"), ST_MALFORMED);
	assert_status(SKIPPED("\xdb\xff\xff\xff\xffx"), ST_MALFORMED);
	assert_status(SKIPPED("\x93\x01\x02"), ST_MALFORMED);
}

static void
nesting_is_bounded(void **ctx)
{
	uint8_t deep[EVENT_DEPTH_MAX + 2];

	(void) ctx;
	memset(deep, 0x91, sizeof(deep));
	deep[EVENT_DEPTH_MAX] = 0x01;
	assert_status(skipped(deep, EVENT_DEPTH_MAX + 1), ST_OK);
	deep[EVENT_DEPTH_MAX] = 0x91;
	deep[EVENT_DEPTH_MAX + 1] = 0x01;
	assert_status(skipped(deep, EVENT_DEPTH_MAX + 2), ST_LIMIT);
}

static void
text_is_utf8(void **ctx)
{
	(void) ctx;
	assert_true(utf8_valid("ñ€😀", strlen("ñ€😀")));
	assert_true(utf8_valid("", 0));
	assert_false(utf8_valid("a\0b", 3));
	assert_false(utf8_valid("\xc0\x80", 2)); /* overlong */
	assert_false(utf8_valid("\xe0\x80\xaf", 3));
	assert_false(utf8_valid("\xed\xa0\x80", 3));     /* surrogate */
	assert_false(utf8_valid("\xf4\x90\x80\x80", 4)); /* over U+10FFFF */
	assert_false(utf8_valid("\xc3", 1));             /* cut */
	assert_false(utf8_valid("\x80", 1));
	assert_status(SKIPPED("\xa1\xff"), ST_MALFORMED);
}

/* Long enough that most of it is looked at eight bytes at a time. */
static void
text_is_utf8_wherever_it_is_not(void **ctx)
{
	char text[40];

	(void) ctx;
	for (size_t len = 0; len < sizeof(text); len++) {
		memset(text, 'a', len);
		assert_true(utf8_valid(text, len));
		for (size_t at = 0; at < len; at++) {
			text[at] = '\0';
			assert_false(utf8_valid(text, len));
			text[at] = '\x80';
			assert_false(utf8_valid(text, len));
			text[at] = '\x7f';
			assert_true(utf8_valid(text, len));
			text[at] = 'a';
		}
	}
}

static void
a_code_is_read_as_one(void **ctx)
{
	(void) ctx;
	reader r = reader_of("\xa5"
	                     "IND-1"
	                     "\xa3"
	                     "a b"
	                     "\xa1"
	                     "x",
	                     12);

	assert_true(text_is(reader_code(&r), "IND-1"));
	assert_int_equal(reader_code(&r).len, 0);
	assert_int_equal(reader_code(&r).len, 0); /* the error sticks */
	assert_status(reader_end(&r), ST_MALFORMED);
	r = reader_of("\xa0", 1);
	reader_code(&r);
	assert_status(reader_end(&r), ST_MALFORMED);
	r = reader_of("\xd9\x21"
	              "123456789012345678901234567890123",
	              35);
	reader_code(&r);
	assert_status(reader_end(&r), ST_LIMIT);
}

static void
bounds_are_kept_at_the_bound_and_one_beyond(void **ctx)
{
	reader r = reader_of("\xcd\x27\x0f", 3);

	(void) ctx;
	assert_int_equal(reader_uint(&r, 9999), 9999);
	assert_status(reader_end(&r), ST_OK);
	r = reader_of("\xcd\x27\x10", 3);
	assert_int_equal(reader_uint(&r, 9999), 0);
	assert_status(reader_end(&r), ST_LIMIT);
	r = reader_of("\xa2xy", 3);
	assert_int_equal(reader_text(&r, 1).len, 0);
	assert_status(reader_end(&r), ST_LIMIT);
	r = reader_of("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9);
	assert_int_equal(reader_int(&r, INT64_MIN, INT64_MAX), 0);
	assert_status(reader_end(&r), ST_LIMIT);
}

static void
the_first_error_sticks_and_nothing_moves(void **ctx)
{
	reader r = reader_of("\xa1x\x05\xa1y", 5);

	(void) ctx;
	assert_true(text_is(reader_text(&r, 9), "x"));
	assert_int_equal(reader_text(&r, 9).len, 0); /* a number */
	assert_status(r.st, ST_MALFORMED);
	const uint8_t *at = r.at;

	assert_int_equal(reader_uint(&r, 9), 0);
	assert_ptr_equal(r.at, at);
	assert_status(reader_end(&r), ST_MALFORMED);
}

static void
an_erased_body_is_ext_1_of_32_bytes(void **ctx)
{
	uint8_t in[35] = { 0xc7, 32, 1 };
	reader r = reader_of(in, sizeof(in));

	(void) ctx;
	assert_int_equal(reader_peek(&r), READER_ERASED);
	assert_non_null(reader_erased(&r));
	assert_status(reader_end(&r), ST_OK);
	in[2] = 2;
	r = reader_of(in, sizeof(in));
	reader_erased(&r);
	assert_status(reader_end(&r), ST_MALFORMED);
	assert_status(skipped(in, sizeof(in)), ST_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_plain_type_is_read),
		cmocka_unit_test(what_is_not_canonical_is_malformed),
		cmocka_unit_test(maps_ascend_and_have_text_keys),
		cmocka_unit_test(a_count_is_not_believed_beyond_the_bytes_left),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(text_is_utf8),
		cmocka_unit_test(text_is_utf8_wherever_it_is_not),
		cmocka_unit_test(a_code_is_read_as_one),
		cmocka_unit_test(bounds_are_kept_at_the_bound_and_one_beyond),
		cmocka_unit_test(the_first_error_sticks_and_nothing_moves),
		cmocka_unit_test(an_erased_body_is_ext_1_of_32_bytes),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
