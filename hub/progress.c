/* Percentages are rounded once, at the end.  Rounding in between, or doubles, give
 * another last digit now and then, and a light that is yellow in one report and
 * green in the other. */
#include "hub/progress.h"

#include <inttypes.h>
#include <stdio.h>

#include "protocol/msgid.h"

/* Sums of 64-bit numbers in twelfths, times 1000 for tenths of a percent, need
 * 64 + 9 + 4 + 10 bits. */
__extension__ typedef __int128 wide;

enum { MONTHS = 12, TENTHS = 1000 };

/* 15 digits, which whoever reads JSON numbers as doubles still gets exactly. */
static const int64_t shown_max = INT64_C(999999999999999);

/* A number of twelfths, or why there is none. */
struct amount {
	progress_reason why;
	wide twelfths;
};

typedef enum result_source {
	RESULT_TOTAL,
	RESULT_YEAR,
	RESULT_LEVEL,
	RESULT_LEVEL_TOLD, /* in that very year: one that stands for it from before would
	                    * say that nothing changed */
} result_source;
typedef enum origin_source { ORIGIN_ZERO, ORIGIN_BASELINE, ORIGIN_PREVIOUS } origin_source;
typedef enum due_rule {
	DUE_NEVER,
	DUE_SUM,   /* targets of earlier years + the share of this one's */
	DUE_SHARE, /* the share of this year's target */
	DUE_STEP,  /* from the target before towards this year's */
	DUE_WHOLE, /* the year's target from its first day */
} due_rule;

/* clang-format off */
static const struct formula {
	result_source year, term;
	origin_source origin;
	due_rule due; /* DUE_NEVER: the year is all there is */
} formulas[] = {
	[ACCUMULATION_SUM]      = { RESULT_YEAR, RESULT_TOTAL, ORIGIN_ZERO, DUE_SUM },
	[ACCUMULATION_FLOW]     = { RESULT_YEAR, RESULT_YEAR, ORIGIN_ZERO, DUE_SHARE },
	[ACCUMULATION_CAPACITY] = { RESULT_LEVEL, RESULT_LEVEL, ORIGIN_BASELINE, DUE_STEP },
	[ACCUMULATION_STOCK]    = { RESULT_LEVEL, RESULT_LEVEL, ORIGIN_ZERO, DUE_WHOLE },
	[ACCUMULATION_REDUCTION] = { RESULT_LEVEL, RESULT_LEVEL, ORIGIN_BASELINE, DUE_STEP },
	[ACCUMULATION_ANNUAL_REDUCTION] = { RESULT_LEVEL_TOLD, RESULT_LEVEL, ORIGIN_PREVIOUS,
	                                    DUE_NEVER },
};
/* clang-format on */

/* All that a formula is made of. */
struct figures {
	const struct plan_indicator *indicator;
	const struct formula *formula;
	const struct progress_result *results;
	size_t count;
	int first_year, year, month;
	uint64_t first_quarter; /* of the period, as quarter_of() */
};

static struct amount
known(wide n)
{
	return (struct amount) { PROGRESS_KNOWN, n * MONTHS };
}

static struct amount
missing(progress_reason why)
{
	return (struct amount) { why, 0 };
}

static struct amount
minus(struct amount a, struct amount b)
{
	if (a.why != PROGRESS_KNOWN)
		return a;
	if (b.why != PROGRESS_KNOWN)
		return b;
	return (struct amount) { PROGRESS_KNOWN, a.twelfths - b.twelfths };
}

static struct amount
plus(struct amount a, struct amount b)
{
	if (a.why != PROGRESS_KNOWN)
		return a;
	if (b.why != PROGRESS_KNOWN)
		return b;
	return (struct amount) { PROGRESS_KNOWN, a.twelfths + b.twelfths };
}

static struct progress_number
number(wide n)
{
	if (n > shown_max || n < -shown_max)
		return (struct progress_number) { PROGRESS_INVALID, 0 };
	return (struct progress_number) { PROGRESS_KNOWN, (int64_t) n };
}

