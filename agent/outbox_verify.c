#include "agent/outbox_verify.h"

#include <sodium.h>
#include <stdlib.h>

#include "agent/outbox_internal.h"
#include "agent/plan_table.h"
#include "common/apart.h"
#include "protocol/chain.h"
#include "protocol/document.h"
#include "protocol/event.h"
#include "protocol/plan.h"
#include "protocol/standing.h"

/* What parent and child share. */
struct shared {
	struct outbox_verdict verdict;
	status opened;
};

struct verifying {
	struct shared *shared;
	const char *home;
	outbox *box;
	kv_txn *txn;
	struct point floor; /* (0, h(0)) as a rule */
	struct tip tip;
};

/* ---- entries ---- */

/* A newer program may have recorded what this one does not know. */
static bool
is_entry(struct bytes body)
{
	struct event e;
	hold h;

	if (outbox_is_erased(body))
		return true;
	h = event_decode(body, &e);
	return h != HOLD_MALFORMED && h != HOLD_LIMIT;
}

static status
verify_entry(struct verifying *v, struct point *at)
{
	uint8_t hash[HASH_BYTES], body_hash[HASH_BYTES];
	struct bytes body;
	status st = outbox_get_event(v->txn, at->seq + 1, &body, hash);

	if (st < 0)
		return ST_IO;
	outbox_body_hash(body, body_hash);
	chain_step(v->box->device.feed, at, body_hash);
	return memcmp(hash, at->hash, HASH_BYTES) == 0 && is_entry(body) ? ST_OK : ST_IO;
}

