/* Appending: all that must not be computed from what was read before the lock,
 * numbers, hashes, and who replaced what, is computed here, under it. */
#include <sodium.h>
#include <stdlib.h>

#include "agent/outbox_internal.h"
#include "protocol/chain.h"
#include "protocol/event.h"

enum { AHEAD = 16 }; /* keys: so many are stored while memory is waited for */

/* Where the key of an item stands among all keys. */
struct place {
	uint64_t prefix; /* how the key begins: with it nearly all comparisons end */
	const uint8_t *key;
	size_t item;
};

struct appending {
	outbox *box;
	kv_txn *txn;
	struct outbox_item *items;
	size_t count;
	struct place *places; /* of those with a key, in the order of the keys */
	size_t keyed;
	struct kv_walk events;
	struct tip tip;
	bool stored;         /* an item of this commit is in already */
	uint64_t room_bytes; /* what it may take on the disk, of the items not looked at yet */
	writer w;            /* a body that got its random bytes */
};

/* Two clones of a device whose clock stands still would else write the same
 * event twice, and one would be taken for a copy of the other. */
static status
add_random(struct appending *a, struct event *e, struct bytes *body)
{
	uint8_t random[RANDOM_BYTES];
	event_field fault;
	status st;

	randombytes_buf(random, sizeof(random));
	e->random = random;
	e->has |= EVENT_BIT(EVENT_RANDOM);
	st = event_encode(e, &a->w, &fault);
	/* it lies here on the stack, and the event goes on living */
	e->random = NULL;
	if (st == ST_OK)
		*body = writer_bytes(&a->w);
	return st == ST_OK || st == ST_NOMEM ? st : ST_INVALID;
}

/* An own version is replaced by one own event, which keeps the versions of this
 * device in one line. */
status
outbox_put_replaced(kv_txn *txn, const outbox *box, const struct fix *fix, uint64_t by)
{
	uint8_t seq[SEQ_BYTES], later[SEQ_BYTES], hash[HASH_BYTES];
	struct bytes key = { seq, sizeof(seq) }, value = { later, sizeof(later) }, body;
	uint64_t other;
	status st;

	if (fix->feed && memcmp(fix->feed, box->device.feed, FEED_BYTES) != 0)
		return ST_OK;
	st = outbox_get_event(txn, fix->seq, &body, hash);
	if (st == ST_NOT_FOUND || (st == ST_OK && memcmp(hash, fix->hash, HASH_PREFIX_BYTES) != 0))
		return ST_INVALID;
	if (st < 0)
		return st;
	put_u64(seq, fix->seq);
	put_u64(later, by);
	st = outbox_get_seq(txn, OUTBOX_FIXED, key, &other);
	if (st != ST_NOT_FOUND)
		return st == ST_OK ? ST_EXISTS : st;
	return kv_put(txn, OUTBOX_FIXED, key, value);
}

status
outbox_put_event(struct kv_walk *events, const outbox *box, struct point *tip, struct bytes body,
                 const uint8_t hash[static HASH_BYTES])
{
	uint8_t key[SEQ_BYTES], row[HASH_BYTES + EVENT_BYTES_MAX];

	if (body.len > EVENT_BYTES_MAX)
		return ST_LIMIT;
	chain_step(box->device.feed, tip, hash);
	put_u64(key, tip->seq);
	memcpy(row, tip->hash, HASH_BYTES);
	memcpy(row + HASH_BYTES, body.at, body.len);
	return kv_walk_append(events, (struct bytes) { key, sizeof(key) },
	                      (struct bytes) { row, HASH_BYTES + body.len });
}

/* Hashed here unless that was done before. */
static status
put_event(struct appending *a, struct bytes body, const uint8_t *hash)
{
	uint8_t own[HASH_BYTES];

	if (!hash) {
		outbox_body_hash(body, own);
		hash = own;
	}
	return outbox_put_event(&a->events, a->box, &a->tip.at, body, hash);
}

