/* hub/documents.h - what the office says in documents, as their parts came
 *
 * Plans, cuts and locks come as events with numbered parts of a document; parts
 * belong together when feed, kind, hash, parts, total and version, name or
 * quarter agree.  When all are here and together are a document that is what
 * its events say and follows the rules of its kind, the document is here.
 * Should one part be there twice with different bytes, the greater bytes are
 * it: which documents are here is a function of the set of events.
 *
 * TABLE_DOCUMENTS holds, numbers big-endian and of 8 bytes, KIND being a
 * letter and KEY version or quarter, or name and NUL,
 *     'p' KIND feed KEY hash total parts part -> seq hash at, bytes of the part
 *     'd' KIND KEY hash feed total parts      -> seq hash at, the document, packed
 * where seq and hash are those of the event, or of that of part 1, of the same
 * part told twice the least, and at is what it says of its time.
 */
#pragma once

#include "common/kv.h"
#include "protocol/event.h"

struct office_document {
	event_kind kind;
	uint64_t number;  /* of a plan its version, of a lock its quarter */
	struct text name; /* of a cut; into the transaction, like packed */
	uint8_t hash[HASH_BYTES];
	uint8_t feed[FEED_BYTES];
	struct point at; /* the event with part 1 */
	int64_t at_ms;   /* what its device's clock said; decides nothing */
	uint64_t total, parts;
	struct bytes packed; /* one zstd frame */
};

/* Take one event of a feed whose device may publish; other kinds are passed
 * over.  body is copied. */
status documents_take(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at,
                      struct bytes body);

/* The one of a kind with the greatest (key, hash, feed).  ST_NOT_FOUND: none. */
status documents_last(kv_txn *txn, event_kind kind, struct office_document *ret_document);

/* All of a kind, ascending by (key, hash, feed); stops when visit returns other
 * than ST_OK and returns that.  visit must not write. */
typedef status documents_visit(void *ctx, const struct office_document *d);
status documents_each(kv_txn *txn, event_kind kind, documents_visit *visit, void *ctx);

/* Unpack to at most max_bytes.  On success *ret_at is the caller's, to be freed.
 * ST_MALFORMED: its hash is another. */
status documents_unpack(const struct office_document *d, size_t max_bytes, uint8_t **ret_at,
                        size_t *ret_len);

/* Have that one of its kind here and no other, whatever parts there are. */
status documents_put_only(kv_txn *txn, event_kind kind, const struct office_document *d);

/* Forget all. */
status documents_clear(kv_txn *txn);
