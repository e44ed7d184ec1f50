/* A plan is returned only when no error was found, and what is returned can be
 * looked up. */
#include <stdlib.h>

#include "protocol/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every indicator is asked for every unit: what was read must bear it. */
static void
look_up_all(const plan *p)
{
	size_t units, indicators;
	const struct plan_unit *u = plan_units(p, &units);
	const struct plan_indicator *i = plan_indicators(p, &indicators);
	int64_t value;

	for (size_t k = 0; k < units * indicators && k < 1000; k++) {
		struct text unit = text_of(u[k % units].code);
		const struct plan_indicator *one = &i[k / units];

		plan_programmed(one, unit, 2025, (int) (k % 5), &value);
		plan_may_report(p, text_of(one->code), &u[k % units]);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plan_problems problems = { 0 };
	plan *p = NULL;
	status st = plan_parse(data, size, &problems, &p);

	if ((st == ST_OK) != (p != NULL) || (st == ST_OK && problems.errors > 0))
		abort();
	if (p && plan_unit(p, "", 0))
		abort();
	if (p)
		look_up_all(p);
	plan_problems_done(&problems);
	plan_free(&p);
	return 0;
}
