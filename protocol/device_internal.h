/* protocol/device_internal.h - what the three parts of the device's machine share
 *
 * device_sync.c has the table and the object, device_judge.c turns frames into
 * events, device_owed.c has device_sync_next().  Nobody else includes
 * this; protocol/device_sync.h says what the machine promises.
 */
#pragma once

#include "protocol/device_sync.h"
#include "protocol/download.h"
#include "protocol/flight.h"

/* Fields of one group are written by one deed, or by one file.  Booleans ending
 * in _owed are what device_sync_next() has still to hand out; it clears them. */
struct device_sync {
	struct device_sync_config config;
	const struct device_store *store;
	device_state state;
	uint64_t round; /* of the last HELLO, sent or owed */

	/* What the store said; tip is valid when tip_known, floor since the last HELLO.
	 * start is (0, h(0)) and never changes.  tip_known goes whenever the outbox may have
	 * grown. */
	struct point start, floor, tip;
	bool tip_known;

	/* Told by the hub in this round; acked also before the first, and
	 * registry, the highest number ever seen, from the memory.  acked is on
	 * the own chain once a WELCOME was taken, and within a round it only
	 * rises. */
	struct point acked;
	struct point safe; /* on the own chain, not above acked; seq 0 for none */
	uint64_t boot, credit, beyond, onward, registry;
	int64_t hub_clock_ms;
	unsigned wants; /* in a row; an ACK sets it back to 0 */

	/* What was sent: everything below next is in flight or acknowledged, so
	 * in STREAMING next is above acked.seq.  A document half here outlives
	 * the link. */
	uint64_t next; /* number of the first event that was not sent */
	flight flight;
	download plan, standing, events;

	/* The gap of this round, on the own chain and above the floor; and those that were
	 * sent on this connection, the oldest of which are forgotten. */
	struct point gap;
	bool gap_owed, gap_sent;
	struct point filled[GAPS_TOLD_MAX];
	size_t filled_count;

	bool hello_owed, ping_owed, welcomed_owed, acked_owed, registry_owed, close_owed;
	bool pinged; /* PONG awaited */

	/* On the caller's clock that does not go back.  Deadlines are counted from
	 * these, so nothing has to be cancelled. */
	int64_t await_ms; /* since when the next answer is awaited */
	int64_t quiet_ms; /* when the last frame went or came */
	int64_t hello_ms; /* when the last HELLO went */

	/* Of CLOSED.  why is a msgid; it is set before each step that may
	 * close, so a value is there in other states too and says nothing.
	 * hub_text is a copy: the frame is gone by the time it is asked for. */
	const char *why;
	bool has_refusal;
	refusal refused_with;
	char hub_text[TEXT_BYTES_MAX];
	size_t hub_text_len;

	/* What the last action points into: batch is copied into frame, which
	 * is what leaves. */
	writer frame, batch;
};

/* Turn a frame into an event; why gets the reason to close, should the table
 * say so.  Takes parts of documents in; all else is left to the step, for which
 * *ret_message is valid unless the event is DEVICE_ON_BAD or DEVICE_ON_FAULT. */
device_event
device_judge(device_sync *s, const void *frame, size_t len, struct message *ret_message);

/* ST_UNKNOWN: p is not on the own chain.  The number alone proves nothing: a clone, or this
 * device before it was restored, has another event under it. */
status device_on_chain(device_sync *s, const struct point *p);

/* Whether an answer other than WELCOME is due. */
bool device_awaiting(const device_sync *s);

/* The store or memory failed: close, with that reason.  For ST_NOMEM the reason is
 * that, whatever why says: the disk is not to be blamed. */
void device_fault(device_sync *s, status st, const char *why, int64_t now_ms);
