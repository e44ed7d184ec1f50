#include "hub/documents.h"

#include <stdlib.h>

#include "hub/cuts.h"
#include "hub/hub.h"
#include "hub/locks.h"
#include "hub/plans.h"
#include "protocol/chain.h"
#include "protocol/document.h"
#include "protocol/parts.h"

enum {
	NUMBER_BYTES = 8,
	NAME_KEY_BYTES = NAME_BYTES_MAX + 1, /* the longest KEY */
	GROUP_BYTES_MAX = 2 + NAME_KEY_BYTES + FEED_BYTES + HASH_BYTES + 2 * NUMBER_BYTES,
	KEY_BYTES = GROUP_BYTES_MAX + NUMBER_BYTES,
	HEAD_BYTES = NUMBER_BYTES + HASH_BYTES + NUMBER_BYTES,
};

/* What is told of a kind: its letter in the keys, and what the document must be, given
 * that its hash is right. */
static const struct document_kind {
	char letter;
	status (*check)(const struct office_document *d);
} kinds[EVENT_KINDS_] = {
	[KIND_PLAN] = { 'P', plans_check },
	[KIND_CUT] = { 'C', cuts_check },
	[KIND_LOCK] = { 'L', locks_check },
};

/* ---- keys ---- */

struct key {
	uint8_t at[KEY_BYTES];
	size_t len;
};

static void
key_add(struct key *k, const void *at, size_t len)
{
	if (len > 0)
		memcpy(k->at + k->len, at, len);
	k->len += len;
}

static void
key_add_number(struct key *k, uint64_t n)
{
	put_u64(k->at + k->len, n);
	k->len += NUMBER_BYTES;
}

static void
key_begin(struct key *k, char type, event_kind kind)
{
	k->at[0] = (uint8_t) type;
	k->at[1] = (uint8_t) kinds[kind].letter;
	k->len = 2;
}

/* A name has no NUL in it, so none is the beginning of another. */
static void
key_add_key(struct key *k, const struct office_document *d)
{
	if (parts_key(d->kind) == EVENT_NAME) {
		key_add(k, d->name.at, d->name.len);
		key_add(k, "", 1);
	} else {
		key_add_number(k, d->number);
	}
}

/* All that the parts of one document agree in comes before the number of the part: parts
 * that disagree are of different documents. */
static struct bytes
part_key(struct key *k, const struct office_document *d, uint64_t part)
{
	key_begin(k, 'p', d->kind);
	key_add(k, d->feed, FEED_BYTES);
	key_add_key(k, d);
	key_add(k, d->hash, HASH_BYTES);
	key_add_number(k, d->total);
	key_add_number(k, d->parts);
	key_add_number(k, part);
	return (struct bytes) { k->at, k->len };
}

/* KEY and hash first: the last plan of the table is the one in force. */
static struct bytes
document_key(struct key *k, const struct office_document *d)
{
	key_begin(k, 'd', d->kind);
	key_add_key(k, d);
	key_add(k, d->hash, HASH_BYTES);
	key_add(k, d->feed, FEED_BYTES);
	key_add_number(k, d->total);
	key_add_number(k, d->parts);
	return (struct bytes) { k->at, k->len };
}

/* ---- values ---- */

static void
put_head(writer *w, const struct point *at, int64_t at_ms)
{
	uint8_t head[HEAD_BYTES];

	put_u64(head, at->seq);
	memcpy(head + NUMBER_BYTES, at->hash, HASH_BYTES);
	put_u64(head + NUMBER_BYTES + HASH_BYTES, (uint64_t) at_ms);
	writer_raw(w, head, sizeof(head));
}

static bool
take_head(struct bytes value, struct point *ret_at, int64_t *ret_at_ms, struct bytes *ret_rest)
{
	if (value.len < HEAD_BYTES)
		return false;
	ret_at->seq = get_u64(value.at);
	memcpy(ret_at->hash, value.at + NUMBER_BYTES, HASH_BYTES);
	*ret_at_ms = (int64_t) get_u64(value.at + NUMBER_BYTES + HASH_BYTES);
	*ret_rest = (struct bytes) { value.at + HEAD_BYTES, value.len - HEAD_BYTES };
	return true;
}

static status
put_row(kv_txn *txn, struct bytes key, const struct point *at, int64_t at_ms, struct bytes rest)
{
	writer w;
	status st;

	writer_init(&w);
	put_head(&w, at, at_ms);
	writer_raw(&w, rest.at, rest.len);
	st = writer_status(&w);
	if (st == ST_OK)
		st = kv_put(txn, TABLE_DOCUMENTS, key, writer_bytes(&w));
	writer_done(&w);
	return st;
}

