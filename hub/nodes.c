#include "hub/nodes.h"

#include <sodium.h>
#include <stdlib.h>

#include "common/arena.h"
#include "common/room.h"
#include "hub/hub.h"
#include "protocol/leb128.h"
#include "protocol/words.h"

/* The value of a row:
 *
 *     marks (1), the rest of the hash (16) if it is here, how many name it (LEB128), of each
 *     0 or 1 (1), its feed if 1, else it is of the same feed, seq and hash-prefix; what it says
 */
enum {
	MARK_HERE = 1,
	MARK_COUNTED = 2,
	MARK_HELD = 4,
	MARK_CONFLICT = 8,
	FORM_SHIFT = 4, /* the form of what it says, above the marks */
	KEY_BYTES = 1 + TARGET_BYTES,
	REST_BYTES = EVENT_ID_BYTES - TARGET_BYTES,
	SEQ_BYTES = 8,
	NAMER_BYTES_MAX = 1 + TARGET_BYTES,
	NODES_BYTES_MAX = 6 << 20,
	FIRST_SLOTS = 16,
};

struct nodes {
	kv_txn *txn;
	uint64_t serial; /* of txn, which lies where the one before lay */
	struct arena arena;
	struct node **slots; /* by hash; those of one slot are a list, most have none */
	size_t slot_count, count;
	uint64_t seed;    /* who sends entries is not to choose where they lie */
	uint64_t highest; /* number of all, or more */

	/* Those that are, and more. */
	struct node **changed, **owed;
	size_t changed_count, changed_room, owed_count, owed_room;

	/* Of this feed no event from number from on and below next has a row. */
	struct {
		uint8_t feed[FEED_BYTES];
		uint64_t from, next; /* from >= next: nothing is known */
	} bare;

	uint8_t *value; /* of the row that is written */
	size_t value_room;
};

nodes *
nodes_new(void)
{
	nodes *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	randombytes_buf(&n->seed, sizeof(n->seed));
	return n;
}

void
nodes_free(nodes **n_p)
{
	nodes *n = *n_p;

	if (!n)
		return;
	arena_done(&n->arena);
	free(n->value);
	free(n->slots);
	free(n->changed);
	free(n->owed);
	free(n);
	*n_p = NULL;
}

void
nodes_forget(nodes *n)
{
	if (n->count > 0)
		memset(n->slots, 0, n->slot_count * sizeof(struct node *));
	arena_done(&n->arena);
	n->count = n->changed_count = n->owed_count = 0;
	n->highest = 0;
	n->bare.next = 0;
}

void
nodes_begin(nodes *n, kv_txn *txn)
{
	if (n->txn != txn || n->serial != kv_serial(txn))
		nodes_forget(n);
	n->txn = txn;
	n->serial = kv_serial(txn);
}

/* ---- rows ---- */

static struct bytes
key_of(const uint8_t *target, uint8_t out[static KEY_BYTES])
{
	out[0] = 'N';
	memcpy(out + 1, target, TARGET_BYTES);
	return (struct bytes) { out, KEY_BYTES };
}

/* What was looked at before is not looked at again. */
static bool
take_bytes(struct bytes *rest, size_t len, struct bytes *ret_taken)
{
	if (rest->len < len)
		return false;
	*ret_taken = (struct bytes) { rest->at, len };
	*rest = (struct bytes) { rest->at + len, rest->len - len };
	return true;
}

/* The target that stands first in namers, of a row with that feed. */
static bool
take_namer(struct bytes *namers, const uint8_t *feed, uint8_t ret_target[static TARGET_BYTES])
{
	struct bytes mark, part;

	if (!take_bytes(namers, 1, &mark))
		return false;
	part = (struct bytes) { feed, FEED_BYTES };
	if (mark.at[0] != 0 && !take_bytes(namers, FEED_BYTES, &part))
		return false;
	memcpy(ret_target, part.at, FEED_BYTES);
	if (!take_bytes(namers, TARGET_BYTES - FEED_BYTES, &part))
		return false;
	memcpy(ret_target + FEED_BYTES, part.at, part.len);
	return true;
}

