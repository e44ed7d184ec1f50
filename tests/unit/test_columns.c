#include "tests/support/check.h"

#include <string.h>
#include <zstd.h>

#include "protocol/columns.h"
#include "protocol/leb128.h"
#include "protocol/limits.h"
#include "protocol/writer.h"
#include "tests/support/pick.h"

static writer bodies, body;
static uint64_t count;
static uint8_t space[BATCH_RAW_BYTES_MAX];

static int
set_up(void **ctx)
{
	(void) ctx;
	writer_init(&bodies);
	writer_init(&body);
	count = 0;
	pick_seed(7);
	return 0;
}

static int
tear_down(void **ctx)
{
	(void) ctx;
	writer_done(&bodies);
	writer_done(&body);
	return 0;
}

static void
add_bytes(const void *at, size_t len)
{
	writer_bin(&bodies, at, len);
	count++;
}

static void
add_body(void)
{
	struct bytes b = writer_bytes(&body);

	add_bytes(b.at, b.len);
	writer_clear(&body);
}

/* Packed and unpacked they are the same to the byte; how many bytes packed. */
static size_t
assert_same_again(void)
{
	struct bytes all = writer_bytes(&bodies);
	struct bytes packed = { NULL, 0 };
	uint8_t *at = NULL;

	assert_status(writer_status(&bodies), ST_OK);
	assert_status(columns_pack(all, count, false, &at, &packed.len), ST_OK);
	packed.at = at;
	memset(space, 0xee, sizeof(space));
	assert_status(columns_unpack(packed, count, space, all.len), ST_OK);
	assert_memory_equal(space, all.at, all.len);
	assert_status(columns_unpack(packed, count, space, all.len + 1), ST_MALFORMED);
	assert_status(columns_unpack(packed, count, space, all.len - 1), ST_MALFORMED);
	assert_status(columns_unpack(packed, count + 1, space, all.len), ST_MALFORMED);
	if (count > 0)
		assert_status(columns_unpack(packed, count - 1, space, all.len), ST_MALFORMED);
	free(at);
	return packed.len;
}

/* ---- bodies as devices make them ---- */

static void
add_activity(uint64_t n)
{
	static const char *const people[] = { "Ana Ruiz", "Iván Quintero", "Paola Suárez" };
	static const char *const places[] = { "Orlando FL", "Logroño", "Winnipeg", "Edmonton" };

	writer_map(&body, 8);
	writer_text(&body, text_of("at"));
	writer_int(&body, INT64_C(1761955200000) + (int64_t) n * 40000 + pick(30000));
	writer_text(&body, text_of("by"));
	writer_text(&body, text_of(people[pick(LENGTH(people))]));
	writer_text(&body, text_of("count"));
	writer_map(&body, 2);
	writer_text(&body, text_of("attended"));
	writer_uint(&body, pick(300));
	writer_text(&body, text_of("signature-and-power"));
	writer_uint(&body, pick(300));
	writer_text(&body, text_of("date"));
	writer_int(&body, 20393 + (int64_t) n / 50);
	writer_text(&body, text_of("k"));
	writer_text(&body, text_of("activity"));
	writer_text(&body, text_of("place"));
	writer_text(&body, text_of(places[pick(LENGTH(places))]));
	writer_text(&body, text_of("u"));
	writer_text(&body, text_of("con-houston"));
	writer_text(&body, text_of("v"));
	writer_uint(&body, 1);
	add_body();
}

static void
what_is_alike_takes_less_than_half_of_what_zstd_makes_of_it(void **ctx)
{
	size_t bytes, bound, by_zstd;
	void *packed;

	(void) ctx;
	for (uint64_t n = 0; n < 1000; n++)
		add_activity(n);
	bytes = assert_same_again();
	bound = ZSTD_compressBound(writer_bytes(&bodies).len);
	packed = malloc(bound);
	assert_non_null(packed);
	by_zstd = ZSTD_compress(packed, bound, writer_bytes(&bodies).at, writer_bytes(&bodies).len,
	                        3);
	free(packed);
	assert_true(2 * bytes < by_zstd);
}

/* ---- whatever a body may be ---- */

