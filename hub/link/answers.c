#include "hub/link/answers.h"

#include <sodium.h>
#include <stdlib.h>

#include "hub/backups.h"
#include "hub/journal.h"
#include "hub/plans.h"
#include "hub/standing.h"
#include "protocol/chain.h"
#include "protocol/document.h"
#include "protocol/identity.h"
#include "protocol/sent_back.h"

/* A document as it goes down, kept since it is fetched in parts. */
struct kept {
	bool valid;
	uint8_t feed[FEED_BYTES]; /* zeros: the plan's */
	uint64_t version;
	struct point known;  /* of events: they lead on from there … */
	uint64_t size;       /* … as they did while the journal had so many entries */
	struct bytes packed; /* the plan's: of the transaction in hand */
	uint8_t packed_hash[HASH_BYTES];
	uint8_t signature[SIGNATURE_BYTES];
};

struct answers {
	hub *h;
	uint8_t secret[SIGN_SECRET_BYTES];
	kv_txn *txn; /* NULL: no snapshot */
	uint64_t credit;
	struct kept plan, standing, events;
	writer raw, packed; /* of the standing kept */
	writer sent;        /* of the events kept, packed */
};

/* The highest first; so the first that is known is the answer.  A point with
 * number 0 says nothing: every feed begins there. */
static int
higher_first(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	return x->seq < y->seq ? 1 : x->seq > y->seq ? -1 : memcmp(x->hash, y->hash, HASH_BYTES);
}

static status
highest(void *ctx, const uint8_t feed[static FEED_BYTES], const struct points *points,
        struct point *ret_known)
{
	answers *a = ctx;
	struct points sorted = *points;

	qsort(sorted.list, sorted.count, sizeof(sorted.list[0]), higher_first);
	for (size_t i = 0; i < sorted.count && sorted.list[i].seq > 0; i++) {
		status st = journal_known(a->txn, feed, &sorted.list[i]);

		if (st == ST_OK)
			*ret_known = sorted.list[i];
		if (st != ST_NOT_FOUND)
			return st;
	}
	chain_start(feed, ret_known);
	return ST_OK;
}

static status
view(void *ctx, const uint8_t feed[static FEED_BYTES], const struct point *known,
     struct hub_view *ret_view)
{
	answers *a = ctx;
	struct plan_row in_force = { 0 };
	status st = plans_in_force(a->txn, &in_force);

	if (st == ST_OK || st == ST_NOT_FOUND)
		st = hub_standing_version(a->txn, feed, &ret_view->standing);
	if (st == ST_OK)
		st = journal_beyond(a->txn, feed, known, &ret_view->beyond);
	if (st == ST_OK)
		st = journal_gaps(a->txn, feed, ret_view->gaps.list, POINTS_MAX,
		                  &ret_view->gaps.count);
	if (ret_view->gaps.count > POINTS_MAX)
		ret_view->gaps.count = POINTS_MAX;
	if (st == ST_OK)
		st = backups_safe(a->txn, feed, known, &ret_view->safe);
	ret_view->plan = in_force.version;
	ret_view->registry = registry_number(a->txn);
	ret_view->credit = a->credit;
	return st;
}

