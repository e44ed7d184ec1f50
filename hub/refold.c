#include <stdlib.h>
#include <string.h>

#include "hub/documents.h"
#include "hub/hub_internal.h"
#include "hub/journal_index.h"
#include "hub/ledger.h"
#include "hub/rebuild.h"
#include "hub/runs.h"
#include "hub/standing.h"

/* ---- folding again ---- */

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

status
hub_expect_entries(hub *h, kv_txn *txn, uint64_t total, uint64_t *next)
{
	status st = ST_OK;

	for (; *next < total && st == ST_OK && ahead_room(h->ahead); (*next)++) {
		struct journal_entry entry;

		st = journal_read(txn, *next, &entry);
		if (st == ST_OK && journal_is_batch(&entry))
			st = ahead_put(h->ahead, &entry, false);
	}
	return st;
}

status
hub_open_entry(hub *h, const struct journal_entry *entry, const struct journal_run **ret_run)
{
	run_block *block = NULL;
	status st = ahead_take(h->ahead, entry, false, &block);

	if (st == ST_OK) {
		*ret_run = &block->run;
		runs_keep(h->runs, entry, &block);
	}
	return st;
}

/* Corrections are judged while what they correct is at hand (hub/runs.h), as a rule. */
enum { ENTRIES_A_JUDGING = 8 };

/* The entry is copied, since the store is written to. */
status
hub_rebuild_entry(hub *h, struct ledger *l, const struct journal_entry *entry, bool index)
{
	const struct journal_run *run;
	bool closed;
	status st = hub_open_entry(h, entry, &run);

	if (st == ST_OK && index)
		st = journal_index_run(l->txn, entry->offset, run, &closed);
	for (uint64_t i = 0; st == ST_OK && i < run->count; i++)
		st = ledger_fold_of(l, run, i);
	l->entries = index ? 0 : entry->offset + 1;
	return st == ST_OK && entry->offset % ENTRIES_A_JUDGING == 0 ? ledger_judge(l) : st;
}

static status
fold_entries(hub *h, struct ledger *l, bool index)
{
	uint64_t total = journal_size(l->txn), expected = 0;
	status st = ST_OK;

	for (uint64_t offset = 0; offset < total && st == ST_OK; offset++) {
		struct journal_entry entry;

		if (h->progress)
			h->progress(h->progress_ctx, offset, total);
		st = hub_expect_entries(h, l->txn, total, &expected);
		if (st == ST_OK)
			st = journal_read(l->txn, offset, &entry);
		if (st == ST_OK && journal_is_batch(&entry))
			st = hub_rebuild_entry(h, l, &entry, index);
	}
	if (st == ST_OK)
		st = ledger_settle(l);
	if (st == ST_OK && h->progress)
		h->progress(h->progress_ctx, total, total);
	return st;
}

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

status
hub_rebuild_clear(hub *h, kv_txn *txn)
{
	status st;

	sums_forget(h->sums);
	nodes_forget(h->nodes);
	st = ledger_clear(txn);
	return st == ST_OK ? journal_forget_lost(txn) : st;
}

status
hub_rebuild_end(kv_txn *txn)
{
	status st = standing_touch_all(txn);

	return st == ST_OK ? note_folded(txn) : st;
}

static status
refold_events(hub *h, kv_txn *txn, bool index)
{
	struct ledger l;
	status st = hub_ledger(h, txn, &l);

	if (st == ST_OK)
		st = hub_rebuild_clear(h, txn);
	if (st == ST_OK)
		st = fold_entries(h, &l, index);
	return st == ST_OK ? hub_rebuild_end(txn) : st;
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
hub_rebuild_grounds(hub *h, kv_txn *txn, bool *ret_asks)
{
	const locks *all = NULL;
	bool losses = false;
	status st = index_clear(txn);

	if (st == ST_OK)
		st = clear_registry(h, txn);
	if (st == ST_OK)
		st = registry_each(txn, note_losses, &losses);
	if (st == ST_OK)
		st = losses ? documents_clear(txn) : clear_documents(h, txn);
	if (st == ST_OK)
		st = hub_locks(h, txn, &all);
	*ret_asks = losses || all;
	return st;
}

status
hub_rebuild(hub *h, kv_txn *txn)
{
	bool asks = false;
	status st = hub_rebuild_grounds(h, txn, &asks);

	if (st == ST_OK && asks)
		st = journal_index_anew(txn);
	if (st == ST_OK && asks)
		st = clear_documents(h, txn);
	return st == ST_OK ? refold_events(h, txn, !asks) : st;
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

/* Whether the rows of the index are of this version, too: those of another are read, but take
 * more room and time. */
static status
is_all_new(hub *h, bool *ret_new)
{
	kv_txn *txn = NULL;
	status st = kv_read(h->store, &txn);

	if (st == ST_OK)
		*ret_new = is_of_format(txn) && tags_begun(txn);
	kv_abort(&txn);
	return st;
}

status
hub_renew(hub *h)
{
	struct rebuild r = { .done = false };
	bool all_new = false;
	status st = is_all_new(h, &all_new);

	while (st == ST_OK && !all_new && !r.done) {
		st = rebuild_step(h, &r);
		kv_give_way();
	}
	return st;
}
