#include "tests/support/pick.h"

#include "tests/support/check.h"

static uint64_t state;

void
pick_seed(uint64_t seed)
{
	state = seed;
}

/* splitmix64 */
uint64_t
pick_bits(void)
{
	uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

unsigned
pick(unsigned n)
{
	if (n == 0)
		fail_msg("nothing to pick from");
	return (unsigned) (pick_bits() % n);
}
