#include "common/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/paragraph.h"
#include "common/room.h"

enum {
	CUT_COLUMNS = 12, /* a cut text of less says nothing */
	INDENT = 4,       /* of what stands below its row */
	ESCAPED = 4,      /* a byte that is made safe: \xNN */
	USUAL_WIDTH = 80, /* of a terminal that does not tell */
};

struct column {
	char *title;
	bool right, below, cut; /* as the caller has it */
	bool left;              /* its texts stand below the rows */
	int width;              /* as wide as its widest text, or cut to it */
};

struct table {
	struct column *columns;
	size_t count, rows;
	char **cells; /* row by row, safe to print; NULL: empty */
	size_t room;
	status failed; /* the first failure, else ST_OK */
};

/* The caller's text once more, made safe.  NULL when there is no memory. */
static char *
safe_copy(const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(len * ESCAPED + 1);

	if (copy)
		cli_safe(text, len, copy, len * ESCAPED + 1);
	return copy;
}

static int
wider(int width, const char *text)
{
	int columns = paragraph_columns(text, strlen(text));

	return columns > width ? columns : width;
}

table *
table_new(const struct table_column *columns, size_t count)
{
	table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->columns = calloc(count, sizeof(*t->columns));
	t->count = t->columns ? count : 0;
	for (size_t i = 0; i < t->count; i++) {
		struct column *c = &t->columns[i];

		*c = (struct column) {
			.title = strdup(columns[i].title),
			.right = columns[i].right,
			.below = columns[i].below,
			.cut = columns[i].cut,
		};
		if (!c->title)
			t->failed = ST_NOMEM;
		else
			c->width = wider(0, c->title);
	}
	if (!t->columns || t->failed < 0)
		table_free(&t);
	return t;
}

void
table_row(table *t, const char *const *cells)
{
	char **all;

	if (!t || t->failed < 0)
		return;
	all = room_for(t->cells, t->rows * t->count, t->count, &t->room, sizeof(*t->cells));
	if (!all) {
		t->failed = ST_NOMEM;
		return;
	}
	t->cells = all;
	all += t->rows++ * t->count;
	for (size_t i = 0; i < t->count; i++) {
		all[i] = cells[i] ? safe_copy(cells[i]) : NULL;
		if (all[i])
			t->columns[i].width = wider(t->columns[i].width, all[i]);
		else if (cells[i])
			t->failed = ST_NOMEM;
	}
}

static const char *
text_at(const table *t, size_t row, size_t column)
{
	const char *text = t->cells[row * t->count + column];

	return text ? text : "";
}

/* ---- a terminal that is too narrow ---- */

static int
terminal_width(void)
{
	const char *told = getenv("COLUMNS");
	struct winsize size;
	long width = 0;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (width == 0 && told)
		width = strtol(told, NULL, 10);
	return width > 0 && width <= INT16_MAX ? (int) width : USUAL_WIDTH;
}

/* The least that a column needs. */
static int
least(const struct column *c)
{
	return c->cut && c->width > CUT_COLUMNS ? CUT_COLUMNS : c->width;
}

/* Of those that may, the last one leaves the table. */
static bool
move_one(table *t, bool names, int *width)
{
	for (size_t i = t->count; i-- > 0;) {
		struct column *c = &t->columns[i];

		if (c->left || !(names ? c->cut : c->below))
			continue;
		*width -= least(c) + 1;
		c->left = true;
		return true;
	}
	return false;
}

/* Until the rest fits: rather a remark than a name, and rather a name than that nothing is
 * left of it. */
static void
move_below(table *t, int room)
{
	int width = -1;

	for (size_t i = 0; i < t->count; i++)
		width += least(&t->columns[i]) + 1;
	while (width > room && (move_one(t, false, &width) || move_one(t, true, &width)))
		;
}

/* The widest one that may be cut; NULL: none is wider than the least. */
static struct column *
widest(table *t)
{
	struct column *found = NULL;

	for (size_t i = 0; i < t->count; i++) {
		struct column *c = &t->columns[i];

		if (!c->left && c->width > least(c) && (!found || c->width > found->width))
			found = c;
	}
	return found;
}

static void
cut(table *t, int room)
{
	struct column *c;
	int width = -1;

	for (size_t i = 0; i < t->count; i++)
		width += t->columns[i].left ? 0 : t->columns[i].width + 1;
	for (c = widest(t); c && width > room; c = widest(t)) {
		c->width--;
		width--;
	}
}

/* ---- printing ---- */

/* How many bytes of text are within so many columns. */
static size_t
bytes_within(const char *text, int columns)
{
	size_t len = 0;

	while (text[len] != '\0') {
		columns -= ((unsigned char) text[len] & 0xc0) != 0x80;
		if (columns < 0)
			break;
		len++;
	}
	return len;
}

/* The text of a column in this row; of the header when row is SIZE_MAX. */
static const char *
text_of_line(const table *t, size_t row, size_t column)
{
	return row == SIZE_MAX ? t->columns[column].title : text_at(t, row, column);
}

/* Blanks are kept back until something follows them. */
static void
print_line(const table *t, size_t row)
{
	int blanks = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct column *c = &t->columns[i];
		const char *text = text_of_line(t, row, i);
		size_t len = bytes_within(text, c->width);
		int pad = c->width - paragraph_columns(text, len);

		if (c->left)
			continue;
		blanks += c->right ? pad : 0;
		if (len > 0) {
			printf("%*s%.*s", blanks, "", (int) len, text);
			blanks = 0;
		}
		blanks += c->right ? 1 : pad + 1;
	}
	putchar('\n');
}

static status
print_below(const table *t, size_t row, int width)
{
	char *line = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&line, &size);

	if (!out)
		return ST_NOMEM;
	for (size_t i = 0; i < t->count; i++) {
		const char *text = t->columns[i].left ? text_at(t, row, i) : "";

		if (*text != '\0')
			fprintf(out, "%s%s", ftell(out) > 0 ? "; " : "", text);
	}
	if (fclose(out) != 0) {
		free(line);
		return ST_NOMEM;
	}
	if (size > 0) {
		printf("%*s", INDENT, "");
		paragraph_print(line, INDENT, INDENT, width);
	}
	free(line);
	return ST_OK;
}

/* Also one at another machine, of which only the width is known. */
static bool
on_terminal(void)
{
	return isatty(STDOUT_FILENO) || (cli_confined && getenv("COLUMNS"));
}

status
table_print(table **t_p)
{
	table *t = *t_p;
	status st = t ? t->failed : ST_NOMEM;
	bool narrow = st == ST_OK && t->rows > 0 && on_terminal();
	int width = narrow ? terminal_width() : 0;

	if (narrow) {
		move_below(t, width);
		cut(t, width);
	}
	if (st == ST_OK)
		print_line(t, SIZE_MAX);
	for (size_t row = 0; st == ST_OK && row < t->rows; row++) {
		print_line(t, row);
		st = narrow ? print_below(t, row, width) : ST_OK;
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
	table *t = *t_p;

	if (!t)
		return;
	for (size_t i = 0; i < t->rows * t->count; i++)
		free(t->cells[i]);
	for (size_t i = 0; i < t->count; i++)
		free(t->columns[i].title);
	free(t->cells);
	free(t->columns);
	free(t);
	*t_p = NULL;
}