/* whole first: a missing target is told before a silent year.
 *
 * All is doubled, so that one half is a whole number: it is added away from zero, and the
 * division cuts towards zero. */
static struct progress_number
percent(struct amount part, struct amount whole)
{
	wide numerator, denominator, half;

	if (whole.why != PROGRESS_KNOWN)
		return (struct progress_number) { whole.why, 0 };
	if (part.why != PROGRESS_KNOWN)
		return (struct progress_number) { part.why, 0 };
	if (whole.twelfths == 0)
		return (struct progress_number) { PROGRESS_INVALID, 0 };
	numerator = part.twelfths * TENTHS * 2;
	denominator = whole.twelfths;
	if (denominator < 0) {
		numerator = -numerator;
		denominator = -denominator;
	}
	half = numerator < 0 ? -denominator : denominator;
	return number((numerator + half) / (2 * denominator));
}

static struct amount
target_of(const struct figures *f, int year)
{
	for (size_t i = 0; i < f->indicator->target_count; i++) {
		if (f->indicator->targets[i].year == year)
			return known(f->indicator->targets[i].value);
	}
	return missing(PROGRESS_NO_TARGET);
}

static struct amount
baseline_of(const struct figures *f)
{
	return f->indicator->has_baseline ? known(f->indicator->baseline)
					  : missing(PROGRESS_INVALID);
}

/* The level at the end of a year: the last one known by then.  Results ascend by year. */
static struct amount
level_of(const struct figures *f, int year)
{
	for (size_t i = f->count; i > 0; i--) {
		if (f->results[i - 1].year <= year)
			return known(f->results[i - 1].value);
	}
	return missing(PROGRESS_NO_DATA);
}

static struct amount
sum_of(const struct figures *f, int from, int to)
{
	struct amount sum = missing(PROGRESS_NO_DATA);

	for (size_t i = 0; i < f->count; i++) {
		if (f->results[i].year < from || f->results[i].year > to)
			continue;
		sum.why = PROGRESS_KNOWN;
		sum.twelfths += (wide) f->results[i].value * MONTHS;
	}
	return sum;
}

static struct amount
result_of(const struct figures *f, result_source source)
{
	switch (source) {
	case RESULT_TOTAL: return sum_of(f, f->first_year, f->year);
	case RESULT_YEAR: return sum_of(f, f->year, f->year);
	case RESULT_LEVEL: return level_of(f, f->year);
	case RESULT_LEVEL_TOLD:
		for (size_t i = 0; i < f->count; i++) {
			if (f->results[i].year == f->year)
				return known(f->results[i].value);
		}
		return missing(PROGRESS_NO_DATA);
	}
	return missing(PROGRESS_INVALID);
}

/* A year ago is before the plan in its first year, and what was then is the baseline.
 * Later a level that nobody reported is missing, and the baseline would be too old. */
static struct amount
origin_of(const struct figures *f)
{
	struct amount previous;

	switch (f->formula->origin) {
	case ORIGIN_ZERO: return known(0);
	case ORIGIN_BASELINE: return baseline_of(f);
	case ORIGIN_PREVIOUS:
		previous = level_of(f, f->year - 1);
		if (previous.why == PROGRESS_KNOWN || f->year > f->first_year)
			return previous;
		return baseline_of(f);
	}
	return missing(PROGRESS_INVALID);
}

/* What part / 12 of the way from a to b is.  Both are whole numbers, so twelfths are exact. */
static struct amount
between(struct amount a, struct amount b, int part)
{
	struct amount way = minus(b, a);

	if (way.why != PROGRESS_KNOWN)
		return way;
	return (struct amount) { PROGRESS_KNOWN, a.twelfths + way.twelfths / MONTHS * part };
}

static struct amount
quarter_target_of(const struct figures *f, int quarter)
{
	int64_t value;

	if (plan_programmed(f->indicator, (struct text) { 0 }, f->year, quarter, &value))
		return known(value);
	return missing(PROGRESS_NO_TARGET);
}

static int
quarter_of_month(int month)
{
	return (month - 1) / 3 + 1;
}

