#include "common/table.h"

#include <dlfcn.h>
#include <libsmartcols.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "common/paragraph.h"

/* What is called of libsmartcols.  It is loaded with the first table, not with the program:
 * to look up its 260 symbols takes a twentieth of what it takes to record an entry. */
#define CALLS(X) \
	X(scols_cell_get_data) \
	X(scols_column_get_header) \
	X(scols_column_is_trunc) \
	X(scols_column_set_flags) \
	X(scols_column_set_safechars) \
	X(scols_line_get_cell) \
	X(scols_line_set_data) \
	X(scols_new_table) \
	X(scols_print_table_to_string) \
	X(scols_table_get_column) \
	X(scols_table_get_line) \
	X(scols_table_get_termwidth) \
	X(scols_table_new_column) \
	X(scols_table_new_line) \
	X(scols_table_set_termforce) \
	X(scols_unref_table)

#define MEMBER(name) __typeof__(name) *(name); /* so the compiler checks each call as ever */

static struct {
	CALLS(MEMBER)
} lib;

static void
find_call(void *library, const char *name, void *ret_call, size_t size)
{
	void *call = library ? dlsym(library, name) : NULL;

	if (!call)
		exit(cli_fail(EX_OSFILE, _("cannot print a table: %s"), dlerror()));
	memcpy(ret_call, &call, size); /* C knows no cast from an object to a function */
}

/* Where it is missing the program ends, as it would have when it was started.  Letters are
 * what the library measures by the locale, and nothing else of ours does. */
static void
load(void)
{
	void *library;

	if (lib.scols_new_table)
		return;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	library = dlopen("libsmartcols.so.1", RTLD_NOW | RTLD_LOCAL);
#define FIND(name) find_call(library, #name, &lib.name, sizeof(lib.name));
	CALLS(FIND)
}

enum {
	CUT_COLUMNS = 12, /* a cut text of less says nothing */
	INDENT = 4,       /* of what stands below its row */
};

struct table {
	struct libscols_table *lines;
	size_t columns, rows;
	struct place {
		bool below, cut; /* as the caller has it */
		bool left;       /* its texts stand below the rows */
	} * places;              /* of each column */
	status failed;           /* the first failure, else ST_OK */
};

/* Only marked columns are cut: a code or a number that is cut is worth nothing. */
static int
column_flags(const struct table_column *c)
{
	return (c->right ? SCOLS_FL_RIGHT : 0) | (c->cut ? SCOLS_FL_TRUNC : 0);
}

table *
table_new(const struct table_column *columns, size_t count)
{
	table *t = calloc(1, sizeof(*t));

	load();
	if (!t)
		return NULL;
	t->columns = count;
	t->lines = lib.scols_new_table();
	t->places = calloc(count, sizeof(*t->places));
	if (!t->lines || !t->places)
		table_free(&t); /* sets t to NULL, which ends the loop below */
	for (size_t i = 0; t && i < count; i++) {
		struct libscols_column *c = lib.scols_table_new_column(
			t->lines, columns[i].title, 0, column_flags(&columns[i]));

		/* Else it escapes the \x0a of a text that was made safe once more. */
		if (!c || lib.scols_column_set_safechars(c, "\\") != 0)
			table_free(&t);
		else
			t->places[i] = (struct place) { columns[i].below, columns[i].cut, false };
	}
	return t;
}

void
table_row(table *t, const char *const *cells)
{
	struct libscols_line *line;

	if (!t || t->failed < 0)
		return;
	line = lib.scols_table_new_line(t->lines, NULL);
	if (!line)
		t->failed = ST_NOMEM;
	for (size_t i = 0; i < t->columns && t->failed == ST_OK; i++) {
		if (cells[i] && lib.scols_line_set_data(line, i, cells[i]) != 0)
			t->failed = ST_NOMEM;
	}
	t->rows++;
}

/* libsmartcols prints nothing at all for a table without lines. */
static void
print_header(const table *t)
{
	for (size_t i = 0; i < t->columns; i++) {
		struct libscols_column *c = lib.scols_table_get_column(t->lines, i);

		printf("%s%s", i > 0 ? " " : "",
		       lib.scols_cell_get_data(lib.scols_column_get_header(c)));
	}
	putchar('\n');
}

