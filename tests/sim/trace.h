/* tests/sim/trace.h - what happened in a world, kept where it outlives the process
 *
 * Worlds run in a child process, so that one that crashes, hangs or corrupts its
 * memory is told like one that fails a check.  What it did lies in shared memory:
 * its seed, the steps it took, as data, and the last of them in words.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRACE_LINES = 60, TRACE_LINE_BYTES = 160, STEPS_MAX = 4000, OPS_MAX = 64 };

/* All that chance decides of a step: which one, and the stream it draws from. */
struct sim_step {
	uint8_t op;
	uint64_t chance;
};

struct trace {
	uint64_t seed;                       /* of the world that runs */
	uint64_t worlds, steps;              /* in all; of the running world as far as it came */
	uint64_t world_steps;                /* of the running world */
	int64_t now_ms;                      /* its clock */
	struct sim_step schedule[STEPS_MAX]; /* of the running world */
	size_t scheduled;
	uint64_t seen[OPS_MAX];         /* in all worlds, by step */
	uint64_t events, acks, adopted; /* recorded; heard by a device; taken back by one */
	uint64_t given_up;              /* by a device, since they are safe */
	bool failed;
	char why[1200];
	char lines[TRACE_LINES][TRACE_LINE_BYTES]; /* a ring */
	uint64_t said;
};

extern struct trace *trace;

/* A line of what happens now. */
void trace_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A promise is broken: ends the process. */
_Noreturn void broken(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same unless a call came to what it must. */
#define must(call, want) \
	do { \
		status got_ = (call), want_ = (want); \
		if (got_ != want_) \
			broken("%s: got '%s', want '%s'", #call, status_text(got_), \
			       status_text(want_)); \
	} while (0)
