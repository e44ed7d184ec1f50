/* agent/own_entry.h - an entry of this device as list and show tell it
 *
 * Its bytes never change; what became of it is as of the feed_state it is read
 * with.
 */
#pragma once

#include <jansson.h>

#include "agent/feed_state.h"
#include "agent/outbox.h"

/* Over 16 KB: one at a time, on a stack.  Not to be copied: event points into body. */
struct own_entry {
	struct point at;
	hold decoded;       /* HOLD_NONE, or what is wrong with its bytes */
	struct event event; /* points into body */
	feed_place place;
	hold held; /* why the hub holds it */
	bool conflict;
	const struct other *other; /* what stands in its place, or NULL; in the feed_state */
	struct text remark;        /* of the office; points into the feed_state */
	uint64_t replaced_by;      /* 0: by none */
	bool is_void;              /* it was replaced by a void */
	size_t len;
	uint8_t body[EVENT_BYTES_MAX];
};

/* ST_NOT_FOUND: no such number.  One that cannot be decoded is read all the same
 * (decoded says why).  On success event points into ret_entry, which must stay
 * where it is; nothing is to be freed. */
status
own_entry_read(outbox *box, const struct feed_state *s, uint64_t seq, struct own_entry *ret_entry);

/* The own version that it replaced; 0: none, it is the first. */
uint64_t own_entry_replaces(const struct own_entry *e);

/* What another device did with it, for people; "" when nothing. */
enum { OWN_ELSEWHERE_BYTES = 256 };
void own_entry_elsewhere(const struct own_entry *e, char ret_text[static OWN_ELSEWHERE_BYTES]);

/* event_json() and: seq, ref, hash, state ("pending", "confirmed", "held"),
 * reason (held), conflict, elsewhere, remark, replaced_by, void.  Keys that say nothing are left
 * out. */
json_t *own_entry_json(const outbox *box, const struct own_entry *e);
