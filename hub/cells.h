/* hub/cells.h - the value of a row of TABLE_CELLS
 *
 *   quantity records, then of each extra, ascending by type and name:
 *   type(1) name NUL total
 *
 * An extra is a secondary count ('c') or a count by differential actor ('g').  Numbers are
 * those of protocol/leb128.h: they are small, and most of what a ledger has.  No total is 0.
 *
 * To the digest quantity and records are one row and each extra is another (SPEC.md, section
 * 11): how they lie here is this program's own.
 */
#pragma once

#include "common/kv.h"
#include "protocol/leb128.h"
#include "protocol/limits.h"
#include "protocol/plan.h"

enum {
	CELL_EXTRAS_MAX = 2 * PLAN_LIST_MAX, /* what counts is named by the plan, in two lists */
	CELL_EXTRA_BYTES_MAX = 1 + CODE_BYTES_MAX + 1 + LEB128_BYTES_MAX,
	CELL_BYTES_MAX = 2 * LEB128_BYTES_MAX + CELL_EXTRAS_MAX * CELL_EXTRA_BYTES_MAX,
};

struct cell {
	uint64_t quantity;
	uint64_t records;
	struct bytes extras; /* for cell_extra() */
};

struct extra {
	struct bytes name; /* its type, then its name */
	uint64_t total;
};

/* ST_MALFORMED.  What is left of it points into value. */
status cell_read(struct bytes value, struct cell *ret_cell);
/* Take the first one of *extras, which goes on to the next.  ST_NOT_FOUND: none is left;
 * ST_MALFORMED. */
status cell_extra(struct bytes *extras, struct extra *ret_extra);

/* The total of that extra, 0 when the cell has none.  ST_MALFORMED. */
status cell_total(const struct cell *c, char type, struct text name, uint64_t *ret_total);

struct extra_by {
	struct bytes name; /* type, name, NUL */
	int64_t by;
};

/* What is to be added to a cell: extras ascend, each is there once. */
struct cell_by {
	int64_t quantity, records;
	const struct extra_by *extras;
	size_t extra_count; /* at most CELL_EXTRAS_MAX */
};

/* Add it to the row of that key; what becomes 0 disappears, and with its last number the
 * row.  space is for the value.  ST_MALFORMED: a number would fall below 0, or no plan could
 * name so many extras, so the ledger is damaged. */
status cell_add(struct kv_walk *walk, struct bytes key, const struct cell_by *by,
                uint8_t space[static CELL_BYTES_MAX]);
