#include "tests/support/check.h"

#include <unistd.h>

#include "common/i18n.h"
#include "common/table.h"
#include "tests/support/scratch.h"

static const struct table_column columns[] = {
	{ .title = "CODE" },
	{ .title = "NAME", .cut = true },
	{ .title = "N", .right = true },
};

static void
assert_printed(table *t, const char *want)
{
	status st;
	char *out;

	capture_begin(STDOUT_FILENO);
	st = table_print(&t);
	out = capture_end();
	assert_status(st, ST_OK);
	assert_null(t);
	assert_string_equal(out, want);
	free(out);
}

static void
columns_line_up_also_with_letters_of_two_bytes(void **ctx)
{
	(void) ctx;
	table *t = table_new(columns, LENGTH(columns));

	table_row(t, (const char *[]) { "IND-1", "Móviles ñ", "2" });
	table_row(t, (const char *[]) { "2.3.02", NULL, "136" });
	assert_printed(t, "CODE   NAME        N\n"
	                  "IND-1  Móviles ñ   2\n"
	                  "2.3.02           136\n");
}

static void
an_empty_table_prints_its_header(void **ctx)
{
	(void) ctx;
	assert_printed(table_new(columns, LENGTH(columns)), "CODE NAME N\n");
}

static void
cells_cannot_steer_the_terminal(void **ctx)
{
	(void) ctx;
	table *t = table_new(columns, LENGTH(columns));

	table_row(t, (const char *[]) { "a\x1b[2J", "b\nc", "1" });
	assert_printed(t, "CODE     NAME   N\n"
	                  "a\\x1b[2J b\\x0ac 1\n");

	t = table_new(columns, LENGTH(columns));
	table_row(t, (const char *[]) { "b\\x0ac", "", "1" }); /* made safe before */
	assert_printed(t, "CODE      NAME N\n"
	                  "b\\x0ac          1\n");
}

static void
no_memory_is_told_at_the_end(void **ctx)
{
	(void) ctx;
	table *t = NULL;

	table_row(t, (const char *[]) { "a", "b", "1" });
	assert_status(table_print(&t), ST_NOMEM);
	table_free(&t);
}

static int
set_locale(void **ctx)
{
	(void) ctx;
	i18n_init();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_line_up_also_with_letters_of_two_bytes),
		cmocka_unit_test(an_empty_table_prints_its_header),
		cmocka_unit_test(cells_cannot_steer_the_terminal),
		cmocka_unit_test(no_memory_is_told_at_the_end),
	};

	return cmocka_run_group_tests_name("table", tests, set_locale, NULL);
}
