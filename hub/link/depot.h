/* hub/link/depot.h - batches that wait for their commit
 *
 *     frame = depot_slot(d);        receive into it
 *     depot_keep(d, …);             it is a batch to be stored; else nothing
 *     st = depot_store(d, …);       all of them in one commit
 *     depot_each …, depot_clear(d); tell the peers, begin again
 *
 * A batch points into its frame, so frames are received where they stay.
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
struct parcel *depot_at(depot *d, size_t i);

/* An empty message to receive the next frame in; the same one until
 * depot_keep().  Not to be called when the depot is full. */
zmq_msg_t *depot_slot(depot *d);

/* The frame in the slot is the batch of a HUB_STORE. */
void depot_keep(depot *d, connection *from, const struct hub_action *a);

/* Store all parcels, and all contacts that are newer than the store's, without waiting for the
 * lock: in one commit, or in a few where they change more than memory is to hold.
 * ST_BUSY: another process has the lock; what was stored before is known when it is tried again.
 * Else every parcel has its outcome: with ST_OK they are on disk; with another
 * failure each was tried once more by itself. */
status depot_store(depot *d, hub *h, const connections *table, int64_t wall_ms);

/* Let all parcels go. */
void depot_clear(depot *d);
