#include <string.h>

#include "hub/progress.h"
#include "tests/support/check.h"

static const struct plan_period plan_years = { 19358, 20818 }; /* 2023-01-01, 2026-12-31 */
static const struct plan_thresholds lights = { 50, 75, 125 };

static date
day(const char *text)
{
	date d = 0;

	assert_status(date_parse(text, strlen(text), &d), ST_OK);
	return d;
}

/* An indicator with a target a year from 2023 on; 0 targets: none. */
static struct plan_indicator
indicator(plan_accumulation accumulation, int64_t baseline, int64_t goal,
          const struct plan_target *targets, size_t count)
{
	return (struct plan_indicator) {
		.code = "X",
		.name = "X",
		.accumulation = accumulation,
		.has_baseline = true,
		.baseline = baseline,
		.goal = goal,
		.targets = targets,
		.target_count = count,
	};
}

#define PROGRESS(ind, cutoff, ...) \
	progress_of(&(ind), plan_years, lights, day(cutoff), \
	            (const struct progress_result[]) { __VA_ARGS__ }, \
	            LENGTH(((const struct progress_result[]) { __VA_ARGS__ })))

#define assert_number(number, want) \
	do { \
		struct progress_number got_ = (number); \
		if (got_.why != PROGRESS_KNOWN) \
			fail_msg("%s: '%s', want %lld", #number, progress_reason_text(got_.why), \
			         (long long) (want)); \
		if (got_.n != (want)) \
			fail_msg("%s: %lld, want %lld", #number, (long long) got_.n, \
			         (long long) (want)); \
	} while (0)

#define assert_why(number, reason) \
	do { \
		struct progress_number got_ = (number); \
		if (got_.why != (reason)) \
			fail_msg("%s: '%s' %lld, want '%s'", #number, \
			         progress_reason_text(got_.why), (long long) got_.n, \
			         progress_reason_text(reason)); \
		assert_int_equal(got_.n, 0); \
	} while (0)

static const struct plan_target sums[] = {
	{ 2023, 500 },
	{ 2024, 500 },
	{ 2025, 500 },
	{ 2026, 500 },
};
static const struct plan_target levels[] = {
	{ 2023, 129 },
	{ 2024, 133 },
	{ 2025, 138 },
	{ 2026, 142 },
};

static void
acumulado_sums_and_the_baseline_only_informs(void **ctx)
{
	struct plan_indicator ind = indicator(ACCUMULATION_SUM, 1958, 2000, sums, 4);
	struct progress p = PROGRESS(ind, "2023-12-31", { 2023, 430 });

	(void) ctx;
	assert_number(p.year_percent, 860);
	p = PROGRESS(ind, "2024-12-31", { 2023, 430 }, { 2024, 520 });
	assert_number(p.value, 950);
	assert_number(p.year_target, 500);
	assert_number(p.year_percent, 1040);
	assert_number(p.term, 475);
	p = PROGRESS(ind, "2025-06-30", { 2023, 430 }, { 2024, 520 }, { 2025, 260 });
	assert_int_equal(p.year, 2025);
	assert_number(p.to_date, 968);
	assert_number(p.term, 605);
	assert_number(p.due, 625);
	assert_number(p.gap, -20);
	assert_int_equal(p.light, LIGHT_GREEN);
}

static void
capacidad_measures_the_way_from_the_baseline(void **ctx)
{
	struct plan_indicator ind = indicator(ACCUMULATION_CAPACITY, 127, 142, levels, 4);
	struct progress p = PROGRESS(ind, "2024-12-31", { 2024, 131 });

	(void) ctx;
	assert_number(p.value, 131);
	assert_number(p.year_percent, 667);
	assert_number(p.term, 267);
	p = PROGRESS(ind, "2025-06-30", { 2024, 131 }, { 2025, 134 });
	assert_number(p.to_date, 824); /* of 135.5, which no integer holds */
	assert_number(p.year_target, 138);
	p = PROGRESS(ind, "2025-06-30", { 2024, 134 }); /* a level stays until the next */
	assert_number(p.value, 134);
	assert_number(p.to_date, 824);
	p = PROGRESS(ind, "2023-06-30", { 2023, 126 }); /* in the first year from the baseline */
	assert_number(p.to_date, -1000);
	assert_int_equal(p.light, LIGHT_RED);
}

