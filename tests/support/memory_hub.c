#include "tests/support/memory_hub.h"

#include <sodium.h>

#include "protocol/chain.h"
#include "protocol/identity.h"
#include "tests/support/check.h"

static uint64_t last_boot;

/* ---- known events ---- */

static size_t
slot_of(const memory_hub *h, const uint8_t *feed, const struct point *at)
{
	uint64_t n = get_u64(at->hash) ^ get_u64(feed) ^ at->seq;
	size_t i;

	for (i = n % h->slot_count; h->slots[i] != 0; i = (i + 1) % h->slot_count) {
		const struct memory_entry *e = &h->entries[h->slots[i] - 1];

		if (point_equal(&e->at, at) && memcmp(e->feed, feed, FEED_BYTES) == 0)
			break;
	}
	return i;
}

bool
memory_hub_knows(const memory_hub *h, const uint8_t *feed, const struct point *at)
{
	struct point start;

	chain_start(feed, &start);
	if (at->seq == 0)
		return point_equal(at, &start);
	return h->slot_count > 0 && h->slots[slot_of(h, feed, at)] != 0;
}

static void
index_all(memory_hub *h)
{
	memset(h->slots, 0, h->slot_count * sizeof(*h->slots));
	for (size_t i = 0; i < h->count; i++)
		h->slots[slot_of(h, h->entries[i].feed, &h->entries[i].at)] = i + 1;
}

static void
append(memory_hub *h, const uint8_t *feed, const struct point *at, const struct point *before)
{
	if (h->count == h->size) {
		h->size = h->size * 2 + 64;
		h->slot_count = h->size * 2;
		h->entries = realloc(h->entries, h->size * sizeof(*h->entries));
		h->slots = realloc(h->slots, h->slot_count * sizeof(*h->slots));
		assert_non_null(h->entries);
		assert_non_null(h->slots);
		index_all(h);
	}
	memcpy(h->entries[h->count].feed, feed, FEED_BYTES);
	h->entries[h->count].at = *at;
	h->entries[h->count].before = *before;
	h->slots[slot_of(h, feed, at)] = h->count + 1;
	h->count++;
}

static bool
continued(const memory_hub *h, const uint8_t *feed, const struct point *p)
{
	for (size_t i = h->count; i-- > 0;) {
		if (point_equal(&h->entries[i].before, p) &&
		    memcmp(h->entries[i].feed, feed, FEED_BYTES) == 0)
			return true;
	}
	return false;
}

size_t
memory_hub_events(const memory_hub *h, const uint8_t *feed)
{
	size_t n = 0;

	for (size_t i = 0; i < h->count; i++)
		n += memcmp(h->entries[i].feed, feed, FEED_BYTES) == 0;
	return n;
}

bool
memory_hub_sound(const memory_hub *h)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct memory_entry *e = &h->entries[i];

		if (h->slots[slot_of(h, e->feed, &e->at)] != i + 1)
			return false; /* the slot has another one like it */
		if (e->before.seq > 0 && h->slots[slot_of(h, e->feed, &e->before)] - 1 >= i)
			return false;
	}
	return true;
}

/* ---- batches ---- */

static void
append_news(memory_hub *h, const struct batch *b, struct bytes bodies)
{
	struct batch_walk walk = batch_walk(b, bodies);
	struct point before = batch_start(b);
	struct batch_event e;
	bool first = true;

	for (; batch_next(&walk, &e); before = e.at) {
		if (memory_hub_knows(h, b->feed, &e.at))
			continue;
		if (first)
			h->lanes += continued(h, b->feed, &before);
		first = false;
		append(h, b->feed, &e.at, &before);
	}
}

status
memory_hub_take(memory_hub *h, const struct batch *b)
{
	static uint8_t space[BATCH_RAW_BYTES_MAX];
	struct point start = batch_start(b), end = batch_end(b);
	struct bytes bodies;
	status st = h->fails_with;

	if (st == ST_OK)
		st = batch_unpack(b, space, &bodies);
	if (st == ST_OK)
		st = batch_verify(b, bodies, NULL);
	if (st != ST_OK)
		return st;
	if (memory_hub_knows(h, b->feed, &end)) {
		h->duplicates++;
		return ST_EXISTS;
	}
	if (!memory_hub_knows(h, b->feed, &start))
		return ST_UNKNOWN;
	append_news(h, b, bodies);
	h->stored++;
	return ST_OK;
}

