/* hub/journal_gaps.h - what is missing below what is here; part of hub/journal.h
 *
 * A gap is an event that is not here and whose successor is: (feed, seq, hash), the hash
 * being the one before that successor.  Leaves (TABLE_LEAVES) are the events that are
 * here and have no successor here.  So both are functions of the set of events, whatever
 * the order in which they came or were lost.
 *
 * Gaps come of loose runs (a batch that joins at what is not here, from a device that has
 * nothing lower), and of entries that were damaged and left the index.  The rows of
 * these are kept in TABLE_LOST, as they stood in TABLE_BATCHES, for as long as the ledger
 * still counts their events: when they come again they must not be folded once more.
 *
 * Within TABLE_GAPS: feed, seq, hash -> nothing (one byte).
 */
#pragma once

#include "hub/journal_index.h"

/* ST_OK: it is a gap.  ST_NOT_FOUND. */
status gaps_has(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at);

/* Whether the feed has a gap whose number is first to last. */
status gaps_between(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t first,
                    uint64_t last, bool *ret_any);

status gaps_put(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at);
/* Nothing happens when it is none. */
status gaps_delete(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at);

/* These events, at least one, have come: none of them is a gap any more.  *ret_closed: one
 * was; *ret_last_closed: the last of them was. */
status
gaps_close(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct batch_event *events,
           uint64_t count, bool *ret_closed, bool *ret_last_closed);

/* ST_LIMIT: GAPS_MAX are there already. */
status gaps_have_room(kv_txn *txn, const uint8_t feed[static FEED_BYTES]);
