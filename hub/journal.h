/* hub/journal.h - the append-only list of what came, and where each event lies
 *
 * An entry is a sealed batch (less a beginning that was known already) or a
 * registry entry, with the time it was received.  A running hash joins them,
 * so a prefix of the journal is named by N@HASH:
 *
 *     running(n) = BLAKE2b-256("valija/journal/1" | running(n-1) | kind (1 byte) |
 *                              received_ms (u64, big-endian) | BLAKE2b-256(bytes))
 *
 * with running(-1) all zeros.
 *
 * Of a batch that fills a gap (hub/journal_gaps.h) only the beginning may be new, and the
 * seal needs the rest: it is an entry of its own kind, which says how many events of it
 * are meant.  An entry that was found damaged is replaced by one that says what it was;
 * its time and running hash stay, so that N@HASH is what it was for all behind it.
 *
 * Known is asked of an event (feed, seq, hash), never of a number alone: a feed
 * that was restored or cloned has several events of one number.  The index has
 * a row a batch, with a tag of a few bits an event (hub/tags.h).  Only batches whose
 * tag fits are unpacked: were it one a lane, a device with many lanes could keep the
 * hub busy with asking.
 *
 * Within TABLE_JOURNAL: offset -> kind (1), received_ms (8), running (32), bytes.
 * Within TABLE_BATCHES: feed, first seq, offset -> count (8), before, after, tags.
 * Within TABLE_LEAVES: feed, seq, hash -> how many events this lane brought (8),
 * so that the sum over a feed's leaves, modulo 2^64, is the number of its events.
 */
#pragma once

#include "common/kv.h"
#include "protocol/batch.h"

typedef enum journal_kind {
	JOURNAL_BATCH = 1,
	JOURNAL_REGISTRY = 2,
	JOURNAL_REFILL = 3, /* how many events are meant (u64), then a batch */
	JOURNAL_LOST = 4,   /* feed, first, count (u64 each), before, after */
	JOURNAL_KINDS_
} journal_kind;

struct journal_entry {
	uint64_t offset;
	journal_kind kind;
	int64_t received_ms;
	struct bytes bytes;          /* into the transaction */
	uint8_t running[HASH_BYTES]; /* of all entries up to this one */
};

struct index_row;

/* ST_MALFORMED: the journal is damaged. */
status journal_append(kv_txn *txn, journal_kind kind, int64_t received_ms, struct bytes bytes,
                      uint64_t *ret_offset);
/* ST_NOT_FOUND at the end. */
status journal_read(kv_txn *txn, uint64_t offset, struct journal_entry *ret_entry);
uint64_t journal_size(kv_txn *txn);
/* How many events are here, of all feeds. */
status journal_events(kv_txn *txn, uint64_t *ret_count);

/* What running must be of an entry behind that one. */
void journal_running(const uint8_t before[static HASH_BYTES], const struct journal_entry *entry,
                     uint8_t ret_hash[static HASH_BYTES]);

/* ST_OK when this very event is in the journal (the beginning of a feed always
 * is), else ST_NOT_FOUND. */
status journal_known(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at);

/* Whether events lie in it. */
bool journal_is_batch(const struct journal_entry *entry);

/* The batch of an entry, and how many of its events are meant.  Not verified again.
 * ST_NOT_FOUND: it is no batch.  ST_MALFORMED. */
status
journal_open(const struct journal_entry *entry, struct batch *ret_batch, uint64_t *ret_count);

/* Whether a batch may be taken that joins at what is not here. */
typedef enum take_how { TAKE_JOINED, TAKE_LOOSE } take_how;

/* What was stored: count events behind the first skipped ones, which were known. */
struct taken {
	uint64_t skipped, count, offset;
	bool closed; /* they close a gap */
};

/* Store of a verified batch the first events that are not here: as a rule all behind its
 * known beginning, but where it reaches over a gap only up to there; then it is to be
 * taken once more, until skipped and count reach its end, or ST_EXISTS.  ST_EXISTS: all known.  ST_UNKNOWN: h(first - 1) is not known.
 * ST_LIMIT: LANES_MAX, GAPS_MAX.  The last three have stored nothing. */
status journal_take(kv_txn *txn, const struct batch *b, const struct batch_content *content,
                    int64_t received_ms, take_how how, struct taken *ret_taken);

/* Store an entry of another journal as it is there; journal_index_anew(), or hub_rebuild(),
 * is owed. */
status journal_copy(kv_txn *txn, const struct journal_entry *entry);

/* The entry at offset is damaged: its batch, of which the index has that row, is no
 * longer here.  Its events are until they come again. */
status journal_lose(kv_txn *txn, uint64_t offset, const struct index_row *row);

/* What an entry that was lost had. */
struct lost_run {
	const uint8_t *feed; /* into the transaction */
	uint64_t first, count;
	struct point end;
	bool back; /* its events are here, in other entries */
};

/* entry is of the kind JOURNAL_LOST.  ST_MALFORMED. */
status journal_lost(kv_txn *txn, const struct journal_entry *entry, struct lost_run *ret_run);