static void
flujo_is_a_year_on_its_own(void **ctx)
{
	static const struct plan_target targets[] = {
		{ 2023, 100000 },
		{ 2024, 110000 },
		{ 2025, 120000 },
		{ 2026, 130000 },
	};
	struct plan_indicator ind = indicator(ACCUMULATION_FLOW, 0, 130000, targets, 4);
	struct progress p = PROGRESS(ind, "2024-12-31", { 2023, 50000 }, { 2024, 99000 });

	(void) ctx;
	assert_number(p.value, 99000);
	assert_number(p.year_percent, 900);
	assert_number(p.term, 762);
	p = PROGRESS(ind, "2024-06-15", { 2024, 27500 });
	assert_number(p.to_date, 500);
	assert_int_equal(p.light, LIGHT_RED);
}

static void
stock_is_level_by_target(void **ctx)
{
	static const struct plan_target targets[] = { { 2024, 127 } };
	struct plan_indicator ind = indicator(ACCUMULATION_STOCK, 120, 127, targets, 1);
	struct progress p = PROGRESS(ind, "2024-03-31", { 2024, 125 });

	(void) ctx;
	assert_number(p.year_percent, 984);
	assert_number(p.term, 984);
	assert_number(p.to_date, 984); /* due from the first day of the year */
}

static void
reduccion_may_be_negative_or_over_100(void **ctx)
{
	static const struct plan_target targets[] = { { 2023, 37 }, { 2024, 34 } };
	struct plan_indicator ind = indicator(ACCUMULATION_REDUCTION, 40, 20, targets, 2);
	struct progress p = PROGRESS(ind, "2024-12-31", { 2024, 30 });

	(void) ctx;
	assert_number(p.year_percent, 1667);
	assert_number(p.term, 500);
	assert_number(p.to_date, 1667);
	assert_int_equal(p.light, LIGHT_ORANGE);
	p = PROGRESS(ind, "2024-04-30", { 2024, 36 }); /* due: 37 - 3 * 4/12 = 36 */
	assert_number(p.to_date, 1000);
	p = PROGRESS(ind, "2024-12-31", { 2024, 43 });
	assert_number(p.term, -150);
	assert_int_equal(p.light, LIGHT_RED);
}

static void
reduccion_anual_starts_from_the_year_before(void **ctx)
{
	static const struct plan_target targets[] = { { 2023, 35 }, { 2024, 30 } };
	struct plan_indicator ind = indicator(ACCUMULATION_ANNUAL_REDUCTION, 40, 20, targets, 2);
	struct progress p = PROGRESS(ind, "2024-12-31", { 2023, 36 }, { 2024, 33 });

	(void) ctx;
	assert_number(p.year_percent, 500);
	assert_why(p.term, PROGRESS_INVALID);
	assert_why(p.to_date, PROGRESS_INVALID);
	assert_int_equal(p.light, LIGHT_INVALID);
	assert_null(progress_light_name(p.light));
	p = PROGRESS(ind, "2024-12-31", { 2024, 33 }); /* what was last year is not known */
	assert_why(p.year_percent, PROGRESS_NO_DATA);
	p = PROGRESS(ind, "2023-12-31", { 2023, 36 });
	assert_number(p.year_percent, 800);
	p = PROGRESS(ind, "2024-12-31", { 2023, 36 }); /* nobody told of this year */
	assert_why(p.year_percent, PROGRESS_NO_DATA);
	assert_number(p.value, 36);
}

static void
distinct_things_sum_without_baseline(void **ctx)
{
	struct plan_indicator ind = indicator(ACCUMULATION_SUM, 0, 8, NULL, 0);
	struct progress p;

	(void) ctx;
	ind.has_baseline = false;
	p = PROGRESS(ind, "2025-12-31", { 2025, 3 });
	assert_number(p.term, 375);
}

static void
nothing_counted_is_no_data_and_never_0(void **ctx)
{
	struct plan_indicator ind = indicator(ACCUMULATION_SUM, 1958, 2000, sums, 4);
	struct progress p = progress_of(&ind, plan_years, lights, day("2025-06-30"), NULL, 0);

	(void) ctx;
	assert_why(p.value, PROGRESS_NO_DATA);
	assert_why(p.term, PROGRESS_NO_DATA);
	assert_why(p.year_percent, PROGRESS_NO_DATA);
	assert_why(p.to_date, PROGRESS_NO_DATA);
	assert_why(p.due, PROGRESS_NO_DATA);
	assert_why(p.gap, PROGRESS_NO_DATA);
	assert_number(p.year_target, 500);
	assert_int_equal(p.light, LIGHT_NO_DATA);
}

