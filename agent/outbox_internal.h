/* agent/outbox_internal.h - what the outbox*.c share */
#pragma once

#include "agent/outbox.h"

enum { SEQ_BYTES = 8 };

#define OUTBOX_MAP_BYTES (UINT64_C(16) << 30)

struct outbox {
	kv *store;
	char *home;
	struct outbox_device device;
	char *unit_texts; /* what device.units points into */
};

/* Where the feed ends, and what its clock said then. */
struct tip {
	struct point at;
	int64_t at_ms; /* INT64_MIN: no event yet */
};

status outbox_get_tip(kv_txn *txn, const outbox *box, struct tip *ret_tip);
status outbox_put_tip(kv_txn *txn, const struct tip *tip);

/* An event within a transaction.  ST_NOT_FOUND: no such number. */
status outbox_get_event(kv_txn *txn, uint64_t seq, struct bytes *ret_body,
                        uint8_t ret_hash[static HASH_BYTES]);

/* A number stored in table under key. */
status outbox_get_seq(kv_txn *txn, int table, struct bytes key, uint64_t *ret_seq);

/* A fact of OUTBOX_META. */
status outbox_get_fact(kv_txn *txn, const char *name, struct bytes *ret_value);
status outbox_put_fact(kv_txn *txn, const char *name, struct bytes value);

/* ---- the room kept back (agent/outbox_room.c) ---- */

/* ST_FULL: no room for a new event. */
status outbox_room_check(outbox *box);

/* Make the ballast, if it is not there and the disk has room for it. */
void outbox_room_fill(const char *home);

/* Call write; when the disk is full, give the ballast up and call it again. */
status outbox_room_use(outbox *box, status (*write)(outbox *box, void *ctx), void *ctx);
