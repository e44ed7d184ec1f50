/* hub/cuts.h - cuts: named, frozen editions of the state
 *
 * A cut is a document of the office (hub/documents.h, protocol/cut.h).  What it
 * means is read by hub/past.h.  A name may stand for several, when offices that
 * did not know of each other gave it to theirs: the one of the least event (feed,
 * seq, hash of its first part) is meant then, and NAME@HASH8, the beginning of
 * the hash of a document, names any.
 */
#pragma once

#include "hub/documents.h"
#include "hub/hub.h"
#include "protocol/cut.h"

enum { CUT_HASH_BYTES = 4 };

/* Points into bytes of its own; given to cut_file_done(). */
struct cut_file {
	struct office_document document; /* name and packed into the transaction */
	struct cut cut;
	uint8_t *bytes;
};

/* ST_OK: it is a cut. */
status cuts_check(const struct office_document *d);

status cut_file_open(const struct office_document *d, struct cut_file *ret_file);
void cut_file_done(struct cut_file *f);

/* The cut of that name, or NAME@HASH8.  *ret_same is how many cuts have that name.
 * ST_NOT_FOUND. */
status cuts_find(kv_txn *txn, const char *word, struct cut_file *ret_file, size_t *ret_same);

/* Whether a person may call a cut that: it is no offset, not "now", holds no '@' or
 * control character, and is within NAME_BYTES_MAX. */
bool cut_name_valid(struct text name);

struct cut_order {
	struct text name;
	date cutoff;
	bool has_period;
	uint64_t period;
	int64_t now_ms;
};

/* Make a cut of what is here now, as events of the hub's own feed.  ST_EXISTS: there
 * is a cut of that name, and *ret_same says whether it is of the very same events,
 * plan, registry, cut-off and period; nothing was changed.  ST_LIMIT: more than
 * LEAVES_MAX lanes. */
status hub_cut(hub *h, kv_txn *txn, const struct cut_order *order, bool *ret_same);

/* The same as a draft (protocol/draft.h), which an office device publishes; only reads. */
status hub_cut_draft(hub *h, kv_txn *txn, const struct cut_order *order, writer *w, bool *ret_same);

/* The leaves of all device and office feeds, and those of this hub's own, into two
 * writers that are initialised. */
status hub_leaves(hub *h, kv_txn *txn, writer *leaves, writer *own);
