#include "agent/link/backoff.h"

int64_t
backoff_next(struct backoff *b, uint32_t random)
{
	int64_t ceiling = b->ceiling_ms ? b->ceiling_ms : b->min_ms;

	b->ceiling_ms = ceiling <= b->max_ms / 2 ? 2 * ceiling : b->max_ms;
	return 1 + (int64_t) (random % (uint64_t) ceiling);
}

void
backoff_reset(struct backoff *b)
{
	b->ceiling_ms = 0;
}
