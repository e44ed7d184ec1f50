/* agent/feed_state.h - what became of the entries of this device
 *
 * What the outbox knows of its own feed and what the hub told of it, put
 * together for the commands that read.  It is as the last contact left it, and
 * is read in several transactions: what others record meanwhile may be in it or
 * not, but never more is confirmed than is there.
 */
#pragma once

#include "agent/others.h"
#include "agent/outbox.h"
#include "protocol/event.h"
#include "protocol/standing.h"

struct feed_state {
	char device[DEVICE_TEXT_BYTES];
	struct point tip;      /* (0, h(0)): nothing is recorded yet */
	uint64_t floor;        /* up to here only some entries are kept (outbox_floor()); 0: all */
	struct outbox_hub hub; /* zeros before the first contact */
	uint64_t confirmed;    /* the hub has all up to here; at most the tip */

	/* Of the standing, false and 0 while there is none that can be read; only what
	 * is on the device's own chain.  The reasons in held point into bytes. */
	bool has_standing;
	struct standing_held *held;
	size_t held_count;
	uint64_t *conflicts;
	size_t conflict_count;
	struct other *others;
	size_t other_count;
	struct standing standing; /* locks and remarks; points into bytes */
	uint8_t *bytes;
};

/* Read it all.  On success ret_state is to be given to feed_state_done(), which
 * also may be called on one that is zeroed.  ST_NOMEM, ST_IO. */
status feed_state_read(outbox *box, struct feed_state *ret_state);
void feed_state_done(struct feed_state *s);

/* Why the hub holds that entry; HOLD_NONE when it does not. */
hold feed_state_hold(const struct feed_state *s, uint64_t seq);
/* True when that entry is one of several versions that stand side by side. */
bool feed_state_conflict(const struct feed_state *s, uint64_t seq);

/* Whether either is so, for who asks of one entry alone.  ST_NOMEM, ST_IO. */
status feed_state_troubled(outbox *box, uint64_t seq, bool *ret_troubled);
/* Another device's version that stands in the place of that entry, which is the newest own
 * version and does not know of it; else NULL. */
const struct other *feed_state_other(const struct feed_state *s, uint64_t seq);

/* What the office remarked last on that entry: the remark behind its REF.  Empty when
 * nothing. */
struct text feed_state_remark(const struct feed_state *s, const struct point *at);

/* What to tell of entries that the hub holds and this copy of the home has not, translated, in
 * lines: that they must not be entered again, and how they come back, if they can.  Empty when
 * there are none. */
enum { FEED_BEYOND_BYTES = 512 };
void feed_state_beyond(const struct feed_state *s, char ret_text[static FEED_BEYOND_BYTES]);

/* That old entries are no longer kept here, translated, a line; empty when all are. */
enum { FEED_FLOOR_BYTES = 256 };
void feed_state_floor(const struct feed_state *s, char ret_text[static FEED_FLOOR_BYTES]);

/* One of three, whatever else is known of the entry: held goes before confirmed. */
typedef enum feed_place { PLACE_PENDING, PLACE_CONFIRMED, PLACE_HELD } feed_place;

feed_place feed_state_place(const struct feed_state *s, uint64_t seq);
/* "pending", "confirmed", "held": for JSON, and a msgid for people. */
const char *feed_place_name(feed_place place);
