#include "hub/ledger.h"

#include <stdlib.h>

#include "hub/blocks.h"
#include "hub/count.h"
#include "hub/graph.h"
#include "hub/hub.h"
#include "hub/journal.h"
#include "hub/judge.h"
#include "hub/others.h"
#include "hub/probes.h"
#include "hub/remarks.h"
#include "hub/rights.h"
#include "hub/standing.h"

/* ---- rows of held events ---- */

/* Make the row of an event say that reason; HOLD_NONE: no row.  A row that says so
 * already is left alone, or the device would fetch a standing that tells nothing new. */
static status
set_held(struct ledger *l, const uint8_t *id, hold reason)
{
	struct bytes key = { id, EVENT_ID_BYTES }, old;
	struct text name = text_of(hold_name(reason));
	status st = kv_get(l->txn, TABLE_HELD, key, &old);
	bool was = st == ST_OK;

	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	if (was ? text_equal((struct text) { (const char *) old.at, old.len }, name)
	        : reason == HOLD_NONE)
		return ST_OK;
	if (reason == HOLD_NONE)
		st = blocks_delete(l->txn, TABLE_HELD, key);
	else
		st = blocks_put(l->txn, TABLE_HELD, key,
		                (struct bytes) { (const uint8_t *) name.at, name.len });
	return st == ST_OK ? standing_touch(l->txn, id) : st;
}

/* ---- folding one event ---- */

/* The device asks its standing whether this was done. */
static status
fold_probe(struct ledger *l, const uint8_t *id)
{
	struct point at;
	status st;

	event_id_read(id, &at);
	st = probes_note(l->txn, id, &at);
	return st == ST_OK ? standing_touch(l->txn, id) : st;
}

static status
fold_alone(struct ledger *l, const uint8_t *id, const struct point *at, const struct event *e,
           hold decoded)
{
	lateness late = LATE_NOT;
	hold reason;
	status st = rights_kept(&l->rights, l->txn, l->chains, id, at);

	if (st == ST_NOT_FOUND) /* no batch of a feed that is not enrolled is taken */
		return ST_MALFORMED;
	if (st == ST_OK && decoded == HOLD_NONE)
		st = locks_late(l->locks, l->txn, l->chains, id, at, e, &late);
	if (st < 0)
		return st;
	reason = judge(e, decoded, l->plan, &l->rights.device, late == LATE_ALL);
	if (reason == HOLD_LOCKED)
		st = graph_note_locked(l->txn, id);
	if (st < 0)
		return st;
	if (reason != HOLD_NONE)
		return set_held(l, id, reason);
	if (e->kind == KIND_PROBE)
		return fold_probe(l, id);
	if (e->kind == KIND_RETURN)
		return remarks_take(l->txn, id, e);
	return count_event(l->txn, l->sums, l->plan, e, at->hash, +1);
}

/* ---- who is named ---- */

static status
is_named(struct ledger *l, const uint8_t *id, const struct point *at, bool *ret_named)
{
	bool same = memcmp(l->unnamed.feed, id, FEED_BYTES) == 0;
	status st = ST_OK;

	*ret_named = false;
	if (same && l->unnamed.from <= at->seq && at->seq < l->unnamed.next)
		return ST_OK;
	memcpy(l->unnamed.feed, id, FEED_BYTES);
	l->unnamed.from = at->seq;
	st = graph_next_named(l->txn, id, at->seq, &l->unnamed.next);
	return st == ST_OK && l->unnamed.next == at->seq ? graph_is_named(l->txn, id, ret_named)
							 : st;
}

/* What an event of feed names is to be known as named from now on. */
static void
note_named(struct ledger *l, const uint8_t *feed, const struct fixes *fixes)
{
	for (size_t i = 0; i < fixes->count; i++) {
		const struct fix *f = &fixes->list[i];

		if (f->seq < l->unnamed.next &&
		    memcmp(f->feed ? f->feed : feed, l->unnamed.feed, FEED_BYTES) == 0 &&
		    f->seq >= l->unnamed.from)
			l->unnamed.next = f->seq;
	}
}

