/* protocol/flight.h - batches sent and not yet acknowledged, and how large the
 * next one should be
 *
 * The goodput of the link is measured from the times of the acknowledgements:
 * bytes acknowledged in the time in which something was under way.  A batch is
 * sized so that it takes 2 to 4 s of it; as many are under way as take 8 s, at
 * least two, at most FLIGHT_MAX, and never more bytes than the hub's credit.
 * On a slow link that keeps short what must be sent again after a break; on a
 * fast one it fills the line.
 *
 * Pure: times are the caller's, in ms, of a clock that does not go back.
 */
#pragma once

#include "protocol/bytes.h"
#include "protocol/limits.h"

enum {
	FLIGHT_MAX = 64,                            /* batches */
	FLIGHT_BYTES_LEAST = 4096,                  /* the smallest batch asked for */
	FLIGHT_BYTES_START = 16384,                 /* before anything is measured */
	FLIGHT_ROOM_LEAST = EVENT_BYTES_MAX + 1024, /* a batch of one event fits */
};

/* In the caller's memory; it points to nothing. */
typedef struct flight {
	/* What is under way, the oldest at first: count entries, round the end. */
	struct {
		struct point end;
		size_t bytes;
	} ring[FLIGHT_MAX];
	size_t first, count;
	size_t bytes; /* of all that is under way */

	size_t batch_bytes; /* what the next batch should take at most */
	uint64_t rate;      /* bytes a second; 0: not measured yet */
	/* The sample that is being taken.  It begins anew when something leaves and
	 * nothing was under way, so that idle time does not count as slowness. */
	uint64_t measured; /* bytes acknowledged since since_ms */
	int64_t since_ms;
} flight;

/* Nothing under way, nothing measured. */
void flight_init(flight *f);

/* A new link: what was measured may not hold there.  If batches were lost with
 * the old link, the new one begins with smaller ones, so that even the slowest
 * link gets one through before the deadline. */
void flight_start(flight *f);

/* Nothing is under way any more, on the same link. */
void flight_clear(flight *f);

/* Whether one more batch may leave while the hub's credit is that. */
bool flight_room(const flight *f, uint64_t credit);

/* A batch has left; it ends at end.  Only after flight_room(). */
void flight_sent(flight *f, const struct point *end, size_t bytes, int64_t now_ms);

/* All batches up to end are acknowledged.  Returns how many that were. */
size_t flight_acked(flight *f, const struct point *end, int64_t now_ms);
