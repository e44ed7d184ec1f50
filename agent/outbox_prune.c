/* Giving up what is safe elsewhere: rows leave the table for good, so their pages are free to
 * be used again; the floor says how far that went.
 *
 * What stays below it is what later entries are compared with: versions of records that were
 * corrected, and entries of registers and things.  So a body that is gone is of an activity
 * that nobody here has corrected, or of an office's document. */
#include "agent/outbox_internal.h"
#include "protocol/chain.h"
#include "protocol/event.h"

enum { FLOOR_BYTES = SEQ_BYTES + HASH_BYTES };

static const char FLOOR_FACT[] = "floor";

status
outbox_get_floor(kv_txn *txn, const outbox *box, struct point *ret_floor)
{
	struct bytes value;
	status st = outbox_get_fact(txn, FLOOR_FACT, &value);

	if (st == ST_NOT_FOUND) {
		chain_start(box->device.feed, ret_floor);
		return ST_OK;
	}
	if (st < 0)
		return st;
	if (value.len != FLOOR_BYTES)
		return ST_IO;
	ret_floor->seq = get_u64(value.at);
	memcpy(ret_floor->hash, value.at + SEQ_BYTES, HASH_BYTES);
	return ST_OK;
}

static status
put_floor(kv_txn *txn, const struct point *floor)
{
	uint8_t value[FLOOR_BYTES];

	put_u64(value, floor->seq);
	memcpy(value + SEQ_BYTES, floor->hash, HASH_BYTES);
	return outbox_put_fact(txn, FLOOR_FACT, (struct bytes) { value, sizeof(value) });
}

status
outbox_floor(outbox *box, struct point *ret_floor)
{
	struct point floor;
	kv_txn *txn = NULL;
	status st = kv_read(box->store, &txn);

	if (st == ST_OK)
		st = outbox_get_floor(txn, box, &floor);
	kv_abort(&txn);
	if (st == ST_OK)
		*ret_floor = floor;
	return st;
}

/* ---- what may go ---- */

/* Of a hub that nobody is speaking with nothing is believed: it may have been put back to a
 * copy that has less.  ST_EXISTS: there is one. */
static status
check_only_hub(kv_txn *txn, const uint8_t *hub)
{
	struct kv_walk walk;
	status st = ST_OK;

	for (bool more = kv_seek(txn, OUTBOX_HUBS, (struct bytes) { 0 }, &walk);
	     more && st == ST_OK; more = kv_next(&walk)) {
		if (walk.key.len != FEED_BYTES || memcmp(walk.key.at, hub, FEED_BYTES) != 0)
			st = ST_EXISTS;
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

/* ST_EXISTS: it is on another chain. */
static status
check_own(kv_txn *txn, const struct point *at)
{
	uint8_t hash[HASH_BYTES];
	struct bytes body;
	status st = outbox_get_event(txn, at->seq, &body, hash);

	if (st == ST_OK && memcmp(hash, at->hash, HASH_BYTES) != 0)
		st = ST_EXISTS;
	return st == ST_NOT_FOUND ? ST_EXISTS : st;
}

/* Such that later entries name them, or are asked whether they are there. */
static bool
is_looked_up(event_kind kind)
{
	return kind != KIND_ACTIVITY && kind != KIND_PLAN && kind != KIND_CUT &&
		kind != KIND_LOCK && kind != KIND_PROBE;
}

struct pruning {
	const struct outbox_leave *leave;
	kv_txn *txn;
	struct point floor;
	uint64_t passed; /* by the floor */
	uint64_t count;  /* of them given up */
	bool young;      /* the next one is to be kept for now */
};

static bool
is_kept(const struct pruning *p, uint64_t seq)
{
	for (size_t i = 0; i < p->leave->keep_count; i++) {
		if (p->leave->keep[i] == seq)
			return true;
	}
	return false;
}

/* The next one above the floor. */
static status
prune_next(struct pruning *p)
{
	uint8_t key[SEQ_BYTES];
	struct bytes body, id = { key, sizeof(key) };
	struct point at = { .seq = p->floor.seq + 1 };
	struct event e;
	uint64_t later;
	bool keep;
	status st = outbox_get_event(p->txn, at.seq, &body, at.hash);

	if (st < 0)
		return st == ST_NOT_FOUND ? ST_IO : st;
	put_u64(key, at.seq);
	keep = outbox_is_erased(body) || event_decode(body, &e) != HOLD_NONE;
	p->young = !keep && e.at_ms >= p->leave->before_ms;
	if (p->young)
		return ST_OK;
	if (!keep)
		keep = e.fixes.count > 0 || is_looked_up(e.kind) || is_kept(p, at.seq) ||
			outbox_get_seq(p->txn, OUTBOX_FIXED, id, &later) != ST_NOT_FOUND;
	if (!keep)
		st = kv_delete(p->txn, OUTBOX_EVENTS, id);
	p->count += !keep;
	p->passed++;
	p->floor = at;
	return st;
}

static status
prune_some(struct pruning *p, const outbox *box)
{
	const struct point *safe = &p->leave->safe;
	status st = outbox_get_floor(p->txn, box, &p->floor);

	if (st < 0 || safe->seq <= p->floor.seq)
		return st;
	st = check_only_hub(p->txn, p->leave->hub);
	if (st == ST_OK)
		st = check_own(p->txn, safe);
	while (st == ST_OK && !p->young && p->floor.seq < safe->seq &&
	       p->passed < OUTBOX_PRUNE_EVENTS)
		st = prune_next(p);
	return st == ST_OK && p->passed > 0 ? put_floor(p->txn, &p->floor) : st;
}

status
outbox_prune(outbox *box, const struct outbox_leave *leave, int wait_ms,
             struct outbox_pruned *ret_pruned)
{
	struct pruning p = { .leave = leave };
	status st = kv_write(box->store, wait_ms, &p.txn);

	*ret_pruned = (struct outbox_pruned) { .count = 0 };
	if (st < 0)
		return st;
	st = prune_some(&p, box);
	if (st < 0 || p.passed == 0) { /* nothing to wait for the disk for */
		kv_abort(&p.txn);
		return st == ST_EXISTS ? ST_OK : st;
	}
	st = kv_commit(&p.txn);
	if (st == ST_OK)
		*ret_pruned = (struct outbox_pruned) {
			.count = p.count,
			.more = !p.young && p.floor.seq < leave->safe.seq,
		};
	return st;
}
