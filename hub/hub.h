/* hub/hub.h - an open hub home: the store, the plan in force, the registry
 *
 * A home is a folder:
 *     store/           the environment (common/kv.h): journal and ledger
 *     sign.key         Ed25519 secret key (64 bytes) of the hub's own feed, 0600
 *     curve.key        CURVE pair (zcert file), 0600; only hub/link reads it
 *     hub.pub          both public keys, to hand out
 *     snapshots/       the ledger as it was now and then (hub/snapshots.h); may be missing
 *     changed          touched after every commit by a command, so that a
 *                      running hub looks (inotify)
 *     bind             where run listens, as given to init; hub/link
 *     endpoint         where it listens now; only while it runs; hub/link
 *     run.lock         held by the one that runs; hub/link
 *
 * Everything derived can be had again from the journal: state = F(set of
 * events, plan in force, registry), and nothing else.  Commands and the running
 * hub open the same home side by side; one writes at a time (kv_write()).
 *
 * Not thread safe: one hub object belongs to one loop.
 */
#pragma once

#include "common/kv.h"
#include "hub/journal.h"
#include "hub/registry.h"
#include "protocol/batch.h"
#include "protocol/event.h"
#include "protocol/identity.h"
#include "protocol/plan.h"

/* Tables of the store, in this order in kv_config.  What is derived from the journal has two
 * sides (common/kv.h); meta, journal, contacts, backups and safe are not. */
enum hub_table {
	TABLE_META,      /* small facts: registry number, standings; registry.c, standing.c */
	TABLE_JOURNAL,   /* offset (u64 BE, from 0) -> entry; hub/journal.c */
	TABLE_BATCHES,   /* where the events of a feed lie; hub/journal.c */
	TABLE_LEAVES,    /* ends of lanes; hub/journal.c */
	TABLE_REGISTRY,  /* feed -> device; hub/registry.c */
	TABLE_DOCUMENTS, /* plans, cuts, locks, and parts of them; hub/documents.h */
	TABLE_CONTACTS,  /* facts of the fleet, outside all digests; hub/contacts.c */
	TABLE_GAPS,      /* what is missing below what is here; hub/journal_gaps.h */
	TABLE_LOST,      /* rows of TABLE_BATCHES whose entries were damaged; the same */
	TABLE_BACKUPS,   /* where copies of this hub were put; hub/backups.h */
	TABLE_SAFE,      /* what is whole in the last of them; hub/backups.h */
	TABLE_CELLS,     /* from here on the ledger; hub/rows.h */
	TABLE_EXTRAS,    /* empty: what a program before this kept there goes with the ledger */
	TABLE_TALLIES,
	TABLE_LEVELS,
	TABLE_THINGS,
	TABLE_REPORTS,
	TABLE_HELD,
	TABLE_CONFLICTS,
	TABLE_LINKS,   /* who replaces whom; hub/graph.h; not in the digest */
	TABLE_PROBES,  /* the last probes; hub/probes.h; not in the digest */
	TABLE_REMARKS, /* of the office on entries; hub/remarks.h; not in the digest */
	TABLE_OTHERS,  /* versions that other feeds replaced; hub/others.h; not in the digest */
	TABLE_BLOCKS,  /* hashes of what is in the digest; hub/blocks.h */
	TABLE_DAYS,    /* sums of cells and tallies; hub/rows.h; not in the digest */
	TABLE_MONTHS,  /* the same */
	HUB_TABLES_
};

typedef struct hub hub;

/* Make a home in dir (which must not exist, or be empty) and record the plan
 * document as the first event of the hub's own feed.  curve is the public CURVE
 * key, secret the signing key, both made by the caller or kept of a hub that was
 * lost: its devices know it by them.  On failure nothing is left behind in dir
 * but what was there.  ST_EXISTS: a home is there already. */
status hub_create(const char *dir, const uint8_t curve[static CURVE_BYTES],
                  const uint8_t secret[static SIGN_SECRET_BYTES], const void *plan_json,
                  size_t plan_len, int64_t now_ms);

/* ST_NOT_FOUND: no home there.  ST_VERSION: from a newer program. */
status hub_open(const char *dir, hub **ret_hub);
void hub_close(hub **h_p);

const char *hub_home(const hub *h);
kv *hub_store(hub *h);
/* The hub's own feed id = its signing key; also its id on the wire. */
const uint8_t *hub_id(const hub *h);
/* ST_DENIED: sign.key is not readable by this user. */
status hub_secret(hub *h, uint8_t ret_secret[static SIGN_SECRET_BYTES]);

/* A whole home in dir (which must not exist, or be empty) as this one is now,
 * while it goes on: store, keys, hub.pub and where it listens.  ST_BUSY: a
 * transaction is open.  ST_EXISTS; ST_FULL: nothing is left behind. */
