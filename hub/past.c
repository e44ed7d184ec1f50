#include "hub/past.h"

#include <stdlib.h>

#include "hub/digest.h"
#include "hub/documents.h"
#include "hub/hub_internal.h"
#include "hub/journal_index.h"
#include "hub/offset.h"
#include "hub/past_base.h"
#include "hub/run_block.h"

/* ---- filling ---- */

/* A hub that is being filled from another: h by what txn sees of it. */
struct filling {
	hub *h, *past;
	kv_txn *from, *to;
	const struct cut *cut;
	struct past_fault *fault;
};

/* As it lies in the other journal, where it was verified before it was stored; over a gap
 * there may be none here. */
static status
fill_batch(const struct filling *f, const struct journal_entry *entry, const struct batch *b,
           const struct batch_content *content)
{
	struct taken t = { 0 };
	status st = ST_OK;

	while (st == ST_OK && t.skipped + t.count < b->count)
		st = journal_take(f->to, b, content, entry->received_ms, TAKE_LOOSE, &t);
	return st == ST_EXISTS ? ST_OK : st;
}

static status
fill_entry(const struct filling *f, uint64_t offset)
{
	struct journal_entry entry;
	status st = journal_read(f->from, offset, &entry);

	return st == ST_OK ? journal_copy(f->to, &entry) : st;
}

/* The running hash covers all that was copied: where it is the same, so is the journal. */
static status
fill_up_to(const struct filling *f, uint64_t entries)
{
	struct offset here;
	status st = ST_OK;

	for (uint64_t offset = 0; offset < entries && st == ST_OK; offset++)
		st = fill_entry(f, offset);
	if (st == ST_OK)
		st = offset_of(f->from, entries, &here);
	if (st == ST_OK)
		st = offset_check(f->to, &here);
	return st == ST_INVALID ? ST_MALFORMED : st;
}

/* What is wrong with the store from which it is filled is damage there. */
static status
fault_of_copy(status st)
{
	switch ((int) st) {
	case ST_OK:
	case ST_NOMEM:
	case ST_FULL:
	case ST_IO:
	case ST_DENIED: return st;
	default: return ST_MALFORMED;
	}
}

static status
begin(struct filling *f)
{
	status st = hub_open_scratch(f->h, NULL, NULL, &f->past);

	if (st == ST_OK)
		st = kv_write(hub_store(f->past), 0, &f->to);
	if (st == ST_OK)
		st = index_clear(f->to);
	if (st == ST_OK)
		hub_watch(f->past, f->h->progress, f->h->progress_ctx);
	return st;
}

static status
end(struct filling *f, status st, hub **ret_past)
{
	if (st == ST_OK)
		st = kv_commit(&f->to);
	kv_abort(&f->to);
	if (st < 0)
		hub_close(&f->past);
	else
		*ret_past = f->past;
	return st;
}

status
past_at_offset(hub *h, kv_txn *txn, uint64_t entries, hub **ret_past)
{
	struct filling f = { .h = h, .from = txn };
	status st = entries <= journal_size(txn) ? ST_OK : ST_NOT_FOUND;

	if (st < 0)
		return st;
	st = past_from_copy(h, txn, entries, ret_past);
	if (st != ST_NOT_FOUND)
		return st;
	st = begin(&f);
	if (st == ST_OK)
		st = fault_of_copy(fill_up_to(&f, entries));
	if (st == ST_OK)
		st = hub_rebuild(f.past, f.to);
	return end(&f, st, ret_past);
}

/* ---- what a cut needs ---- */

static status
missing(struct past_fault *fault, past_lack lack)
{
	fault->lack = lack;
	return ST_NOT_FOUND;
}

/* How far the feed goes here: its highest leaf. */
static status
note_end(kv_txn *txn, const uint8_t *feed, uint64_t *ret_seq)
{
	struct point leaves[LANES_MAX];
	size_t count;
	status st = journal_leaves(txn, feed, leaves, LANES_MAX, &count);

	*ret_seq = st == ST_OK && count > 0 ? leaves[count - 1].seq : 0;
	return st;
}

static status
need_leaves(kv_txn *txn, const struct leaves *leaves, struct past_fault *fault)
{
	for (size_t i = 0; i < leaves_count(leaves); i++) {
		struct point at;
		const uint8_t *feed = leaves_get(leaves, i, &at);
		status st = journal_known(txn, feed, &at);

		if (st == ST_OK)
			continue;
		if (st != ST_NOT_FOUND)
			return st;
		memcpy(fault->feed, feed, FEED_BYTES);
		fault->wanted = at.seq;
		st = note_end(txn, feed, &fault->here);
		return st == ST_OK ? missing(fault, PAST_LACKS_EVENTS) : st;
	}
	return ST_OK;
}

