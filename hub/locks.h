/* hub/locks.h - locked quarters, and which entries come late for them
 *
 * A lock is a document of the office (hub/documents.h, protocol/cut.h): the leaves
 * that were known when a quarter was closed, its frontier.  A record whose day lies
 * in that quarter is *beyond* the lock when it lies neither on nor below a leaf of
 * the frontier.  There may be several locks of one quarter: what is beyond all of
 * them is late, and without a reason is held; what is beyond some was let in by a
 * later one.  Both are restatements where they count.
 *
 * Which is a function of the set of events, like all else: a leaf that is not here
 * covers nothing until it comes.
 */
#pragma once

#include "hub/chains.h"
#include "hub/documents.h"
#include "hub/hub.h"
#include "protocol/cut.h"
#include "protocol/event.h"

/* All locks of one moment. */
typedef struct locks locks;

typedef enum lateness {
	LATE_NOT,  /* no lock of its quarter, or below every one */
	LATE_SOME, /* beyond one, not beyond all */
	LATE_ALL,
} lateness;

/* ST_OK: it is a lock of the quarter it is said to be. */
status locks_check(const struct office_document *d);

/* *ret_locks is the caller's, and NULL when there is none, which costs next to
 * nothing to know. */
status locks_load(kv_txn *txn, locks **ret_locks);
void locks_free(locks **l_p);

/* Whether l (may be NULL) is what locks_load() would give. */
status locks_are(const locks *l, kv_txn *txn, bool *ret_same);

/* How late an event is that can be read.  l and c may be NULL. */
status locks_late(const locks *l, kv_txn *txn, chains *c, const uint8_t feed[static FEED_BYTES],
                  const struct point *at, const struct event *e, lateness *ret_late);

/* True when a frontier names that event: with it others may be late no more. */
bool locks_name(const locks *l, const uint8_t feed[static FEED_BYTES], const struct point *at);

/* Whether all that is judged stays as it is when after takes the place of before:
 * it has one lock more, the first of its quarter, which names every lane that is
 * here but for those of the hub's own feed, where nothing is ever late. */
status locks_change_nothing(const locks *before, const locks *after, kv_txn *txn,
                            const uint8_t own_feed[static FEED_BYTES], bool *ret_nothing);

/* Lock a quarter by what is here now, as events of the hub's own feed.  ST_EXISTS: a
 * lock of it names the same lanes of all devices already; nothing was changed.
 * ST_LIMIT: more than LEAVES_MAX lanes. */
status hub_lock(hub *h, kv_txn *txn, uint64_t quarter, int64_t now_ms);

/* The same as a draft (protocol/draft.h), which an office device publishes; only reads. */
status hub_lock_draft(hub *h, kv_txn *txn, uint64_t quarter, writer *w);
