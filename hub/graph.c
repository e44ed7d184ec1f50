#include "hub/graph.h"

#include <stdio.h>
#include <stdlib.h>

#include "hub/hub.h"
#include "hub/journal.h"
#include "hub/judge.h"
#include "hub/ledger.h"
#include "hub/rights.h"
#include "hub/things.h"

/* A target, which is what a correction names, is the beginning of an id: so the nodes
 * of a target are found by its bytes as a prefix, and who names an event by the
 * beginning of its id. */
enum {
	SEQ_BYTES = 8,
	NODE_KEY_BYTES = 1 + EVENT_ID_BYTES,
	TARGET_BYTES = FEED_BYTES + SEQ_BYTES + HASH_PREFIX_BYTES,
	LINK_PREFIX_BYTES = 1 + TARGET_BYTES,
	LINK_KEY_BYTES = LINK_PREFIX_BYTES + EVENT_ID_BYTES,
	MARK_ERASED = 1,
	MARK_COUNTED = 2,
	FIRST_SLOTS = 16,
};

/* ---- rows ---- */

static void
tagged_key(char tag, const uint8_t *id, uint8_t out[static NODE_KEY_BYTES])
{
	out[0] = (uint8_t) tag;
	memcpy(out + 1, id, EVENT_ID_BYTES);
}

/* The key of the first row that begins with prefix, copied since a write may move it.
 * ST_NOT_FOUND: there is none, or its key has another length. */
