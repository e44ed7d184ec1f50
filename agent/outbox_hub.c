#include <stdlib.h>

#include "agent/outbox_internal.h"
#include "agent/plan_table.h"
#include "protocol/document.h"
#include "protocol/plan.h"

/* Facts in OUTBOX_META:
 *
 *   "plan"       the plan held, as it came; its rows are in OUTBOX_PLAN
 *   "standing"   version, boot id (u64 BE each), then the standing as it came
 *
 * A row of OUTBOX_HUBS is a map, so that a field may be added. */
#define AT(member) offsetof(struct outbox_hub, member)

static const struct codec_field fields[] = {
	{ "acked", CODEC_POINT, AT(acked), 0, 0, true },
	{ "beyond", CODEC_UINT, AT(beyond), 0, UINT64_MAX, true },
	{ "boot", CODEC_UINT, AT(boot), 0, UINT64_MAX, true },
	{ "contact", CODEC_INT, AT(last_contact_ms), INT64_MIN, INT64_MAX, true },
	{ "onward", CODEC_UINT, AT(onward), 0, UINT64_MAX, false }, /* came later, as did: */
	{ "refused", CODEC_UINT, AT(refused), 0, UINT8_MAX, false },
	{ "registry", CODEC_UINT, AT(registry), 0, UINT64_MAX, true },
	{ "skew", CODEC_INT, AT(skew_ms), INT64_MIN, INT64_MAX, true },
};

enum {
	FIELDS_ = sizeof(fields) / sizeof(fields[0]),
	STANDING_HEAD_BYTES = 16,
	STANDING_PACKED_BYTES_MAX = STANDING_BYTES_MAX + 1024,
};

status
outbox_get_marks(kv_txn *txn, const uint8_t hub[static FEED_BYTES], struct outbox_hub *ret_hub)
{
	struct bytes value;
	uint64_t has;
	bool critical;
	reader r;
	status st = kv_get(txn, OUTBOX_HUBS, (struct bytes) { hub, FEED_BYTES }, &value);

	if (st < 0)
		return st == ST_NOT_FOUND ? ST_OK : st;
	r = reader_of(value.at, value.len);
	codec_read(&r, fields, FIELDS_, ret_hub, &has, &critical);
	return reader_end(&r) < 0 ? ST_IO : ST_OK; /* we wrote it: the disk is bad */
}

/* Taken from the documents themselves, not written down a second time: a mark
 * that said more than what is held would keep the right one from being fetched. */
static void
get_versions(kv_txn *txn, struct outbox_hub *facts)
{
	struct bytes standing;
	bool whole;

	plan_table_held(txn, OUTBOX_PLAN, &facts->plan, &whole);
	if (outbox_get_fact(txn, "standing", &standing) == ST_OK &&
	    standing.len >= STANDING_HEAD_BYTES) {
		facts->standing = get_u64(standing.at);
		facts->standing_boot = get_u64(standing.at + 8);
	}
}

status
outbox_hub(outbox *box, const uint8_t hub[static FEED_BYTES], struct outbox_hub *ret_hub)
{
	struct outbox_hub facts = { 0 };
	kv_txn *txn = NULL;
	status st = kv_read(box->store, &txn);

	if (st == ST_OK)
		st = outbox_get_marks(txn, hub, &facts);
	if (st == ST_OK)
		get_versions(txn, &facts);
	kv_abort(&txn);
	if (st == ST_OK)
		*ret_hub = facts;
	return st;
}

/* ---- writing: each may have to be done twice (outbox_room_use) ---- */

status
outbox_put_marks(kv_txn *txn, const uint8_t hub[static FEED_BYTES], const struct outbox_hub *facts)
{
	status st;
	writer w;

	writer_init(&w);
	codec_write(&w, fields, FIELDS_, facts, (UINT64_C(1) << FIELDS_) - 1);
	st = writer_status(&w);
	if (st == ST_OK)
		st = kv_put(txn, OUTBOX_HUBS, (struct bytes) { hub, FEED_BYTES }, writer_bytes(&w));
	writer_done(&w);
	return st;
}

struct hub_write {
	const uint8_t *hub;
	const struct outbox_hub *facts;
	int wait_ms;
};

static status
write_hub(outbox *box, void *ctx)
{
	const struct hub_write *h = ctx;
	kv_txn *txn = NULL;
	status st = kv_write(box->store, h->wait_ms, &txn);

	if (st < 0)
		return st;
	st = outbox_put_marks(txn, h->hub, h->facts);
	if (st == ST_NOMEM) {
		kv_abort(&txn);
		return st;
	}
	return kv_commit(&txn); /* which tells of a put that failed */
}

status
outbox_put_hub(outbox *box, const uint8_t hub[static FEED_BYTES], const struct outbox_hub *facts,
               int wait_ms)
{
	struct hub_write h = { hub, facts, wait_ms };

	return outbox_room_use(box, write_hub, &h);
}

struct plan_write {
	const plan *plan;
	struct bytes packed;
	int wait_ms;
};

