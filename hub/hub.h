/* hub/hub.h - an open hub home: the store, the plan in force, the registry
 *
 * A home is a folder:
 *     store/           the environment (common/kv.h): journal and ledger
 *     sign.key         Ed25519 secret key (64 bytes) of the hub's own feed, 0600
 *     curve.key        CURVE pair (zcert file), 0600; only hub/link reads it
 *     hub.pub          both public keys, to hand out
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
#include "hub/registry.h"
#include "protocol/batch.h"
#include "protocol/identity.h"
#include "protocol/plan.h"

/* Tables of the store, in this order in kv_config. */
enum hub_table {
	TABLE_META,     /* small facts: registry number, standings; registry.c, standing.c */
	TABLE_JOURNAL,  /* offset (u64 BE, from 0) -> entry; hub/journal.c */
	TABLE_BATCHES,  /* where the events of a feed lie; hub/journal.c */
	TABLE_LEAVES,   /* ends of lanes; hub/journal.c */
	TABLE_REGISTRY, /* feed -> device; hub/registry.c */
	TABLE_PLANS,    /* parts of plans, and whole documents; hub/plans.h */
	TABLE_CONTACTS, /* facts of the fleet, outside all digests; hub/contacts.c */
	TABLE_CELLS,    /* from here on the ledger; hub/rows.h */
	TABLE_EXTRAS,
	TABLE_TALLIES,
	TABLE_HELD,
	TABLE_CONFLICTS,
	TABLE_LINKS, /* who replaces whom; hub/graph.h; not in the digest */
	HUB_TABLES_
};

typedef struct hub hub;

/* Make a home in dir (which must not exist, or be empty) with fresh keys, and
 * record the plan document as the first event of the hub's own feed.  curve is
 * the public CURVE key made by the caller.  On failure nothing is left behind
 * in dir but what was there.  ST_EXISTS: a home is there already. */
status hub_create(const char *dir, const uint8_t curve[static CURVE_BYTES], const void *plan_json,
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

/* The plan in force as seen by txn; parsed once a version and kept.  Owned by
 * the hub, valid until the next call.  ST_NOT_FOUND: none yet. */
status hub_plan(hub *h, kv_txn *txn, const plan **ret_plan);

/* Verify, store and fold one batch within txn; hub_settle() is owed.  What
 * hub_sync_settled() takes:
 * ST_OK new events were stored; ST_EXISTS all of it was known; ST_UNKNOWN it
 * joins at a point that is not here; ST_DENIED not enrolled, or not sealed by
 * the feed; ST_CHAIN, ST_MALFORMED, ST_LIMIT.  All but ST_OK have changed
 * nothing, and the transaction can go on.  Any other is of the store (ST_IO
 * also where a row is damaged): the transaction is of no more use. */
status hub_take(hub *h, kv_txn *txn, const struct batch *b, int64_t received_ms);

/* Judge the records that the batches taken have touched, each once, however many
 * of its versions came.  Owed after the last hub_take() of a transaction, before
 * anything is read or committed.  A failure: the transaction is of no more use. */
status hub_settle(hub *h, kv_txn *txn);

/* Publish a plan document (already checked) as the next version: its parts as
 * events of the hub's own feed.  ST_EXISTS: these very bytes are in force.
 * ST_INVALID: its version is not the one after the version in force. */
status hub_publish_plan(hub *h, kv_txn *txn, const void *json, size_t len, int64_t now_ms);

/* Fold the whole journal again into an empty ledger. */
status hub_refold(hub *h, kv_txn *txn);

/* Who is told how far folding again has come, whichever call caused it, in
 * entries of the journal.  NULL: nobody. */
typedef void hub_progress(void *ctx, uint64_t done, uint64_t total);
void hub_watch(hub *h, hub_progress *progress, void *ctx);

/* Tell a running hub that something was committed. */
void hub_touch(const hub *h);