static void
a_level_without_events_is_the_baseline_and_says_so(void **ctx)
{
	struct plan_indicator ind = indicator(ACCUMULATION_CAPACITY, 127, 142, NULL, 0);
	struct progress p = progress_of(&ind, plan_years, lights, day("2025-06-30"), NULL, 0);

	(void) ctx;
	assert_int_equal(p.value.why, PROGRESS_BASELINE_ONLY);
	assert_int_equal(p.value.n, 127);
	assert_why(p.term, PROGRESS_NO_DATA);
	assert_why(p.year_target, PROGRESS_NO_TARGET);
	assert_int_equal(p.light, LIGHT_NO_DATA);

	ind.has_baseline = false;
	p = progress_of(&ind, plan_years, lights, day("2025-06-30"), NULL, 0);
	assert_why(p.value, PROGRESS_NO_DATA);
}

static void
a_missing_target_is_no_target(void **ctx)
{
	static const struct plan_target gap[] = { { 2023, 500 }, { 2025, 500 } };
	struct plan_indicator ind = indicator(ACCUMULATION_SUM, 1958, 2000, NULL, 0);
	struct progress p = PROGRESS(ind, "2026-12-31", { 2023, 1 }, { 2025, 1 });

	(void) ctx;
	assert_number(p.value, 2);
	assert_number(p.term, 1); /* 0.1 % */
	assert_why(p.year_target, PROGRESS_NO_TARGET);
	assert_why(p.year_percent, PROGRESS_NO_TARGET);
	assert_why(p.to_date, PROGRESS_NO_TARGET);
	assert_int_equal(p.light, LIGHT_NO_TARGET);

	/* What was due by 2025 needs the target of 2024 too. */
	ind = indicator(ACCUMULATION_SUM, 0, 2000, gap, 2);
	p = PROGRESS(ind, "2025-12-31", { 2025, 250 });
	assert_number(p.year_percent, 500);
	assert_why(p.to_date, PROGRESS_NO_TARGET);
	ind = indicator(ACCUMULATION_CAPACITY, 0, 2000, gap, 2);
	p = PROGRESS(ind, "2025-12-31", { 2025, 250 });
	assert_why(p.to_date, PROGRESS_NO_TARGET);
}

static void
a_silent_year_is_no_data(void **ctx)
{
	struct plan_indicator ind = indicator(ACCUMULATION_SUM, 1958, 2000, sums, 4);
	struct progress p = PROGRESS(ind, "2025-03-31", { 2023, 430 }, { 2024, 520 });

	(void) ctx;
	assert_why(p.year_percent, PROGRESS_NO_DATA);
	assert_number(p.to_date, 844); /* 950 of 1125 */
}

static void
division_by_0_has_no_percentage(void **ctx)
{
	static const struct plan_target zero[] = { { 2023, 0 }, { 2024, 127 } };
	struct plan_indicator ind = indicator(ACCUMULATION_SUM, 0, 0, zero, 1);
	struct progress p = PROGRESS(ind, "2023-12-31", { 2023, 5 });

	(void) ctx;
	assert_number(p.year_target, 0);
	assert_why(p.year_percent, PROGRESS_INVALID);
	assert_why(p.term, PROGRESS_INVALID);
	assert_why(p.to_date, PROGRESS_INVALID);
	ind = indicator(ACCUMULATION_CAPACITY, 127, 142, zero, 2);
	p = PROGRESS(ind, "2024-12-31", { 2024, 131 });
	assert_why(p.year_percent, PROGRESS_INVALID);
	ind.has_baseline = false; /* nowhere to start from */
	p = PROGRESS(ind, "2024-12-31", { 2024, 131 });
	assert_number(p.value, 131);
	assert_why(p.term, PROGRESS_INVALID);
}

static void
halves_are_rounded_away_from_0(void **ctx)
{
	struct plan_indicator ind = indicator(ACCUMULATION_CAPACITY, 0, 2000, NULL, 0);

	(void) ctx;
	assert_number(PROGRESS(ind, "2023-12-31", { 2023, 1 }).term, 1); /* 0.05 */
	assert_number(PROGRESS(ind, "2023-12-31", { 2023, -1 }).term, -1);
	assert_number(PROGRESS(ind, "2023-12-31", { 2023, 3 }).term, 2); /* 0.15 */
	ind.goal = 2001;
	assert_number(PROGRESS(ind, "2023-12-31", { 2023, 1 }).term, 0);
	ind = indicator(ACCUMULATION_REDUCTION, 2000, 0, NULL, 0);
	assert_number(PROGRESS(ind, "2023-12-31", { 2023, 1999 }).term, 1);
	assert_number(PROGRESS(ind, "2023-12-31", { 2023, 2001 }).term, -1);
}

