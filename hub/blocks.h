/* hub/blocks.h - the ledger in pieces whose hashes are kept, for the digest of the state
 *
 * A block is the rows of one table whose keys begin alike (SPEC.md, section 12): of cells,
 * extras and levels those of a code and a unit, of tallies a day, of things an indicator, of
 * reports a type and a code, of held events and conflicts a feed.  Rows of cells and extras
 * are made from TABLE_CELLS, which has the extras in its values.  The digest is made of
 * the hashes of all blocks.  These are kept, each until a row of the block changes, and made
 * again while the hub has nothing else to do: so to ask for the digest costs what has
 * changed, not what there is.
 *
 *   TABLE_BLOCKS     letter of the table, beginning of the keys
 *                    -> BLAKE2b-256 of its rows; nothing: it has none (cells without extras)
 *                    empty
 *                    -> entries of the journal (u64), the digest of the state then
 *
 * A hash that is missing is made from the rows by whoever asks, so nothing depends on what
 * is kept; verify looks at the rows alone.  Not part of the digest.
 */
#pragma once

#include "hub/hub.h"
#include "hub/row_keys.h"

/* Make, or take out, a row of a table of the digest.  ST_NOT_FOUND of the second: there is
 * none; never sticks. */
status blocks_put(kv_txn *txn, int table, struct bytes key, struct bytes value);
status blocks_delete(kv_txn *txn, int table, struct bytes key);
/* A row of that table has changed: its hash is no longer kept. */
status blocks_touch(kv_txn *txn, int table, struct bytes key);
/* The bytes by which two keys of that table are of one block. */
size_t blocks_begin(int table, struct bytes key);

/* Where one has come to among all blocks, in the order of the digest; zeros: before the
 * first. */
struct block_place {
	size_t table; /* counted within the digest */
	size_t len;
	uint8_t begin[ROW_KEY_MAX];
};

struct block {
	uint8_t letter;
	struct bytes begin; /* into the place */
	uint8_t hash[HASH_BYTES];
	bool any;  /* it has rows, else it is no part of the digest */
	bool kept; /* it was; else the hash was made from the rows */
};

/* The next block behind place.  Blocks of held events of own, the hub's feed, are passed over.
 * With anew nothing that is kept is believed.  ST_NOT_FOUND: there is none. */
status blocks_next(kv_txn *txn, const uint8_t own[static FEED_BYTES], bool anew,
                   struct block_place *place, struct block *ret_block);

/* Keep the hash of that block, or that it has no rows. */
status blocks_keep(kv_txn *txn, const struct block *b);

/* The digest of the state, as it was kept: no row has changed, and nothing came, since.
 * ST_NOT_FOUND: none was. */
status blocks_state(kv_txn *txn, uint8_t ret_state[static HASH_BYTES]);
status blocks_keep_state(kv_txn *txn, const uint8_t state[static HASH_BYTES]);
