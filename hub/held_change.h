/* hub/held_change.h - which entries are held that were not, and the reverse
 *
 * Another plan may hold what counted until then; whoever publishes it has to be told.
 * What was held is noted in a transaction, and compared later in the same one.
 */
#pragma once

#include "common/kv.h"
#include "protocol/event.h"

/* The ids (hub/rows.h) of all that is held, ascending.  Zeroed before
 * held_note(), given to held_note_done() whatever came of it. */
struct held_note {
	uint8_t *ids;
	size_t count;
};

status held_note(kv_txn *txn, struct held_note *ret_note);
void held_note_done(struct held_note *n);

struct held_change {
	uint64_t held;       /* now and not then */
	uint64_t let_in;     /* then and not now */
	uint64_t of[HOLDS_]; /* of held, by the reason */
};

/* ST_MALFORMED: the ledger is damaged. */
status held_compare(kv_txn *txn, const struct held_note *then, struct held_change *ret_change);
