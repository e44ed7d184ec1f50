#include "hub/plans.h"

#include <stdlib.h>

#include "hub/hub.h"
#include "protocol/chain.h"
#include "protocol/document.h"

enum {
	NUMBER_BYTES = 8,
	GROUP_BYTES = FEED_BYTES + HASH_BYTES + 3 * NUMBER_BYTES,
	PART_KEY_BYTES = 1 + GROUP_BYTES + NUMBER_BYTES,
	DOCUMENT_KEY_BYTES = 1 + GROUP_BYTES,
};

/* ---- keys ---- */

/* All that the parts of one document agree in comes before the number of the part: parts
 * that disagree are of different documents. */
static void
part_key(const uint8_t *feed, const struct event *e, uint64_t part,
         uint8_t out[static PART_KEY_BYTES])
{
	*out++ = 'p';
	memcpy(out, feed, FEED_BYTES);
	out += FEED_BYTES;
	put_u64(out, e->plan_version);
	memcpy(out + NUMBER_BYTES, e->plan_hash, HASH_BYTES);
	out += NUMBER_BYTES + HASH_BYTES;
	put_u64(out, e->total);
	out += NUMBER_BYTES;
	put_u64(out, e->parts);
	put_u64(out + NUMBER_BYTES, part);
}

/* Version and hash first: the last document of the table is the one in force. */
static void
document_key(const uint8_t *feed, const struct event *e, uint8_t out[static DOCUMENT_KEY_BYTES])
{
	*out++ = 'd';
	put_u64(out, e->plan_version);
	memcpy(out + NUMBER_BYTES, e->plan_hash, HASH_BYTES);
	out += NUMBER_BYTES + HASH_BYTES;
	memcpy(out, feed, FEED_BYTES);
	out += FEED_BYTES;
	put_u64(out, e->total);
	put_u64(out + NUMBER_BYTES, e->parts);
}

/* ---- taking parts ---- */

static int
compare_bytes(struct bytes a, struct bytes b)
{
	return text_compare((struct text) { (const char *) a.at, a.len },
	                    (struct text) { (const char *) b.at, b.len });
}

/* ST_EXISTS: that part is here, and stays. */
static status
put_part(kv_txn *txn, const uint8_t *feed, const struct event *e)
{
	uint8_t key[PART_KEY_BYTES];
	struct bytes old;
	status st;

	part_key(feed, e, e->part, key);
	st = kv_get(txn, TABLE_PLANS, (struct bytes) { key, sizeof(key) }, &old);
	if (st == ST_OK && compare_bytes(old, e->data) >= 0)
		return ST_EXISTS;
	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	return kv_put(txn, TABLE_PLANS, (struct bytes) { key, sizeof(key) }, e->data);
}

/* All parts, one after the other.  ST_NOT_FOUND: one is not here, or they do
 * not add up to the total. */
static status
join_parts(kv_txn *txn, const uint8_t *feed, const struct event *e, writer *w)
{
	writer_clear(w);
	for (uint64_t part = 1; part <= e->parts; part++) {
		uint8_t key[PART_KEY_BYTES];
		struct bytes data;
		status st;

		part_key(feed, e, part, key);
		st = kv_get(txn, TABLE_PLANS, (struct bytes) { key, sizeof(key) }, &data);
		if (st < 0)
			return st;
		writer_raw(w, data.at, data.len);
	}
	if (writer_status(w) < 0)
		return writer_status(w);
	return writer_bytes(w).len == e->total ? ST_OK : ST_NOT_FOUND;
}

/* A copy of jansson's view of a plan is of no use here: it is parsed again when
 * asked for, and that is once a version. */
static status
check_document(const struct plan_row *row)
{
	plan *p = NULL;
	status st = plans_parse(row, &p);

	plan_free(&p);
	return st;
}

/* Nothing but a lack of memory is our trouble: the rest is the document's. */
static bool
is_fault_of_document(status st)
{
	return st == ST_NOT_FOUND || st == ST_MALFORMED || st == ST_LIMIT || st == ST_INVALID;
}

/* Also one that was complete can become unreadable again, when greater bytes take the place
 * of a part: hence the deletion. */