static status
write_plan(outbox *box, void *ctx)
{
	const struct plan_write *p = ctx;
	kv_txn *txn = NULL;
	status st = kv_write(box->store, p->wait_ms, &txn);

	if (st < 0)
		return st;
	outbox_put_fact(txn, "plan", p->packed);
	st = plan_table_put(txn, OUTBOX_PLAN, p->plan);
	if (st < 0) {
		kv_abort(&txn);
		return st;
	}
	return kv_commit(&txn);
}

/* Parsed before the lock is taken: it takes milliseconds, and commands wait. */
status
outbox_put_plan(outbox *box, uint64_t version, struct bytes packed, int wait_ms)
{
	struct plan_write p = { .packed = packed, .wait_ms = wait_ms };
	struct plan_problems problems = { 0 };
	plan *parsed = NULL;
	uint8_t *json = NULL;
	size_t len = 0;
	status st = document_unpack(packed, PLAN_BYTES_MAX, &json, &len);

	if (st == ST_MALFORMED || st == ST_LIMIT)
		st = ST_INVALID;
	if (st == ST_OK)
		st = plan_parse(json, len, &problems, &parsed);
	free(json);
	plan_problems_done(&problems);
	if (st == ST_OK && plan_version(parsed) != version)
		st = ST_INVALID;
	if (st == ST_OK) {
		p.plan = parsed;
		st = outbox_room_use(box, write_plan, &p);
	}
	plan_free(&parsed);
	return st;
}

/* A copy of the plan held where its rows are to be made anew, else NULL; the caller's. */
static status
get_outdated(kv_txn *txn, uint8_t **ret_packed, size_t *ret_len, uint64_t *ret_version)
{
	bool whole = true;
	bool held = plan_table_held(txn, OUTBOX_PLAN, ret_version, &whole);
	struct bytes packed;
	status st = held && !whole ? outbox_get_fact(txn, "plan", &packed) : ST_NOT_FOUND;

	if (st < 0)
		return st == ST_NOT_FOUND ? ST_OK : st;
	*ret_packed = malloc(packed.len + 1);
	if (!*ret_packed)
		return ST_NOMEM;
	memcpy(*ret_packed, packed.at, packed.len);
	*ret_len = packed.len;
	return ST_OK;
}

/* Looked at without the lock, for once in a program's life.  A plan that came in between
 * would be replaced by the one before, and is fetched again: it is missed by its version. */
status
outbox_renew_plan(outbox *box, int wait_ms)
{
	uint8_t *packed = NULL;
	uint64_t version = 0;
	size_t len = 0;
	kv_txn *txn = NULL;
	status st = kv_read(box->store, &txn);

	if (st == ST_OK)
		st = get_outdated(txn, &packed, &len, &version);
	kv_abort(&txn);
	if (packed)
		st = outbox_put_plan(box, version, (struct bytes) { packed, len }, wait_ms);
	free(packed);
	return st;
}

struct standing_write {
	struct bytes value;
	int wait_ms;
};

static status
write_standing(outbox *box, void *ctx)
{
	const struct standing_write *s = ctx;
	kv_txn *txn = NULL;
	status st = kv_write(box->store, s->wait_ms, &txn);

	if (st < 0)
		return st;
	outbox_put_fact(txn, "standing", s->value);
	return kv_commit(&txn);
}

/* Not decoded: what a newer hub adds is kept for a newer program. */
status
outbox_put_standing(outbox *box, uint64_t version, uint64_t boot, struct bytes packed, int wait_ms)
{
	struct standing_write s = { .wait_ms = wait_ms };
	uint8_t *value;
	status st;

	if (packed.len > STANDING_PACKED_BYTES_MAX)
		return ST_LIMIT;
	value = malloc(STANDING_HEAD_BYTES + packed.len);
	if (!value)
		return ST_NOMEM;
	put_u64(value, version);
	put_u64(value + 8, boot);
	memcpy(value + STANDING_HEAD_BYTES, packed.at, packed.len);
	s.value = (struct bytes) { value, STANDING_HEAD_BYTES + packed.len };
	st = outbox_room_use(box, write_standing, &s);
	free(value);
	return st;
}

status
outbox_standing(outbox *box, uint8_t **ret_packed, size_t *ret_len)
{
	struct bytes value;
	uint8_t *packed = NULL;
	kv_txn *txn = NULL;
	status st = kv_read(box->store, &txn);

	if (st == ST_OK)
		st = outbox_get_fact(txn, "standing", &value);
	if (st == ST_OK && value.len < STANDING_HEAD_BYTES)
		st = ST_IO;
	if (st == ST_OK) {
		packed = malloc(value.len);
		st = packed ? ST_OK : ST_NOMEM;
	}
	if (st == ST_OK) {
		*ret_len = value.len - STANDING_HEAD_BYTES;
		memcpy(packed, value.at + STANDING_HEAD_BYTES, *ret_len);
		*ret_packed = packed;
	}
	kv_abort(&txn);
	return st;
}
