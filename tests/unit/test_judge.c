#include "tests/support/check.h"

#include <string.h>

#include "hub/judge.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/plan_base.h"

enum { DAY = 20406 /* 2025-11-14 */, BEFORE_RETIRED = 20269 /* 2025-06-30 */ };

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

/* What the device of con-a hears of an event. */
static hold
judged(const struct event *e)
{
	struct device d = device_for("con-a", ROLE_DEVICE);
	plan *p = base_with(NULL, NULL);
	hold h = judge(e, HOLD_NONE, p, &d);

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
		assert_int_equal(judge(&e, reasons[i], NULL, &d), reasons[i]);
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

	assert_int_equal(judge(&e, HOLD_NONE, p, &own), HOLD_NONE);
	assert_int_equal(judge(&e, HOLD_NONE, p, &other), HOLD_RIGHT);
	assert_int_equal(judge(&e, HOLD_NONE, p, &office), HOLD_NONE);
	assert_int_equal(judge(&e, HOLD_NONE, p, &hub_itself), HOLD_RIGHT);
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

	assert_int_equal(judge(&e, HOLD_NONE, NULL, &own), HOLD_RIGHT);
	assert_int_equal(judge(&e, HOLD_NONE, NULL, &office), HOLD_NONE);
	assert_int_equal(judge(&e, HOLD_NONE, NULL, &hub_itself), HOLD_NONE);
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

	assert_int_equal(judge(&e, HOLD_NONE, NULL, &d), HOLD_UNIT);
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
	assert_int_equal(judge(&e, HOLD_NONE, p, &d), HOLD_UNIT);
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
	e.unit = text_of("con-zz");
	assert_int_equal(judge(&e, HOLD_NONE, p, &office), HOLD_UNIT);
	plan_free(&p);
}

static hold
judged_on(date day, const char *pointer, const char *json)
{
	const struct event e = test_activity("con-a", day);
	struct device d = device_for("con-a", ROLE_DEVICE);
	plan *p = base_with(pointer, json);
	hold h = judge(&e, HOLD_NONE, p, &d);

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
		cmocka_unit_test(a_void_is_asked_for_its_right_only),
		cmocka_unit_test(without_a_plan_there_are_no_units),
		cmocka_unit_test(each_name_must_be_in_the_plan),
		cmocka_unit_test(the_first_fault_in_the_order_of_reasons_is_told),
		cmocka_unit_test(the_first_day_lies_in_the_period_of_the_plan),
		cmocka_unit_test(an_indicator_with_a_period_of_its_own_follows_that),
		cmocka_unit_test(what_is_retired_counts_for_days_before_that),
	};

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
