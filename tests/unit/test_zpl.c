#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

#include "common/zpl.h"

/* All properties of a text, one a line: "LINE DEPTH NAME=VALUE", and faults as
 * "LINE !". */
static const char *
told(const char *text)
{
	static char out[1024];
	struct zpl z = zpl_of(text, strlen(text));
	size_t used = 0;

	*out = 0;
	for (;;) {
		struct zpl_property p;
		const char *why = NULL;
		zpl_result result = zpl_next(&z, &p, &why);

		if (result == ZPL_END)
			return out;
		if (result == ZPL_FAULT)
			used += (size_t) snprintf(out + used, sizeof(out) - used, "%u !\n", z.line);
		else
			used += (size_t) snprintf(
				out + used, sizeof(out) - used, "%u %u %.*s%s%.*s\n", p.line,
				p.depth, (int) p.name.len, p.name.at, p.has_value ? "=" : "",
				(int) p.value.len, p.value.at);
		if (result == ZPL_FAULT)
			assert_non_null(why);
	}
}

static void
names_have_values_and_lines(void **ctx)
{
	(void) ctx;
	assert_string_equal(told("a = 1\n\n# a comment\nb-2=two words  # and a comment\r\nc ="),
	                    "1 0 a=1\n4 0 b-2=two words\n5 0 c=\n");
}

static void
quotes_keep_what_is_in_them(void **ctx)
{
	(void) ctx;
	assert_string_equal(told("a = \"# no comment \" # one\nb = 'it \"is\"'\n"),
	                    "1 0 a=# no comment \n2 0 b=it \"is\"\n");
}

static void
four_blanks_are_a_level(void **ctx)
{
	(void) ctx;
	assert_string_equal(told("a\n    b = 1\n        c = 2\n    d\ne\n"),
	                    "1 0 a\n2 1 b=1\n3 2 c=2\n4 1 d\n5 0 e\n");
	assert_string_equal(told("    b = 1\n"), "1 !\n");
	assert_string_equal(told("a\n        b = 1\n"), "1 0 a\n2 !\n");
	assert_string_equal(told("a\n  b = 1\n"), "1 0 a\n2 !\n");
}

static void
a_fault_tells_its_line_and_the_rest_is_read(void **ctx)
{
	(void) ctx;
	assert_string_equal(
		told("= 1\na b\na = \"x\nb = 'x' y\n\tc = 1\nd = \x01\ne = \xff\nf = 1"),
		"1 !\n2 !\n3 !\n4 !\n5 !\n6 !\n7 !\n8 0 f=1\n");
}

static void
an_empty_file_has_nothing(void **ctx)
{
	(void) ctx;
	assert_string_equal(told(""), "");
	assert_string_equal(told("   \n#\n"), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_values_and_lines),
		cmocka_unit_test(quotes_keep_what_is_in_them),
		cmocka_unit_test(four_blanks_are_a_level),
		cmocka_unit_test(a_fault_tells_its_line_and_the_rest_is_read),
		cmocka_unit_test(an_empty_file_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
