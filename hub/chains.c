#include "hub/chains.h"

#include <stdlib.h>

#include "hub/journal.h"

/* A frontier has a leaf a lane, as a rule; feeds come one after the other.  Longer chains
 * are walked. */
enum { CHAINS_KEPT = 16, EVENTS_MAX = 1 << 17 };

struct kept {
	uint8_t feed[FEED_BYTES];
	struct point leaf, end; /* end: of the batch that held it; see journal_chain() */
	uint8_t *hashes;        /* of leaf.seq events, from the first on; NULL: a free place */
};

struct chains {
	struct kept list[CHAINS_KEPT];
	size_t next; /* the place that is used next */
};

chains *
chains_new(void)
{
	return calloc(1, sizeof(chains));
}

void
chains_free(chains **c_p)
{
	chains *c = *c_p;

	if (!c)
		return;
	for (size_t i = 0; i < CHAINS_KEPT; i++)
		free(c->list[i].hashes);
	free(c);
	*c_p = NULL;
}

static struct kept *
find(chains *c, const uint8_t *feed, const struct point *leaf)
{
	for (size_t i = 0; i < CHAINS_KEPT; i++) {
		struct kept *k = &c->list[i];

		if (k->hashes && point_equal(&k->leaf, leaf) &&
		    memcmp(k->feed, feed, FEED_BYTES) == 0)
			return k;
	}
	return NULL;
}

/* What was kept may be of a transaction that was given up: then the leaf is not here. */
static status
look_up(chains *c, kv_txn *txn, const uint8_t *feed, const struct point *leaf,
        struct kept **ret_kept)
{
	struct kept *k = find(c, feed, leaf);
	status st = k ? journal_known(txn, feed, &k->end) : ST_NOT_FOUND;

	if (k && st == ST_NOT_FOUND) {
		free(k->hashes);
		k->hashes = NULL;
	}
	*ret_kept = k;
	return st;
}

static status
keep(chains *c, kv_txn *txn, const uint8_t *feed, const struct point *leaf, struct kept **ret_kept)
{
	struct kept *k = &c->list[c->next];
	uint8_t *hashes = calloc((size_t) leaf->seq, HASH_BYTES);
	struct point end = *leaf;
	status st = hashes ? journal_chain(txn, feed, leaf, hashes, &end) : ST_NOMEM;

	if (st < 0) {
		free(hashes);
		return st;
	}
	c->next = (c->next + 1) % CHAINS_KEPT;
	free(k->hashes);
	*k = (struct kept) { .leaf = *leaf, .end = end, .hashes = hashes };
	memcpy(k->feed, feed, FEED_BYTES);
	*ret_kept = k;
	return ST_OK;
}

/* In a feed with one lane the answer is quick without. */
static bool
worth_keeping(kv_txn *txn, const uint8_t *feed, const struct point *at, const struct point *leaf)
{
	size_t lanes = 0;

	return at->seq < leaf->seq && leaf->seq <= EVENTS_MAX &&
		journal_leaves(txn, feed, NULL, 0, &lanes) == ST_OK && lanes > 1;
}

status
chains_below(chains *c, kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at,
             const struct point *leaf)
{
	struct kept *k = NULL;
	status st;

	if (!c || !worth_keeping(txn, feed, at, leaf))
		return journal_below(txn, feed, at, leaf);
	st = look_up(c, txn, feed, leaf, &k);
	if (st == ST_NOT_FOUND)
		st = keep(c, txn, feed, leaf, &k);
	if (st == ST_UNKNOWN) /* what fills the gap later must not be missed */
		return journal_below(txn, feed, at, leaf);
	if (st < 0)
		return st;
	return memcmp(k->hashes + (at->seq - 1) * HASH_BYTES, at->hash, HASH_BYTES) == 0
		? ST_OK
		: ST_NOT_FOUND;
}