/* ---- a terminal that is too narrow ---- */

static const char *
text_at(const table *t, size_t row, size_t column)
{
	struct libscols_line *line = lib.scols_table_get_line(t->lines, row);
	const char *text = lib.scols_cell_get_data(lib.scols_line_get_cell(line, column));

	return text ? text : "";
}

/* The least that a column needs. */
static int
column_width(const table *t, size_t column)
{
	struct libscols_column *c = lib.scols_table_get_column(t->lines, column);
	const char *title = lib.scols_cell_get_data(lib.scols_column_get_header(c));
	int width = paragraph_columns(title, strlen(title));

	for (size_t row = 0; row < t->rows; row++) {
		const char *text = text_at(t, row, column);
		int columns = paragraph_columns(text, strlen(text));

		width = columns > width ? columns : width;
	}
	return lib.scols_column_is_trunc(c) && width > CUT_COLUMNS ? CUT_COLUMNS : width;
}

/* Of those that may, the last one leaves the table. */
static bool
move_one(table *t, bool names, int *width)
{
	for (size_t i = t->columns; i-- > 0;) {
		struct place *p = &t->places[i];

		if (p->left || !(names ? p->cut : p->below))
			continue;
		*width -= column_width(t, i) + 1;
		p->left = true;
		lib.scols_column_set_flags(lib.scols_table_get_column(t->lines, i),
		                           SCOLS_FL_HIDDEN);
		return true;
	}
	return false;
}

/* Until the rest fits: rather a remark than a name, and rather a name than that nothing is
 * left of it. */
static void
move_below(table *t)
{
	int width = -1, room = (int) lib.scols_table_get_termwidth(t->lines);

	for (size_t i = 0; i < t->columns; i++)
		width += column_width(t, i) + 1;
	while (width > room && (move_one(t, false, &width) || move_one(t, true, &width)))
		;
}

static status
print_below(const table *t, size_t row)
{
	char *line = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&line, &size);

	if (!out)
		return ST_NOMEM;
	for (size_t i = 0; i < t->columns; i++) {
		const char *text = t->places[i].left ? text_at(t, row, i) : "";

		if (*text != '\0')
			fprintf(out, "%s%s", ftell(out) > 0 ? "; " : "", text);
	}
	if (fclose(out) != 0) {
		free(line);
		return ST_NOMEM;
	}
	if (size > 0) {
		printf("%*s", INDENT, "");
		paragraph_print(line, INDENT, INDENT,
		                (int) lib.scols_table_get_termwidth(t->lines));
	}
	free(line);
	return ST_OK;
}

/* The header, then each row with what belongs to it: no row has more than one line. */
static status
print_rows(const table *t)
{
	char *lines = NULL;
	size_t row = 0;
	status st = ST_OK;

	if (lib.scols_print_table_to_string(t->lines, &lines) != 0)
		return ST_NOMEM;
	for (char *line = lines, *end; *line && st == ST_OK; line = end) {
		int len = (int) strcspn(line, "\n");

		end = line + len;
		while (len > 0 && line[len - 1] == ' ') /* of cells that are empty */
			len--;
		printf("%.*s\n", len, line);
		end += *end != '\0';
		if (line != lines && row < t->rows)
			st = print_below(t, row++);
	}
	free(lines);
	return st;
}

/* One at another machine, of which only the width is known. */
static bool
terminal_is_elsewhere(void)
{
	return cli_confined && getenv("COLUMNS");
}

static bool
on_terminal(table *t)
{
	if (isatty(STDOUT_FILENO))
		return true;
	return terminal_is_elsewhere() &&
		lib.scols_table_set_termforce(t->lines, SCOLS_TERMFORCE_ALWAYS) == 0;
}

status
table_print(table **t_p)
{
	table *t = *t_p;
	status st = t ? t->failed : ST_NOMEM;

	if (st == ST_OK && t->rows == 0)
		print_header(t);
	else if (st == ST_OK) {
		if (on_terminal(t))
			move_below(t);
		st = print_rows(t);
	}
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
	lib.scols_unref_table((*t_p)->lines);
	free((*t_p)->places);
	free(*t_p);
	*t_p = NULL;
}
