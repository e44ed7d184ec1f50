#include "hub/journal_index.h"

#include <stdlib.h>

#include "hub/hub.h"
#include "hub/journal_gaps.h"
#include "hub/rows.h"
#include "protocol/chain.h"

enum {
	NUMBER_BYTES = 8,
	BATCH_HEAD_BYTES = NUMBER_BYTES + 2 * HASH_BYTES, /* of the value; then the tags */
	BATCH_VALUE_MAX = BATCH_HEAD_BYTES + TAGS_BYTES_MAX,
};

/* ---- leaves ---- */

static bool
of_feed(struct bytes key, const uint8_t *feed)
{
	return key.len > FEED_BYTES && memcmp(key.at, feed, FEED_BYTES) == 0;
}

static status
leaf_read(const struct kv_walk *walk, struct point *ret_at, uint64_t *ret_events)
{
	if (walk->key.len != EVENT_ID_BYTES || walk->value.len != NUMBER_BYTES)
		return ST_MALFORMED;
	ret_at->seq = get_u64(walk->key.at + FEED_BYTES);
	memcpy(ret_at->hash, walk->key.at + FEED_BYTES + NUMBER_BYTES, HASH_BYTES);
	*ret_events = get_u64(walk->value.at);
	return ST_OK;
}

/* What there is to say of all lanes of a feed at once. */
struct lanes {
	size_t count;
	size_t reaching; /* lanes that go on to seq or beyond */
	uint64_t events;
};

