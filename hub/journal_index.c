#include "hub/journal_index.h"

#include <stdlib.h>

#include "hub/hub.h"
#include "hub/rows.h"
#include "protocol/chain.h"

enum {
	NUMBER_BYTES = 8,
	BATCH_KEY_BYTES = FEED_BYTES + 2 * NUMBER_BYTES,
	BATCH_HEAD_BYTES = NUMBER_BYTES + 2 * HASH_BYTES, /* of the value; then the tags */
	BATCH_VALUE_MAX = BATCH_HEAD_BYTES + BATCH_EVENTS_MAX * TAG_BYTES,
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

/* The lane that ended at start now ends at end.  Where none ended a new lane begins, at the
 * beginning of the feed or amid another lane: it has brought nothing before, and what it
 * shares with the other is counted there. */
static status
move_leaf(kv_txn *txn, const uint8_t *feed, const struct point *start, const struct point *end)
{
	uint8_t key[EVENT_ID_BYTES], value[NUMBER_BYTES];
	uint64_t events = 0;
	status st = leaf_get(txn, feed, start, &events);

	event_id_write(feed, start, key);
	if (st == ST_OK)
		st = kv_delete(txn, TABLE_LEAVES, (struct bytes) { key, sizeof(key) });
	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	event_id_write(feed, end, key);
	put_u64(value, events + end->seq - start->seq);
	return kv_put(txn, TABLE_LEAVES, (struct bytes) { key, sizeof(key) },
	              (struct bytes) { value, sizeof(value) });
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

/* ---- batches ---- */

struct batch_row {
	uint64_t first, count, offset;
	const uint8_t *before, *after, *tags;
};

static void
batch_key(const uint8_t *feed, uint64_t first, uint64_t offset, uint8_t out[static BATCH_KEY_BYTES])
{
	memcpy(out, feed, FEED_BYTES);
	put_u64(out + FEED_BYTES, first);
	put_u64(out + FEED_BYTES + NUMBER_BYTES, offset);
}

/* There is room for all tags, since a batch has at most BATCH_EVENTS_MAX events. */
status
index_put(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *start,
          const struct point *end, uint64_t offset, struct bytes tags)
{
	uint8_t key[BATCH_KEY_BYTES], value[BATCH_VALUE_MAX];
	status st;

	batch_key(feed, start->seq + 1, offset, key);
	put_u64(value, end->seq - start->seq);
	memcpy(value + NUMBER_BYTES, start->hash, HASH_BYTES);
	memcpy(value + NUMBER_BYTES + HASH_BYTES, end->hash, HASH_BYTES);
	memcpy(value + BATCH_HEAD_BYTES, tags.at, tags.len);
	st = kv_put(txn, TABLE_BATCHES, (struct bytes) { key, sizeof(key) },
	            (struct bytes) { value, BATCH_HEAD_BYTES + tags.len });
	return st == ST_OK ? move_leaf(txn, feed, start, end) : st;
}

/* That there are as many tags as events is what look_into() relies on. */
static status
batch_row_read(const struct kv_walk *walk, struct batch_row *ret_row)
{
	if (walk->key.len != BATCH_KEY_BYTES || walk->value.len < BATCH_HEAD_BYTES ||
	    walk->value.len > BATCH_VALUE_MAX ||
	    get_u64(walk->value.at) != (walk->value.len - BATCH_HEAD_BYTES) / TAG_BYTES)
		return ST_MALFORMED;
	*ret_row = (struct batch_row) {
		.first = get_u64(walk->key.at + FEED_BYTES),
		.offset = get_u64(walk->key.at + FEED_BYTES + NUMBER_BYTES),
		.count = get_u64(walk->value.at),
		.before = walk->value.at + NUMBER_BYTES,
		.after = walk->value.at + NUMBER_BYTES + HASH_BYTES,
		.tags = walk->value.at + BATCH_HEAD_BYTES,
	};
	return ST_OK;
}

struct lane_ends {
	size_t count;
	struct point list[LANES_MAX];
};

/* True when a lane ended at start, which now ends at end; else the lane that
 * ends there is a new one.  index_has_room() let in no more than there is room for. */
static bool
goes_on(struct lane_ends *ends, const struct point *start, const struct point *end)
{
	for (size_t i = 0; i < ends->count; i++) {
		if (point_equal(&ends->list[i], start)) {
			ends->list[i] = *end;
			return true;
		}
	}
	if (ends->count < LANES_MAX)
		ends->list[ends->count++] = *end;
	return false;
}

status
journal_forks(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t *list, size_t max,
              size_t *ret_count)
{
	struct lane_ends ends = { .count = 0 };
	struct kv_walk walk;
	size_t lanes = 0;
	status st = ST_OK;

	/* By first number, so what a batch goes on from was met before. */
	for (bool more = kv_seek(txn, TABLE_BATCHES, (struct bytes) { feed, FEED_BYTES }, &walk);
	     more && of_feed(walk.key, feed); more = kv_next(&walk)) {
		struct batch_row row;
		struct point start, end;

		st = batch_row_read(&walk, &row);
		if (st < 0)
			break;
		start.seq = row.first - 1;
		end.seq = start.seq + row.count;
		memcpy(start.hash, row.before, HASH_BYTES);
		memcpy(end.hash, row.after, HASH_BYTES);
		if (goes_on(&ends, &start, &end))
			continue;
		if (lanes > 0 && lanes <= max)
			list[lanes - 1] = start.seq;
		lanes++;
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	if (st == ST_OK)
		*ret_count = lanes > 0 ? lanes - 1 : 0;
	return st;
}

/* The batches that hold an event of that number, one a lane at most.  A batch
 * that begins BATCH_EVENTS_MAX or more below cannot reach it. */
struct covers {
	struct kv_walk walk;
	const uint8_t *feed;
	uint64_t seq;
	size_t left; /* lanes that have such a batch and were not met yet */
	bool more;
	status st;
};

/* With the greatest offset the key lies behind all batches that begin at seq or before:
 * the walk goes down from there. */
static void
covers_start(kv_txn *txn, const uint8_t *feed, uint64_t seq, struct covers *c)
{
	struct lanes lanes = { 0 };
	uint8_t key[BATCH_KEY_BYTES];

	*c = (struct covers) { .feed = feed, .seq = seq };
	c->st = lanes_of(txn, feed, seq, &lanes);
	c->left = lanes.reaching;
	batch_key(feed, seq, UINT64_MAX, key);
	c->more = kv_seek_below(txn, TABLE_BATCHES, (struct bytes) { key, sizeof(key) }, &c->walk);
}

/* The row points into the map.  Having met all lanes that reach so far ends the walk,
 * which would else go on for BATCH_EVENTS_MAX numbers each time. */
static bool
covers_next(struct covers *c, struct batch_row *ret_row)
{
	while (c->st == ST_OK && c->left > 0 && c->more && of_feed(c->walk.key, c->feed)) {
		c->st = batch_row_read(&c->walk, ret_row);
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

/* Look into one batch, unless its row tells already. */
static status
look_into(kv_txn *txn, const struct batch_row *row, struct seeking *s)
{
	const uint8_t *tag = row->tags + (s->seq - row->first) * TAG_BYTES;
	size_t len = s->prefix_len < TAG_BYTES ? s->prefix_len : TAG_BYTES;
	struct journal_entry entry;
	status st;

	if (memcmp(tag, s->prefix, len) != 0)
		return ST_OK;
	/* of its last event the row has the whole hash */
	if (s->seq == row->first + row->count - 1 && !s->event) {
		s->found = memcmp(row->after, s->prefix, s->prefix_len) == 0;
		return ST_OK;
	}
	st = journal_read(txn, row->offset, &entry);
	if (st == ST_OK && entry.kind == JOURNAL_BATCH)
		st = journal_each_event_of(&entry, match, s);
	return st == ST_NOT_FOUND ? ST_MALFORMED : st;
}

status
journal_known(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at)
{
	struct seeking s = { .seq = at->seq, .prefix = at->hash, .prefix_len = HASH_BYTES };
	struct batch_row row;
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

/* Two are enough to know that the prefix does not choose.  memcmp() wants an address even
 * for no bytes at all. */
status
journal_find(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t seq,
             const uint8_t *prefix, size_t prefix_len, struct found_event *ret_event)
{
	static const uint8_t none[1];
	struct seeking s = { .seq = seq,
		             .prefix = prefix_len > 0 ? prefix : none,
		             .prefix_len = prefix_len,
		             .event = ret_event };
	struct batch_row row;
	struct covers c;
	size_t found = 0;
	status st;

	if (seq == 0)
		return ST_NOT_FOUND;
	covers_start(txn, feed, seq, &c);
	while (found < 2 && covers_next(&c, &row)) {
		s.found = false;
		c.st = look_into(txn, &row, &s);
		found += s.found;
	}
	st = covers_done(&c);
	if (st < 0)
		return st;
	if (found == 0)
		return ST_NOT_FOUND;
	return found == 1 ? ST_OK : ST_EXISTS;
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
