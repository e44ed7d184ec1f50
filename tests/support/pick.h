/* tests/support/pick.h - chance from a seed, the same in every run
 *
 * One stream a process.
 */
#pragma once

#include <stdint.h>

void pick_seed(uint64_t seed);
/* 64 bits of it. */
uint64_t pick_bits(void);
/* 0 to n - 1; n is not 0. */
unsigned pick(unsigned n);