/* ---- taking parts ---- */

static int
compare_points(const struct point *a, const struct point *b)
{
	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	return memcmp(a->hash, b->hash, HASH_BYTES);
}

/* Whether the part at hand is to stand instead of the one that is here: the greater bytes,
 * of equal ones the event that comes first. */
static bool
goes_before(struct bytes data, const struct point *at, struct bytes old_value)
{
	struct bytes old = { 0 };
	struct point old_at = { 0 };
	int64_t old_ms;
	int order;

	if (!take_head(old_value, &old_at, &old_ms, &old))
		return true;
	order = text_compare((struct text) { (const char *) data.at, data.len },
	                     (struct text) { (const char *) old.at, old.len });
	return order != 0 ? order > 0 : compare_points(at, &old_at) < 0;
}

/* ST_EXISTS: that part is here, and stays. */
static status
put_part(kv_txn *txn, const struct office_document *d, const struct point *at,
         const struct event *e)
{
	struct key k;
	struct bytes key = part_key(&k, d, e->part), old;
	status st = kv_get(txn, TABLE_DOCUMENTS, key, &old);

	if (st == ST_OK && !goes_before(e->data, at, old))
		return ST_EXISTS;
	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	return put_row(txn, key, at, e->at_ms, e->data);
}

/* All parts, one after the other, and which event the first is.  ST_NOT_FOUND: one is not
 * here, or they do not add up to the total. */
static status
join_parts(kv_txn *txn, struct office_document *d, writer *w)
{
	writer_clear(w);
	for (uint64_t part = 1; part <= d->parts; part++) {
		struct point at = { 0 };
		struct bytes value, data = { 0 };
		int64_t at_ms = 0;
		struct key k;
		status st = kv_get(txn, TABLE_DOCUMENTS, part_key(&k, d, part), &value);

		if (st == ST_OK && !take_head(value, &at, &at_ms, &data))
			st = ST_IO;
		if (st < 0)
			return st;
		if (part == 1) {
			d->at = at;
			d->at_ms = at_ms;
		}
		writer_raw(w, data.at, data.len);
	}
	d->packed = writer_bytes(w);
	if (writer_status(w) < 0)
		return writer_status(w);
	return d->packed.len == d->total ? ST_OK : ST_NOT_FOUND;
}

/* Nothing but a lack of memory is our trouble: the rest is the document's. */
static bool
is_fault_of_document(status st)
{
	return st == ST_NOT_FOUND || st == ST_MALFORMED || st == ST_LIMIT || st == ST_INVALID ||
		st == ST_VERSION;
}

/* Also one that was complete can become unreadable again, when greater bytes take the place
 * of a part: hence the deletion. */
static status
settle_document(kv_txn *txn, struct office_document *d)
{
	struct key k;
	struct bytes key = document_key(&k, d);
	writer w;
	status st;

	writer_init(&w);
	st = join_parts(txn, d, &w);
	if (st == ST_OK)
		st = kinds[d->kind].check(d);
	if (st == ST_OK) {
		st = put_row(txn, key, &d->at, d->at_ms, d->packed);
	} else if (is_fault_of_document(st)) {
		st = kv_delete(txn, TABLE_DOCUMENTS, key);
		st = st == ST_NOT_FOUND ? ST_OK : st;
	}
	writer_done(&w);
	return st;
}

static uint64_t
number_of(const struct event *e)
{
	return parts_key(e->kind) == EVENT_QUARTER ? e->quarter : e->plan_version;
}

status
documents_take(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at,
               struct bytes body)
{
	struct office_document d = { 0 };
	struct event e;
	status st;

	if (event_decode(body, &e) != HOLD_NONE || kinds[e.kind].letter == '\0')
		return ST_OK;
	d.kind = e.kind;
	d.number = number_of(&e);
	d.name = e.name;
	d.total = e.total;
	d.parts = e.parts;
	memcpy(d.hash, e.hash, HASH_BYTES);
	memcpy(d.feed, feed, FEED_BYTES);
	st = put_part(txn, &d, at, &e);
	if (st < 0)
		return st == ST_EXISTS ? ST_OK : st;
	return settle_document(txn, &d);
}

/* ---- reading ---- */

/* The KEY of a row, of which len bytes belong to it. */
static bool
read_key_part(event_kind kind, struct bytes key, size_t len, struct office_document *d)
{
	if (parts_key(kind) == EVENT_NAME) {
		d->name = (struct text) { (const char *) key.at, len - 1 };
		return len > 1 && key.at[len - 1] == '\0';
	}
	if (len != NUMBER_BYTES)
		return false;
	d->number = get_u64(key.at);
	return true;
}