/* ---- answers ---- */

static status
answer_highest(void *ctx, const uint8_t feed[static FEED_BYTES], const struct points *points,
               struct point *ret_known)
{
	memory_hub *h = ctx;
	struct point best;

	if (h->fails_with < 0)
		return h->fails_with;
	chain_start(feed, &best);
	for (size_t i = 0; i < points->count; i++) {
		const struct point *p = &points->list[i];

		if (p->seq > best.seq && memory_hub_knows(h, feed, p))
			best = *p;
	}
	*ret_known = best;
	return ST_OK;
}

static status
answer_view(void *ctx, const uint8_t feed[static FEED_BYTES], const struct point *known,
            struct hub_view *ret_view)
{
	memory_hub *h = ctx;

	if (h->fails_with < 0)
		return h->fails_with;
	ret_view->plan = h->plan.version;
	ret_view->standing = h->standing.version;
	ret_view->credit = h->credit;
	ret_view->beyond = memory_hub_events(h, feed) - known->seq;
	return ST_OK;
}

static status
answer_part(void *ctx, const uint8_t feed[static FEED_BYTES], const struct point *known,
            document what, uint64_t offset, size_t max, struct message *ret_part)
{
	static uint8_t signature[SIGNATURE_BYTES];
	memory_hub *h = ctx;
	const struct memory_document *doc = what == DOCUMENT_PLAN ? &h->plan : &h->standing;
	uint8_t hash[HASH_BYTES], covered[DOCUMENT_SIGNED_BYTES_MAX];
	size_t from = offset < doc->len ? (size_t) offset : doc->len;

	if (h->fails_with < 0)
		return h->fails_with;
	(void) known;
	if (doc->version == 0 || what == DOCUMENT_EVENTS) /* it keeps no batches */
		return ST_NOT_FOUND;
	hash_bytes(doc->bytes, doc->len, hash);
	sign_bytes(covered, document_signed(what, h->common.hub, feed, doc->version, hash, covered),
	           h->common.secret, signature);
	ret_part->version = doc->version;
	ret_part->total = doc->len;
	ret_part->bytes = (struct bytes) { doc->bytes + from, doc->len - from };
	if (ret_part->bytes.len > max)
		ret_part->bytes.len = max;
	ret_part->signature = signature;
	return ST_OK;
}

void
memory_document_set(struct memory_document *doc, uint64_t version, size_t len)
{
	uint64_t x = version * UINT64_C(0x9e3779b97f4a7c15) + len;

	free(doc->bytes);
	doc->version = version;
	doc->bytes = malloc(len);
	doc->len = len;
	assert_non_null(doc->bytes);
	for (size_t i = 0; i < len; i++) {
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407;
		doc->bytes[i] = (uint8_t) (x >> 56);
	}
}

/* ---- the object ---- */

void
memory_hub_reboot(memory_hub *h)
{
	h->common.boot = ++last_boot;
}

void
memory_hub_init(memory_hub *h, unsigned seed)
{
	uint8_t seed_bytes[crypto_sign_SEEDBYTES] = { 'h' };

	put_u32(seed_bytes + 1, seed);
	*h = (memory_hub) { .credit = 256 * 1024 };
	writer_init(&h->common.w);
	crypto_sign_seed_keypair(h->common.hub, h->common.secret, seed_bytes);
	h->common.answers = (struct hub_answers) { h, answer_highest, answer_view, NULL,
		                                   answer_part };
	memory_hub_reboot(h);
}

void
memory_hub_done(memory_hub *h)
{
	free(h->entries);
	free(h->slots);
	free(h->plan.bytes);
	free(h->standing.bytes);
	writer_done(&h->common.w);
}

void
memory_hub_rollback(memory_hub *h, size_t count)
{
	assert_true(count <= h->count);
	h->count = count;
	if (h->slot_count > 0)
		index_all(h);
	memory_hub_reboot(h);
}
