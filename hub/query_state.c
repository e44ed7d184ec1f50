/* Of an indicator nothing is kept but the sums that "counts" reads (TABLE_MONTHS and
 * TABLE_DAYS): it is added up each time, so it cannot disagree with what that tells. */
#include <stdlib.h>

#include "hub/hub.h"
#include "hub/query_internal.h"

struct year *
years_new(void)
{
	return calloc(YEARS_MAX, sizeof(struct year));
}

struct year *
year_of(struct year *years, int number)
{
	int place = number - QUARTER_MIN / 4;

	return place >= 0 && place < YEARS_MAX ? &years[place] : NULL;
}

status
years_results(const struct year *years, bool sum, int64_t level,
              struct progress_result results[static YEARS_MAX], size_t *ret_count)
{
	size_t count = 0;

	for (int i = 0; i < YEARS_MAX; i++) {
		if (!years[i].any)
			continue;
		if (__builtin_add_overflow(level, years[i].change, &level))
			return ST_MALFORMED;
		results[count++] = (struct progress_result) {
			.year = QUARTER_MIN / 4 + i,
			.value = sum ? years[i].change : level,
		};
	}
	*ret_count = count;
	return ST_OK;
}

/* +1: each activity raises the level, or the sum; -1: lowers it. */
static int
direction(plan_accumulation accumulation)
{
	switch (accumulation) {
	case ACCUMULATION_SUM:
	case ACCUMULATION_FLOW:
	case ACCUMULATION_CAPACITY:
	case ACCUMULATION_STOCK: return +1;
	case ACCUMULATION_REDUCTION:
	case ACCUMULATION_ANNUAL_REDUCTION: break;
	}
	return -1;
}

static status
gather_years(const struct plan_indicator *indicator, const struct groups *rows, struct year *years)
{
	int sign = direction(indicator->accumulation);

	for (size_t i = 0; i < rows->count; i++) {
		struct year *year = year_of(years,
		                            (int) strtol(group_text(&rows->list[i], 0), NULL, 10));

		if (!year)
			return ST_MALFORMED;
		year->any = true;
		year->change = sign * rows->list[i].total;
	}
	return ST_OK;
}

static status
activity_years(const struct query *q, const struct plan_indicator *indicator,
               struct progress_result results[static YEARS_MAX], size_t *ret_count)
{
	const struct counts_question question = {
		.code = text_of(indicator->code),
		.by = { BY_YEAR },
		.by_count = 1,
		.from = DATE_MIN,
		.to = DATE_MAX,
		.status = STATUS_DONE,
	};
	int64_t total, baseline = indicator->has_baseline ? indicator->baseline : 0;
	struct year *years = years_new();
	struct groups rows = { 0 };
	status st = years ? query_counts(q, &question, &rows, &total) : ST_NOMEM;

	if (st == ST_OK)
		st = gather_years(indicator, &rows, years);
	if (st == ST_OK)
		st = years_results(years, is_sum(indicator->accumulation), baseline, results,
		                   ret_count);
	groups_done(&rows);
	free(years);
	return st;
}

status
query_progress(const struct query *q, const struct plan_indicator *indicator,
               struct progress *ret_progress)
{
	struct progress_result results[YEARS_MAX];
	size_t count = 0;
	status st = ST_OK;

	switch (indicator->by) {
	case FEEDER_ACTIVITY: st = activity_years(q, indicator, results, &count); break;
	case FEEDER_LEVEL: st = levels_years(q, indicator, results, &count); break;
	case FEEDER_THING: st = things_years(q, indicator, results, &count); break;
	}
	if (st == ST_OK)
		*ret_progress = progress_of(indicator, plan_period(q->plan),
		                            plan_thresholds(q->plan), q->cutoff, results, count);
	return st;
}

/* From the tallies, which the empty code stands for: an activity that names an indicator and
 * two initiatives stands in several cells, and is one activity. */
static status
tallies_of(const struct query *q, date from, date to, uint64_t *ret_records)
{
	const struct query whole = { q->txn, q->plan, DATE_MAX };
	const struct counts_question question = {
		.code = { "", 0 },
		.from = from,
		.to = to,
		.status = STATUS_DONE,
	};
	struct groups rows = { 0 };
	int64_t total = 0;
	status st = query_counts(&whole, &question, &rows, &total);

	groups_done(&rows);
	*ret_records = (uint64_t) total;
	return st;
}

status
query_tallies(const struct query *q, struct query_tallies *ret_tallies)
{
	struct query_tallies t = {
		.held = kv_count(q->txn, TABLE_HELD),
		.conflicts = kv_count(q->txn, TABLE_CONFLICTS),
	};
	status st = tallies_of(q, DATE_MIN, q->cutoff, &t.counted);

	if (st == ST_OK)
		st = tallies_of(q, q->cutoff + 1, DATE_MAX, &t.dated_ahead);
	if (st == ST_OK)
		*ret_tallies = t;
	return st;
}