static status
settle_document(kv_txn *txn, const uint8_t *feed, const struct event *e)
{
	uint8_t key[DOCUMENT_KEY_BYTES];
	struct plan_row row = { .version = e->plan_version };
	status st;
	writer w;

	writer_init(&w);
	document_key(feed, e, key);
	memcpy(row.hash, e->plan_hash, HASH_BYTES);
	st = join_parts(txn, feed, e, &w);
	row.packed = writer_bytes(&w);
	if (st == ST_OK)
		st = check_document(&row);
	if (st == ST_OK) {
		st = kv_put(txn, TABLE_PLANS, (struct bytes) { key, sizeof(key) }, row.packed);
	} else if (is_fault_of_document(st)) {
		st = kv_delete(txn, TABLE_PLANS, (struct bytes) { key, sizeof(key) });
		st = st == ST_NOT_FOUND ? ST_OK : st;
	}
	writer_done(&w);
	return st;
}

status
plans_take(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct bytes body)
{
	struct event e;
	status st;

	if (event_decode(body, &e) != HOLD_NONE || e.kind != KIND_PLAN)
		return ST_OK;
	st = put_part(txn, feed, &e);
	if (st < 0)
		return st == ST_EXISTS ? ST_OK : st;
	return settle_document(txn, feed, &e);
}

/* ---- what is in force ---- */

/* The row before the first key behind all documents. */
status
plans_in_force(kv_txn *txn, struct plan_row *ret_row)
{
	static const uint8_t behind[] = { 'd' + 1 };
	struct kv_walk walk;
	status st = ST_NOT_FOUND;

	if (kv_seek_below(txn, TABLE_PLANS, (struct bytes) { behind, sizeof(behind) }, &walk) &&
	    walk.key.at[0] == 'd') {
		st = ST_MALFORMED;
		if (walk.key.len == DOCUMENT_KEY_BYTES) {
			ret_row->version = get_u64(walk.key.at + 1);
			memcpy(ret_row->hash, walk.key.at + 1 + NUMBER_BYTES, HASH_BYTES);
			ret_row->packed = walk.value;
			st = ST_OK;
		}
	}
	if (walk.st < 0)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

/* Hash and version are what the parts claim; who may publish can still send others. */
status
plans_parse(const struct plan_row *row, plan **ret_plan)
{
	struct plan_problems problems = { 0 };
	uint8_t hash[HASH_BYTES], *json = NULL;
	plan *p = NULL;
	size_t len;
	status st = document_unpack(row->packed, PLAN_BYTES_MAX, &json, &len);

	if (st < 0)
		return st;
	hash_bytes(json, len, hash);
	if (memcmp(hash, row->hash, HASH_BYTES) != 0)
		st = ST_MALFORMED;
	if (st == ST_OK)
		st = plan_parse(json, len, &problems, &p);
	plan_problems_done(&problems);
	free(json);
	if (st == ST_OK && plan_version(p) != row->version) {
		plan_free(&p);
		st = ST_INVALID;
	}
	if (st == ST_OK)
		*ret_plan = p;
	return st;
}

status
plans_clear(kv_txn *txn)
{
	return kv_clear(txn, TABLE_PLANS);
}

/* ---- publishing ---- */

status
plans_cut(const void *json, size_t len, uint64_t version, int64_t at_ms,
          status (*visit)(void *ctx, struct bytes body), void *ctx)
{
	uint8_t hash[HASH_BYTES];
	struct bytes packed;
	writer w, body;
	status st;

	if (len > PLAN_BYTES_MAX)
		return ST_LIMIT;
	hash_bytes(json, len, hash);
	writer_init(&w);
	writer_init(&body);
	st = document_pack(json, len, &w);
	packed = writer_bytes(&w);
	for (size_t at = 0; st == ST_OK && at < packed.len; at += PART_BYTES_MAX) {
		size_t left = packed.len - at;
		event_field fault;
		struct event e = {
			.has = EVENT_BIT(EVENT_PLAN) | EVENT_BIT(EVENT_PART) |
				EVENT_BIT(EVENT_PARTS) | EVENT_BIT(EVENT_TOTAL) |
				EVENT_BIT(EVENT_HASH) | EVENT_BIT(EVENT_DATA),
			.kind = KIND_PLAN,
			.at_ms = at_ms,
			.plan_version = version,
			.part = at / PART_BYTES_MAX + 1,
			.parts = (packed.len + PART_BYTES_MAX - 1) / PART_BYTES_MAX,
			.total = packed.len,
			.plan_hash = hash,
			.data = { packed.at + at, left < PART_BYTES_MAX ? left : PART_BYTES_MAX },
		};

		st = event_encode(&e, &body, &fault);
		if (st == ST_OK)
			st = visit(ctx, writer_bytes(&body));
	}
	writer_done(&body);
	writer_done(&w);
	return st;
}