/* Room is asked for only when something new is to be stored: a repeat that is
 * known must be confirmed even when the disk is full.  It is asked for all that is to
 * come: a long commit that fails half way has eaten the reserve. */
static status
store_event(struct appending *a, const struct outbox_item *item)
{
	struct bytes body = item->body;
	struct event e;
	status st = ST_OK;

	if (item->is_plain && a->stored) {
		a->tip.at_ms = item->at_ms;
		return put_event(a, body, item->hash);
	}
	if (event_decode(body, &e) != HOLD_NONE)
		return ST_INVALID;
	if (!a->stored)
		st = outbox_room_check(a->box, a->room_bytes);
	if (st == ST_OK && !a->stored && e.at_ms <= a->tip.at_ms &&
	    !(e.has & EVENT_BIT(EVENT_RANDOM)))
		st = add_random(a, &e, &body);
	if (st == ST_OK)
		st = put_event(a, body, body.at == item->body.at ? item->hash : NULL);
	for (size_t i = 0; i < e.fixes.count && st == ST_OK; i++)
		st = outbox_put_replaced(a->txn, a->box, &e.fixes.list[i], a->tip.at.seq);
	a->tip.at_ms = e.at_ms;
	a->stored = true;
	return st;
}

/* ---- keys ---- */

static bool
same_key(const struct place *a, const struct place *b)
{
	return a->prefix == b->prefix && memcmp(a->key, b->key, HASH_BYTES) == 0;
}

static int
by_key(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order;

	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	order = memcmp(x->key, y->key, HASH_BYTES);
	if (order != 0)
		return order;
	return x->item < y->item ? -1 : 1;
}

/* Keys are hashes, so their first bits spread them evenly: of as many boxes as there are keys
 * each key goes to its own at once, and few have company there to be compared with. */
static status
sort_places(const struct place *places, size_t count, struct place *ret_sorted)
{
	int shift = 63;
	size_t boxes, begin = 0, *ends;

	while (UINT64_C(1) << (64 - shift) < count)
		shift--;
	boxes = (size_t) 1 << (64 - shift);
	ends = calloc(boxes + 1, sizeof(*ends));
	if (!ends)
		return ST_NOMEM;
	for (size_t i = 0; i < count; i++)
		ends[(places[i].prefix >> shift) + 1]++;
	for (size_t box = 1; box < boxes; box++) /* where each begins: it ends there while empty */
		ends[box] += ends[box - 1];
	for (size_t i = 0; i < count; i++)
		ret_sorted[ends[places[i].prefix >> shift]++] = places[i];
	for (size_t box = 0; box < boxes; box++) {
		if (ends[box] - begin > 1)
			qsort(ret_sorted + begin, ends[box] - begin, sizeof(*places), by_key);
		begin = ends[box];
	}
	free(ends);
	return ST_OK;
}

/* In order, so that each page of their table is come to once. */
static status
sort_keys(struct appending *a)
{
	struct place *places = calloc(a->count + 1, sizeof(*places));
	status st = ST_NOMEM;

	a->places = calloc(a->count + 1, sizeof(*a->places));
	if (places && a->places) {
		for (size_t i = 0; i < a->count; i++) {
			const uint8_t *key = a->items[i].key;

			a->items[i].ret_known = false;
			if (key)
				places[a->keyed++] = (struct place) { get_u64(key), key, i };
		}
		st = sort_places(places, a->keyed, a->places);
	}
	free(places);
	return st;
}

/* Of equal keys in one commit the first event is stored, and known to the others. */
static status
find_known(struct appending *a)
{
	for (size_t i = 0; i < a->keyed; i++) {
		const struct place *place = &a->places[i];
		struct outbox_item *item;
		uint64_t seq = 0;
		status st = ST_OK;

		if (i == 0 || !same_key(place - 1, place))
			st = outbox_find_key_in(a->txn, place->key, &seq);
		if (st == ST_NOT_FOUND)
			continue;
		if (st < 0)
			return st;
		item = &a->items[place->item];
		if (item->is_new)
			return ST_EXISTS;
		item->ret_known = true;
		item->ret_seq = seq;
	}
	return ST_OK;
}

