#include "hub/locks.h"

#include <sodium.h>
#include <stdlib.h>

#include "hub/journal.h"
#include "hub/rows.h"
#include "protocol/draft.h"

struct held_lock {
	struct lock lock; /* points into bytes */
	uint8_t *bytes;
};

struct locks {
	struct held_lock *list; /* ascending by quarter */
	size_t count;
	uint8_t id[HASH_BYTES]; /* of which documents it was made */
};

/* ---- reading ---- */

static status
open_lock(const struct office_document *d, struct held_lock *ret_lock)
{
	struct held_lock l = { .bytes = NULL };
	size_t len;
	status st = documents_unpack(d, PLAN_BYTES_MAX, &l.bytes, &len);

	if (st == ST_OK)
		st = lock_read((struct bytes) { l.bytes, len }, &l.lock);
	if (st == ST_OK && l.lock.quarter != d->number)
		st = ST_INVALID;
	if (st < 0) {
		free(l.bytes);
		return st;
	}
	*ret_lock = l;
	return ST_OK;
}

status
locks_check(const struct office_document *d)
{
	struct held_lock l;
	status st = open_lock(d, &l);

	if (st == ST_OK)
		free(l.bytes);
	return st;
}

struct numbering {
	crypto_generichash_state state;
	size_t count;
};

static status
number_one(void *ctx, const struct office_document *d)
{
	struct numbering *n = ctx;

	if (n->count++ == 0)
		crypto_generichash_init(&n->state, NULL, 0, HASH_BYTES);
	crypto_generichash_update(&n->state, d->hash, HASH_BYTES);
	crypto_generichash_update(&n->state, d->feed, FEED_BYTES);
	return ST_OK;
}

/* The same hash and feed is the same document: its quarter stands in it. */
static status
number_all(kv_txn *txn, size_t *ret_count, uint8_t ret_id[static HASH_BYTES])
{
	struct numbering n = { .count = 0 };
	status st = documents_each(txn, KIND_LOCK, number_one, &n);

	*ret_count = n.count;
	if (st == ST_OK && n.count > 0)
		crypto_generichash_final(&n.state, ret_id, HASH_BYTES);
	return st;
}

/* There is room: they were counted in the same transaction. */
static status
load_one(void *ctx, const struct office_document *d)
{
	struct locks *l = ctx;
	status st = open_lock(d, &l->list[l->count]);

	l->count += st == ST_OK;
	return st;
}

status
locks_load(kv_txn *txn, locks **ret_locks)
{
	uint8_t id[HASH_BYTES];
	size_t count = 0;
	locks *l = NULL;
	status st = number_all(txn, &count, id);

	*ret_locks = NULL;
	if (st < 0 || count == 0)
		return st;
	l = calloc(1, sizeof(*l));
	if (l)
		l->list = calloc(count, sizeof(*l->list));
	st = l && l->list ? documents_each(txn, KIND_LOCK, load_one, l) : ST_NOMEM;
	if (st < 0) {
		locks_free(&l);
		return st;
	}
	memcpy(l->id, id, HASH_BYTES);
	*ret_locks = l;
	return ST_OK;
}

void
locks_free(locks **l_p)
{
	locks *l = *l_p;

	if (!l)
		return;
	for (size_t i = 0; i < l->count; i++)
		free(l->list[i].bytes);
	free(l->list);
	free(l);
	*l_p = NULL;
}

status
locks_are(const locks *l, kv_txn *txn, bool *ret_same)
{
	uint8_t id[HASH_BYTES] = { 0 };
	size_t count = 0;
	status st = number_all(txn, &count, id);

	if (st < 0)
		return st;
	*ret_same = l ? count == l->count && memcmp(id, l->id, HASH_BYTES) == 0 : count == 0;
	return ST_OK;
}

/* ---- lateness ---- */

