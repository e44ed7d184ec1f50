/* common/table.h - tables on a terminal, by libsmartcols
 *
 *     struct table *t = table_new(columns, 3);
 *     table_row(t, (const char *[]) { "IND-1", "Consulados…", "2" });
 *     st = table_print(&t);
 *
 * The first failure sticks and comes out of table_print().  On a terminal the
 * text columns marked as such are cut, or broken into lines, to fit its width;
 * in a pipe neither happens.
 * An empty table prints its header only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "protocol/status.h"

struct table_column {
	const char *title; /* translated already */
	bool right;        /* numbers */
	bool cut;          /* may be shortened to fit a terminal */
	bool wrap;         /* may go on below, for the same: what must be read whole */
};

typedef struct table table;

/* NULL when there is no memory; the other calls accept that. */
table *table_new(const struct table_column *columns, size_t count);

/* Copies count cells (as many as columns); NULL is an empty cell. */
void table_row(table *t, const char *const *cells);

/* Print on standard output, free, and set *t_p to NULL. */
status table_print(table **t_p);

void table_free(table **t_p);