static void
every_integer_comes_out_in_its_shortest_form(void **ctx)
{
	static const int64_t list[] = {
		0,         -1,        127,       128,         -32,        -33,
		INT8_MIN,  -129,      255,       256,         INT16_MIN,  -32769,
		65535,     65536,     INT32_MIN, -2147483649, UINT32_MAX, 4294967296,
		INT64_MAX, INT64_MIN, INT64_MAX, 0,           INT64_MIN,
	};

	(void) ctx;
	for (size_t i = 0; i < LENGTH(list); i++) {
		writer_map(&body, 1);
		writer_text(&body, text_of("n"));
		writer_int(&body, list[i]);
		add_body();
	}
	writer_map(&body, 1);
	writer_text(&body, text_of("n"));
	writer_uint(&body, UINT64_MAX);
	add_body();
	assert_same_again();
}

static void
every_length_of_a_body_comes_out_with_its_head(void **ctx)
{
	static const size_t list[] = { 0,   1,   31,  32,    240,   249,   250,  251,
		                       252, 253, 254, 65528, 65529, 65530, 65536 };
	static char text[65536];

	(void) ctx;
	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < LENGTH(list); i++) {
		writer_map(&body, 1);
		writer_text(&body, text_of("a"));
		writer_text(&body, (struct text) { text, list[i] });
		add_body();
	}
	assert_same_again();
}

static void
what_is_no_map_of_values_stands_as_it_is(void **ctx)
{
	static const char *const list[] = {
		"",          /* nothing */
		"\x80",      /* no key */
		"\x81\xa1",  /* no end */
		"\x81\xa1x", /* no value */
		"\x81\xa1x\x80",
		"\x81\xa1x\x81\xa1y\x81\xa1z\x81\xa1w\x01", /* too deep */
		"\x81\xa1x\xcc\x01",                        /* an integer that could be shorter */
		"\x81\xa1x\x01\x02",                        /* something behind it */
		"\x82\xa1x\x01",                            /* a pair too few */
		"\x81\xa1x\xcb\x7f\xf0\x01\x01\x01\x01\x01\x01", /* a float */
		"\x81\x01\x01",                                  /* a key that is none */
		"\x91\xa1x",
		"\xc0",
		"not at all",
	};
	static const uint8_t hash[HASH_BYTES] = { 1, 2, 3 };

	(void) ctx;
	for (int twice = 0; twice < 2; twice++) {
		for (size_t i = 0; i < LENGTH(list); i++)
			add_bytes(list[i], strlen(list[i]));
		writer_erased(&bodies, hash);
		count++;
		add_activity(count);
	}
	assert_same_again();
}

static void put_value(unsigned depth);

static void
put_map(unsigned depth)
{
	unsigned pairs = pick(4) + (depth == 0);
	unsigned key = pick(3);

	writer_map(&body, pairs);
	for (unsigned i = 0; i < pairs; i++, key += 1 + pick(2)) {
		char name[] = { (char) ('a' + key), 0 };

		writer_text(&body, text_of(name));
		put_value(depth + 1);
	}
}

static void
put_value(unsigned depth)
{
	static const char text[] = "the same words, longer and shorter, once more and again";

	switch (pick(6)) {
	case 0: writer_int(&body, (int64_t) pick_bits() >> pick(64)); break;
	case 1: writer_uint(&body, pick(5)); break;
	case 2: writer_text(&body, (struct text) { text, pick(sizeof(text)) }); break;
	case 3: writer_bin(&body, text, pick(4)); break;
	case 4:
		writer_array(&body, 1);
		writer_uint(&body, pick(3));
		break;
	default:
		if (depth < 5)
			put_map(depth);
		else
			writer_uint(&body, 1);
	}
}

static void
any_maps_come_out_the_same(void **ctx)
{
	(void) ctx;
	for (unsigned round = 0; round < 300; round++) {
		unsigned n = 1 + pick(1 + round);

		for (unsigned i = 0; i < n; i++) {
			put_map(0);
			add_body();
		}
		assert_same_again();
		writer_clear(&bodies);
		count = 0;
	}
}

