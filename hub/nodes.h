/* hub/nodes.h - the events that hang together with others, as they lie in TABLE_LINKS
 *
 * An event that names others, or is named, or has a bond (event_bond()), is a node: what
 * it says is kept here a second time, so that a record is judged without unpacking its
 * batches.  So is what is named and is not here.
 *
 *     'N' feed seq hash-prefix -> what is known of it (hub/nodes.c)
 *
 * A target, which is what a correction names, is these 56 bytes, and so the beginning of
 * an event's id.  The nodes that a transaction has to do with are in memory, joined to
 * each other; those that changed are written once, in the order of their keys.  Until
 * nodes_write() returned ST_OK the rows do not have it; a transaction that was given up
 * takes it along.
 *
 * Nodes stay where they are until nodes_forget(), which nodes_begin() does with those of
 * another transaction, and nodes_write() when they have become too many.
 */
#pragma once

#include "common/kv.h"
#include "hub/rows.h"
#include "hub/versions.h"

enum { TARGET_BYTES = FEED_BYTES + 8 + HASH_PREFIX_BYTES };

typedef struct nodes nodes;

/* What is kept of an event. */
typedef enum said_as {
	SAID_BODY,   /* its body; over EVENT_BYTES_MAX as much as shows that */
	SAID_BRIEF,  /* hub/brief.h */
	SAID_ERASED, /* nothing */
	SAID_FORMS_
} said_as;

struct node {
	uint8_t id[EVENT_ID_BYTES]; /* of what is not here only TARGET_BYTES of it */
	struct bytes said;          /* empty when erased */
	struct namer *namers;       /* who names it; complete when read */
	bool read;                  /* the row was looked for */
	bool here;                  /* the event is */
	said_as form;
	bool counted;        /* its rows stand in the ledger */
	bool held, conflict; /* such a row of it does */
	bool owed;           /* its record is to be judged */

	/* Of what is here, and in memory alone: what the event says, the graph's (hub/graph.h). */
	bool described;
	struct version facts;
	struct node **targets; /* facts.target_count of them */
	uint32_t place;        /* in the graph that was gathered last */

	/* The module's own. */
	bool changed;
	struct node *next;
};

struct namer {
	struct node *node;
	struct namer *next;
};

/* NULL: no memory. */
nodes *nodes_new(void);
void nodes_free(nodes **n_p);

/* From now on for that transaction. */
void nodes_begin(nodes *n, kv_txn *txn);
void nodes_forget(nodes *n);

/* An event of that id is folded next: as a rule it and those behind it have no rows, and
 * then none is sought. */
status nodes_expect(nodes *n, const uint8_t id[static EVENT_ID_BYTES]);

/* The node of that target, read.  ST_NOT_FOUND: it is none. */
status nodes_find(nodes *n, const uint8_t target[static TARGET_BYTES], struct node **ret_node);

/* The same, which is made if there is none, and may have to be read yet. */
status nodes_get(nodes *n, const uint8_t target[static TARGET_BYTES], struct node **ret_node);
status nodes_read(nodes *n, struct node *node);

/* The event is here; said is copied.  ST_EXISTS: another one, whose hash begins alike, is
 * that node. */
status nodes_put(nodes *n, const uint8_t id[static EVENT_ID_BYTES], struct bytes said, said_as form,
                 struct node **ret_node);

/* by names node. */
status nodes_name(nodes *n, struct node *node, struct node *by);

/* The row is to be written. */
status nodes_change(nodes *n, struct node *node);

/* Room that is there as long as the nodes.  NULL: no memory. */
void *nodes_room(nodes *n, size_t bytes);

/* The record around a node that is here is to be judged. */
status nodes_owe(nodes *n, struct node *node);
/* All of them, and those that were before and are no more. */
struct node *const *nodes_owed(const nodes *n, size_t *ret_count);
/* One of them; they end when each had its owed set to false.  NULL: none. */
struct node *nodes_next_owed(nodes *n);

/* How many rows nodes_write() would write. */
size_t nodes_changed(const nodes *n);
/* They take so much memory that they should be judged and written. */
bool nodes_full(const nodes *n);
/* Nothing may be owed. */
status nodes_write(nodes *n);

/* To a list that grows (common/room.h). */
status node_list_add(struct node ***list_p, size_t *count, size_t *room, struct node *node);

/* By feed and number, nearly always: what lies together in the table is together in the list. */
status node_list_sort(struct node **list, size_t count);

/* A row as it is; all point into the map. */
struct node_row {
	bool here, counted, held, conflict;
	said_as form;
	const uint8_t *hash; /* what is behind the prefix; when here */
	struct bytes namers; /* for nodes.c */
	uint64_t namer_count;
	struct bytes said;
};

/* ST_NOT_FOUND; ST_MALFORMED. */
status
node_row_get(kv_txn *txn, const uint8_t target[static TARGET_BYTES], struct node_row *ret_row);
