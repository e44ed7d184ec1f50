/* What is programmed by quarter and by unit: it may be less than the whole, as long
 * as nothing of it contradicts what else the plan states. */
#include <stdio.h>
#include <string.h>

#include "protocol/msgid.h"
#include "protocol/plan_internal.h"

/* ---- look-up ---- */

/* Where that period stands in an ascending list, or where it would. */
static size_t
lower_bound(const struct plan_programmed *list, size_t count, int year, int quarter)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct plan_programmed *t = &list[middle];

		if (t->year < year || (t->year == year && t->quarter < quarter))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct plan_programmed *
find(const struct plan_programmed *list, size_t count, int year, int quarter)
{
	size_t at = lower_bound(list, count, year, quarter);

	return at < count && list[at].year == year && list[at].quarter == quarter ? &list[at]
										  : NULL;
}

static bool
year_target(const struct plan_indicator *indicator, int year, int64_t *ret_value)
{
	for (size_t i = 0; i < indicator->target_count; i++) {
		if (indicator->targets[i].year != year)
			continue;
		*ret_value = indicator->targets[i].value;
		return true;
	}
	return false;
}

static const struct plan_unit_targets *
unit_targets(const struct plan_indicator *indicator, struct text unit)
{
	size_t low = 0, high = indicator->unit_target_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct plan_unit_targets *u = &indicator->unit_targets[middle];
		int order = text_compare(text_of(u->unit), unit);

		if (order == 0)
			return u;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool
plan_programmed(const struct plan_indicator *indicator, struct text unit, int year, int quarter,
                int64_t *ret_value)
{
	const struct plan_programmed *found = NULL;

	if (unit.len > 0) {
		const struct plan_unit_targets *u = unit_targets(indicator, unit);

		if (u)
			found = find(u->targets, u->target_count, year, quarter);
	} else if (quarter == 0) {
		return year_target(indicator, year, ret_value);
	} else {
		found = find(indicator->quarter_targets, indicator->quarter_target_count, year,
		             quarter);
	}
	if (found)
		*ret_value = found->value;
	return found != NULL;
}

/* ---- rules ---- */

enum { KEY_BYTES = 24 };

/* As the document has it: "2025" or "2025-Q4". */
static const char *
period_key(int year, int quarter, char key[static KEY_BYTES])
{
	if (quarter == 0)
		snprintf(key, KEY_BYTES, "%d", year);
	else
		snprintf(key, KEY_BYTES, "%d-Q%d", year, quarter);
	return key;
}

static bool
is_sum(const struct plan_indicator *indicator)
{
	return indicator->accumulation == ACCUMULATION_SUM ||
		indicator->accumulation == ACCUMULATION_FLOW;
}

/* A year and a quarter belong to a period when they share a day with it. */
static void
check_within(struct plan_checker *c, const struct plan_path *at, const struct plan_programmed *list,
             size_t count, struct plan_period days)
{
	const uint64_t first = quarter_of(days.from), last = quarter_of(days.to);
	char key[KEY_BYTES], from[KEY_BYTES], span[2 * KEY_BYTES + 8], to[KEY_BYTES];

	for (size_t i = 0; i < count; i++) {
		uint64_t year = (uint64_t) list[i].year * 4;
		uint64_t begins = list[i].quarter == 0 ? year
						       : year + (uint64_t) list[i].quarter - 1;
		uint64_t ends = list[i].quarter == 0 ? year + 3 : begins;

		if (ends >= first && begins <= last)
			continue;
		quarter_format(first, from);
		quarter_format(last, to);
		snprintf(span, sizeof(span), "%s … %s", from, to);
		plan_report(c, AT_KEY(at, period_key(list[i].year, list[i].quarter, key)),
		            list[i].quarter == 0 ? N_("the year is outside the period %s")
		                                 : N_("the quarter is outside the period %s"),
		            span);
	}
}

/* What the quarters of a year come to, of which only those within the days can have a
 * target; false when one of them has none.  No overflow: four numbers of
 * PLAN_NUMBER_MAX. */
static bool
year_of_quarters(const struct plan_indicator *indicator, const struct plan_programmed *list,
                 size_t count, int year, struct plan_period days, int64_t *ret_value)
{
	bool any = false;

	*ret_value = 0;
	for (int quarter = 1; quarter <= 4; quarter++) {
		const uint64_t number = (uint64_t) year * 4 + (uint64_t) quarter - 1;
		const struct plan_programmed *t;

		if (number < quarter_of(days.from) || number > quarter_of(days.to))
			continue;
		t = find(list, count, year, quarter);
		if (!t)
			return false;
		any = true;
		*ret_value = is_sum(indicator) ? *ret_value + t->value : t->value;
	}
	return any;
}

/* at is the place of the year's own target. */
static void
check_year(struct plan_checker *c, const struct plan_path *at,
           const struct plan_indicator *indicator, int64_t year, int64_t quarters)
{
	if (year != quarters)
		plan_report_number(
			c, at,
			is_sum(indicator) ? N_("must be %s, the sum of the targets of its quarters")
					  : N_("must be %s, the target of its last quarter"),
			quarters);
}

static void
check_whole(struct plan_checker *c, const struct plan_path *at,
            const struct plan_indicator *indicator, struct plan_period days)
{
	char key[KEY_BYTES];
	int64_t quarters;

	check_within(c, AT_KEY(at, "quarter_targets"), indicator->quarter_targets,
	             indicator->quarter_target_count, days);
	for (size_t i = 0; i < indicator->target_count; i++) {
		const struct plan_target *t = &indicator->targets[i];

		if (year_of_quarters(indicator, indicator->quarter_targets,
		                     indicator->quarter_target_count, t->year, days, &quarters))
			check_year(c, AT_KEY(AT_KEY(at, "targets"), period_key(t->year, 0, key)),
			           indicator, t->value, quarters);
	}
}

static void
check_unit(struct plan_checker *c, const struct plan_path *at,
           const struct plan_indicator *indicator, const struct plan_unit_targets *u,
           struct plan_period days)
{
	char key[KEY_BYTES];
	int64_t quarters;

	check_within(c, at, u->targets, u->target_count, days);
	for (size_t i = 0; i < u->target_count; i++) {
		const struct plan_programmed *t = &u->targets[i];

		if (t->quarter == 0 &&
		    year_of_quarters(indicator, u->targets, u->target_count, t->year, days,
		                     &quarters))
			check_year(c, AT_KEY(at, period_key(t->year, 0, key)), indicator, t->value,
			           quarters);
	}
}

/* What all units together have of each target of the whole; sums is zeroed, one for
 * each of its years, then of its quarters.  No overflow: PLAN_LIST_MAX numbers of
 * PLAN_NUMBER_MAX. */
static void
sum_units(const struct plan_indicator *indicator, int64_t *sums)
{
	for (size_t i = 0; i < indicator->unit_target_count; i++) {
		const struct plan_unit_targets *u = &indicator->unit_targets[i];
		size_t year = 0;

		for (size_t k = 0; k < u->target_count; k++) {
			const struct plan_programmed *t = &u->targets[k];
			const struct plan_programmed *whole;

			/* both lists ascend */
			while (year < indicator->target_count &&
			       indicator->targets[year].year < t->year)
				year++;
			if (t->quarter == 0 && year < indicator->target_count &&
			    indicator->targets[year].year == t->year)
				sums[year] += t->value;
			whole = find(indicator->quarter_targets, indicator->quarter_target_count,
			             t->year, t->quarter);
			if (whole)
				sums[indicator->target_count +
				     (size_t) (whole - indicator->quarter_targets)] += t->value;
		}
	}
}

/* Units may have less than the whole, which the office keeps for later; more is told,
 * since a person may have meant it so. */
static void
note_excess(struct plan_checker *c, const struct plan_path *at,
            const struct plan_indicator *indicator)
{
	static const char exceeded[] = N_("the targets of the units add up to more, %s");
	const struct plan_path *years = AT_KEY(at, "targets");
	const struct plan_path *quarters = AT_KEY(at, "quarter_targets");
	size_t year_count = indicator->target_count;
	char key[KEY_BYTES];
	int64_t *sums;

	if (indicator->unit_target_count == 0)
		return;
	sums = plan_alloc(c, year_count + indicator->quarter_target_count, sizeof(*sums));
	if (!sums) /* nothing to exceed, or no memory, which sticks */
		return;
	sum_units(indicator, sums);
	for (size_t i = 0; i < year_count; i++) {
		const struct plan_target *t = &indicator->targets[i];

		if (sums[i] > t->value)
			plan_note_number(c, AT_KEY(years, period_key(t->year, 0, key)), exceeded,
			                 sums[i]);
	}
	for (size_t i = 0; i < indicator->quarter_target_count; i++) {
		const struct plan_programmed *t = &indicator->quarter_targets[i];
		int64_t sum = sums[year_count + i];

		if (sum > t->value)
			plan_note_number(c, AT_KEY(quarters, period_key(t->year, t->quarter, key)),
			                 exceeded, sum);
	}
}

void
plan_check_programmed(struct plan_checker *c, const struct plan_path *at,
                      const struct plan_indicator *indicator)
{
	const struct plan_path *at_units = AT_KEY(at, "unit_targets");
	struct plan_period days;

	for (size_t i = 0; i < indicator->unit_target_count; i++)
		plan_check_code(c, AT_KEY(at_units, indicator->unit_targets[i].unit),
		                indicator->unit_targets[i].unit, TABLE_UNITS);
	if (!plan_indicator_days(c->p, indicator, &days) ||
	    (unsigned) indicator->accumulation == UNSET_WORD)
		return;
	check_whole(c, at, indicator, days);
	for (size_t i = 0; i < indicator->unit_target_count; i++)
		check_unit(c, AT_KEY(at_units, indicator->unit_targets[i].unit), indicator,
		           &indicator->unit_targets[i], days);
	if (is_sum(indicator))
		note_excess(c, at, indicator);
}
