/* hub/registry.h - who may send what: devices, their units and roles
 *
 * Every act is a journal entry with a number of its own; the table holds the
 * outcome.  A grant applies to the whole feed, also to what was sent before.  A
 * loss of a right names the feed's leaves known then, its frontier: what lies on
 * or below them keeps the right, whoever brings it and whenever, and the rest is
 * held until the office admits it, which moves the frontier to the leaves known
 * then, or grants the right anew.  What a feed may do at one of its events says
 * hub/rights.h.
 *
 * SPEC.md, section 18, lays the entries down: hub/registry_entry.h.
 *
 * Within TABLE_REGISTRY, numbers big-endian and of 8 bytes,
 *     feed        -> its last grant, less what was lost since
 *     feed number -> the loss with that number, less what was granted since
 * Within TABLE_META: the highest number; what was confirmed last.
 */
#pragma once

#include "common/kv.h"
#include "protocol/identity.h"

enum {
	FRONTIER_MAX = 512,                      /* leaves that a loss of a right names */
	POINT_BYTES = 8 + HASH_BYTES,            /* seq (u64, big-endian), hash */
	REGISTRY_WHY_BYTES_MAX = NAME_BYTES_MAX, /* of the reason of an act */
};

typedef enum device_role {
	ROLE_DEVICE, /* reports for its units */
	ROLE_OFFICE, /* also corrects for every unit, and publishes plans */
	ROLE_HUB,    /* the hub's own feed: publishes plans */
	ROLE_READER, /* may ask this hub and report nothing: no right of its feed */
	ROLES_
} device_role;

/* Not to be copied: units point into unit_bytes. */
struct device {
	uint8_t feed[FEED_BYTES];
	uint8_t curve[CURVE_BYTES];
	device_role role;
	struct codes units; /* each followed by a 0 */
	char unit_bytes[UNITS_MAX * (CODE_BYTES_MAX + 1)];
	uint64_t number; /* of its last grant */
	int64_t enrolled_ms;
	uint64_t losses; /* how many there are of registry_each_loss() */
};

/* Rights that a feed lost and was not granted again. */
struct loss {
	uint64_t number; /* of the registry entry */
	int64_t at_ms;
	bool office;           /* the role of the office */
	bool reader;           /* that of a reader; no right of the feed */
	struct codes units;    /* into the transaction, as are why and leaves */
	struct text why;       /* may be empty */
	struct bytes frontier; /* POINT_BYTES a leaf, ascending */
};

/* "device", "office", "hub", "reader"; also a msgid, for people. */
const char *device_role_name(device_role role);
bool device_role_of(struct text name, device_role *ret_role);

/* ST_EXISTS: another device has the link key of this request, and the hub could not tell
 * the two apart.  ST_OK: nobody else has. */
status registry_check_link_key(kv_txn *txn, const struct request *r);

/* Enrol, or give more units or another role to, the device of a verified
 * request; one that was revoked is let in again.  When that changes what earlier
 * events are worth, *ret_refold is true and the caller folds again.  ST_EXISTS:
 * exactly so enrolled already.  ST_INVALID: it would take a unit or a role away,
 * which is no grant, or a device would have no unit, or a reader one.  ST_LIMIT: with what it had and lost these are
 * more than UNITS_MAX units.  All three have changed nothing. */
status registry_enroll(kv_txn *txn, const struct request *r, device_role role, int64_t now_ms,
                       bool *ret_refold);

/* Take rights from a device: these units (may be none), and its role of the
 * office.  What is here keeps what it is worth, so nothing is to be folded
 * again.  ST_NOT_FOUND: not enrolled.  ST_INVALID: it has not all of that, or
 * that is nothing, or it is the hub's own feed. */
status registry_revoke(kv_txn *txn, const uint8_t feed[static FEED_BYTES],
                       const struct codes *units, bool office, struct text why, int64_t now_ms);

/* Take all it has. */
status registry_revoke_all(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct text why,
                           int64_t now_ms);

/* Move the frontiers of all its losses to the leaves known now; the caller folds
 * again.  ST_NOT_FOUND: not enrolled, ever.  ST_EXISTS: nothing was lost, or
 * nothing came since.  ST_LIMIT: more than FRONTIER_MAX leaves. */
status
registry_admit(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct text why, int64_t now_ms);

/* After a rollback: these numbers were met (hub/rollback.h); go on above them. */
status registry_confirm(kv_txn *txn, uint64_t registry, uint64_t plan_version, int64_t now_ms);
/* What was confirmed last; 0 and 0: nothing. */
status registry_confirmed(kv_txn *txn, uint64_t *ret_registry, uint64_t *ret_plan_version);

/* Enter the hub's own feed, the first entry of all. */
status registry_enroll_hub(kv_txn *txn, const uint8_t feed[static FEED_BYTES],
                           const uint8_t curve[static CURVE_BYTES], int64_t now_ms);

/* ST_NOT_FOUND: not enrolled. */
status
registry_device(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct device *ret_device);

/* True when all rights were taken: nobody may connect by its key. */
bool device_is_revoked(const struct device *d);

bool device_has_unit(const struct device *d, struct text unit);

/* True when it may ask this hub from another machine. */
bool device_may_ask(const struct device *d);

/* True when its plan events count. */
bool device_may_publish(const struct device *d);

/* All devices in the order of their feed ids, the hub's own feed included;
 * stops when visit returns other than ST_OK and returns that.  visit must not
 * write. */
status registry_each(kv_txn *txn, status (*visit)(void *ctx, const struct device *d), void *ctx);

/* The losses of a feed, ascending by number; else as registry_each(). */
status registry_each_loss(kv_txn *txn, const uint8_t feed[static FEED_BYTES],
                          status (*visit)(void *ctx, const struct loss *l), void *ctx);

/* The point at index i of a frontier. */
struct point frontier_point(struct bytes frontier, size_t i);

/* The highest entry number; grows with every change. */
uint64_t registry_number(kv_txn *txn);

/* BLAKE2b-256 as SPEC.md lays down: sorted feed, role, units, rights lost;
 * without times, numbers, CURVE keys, the hub's own feed, and feeds that never had
 * a right: readers change no digest. */
status registry_hash(kv_txn *txn, uint8_t ret_hash[static HASH_BYTES]);

/* Apply one journal entry of kind JOURNAL_REGISTRY (when folding again).  entry
 * must not lie in the store.  ST_MALFORMED; ST_VERSION: an act of a newer
 * program. */
status registry_apply(kv_txn *txn, struct bytes entry);

/* Whether that act, not applied yet, changes what earlier events are worth: then whoever
 * entered it folded again. */
status registry_turns(kv_txn *txn, struct bytes entry, bool *ret_refold);
