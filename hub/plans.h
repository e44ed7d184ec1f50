/* hub/plans.h - which plan is in force
 *
 * A document of a plan (hub/documents.h) that can be read, and is of the version
 * its events say, can be in force; of those the highest version is, and of two
 * with the same version the greater hash.
 */
#pragma once

#include "common/kv.h"
#include "protocol/event.h"
#include "protocol/plan.h"

struct office_document;

struct plan_row {
	uint64_t version;
	uint8_t hash[HASH_BYTES]; /* of the document itself */
	struct bytes packed;      /* one zstd frame; into the transaction */
};

/* ST_NOT_FOUND: none. */
status plans_in_force(kv_txn *txn, struct plan_row *ret_row);

/* Unpack and parse.  On success *ret_plan is the caller's. */
status plans_parse(const struct plan_row *row, plan **ret_plan);

/* ST_OK: it is a plan of the version it is said to be. */
status plans_check(const struct office_document *d);

/* Cut a document into plan events and hand each body to visit, in order.
 * version is the one that stands in the document; at_ms is what each event says
 * of its time.  Else as parts_cut(). */
status plans_cut(const void *json, size_t len, uint64_t version, int64_t at_ms,
                 status (*visit)(void *ctx, struct bytes body), void *ctx);
