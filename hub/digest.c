#include "hub/digest.h"

#include <sodium.h>

#include "hub/blocks.h"
#include "hub/journal.h"
#include "hub/plans.h"
#include "hub/rows.h"

static const char SET_TAG[] = "valija/set/1";
static const char GAPS_TAG[] = "valija/gaps/1";
static const char STATE_TAG[] = "valija/state/1";

struct digest {
	crypto_generichash_state state;
	/* The hub's own feed, which is left out: no two hubs have the same.  What matters
	 * of it, the plan in force, enters by its hash. */
	const uint8_t *own;
	bool gaps; /* one was met */
};

static void
begin(struct digest *d, const hub *h, const char *tag)
{
	d->own = hub_id(h);
	d->gaps = false;
	crypto_generichash_init(&d->state, NULL, 0, HASH_BYTES);
	crypto_generichash_update(&d->state, (const uint8_t *) tag, strlen(tag));
}

/* An empty slice may have no address. */
static void
add(struct digest *d, const void *at, size_t len)
{
	if (len > 0)
		crypto_generichash_update(&d->state, at, len);
}

static bool
is_own(const struct digest *d, const uint8_t *feed)
{
	return memcmp(feed, d->own, FEED_BYTES) == 0;
}

static status
add_leaf(void *ctx, const uint8_t *feed, const struct point *at)
{
	struct digest *d = ctx;
	uint8_t id[EVENT_ID_BYTES];

	if (is_own(d, feed))
		return ST_OK;
	event_id_write(feed, at, id);
	add(d, id, sizeof(id));
	return ST_OK;
}

/* Behind the leaves, if there is any. */
static status
add_gap(void *ctx, const uint8_t *feed, const struct point *at)
{
	struct digest *d = ctx;

	if (!d->gaps && !is_own(d, feed))
		add(d, GAPS_TAG, strlen(GAPS_TAG));
	d->gaps |= !is_own(d, feed);
	return add_leaf(d, feed, at);
}

static void
add_block(struct digest *d, const struct block *b)
{
	uint8_t len[4];

	put_u32(len, (uint32_t) b->begin.len);
	add(d, &b->letter, 1);
	add(d, len, sizeof(len));
	add(d, b->begin.at, b->begin.len);
	add(d, b->hash, HASH_BYTES);
}

/* Zeros while there is no plan. */
static status
plan_hash(kv_txn *txn, uint8_t ret_hash[static HASH_BYTES])
{
	struct plan_row row = { .hash = { 0 } };
	status st = plans_in_force(txn, &row);

	memcpy(ret_hash, row.hash, HASH_BYTES);
	return st == ST_NOT_FOUND ? ST_OK : st;
}

static status
state_of(const hub *h, kv_txn *txn, bool anew, uint8_t *ret_state)
{
	struct block_place place = { .table = 0 };
	uint8_t hash[HASH_BYTES];
	struct block block;
	struct digest d;
	status st = plan_hash(txn, hash);

	begin(&d, h, STATE_TAG);
	add(&d, hash, sizeof(hash));
	if (st == ST_OK)
		st = registry_hash(txn, hash);
	add(&d, hash, sizeof(hash));
	while (st == ST_OK) {
		st = blocks_next(txn, d.own, anew, &place, &block);
		if (st == ST_OK && block.any)
			add_block(&d, &block);
	}
	crypto_generichash_final(&d.state, ret_state, HASH_BYTES);
	return st == ST_NOT_FOUND ? ST_OK : st;
}

static status
set_of(const hub *h, kv_txn *txn, uint8_t *ret_set)
{
	struct digest d;
	status st;

	begin(&d, h, SET_TAG);
	st = journal_each_leaf(txn, add_leaf, &d);
	if (st == ST_OK)
		st = journal_each_gap(txn, add_gap, &d);
	crypto_generichash_final(&d.state, ret_set, HASH_BYTES);
	return st;
}

status
hub_digest(hub *h, kv_txn *txn, uint8_t ret_set[static HASH_BYTES],
           uint8_t ret_state[static HASH_BYTES])
{
	status st = blocks_state(txn, ret_state);

	if (st == ST_NOT_FOUND)
		st = state_of(h, txn, false, ret_state);
	return st == ST_OK ? set_of(h, txn, ret_set) : st;
}

status
hub_digest_rows(hub *h, kv_txn *txn, uint8_t ret_set[static HASH_BYTES],
                uint8_t ret_state[static HASH_BYTES])
{
	status st = state_of(h, txn, true, ret_state);

	return st == ST_OK ? set_of(h, txn, ret_set) : st;
}

/* ---- keeping it ---- */

static status
keep_state(const hub *h, kv_txn *txn)
{
	uint8_t state[HASH_BYTES];
	status st = state_of(h, txn, false, state);

	return st == ST_OK ? blocks_keep_state(txn, state) : st;
}

status
hub_digest_keep(hub *h, kv_txn *txn, size_t most, struct block_place *place, bool *ret_done)
{
	struct block block;
	size_t made = 0;
	status st = ST_OK;

	*ret_done = false;
	while (st == ST_OK && made < most) {
		st = blocks_next(txn, hub_id(h), false, place, &block);
		if (st == ST_OK && !block.kept) {
			st = blocks_keep(txn, &block);
			made++;
		}
	}
	if (st != ST_NOT_FOUND)
		return st;
	*ret_done = true;
	return keep_state(h, txn);
}
