/* tests/bench/filling.h - a device that was offline for four years
 */
#pragma once

#include "agent/outbox.h"

struct bench_backlog {
	uint64_t events;
	uint64_t seed;
	unsigned note_percent;
	unsigned correction_percent;
};

struct bench_filled {
	uint64_t body_bytes;
	uint64_t note_bytes;
	uint64_t note_packed; /* what zstd makes of all notes together */
};

/* Record such events (tests/bench/events.h) into an empty outbox, some thousands a commit.
 * Ends the program when it cannot. */
void bench_fill(outbox *box, const struct bench_backlog *backlog, struct bench_filled *ret_filled);
