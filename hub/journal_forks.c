/* Where a feed parts (hub/journal.h). */
#include <string.h>

#include "hub/hub.h"
#include "hub/journal_gaps.h"
#include "hub/journal_index.h"

enum { SEQ_END = FEED_BYTES + 8 }; /* of a key: behind the first number */

static bool
is_of_feed(struct bytes key, const uint8_t *feed)
{
	return key.len > FEED_BYTES && memcmp(key.at, feed, FEED_BYTES) == 0;
}

struct lane_ends {
	size_t count;
	struct point list[LANES_MAX];
};

/* True when a lane ended at start, which now ends at end; else the lane that
 * ends there is a new one.  index_has_room() let in no more than there is room for. */
static bool
goes_on(struct lane_ends *ends, const struct point *start, const struct point *end)
{
	for (size_t i = 0; i < ends->count; i++) {
		if (point_equal(&ends->list[i], start)) {
			ends->list[i] = *end;
			return true;
		}
	}
	if (ends->count < LANES_MAX)
		ends->list[ends->count++] = *end;
	return false;
}

status
journal_forks(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t *list, size_t max,
              size_t *ret_count)
{
	struct lane_ends ends = { .count = 0 };
	struct kv_walk walk;
	size_t lanes = 0;
	status st = ST_OK;

	/* By first number, so what a batch goes on from was met before. */
	for (bool more = kv_seek(txn, TABLE_BATCHES, (struct bytes) { feed, FEED_BYTES }, &walk);
	     more && is_of_feed(walk.key, feed); more = kv_next(&walk)) {
		struct index_row row;
		struct point start, end;

		st = index_row_read(&walk, &row);
		if (st < 0)
			break;
		start.seq = row.first - 1;
		end.seq = start.seq + row.count;
		memcpy(start.hash, row.before, HASH_BYTES);
		memcpy(end.hash, row.after, HASH_BYTES);
		if (goes_on(&ends, &start, &end))
			continue;
		st = gaps_has(txn, feed, &start); /* it is not known where that parted */
		if (st == ST_OK)
			continue;
		if (st != ST_NOT_FOUND)
			break;
		st = ST_OK;
		if (lanes > 0 && lanes <= max)
			list[lanes - 1] = start.seq;
		lanes++;
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	if (st == ST_OK)
		*ret_count = lanes > 0 ? lanes - 1 : 0;
	return st;
}

/* A lane begins with a batch of its own: what was known of it is cut off.  So of the
 * batches that begin behind the fork the last one to come is that of the latest lane. */
status
journal_lane_since(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t fork,
                   int64_t *ret_ms)
{
	uint8_t key[INDEX_KEY_BYTES];
	struct journal_entry entry = { 0 };
	struct kv_walk walk;
	status st = ST_NOT_FOUND;

	index_key(feed, fork + 1, UINT64_MAX, key);
	if (kv_seek_below(txn, TABLE_BATCHES, (struct bytes) { key, sizeof(key) }, &walk) &&
	    walk.key.len == INDEX_KEY_BYTES && memcmp(walk.key.at, key, SEQ_END) == 0)
		st = journal_read(txn, get_u64(walk.key.at + SEQ_END), &entry);
	if (walk.st < 0)
		st = walk.st;
	kv_walk_done(&walk);
	if (st == ST_OK)
		*ret_ms = entry.received_ms;
	return st;
}
