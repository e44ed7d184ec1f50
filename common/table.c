#include "common/table.h"

#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>

struct table {
	struct libscols_table *lines;
	size_t columns, rows;
	status failed; /* the first failure, else ST_OK */
};

/* Only marked columns are cut: a code or a number that is cut is worth nothing. */
static int
column_flags(const struct table_column *c)
{
	return (c->right ? SCOLS_FL_RIGHT : 0) | (c->cut ? SCOLS_FL_TRUNC : 0) |
	       (c->wrap ? SCOLS_FL_WRAP : 0);
}

table *
table_new(const struct table_column *columns, size_t count)
{
	table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->columns = count;
	t->lines = scols_new_table();
	if (!t->lines)
		table_free(&t); /* sets t to NULL, which ends the loop below */
	for (size_t i = 0; t && i < count; i++) {
		struct libscols_column *c = scols_table_new_column(t->lines, columns[i].title, 0,
		                                                   column_flags(&columns[i]));

		/* Else it escapes the \x0a of a text that was made safe once more. */
		if (!c || scols_column_set_safechars(c, "\\") != 0)
			table_free(&t);
	}
	return t;
}

void
table_row(table *t, const char *const *cells)
{
	struct libscols_line *line;

	if (!t || t->failed < 0)
		return;
	line = scols_table_new_line(t->lines, NULL);
	if (!line)
		t->failed = ST_NOMEM;
	for (size_t i = 0; i < t->columns && t->failed == ST_OK; i++) {
		if (cells[i] && scols_line_set_data(line, i, cells[i]) != 0)
			t->failed = ST_NOMEM;
	}
	t->rows++;
}

/* libsmartcols prints nothing at all for a table without lines. */
static void
print_header(const table *t)
{
	for (size_t i = 0; i < t->columns; i++) {
		struct libscols_column *c = scols_table_get_column(t->lines, i);

		printf("%s%s", i > 0 ? " " : "", scols_cell_get_data(scols_column_get_header(c)));
	}
	putchar('\n');
}

status
table_print(table **t_p)
{
	table *t = *t_p;
	status st = t ? t->failed : ST_NOMEM;

	if (st == ST_OK && t->rows == 0)
		print_header(t);
	else if (st == ST_OK && scols_print_table(t->lines) != 0)
		st = ST_IO;
	/* whether what was printed got through, the stream knows */
	if (st == ST_OK && ferror(stdout))
		st = ST_IO;
	table_free(t_p);
	return st;
}

void
table_free(table **t_p)
{
	if (!*t_p)
		return;
	scols_unref_table((*t_p)->lines);
	free(*t_p);
	*t_p = NULL;
}
