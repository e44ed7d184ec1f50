#include "hub/verify.h"

#include <sodium.h>

#include "hub/digest.h"
#include "hub/journal_gaps.h"
#include "hub/past.h"
#include "hub/registry_entry.h"
#include "hub/run_block.h"
#include "protocol/chain.h"

bool
damage_is_derived(damage_kind kind)
{
	return kind >= DAMAGE_INDEX;
}

/* One look over the journal. */
struct looking {
	kv_txn *txn;
	const struct verifying *how;
	struct verified *result;
	uint8_t running[HASH_BYTES]; /* of the entry before, as stored */
	bool running_holds;          /* there was one to read */
};

static status
report(struct looking *l, const struct damage *d)
{
	l->result->damages++;
	return l->how->visit(l->how->ctx, d);
}

/* Of an entry that cannot say itself what it is, the index does. */
static status
report_entry(struct looking *l, damage_kind kind, uint64_t offset)
{
	struct damage d = { .kind = kind, .offset = offset };
	struct index_row row;
	status st = index_of_offset(l->txn, offset, &row);

	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	if (st == ST_OK) {
		d.has_range = true;
		d.first = row.first;
		d.last = row.first + row.count - 1;
		memcpy(d.feed, row.feed, FEED_BYTES);
	}
	return report(l, &d);
}

/* ---- an entry ---- */

static status
note(struct looking *l, damage_kind kind, const struct journal_entry *entry,
     const struct journal_run *r)
{
	struct damage d = { .kind = kind,
		            .offset = entry->offset,
		            .has_range = true,
		            .first = r->batch.first,
		            .last = r->batch.first + r->count - 1 };

	memcpy(d.feed, r->batch.feed, FEED_BYTES);
	return report(l, &d);
}

/* Its row has all that can be known of the place of a batch; what it joins at must be
 * here, or told as a gap. */
static status
look_at_place(struct looking *l, const struct journal_entry *entry, const struct journal_run *r)
{
	const uint8_t *feed = r->batch.feed;
	struct device device;
	status st;

	l->result->events += r->count;
	st = registry_device(l->txn, feed, &device);
	if (st == ST_NOT_FOUND)
		return note(l, DAMAGE_SENDER, entry, r);
	if (st == ST_OK)
		st = index_check(l->txn, feed, &r->start, &r->end, entry->offset,
		                 r->content.events);
	if (st == ST_NOT_FOUND)
		return note(l, DAMAGE_INDEX, entry, r);
	if (st == ST_OK)
		st = journal_known(l->txn, feed, &r->start);
	if (st == ST_NOT_FOUND)
		st = gaps_has(l->txn, feed, &r->start);
	if (st == ST_NOT_FOUND)
		return note(l, DAMAGE_JOIN, entry, r);
	return st == ST_MALFORMED ? ST_OK : st; /* what is damaged below is told of itself */
}

static status
look_at_batch(struct looking *l, const struct journal_entry *entry)
{
	run_block *block = NULL;
	status st = run_block_new(entry, &block);

	if (st == ST_OK)
		st = run_block_lay_out(block, true);
	if (st != ST_NOMEM) {
		l->result->batches++;
		st = st == ST_OK ? look_at_place(l, entry, &block->run)
				 : report_entry(l, DAMAGE_BATCH, entry->offset);
	}
	run_block_free(&block);
	return st;
}

static status
look_at_lost(struct looking *l, const struct journal_entry *entry)
{
	struct damage d = { .kind = DAMAGE_LOST, .offset = entry->offset, .has_range = true };
	struct lost_run run;
	status st = journal_lost(l->txn, entry, &run);

	if (st == ST_MALFORMED)
		return report_entry(l, DAMAGE_ENTRY, entry->offset);
	if (st < 0 || run.back)
		return st;
	d.first = run.first;
	d.last = run.end.seq;
	memcpy(d.feed, run.feed, FEED_BYTES);
	return report(l, &d);
}

/* What follows an entry that could not be read has no running hash to go by. */
static bool
runs_on(struct looking *l, const struct journal_entry *entry)
{
	uint8_t want[HASH_BYTES];

	journal_running(l->running, entry, want);
	return !l->running_holds || memcmp(want, entry->running, HASH_BYTES) == 0;
}