/* A row a lane, so at most LANES_MAX of them. */
static status
lanes_of(kv_txn *txn, const uint8_t *feed, uint64_t seq, struct lanes *ret_lanes)
{
	struct lanes l = { 0 };
	struct kv_walk walk;
	status st = ST_OK;

	for (bool more = kv_seek(txn, TABLE_LEAVES, (struct bytes) { feed, FEED_BYTES }, &walk);
	     more && st == ST_OK && of_feed(walk.key, feed); more = kv_next(&walk)) {
		struct point at;
		uint64_t events;

		st = leaf_read(&walk, &at, &events);
		if (st < 0)
			break;
		l.count++;
		l.reaching += at.seq >= seq;
		l.events += events;
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	if (st == ST_OK)
		*ret_lanes = l;
	return st;
}

static bool
is_beginning(const uint8_t *feed, const struct point *at)
{
	struct point start;

	chain_start(feed, &start);
	return point_equal(&start, at);
}

static status
leaf_get(kv_txn *txn, const uint8_t *feed, const struct point *at, uint64_t *ret_events)
{
	uint8_t key[EVENT_ID_BYTES];
	struct bytes value;
	status st;

	event_id_write(feed, at, key);
	st = kv_get(txn, TABLE_LEAVES, (struct bytes) { key, sizeof(key) }, &value);
	if (st < 0)
		return st;
	return total_read(value, ret_events);
}

/* The beginning of a feed has no row: it is the end of a lane only while there are no
 * others, afterwards whoever begins there begins a new lane. */
status
index_leaf(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at,
           uint64_t *ret_events)
{
	struct lanes lanes;
	status st;

	if (at->seq > 0)
		return leaf_get(txn, feed, at, ret_events);
	st = lanes_of(txn, feed, 0, &lanes);
	if (st < 0)
		return st;
	if (lanes.count > 0 || !is_beginning(feed, at))
		return ST_NOT_FOUND;
	*ret_events = 0;
	return ST_OK;
}

/* To go on with a lane needs no room, only to begin one does. */
status
index_has_room(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at)
{
	struct lanes lanes;
	uint64_t events;
	status st = index_leaf(txn, feed, at, &events);

	if (st != ST_NOT_FOUND)
		return st;
	st = lanes_of(txn, feed, 0, &lanes);
	if (st < 0)
		return st;
	return lanes.count < LANES_MAX ? ST_OK : ST_LIMIT;
}

status
index_leaf_put(kv_txn *txn, const uint8_t *feed, const struct point *at, uint64_t events)
{
	uint8_t key[EVENT_ID_BYTES], value[NUMBER_BYTES];

	event_id_write(feed, at, key);
	put_u64(value, events);
	return kv_put(txn, TABLE_LEAVES, (struct bytes) { key, sizeof(key) },
	              (struct bytes) { value, sizeof(value) });
}

status
index_leaf_take(kv_txn *txn, const uint8_t *feed, const struct point *at, uint64_t *ret_events)
{
	uint8_t key[EVENT_ID_BYTES];
	status st = leaf_get(txn, feed, at, ret_events);

	event_id_write(feed, at, key);
	return st == ST_OK ? kv_delete(txn, TABLE_LEAVES, (struct bytes) { key, sizeof(key) }) : st;
}

status
index_leaf_add(kv_txn *txn, const uint8_t *feed, uint64_t seq, uint64_t events)
{
	uint8_t key[FEED_BYTES + NUMBER_BYTES];
	struct point at = { 0 };
	struct kv_walk walk;
	uint64_t had = 0;
	status st = ST_NOT_FOUND, ended;

	memcpy(key, feed, FEED_BYTES);
	put_u64(key + FEED_BYTES, seq);
	if (kv_seek(txn, TABLE_LEAVES, (struct bytes) { key, sizeof(key) }, &walk) &&
	    of_feed(walk.key, feed))
		st = leaf_read(&walk, &at, &had);
	ended = walk.st;
	kv_walk_done(&walk);
	if (ended < 0)
		return ended;
	return st == ST_OK ? index_leaf_put(txn, feed, &at, had + events) : st;
}

/* The lane that ended at start now ends at end; where it comes to what was here already,
 * it has no end of its own.  Where none ended a new lane begins, at the beginning of the
 * feed, amid another lane, or loose: it has brought nothing before, and what it shares
 * with the other is counted there. */
static status
move_leaf(kv_txn *txn, const uint8_t *feed, const struct point *start, const struct point *end,
          bool joins)
{
	uint64_t events = 0;
	status st = index_leaf_take(txn, feed, start, &events);

	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	events += end->seq - start->seq;
	if (!joins)
		return index_leaf_put(txn, feed, end, events);
	st = index_leaf_add(txn, feed, end->seq + 1, events);
	return st == ST_NOT_FOUND ? ST_MALFORMED : st;
}

status
journal_leaves(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct point *list, size_t max,
               size_t *ret_count)
{
	struct kv_walk walk;
	size_t count = 0;
	status st = ST_OK;

	for (bool more = kv_seek(txn, TABLE_LEAVES, (struct bytes) { feed, FEED_BYTES }, &walk);
	     more && st == ST_OK && of_feed(walk.key, feed); more = kv_next(&walk)) {
		struct point at;
		uint64_t events;

		st = leaf_read(&walk, &at, &events);
		if (st == ST_OK && count < max)
			list[count] = at;
		count++;
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	if (st == ST_OK)
		*ret_count = count;
	return st;
}

status
journal_each_leaf(kv_txn *txn,
                  status (*visit)(void *ctx, const uint8_t *feed, const struct point *at),
                  void *ctx)
{
	struct kv_walk walk;
	status st = ST_OK;

	for (bool more = kv_seek(txn, TABLE_LEAVES, (struct bytes) { 0 }, &walk);
	     more && st == ST_OK; more = kv_next(&walk)) {
		struct point at;
		uint64_t events;

		st = leaf_read(&walk, &at, &events);
		if (st == ST_OK)
			st = visit(ctx, walk.key.at, &at);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

/* Modulo 2^64, as the parts of each feed are. */
status
journal_events(kv_txn *txn, uint64_t *ret_count)
{
	struct kv_walk walk;
	uint64_t count = 0;
	status st = ST_OK;

	for (bool more = kv_seek(txn, TABLE_LEAVES, (struct bytes) { 0 }, &walk);
	     more && st == ST_OK; more = kv_next(&walk)) {
		struct point at;
		uint64_t events = 0;

		st = leaf_read(&walk, &at, &events);
		count += events;
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	if (st == ST_OK)
		*ret_count = count;
	return st;
}

/* ---- batches ---- */

void
index_key(const uint8_t *feed, uint64_t first, uint64_t offset, uint8_t out[static INDEX_KEY_BYTES])
{
	memcpy(out, feed, FEED_BYTES);
	put_u64(out + FEED_BYTES, first);
	put_u64(out + FEED_BYTES + NUMBER_BYTES, offset);
}

/* There is room for all tags, since a batch has at most BATCH_EVENTS_MAX events. */
static struct bytes
batch_value(kv_txn *txn, const struct point *start, const struct point *end,
            const struct batch_event *events, tag_width width, uint8_t out[static BATCH_VALUE_MAX])
{
	uint64_t count = end->seq - start->seq;
	struct bytes tags = tags_write(txn, events, count, width, out + BATCH_HEAD_BYTES);

	put_u64(out, count);
	memcpy(out + NUMBER_BYTES, start->hash, HASH_BYTES);
	memcpy(out + NUMBER_BYTES + HASH_BYTES, end->hash, HASH_BYTES);
	return (struct bytes) { out, BATCH_HEAD_BYTES + tags.len };
}

/* The end of a lane is asked for first: that is the rule, and one look-up. */
static status
is_here(kv_txn *txn, const uint8_t *feed, const struct point *at, bool *ret_here)
{
	status st = journal_known(txn, feed, at);

	*ret_here = st == ST_OK;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

static status
put_row(kv_txn *txn, const uint8_t *feed, const struct point *start, const struct point *end,
        uint64_t offset, const struct batch_event *events)
{
	uint8_t key[INDEX_KEY_BYTES], value[BATCH_VALUE_MAX];
	struct lanes lanes = { 0 };
	status st = lanes_of(txn, feed, 0, &lanes);

	tag_width width = lanes.count > 1 ? TAGS_WIDE : TAGS_NARROW;

	index_key(feed, start->seq + 1, offset, key);
	return st == ST_OK ? kv_put(txn, TABLE_BATCHES, (struct bytes) { key, sizeof(key) },
	                            batch_value(txn, start, end, events, width, value))
			   : st;
}

/* The row comes last: how wide its tags are, the lanes say that there are with it. */
status
index_put(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *start,
          const struct point *end, uint64_t offset, const struct batch_event *events,
          bool *ret_closed)
{
	bool joined = true, joins = false;
	status st = is_here(txn, feed, start, &joined);

	if (st == ST_OK)
		st = gaps_close(txn, feed, events, end->seq - start->seq, ret_closed, &joins);
	if (st == ST_OK)
		st = move_leaf(txn, feed, start, end, joins);
	if (st == ST_OK)
		st = put_row(txn, feed, start, end, offset, events);
	return st == ST_OK && !joined ? gaps_put(txn, feed, start) : st;
}

/* That the head is there, and as many tags as events or none, is what all others rely on. */
static status
value_read(struct bytes value, struct tags *ret_tags)
{
	struct bytes rest;

	if (value.len < BATCH_HEAD_BYTES)
		return ST_MALFORMED;
	rest = (struct bytes) { value.at + BATCH_HEAD_BYTES, value.len - BATCH_HEAD_BYTES };
	return tags_read(rest, get_u64(value.at), ret_tags);
}

status
index_check(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *start,
            const struct point *end, uint64_t offset, const struct batch_event *events)
{
	uint8_t key[INDEX_KEY_BYTES], value[BATCH_VALUE_MAX];
	struct bytes want, got;
	struct tags tags;
	status st;

	index_key(feed, start->seq + 1, offset, key);
	st = kv_get(txn, TABLE_BATCHES, (struct bytes) { key, sizeof(key) }, &got);
	if (st < 0)
		return st;
	if (value_read(got, &tags) < 0)
		return ST_NOT_FOUND;
	want = batch_value(txn, start, end, events, tags.width, value);
	if (tags_begun(txn) ? got.len != want.len : got.len < want.len)
		return ST_NOT_FOUND;
	return memcmp(got.at, want.at, want.len) == 0 ? ST_OK : ST_NOT_FOUND;
}

status
index_row_read(const struct kv_walk *walk, struct index_row *ret_row)
{
	struct tags tags;

	if (walk->key.len != INDEX_KEY_BYTES || value_read(walk->value, &tags) < 0)
		return ST_MALFORMED;
	*ret_row = (struct index_row) {
		.feed = walk->key.at,
		.first = get_u64(walk->key.at + FEED_BYTES),
		.offset = get_u64(walk->key.at + FEED_BYTES + NUMBER_BYTES),
		.count = get_u64(walk->value.at),
		.before = walk->value.at + NUMBER_BYTES,
		.after = walk->value.at + NUMBER_BYTES + HASH_BYTES,
		.tags = tags,
	};
	return ST_OK;
}

bool
index_same_batch(const struct kv_walk *a, const struct kv_walk *b)
{
	return a->key.len == b->key.len && memcmp(a->key.at, b->key.at, a->key.len) == 0 &&
		a->value.len >= BATCH_HEAD_BYTES && b->value.len >= BATCH_HEAD_BYTES &&
		memcmp(a->value.at, b->value.at, BATCH_HEAD_BYTES) == 0;
}

status
index_clear(kv_txn *txn)
{
	static const int tables[] = { TABLE_BATCHES, TABLE_LEAVES, TABLE_GAPS };
	status st = ST_OK;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && st == ST_OK; i++)
		st = kv_clear(txn, tables[i]);
	return st == ST_OK ? tags_begin(txn) : st;
}

status
index_each(kv_txn *txn, status (*visit)(void *ctx, const struct index_row *row), void *ctx)
{
	struct kv_walk walk;
	status st = ST_OK;

	for (bool more = kv_seek(txn, TABLE_BATCHES, (struct bytes) { 0 }, &walk);
	     more && st == ST_OK; more = kv_next(&walk)) {
		struct index_row row;

		st = index_row_read(&walk, &row);
		if (st == ST_OK)
			st = visit(ctx, &row);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

/* A row that cannot be read is passed over: who asks looks for the one that can. */
status
index_of_offset(kv_txn *txn, uint64_t offset, struct index_row *ret_row)
{
	struct kv_walk walk;
	bool found = false;
	status st;

	for (bool more = kv_seek(txn, TABLE_BATCHES, (struct bytes) { 0 }, &walk); more && !found;
	     more = !found && kv_next(&walk))
		found = index_row_read(&walk, ret_row) == ST_OK && ret_row->offset == offset;
	st = walk.st;
	kv_walk_done(&walk);
	return st == ST_OK && !found ? ST_NOT_FOUND : st;
}

/* The batches that hold an event of that number, one a lane at most.  A batch
 * that begins BATCH_EVENTS_MAX or more below cannot reach it. */
struct covers {
	struct kv_walk walk;
	const uint8_t *feed;
	uint64_t seq;
	size_t lanes; /* of the feed */
	size_t left;  /* lanes that have such a batch and were not met yet */
	bool more;
	status st;
};

/* With the greatest offset the key lies behind all batches that begin at seq or before:
 * the walk goes down from there. */
static void
covers_start(kv_txn *txn, const uint8_t *feed, uint64_t seq, struct covers *c)
{
	struct lanes lanes = { 0 };
	uint8_t key[INDEX_KEY_BYTES];

	*c = (struct covers) { .feed = feed, .seq = seq };
	c->st = lanes_of(txn, feed, seq, &lanes);
	c->lanes = lanes.count;
	c->left = lanes.reaching;
	index_key(feed, seq, UINT64_MAX, key);
	c->more = kv_seek_below(txn, TABLE_BATCHES, (struct bytes) { key, sizeof(key) }, &c->walk);
}

/* The row points into the map.  Having met all lanes that reach so far ends the walk,
 * which would else go on for BATCH_EVENTS_MAX numbers each time. */
static bool
covers_next(struct covers *c, struct index_row *ret_row)
{
	while (c->st == ST_OK && c->left > 0 && c->more && of_feed(c->walk.key, c->feed)) {
		c->st = index_row_read(&c->walk, ret_row);
		if (c->st < 0 || c->seq - ret_row->first >= BATCH_EVENTS_MAX)
			break;
		if (c->seq - ret_row->first < ret_row->count) {
			c->left--;
			c->more = c->left > 0 && kv_previous(&c->walk);
			return true;
		}
		c->more = kv_previous(&c->walk);
	}
	return false;
}

static status
covers_done(struct covers *c)
{
	status st = c->st == ST_OK ? c->walk.st : c->st;

	kv_walk_done(&c->walk);
	return st;
}

status
index_each_of(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t seq,
              status (*visit)(void *ctx, const struct index_row *row), void *ctx, size_t *ret_lanes)
{
	struct index_row row;
	struct covers c;

	covers_start(txn, feed, seq, &c);
	*ret_lanes = c.lanes;
	while (seq > 0 && covers_next(&c, &row))
		c.st = visit(ctx, &row);
	return covers_done(&c);
}

/* ---- events ---- */

struct seeking {
	uint64_t seq;
	bool found;
	const uint8_t *prefix;
	size_t prefix_len;
	struct found_event *event; /* NULL: only its being there is asked */
};

static status
match(void *ctx, const struct journal_event *e)
{
	struct seeking *s = ctx;
	struct found_event *out = s->event;

	if (e->event.at.seq != s->seq || memcmp(e->event.at.hash, s->prefix, s->prefix_len) != 0)
		return ST_OK;
	s->found = true;
	if (!out)
		return ST_OK;
	memcpy(out->feed, e->feed, FEED_BYTES);
	out->at = e->event.at;
	out->offset = e->offset;
	out->received_ms = e->received_ms;
	out->erased = e->event.erased;
	out->body_len = e->event.body.len;
	if (out->body_len > sizeof(out->body))
		out->body_len = sizeof(out->body);
	if (out->body_len > 0)
		memcpy(out->body, e->event.body.at, out->body_len);
	return ST_OK;
}

/* Whether the row alone tells that the event is not in it.  A person names one by fewer
 * bytes than a tag is made of: then all lanes are looked into. */
static bool
is_excluded(kv_txn *txn, const struct index_row *row, const struct seeking *s)
{
	return s->prefix_len >= TAGGED_BYTES &&
		!tags_fit(txn, &row->tags, s->seq - row->first, s->prefix);
}

/* Look into one batch, unless its row tells already. */
static status
look_into(kv_txn *txn, const struct index_row *row, struct seeking *s)
{
	struct journal_entry entry;
	status st;

	if (is_excluded(txn, row, s))
		return ST_OK;
	/* of its last event the row has the whole hash */
	if (s->seq == row->first + row->count - 1 && !s->event) {
		s->found = memcmp(row->after, s->prefix, s->prefix_len) == 0;
		return ST_OK;
	}
	st = journal_read(txn, row->offset, &entry);
	if (st == ST_OK)
		st = journal_each_event_of(&entry, match, s);
	return st == ST_NOT_FOUND ? ST_MALFORMED : st;
}

status
journal_known(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at)
{
	struct seeking s = { .seq = at->seq, .prefix = at->hash, .prefix_len = HASH_BYTES };
	struct index_row row;
	struct covers c;
	uint64_t events;
	status st;

	if (at->seq == 0)
		return is_beginning(feed, at) ? ST_OK : ST_NOT_FOUND;
	/* ends of lanes are asked for most: devices tell their tip */
	st = leaf_get(txn, feed, at, &events);
	if (st != ST_NOT_FOUND)
		return st;
	covers_start(txn, feed, at->seq, &c);
	while (!s.found && covers_next(&c, &row))
		c.st = look_into(txn, &row, &s);
	st = covers_done(&c);
	return st == ST_OK && !s.found ? ST_NOT_FOUND : st;
}

/* Two are enough to know that the prefix does not choose. */
static status
find_one(kv_txn *txn, const uint8_t *feed, struct seeking *s)
{
	struct index_row row;
	struct covers c;
	size_t found = 0;
	status st;

	if (s->seq == 0)
		return ST_NOT_FOUND;
	covers_start(txn, feed, s->seq, &c);
	while (found < 2 && covers_next(&c, &row)) {
		s->found = false;
		c.st = look_into(txn, &row, s);
		found += s->found;
	}
	st = covers_done(&c);
	if (st < 0)
		return st;
	if (found == 0)
		return ST_NOT_FOUND;
	return found == 1 ? ST_OK : ST_EXISTS;
}

/* memcmp() wants an address even for no bytes at all. */
status
journal_find(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t seq,
             const uint8_t *prefix, size_t prefix_len, struct found_event *ret_event)
{
	static const uint8_t none[1];
	struct seeking s = { .seq = seq,
		             .prefix = prefix_len > 0 ? prefix : none,
		             .prefix_len = prefix_len,
		             .event = ret_event };

	return find_one(txn, feed, &s);
}

/* A batch goes on from the end of another as a rule, and of its last event the row has the
 * whole hash. */
status
index_row_of(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at,
             struct index_row *ret_row)
{
	struct seeking s = { .seq = at->seq, .prefix = at->hash, .prefix_len = HASH_BYTES };
	struct covers c;
	status st;

	covers_start(txn, feed, at->seq, &c);
	while (!s.found && covers_next(&c, ret_row))
		c.st = look_into(txn, ret_row, &s);
	st = covers_done(&c);
	return st == ST_OK && !s.found ? ST_NOT_FOUND : st;
}

status
index_holds(kv_txn *txn, const struct index_row *row, const struct point *at)
{
	struct seeking s = { .seq = at->seq, .prefix = at->hash, .prefix_len = HASH_BYTES };
	status st = look_into(txn, row, &s);

	return st == ST_OK && !s.found ? ST_NOT_FOUND : st;
}

/* Down from the leaf, a batch a step, to the batch of the chain that has the number. */
static status
climb_down(kv_txn *txn, const uint8_t *feed, const struct point *at, struct point from)
{
	struct seeking s = { .seq = at->seq, .prefix = at->hash, .prefix_len = HASH_BYTES };
	struct index_row row;
	status st = index_row_of(txn, feed, &from, &row);

	while (st == ST_OK && at->seq < row.first) {
		from.seq = row.first - 1;
		memcpy(from.hash, row.before, HASH_BYTES);
		if (from.seq == 0)
			return point_equal(at, &from) ? ST_OK : ST_NOT_FOUND;
		st = index_row_of(txn, feed, &from, &row);
		if (st == ST_NOT_FOUND && gaps_has(txn, feed, &from) == ST_NOT_FOUND)
			st = ST_MALFORMED; /* a batch joins at what is here, or at a gap */
	}
	if (st == ST_OK)
		st = look_into(txn, &row, &s);
	return st == ST_OK && !s.found ? ST_NOT_FOUND : st;
}

status
index_whole(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *end,
            uint64_t first)
{
	struct point from = *end;
	struct index_row row;
	status st = ST_OK;

	while (st == ST_OK && from.seq >= first && from.seq > 0) {
		st = index_row_of(txn, feed, &from, &row);
		if (st == ST_OK) {
			from.seq = row.first - 1;
			memcpy(from.hash, row.before, HASH_BYTES);
		}
	}
	return st;
}

struct hashes {
	uint64_t last; /* of the chain, in this batch */
	uint8_t *list;
};

static status
note_hash(void *ctx, const struct journal_event *e)
{
	const struct hashes *h = ctx;

	if (e->event.at.seq <= h->last)
		memcpy(h->list + (e->event.at.seq - 1) * HASH_BYTES, e->event.at.hash, HASH_BYTES);
	return ST_OK;
}

status
journal_chain(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *leaf,
              uint8_t *ret_hashes, struct point *ret_end)
{
	struct point from = *leaf;
	status st = ST_OK;

	while (st == ST_OK && from.seq > 0) {
		struct hashes h = { from.seq, ret_hashes };
		struct journal_entry entry;
		struct index_row row;

		st = index_row_of(txn, feed, &from, &row);
		if (st == ST_NOT_FOUND && gaps_has(txn, feed, &from) == ST_OK)
			st = ST_UNKNOWN;
		if (st == ST_OK)
			st = journal_read(txn, row.offset, &entry);
		if (st == ST_OK)
			st = journal_each_event_of(&entry, note_hash, &h);
		if (st == ST_OK && from.seq == leaf->seq) {
			ret_end->seq = row.first - 1 + row.count;
			memcpy(ret_end->hash, row.after, HASH_BYTES);
		}
		if (st == ST_OK) {
			from.seq = row.first - 1;
			memcpy(from.hash, row.before, HASH_BYTES);
		}
	}
	return st;
}

/* In a feed with one lane, which is the rule, all that is here lies on one chain. */
status
journal_below(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at,
              const struct point *leaf)
{
	struct lanes lanes = { 0 };
	status st;

	if (at->seq > leaf->seq)
		return ST_NOT_FOUND;
	if (at->seq == leaf->seq)
		return point_equal(at, leaf) ? ST_OK : ST_NOT_FOUND;
	st = journal_known(txn, feed, leaf);
	if (st == ST_OK)
		st = lanes_of(txn, feed, 0, &lanes);
	if (st < 0 || lanes.count == 1)
		return st;
	return climb_down(txn, feed, at, *leaf);
}

status
journal_beyond(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *known,
               uint64_t *ret_count)
{
	struct lanes lanes = { 0 };
	status st = lanes_of(txn, feed, 0, &lanes);

	if (st < 0)
		return st;
	*ret_count = lanes.events > known->seq ? lanes.events - known->seq : 0;
	return ST_OK;
}
