#include "hub/hub.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "hub/documents.h"
#include "hub/graph.h"
#include "hub/hub_internal.h"
#include "hub/journal.h"
#include "hub/journal_index.h"
#include "hub/ledger.h"
#include "hub/plans.h"
#include "hub/rights.h"
#include "hub/rollback.h"
#include "hub/standing.h"
#include "protocol/chain.h"
#include "protocol/parts.h"

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

status
hub_locks(hub *h, kv_txn *txn, const struct locks **ret_locks)
{
	bool same = false;
	locks *l = NULL;
	status st = locks_are(h->locks, txn, &same);

	if (st == ST_OK && !same) {
		st = locks_load(txn, &l);
		if (st == ST_OK) {
			locks_free(&h->locks);
			h->locks = l;
		}
	}
	if (st == ST_OK)
		*ret_locks = h->locks;
	return st;
}

/* Events are judged by both. */
status
hub_ledger(hub *h, kv_txn *txn, struct ledger *ret_ledger)
{
	struct ledger l = {
		.txn = txn, .sums = h->sums, .nodes = h->nodes, .runs = h->runs, .chains = h->chains
	};
	status st = plan_or_none(h, txn, &l.plan);

	if (st == ST_OK)
		st = hub_locks(h, txn, &l.locks);
	if (st == ST_OK) {
		sums_begin(h->sums, txn);
		nodes_begin(h->nodes, txn);
		*ret_ledger = l;
	}
	return st;
}

/* ---- taking a batch ---- */

status
hub_take_document(kv_txn *txn, chains *c, const uint8_t *feed, const struct batch_event *e)
{
	struct device device = { .losses = 0 };
	status st = rights_at(txn, c, feed, &e->at, &device);

	return st == ST_OK && device_may_publish(&device)
		? documents_take(txn, feed, &e->at, e->body)
		: st;
}

/* A leaf that a lock names lets count what lies below it; that is of any moment only where
 * something of the feed was late. */
static status
locks_turn_on(const struct ledger *l, const uint8_t *feed, const struct point *at, bool *ret_turn)
{
	return locks_name(l->locks, feed, at) ? graph_has_locked(l->txn, feed, ret_turn) : ST_OK;
}

/* *turn becomes true when an event is a leaf that a loss of a right, or a lock, names: what
 * lies below it is worth what it was; and where nobody can tell which of them count already. */
static status
fold_events(struct ledger *l, const struct journal_run *run, const struct taken *t,
            const struct device *device, bool *turn)
{
	const struct batch *b = &run->batch;
	const struct batch_event *events = run->content.events;
	bool counted[BATCH_EVENTS_MAX];
	status st = journal_counted(l->txn, b->feed, events + t->skipped, t->count, counted);

	if (st == ST_UNKNOWN) {
		*turn = true;
		return ST_OK;
	}
	for (uint64_t i = t->skipped; st == ST_OK && i < t->skipped + t->count; i++) {
		const struct batch_event *e = &events[i];

		if (counted[i - t->skipped])
			continue; /* it had been damaged, and counts since it came first */
		st = ledger_fold_of(l, run, i);
		if (st == ST_OK && hub_publisher(device))
			st = hub_take_document(l->txn, l->chains, b->feed, e);
		if (st == ST_OK && device->losses > 0 && !*turn)
			st = rights_turn_on(l->txn, b->feed, &e->at, turn);
		if (st == ST_OK && l->locks && !*turn)
			st = locks_turn_on(l, b->feed, &e->at, turn);
	}
	return st;
}

/* What a batch of the office may have changed. */
struct change {
	hub *h;
	kv_txn *txn;
	bool had_plan;
	uint8_t plan_hash[HASH_BYTES];
	locks *locks; /* as they were; owned */
};

/* The hash of the plan is kept aside, since to ask for the plan replaces it in h; while there
 * was no plan it says nothing. */
static status
change_begin(hub *h, kv_txn *txn, bool had_plan, struct change *c)
{
	*c = (struct change) { .h = h, .txn = txn, .had_plan = had_plan };
	memcpy(c->plan_hash, h->plan_hash, HASH_BYTES);
	return locks_load(txn, &c->locks);
}

