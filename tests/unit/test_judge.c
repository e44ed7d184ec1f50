#include "tests/support/check.h"

#include <string.h>

#include "hub/judge.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/plan_base.h"

enum { DAY = 20406 /* 2025-11-14 */, BEFORE_RETIRED = 20269 /* 2025-06-30 */ };
enum { QUARTER = 2025 * 4 + 3, Q4_2022 = 2022 * 4 + 3, Q1_2023, Q4_2026 = 2026 * 4 + 3, Q1_2027 };

static const char PROJECT[] = "2018011000755";

static plan *
base_with(const char *pointer, const char *json)
{
	struct plan_problems problems = { 0 };
	json_t *root = plan_base();
	plan *p = NULL;

	if (pointer)
		plan_base_edit(root, pointer, json);
	assert_status(plan_base_parse_document(root, &problems, &p), ST_OK);
	plan_problems_done(&problems);
	return p;
}

static struct device
device_for(const char *unit, device_role role)
{
	struct device d = { .role = role };

	if (unit)
		d.units.list[d.units.count++] = text_of(unit);
	return d;
}

/* With an indicator of levels, from 2024-02-15 to 2025-12-31, and two risks. */
static plan *
full_plan(void)
{
	struct plan_problems problems = { 0 };
	json_t *root = plan_base();
	plan *p = NULL;

	plan_base_edit(root, "/indicators/-",
	               "{\"code\": \"IND-3\", \"name\": \"Dotación\", \"accumulation\": \"stock\","
	               " \"baseline\": null, \"baseline_included\": false, \"goal\": 50,"
	               " \"by\": \"level\", \"targets\": {}, \"links\": [],"
	               " \"period\": {\"from\": \"2024-02-15\", \"to\": \"2025-12-31\"}}");
	plan_base_edit(root, "/risks/-", "{\"code\": \"RSK-1\", \"name\": \"Uno\"}");
	plan_base_edit(root, "/risks/-",
	               "{\"code\": \"RSK-2\", \"name\": \"Dos\", \"retired\": \"2025-10-01\"}");
	assert_status(plan_base_parse_document(root, &problems, &p), ST_OK);
	plan_problems_done(&problems);
	return p;
}

/* What a device of con-a and con-zz, which is not in the plan, hears of an event. */
static hold
judged_fully(const struct event *e)
{
	struct device d = device_for("con-a", ROLE_DEVICE);
	plan *p = full_plan();
	hold h;

	d.units.list[d.units.count++] = text_of("con-zz");
	h = judge(e, HOLD_NONE, p, &d, false);
	plan_free(&p);
	return h;
}

/* What the device of con-a hears of an event. */
static hold
judged(const struct event *e)
{
	struct device d = device_for("con-a", ROLE_DEVICE);
	plan *p = base_with(NULL, NULL);
	hold h = judge(e, HOLD_NONE, p, &d, false);

	plan_free(&p);
	return h;
}

static plan *
reporting_plan(const char *reporting)
{
	struct plan_problems problems = { 0 };
	json_t *root = plan_base();
	plan *p = NULL;

	plan_base_edit_quoted(root, "/reporting", reporting);
	plan_base_edit_quoted(root, "/indicators/1/by", "'level'");
	plan_base_edit_quoted(root, "/indicators/1/baseline_keys", NULL);
	assert_status(plan_base_parse_document(root, &problems, &p), ST_OK);
	plan_problems_done(&problems);
	return p;
}

/* The same where embassies alone report IND-1, and con-b alone 1.1.01. */
static hold
judged_with_reporting(const struct event *e)
{
	struct device d = device_for("con-a", ROLE_DEVICE);
	plan *p = reporting_plan("[{'code': 'IND-1', 'kinds': ['embassy']},"
	                         " {'code': '1.1.01', 'units': ['con-b']}]");
	hold h = judge(e, HOLD_NONE, p, &d, false);

	plan_free(&p);
	return h;
}

static void
what_fits_the_plan_is_not_held(void **ctx)
{
	(void) ctx;
	struct event e = test_activity("con-a", DAY);

	test_mode(&e, "movil");
	test_count(&e, "attended", 3);
	test_group(&e, "ACT-1", 2);
	test_initiatives(&e, "1.1.01");
	assert_int_equal(judged(&e), HOLD_NONE);
	test_indicator(&e, NULL);
	assert_int_equal(judged(&e), HOLD_NONE);
}

