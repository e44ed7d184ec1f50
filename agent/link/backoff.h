/* agent/link/backoff.h - how long to wait after a failed attempt
 *
 * Full jitter: each failure in a row doubles a ceiling, from min_ms up to
 * max_ms, and the wait is drawn evenly from 1 to the ceiling, so that the
 * devices of a hub that was away do not come back all at once.  Only a hub that
 * has welcomed the device resets it: a port that accepts connections and then
 * fails is no better than one that is closed.
 *
 * Pure: the random number is the caller's.
 */
#pragma once

#include <stdint.h>

enum {
	RETRY_MIN_MS = 1000, /* defaults */
	RETRY_MAX_MS = 60 * 1000,
	RETRY_BOUND_MS = 24 * 60 * 60 * 1000, /* the most that may be asked for */
};

struct backoff {
	int64_t min_ms, max_ms; /* 1 <= min_ms <= max_ms */
	int64_t ceiling_ms;     /* of the next wait; 0: min_ms */
};

/* The wait after one more failure; random is any number, evenly drawn. */
int64_t backoff_next(struct backoff *b, uint32_t random);

void backoff_reset(struct backoff *b);
