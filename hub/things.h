/* hub/things.h - the rows of things that an indicator counts one by one
 *
 *   TABLE_THINGS     indicator NUL key NUL day(4) way(1) hash(32)
 *                    -> unit NUL name
 *       way is 0 for in, 1 for out; hash is the chain hash of the version that
 *       counts, so that of one day out stands behind in, and of two alike the greater
 *       hash
 *
 * The last row of a key up to a day says whether the thing is in on that day: each
 * thing counts once, however many units told of it.  Keys and values are made as
 * hub/rows.h says.
 */
#pragma once

#include "common/kv.h"
#include "protocol/event.h"
#include "protocol/plan.h"

/* Make the row of a thing (sign +1), or take it out (-1).  ST_MALFORMED: there is
 * none. */
status
thing_put(kv_txn *txn, const struct event *e, const uint8_t hash[static HASH_BYTES], int sign);

/* True when the baseline of that indicator holds the thing of that key.  p may be
 * NULL: no. */
bool thing_in_baseline(const plan *p, struct text indicator, struct text key);

/* What a thing that counts changes: +1 when it comes in, -1 when it goes out, 0 when others
 * told so before, or the baseline holds it. */
status thing_change(kv_txn *txn, const plan *p, const struct event *e,
                    const uint8_t hash[static HASH_BYTES], int *ret_by);

/* One entry; texts point into the row. */
struct thing {
	struct text key;
	date day;
	bool out;
	struct text unit, name; /* the name may be empty */
};

/* Every row of an indicator: by key, then by day.  visit must not write; other than
 * ST_OK from it ends the walk with that.  ST_MALFORMED: the ledger is damaged. */
typedef status thing_visit(void *ctx, const struct thing *t);
status things_each(kv_txn *txn, const char *indicator, thing_visit *visit, void *ctx);