/* Leaves ascend by number, and an event lies below most of them that are above it. */
static status
is_below(const struct lock *lock, kv_txn *txn, chains *c, const uint8_t *feed,
         const struct point *at, bool *ret_below)
{
	struct leaves leaves = leaves_of_feed(&lock->leaves, feed);
	status st = ST_NOT_FOUND;

	for (size_t i = leaves_count(&leaves); i > 0 && st == ST_NOT_FOUND; i--) {
		struct point leaf;

		leaves_get(&leaves, i - 1, &leaf);
		if (leaf.seq < at->seq)
			break;
		st = chains_below(c, txn, feed, at, &leaf);
	}
	*ret_below = st == ST_OK;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* A void has no day, and comes with a reason as all corrections do. */
static bool
is_dated(const struct event *e)
{
	return event_is_record(e->kind) && e->kind != KIND_VOID;
}

status
locks_late(const locks *l, kv_txn *txn, chains *c, const uint8_t feed[static FEED_BYTES],
           const struct point *at, const struct event *e, lateness *ret_late)
{
	size_t of_quarter = 0, beyond = 0;
	uint64_t quarter;

	*ret_late = LATE_NOT;
	if (!l || !is_dated(e))
		return ST_OK;
	quarter = quarter_of(event_day(e));
	for (size_t i = 0; i < l->count; i++) {
		bool below;
		status st;

		if (l->list[i].lock.quarter != quarter)
			continue;
		st = is_below(&l->list[i].lock, txn, c, feed, at, &below);
		if (st < 0)
			return st;
		of_quarter++;
		beyond += !below;
	}
	if (beyond > 0)
		*ret_late = beyond == of_quarter ? LATE_ALL : LATE_SOME;
	return ST_OK;
}

/* ---- what changes ---- */

static bool
names(const struct lock *lock, const uint8_t *feed, const struct point *at)
{
	struct leaves leaves = leaves_of_feed(&lock->leaves, feed);

	for (size_t i = 0; i < leaves_count(&leaves); i++) {
		struct point leaf;

		leaves_get(&leaves, i, &leaf);
		if (point_equal(&leaf, at))
			return true;
	}
	return false;
}

bool
locks_name(const locks *l, const uint8_t feed[static FEED_BYTES], const struct point *at)
{
	for (size_t i = 0; l && i < l->count; i++)
		if (names(&l->list[i].lock, feed, at))
			return true;
	return false;
}

/* How many of l are of that quarter; l may be NULL. */
static size_t
count_of(const locks *l, uint64_t quarter)
{
	size_t count = 0;

	for (size_t i = 0; l && i < l->count; i++)
		count += l->list[i].lock.quarter == quarter;
	return count;
}

/* The only one of after whose quarter has none in before, when that is all the difference
 * there is. */
static const struct lock *
first_of_its_quarter(const locks *before, const locks *after)
{
	const struct lock *fresh = NULL;

	if (after->count != (before ? before->count : 0) + 1)
		return NULL;
	for (size_t i = 0; i < after->count; i++)
		if (count_of(before, after->list[i].lock.quarter) == 0)
			fresh = &after->list[i].lock;
	return fresh;
}

struct covering {
	const struct lock *lock;
	const uint8_t *own_feed;
	bool all;
};

static status
look_at_leaf(void *ctx, const uint8_t *feed, const struct point *at)
{
	struct covering *c = ctx;

	if (memcmp(feed, c->own_feed, FEED_BYTES) != 0 && !names(c->lock, feed, at))
		c->all = false;
	return ST_OK;
}

status
locks_change_nothing(const locks *before, const locks *after, kv_txn *txn,
                     const uint8_t own_feed[static FEED_BYTES], bool *ret_nothing)
{
	struct covering c = { .lock = after ? first_of_its_quarter(before, after) : NULL,
		              .own_feed = own_feed,
		              .all = true };
	status st = c.lock ? journal_each_leaf(txn, look_at_leaf, &c) : ST_OK;

	*ret_nothing = c.lock && c.all;
	return st;
}

/* ---- making ---- */

static status
add_leaf(void *ctx, const uint8_t *feed, const struct point *at)
{
	writer *w = ctx;
	uint8_t id[EVENT_ID_BYTES];

	event_id_write(feed, at, id);
	writer_raw(w, id, sizeof(id));
	return writer_status(w);
}

/* A lock of that quarter that names all that is here, but for the hub's own feed, which
 * grows with each lock. */
static status
is_locked_so(hub *h, kv_txn *txn, uint64_t quarter, bool *ret_so)
{
	const locks *all = NULL;
	status st = hub_locks(h, txn, &all);

	*ret_so = false;
	for (size_t i = 0; st == ST_OK && all && i < all->count && !*ret_so; i++) {
		struct covering c = { &all->list[i].lock, hub_id(h), true };

		if (all->list[i].lock.quarter != quarter)
			continue;
		st = journal_each_leaf(txn, look_at_leaf, &c);
		*ret_so = c.all;
	}
	return st;
}

/* draft NULL: it is published. */
static status
make_lock(hub *h, kv_txn *txn, uint64_t quarter, int64_t now_ms, writer *draft)
{
	const struct event head = { .kind = KIND_LOCK, .quarter = quarter, .at_ms = now_ms };
	struct lock lock = { .quarter = quarter };
	writer leaves, w;
	bool so = false;
	status st = is_locked_so(h, txn, quarter, &so);

	if (st == ST_OK && so)
		return ST_EXISTS;
	writer_init(&leaves);
	writer_init(&w);
	if (st == ST_OK)
		st = journal_each_leaf(txn, add_leaf, &leaves);
	lock.leaves.at = writer_bytes(&leaves);
	if (st == ST_OK)
		st = lock_write(&lock, &w);
	if (st == ST_OK && draft)
		st = draft_write(&head, writer_bytes(&w), draft);
	else if (st == ST_OK)
		st = hub_publish(h, txn, &head, writer_bytes(&w), now_ms);
	writer_done(&w);
	writer_done(&leaves);
	return st;
}

status
hub_lock(hub *h, kv_txn *txn, uint64_t quarter, int64_t now_ms)
{
	return make_lock(h, txn, quarter, now_ms, NULL);
}

status
hub_lock_draft(hub *h, kv_txn *txn, uint64_t quarter, writer *w)
{
	return make_lock(h, txn, quarter, 0, w);
}
