/* hub/past_base.h - the past of a hub, folded on from a backup; part of hub/past.h
 *
 * To fold all that came before a moment takes as long as there was of it.  Where a backup of
 * before that moment is still where it was made (hub/backups.h), only what came between the
 * two is folded.  It is believed only when its journal is the beginning of this one, and its
 * rows still have the digest that they had when it was made.
 */
#pragma once

#include "hub/hub.h"

/* A scratch hub as this one was when its journal had so many entries.  ST_NOT_FOUND: no
 * backup is of use for that, and nothing was done.  ST_NOMEM, ST_FULL. */
status past_from_backup(hub *h, kv_txn *txn, uint64_t entries, hub **ret_past);
