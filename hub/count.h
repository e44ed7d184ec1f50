/* hub/count.h - the rows that one activity enters
 *
 * The cells of its indicator and of each initiative that it names or that the
 * plan links to the indicator, once each; their secondary counts; one tally.
 */
#pragma once

#include "hub/rows.h"
#include "protocol/plan.h"

/* Add an activity that counts (sign +1) to the rows, or take it out (-1): by
 * the same plan.  ST_MALFORMED: the ledger is damaged. */
status count_event(kv_txn *txn, const plan *p, const struct event *e, int sign);
