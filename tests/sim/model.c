/* What must be so, by plain lists. */
#include <sodium.h>
#include <string.h>

#include "tests/sim/world.h"

/* ---- events ---- */

size_t
model_feed(const uint8_t *feed)
{
	for (size_t i = 0; i < FEEDS; i++)
		if (memcmp(sim_keys[i].feed, feed, FEED_BYTES) == 0)
			return i;
	return NONE;
}

size_t
model_find(const uint8_t *feed, const struct point *at)
{
	for (size_t i = 0; i < world.naive.count; i++) {
		const struct naive_event *e = &world.naive.events[i];

		if (e->at.seq == at->seq && memcmp(e->at.hash, at->hash, HASH_BYTES) == 0 &&
		    memcmp(e->feed, feed, FEED_BYTES) == 0)
			return i;
	}
	return NONE;
}

uint64_t
model_chain(size_t event)
{
	uint64_t chain = 0;

	for (size_t at = event; at != NONE; at = world.naive.events[at].parent)
		chain |= UINT64_C(1) << at;
	return chain;
}

/* The formulas of SPEC.md, once more. */
static void
first_hash(const uint8_t *feed, uint8_t *ret_hash)
{
	crypto_generichash_state s;

	crypto_generichash_init(&s, NULL, 0, HASH_BYTES);
	crypto_generichash_update(&s, (const uint8_t *) "valija/feed/1", 13);
	crypto_generichash_update(&s, feed, FEED_BYTES);
	crypto_generichash_final(&s, ret_hash, HASH_BYTES);
}

void
model_hash(const uint8_t *feed, uint64_t seq, const uint8_t *before, struct bytes body,
           uint8_t *ret_hash)
{
	uint8_t number[8], body_hash[HASH_BYTES];
	crypto_generichash_state s;

	for (unsigned i = 0; i < 8; i++)
		number[i] = (uint8_t) (seq >> (56 - 8 * i));
	crypto_generichash(body_hash, HASH_BYTES, body.at, body.len, NULL, 0);
	crypto_generichash_init(&s, NULL, 0, HASH_BYTES);
	crypto_generichash_update(&s, (const uint8_t *) "valija/event/1", 14);
	crypto_generichash_update(&s, feed, FEED_BYTES);
	crypto_generichash_update(&s, number, 8);
	crypto_generichash_update(&s, before, HASH_BYTES);
	crypto_generichash_update(&s, body_hash, HASH_BYTES);
	crypto_generichash_final(&s, ret_hash, HASH_BYTES);
}

struct point
model_point(size_t feed, size_t event)
{
	struct point p = { 0 };

	if (event != NONE)
		return world.naive.events[event].at;
	first_hash(sim_keys[feed].feed, p.hash);
	return p;
}

uint64_t
model_leaves(uint64_t known, size_t feed)
{
	uint64_t leaves = 0, parents = 0;

	for (size_t i = 0; i < world.naive.count; i++) {
		const struct naive_event *e = &world.naive.events[i];

		if (!(known >> i & 1) || e->device != feed)
			continue;
		leaves |= UINT64_C(1) << i;
		if (e->parent != NONE)
			parents |= UINT64_C(1) << e->parent;
	}
	return leaves & ~parents;
}

/* ---- batches ---- */

status
model_take(uint64_t known, const struct batch *b, uint64_t *ret_new)
{
	const struct point end = batch_end(b), start = batch_start(b);
	size_t last, first;

	*ret_new = 0;
	if (model_feed(b->feed) == NONE)
		return ST_DENIED;
	last = model_find(b->feed, &end);
	if (last == NONE)
		broken("a batch of nobody's events is honestly sealed");
	if (known >> last & 1)
		return ST_EXISTS;
	first = start.seq > 0 ? model_find(b->feed, &start) : NONE;
	if (start.seq > 0 && (first == NONE || !(known >> first & 1)))
		return ST_UNKNOWN;
	*ret_new = model_chain(last) & ~model_chain(first) & ~known;
	return ST_OK;
}

/* ---- rights, plans ---- */

void
model_rights(size_t acts, unsigned have[static NAIVE_DEVICES])
{
	static struct naive n;

	memset(&n, 0, offsetof(struct naive, acts));
	n.count = 0;
	memcpy(n.acts, world.naive.acts, sizeof(n.acts));
	n.act_count = acts;
	naive_judge(&n);
	memcpy(have, n.have, sizeof(n.have));
}

bool
model_replaced(size_t tip, size_t target)
{
	for (size_t at = tip; at != NONE; at = world.naive.events[at].parent) {
		const struct naive_event *e = &world.naive.events[at];

		for (size_t i = 0; i < e->target_count; i++)
			if (e->targets[i] == target)
				return true;
	}
	return false;
}

/* The office that publishes never loses its role. */
uint64_t
model_plan(uint64_t known)
{
	uint64_t version = PLANS_FIRST;

	for (size_t i = 0; i < world.naive.count; i++)
		if ((known >> i & 1) && world.plan_of[i] > version)
			version = world.plan_of[i];
	return version;
}

/* ---- the fold ---- */

/* How many of the known come before that one. */
static unsigned
before(uint64_t known, size_t event)
{
	return (unsigned) __builtin_popcountll(known & ((UINT64_C(1) << event) - 1));
}

static size_t
place_in(uint64_t known, size_t event)
{
	return event == NONE || !(known >> event & 1) ? NONE : before(known, event);
}

static uint64_t
places_in(uint64_t known, uint64_t events)
{
	uint64_t places = 0;

	for (size_t i = 0; i < world.naive.count; i++)
		if ((known & events) >> i & 1)
			places |= UINT64_C(1) << before(known, i);
	return places;
}

/* The world of a hub that has these only: what is named and missing waits. */
static void
subset(uint64_t known, size_t acts, struct naive *n)
{
	n->count = 0;
	for (size_t i = 0; i < world.naive.count; i++) {
		struct naive_event *e = &n->events[n->count];

		if (!(known >> i & 1))
			continue;
		*e = world.naive.events[i];
		e->parent = place_in(known, e->parent);
		for (size_t t = 0; t < e->target_count; t++)
			e->targets[t] = place_in(known, e->targets[t]);
		n->count++;
	}
	memcpy(n->acts, world.naive.acts, sizeof(n->acts));
	n->act_count = acts;
	for (size_t i = 0; i < acts; i++)
		n->acts[i].leaves = places_in(known, n->acts[i].leaves);
	n->granted = false;
	n->next_plan = model_plan(known) % 2 == 0;
}

void
model_compare(hub *h, kv_txn *txn, uint64_t known, size_t acts, const char *where)
{
	static struct naive n;

	memset(&n, 0, sizeof(n));
	subset(known, acts, &n);
	naive_judge(&n);
	naive_compare(&n, h, txn, where);
}
