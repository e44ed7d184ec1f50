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

/* Whether the entry was replaced before is found out when its record is judged. */
static status
fold_remark(struct ledger *l, const uint8_t *id, const struct event *e)
{
	uint8_t target[TARGET_BYTES];
	status st = remarks_take(l->txn, id, e, target);

	return st == ST_OK ? graph_touch(l, target) : st;
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
		return fold_remark(l, id, e);
	return count_event(l->txn, l->sums, l->plan, e, at->hash, +1);
}

/* By what it says: it corrects others, or has a bond with them. */
static bool
hangs_together(const struct event *e)
{
	char bond[REGISTER_KEY_BYTES];

	return (event_is_record(e->kind) && e->fixes.count > 0) || event_bond(e, bond);
}

/* Corrections and what they name may come in either order, so an event is also asked
 * whether one that is here names it already.
 *
 * Two events whose hashes begin alike cannot both be nodes, since corrections name only
 * the beginning: who found such two, which takes 2^64 hashes, has the second one held. */
status
ledger_fold(struct ledger *l, const uint8_t feed[static FEED_BYTES], const struct point *at,
            const struct told_event *told)
{
	struct event e;
	hold decoded = graph_told(told, &e);
	bool hangs = decoded == HOLD_NONE && hangs_together(&e);
	uint8_t id[EVENT_ID_BYTES];
	status st;

	event_id_write(feed, at, id);
	st = nodes_expect(l->nodes, id);
	if (st == ST_OK && !hangs)
		st = graph_is_named(l, id, &hangs);
	if (st < 0)
		return st;
	if (!hangs)
		return fold_alone(l, id, at, &e, decoded);
	st = graph_add(l, id, told, decoded, &e);
	return st == ST_EXISTS ? set_held(l, id, HOLD_FIX) : st;
}

status
ledger_fold_of(struct ledger *l, const struct journal_run *run, uint64_t number)
{
	const struct batch_event *e = &run->content.events[number];
	const struct told_event told = {
		.body = e->body,
		.erased = e->erased,
		.brief = run->briefs ? run->briefs[number] : (struct bytes) { 0 },
	};

	return ledger_fold(l, run->batch.feed, &e->at, &told);
}

/* ---- settling records ---- */

/* Where that is what the version should be and is not: count it, or take it out. */
static status
set_counted(struct ledger *l, struct node *node, const struct version *v, bool counted)
{
	struct event e;
	status st;

	if (version_counts(v) != counted || counted == node->counted)
		return ST_OK;
	/* only what could be decoded ever counted */
	if (graph_event(node, &e) != HOLD_NONE)
		return ST_MALFORMED;
	st = count_event(l->txn, l->sums, l->plan, &e, v->at.hash, counted ? +1 : -1);
	node->counted = counted;
	return st == ST_OK ? nodes_change(l->nodes, node) : st;
}

/* Most versions neither are held nor were, and pay for no look-up. */
static status
set_node_held(struct ledger *l, struct node *node, hold reason)
{
	bool held = reason != HOLD_NONE;
	status st = held || node->held ? set_held(l, node->id, reason) : ST_OK;

	if (st < 0 || held == node->held)
		return st;
	node->held = held;
	return nodes_change(l->nodes, node);
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
set_conflict(struct ledger *l, struct node *root, struct bytes heads)
{
	uint8_t *before = NULL;
	struct bytes key = { root->id, sizeof(root->id) }, old = { 0 };
	status st;

	if (heads.len == 0 && !root->conflict)
		return ST_OK;
	root->conflict = heads.len > 0;
	st = nodes_change(l->nodes, root);
	if (st == ST_OK)
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

/* Whether one of the records has more heads than one, or had. */
static bool
may_conflict(const struct graph *g)
{
	size_t heads = 0;
	bool had = false;

	for (size_t i = 0; i < g->count; i++) {
		heads += g->list[i].head;
		had |= g->nodes[i]->conflict;
	}
	return had || heads > 1;
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
		st = set_conflict(l, g->nodes[i], (struct bytes) { ids, len });
	}
	free(ids);
	free(heads);
	return st;
}

/* What counted is taken out first: the row of a register has room for one version.
 *
 * All that hangs together was judged at once, and nothing of it is owed any more: this
 * is why a record is judged once however many of its versions came. */
static status
settle_graph(struct ledger *l, struct graph *g, bool remarked)
{
	status st = versions_judge(g->list, g->count);

	for (size_t i = 0; i < g->count && st == ST_OK; i++)
		st = set_counted(l, g->nodes[i], &g->list[i], false);
	for (size_t i = 0; i < g->count && st == ST_OK; i++) {
		const struct version *v = &g->list[i];
		struct node *node = g->nodes[i];

		node->owed = false;
		st = set_counted(l, node, v, true);
		if (st == ST_OK && v->judged == HOLD_LOCKED)
			st = graph_note_locked(l->txn, v->feed);
		if (st == ST_OK)
			st = set_node_held(l, node, version_held(v) ? v->hold : HOLD_NONE);
		if (st == ST_OK && remarked)
			st = remarks_mark(l->txn, node->id, v->superseded);
	}
	if (st == ST_OK && may_conflict(g))
		st = set_conflicts(l, g);
	return st == ST_OK ? others_set(l->txn, g->list, g->count) : st;
}

status
ledger_judge(struct ledger *l)
{
	struct run_finder finder = { .txn = l->txn, .runs = l->runs };
	/* until the office says something on an entry no record pays for a look-up */
	bool remarked = kv_count(l->txn, TABLE_REMARKS) > 0;
	struct graph g = { 0 };
	struct node *node;
	status st = graph_find_named(l, &finder);

	while (st == ST_OK && (node = nodes_next_owed(l->nodes)) != NULL) {
		st = graph_gather(l, &finder, node, &g);
		if (st == ST_OK)
			st = settle_graph(l, &g, remarked);
	}
	graph_done(&g);
	return st == ST_OK && nodes_full(l->nodes) ? nodes_write(l->nodes) : st;
}

status
ledger_settle(struct ledger *l)
{
	status st = ledger_judge(l);

	if (st == ST_OK)
		st = nodes_write(l->nodes);
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