/* More keys than columns, more pieces than are kept, more holes than a body is to have. */
static void
what_goes_over_a_bound_comes_out_the_same(void **ctx)
{
	(void) ctx;
	for (unsigned i = 0; i < 4000; i++) {
		unsigned pairs = 1 + i % 14;
		char key[8];

		writer_map(&body, pairs);
		for (unsigned k = 0; k < pairs; k++) {
			snprintf(key, sizeof(key), "%02u%c", k, 'a' + (int) (pick_bits() % 26));
			writer_text(&body, text_of(key));
			writer_uint(&body, k);
		}
		add_body();
	}
	writer_map(&body, 100);
	for (unsigned k = 0; k < 100; k++) {
		char key[8];

		snprintf(key, sizeof(key), "%02u", k);
		writer_text(&body, text_of(key));
		writer_uint(&body, k);
	}
	add_body();
	assert_same_again();
}

static void
what_takes_too_much_in_columns_is_told(void **ctx)
{
	static uint8_t noise[1000];
	size_t len;
	uint8_t *at = NULL;

	(void) ctx;
	while (writer_bytes(&bodies).len < BATCH_RAW_BYTES_MAX - sizeof(noise))
		add_bytes(noise, 1 + pick(100));
	assert_status(columns_pack(writer_bytes(&bodies), count, false, &at, &len), ST_LIMIT);
	assert_status(columns_pack(writer_bytes(&bodies), count + 1, false, &at, &len),
	              ST_MALFORMED);
	assert_null(at);
}

/* ---- columns of strangers ---- */

static status
unpacked(const void *plain, size_t plain_len, uint64_t of, size_t len)
{
	size_t bound = ZSTD_compressBound(plain_len);
	uint8_t *packed = malloc(bound);
	status st;

	assert_non_null(packed);
	bound = ZSTD_compress(packed, bound, plain, plain_len, 1);
	assert_false(ZSTD_isError(bound));
	memset(space, 0, sizeof(space));
	st = columns_unpack((struct bytes) { packed, bound }, of, space, len);
	free(packed);
	return st;
}

static void
columns_are_read_as_they_are_described(void **ctx)
{
	/* column 0: two bodies of one shape of two holes, "{ x:" <1> "y:" <2>, then one that
	 * stands as it is; column 1: integers 5, 4, column 2: "q" (\xa1q), again */
	static const uint8_t plain[] = "\3"
				       "\0\3\x11"
				       "\1\2\0"
				       "\0\2\3"
				       "\0\1\0"
				       "\x0a\2\3\x82\xa1x\1\2\xa1y\2"
				       "\5\0\xc4\2ok"
				       "\x0a\1"
				       "\0\1"
				       "\2\xa1q";
	static const char want[] = "\xc4\x08\x82\xa1x\x05\xa1y\xa1q\xc4\x08\x82\xa1x\x04\xa1y\xa1q"
				   "\xc4\x02ok";

	(void) ctx;
	assert_status(unpacked(plain, sizeof(plain) - 1, 3, sizeof(want) - 1), ST_OK);
	assert_memory_equal(space, want, sizeof(want) - 1);
}

