/* agent/checks.h - what this device checks an entry against
 *
 * The plan, the quarters that the office has locked, and the things that came in
 * here, read once for one command or one import.  A read transaction stays open
 * until checks_done(): no wait in between.
 */
#pragma once

#include "agent/entry.h"
#include "agent/outbox.h"

struct checks {
	/* Filled but for kind, fixes and force. */
	struct entry_frame frame;

	outbox *box;
	kv_txn *txn;      /* of the plan; NULL: none is held */
	uint64_t *locked; /* what frame points to */

	/* Hashes of things that came in, ascending, once somebody has asked. */
	uint8_t (*things)[HASH_BYTES];
	size_t thing_count;
	bool things_read;
};

/* ST_NOMEM, ST_IO: of the outbox.  On success *ret_checks stays where it is until
 * checks_done(), which may also be called on one that is zeroed. */
status checks_read(outbox *box, struct checks *ret_checks);
void checks_done(struct checks *c);
