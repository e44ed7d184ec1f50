/* hub/contacts.h - when each device was heard of last, and what it told
 *
 * Facts of the fleet, in TABLE_CONTACTS.  They are outside state, digest and
 * cuts: nothing that is counted depends on them, and a hub that lost them only
 * does not know yet.
 */
#pragma once

#include "common/kv.h"
#include "protocol/limits.h"

struct contact {
	uint8_t feed[FEED_BYTES];
	int64_t last_ms;                  /* by the hub's clock */
	int64_t skew_ms;                  /* the device's clock less the hub's, then */
	struct point tip;                 /* the last event the device has told of */
	uint64_t floor;                   /* at and below it the device has given up; 0: nothing */
	uint64_t pending;                 /* events it still has to send, as far as is known here */
	uint64_t plan;                    /* version it held when it said HELLO; 0 none */
	uint64_t registry;                /* highest number it has seen */
	char program[NAME_BYTES_MAX + 1]; /* what it calls itself: not to be trusted */
	bool has_facts;                   /* the two below were told, at last_ms */
	uint64_t disk_bytes;              /* free where its outbox is */
	uint64_t oldest_ms; /* age of its oldest event not acknowledged then; 0 none */

	/* What it was refused, since it was enrolled; kept apart from the above. */
	uint64_t refused;
	int64_t refused_ms;                    /* the last time */
	char refused_with[CODE_BYTES_MAX + 1]; /* the code then, or "" */
};

/* What it was refused is added to what is there; the rest takes its place, unless
 * the device has not said HELLO (last_ms is 0), when that stays. */
status contacts_put(kv_txn *txn, const struct contact *c);

/* ST_NOT_FOUND: never heard of. */
status
contacts_get(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct contact *ret_contact);
