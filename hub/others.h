/* hub/others.h - where a version of another feed stands in the place of an own one
 *
 * Who recorded an entry sees only what its own device says of it, and corrects a version
 * that stands no more.  So each sound version that no sound one of its own feed names has a
 * row while a version of another feed wins its record, and the device is told of it in its
 * standing.  Kept in TABLE_OTHERS, in the ledger and no part of the digest:
 *
 *     id of the version -> id of the one that wins, mark (1)
 *
 * The mark is 1 when that is a void.
 */
#pragma once

#include "common/kv.h"
#include "hub/versions.h"
#include "protocol/standing.h"

/* Set the rows of all versions, which are judged and whole records, and touch the standings
 * in which that is new. */
status others_set(kv_txn *txn, const struct version *list, size_t count);

/* The rows of a feed, the highest numbers first. */
status others_of(kv_txn *txn, const uint8_t feed[static FEED_BYTES],
                 struct standing_other list[static STANDING_OTHERS_MAX], size_t *ret_count);