static void
what_could_not_be_read_stays_held_as_it_was(void **ctx)
{
	(void) ctx;
	static const hold reasons[] = { HOLD_ERASED,  HOLD_MALFORMED, HOLD_LIMIT,
		                        HOLD_VERSION, HOLD_KIND,      HOLD_KEY };
	struct device d = device_for(NULL, ROLE_DEVICE);
	struct event e = { 0 };

	for (size_t i = 0; i < LENGTH(reasons); i++)
		assert_int_equal(judge(&e, reasons[i], NULL, &d, false), reasons[i]);
}

static void
a_device_reports_for_its_units_and_the_office_for_all(void **ctx)
{
	(void) ctx;
	const struct event e = test_activity("con-a", DAY);
	struct device own = device_for("con-a", ROLE_DEVICE);
	struct device other = device_for("con-b", ROLE_DEVICE);
	struct device office = device_for("area-x", ROLE_OFFICE);
	struct device hub_itself = device_for(NULL, ROLE_HUB);
	plan *p = base_with(NULL, NULL);

	assert_int_equal(judge(&e, HOLD_NONE, p, &own, false), HOLD_NONE);
	assert_int_equal(judge(&e, HOLD_NONE, p, &other, false), HOLD_RIGHT);
	assert_int_equal(judge(&e, HOLD_NONE, p, &office, false), HOLD_NONE);
	assert_int_equal(judge(&e, HOLD_NONE, p, &hub_itself, false), HOLD_RIGHT);
	plan_free(&p);
}

static void
only_office_and_hub_publish_plans(void **ctx)
{
	(void) ctx;
	const struct event e = { .kind = KIND_PLAN };
	struct device own = device_for("con-a", ROLE_DEVICE);
	struct device office = device_for("area-x", ROLE_OFFICE);
	struct device hub_itself = device_for(NULL, ROLE_HUB);

	assert_int_equal(judge(&e, HOLD_NONE, NULL, &own, false), HOLD_RIGHT);
	assert_int_equal(judge(&e, HOLD_NONE, NULL, &office, false), HOLD_NONE);
	assert_int_equal(judge(&e, HOLD_NONE, NULL, &hub_itself, false), HOLD_NONE);
}

static void
a_unit_reports_only_what_the_plan_lets_it(void **ctx)
{
	(void) ctx;
	static const struct {
		const char *unit, *indicator, *initiatives, *not_reported;
	} cases[] = {
		{ "con-a", "IND-1", NULL, "IND-1" },
		{ "con-a", "IND-1", "1.1.01", "IND-1" },
		{ "con-a", NULL, "1.1.02", NULL },
		{ "con-a", NULL, "1.1.01,1.1.02", "1.1.01" },
		{ "con-b", "IND-1", "1.1.01", NULL }, /* an embassy */
		{ "area-x", "IND-1", NULL, "IND-1" },
		{ "con-zz", "IND-1", NULL, NULL }, /* another fault */
	};
	plan *p = reporting_plan("[{'code': 'IND-1', 'kinds': ['embassy']},"
	                         " {'code': '1.1.01', 'units': ['con-b']}]");
	struct device office = device_for(NULL, ROLE_OFFICE);

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct event e = test_activity(cases[i].unit, BEFORE_RETIRED);
		struct text found;
		hold h;

		test_indicator(&e, cases[i].indicator);
		if (cases[i].initiatives)
			test_initiatives(&e, cases[i].initiatives);
		found = not_reported(p, &e);
		h = judge(&e, HOLD_NONE, p, &office, false); /* not even the office for it */
		assert_true(text_is(found, cases[i].not_reported ? cases[i].not_reported : ""));
		if (plan_unit(p, cases[i].unit, strlen(cases[i].unit)))
			assert_int_equal(h, cases[i].not_reported ? HOLD_REPORTER : HOLD_NONE);
	}
	plan_free(&p);
}

