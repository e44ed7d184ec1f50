/* agent/link/pruner.h - gives up old entries that are safe elsewhere, for the uplink
 *
 * Off unless prune_days says otherwise.  What the hub has just said is safe (protocol/
 * device_sync.h) is looked at once each time that it rises, in pieces, so that others who
 * record wait for one piece at most; agent/outbox.h says what is given up.  What the hub
 * holds back, or what stands in a conflict, is kept: somebody may have to correct it.
 *
 * Not thread safe; belongs to the uplink's loop.
 */
#pragma once

#include "agent/outbox.h"
#include "protocol/device_sync.h"

struct pruner {
	outbox *box;
	const uint8_t *hub; /* FEED_BYTES, of the uplink */
	int64_t keep_ms;    /* 0: off */
	struct point safe;  /* that was looked at, or is to be; seq 0: none */
	int64_t due_ms;     /* when the next piece is to be done; INT64_MAX: never */
	uint64_t count;     /* given up since the last news */
};

void pruner_init(struct pruner *p, outbox *box, const uint8_t hub[static FEED_BYTES],
                 int64_t prune_days);

/* Ask the session what is safe.  True when a piece is due: to be done, or put off. */
bool pruner_look(struct pruner *p, const device_sync *sync, int64_t now_ms);
void pruner_put_off(struct pruner *p, int64_t now_ms);

/* Do a piece.  True when that was the last one and something was given up: *ret_count
 * entries. */
bool pruner_turn(struct pruner *p, int64_t now_ms, int64_t wall_ms, uint64_t *ret_count);

/* When the next piece is due; INT64_MAX: never. */
int64_t pruner_deadline(const struct pruner *p);
