#include "hub/journal_gaps.h"

#include "hub/hub.h"
#include "hub/rows.h"

static struct bytes
id_of(const uint8_t *feed, const struct point *at, uint8_t out[static EVENT_ID_BYTES])
{
	event_id_write(feed, at, out);
	return (struct bytes) { out, EVENT_ID_BYTES };
}

status
gaps_has(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at)
{
	uint8_t id[EVENT_ID_BYTES];
	struct bytes value;

	return kv_get(txn, TABLE_GAPS, id_of(feed, at, id), &value);
}

status
gaps_put(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at)
{
	static const uint8_t nothing[1];
	uint8_t id[EVENT_ID_BYTES];

	return kv_put(txn, TABLE_GAPS, id_of(feed, at, id),
	              (struct bytes) { nothing, sizeof(nothing) });
}

status
gaps_delete(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at)
{
	uint8_t id[EVENT_ID_BYTES];
	status st = kv_delete(txn, TABLE_GAPS, id_of(feed, at, id));

	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* ---- walking ---- */

/* The gaps of one feed, or of all: feed is then NULL. */
static bool
walk_at(const struct kv_walk *walk, const uint8_t *feed, struct point *ret_at, status *st)
{
	if (feed && (walk->key.len < FEED_BYTES || memcmp(walk->key.at, feed, FEED_BYTES) != 0))
		return false;
	if (walk->key.len != EVENT_ID_BYTES) {
		*st = ST_MALFORMED;
		return false;
	}
	ret_at->seq = get_u64(walk->key.at + FEED_BYTES);
	memcpy(ret_at->hash, walk->key.at + FEED_BYTES + 8, HASH_BYTES);
	return true;
}

static status
walk_end(struct kv_walk *walk, status st)
{
	if (st == ST_OK)
		st = walk->st;
	kv_walk_done(walk);
	return st;
}

status
journal_each_gap(kv_txn *txn,
                 status (*visit)(void *ctx, const uint8_t *feed, const struct point *at), void *ctx)
{
	struct kv_walk walk;
	struct point at;
	status st = ST_OK;

	for (bool more = kv_seek(txn, TABLE_GAPS, (struct bytes) { 0 }, &walk);
	     more && st == ST_OK && walk_at(&walk, NULL, &at, &st); more = kv_next(&walk))
		st = visit(ctx, walk.key.at, &at);
	return walk_end(&walk, st);
}

status
journal_gaps(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct point *list, size_t max,
             size_t *ret_count)
{
	struct kv_walk walk;
	struct point at;
	size_t count = 0;
	status st = ST_OK;

	for (bool more = kv_seek(txn, TABLE_GAPS, (struct bytes) { feed, FEED_BYTES }, &walk);
	     more && walk_at(&walk, feed, &at, &st); more = kv_next(&walk)) {
		if (list && count < max)
			list[count] = at;
		count++;
	}
	st = walk_end(&walk, st);
	if (st == ST_OK)
		*ret_count = count;
	return st;
}

status
gaps_between(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t first, uint64_t last,
             bool *ret_any)
{
	uint8_t key[FEED_BYTES + 8];
	struct kv_walk walk;
	struct point at;
	status st = ST_OK;

	memcpy(key, feed, FEED_BYTES);
	put_u64(key + FEED_BYTES, first);
	*ret_any = kv_seek(txn, TABLE_GAPS, (struct bytes) { key, sizeof(key) }, &walk) &&
		walk_at(&walk, feed, &at, &st) && at.seq <= last;
	return walk_end(&walk, st);
}

enum { PIECE = 64 };

/* The gaps among events, at most PIECE of them. */
static status
gaps_among(kv_txn *txn, const uint8_t *feed, const struct batch_event *events,
           uint64_t events_count, struct point list[static PIECE], size_t *ret_count)
{
	uint64_t first = events[0].at.seq;
	uint8_t key[FEED_BYTES + 8];
	struct kv_walk walk;
	struct point at;
	size_t count = 0;
	status st = ST_OK;

	memcpy(key, feed, FEED_BYTES);
	put_u64(key + FEED_BYTES, first);
	for (bool more = kv_seek(txn, TABLE_GAPS, (struct bytes) { key, sizeof(key) }, &walk);
	     more && count < PIECE && walk_at(&walk, feed, &at, &st) &&
	     at.seq - first < events_count;
	     more = kv_next(&walk)) {
		if (point_equal(&events[at.seq - first].at, &at))
			list[count++] = at;
	}
	*ret_count = count;
	return walk_end(&walk, st);
}

/* Gathered before they are deleted, piece by piece. */
status
gaps_close(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct batch_event *events,
           uint64_t events_count, bool *ret_closed, bool *ret_last_closed)
{
	struct point list[PIECE];
	size_t count = PIECE;
	status st = ST_OK;

	*ret_closed = *ret_last_closed = false;
	while (st == ST_OK && count == PIECE) {
		st = gaps_among(txn, feed, events, events_count, list, &count);
		for (size_t i = 0; i < count && st == ST_OK; i++) {
			*ret_closed = true;
			*ret_last_closed |= list[i].seq == events[events_count - 1].at.seq;
			st = gaps_delete(txn, feed, &list[i]);
		}
	}
	return st;
}

status
gaps_have_room(kv_txn *txn, const uint8_t feed[static FEED_BYTES])
{
	size_t count = 0;
	status st = journal_gaps(txn, feed, NULL, 0, &count);

	return st == ST_OK && count >= GAPS_MAX ? ST_LIMIT : st;
}