static void
only_the_office_and_a_hub_cut_lock_and_return(void **ctx)
{
	(void) ctx;
	static const event_kind kinds[] = { KIND_CUT, KIND_LOCK, KIND_RETURN };
	struct device own = device_for("con-a", ROLE_DEVICE);
	struct device office = device_for("area-x", ROLE_OFFICE);
	struct device hub_itself = device_for(NULL, ROLE_HUB);

	for (size_t i = 0; i < LENGTH(kinds); i++) {
		const struct event e = { .kind = kinds[i], .unit = text_of("con-a") };

		assert_int_equal(judge(&e, HOLD_NONE, NULL, &own, false), HOLD_RIGHT);
		assert_int_equal(judge(&e, HOLD_NONE, NULL, &office, false), HOLD_NONE);
		assert_int_equal(judge(&e, HOLD_NONE, NULL, &hub_itself, false), HOLD_NONE);
	}
}

static void
a_hub_corrects_and_reports_nothing_of_its_own(void **ctx)
{
	(void) ctx;
	static const struct point at = { .seq = 1 };
	struct event records[] = {
		test_activity("con-a", DAY),
		test_level("con-a", "IND-3", QUARTER, 1),
		test_thing("con-a", "IND-2", "net", DAY),
		test_progress("con-a", QUARTER),
		test_budget("con-a", PROJECT, QUARTER),
		test_close("con-a", QUARTER),
	};
	struct device hub_itself = device_for(NULL, ROLE_HUB);
	plan *p = full_plan();

	for (size_t i = 0; i < LENGTH(records); i++) {
		assert_int_equal(judge(&records[i], HOLD_NONE, p, &hub_itself, false), HOLD_RIGHT);
		test_fix(&records[i], &at, NULL);
		assert_int_equal(judge(&records[i], HOLD_NONE, p, &hub_itself, false), HOLD_NONE);
	}
	plan_free(&p);
}

static void
a_level_is_asked_for_its_reporter_too(void **ctx)
{
	(void) ctx;
	plan *p = reporting_plan("[{'code': 'IND-2', 'units': ['con-b']}]");
	struct device office = device_for(NULL, ROLE_OFFICE);
	struct event e = test_level("con-a", "IND-2", 2025 * 4, 3);

	assert_int_equal(judge(&e, HOLD_NONE, p, &office, false), HOLD_REPORTER);
	e.unit = text_of("con-b");
	assert_int_equal(judge(&e, HOLD_NONE, p, &office, false), HOLD_NONE);
	plan_free(&p);
}

static void
a_probe_needs_no_right(void **ctx)
{
	(void) ctx;
	const struct event e = { .kind = KIND_PROBE };
	struct device other = device_for("con-b", ROLE_DEVICE);

	assert_int_equal(judge(&e, HOLD_NONE, NULL, &other, false), HOLD_NONE);
}

static void
a_void_is_asked_for_its_right_only(void **ctx)
{
	(void) ctx;
	struct event e = test_void("con-a");

	assert_int_equal(judged(&e), HOLD_NONE);
	e.unit = text_of("con-zz");
	assert_int_equal(judged(&e), HOLD_RIGHT);
}

static void
without_a_plan_there_are_no_units(void **ctx)
{
	(void) ctx;
	const struct event e = test_activity("con-a", DAY);
	struct device d = device_for("con-a", ROLE_DEVICE);

	assert_int_equal(judge(&e, HOLD_NONE, NULL, &d, false), HOLD_UNIT);
}

static void
each_name_must_be_in_the_plan(void **ctx)
{
	(void) ctx;
	const struct event good = test_activity("con-a", DAY);
	struct device d = device_for("con-zz", ROLE_OFFICE);
	plan *p = base_with(NULL, NULL);
	struct event e = good;

	e.unit = text_of("con-zz");
	assert_int_equal(judge(&e, HOLD_NONE, p, &d, false), HOLD_UNIT);
	plan_free(&p);
	e = good;
	test_indicator(&e, "IND-9");
	assert_int_equal(judged(&e), HOLD_INDICATOR);
	test_indicator(&e, "IND-2"); /* there, but fed by things */
	assert_int_equal(judged(&e), HOLD_INDICATOR);
	e = good;
	test_initiatives(&e, "1.1.01,9.9.99");
	assert_int_equal(judged(&e), HOLD_INITIATIVE);
	e = good;
	test_mode(&e, "aerea");
	assert_int_equal(judged(&e), HOLD_MODE);
	e = good;
	test_count(&e, "absent", 1);
	assert_int_equal(judged(&e), HOLD_COUNT);
	e = good;
	test_group(&e, "ACT-9", 1);
	assert_int_equal(judged(&e), HOLD_GROUP);
}

