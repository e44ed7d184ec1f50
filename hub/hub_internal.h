/* hub/hub_internal.h - what home.c, hub.c, refold.c, past.c and snapshot_store.c share */
#pragma once

#include "hub/ahead.h"
#include "hub/chains.h"
#include "hub/hub.h"
#include "hub/locks.h"
#include "hub/nodes.h"
#include "hub/runs.h"
#include "hub/sums.h"

struct hub {
	char *home;
	kv *store;
	uint8_t id[FEED_BYTES];

	plan *plan; /* the last one asked for; NULL: none yet */
	uint8_t plan_hash[HASH_BYTES];

	sums *sums; /* what is not written yet of the transaction */
	nodes *nodes;
	runs *runs;
	ahead *ahead;
	chains *chains; /* may be NULL */
	locks *locks;   /* as last asked for; NULL: none */

	char *moment; /* of a hub as it was in a cut: its name; else NULL */
	hub *present; /* past_keep() */

	hub_progress *progress; /* NULL: nobody */
	void *progress_ctx;
};

/* Whether it may publish, or might before. */
static inline bool
hub_publisher(const struct device *d)
{
	return device_may_publish(d) || d->losses > 0;
}

/* What judges and counts events in that transaction. */
struct ledger;
status hub_ledger(hub *h, kv_txn *txn, struct ledger *ret_ledger);

/* Fold what is new of a batch that is in journal and index.  *ret_again: all is to be folded
 * anew, since it brought a plan, a lock, or a leaf that the registry or a lock names, or closed
 * a gap that lies above such. */
struct taken;
status hub_fold_batch(hub *h, kv_txn *txn, const struct journal_run *run, const struct taken *t,
                      const struct device *device, bool *ret_again);

/* A document counts where its feed may publish at each event with a part of it. */
status hub_take_document(kv_txn *txn, chains *c, const uint8_t *feed, const struct batch_event *e);

/* The two halves of hub_refold(): registry and documents; then the ledger, by those. */
status hub_refold_grounds(hub *h, kv_txn *txn);
status hub_refold_events(hub *h, kv_txn *txn);

/* The entries of the journal from *next to total are folded next: as many as there is room for are
 * laid out meanwhile (hub/ahead.h). */
status hub_expect_entries(hub *h, kv_txn *txn, uint64_t total, uint64_t *next);
/* The events of an entry, expected or not; valid as those of runs_open() (hub/runs.h). */
status
hub_open_entry(hub *h, const struct journal_entry *entry, const struct journal_run **ret_run);

/* The pieces of hub_rebuild(), in their order.  Empty the index, and make registry and documents
 * anew.  *ret_asks: while events are folded the index is asked, so it must be whole before, and
 * the documents are to be made again by it (hub_refold_grounds()).  Else each entry is indexed
 * as it is folded. */
status hub_rebuild_grounds(hub *h, kv_txn *txn, bool *ret_asks);
/* Empty the ledger. */
status hub_rebuild_clear(hub *h, kv_txn *txn);
/* Fold an entry with a batch. */
status hub_rebuild_entry(hub *h, struct ledger *l, const struct journal_entry *entry, bool index);
/* All is folded: the devices hear of it, and the ledger is of this program. */
status hub_rebuild_end(kv_txn *txn);

/* Grows whenever the same events are to give other rows; 1 was never written. */
enum { LEDGER_FORMAT = 10 };

/* How many entries the journal had when the ledger was folded from the beginning last: what
 * was folded before is of no use to go on from there.  0: not known. */
uint64_t hub_folded(kv_txn *txn);

/* Of the store of any hub. */
extern const struct kv_config hub_store_config;

/* A hub of the same name as like, for what is worked out and thrown away (hub/past.h).  What is
 * in its store is put there by fill, which is given a folder that is there and empty; NULL:
 * nothing.  It lies below TMPDIR, else in /tmp, and has no name there any more once this
 * returns, so that it goes with the process, however that ends. */
typedef status hub_fill(void *ctx, const char *dir);
status hub_open_scratch(const hub *like, hub_fill *fill, void *ctx, hub **ret_hub);
