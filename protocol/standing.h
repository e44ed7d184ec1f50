/* protocol/standing.h - what the hub holds against a device's own events
 *
 * A map that goes down to the device (SPEC.md, section 9):
 *
 *     conflicts  [[seq, hash] …]           own events that stand in a conflict
 *     held       [[seq, hash, reason] …]   own events that do not count
 *     heldn      how many are held in all, since not all may be listed
 *     locks      [text …]                  locked quarters
 *     others     [[seq, hash16, void, feed, seq, hash16] …]   last own versions, and
 *                                          that of another device which stands in
 *                                          their place; may be missing
 *     probes     [[seq, hash] …]           the last own probes that were folded; may
 *                                          be missing
 *     remarks    [text …]                  the office's remarks
 *     v          1
 *
 * On the wire it is packed (protocol/document.h).  Reading allocates nothing:
 * a standing points into the bytes it was decoded from.
 */
#pragma once

#include "protocol/limits.h"
#include "protocol/reader.h"
#include "protocol/writer.h"

enum {
	STANDING_VERSION = 1,
	STANDING_REMARK_BYTES_MAX = NOTE_BYTES_MAX + 64, /* a REF before it */
	STANDING_PROBES_MAX = 8,
};

struct standing_held {
	struct point at;
	struct text reason; /* a hold_name() */
};

/* A version by what a correction names it by. */
struct standing_version {
	uint64_t seq;
	uint8_t hash[HASH_PREFIX_BYTES];
};

/* An own version that no own one replaced, of a record for which a version of another
 * feed stands. */
struct standing_other {
	struct standing_version own, stands;
	uint8_t feed[FEED_BYTES]; /* of the one that stands */
	bool is_void;             /* that one takes the record out */
};

/* What the hub's side fills in.  Held and conflicts in ascending order, others from the
 * newest on. */
struct standing_rows {
	const struct point *conflicts;
	size_t conflict_count;
	const struct standing_held *held;
	size_t held_count;
	uint64_t held_total; /* may be more than held_count */
	const struct point *probes;
	size_t probe_count;
	const struct standing_other *others;
	size_t other_count;
	const struct text *locks, *remarks;
	size_t lock_count, remark_count;
};

/* Replaces what w holds.  Of conflicts, held and others only as many are written as
 * STANDING_HELD_MAX, STANDING_OTHERS_MAX and STANDING_BYTES_MAX allow, in that order.
 * ST_LIMIT: locks and remarks alone are over STANDING_BYTES_MAX, or one of them
 * over STANDING_REMARK_BYTES_MAX. */
status standing_encode(const struct standing_rows *rows, writer *w);

/* A list of rows, checked, on which the functions below walk.  A copy of it is a
 * walk of its own; it holds as long as the bytes decoded. */
struct standing_list {
	size_t left;
	reader at;
};

/* held_total may be more than held lists. */
struct standing {
	struct standing_list conflicts, held, locks, remarks, probes, others;
	uint64_t held_total;
};

/* Everything is checked here.  ST_MALFORMED, ST_LIMIT, ST_VERSION (of a newer
 * hub). */
status standing_decode(const void *bytes, size_t len, struct standing *ret_standing);

/* The next row of a list, which moves on; false at its end. */
/* Of conflicts and probes. */
bool standing_next_point(struct standing_list *list, struct point *ret_at);
bool standing_next_held(struct standing_list *list, struct standing_held *ret_held);
bool standing_next_other(struct standing_list *list, struct standing_other *ret_other);
/* Of locks and remarks. */
bool standing_next_text(struct standing_list *list, struct text *ret_text);
