/* hub/link/snapshooter.h - has snapshots made while the hub serves
 *
 * Whether one is due (hub/snapshots.h) is looked at a little after something was stored.  It is
 * made by a child, "valija-hub snapshot", behind the service where processor and disk are
 * short: intake goes on meanwhile.  One that failed is tried again later, and one that does not
 * end is ended.
 */
#pragma once

#include <zmq.h>

#include "hub/hub.h"
#include "hub/link/child.h"

enum {
	SNAPSHOOTER_LOOK_MS = 500,             /* after something was stored */
	SNAPSHOOTER_IDLE_MS = 1000,            /* the hub is idle when so long nothing was */
	SNAPSHOOTER_RETRY_MS = 10 * 60 * 1000, /* after a failure */
	SNAPSHOOTER_CHILD_MS = 10 * 60 * 1000, /* the longest that one may take */
};

/* Zeroed, and given how many are to be kept: nothing runs, and it looks at once. */
struct snapshooter {
	int64_t kept;
	child child;
	int64_t stored_ms;
	int64_t look_ms;  /* INT64_MAX: when something is stored */
	int64_t retry_ms; /* not before */
	int64_t kill_ms;
	int told; /* the exit status that was logged; 0: none */
};

/* Something was stored, or kept is another number. */
void snapshooter_wake(struct snapshooter *s, int64_t now_ms);
/* Look, start, end: what is due. */
void snapshooter_turn(struct snapshooter *s, hub *h, int64_t now_ms);
/* When that is to be called at the latest; INT64_MAX: when something comes. */
int64_t snapshooter_due(const struct snapshooter *s, int64_t now_ms);
/* Ends what runs. */
void snapshooter_stop(struct snapshooter *s);

/* For the poll. */
enum { SNAPSHOOTER_POLL_ITEMS = 1 };
size_t
snapshooter_poll(const struct snapshooter *s, zmq_pollitem_t items[static SNAPSHOOTER_POLL_ITEMS]);