/* Not marked as counted, whatever it is worth: that is for settling to decide. */
static status
note_node(struct ledger *l, const struct node *n, const struct event *e, bool corrects,
          const char *bond)
{
	status st = graph_put(l->txn, n);

	if (st == ST_OK && corrects) {
		note_named(l, n->id, &e->fixes);
		st = graph_put_fixes(l->txn, n->id, &e->fixes);
	}
	if (st == ST_OK && *bond)
		st = graph_put_bond(l->txn, n->id, bond);
	return st == ST_OK ? graph_put_todo(l->txn, n->id) : st;
}

/* Corrections and what they name may come in either order, so an event is also asked
 * whether one that is here names it already. */
status
ledger_fold(struct ledger *l, const uint8_t feed[static FEED_BYTES], const struct point *at,
            struct bytes body, bool erased)
{
	struct node n = { .erased = erased, .body = body };
	struct event e;
	hold decoded = erased ? event_erased(&e) : event_decode(body, &e);
	bool corrects = decoded == HOLD_NONE && event_is_record(e.kind) && e.fixes.count > 0;
	char bond[REGISTER_KEY_BYTES] = "";
	bool bound = decoded == HOLD_NONE && event_bond(&e, bond);
	bool named = false;
	status st = ST_OK;

	event_id_write(feed, at, n.id);
	if (!corrects && !bound)
		st = is_named(l, n.id, at, &named);
	if (st < 0)
		return st;
	if (corrects || named || bound)
		return note_node(l, &n, &e, corrects, bond);
	return fold_alone(l, n.id, at, &e, decoded);
}

/* ---- settling records ---- */

/* Where that is what the version should be and is not: count it, or take it out. */
static status
set_counted(struct ledger *l, const struct version *v, bool counted)
{
	uint8_t body[EVENT_BYTES_MAX + 1], id[EVENT_ID_BYTES];
	struct node n = { .counted = counted };
	struct event e;
	status st;

	if (version_counts(v) != counted || counted == v->counted)
		return ST_OK;
	event_id_write(v->feed, &v->at, id);
	st = graph_body(l->txn, id, body, &n.body.len);
	if (st < 0)
		return st;
	n.body.at = body;
	memcpy(n.id, id, EVENT_ID_BYTES);
	/* only what could be decoded ever counted */
	if (event_decode(n.body, &e) != HOLD_NONE)
		return ST_MALFORMED;
	st = count_event(l->txn, l->sums, l->plan, &e, v->at.hash, n.counted ? +1 : -1);
	return st == ST_OK ? graph_put(l->txn, &n) : st;
}

static status
touch_heads(struct ledger *l, const uint8_t *heads, size_t len)
{
	status st = ST_OK;

	for (size_t at = 0; at + EVENT_ID_BYTES <= len && st == ST_OK; at += EVENT_ID_BYTES)
		st = standing_touch(l->txn, heads + at);
	return st;
}

/* heads is empty when there is no conflict.  The devices of all heads are to hear of it,
 * also of those that are heads no more; the old row is copied for that, since it lies in
 * the map and the write may move it. */
static status
set_conflict(struct ledger *l, const struct version *root, struct bytes heads)
{
	uint8_t id[EVENT_ID_BYTES], *before = NULL;
	struct bytes key = { id, sizeof(id) }, old = { 0 };
	status st;

	event_id_write(root->feed, &root->at, id);
	st = kv_get(l->txn, TABLE_CONFLICTS, key, &old);
	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	if (old.len == heads.len && (old.len == 0 || memcmp(old.at, heads.at, old.len) == 0))
		return ST_OK;
	before = malloc(old.len + 1);
	if (!before)
		return ST_NOMEM;
	if (old.len > 0)
		memcpy(before, old.at, old.len);
	st = heads.len > 0 ? blocks_put(l->txn, TABLE_CONFLICTS, key, heads)
			   : blocks_delete(l->txn, TABLE_CONFLICTS, key);
	if (st == ST_OK)
		st = touch_heads(l, before, old.len);
	if (st == ST_OK)
		st = touch_heads(l, heads.at, heads.len);
	free(before);
	return st;
}

/* A head of a record, by the place of its first version. */
struct head {
	uint32_t root;
	uint8_t id[EVENT_ID_BYTES];
};

static int
compare_heads(const void *one, const void *two)
{
	const struct head *a = one, *b = two;

	if (a->root != b->root)
		return a->root < b->root ? -1 : 1;
	return memcmp(a->id, b->id, EVENT_ID_BYTES);
}

