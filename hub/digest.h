/* hub/digest.h - two hashes by which hubs are compared in one line
 *
 * The first says which events a hub has, the second what it made of them.
 * Nothing of arrival, times, batch borders or numbers local to a hub enters;
 * protocol/SPEC.md, section 12, lays both down.
 */
#pragma once

#include "hub/blocks.h"
#include "hub/hub.h"

/* Both as seen by txn.  Of the state what is kept (hub/blocks.h) is not worked out anew. */
status hub_digest(hub *h, kv_txn *txn, uint8_t ret_set[static HASH_BYTES],
                  uint8_t ret_state[static HASH_BYTES]);
/* The same from the rows alone: for who wants to know whether what is kept is right. */
status hub_digest_rows(hub *h, kv_txn *txn, uint8_t ret_set[static HASH_BYTES],
                       uint8_t ret_state[static HASH_BYTES]);

/* Make and keep what of the state is not kept, most blocks in one call, from place on (zeros
 * at first, and after something was stored); *ret_done: all is kept, also the whole. */
status hub_digest_keep(hub *h, kv_txn *txn, size_t most, struct block_place *place, bool *ret_done);