status hub_backup(hub *h, const char *dir);

/* The plan in force as seen by txn; parsed once a version and kept.  Owned by
 * the hub, valid until the next call.  ST_NOT_FOUND: none yet. */
status hub_plan(hub *h, kv_txn *txn, const plan **ret_plan);

/* All locks of quarters as seen by txn, read once and kept (hub/locks.h); NULL when
 * there is none.  Owned by the hub, valid until the next call. */
struct locks;
status hub_locks(hub *h, kv_txn *txn, const struct locks **ret_locks);

/* What hub/chains.h keeps, for who asks what became of many events; may be NULL. */
struct chains *hub_chains(hub *h);

/* Verify, store and fold one batch within txn; hub_settle() is owed.  What
 * hub_sync_settled() takes:
 * ST_OK new events were stored; ST_EXISTS all of it was known; ST_UNKNOWN it
 * joins at a point that is not here; ST_DENIED not enrolled, or not sealed by
 * the feed; ST_CHAIN, ST_MALFORMED, ST_LIMIT.  All but ST_OK have changed
 * nothing, and the transaction can go on.  Any other is of the store (ST_IO
 * also where a row is damaged): the transaction is of no more use. */
status hub_take(hub *h, kv_txn *txn, const struct batch *b, int64_t received_ms);

/* The batch will be taken soon, behind those that were expected before: a second thread
 * unpacks and verifies it meanwhile (hub/ahead.h).  Of an enrolled feed, since that thread does
 * not ask.  False: those that are expected are enough for now, try again when one was taken.  A batch
 * that is expected and not taken costs nothing more. */
bool hub_expect(hub *h, const struct batch *b);

/* With TAKE_LOOSE a batch that joins at what is not here is stored as a loose run, above a
 * gap: of a device that has nothing lower, or of a file, whose writer cannot be asked.
 * ST_LIMIT may then have stored a beginning. */
status hub_take_as(hub *h, kv_txn *txn, const struct batch *b, int64_t received_ms, take_how how);

/* What txn has written and is owed, in bytes of memory, roughly (kv_written()): all of it is there
 * until the commit. */
uint64_t hub_written(const hub *h, const kv_txn *txn);

/* Judge the records that the batches taken have touched, each once, however many
 * of its versions came.  Owed after the last hub_take() of a transaction, before
 * anything is read or committed.  A failure: the transaction is of no more use. */
status hub_settle(hub *h, kv_txn *txn);

/* Publish a plan document (already checked) as the next version: its parts as
 * events of the hub's own feed.  ST_EXISTS: these very bytes are in force.
 * ST_INVALID: its version is not the next one. */
status hub_publish_plan(hub *h, kv_txn *txn, const void *json, size_t len, int64_t now_ms);

/* Append an event of the office, encoded, to the hub's own feed, sealed and taken like one
 * that came from outside; *ret_at is its place.  hub_settle() is owed.  ST_DENIED:
 * hub_secret(). */
status hub_record(hub *h, kv_txn *txn, struct bytes body, int64_t now_ms, struct point *ret_at);

/* Record a document (hub/documents.h) as events of the hub's own feed: head says which.
 * ST_LIMIT: too long. */
status
hub_publish(hub *h, kv_txn *txn, const struct event *head, struct bytes document, int64_t now_ms);

/* The version that the next plan must have: the one after the version in force.
 * After a rollback, the least that it may have, *ret_only is false: above all
 * that devices have seen. */
status hub_next_plan(kv_txn *txn, uint64_t *ret_version, bool *ret_only);

/* Fold the whole journal again into an empty ledger. */
status hub_refold(hub *h, kv_txn *txn);

/* Make all that is derived anew from the journal: the index, then as hub_refold().  All that it
 * writes is in memory until the commit: hub/rebuild.h does it in steps. */
status hub_rebuild(hub *h, kv_txn *txn);

/* Make all that is derived anew (hub/rebuild.h), to its end, when the ledger was folded by a
 * program that made other rows of the same events, or the index is of another version; else
 * nothing is done.  To be called before serving; who was ended goes on from there. */
status hub_renew(hub *h);

/* False when the ledger is one of another program, which hub_renew() makes anew. */
status hub_is_renewed(hub *h, bool *ret_renewed);

/* Who is told how far folding again has come, whichever call caused it, in
 * entries of the journal.  NULL: nobody. */
typedef void hub_progress(void *ctx, uint64_t done, uint64_t total);
void hub_watch(hub *h, hub_progress *progress, void *ctx);

/* Tell a running hub that something was committed. */
void hub_touch(const hub *h);
