/* hub/rollback.h - whether this hub was put back to an older copy
 *
 * Devices tell in HELLO which registry number and which plan version they have
 * seen.  Higher ones than the hub's own it gave out itself, before it was put
 * back.  Then it may have forgotten who was revoked: so that is kept, and nobody
 * new is admitted until the office has confirmed (registry_confirm()), with an
 * entry whose number lies above the highest met.  Numbers of entries made in the
 * meantime lie above it, too: no number is given out twice.
 *
 * A device may lie.  What it tells is believed only up to REGISTRY_JUMP_MAX and
 * PLAN_JUMP_MAX above what is here: more entries nobody makes between two
 * copies, and of as many jumps, each confirmed by a person, there is no end.
 *
 * Facts of the fleet: in TABLE_META, outside state and digest.
 */
#pragma once

#include "common/kv.h"
#include "protocol/limits.h"

enum { REGISTRY_JUMP_MAX = 1000000, PLAN_JUMP_MAX = 10000 };

/* The highest that was met. */
struct rollback {
	uint64_t registry, plan;  /* 0: none above the hub's own */
	uint8_t feed[FEED_BYTES]; /* who told it */
	int64_t at_ms;
};

/* What a device has told; kept when it is higher than all here and met before. */
status rollback_note(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t registry,
                     uint64_t plan_version, int64_t now_ms);

/* ST_NOT_FOUND: nothing was ever met. */
status rollback_met(kv_txn *txn, struct rollback *ret_rollback);

/* ST_OK: something was met that the office has not confirmed.  ST_NOT_FOUND: all
 * is well. */
status rollback_open(kv_txn *txn, struct rollback *ret_rollback);