static status
onward(void *ctx, const uint8_t feed[static FEED_BYTES], const struct point *known,
       uint64_t *ret_count)
{
	answers *a = ctx;
	struct point end = *known;
	status st = journal_furthest(a->txn, feed, known, &end);

	if (st == ST_OK || st == ST_NOT_FOUND)
		*ret_count = end.seq - known->seq;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* Sign what is new in k, and only then. */
static void
keep(answers *a, struct kept *k, document what, const uint8_t *feed, uint64_t version)
{
	uint8_t hash[HASH_BYTES], covered[DOCUMENT_SIGNED_BYTES_MAX];

	hash_bytes(k->packed.at, k->packed.len, hash);
	if (k->valid && k->version == version && memcmp(k->feed, feed, FEED_BYTES) == 0 &&
	    memcmp(k->packed_hash, hash, HASH_BYTES) == 0)
		return;
	memcpy(k->feed, feed, FEED_BYTES);
	memcpy(k->packed_hash, hash, HASH_BYTES);
	k->version = version;
	sign_bytes(covered, document_signed(what, hub_id(a->h), feed, version, hash, covered),
	           a->secret, k->signature);
	k->valid = true;
}

static status
find_plan(answers *a)
{
	static const uint8_t nobody[FEED_BYTES];
	struct plan_row row;
	status st = plans_in_force(a->txn, &row);

	if (st < 0)
		return st;
	a->plan.packed = row.packed;
	keep(a, &a->plan, DOCUMENT_PLAN, nobody, row.version);
	return ST_OK;
}

/* There always is one, though it be empty: a device that got none would keep what
 * it was told in an earlier life of the hub. */
static status
find_standing(answers *a, const uint8_t *feed)
{
	uint64_t version;
	status st = hub_standing_version(a->txn, feed, &version);

	if (st < 0)
		return st;
	if (a->standing.valid && a->standing.version == version &&
	    memcmp(a->standing.feed, feed, FEED_BYTES) == 0)
		return ST_OK;
	a->standing.valid = false;
	st = hub_standing(a->txn, feed, &a->raw);
	if (st == ST_OK)
		st = document_pack(writer_bytes(&a->raw).at, writer_bytes(&a->raw).len, &a->packed);
	if (st < 0)
		return st;
	a->standing.packed = writer_bytes(&a->packed);
	keep(a, &a->standing, DOCUMENT_STANDING, feed, version);
	return ST_OK;
}

/* As many of the batches that lead on from known as one document takes. */
static status
pack_events(answers *a, const uint8_t *feed, const struct point *known)
{
	uint64_t offsets[EVENTS_BATCHES_MAX];
	struct sent_back sent;
	status st = journal_onward(a->txn, feed, known, offsets, &sent.count);

	if (st == ST_OK && sent.count == 0)
		return ST_NOT_FOUND;
	for (size_t i = 0; i < sent.count && st == ST_OK; i++) {
		struct journal_entry entry;
		struct batch b;
		uint64_t meant;

		st = journal_read(a->txn, offsets[i], &entry);
		if (st == ST_OK)
			st = journal_open(&entry, &b, &meant);
		if (st == ST_OK)
			sent.list[i] = b.frame; /* whole: the seal covers its end */
	}
	if (st < 0)
		return st == ST_NOT_FOUND ? ST_MALFORMED : st;
	st = sent_back_encode(&sent, &a->raw);
	if (st == ST_OK)
		st = document_pack(writer_bytes(&a->raw).at, writer_bytes(&a->raw).len, &a->sent);
	return st;
}

/* Named by what is in it: who fetches it over two links gets one document or begins anew. */
static status
find_events(answers *a, const uint8_t *feed, const struct point *known)
{
	struct kept *k = &a->events;
	uint8_t hash[HASH_BYTES];
	uint64_t size = journal_size(a->txn);
	status st;

	if (k->valid && k->size == size && point_equal(&k->known, known) &&
	    memcmp(k->feed, feed, FEED_BYTES) == 0)
		return ST_OK;
	k->valid = false;
	st = pack_events(a, feed, known);
	if (st < 0)
		return st;
	k->packed = writer_bytes(&a->sent);
	hash_bytes(k->packed.at, k->packed.len, hash);
	keep(a, k, DOCUMENT_EVENTS, feed, get_u64(hash) & INT64_MAX);
	k->known = *known;
	k->size = size;
	return ST_OK;
}

static status
part(void *ctx, const uint8_t feed[static FEED_BYTES], const struct point *known, document what,
     uint64_t offset, size_t max, struct message *ret_part)
{
	answers *a = ctx;
	const struct kept *k = NULL;
	status st = ST_NOT_FOUND;
	size_t left;

	switch (what) {
	case DOCUMENT_PLAN:
		k = &a->plan;
		st = find_plan(a);
		break;
	case DOCUMENT_STANDING:
		k = &a->standing;
		st = find_standing(a, feed);
		break;
	case DOCUMENT_EVENTS:
		k = &a->events;
		st = find_events(a, feed, known);
		break;
	case DOCUMENTS_: break;
	}
	if (st < 0 || !k)
		return st;
	left = offset < k->packed.len ? k->packed.len - (size_t) offset : 0;
	ret_part->version = k->version;
	ret_part->total = k->packed.len;
	ret_part->bytes = (struct bytes) { left ? k->packed.at + offset : NULL,
		                           left < max ? left : max };
	ret_part->signature = k->signature;
	return ST_OK;
}

status
answers_new(hub *h, const uint8_t secret[static SIGN_SECRET_BYTES], answers **ret_answers)
{
	answers *a = calloc(1, sizeof(*a));

	if (!a)
		return ST_NOMEM;
	a->h = h;
	a->credit = CREDIT_BYTES_MAX;
	memcpy(a->secret, secret, SIGN_SECRET_BYTES);
	writer_init(&a->raw);
	writer_init(&a->packed);
	writer_init(&a->sent);
	*ret_answers = a;
	return ST_OK;
}

void
answers_free(answers **a_p)
{
	answers *a = *a_p;

	if (!a)
		return;
	answers_end(a);
	writer_done(&a->raw);
	writer_done(&a->packed);
	writer_done(&a->sent);
	sodium_memzero(a->secret, sizeof(a->secret));
	free(a);
	*a_p = NULL;
}

status
answers_begin(answers *a)
{
	return a->txn ? ST_OK : kv_read(hub_store(a->h), &a->txn);
}

void
answers_end(answers *a)
{
	kv_abort(&a->txn);
}

struct hub_answers
answers_table(answers *a)
{
	return (struct hub_answers) { a, highest, view, onward, part };
}

void
answers_set_credit(answers *a, uint64_t bytes)
{
	a->credit = bytes;
}
