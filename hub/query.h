/* hub/query.h - questions to the ledger, answered from its rows
 *
 * Each question walks over the rows it needs, once, and keeps only sums: memory
 * is bounded by the answer.  What is dated after the cut-off does not enter
 * (query_tallies() says how much that is).
 *
 * All of them return ST_MALFORMED when the ledger is damaged.
 */
#pragma once

#include "hub/groups.h"
#include "hub/progress.h"
#include "hub/rows.h"

/* One moment of the ledger, asked up to one day. */
struct query {
	kv_txn *txn;
	const plan *plan; /* in force */
	date cutoff;      /* the last day that counts */
};

/* A record counts once here, however many codes it names. */
struct query_tallies {
	uint64_t counted;     /* records done by the cut-off */
	uint64_t held;        /* events */
	uint64_t dated_ahead; /* records done after the cut-off */
	uint64_t conflicts;   /* records with versions that do not know of each other */
};
status query_tallies(const struct query *q, struct query_tallies *ret_tallies);

/* Activities feed sums; where a level is fed by them it is the baseline and
 * what they add to it (take from it, for the reductions).  Of an indicator that is
 * fed by levels the value is the last one that each unit told, added up; of sums
 * it is the sum of the quarters.  Things count one by one: the baseline, what is in and
 * not of it, less what is out and of it; of sums what came in that year. */
status query_progress(const struct query *q, const struct plan_indicator *indicator,
                      struct progress *ret_progress);

typedef enum count_key {
	BY_UNIT,    /* who reports */
	BY_COUNTRY, /* where it took place */
	BY_YEAR,    /* these three by the first day of the activity */
	BY_QUARTER,
	BY_MONTH,
	BY_MODE,
	COUNT_KEYS_
} count_key;

/* "unit", "country", "year", "quarter", "month", "mode". */
const char *count_key_name(count_key key);

/* What is added up: quantities, or a secondary count, or one by differential
 * actor. */
typedef enum count_what { COUNT_QUANTITY, COUNT_NAMED = 'c', COUNT_GROUP = 'g' } count_what;

struct counts_question {
	struct text code;          /* of an indicator or an initiative */
	count_key by[COUNT_KEYS_]; /* each at most once; the order of keys and rows */
	size_t by_count;
	const struct text *units; /* none: all; no code is empty */
	size_t unit_count;
	date from, to; /* both included */
	event_status status;
	count_what what;
	struct text name; /* of the count or the actor */
	bool programmed;  /* also a row for each target that nothing was counted for */
};

/* Group the cells of a code; of an indicator that is fed by levels those (in each
 * group the last one of each unit, but for sums, and the total the last one of
 * all).  Rows come sorted; group_text(row, n) is the value
 * of by[n]: a code, or a period as period_name() writes it.  Without keys there
 * is one row, unless nothing was found.  *ret_rows is the caller's, to be given
 * to groups_done(). */
status query_counts(const struct query *q, const struct counts_question *question,
                    struct groups *ret_rows, int64_t *ret_total);

/* Whether targets of the plan can stand beside the rows: what is done of an indicator, by
 * year or by quarter, and by unit or of one unit or of all. */
bool query_programs(const plan *p, const struct counts_question *question);

/* What the plan programs for what a row counts.  False when it states nothing. */
bool query_programmed(const plan *p, const struct counts_question *question,
                      const struct group *row, int64_t *ret_value);