/* Put the bytes of an entry in its place again. */
status journal_mend(kv_txn *txn, const struct journal_entry *entry);

/* The gaps of a feed, ascending; at most max are written, *ret_count is how many
 * there are. */
status journal_gaps(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct point *list,
                    size_t max, size_t *ret_count);
/* All feeds' gaps in the order (feed, seq, hash). */
status journal_each_gap(kv_txn *txn,
                        status (*visit)(void *ctx, const uint8_t *feed, const struct point *at),
                        void *ctx);

/* Of events that were taken just now and follow each other, at least one: which of them were
 * damaged, left the index, and are counted by the ledger still; ret_counted has room for a
 * flag each.  ST_UNKNOWN: that cannot be told, since the end of what was lost is not here
 * again, or they part from it in its midst; all must be folded again. */
status journal_counted(kv_txn *txn, const uint8_t feed[static FEED_BYTES],
                       const struct batch_event *events, uint64_t count, bool *ret_counted);
/* The ledger is empty: it counts nothing any more that is not here. */
status journal_forget_lost(kv_txn *txn);

/* Make the index of all batches anew, which the journal alone says. */
status journal_index_anew(kv_txn *txn);

/* One event found in the journal; body is copied into the caller's buffer. */
struct found_event {
	uint8_t feed[FEED_BYTES];
	struct point at;
	uint64_t offset; /* of the journal entry */
	int64_t received_ms;
	bool erased;
	size_t body_len; /* of a body over EVENT_BYTES_MAX only that much is kept: it is held anyway */
	uint8_t body[EVENT_BYTES_MAX + 1];
};

/* The event of feed with that number whose chain hash begins with prefix
 * (prefix_len 0: the only one; below TAGGED_BYTES the batch of every lane is unpacked).
 * ST_NOT_FOUND.  ST_EXISTS: there are several and the prefix does not choose. */
status journal_find(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t seq,
                    const uint8_t *prefix, size_t prefix_len, struct found_event *ret_event);

/* The ends of the lanes of a feed, ascending by (seq, hash); at most max are
 * written, *ret_count is how many there are. */
status journal_leaves(kv_txn *txn, const uint8_t feed[static FEED_BYTES], struct point *list,
                      size_t max, size_t *ret_count);
/* All feeds' leaves in the order (feed, seq, hash). */
status journal_each_leaf(kv_txn *txn,
                         status (*visit)(void *ctx, const uint8_t *feed, const struct point *at),
                         void *ctx);

/* Where a feed parts: the number of the last event that two lanes share (0:
 * none), ascending, one for each lane but the first.  At most max are written,
 * *ret_count is how many there are. */
status journal_forks(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t *list, size_t max,
                     size_t *ret_count);

/* When the hub received the first batch of the latest lane that parts behind event
 * fork.  ST_NOT_FOUND: no lane begins there. */
status journal_lane_since(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t fork,
                          int64_t *ret_ms);

/* ST_OK when at lies on or below leaf: when the chain that ends at leaf holds it, as far
 * as it is here.  ST_NOT_FOUND when not, or when leaf is not here.  at must be here. */
status journal_below(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at,
                     const struct point *leaf);

/* The chain hashes of all events up to leaf, whose number is not 0, from the first
 * on: room for leaf->seq of them.  *ret_end is the end of the batch that holds
 * leaf: while that is here, all of them are.  ST_NOT_FOUND: leaf is not here.
 * ST_UNKNOWN: there is a gap below it. */
status journal_chain(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *leaf,
                     uint8_t *ret_hashes, struct point *ret_end);

/* Of the lanes that known, which is here, lies on: the end that is furthest.  ST_NOT_FOUND:
 * known is the end of its lane. */
status journal_furthest(kv_txn *txn, const uint8_t feed[static FEED_BYTES],
                        const struct point *known, struct point *ret_end);

/* The batches that lead on from known, which is here, along the lane that goes furthest:
 * the entries of the first ones of them, nearest first; the nearest may begin before known.
 * *ret_count is 0 where known is the end of its lane, or a gap is in the way. */
status journal_onward(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *known,
                      uint64_t ret_offsets[static EVENTS_BATCHES_MAX], size_t *ret_count);

/* How many events of the feed lie neither at nor below a point that is known;
 * 0 when the feed has fewer than its number, so that it is not. */
status journal_beyond(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *known,
                      uint64_t *ret_count);

/* Every event of every batch in the order of the journal.  visit may write to
 * the store; returning other than ST_OK ends the walk with that.  What e points
 * to is valid until visit returns. */
struct journal_event {
	const uint8_t *feed;
	struct batch_event event;
	uint64_t offset;
	int64_t received_ms;
};
typedef status journal_visit(void *ctx, const struct journal_event *e);
status journal_each_event(kv_txn *txn, journal_visit *visit, void *ctx);

/* The same for the events of one entry, which must be a batch. */
status journal_each_event_of(const struct journal_entry *entry, journal_visit *visit, void *ctx);
