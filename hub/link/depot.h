/* hub/link/depot.h - batches that wait for their commit
 *
 *     frame = depot_slot(d);            receive into it
 *     depot_keep(d, ...);               it is a batch to be stored; else nothing
 *     st = depot_store(d, ..., &count); the first ones, in one commit
 *     depot_at(d, ...) ...              tell their peers
 *     depot_let_go(d, count);           and go on: more may have come meanwhile
 *
 * A batch points into its frame, so frames are received where they stay.
 *
 * Those of one connection keep their order.  Of what came between two calls of depot_store()
 * those of one connection are stored together, since they touch the same rows: when many
 * devices come back at once and each batch were of another one, each commit would write rows
 * of all units.  Nobody waits for those who came later.
 */
#pragma once

#include <zmq.h>

#include "hub/hub.h"
#include "hub/link/connections.h"

struct parcel {
	zmq_msg_t frame;
	connection *from; /* its row stays as long as a parcel of it waits */
	struct batch batch;
	bool loose;
	struct hub_settled settled; /* its outcome is set by depot_store() */
};

typedef struct depot depot;

/* Room for that many parcels.  NULL: no memory. */
depot *depot_new(size_t room);
void depot_free(depot **d_p);

bool depot_full(const depot *d);
size_t depot_count(const depot *d);
/* The i-th of those that wait, as long as depot_store() is not called again. */
struct parcel *depot_at(depot *d, size_t i);

/* An empty message to receive the next frame in; the same one until
 * depot_keep().  Not to be called when the depot is full. */
zmq_msg_t *depot_slot(depot *d);

/* The frame in the slot is the batch of a HUB_STORE. */
void depot_keep(depot *d, connection *from, const struct hub_action *a);

/* Store the first ones, as many as memory is to hold in one commit, and all contacts that are
 * newer than the store's, without waiting for the lock.
 * *ret_count of them have their outcome then; with ST_OK they are on disk, with another
 * failure each was tried once more by itself.  ST_BUSY: another process has the lock, and
 * none has one. */
status depot_store(depot *d, hub *h, const connections *table, int64_t wall_ms, size_t *ret_count);

/* Let the first count go. */
void depot_let_go(depot *d, size_t count);
