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
 * A row may hold line ends, so where a file can be cut in parts is told here too; they
 * may be read by several threads.
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

/* Rows that are not read yet; points into the bytes of the file. */
struct csv_part {
	const uint8_t *at;
	size_t len;
	size_t line; /* of its first byte, from 1 */
	csv_encoding encoding;
	uint8_t separator;
};

/* Look how a file of len bytes is written: ret_part is all of its rows.  ST_INVALID: not
 * as text; *ret_problem says why. */
status csv_begin(const void *bytes, size_t len, csv_encoding encoding, struct csv_part *ret_part,
                 struct csv_problem *ret_problem);

/* Hand on at most so many rows of part, which moves behind them.  ST_INVALID: *ret_problem
 * says what is wrong; the rows before it were handed on.  ST_NOMEM.  Unless it is ST_OK,
 * where part stands does not mean anything. */
status csv_read(struct csv_part *part, size_t rows, csv_row_fn *on_row, void *context,
                struct csv_problem *ret_problem);

/* Cut off the first rows of rest, as many as make so many bytes, or all.  Marks that open and
 * close a cell come in pairs: where one is missing, which csv_read() of that part tells, the
 * parts behind it may begin within a row. */
struct csv_part csv_cut(struct csv_part *rest, size_t bytes);
