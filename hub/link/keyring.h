/* hub/link/keyring.h - which CURVE key belongs to which enrolled device
 *
 * A hub has two doors: by the one devices bring what they recorded, by the other
 * the office and readers ask.  Who may come by which follows from the role.
 *
 * A copy of the registry in memory, made whole at start and again whenever the
 * registry changed, since every handshake and every message asks it.  The hub's
 * own feed is not in it, since nobody connects as the hub, nor is who was revoked.
 */
#pragma once

#include "hub/registry.h"

typedef struct keyring keyring;

typedef enum door {
	DOOR_SYNC,  /* devices and the office */
	DOOR_QUERY, /* the office and readers */
} door;

/* ST_NOMEM, or what the store says. */
status keyring_load(kv_txn *txn, keyring **ret_ring);
void keyring_free(keyring **k_p);

/* FEED_BYTES, the feed of the device with that key; NULL when none has it that may
 * come by that door.  Valid as long as the ring. */
const uint8_t *keyring_feed(const keyring *k, door by, const uint8_t curve[static CURVE_BYTES]);

/* CURVE_BYTES, the key of the device with that feed; NULL: not enrolled, or not
 * for that door. */
const uint8_t *keyring_curve(const keyring *k, door by, const uint8_t feed[static FEED_BYTES]);

size_t keyring_count(const keyring *k);

/* registry_number() of what was loaded. */
uint64_t keyring_number(const keyring *k);
