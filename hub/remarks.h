/* hub/remarks.h - what the office has to say on entries
 *
 * A return event (SPEC.md, section 5) is a remark on one version of a record.  It goes
 * down in the standing of the devices of its unit until that version is replaced, and
 * stays in the history of the entry.  Kept in TABLE_REMARKS, in the ledger and no part
 * of the digest:
 *
 *     feed seq hash-prefix of the entry, id of the return -> mark (1), unit NUL, text
 *
 * The mark is 1 when a valid version has replaced the entry.
 */
#pragma once

#include "common/kv.h"
#include "hub/chains.h"
#include "protocol/event.h"
#include "protocol/plan.h"

/* Keep the remark of a return event that counts, whose id (hub/rows.h) is given, and
 * touch the standings of its unit's devices.  *ret_entry is the entry that it is on, as the
 * beginning of its id up to HASH_PREFIX_BYTES of the hash; to have it marked (remarks_mark())
 * is owed. */
status remarks_take(kv_txn *txn, const uint8_t *id, const struct event *e, uint8_t *ret_entry);

/* Mark what was said on that entry as answered or not, and touch the standings that tell
 * it where that is new. */
status remarks_mark(kv_txn *txn, const uint8_t *id, bool replaced);

/* One remark; texts point into the row. */
struct remark {
	const uint8_t *feed; /* of the entry */
	uint64_t seq;
	const uint8_t *hash; /* HASH_PREFIX_BYTES of its chain hash */
	const uint8_t *id;   /* of the return event */
	bool replaced;
	struct text unit, text;
};

/* Every remark; on the entry of that id alone when it is not NULL.  visit must not write;
 * other than ST_OK from it ends the walk with that. */
typedef status remark_visit(void *ctx, const struct remark *r);
status remarks_each(kv_txn *txn, const uint8_t *id, remark_visit *visit, void *ctx);
