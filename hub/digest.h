/* hub/digest.h - two hashes by which hubs are compared in one line
 *
 * The first says which events a hub has, the second what it made of them.
 * Nothing of arrival, times, batch borders or numbers local to a hub enters;
 * protocol/SPEC.md, section 12, lays both down.
 */
#pragma once

#include "hub/hub.h"

/* Both as seen by txn, computed anew. */
status hub_digest(hub *h, kv_txn *txn, uint8_t ret_set[static HASH_BYTES],
                  uint8_t ret_state[static HASH_BYTES]);
