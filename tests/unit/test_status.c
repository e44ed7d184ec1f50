#include "tests/support/check.h"

#include <string.h>

static void
every_status_has_a_text_of_its_own(void **ctx)
{
	(void) ctx;
	for (int a = ST_OK; a >= ST_INVALID; a--) {
		if (strcmp(status_text((status) a), "unknown status") == 0)
			fail_msg("status %d has no text", a);
		for (int b = ST_OK; b > a; b--) {
			if (strcmp(status_text((status) a), status_text((status) b)) == 0)
				fail_msg("statuses %d and %d read alike", a, b);
		}
	}
}

static void
a_number_that_is_no_status_still_has_a_text(void **ctx)
{
	(void) ctx;
	assert_string_equal(status_text((status) (ST_INVALID - 1)), "unknown status");
	assert_string_equal(status_text((status) 1), "unknown status");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_has_a_text_of_its_own),
		cmocka_unit_test(a_number_that_is_no_status_still_has_a_text),
	};

	return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
