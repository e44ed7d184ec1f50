/* agent/outbox_internal.h - what the outbox*.c share
 *
 * Calls that take a kv_txn belong into the caller's transaction: what they
 * return as struct bytes points into it.  ST_IO where a row is not as we write
 * them: LMDB has no checksums, so that is how a damaged page shows.
 */
#pragma once

#include "agent/outbox.h"

enum { SEQ_BYTES = 8 };

struct outbox {
	kv *store;
	char *home;
	struct outbox_device device;
	char *unit_texts;               /* what device.units points into */
	size_t sealed_raw, sealed_wire; /* of the last batch: how well its bodies packed */
	bool distrusted;                /* outbox_distrust() */
};

/* Where the feed ends, and what its clock said then. */
struct tip {
	struct point at;
	int64_t at_ms; /* INT64_MIN: no event yet */
};

/* The beginning of the feed while there is no event. */
status outbox_get_tip(kv_txn *txn, const outbox *box, struct tip *ret_tip);
/* In the transaction of the events it speaks of: it is what the next number comes
 * from. */
status outbox_put_tip(kv_txn *txn, const struct tip *tip);

/* What outbox_floor() says, in a transaction that is open. */
status outbox_get_floor(kv_txn *txn, const outbox *box, struct point *ret_floor);

/* An event behind *tip, which moves to it: its row, and nothing else.  events is a walk over
 * OUTBOX_EVENTS, for all that follow each other.  A body that is gone is given as its hash
 * (below); hash is outbox_body_hash().  ST_LIMIT: it is over EVENT_BYTES_MAX. */
status outbox_put_event(struct kv_walk *events, const outbox *box, struct point *tip,
                        struct bytes body, const uint8_t hash[static HASH_BYTES]);
/* Of fix, when it is of this device: the event by replaces it.  ST_INVALID: there is no such
 * own version.  ST_EXISTS: it was replaced before. */
status outbox_put_replaced(kv_txn *txn, const outbox *box, const struct fix *fix, uint64_t by);

/* A number stored in table under key.  ST_NOT_FOUND: no such key. */
status outbox_get_seq(kv_txn *txn, int table, struct bytes key, uint64_t *ret_seq);

/* A fact of OUTBOX_META, by its name in the .c that owns it.  ST_NOT_FOUND. */
status outbox_get_fact(kv_txn *txn, const char *name, struct bytes *ret_value);
status outbox_put_fact(kv_txn *txn, const char *name, struct bytes value);

/* ---- the room kept back (agent/outbox_room.c) ---- */

/* The most that so many new events take on the disk. */
uint64_t outbox_room_of(uint64_t count, uint64_t body_bytes);
/* ST_FULL: no room for new events that take so many bytes. */
status outbox_room_check(outbox *box, uint64_t bytes);

/* Make the ballast, if it is not there and the disk has room for it.  Tells of no
 * failure: the next call tries again. */
void outbox_room_fill(const char *home);

/* Call write; when the disk or the map is full, give the ballast up and call it
 * again.  So write must begin a transaction of its own each time. */
status outbox_room_use(outbox *box, status (*write)(outbox *box, void *ctx), void *ctx);

/* What a hub has told; zeros when nothing yet.  plan and standing are not set. */
status
outbox_get_marks(kv_txn *txn, const uint8_t hub[static FEED_BYTES], struct outbox_hub *ret_hub);

/* The same as a part of txn. */
status
outbox_put_marks(kv_txn *txn, const uint8_t hub[static FEED_BYTES], const struct outbox_hub *facts);

/* ---- bodies that are gone ---- */

/* Where a body is no longer here its hash is, in the form that travels (SPEC.md, section 7). */
bool outbox_is_erased(struct bytes body);
/* The hash of a body, also of one that is gone. */
void outbox_body_hash(struct bytes body, uint8_t ret_hash[static HASH_BYTES]);
