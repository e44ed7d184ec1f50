/* What comes back was recorded here once, by this program or an older one, and sealed: that
 * is checked, and nothing else about it is judged anew. */
#include <stdlib.h>

#include "agent/adopted_keys.h"
#include "agent/outbox_internal.h"
#include "protocol/chain.h"
#include "protocol/event.h"

struct adopting {
	outbox *box;
	const struct sent_back *sent;
	uint8_t *space; /* BATCH_RAW_BYTES_MAX */
	kv_txn *txn;
	struct point floor; /* (0, h(0)) as a rule */
	struct kv_walk events;
	struct tip tip;
	uint64_t count;
	uint64_t room_bytes; /* that all of it may take */
};

static status
open_batch(struct adopting *a, struct bytes frame, struct batch *ret_batch,
           struct bytes *ret_bodies)
{
	status st = batch_open(frame.at, frame.len, ret_batch);

	return st == ST_OK ? batch_unpack(ret_batch, a->space, ret_bodies) : st;
}

/* Before the lock is taken: a signature each. */
static status
check_all(struct adopting *a)
{
	status st = ST_OK;

	for (size_t i = 0; i < a->sent->count && st == ST_OK; i++) {
		struct bytes bodies;
		struct batch b;

		st = open_batch(a, a->sent->list[i], &b, &bodies);
		if (st == ST_OK && memcmp(b.feed, a->box->device.feed, FEED_BYTES) != 0)
			st = ST_DENIED;
		if (st == ST_OK)
			st = batch_verify(&b, bodies, NULL);
		if (st == ST_OK)
			a->room_bytes += outbox_room_of(b.count, bodies.len);
	}
	return st;
}

/* ST_EXISTS: under that number there is another event, or none yet.  What lies below the floor
 * was given up because that hub has it. */
static status
check_here(struct adopting *a, const struct point *at)
{
	uint8_t hash[HASH_BYTES];
	struct bytes body;
	status st;

	if (at->seq < a->floor.seq)
		return ST_OK;
	if (at->seq == a->floor.seq)
		return point_equal(at, &a->floor) ? ST_OK : ST_EXISTS;
	st = outbox_get_event(a->txn, at->seq, &body, hash);
	if (st < 0)
		return st == ST_NOT_FOUND ? ST_EXISTS : st;
	return memcmp(hash, at->hash, HASH_BYTES) == 0 ? ST_OK : ST_EXISTS;
}

/* As outbox_append() leaves an event.  What it replaces was right when it was recorded; where
 * that cannot be followed here it stays as it is. */
static status
store_event(struct adopting *a, const struct point *at, struct bytes body)
{
	uint8_t hash[HASH_BYTES];
	struct event e;
	status st;

	outbox_body_hash(body, hash);
	st = outbox_put_event(&a->events, a->box, &a->tip.at, body, hash);
	if (st == ST_OK && !point_equal(&a->tip.at, at))
		st = ST_CHAIN;
	if (st < 0)
		return st;
	a->count++;
	if (outbox_is_erased(body) || event_decode(body, &e) != HOLD_NONE)
		return ST_OK;
	a->tip.at_ms = e.at_ms;
	for (size_t i = 0; i < e.fixes.count && st == ST_OK; i++) {
		st = outbox_put_replaced(a->txn, a->box, &e.fixes.list[i], at->seq);
		if (st == ST_INVALID || st == ST_EXISTS)
			st = ST_OK;
	}
	return st == ST_OK ? adopted_keys_put(a->txn, &e, at->seq) : st;
}

/* ST_EXISTS: it does not go on from the tip, or not to its end. */
static status
store_batch(struct adopting *a, struct bytes frame)
{
	enum { ERASED_BYTES = 3 + HASH_BYTES };
	struct bytes bodies = { 0 };
	struct batch_event e;
	struct batch_walk walk;
	struct point start;
	struct batch b;
	status st = open_batch(a, frame, &b, &bodies);

	if (st < 0)
		return st;
	start = batch_start(&b);
	st = check_here(a, &start);
	kv_walk_begin(a->txn, OUTBOX_EVENTS, &a->events);
	walk = batch_walk(&b, bodies);
	while (st == ST_OK && batch_next(&walk, &e)) {
		if (e.erased)
			e.body = (struct bytes) { bodies.at + e.end_offset - ERASED_BYTES,
				                  ERASED_BYTES };
		st = e.at.seq > a->tip.at.seq ? store_event(a, &e.at, e.body)
					      : check_here(a, &e.at);
	}
	kv_walk_done(&a->events);
	return st;
}

/* The hub that sent them has them. */
static status
put_marks(struct adopting *a, const uint8_t *hub)
{
	struct outbox_hub facts = { 0 };
	status st = outbox_get_marks(a->txn, hub, &facts);

	if (st < 0)
		return st;
	facts.acked = a->tip.at;
	facts.beyond -= facts.beyond < a->count ? facts.beyond : a->count;
	facts.onward -= facts.onward < a->count ? facts.onward : a->count;
	return outbox_put_marks(a->txn, hub, &facts);
}

static status
store_all(struct adopting *a, const uint8_t *hub)
{
	status st = outbox_get_floor(a->txn, a->box, &a->floor);

	if (st == ST_OK)
		st = outbox_get_tip(a->txn, a->box, &a->tip);
	for (size_t i = 0; i < a->sent->count && st == ST_OK; i++)
		st = store_batch(a, a->sent->list[i]);
	if (st == ST_EXISTS && a->count > 0)
		st = ST_OK;
	if (st == ST_OK && a->count == 0)
		st = ST_EXISTS;
	if (st == ST_OK)
		st = outbox_put_tip(a->txn, &a->tip);
	return st == ST_OK ? put_marks(a, hub) : st;
}

status
outbox_adopt(outbox *box, const uint8_t hub[static FEED_BYTES], const struct sent_back *sent,
             int wait_ms, uint64_t *ret_count)
{
	struct adopting a = { .box = box, .sent = sent, .space = malloc(BATCH_RAW_BYTES_MAX) };
	status st = a.space ? check_all(&a) : ST_NOMEM;

	if (st == ST_OK)
		st = outbox_room_check(box, a.room_bytes);
	if (st == ST_OK)
		st = kv_write(box->store, wait_ms, &a.txn);
	if (st == ST_OK)
		st = store_all(&a, hub);
	if (st == ST_OK)
		st = kv_commit(&a.txn);
	else
		kv_abort(&a.txn);
	free(a.space);
	if (st < 0)
		return st;
	outbox_room_fill(box->home);
	outbox_touch(box);
	*ret_count = a.count;
	return ST_OK;
}
