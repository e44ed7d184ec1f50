#include "hub/hub.h"
#include "hub/journal_gaps.h"
#include "hub/journal_index.h"

status
journal_furthest(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *known,
                 struct point *ret_end)
{
	struct point leaves[LANES_MAX];
	size_t count;
	status st = journal_leaves(txn, feed, leaves, LANES_MAX, &count);

	if (st < 0)
		return st;
	if (count > LANES_MAX)
		return ST_MALFORMED;
	st = ST_NOT_FOUND;
	/* they ascend by number */
	while (count-- > 0 && st == ST_NOT_FOUND && leaves[count].seq > known->seq) {
		st = journal_below(txn, feed, known, &leaves[count]);
		if (st == ST_OK)
			*ret_end = leaves[count];
	}
	return st;
}

struct onward {
	kv_txn *txn;
	const uint8_t *feed;
	struct point at; /* the end of what is told, or what it joins at */
	uint64_t *offsets;
	size_t count;
};

/* ---- in a feed with one lane: up from the point ---- */

static void
take(struct onward *o, const struct index_row *row)
{
	o->offsets[o->count++] = row->offset;
	o->at.seq = row->first - 1 + row->count;
	memcpy(o->at.hash, row->after, HASH_BYTES);
}

/* The batch that the point lies in may go on behind it. */
static status
take_first(struct onward *o)
{
	struct index_row row;
	status st = o->at.seq > 0 ? index_row_of(o->txn, o->feed, &o->at, &row) : ST_NOT_FOUND;

	if (st == ST_OK && row.first - 1 + row.count > o->at.seq)
		take(o, &row);
	return st == ST_NOT_FOUND ? ST_OK : st;
}

static bool
joins(const struct onward *o, const struct index_row *row)
{
	return memcmp(row->feed, o->feed, FEED_BYTES) == 0 && row->first == o->at.seq + 1 &&
		memcmp(row->before, o->at.hash, HASH_BYTES) == 0;
}

static status
go_up(struct onward *o)
{
	uint8_t key[INDEX_KEY_BYTES];
	struct kv_walk walk;
	struct index_row row;
	bool goes_on = true;
	status st = take_first(o), ended;

	if (st < 0)
		return st;
	index_key(o->feed, o->at.seq + 1, 0, key);
	for (bool more = kv_seek(o->txn, TABLE_BATCHES, (struct bytes) { key, sizeof(key) }, &walk);
	     more && goes_on && st == ST_OK && o->count < EVENTS_BATCHES_MAX;
	     more = kv_next(&walk)) {
		st = index_row_read(&walk, &row);
		goes_on = st == ST_OK && joins(o, &row); /* else another feed, or a gap */
		if (goes_on)
			take(o, &row);
	}
	ended = walk.st;
	kv_walk_done(&walk);
	return st == ST_OK ? ended : st;
}

/* ---- among several: down from the end ---- */

/* The batch that at lies in; at is then what it joins at. */
static status
step_down(struct onward *o, uint64_t *ret_offset)
{
	struct index_row row;
	status st = index_row_of(o->txn, o->feed, &o->at, &row);

	if (st == ST_NOT_FOUND && gaps_has(o->txn, o->feed, &o->at) == ST_NOT_FOUND)
		return ST_MALFORMED; /* a batch joins at what is here, or at a gap */
	if (st < 0)
		return st;
	*ret_offset = row.offset;
	o->at.seq = row.first - 1;
	memcpy(o->at.hash, row.before, HASH_BYTES);
	return ST_OK;
}

/* The nearest are met last, and take the places of those that were met first. */
static status
go_down(struct onward *o, const struct point *known)
{
	uint64_t ring[EVENTS_BATCHES_MAX] = { 0 };
	size_t met = 0;
	status st = journal_furthest(o->txn, o->feed, known, &o->at);

	while (st == ST_OK && o->at.seq > known->seq)
		st = step_down(o, &ring[met++ % EVENTS_BATCHES_MAX]);
	if (st < 0)
		return st == ST_NOT_FOUND ? ST_OK : st;
	o->count = met < EVENTS_BATCHES_MAX ? met : EVENTS_BATCHES_MAX;
	for (size_t i = 0; i < o->count; i++)
		o->offsets[i] = ring[(met - 1 - i) % EVENTS_BATCHES_MAX];
	return ST_OK;
}

status
journal_onward(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *known,
               uint64_t ret_offsets[static EVENTS_BATCHES_MAX], size_t *ret_count)
{
	struct onward o = { .txn = txn, .feed = feed, .at = *known, .offsets = ret_offsets };
	size_t lanes = 0;
	status st = journal_leaves(txn, feed, NULL, 0, &lanes);

	if (st == ST_OK)
		st = lanes > 1 ? go_down(&o, known) : go_up(&o);
	if (st == ST_OK)
		*ret_count = o.count;
	return st;
}