static status
row_read(struct bytes value, const uint8_t *feed, struct node_row *ret_row)
{
	struct bytes marks, hash = { 0 };
	struct node_row r = { .here = false };
	uint8_t target[TARGET_BYTES];

	if (!take_bytes(&value, 1, &marks))
		return ST_MALFORMED;
	r.here = marks.at[0] & MARK_HERE;
	r.counted = marks.at[0] & MARK_COUNTED;
	r.held = marks.at[0] & MARK_HELD;
	r.conflict = marks.at[0] & MARK_CONFLICT;
	if (marks.at[0] >> FORM_SHIFT >= SAID_FORMS_)
		return ST_MALFORMED;
	r.form = (said_as) (marks.at[0] >> FORM_SHIFT);
	if (r.here && !take_bytes(&value, REST_BYTES, &hash))
		return ST_MALFORMED;
	r.hash = hash.at;
	if (!leb128_take(&value, &r.namer_count))
		return ST_MALFORMED;
	r.namers = value;
	for (uint64_t i = 0; i < r.namer_count; i++) {
		if (!take_namer(&value, feed, target))
			return ST_MALFORMED;
	}
	r.namers.len -= value.len;
	r.said = value;
	*ret_row = r;
	return ST_OK;
}

status
node_row_get(kv_txn *txn, const uint8_t target[static TARGET_BYTES], struct node_row *ret_row)
{
	uint8_t key[KEY_BYTES];
	struct bytes value;
	status st = kv_get(txn, TABLE_LINKS, key_of(target, key), &value);

	return st == ST_OK ? row_read(value, target, ret_row) : st;
}

static void
put_namer(uint8_t **at, const struct node *node, const struct node *namer)
{
	bool other = memcmp(node->id, namer->id, FEED_BYTES) != 0;
	size_t skipped = other ? 0 : FEED_BYTES;

	*(*at)++ = other;
	memcpy(*at, namer->id + skipped, TARGET_BYTES - skipped);
	*at += TARGET_BYTES - skipped;
}

static status
row_write(nodes *n, const struct node *node, struct bytes *ret_value)
{
	size_t namers = 0, most;
	uint8_t *at;

	for (const struct namer *by = node->namers; by; by = by->next)
		namers++;
	most = 1 + REST_BYTES + LEB128_BYTES_MAX + namers * NAMER_BYTES_MAX + node->said.len;
	at = room_for(n->value, 0, most, &n->value_room, 1);
	if (!at)
		return ST_NOMEM;
	n->value = at;
	*at++ = (uint8_t) ((node->here ? MARK_HERE : 0) | (node->counted ? MARK_COUNTED : 0) |
	                   (node->held ? MARK_HELD : 0) | (node->conflict ? MARK_CONFLICT : 0) |
	                   (unsigned) node->form << FORM_SHIFT);
	if (node->here) {
		memcpy(at, node->id + TARGET_BYTES, REST_BYTES);
		at += REST_BYTES;
	}
	at += leb128_put(at, namers);
	for (const struct namer *by = node->namers; by; by = by->next)
		put_namer(&at, node, by->node);
	if (node->said.len > 0)
		memcpy(at, node->said.at, node->said.len);
	*ret_value = (struct bytes) { n->value, (size_t) (at - n->value) + node->said.len };
	return ST_OK;
}

/* ---- in memory ---- */

void *
nodes_room(nodes *n, size_t bytes)
{
	return arena_take(&n->arena, bytes);
}

static struct node **
slot_of(const nodes *n, const uint8_t *target)
{
	return &n->slots[words_hash(n->seed, target, TARGET_BYTES) & (n->slot_count - 1)];
}

static status
make_slots(nodes *n)
{
	size_t count_before = n->slot_count;
	size_t count = count_before > 0 ? 2 * count_before : FIRST_SLOTS;
	struct node **before = n->slots, **slots = calloc(count, sizeof(struct node *));

	if (!slots)
		return ST_NOMEM;
	n->slots = slots;
	n->slot_count = count;
	for (size_t i = 0; i < count_before; i++) {
		for (struct node *node = before[i], *next; node; node = next) {
			struct node **slot = slot_of(n, node->id);

			next = node->next;
			node->next = *slot;
			*slot = node;
		}
	}
	free(before);
	return ST_OK;
}

/* NULL: it is not in memory.  Most events that are folded are above all that are. */
static struct node *
look_up(const nodes *n, const uint8_t *target)
{
	bool above = n->count == 0 || get_u64(target + FEED_BYTES) > n->highest;
	struct node *node = above ? NULL : *slot_of(n, target);

	while (node && !words_equal(node->id, target, TARGET_BYTES))
		node = node->next;
	return node;
}

