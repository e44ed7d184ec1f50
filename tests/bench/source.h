/* tests/bench/source.h - the backlog that all others are fed with: an outbox of ours
 *
 * So every program hands over the same events from the same durable place.
 */
#pragma once

#include "agent/outbox.h"
#include "protocol/event.h"

struct source {
	outbox *box;
	kv_txn *txn;
	uint64_t seq, last;
	struct bytes body; /* of event seq */
	double start_us;   /* of the clock below */
};

/* Ends the program when it cannot. */
void source_open(struct source *s, const char *home);
/* The next event; false at the end. */
bool source_next(struct source *s);
/* The same event decoded; points into the store. */
void source_event(const struct source *s, struct event *ret_event);

/* Print what was acknowledged in how many seconds, and close. */
void source_done(struct source *s, uint64_t acked);
