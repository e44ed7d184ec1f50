/* A plan is returned only when no error was found, and what is returned can be
 * looked up. */
#include <stdlib.h>

#include "protocol/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	plan_problems_done(&problems);
	plan_free(&p);
	return 0;
}