/* What was kept below the floor: without all that was before it no hash can be made again. */
static status
verify_kept(struct verifying *v, uint64_t *ret_count)
{
	uint8_t hash[HASH_BYTES];
	struct kv_walk walk;
	struct bytes body;
	uint64_t seq = 0, count = 0;
	status st = ST_OK;

	for (bool more = kv_seek(v->txn, OUTBOX_EVENTS, (struct bytes) { 0 }, &walk);
	     more && st == ST_OK; more = kv_next(&walk)) {
		st = outbox_event_row(&walk, &seq, &body, hash);
		if (st == ST_OK && seq > v->floor.seq)
			break;
		if (st == ST_OK)
			st = is_entry(body) ? ST_OK : ST_IO;
		count++;
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	*ret_count = count;
	return st;
}

static status
verify_entries(struct verifying *v)
{
	struct outbox_verdict *found = &v->shared->verdict;
	struct point at = v->floor;
	uint64_t kept = 0;
	status st = verify_kept(v, &kept);

	if (st == ST_OK) {
		found->whole = at.seq;
		found->given_up = at.seq - kept;
	}
	while (st == ST_OK && at.seq < v->tip.at.seq) {
		st = verify_entry(v, &at);
		if (st == ST_OK)
			found->whole = at.seq;
	}
	if (st == ST_OK &&
	    (!point_equal(&at, &v->tip.at) ||
	     kv_count(v->txn, OUTBOX_EVENTS) != v->tip.at.seq - v->floor.seq + kept))
		st = ST_IO;
	return st;
}

/* ---- tables that say what the entries say ---- */

/* Whether the entry that later stands for names seq in its fix. */
static bool
names(const struct verifying *v, uint64_t later, uint64_t seq)
{
	uint8_t hash[HASH_BYTES], earlier[HASH_BYTES];
	struct bytes body, other;
	struct event e;

	if (later <= seq || later > v->tip.at.seq ||
	    outbox_get_event(v->txn, seq, &other, earlier) < 0 ||
	    outbox_get_event(v->txn, later, &body, hash) < 0)
		return false;
	if (outbox_is_erased(body) || event_decode(body, &e) != HOLD_NONE)
		return true; /* it cannot be asked */
	for (size_t i = 0; i < e.fixes.count; i++) {
		const struct fix *f = &e.fixes.list[i];

		if (f->seq == seq && memcmp(f->hash, earlier, HASH_PREFIX_BYTES) == 0)
			return true;
	}
	return false;
}

static status
verify_pair(struct verifying *v, const struct kv_walk *walk)
{
	uint64_t *seq = &v->shared->verdict.seq;

	*seq = 0;
	if (walk->key.len != SEQ_BYTES || walk->value.len != SEQ_BYTES)
		return ST_IO;
	*seq = get_u64(walk->key.at);
	return *seq > 0 && names(v, get_u64(walk->value.at), *seq) ? ST_OK : ST_IO;
}

static status
verify_key(struct verifying *v, const struct kv_walk *walk)
{
	uint64_t *seq = &v->shared->verdict.seq;

	*seq = 0;
	if (walk->key.len != HASH_BYTES || walk->value.len != SEQ_BYTES)
		return ST_IO;
	*seq = get_u64(walk->value.at);
	return *seq > 0 && *seq <= v->tip.at.seq ? ST_OK : ST_IO;
}

static status
each_row(struct verifying *v, int table,
         status (*verify)(struct verifying *v, const struct kv_walk *walk))
{
	struct kv_walk walk;
	status st = ST_OK;

	for (bool more = kv_seek(v->txn, table, (struct bytes) { 0 }, &walk); more && st == ST_OK;
	     more = kv_next(&walk))
		st = verify(v, &walk);
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

/* The other way round: each own version that an entry replaces has its row. */
static status
verify_fixes(struct verifying *v, uint64_t seq)
{
	uint8_t hash[HASH_BYTES], key[SEQ_BYTES];
	uint64_t later;
	struct bytes body;
	struct event e;

	status st = outbox_get_event(v->txn, seq, &body, hash);

	if (st < 0)
		return st == ST_NOT_FOUND && seq <= v->floor.seq ? ST_OK : ST_IO;
	if (outbox_is_erased(body) || event_decode(body, &e) != HOLD_NONE)
		return ST_OK;
	for (size_t i = 0; i < e.fixes.count; i++) {
		const struct fix *f = &e.fixes.list[i];

		if (f->feed && memcmp(f->feed, v->box->device.feed, FEED_BYTES) != 0)
			continue;
		put_u64(key, f->seq);
		if (outbox_get_seq(v->txn, OUTBOX_FIXED, (struct bytes) { key, sizeof(key) },
		                   &later) < 0)
			return ST_IO;
	}
	return ST_OK;
}

static status
verify_replaced(struct verifying *v)
{
	uint64_t *seq = &v->shared->verdict.seq;
	status st = each_row(v, OUTBOX_FIXED, verify_pair);

	for (uint64_t i = 1; st == ST_OK && i <= v->tip.at.seq; i++) {
		*seq = i;
		st = verify_fixes(v, i);
	}
	return st;
}

static status
verify_keys(struct verifying *v)
{
	return each_row(v, OUTBOX_KEYS, verify_key);
}

/* ---- what came from the hub ---- */

/* A mark on another chain, or above the tip, does no harm, and the next contact puts it
 * right; but no program has written one. */
static status
verify_mark(struct verifying *v, const struct kv_walk *walk)
{
	uint8_t hash[HASH_BYTES];
	struct outbox_hub facts = { 0 };
	struct bytes body;
	status st;

	if (walk->key.len != FEED_BYTES || outbox_get_marks(v->txn, walk->key.at, &facts) < 0)
		return ST_IO;
	if (facts.acked.seq == 0)
		return ST_OK;
	st = outbox_get_event(v->txn, facts.acked.seq, &body, hash);
	if (st < 0)
		return st == ST_NOT_FOUND && facts.acked.seq <= v->floor.seq ? ST_OK : ST_IO;
	return memcmp(hash, facts.acked.hash, HASH_BYTES) == 0 ? ST_OK : ST_IO;
}

static status
verify_marks(struct verifying *v)
{
	return each_row(v, OUTBOX_HUBS, verify_mark);
}

static status
hash_rows(kv_txn *txn, uint8_t ret_hash[static HASH_BYTES])
{
	crypto_generichash_state state;
	struct kv_walk walk;
	status st;

	crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
	for (bool more = kv_seek(txn, OUTBOX_PLAN, (struct bytes) { 0 }, &walk); more;
	     more = kv_next(&walk)) {
		crypto_generichash_update(&state, walk.key.at, walk.key.len);
		crypto_generichash_update(&state, walk.value.at, walk.value.len);
	}
	st = walk.st;
	kv_walk_done(&walk);
	crypto_generichash_final(&state, ret_hash, HASH_BYTES);
	return st;
}

/* Rows made by an older program lack some; they are made anew by the next sync. */
static status
is_outdated(kv_txn *txn, bool *ret_outdated)
{
	bool whole = false;
	uint64_t version;

	if (!plan_table_held(txn, OUTBOX_PLAN, &version, &whole))
		return ST_IO;
	*ret_outdated = !whole;
	return ST_OK;
}

static status
parse_plan(kv_txn *txn, plan **ret_plan)
{
	struct plan_problems problems = { 0 };
	struct bytes packed;
	uint8_t *json = NULL;
	size_t len = 0;
	status st = outbox_get_fact(txn, "plan", &packed);

	if (st < 0)
		return st;
	st = document_unpack(packed, PLAN_BYTES_MAX, &json, &len);
	if (st == ST_OK)
		st = plan_parse(json, len, &problems, ret_plan);
	free(json);
	plan_problems_done(&problems);
	return st < 0 && st != ST_NOMEM ? ST_IO : st;
}

/* Made anew and compared, in a transaction of its own that is not kept. */
static status
compare_rows(struct verifying *v, const plan *p)
{
	uint8_t was[HASH_BYTES] = { 0 }, is[HASH_BYTES] = { 0 };
	kv_txn *txn = NULL;
	status st;

	kv_abort(&v->txn); /* one at a time */
	st = kv_write(v->box->store, OUTBOX_WAIT_MS, &txn);
	if (st == ST_OK)
		st = hash_rows(txn, was);
	if (st == ST_OK)
		st = plan_table_put(txn, OUTBOX_PLAN, p);
	if (st == ST_OK)
		st = hash_rows(txn, is);
	kv_abort(&txn);
	if (st == ST_OK && memcmp(was, is, HASH_BYTES) != 0)
		st = ST_IO;
	return st < 0 ? st : kv_read(v->box->store, &v->txn);
}

static status
verify_plan(struct verifying *v)
{
	plan *p = NULL;
	bool outdated = false;
	status st = parse_plan(v->txn, &p);

	if (st == ST_NOT_FOUND) /* none yet, and so no rows */
		return kv_count(v->txn, OUTBOX_PLAN) == 0 ? ST_OK : ST_IO;
	if (st == ST_OK)
		st = is_outdated(v->txn, &outdated);
	if (st == ST_OK && !outdated)
		st = compare_rows(v, p);
	plan_free(&p);
	return st;
}

/* One of a newer hub may say what this program cannot read. */
static status
verify_standing(struct verifying *v)
{
	uint8_t *packed = NULL, *bytes = NULL;
	size_t len = 0;
	status st;

	kv_abort(&v->txn);
	st = outbox_standing(v->box, &packed, &len);
	if (st == ST_OK)
		st = document_unpack((struct bytes) { packed, len }, STANDING_BYTES_MAX, &bytes,
		                     &len);
	free(bytes);
	free(packed);
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* ---- all of it ---- */

static status
read_file(struct verifying *v)
{
	struct outbox_verdict *found = &v->shared->verdict;
	struct outbox_hub hub = { 0 };
	status st = outbox_get_floor(v->txn, v->box, &v->floor);

	if (st == ST_OK)
		st = outbox_get_tip(v->txn, v->box, &v->tip);
	if (st == ST_OK && v->tip.at.seq < v->floor.seq)
		st = ST_IO;

	if (st == ST_OK)
		st = outbox_get_marks(v->txn, v->box->device.hub, &hub);
	if (st == ST_OK) {
		found->tip = v->tip.at.seq;
		found->acked = hub.acked.seq < found->tip ? hub.acked.seq : found->tip;
		found->known = true;
	}
	return st;
}

static status
read_pages(struct verifying *v)
{
	return kv_read_all(v->txn);
}

/* Damaged until it is known to be whole: who is killed on the way says nothing. */
static bool
look(struct verifying *v, outbox_part part, status (*verify)(struct verifying *v))
{
	outbox_health *health = &v->shared->verdict.parts[part];
	status st;

	*health = HEALTH_DAMAGED;
	st = verify(v);
	if (st == ST_OK)
		*health = HEALTH_WHOLE;
	else if (st == ST_BUSY || st == ST_FULL || st == ST_NOMEM)
		*health = HEALTH_BUSY;
	return *health != HEALTH_DAMAGED;
}

static bool
look_at_all(struct verifying *v)
{
	return look(v, PART_FILE, read_file) && look(v, PART_ENTRIES, verify_entries) &&
		look(v, PART_REPLACED, verify_replaced) && look(v, PART_KEYS, verify_keys) &&
		look(v, PART_MARKS, verify_marks) && look(v, PART_FILE, read_pages) &&
		look(v, PART_PLAN, verify_plan) && look(v, PART_STANDING, verify_standing);
}

static int
verify_in_child(void *ctx)
{
	struct verifying v = *(struct verifying *) ctx;
	status *opened = &v.shared->opened;

	v.shared->verdict.parts[PART_FILE] = HEALTH_DAMAGED;
	*opened = ST_MALFORMED; /* until it is more than that */
	*opened = outbox_open(v.home, &v.box);
	if (*opened == ST_OK)
		*opened = kv_read(v.box->store, &v.txn);
	if (*opened == ST_OK)
		(void) look_at_all(&v);
	kv_abort(&v.txn);
	outbox_close(&v.box);
	return 0;
}

static bool
is_damage(const struct shared *s)
{
	if (s->opened == ST_MALFORMED || s->opened == ST_IO)
		return true;
	for (int i = 0; i < OUTBOX_PARTS_; i++) {
		if (s->verdict.parts[i] == HEALTH_DAMAGED)
			return true;
	}
	return false;
}

status
outbox_verify(const char *home, struct outbox_verdict *ret_verdict)
{
	struct shared *shared = apart_share(sizeof(*shared));
	struct verifying v = { .shared = shared, .home = home };
	struct apart_end end;
	status st;

	if (!shared)
		return ST_NOMEM;
	st = apart_run(verify_in_child, &v, &end);
	if (st == ST_OK && shared->opened < 0 && shared->opened != ST_MALFORMED &&
	    shared->opened != ST_IO)
		st = shared->opened;
	if (st == ST_OK) {
		*ret_verdict = shared->verdict;
		ret_verdict->damaged = is_damage(shared);
	}
	apart_unshare(shared, sizeof(*shared));
	return st;
}
