/* hub/registry.h - who may send what: devices, their units and roles
 *
 * Entries are journal entries with a number of their own; the table holds the
 * outcome.  A grant applies to the whole feed, also to what was sent before.
 */
#pragma once

#include "common/kv.h"
#include "protocol/identity.h"

typedef enum device_role {
	ROLE_DEVICE, /* reports for its units */
	ROLE_OFFICE, /* also corrects for every unit, and publishes plans */
	ROLE_HUB,    /* the hub's own feed: publishes plans */
} device_role;

struct device {
	uint8_t feed[FEED_BYTES];
	uint8_t curve[CURVE_BYTES];
	device_role role;
	struct codes units; /* points into unit_bytes */
	char unit_bytes[64 * 33];
	uint64_t number; /* of the registry entry */
	int64_t enrolled_ms;
};

/* Enrol, or change units and role of, the device of a verified request.  When
 * that changes what earlier events are worth, *ret_refold is true and the
 * caller folds again.  ST_EXISTS: exactly so enrolled already. */
status registry_enroll(kv_txn *txn, const struct request *r, device_role role, int64_t now_ms,
                       bool *ret_refold);

/* ST_NOT_FOUND: not enrolled. */
status registry_device(kv_txn *txn, const uint8_t feed[static FEED_BYTES],
                       struct device *ret_device);

bool device_has_unit(const struct device *d, struct text unit);

/* All devices in the order of their feed ids, the hub's own feed included;
 * stops when visit returns other than ST_OK and returns that. */
status registry_each(kv_txn *txn, status (*visit)(void *ctx, const struct device *d), void *ctx);

/* The highest entry number; grows with every change. */
uint64_t registry_number(kv_txn *txn);

/* BLAKE2b-256 as SPEC.md lays down: sorted feed, role, units; without times,
 * numbers, CURVE keys and the hub's own feed. */
status registry_hash(kv_txn *txn, uint8_t ret_hash[static HASH_BYTES]);

/* Apply one journal entry of kind JOURNAL_REGISTRY (when folding again). */
status registry_apply(kv_txn *txn, struct bytes entry);
