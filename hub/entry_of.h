/* hub/entry_of.h - an entry as a person names it
 */
#pragma once

#include "hub/hub.h"
#include "hub/journal.h"

/* The entry of REF word: DEVICE-NUMBER, or DEVICE-NUMBER-HASH8.  Returns the exit
 * status; a word that is no REF, a device or a number that is not here, and a number
 * that a restored or cloned device used twice are explained. */
int entry_of(hub *h, kv_txn *txn, const char *word, struct found_event *ret_found);