static status
plan_changed(const struct change *c, bool *ret_changed)
{
	const plan *after = NULL;
	status st = plan_or_none(c->h, c->txn, &after);

	*ret_changed = after &&
		(!c->had_plan || memcmp(c->plan_hash, c->h->plan_hash, HASH_BYTES) != 0);
	return st;
}

/* *ret_judge is that events are to be judged again by them; the devices are told of any
 * change. */
static status
locks_changed(const struct change *c, bool *ret_judge)
{
	const locks *after = NULL;
	bool same = true, nothing = true;
	status st = locks_are(c->locks, c->txn, &same);

	*ret_judge = false;
	if (st < 0 || same)
		return st;
	st = hub_locks(c->h, c->txn, &after);
	if (st == ST_OK)
		st = locks_change_nothing(c->locks, after, c->txn, c->h->id, &nothing);
	*ret_judge = !nothing;
	return st == ST_OK && nothing ? standing_touch_all(c->txn) : st;
}

/* What was folded by other documents is to be folded again. */
static status
change_end(const struct change *c, bool turn, bool *ret_again)
{
	bool by_plan = false, by_locks = false;
	status st = plan_changed(c, &by_plan);

	if (st == ST_OK)
		st = locks_changed(c, &by_locks);
	*ret_again = (turn || by_plan || by_locks);
	return st;
}

status
hub_fold_batch(hub *h, kv_txn *txn, const struct journal_run *run, const struct taken *t,
               const struct device *device, bool *ret_again)
{
	struct change change = { .h = h, .txn = txn };
	struct ledger l;
	bool turn = false;
	status st = hub_ledger(h, txn, &l);

	if (st == ST_OK && hub_publisher(device))
		st = change_begin(h, txn, l.plan != NULL, &change);
	if (st == ST_OK)
		st = fold_events(&l, run, t, device, &turn);
	if (st == ST_OK) {
		turn |= t->closed && (device->losses > 0 || l.locks);
		*ret_again = turn;
	}
	if (st == ST_OK && hub_publisher(device))
		st = change_end(&change, turn, ret_again);
	if (st == ST_OK && !*ret_again && nodes_full(h->nodes))
		st = ledger_judge(&l);
	locks_free(&change.locks);
	return st;
}