struct plan_search {
	const uint8_t *hash;
	bool found;
	struct office_document plan;
};

static status
compare_plan(void *ctx, const struct office_document *d)
{
	struct plan_search *s = ctx;

	if (memcmp(d->hash, s->hash, HASH_BYTES) == 0) {
		s->plan = *d;
		s->found = true;
	}
	return ST_OK;
}

static bool
is_zero(const uint8_t *hash)
{
	static const uint8_t zeros[HASH_BYTES];

	return memcmp(hash, zeros, HASH_BYTES) == 0;
}

/* Whichever feed published it: a plan is its bytes. */
static status
need_plan(kv_txn *txn, const struct cut *c, struct plan_search *s, struct past_fault *fault)
{
	status st;

	*s = (struct plan_search) { .hash = c->plan };
	if (is_zero(c->plan))
		return ST_OK;
	st = documents_each(txn, KIND_PLAN, compare_plan, s);
	return st == ST_OK && !s->found ? missing(fault, PAST_LACKS_PLAN) : st;
}

/* ---- the registry as it was ---- */

/* The entry lies in another store than the one that is written to. */
static status
apply_entry(const struct filling *f, const struct journal_entry *entry, bool *ret_fits)
{
	uint8_t hash[HASH_BYTES] = { 0 };
	status st = registry_apply(f->to, entry->bytes);

	if (st == ST_OK)
		st = registry_hash(f->to, hash);
	*ret_fits = st == ST_OK && memcmp(hash, f->cut->registry, HASH_BYTES) == 0;
	return st;
}

/* Up to which entry of the journal the acts are to be taken for the registry of the cut:
 * the last one that makes it.  All acts are tried in the store that is being filled, where
 * folding begins with an empty registry again. */
static status
find_registry(const struct filling *f, uint64_t *ret_entries)
{
	uint64_t size = journal_size(f->from);
	status st = ST_OK;
	bool found = false;

	for (uint64_t offset = 0; offset < size && st == ST_OK; offset++) {
		struct journal_entry entry;
		bool fits = false;

		st = journal_read(f->from, offset, &entry);
		if (st == ST_OK && entry.kind == JOURNAL_REGISTRY)
			st = apply_entry(f, &entry, &fits);
		if (fits) {
			*ret_entries = offset + 1;
			found = true;
		}
	}
	return st == ST_OK && !found ? missing(f->fault, PAST_LACKS_REGISTRY) : st;
}

/* ---- batches up to the leaves ---- */

/* What a cut says of one feed: an event is in it when it lies on or below a leaf, and no gap
 * lies between. */
struct reach {
	const uint8_t *feed;
	struct leaves leaves, gaps;
};

/* ST_NOT_FOUND: no, nor while the gap is still one: nothing leads over it. */
static status
is_cut_off(const struct filling *f, const struct reach *reach, const struct point *at,
           const struct point *leaf)
{
	status st = ST_NOT_FOUND;

	for (size_t i = 0; i < leaves_count(&reach->gaps) && st == ST_NOT_FOUND; i++) {
		struct point gap;

		leaves_get(&reach->gaps, i, &gap);
		if (gap.seq < at->seq)
			continue;
		st = chains_below(f->h->chains, f->from, reach->feed, at, &gap);
		if (st == ST_OK)
			st = chains_below(f->h->chains, f->from, reach->feed, &gap, leaf);
	}
	return st;
}

/* Leaves ascend by number, and an event lies below most of them that are above it. */
static status
is_covered(const struct filling *f, const struct reach *reach, const struct point *at,
           bool *ret_covered)
{
	status st = ST_OK;

	*ret_covered = false;
	for (size_t i = leaves_count(&reach->leaves); i > 0 && st == ST_OK && !*ret_covered; i--) {
		struct point leaf;

		leaves_get(&reach->leaves, i - 1, &leaf);
		if (leaf.seq < at->seq)
			break;
		st = chains_below(f->h->chains, f->from, reach->feed, at, &leaf);
		if (st == ST_OK) {
			st = is_cut_off(f, reach, at, &leaf);
			*ret_covered = st == ST_NOT_FOUND;
		}
		if (st == ST_NOT_FOUND)
			st = ST_OK;
	}
	return st;
}

/* Events first to last of a batch, counted from 0, as a batch.  Nobody has its seal: the store
 * in which it is to lie is read and thrown away. */
