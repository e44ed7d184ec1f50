#include "tests/support/check.h"

#include <sodium.h>
#include <string.h>

#include "protocol/identity.h"

static uint8_t feed[FEED_BYTES], secret[SIGN_SECRET_BYTES], curve[CURVE_BYTES] = { 7 };

static int
setup(void **ctx)
{
	static const uint8_t seed[32] = { 3 };

	(void) ctx;
	crypto_sign_seed_keypair(feed, secret, seed);
	return 0;
}

static void
base32_is_that_of_rfc_4648(void **ctx)
{
	static const char *const want[] = { "",        "MY",       "MZXQ",      "MZXW6",
		                            "MZXW6YQ", "MZXW6YTB", "MZXW6YTBOI" };
	char out[17];

	(void) ctx;
	for (size_t n = 0; n < LENGTH(want); n++) {
		base32_encode((const uint8_t *) "foobar", n, out, sizeof(out));
		assert_string_equal(out, want[n]);
	}
}

static void
a_request_comes_back_and_only_its_own_key_signs_it(void **ctx)
{
	struct codes units = { 2, { text_of("con-miami"), text_of("emb-quito") } };
	struct request r;
	uint8_t *copy;
	writer w;

	(void) ctx;
	writer_init(&w);
	assert_status(request_encode(feed, secret, curve, &units, &w), ST_OK);
	assert_status(request_decode(writer_bytes(&w).at, writer_bytes(&w).len, &r), ST_OK);
	assert_memory_equal(r.feed, feed, FEED_BYTES);
	assert_memory_equal(r.curve, curve, CURVE_BYTES);
	assert_int_equal(r.units.count, 2);
	assert_true(text_is(r.units.list[1], "emb-quito"));
	copy = malloc(writer_bytes(&w).len);
	assert_non_null(copy);
	for (size_t i = 0; i < writer_bytes(&w).len * 8; i++) {
		memcpy(copy, writer_bytes(&w).at, writer_bytes(&w).len);
		copy[i / 8] ^= (uint8_t) (1u << i % 8);
		assert_true(request_decode(copy, writer_bytes(&w).len, &r) < 0);
	}
	memcpy(copy, writer_bytes(&w).at, writer_bytes(&w).len);
	copy[writer_bytes(&w).len - 1] = 2; /* the value of v, the last key */
	assert_status(request_decode(copy, writer_bytes(&w).len, &r), ST_VERSION);
	free(copy);
	units.list[1] = units.list[0];
	assert_status(request_encode(feed, secret, curve, &units, &w), ST_MALFORMED);
	writer_done(&w);
}

static void
a_fingerprint_covers_both_keys_and_the_units(void **ctx)
{
	uint8_t other[CURVE_BYTES] = { 8 };
	struct request r = { feed, curve, { 1, { text_of("con-miami") } }, NULL };
	char a[FINGERPRINT_TEXT_BYTES], b[FINGERPRINT_TEXT_BYTES];

	(void) ctx;
	fingerprint(&r, a);
	assert_int_equal(strlen(a), 19);
	r.curve = other;
	fingerprint(&r, b);
	assert_string_not_equal(a, b);
	r.curve = curve;
	r.units.list[0] = text_of("con-madrid");
	fingerprint(&r, b);
	assert_string_not_equal(a, b);
	r.units.list[0] = text_of("con-miami");
	r.feed = other;
	fingerprint(&r, b);
	assert_string_not_equal(a, b);
}

static void
a_fingerprint_is_compared_as_people_write_it(void **ctx)
{
	(void) ctx;
	assert_true(fingerprint_matches("abcd efgh-IJKLMNOP", "ABCD-EFGH-IJKL-MNOP"));
	assert_true(fingerprint_matches("ABCD-EFGH-IJKL-MNOP", "ABCD-EFGH-IJKL-MNOP"));
	assert_false(fingerprint_matches("ABCD-EFGH-IJKL-MNO", "ABCD-EFGH-IJKL-MNOP"));
	assert_false(fingerprint_matches("ABCD-EFGH-IJKL-MNOPQ", "ABCD-EFGH-IJKL-MNOP"));
	assert_false(fingerprint_matches("", "ABCD-EFGH-IJKL-MNOP"));
	assert_false(fingerprint_matches("BBCD-EFGH-IJKL-MNOP", "ABCD-EFGH-IJKL-MNOP"));
}

static void
a_reference_comes_back(void **ctx)
{
	struct point at = { UINT64_C(9000000000), { 0xab, 0xcd, 0xef, 0x01 } };
	char text[REF_TEXT_BYTES], device[DEVICE_TEXT_BYTES];
	struct ref ref;

	(void) ctx;
	device_text(feed, device);
	ref_text(feed, &at, false, text);
	assert_status(ref_parse(text, &ref), ST_OK);
	assert_string_equal(ref.device, device);
	assert_int_equal(ref.seq, at.seq);
	assert_string_equal(ref.hash8, "");
	ref_text(feed, &at, true, text);
	assert_status(ref_parse(text, &ref), ST_OK);
	assert_string_equal(ref.hash8, "abcdef01");
}

static void
what_is_no_reference_is_refused(void **ctx)
{
	static const char *const wrong[] = { "",
		                             "ABCDEFGH",
		                             "ABCDEFGH-",
		                             "ABCDEFGH-0",
		                             "ABCDEFGH-x",
		                             "ABCDEFG-1",
		                             "ABCDEFG1-1",
		                             "ABCDEFGH-1-",
		                             "ABCDEFGH-1-abcdef0",
		                             "ABCDEFGH-1-abcdef0g",
		                             "ABCDEFGH-1 " };
	struct ref ref;

	(void) ctx;
	for (size_t i = 0; i < LENGTH(wrong); i++)
		assert_status(ref_parse(wrong[i], &ref), ST_INVALID);
	assert_status(ref_parse("abcdefgh-12-ABCDEF01", &ref), ST_OK);
	assert_string_equal(ref.device, "ABCDEFGH");
}

static void
a_hub_key_file_comes_back_and_nothing_else_passes(void **ctx)
{
	struct hub_key key = { { 1, 2 }, { 3, 4 } }, got;
	char text[HUB_KEY_TEXT_BYTES];
	size_t len;

	(void) ctx;
	hub_key_format(&key, text);
	len = strlen(text);
	assert_status(hub_key_parse(text, len, &got), ST_OK);
	assert_memory_equal(&got, &key, sizeof(key));
	assert_status(hub_key_parse(text, len - 1, &got), ST_OK); /* no last line feed */
	assert_status(hub_key_parse(text, len - 2, &got), ST_MALFORMED);
	text[3] = 'X';
	assert_status(hub_key_parse(text, len, &got), ST_MALFORMED);
	assert_status(hub_key_parse("", 0, &got), ST_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base32_is_that_of_rfc_4648),
		cmocka_unit_test(a_request_comes_back_and_only_its_own_key_signs_it),
		cmocka_unit_test(a_fingerprint_covers_both_keys_and_the_units),
		cmocka_unit_test(a_fingerprint_is_compared_as_people_write_it),
		cmocka_unit_test(a_reference_comes_back),
		cmocka_unit_test(what_is_no_reference_is_refused),
		cmocka_unit_test(a_hub_key_file_comes_back_and_nothing_else_passes),
	};

	return cmocka_run_group_tests_name("identity", tests, setup, NULL);
}
