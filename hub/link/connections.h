/* hub/link/connections.h - who is connected: one row a routing id
 *
 * A row holds the state of one conversation and what is known of the device's
 * end of it.  Nothing here is kept for a feed: clones of a device may be
 * connected side by side, up to CONNECTIONS_MAX of them.
 *
 * Rows do not move; a pointer is good until connections_remove().
 */
#pragma once

#include "hub/contacts.h"
#include "hub/link/router.h"
#include "protocol/hub_sync.h"

typedef struct connection {
	uint8_t id[ROUTING_ID_MAX]; /* where answers go */
	size_t id_len;
	hub_sync sync;              /* sync.feed is the device's */
	uint8_t curve[CURVE_BYTES]; /* its key when it came */
	int64_t seen_ms;            /* when it last said something */
	uint64_t heard;             /* grows with each message of the table: one turn hears many */
	int64_t drop_ms;            /* when to drop it; INT64_MAX: not planned */
	unsigned waiting;           /* batches of it that wait to be stored */
	bool contact_dirty;         /* contact is newer than the store's */
	struct contact contact;
	int fd; /* of the TCP connection, see router_drop() */
	uint64_t cookie;
} connection;

typedef struct connections connections;

/* NULL: no memory. */
connections *connections_new(void);
/* Frees all rows too. */
void connections_free(connections **t_p);

connection *connections_find(const connections *t, const uint8_t *id, size_t id_len);

/* A fresh row for peer, which must not have one.  ST_NOMEM. */
status connections_add(connections *t, const struct router_peer *peer, int64_t now_ms,
                       connection **ret_connection);
/* c says something.  A fresh row has just done so. */
void connections_heard(connections *t, connection *c, int64_t now_ms);

/* Frees the row. */
void connections_remove(connections *t, connection *c);

/* How many rows the feed has, and of those without a waiting batch the one to be
 * dropped first (NULL: none): who has gone, else who was silent longest. */
size_t connections_of_feed(const connections *t, const uint8_t feed[static FEED_BYTES],
                           connection **ret_oldest);

size_t connections_count(const connections *t);

/* Walk over all rows: *cursor starts at 0; NULL at the end.  The row just given
 * may be removed; a walk that does may miss a row. */
connection *connections_next(const connections *t, size_t *cursor);
