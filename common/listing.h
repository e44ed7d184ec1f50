/* common/listing.h - rows to people and to programs, from one set of columns
 *
 *     listing_begin(&l, form, columns, 4, "rows", head);
 *     listing_row(&l, cells);       as often as there are rows
 *     st = listing_end(&l, tail);
 *
 * A table is for people: columns with a title, text made safe for a terminal.
 * A long one is printed in pieces, so that memory stays bounded however many
 * rows there are.  JSON is one object: the members of head, the list, the
 * members of tail, each row printed as it comes.  CSV is RFC 4180 with LF and
 * all texts quoted; one that a spreadsheet would take for a formula gets a ' in
 * front.
 *
 * The first failure sticks and comes out of listing_end().
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/table.h"

typedef enum listing_form { FORM_TABLE, FORM_JSON, FORM_CSV } listing_form;

/* What the text of a cell stands for.  A table shows the text, numbers
 * to the right; CSV quotes all but numbers and truth values. */
typedef enum cell_type {
	CELL_TEXT,    /* JSON: a string; an empty cell or NULL is null */
	CELL_NUMBER,  /* JSON: as it stands in the cell */
	CELL_LIST,    /* words parted by blanks; JSON: an array */
	CELL_NUMBERS, /* the same of numbers */
	CELL_BOOL,    /* JSON: false when the cell is empty or NULL */
} cell_type;

struct listing_column {
	const char *key;   /* in JSON and CSV; NULL: not there */
	const char *title; /* msgid: in tables; NULL: not there */
	cell_type type;
	bool cut, below; /* to fit a terminal, see common/table.h */
};

enum { LISTING_COLUMNS_MAX = 24 };

/* In the caller's memory; its members are this module's.  piece is the table
 * that is being filled, of FORM_TABLE only; st is the first failure. */
struct listing {
	listing_form form;
	const struct listing_column *columns;
	size_t column_count;
	size_t count; /* of rows so far */
	table *piece;
	size_t piece_rows;
	status st;
};

/* Begin to print; listing_end() must follow, whatever fails in between.
 * columns (at most LISTING_COLUMNS_MAX) must live until then.  list_key is the
 * member of the JSON object that holds the rows.  head (may be NULL) is
 * dropped. */
void listing_begin(struct listing *l, listing_form form, const struct listing_column *columns,
                   size_t column_count, const char *list_key, json_t *head);

/* One cell a column, in their order, all of it UTF-8; NULL is an empty one.
 * Nothing is kept of them.  After a failure it does nothing. */
void listing_row(struct listing *l, const char *const *cells);

/* For a row of FORM_JSON that is more than cells; drops it.  NULL: there was no
 * memory for it. */
void listing_object(struct listing *l, json_t *row);

/* tail (may be NULL) is dropped.  An empty table prints nothing: the caller
 * has a sentence for that. */
status listing_end(struct listing *l, json_t *tail);
