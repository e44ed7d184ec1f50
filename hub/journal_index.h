/* hub/journal_index.h - where the events of a feed lie; part of hub/journal.h
 *
 * A row a batch and a row a lane.  Callers outside the journal ask
 * journal_known(), journal_find() and their like.
 */
#pragma once

#include "hub/journal.h"
#include "hub/tags.h"

/* ST_OK: the point is the end of a lane, or the beginning of a feed of which
 * nothing is here; *ret_events is how many events the lane brought.  Else
 * ST_NOT_FOUND. */
status index_leaf(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at,
                  uint64_t *ret_events);

/* ST_LIMIT: what joins at that point would be a lane too many. */
status index_has_room(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at);

/* A row of TABLE_BATCHES; points into the transaction. */
struct index_row {
	const uint8_t *feed;
	uint64_t first, count, offset;
	const uint8_t *before, *after;
	struct tags tags;
};

/* Enter the run of events at offset that leads from start to end.  Leaves and gaps follow:
 * what it joins at is a gap when it is not here.  *ret_closed: it closes a gap. */
status index_put(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *start,
                 const struct point *end, uint64_t offset, const struct batch_event *events,
                 bool *ret_closed);

/* The run that has this row is no longer here: the row goes to TABLE_LOST, leaves and
 * gaps follow. */
status index_lose(kv_txn *txn, const struct index_row *row);

/* ST_OK: all events of the chain that ends at end are here, down to number first.
 * ST_NOT_FOUND. */
status index_whole(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *end,
                   uint64_t first);

/* The row of the batch that holds that event; ST_NOT_FOUND. */
status index_row_of(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at,
                    struct index_row *ret_row);

/* Each batch that holds an event of that number, one a lane at most, and how many lanes the
 * feed has.  visit must not write; other than ST_OK from it ends the walk with that. */
status index_each_of(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t seq,
                     status (*visit)(void *ctx, const struct index_row *row), void *ctx,
                     size_t *ret_lanes);

/* ST_OK: that event lies in the batch of that row, which has one of its number.
 * ST_NOT_FOUND.  ST_MALFORMED: the batch would have to be read, and cannot. */
status index_holds(kv_txn *txn, const struct index_row *row, const struct point *at);

/* Forget what is told of batches, lanes and gaps, so that all is entered with tags. */
status index_clear(kv_txn *txn);

/* The events of an entry that are meant (hub/run_block.h). */
struct journal_run {
	struct batch batch;
	struct batch_content content; /* of count events */
	const struct bytes *briefs;   /* of each (hub/brief.h), empty where it has none; or NULL */
	uint64_t count;               /* of the batch's, from its first on */
	struct point start, end;
};

/* Index it; it must not lie in the store.  *ret_closed: it closes a gap. */
status
journal_index_run(kv_txn *txn, uint64_t offset, const struct journal_run *run, bool *ret_closed);

/* ST_OK when the row of the batch at offset is there and says just that; else
 * ST_NOT_FOUND. */
status index_check(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *start,
                   const struct point *end, uint64_t offset, const struct batch_event *events);

/* The row of the batch at that offset, which costs a walk over all rows: for the
 * entries that cannot say themselves what they are.  ST_NOT_FOUND. */
status index_of_offset(kv_txn *txn, uint64_t offset, struct index_row *ret_row);

/* Whether rows that two walks over TABLE_BATCHES stand on tell the same but for their tags. */
bool index_same_batch(const struct kv_walk *a, const struct kv_walk *b);

/* All rows in their order.  visit must not write. */
status index_each(kv_txn *txn, status (*visit)(void *ctx, const struct index_row *row), void *ctx);

/* ---- what journal_index.c and journal_lose.c share ---- */

enum { INDEX_KEY_BYTES = FEED_BYTES + 2 * 8 };

void index_key(const uint8_t *feed, uint64_t first, uint64_t offset,
               uint8_t ret_key[static INDEX_KEY_BYTES]);

/* A row that a walk stands on.  ST_MALFORMED. */
status index_row_read(const struct kv_walk *walk, struct index_row *ret_row);

status index_leaf_put(kv_txn *txn, const uint8_t *feed, const struct point *at, uint64_t events);
/* How many events its lane brought; ST_NOT_FOUND: it is no leaf. */
status
index_leaf_take(kv_txn *txn, const uint8_t *feed, const struct point *at, uint64_t *ret_events);
/* To a leaf at or above that number, which one is of no moment: only the sum is asked for.
 * ST_NOT_FOUND: there is none. */
status index_leaf_add(kv_txn *txn, const uint8_t *feed, uint64_t seq, uint64_t events);
