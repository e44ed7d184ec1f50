#include "hub/graph.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/room.h"
#include "hub/brief.h"
#include "hub/hub.h"
#include "hub/journal.h"
#include "hub/judge.h"
#include "hub/ledger.h"
#include "hub/rights.h"
#include "hub/things.h"

/* ---- rows ---- */

status
graph_has_node(kv_txn *txn, const uint8_t id[static EVENT_ID_BYTES], bool *ret_has)
{
	struct node_row row;
	status st = node_row_get(txn, id, &row);

	*ret_has = st == ST_OK && row.here &&
		memcmp(row.hash, id + TARGET_BYTES, EVENT_ID_BYTES - TARGET_BYTES) == 0;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* Behind the key a 0, so that one is never the beginning of another. */
static size_t
bond_prefix(const char *bond, uint8_t out[static 1 + REGISTER_KEY_BYTES])
{
	size_t len = strlen(bond) + 1;

	out[0] = 'K';
	memcpy(out + 1, bond, len);
	return 1 + len;
}

static status
put_bond(kv_txn *txn, const uint8_t *id, const char *bond)
{
	uint8_t row[1 + REGISTER_KEY_BYTES + EVENT_ID_BYTES];
	size_t len = bond_prefix(bond, row);

	memcpy(row + len, id, EVENT_ID_BYTES);
	return kv_put(txn, TABLE_LINKS, (struct bytes) { row, len + EVENT_ID_BYTES },
	              (struct bytes) { 0 });
}

status
graph_first_bound(kv_txn *txn, const char *bond, uint8_t ret_id[static EVENT_ID_BYTES])
{
	uint8_t prefix[1 + REGISTER_KEY_BYTES];
	size_t len = bond_prefix(bond, prefix);
	struct kv_walk walk;
	status st = ST_NOT_FOUND;

	if (kv_seek(txn, TABLE_LINKS, (struct bytes) { prefix, len }, &walk) &&
	    walk.key.len == len + EVENT_ID_BYTES && memcmp(walk.key.at, prefix, len) == 0) {
		memcpy(ret_id, walk.key.at + len, EVENT_ID_BYTES);
		st = ST_OK;
	}
	if (walk.st < 0)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

/* The row of a conflict has the id of the register's least first version, which is one of
 * those that are bound. */
status
graph_in_conflict(kv_txn *txn, const char *register_key, bool *ret_conflict)
{
	uint8_t prefix[1 + REGISTER_KEY_BYTES];
	size_t len = bond_prefix(register_key, prefix);
	struct kv_walk walk;
	status st = ST_OK;

	*ret_conflict = false;
	if (kv_count(txn, TABLE_CONFLICTS) == 0)
		return ST_OK;
	for (bool more = kv_seek(txn, TABLE_LINKS, (struct bytes) { prefix, len }, &walk);
	     more && st == ST_OK && !*ret_conflict && walk.key.len == len + EVENT_ID_BYTES &&
	     memcmp(walk.key.at, prefix, len) == 0;
	     more = kv_next(&walk)) {
		struct bytes heads;

		st = kv_get(txn, TABLE_CONFLICTS,
		            (struct bytes) { walk.key.at + len, EVENT_ID_BYTES }, &heads);
		*ret_conflict = st == ST_OK;
		if (st == ST_NOT_FOUND)
			st = ST_OK;
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

static void
locked_key(const uint8_t *feed, uint8_t out[static 1 + FEED_BYTES])
{
	out[0] = 'Q';
	memcpy(out + 1, feed, FEED_BYTES);
}

status
graph_note_locked(kv_txn *txn, const uint8_t feed[static FEED_BYTES])
{
	uint8_t key[1 + FEED_BYTES];

	locked_key(feed, key);
	return kv_put(txn, TABLE_LINKS, (struct bytes) { key, sizeof(key) }, (struct bytes) { 0 });
}

status
graph_has_locked(kv_txn *txn, const uint8_t feed[static FEED_BYTES], bool *ret_has)
{
	uint8_t key[1 + FEED_BYTES];
	struct bytes value;
	status st;

	locked_key(feed, key);
	st = kv_get(txn, TABLE_LINKS, (struct bytes) { key, sizeof(key) }, &value);
	*ret_has = st == ST_OK;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* ---- what an event says ---- */

/* feed, seq, prefix of what a correction of that feed names. */
static void
target_of(const struct fix *fix, const uint8_t *feed, uint8_t out[static TARGET_BYTES])
{
	memcpy(out, fix->feed ? fix->feed : feed, FEED_BYTES);
	put_u64(out + FEED_BYTES, fix->seq);
	memcpy(out + FEED_BYTES + 8, fix->hash, HASH_PREFIX_BYTES);
}

/* NULL: no memory. */
static const char *
keep_text(nodes *n, struct text t)
{
	char *copy;

	if (t.len == 0)
		return "";
	copy = nodes_room(n, t.len + 1);
	if (!copy)
		return NULL;
	memcpy(copy, t.at, t.len);
	copy[t.len] = '\0';
	return copy;
}

/* What it is a version of, and what it hangs together with. */
static status
describe_record(nodes *n, const plan *p, const struct event *e, struct version *v)
{
	char key[REGISTER_KEY_BYTES], bond[REGISTER_KEY_BYTES];

	v->is_void = e->kind == KIND_VOID;
	v->is_register = event_register(e, key);
	event_bond(e, bond);
	if (e->kind == KIND_THING) {
		snprintf(key, sizeof(key), "%s", event_kind_name(e->kind));
		v->comes_in = !e->out;
		v->needs_in = e->out && !thing_in_baseline(p, e->indicator, e->thing);
	}
	v->unit = keep_text(n, e->unit);
	v->key = keep_text(n, text_of(key));
	v->bond = keep_text(n, text_of(bond));
	return v->unit && v->key && v->bond ? ST_OK : ST_NOMEM;
}

static status
describe_targets(nodes *n, struct node *node, const struct fixes *fixes)
{
	status st = ST_OK;

	node->facts.target_count = (uint32_t) fixes->count;
	node->targets = NULL;
	if (fixes->count > 0) {
		node->targets = nodes_room(n, fixes->count * sizeof(struct node *));
		if (!node->targets)
			return ST_NOMEM;
	}
	for (size_t i = 0; i < fixes->count && st == ST_OK; i++) {
		uint8_t target[TARGET_BYTES];

		target_of(&fixes->list[i], node->id, target);
		st = nodes_get(n, target, &node->targets[i]);
	}
	return st;
}

/* By plan and registry, which are the same as long as the nodes are in memory. */
static status
describe(struct ledger *l, struct node *node, hold decoded, const struct event *e)
{
	struct version *v = &node->facts;
	lateness late = LATE_NOT;
	status st;

	*v = (struct version) { .feed = node->id, .unit = "", .key = "", .bond = "" };
	event_id_read(node->id, &v->at);
	st = rights_kept(&l->rights, l->txn, l->chains, v->feed, &v->at);
	if (st == ST_NOT_FOUND) /* no batch of a feed that is not enrolled is taken */
		return ST_MALFORMED;
	if (st == ST_OK && decoded == HOLD_NONE)
		st = locks_late(l->locks, l->txn, l->chains, v->feed, &v->at, e, &late);
	if (st < 0)
		return st;
	v->judged = judge(e, decoded, l->plan, &l->rights.device, late == LATE_ALL);
	v->office = l->rights.device.role == ROLE_OFFICE || l->rights.device.role == ROLE_HUB;
	v->record = decoded == HOLD_NONE && event_is_record(e->kind);
	if (v->record) {
		v->right = judge_right(e, &l->rights.device);
		st = describe_record(l->nodes, l->plan, e, v);
		if (st == ST_OK)
			st = describe_targets(l->nodes, node, &e->fixes);
	}
	node->described = st == ST_OK;
	return st;
}

hold
graph_event(const struct node *node, struct event *ret_event)
{
	switch (node->form) {
	case SAID_BRIEF: return brief_read(node->said, ret_event) ? HOLD_NONE : HOLD_MALFORMED;
	case SAID_BODY: return event_decode(node->said, ret_event);
	case SAID_ERASED:
	case SAID_FORMS_: break;
	}
	return event_erased(ret_event);
}

hold
graph_told(const struct told_event *t, struct event *ret_event)
{
	if (t->erased)
		return event_erased(ret_event);
	if (t->brief.len > 0)
		return brief_read(t->brief, ret_event) ? HOLD_NONE : HOLD_MALFORMED;
	return event_decode(t->body, ret_event);
}

/* Of what there is the shortest. */
static status
put_node(struct ledger *l, const uint8_t *id, const struct told_event *t, hold decoded,
         const struct event *e, struct node **ret_node)
{
	uint8_t space[BRIEF_BYTES_MAX];
	struct bytes brief = t->brief;

	if (decoded == HOLD_NONE && brief.len == 0)
		brief = (struct bytes) { space, brief_write(e, space) };
	if (brief.len > 0)
		return nodes_put(l->nodes, id, brief, SAID_BRIEF, ret_node);
	return nodes_put(l->nodes, id, t->body, t->erased ? SAID_ERASED : SAID_BODY, ret_node);
}

/* ---- folding ---- */

status
graph_is_named(struct ledger *l, const uint8_t id[static EVENT_ID_BYTES], bool *ret_named)
{
	struct node *node = NULL;
	status st = nodes_find(l->nodes, id, &node);

	*ret_named = st == ST_OK && node->namers &&
		(!node->here || memcmp(node->id, id, EVENT_ID_BYTES) == 0);
	return st == ST_NOT_FOUND ? ST_OK : st;
}

status
graph_add(struct ledger *l, const uint8_t id[static EVENT_ID_BYTES], const struct told_event *t,
          hold decoded, const struct event *e)
{
	struct node *node = NULL;
	status st = put_node(l, id, t, decoded, e, &node);

	if (st == ST_OK)
		st = describe(l, node, decoded, e);
	for (uint32_t i = 0; st == ST_OK && i < node->facts.target_count; i++)
		st = nodes_name(l->nodes, node->targets[i], node);
	if (st == ST_OK && *node->facts.bond)
		st = put_bond(l->txn, id, node->facts.bond);
	return st == ST_OK ? nodes_owe(l->nodes, node) : st;
}

status
graph_touch(struct ledger *l, const uint8_t target[static TARGET_BYTES])
{
	struct node *node = NULL;
	status st = nodes_find(l->nodes, target, &node);

	if (st == ST_OK && node->here)
		st = nodes_owe(l->nodes, node);
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* ---- gathering ---- */

struct gathering {
	struct ledger *ledger;
	struct run_finder *finder; /* NULL: what is no node is not here */
	struct graph *graph;
};

static bool
is_in(const struct graph *g, const struct node *node)
{
	return node->place < g->count && g->nodes[node->place] == node;
}

/* Its place in the list, where it is added if it is not there. */
static status
add(struct graph *g, struct node *node)
{
	struct version *list;
	struct node **more;

	if (is_in(g, node))
		return ST_OK;
	if (g->count == VERSION_MISSING)
		return ST_LIMIT;
	list = room_for(g->list, g->count, 1, &g->room, sizeof(*list));
	if (!list)
		return ST_NOMEM;
	g->list = list;
	more = room_for(g->nodes, g->count, 1, &g->node_room, sizeof(struct node *));
	if (!more)
		return ST_NOMEM;
	g->nodes = more;
	g->nodes[g->count] = node;
	node->place = (uint32_t) g->count++;
	return ST_OK;
}

/* An event of the journal that was folded by itself becomes a node.  Its rows stand in
 * the ledger exactly when judging it by itself counts it, so that is worked out.  What is in
 * the journal and not folded yet is as if it were not here. */
static status
fetch(struct ledger *l, struct run_finder *finder, struct node *node)
{
	const uint8_t *target = node->id;
	uint8_t id[EVENT_ID_BYTES];
	struct told_event told;
	struct run_event found;
	struct event e;
	hold decoded;
	status st = run_finder_find(finder, target, get_u64(target + FEED_BYTES),
	                            target + FEED_BYTES + 8, &found);

	if (st == ST_NOT_FOUND || st == ST_EXISTS) /* two hashes of one prefix */
		return ST_OK;
	if (st < 0 || (l->entries > 0 && found.offset >= l->entries))
		return st;
	event_id_write(target, &found.event.at, id);
	told = (struct told_event) { found.event.body, found.event.erased, found.brief };
	decoded = graph_told(&told, &e);
	st = put_node(l, id, &told, decoded, &e, &node);
	if (st == ST_OK)
		st = describe(l, node, decoded, &e);
	node->held = node->facts.judged != HOLD_NONE;
	node->counted = !node->held && e.kind == KIND_ACTIVITY;
	return st;
}

/* Read and, if it is here, described. */
static status
prepare(const struct gathering *g, struct node *node)
{
	struct event e;
	status st = nodes_read(g->ledger->nodes, node);

	if (st == ST_OK && !node->here && g->finder)
		st = fetch(g->ledger, g->finder, node);
	if (st == ST_OK && node->here && !node->described) {
		hold decoded = graph_event(node, &e);

		if (decoded == HOLD_MALFORMED && node->form == SAID_BRIEF)
			return ST_MALFORMED; /* the row is damaged */
		st = describe(g->ledger, node, decoded, &e);
	}
	return st;
}

static status
add_targets(const struct gathering *g, uint32_t place)
{
	struct node *const *targets = g->graph->nodes[place]->targets;
	status st = ST_OK;

	for (uint32_t i = 0; i < g->graph->list[place].target_count && st == ST_OK; i++) {
		uint32_t at = VERSION_MISSING;

		st = prepare(g, targets[i]);
		if (st == ST_OK && targets[i]->here)
			st = add(g->graph, targets[i]);
		if (targets[i]->here)
			at = targets[i]->place;
		g->graph->list[place].targets[i] = at;
	}
	return st;
}

static status
add_namers(const struct gathering *g, const struct node *node)
{
	status st = ST_OK;

	for (const struct namer *by = node->namers; by && st == ST_OK; by = by->next)
		st = add(g->graph, by->node);
	return st;
}

/* To come to a node reads rows and writes to memory only, so the walk stays good. */
static status
add_bound(const struct gathering *g, const char *bond)
{
	uint8_t prefix[1 + REGISTER_KEY_BYTES];
	size_t len = bond_prefix(bond, prefix);
	struct kv_walk walk;
	status st = ST_OK;

	if (!*bond)
		return ST_OK;
	for (bool more =
	             kv_seek(g->ledger->txn, TABLE_LINKS, (struct bytes) { prefix, len }, &walk);
	     more && st == ST_OK && walk.key.len == len + EVENT_ID_BYTES &&
	     memcmp(walk.key.at, prefix, len) == 0;
	     more = kv_next(&walk)) {
		struct node *node = NULL;

		st = nodes_get(g->ledger->nodes, walk.key.at + len, &node);
		if (st == ST_OK)
			st = add(g->graph, node);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

/* Nodes are not deleted one by one: one that is missing is damage. */
static status
gather_around(const struct gathering *g, uint32_t place)
{
	struct node *node = g->graph->nodes[place];
	status st = prepare(g, node);

	if (st == ST_OK && !node->here)
		return ST_MALFORMED;
	if (st == ST_OK) {
		g->graph->list[place] = node->facts;
		st = add_targets(g, place);
	}
	if (st == ST_OK)
		st = add_namers(g, node);
	return st == ST_OK ? add_bound(g, node->facts.bond) : st;
}

/* The list grows while it is walked over: done is when nothing in it names, or is named
 * by, an event that is not in it. */
static status
gather(const struct gathering *g, struct node *node)
{
	uint32_t place = 0;
	status st;

	g->graph->count = 0;
	st = add(g->graph, node);
	while (st == ST_OK && place < g->graph->count)
		st = gather_around(g, place++);
	return st;
}

status
graph_gather(struct ledger *l, struct run_finder *finder, struct node *node, struct graph *g)
{
	const struct gathering gathering = { l, finder, g };

	return gather(&gathering, node);
}

status
graph_find_named(struct ledger *l, struct run_finder *finder)
{
	const struct gathering g = { l, finder, NULL };
	struct node **list = NULL;
	size_t count = 0, room = 0, owed;
	struct node *const *all = nodes_owed(l->nodes, &owed);
	status st = ST_OK;

	for (size_t i = 0; i < owed && st == ST_OK; i++) {
		for (uint32_t t = 0; t < all[i]->facts.target_count && st == ST_OK; t++)
			if (!all[i]->targets[t]->read)
				st = node_list_add(&list, &count, &room, all[i]->targets[t]);
	}
	if (st == ST_OK)
		st = node_list_sort(list, count);
	for (size_t i = 0; i < count && st == ST_OK; i++)
		st = prepare(&g, list[i]);
	free(list);
	return st;
}

status
graph_look(struct ledger *l, const uint8_t id[static EVENT_ID_BYTES], struct graph *ret_graph)
{
	const struct gathering g = { l, NULL, ret_graph };
	nodes *before = l->nodes;
	struct node *node = NULL;
	status st;

	*ret_graph = (struct graph) { .own = nodes_new() };
	if (!ret_graph->own)
		return ST_NOMEM;
	l->nodes = ret_graph->own;
	nodes_begin(l->nodes, l->txn);
	st = nodes_find(l->nodes, id, &node);
	if (st == ST_OK)
		st = gather(&g, node);
	l->nodes = before;
	return st == ST_NOT_FOUND ? ST_MALFORMED : st;
}

void
graph_done(struct graph *g)
{
	nodes_free(&g->own);
	free(g->list);
	free(g->nodes);
	*g = (struct graph) { 0 };
}
