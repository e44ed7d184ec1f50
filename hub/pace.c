#include "hub/pace.h"

enum { MONTHS = 12, TENTHS = 10 };

/* Months from the beginning of time, so that two of them have a distance. */
static int
month_number(date day)
{
	struct civil c = date_civil(day);

	return c.year * MONTHS + c.month - 1;
}

static date
first_of_month(int number)
{
	date day = DATE_MIN;

	date_from_civil((struct civil) { number / MONTHS, number % MONTHS + 1, 1 }, &day);
	return day;
}

static struct plan_period
year_of(int year)
{
	return (struct plan_period) { first_of_month(year * MONTHS),
		                      first_of_month((year + 1) * MONTHS) - 1 };
}

/* Twice as much and one half added away from zero; the division cuts towards zero. */
static int64_t
rounded(int64_t numerator, int64_t denominator)
{
	int64_t half = numerator < 0 ? -denominator : denominator;

	return (2 * numerator + half) / (2 * denominator);
}

static struct progress_number
missing(progress_reason why)
{
	return (struct progress_number) { why, 0 };
}

static struct progress_number
a_month(int64_t amount, int months)
{
	if (months == 0)
		return missing(PROGRESS_INVALID);
	return (struct progress_number) { PROGRESS_KNOWN, rounded(amount * TENTHS, months) };
}

/* The cut-off's own month is past whole; before the period nothing is. */
static void
fill_months(struct pace *pace, struct plan_period period, date cutoff)
{
	int first = month_number(period.from), end = month_number(period.to) + 1, next = first;

	if (cutoff >= period.from)
		next = cutoff >= period.to ? end : month_number(cutoff) + 1;
	pace->months_past = next - first;
	pace->months_ahead = end - next;
	pace->past = (struct plan_period) { period.from, first_of_month(next) - 1 };
	pace->ahead = (struct plan_period) { first_of_month(next), period.to };
	if (pace->past.to > period.to)
		pace->past.to = period.to;
	if (next == first)
		pace->ahead.from = period.from;
}

static bool
adds_up(plan_accumulation accumulation)
{
	return accumulation != ACCUMULATION_STOCK && accumulation != ACCUMULATION_ANNUAL_REDUCTION;
}

struct pace
pace_of(const struct plan_indicator *indicator, struct plan_period plan_period, date cutoff,
        const struct progress *p)
{
	bool of_year = indicator->accumulation == ACCUMULATION_FLOW;
	bool of_sum = of_year || indicator->accumulation == ACCUMULATION_SUM;
	struct plan_period period = indicator->has_period ? indicator->period : plan_period;
	int64_t goal = of_year ? p->year_target.n : indicator->goal;
	int64_t origin = of_sum ? 0 : indicator->baseline, value = p->value.n;
	struct pace pace = { .needed = missing(PROGRESS_INVALID),
		             .pace = missing(PROGRESS_INVALID),
		             .projection = missing(PROGRESS_INVALID) };

	fill_months(&pace, of_year ? year_of(p->year) : period, cutoff);
	if (!adds_up(indicator->accumulation) || (!of_sum && !indicator->has_baseline))
		return pace;
	if (p->value.why != PROGRESS_KNOWN && p->value.why != PROGRESS_BASELINE_ONLY) {
		pace.needed = pace.pace = pace.projection = missing(p->value.why);
		return pace;
	}
	pace.needed = of_year && p->year_target.why != PROGRESS_KNOWN
		? missing(p->year_target.why)
		: a_month(goal - value, pace.months_ahead);
	if (p->value.why == PROGRESS_BASELINE_ONLY) {
		pace.pace = pace.projection = missing(PROGRESS_NO_DATA);
		return pace;
	}
	pace.pace = a_month(value - origin, pace.months_past);
	if (pace.months_past > 0)
		pace.projection = (struct progress_number) {
			PROGRESS_KNOWN,
			value + rounded((value - origin) * pace.months_ahead, pace.months_past)
		};
	return pace;
}
