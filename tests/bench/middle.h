/* tests/bench/middle.h - times of one thing done again and again */
#pragma once

#include <stddef.h>

double bench_now_us(void);

/* Sorts us; prints "MIDDLE P99" in microseconds. */
void bench_print_middle(double *us, size_t count);