static void
the_greatest_numbers_do_not_overflow(void **ctx)
{
	struct plan_indicator ind = indicator(ACCUMULATION_SUM, 0, PLAN_NUMBER_MAX, NULL, 0);
	struct progress p = PROGRESS(ind, "2024-12-31", { 2023, INT64_MAX }, { 2024, INT64_MAX });

	(void) ctx;
	assert_why(p.value, PROGRESS_INVALID); /* over 15 digits */
	ind.goal = 1;
	p = PROGRESS(ind, "2024-12-31", { 2023, INT64_MAX }, { 2024, INT64_MAX });
	assert_why(p.term, PROGRESS_INVALID);
	p = PROGRESS(ind, "2024-12-31", { 2023, INT64_C(999999999999) });
	assert_number(p.term, INT64_C(999999999999000));
	p = PROGRESS(ind, "2024-12-31", { 2023, INT64_C(1000000000000) });
	assert_why(p.term, PROGRESS_INVALID);
}

static void
the_cut_off_is_moved_into_the_period(void **ctx)
{
	struct plan_indicator ind = indicator(ACCUMULATION_SUM, 0, 2000, sums, 4);
	struct progress p = PROGRESS(ind, "2030-03-31", { 2026, 250 });

	(void) ctx;
	assert_int_equal(p.year, 2026);
	assert_number(p.year_percent, 500);
	assert_number(p.due, 1000);
	p = progress_of(&ind, plan_years, lights, day("2022-12-31"), NULL, 0);
	assert_int_equal(p.year, 2023);
	p = PROGRESS(ind, "2022-12-31", { 2023, 1 });
	assert_number(p.due, 0); /* nothing is due before it begins */

	ind.has_period = true;
	ind.period = (struct plan_period) { day("2024-01-01"), day("2025-12-31") };
	p = PROGRESS(ind, "2026-05-01", { 2024, 500 });
	assert_int_equal(p.year, 2025);
	assert_number(p.due, 500); /* 2023 is none of its years */
}

static void
lights_change_one_tenth_over_a_threshold(void **ctx)
{
	static const struct plan_target targets[] = { { 2023, 1000 } };
	static const struct {
		int64_t result;
		progress_light light;
	} cases[] = {
		{ 0, LIGHT_RED },       { 500, LIGHT_RED },   { 501, LIGHT_YELLOW },
		{ 750, LIGHT_YELLOW },  { 751, LIGHT_GREEN }, { 1250, LIGHT_GREEN },
		{ 1251, LIGHT_ORANGE },
	};
	struct plan_indicator ind = indicator(ACCUMULATION_SUM, 0, 1000, targets, 1);

	(void) ctx;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct progress p = PROGRESS(ind, "2023-12-31", { 2023, cases[i].result });

		if (p.light != cases[i].light)
			fail_msg("%lld of 1000: %s", (long long) cases[i].result,
			         progress_light_text(p.light));
	}
	ind.goal = 2000;
	assert_int_equal(progress_of(&ind, plan_years, (struct plan_thresholds) { 10, 20, 30 },
	                             day("2023-12-31"), &(struct progress_result) { 2023, 301 }, 1)
	                         .light,
	                 LIGHT_ORANGE);
}

/* 2025 programmed as 100, 20, 30, 350: the year's 500, but late in it. */
static const struct plan_programmed late[] = {
	{ 2025, 1, 100 },
	{ 2025, 2, 20 },
	{ 2025, 3, 30 },
	{ 2025, 4, 350 },
};

static void
targets_of_quarters_are_due_in_the_place_of_the_straight_line(void **ctx)
{
	static const struct {
		const char *cutoff;
		int64_t due; /* in tenths of a percent of 2,000 */
	} cases[] = {
		{ "2025-01-01", 517 }, /* 1000 + 100 / 3, the month counted whole */
		{ "2025-03-31", 550 }, { "2025-04-01", 553 }, { "2025-06-30", 560 },
		{ "2025-09-30", 575 }, { "2025-11-15", 692 }, { "2025-12-31", 750 },
		{ "2026-06-30", 875 }, /* no quarters there: as ever */
		{ "2024-06-30", 375 },
	};
	struct plan_indicator ind = indicator(ACCUMULATION_SUM, 0, 2000, sums, 4);

	(void) ctx;
	ind.quarter_targets = late;
	ind.quarter_target_count = 4;
	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_number(PROGRESS(ind, cases[i].cutoff, { 2023, 1 }).due, cases[i].due);
	ind.accumulation = ACCUMULATION_FLOW;
	ind.goal = 500;
	assert_number(PROGRESS(ind, "2025-05-01", { 2025, 1 }).due, 227); /* 100 + 20 * 2/3 */
}

