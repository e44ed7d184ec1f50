/* hub/graph.h - the corrected records
 *
 * Nodes (hub/nodes.h) hang together where one names the other, and where they have the same
 * bond.  An event that is here and is named by one that is here always is a node once
 * the ledger is settled (ledger_settle()).  In TABLE_LINKS beside the nodes:
 *
 *     'K' bond NUL id                 -> nothing: event id has that bond
 *     'Q' feed                        -> nothing: an event of it was judged late for a
 *                                        locked quarter
 *
 * id is feed, seq, hash (72 bytes).
 */
#pragma once

#include "hub/chains.h"
#include "hub/locks.h"
#include "hub/nodes.h"
#include "hub/rows.h"
#include "hub/run_finder.h"
#include "hub/versions.h"
#include "protocol/plan.h"

struct ledger;

/* True when an event that is here names this one, which is folded next. */
status graph_is_named(struct ledger *l, const uint8_t id[static EVENT_ID_BYTES], bool *ret_named);

/* An event as it is told. */
struct told_event {
	struct bytes body; /* empty when erased */
	bool erased;
	struct bytes brief; /* hub/brief.h; empty: it is not known whether it has one */
};

/* Read it, as event_decode() does; where there is a brief *ret_event has no more than that. */
hold graph_told(const struct told_event *t, struct event *ret_event);
/* The same of a node that is here. */
hold graph_event(const struct node *node, struct event *ret_event);

/* An event that is folded, of which decoded and e are what graph_told() gave, becomes a node
 * whose record is to be judged.  ST_EXISTS: one whose hash begins alike is. */
status graph_add(struct ledger *l, const uint8_t id[static EVENT_ID_BYTES],
                 const struct told_event *t, hold decoded, const struct event *e);

/* The record of what a correction or a remark names is to be judged; nothing when that is no
 * node. */
status graph_touch(struct ledger *l, const uint8_t target[static TARGET_BYTES]);

status graph_has_node(kv_txn *txn, const uint8_t id[static EVENT_ID_BYTES], bool *ret_has);

/* The first event with that bond.  ST_NOT_FOUND. */
status graph_first_bound(kv_txn *txn, const char *bond, uint8_t ret_id[static EVENT_ID_BYTES]);

/* Whether a register has versions that do not know of each other. */
status graph_in_conflict(kv_txn *txn, const char *register_key, bool *ret_conflict);

/* Note that some event of the feed was judged HOLD_LOCKED, and ask for that. */
status graph_note_locked(kv_txn *txn, const uint8_t feed[static FEED_BYTES]);
status graph_has_locked(kv_txn *txn, const uint8_t feed[static FEED_BYTES], bool *ret_has);

/* All that hangs together with one node, which comes first in the list; the
 * versions are filled in and not judged yet (hub/versions.h).  Their texts are those of the
 * nodes. */
struct graph {
	struct version *list;
	struct node **nodes; /* of each */
	size_t count;
	size_t room, node_room; /* of the two */
	nodes *own;             /* NULL: they are those of the ledger */
};

/* g is zeroed, or of an earlier call, and is to be given to graph_done() whatever this returns.
 * A version named that is no node yet is sought in the journal and
 * made one: an event that was folded by itself, and whose rows stand in the
 * ledger if it counts. */
status
graph_gather(struct ledger *l, struct run_finder *finder, struct node *node, struct graph *g);

/* Before all records are judged that are owed: come to what they name in the order in which it
 * lies, which is quicker than one by one. */
status graph_find_named(struct ledger *l, struct run_finder *finder);

/* The same for who only reads, of the node of that id. */
status
graph_look(struct ledger *l, const uint8_t id[static EVENT_ID_BYTES], struct graph *ret_graph);

void graph_done(struct graph *g);
