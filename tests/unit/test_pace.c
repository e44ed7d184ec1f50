#include <string.h>

#include "hub/pace.h"
#include "tests/support/check.h"

static date
day(const char *text)
{
	date d = 0;

	assert_status(date_parse(text, strlen(text), &d), ST_OK);
	return d;
}

static const struct plan_thresholds thresholds = { 50, 75, 125 };

/* Of the plan's period 2023 to 2026. */
static struct pace
ask(const struct plan_indicator *indicator, const char *cutoff,
    const struct progress_result *results, size_t count)
{
	struct plan_period period = { day("2023-01-01"), day("2026-12-31") };
	struct progress p = progress_of(indicator, period, thresholds, day(cutoff), results, count);

	return pace_of(indicator, period, day(cutoff), &p);
}

static void
assert_days(struct plan_period p, const char *from, const char *to)
{
	char text[DATE_TEXT_BYTES];

	date_format(p.from, text);
	assert_string_equal(text, from);
	date_format(p.to, text);
	assert_string_equal(text, to);
}

/* 430 + 520 + 260 of 2,000 at the end of June 2025: 30 months past, 18 ahead. */
static void
a_sum_goes_from_0_to_the_goal(void **ctx)
{
	static const struct progress_result results[] = { { 2023, 430 },
		                                          { 2024, 520 },
		                                          { 2025, 260 } };
	struct plan_indicator indicator = { .accumulation = ACCUMULATION_SUM, .goal = 2000 };
	struct pace p = ask(&indicator, "2025-06-30", results, 3);

	(void) ctx;
	assert_int_equal(p.months_past, 30);
	assert_int_equal(p.months_ahead, 18);
	assert_days(p.past, "2023-01-01", "2025-06-30");
	assert_days(p.ahead, "2025-07-01", "2026-12-31");
	assert_int_equal(p.pace.n, 403);               /* 1210 / 30 = 40.33 */
	assert_int_equal(p.needed.n, 439);             /* 790 / 18 = 43.89 */
	assert_int_equal(p.projection.n, 1936);        /* 1210 + 40.33 x 18 */
	p = ask(&indicator, "2025-06-01", results, 3); /* the month counts whole */
	assert_int_equal(p.months_past, 30);
}

/* From 127, at 134, to 142. */
static void
a_level_goes_from_the_baseline(void **ctx)
{
	static const struct progress_result results[] = { { 2024, 131 }, { 2025, 134 } };
	struct plan_indicator indicator = {
		.accumulation = ACCUMULATION_CAPACITY,
		.has_baseline = true,
		.baseline = 127,
		.goal = 142,
	};
	struct pace p = ask(&indicator, "2025-06-30", results, 2);

	(void) ctx;
	assert_int_equal(p.pace.n, 2);         /* 7 / 30 = 0.233 */
	assert_int_equal(p.needed.n, 4);       /* 8 / 18 = 0.444 */
	assert_int_equal(p.projection.n, 138); /* 134 + 7 x 18 / 30 = 138.2 */
	p = ask(&indicator, "2025-06-30", NULL, 0);
	assert_int_equal(p.needed.n, 8); /* 15 / 18 = 0.833 */
	assert_int_equal(p.pace.why, PROGRESS_NO_DATA);
	assert_int_equal(p.projection.why, PROGRESS_NO_DATA);
}

static void
a_reduction_goes_down(void **ctx)
{
	static const struct progress_result results[] = { { 2024, 30 } };
	struct plan_indicator indicator = {
		.accumulation = ACCUMULATION_REDUCTION,
		.has_baseline = true,
		.baseline = 40,
		.goal = 20,
	};
	struct pace p = ask(&indicator, "2024-12-31", results, 1);

	(void) ctx;
	assert_int_equal(p.pace.n, -4);   /* -10 / 24 = -0.417 */
	assert_int_equal(p.needed.n, -4); /* -10 / 24 */
	assert_int_equal(p.projection.n, 20);
}

static void
a_flow_is_of_its_year(void **ctx)
{
	static const struct plan_target targets[] = { { 2024, 110000 } };
	static const struct progress_result results[] = { { 2023, 90000 }, { 2024, 49500 } };
	struct plan_indicator indicator = {
		.accumulation = ACCUMULATION_FLOW,
		.goal = 130000,
		.targets = targets,
		.target_count = 1,
	};
	struct pace p = ask(&indicator, "2024-06-30", results, 2);

	(void) ctx;
	assert_days(p.past, "2024-01-01", "2024-06-30");
	assert_days(p.ahead, "2024-07-01", "2024-12-31");
	assert_int_equal(p.pace.n, 82500);
	assert_int_equal(p.needed.n, 100833); /* 60,500 / 6 */
	assert_int_equal(p.projection.n, 99000);
	indicator.target_count = 0;
	p = ask(&indicator, "2024-06-30", results, 2);
	assert_int_equal(p.needed.why, PROGRESS_NO_TARGET);
	assert_int_equal(p.pace.n, 82500);
}

static void
at_the_ends_there_is_nothing_to_divide_by(void **ctx)
{
	static const struct progress_result results[] = { { 2026, 1900 } };
	struct plan_indicator indicator = { .accumulation = ACCUMULATION_SUM, .goal = 2000 };
	struct pace p = ask(&indicator, "2027-05-01", results, 1);

	(void) ctx;
	assert_int_equal(p.months_past, 48);
	assert_int_equal(p.months_ahead, 0);
	assert_int_equal(p.needed.why, PROGRESS_INVALID);
	assert_int_equal(p.projection.n, 1900);
	assert_true(p.ahead.from > p.ahead.to);
	p = ask(&indicator, "2022-12-31", NULL, 0);
	assert_int_equal(p.months_past, 0);
	assert_int_equal(p.months_ahead, 48);
	assert_int_equal(p.pace.why, PROGRESS_NO_DATA);
}

static void
what_does_not_add_up_has_no_pace(void **ctx)
{
	static const struct progress_result results[] = { { 2024, 125 } };
	struct plan_indicator indicator = { .accumulation = ACCUMULATION_STOCK, .goal = 127 };
	struct pace p = ask(&indicator, "2024-12-31", results, 1);

	(void) ctx;
	assert_int_equal(p.pace.why, PROGRESS_INVALID);
	assert_int_equal(p.needed.why, PROGRESS_INVALID);
	assert_int_equal(p.projection.why, PROGRESS_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sum_goes_from_0_to_the_goal),
		cmocka_unit_test(a_level_goes_from_the_baseline),
		cmocka_unit_test(a_reduction_goes_down),
		cmocka_unit_test(a_flow_is_of_its_year),
		cmocka_unit_test(at_the_ends_there_is_nothing_to_divide_by),
		cmocka_unit_test(what_does_not_add_up_has_no_pace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
