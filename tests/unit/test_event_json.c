#include "tests/support/check.h"

#include "agent/event_json.h"

static void
times_of_every_clock_are_written(void **ctx)
{
	static const struct {
		int64_t ms;
		const char *want; /* NULL: no date of four digits */
	} cases[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 1763136000999, "2025-11-14T16:00:00Z" },
		{ -1, "1969-12-31T23:59:59Z" },
		{ -1000, "1969-12-31T23:59:59Z" },
		{ -1001, "1969-12-31T23:59:58Z" },
		{ INT64_MAX, NULL },
		{ INT64_MIN, NULL },
	};

	(void) ctx;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		json_t *time = json_time(cases[i].ms);

		if (cases[i].want)
			assert_string_equal(json_string_value(time), cases[i].want);
		else
			assert_true(json_is_null(time));
		json_decref(time);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_of_every_clock_are_written),
	};

	return cmocka_run_group_tests_name("event_json", tests, NULL, NULL);
}
