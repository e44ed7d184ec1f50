/* hub/journal_index.h - where the events of a feed lie; part of hub/journal.h
 *
 * A row a batch and a row a lane.  Callers outside the journal ask
 * journal_known(), journal_find() and their like.
 */
#pragma once

#include "hub/journal.h"

/* ST_OK: the point is the end of a lane, or the beginning of a feed of which
 * nothing is here; *ret_events is how many events the lane brought.  Else
 * ST_NOT_FOUND. */
status index_leaf(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at,
                  uint64_t *ret_events);

/* ST_LIMIT: what joins at that point would be a lane too many. */
status index_has_room(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at);

enum { TAG_BYTES = 8 }; /* as many as nobody can find a second chain hash for */

/* Enter the batch at offset that leads from start to end; tags has TAG_BYTES of
 * the chain hash of each of its events. */
status index_put(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *start,
                 const struct point *end, uint64_t offset, struct bytes tags);
