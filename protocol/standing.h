/* protocol/standing.h - what the hub holds against a device's own events
 *
 * A map that goes down to the device (SPEC.md, section 9):
 *
 *     conflicts  [[seq, hash] …]           own events that stand in a conflict
 *     held       [[seq, hash, reason] …]   own events that do not count
 *     heldn      how many are held in all, since not all may be listed
 *     locks      [text …]                  locked quarters
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
	STANDING_REMARK_BYTES_MAX = NOTE_BYTES_MAX,
};

struct standing_held {
	struct point at;
	struct text reason; /* a hold_name() */
};

/* What the hub's side fills in.  Held and conflicts in ascending order. */
struct standing_rows {
	const struct point *conflicts;
	size_t conflict_count;
	const struct standing_held *held;
	size_t held_count;
	uint64_t held_total; /* may be more than held_count */
	const struct text *locks, *remarks;
	size_t lock_count, remark_count;
};

/* Replaces what w holds.  Of conflicts and held only as many are written as
 * STANDING_HELD_MAX and STANDING_BYTES_MAX allow, conflicts first.
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
	struct standing_list conflicts, held, locks, remarks;
	uint64_t held_total;
};

/* Everything is checked here.  ST_MALFORMED, ST_LIMIT, ST_VERSION (of a newer
 * hub). */
status standing_decode(const void *bytes, size_t len, struct standing *ret_standing);

/* The next row of a list, which moves on; false at its end. */
bool standing_next_conflict(struct standing_list *list, struct point *ret_at);
bool standing_next_held(struct standing_list *list, struct standing_held *ret_held);
/* Of locks and remarks. */
bool standing_next_text(struct standing_list *list, struct text *ret_text);
