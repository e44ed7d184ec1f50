#include "tests/bench/middle.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double
bench_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return (x > y) - (x < y);
}

void
bench_print_middle(double *us, size_t count)
{
	if (count == 0)
		return;
	qsort(us, count, sizeof(*us), by_size);
	printf("%.1f %.1f\n", us[count / 2], us[count * 99 / 100]);
}
