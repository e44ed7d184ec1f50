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
	uint64_t pending;                 /* events it still has to send, as far as is known here */
	uint64_t plan;                    /* version it held when it said HELLO; 0 none */
	uint64_t registry;                /* highest number it has seen */
	char program[NAME_BYTES_MAX + 1]; /* what it calls itself: not to be trusted */
};

status contacts_put(kv_txn *txn, const struct contact *c);

/* ST_NOT_FOUND: never heard of. */
status
contacts_get(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct contact *ret_contact);
