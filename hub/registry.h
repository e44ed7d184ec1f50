/* hub/registry.h - who may send what: devices, their units and roles
 *
 * Entries are journal entries with a number of their own; the table holds the
 * outcome.  A grant applies to the whole feed, also to what was sent before.
 *
 * An entry is a MessagePack map:
 *     act "enroll", at (ms), curve, feed, number (from 1), role ("device",
 *     "office", "hub"), units (ascending; none for the hub)
 */
#pragma once

#include "common/kv.h"
#include "protocol/identity.h"

typedef enum device_role {
	ROLE_DEVICE, /* reports for its units */
	ROLE_OFFICE, /* also corrects for every unit, and publishes plans */
	ROLE_HUB,    /* the hub's own feed: publishes plans */
} device_role;

/* Not to be copied: units point into unit_bytes. */
struct device {
	uint8_t feed[FEED_BYTES];
	uint8_t curve[CURVE_BYTES];
	device_role role;
	struct codes units; /* each followed by a 0 */
	char unit_bytes[UNITS_MAX * (CODE_BYTES_MAX + 1)];
	uint64_t number; /* of the registry entry */
	int64_t enrolled_ms;
};

/* "device", "office", "hub". */
const char *device_role_name(device_role role);

/* Enrol, or change units and role of, the device of a verified request.  When
 * that changes what earlier events are worth, *ret_refold is true and the
 * caller folds again.  ST_EXISTS: exactly so enrolled already.  ST_INVALID: it
 * would take a unit or the office's role away, which is no grant; nothing was
 * changed. */
status registry_enroll(kv_txn *txn, const struct request *r, device_role role, int64_t now_ms,
                       bool *ret_refold);

/* Enter the hub's own feed, the first entry of all. */
status registry_enroll_hub(kv_txn *txn, const uint8_t feed[static FEED_BYTES],
                           const uint8_t curve[static CURVE_BYTES], int64_t now_ms);

/* ST_NOT_FOUND: not enrolled. */
status
registry_device(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct device *ret_device);

bool device_has_unit(const struct device *d, struct text unit);

/* True when its plan events count. */
bool device_may_publish(const struct device *d);

/* All devices in the order of their feed ids, the hub's own feed included;
 * stops when visit returns other than ST_OK and returns that.  visit must not
 * write. */
status registry_each(kv_txn *txn, status (*visit)(void *ctx, const struct device *d), void *ctx);

/* The highest entry number; grows with every change. */
uint64_t registry_number(kv_txn *txn);

/* BLAKE2b-256 as SPEC.md lays down: sorted feed, role, units; without times,
 * numbers, CURVE keys and the hub's own feed. */
status registry_hash(kv_txn *txn, uint8_t ret_hash[static HASH_BYTES]);

/* Apply one journal entry of kind JOURNAL_REGISTRY (when folding again).
 * ST_MALFORMED; ST_VERSION: an act of a newer program. */
status registry_apply(kv_txn *txn, struct bytes entry);
