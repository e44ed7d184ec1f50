/* hub/chains.h - the chains that end at leaves the registry names
 *
 * Whether an event lies on or below a leaf is asked of every event of a feed that
 * has lost a right.  In a feed with several lanes the answer is a walk down from
 * the leaf, batch by batch; here the hashes of a few chains are kept, so that
 * folding all again walks once.  What is kept never gets old: a chain follows from
 * its last hash.
 *
 * Not thread safe.
 */
#pragma once

#include "common/kv.h"
#include "protocol/chain.h"

typedef struct chains chains;

/* NULL: no memory; then nothing is kept, and all else works. */
chains *chains_new(void);
void chains_free(chains **c_p);

/* As journal_below().  c may be NULL. */
status chains_below(chains *c, kv_txn *txn, const uint8_t feed[static FEED_BYTES],
                    const struct point *at, const struct point *leaf);