static status
first_with(kv_txn *txn, const uint8_t *prefix, size_t prefix_len, uint8_t *ret_key, size_t key_len)
{
	struct kv_walk walk;
	status st = ST_NOT_FOUND;

	if (kv_seek(txn, TABLE_LINKS, (struct bytes) { prefix, prefix_len }, &walk) &&
	    walk.key.len == key_len && memcmp(walk.key.at, prefix, prefix_len) == 0) {
		memcpy(ret_key, walk.key.at, key_len);
		st = ST_OK;
	}
	if (walk.st < 0)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

status
graph_next_named(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t seq,
                 uint64_t *ret_seq)
{
	uint8_t key[1 + FEED_BYTES + SEQ_BYTES];
	struct kv_walk walk;
	status st;

	key[0] = 'L';
	memcpy(key + 1, feed, FEED_BYTES);
	put_u64(key + 1 + FEED_BYTES, seq);
	*ret_seq = UINT64_MAX;
	if (kv_seek(txn, TABLE_LINKS, (struct bytes) { key, sizeof(key) }, &walk) &&
	    walk.key.len == LINK_KEY_BYTES && memcmp(walk.key.at, key, 1 + FEED_BYTES) == 0)
		*ret_seq = get_u64(walk.key.at + 1 + FEED_BYTES);
	st = walk.st;
	kv_walk_done(&walk);
	return st;
}

status
graph_is_named(kv_txn *txn, const uint8_t id[static EVENT_ID_BYTES], bool *ret_named)
{
	uint8_t prefix[LINK_PREFIX_BYTES], key[LINK_KEY_BYTES];
	status st;

	*ret_named = false;
	prefix[0] = 'L';
	memcpy(prefix + 1, id, TARGET_BYTES);
	st = first_with(txn, prefix, sizeof(prefix), key, sizeof(key));
	*ret_named = st == ST_OK;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

status
graph_has_node(kv_txn *txn, const uint8_t id[static EVENT_ID_BYTES], bool *ret_has)
{
	uint8_t key[NODE_KEY_BYTES];
	struct bytes value;
	status st;

	tagged_key('N', id, key);
	st = kv_get(txn, TABLE_LINKS, (struct bytes) { key, sizeof(key) }, &value);
	*ret_has = st == ST_OK;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* One byte over the bound is enough of a body that is too long: event_decode() holds it
 * for its length. */
status
graph_put(kv_txn *txn, const struct node *n)
{
	size_t len = n->body.len <= EVENT_BYTES_MAX ? n->body.len : EVENT_BYTES_MAX + 1;
	uint8_t key[NODE_KEY_BYTES], value[1 + EVENT_BYTES_MAX + 1];

	tagged_key('N', n->id, key);
	value[0] = (uint8_t) ((n->erased ? MARK_ERASED : 0) | (n->counted ? MARK_COUNTED : 0));
	if (len > 0)
		memcpy(value + 1, n->body.at, len);
	return kv_put(txn, TABLE_LINKS, (struct bytes) { key, sizeof(key) },
	              (struct bytes) { value, 1 + len });
}

/* feed, seq, prefix of what a correction of that feed names. */
static void
target_of(const struct fix *fix, const uint8_t *feed, uint8_t out[static TARGET_BYTES])
{
	memcpy(out, fix->feed ? fix->feed : feed, FEED_BYTES);
	put_u64(out + FEED_BYTES, fix->seq);
	memcpy(out + FEED_BYTES + SEQ_BYTES, fix->hash, HASH_PREFIX_BYTES);
}

status
graph_put_fixes(kv_txn *txn, const uint8_t id[static EVENT_ID_BYTES], const struct fixes *fixes)
{
	uint8_t key[LINK_KEY_BYTES];
	status st = ST_OK;

	key[0] = 'L';
	memcpy(key + LINK_PREFIX_BYTES, id, EVENT_ID_BYTES);
	for (size_t i = 0; i < fixes->count && st == ST_OK; i++) {
		target_of(&fixes->list[i], id, key + 1);
		st = kv_put(txn, TABLE_LINKS, (struct bytes) { key, sizeof(key) },
		            (struct bytes) { 0 });
	}
	return st;
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

status
graph_put_bond(kv_txn *txn, const uint8_t id[static EVENT_ID_BYTES], const char *bond)
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
	uint8_t row[1 + REGISTER_KEY_BYTES + EVENT_ID_BYTES];
	size_t len = bond_prefix(bond, row);
	status st = first_with(txn, row, len, row, len + EVENT_ID_BYTES);

	if (st == ST_OK)
		memcpy(ret_id, row + len, EVENT_ID_BYTES);
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

status
graph_put_todo(kv_txn *txn, const uint8_t id[static EVENT_ID_BYTES])
{
	uint8_t key[NODE_KEY_BYTES];

	tagged_key('T', id, key);
	return kv_put(txn, TABLE_LINKS, (struct bytes) { key, sizeof(key) }, (struct bytes) { 0 });
}

/* The first node with that beginning. */
static status
node_of_target(kv_txn *txn, const uint8_t *target, uint8_t ret_id[static EVENT_ID_BYTES])
{
	uint8_t prefix[1 + TARGET_BYTES], key[NODE_KEY_BYTES];
	status st;

	prefix[0] = 'N';
	memcpy(prefix + 1, target, TARGET_BYTES);
	st = first_with(txn, prefix, sizeof(prefix), key, sizeof(key));
	if (st == ST_OK)
		memcpy(ret_id, key + 1, EVENT_ID_BYTES);
	return st;
}

status
graph_put_todo_of(kv_txn *txn, const uint8_t *target)
{
	uint8_t id[EVENT_ID_BYTES];
	status st = node_of_target(txn, target, id);

	if (st == ST_NOT_FOUND)
		return ST_OK;
	return st == ST_OK ? graph_put_todo(txn, id) : st;
}

/* A record is settled as a whole, and only those of its versions that came anew were
 * noted: that there is no row is no error. */
status
graph_drop_todo(kv_txn *txn, const uint8_t id[static EVENT_ID_BYTES])
{
	uint8_t key[NODE_KEY_BYTES];
	status st;

	tagged_key('T', id, key);
	st = kv_delete(txn, TABLE_LINKS, (struct bytes) { key, sizeof(key) });
	return st == ST_NOT_FOUND ? ST_OK : st;
}

status
graph_next_todo(kv_txn *txn, uint8_t ret_id[static EVENT_ID_BYTES])
{
	uint8_t key[NODE_KEY_BYTES];
	status st = first_with(txn, (const uint8_t *) "T", 1, key, sizeof(key));

	if (st == ST_OK)
		memcpy(ret_id, key + 1, EVENT_ID_BYTES);
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

static status
node_get(kv_txn *txn, const uint8_t *id, struct bytes *ret_body, uint8_t *ret_marks)
{
	uint8_t key[NODE_KEY_BYTES];
	struct bytes value;
	status st;

	tagged_key('N', id, key);
	st = kv_get(txn, TABLE_LINKS, (struct bytes) { key, sizeof(key) }, &value);
	if (st < 0)
		return st;
	if (value.len == 0 || value.len > 1 + EVENT_BYTES_MAX + 1)
		return ST_MALFORMED;
	*ret_marks = value.at[0];
	*ret_body = (struct bytes) { value.at + 1, value.len - 1 };
	return ST_OK;
}

status
graph_body(kv_txn *txn, const uint8_t id[static EVENT_ID_BYTES],
           uint8_t space[static EVENT_BYTES_MAX + 1], size_t *ret_len)
{
	struct bytes body;
	uint8_t marks;
	status st = node_get(txn, id, &body, &marks);

	if (st < 0)
		return st;
	memcpy(space, body.at, body.len);
	*ret_len = body.len;
	return ST_OK;
}

/* ---- the list, and places in it by id ---- */

static void
id_of(const struct version *v, uint8_t out[static EVENT_ID_BYTES])
{
	event_id_write(v->feed, &v->at, out);
}

/* The slot of an event, or the empty one where it belongs.  Its chain hash is
 * as good as any.  It ends, since half of the slots are empty (make_room()). */
static uint32_t *
slot_of(const struct graph *g, const uint8_t *id)
{
	size_t at = (size_t) get_u64(id + FEED_BYTES + SEQ_BYTES) & g->mask;

	for (;; at = (at + 1) & g->mask) {
		uint8_t other[EVENT_ID_BYTES];

		if (g->slots[at] == 0)
			return &g->slots[at];
		id_of(&g->list[g->slots[at] - 1], other);
		if (memcmp(other, id, EVENT_ID_BYTES) == 0)
			return &g->slots[at];
	}
}

/* Room for one more, with half of the slots empty.  The list grows first: should there
 * be no memory for the slots it is merely longer than room says. */
static status
make_room(struct graph *g)
{
	size_t slots = g->slots ? (g->mask + 1) * 2 : FIRST_SLOTS;
	struct version *list;
	uint32_t *fresh;

	if (g->count < g->room)
		return ST_OK;
	/* places are 32 bits, and VERSION_MISSING is none of them */
	if (slots > UINT32_MAX / 2)
		return ST_LIMIT;
	list = realloc(g->list, slots / 2 * sizeof(*list));
	if (!list)
		return ST_NOMEM;
	g->list = list;
	fresh = calloc(slots, sizeof(*fresh));
	if (!fresh)
		return ST_NOMEM;
	free(g->slots);
	g->slots = fresh;
	g->mask = slots - 1;
	g->room = slots / 2;
	for (size_t i = 0; i < g->count; i++) {
		uint8_t id[EVENT_ID_BYTES];

		id_of(&g->list[i], id);
		*slot_of(g, id) = (uint32_t) i + 1;
	}
	return ST_OK;
}

/* The place of an event in the list, at the end if it is new.  The list may move: places
 * stay good, pointers into it do not. */
static status
add(struct graph *g, const uint8_t *id, uint32_t *ret_place)
{
	status st = make_room(g);
	uint32_t *slot;

	if (st < 0)
		return st;
	slot = slot_of(g, id);
	if (*slot == 0) {
		struct version v = { .at = { .seq = get_u64(id + FEED_BYTES) } };

		memcpy(v.feed, id, FEED_BYTES);
		memcpy(v.at.hash, id + FEED_BYTES + SEQ_BYTES, HASH_BYTES);
		g->list[g->count++] = v;
		*slot = (uint32_t) g->count;
	}
	*ret_place = *slot - 1;
	return ST_OK;
}

void
graph_done(struct graph *g)
{
	free(g->list);
	free(g->slots);
	*g = (struct graph) { 0 };
}

/* ---- gathering ---- */

struct gathering {
	struct ledger *ledger;
	bool fetch;
	struct graph *graph;
};

/* What it is a version of, and what it hangs together with. */
static void
describe(const plan *p, const struct event *e, struct version *v)
{
	v->is_register = event_register(e, v->key);
	event_bond(e, v->bond);
	if (e->kind != KIND_THING)
		return;
	snprintf(v->key, sizeof(v->key), "%s", event_kind_name(e->kind));
	v->comes_in = !e->out;
	v->needs_in = e->out && !thing_in_baseline(p, e->indicator, e->thing);
}

/* Decode and judge one node; its fixes are copied, as the map may move. */
static status
fill(const struct gathering *g, struct version *v, const uint8_t *id,
     uint8_t ret_targets[static FIXES_MAX * TARGET_BYTES], size_t *ret_count)
{
	struct ledger *l = g->ledger;
	struct event e;
	struct bytes body;
	uint8_t marks;
	lateness late = LATE_NOT;
	hold decoded;
	status st = node_get(l->txn, id, &body, &marks);

	if (st == ST_OK)
		st = rights_kept(&l->rights, l->txn, l->chains, v->feed, &v->at);
	/* nodes and devices are not deleted one by one: one that is missing is damage */
	if (st < 0)
		return st == ST_NOT_FOUND ? ST_MALFORMED : st;
	decoded = marks & MARK_ERASED ? event_erased(&e) : event_decode(body, &e);
	if (decoded == HOLD_NONE)
		st = locks_late(l->locks, l->txn, l->chains, v->feed, &v->at, &e, &late);
	if (st < 0)
		return st;
	v->judged = judge(&e, decoded, l->plan, &l->rights.device, late == LATE_ALL);
	v->counted = marks & MARK_COUNTED;
	v->office = l->rights.device.role == ROLE_OFFICE || l->rights.device.role == ROLE_HUB;
	v->record = decoded == HOLD_NONE && event_is_record(e.kind);
	*ret_count = v->record ? e.fixes.count : 0;
	if (!v->record)
		return ST_OK;
	v->is_void = e.kind == KIND_VOID;
	describe(l->plan, &e, v);
	v->right = judge_right(&e, &l->rights.device);
	/* a unit that could be decoded is a code, at most CODE_BYTES_MAX long */
	memcpy(v->unit, e.unit.at, e.unit.len);
	v->unit[e.unit.len] = '\0';
	for (size_t i = 0; i < e.fixes.count; i++)
		target_of(&e.fixes.list[i], v->feed, ret_targets + i * TARGET_BYTES);
	return ST_OK;
}

/* An event of the journal that was folded by itself becomes a node.  Its rows stand in
 * the ledger exactly when judging it by itself counts it, so the mark that says so is
 * worked out. */
static status
fetch(const struct gathering *g, const uint8_t *target, uint8_t ret_id[static EVENT_ID_BYTES])
{
	struct ledger *l = g->ledger;
	struct node n = { 0 };
	struct batch_event found;
	struct event e;
	lateness late = LATE_NOT;
	hold decoded;
	status st = journal_find_by(l->txn, l->runs, target, get_u64(target + FEED_BYTES),
	                            target + FEED_BYTES + SEQ_BYTES, HASH_PREFIX_BYTES, &found);

	if (st == ST_OK)
		st = rights_kept(&l->rights, l->txn, l->chains, target, &found.at);
	if (st < 0)
		return st;
	n.erased = found.erased;
	n.body = found.body;
	decoded = n.erased ? event_erased(&e) : event_decode(n.body, &e);
	if (decoded == HOLD_NONE)
		st = locks_late(l->locks, l->txn, l->chains, target, &found.at, &e, &late);
	if (st < 0)
		return st;
	event_id_write(target, &found.at, n.id);
	n.counted = judge(&e, decoded, l->plan, &l->rights.device, late == LATE_ALL) == HOLD_NONE &&
		e.kind == KIND_ACTIVITY;
	memcpy(ret_id, n.id, EVENT_ID_BYTES);
	return graph_put(l->txn, &n);
}

/* ST_NOT_FOUND: the version named is not here. */
static status
find_target(const struct gathering *g, const uint8_t *target, uint8_t ret_id[static EVENT_ID_BYTES])
{
	status st = node_of_target(g->ledger->txn, target, ret_id);

	if (st == ST_NOT_FOUND && g->fetch)
		st = fetch(g, target, ret_id);
	return st == ST_EXISTS ? ST_NOT_FOUND : st; /* two hashes of one prefix */
}

/* Gathered in a list aside, since adding one may move the version they belong to. */
static status
add_targets(const struct gathering *g, uint32_t place, const uint8_t *targets, size_t count)
{
	uint32_t list[FIXES_MAX] = { 0 };
	status st = ST_OK;

	for (size_t i = 0; i < count; i++) {
		uint8_t id[EVENT_ID_BYTES];

		list[i] = VERSION_MISSING;
		st = find_target(g, targets + i * TARGET_BYTES, id);
		if (st == ST_OK)
			st = add(g->graph, id, &list[i]);
		if (st < 0 && st != ST_NOT_FOUND)
			return st;
	}
	memcpy(g->graph->list[place].targets, list, count * sizeof(list[0]));
	g->graph->list[place].target_count = (uint32_t) count;
	return ST_OK;
}

/* The events whose ids stand behind a prefix.  Adding writes to memory only, so the walk
 * over the rows stays good. */
static status
add_behind(const struct gathering *g, const uint8_t *prefix, size_t len)
{
	struct kv_walk walk;
	status st = ST_OK;

	for (bool more =
	             kv_seek(g->ledger->txn, TABLE_LINKS, (struct bytes) { prefix, len }, &walk);
	     more && st == ST_OK && walk.key.len == len + EVENT_ID_BYTES &&
	     memcmp(walk.key.at, prefix, len) == 0;
	     more = kv_next(&walk)) {
		uint32_t place;

		st = add(g->graph, walk.key.at + len, &place);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

static status
add_namers(const struct gathering *g, const uint8_t *id)
{
	uint8_t prefix[LINK_PREFIX_BYTES];

	prefix[0] = 'L';
	memcpy(prefix + 1, id, TARGET_BYTES);
	return add_behind(g, prefix, sizeof(prefix));
}

static status
add_bound(const struct gathering *g, const char *bond)
{
	uint8_t prefix[1 + REGISTER_KEY_BYTES];

	return *bond ? add_behind(g, prefix, bond_prefix(bond, prefix)) : ST_OK;
}

static status
gather_around(const struct gathering *g, uint32_t place)
{
	uint8_t id[EVENT_ID_BYTES], targets[FIXES_MAX * TARGET_BYTES];
	struct version v = g->graph->list[place];
	size_t count;
	status st;

	id_of(&v, id);
	st = fill(g, &v, id, targets, &count);
	g->graph->list[place] = v;
	if (st == ST_OK)
		st = add_targets(g, place, targets, count);
	if (st == ST_OK)
		st = add_namers(g, id);
	if (st == ST_OK)
		st = add_bound(g, v.bond);
	return st;
}

/* The list grows while it is walked over: done is when nothing in it names, or is named
 * by, an event that is not in it. */
status
graph_gather(struct ledger *l, const uint8_t id[static EVENT_ID_BYTES], bool fetch_named,
             struct graph *ret_graph)
{
	struct graph graph = { 0 };
	const struct gathering g = { l, fetch_named, &graph };
	uint32_t place;
	status st = add(&graph, id, &place);

	while (st == ST_OK && place < graph.count)
		st = gather_around(&g, place++);
	if (st < 0) {
		graph_done(&graph);
		return st;
	}
	*ret_graph = graph;
	return ST_OK;
}
