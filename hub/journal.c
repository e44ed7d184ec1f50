#include "hub/journal.h"

#include <stdlib.h>

#include "hub/hub.h"
#include "hub/journal_gaps.h"
#include "hub/run_block.h"
#include "protocol/chain.h"

static const char RUNNING_TAG[] = "valija/journal/1";

/* The head of an entry is kind and time (9 bytes), then the running hash; the hash covers
 * those 9 bytes as they are stored. */
enum {
	OFFSET_BYTES = 8,
	COUNT_BYTES = 8,
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
	if (value.len < ENTRY_HEAD_BYTES || value.at[0] < JOURNAL_BATCH ||
	    value.at[0] >= JOURNAL_KINDS_)
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

void
journal_running(const uint8_t before[static HASH_BYTES], const struct journal_entry *entry,
                uint8_t ret_hash[static HASH_BYTES])
{
	uint8_t head[9];

	head[0] = (uint8_t) entry->kind;
	put_u64(head + 1, (uint64_t) entry->received_ms);
	running_hash(before, head, entry->bytes, ret_hash);
}

/* Kind, time and running hash as given. */
static status
put_entry(kv_txn *txn, const struct journal_entry *entry)
{
	uint8_t key[OFFSET_BYTES], *value = malloc(ENTRY_HEAD_BYTES + entry->bytes.len);
	bool last = entry->offset == journal_size(txn);
	struct bytes bytes = { value, ENTRY_HEAD_BYTES + entry->bytes.len };
	status st;

	if (!value)
		return ST_NOMEM;
	value[0] = (uint8_t) entry->kind;
	put_u64(value + 1, (uint64_t) entry->received_ms);
	memcpy(value + 9, entry->running, HASH_BYTES);
	memcpy(value + ENTRY_HEAD_BYTES, entry->bytes.at, entry->bytes.len);
	put_u64(key, entry->offset);
	st = last ? kv_append(txn, TABLE_JOURNAL, (struct bytes) { key, sizeof(key) }, bytes)
		  : kv_put(txn, TABLE_JOURNAL, (struct bytes) { key, sizeof(key) }, bytes);
	free(value);
	return st == ST_EXISTS ? ST_MALFORMED : st; /* an entry below is missing */
}

/* Behind the last one, with the running hash that follows, unless it is given. */
static status
append(kv_txn *txn, struct journal_entry *entry, bool has_running)
{
	struct journal_entry last = { .running = { 0 } };
	status st = ST_OK;

	entry->offset = journal_size(txn);
	if (entry->offset > 0)
		st = journal_read(txn, entry->offset - 1, &last);
	if (st < 0)
		return st;
	if (!has_running)
		journal_running(last.running, entry, entry->running);
	return put_entry(txn, entry);
}

status
journal_append(kv_txn *txn, journal_kind kind, int64_t received_ms, struct bytes bytes,
               uint64_t *ret_offset)
{
	struct journal_entry entry = { .kind = kind, .received_ms = received_ms, .bytes = bytes };
	status st = append(txn, &entry, false);

	if (st == ST_OK)
		*ret_offset = entry.offset;
	return st;
}

status
journal_mend(kv_txn *txn, const struct journal_entry *entry)
{
	return put_entry(txn, entry);
}

status
journal_open(const struct journal_entry *entry, struct batch *ret_batch, uint64_t *ret_count)
{
	struct bytes frame = entry->bytes;
	struct batch b;
	uint64_t count = 0;
	status st;

	if (entry->kind != JOURNAL_BATCH && entry->kind != JOURNAL_REFILL)
		return ST_NOT_FOUND;
	if (entry->kind == JOURNAL_REFILL) {
		if (frame.len < COUNT_BYTES)
			return ST_MALFORMED;
		count = get_u64(frame.at);
		frame = (struct bytes) { frame.at + COUNT_BYTES, frame.len - COUNT_BYTES };
	}
	st = batch_open(frame.at, frame.len, &b);
	if (entry->kind == JOURNAL_BATCH && st == ST_OK)
		count = b.count;
	if (st < 0 || count < 1 || count > b.count)
		return ST_MALFORMED;
	*ret_batch = b;
	*ret_count = count;
	return ST_OK;
}

/* ---- taking a batch ---- */

/* Events of a batch that are to be stored, behind skip others. */
struct run {
	struct point start, end;
	uint64_t skip, count;
	size_t skip_bytes;
};

struct placing {
	kv_txn *txn;
	const uint8_t *feed;
	struct point start;
	const struct batch_event *events;
	uint64_t count;
	take_how how;
};

/* Places in a batch: its events, and the point before them at 0. */
static const struct point *
place_of(const struct placing *p, uint64_t i)
{
	return i > 0 ? &p->events[i - 1].at : &p->start;
}

static status
place_known(const struct placing *p, uint64_t i, bool *ret_known)
{
	status st = journal_known(p->txn, p->feed, place_of(p, i));

	*ret_known = st == ST_OK;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* Between two places without a gap, known events come before those that are not: halve.
 * The first is known, the last is not. */
static status
find_joint(const struct placing *p, uint64_t known, uint64_t unknown, uint64_t *ret_joint)
{
	status st = ST_OK;

	while (unknown - known > 1 && st == ST_OK) {
		uint64_t middle = known + (unknown - known) / 2;
		bool is_known = false;

		st = place_known(p, middle, &is_known);
		if (is_known)
			known = middle;
		else
			unknown = middle;
	}
	*ret_joint = known;
	return st;
}

/* The next place above from that is a gap, else the end. */
static status
next_gap(const struct placing *p, uint64_t from, uint64_t *ret_next, bool *ret_gap)
{
	status st = ST_NOT_FOUND;
	uint64_t i = from;

	while (st == ST_NOT_FOUND && ++i <= p->count)
		st = gaps_has(p->txn, p->feed, place_of(p, i));
	*ret_gap = st == ST_OK;
	*ret_next = i <= p->count ? i : p->count;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

static void
set_run(const struct placing *p, uint64_t skip, uint64_t last, struct run *r)
{
	*r = (struct run) { .start = *place_of(p, skip),
		            .end = *place_of(p, last),
		            .skip = skip,
		            .count = last - skip,
		            .skip_bytes = skip > 0 ? p->events[skip - 1].end_offset : 0 };
}

/* What is to be stored of the events behind low, up to high, which is a gap or the end.
 * ST_EXISTS: nothing, they are known. */
static status
place_between(const struct placing *p, uint64_t low, uint64_t high, bool gap, struct run *ret_run)
{
	uint64_t joint = low;
	bool known = false;
	status st = ST_OK;

	if (!gap)
		st = place_known(p, high, &known);
	if (st < 0 || known)
		return st == ST_OK ? ST_EXISTS : st;
	st = place_known(p, low, &known);
	/* a gap, whose successor may be another event than ours */
	if (st == ST_OK && !known && high - low > 1)
		st = place_known(p, ++low, &known);
	if (st < 0)
		return st;
	if (!known && !gap && p->how != TAKE_LOOSE)
		return ST_UNKNOWN; /* what comes to a gap makes no other one */
	if (known)
		st = find_joint(p, low, high, &joint);
	if (st == ST_OK)
		set_run(p, joint, high, ret_run);
	return st;
}

/* The first run that is not here.  Only at a gap do events that are not here come before
 * those that are. */
static status
place_run(const struct placing *p, struct run *ret_run)
{
	uint64_t low = 0, high = 0;
	status st = ST_EXISTS;

	while (st == ST_EXISTS && high < p->count) {
		bool gap;

		low = high;
		st = next_gap(p, low, &high, &gap);
		if (st == ST_OK)
			st = place_between(p, low, high, gap, ret_run);
	}
	return st;
}

/* Without gaps in the way all of it joins at once, or its last event is known: both are
 * asked before its events are looked at. */
static status
place_quickly(kv_txn *txn, const struct batch *b, struct run *ret_run)
{
	struct point start = batch_start(b), end = batch_end(b);
	uint64_t events;
	bool gaps;
	status st = gaps_between(txn, b->feed, start.seq, end.seq, &gaps);

	if (st < 0 || gaps)
		return st == ST_OK ? ST_NOT_FOUND : st;
	st = index_leaf(txn, b->feed, &start, &events);
	*ret_run = (struct run) { .start = start, .end = end, .count = b->count };
	if (st != ST_NOT_FOUND)
		return st; /* at the end of a lane: nothing behind it is known */
	st = journal_known(txn, b->feed, &end);
	return st == ST_OK ? ST_EXISTS : st;
}

/* ST_EXISTS, ST_UNKNOWN, or what is to be stored. */
static status
place_batch(kv_txn *txn, const struct batch *b, const struct batch_event *events, take_how how,
            struct run *ret_run)
{
	const struct placing p = { txn, b->feed, batch_start(b), events, b->count, how };
	status st = place_quickly(txn, b, ret_run);

	return st == ST_NOT_FOUND ? place_run(&p, ret_run) : st;
}

/* The bytes to keep: the frame itself, or the rest of it in w; before them how many events
 * are meant, where these are not all. */
static status
bytes_to_keep(const struct batch *b, struct bytes bodies, const struct run *r, writer *rest,
              writer *w, struct bytes *ret_bytes)
{
	uint8_t count[COUNT_BYTES];
	status st = ST_OK;

	*ret_bytes = b->frame;
	if (r->skip > 0) {
		st = batch_rewrite(b, bodies, r->skip, r->skip_bytes, r->start.hash, rest);
		*ret_bytes = writer_bytes(rest);
	}
	if (st < 0 || r->skip + r->count == b->count)
		return st;
	put_u64(count, r->count);
	writer_raw(w, count, sizeof(count));
	writer_raw(w, ret_bytes->at, ret_bytes->len);
	*ret_bytes = writer_bytes(w);
	return writer_status(w);
}

/* What joins at nothing that is here needs room for a gap; to go on with a lane, or to
 * come to what is here, needs none for a lane. */
static status
has_room(kv_txn *txn, const uint8_t *feed, const struct run *r)
{
	status st = gaps_has(txn, feed, &r->end);

	if (st != ST_NOT_FOUND)
		return st;
	st = index_has_room(txn, feed, &r->start);
	if (st == ST_OK)
		st = journal_known(txn, feed, &r->start);
	if (st == ST_NOT_FOUND)
		st = gaps_has(txn, feed, &r->start) == ST_OK ? ST_OK : gaps_have_room(txn, feed);
	return st;
}

/* All that can refuse the batch (its place, the room for a lane, its size once the known
 * part is cut off) is asked before the first write: who is refused has stored nothing. */
status
journal_take(kv_txn *txn, const struct batch *b, const struct batch_content *content,
             int64_t received_ms, take_how how, struct taken *ret_taken)
{
	struct bytes bytes;
	struct run run = { 0 };
	struct taken taken = { 0 };
	writer rest, w;
	status st = place_batch(txn, b, content->events, how, &run);

	if (st == ST_OK)
		st = has_room(txn, b->feed, &run);
	if (st < 0)
		return st;
	writer_init(&rest);
	writer_init(&w);
	st = bytes_to_keep(b, content->bodies, &run, &rest, &w, &bytes);
	if (st == ST_OK)
		st = journal_append(
			txn, run.skip + run.count == b->count ? JOURNAL_BATCH : JOURNAL_REFILL,
			received_ms, bytes, &taken.offset);
	if (st == ST_OK)
		st = index_put(txn, b->feed, &run.start, &run.end, taken.offset,
		               content->events + run.skip, &taken.closed);
	writer_done(&rest);
	writer_done(&w);
	taken.skipped = run.skip;
	taken.count = run.count;
	if (st == ST_OK)
		*ret_taken = taken;
	return st;
}

/* ---- walking over events ---- */

/* visit may write to the store: what it gets lies in a copy. */
status
journal_each_event_of(const struct journal_entry *entry, journal_visit *visit, void *ctx)
{
	struct journal_event e = { .offset = entry->offset, .received_ms = entry->received_ms };
	run_block *block = NULL;
	status st = run_block_open(entry, &block);

	if (st < 0)
		return st;
	e.feed = block->run.batch.feed;
	for (uint64_t i = 0; i < block->run.count && st == ST_OK; i++) {
		e.event = block->run.content.events[i];
		st = visit(ctx, &e);
	}
	run_block_free(&block);
	return st;
}

bool
journal_is_batch(const struct journal_entry *entry)
{
	return entry->kind == JOURNAL_BATCH || entry->kind == JOURNAL_REFILL;
}

/* The size is read once: entries that visit appends are not walked over. */
status
journal_each_event(kv_txn *txn, journal_visit *visit, void *ctx)
{
	uint64_t size = journal_size(txn);
	status st = ST_OK;

	for (uint64_t offset = 0; offset < size && st == ST_OK; offset++) {
		struct journal_entry entry;

		st = journal_read(txn, offset, &entry);
		if (st == ST_OK && journal_is_batch(&entry))
			st = journal_each_event_of(&entry, visit, ctx);
	}
	return st;
}

/* ---- the index of what is there ---- */

status
journal_index_run(kv_txn *txn, uint64_t offset, const struct journal_run *run, bool *ret_closed)
{
	return index_put(txn, run->batch.feed, &run->start, &run->end, offset, run->content.events,
	                 ret_closed);
}

/* The index lies in the store that is written to, the entry must not. */
static status
index_entry(kv_txn *txn, const struct journal_entry *entry)
{
	run_block *block = NULL;
	bool closed;
	status st = run_block_open(entry, &block);

	if (st == ST_OK)
		st = journal_index_run(txn, entry->offset, &block->run, &closed);
	run_block_free(&block);
	return st;
}

status
journal_index_anew(kv_txn *txn)
{
	uint64_t size = journal_size(txn);
	status st = index_clear(txn);

	for (uint64_t offset = 0; offset < size && st == ST_OK; offset++) {
		struct journal_entry entry;

		st = journal_read(txn, offset, &entry);
		if (st == ST_OK && journal_is_batch(&entry))
			st = index_entry(txn, &entry);
	}
	return st;
}

/* The running hash is computed again, but for an entry that is no longer what it was. */
status
journal_copy(kv_txn *txn, const struct journal_entry *entry)
{
	struct journal_entry copy = *entry;

	return append(txn, &copy, entry->kind == JOURNAL_LOST);
}

/* ---- losing ---- */

/* Of what was there, time and running hash stay, as far as they can be read. */
static status
read_head(kv_txn *txn, uint64_t offset, struct journal_entry *ret_entry)
{
	uint8_t key[OFFSET_BYTES];
	struct bytes value;
	status st;

	*ret_entry = (struct journal_entry) { .offset = offset, .kind = JOURNAL_LOST };
	put_u64(key, offset);
	st = kv_get(txn, TABLE_JOURNAL, (struct bytes) { key, sizeof(key) }, &value);
	if (st == ST_OK && value.len >= ENTRY_HEAD_BYTES) {
		ret_entry->received_ms = (int64_t) get_u64(value.at + 1);
		memcpy(ret_entry->running, value.at + 9, HASH_BYTES);
	}
	return st == ST_NOT_FOUND ? ST_OK : st;
}

enum { LOST_BYTES = FEED_BYTES + 2 * COUNT_BYTES + 2 * HASH_BYTES };

status
journal_lost(kv_txn *txn, const struct journal_entry *entry, struct lost_run *ret_run)
{
	const uint8_t *at = entry->bytes.at;
	struct lost_run run = { .feed = at };
	status st;

	if (entry->bytes.len != LOST_BYTES)
		return ST_MALFORMED;
	run.first = get_u64(at + FEED_BYTES);
	run.count = get_u64(at + FEED_BYTES + COUNT_BYTES);
	if (run.first < 1 || run.count < 1 || run.count > BATCH_EVENTS_MAX)
		return ST_MALFORMED;
	run.end.seq = run.first + run.count - 1;
	memcpy(run.end.hash, at + LOST_BYTES - HASH_BYTES, HASH_BYTES);
	st = index_whole(txn, run.feed, &run.end, run.first);
	run.back = st == ST_OK;
	if (st == ST_OK || st == ST_NOT_FOUND)
		*ret_run = run;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

status
journal_lose(kv_txn *txn, uint64_t offset, const struct index_row *row)
{
	uint8_t was[LOST_BYTES];
	struct journal_entry entry;
	status st = read_head(txn, offset, &entry);

	if (st < 0)
		return st;
	memcpy(was, row->feed, FEED_BYTES);
	put_u64(was + FEED_BYTES, row->first);
	put_u64(was + FEED_BYTES + COUNT_BYTES, row->count);
	memcpy(was + FEED_BYTES + 2 * COUNT_BYTES, row->before, HASH_BYTES);
	memcpy(was + FEED_BYTES + 2 * COUNT_BYTES + HASH_BYTES, row->after, HASH_BYTES);
	entry.bytes = (struct bytes) { was, sizeof(was) };
	st = index_lose(txn, row);
	return st == ST_OK ? put_entry(txn, &entry) : st;
}