static status
add(nodes *n, const uint8_t *target, struct node **ret_node)
{
	status st = 2 * n->count >= n->slot_count ? make_slots(n) : ST_OK;
	struct node *node = st == ST_OK ? nodes_room(n, sizeof(*node)) : NULL;
	struct node **slot;

	if (!node)
		return ST_NOMEM;
	slot = slot_of(n, target);
	*node = (struct node) { .next = *slot };
	memcpy(node->id, target, TARGET_BYTES);
	*slot = node;
	n->count++;
	if (get_u64(target + FEED_BYTES) > n->highest)
		n->highest = get_u64(target + FEED_BYTES);
	*ret_node = node;
	return ST_OK;
}

status
nodes_get(nodes *n, const uint8_t target[static TARGET_BYTES], struct node **ret_node)
{
	struct node *node = look_up(n, target);

	if (!node)
		return add(n, target, ret_node);
	*ret_node = node;
	return ST_OK;
}

static status
add_namer(nodes *n, struct node *node, struct node *by)
{
	struct namer *namer = nodes_room(n, sizeof(*namer));

	if (!namer)
		return ST_NOMEM;
	*namer = (struct namer) { by, node->namers };
	node->namers = namer;
	return ST_OK;
}

static status
copy_said(nodes *n, struct node *node, struct bytes said, said_as form)
{
	uint8_t *copy;

	node->form = form;
	node->said = (struct bytes) { 0 };
	if (said.len == 0)
		return ST_OK;
	if (said.len > EVENT_BYTES_MAX)
		said.len = EVENT_BYTES_MAX + 1; /* event_decode() holds it for its length */
	copy = nodes_room(n, said.len);
	if (!copy)
		return ST_NOMEM;
	memcpy(copy, said.at, said.len);
	node->said = (struct bytes) { copy, said.len };
	return ST_OK;
}

/* ---- reading ---- */

static bool
is_bare(const nodes *n, const uint8_t *target)
{
	uint64_t seq = get_u64(target + FEED_BYTES);

	return n->bare.from <= seq && seq < n->bare.next &&
		memcmp(n->bare.feed, target, FEED_BYTES) == 0;
}

status
nodes_expect(nodes *n, const uint8_t id[static EVENT_ID_BYTES])
{
	uint8_t key[KEY_BYTES];
	struct kv_walk walk;
	status st;

	if (is_bare(n, id))
		return ST_OK;
	memcpy(n->bare.feed, id, FEED_BYTES);
	n->bare.from = get_u64(id + FEED_BYTES);
	n->bare.next = UINT64_MAX;
	key_of(id, key);
	if (kv_seek(n->txn, TABLE_LINKS, (struct bytes) { key, 1 + FEED_BYTES + SEQ_BYTES },
	            &walk) &&
	    walk.key.len == KEY_BYTES && memcmp(walk.key.at, key, 1 + FEED_BYTES) == 0)
		n->bare.next = get_u64(walk.key.at + 1 + FEED_BYTES);
	st = walk.st;
	kv_walk_done(&walk);
	return st;
}

static status
fill(nodes *n, struct node *node, const struct node_row *row)
{
	struct bytes namers = row->namers;
	uint8_t target[TARGET_BYTES];
	status st = copy_said(n, node, row->said, row->form);

	node->here = row->here;
	node->counted = row->counted;
	node->held = row->held;
	node->conflict = row->conflict;
	if (row->here)
		memcpy(node->id + TARGET_BYTES, row->hash, REST_BYTES);
	while (st == ST_OK && take_namer(&namers, node->id, target)) {
		struct node *by = NULL;

		st = nodes_get(n, target, &by);
		if (st == ST_OK)
			st = add_namer(n, node, by);
	}
	return st;
}