static void
quarters_count_only_where_all_up_to_the_cut_off_are_given(void **ctx)
{
	struct plan_indicator ind = indicator(ACCUMULATION_SUM, 0, 2000, sums, 4);

	(void) ctx;
	ind.quarter_targets = late;
	ind.quarter_target_count = 2;
	assert_number(PROGRESS(ind, "2025-06-30", { 2025, 1 }).due, 560);
	assert_number(PROGRESS(ind, "2025-07-01", { 2025, 1 }).due, 646); /* 1000 + 500 * 7/12 */
	ind.quarter_targets = late + 1;                                   /* the first is missing */
	ind.quarter_target_count = 3;
	assert_number(PROGRESS(ind, "2025-06-30", { 2025, 1 }).due, 625);
	ind.has_period = true; /* now it lies outside the period */
	ind.period = (struct plan_period) { day("2025-06-30"), day("2026-12-31") };
	assert_number(PROGRESS(ind, "2025-06-30", { 2025, 1 }).due, 10);
	assert_number(PROGRESS(ind, "2025-06-29", { 2025, 1 }).due, 0);
	ind.targets = NULL; /* the quarters are enough for the first year */
	ind.target_count = 0;
	assert_number(PROGRESS(ind, "2025-09-30", { 2025, 1 }).due, 25);
	assert_why(PROGRESS(ind, "2026-01-31", { 2025, 1 }).due, PROGRESS_NO_TARGET);
}

static void
levels_go_from_the_target_of_one_quarter_to_that_of_the_next(void **ctx)
{
	static const struct plan_programmed quarters[] = {
		{ 2023, 1, 127 }, { 2023, 2, 127 }, { 2023, 3, 127 }, { 2023, 4, 129 },
		{ 2025, 1, 133 }, { 2025, 2, 136 }, { 2025, 3, 136 }, { 2025, 4, 138 },
	};
	struct plan_indicator ind = indicator(ACCUMULATION_CAPACITY, 127, 142, levels, 4);

	(void) ctx;
	ind.quarter_targets = quarters;
	ind.quarter_target_count = LENGTH(quarters);
	/* due 133 + 3 * 2/3 = 135: 4 of 8 from the baseline */
	assert_number(PROGRESS(ind, "2025-05-31", { 2025, 131 }).to_date, 500);
	/* due 133 from the target of 2024, 133 */
	assert_number(PROGRESS(ind, "2025-01-31", { 2025, 130 }).to_date, 500);
	/* due 127 + 2/3: from the baseline */
	assert_number(PROGRESS(ind, "2023-10-31", { 2023, 128 }).to_date, 1500);
	ind.targets = NULL; /* from the second quarter on that of the year before is not asked */
	ind.target_count = 0;
	assert_number(PROGRESS(ind, "2025-05-31", { 2025, 131 }).to_date, 500);
	assert_why(PROGRESS(ind, "2025-03-31", { 2025, 131 }).to_date, PROGRESS_NO_TARGET);

	ind = indicator(ACCUMULATION_STOCK, 0, 142, levels, 4);
	ind.quarter_targets = quarters;
	ind.quarter_target_count = LENGTH(quarters);
	assert_number(PROGRESS(ind, "2025-04-01", { 2025, 68 }).to_date, 500); /* of 136, whole */

	ind = indicator(ACCUMULATION_REDUCTION, 180, 127, NULL, 0);
	ind.quarter_targets = (const struct plan_programmed[]) { { 2023, 1, 150 } };
	ind.quarter_target_count = 1;
	assert_number(PROGRESS(ind, "2023-02-28", { 2023, 170 }).to_date, 500); /* due 160 */
}