static size_t
collect_heads(const struct graph *g, struct head *heads)
{
	size_t count = 0;

	for (size_t i = 0; i < g->count; i++) {
		const struct version *v = &g->list[i];

		if (!v->head)
			continue;
		heads[count].root = v->root;
		event_id_write(v->feed, &v->at, heads[count++].id);
	}
	qsort(heads, count, sizeof(*heads), compare_heads);
	return count;
}

/* Set the conflict of every record.  Both lists go by the places of roots. */
static status
set_conflicts(struct ledger *l, const struct graph *g)
{
	/* + 1: calloc() of nothing may return NULL */
	struct head *heads = calloc(g->count + 1, sizeof(*heads));
	uint8_t *ids = calloc(g->count + 1, EVENT_ID_BYTES);
	size_t head_count = 0, at = 0;
	status st = heads && ids ? ST_OK : ST_NOMEM;

	if (st == ST_OK)
		head_count = collect_heads(g, heads);
	for (uint32_t i = 0; i < g->count && st == ST_OK; i++) {
		size_t len = 0;

		/* of a register another first version may have stood for it before */
		if (!g->list[i].sound || g->list[i].target_count > 0)
			continue;
		for (; at < head_count && heads[at].root == i; at++, len += EVENT_ID_BYTES)
			memcpy(ids + len, heads[at].id, EVENT_ID_BYTES);
		if (len == EVENT_ID_BYTES)
			len = 0; /* one head is no conflict */
		st = set_conflict(l, &g->list[i], (struct bytes) { ids, len });
	}
	free(ids);
	free(heads);
	return st;
}

/* What counted is taken out first: the row of a register has room for one version.
 *
 * All that hangs together was judged at once, so the notes on all of it are dropped: this
 * is why a record is judged once however many of its versions came. */
static status
settle_graph(struct ledger *l, struct graph *g)
{
	status st = versions_judge(g->list, g->count);

	for (size_t i = 0; i < g->count && st == ST_OK; i++)
		st = set_counted(l, &g->list[i], false);
	for (size_t i = 0; i < g->count && st == ST_OK; i++) {
		const struct version *v = &g->list[i];
		uint8_t id[EVENT_ID_BYTES];

		event_id_write(v->feed, &v->at, id);
		st = set_counted(l, v, true);
		if (st == ST_OK && v->judged == HOLD_LOCKED)
			st = graph_note_locked(l->txn, v->feed);
		if (st == ST_OK)
			st = set_held(l, id, version_held(v) ? v->hold : HOLD_NONE);
		if (st == ST_OK)
			st = remarks_mark(l->txn, id, v->superseded);
		if (st == ST_OK)
			st = graph_drop_todo(l->txn, id);
	}
	if (st == ST_OK)
		st = set_conflicts(l, g);
	return st == ST_OK ? others_set(l->txn, g->list, g->count) : st;
}

/* The next note is sought anew each time, since settling drops more than one. */
status
ledger_judge_next(struct ledger *l, bool *ret_more)
{
	uint8_t id[EVENT_ID_BYTES];
	struct graph g = { 0 };
	status st = graph_next_todo(l->txn, id);

	*ret_more = st == ST_OK;
	if (st < 0)
		return st == ST_NOT_FOUND ? ST_OK : st;
	st = graph_gather(l, id, true, &g);
	if (st == ST_OK)
		st = settle_graph(l, &g);
	graph_done(&g);
	return st == ST_NOT_FOUND ? ST_MALFORMED : st;
}

status
ledger_judge(struct ledger *l)
{
	bool more = true;
	status st = ST_OK;

	while (st == ST_OK && more)
		st = ledger_judge_next(l, &more);
	return st;
}

status
ledger_settle(struct ledger *l)
{
	status st = ledger_judge(l);

	return st == ST_OK ? sums_write(l->sums) : st;
}

/* The tables of the ledger are the last ones of enum hub_table. */
status
ledger_clear(kv_txn *txn)
{
	status st = ST_OK;

	for (int table = TABLE_CELLS; table < HUB_TABLES_ && st == ST_OK; table++)
		st = kv_clear(txn, table);
	return st;
}