static status
seal_part(const struct journal_run *r, uint64_t first, uint64_t count, struct bytes bodies,
          writer *w, struct batch *ret_batch)
{
	static const uint8_t nobody[SIGN_SECRET_BYTES];
	struct point start = first > 0 ? r->content.events[first - 1].at : r->start;
	status st = batch_seal(r->batch.feed, nobody, &start, bodies, count, w);

	return st == ST_OK ? batch_open(writer_bytes(w).at, writer_bytes(w).len, ret_batch) : st;
}

static status
fill_part(const struct filling *f, const struct journal_entry *entry, const struct journal_run *r,
          uint64_t first, uint64_t last)
{
	const struct batch_event *whole = r->content.events;
	size_t from = first > 0 ? whole[first - 1].end_offset : 0;
	struct batch_event *events;
	struct batch_content part;
	struct batch batch;
	writer w;
	status st;

	if (first == 0 && last + 1 == r->batch.count)
		return fill_batch(f, entry, &r->batch, &r->content);
	events = calloc(last - first + 1, sizeof(*events));
	if (!events)
		return ST_NOMEM;
	for (uint64_t i = first; i <= last; i++) {
		events[i - first] = whole[i];
		events[i - first].end_offset -= from;
	}
	part.bodies = (struct bytes) { r->content.bodies.at + from, whole[last].end_offset - from };
	part.events = events;
	writer_init(&w);
	st = seal_part(r, first, last - first + 1, part.bodies, &w, &batch);
	if (st == ST_OK)
		st = fill_batch(f, entry, &batch, &part);
	writer_done(&w);
	free(events);
	return st;
}

/* The events of a batch follow each other on one chain, so without a gap those that lie on or
 * below a leaf are its beginning: halve. */
static status
fill_beginning(const struct filling *f, const struct journal_entry *entry,
               const struct journal_run *r, const struct reach *reach)
{
	uint64_t inside = 0, outside = r->count + 1;
	status st = ST_OK;

	while (outside - inside > 1 && st == ST_OK) {
		uint64_t middle = inside + (outside - inside) / 2;
		bool covered = false;

		st = is_covered(f, reach, &r->content.events[middle - 1].at, &covered);
		if (covered)
			inside = middle;
		else
			outside = middle;
	}
	return st == ST_OK && inside > 0 ? fill_part(f, entry, r, 0, inside - 1) : st;
}

/* Where the cut has gaps each event is asked, and each run of those that are in it goes by
 * itself. */
static status
fill_runs(const struct filling *f, const struct journal_entry *entry, const struct journal_run *r,
          const struct reach *reach)
{
	uint64_t first = 0;
	status st = ST_OK;

	for (uint64_t i = 0; i <= r->count && st == ST_OK; i++) {
		bool covered = false;

		if (i < r->count)
			st = is_covered(f, reach, &r->content.events[i].at, &covered);
		if (st < 0 || covered)
			continue;
		if (i > first)
			st = fill_part(f, entry, r, first, i - 1);
		first = i + 1;
	}
	return st;
}

/* Most batches lie below a leaf as a whole: that is asked first. */
static status
fill_run_of_cut(const struct filling *f, const struct journal_entry *entry,
                const struct journal_run *r)
{
	struct reach reach = {
		.feed = r->batch.feed,
		.leaves = leaves_of_feed(&f->cut->leaves, r->batch.feed),
		.gaps = leaves_of_feed(&f->cut->gaps, r->batch.feed),
	};
	bool covered = false;
	status st = ST_OK;

	if (leaves_count(&reach.leaves) == 0)
		reach.leaves = leaves_of_feed(&f->cut->hub, r->batch.feed);
	if (leaves_count(&reach.leaves) == 0)
		return ST_OK;
	if (leaves_count(&reach.gaps) == 0 && r->count == r->batch.count) {
		st = is_covered(f, &reach, &r->end, &covered);
		if (st < 0)
			return st;
	}
	if (covered)
		return fill_batch(f, entry, &r->batch, &r->content);
	return leaves_count(&reach.gaps) > 0 ? fill_runs(f, entry, r, &reach)
					     : fill_beginning(f, entry, r, &reach);
}

static status
fill_batch_of_cut(const struct filling *f, const struct journal_entry *entry)
{
	run_block *block = NULL;
	status st = run_block_open(entry, &block);

	if (st == ST_OK)
		st = fill_run_of_cut(f, entry, &block->run);
	run_block_free(&block);
	return st;
}

