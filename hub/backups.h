/* hub/backups.h - the copies that were made of this hub, and what is safe in them
 *
 * Once a copy was read to its end and found whole, two things are noted here: where it
 * was put, for who looks for what was damaged; and how far each chain is in it without
 * a gap.  A device may throw away what lies at or below such a point, and what is here
 * now, too.
 *
 * A copy does not know of itself: so a hub that was put back to one claims no more than
 * the copy before that had.
 *
 * Within TABLE_BACKUPS: path -> entries of the journal, when (ms; 8 each), the digest of its
 * state (32; missing where an older program made it).
 * Within TABLE_SAFE: feed, seq, hash -> nothing (one byte): ends of chains that are whole.
 */
#pragma once

#include "hub/hub.h"

enum { BACKUPS_KEPT = 32 };

/* The copy of that hub in dir, an absolute path, was found whole: what seen has of it is
 * safe.  Of more than BACKUPS_KEPT the oldest is forgotten. */
status backups_note(kv_txn *txn, hub *copy, kv_txn *seen, const char *dir, int64_t now_ms);

/* From the newest on; stops when visit returns other than ST_OK and returns that. */
struct kept_backup {
	const char *dir;
	uint64_t entries;
	int64_t made_ms;
	bool has_state;
	uint8_t state[HASH_BYTES];
};
status
backups_each(kv_txn *txn, status (*visit)(void *ctx, const struct kept_backup *b), void *ctx);

/* The highest point at or below known, which is on the asker's chain, up to which all is
 * here and in a copy.  It may be lower than it might be where a feed parts or has gaps;
 * h(0): nothing is safe. */
status backups_safe(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *known,
                    struct point *ret_safe);
