/* A file of any bytes: what comes of its cells is UTF-8 without a 0, within bounds,
 * and lines do not go back; cut in parts it has the same rows.  The first byte chooses the
 * encoding and where it is cut. */
#include <stdlib.h>
#include <string.h>

#include "agent/csv.h"
#include "agent/csv_text.h"
#include "protocol/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct rows {
	size_t line, count, bytes; /* of the last one; of all */
};

static status
check_row(const struct csv_row *row, void *context)
{
	struct rows *rows = context;

	if (row->count == 0 || row->count > CSV_COLUMNS_MAX || row->line < rows->line)
		abort();
	rows->line = row->line;
	rows->count++;
	for (size_t i = 0; i < row->count; i++) {
		const struct csv_cell *cell = &row->cells[i];
		size_t len = strlen(cell->text);

		if (len > CSV_TEXT_GROWTH * CSV_CELL_BYTES_MAX || !utf8_valid(cell->text, len) ||
		    cell->line < row->line)
			abort();
		rows->bytes += len;
	}
	return ST_OK;
}

static void
check_cut(struct csv_part rest, size_t bytes, const struct rows *want)
{
	struct csv_problem problem = { 0 };
	struct rows rows = { 0 };

	while (rest.len > 0) {
		struct csv_part part = csv_cut(&rest, bytes);

		if (csv_read(&part, SIZE_MAX, check_row, &rows, &problem) < 0 || part.len > 0)
			abort();
	}
	if (rows.line != want->line || rows.count != want->count || rows.bytes != want->bytes)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct csv_problem problem = { 0 };
	struct csv_part file = { 0 }, rest;
	struct rows rows = { 0 };
	status st;

	if (size == 0)
		return 0;
	st = csv_begin(data + 1, size - 1, (csv_encoding) (data[0] % CSV_ENCODINGS_), &file,
	               &problem);
	rest = file;
	if (st == ST_OK)
		st = csv_read(&rest, SIZE_MAX, check_row, &rows, &problem);
	if (st != ST_OK && st != ST_INVALID)
		abort();
	if ((st == ST_INVALID) != (problem.rule != NULL))
		abort();
	if (st == ST_OK)
		check_cut(file, data[0] / CSV_ENCODINGS_, &rows);
	return 0;
}
