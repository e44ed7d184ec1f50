#include "hub/backups.h"

#include <stdlib.h>
#include <string.h>

#include "hub/digest.h"
#include "hub/journal_index.h"
#include "hub/rows.h"
#include "protocol/chain.h"

enum { PLACE_BYTES = 16, VALUE_BYTES = PLACE_BYTES + HASH_BYTES };

/* ---- where they are ---- */

struct listed {
	struct kept_backup list[BACKUPS_KEPT + 1];
	size_t count;
};

static int
newest_first(const void *a, const void *b)
{
	const struct kept_backup *x = a, *y = b;

	if (x->made_ms != y->made_ms)
		return x->made_ms > y->made_ms ? -1 : 1;
	return strcmp(x->dir, y->dir);
}

static void
listed_done(struct listed *l)
{
	for (size_t i = 0; i < l->count; i++)
		free((char *) (uintptr_t) l->list[i].dir);
}

/* Copied, since who visits may write. */
static status
read_all(kv_txn *txn, struct listed *l)
{
	struct kv_walk walk;
	status st = ST_OK;

	l->count = 0;
	for (bool more = kv_seek(txn, TABLE_BACKUPS, (struct bytes) { 0 }, &walk);
	     more && st == ST_OK && l->count <= BACKUPS_KEPT; more = kv_next(&walk)) {
		struct kept_backup *b = &l->list[l->count];

		if (walk.value.len != PLACE_BYTES && walk.value.len != VALUE_BYTES)
			continue;
		b->dir = strndup((const char *) walk.key.at, walk.key.len);
		b->entries = get_u64(walk.value.at);
		b->made_ms = (int64_t) get_u64(walk.value.at + 8);
		b->has_state = walk.value.len == VALUE_BYTES;
		if (b->has_state)
			memcpy(b->state, walk.value.at + PLACE_BYTES, HASH_BYTES);
		if (b->dir)
			l->count++;
		else
			st = ST_NOMEM;
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	qsort(l->list, l->count, sizeof(l->list[0]), newest_first);
	return st;
}

status
backups_each(kv_txn *txn, status (*visit)(void *ctx, const struct kept_backup *b), void *ctx)
{
	struct listed l;
	status st = read_all(txn, &l);

	for (size_t i = 0; i < l.count && st == ST_OK; i++)
		st = visit(ctx, &l.list[i]);
	listed_done(&l);
	return st;
}

static struct bytes
path_key(const char *dir)
{
	size_t len = strlen(dir);

	return (struct bytes) { (const uint8_t *) dir,
		                len < KV_KEY_BYTES_MAX ? len : KV_KEY_BYTES_MAX };
}

static status
note_place(kv_txn *txn, hub *copy, kv_txn *seen, const char *dir, int64_t now_ms)
{
	uint8_t value[VALUE_BYTES], set[HASH_BYTES];
	struct listed l;
	status st = hub_digest(copy, seen, set, value + PLACE_BYTES);

	put_u64(value, journal_size(seen));
	put_u64(value + 8, (uint64_t) now_ms);
	if (st == ST_OK)
		st = kv_put(txn, TABLE_BACKUPS, path_key(dir),
		            (struct bytes) { value, sizeof(value) });
	if (st < 0)
		return st;
	st = read_all(txn, &l);
	for (size_t i = BACKUPS_KEPT; i < l.count && st == ST_OK; i++)
		st = kv_delete(txn, TABLE_BACKUPS, path_key(l.list[i].dir));
	listed_done(&l);
	return st;
}

/* ---- what is safe ---- */

struct marking {
	kv_txn *txn, *copy;
};

static status
mark_leaf(void *ctx, const uint8_t *feed, const struct point *at)
{
	static const uint8_t nothing[1];
	struct marking *m = ctx;
	uint8_t id[EVENT_ID_BYTES];
	status st = index_whole(m->copy, feed, at, 1);

	if (st == ST_NOT_FOUND)
		return ST_OK; /* there is a gap below it */
	event_id_write(feed, at, id);
	return st == ST_OK ? kv_put(m->txn, TABLE_SAFE, (struct bytes) { id, sizeof(id) },
	                            (struct bytes) { nothing, sizeof(nothing) })
			   : st;
}

status
backups_note(kv_txn *txn, hub *copy, kv_txn *seen, const char *dir, int64_t now_ms)
{
	struct marking m = { txn, seen };
	status st = note_place(txn, copy, seen, dir, now_ms);

	if (st == ST_OK)
		st = kv_clear(txn, TABLE_SAFE);
	return st == ST_OK ? journal_each_leaf(seen, mark_leaf, &m) : st;
}

/* The higher of best and what the copy has of the chain that ends at known. */
static status
try_leaf(kv_txn *txn, const uint8_t *feed, const struct point *known, const struct point *leaf,
         struct point *best)
{
	const struct point *lower = leaf->seq < known->seq ? leaf : known;
	const struct point *upper = lower == leaf ? known : leaf;
	status st = journal_known(txn, feed, lower);

	if (lower->seq <= best->seq || st == ST_NOT_FOUND)
		return ST_OK;
	if (st == ST_OK)
		st = journal_below(txn, feed, lower, upper);
	if (st == ST_OK)
		*best = *lower;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* With a gap nothing is told: what lies below it may not be here. */
status
backups_safe(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *known,
             struct point *ret_safe)
{
	struct kv_walk walk;
	struct point best;
	size_t gaps = 0;
	status st = journal_gaps(txn, feed, NULL, 0, &gaps);

	chain_start(feed, &best);
	*ret_safe = best;
	if (st < 0 || gaps > 0 || known->seq == 0)
		return st;
	for (bool more = kv_seek(txn, TABLE_SAFE, (struct bytes) { feed, FEED_BYTES }, &walk);
	     more && st == ST_OK && walk.key.len == EVENT_ID_BYTES &&
	     memcmp(walk.key.at, feed, FEED_BYTES) == 0;
	     more = kv_next(&walk)) {
		struct point leaf = { .seq = get_u64(walk.key.at + FEED_BYTES) };

		memcpy(leaf.hash, walk.key.at + FEED_BYTES + 8, HASH_BYTES);
		st = try_leaf(txn, feed, known, &leaf, &best);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	if (st == ST_OK)
		*ret_safe = best;
	return st;
}
