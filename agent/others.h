/* agent/others.h - own entries in whose place another device's version stands
 *
 * The hub tells of them in the standing (protocol/standing.h); what such a version says is
 * not here.  A correction names it all the same, beside the own version: to name the own
 * one alone would make a conflict.
 */
#pragma once

#include "agent/outbox.h"
#include "protocol/event.h"
#include "protocol/standing.h"

struct other {
	uint64_t head; /* the newest own version here, which may be newer than the hub's */
	bool named;    /* it, or one before it, replaces the other device's version already */
	struct standing_other row;
};

/* The rows that are of the device's own chain.  *ret_list is the caller's, to be freed with
 * free().  ST_NOMEM, ST_IO. */
status
others_read(outbox *box, struct standing_list rows, struct other **ret_list, size_t *ret_count);

/* Whether the own version head, or one that it goes on from, names what, which is of
 * another feed. */
status others_named(kv_txn *txn, uint64_t head, const struct fix *what, bool *ret_named);

/* The newest own event that names what: of several versions that were settled only
 * the first one gave the record its name here.  ST_NOT_FOUND: none does. */
status others_naming(kv_txn *txn, const struct fix *what, uint64_t *ret_seq);

/* The version that stands, for a list of fixes; points into o. */
struct fix other_fix(const struct other *o);

void other_ref(const struct other *o, char ret_ref[static REF_TEXT_BYTES]);
