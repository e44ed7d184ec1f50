#include "hub/digest.h"

#include <sodium.h>

#include "hub/journal.h"
#include "hub/plans.h"
#include "hub/rows.h"

static const char SET_TAG[] = "valija/set/1";
static const char GAPS_TAG[] = "valija/gaps/1";
static const char STATE_TAG[] = "valija/state/1";

/* Order and letters are laid down in SPEC.md; a letter before each row keeps those of two
 * tables apart. */
static const struct {
	int table;
	uint8_t letter;
} tables[] = {
	{ TABLE_CELLS, 'C' },  { TABLE_EXTRAS, 'E' },    { TABLE_TALLIES, 'T' },
	{ TABLE_LEVELS, 'L' }, { TABLE_THINGS, 'I' },    { TABLE_REPORTS, 'R' },
	{ TABLE_HELD, 'H' },   { TABLE_CONFLICTS, 'X' },
};

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

/* Its length first, so that two lists of rows never give the same bytes. */
static void
add_slice(struct digest *d, struct bytes slice)
{
	uint8_t len[4];

	put_u32(len, (uint32_t) slice.len);
	add(d, len, sizeof(len));
	add(d, slice.at, slice.len);
}

static status
add_rows(struct digest *d, kv_txn *txn, int table, uint8_t letter)
{
	struct kv_walk walk;
	status st;

	for (bool more = kv_seek(txn, table, (struct bytes) { 0 }, &walk); more;
	     more = kv_next(&walk)) {
		if (table == TABLE_HELD && walk.key.len == EVENT_ID_BYTES && is_own(d, walk.key.at))
			continue;
		add(d, &letter, 1);
		add_slice(d, walk.key);
		add_slice(d, walk.value);
	}
	st = walk.st;
	kv_walk_done(&walk);
	return st;
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
add_state(struct digest *d, kv_txn *txn)
{
	uint8_t hash[HASH_BYTES];
	status st = plan_hash(txn, hash);

	add(d, hash, sizeof(hash));
	if (st == ST_OK)
		st = registry_hash(txn, hash);
	add(d, hash, sizeof(hash));
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && st == ST_OK; i++)
		st = add_rows(d, txn, tables[i].table, tables[i].letter);
	return st;
}

status
hub_digest(hub *h, kv_txn *txn, uint8_t ret_set[static HASH_BYTES],
           uint8_t ret_state[static HASH_BYTES])
{
	struct digest set, state;
	status st;

	begin(&set, h, SET_TAG);
	begin(&state, h, STATE_TAG);
	st = journal_each_leaf(txn, add_leaf, &set);
	if (st == ST_OK)
		st = journal_each_gap(txn, add_gap, &set);
	if (st == ST_OK)
		st = add_state(&state, txn);
	if (st < 0)
		return st;
	crypto_generichash_final(&set.state, ret_set, HASH_BYTES);
	crypto_generichash_final(&state.state, ret_state, HASH_BYTES);
	return ST_OK;
}
