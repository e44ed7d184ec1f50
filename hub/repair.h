/* hub/repair.h - bringing back what the disk has damaged
 *
 * Of a damaged entry of the journal the very bytes are sought in the copies of the hub
 * (hub/backups.h), at the same place: then nothing else is to be done.  Else its batch
 * leaves the index (journal_lose()), its events are sought in the copies wherever they
 * lie, and what is in none is a gap that devices are told of in WELCOME: those that have
 * it send it again.  The ledger counts it all the while, and not once more when it comes: the
 * chain that leads to its end tells what it was, and where that is not here again, all is
 * folded anew, without what is still missing.
 *
 * Acts of the registry, and the hub's own feed, are in copies only, and stay as they are
 * where there is none.
 */
#pragma once

#include "hub/verify.h"

/* What was found, gathered by hub_verify() with repair_note() as visit. */
struct repair {
	struct damage *list; /* owned; repair_done() */
	size_t count, room;
};

status repair_note(void *ctx, const struct damage *d);
void repair_done(struct repair *r);

struct repaired {
	uint64_t mended;  /* entries whose bytes a copy had */
	uint64_t lost;    /* entries that left the index */
	uint64_t fetched; /* batches taken from copies elsewhere */
	uint64_t left;    /* entries that only a copy could bring, and none does */
	bool rebuilt;     /* what is derived was made anew */
};

/* Copies are those in dirs, then those that were noted.  After a failure the transaction
 * is of no more use. */
status hub_repair(hub *h, kv_txn *txn, const struct repair *r, const char *const *dirs,
                  size_t dir_count, int64_t now_ms, struct repaired *ret_repaired);

/* Grows with each repair by which something was lost: a running hub then draws another
 * boot id, so that devices say HELLO, and are told. */
uint64_t repair_number(kv_txn *txn);
