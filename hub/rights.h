/* hub/rights.h - what a feed may do at one of its events
 *
 * The registry says what a feed may do now, and below which leaves it keeps what
 * it lost.  Whether an event lies on or below a leaf the chain says, as far as it
 * is here; a leaf that is not here covers nothing until it comes.  So the rights
 * at an event are a function of the set of events and of the registry.
 */
#pragma once

#include "hub/chains.h"
#include "hub/registry.h"

/* As registry_device(), with what the feed lost and keeps at that event, which
 * is here.  c may be NULL: then it takes longer. */
status rights_at(kv_txn *txn, chains *c, const uint8_t feed[static FEED_BYTES],
                 const struct point *at, struct device *ret_device);

/* The same as *k keeps it: events come in runs of one feed, and while that has lost nothing
 * its rights are those of all its events.  The registry must not change meanwhile. */
struct kept_rights {
	bool has;
	struct device device; /* what was asked for last */
};
status rights_kept(struct kept_rights *k, kv_txn *txn, chains *c,
                   const uint8_t feed[static FEED_BYTES], const struct point *at);

/* True when a loss of the feed names that event: with it others may change their
 * worth that came before it. */
status rights_turn_on(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at,
                      bool *ret_turn);
