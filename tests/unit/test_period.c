#include <string.h>
#include <time.h>

#include "hub/bogota.h"
#include "hub/period.h"
#include "tests/support/check.h"

static const int64_t hour_ms = INT64_C(3600000);

static void
assert_day(date got, const char *want)
{
	char text[DATE_TEXT_BYTES];

	date_format(got, text);
	assert_string_equal(text, want);
}

static void
all_four_forms_are_read(void **ctx)
{
	static const struct {
		const char *text, *from, *to;
	} cases[] = {
		{ "2025-11-14", "2025-11-14", "2025-11-14" },
		{ "2024-02", "2024-02-01", "2024-02-29" },
		{ "2025-12", "2025-12-01", "2025-12-31" },
		{ "2025-Q1", "2025-01-01", "2025-03-31" },
		{ "2025-q4", "2025-10-01", "2025-12-31" },
		{ "2025", "2025-01-01", "2025-12-31" },
		{ "2199", "2199-01-01", "2199-12-31" },
		{ "1900-Q1", "1900-01-01", "1900-03-31" },
	};

	(void) ctx;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct plan_period p;

		assert_status(period_parse(cases[i].text, &p), ST_OK);
		assert_day(p.from, cases[i].from);
		assert_day(p.to, cases[i].to);
	}
}

static void
anything_else_is_refused(void **ctx)
{
	static const char *const cases[] = {
		"",        "2",       "202",         "20255",    "2025-",  "2025-1",
		"2025-13", "2025-00", "2025-Q0",     "2025-Q5",  "2025-Q", "2025-Q11",
		"2025Q41", "2025/11", "2025-02-29",  "2025-1-1", "1899",   "2200",
		"2200-Q1", "ayer",    "2025-11-14 ", " 2025",
	};

	(void) ctx;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct plan_period p = { 7, 8 };

		if (period_parse(cases[i], &p) != ST_INVALID)
			fail_msg("'%s' was taken for a period", cases[i]);
		assert_int_equal(p.from, 7);
		assert_int_equal(p.to, 8);
	}
}

static void
a_day_names_its_month_quarter_and_year(void **ctx)
{
	char text[PERIOD_TEXT_BYTES];
	date day;

	(void) ctx;
	assert_status(date_parse("2025-09-30", 10, &day), ST_OK);
	period_name(PERIOD_MONTH, day, text);
	assert_string_equal(text, "2025-09");
	period_name(PERIOD_QUARTER, day, text);
	assert_string_equal(text, "2025-Q3");
	period_name(PERIOD_QUARTER, day + 1, text);
	assert_string_equal(text, "2025-Q4");
	period_name(PERIOD_YEAR, day, text);
	assert_string_equal(text, "2025");
}

/* Each day lies in what its own name says, whatever the kind. */
static void
a_day_lies_in_the_period_that_it_names(void **ctx)
{
	static const period_kind kinds[] = { PERIOD_MONTH, PERIOD_QUARTER, PERIOD_YEAR };

	(void) ctx;
	for (size_t i = 0; i < LENGTH(kinds); i++) {
		for (date day = DATE_MIN; day <= DATE_MAX; day++) {
			struct plan_period want, got = period_at(kinds[i], day);
			char name[PERIOD_TEXT_BYTES];

			period_name(kinds[i], day, name);
			assert_status(period_parse(name, &want), ST_OK);
			if (got.from != want.from || got.to != want.to)
				fail_msg("day %d: %d to %d", day, got.from, got.to);
		}
	}
}

static void
the_day_begins_at_midnight_in_bogota(void **ctx)
{
	const int64_t new_year_ms = INT64_C(1767225600000); /* 2026-01-01 in UTC */
	char text[BOGOTA_TEXT_BYTES], utc[UTC_TEXT_BYTES];

	(void) ctx;
	assert_day(bogota_date(new_year_ms + 5 * hour_ms), "2026-01-01");
	assert_day(bogota_date(new_year_ms + 5 * hour_ms - 1), "2025-12-31");
	bogota_text(new_year_ms, text);
	assert_string_equal(text, "2025-12-31 19:00:00");
	utc_text(new_year_ms + 61001, utc);
	assert_string_equal(utc, "2026-01-01T00:01:01Z");
	utc_text(-1, utc);
	assert_string_equal(utc, "1969-12-31T23:59:59Z");
}

static void
a_clock_that_is_out_of_its_mind_stays_within_the_calendar(void **ctx)
{
	char text[UTC_TEXT_BYTES];

	(void) ctx;
	assert_day(bogota_date(INT64_MAX), "2199-12-31");
	assert_day(bogota_date(INT64_MIN), "1900-01-01");
	utc_text(INT64_MAX, text);
	assert_string_equal(text, "2199-12-31T23:59:59Z");
}

static void
without_time_zones_it_is_utc_less_5_hours(void **ctx)
{
	(void) ctx;
	setenv("TZDIR", "/nonexistent", 1);
	setenv("TZ", "UTC", 1);
	tzset();
	setenv("TZ", "America/Bogota", 1);
	tzset();
	assert_day(bogota_date(5 * hour_ms), "1970-01-01");
	assert_day(bogota_date(5 * hour_ms - 1), "1969-12-31");
	unsetenv("TZDIR");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_four_forms_are_read),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(a_day_names_its_month_quarter_and_year),
		cmocka_unit_test(a_day_lies_in_the_period_that_it_names),
		cmocka_unit_test(the_day_begins_at_midnight_in_bogota),
		cmocka_unit_test(a_clock_that_is_out_of_its_mind_stays_within_the_calendar),
		cmocka_unit_test(without_time_zones_it_is_utc_less_5_hours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
