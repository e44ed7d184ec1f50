#include "hub/link/keyring.h"

#include <stdlib.h>

#include "common/room.h"

struct pair {
	uint8_t key[CURVE_BYTES]; /* what is sought */
	uint8_t value[FEED_BYTES];
	bool may[2]; /* come by each door */
};

/* Two sorted lists of the same count: by key, by feed. */
struct keyring {
	struct pair *by_curve, *by_feed;
	size_t count, room;
	uint64_t number;
};

static status
add(void *ctx, const struct device *d)
{
	keyring *k = ctx;
	struct pair *list, *p;

	if (d->role == ROLE_HUB || device_is_revoked(d))
		return ST_OK;
	list = room_for(k->by_curve, k->count, 1, &k->room, sizeof(*list));
	if (!list)
		return ST_NOMEM;
	k->by_curve = list;
	p = &k->by_curve[k->count++];
	memcpy(p->key, d->curve, CURVE_BYTES);
	memcpy(p->value, d->feed, FEED_BYTES);
	p->may[DOOR_SYNC] = d->role != ROLE_READER;
	p->may[DOOR_QUERY] = device_may_ask(d);
	return ST_OK;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(((const struct pair *) a)->key, ((const struct pair *) b)->key, CURVE_BYTES);
}

static status
index_feeds(keyring *k)
{
	k->by_feed = calloc(k->count ? k->count : 1, sizeof(*k->by_feed));
	if (!k->by_feed)
		return ST_NOMEM;
	for (size_t i = 0; i < k->count; i++) {
		memcpy(k->by_feed[i].key, k->by_curve[i].value, FEED_BYTES);
		memcpy(k->by_feed[i].value, k->by_curve[i].key, CURVE_BYTES);
		memcpy(k->by_feed[i].may, k->by_curve[i].may, sizeof(k->by_curve[i].may));
	}
	if (k->count > 0) {
		qsort(k->by_curve, k->count, sizeof(*k->by_curve), compare);
		qsort(k->by_feed, k->count, sizeof(*k->by_feed), compare);
	}
	return ST_OK;
}

status
keyring_load(kv_txn *txn, keyring **ret_ring)
{
	keyring *k = calloc(1, sizeof(*k));
	status st;

	if (!k)
		return ST_NOMEM;
	st = registry_each(txn, add, k);
	if (st == ST_OK)
		st = index_feeds(k);
	if (st < 0) {
		keyring_free(&k);
		return st;
	}
	k->number = registry_number(txn);
	*ret_ring = k;
	return ST_OK;
}

void
keyring_free(keyring **k_p)
{
	keyring *k = *k_p;

	if (!k)
		return;
	free(k->by_curve);
	free(k->by_feed);
	free(k);
	*k_p = NULL;
}

static const uint8_t *
find(const struct pair *list, size_t count, door by, const uint8_t *key)
{
	const struct pair *p = count ? bsearch(key, list, count, sizeof(*list), compare) : NULL;

	return p && p->may[by] ? p->value : NULL;
}

const uint8_t *
keyring_feed(const keyring *k, door by, const uint8_t curve[static CURVE_BYTES])
{
	return find(k->by_curve, k->count, by, curve);
}

const uint8_t *
keyring_curve(const keyring *k, door by, const uint8_t feed[static FEED_BYTES])
{
	return find(k->by_feed, k->count, by, feed);
}

size_t
keyring_count(const keyring *k)
{
	return k->count;
}

uint64_t
keyring_number(const keyring *k)
{
	return k->number;
}
