/* What becomes of index, leaves and gaps when a run of events is no longer here. */
#include <stdlib.h>

#include "hub/hub.h"
#include "hub/journal_gaps.h"
#include "hub/rows.h"
#include "protocol/chain.h"

/* ---- rows that hold an event ---- */

typedef status row_visit(void *ctx, const struct index_row *row);

/* Of a feed, all that hold an event whose number is first to last; from the highest on. */
static status
each_row_with(kv_txn *txn, int table, const uint8_t *feed, uint64_t first, uint64_t last,
              row_visit *visit, void *ctx)
{
	uint8_t key[INDEX_KEY_BYTES];
	struct kv_walk walk;
	status st = ST_OK;

	index_key(feed, last, UINT64_MAX, key);
	for (bool more = kv_seek_below(txn, table, (struct bytes) { key, sizeof(key) }, &walk);
	     more && st == ST_OK; more = kv_previous(&walk)) {
		struct index_row row;

		if (walk.key.len < FEED_BYTES || memcmp(walk.key.at, feed, FEED_BYTES) != 0)
			break;
		st = index_row_read(&walk, &row);
		if (st < 0 || (row.first < first && first - row.first >= BATCH_EVENTS_MAX))
			break;
		if (row.first >= first || first - row.first < row.count)
			st = visit(ctx, &row);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

static struct point
row_end(const struct index_row *row)
{
	struct point end = { .seq = row->first + row->count - 1 };

	memcpy(end.hash, row->after, HASH_BYTES);
	return end;
}

struct asked {
	kv_txn *txn;
	struct point at;
	bool found;
};

/* Whether at is the last event of the row, which is then whole in it. */
static status
note_end(void *ctx, const struct index_row *row)
{
	struct asked *a = ctx;
	struct point end = row_end(row);

	a->found |= point_equal(&end, &a->at);
	return ST_OK;
}

/* The row has the event behind at: whether it is the one that follows at.  Of a batch that
 * cannot be read any more, and whose tag fits, that is taken for true: it is lost next,
 * and with it whatever it says. */
static status
note_successor(void *ctx, const struct index_row *row)
{
	struct asked *a = ctx;
	status st = ST_NOT_FOUND;

	if (row->first <= a->at.seq)
		st = index_holds(a->txn, row, &a->at);
	else if (memcmp(row->before, a->at.hash, HASH_BYTES) == 0)
		st = ST_OK;
	a->found |= st == ST_OK || st == ST_MALFORMED;
	return st == ST_NOT_FOUND || st == ST_MALFORMED ? ST_OK : st;
}

/* ---- what is counted already ---- */

struct counting {
	kv_txn *txn;
	const uint8_t *feed;
	const struct batch_event *events;
	uint64_t first, last; /* their numbers */
	bool *counted;
};

/* What was lost cannot be read, so that an event was in it is told by the chain alone: all
 * that lies below its end, down to its beginning.  A tag tells only that one was not,
 * and then none above it. */
static status
note_counted(void *ctx, const struct index_row *row)
{
	const struct counting *c = ctx;
	struct point end = row_end(row);
	uint64_t low = row->first > c->first ? row->first : c->first;
	uint64_t high = end.seq < c->last ? end.seq : c->last;
	status st;

	if (!tags_fit(c->txn, &row->tags, low - row->first, c->events[low - c->first].at.hash))
		return ST_OK;
	st = journal_below(c->txn, c->feed, &c->events[high - c->first].at, &end);
	for (uint64_t seq = low; seq <= high && st == ST_OK; seq++)
		c->counted[seq - c->first] = true;
	return st == ST_NOT_FOUND ? ST_UNKNOWN : st;
}

status
journal_counted(kv_txn *txn, const uint8_t feed[static FEED_BYTES],
                const struct batch_event *events, uint64_t count, bool *ret_counted)
{
	struct counting c = { .txn = txn,
		              .feed = feed,
		              .events = events,
		              .first = events[0].at.seq,
		              .last = events[count - 1].at.seq,
		              .counted = ret_counted };

	memset(ret_counted, 0, count * sizeof(*ret_counted));
	return kv_count(txn, TABLE_LOST) > 0
		? each_row_with(txn, TABLE_LOST, feed, c.first, c.last, note_counted, &c)
		: ST_OK;
}

status
journal_forget_lost(kv_txn *txn)
{
	return kv_count(txn, TABLE_LOST) > 0 ? kv_clear(txn, TABLE_LOST) : ST_OK;
}

static status
has_successor(kv_txn *txn, const uint8_t *feed, const struct point *at, bool *ret_has)
{
	struct asked a = { .txn = txn, .at = *at };
	uint64_t next = at->seq + 1;
	status st = each_row_with(txn, TABLE_BATCHES, feed, next, next, note_successor, &a);

	*ret_has = a.found;
	return st;
}

/* Whether at, which has no successor here, is here itself: then it is the end of a batch, or
 * the beginning of the feed. */
static status
is_here(kv_txn *txn, const uint8_t *feed, const struct point *at, bool *ret_here)
{
	struct asked a = { .txn = txn, .at = *at };
	struct point start;
	status st = ST_OK;

	chain_start(feed, &start);
	if (at->seq > 0)
		st = each_row_with(txn, TABLE_BATCHES, feed, at->seq, at->seq, note_end, &a);
	*ret_here = at->seq > 0 ? a.found : point_equal(at, &start);
	return st;
}

/* ---- losing ---- */

/* A row outside the store, which is written to. */
struct lost {
	uint8_t feed[FEED_BYTES], tags[TAGS_BYTES_MAX];
	struct point start, end;
	struct index_row row; /* points into the above */
};

static void
copy_row(const struct index_row *row, struct lost *l)
{
	memcpy(l->feed, row->feed, FEED_BYTES);
	if (row->tags.bytes.len > 0)
		memcpy(l->tags, row->tags.bytes.at, row->tags.bytes.len);
	l->start.seq = row->first - 1;
	l->end = row_end(row);
	memcpy(l->start.hash, row->before, HASH_BYTES);
	l->row = *row;
	l->row.feed = l->feed;
	l->row.before = l->start.hash;
	l->row.after = l->end.hash;
	l->row.tags.bytes.at = l->tags;
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

/* Whether an event of which something here is the successor went with the run.  If it did not
 * it is here elsewhere, or was a gap before; where the batch that would tell cannot be
 * read either, it is sought as a gap. */
static status
went_with(kv_txn *txn, const struct lost *l, const struct point *at, bool *ret_went)
{
	status st = ST_NOT_FOUND;

	*ret_went = point_equal(at, &l->end);
	if (at->seq == l->end.seq || !tags_fit(txn, &l->row.tags, at->seq - l->row.first, at->hash))
		return ST_OK;
	st = journal_known(txn, l->feed, at);
	*ret_went = st == ST_NOT_FOUND || st == ST_MALFORMED;
	return *ret_went ? ST_OK : st;
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
		bool went = false;

		if (walk.key.len < FEED_BYTES || memcmp(walk.key.at, l->feed, FEED_BYTES) != 0)
			break;
		st = index_row_read(&walk, &row);
		if (st < 0 || row.first - 1 > l->end.seq)
			break;
		joint.seq = row.first - 1;
		memcpy(joint.hash, row.before, HASH_BYTES);
		st = went_with(txn, l, &joint, &went);
		if (st == ST_OK && went)
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
settle_start(kv_txn *txn, const struct lost *l, uint64_t events, uint64_t *ret_left)
{
	bool goes_on = false, here = false;
	status st = has_successor(txn, l->feed, &l->start, &goes_on);

	*ret_left = events;
	if (st < 0 || goes_on)
		return st;
	st = is_here(txn, l->feed, &l->start, &here);
	if (st < 0)
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
settle_leaves(kv_txn *txn, const struct lost *l)
{
	uint64_t events = 0, left = 0;
	status st = index_leaf_take(txn, l->feed, &l->end, &events);
	bool was_leaf = st == ST_OK;

	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	st = settle_start(txn, l, was_leaf ? events - l->row.count : 0, &left);
	if (!was_leaf)
		left = 0 - l->row.count;
	if (st == ST_OK && left != 0)
		st = index_leaf_add(txn, l->feed, was_leaf ? 0 : l->end.seq + 1, left);
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* Gaps are opened while all leaves still stand: journal_known() goes by their number. */
static status
lose(kv_txn *txn, const struct lost *l)
{
	status st = move_row(txn, l);

	if (st == ST_OK)
		st = open_gaps(txn, l);
	return st == ST_OK ? settle_leaves(txn, l) : st;
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
