/* hub/standing.h - what the ledger holds against one feed, for its device
 *
 * The document is laid down in protocol/standing.h; it is made of the rows when
 * it is asked for.  Its version is a number that changes whenever a held or
 * conflicting event of the feed comes, goes or changes its reason, or a version of
 * another feed comes to stand in the place of an own one, or goes.
 */
#pragma once

#include "common/kv.h"
#include "protocol/standing.h"

/* The document of a feed as seen by txn, replacing what w holds; not packed.
 * Held events of the lowest numbers first, at most STANDING_HELD_MAX. */
status hub_standing(kv_txn *txn, const uint8_t feed[static FEED_BYTES], writer *w);

/* 0: nothing was ever held against it, and its standing is empty. */
status
hub_standing_version(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t *ret_version);

/* Note that the rows of a feed have changed, or those of every enrolled feed. */
status standing_touch(kv_txn *txn, const uint8_t feed[static FEED_BYTES]);
status standing_touch_all(kv_txn *txn);
