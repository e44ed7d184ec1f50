#include <stdlib.h>
#include <string.h>

#include "hub/documents.h"
#include "hub/hub_internal.h"
#include "hub/journal_index.h"
#include "hub/ledger.h"
#include "hub/runs.h"
#include "hub/standing.h"

/* ---- folding again ---- */

struct refolding {
	struct ledger ledger;
	bool index; /* entries are indexed as they come */
};

void
hub_watch(hub *h, hub_progress *progress, void *ctx)
{
	h->progress = progress;
	h->progress_ctx = ctx;
}

static status
take_part(void *ctx, const struct journal_event *e)
{
	const struct ledger *l = ctx;

	return hub_take_document(l->txn, l->chains, e->feed, &e->event);
}

/* The documents of one entry, if its feed may publish. */
static status
take_parts(struct ledger *l, const struct journal_entry *entry)
{
	struct device device = { 0 };
	struct batch b;
	uint64_t count;
	status st = journal_open(entry, &b, &count);

	if (st == ST_OK)
		st = registry_device(l->txn, b.feed, &device);
	if (st < 0)
		return st == ST_NOT_FOUND ? ST_MALFORMED : st;
	return hub_publisher(&device) ? journal_each_event_of(entry, take_part, l) : ST_OK;
}

/* Registry and plans, from the journal: whose plans count, the registry says. */
static status
refold_grounds(struct ledger *l, bool (*is_wanted)(const struct journal_entry *),
               status (*take)(struct ledger *, const struct journal_entry *))
{
	uint64_t size = journal_size(l->txn);
	status st = ST_OK;

	for (uint64_t offset = 0; offset < size && st == ST_OK; offset++) {
		struct journal_entry entry;

		st = journal_read(l->txn, offset, &entry);
		if (st == ST_OK && is_wanted(&entry))
			st = take(l, &entry);
	}
	return st;
}

static bool
is_act(const struct journal_entry *entry)
{
	return entry->kind == JOURNAL_REGISTRY;
}

static status
take_registry(struct ledger *l, const struct journal_entry *entry)
{
	/* the entry lies in the store that is written to */
	uint8_t *copy = malloc(entry->bytes.len + 1);
	status st;

	if (!copy)
		return ST_NOMEM;
	memcpy(copy, entry->bytes.at, entry->bytes.len);
	st = registry_apply(l->txn, (struct bytes) { copy, entry->bytes.len });
	free(copy);
	return st;
}

/* Corrections are judged while what they correct is at hand (hub/runs.h), as a rule. */
enum { ENTRIES_A_JUDGING = 16 };

/* Where the index has entries that are not folded yet, judging would take what is in them
 * for counted. */
static bool
judging_due(const struct refolding *r, uint64_t offset)
{
	return r->index && offset % ENTRIES_A_JUDGING == 0;
}

static status
fold_run(struct refolding *r, uint64_t offset, const struct journal_run *run)
{
	struct ledger *l = &r->ledger;
	status st = r->index ? journal_index_run(l->txn, offset, run) : ST_OK;

	for (uint64_t i = 0; st == ST_OK && i < run->count; i++) {
		const struct batch_event *e = &run->content.events[i];

		st = ledger_fold(l, run->batch.feed, &e->at, e->body, e->erased);
	}
	return st;
}

/* The next entries from *offset on, as many as are laid out meanwhile. */
static status
expect(struct refolding *r, ahead *a, uint64_t total, uint64_t *offset)
{
	status st = ST_OK;

	for (; *offset < total && st == ST_OK && ahead_room(a); (*offset)++) {
		struct journal_entry entry;

		st = journal_read(r->ledger.txn, *offset, &entry);
		if (st == ST_OK && journal_is_batch(&entry))
			st = ahead_put(a, &entry, false);
	}
	return st;
}

static status
fold_entry(struct refolding *r, hub *h, const struct journal_entry *entry)
{
	run_block *block = NULL;
	status st = ahead_take(h->ahead, entry, false, &block);

	if (st == ST_OK)
		st = fold_run(r, entry->offset, &block->run);
	if (st == ST_OK)
		runs_keep(h->runs, entry, &block);
	run_block_free(&block);
	return st == ST_OK && judging_due(r, entry->offset) ? ledger_judge(&r->ledger) : st;
}

static status
fold_entries(hub *h, struct refolding *r)
{
	uint64_t total = journal_size(r->ledger.txn), expected = 0;
	status st = ST_OK;

	for (uint64_t offset = 0; offset < total && st == ST_OK; offset++) {
		struct journal_entry entry;

		if (h->progress)
			h->progress(h->progress_ctx, offset, total);
		st = expect(r, h->ahead, total, &expected);
		if (st == ST_OK)
			st = journal_read(r->ledger.txn, offset, &entry);
		if (st == ST_OK && journal_is_batch(&entry))
			st = fold_entry(r, h, &entry);
	}
	if (st == ST_OK)
		st = ledger_settle(&r->ledger);
	if (st == ST_OK && h->progress)
		h->progress(h->progress_ctx, total, total);
	return st;
}

