/* Nothing is kept of an indicator: it is added up from the cells each time, so it
 * cannot disagree with what "counts" tells of them.  The rows of one indicator are
 * a few thousand a year, read in milliseconds. */
#include "hub/query.h"

#include <stdlib.h>

#include "hub/hub.h"

enum { YEARS_MAX = 300 }; /* that a date can hold */

/* +1: each activity raises the level; -1: lowers it; 0: years stand alone. */
static int
direction(plan_accumulation accumulation)
{
	switch (accumulation) {
	case ACCUMULATION_SUM:
	case ACCUMULATION_FLOW:
		return 0;
	case ACCUMULATION_CAPACITY:
	case ACCUMULATION_STOCK:
		return +1;
	case ACCUMULATION_REDUCTION:
	case ACCUMULATION_ANNUAL_REDUCTION:
		break;
	}
	return -1;
}

/* The sum of each year, or the level at its end. */
static status
results_of(const struct plan_indicator *indicator, const struct groups *years,
           struct progress_result results[static YEARS_MAX])
{
	int sign = direction(indicator->accumulation);
	int64_t level = indicator->has_baseline ? indicator->baseline : 0;

	for (size_t i = 0; i < years->count; i++) {
		const struct group *year = &years->list[i];
		int64_t value = (int64_t) year->total;

		if (year->total > INT64_MAX)
			return ST_MALFORMED;
		if (sign != 0 && __builtin_add_overflow(level, sign * value, &level))
			return ST_MALFORMED;
		results[i].year = (int) strtol(group_text(year, 0), NULL, 10);
		results[i].value = sign != 0 ? level : value;
	}
	return ST_OK;
}

status
query_progress(const struct query *q, const struct plan_indicator *indicator,
               struct progress *ret_progress)
{
	const struct counts_question question = {
		.code = text_of(indicator->code),
		.by = { BY_YEAR },
		.by_count = 1,
		.from = DATE_MIN,
		.to = DATE_MAX,
		.status = STATUS_DONE,
	};
	struct progress_result results[YEARS_MAX];
	struct groups years = { 0 };
	uint64_t total;
	status st = ST_OK;

	if (indicator->by == FEEDER_ACTIVITY)
		st = query_counts(q, &question, &years, &total);
	if (st == ST_OK)
		st = results_of(indicator, &years, results);
	if (st == ST_OK)
		*ret_progress = progress_of(indicator, plan_period(q->plan),
		                            plan_thresholds(q->plan), q->cutoff, results,
		                            years.count);
	groups_done(&years);
	return st;
}

/* From a table of its own: an activity that names an indicator and two initiatives
 * stands in several cells, and is one activity. */
status
query_tallies(const struct query *q, struct query_tallies *ret_tallies)
{
	struct query_tallies t = {
		.held = kv_count(q->txn, TABLE_HELD),
		.conflicts = kv_count(q->txn, TABLE_CONFLICTS),
	};
	struct kv_walk walk;
	status st = ST_OK;

	for (bool more = kv_seek(q->txn, TABLE_TALLIES, (struct bytes) { 0 }, &walk);
	     more && st == ST_OK; more = kv_next(&walk)) {
		struct tally_key key;
		uint64_t records;

		st = tally_key_read(walk.key, &key);
		if (st == ST_OK)
			st = total_read(walk.value, &records);
		if (st < 0 || key.status != STATUS_DONE)
			continue;
		if (key.day <= q->cutoff)
			t.counted += records;
		else
			t.dated_ahead += records;
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	if (st == ST_OK)
		*ret_tallies = t;
	return st;
}
