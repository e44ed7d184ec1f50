#include "tests/support/check.h"

#include <string.h>

#include "protocol/date.h"

static const struct {
	const char *text;
	date day;
	int quarter, weekday;
} known[] = {
	{ "1900-01-01", DATE_MIN, 1, 0 }, { "1969-12-31", -1, 4, 2 },
	{ "1970-01-01", 0, 1, 3 },        { "2000-02-29", 11016, 1, 1 },
	{ "2000-03-01", 11017, 1, 2 },    { "2023-05-20", 19497, 2, 5 },
	{ "2024-02-29", 19782, 1, 3 },    { "2025-09-30", 20361, 3, 1 },
	{ "2025-11-14", 20406, 4, 4 },    { "2026-12-31", 20818, 4, 3 },
	{ "2199-12-31", DATE_MAX, 4, 1 },
};

static void
known_days_have_their_numbers_quarters_and_weekdays(void **ctx)
{
	(void) ctx;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		char text[DATE_TEXT_BYTES];
		date day = 0;

		assert_status(date_parse(known[i].text, strlen(known[i].text), &day), ST_OK);
		assert_int_equal(day, known[i].day);
		date_format(day, text);
		assert_string_equal(text, known[i].text);
		assert_int_equal(date_quarter(day), known[i].quarter);
		assert_int_equal(date_weekday(day), known[i].weekday);
	}
}

static int
days_of(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Counts the calendar up by hand, beside the formula. */
static void
every_day_within_the_bounds_follows_the_day_before(void **ctx)
{
	(void) ctx;
	struct civil c = { 1900, 1, 1 };

	for (date day = DATE_MIN; day <= DATE_MAX; day++) {
		struct civil got = date_civil(day);
		date back = 0;

		if (got.year != c.year || got.month != c.month || got.day != c.day)
			fail_msg("day %d: got %d-%d-%d, want %d-%d-%d", day, got.year, got.month,
			         got.day, c.year, c.month, c.day);
		assert_true(date_from_civil(c, &back));
		assert_int_equal(back, day);
		if (++c.day > days_of(c.year, c.month)) {
			c.day = 1;
			c.month = c.month % 12 + 1;
			c.year += c.month == 1;
		}
	}
	assert_int_equal(c.year, 2200);
}

static void
what_is_no_date_is_refused_and_nothing_written(void **ctx)
{
	(void) ctx;
	static const char *const bad[] = {
		"",           "2025",        "2025-11",
		"2025-11-1",  "2025-11-14 ", " 2025-11-14",
		"2025/11/14", "14-11-2025",  "2025-11-1a",
		"2025-13-01", "2025-00-10",  "2025-04-31",
		"2025-02-29", "2100-02-29",  "2025-01-00",
		"2025-01-32", "1899-12-31",  "2200-01-01",
		"+025-11-14", "2025-+1-14",  "0000-00-00",
		"9999-12-31",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		date day = 77;

		if (date_parse(bad[i], strlen(bad[i]), &day) != ST_INVALID)
			fail_msg("'%s' was taken for a date", bad[i]);
		assert_int_equal(day, 77);
	}
}

static void
quarters_have_numbers_days_and_names(void **ctx)
{
	static const char *const bad[] = { "2025-Q0", "2025-Q5", "2025-q4", "2025Q4", "2025-Q44",
		                           "1899-Q4", "2200-Q1", "20x5-Q1", "" };
	char text[QUARTER_TEXT_BYTES];
	uint64_t q = 7;

	(void) ctx;
	for (size_t i = 0; i < LENGTH(bad); i++)
		assert_status(quarter_parse(bad[i], strlen(bad[i]), &q), ST_INVALID);
	assert_int_equal(q, 7);
	for (uint64_t n = QUARTER_MIN; n <= QUARTER_MAX; n++) {
		assert_int_equal(quarter_of(quarter_first(n)), n);
		assert_int_equal(quarter_of(quarter_last(n)), n);
		assert_int_equal(quarter_first(n),
		                 n == QUARTER_MIN ? DATE_MIN : quarter_last(n - 1) + 1);
		quarter_format(n, text);
		assert_status(quarter_parse(text, strlen(text), &q), ST_OK);
		assert_int_equal(q, n);
	}
	assert_int_equal(quarter_last(QUARTER_MAX), DATE_MAX);
	assert_status(quarter_parse("2025-Q4", 7, &q), ST_OK);
	assert_int_equal(q, 8103);
}

static void
length_bounds_what_is_read(void **ctx)
{
	(void) ctx;
	date day = 0;

	assert_status(date_parse("2025-11-14T10:00", 10, &day), ST_OK);
	assert_int_equal(day, 20406);
	assert_status(date_parse("2025-11-14", 9, &day), ST_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_days_have_their_numbers_quarters_and_weekdays),
		cmocka_unit_test(every_day_within_the_bounds_follows_the_day_before),
		cmocka_unit_test(what_is_no_date_is_refused_and_nothing_written),
		cmocka_unit_test(quarters_have_numbers_days_and_names),
		cmocka_unit_test(length_bounds_what_is_read),
	};

	return cmocka_run_group_tests_name("date", tests, NULL, NULL);
}
