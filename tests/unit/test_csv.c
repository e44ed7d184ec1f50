#include "tests/support/check.h"

#include <string.h>

#include "agent/csv.h"

enum { SEEN_BYTES = 8192 };

/* Rows as "LINE:cell|cell;" and, for cells that begin on another line than
 * their row, "@LINE" behind them. */
static char seen[SEEN_BYTES];
static size_t used;

static void
note(const char *text)
{
	used += (size_t) snprintf(seen + used, sizeof(seen) - used, "%s", text);
	assert_true(used < sizeof(seen));
}

static status
note_row(const struct csv_row *row, void *context)
{
	char number[32];

	(void) context;
	snprintf(number, sizeof(number), "%zu:", row->line);
	note(number);
	for (size_t i = 0; i < row->count; i++) {
		note(i > 0 ? "|" : "");
		note(row->cells[i].text);
		if (row->cells[i].line == row->line)
			continue;
		snprintf(number, sizeof(number), "@%zu", row->cells[i].line);
		note(number);
	}
	note(";");
	return ST_OK;
}

static status
read_all(const char *bytes, size_t len, csv_encoding encoding, csv_row_fn *on_row, void *context,
         struct csv_problem *problem)
{
	struct csv_part file;
	status st = csv_begin(bytes, len, encoding, &file, problem);

	return st == ST_OK ? csv_read(&file, SIZE_MAX, on_row, context, problem) : st;
}

static status
read_bytes(const char *bytes, size_t len, csv_encoding encoding, struct csv_problem *problem)
{
	/* of the exact size, so that reading over the end is found */
	char *copy = malloc(len > 0 ? len : 1);
	status st;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	used = 0;
	seen[0] = '\0';
	*problem = (struct csv_problem) { 0 };
	st = read_all(copy, len, encoding, note_row, NULL, problem);
	free(copy);
	return st;
}

/* A part after the other, each so long. */
static void
read_cut(const char *file, size_t bytes)
{
	struct csv_problem problem = { 0 };
	struct csv_part rest;

	used = 0;
	seen[0] = '\0';
	assert_status(csv_begin(file, strlen(file), ENCODING_UTF_8, &rest, &problem), ST_OK);
	while (rest.len > 0) {
		size_t left = rest.len;
		struct csv_part part = csv_cut(&rest, bytes);

		assert_int_equal(part.len + rest.len, left);
		assert_true(part.len >= (bytes < left ? bytes : left));
		assert_status(csv_read(&part, SIZE_MAX, note_row, NULL, &problem), ST_OK);
		assert_int_equal(part.len, 0);
		assert_int_equal(part.line, rest.line);
	}
}

/* One row after the other. */
static void
read_singly(const char *file)
{
	struct csv_problem problem = { 0 };
	struct csv_part rest;

	used = 0;
	seen[0] = '\0';
	assert_status(csv_begin(file, strlen(file), ENCODING_UTF_8, &rest, &problem), ST_OK);
	while (rest.len > 0)
		assert_status(csv_read(&rest, 1, note_row, NULL, &problem), ST_OK);
}

/* As a whole, and cut at every place. */
static void
assert_rows(const char *file, const char *want)
{
	struct csv_problem problem;

	assert_status(read_bytes(file, strlen(file), ENCODING_UTF_8, &problem), ST_OK);
	if (strcmp(seen, want) != 0)
		fail_msg("'%s': got '%s', want '%s'", file, seen, want);
	for (size_t bytes = 1; bytes <= strlen(file); bytes++) {
		read_cut(file, bytes);
		if (strcmp(seen, want) != 0)
			fail_msg("'%s' cut at %zu: got '%s', want '%s'", file, bytes, seen, want);
	}
	read_singly(file);
	if (strcmp(seen, want) != 0)
		fail_msg("'%s' by rows: got '%s', want '%s'", file, seen, want);
}

