/* tests/sim/run.h - worlds in a child process, and shrinking one that fails */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct run_limits {
	uint64_t worlds; /* 0: any number */
	uint64_t steps;  /* the same */
	int64_t for_ms;  /* the same */
};

/* Worlds of first seed, the next one, and so on, until a limit is met or one fails; then
 * false, and all of it stands in trace. */
bool run_worlds(uint64_t first_seed, const struct run_limits *limits);

/* Of the world that failed last, leave out what it fails without.  Leaves in trace
 * the run that was left, which takes *ret_steps steps. */
void run_shrink(void);

/* Print why and what led there. */
void run_tell(void);

/* Once. */
void run_prepare(void);
