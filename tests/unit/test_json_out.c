#include "tests/support/check.h"

#include <string.h>
#include <unistd.h>

#include "common/json_out.h"
#include "tests/support/scratch.h"

static void
assert_printed(json_t *root, const char *want)
{
	status st;
	char *out;

	capture_begin(STDOUT_FILENO);
	st = json_print(root);
	out = capture_end();
	assert_status(st, ST_OK);
	assert_string_equal(out, want);
	free(out);
}

static void
tenths_have_exactly_one_decimal(void **ctx)
{
	(void) ctx;
	static const struct {
		int64_t tenths;
		const char *want;
	} cases[] = {
		{ 824, "[\n  82.4\n]\n" },
		{ 860, "[\n  86.0\n]\n" },
		{ 0, "[\n  0.0\n]\n" },
		{ 1, "[\n  0.1\n]\n" },
		{ -5, "[\n  -0.5\n]\n" },
		{ 1000, "[\n  100.0\n]\n" },
		{ INT64_C(999999999999999), "[\n  99999999999999.9\n]\n" },
		{ INT64_C(-123456789012345), "[\n  -12345678901234.5\n]\n" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_printed(json_pack("[o]", json_tenths(cases[i].tenths)), cases[i].want);
	for (int64_t n = -20000; n <= 20000; n++) {
		json_t *number = json_tenths(n);
		char *text = json_dumps(number, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		const char *point = strchr(text, '.');

		if (!point || strlen(point) != 2 || strpbrk(text, "eE"))
			fail_msg("%d tenths became %s", (int) n, text);
		free(text);
		json_decref(number);
	}
}

static void
tenths_that_cannot_be_exact_are_refused(void **ctx)
{
	(void) ctx;
	assert_null(json_tenths(INT64_C(1000000000000000)));
	assert_null(json_tenths(INT64_MIN));
}

static void
keys_keep_their_order_and_letters_stay_as_they_are(void **ctx)
{
	(void) ctx;
	json_t *root = json_object();

	json_object_set_new(root, "b", json_text("Peñón…", strlen("Peñ")));
	json_object_set_new(root, "a", json_hex("\x00\xaf", 2));
	assert_printed(root, "{\n  \"b\": \"Peñ\",\n  \"a\": \"00af\"\n}\n");
}

static void
hex_is_bounded(void **ctx)
{
	(void) ctx;
	uint8_t bytes[65] = { 0 };
	json_t *hex = json_hex(bytes, 64);

	assert_int_equal(json_string_length(hex), 128);
	json_decref(hex);
	assert_null(json_hex(bytes, 65));
}

static void
failures_are_told(void **ctx)
{
	(void) ctx;
	assert_status(json_print(NULL), ST_NOMEM);
	assert_null(json_text("\xff", 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tenths_have_exactly_one_decimal),
		cmocka_unit_test(tenths_that_cannot_be_exact_are_refused),
		cmocka_unit_test(keys_keep_their_order_and_letters_stay_as_they_are),
		cmocka_unit_test(hex_is_bounded),
		cmocka_unit_test(failures_are_told),
	};

	return cmocka_run_group_tests_name("json_out", tests, NULL, NULL);
}
