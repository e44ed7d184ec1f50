#include "hub/rights.h"

#include "hub/registry_entry.h"

struct asking_rights {
	kv_txn *txn;
	chains *chains;
	const uint8_t *feed;
	const struct point *at;
	struct device *device;
};

/* Leaves ascend by number, and an event lies on or below most of them that are above it:
 * the highest is asked first. */
static status
covers(const struct asking_rights *a, struct bytes frontier, bool *ret_covers)
{
	status st = ST_NOT_FOUND;

	for (size_t i = frontier.len / POINT_BYTES; i > 0 && st == ST_NOT_FOUND; i--) {
		struct point leaf = frontier_point(frontier, i - 1);

		if (leaf.seq < a->at->seq)
			break;
		st = chains_below(a->chains, a->txn, a->feed, a->at, &leaf);
	}
	*ret_covers = st == ST_OK;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

static status
keep_lost(void *ctx, const struct loss *l)
{
	const struct asking_rights *a = ctx;
	bool covered;
	status st = covers(a, l->frontier, &covered);

	if (st < 0 || !covered)
		return st;
	for (size_t i = 0; i < l->units.count; i++)
		device_add_unit(a->device, l->units.list[i]);
	if (l->office)
		a->device->role = ROLE_OFFICE;
	return ST_OK;
}

status
rights_at(kv_txn *txn, chains *c, const uint8_t feed[static FEED_BYTES], const struct point *at,
          struct device *ret_device)
{
	struct asking_rights a = { txn, c, feed, at, ret_device };
	status st = registry_device(txn, feed, ret_device);

	if (st == ST_OK && ret_device->losses > 0)
		st = registry_each_loss(txn, feed, keep_lost, &a);
	return st;
}

status
rights_kept(struct kept_rights *k, kv_txn *txn, chains *c, const uint8_t feed[static FEED_BYTES],
            const struct point *at)
{
	status st;

	if (k->has && k->device.losses == 0 && memcmp(k->device.feed, feed, FEED_BYTES) == 0)
		return ST_OK;
	st = rights_at(txn, c, feed, at, &k->device);
	k->has = st == ST_OK;
	return st;
}

struct turning {
	const struct point *at;
	bool turn;
};

static status
look_for(void *ctx, const struct loss *l)
{
	struct turning *t = ctx;

	for (size_t i = 0; i < l->frontier.len / POINT_BYTES && !t->turn; i++) {
		struct point leaf = frontier_point(l->frontier, i);

		t->turn = point_equal(&leaf, t->at);
	}
	return ST_OK;
}

status
rights_turn_on(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at,
               bool *ret_turn)
{
	struct turning t = { .at = at };
	status st = registry_each_loss(txn, feed, look_for, &t);

	if (st == ST_OK)
		*ret_turn = t.turn;
	return st;
}
