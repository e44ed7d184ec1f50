/* hub/graph.h - the corrected records, as they lie in TABLE_LINKS
 *
 * An event that names others, or is named, or has a bond (event_bond()), is a node: its
 * body is kept here a second time, so that a record is judged without unpacking its
 * batches.  An
 * event that is here and is named by one that is here always is a node once
 * the ledger is settled (ledger_settle()).
 *
 *     'N' id                          -> marks (1), body of the event
 *     'L' feed seq hash-prefix id     -> nothing: event id names that version
 *     'T' id                          -> nothing: to be settled
 *     'K' bond NUL id                 -> nothing: event id has that bond
 *     'Q' feed                        -> nothing: an event of it was judged late for a
 *                                        locked quarter
 *
 * id is feed, seq, hash (72 bytes), a prefix HASH_PREFIX_BYTES of the hash.
 */
#pragma once

#include "hub/chains.h"
#include "hub/locks.h"
#include "hub/rows.h"
#include "hub/versions.h"
#include "protocol/plan.h"

/* What is new of a node. */
struct node {
	uint8_t id[EVENT_ID_BYTES];
	bool erased;
	bool counted;      /* its rows stand in the ledger */
	struct bytes body; /* over EVENT_BYTES_MAX only as much is kept as shows it */
};

/* The number of the first event of the feed, from seq on, that one that is here names;
 * UINT64_MAX: of none. */
status graph_next_named(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t seq,
                        uint64_t *ret_seq);

/* True when an event that is here names this one. */
status graph_is_named(kv_txn *txn, const uint8_t id[static EVENT_ID_BYTES], bool *ret_named);

status graph_has_node(kv_txn *txn, const uint8_t id[static EVENT_ID_BYTES], bool *ret_has);

/* Keep a node; again, to change its mark.  n->body must not lie in the store. */
status graph_put(kv_txn *txn, const struct node *n);

/* Note what an event of feed, whose node is id, replaces. */
status
graph_put_fixes(kv_txn *txn, const uint8_t id[static EVENT_ID_BYTES], const struct fixes *fixes);

/* Note what an event is bound to others by (event_bond()). */
status graph_put_bond(kv_txn *txn, const uint8_t id[static EVENT_ID_BYTES], const char *bond);

/* The first event with that bond.  ST_NOT_FOUND. */
status graph_first_bound(kv_txn *txn, const char *bond, uint8_t ret_id[static EVENT_ID_BYTES]);

/* Whether a register has versions that do not know of each other. */
status graph_in_conflict(kv_txn *txn, const char *register_key, bool *ret_conflict);

/* Note that the record around a node is to be judged. */
status graph_put_todo(kv_txn *txn, const uint8_t id[static EVENT_ID_BYTES]);
/* The same of what a correction names, by the beginning of its id up to
 * HASH_PREFIX_BYTES of the hash; nothing when that is no node. */
status graph_put_todo_of(kv_txn *txn, const uint8_t *target);
status graph_drop_todo(kv_txn *txn, const uint8_t id[static EVENT_ID_BYTES]);
/* ST_NOT_FOUND: nothing is to be done. */
status graph_next_todo(kv_txn *txn, uint8_t ret_id[static EVENT_ID_BYTES]);

/* Note that some event of the feed was judged HOLD_LOCKED, and ask for that. */
status graph_note_locked(kv_txn *txn, const uint8_t feed[static FEED_BYTES]);
status graph_has_locked(kv_txn *txn, const uint8_t feed[static FEED_BYTES], bool *ret_has);

/* The body of a node, copied to space; *ret_len 0 when erased. */
status graph_body(kv_txn *txn, const uint8_t id[static EVENT_ID_BYTES],
                  uint8_t space[static EVENT_BYTES_MAX + 1], size_t *ret_len);

/* All that hangs together with one node, which comes first in the list; the
 * versions are filled in and not judged yet (hub/versions.h). */
struct graph {
	struct version *list;
	size_t count;
	size_t room;     /* of list */
	uint32_t *slots; /* place in list + 1, or 0 */
	size_t mask;     /* slots less 1; a power of two less 1 */
};

/* With fetch, a version named that is no node yet is sought in the journal and
 * made one: an event that was folded by itself, and whose rows stand in the
 * ledger if it counts.  Without fetch, nothing is written.  On success *ret_graph is
 * to be given to graph_done(). */
struct ledger;
status graph_gather(struct ledger *l, const uint8_t id[static EVENT_ID_BYTES], bool fetch,
                    struct graph *ret_graph);
void graph_done(struct graph *g);
