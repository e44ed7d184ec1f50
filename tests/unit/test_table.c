#include "tests/support/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
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
	assert_printed(t,
	               "CODE   NAME        N\n"
	               "IND-1  Móviles ñ   2\n"
	               "2.3.02           136\n");
}

static void
no_line_ends_in_blanks(void **ctx)
{
	(void) ctx;
	table *t = table_new(columns, 2);

	table_row(t, (const char *[]) { "IND-1", "Redes" });
	table_row(t, (const char *[]) { "IND-2", NULL });
	assert_printed(t,
	               "CODE  NAME\n"
	               "IND-1 Redes\n"
	               "IND-2\n");
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
	assert_printed(t,
	               "CODE     NAME   N\n"
	               "a\\x1b[2J b\\x0ac 1\n");

	t = table_new(columns, LENGTH(columns));
	table_row(t, (const char *[]) { "b\\x0ac", "", "1" }); /* made safe before */
	assert_printed(t,
	               "CODE      NAME N\n"
	               "b\\x0ac          1\n");
}

/* What a table of these columns and one row looks like on a terminal of that width. */
static void
assert_on_terminal(unsigned short width, const struct table_column *c, size_t count,
                   const char *const *cells, const char *want)
{
	struct winsize size = { .ws_row = 24, .ws_col = width };
	int out = dup(STDOUT_FILENO), terminal = posix_openpt(O_RDWR | O_NOCTTY), inside;
	char shown[1000] = "", plain[1000];
	status st;
	table *t;
	size_t len = 0;

	assert_true(out >= 0 && terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	inside = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	assert_true(inside >= 0 && ioctl(inside, TIOCSWINSZ, &size) == 0);
	fflush(stdout);
	assert_true(dup2(inside, STDOUT_FILENO) >= 0);
	t = table_new(c, count);
	table_row(t, cells);
	st = table_print(&t);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	assert_true(read(terminal, shown, sizeof(shown) - 1) > 0);
	close(inside);
	close(terminal);
	close(out);
	for (const char *at = shown; *at; at++) {
		if (*at != '\r')
			plain[len++] = *at;
	}
	plain[len] = '\0';
	assert_status(st, ST_OK);
	assert_string_equal(plain, want);
}

static void
what_must_be_read_whole_stands_below_where_there_is_no_room(void **ctx)
{
	static const struct table_column notes[] = {
		{ .title = "CODE" },
		{ .title = "NAME", .cut = true },
		{ .title = "UNITS", .below = true },
		{ .title = "REMARK", .below = true },
	};
	static const char *const cells[] = { "IND-1", "Móviles, ñandú y otros", "con-houston",
		                             "held: the device has no right to it" };

	(void) ctx;
	assert_int_equal(unsetenv("COLUMNS"), 0);
	assert_on_terminal(78, notes, LENGTH(notes), cells,
	                   "CODE  NAME                   UNITS       REMARK\n"
	                   "IND-1 Móviles, ñandú y otros con-houston "
	                   "held: the device has no right to it\n");
	assert_on_terminal(32, notes, LENGTH(notes), cells,
	                   "CODE  NAME           UNITS\n"
	                   "IND-1 Móviles, ñandú con-houston\n"
	                   "    held: the device has no\n"
	                   "    right to it\n");
	assert_on_terminal(20, notes, LENGTH(notes), cells,
	                   "CODE  NAME\n"
	                   "IND-1 Móviles, ñandú\n"
	                   "    con-houston;\n"
	                   "    held: the device\n"
	                   "    has no right to\n"
	                   "    it\n");
	assert_on_terminal(16, notes, LENGTH(notes), cells,
	                   "CODE\n"
	                   "IND-1\n"
	                   "    Móviles,\n"
	                   "    ñandú y\n"
	                   "    otros;\n"
	                   "    con-houston;\n"
	                   "    held: the\n"
	                   "    device has\n"
	                   "    no right to\n"
	                   "    it\n");
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

/* Letters of two bytes stand in any locale. */
static int
set_locale(void **ctx)
{
	(void) ctx;
	setenv("LC_ALL", "C", 1);
	i18n_init("valija");
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_line_up_also_with_letters_of_two_bytes),
		cmocka_unit_test(no_line_ends_in_blanks),
		cmocka_unit_test(an_empty_table_prints_its_header),
		cmocka_unit_test(cells_cannot_steer_the_terminal),
		cmocka_unit_test(what_must_be_read_whole_stands_below_where_there_is_no_room),
		cmocka_unit_test(no_memory_is_told_at_the_end),
	};

	return cmocka_run_group_tests_name("table", tests, set_locale, NULL);
}