enum { RENEW_WAIT_MS = 10 * 1000 };

/* In TABLE_META: by which format the ledger was folded, and of how many entries when it was
 * folded from the beginning. */
static const char FORMAT_KEY[] = "ledger", FOLDED_KEY[] = "folded";

static struct bytes
format_key(void)
{
	return (struct bytes) { (const uint8_t *) FORMAT_KEY, strlen(FORMAT_KEY) };
}

static struct bytes
folded_key(void)
{
	return (struct bytes) { (const uint8_t *) FOLDED_KEY, strlen(FOLDED_KEY) };
}

static status
note_folded(kv_txn *txn)
{
	const uint8_t number[] = { LEDGER_FORMAT };
	uint8_t entries[8];
	status st = kv_put(txn, TABLE_META, format_key(),
	                   (struct bytes) { number, sizeof(number) });

	put_u64(entries, journal_size(txn));
	return st == ST_OK
		? kv_put(txn, TABLE_META, folded_key(), (struct bytes) { entries, sizeof(entries) })
		: st;
}

uint64_t
hub_folded(kv_txn *txn)
{
	struct bytes value;

	return kv_get(txn, TABLE_META, folded_key(), &value) == ST_OK && value.len == 8
		? get_u64(value.at)
		: 0;
}

static bool
is_of_format(kv_txn *txn)
{
	struct bytes value;

	return kv_get(txn, TABLE_META, format_key(), &value) == ST_OK && value.len == 1 &&
		value.at[0] == LEDGER_FORMAT;
}

static status
clear_registry(hub *h, kv_txn *txn)
{
	struct ledger l = { .txn = txn, .chains = h->chains };
	status st = kv_clear(txn, TABLE_REGISTRY);

	return st == ST_OK ? refold_grounds(&l, is_act, take_registry) : st;
}

static status
clear_documents(hub *h, kv_txn *txn)
{
	struct ledger l = { .txn = txn, .chains = h->chains };
	status st = documents_clear(txn);

	return st == ST_OK ? refold_grounds(&l, journal_is_batch, take_parts) : st;
}

/* What events are judged by. */
status
hub_refold_grounds(hub *h, kv_txn *txn)
{
	status st = clear_registry(h, txn);

	return st == ST_OK ? clear_documents(h, txn) : st;
}

static status
refold_events(hub *h, kv_txn *txn, bool index)
{
	struct refolding r = { .index = index };
	status st = hub_ledger(h, txn, &r.ledger);

	if (st == ST_OK) {
		sums_forget(h->sums);
		st = ledger_clear(txn);
	}
	if (st == ST_OK)
		st = journal_forget_lost(txn);
	if (st == ST_OK)
		st = fold_entries(h, &r);
	if (st == ST_OK)
		st = standing_touch_all(txn);
	return st == ST_OK ? note_folded(txn) : st;
}

status
hub_refold_events(hub *h, kv_txn *txn)
{
	return refold_events(h, txn, false);
}

/* The registry says whose plans count, the plan in force how events are judged: so in this
 * order, and the events last. */
status
hub_refold(hub *h, kv_txn *txn)
{
	status st = hub_refold_grounds(h, txn);

	return st == ST_OK ? hub_refold_events(h, txn) : st;
}

static status
note_losses(void *ctx, const struct device *d)
{
	bool *any = ctx;

	*any |= d->losses > 0;
	return ST_OK;
}

/* Only what is below a leaf, of a loss of rights or of a lock, is asked of the index while
 * events are folded; where there is neither, both are made at once, and each batch is
 * unpacked and hashed once. */
status
hub_rebuild(hub *h, kv_txn *txn)
{
	const locks *all = NULL;
	bool indexed = false;
	status st = index_clear(txn);

	if (st == ST_OK)
		st = clear_registry(h, txn);
	if (st == ST_OK)
		st = registry_each(txn, note_losses, &indexed);
	if (st == ST_OK && indexed)
		st = journal_index_anew(txn);
	if (st == ST_OK)
		st = clear_documents(h, txn);
	if (st == ST_OK)
		st = hub_locks(h, txn, &all);
	if (st == ST_OK && all && !indexed) {
		indexed = true;
		st = journal_index_anew(txn);
	}
	return st == ST_OK ? refold_events(h, txn, !indexed) : st;
}

status
hub_is_renewed(hub *h, bool *ret_renewed)
{
	kv_txn *txn = NULL;
	status st = kv_read(h->store, &txn);

	if (st == ST_OK)
		*ret_renewed = is_of_format(txn);
	kv_abort(&txn);
	return st;
}

status
hub_renew(hub *h)
{
	kv_txn *txn = NULL;
	bool same = false;
	status st = hub_is_renewed(h, &same);

	if (st < 0 || same)
		return st;
	st = kv_write(h->store, RENEW_WAIT_MS, &txn);
	if (st == ST_OK)
		st = hub_refold(h, txn);
	if (st == ST_OK)
		st = kv_commit(&txn);
	kv_abort(&txn);
	return st;
}