static status
fold_batch(hub *h, kv_txn *txn, const struct journal_run *run, const struct taken *t,
           const struct device *device)
{
	bool again = false;
	status st = hub_fold_batch(h, txn, run, t, device, &again);

	return st == ST_OK && again ? hub_refold(h, txn) : st;
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

/* An entry is corrected soon after it came, as a rule. */
static status
keep_run(hub *h, kv_txn *txn, uint64_t offset, run_block **b_p)
{
	struct journal_entry entry;
	status st = journal_read(txn, offset, &entry);

	if (st == ST_OK)
		runs_keep(h->runs, &entry, b_p);
	return st;
}

/* A batch that reaches over gaps is taken in pieces, whose entries are other batches than
 * this. */
static status
take_verified(hub *h, kv_txn *txn, run_block **b_p, int64_t received_ms, take_how how,
              const struct device *device)
{
	const struct batch *b = &(*b_p)->run.batch;
	const struct batch_content *content = &(*b_p)->run.content;
	struct taken t = { 0 };
	bool any = false;
	status st = ST_OK;

	while (st == ST_OK && t.skipped + t.count < b->count) {
		st = journal_take(txn, b, content, received_ms, how, &t);
		any |= st == ST_OK;
		if (st == ST_OK)
			st = fault_of_store(fold_batch(h, txn, &(*b_p)->run, &t, device));
	}
	if (st == ST_OK && t.count == b->count)
		st = fault_of_store(keep_run(h, txn, t.offset, b_p));
	return st == ST_EXISTS && any ? ST_OK : st;
}

/* As it came. */
static struct journal_entry
as_entry(const struct batch *b)
{
	return (struct journal_entry) { .kind = JOURNAL_BATCH, .bytes = b->frame };
}

bool
hub_expect(hub *h, const struct batch *b)
{
	const struct journal_entry entry = as_entry(b);

	return ahead_room(h->ahead) && ahead_put(h->ahead, &entry, true) == ST_OK;
}

/* Enrolment first: a stranger must not make the hub unpack and verify.  Malformed is the
 * batch up to ahead_take(), and the store behind it. */
status
hub_take_as(hub *h, kv_txn *txn, const struct batch *b, int64_t received_ms, take_how how)
{
	const struct journal_entry entry = as_entry(b);
	struct device device;
	run_block *block = NULL;
	status st = registry_device(txn, b->feed, &device);

	if (st < 0)
		return st == ST_NOT_FOUND ? ST_DENIED : fault_of_store(st);
	if (device.role == ROLE_READER && device.losses == 0)
		return ST_DENIED; /* it never had a right that its feed could use */
	st = ahead_take(h->ahead, &entry, true, &block);
	if (st == ST_OK) {
		st = take_verified(h, txn, &block, received_ms, how, &device);
		st = st == ST_MALFORMED ? ST_IO : st;
	}
	run_block_free(&block);
	return st;
}

status
hub_take(hub *h, kv_txn *txn, const struct batch *b, int64_t received_ms)
{
	return hub_take_as(h, txn, b, received_ms, TAKE_JOINED);
}

uint64_t
hub_written(const hub *h, const kv_txn *txn)
{
	enum { SUM_BYTES = 640, NODE_BYTES = 1024 }; /* each is a row, with its key and its page */

	return kv_written(txn) + sums_owed(h->sums) * SUM_BYTES +
		nodes_changed(h->nodes) * NODE_BYTES;
}

/* Once a transaction, since all that hangs together with a version is gathered:
 * who sends thousands of versions in as many batches has that done once a commit. */
status
hub_settle(hub *h, kv_txn *txn)
{
	struct ledger l;
	status st = hub_ledger(h, txn, &l);

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

status
hub_record(hub *h, kv_txn *txn, struct bytes body, int64_t now_ms, struct point *ret_at)
{
	uint8_t secret[SIGN_SECRET_BYTES];
	status st = hub_secret(h, secret);

	if (st == ST_OK)
		st = record(h, txn, secret, body, now_ms);
	if (st == ST_OK)
		st = own_tip(h, txn, ret_at);
	sodium_memzero(secret, sizeof(secret));
	return st;
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

/* Above what this hub gave out before it was put back to an older copy, any: who knows
 * what the last one was is to be asked, and may not know it for certain. */
status
hub_next_plan(kv_txn *txn, uint64_t *ret_version, bool *ret_only)
{
	struct plan_row row = { .version = 0 };
	struct rollback met = { .plan = 0 };
	status st = plans_in_force(txn, &row);

	if (st == ST_OK || st == ST_NOT_FOUND)
		st = rollback_met(txn, &met);
	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	*ret_only = met.plan <= row.version;
	*ret_version = (*ret_only ? row.version : met.plan) + 1;
	return ST_OK;
}

status
hub_publish(hub *h, kv_txn *txn, const struct event *head, struct bytes document, int64_t now_ms)
{
	struct publishing p = { .h = h, .txn = txn, .now_ms = now_ms };
	status st = hub_secret(h, p.secret);

	if (st == ST_OK)
		st = parts_cut(head, document, publish_part, &p);
	if (st == ST_OK)
		st = hub_settle(h, txn);
	sodium_memzero(p.secret, sizeof(p.secret));
	return st;
}

status
hub_publish_plan(hub *h, kv_txn *txn, const void *json, size_t len, int64_t now_ms)
{
	struct event head = { .kind = KIND_PLAN, .at_ms = now_ms };
	struct plan_row row = { .version = 0 };
	uint8_t hash[HASH_BYTES];
	uint64_t version = 0, least = 0;
	bool only = true;
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
	st = hub_next_plan(txn, &least, &only);
	if (st < 0)
		return st;
	if (!is_first && (version < least || (only && version > least)))
		return ST_INVALID;
	head.plan_version = version;
	return hub_publish(h, txn, &head, (struct bytes) { json, len }, now_ms);
}
