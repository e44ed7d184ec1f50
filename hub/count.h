/* hub/count.h - the rows that one record enters
 *
 * An activity: the cells of its indicator and of each initiative that it names or that
 * the plan links to the indicator, once each; their secondary counts; one tally.  Any
 * other: a row of its own, and one tally, but for a closed quarter, which reports
 * nothing.
 */
#pragma once

#include "hub/rows.h"
#include "hub/sums.h"
#include "protocol/plan.h"

/* All that an activity can name, and all that its indicator can be linked to. */
enum { CODES_MAX = 1 + INITIATIVES_MAX + PLAN_LINKS_MAX };

/* The codes an activity counts for, by that plan, each once. */
struct code_set {
	struct text list[CODES_MAX];
	size_t count;
};
void count_codes(const plan *p, const struct event *e, struct code_set *set);

/* Add a record that counts (sign +1) to the rows, or take it out (-1): by
 * the same plan.  hash is its chain hash.  ST_MALFORMED: the ledger is damaged. */
status count_event(kv_txn *txn, sums *s, const plan *p, const struct event *e,
                   const uint8_t hash[static HASH_BYTES], int sign);
