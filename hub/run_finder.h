/* hub/run_finder.h - many events of the journal, by what corrections say of them
 *
 * While it lives nothing may be entered in the index or taken out.  Quick where those that
 * are sought follow each other as they lie there.
 */
#pragma once

#include "hub/runs.h"

struct run_finder {
	kv_txn *txn;
	runs *runs;

	/* The module's own: the batch where one was found last, of a feed that has one lane. */
	struct {
		uint8_t feed[FEED_BYTES];
		uint64_t first, count; /* 0: none */
		struct journal_entry entry;
	} last;
};

struct run_event {
	struct batch_event event;
	struct bytes brief; /* hub/brief.h; may be empty */
	uint64_t offset;    /* of the entry that it lies in */
};

/* As journal_find(), of HASH_PREFIX_BYTES; what *ret_event points to is valid until runs
 * are used again. */
status run_finder_find(struct run_finder *f, const uint8_t feed[static FEED_BYTES], uint64_t seq,
                       const uint8_t prefix[static HASH_PREFIX_BYTES], struct run_event *ret_event);