static void
the_first_fault_in_the_order_of_reasons_is_told(void **ctx)
{
	(void) ctx;
	struct event e = test_activity("con-b", DATE_MIN);
	struct device office = device_for("area-x", ROLE_OFFICE);
	plan *p = base_with(NULL, NULL);

	test_indicator(&e, "IND-9");
	test_initiatives(&e, "9.9.99");
	test_mode(&e, "aerea");
	test_count(&e, "absent", 1);
	test_group(&e, "ACT-9", 1);
	assert_int_equal(judged(&e), HOLD_RIGHT);
	e.unit = text_of("con-a");
	assert_int_equal(judged(&e), HOLD_INDICATOR);
	test_indicator(&e, "IND-1");
	assert_int_equal(judged(&e), HOLD_INITIATIVE);
	e.initiatives.count = 0;
	assert_int_equal(judged(&e), HOLD_MODE);
	test_mode(&e, "movil");
	assert_int_equal(judged(&e), HOLD_COUNT);
	e.counts.count = 0;
	assert_int_equal(judged(&e), HOLD_GROUP);
	e.groups.count = 0;
	assert_int_equal(judged(&e), HOLD_DATE);
	assert_int_equal(judged_with_reporting(&e), HOLD_DATE);
	e.date = DAY;
	assert_int_equal(judged_with_reporting(&e), HOLD_REPORTER);
	e.unit = text_of("con-zz");
	assert_int_equal(judge(&e, HOLD_NONE, p, &office, false), HOLD_UNIT);
	plan_free(&p);
}

static void
a_thing_is_of_an_indicator_of_things_and_its_period(void **ctx)
{
	(void) ctx;
	enum { FROM = 18993 /* 2022-01-01 */, TO = 20453 /* 2025-12-31 */ };
	struct event e = test_thing("con-b", "IND-2", "net-1", DAY);

	assert_int_equal(judged_fully(&e), HOLD_RIGHT);
	e.unit = text_of("con-zz");
	assert_int_equal(judged_fully(&e), HOLD_UNIT);
	e.unit = text_of("con-a");
	e.out = true; /* whether it came in is not for judge() to say */
	assert_int_equal(judged_fully(&e), HOLD_NONE);
	test_indicator(&e, "IND-1");
	assert_int_equal(judged_fully(&e), HOLD_INDICATOR);
	test_indicator(&e, "IND-9");
	assert_int_equal(judged_fully(&e), HOLD_INDICATOR);
	test_indicator(&e, "IND-2");
	e.date = FROM - 1;
	assert_int_equal(judged_fully(&e), HOLD_DATE);
	e.date = FROM;
	assert_int_equal(judged_fully(&e), HOLD_NONE);
	e.date = TO;
	assert_int_equal(judged_fully(&e), HOLD_NONE);
	e.date = TO + 1;
	assert_int_equal(judged_fully(&e), HOLD_DATE);
}

static void
a_level_is_of_an_indicator_of_levels_and_a_quarter_of_its_period(void **ctx)
{
	(void) ctx;
	struct event e = test_level("con-zz", "IND-3", QUARTER, 1);

	assert_int_equal(judged_fully(&e), HOLD_UNIT);
	e.unit = text_of("con-a");
	assert_int_equal(judged_fully(&e), HOLD_NONE);
	e.quarter = QUARTER + 1;
	assert_int_equal(judged_fully(&e), HOLD_DATE);
	e.quarter = 2024 * 4; /* half of it lies in the period */
	assert_int_equal(judged_fully(&e), HOLD_NONE);
	e.quarter = 2023 * 4 + 3;
	assert_int_equal(judged_fully(&e), HOLD_DATE);
	e.quarter = QUARTER;
	test_indicator(&e, "IND-2");
	assert_int_equal(judged_fully(&e), HOLD_INDICATOR);
}