/* Acts of the registry stand where they stood, up to the last of them. */
static status
fill_cut(const struct filling *f, uint64_t registry_entries)
{
	uint64_t size = journal_size(f->from);
	status st = ST_OK;

	for (uint64_t offset = 0; offset < size && st == ST_OK; offset++) {
		struct journal_entry entry;

		st = journal_read(f->from, offset, &entry);
		if (st == ST_OK && journal_is_batch(&entry))
			st = fill_batch_of_cut(f, &entry);
		else if (st == ST_OK && entry.kind == JOURNAL_REGISTRY && offset < registry_entries)
			st = fill_entry(f, offset);
	}
	return fault_of_copy(st);
}

/* ---- a cut ---- */

/* Of a hub's own feed nobody but that hub has all; what it said of plans is known by their
 * hash, so it is missed only where it corrected something, or closed a quarter. */
static status
check_digests(const struct filling *f)
{
	uint8_t set[HASH_BYTES], state[HASH_BYTES];
	status st = hub_digest(f->past, f->to, set, state);

	if (st < 0)
		return st;
	if (memcmp(set, f->cut->set, HASH_BYTES) == 0 &&
	    memcmp(state, f->cut->state, HASH_BYTES) == 0)
		return ST_OK;
	st = need_leaves(f->from, &f->cut->hub, f->fault);
	return st == ST_OK ? missing(f->fault, PAST_DIFFERS) : st;
}

static status
build_cut(struct filling *f, const struct plan_search *search)
{
	uint64_t registry_entries = 0;
	status st = find_registry(f, &registry_entries);

	if (st == ST_OK)
		st = fill_cut(f, registry_entries);
	if (st == ST_OK)
		st = hub_refold_grounds(f->past, f->to);
	if (st == ST_OK)
		st = documents_put_only(f->to, KIND_PLAN, search->found ? &search->plan : NULL);
	if (st == ST_OK)
		st = hub_refold_events(f->past, f->to);
	return st == ST_OK ? check_digests(f) : st;
}

status
past_can_cut(kv_txn *txn, const struct cut *c, struct past_fault *ret_fault)
{
	struct plan_search search;
	status st;

	*ret_fault = (struct past_fault) { .lack = PAST_LACKS_NOTHING };
	st = need_leaves(txn, &c->leaves, ret_fault);
	return st == ST_OK ? need_plan(txn, c, &search, ret_fault) : st;
}

/* A cut that was made here is of what came before its own entry.  ST_NOT_FOUND: it is not, or
 * no copy helps. */
static status
cut_from_copy(struct filling *f, const struct cut_file *file, hub **ret_past)
{
	const struct office_document *d = &file->document;
	struct index_row row;
	kv_txn *seen = NULL;
	status st = memcmp(d->feed, hub_id(f->h), FEED_BYTES) == 0
		? index_row_of(f->from, d->feed, &d->at, &row)
		: ST_NOT_FOUND;

	if (st == ST_OK)
		st = past_from_copy(f->h, f->from, row.offset, &f->past);
	if (st < 0)
		return st;
	st = kv_read(hub_store(f->past), &seen);
	f->to = seen;
	if (st == ST_OK)
		st = check_digests(f);
	kv_abort(&seen);
	f->to = NULL;
	if (st < 0)
		hub_close(&f->past);
	else
		*ret_past = f->past;
	return st;
}

static status
cut_from_nothing(struct filling *f, const struct plan_search *search, hub **ret_past)
{
	status st = begin(f);

	if (st == ST_OK)
		st = build_cut(f, search);
	return end(f, st, ret_past);
}

static status
give_name(hub **past_p, const struct cut_file *file, hub **ret_past)
{
	hub *past = *past_p;

	past->moment = strndup(file->document.name.at, file->document.name.len);
	if (!past->moment) {
		hub_close(past_p);
		return ST_NOMEM;
	}
	*ret_past = past;
	return ST_OK;
}

status
past_at_cut(hub *h, kv_txn *txn, const struct cut_file *file, hub **ret_past,
            struct past_fault *ret_fault)
{
	struct filling f = { .h = h, .from = txn, .cut = &file->cut, .fault = ret_fault };
	struct plan_search search = { .found = false };
	hub *past = NULL;
	status st = past_can_cut(txn, f.cut, ret_fault);

	if (st == ST_OK)
		st = need_plan(txn, f.cut, &search, ret_fault);
	if (st < 0)
		return st;
	st = cut_from_copy(&f, file, &past);
	if (st == ST_NOT_FOUND)
		st = cut_from_nothing(&f, &search, &past);
	return st == ST_OK && past ? give_name(&past, file, ret_past) : st;
}

void
past_keep(hub *past, hub **h_p)
{
	past->present = *h_p;
	*h_p = NULL;
}

const char *
past_cut_name(const hub *h)
{
	return h->moment;
}
