/* hub/past_base.h - the past of a hub, folded on from a copy; part of hub/past.h
 *
 * To fold all that came before a moment takes as long as there was of it.  Where there is a copy
 * of before that moment, only what came between the two is folded: of the hub's own snapshots
 * (hub/snapshots.h) and the backups that are still where they were made (hub/backups.h) the one
 * with the most entries.  It is believed only when its journal is the beginning of this one, and
 * what it holds has the hash (of a backup: the digest of its rows) that it had when it was made.
 */
#pragma once

#include "hub/hub.h"

/* A scratch hub as this one was when its journal had so many entries; h is to be closed after
 * it.  ST_NOT_FOUND: no copy is of use for that, and nothing was done; so it is also where what
 * came since made all be folded again (a grant or an admission), or was damaged.  ST_NOMEM,
 * ST_FULL. */
status past_from_copy(hub *h, kv_txn *txn, uint64_t entries, hub **ret_past);
