/* common/table.h - tables on a terminal, by libsmartcols
 *
 *     struct table *t = table_new(columns, 3);
 *     table_row(t, (const char *[]) { "IND-1", "Consulados…", "2" });
 *     st = table_print(&t);
 *
 * The first failure sticks and comes out of table_print().  On a terminal that is
 * too narrow, columns that may stand below leave the table, the last one first, and
 * their texts stand in a line below each row; others are cut, or follow them when too
 * little would be left.  In a pipe neither happens.
 * An empty table prints its header only.
 *
 * The library is loaded with the first table; where it is missing the program says so and
 * ends with 72, as one that cannot be started would.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "protocol/status.h"

struct table_column {
	const char *title; /* translated already */
	bool right;        /* numbers */
	bool cut;          /* may be shortened to fit a terminal */
	bool below;        /* what must be read whole: may stand in a line below its row */
};

typedef struct table table;

/* NULL when there is no memory; the other calls accept that. */
table *table_new(const struct table_column *columns, size_t count);

/* Copies count cells (as many as columns); NULL is an empty cell. */
void table_row(table *t, const char *const *cells);

/* Print on standard output, free, and set *t_p to NULL. */
status table_print(table **t_p);

void table_free(table **t_p);