/* rule: a part of it. */
static void
assert_fault(const char *bytes, size_t len, csv_encoding encoding, size_t line, size_t column,
             const char *rule)
{
	struct csv_problem problem;

	assert_status(read_bytes(bytes, len, encoding, &problem), ST_INVALID);
	if (!strstr(problem.rule, rule))
		fail_msg("'%.40s': got '%s', want '%s'", bytes, problem.rule, rule);
	assert_int_equal(problem.line, line);
	assert_int_equal(problem.column, column);
}

static void
the_separator_is_what_the_first_line_has_most_of(void **ctx)
{
	(void) ctx;
	assert_rows("a,b\n1,2\n", "1:a|b;2:1|2;");
	assert_rows("a;b\n1,5;2\n", "1:a|b;2:1,5|2;");
	assert_rows("a\tb\n1 x\t2\n", "1:a|b;2:1 x|2;");
	assert_rows("\"a,b,c\";d\n1;2\n", "1:a,b,c|d;2:1|2;");
	assert_rows("a\n1;2,3\n", "1:a;2:1;2|3;");
	assert_rows("\n\na;b\n1;2\n", "3:a|b;4:1|2;");
}

static void
the_separator_line_of_excel_is_no_row(void **ctx)
{
	(void) ctx;
	assert_rows("sep=;\r\na,x;b\r\n1;2\r\n", "2:a,x|b;3:1|2;");
	assert_rows("\xef\xbb\xbfsep=,\na,b\n", "2:a|b;");
	assert_rows("sep=\t\na\tb\n", "2:a|b;");
	assert_rows("sep=;x\n", "1:sep=|x;");
}

static void
lines_end_with_lf_cr_lf_or_cr(void **ctx)
{
	(void) ctx;
	assert_rows("a,b\n1,2\n3,4", "1:a|b;2:1|2;3:3|4;");
	assert_rows("a,b\r\n1,2\r\n3,4\r\n", "1:a|b;2:1|2;3:3|4;");
	assert_rows("a,b\r1,2\r3,4\r", "1:a|b;2:1|2;3:3|4;");
}

static void
a_byte_order_mark_is_passed_over(void **ctx)
{
	(void) ctx;
	struct csv_problem problem;
	static const char file[] = "\xef\xbb\xbf\"a\",b\nñ,2\n";

	assert_rows(file, "1:a|b;2:ñ|2;");
	assert_status(read_bytes(file, strlen(file), ENCODING_WINDOWS_1252, &problem), ST_OK);
	assert_string_equal(seen, "1:a|b;2:ñ|2;");
}

static void
quoted_cells_hold_separators_quotation_marks_and_line_ends(void **ctx)
{
	(void) ctx;
	assert_rows("a,b\n\"x, \"\"y\"\"\",2\n", "1:a|b;2:x, \"y\"|2;");
	assert_rows("a,b,c\n\"1\n2\r\n3\r4\",\"5\n6\",7\n8,9,0\n",
	            "1:a|b|c;2:1\n2\n3\n4|5\n6@5|7@6;7:8|9|0;");
}

static void
blanks_around_cells_go(void **ctx)
{
	(void) ctx;
	assert_rows(" a ,\tb\n \" 1 \n\" , x y \xc2\xa0\n", "1:a|b;2:1|x y@3;");
	assert_rows("a,b\n\xc2\xa0\xc2\xa0,\xc2\xa1\n", "1:a|b;2:|\xc2\xa1;");
}

static void
empty_rows_are_passed_over_and_lines_still_counted(void **ctx)
{
	(void) ctx;
	assert_rows("a,b\n\n  \n,\n \" \",\n1,2\n\r\n3,4\n", "1:a|b;6:1|2;8:3|4;");
	assert_rows("", "");
	assert_rows("\n\n", "");
}

static void
an_open_quotation_mark_is_told_where_it_begins(void **ctx)
{
	(void) ctx;
	static const char file[] = "a,b\n1,2\n3,\"4\n5,6\n7,8\n";

	assert_fault(file, strlen(file), ENCODING_UTF_8, 3, 2, "begins this cell");
	assert_string_equal(seen, "1:a|b;2:1|2;");
}