static status
read_document(event_kind kind, struct bytes key, struct bytes value,
              struct office_document *ret_document)
{
	enum { BEFORE = 2, BEHIND = HASH_BYTES + FEED_BYTES + 2 * NUMBER_BYTES };
	struct office_document d = { .kind = kind };
	const uint8_t *at;

	if (key.len <= BEFORE + BEHIND ||
	    !read_key_part(kind, (struct bytes) { key.at + BEFORE, key.len - BEFORE },
	                   key.len - BEFORE - BEHIND, &d) ||
	    !take_head(value, &d.at, &d.at_ms, &d.packed))
		return ST_MALFORMED;
	at = key.at + key.len - BEHIND;
	memcpy(d.hash, at, HASH_BYTES);
	memcpy(d.feed, at + HASH_BYTES, FEED_BYTES);
	d.total = get_u64(at + HASH_BYTES + FEED_BYTES);
	d.parts = get_u64(at + HASH_BYTES + FEED_BYTES + NUMBER_BYTES);
	*ret_document = d;
	return ST_OK;
}

static bool
is_of_kind(const struct kv_walk *walk, event_kind kind)
{
	return walk->key.len > 2 && walk->key.at[0] == 'd' &&
		walk->key.at[1] == (uint8_t) kinds[kind].letter;
}

/* The row before the first key behind all documents of the kind. */
status
documents_last(kv_txn *txn, event_kind kind, struct office_document *ret_document)
{
	const uint8_t behind[] = { 'd', (uint8_t) (kinds[kind].letter + 1) };
	struct kv_walk walk;
	status st = ST_NOT_FOUND;

	if (kv_seek_below(txn, TABLE_DOCUMENTS, (struct bytes) { behind, sizeof(behind) }, &walk) &&
	    is_of_kind(&walk, kind))
		st = read_document(kind, walk.key, walk.value, ret_document);
	if (walk.st < 0)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

status
documents_each(kv_txn *txn, event_kind kind, documents_visit *visit, void *ctx)
{
	const uint8_t from[] = { 'd', (uint8_t) kinds[kind].letter };
	struct kv_walk walk;
	status st = ST_OK;

	for (bool more =
	             kv_seek(txn, TABLE_DOCUMENTS, (struct bytes) { from, sizeof(from) }, &walk);
	     more && st == ST_OK && is_of_kind(&walk, kind); more = kv_next(&walk)) {
		struct office_document d;

		st = read_document(kind, walk.key, walk.value, &d);
		if (st == ST_OK)
			st = visit(ctx, &d);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

/* The hash is what the parts claim; who may publish can still send others. */
status
documents_unpack(const struct office_document *d, size_t max_bytes, uint8_t **ret_at,
                 size_t *ret_len)
{
	uint8_t hash[HASH_BYTES], *at = NULL;
	size_t len;
	status st = document_unpack(d->packed, max_bytes, &at, &len);

	if (st < 0)
		return st;
	hash_bytes(at, len, hash);
	if (memcmp(hash, d->hash, HASH_BYTES) != 0) {
		free(at);
		return ST_MALFORMED;
	}
	*ret_at = at;
	*ret_len = len;
	return ST_OK;
}

/* ---- without parts ---- */

/* Keys are sought anew each time, since deleting one moves the others. */
static status
drop_all(kv_txn *txn, event_kind kind)
{
	const uint8_t from[] = { 'd', (uint8_t) kinds[kind].letter };
	status st;

	do {
		struct kv_walk walk;
		struct key k = { .len = 0 };

		st = ST_NOT_FOUND;
		if (kv_seek(txn, TABLE_DOCUMENTS, (struct bytes) { from, sizeof(from) }, &walk) &&
		    is_of_kind(&walk, kind) && walk.key.len <= sizeof(k.at)) {
			key_add(&k, walk.key.at, walk.key.len);
			st = ST_OK;
		}
		if (walk.st < 0)
			st = walk.st;
		kv_walk_done(&walk);
		if (st == ST_OK)
			st = kv_delete(txn, TABLE_DOCUMENTS, (struct bytes) { k.at, k.len });
	} while (st == ST_OK);
	return st == ST_NOT_FOUND ? ST_OK : st;
}

status
documents_put_only(kv_txn *txn, event_kind kind, const struct office_document *d)
{
	struct key k;
	status st = drop_all(txn, kind);

	return st == ST_OK && d ? put_row(txn, document_key(&k, d), &d->at, d->at_ms, d->packed)
				: st;
}

status
documents_clear(kv_txn *txn)
{
	return kv_clear(txn, TABLE_DOCUMENTS);
}
