#include "tests/support/check.h"

#include <stdbool.h>

#include "agent/link/backoff.h"

static void
the_ceiling_doubles_up_to_the_greatest(void **ctx)
{
	struct backoff b = { .min_ms = 1000, .max_ms = 6000 };
	static const int64_t ceilings[] = { 1000, 2000, 4000, 6000, 6000 };

	(void) ctx;
	for (size_t i = 0; i < LENGTH(ceilings); i++)
		assert_int_equal(backoff_next(&b, (uint32_t) ceilings[i] - 1), ceilings[i]);
}

static void
every_wait_lies_between_one_and_the_ceiling(void **ctx)
{
	struct backoff b = { .min_ms = 10, .max_ms = 10 };
	bool seen[11] = { false };

	(void) ctx;
	for (uint32_t random = 0; random < 1000; random++) {
		int64_t wait = backoff_next(&b, random);

		assert_true(wait >= 1 && wait <= 10);
		seen[wait] = true;
	}
	for (size_t i = 1; i <= 10; i++)
		assert_true(seen[i]);
	assert_int_equal(backoff_next(&b, UINT32_MAX), 1 + UINT32_MAX % 10);
}

static void
a_welcome_starts_again_at_the_least(void **ctx)
{
	struct backoff b = { .min_ms = 1000, .max_ms = 60000 };

	(void) ctx;
	backoff_next(&b, 0);
	backoff_next(&b, 0);
	assert_int_equal(backoff_next(&b, 3999), 4000);
	backoff_reset(&b);
	assert_int_equal(backoff_next(&b, 999), 1000);
}

static void
the_least_and_the_greatest_may_be_the_same(void **ctx)
{
	struct backoff b = { .min_ms = 1, .max_ms = 1 };

	(void) ctx;
	for (uint32_t random = 0; random < 100; random++)
		assert_int_equal(backoff_next(&b, random), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ceiling_doubles_up_to_the_greatest),
		cmocka_unit_test(every_wait_lies_between_one_and_the_ceiling),
		cmocka_unit_test(a_welcome_starts_again_at_the_least),
		cmocka_unit_test(the_least_and_the_greatest_may_be_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
