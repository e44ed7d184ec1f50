/* hub/ledger.h - events folded into rows
 *
 * Folding an event judges it by the plan in force and the registry, never by
 * when or where it arrived, and updates the rows of hub/rows.h, so that the
 * rows are always F(set, plan, registry).  Corrections are graphs of versions;
 * one version of a record counts (hub/versions.h).
 *
 * An event that names no other and is named by none is counted or held at once.
 * The others are noted, and ledger_settle() judges each record they touch once,
 * however many of its versions came.
 */
#pragma once

#include "common/kv.h"
#include "hub/chains.h"
#include "hub/locks.h"
#include "hub/nodes.h"
#include "hub/rights.h"
#include "hub/runs.h"
#include "hub/sums.h"
#include "protocol/event.h"
#include "protocol/plan.h"

struct ledger {
	kv_txn *txn;
	const plan *plan;   /* in force; may be NULL: all activities are held */
	sums *sums;         /* begun for txn; may be NULL of a ledger that is only read */
	nodes *nodes;       /* the same */
	runs *runs;         /* the same */
	chains *chains;     /* may be NULL: hub/chains.h */
	const locks *locks; /* all there are (hub_locks()); NULL: none */

	/* Of the entries of the journal so many are folded, where the index has more: 0: all. */
	uint64_t entries;

	/* The module's own, and so the registry must not change in the life of a ledger. */
	struct kept_rights rights;
};

/* Fold one event that is new in the journal. */
struct told_event;
status ledger_fold(struct ledger *l, const uint8_t feed[static FEED_BYTES], const struct point *at,
                   const struct told_event *told);
/* The one of that number, from 0 on, of a run. */
status ledger_fold_of(struct ledger *l, const struct journal_run *run, uint64_t number);

/* Judge the records that folding has touched, and write what was added up.  Owed after
 * the last ledger_fold() of a batch and before anything is read or committed. */
status ledger_settle(struct ledger *l);

/* The first half of it, at the end of any entry of the journal: sooner is quicker where much
 * is, and takes less memory. */
status ledger_judge(struct ledger *l);

/* What became of an event, for lists and for show. */
typedef enum outcome {
	OUTCOME_COUNTED, /* done, and the version that counts */
	OUTCOME_PLANNED, /* planned, cancelled, moved: the version that stands */
	OUTCOME_CANCELLED,
	OUTCOME_MOVED,
	OUTCOME_VOIDED,   /* a void that took its record out */
	OUTCOME_OUT,      /* taken out by a void */
	OUTCOME_REPLACED, /* another version stands */
	OUTCOME_CONFLICT, /* another stands that does not know of this one */
	OUTCOME_HELD,
	OUTCOME_PROBE,  /* it counts nothing */
	OUTCOME_OFFICE, /* plan, cut, lock, return: not of the ledger */
	OUTCOMES_
} outcome;

const char *outcome_name(outcome o); /* for JSON: "counted", "held" … */
const char *outcome_text(outcome o); /* msgid */

/* Both only read; *ret_reason is HOLD_NONE unless held.  The second is quicker
 * where the body is at hand, since nothing is unpacked.  ST_NOT_FOUND: no such
 * event. */
status ledger_outcome(struct ledger *l, const uint8_t feed[static FEED_BYTES],
                      const struct point *at, outcome *ret_outcome, hold *ret_reason);
status
ledger_outcome_of(struct ledger *l, const uint8_t feed[static FEED_BYTES], const struct point *at,
                  struct bytes body, bool erased, outcome *ret_outcome, hold *ret_reason);

/* Whether an event of that outcome stands and came late for a locked quarter: a
 * restatement.  e is empty when it could not be decoded. */
status
ledger_restates(struct ledger *l, const uint8_t feed[static FEED_BYTES], const struct point *at,
                const struct event *e, outcome o, bool *ret_restates);

/* Empty all tables of the ledger. */
status ledger_clear(kv_txn *txn);
