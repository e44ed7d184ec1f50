/* hub/snapshot_store.h - making, opening and removing snapshots; part of hub/snapshots.h
 *
 * A snapshot is made whole in a folder of another name, from one read transaction, while others
 * go on writing; what is left of one that was not finished goes when the next is made.  One
 * process at a time makes them.
 */
#pragma once

#include "hub/snapshots.h"

/* Keep at most so many of use, at least 1, with one of now among them; the rest of the folder
 * is removed.  *ret_made: it was not there yet.  ST_BUSY: another process is at it.  ST_FULL: less
 * than twice the size of the store is free on the disk, or it ran full; none was made. */
status snapshots_keep(hub *h, size_t kept, struct snapshot *ret_now, bool *ret_made);

/* Remove all, and the folder.  Waits for one that is being made, which may be of before the
 * derived was made anew. */
void snapshots_forget(const hub *h);

/* A scratch hub with the ledger of that snapshot, over the journal of h (hub/past.h); h is to be
 * closed after it.  ST_MALFORMED: it is damaged; it is given up. */
status snapshot_open(hub *h, const struct snapshot *s, hub **ret_past);
