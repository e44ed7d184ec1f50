/* agent/import_internal.h - what the parts of the import share
 *
 * A fault of the file is told by import_find() and is no failure of the call
 * that found it: a status other than ST_OK ends the reading.
 */
#pragma once

#include "agent/entry_fields.h"
#include "agent/import.h"

/* A cell of codes: as many as a close may declare. */
enum { CODES_CELL_BYTES = DECLARED_MAX * (CODE_BYTES_MAX + 2) };

struct import_column {
	struct mapping_target target;
	char *name;      /* as the header has it */
	bool is_unknown; /* an error as soon as a cell of it is not empty */
	bool is_ignored; /* the name begins with '#' */
};

/* One import_read(), from its first row to its last; of a thread that reads some of the rows,
 * those. */
struct importing {
	const struct import_config *config;
	struct import *in;
	struct import_column columns[CSV_COLUMNS_MAX];
	size_t column_count; /* 0: the header was not read */
	size_t header_line;
	size_t first[MAPPING_FIELDS_]; /* the column of that field; SIZE_MAX: none */
	/* What each row asks of each field. */
	const struct entry_field *fields[COLUMN_SINGLES_]; /* its place in an entry; or NULL */
	bool is_closed[COLUMN_SINGLES_];                   /* mapping_is_closed() */
	char only_unit[CODE_BYTES_MAX + 1]; /* of rows that do not say theirs; or "" */
	size_t row_room;                    /* of in->rows */
	writer w;                           /* the event of the row being read */
};

/* A row on its way from cells to an entry.  Its texts point into row, the rules of
 * the mapping, the configuration and the draft itself: they last until the row is
 * done with. */
struct draft {
	struct importing *im;
	const struct csv_row *row;
	const char *values[COLUMN_SINGLES_]; /* NULL: not given */
	size_t from[COLUMN_SINGLES_];        /* the column of that value, if given */
	const char *unit;                    /* whose row it is; "" when not known */
	struct entry entry;
	char *note;                   /* note and source, where there are both */
	bool is_bad;                  /* something of it was told */
	bool failed[COLUMN_SINGLES_]; /* no rule knows what the cell says: so it is missing */
	/* Lists, taken apart; not zeroed for each row. */
	char initiatives[512], zero[CODES_CELL_BYTES], nothing[CODES_CELL_BYTES];
};

/* import.c */

/* Keep a finding; column is from 0, or SIZE_MAX for the row as a whole; found
 * and arg may be NULL. */
void import_find(struct importing *im, struct import_findings *list, size_t line, size_t column,
                 const char *found, const char *rule, const char *arg);

/* Who and why, where no column says so.  After import_fields_hash(). */
void import_say_who(const struct importing *im, struct draft *d);

/* Keep the event of a row; see struct import_row.  ST_NOMEM. */
status import_keep(struct importing *im, const struct draft *d, struct bytes body,
                   const uint8_t fields[static HASH_BYTES], bool is_register);

/* Give the bodies of from to in as well. */
void import_join_bodies(struct import *in, struct import *from);

/* Read the rows of a part behind the header; what is found is in im->in.  ST_INVALID: it could
 * not be read to its end, which is told. */
status import_read_part(struct importing *im, struct csv_part *part);

/* import_pair.c */

/* Read the rows of rest, when there are enough of them, with a second thread.  im has read the
 * header, and stays as it is but for im->in.  False: nothing was read, or something is wrong
 * with it, and im->in is empty: to be read by one thread, which tells what. */
bool import_read_paired(const struct importing *im, const struct csv_part *rest);

/* import_columns.c */

/* Take the first row for the header.  ST_INVALID: the rest need not be read. */
status import_header(struct importing *im, const struct csv_row *row);

/* Tell that a column is not known, once: afterwards its cells are passed over. */
void import_unknown_column(struct importing *im, size_t column);

/* import_draft.c */

/* Turn the cells of d->row into d->entry and d->unit, but for who it is by.
 * *ret_take is false when the row is not to be taken, and that is told or
 * counted.  import_draft_done() always. */
status import_draft(struct draft *d, bool *ret_take);
void import_draft_done(struct draft *d);

/* Tell what entry_build() found, in terms of line and column, as far as a column is at
 * fault.  Marks the row as bad when one of them is an error. */
void import_tell(struct draft *d, const struct entry_problems *problems);

/* import_key.c */

/* Hash of what a row says: defaults left out, lists sorted. */
void
import_fields_hash(const struct entry *e, const char *unit, uint8_t ret_hash[static HASH_BYTES]);

/* The rows by key, those of one key as the file has them; to be freed.  NULL: no memory. */
struct import_row **import_sorted(struct import_row *rows, size_t count);

/* Number the equal rows, each of which has number 1, and name them by it.  ST_NOMEM. */
status import_number_rows(struct import_row *rows, size_t count);

/* import_register.c */

/* Build the event of a row that is told once a quarter, and compare it with what is here:
 * what is told otherwise is told as a fault.  As build_event() of import.c. */
status import_build_register(struct importing *im, struct draft *d, writer *w);

/* Tell of rows of the file that are about the same and say otherwise.  ST_NOMEM. */
status import_check_registers(struct importing *im);