/* The plan's own period, whatever the one of an indicator. */
static void
assert_quarters_of_the_plan(struct event e)
{
	e.quarter = Q4_2022;
	assert_int_equal(judged_fully(&e), HOLD_DATE);
	e.quarter = Q1_2023;
	assert_int_equal(judged_fully(&e), HOLD_NONE);
	e.quarter = Q4_2026;
	assert_int_equal(judged_fully(&e), HOLD_NONE);
	e.quarter = Q1_2027;
	assert_int_equal(judged_fully(&e), HOLD_DATE);
}

static void
a_progress_is_of_an_item_of_the_plan(void **ctx)
{
	(void) ctx;
	struct event e = test_progress("con-b", QUARTER);

	assert_int_equal(judged_fully(&e), HOLD_RIGHT);
	e.unit = text_of("con-zz");
	assert_int_equal(judged_fully(&e), HOLD_UNIT);
	e.unit = text_of("con-a");
	assert_quarters_of_the_plan(e);
	test_commitment(&e, "COM-9");
	assert_int_equal(judged_fully(&e), HOLD_COMMITMENT);
	test_initiative(&e, "1.1.01");
	assert_quarters_of_the_plan(e);
	test_initiative(&e, "1.1.02"); /* retired on 2025-07-01 */
	assert_int_equal(judged_fully(&e), HOLD_INITIATIVE);
	e.quarter = QUARTER - 2;
	assert_int_equal(judged_fully(&e), HOLD_NONE);
	test_risk(&e, "RSK-9");
	assert_int_equal(judged_fully(&e), HOLD_RISK);
	test_risk(&e, "RSK-1");
	assert_quarters_of_the_plan(e);
	test_risk(&e, "RSK-2"); /* retired on the first day of the last quarter */
	e.quarter = QUARTER;
	assert_int_equal(judged_fully(&e), HOLD_RISK);
	e.quarter = QUARTER - 1;
	assert_int_equal(judged_fully(&e), HOLD_NONE);
}

static void
a_budget_is_of_a_project_of_the_plan(void **ctx)
{
	(void) ctx;
	struct event e = test_budget("con-b", PROJECT, QUARTER);

	assert_int_equal(judged_fully(&e), HOLD_RIGHT);
	e.unit = text_of("con-zz");
	assert_int_equal(judged_fully(&e), HOLD_UNIT);
	e.unit = text_of("con-a");
	assert_quarters_of_the_plan(e);
	e.project = text_of("1");
	assert_int_equal(judged_fully(&e), HOLD_PROJECT);
	e.quarter = Q1_2027;
	assert_int_equal(judged_fully(&e), HOLD_PROJECT);
}

static void
a_closed_quarter_declares_indicators_of_any_kind(void **ctx)
{
	(void) ctx;
	struct event e = test_close("con-b", QUARTER);

	assert_int_equal(judged_fully(&e), HOLD_RIGHT);
	e.unit = text_of("con-zz");
	assert_int_equal(judged_fully(&e), HOLD_UNIT);
	e.unit = text_of("con-a");
	test_zero(&e, "IND-1,IND-2");
	test_nothing(&e, "IND-3");
	assert_quarters_of_the_plan(e);
	test_zero(&e, "IND-1,IND-9");
	assert_int_equal(judged_fully(&e), HOLD_INDICATOR);
	test_zero(&e, "IND-1");
	test_nothing(&e, "1.1.01"); /* an initiative is none */
	assert_int_equal(judged_fully(&e), HOLD_INDICATOR);
}

static void
without_a_plan_nothing_has_a_unit(void **ctx)
{
	(void) ctx;
	const struct event records[] = {
		test_level("con-a", "IND-3", QUARTER, 1),
		test_thing("con-a", "IND-2", "net", DAY),
		test_progress("con-a", QUARTER),
		test_budget("con-a", PROJECT, QUARTER),
		test_close("con-a", QUARTER),
	};
	struct device d = device_for("con-a", ROLE_DEVICE);

	for (size_t i = 0; i < LENGTH(records); i++)
		assert_int_equal(judge(&records[i], HOLD_NONE, NULL, &d, false), HOLD_UNIT);
}