/* find_known() has seen that it is not there. */
static status
put_key(struct kv_walk *keys, bool behind_all, struct bytes key, struct bytes value)
{
	struct bytes old;

	return behind_all ? kv_walk_append(keys, key, value) : kv_walk_add(keys, key, value, &old);
}

/* Names have an order of their own, so each item and its key lie somewhere else: without this
 * they are waited for, one after the other. */
static void
fetch_ahead(const struct appending *a, size_t i)
{
	const struct place *later = &a->places[i + AHEAD];

	if (i + AHEAD >= a->keyed)
		return;
	__builtin_prefetch(later->key);
	__builtin_prefetch(&a->items[later->item].ret_seq);
}

/* In the transaction of the events, so no crash can part them.  The first ones ever go one
 * behind the other: no place is sought, and pages become full. */
static status
store_keys(struct appending *a)
{
	const bool first = kv_count(a->txn, OUTBOX_KEYS) == 0;
	struct kv_walk keys;
	status st = ST_OK;

	kv_walk_begin(a->txn, OUTBOX_KEYS, &keys);
	for (size_t i = 0; i < a->keyed && st == ST_OK; i++) {
		const struct place *place = &a->places[i];
		struct outbox_item *item = &a->items[place->item];
		uint8_t seq[SEQ_BYTES];

		fetch_ahead(a, i);
		if (i > 0 && same_key(place - 1, place))
			item->ret_seq = a->items[place[-1].item].ret_seq;
		if (item->ret_known)
			continue;
		put_u64(seq, item->ret_seq);
		st = put_key(&keys, first, (struct bytes) { place->key, HASH_BYTES },
		             (struct bytes) { seq, sizeof(seq) });
	}
	kv_walk_done(&keys);
	return st;
}

/* ---- the whole ---- */

static status
store_events(struct appending *a)
{
	status st = ST_OK;

	for (size_t i = 0; i < a->count; i++)
		a->room_bytes += outbox_room_of(1, a->items[i].body.len);
	kv_walk_begin(a->txn, OUTBOX_EVENTS, &a->events);
	for (size_t i = 0; i < a->count && st == ST_OK; i++) {
		struct outbox_item *item = &a->items[i];

		if (!item->ret_known)
			st = store_event(a, item);
		if (!item->ret_known)
			item->ret_seq = a->tip.at.seq;
		a->room_bytes -= outbox_room_of(1, item->body.len);
	}
	kv_walk_done(&a->events);
	return st;
}

/* The tip goes in once, behind the last event: before that only this transaction sees it. */
static status
append_all(struct appending *a)
{
	status st = outbox_get_tip(a->txn, a->box, &a->tip);

	if (st == ST_OK)
		st = sort_keys(a);
	if (st == ST_OK)
		st = find_known(a);
	if (st == ST_OK)
		st = store_events(a);
	if (st == ST_OK)
		st = store_keys(a);
	return st == ST_OK && a->stored ? outbox_put_tip(a->txn, &a->tip) : st;
}

/* Where all keys were known nothing was written, and so there is nothing to wait for the
 * disk for.  After the commit the events are safe: that the ballast cannot be made, or the
 * daemon not woken, does not change that. */
status
outbox_append(outbox *box, struct outbox_item *items, size_t count, int wait_ms)
{
	struct appending a = { .box = box, .items = items, .count = count };
	status st = kv_write(box->store, wait_ms, &a.txn);

	if (st < 0)
		return st;
	writer_init(&a.w);
	st = append_all(&a);
	writer_done(&a.w);
	free(a.places);
	if (st < 0 || !a.stored) {
		kv_abort(&a.txn);
		return st;
	}
	st = kv_commit(&a.txn);
	if (st < 0)
		return st;
	outbox_room_fill(box->home);
	outbox_touch(box);
	return ST_OK;
}
