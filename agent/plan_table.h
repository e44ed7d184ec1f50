/* agent/plan_table.h - the plan as the device keeps it: code -> attributes
 *
 * A plan is parsed once, when it arrives, into rows of the outbox's
 * environment; recording reads only the rows it names and never sees JSON.
 *
 * table is OUTBOX_PLAN, or another one that a test opens.  All texts returned
 * point into the transaction and hold until it ends.
 */
#pragma once

#include <pthread.h>

#include "common/kv.h"
#include "protocol/event.h"
#include "protocol/plan.h"

typedef struct plan_table plan_table; /* a view within one transaction */

typedef enum plan_row {
	ROW_UNIT = 'u',
	ROW_INDICATOR = 'x',
	ROW_INITIATIVE = 'i',
	ROW_MODE = 'm',
	ROW_COUNT = 'c',
	ROW_GROUP = 'g',
	ROW_COMMITMENT = 'k',
	ROW_PROJECT = 'p', /* the code is its BPIN */
	ROW_RISK = 'r',
} plan_row;

/* Texts point into the transaction. */
struct plan_attributes {
	struct text name;
	struct text country;                  /* of a unit */
	bool by_activity, by_level, by_thing; /* of an indicator: what feeds it */
	struct plan_period period;            /* of an indicator: its own, else the plan's */
	date retired;                         /* first day out of force; PLAN_NOT_RETIRED */
};

/* Replace the rows by those of p, within a write transaction.  p is not kept.
 * ST_NOMEM, ST_FULL, ST_IO: the transaction is of no more use. */
status plan_table_put(kv_txn *txn, int table, const plan *p);

/* Whether a plan is held, and then its version, and what plan_table_whole() says of it;
 * needs no memory. */
bool plan_table_held(kv_txn *txn, int table, uint64_t *ret_version, bool *ret_whole);

/* NULL when no plan is held (or no memory is left).  The transaction must
 * outlive it; the view is the caller's, to be given to plan_table_close(), which
 * ignores NULL. */
plan_table *plan_table_open(kv_txn *txn, int table);

/* Another view of what t, which is to outlive it, is a view of: for a thread of its own, which
 * remembers for itself what it found.  It asks the transaction under lock, and so must whoever
 * else uses that meanwhile: not t then.  NULL: no memory. */
plan_table *plan_table_beside(const plan_table *t, pthread_mutex_t *lock);
void plan_table_close(plan_table **t_p);

/* Of the plan as a whole; read when it was opened. */
uint64_t plan_table_version(const plan_table *t);
struct text plan_table_code(const plan_table *t);
/* False when a program that kept less of a plan made the rows: what they lack is taken
 * to be allowed, and outbox_renew_plan() makes them anew. */
bool plan_table_whole(const plan_table *t);
struct plan_period plan_table_period(const plan_table *t);

/* Whether the plan begins with that thing: it is one of the indicator's baseline_keys.
 * True also where an older program did not keep them. */
bool plan_table_has_thing(plan_table *t, struct text indicator, struct text key);

/* The one of them that is nearest to a wrong key, as below. */
bool plan_table_nearest_thing(plan_table *t, struct text indicator, struct text key, char *ret_key);

/* ST_NOT_FOUND: no such code.  Retired ones are found: their date says since when.
 * ST_IO: a row is damaged. */
status plan_table_find(plan_table *t, plan_row kind, struct text code,
                       struct plan_attributes *ret_attributes);

/* Whether entries of that unit may name that indicator or initiative.  True of what the
 * plan does not have, which is another fault, and of damaged rows: the hub judges. */
bool plan_table_may_report(plan_table *t, struct text code, struct text unit);

/* The code of that kind nearest to a wrong one, in ret_code (CODE_BYTES_MAX + 1
 * bytes); false when none is near. */
bool plan_table_nearest(plan_table *t, plan_row kind, struct text code, char *ret_code);

/* The codes of that kind in ascending order, joined by ", ", as many as fit
 * into size bytes with the 0; "…" stands for the rest. */
void plan_table_list(plan_table *t, plan_row kind, char *out, size_t size);
