/* agent/csv.h - the rows of a CSV file, checked byte by byte
 *
 * Each cell is known by the line it begins in, its bytes are checked for what they mean,
 * and all has bounds.
 *
 * Cells are separated by ',', ';' or a tab, whichever the first line has most
 * of; a first line "sep=;", as Excel writes it, says so and is no row.  Lines
 * end with CR LF, LF or CR.  A cell may stand in quotation marks and then hold
 * separators, line ends and doubled quotation marks.  A byte order mark of
 * UTF-8 is passed over and decides the encoding, whatever was asked for.
 *
 * Text is handed on as UTF-8 without the blanks around it, its line ends LF
 * alone, so that how a program wrote the file makes no difference.  A row whose
 * cells are all empty is passed over.
 *
 * Pure: bytes in, rows out.  Memory: one row.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "protocol/status.h"

enum {
	CSV_FILE_BYTES_MAX = 64 << 20, /* for the caller to keep to; not asked here */
	CSV_CELL_BYTES_MAX = 16384,    /* as they stand in the file */
	CSV_COLUMNS_MAX = 256,
};

typedef enum csv_encoding {
	ENCODING_UTF_8,
	ENCODING_WINDOWS_1252,
	ENCODING_ISO_8859_1,
	CSV_ENCODINGS_
} csv_encoding;

/* The name as --encoding takes it, whatever the case; "latin1", "cp1252" and
 * "utf8" are understood too.  ST_INVALID: another one. */
status csv_encoding_of(const char *name, csv_encoding *ret_encoding);

struct csv_cell {
	const char *text; /* UTF-8, ends with 0, no 0 within */
	size_t line;      /* where it begins, from 1 */
};

/* Valid until the function it was given to returns. */
struct csv_row {
	size_t line; /* where its first cell begins */
	size_t count;
	const struct csv_cell *cells;
};

/* Called for each row, the first (the header) too.  Anything but ST_OK ends
 * the reading and is what csv_read() returns. */
typedef status csv_row_fn(const struct csv_row *row, void *context);

/* Why the file cannot be read to its end. */
struct csv_problem {
	size_t line;      /* where the cell begins; 0: the file as a whole */
	size_t column;    /* from 1 */
	char found[120];  /* safe to print; may be empty */
	const char *rule; /* msgid */
};

/* Read len bytes.  ST_INVALID: *ret_problem says what is wrong; the rows before
 * it were handed on.  ST_NOMEM. */
status csv_read(const void *bytes, size_t len, csv_encoding encoding, csv_row_fn *on_row,
                void *context, struct csv_problem *ret_problem);
