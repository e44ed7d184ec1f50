/* Three forms of one walk: a command fills in cells and does not know who reads
 * them.  No form keeps more than a piece of the rows. */
#include "common/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "common/json_out.h"

/* libsmartcols measures all rows before it prints the first, so a table of a
 * year of entries would be held in memory as a whole. */
enum {
	PIECE_ROWS = 1000,
	SHOWN_BYTES = 8192, /* of one cell */
	ROW_BYTES = 32768,  /* of all shown cells of a table row */
};

static void
begin_piece(struct listing *l)
{
	struct table_column columns[LISTING_COLUMNS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < l->column_count; i++) {
		const struct listing_column *c = &l->columns[i];

		if (c->title)
			columns[count++] = (struct table_column) {
				.title = gettext(c->title),
				.right = c->type == CELL_NUMBER,
				.cut = c->cut,
				.below = c->below,
			};
	}
	l->piece = table_new(columns, count);
	l->piece_rows = 0;
	if (!l->piece)
		l->st = ST_NOMEM;
}

/* An empty one is dropped: libsmartcols would print nothing, table_print() a
 * header. */
static void
end_piece(struct listing *l)
{
	status st;

	if (!l->piece || l->piece_rows == 0) {
		table_free(&l->piece);
		return;
	}
	st = table_print(&l->piece);
	if (l->st == ST_OK)
		l->st = st;
}

/* Made safe here, at the last moment: in JSON and CSV a place may hold what would
 * be an escape sequence on a terminal. */
static void
table_cells(struct listing *l, const char *const *cells)
{
	const char *shown[LISTING_COLUMNS_MAX];
	char space[ROW_BYTES];
	size_t used = 0, count = 0;

	if (l->piece_rows == PIECE_ROWS) {
		end_piece(l);
		begin_piece(l);
		putchar('\n');
	}
	for (size_t i = 0; i < l->column_count; i++) {
		const char *cell = cells[i] ? cells[i] : "";
		size_t room = sizeof(space) - used;

		if (!l->columns[i].title)
			continue;
		room = room < SHOWN_BYTES ? room : SHOWN_BYTES;
		/* cli_safe() wants one byte at least: once space is full the
		 * cells left are empty texts at its end */
		shown[count++] = cli_safe(cell, strlen(cell), space + used, room);
		used += strlen(space + used) + 1;
		used = used < sizeof(space) ? used : sizeof(space) - 1;
	}
	table_row(l->piece, shown);
	l->piece_rows++;
}

/* Quotes are doubled.  Spreadsheets run a text that begins so as a formula. */
static void
csv_text(const char *text)
{
	char shown[SHOWN_BYTES];

	cli_safe(text, strlen(text), shown, sizeof(shown));
	putchar('"');
	if (*shown != '\0' && strchr("=+-@", *shown))
		putchar('\'');
	for (const char *at = shown; *at; at++) {
		if (*at == '"')
			putchar('"');
		putchar(*at);
	}
	putchar('"');
}

/* cells NULL: the header. */
static void
csv_cells(struct listing *l, const char *const *cells)
{
	bool first = true;

	for (size_t i = 0; i < l->column_count; i++) {
		const struct listing_column *c = &l->columns[i];
		const char *cell = cells && cells[i] ? cells[i] : "";

		if (!c->key)
			continue;
		if (!first)
			putchar(',');
		first = false;
		if (!cells)
			fputs(c->key, stdout);
		else if (c->type == CELL_NUMBER)
			fputs(cell, stdout);
		else if (c->type == CELL_BOOL)
			fputs(*cell ? "true" : "false", stdout);
		else
			csv_text(cell);
	}
	putchar('\n');
}

static json_t *
words(const char *cell, bool numbers)
{
	json_t *list = json_array();

	while (*cell) {
		size_t len = strcspn(cell, " ");

		json_array_append_new(list,
		                      numbers ? json_integer(strtoll(cell, NULL, 10))
		                              : json_stringn(cell, len));
		cell += len + strspn(cell + len, " ");
	}
	return list;
}

static json_t *
json_cell(cell_type type, const char *cell)
{
	switch (type) {
	case CELL_TEXT: return *cell ? json_string(cell) : json_null();
	case CELL_NUMBER: return *cell ? json_loads(cell, JSON_DECODE_ANY, NULL) : json_null();
	case CELL_LIST: return words(cell, false);
	case CELL_NUMBERS: return words(cell, true);
	case CELL_BOOL: return json_boolean(*cell);
	}
	return NULL;
}

static json_t *
json_of_cells(struct listing *l, const char *const *cells)
{
	json_t *row = json_object();

	for (size_t i = 0; i < l->column_count; i++) {
		const struct listing_column *c = &l->columns[i];

		if (c->key &&
		    json_object_set_new(row, c->key,
		                        json_cell(c->type, cells[i] ? cells[i] : "")) != 0)
			l->st = ST_NOMEM;
	}
	return row;
}

/* "key": VALUE, with first in front, which is a comma or nothing. */
static void
json_member(const char *before, const char *key, const json_t *value)
{
	json_t *name = json_string(key);

	printf("%s\n  ", before);
	json_dumpf(name, stdout, JSON_ENCODE_ANY);
	fputs(": ", stdout);
	json_decref(name);
	if (value)
		json_dumpf(value, stdout, JSON_ENCODE_ANY);
}

/* Returns what stands before the next member. */
static const char *
json_members(const char *before, json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach (object, key, value) {
		json_member(before, key, value);
		before = ",";
	}
	json_decref(object);
	return before;
}

void
listing_begin(struct listing *l, listing_form form, const struct listing_column *columns,
              size_t column_count, const char *list_key, json_t *head)
{
	const char *before = "";

	*l = (struct listing) {
		.form = form,
		.columns = columns,
		.column_count = column_count,
	};
	switch (form) {
	case FORM_TABLE:
		begin_piece(l);
		json_decref(head);
		return;
	case FORM_CSV:
		csv_cells(l, NULL);
		json_decref(head);
		return;
	case FORM_JSON:
		putchar('{');
		before = json_members(before, head);
		json_member(before, list_key, NULL);
		putchar('[');
		return;
	}
}

/* listing_object() counts its row by itself. */
void
listing_row(struct listing *l, const char *const *cells)
{
	if (l->st < 0)
		return;
	switch (l->form) {
	case FORM_TABLE: table_cells(l, cells); break;
	case FORM_CSV: csv_cells(l, cells); break;
	case FORM_JSON: listing_object(l, json_of_cells(l, cells)); return;
	}
	l->count++;
}

void
listing_object(struct listing *l, json_t *row)
{
	if (!row && l->st == ST_OK)
		l->st = ST_NOMEM;
	if (l->st == ST_OK) {
		fputs(l->count == 0 ? "\n    " : ",\n    ", stdout);
		if (json_dumpf(row, stdout, JSON_TENTHS_EXACT) != 0)
			l->st = ST_IO;
		l->count++;
	}
	json_decref(row);
}

status
listing_end(struct listing *l, json_t *tail)
{
	if (l->form == FORM_TABLE)
		end_piece(l);
	if (l->form == FORM_JSON) {
		fputs(l->count > 0 ? "\n  ]" : "]", stdout);
		json_members(",", tail);
		puts("\n}");
	} else {
		json_decref(tail);
	}
	/* asked once, here: a stream that failed stays so */
	if (l->st == ST_OK && ferror(stdout))
		l->st = ST_IO;
	return l->st;
}
