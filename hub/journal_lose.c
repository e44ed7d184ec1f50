/* What becomes of index, leaves and gaps when a run of events is no longer here. */
#include <stdlib.h>

#include "hub/hub.h"
#include "hub/journal_gaps.h"
#include "hub/rows.h"
#include "protocol/chain.h"

/* ---- rows that hold an event ---- */

typedef status row_visit(void *ctx, const struct index_row *row);

/* Of a feed, all that hold an event of that number. */
static status
each_row_with(kv_txn *txn, int table, const uint8_t *feed, uint64_t seq, row_visit *visit,
              void *ctx)
{
	uint8_t key[INDEX_KEY_BYTES];
	struct kv_walk walk;
	status st = ST_OK;

	index_key(feed, seq, UINT64_MAX, key);
	for (bool more = kv_seek_below(txn, table, (struct bytes) { key, sizeof(key) }, &walk);
	     more && st == ST_OK; more = kv_previous(&walk)) {
		struct index_row row;

		if (walk.key.len < FEED_BYTES || memcmp(walk.key.at, feed, FEED_BYTES) != 0)
			break;
		st = index_row_read(&walk, &row);
		if (st < 0 || seq - row.first >= BATCH_EVENTS_MAX)
			break;
		if (seq - row.first < row.count)
			st = visit(ctx, &row);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

struct asked {
	struct point at;
	bool found;
};

/* Whether at is the event of that number in the row. */
static bool
has_tag(const struct index_row *row, const struct point *at)
{
	return memcmp(row->tags.at + (at->seq - row->first) * TAG_BYTES, at->hash, TAG_BYTES) == 0;
}

static status
note_event(void *ctx, const struct index_row *row)
{
	struct asked *a = ctx;

	a->found |= has_tag(row, &a->at);
	return ST_OK;
}

/* The row has the event behind at: whether it is the one that follows at. */
static status
note_successor(void *ctx, const struct index_row *row)
{
	struct asked *a = ctx;

	a->found |= row->first == a->at.seq + 1 ? memcmp(row->before, a->at.hash, HASH_BYTES) == 0
						: has_tag(row, &a->at);
	return ST_OK;
}

status
journal_counted(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at)
{
	struct asked a = { .at = *at };
	status st = kv_count(txn, TABLE_LOST) > 0
		? each_row_with(txn, TABLE_LOST, feed, at->seq, note_event, &a)
		: ST_OK;

	return st == ST_OK && !a.found ? ST_NOT_FOUND : st;
}

status
journal_forget_lost(kv_txn *txn)
{
	return kv_count(txn, TABLE_LOST) > 0 ? kv_clear(txn, TABLE_LOST) : ST_OK;
}

static status
has_successor(kv_txn *txn, const uint8_t *feed, const struct point *at, bool *ret_has)
{
	struct asked a = { .at = *at };
	status st = each_row_with(txn, TABLE_BATCHES, feed, at->seq + 1, note_successor, &a);

	*ret_has = a.found;
	return st;
}

/* ---- losing ---- */

/* A row outside the store, which is written to. */
struct lost {
	uint8_t feed[FEED_BYTES], tags[BATCH_EVENTS_MAX * TAG_BYTES];
	struct point start, end;
	struct index_row row; /* points into the above */
};

static void
copy_row(const struct index_row *row, struct lost *l)
{
	memcpy(l->feed, row->feed, FEED_BYTES);
	memcpy(l->tags, row->tags.at, row->tags.len);
	l->start.seq = row->first - 1;
	l->end.seq = row->first - 1 + row->count;
	memcpy(l->start.hash, row->before, HASH_BYTES);
	memcpy(l->end.hash, row->after, HASH_BYTES);
	l->row = *row;
	l->row.feed = l->feed;
	l->row.before = l->start.hash;
	l->row.after = l->end.hash;
	l->row.tags.at = l->tags;
}

static status
move_row(kv_txn *txn, const struct lost *l)
{
	uint8_t key[INDEX_KEY_BYTES], *copy;
	struct bytes value;
	status st;

	index_key(l->feed, l->row.first, l->row.offset, key);
	st = kv_get(txn, TABLE_BATCHES, (struct bytes) { key, sizeof(key) }, &value);
	if (st < 0)
		return st;
	copy = malloc(value.len + 1);
	if (!copy)
		return ST_NOMEM;
	memcpy(copy, value.at, value.len);
	st = kv_put(txn, TABLE_LOST, (struct bytes) { key, sizeof(key) },
	            (struct bytes) { copy, value.len });
	free(copy);
	return st == ST_OK ? kv_delete(txn, TABLE_BATCHES, (struct bytes) { key, sizeof(key) })
			   : st;
}

/* Where what is still here joins at what was lost, at its end or, in a feed that parts
 * there, before. */
static status
open_gaps(kv_txn *txn, const struct lost *l)
{
	uint8_t key[INDEX_KEY_BYTES];
	struct kv_walk walk;
	status st = ST_OK;

	index_key(l->feed, l->row.first + 1, 0, key);
	for (bool more = kv_seek(txn, TABLE_BATCHES, (struct bytes) { key, sizeof(key) }, &walk);
	     more && st == ST_OK; more = kv_next(&walk)) {
		struct index_row row;
		struct point joint;

		if (walk.key.len < FEED_BYTES || memcmp(walk.key.at, l->feed, FEED_BYTES) != 0)
			break;
		st = index_row_read(&walk, &row);
		if (st < 0 || row.first - 1 > l->end.seq)
			break;
		joint.seq = row.first - 1;
		memcpy(joint.hash, row.before, HASH_BYTES);
		if (has_tag(&l->row, &joint))
			st = gaps_put(txn, l->feed, &joint);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

/* What lies before the run: an end of a lane now, unless it goes on elsewhere; or nothing,
 * where it was a gap, of which only this run told. */
static status
settle_start(kv_txn *txn, const struct lost *l, bool here, uint64_t events, uint64_t *ret_left)
{
	bool goes_on = false;
	status st = has_successor(txn, l->feed, &l->start, &goes_on);

	*ret_left = events;
	if (st < 0 || goes_on)
		return st;
	if (!here)
		return gaps_delete(txn, l->feed, &l->start);
	if (l->start.seq == 0)
		return ST_OK;
	*ret_left = 0;
	return index_leaf_put(txn, l->feed, &l->start, events);
}

/* The events that are gone are taken from the lane that brought them, or from one above. */
static status
settle_leaves(kv_txn *txn, const struct lost *l, bool start_here)
{
	uint64_t events = 0, left = 0;
	status st = index_leaf_take(txn, l->feed, &l->end, &events);
	bool was_leaf = st == ST_OK;

	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	st = settle_start(txn, l, start_here, was_leaf ? events - l->row.count : 0, &left);
	if (!was_leaf)
		left = 0 - l->row.count;
	if (st == ST_OK && left != 0)
		st = index_leaf_add(txn, l->feed, was_leaf ? 0 : l->end.seq + 1, left);
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* Whether the start is here is asked while all leaves still stand: journal_known() goes by
 * their number. */
static status
lose(kv_txn *txn, const struct lost *l)
{
	status st = move_row(txn, l), here;

	if (st == ST_OK)
		st = open_gaps(txn, l);
	if (st < 0)
		return st;
	here = journal_known(txn, l->feed, &l->start);
	if (here != ST_OK && here != ST_NOT_FOUND)
		return here;
	return settle_leaves(txn, l, here == ST_OK);
}

status
index_lose(kv_txn *txn, const struct index_row *row)
{
	struct lost *l = malloc(sizeof(*l));
	status st;

	if (!l)
		return ST_NOMEM;
	copy_row(row, l);
	st = lose(txn, l);
	free(l);
	return st;
}
