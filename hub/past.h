/* hub/past.h - the hub as it was
 *
 * State is a function of the set of events, the plan and the registry.  So the hub
 * as it was when its journal had N entries is a hub that is given these and nothing
 * else; and the hub as a cut has it is one that is given the events on or below the
 * leaves of the cut, its plan, and the acts that made its registry, in whatever
 * order they came here.  It is built in a store of its own that has no name on the
 * disk (hub_open_scratch()), by what folds everything again, and is then read like
 * any other: whoever asks need not know.
 *
 * Of a cut the digests are compared at the end: what is told of it is what it was
 * when it was made, or nothing.
 *
 * What is nearest before that moment is gone on from, where something is: a snapshot
 * or a backup (hub/past_base.h).  Else it costs as much as folding everything again
 * up to there.  Of a cut that came from another hub it always does.
 *
 * Only reads the hub it is given; a snapshot that turns out to be damaged is given up.
 */
#pragma once

#include "hub/cuts.h"
#include "hub/hub.h"

/* The hub as it was when the journal that txn sees had that many entries.  On
 * success *ret_past is the caller's, to be given to hub_close() before h; it may not be
 * written to.  ST_NOT_FOUND: the journal has fewer.  ST_FULL, ST_DENIED: no room
 * below TMPDIR. */
status past_at_offset(hub *h, kv_txn *txn, uint64_t entries, hub **ret_past);

/* Why a cut cannot be computed here. */
typedef enum past_lack {
	PAST_LACKS_NOTHING,
	PAST_LACKS_EVENTS,   /* of feed: up to wanted, and there are only those up to here */
	PAST_LACKS_PLAN,     /* no plan has that hash */
	PAST_LACKS_REGISTRY, /* the registry never was that one */
	PAST_DIFFERS,        /* all is here, and another state comes of it */
} past_lack;

struct past_fault {
	past_lack lack;
	uint8_t feed[FEED_BYTES];
	uint64_t wanted, here;
};

/* The hub as a cut of it has it; else as past_at_offset().  ST_NOT_FOUND: *ret_fault
 * says what is missing. */
status past_at_cut(hub *h, kv_txn *txn, const struct cut_file *file, hub **ret_past,
                   struct past_fault *ret_fault);

/* Whether events and plan of a cut are here, which is quick to know: ST_OK, or
 * ST_NOT_FOUND and *ret_fault. */
status past_can_cut(kv_txn *txn, const struct cut *c, struct past_fault *ret_fault);

/* The present goes with the past: h is closed when past is, and is not the caller's any
 * more. */
void past_keep(hub *past, hub **h_p);

/* The name of the cut whose state a hub is; NULL of any other hub. */
const char *past_cut_name(const hub *h);
