/* hub/freeze.h - what may be cut and what may be locked
 *
 * A lock is never taken away and a cut keeps its name, so a slip of the hand is asked
 * about before: both take quarters of the plan's period that have begun.  A quarter that
 * is not over can be cut, which is an edition of its middle; to lock it stops ordinary
 * recording everywhere, and has to be said with force.
 *
 * All return an exit status; what is refused was explained.  A hub without a plan lets
 * any quarter pass that has begun.
 */
#pragma once

#include "hub/cuts.h"

int freeze_check_lock(hub *h, kv_txn *txn, uint64_t quarter, bool force);

/* The cut-off lies in the quarter of the order, when it has one, and not before the plan. */
int freeze_check_cut(hub *h, kv_txn *txn, const struct cut_order *order);

/* Fill in now, and, unless it is given, the cut-off: the last day of the period, else
 * today in Bogota. */
void freeze_complete(struct cut_order *order, bool has_cutoff);