static hold
judged_on(date day, const char *pointer, const char *json)
{
	const struct event e = test_activity("con-a", day);
	struct device d = device_for("con-a", ROLE_DEVICE);
	plan *p = base_with(pointer, json);
	hold h = judge(&e, HOLD_NONE, p, &d, false);

	plan_free(&p);
	return h;
}

static void
the_first_day_lies_in_the_period_of_the_plan(void **ctx)
{
	(void) ctx;
	enum { FROM = 19358 /* 2023-01-01 */, TO = 20818 /* 2026-12-31 */ };

	assert_int_equal(judged_on(FROM - 1, NULL, NULL), HOLD_DATE);
	assert_int_equal(judged_on(FROM, NULL, NULL), HOLD_NONE);
	assert_int_equal(judged_on(TO, NULL, NULL), HOLD_NONE);
	assert_int_equal(judged_on(TO + 1, NULL, NULL), HOLD_DATE);
}

static void
an_indicator_with_a_period_of_its_own_follows_that(void **ctx)
{
	(void) ctx;
	static const char at[] = "/indicators/0/period";
	static const char period[] = "{\"from\": \"2022-01-01\", \"to\": \"2026-06-30\"}";
	enum { FROM = 18993 /* 2022-01-01 */, TO = 20634 /* 2026-06-30 */ };

	assert_int_equal(judged_on(FROM - 1, at, period), HOLD_DATE);
	assert_int_equal(judged_on(FROM, at, period), HOLD_NONE);
	assert_int_equal(judged_on(TO, at, period), HOLD_NONE);
	assert_int_equal(judged_on(TO + 1, at, period), HOLD_DATE);
}

static void
what_is_retired_counts_for_days_before_that(void **ctx)
{
	(void) ctx;
	struct event e = test_activity("con-a", BEFORE_RETIRED);

	test_initiatives(&e, "1.1.02");
	assert_int_equal(judged(&e), HOLD_NONE);
	e.date = BEFORE_RETIRED + 1;
	assert_int_equal(judged(&e), HOLD_INITIATIVE);
	assert_int_equal(judged_on(DAY, "/units/0/retired", "\"2025-11-14\""), HOLD_UNIT);
	assert_int_equal(judged_on(DAY, "/units/0/retired", "\"2025-11-15\""), HOLD_NONE);
	assert_int_equal(judged_on(DAY, "/indicators/0/retired", "\"2025-11-14\""), HOLD_INDICATOR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_the_plan_is_not_held),
		cmocka_unit_test(what_could_not_be_read_stays_held_as_it_was),
		cmocka_unit_test(a_device_reports_for_its_units_and_the_office_for_all),
		cmocka_unit_test(only_office_and_hub_publish_plans),
		cmocka_unit_test(a_unit_reports_only_what_the_plan_lets_it),
		cmocka_unit_test(a_level_is_asked_for_its_reporter_too),
		cmocka_unit_test(only_the_office_and_a_hub_cut_lock_and_return),
		cmocka_unit_test(a_hub_corrects_and_reports_nothing_of_its_own),
		cmocka_unit_test(a_probe_needs_no_right),
		cmocka_unit_test(a_void_is_asked_for_its_right_only),
		cmocka_unit_test(without_a_plan_there_are_no_units),
		cmocka_unit_test(each_name_must_be_in_the_plan),
		cmocka_unit_test(the_first_fault_in_the_order_of_reasons_is_told),
		cmocka_unit_test(a_thing_is_of_an_indicator_of_things_and_its_period),
		cmocka_unit_test(a_level_is_of_an_indicator_of_levels_and_a_quarter_of_its_period),
		cmocka_unit_test(a_progress_is_of_an_item_of_the_plan),
		cmocka_unit_test(a_budget_is_of_a_project_of_the_plan),
		cmocka_unit_test(a_closed_quarter_declares_indicators_of_any_kind),
		cmocka_unit_test(without_a_plan_nothing_has_a_unit),
		cmocka_unit_test(the_first_day_lies_in_the_period_of_the_plan),
		cmocka_unit_test(an_indicator_with_a_period_of_its_own_follows_that),
		cmocka_unit_test(what_is_retired_counts_for_days_before_that),
	};

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
