/* hub/probes.h - the last probes of each device, as they were folded
 *
 * A probe (SPEC.md, section 5) counts nothing; that it was folded says that the
 * ledger of this hub goes on.  The last few of a feed are kept in TABLE_PROBES,
 * in the order of folding, by the very transaction that folds them; they are no
 * part of the digest.
 *
 *     feed -> seq (8), hash (32); at most STANDING_PROBES_MAX of them
 */
#pragma once

#include "common/kv.h"
#include "protocol/standing.h"

status probes_note(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at);

/* Oldest first; *ret_count may be 0. */
status probes_of(kv_txn *txn, const uint8_t feed[static FEED_BYTES],
                 struct point list[static STANDING_PROBES_MAX], size_t *ret_count);
