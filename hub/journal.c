#include "hub/journal.h"

#include <stdlib.h>

#include "hub/hub.h"
#include "hub/journal_index.h"
#include "protocol/chain.h"

static const char RUNNING_TAG[] = "valija/journal/1";

/* The head of an entry is kind and time (9 bytes), then the running hash; the hash covers
 * those 9 bytes as they are stored. */
enum {
	OFFSET_BYTES = 8,
	ENTRY_HEAD_BYTES = 1 + 8 + HASH_BYTES,
	RUNNING_BYTES = sizeof(RUNNING_TAG) - 1 + HASH_BYTES + 1 + 8 + HASH_BYTES,
};

/* ---- entries ---- */

uint64_t
journal_size(kv_txn *txn)
{
	return kv_count(txn, TABLE_JOURNAL);
}

status
journal_read(kv_txn *txn, uint64_t offset, struct journal_entry *ret_entry)
{
	uint8_t key[OFFSET_BYTES];
	struct bytes value;
	status st;

	put_u64(key, offset);
	st = kv_get(txn, TABLE_JOURNAL, (struct bytes) { key, sizeof(key) }, &value);
	if (st < 0)
		return st;
	if (value.len < ENTRY_HEAD_BYTES ||
	    (value.at[0] != JOURNAL_BATCH && value.at[0] != JOURNAL_REGISTRY))
		return ST_MALFORMED;
	ret_entry->offset = offset;
	ret_entry->kind = (journal_kind) value.at[0];
	ret_entry->received_ms = (int64_t) get_u64(value.at + 1);
	ret_entry->bytes = (struct bytes) { value.at + ENTRY_HEAD_BYTES,
		                            value.len - ENTRY_HEAD_BYTES };
	memcpy(ret_entry->running, value.at + 9, HASH_BYTES);
	return ST_OK;
}

/* Kind and time of the head are set; before is the running hash so far. */
static void
running_hash(const uint8_t before[static HASH_BYTES], const uint8_t head[static 9],
             struct bytes bytes, uint8_t ret_hash[static HASH_BYTES])
{
	uint8_t in[RUNNING_BYTES], *at = in + sizeof(RUNNING_TAG) - 1;

	memcpy(in, RUNNING_TAG, sizeof(RUNNING_TAG) - 1);
	memcpy(at, before, HASH_BYTES);
	memcpy(at + HASH_BYTES, head, 9);
	hash_bytes(bytes.at, bytes.len, at + HASH_BYTES + 9);
	hash_bytes(in, sizeof(in), ret_hash);
}

status
journal_append(kv_txn *txn, journal_kind kind, int64_t received_ms, struct bytes bytes,
               uint64_t *ret_offset)
{
	struct journal_entry last = { .running = { 0 } };
	uint64_t offset = journal_size(txn);
	uint8_t key[OFFSET_BYTES], *value;
	status st = ST_OK;

	if (offset > 0)
		st = journal_read(txn, offset - 1, &last);
	if (st < 0)
		return st;
	value = malloc(ENTRY_HEAD_BYTES + bytes.len);
	if (!value)
		return ST_NOMEM;
	value[0] = (uint8_t) kind;
	put_u64(value + 1, (uint64_t) received_ms);
	running_hash(last.running, value, bytes, value + 9);
	memcpy(value + ENTRY_HEAD_BYTES, bytes.at, bytes.len);
	put_u64(key, offset);
	st = kv_append(txn, TABLE_JOURNAL, (struct bytes) { key, sizeof(key) },
	               (struct bytes) { value, ENTRY_HEAD_BYTES + bytes.len });
	free(value);
	if (st == ST_OK)
		*ret_offset = offset;
	return st == ST_EXISTS ? ST_MALFORMED : st; /* an entry below is missing */
}

/* ---- taking a batch ---- */

/* Where the known beginning of a batch ends. */
struct joint {
	struct point at; /* the last known event, or the point before the batch */
	uint64_t skip;
	size_t skip_bytes;
};

/* Events that are known come before those that are not, so halve.  Neither end needs to
 * be asked: place_batch() knows the point before the batch, and not its last event. */
static status
find_joint(kv_txn *txn, const struct batch *b, struct bytes bodies, struct joint *ret_joint)
{
	struct joint *joints = calloc(b->count + 1, sizeof(*joints));
	struct batch_walk walk = batch_walk(b, bodies);
	struct batch_event e;
	uint64_t known = 0, unknown = b->count;
	status st = ST_OK;

	if (!joints)
		return ST_NOMEM;
	joints[0].at = walk.at;
	for (uint64_t i = 1; batch_next(&walk, &e); i++)
		joints[i] = (struct joint) { e.at, i, e.end_offset };
	while (unknown - known > 1 && st == ST_OK) {
		uint64_t middle = known + (unknown - known) / 2;

		st = journal_known(txn, b->feed, &joints[middle].at);
		if (st == ST_NOT_FOUND)
			unknown = middle;
		else
			known = middle;
		if (st == ST_NOT_FOUND)
			st = ST_OK;
	}
	if (st == ST_OK)
		*ret_joint = joints[known];
	free(joints);
	return st;
}