static void
a_quotation_mark_out_of_place_is_told(void **ctx)
{
	(void) ctx;
	static const char inside[] = "a,b\n1,café \"La 20\"\n";
	static const char behind[] = "a,b\n1,2\n\"La\" 20,2\n";

	assert_fault(inside, strlen(inside), ENCODING_UTF_8, 2, 2, "quotation mark inside");
	assert_fault(behind, strlen(behind), ENCODING_UTF_8, 3, 1, "quotation mark inside");
}

static void
what_is_not_utf_8_is_told_with_its_place(void **ctx)
{
	(void) ctx;
	static const char file[] = "a,b\n1,x\n2,Logro\xf1o\n";
	struct csv_problem problem;

	assert_fault(file, strlen(file), ENCODING_UTF_8, 3, 2, "--encoding windows-1252");
	assert_status(read_bytes(file, strlen(file), ENCODING_UTF_8, &problem), ST_INVALID);
	assert_string_equal(problem.found, "Logro\\xf1o");
}

static void
other_encodings_become_utf_8(void **ctx)
{
	(void) ctx;
	static const char file[] = "a,b\nLogro\xf1o,10 \x80 \x93x\x94\n";
	static const char latin[] = "a\nLogro\xf1o\n", hole[] = "a,b\n1,\x81\n";
	struct csv_problem problem;

	assert_status(read_bytes(file, strlen(file), ENCODING_WINDOWS_1252, &problem), ST_OK);
	assert_string_equal(seen, "1:a|b;2:Logroño|10 € “x”;");
	assert_status(read_bytes(latin, strlen(latin), ENCODING_ISO_8859_1, &problem), ST_OK);
	assert_string_equal(seen, "1:a;2:Logroño;");
	assert_fault(hole, strlen(hole), ENCODING_WINDOWS_1252, 2, 2, "windows-1252");
	assert_fault(file, strlen(file), ENCODING_ISO_8859_1, 2, 2, "try --encoding windows-1252");
}

static void
files_that_are_no_such_text_are_told_as_a_whole(void **ctx)
{
	(void) ctx;
	static const char utf_16[] = "\xff\xfe\x61\0,\0";
	static const char workbook[] = "PK\x03\x04rest";
	static const char utf_8[] = "a\nLogroño\n";

	assert_fault(utf_16, 6, ENCODING_UTF_8, 0, 0, "UTF-16");
	assert_fault(workbook, 8, ENCODING_UTF_8, 0, 0, "workbook");
	assert_fault(utf_8, strlen(utf_8), ENCODING_WINDOWS_1252, 0, 0, "leave out --encoding");
}

static void
a_zero_byte_is_told(void **ctx)
{
	(void) ctx;
	static const char file[] = "a,b\n1,x\0y\n", utf_16[] = "a\0,\0b\0\n\0";

	assert_fault(file, sizeof(file) - 1, ENCODING_UTF_8, 2, 2, "value 0");
	assert_fault(file, sizeof(file) - 1, ENCODING_WINDOWS_1252, 2, 2, "value 0");
	assert_fault(utf_16, sizeof(utf_16) - 1, ENCODING_UTF_8, 1, 1, "UTF-16");
}

/* A file of one column whose second row has a cell of len bytes. */
static char *
long_cell(size_t len, size_t *ret_len)
{
	char *file;

	*ret_len = 2 + len + 1;
	file = malloc(*ret_len);
	assert_non_null(file);
	memcpy(file, "a\n", 2);
	memset(file + 2, 'x', len);
	file[2 + len] = '\n';
	return file;
}

static status
ignore_row(const struct csv_row *row, void *context)
{
	(void) row;
	++*(size_t *) context;
	return ST_OK;
}