/* Even quarters are the straight line itself. */
static void
even_quarters_change_nothing(void **ctx)
{
	struct plan_programmed even[16];
	struct plan_indicator plain, by_quarter;

	(void) ctx;
	for (plan_accumulation a = ACCUMULATION_SUM; a <= ACCUMULATION_REDUCTION; a++) {
		bool adds = a == ACCUMULATION_SUM || a == ACCUMULATION_FLOW;
		bool falls = a == ACCUMULATION_REDUCTION;
		struct plan_target years[4];

		if (a == ACCUMULATION_STOCK) /* whole from the first day on */
			continue;
		for (int i = 0; i < 4; i++)
			years[i] = (struct plan_target) { 2023 + i,
				                          adds            ? 400
				                                  : falls ? 1600 - 400 * i
				                                          : 400 * (i + 1) };
		for (int i = 0; i < 16; i++)
			even[i] = (struct plan_programmed) {
				2023 + i / 4,
				i % 4 + 1,
				adds            ? 100
					: falls ? 1900 - 100 * i
						: 100 * (i + 1),
			};
		plain = indicator(a, falls ? 2000 : 0, falls ? 400 : 1600, years, 4);
		by_quarter = plain;
		by_quarter.quarter_targets = even;
		by_quarter.quarter_target_count = 16;
		for (date d = plan_years.from - 40; d < plan_years.to + 40; d += 9) {
			struct progress_result one = { date_civil(d).year, 333 };
			struct progress x = progress_of(&plain, plan_years, lights, d, &one, 1);
			struct progress y = progress_of(&by_quarter, plan_years, lights, d, &one,
			                                1);

			assert_int_equal(x.due.n, y.due.n);
			assert_int_equal(x.to_date.n, y.to_date.n);
			assert_int_equal(x.gap.n, y.gap.n);
			assert_int_equal(x.light, y.light);
		}
	}
}

static void
tenths_are_written_with_one_decimal(void **ctx)
{
	static const struct {
		int64_t tenths;
		const char *text;
	} cases[] = {
		{ 824, "82.4" }, { 860, "86.0" },   { 0, "0.0" },
		{ -3, "-0.3" },  { -150, "-15.0" }, { INT64_MIN, "-922337203685477580.8" },
	};
	char text[TENTHS_TEXT_BYTES];

	(void) ctx;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		progress_tenths_text(cases[i].tenths, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void
each_reason_and_light_has_a_text(void **ctx)
{
	(void) ctx;
	for (int why = PROGRESS_KNOWN; why <= PROGRESS_INVALID; why++)
		assert_int_equal(progress_reason_name((progress_reason) why) == NULL,
		                 progress_reason_text((progress_reason) why)[0] == '\0');
	for (int light = LIGHT_RED; light <= LIGHT_INVALID; light++)
		assert_true(progress_light_text((progress_light) light)[0] != '\0');
	assert_string_equal(progress_light_name(LIGHT_NO_TARGET), "no_target");
	assert_string_equal(progress_reason_name(PROGRESS_BASELINE_ONLY), "baseline_only");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acumulado_sums_and_the_baseline_only_informs),
		cmocka_unit_test(capacidad_measures_the_way_from_the_baseline),
		cmocka_unit_test(flujo_is_a_year_on_its_own),
		cmocka_unit_test(stock_is_level_by_target),
		cmocka_unit_test(reduccion_may_be_negative_or_over_100),
		cmocka_unit_test(reduccion_anual_starts_from_the_year_before),
		cmocka_unit_test(distinct_things_sum_without_baseline),
		cmocka_unit_test(nothing_counted_is_no_data_and_never_0),
		cmocka_unit_test(a_level_without_events_is_the_baseline_and_says_so),
		cmocka_unit_test(a_missing_target_is_no_target),
		cmocka_unit_test(a_silent_year_is_no_data),
		cmocka_unit_test(division_by_0_has_no_percentage),
		cmocka_unit_test(halves_are_rounded_away_from_0),
		cmocka_unit_test(the_greatest_numbers_do_not_overflow),
		cmocka_unit_test(the_cut_off_is_moved_into_the_period),
		cmocka_unit_test(lights_change_one_tenth_over_a_threshold),
		cmocka_unit_test(targets_of_quarters_are_due_in_the_place_of_the_straight_line),
		cmocka_unit_test(quarters_count_only_where_all_up_to_the_cut_off_are_given),
		cmocka_unit_test(levels_go_from_the_target_of_one_quarter_to_that_of_the_next),
		cmocka_unit_test(even_quarters_change_nothing),
		cmocka_unit_test(tenths_are_written_with_one_decimal),
		cmocka_unit_test(each_reason_and_light_has_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