/* clang-format off */
#define PLAIN(text) { (const uint8_t *) (text), sizeof(text) - 1 }
static const struct {
	const char *why;
	struct bytes plain;
	status want;
} strange[] = {
	{ "one that is right", PLAIN("\1" "\0\1\3" "\0" "\2\0\xc0"), ST_OK },
	{ "nothing", PLAIN(""), ST_MALFORMED },
	{ "no column", PLAIN("\0"), ST_MALFORMED },
	{ "too many columns", PLAIN("\x41"), ST_MALFORMED },
	{ "a kind that is none", PLAIN("\1" "\2\1\3" "\0" "\2\0\xc0"), ST_MALFORMED },
	{ "shapes that are integers", PLAIN("\1" "\1\1\0" "\0"), ST_MALFORMED },
	{ "integers with a list", PLAIN("\2" "\0\1\3" "\1\0\1" "\0" "\2\0\xc0" "\0"),
	  ST_MALFORMED },
	{ "more than there is", PLAIN("\1" "\0\1\4" "\0" "\2\0\xc0"), ST_MALFORMED },
	{ "something left over", PLAIN("\1" "\0\1\3" "\0" "\2\0\xc0" "\0"), ST_MALFORMED },
	{ "a value longer than its list", PLAIN("\1" "\0\1\3" "\0" "\3\0\xc0"), ST_MALFORMED },
	{ "a value not told", PLAIN("\1" "\0\1\3" "\1" "\2\0\xc0"), ST_MALFORMED },
	{ "more values than bodies", PLAIN("\1" "\0\1\6" "\0" "\2\0\xc0" "\2\0\xc0"),
	  ST_MALFORMED },
	{ "more numbers than bodies", PLAIN("\1" "\0\2\3" "\0\1" "\2\0\xc0"), ST_MALFORMED },
	{ "a number that does not end", PLAIN("\1" "\0\1\3" "\x80" "\2\0\xc0"), ST_MALFORMED },
	{ "an empty shape", PLAIN("\1" "\0\1\1" "\0" "\0"), ST_MALFORMED },
	{ "a hole of column 0", PLAIN("\1" "\0\1\5" "\0" "\4\1\1x\0"), ST_MALFORMED },
	{ "a hole of no column", PLAIN("\1" "\0\1\5" "\0" "\4\1\1x\1"), ST_MALFORMED },
	{ "a shape with more than its holes", PLAIN("\2" "\0\1\6" "\1\1\0" "\0" "\5\1\1x\1\0" "\2"),
	  ST_MALFORMED },
	{ "more holes than all may have", PLAIN("\1" "\0\1\4" "\0" "\3\x81\x40x"), ST_MALFORMED },
	{ "a body longer than the rest", PLAIN("\2" "\0\1\5" "\1\1\0" "\0" "\4\1\1x\1" "\2"),
	  ST_MALFORMED },
};
#undef PLAIN
/* clang-format on */

static void
columns_that_are_none_are_malformed(void **ctx)
{
	(void) ctx;
	for (size_t i = 0; i < LENGTH(strange); i++) {
		status got = unpacked(strange[i].plain.at, strange[i].plain.len, 1, 1);

		if (got != strange[i].want)
			fail_msg("%s: %s", strange[i].why, status_text(got));
	}
}

static void
columns_over_their_limit_are_not_unpacked(void **ctx)
{
	static uint8_t plain[BATCH_RAW_BYTES_MAX + 1] = "\1"
							"\0\1\x80\x80\x20"
							"\0";

	(void) ctx;
	assert_status(unpacked(plain, sizeof(plain), 1, 1), ST_MALFORMED);
	assert_status(unpacked(plain, sizeof(plain) - 1, 1, 1), ST_MALFORMED);
	assert_status(columns_unpack((struct bytes) { plain, 7 }, 1, space, 1), ST_MALFORMED);
}

/* All that zstd lets through. */
static void
changed_columns_do_no_harm(void **ctx)
{
	struct bytes all;
	uint8_t *at = NULL, *plain;
	size_t len, plain_len, taken = 0;

	(void) ctx;
	for (uint64_t n = 0; n < 20; n++)
		add_activity(n);
	all = writer_bytes(&bodies);
	assert_status(columns_pack(all, count, false, &at, &len), ST_OK);
	plain_len = (size_t) ZSTD_getFrameContentSize(at, len);
	plain = malloc(plain_len);
	assert_non_null(plain);
	assert_int_equal(ZSTD_decompress(plain, plain_len, at, len), plain_len);
	for (size_t i = 0; i < 8 * plain_len; i++) {
		status st;

		plain[i / 8] ^= (uint8_t) (1 << i % 8);
		st = unpacked(plain, plain_len, count, all.len);
		plain[i / 8] ^= (uint8_t) (1 << i % 8);
		taken += st == ST_OK && memcmp(space, all.at, all.len) == 0;
		assert_true(st == ST_OK || st == ST_MALFORMED);
	}
	assert_true(taken < plain_len / 8); /* nearly each of them changes something */
	free(plain);
	free(at);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_alike_takes_less_than_half_of_what_zstd_makes_of_it),
		TEST(every_integer_comes_out_in_its_shortest_form),
		TEST(every_length_of_a_body_comes_out_with_its_head),
		TEST(what_is_no_map_of_values_stands_as_it_is),
		TEST(any_maps_come_out_the_same),
		TEST(what_goes_over_a_bound_comes_out_the_same),
		TEST(what_takes_too_much_in_columns_is_told),
		TEST(columns_are_read_as_they_are_described),
		TEST(columns_that_are_none_are_malformed),
		TEST(columns_over_their_limit_are_not_unpacked),
		TEST(changed_columns_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
