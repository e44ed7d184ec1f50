/* hub/plans.h - plan documents, as their parts came and as they can be in force
 *
 * A document comes as plan events: parts of one feed that agree in version,
 * hash, total and parts.  When all are here and together give a plan that can
 * be read, it can be in force; of those the highest version is, and of two
 * with the same version the greater hash.  Should one part be there twice with
 * different bytes, the greater bytes are it: what is in force is a function of
 * the set of events.
 *
 * TABLE_PLANS holds, numbers big-endian and of 8 bytes,
 *     'p' feed version hash total parts part -> the bytes of the part
 *     'd' version hash feed total parts      -> a readable document, packed
 */
#pragma once

#include "common/kv.h"
#include "protocol/event.h"
#include "protocol/plan.h"

struct plan_row {
	uint64_t version;
	uint8_t hash[HASH_BYTES]; /* of the document itself */
	struct bytes packed;      /* one zstd frame; into the transaction */
};

/* Take one event of a feed whose device may publish; other kinds are passed
 * over.  body is copied. */
status plans_take(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct bytes body);

/* ST_NOT_FOUND: none. */
status plans_in_force(kv_txn *txn, struct plan_row *ret_row);

/* Unpack and parse.  On success *ret_plan is the caller's. */
status plans_parse(const struct plan_row *row, plan **ret_plan);

/* Cut a document into plan events and hand each body to visit, in order.
 * version is the one that stands in the document; at_ms is what each event says
 * of its time.  A body is valid until visit returns; other than ST_OK ends the
 * cutting with that.  ST_LIMIT: too long. */
status plans_cut(const void *json, size_t len, uint64_t version, int64_t at_ms,
                 status (*visit)(void *ctx, struct bytes body), void *ctx);

/* Forget all. */
status plans_clear(kv_txn *txn);
