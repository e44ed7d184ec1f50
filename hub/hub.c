#include "hub/hub.h"

#include <sodium.h>
#include <string.h>

#include "hub/hub_internal.h"
#include "hub/journal.h"
#include "hub/ledger.h"
#include "hub/plans.h"
#include "hub/standing.h"
#include "protocol/chain.h"

/* ---- the plan in force ---- */

status
hub_plan(hub *h, kv_txn *txn, const plan **ret_plan)
{
	struct plan_row row;
	plan *p;
	status st = plans_in_force(txn, &row);

	if (st < 0)
		return st;
	/* a hash that fits is of a document with that version */
	if (!h->plan || memcmp(h->plan_hash, row.hash, HASH_BYTES) != 0) {
		st = plans_parse(&row, &p);
		if (st < 0)
			return st;
		plan_free(&h->plan);
		h->plan = p;
		memcpy(h->plan_hash, row.hash, HASH_BYTES);
	}
	*ret_plan = h->plan;
	return ST_OK;
}

/* NULL when there is none. */
static status
plan_or_none(hub *h, kv_txn *txn, const plan **ret_plan)
{
	status st = hub_plan(h, txn, ret_plan);

	if (st == ST_NOT_FOUND)
		*ret_plan = NULL;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* ---- taking a batch ---- */

static status
fold_events(struct ledger *l, const struct batch *b, struct bytes bodies, uint64_t skip,
            bool publishes)
{
	struct batch_walk walk = batch_walk(b, bodies);
	struct batch_event e;
	status st = ST_OK;

	for (uint64_t i = 0; st == ST_OK && batch_next(&walk, &e); i++) {
		if (i < skip)
			continue;
		st = ledger_fold(l, b->feed, &e.at, e.body, e.erased);
		if (st == ST_OK && publishes)
			st = plans_take(l->txn, b->feed, e.body);
	}
	return st;
}

/* Fold what is new of a stored batch; again all, when it brought a plan.  The hash of the
 * plan before is kept aside, since to ask for the plan replaces it in h; while there was
 * no plan it says nothing. */
static status
fold_batch(hub *h, kv_txn *txn, const struct batch *b, struct bytes bodies, uint64_t skip,
           bool publishes)
{
	struct ledger l = { .txn = txn };
	const plan *after;
	uint8_t before[HASH_BYTES];
	status st = plan_or_none(h, txn, &l.plan);
	bool had_plan = l.plan != NULL;

	if (st < 0)
		return st;
	memcpy(before, h->plan_hash, HASH_BYTES);
	st = fold_events(&l, b, bodies, skip, publishes);
	if (st < 0 || !publishes)
		return st;
	st = plan_or_none(h, txn, &after);
	if (st == ST_OK && after && (!had_plan || memcmp(before, h->plan_hash, HASH_BYTES) != 0))
		st = hub_refold(h, txn);
	return st;
}

/* What is wrong with the store itself is no fault of the batch: its device, told
 * "malformed", would stop sending, and half of a batch would be committed. */
static status
fault_of_store(status st)
{
	return st == ST_MALFORMED || st == ST_LIMIT || st == ST_DENIED || st == ST_CHAIN ||
			st == ST_EXISTS || st == ST_UNKNOWN
		? ST_IO
		: st;
}

/* Enrolment first: a stranger must not make the hub unpack and verify.  Malformed is the
 * batch up to batch_verify(), and the store behind it. */
status
hub_take(hub *h, kv_txn *txn, const struct batch *b, int64_t received_ms)
{
	struct device device;
	struct bytes bodies;
	uint64_t skipped, offset;
	status st = registry_device(txn, b->feed, &device);

	if (st < 0)
		return st == ST_NOT_FOUND ? ST_DENIED : fault_of_store(st);
	st = batch_unpack(b, h->space, &bodies);
	if (st == ST_OK)
		st = batch_verify(b, bodies);
	if (st < 0)
		return st;
	st = journal_take(txn, b, bodies, received_ms, &skipped, &offset);
	if (st == ST_OK)
		st = fault_of_store(fold_batch(h, txn, b, bodies, skipped,
		                               device_may_publish(&device)));
	return st == ST_MALFORMED ? ST_IO : st;
}

/* Once a transaction, since all that hangs together with a version is gathered:
 * who sends thousands of versions in as many batches has that done once a commit. */
status
hub_settle(hub *h, kv_txn *txn)
{
	struct ledger l = { .txn = txn };
	status st = plan_or_none(h, txn, &l.plan);

	return fault_of_store(st == ST_OK ? ledger_settle(&l) : st);
}

/* ---- the hub's own feed ---- */

/* The end of its longest lane. */
static status
own_tip(hub *h, kv_txn *txn, struct point *ret_tip)
{
	struct point leaves[LANES_MAX];
	size_t count;
	status st = journal_leaves(txn, h->id, leaves, LANES_MAX, &count);

	if (st < 0)
		return st;
	if (count == 0)
		chain_start(h->id, ret_tip);
	else
		*ret_tip = leaves[count - 1];
	return ST_OK;
}

/* Sealed, opened and taken like a batch that came from outside: there is no other way into
 * the journal, and what is kept can be verified by a stranger. */
static status
record(hub *h, kv_txn *txn, const uint8_t *secret, struct bytes body, int64_t now_ms)
{
	struct point tip;
	struct batch b;
	writer framed, sealed;
	status st = own_tip(h, txn, &tip);

	writer_init(&framed);
	writer_init(&sealed);
	writer_bin(&framed, body.at, body.len);
	if (st == ST_OK)
		st = writer_status(&framed);
	if (st == ST_OK)
		st = batch_seal(h->id, secret, &tip, writer_bytes(&framed), 1, &sealed);
	if (st == ST_OK)
		st = batch_open(writer_bytes(&sealed).at, writer_bytes(&sealed).len, &b);
	if (st == ST_OK)
		st = hub_take(h, txn, &b, now_ms);
	writer_done(&framed);
	writer_done(&sealed);
	return st;
}

struct publishing {
	hub *h;
	kv_txn *txn;
	int64_t now_ms;
	uint8_t secret[SIGN_SECRET_BYTES];
};

static status
publish_part(void *ctx, struct bytes body)
{
	struct publishing *p = ctx;

	return record(p->h, p->txn, p->secret, body, p->now_ms);
}

static status
version_of_document(const void *json, size_t len, uint64_t *ret_version)
{
	struct plan_problems problems = { 0 };
	plan *p = NULL;
	status st = plan_parse(json, len, &problems, &p);

	if (st == ST_OK)
		*ret_version = plan_version(p);
	plan_free(&p);
	plan_problems_done(&problems);
	return st;
}

status
hub_publish_plan(hub *h, kv_txn *txn, const void *json, size_t len, int64_t now_ms)
{
	struct publishing p = { .h = h, .txn = txn, .now_ms = now_ms };
	struct plan_row row = { .version = 0 };
	uint8_t hash[HASH_BYTES];
	uint64_t version = 0;
	status st = plans_in_force(txn, &row);
	bool is_first = st == ST_NOT_FOUND;

	if (st < 0 && !is_first)
		return st;
	hash_bytes(json, len, hash);
	if (!is_first && memcmp(hash, row.hash, HASH_BYTES) == 0)
		return ST_EXISTS;
	st = version_of_document(json, len, &version);
	if (st < 0)
		return st;
	if (!is_first && version != row.version + 1)
		return ST_INVALID;
	st = hub_secret(h, p.secret);
	if (st == ST_OK)
		st = plans_cut(json, len, version, now_ms, publish_part, &p);
	if (st == ST_OK)
		st = hub_settle(h, txn);
	sodium_memzero(p.secret, sizeof(p.secret));
	return st;
}

/* ---- folding again ---- */

struct refolding {
	struct ledger ledger;
	uint64_t seen; /* entries told of as progress */
	uint64_t total;
	hub_progress *progress;
	void *ctx;
};

void
hub_watch(hub *h, hub_progress *progress, void *ctx)
{
	h->progress = progress;
	h->progress_ctx = ctx;
}

static status
take_plan_part(void *ctx, const struct journal_event *e)
{
	return plans_take(ctx, e->feed, e->event.body);
}

/* The plan events of one entry, if its feed may publish. */
static status
take_plan_parts(kv_txn *txn, const struct journal_entry *entry)
{
	struct device device;
	struct batch b;
	status st = batch_open(entry->bytes.at, entry->bytes.len, &b);

	if (st == ST_OK)
		st = registry_device(txn, b.feed, &device);
	if (st < 0)
		return st == ST_NOT_FOUND ? ST_MALFORMED : st;
	return device_may_publish(&device) ? journal_each_event_of(entry, take_plan_part, txn)
					   : ST_OK;
}

/* Registry and plans, from the journal: whose plans count, the registry says. */
static status
refold_grounds(kv_txn *txn, journal_kind kind,
               status (*take)(kv_txn *, const struct journal_entry *))
{
	uint64_t size = journal_size(txn);
	status st = ST_OK;

	for (uint64_t offset = 0; offset < size && st == ST_OK; offset++) {
		struct journal_entry entry;

		st = journal_read(txn, offset, &entry);
		if (st == ST_OK && entry.kind == kind)
			st = take(txn, &entry);
	}
	return st;
}

static status
take_registry(kv_txn *txn, const struct journal_entry *entry)
{
	uint8_t copy[4096]; /* the entry lies in the store that is written to */

	if (entry->bytes.len > sizeof(copy))
		return ST_MALFORMED;
	memcpy(copy, entry->bytes.at, entry->bytes.len);
	return registry_apply(txn, (struct bytes) { copy, entry->bytes.len });
}

static status
fold_again(void *ctx, const struct journal_event *e)
{
	struct refolding *r = ctx;

	if (r->progress && e->offset >= r->seen) {
		r->progress(r->ctx, e->offset, r->total);
		r->seen = e->offset + 1;
	}
	return ledger_fold(&r->ledger, e->feed, &e->event.at, e->event.body, e->event.erased);
}

/* The registry says whose plans count, the plan in force how events are judged: so in this
 * order, and the events last. */
status
hub_refold(hub *h, kv_txn *txn)
{
	struct refolding r = { .ledger = { .txn = txn },
		               .total = journal_size(txn),
		               .progress = h->progress,
		               .ctx = h->progress_ctx };
	status st = kv_clear(txn, TABLE_REGISTRY);

	if (st == ST_OK)
		st = refold_grounds(txn, JOURNAL_REGISTRY, take_registry);
	if (st == ST_OK)
		st = plans_clear(txn);
	if (st == ST_OK)
		st = refold_grounds(txn, JOURNAL_BATCH, take_plan_parts);
	if (st == ST_OK)
		st = plan_or_none(h, txn, &r.ledger.plan);
	if (st == ST_OK)
		st = ledger_clear(txn);
	if (st == ST_OK)
		st = journal_each_event(txn, fold_again, &r);
	if (st == ST_OK)
		st = ledger_settle(&r.ledger);
	if (st == ST_OK)
		st = standing_touch_all(txn);
	if (st == ST_OK && r.progress)
		r.progress(r.ctx, r.total, r.total);
	return st;
}
