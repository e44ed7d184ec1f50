/* hub/snapshots.h - the ledger as it was at a few moments, kept for questions about the past
 *
 * To fold all that came before a moment takes as long as there was of it.  So a hub keeps
 * copies of what is derived, now and then; a question about the past (hub/past.h) takes the
 * last one before its moment, and only what came between the two is folded.
 *
 *     HOME/snapshots/N/           of when the journal had N entries
 *         ledger.zst              a data.mdb like the store's, compressed, without the journal:
 *                                 that is read where it is (kv_lay_over())
 *         facts                   the below, and a hash of itself; written last
 *
 * It takes a tenth of what the store does.  It is no backup: it lies on the same disk and is of
 * no use without the journal, so nothing is safe by it, and nothing is mended from it.  Whoever
 * deletes the folder loses time.
 *
 * Of use is one whose journal is the beginning of this one (its running hash is there), whose
 * ledger was folded by a program like this, and since which nothing was repaired (hub/repair.h).
 * It is believed when ledger.zst has the hash that it had when it was made.
 *
 * How facts are laid out: "valija/snapshot/1", then numbers of 8 bytes, big-endian: ledger
 * format, entries, events, folded, cuts, repairs; then running, file, and BLAKE2b-256 of all
 * before.
 */
#pragma once

#include "hub/hub.h"

enum {
	SNAPSHOTS_KEPT = 16, /* as a rule */
	SNAPSHOTS_MAX = 64,
	SNAPSHOT_EVENTS = 500000,       /* between two: folded in less than a second */
	SNAPSHOT_LEAST_EVENTS = 100000, /* what is folded in no time needs none */
};

/* What is known of a snapshot, or would be of one of now. */
struct snapshot {
	uint64_t entries; /* of the journal: its name */
	uint64_t events;  /* in them */
	uint64_t folded;  /* how many entries there were when all was folded again last */
	uint64_t cuts;
	uint64_t repairs; /* that there were */
	uint8_t running[HASH_BYTES];
	uint8_t file[HASH_BYTES]; /* of ledger.zst; not of now */
};

/* Of the hub as txn sees it. */
status snapshot_of_now(kv_txn *txn, struct snapshot *ret_now);

/* Those of use for the journal that txn sees, ascending.  There may be none. */
struct snapshots {
	struct snapshot list[SNAPSHOTS_MAX + 1];
	size_t count;
};
status snapshots_read(const hub *h, kv_txn *txn, struct snapshots *ret_snapshots);

/* Whether one is to be made, where the last one (NULL: none) is that: many events came since the
 * last that can be gone on from, which none can once all was folded again.  While the hub is
 * idle also of fewer, after a cut or where there is none to go on from. */
bool snapshot_due(const struct snapshot *last, const struct snapshot *now, bool idle);

/* Which of them is missed least: without it the longest way from one to a moment that it
 * serves grows least.  Never the last.  There are at least two. */
size_t snapshots_spare(const struct snapshots *s);

/* Whether the folder is there. */
bool snapshots_exist(const hub *h);

/* The folder, or that of the one with so many entries, or a file in it.  ST_LIMIT. */
status snapshots_path(const hub *h, char *out, size_t size);
status snapshot_path(const hub *h, uint64_t entries, const char *name, char *out, size_t size);

/* As the file has them; check is over. */
enum { SNAPSHOT_FACTS_BYTES = 17 + 6 * 8 + 3 * HASH_BYTES };
void snapshot_encode(const struct snapshot *s, uint8_t out[static SNAPSHOT_FACTS_BYTES]);
/* ST_MALFORMED; ST_VERSION: of another program. */
status snapshot_decode(struct bytes b, struct snapshot *ret_snapshot);
