/* agent/feed_state.h - what became of the entries of this device
 *
 * What the outbox knows of its own feed and what the hub told of it, put
 * together for the commands that read.
 */
#pragma once

#include "agent/outbox.h"
#include "protocol/event.h"
#include "protocol/standing.h"

struct feed_state {
	struct point tip;
	struct outbox_hub hub;
	uint64_t confirmed; /* the hub has all up to here; at most the tip */

	/* Of the standing; only what is on the device's own chain. */
	bool has_standing;
	struct standing_held *held;
	size_t held_count;
	uint64_t *conflicts;
	size_t conflict_count;
	struct standing standing; /* locks and remarks; points into bytes */
	uint8_t *bytes;
};

/* On success ret_state is to be given to feed_state_done(). */
status feed_state_read(outbox *box, struct feed_state *ret_state);
void feed_state_done(struct feed_state *s);

/* Why the hub holds that entry; HOLD_NONE when it does not. */
hold feed_state_hold(const struct feed_state *s, uint64_t seq);
bool feed_state_conflict(const struct feed_state *s, uint64_t seq);

typedef enum feed_place { PLACE_PENDING, PLACE_CONFIRMED, PLACE_HELD } feed_place;

feed_place feed_state_place(const struct feed_state *s, uint64_t seq);
/* "pending", "confirmed", "held": for JSON, and a msgid for people. */
const char *feed_place_name(feed_place place);