static status
look_at_entry(struct looking *l, uint64_t offset)
{
	struct journal_entry entry = { 0 };
	struct entry act;
	status st = journal_read(l->txn, offset, &entry);
	bool runs;

	if (st == ST_NOT_FOUND || st == ST_MALFORMED) {
		l->running_holds = false;
		return report_entry(l, DAMAGE_ENTRY, offset);
	}
	if (st < 0)
		return st;
	runs = entry.kind == JOURNAL_LOST || runs_on(l, &entry);
	memcpy(l->running, entry.running, HASH_BYTES);
	l->running_holds = true;
	if (!runs)
		return report_entry(l, DAMAGE_RUNNING, offset);
	if (journal_is_batch(&entry))
		return look_at_batch(l, &entry);
	if (entry.kind == JOURNAL_LOST)
		return look_at_lost(l, &entry);
	return entry_decode(entry.bytes, &act) == ST_OK ? ST_OK
							: report_entry(l, DAMAGE_REGISTRY, offset);
}

static status
look_at_all(struct looking *l)
{
	const struct verifying *v = l->how;
	uint64_t size = journal_size(l->txn);
	status st = ST_OK;

	l->result->entries = size;
	l->result->gaps = kv_count(l->txn, TABLE_GAPS);
	l->running_holds = true;
	for (uint64_t offset = 0; offset < size && st == ST_OK; offset++) {
		if (v->progress)
			v->progress(v->progress_ctx, offset, size);
		st = look_at_entry(l, offset);
	}
	return st;
}

/* ---- the index ---- */

static status
look_at_row(void *ctx, const struct index_row *row)
{
	struct looking *l = ctx;
	struct journal_entry entry;
	struct damage d = { .kind = DAMAGE_STRAY,
		            .offset = row->offset,
		            .has_range = true,
		            .first = row->first,
		            .last = row->first + row->count - 1 };
	status st = journal_read(l->txn, row->offset, &entry);

	if (st == ST_OK && journal_is_batch(&entry))
		return ST_OK; /* what it says was looked at with the batch */
	if (st < 0 && st != ST_NOT_FOUND && st != ST_MALFORMED)
		return st;
	if (st == ST_MALFORMED)
		return ST_OK; /* told of as an entry */
	memcpy(d.feed, row->feed, FEED_BYTES);
	return report(l, &d);
}

static status
look_at_index(struct looking *l)
{
	status st = index_each(l->txn, look_at_row, l);

	if (st == ST_MALFORMED)
		st = report(l, &(struct damage) { .kind = DAMAGE_INDEX });
	return st;
}

/* ---- what is derived ---- */

/* Of a leaf only that it is one: which lane brought an event depends on the order.  Of a
 * batch not its tags: each store draws its own, and they were compared with its entry. */
static bool
same_row(int table, const struct kv_walk *a, const struct kv_walk *b)
{
	if (table == TABLE_LEAVES)
		return a->key.len == b->key.len && memcmp(a->key.at, b->key.at, a->key.len) == 0;
	if (table == TABLE_BATCHES)
		return index_same_batch(a, b);
	return a->key.len == b->key.len && a->value.len == b->value.len &&
		memcmp(a->key.at, b->key.at, a->key.len) == 0 &&
		(a->value.len == 0 || memcmp(a->value.at, b->value.at, a->value.len) == 0);
}

static status
same_table(kv_txn *a, kv_txn *b, int table, bool *ret_same)
{
	struct kv_walk x, y;
	bool more_x = kv_seek(a, table, (struct bytes) { 0 }, &x);
	bool more_y = kv_seek(b, table, (struct bytes) { 0 }, &y);
	bool same = true;
	status st;

	while (same && more_x && more_y) {
		same = same_row(table, &x, &y);
		more_x = kv_next(&x);
		more_y = kv_next(&y);
	}
	*ret_same = same && !more_x && !more_y;
	st = x.st == ST_OK ? y.st : x.st;
	kv_walk_done(&x);
	kv_walk_done(&y);
	return st;
}