status
nodes_read(nodes *n, struct node *node)
{
	struct node_row row;
	status st = ST_NOT_FOUND;

	if (node->read)
		return ST_OK;
	if (!is_bare(n, node->id))
		st = node_row_get(n->txn, node->id, &row);
	if (st == ST_OK)
		st = fill(n, node, &row);
	node->read = st == ST_OK || st == ST_NOT_FOUND;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* What has no row does not come into memory. */
status
nodes_find(nodes *n, const uint8_t target[static TARGET_BYTES], struct node **ret_node)
{
	struct node *node = look_up(n, target);
	struct node_row row;
	status st = ST_NOT_FOUND;

	if (node) {
		*ret_node = node;
		return nodes_read(n, node);
	}
	if (!is_bare(n, target))
		st = node_row_get(n->txn, target, &row);
	if (st == ST_OK)
		st = add(n, target, &node);
	if (st == ST_OK)
		st = fill(n, node, &row);
	if (st == ST_OK) {
		node->read = true;
		*ret_node = node;
	}
	return st;
}

/* ---- changing ---- */

status
node_list_add(struct node ***list_p, size_t *count, size_t *room, struct node *node)
{
	struct node **longer = room_for(*list_p, *count, 1, room, sizeof(struct node *));

	if (!longer)
		return ST_NOMEM;
	*list_p = longer;
	longer[(*count)++] = node;
	return ST_OK;
}

status
nodes_change(nodes *n, struct node *node)
{
	if (node->changed)
		return ST_OK;
	node->changed = true;
	return node_list_add(&n->changed, &n->changed_count, &n->changed_room, node);
}

status
nodes_put(nodes *n, const uint8_t id[static EVENT_ID_BYTES], struct bytes said, said_as form,
          struct node **ret_node)
{
	struct node *node = NULL;
	status st = nodes_get(n, id, &node);

	if (st == ST_OK)
		st = nodes_read(n, node);
	if (st < 0)
		return st;
	if (node->here && memcmp(node->id, id, EVENT_ID_BYTES) != 0)
		return ST_EXISTS;
	memcpy(node->id, id, EVENT_ID_BYTES);
	node->here = true;
	node->described = false;
	st = copy_said(n, node, said, form);
	if (st == ST_OK)
		st = nodes_change(n, node);
	*ret_node = node;
	return st;
}

status
nodes_name(nodes *n, struct node *node, struct node *by)
{
	status st = add_namer(n, node, by);

	return st == ST_OK ? nodes_change(n, node) : st;
}

status
nodes_owe(nodes *n, struct node *node)
{
	if (node->owed)
		return ST_OK;
	node->owed = true;
	return node_list_add(&n->owed, &n->owed_count, &n->owed_room, node);
}

struct node *const *
nodes_owed(const nodes *n, size_t *ret_count)
{
	*ret_count = n->owed_count;
	return n->owed;
}

struct node *
nodes_next_owed(nodes *n)
{
	while (n->owed_count > 0) {
		struct node *node = n->owed[n->owed_count - 1];

		if (node->owed)
			return node;
		n->owed_count--;
	}
	return NULL;
}

/* ---- writing ---- */

size_t
nodes_changed(const nodes *n)
{
	return n->changed_count;
}

bool
nodes_full(const nodes *n)
{
	return n->arena.bytes > NODES_BYTES_MAX;
}

/* Of a node the beginning of its feed, and its number: to compare two need not look at them,
 * which lie anywhere. */
struct place {
	uint64_t feed, seq;
	struct node *node;
};

static int
compare(const void *one, const void *two)
{
	const struct place *a = one, *b = two;

	if (a->feed != b->feed)
		return a->feed < b->feed ? -1 : 1;
	return (a->seq > b->seq) - (a->seq < b->seq);
}

status
node_list_sort(struct node **list, size_t count)
{
	struct place *places = count > 1 ? malloc(count * sizeof(*places)) : NULL;

	if (count > 1 && !places)
		return ST_NOMEM;
	for (size_t i = 0; places && i < count; i++)
		places[i] = (struct place) { get_u64(list[i]->id),
			                     get_u64(list[i]->id + FEED_BYTES), list[i] };
	if (places)
		qsort(places, count, sizeof(*places), compare);
	for (size_t i = 0; places && i < count; i++)
		list[i] = places[i].node;
	free(places);
	return ST_OK;
}

status
nodes_write(nodes *n)
{
	struct kv_walk walk;
	status st = node_list_sort(n->changed, n->changed_count);

	if (st < 0 || n->changed_count == 0)
		return st;
	kv_walk_begin(n->txn, TABLE_LINKS, &walk);
	for (size_t i = 0; i < n->changed_count && st == ST_OK; i++) {
		struct node *node = n->changed[i];
		uint8_t key[KEY_BYTES];
		struct bytes value;

		st = row_write(n, node, &value);
		if (st == ST_OK)
			st = kv_walk_put(&walk, key_of(node->id, key), value);
		node->changed = false;
	}
	kv_walk_done(&walk);
	n->changed_count = 0;
	n->bare.next = 0;
	if (st == ST_OK && nodes_full(n))
		nodes_forget(n);
	return st;
}
