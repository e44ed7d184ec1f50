/* A file of any bytes: what comes of its cells is UTF-8 without a 0, within bounds,
 * and lines do not go back.  The first byte chooses the encoding. */
#include <stdlib.h>
#include <string.h>

#include "agent/csv.h"
#include "agent/csv_text.h"
#include "protocol/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static status
check_row(const struct csv_row *row, void *context)
{
	size_t *line = context;

	if (row->count == 0 || row->count > CSV_COLUMNS_MAX || row->line < *line)
		abort();
	*line = row->line;
	for (size_t i = 0; i < row->count; i++) {
		const struct csv_cell *cell = &row->cells[i];
		size_t len = strlen(cell->text);

		if (len > CSV_TEXT_GROWTH * CSV_CELL_BYTES_MAX || !utf8_valid(cell->text, len) ||
		    cell->line < row->line)
			abort();
	}
	return ST_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct csv_problem problem = { 0 };
	size_t line = 0;
	status st;

	if (size == 0)
		return 0;
	st = csv_read(data + 1, size - 1, (csv_encoding) (data[0] % CSV_ENCODINGS_), check_row,
	              &line, &problem);
	if (st != ST_OK && st != ST_INVALID)
		abort();
	if ((st == ST_INVALID) != (problem.rule != NULL))
		abort();
	return 0;
}
