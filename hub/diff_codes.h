/* hub/diff_codes.h - what each code came to at two moments
 *
 * Two numbers of each code at each moment: what was counted, to which the lines of
 * hub/diff.h add up; and the value that "state" tells, which has the baseline of a
 * level, or is of one year alone, or is none, and then says why.
 */
#pragma once

#include <jansson.h>

#include "hub/diff.h"

struct code_value {
	bool there; /* false: the plan of that moment has no such indicator */
	struct progress_number number;
};

struct code_row {
	const char *code, *name;
	int64_t then, now; /* counted */
	struct code_value value_then, value_now;
	bool told; /* a line is of it, or one of its numbers is another */
};

/* Zeroed before code_rows_gather(), given to code_rows_done() whatever came of it.
 * Points into the plans of both sides. */
struct code_rows {
	struct code_row *list;
	size_t count;
};

status code_rows_gather(const struct diff_side *then, const struct diff_side *now,
                        const struct diff *d, struct code_rows *ret_rows);
void code_rows_done(struct code_rows *rows);

/* How many of them are told. */
size_t code_rows_told(const struct code_rows *rows);

/* These, as a list and as a table on standard output. */
json_t *code_rows_json(const struct code_rows *rows);
status code_rows_print(const struct code_rows *rows);

/* now less then; amounts are far from the ends of 64 bits. */
json_int_t diff_change(int64_t then, int64_t now);