/* The first quarter of the year of the cut-off that lies in the period. */
static int
first_quarter_of(const struct figures *f)
{
	return f->year > f->first_year ? 1 : (int) (f->first_quarter % 4) + 1;
}

/* Before the first day of the period no quarter is running. */
static bool
has_quarters(const struct figures *f)
{
	if (f->month == 0)
		return false;
	for (int q = first_quarter_of(f); q <= quarter_of_month(f->month); q++) {
		if (quarter_target_of(f, q).why != PROGRESS_KNOWN)
			return false;
	}
	return true;
}

/* From start, which is where the year begins.  sums: targets of quarters add up. */
static struct amount
due_of_quarters(const struct figures *f, struct amount start, bool sums)
{
	const int running = quarter_of_month(f->month);
	const int months = f->month - 3 * (running - 1);
	struct amount end = start;

	for (int q = first_quarter_of(f); q <= running; q++) {
		start = end;
		end = sums ? plus(start, quarter_target_of(f, q)) : quarter_target_of(f, q);
	}
	return between(start, end, MONTHS / 3 * months);
}

static struct amount
due_in_year(const struct figures *f, struct amount start, struct amount end, bool sums)
{
	return has_quarters(f) ? due_of_quarters(f, start, sums) : between(start, end, f->month);
}

/* What should be there by the end of the month of the cut-off: targets are those of
 * years and quarters, and in March nobody is late for December. */
static struct amount
due_of(const struct figures *f)
{
	struct amount target = target_of(f, f->year), earlier = known(0), before;

	switch (f->formula->due) {
	case DUE_SUM:
		for (int year = f->first_year; year < f->year; year++) {
			before = target_of(f, year);
			if (before.why != PROGRESS_KNOWN)
				return before;
			earlier.twelfths += before.twelfths;
		}
		return due_in_year(f, earlier, plus(target, earlier), true);
	case DUE_SHARE: return due_in_year(f, known(0), target, true);
	case DUE_STEP:
		before = f->year > f->first_year ? target_of(f, f->year - 1) : baseline_of(f);
		return due_in_year(f, before, target, false);
	case DUE_WHOLE:
		return has_quarters(f) ? quarter_target_of(f, quarter_of_month(f->month)) : target;
	case DUE_NEVER: break;
	}
	return missing(PROGRESS_INVALID);
}

/* From the number as it is shown, in tenths, and thresholds in percent: a light never
 * contradicts the number beside it. */
static progress_light
light_of(struct progress_number to_date, struct plan_thresholds t)
{
	switch (to_date.why) {
	case PROGRESS_KNOWN:
	case PROGRESS_BASELINE_ONLY: break;
	case PROGRESS_NO_DATA: return LIGHT_NO_DATA;
	case PROGRESS_NO_TARGET: return LIGHT_NO_TARGET;
	case PROGRESS_INVALID: return LIGHT_INVALID;
	}
	if (to_date.n <= (int64_t) t.red * 10)
		return LIGHT_RED;
	if (to_date.n <= (int64_t) t.yellow * 10)
		return LIGHT_YELLOW;
	return to_date.n <= (int64_t) t.green * 10 ? LIGHT_GREEN : LIGHT_ORANGE;
}

/* A level nobody has reported on since is what it was: the baseline, marked. */
static struct progress_number
value_of(const struct figures *f, struct amount result)
{
	if (result.why == PROGRESS_KNOWN)
		return number(result.twelfths / MONTHS);
	if (f->formula->term == RESULT_LEVEL && f->indicator->has_baseline)
		return (struct progress_number) { PROGRESS_BASELINE_ONLY, f->indicator->baseline };
	return (struct progress_number) { result.why, 0 };
}

/* After the last day of its period an indicator stays where it ended. */
static struct figures
figures_of(const struct plan_indicator *indicator, struct plan_period period, date cutoff)
{
	struct figures f = {
		.indicator = indicator,
		.formula = &formulas[indicator->accumulation],
		.first_year = date_civil(period.from).year,
		.first_quarter = quarter_of(period.from),
	};
	struct civil day = date_civil(cutoff > period.to ? period.to : cutoff);

	f.year = cutoff < period.from ? f.first_year : day.year;
	f.month = cutoff < period.from ? 0 : day.month;
	return f;
}

