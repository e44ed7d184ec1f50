/* hub/verify.h - whether all that is stored is what was stored
 *
 * LMDB's pages have no checksums, so what the disk has changed shows only in what
 * we sealed ourselves.  Every entry of the journal is read: that it is what the
 * running hash says, that its seal and chain hold, that its feed is enrolled, that
 * it joins at what is here, that the index has it as it is.  When nothing of that
 * is wrong, all is folded once more into a scratch store (hub/past.h), and what is
 * derived from the journal compared with that: index, registry, documents, and the
 * ledger by its digest.
 *
 * Only reads.  A bad page can end the process that reads it with a signal: who
 * calls this does so in a process of its own.
 */
#pragma once

#include "hub/hub.h"

typedef enum damage_kind {
	DAMAGE_ENTRY = 1, /* it is not there, or is no entry */
	DAMAGE_RUNNING,   /* its bytes, or its time, are not those that were stored */
	DAMAGE_BATCH,     /* seal or chain do not hold */
	DAMAGE_SENDER,    /* a batch of a feed that is not enrolled */
	DAMAGE_JOIN,      /* a batch that joins at nothing that is here */
	DAMAGE_LOST,      /* it was damaged, and its events have not come again */
	DAMAGE_REGISTRY,  /* an act of the registry that cannot be read */
	/* from here on what is derived, and made anew by "rebuild" */
	DAMAGE_INDEX,     /* of a batch: its row is another, or missing */
	DAMAGE_STRAY,     /* a row of the index for what is no batch */
	DAMAGE_LEAVES,    /* the ends of the lanes */
	DAMAGE_RIGHTS,    /* the registry is not what its acts make */
	DAMAGE_DOCUMENTS, /* plans, cuts, locks are not what the entries say */
	DAMAGE_LEDGER,    /* another digest */
	DAMAGES_
} damage_kind;

struct damage {
	damage_kind kind;
	uint64_t offset; /* up to DAMAGE_STRAY */
	bool has_range;  /* the events are known, from the index or the batch itself */
	uint8_t feed[FEED_BYTES];
	uint64_t first, last;
};

/* True when the journal itself has it all, so that folding again mends it. */
bool damage_is_derived(damage_kind kind);

/* Each damage once, in the order in which it is found; anything but ST_OK ends the
 * search with that. */
typedef status damage_visit(void *ctx, const struct damage *d);

struct verifying {
	damage_visit *visit;
	void *ctx;
	hub_progress *progress; /* of reading the journal; NULL: nobody */
	void *progress_ctx;
};

struct verified {
	uint64_t entries, batches, events, gaps, damages;
	bool compared; /* folded again; else there was damage, or no room */
	status unfolded;
	uint8_t set[HASH_BYTES], state[HASH_BYTES];             /* of the hub, when compared */
	uint8_t fresh_set[HASH_BYTES], fresh_state[HASH_BYTES]; /* of the scratch store */
};

/* fold: compare with a scratch store, too, which needs room below TMPDIR.  ST_OK:
 * all was looked at.  ST_IO, ST_NOMEM, or what visit returned. */
status hub_verify(hub *h, kv_txn *txn, const struct verifying *v, bool fold,
                  struct verified *ret_verified);