static void
a_cell_may_be_so_long_and_no_longer(void **ctx)
{
	(void) ctx;
	struct csv_problem problem = { 0 };
	size_t len, rows = 0;
	char *file = long_cell(CSV_CELL_BYTES_MAX, &len);

	assert_status(read_all(file, len, ENCODING_UTF_8, ignore_row, &rows, &problem), ST_OK);
	assert_int_equal(rows, 2);
	free(file);

	for (size_t more = CSV_CELL_BYTES_MAX + 1; more <= 1 << 20; more *= 4) {
		file = long_cell(more, &len);
		assert_status(read_all(file, len, ENCODING_UTF_8, ignore_row, &rows, &problem),
		              ST_INVALID);
		assert_int_equal(problem.line, 2);
		assert_int_equal(problem.column, 1);
		assert_non_null(strstr(problem.rule, "16384"));
		free(file);
	}
}

static void
a_row_may_have_so_many_cells_and_no_more(void **ctx)
{
	(void) ctx;
	struct csv_problem problem = { 0 };
	char file[CSV_COLUMNS_MAX + 1];
	size_t rows = 0;

	memset(file, ',', sizeof(file));
	file[0] = 'a';
	assert_status(read_all(file, CSV_COLUMNS_MAX, ENCODING_UTF_8, ignore_row, &rows, &problem),
	              ST_OK);
	assert_int_equal(rows, 1);
	assert_status(
		read_all(file, CSV_COLUMNS_MAX + 1, ENCODING_UTF_8, ignore_row, &rows, &problem),
		ST_INVALID);
	assert_non_null(strstr(problem.rule, "more cells"));
}

static status
stop_at_second(const struct csv_row *row, void *context)
{
	(void) row;
	return ++*(size_t *) context == 2 ? ST_FULL : ST_OK;
}

static void
who_is_told_the_rows_may_end_the_reading(void **ctx)
{
	(void) ctx;
	static const char file[] = "a\nb\nc\nd\n";
	struct csv_problem problem = { 0 };
	size_t rows = 0;

	assert_status(read_all(file, strlen(file), ENCODING_UTF_8, stop_at_second, &rows, &problem),
	              ST_FULL);
	assert_int_equal(rows, 2);
}

static void
encodings_have_names(void **ctx)
{
	(void) ctx;
	csv_encoding encoding = ENCODING_UTF_8;

	assert_status(csv_encoding_of("iso-8859-1", &encoding), ST_OK);
	assert_int_equal(encoding, ENCODING_ISO_8859_1);
	assert_status(csv_encoding_of("UTF8", &encoding), ST_OK);
	assert_int_equal(encoding, ENCODING_UTF_8);
	assert_status(csv_encoding_of("CP1252", &encoding), ST_OK);
	assert_int_equal(encoding, ENCODING_WINDOWS_1252);
	assert_status(csv_encoding_of("ebcdic", &encoding), ST_INVALID);
	assert_int_equal(encoding, ENCODING_WINDOWS_1252);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_separator_is_what_the_first_line_has_most_of),
		cmocka_unit_test(the_separator_line_of_excel_is_no_row),
		cmocka_unit_test(lines_end_with_lf_cr_lf_or_cr),
		cmocka_unit_test(a_byte_order_mark_is_passed_over),
		cmocka_unit_test(quoted_cells_hold_separators_quotation_marks_and_line_ends),
		cmocka_unit_test(blanks_around_cells_go),
		cmocka_unit_test(empty_rows_are_passed_over_and_lines_still_counted),
		cmocka_unit_test(an_open_quotation_mark_is_told_where_it_begins),
		cmocka_unit_test(a_quotation_mark_out_of_place_is_told),
		cmocka_unit_test(what_is_not_utf_8_is_told_with_its_place),
		cmocka_unit_test(other_encodings_become_utf_8),
		cmocka_unit_test(files_that_are_no_such_text_are_told_as_a_whole),
		cmocka_unit_test(a_zero_byte_is_told),
		cmocka_unit_test(a_cell_may_be_so_long_and_no_longer),
		cmocka_unit_test(a_row_may_have_so_many_cells_and_no_more),
		cmocka_unit_test(who_is_told_the_rows_may_end_the_reading),
		cmocka_unit_test(encodings_have_names),
	};

	return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