static status
compare_tables(struct looking *l, kv_txn *fresh)
{
	static const struct {
		int table;
		damage_kind kind;
	} tables[] = {
		{ TABLE_BATCHES, DAMAGE_INDEX },       { TABLE_LEAVES, DAMAGE_LEAVES },
		{ TABLE_GAPS, DAMAGE_LEAVES },         { TABLE_REGISTRY, DAMAGE_RIGHTS },
		{ TABLE_DOCUMENTS, DAMAGE_DOCUMENTS },
	};
	status st = ST_OK;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && st == ST_OK; i++) {
		bool same;

		st = same_table(l->txn, fresh, tables[i].table, &same);
		if (st == ST_OK && !same)
			st = report(l, &(struct damage) { .kind = tables[i].kind });
	}
	return st;
}

/* Sums of days and months, which are outside the digest. */
static status
hash_sums(kv_txn *txn, uint8_t ret_hash[static HASH_BYTES])
{
	static const int tables[] = { TABLE_DAYS, TABLE_MONTHS };
	crypto_generichash_state state;
	status st = ST_OK;

	crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && st == ST_OK; i++) {
		struct kv_walk walk;

		for (bool more = kv_seek(txn, tables[i], (struct bytes) { 0 }, &walk); more;
		     more = kv_next(&walk)) {
			crypto_generichash_update(&state, walk.key.at, walk.key.len);
			crypto_generichash_update(&state, walk.value.at, walk.value.len);
		}
		st = walk.st;
		kv_walk_done(&walk);
	}
	crypto_generichash_final(&state, ret_hash, HASH_BYTES);
	return st;
}

static status
compare_digests(struct looking *l, hub *h, hub *past, kv_txn *fresh)
{
	struct verified *r = l->result;
	uint8_t kept_set[HASH_BYTES], kept[HASH_BYTES] = { 0 }, sums[HASH_BYTES] = { 0 },
				      fresh_sums[HASH_BYTES] = { 0 };
	status st = hub_digest_rows(h, l->txn, r->set, r->state);

	if (st == ST_OK)
		st = hub_digest_rows(past, fresh, r->fresh_set, r->fresh_state);
	if (st == ST_OK)
		st = hub_digest(h, l->txn, kept_set, kept);
	if (st == ST_OK)
		st = hash_sums(l->txn, sums);
	if (st == ST_OK)
		st = hash_sums(fresh, fresh_sums);
	r->compared = st == ST_OK;
	if (st == ST_OK &&
	    (memcmp(r->set, r->fresh_set, HASH_BYTES) != 0 ||
	     memcmp(r->state, r->fresh_state, HASH_BYTES) != 0 ||
	     memcmp(r->state, kept, HASH_BYTES) != 0 || memcmp(sums, fresh_sums, HASH_BYTES) != 0))
		st = report(l, &(struct damage) { .kind = DAMAGE_LEDGER });
	return st;
}

/* Where there is no room for the scratch store, all the rest is still told. */
static status
fold_and_compare(struct looking *l, hub *h)
{
	hub *past = NULL;
	kv_txn *fresh = NULL;
	status st = past_at_offset(h, l->txn, journal_size(l->txn), &past);

	if (st < 0) {
		l->result->unfolded = st;
		return st == ST_NOMEM ? st : ST_OK;
	}
	st = kv_read(hub_store(past), &fresh);
	if (st == ST_OK)
		st = compare_tables(l, fresh);
	if (st == ST_OK)
		st = compare_digests(l, h, past, fresh);
	kv_abort(&fresh);
	hub_close(&past);
	return st;
}

status
hub_verify(hub *h, kv_txn *txn, const struct verifying *v, bool fold, struct verified *ret_verified)
{
	struct looking l = { .txn = txn, .how = v, .result = ret_verified };
	status st;

	*ret_verified = (struct verified) { .entries = 0 };
	st = look_at_all(&l);
	if (st == ST_OK)
		st = look_at_index(&l);
	if (st == ST_OK && fold && ret_verified->damages == 0)
		st = fold_and_compare(&l, h);
	return st;
}