/* ST_EXISTS, ST_UNKNOWN, or where the new part of the batch begins.  A batch that goes on
 * at the end of a lane is the rule, so that is asked first: it costs one look-up. */
static status
place_batch(kv_txn *txn, const struct batch *b, struct bytes bodies, struct joint *ret_joint)
{
	struct point start = batch_start(b), end = batch_end(b);
	uint64_t events;
	status st = index_leaf(txn, b->feed, &start, &events);

	*ret_joint = (struct joint) { .at = start };
	if (st != ST_NOT_FOUND)
		return st; /* at the end of a lane: nothing behind it is known */
	st = journal_known(txn, b->feed, &end);
	if (st != ST_NOT_FOUND)
		return st == ST_OK ? ST_EXISTS : st;
	st = journal_known(txn, b->feed, &start);
	if (st < 0)
		return st == ST_NOT_FOUND ? ST_UNKNOWN : st;
	return find_joint(txn, b, bodies, ret_joint);
}

/* The bytes to keep: the frame itself, or the rest of it in w. */
static status
bytes_to_keep(const struct batch *b, struct bytes bodies, const struct joint *j, writer *w,
              struct bytes *ret_bytes)
{
	status st;

	*ret_bytes = b->frame;
	if (j->skip == 0)
		return ST_OK;
	st = batch_rewrite(b, bodies, j->skip, j->skip_bytes, j->at.hash, w);
	*ret_bytes = writer_bytes(w);
	return st;
}

/* Of the events behind the known beginning. */
static status
tags_of(const struct batch *b, struct bytes bodies, uint64_t skip, writer *w)
{
	struct batch_walk walk = batch_walk(b, bodies);
	struct batch_event e;

	for (uint64_t i = 0; batch_next(&walk, &e); i++)
		if (i >= skip)
			writer_raw(w, e.at.hash, TAG_BYTES);
	return writer_status(w);
}

/* All that can refuse the batch (its place, the room for a lane, its size once the known
 * part is cut off) is asked before the first write: who is refused has stored nothing. */
status
journal_take(kv_txn *txn, const struct batch *b, struct bytes bodies, int64_t received_ms,
             uint64_t *ret_skipped, uint64_t *ret_offset)
{
	struct point end = batch_end(b);
	struct bytes bytes;
	struct joint joint;
	uint64_t offset;
	writer w, tags;
	status st = place_batch(txn, b, bodies, &joint);

	if (st < 0)
		return st;
	st = index_has_room(txn, b->feed, &joint.at);
	if (st < 0)
		return st;
	writer_init(&w);
	writer_init(&tags);
	st = bytes_to_keep(b, bodies, &joint, &w, &bytes);
	if (st == ST_OK)
		st = tags_of(b, bodies, joint.skip, &tags);
	if (st == ST_OK)
		st = journal_append(txn, JOURNAL_BATCH, received_ms, bytes, &offset);
	if (st == ST_OK)
		st = index_put(txn, b->feed, &joint.at, &end, offset, writer_bytes(&tags));
	writer_done(&w);
	writer_done(&tags);
	if (st == ST_OK) {
		*ret_skipped = joint.skip;
		*ret_offset = offset;
	}
	return st;
}

/* ---- walking over events ---- */

/* visit may write to the store, so the frame is copied out of it first. */
struct space {
	uint8_t frame[BATCH_BYTES_MAX];
	uint8_t raw[BATCH_RAW_BYTES_MAX];
};

static status
each_event_of(const struct journal_entry *entry, struct space *space, journal_visit *visit,
              void *ctx)
{
	struct journal_event e = { .offset = entry->offset, .received_ms = entry->received_ms };
	struct bytes bodies = { 0 };
	struct batch_walk walk;
	struct batch b = { 0 };
	status st;

	if (entry->bytes.len > sizeof(space->frame))
		return ST_MALFORMED;
	memcpy(space->frame, entry->bytes.at, entry->bytes.len);
	st = batch_open(space->frame, entry->bytes.len, &b);
	if (st == ST_OK)
		st = batch_unpack(&b, space->raw, &bodies);
	if (st < 0)
		return ST_MALFORMED;
	e.feed = b.feed;
	walk = batch_walk(&b, bodies);
	while (st == ST_OK && batch_next(&walk, &e.event))
		st = visit(ctx, &e);
	return st == ST_OK && walk.left > 0 ? ST_MALFORMED : st;
}

status
journal_each_event_of(const struct journal_entry *entry, journal_visit *visit, void *ctx)
{
	struct space *space = malloc(sizeof(*space));
	status st = space ? each_event_of(entry, space, visit, ctx) : ST_NOMEM;

	free(space);
	return st;
}

/* The size is read once: entries that visit appends are not walked over. */
status
journal_each_event(kv_txn *txn, journal_visit *visit, void *ctx)
{
	struct space *space = malloc(sizeof(*space));
	uint64_t size = journal_size(txn);
	status st = space ? ST_OK : ST_NOMEM;

	for (uint64_t offset = 0; offset < size && st == ST_OK; offset++) {
		struct journal_entry entry;

		st = journal_read(txn, offset, &entry);
		if (st == ST_OK && entry.kind == JOURNAL_BATCH)
			st = each_event_of(&entry, space, visit, ctx);
	}
	free(space);
	return st;
}