static void
fill_percentages(const struct figures *f, struct progress *p)
{
	struct amount origin = origin_of(f), due = due_of(f);
	struct amount goal = minus(known(f->indicator->goal), origin);
	struct amount result = result_of(f, f->formula->term);

	p->year_percent = percent(minus(result_of(f, f->formula->year), origin),
	                          minus(target_of(f, f->year), origin));
	p->to_date = percent(minus(result, origin), minus(due, origin));
	/* each year starts from the one before: there is no way to the goal to be part of */
	if (f->formula->due == DUE_NEVER)
		goal = missing(PROGRESS_INVALID);
	p->term = percent(minus(result, origin), goal);
	p->due = percent(minus(due, origin), goal);
	p->gap = percent(minus(result, due), goal);
}

struct progress
progress_of(const struct plan_indicator *indicator, struct plan_period plan_period,
            struct plan_thresholds thresholds, date cutoff, const struct progress_result *results,
            size_t count)
{
	struct plan_period period = indicator->has_period ? indicator->period : plan_period;
	struct figures f = figures_of(indicator, period, cutoff);
	struct amount target = target_of(&f, f.year);
	const struct progress_number no_data = { PROGRESS_NO_DATA, 0 };
	struct progress p = {
		.year = f.year,
		.term = no_data,
		.year_percent = no_data,
		.to_date = no_data,
		.due = no_data,
		.gap = no_data,
	};

	f.results = results;
	f.count = count;
	p.value = value_of(&f, result_of(&f, f.formula->term));
	p.year_target = target.why == PROGRESS_KNOWN ? number(target.twelfths / MONTHS)
						     : (struct progress_number) { target.why, 0 };
	if (count > 0)
		fill_percentages(&f, &p);
	p.light = light_of(p.to_date, thresholds);
	return p;
}

const char *
progress_reason_name(progress_reason why)
{
	switch (why) {
	case PROGRESS_KNOWN: return NULL;
	case PROGRESS_BASELINE_ONLY: return "baseline_only";
	case PROGRESS_NO_DATA: return "no_data";
	case PROGRESS_NO_TARGET: return "no_target";
	case PROGRESS_INVALID: break;
	}
	return "invalid";
}

const char *
progress_reason_text(progress_reason why)
{
	switch (why) {
	case PROGRESS_KNOWN: return "";
	case PROGRESS_BASELINE_ONLY: return N_("baseline only");
	case PROGRESS_NO_DATA: return N_("no data");
	case PROGRESS_NO_TARGET: return N_("no target");
	case PROGRESS_INVALID: break;
	}
	return N_("not defined");
}

const char *
progress_light_name(progress_light light)
{
	switch (light) {
	case LIGHT_RED: return "red";
	case LIGHT_YELLOW: return "yellow";
	case LIGHT_GREEN: return "green";
	case LIGHT_ORANGE: return "orange";
	case LIGHT_NO_DATA: return "no_data";
	case LIGHT_NO_TARGET: return "no_target";
	case LIGHT_INVALID: break;
	}
	return NULL;
}

const char *
progress_light_text(progress_light light)
{
	switch (light) {
	case LIGHT_RED: return N_("red");
	case LIGHT_YELLOW: return N_("yellow");
	case LIGHT_GREEN: return N_("green");
	case LIGHT_ORANGE: return N_("orange");
	case LIGHT_NO_DATA: return N_("no data");
	case LIGHT_NO_TARGET: return N_("no target");
	case LIGHT_INVALID: break;
	}
	return N_("not defined");
}

/* Made positive as an unsigned number: INT64_MIN has no positive one. */
void
progress_tenths_text(int64_t tenths, char ret_text[static TENTHS_TEXT_BYTES])
{
	uint64_t size = tenths < 0 ? -(uint64_t) tenths : (uint64_t) tenths;

	snprintf(ret_text, TENTHS_TEXT_BYTES, "%s%" PRIu64 ".%u", tenths < 0 ? "-" : "", size / 10,
	         (unsigned) (size % 10));
}
