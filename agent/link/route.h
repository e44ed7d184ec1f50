/* agent/link/route.h - which address to try next
 *
 * A device knows one or more endpoints of its hub.  libzmq tries only the first
 * address of a name, so names are resolved here, and every address of every
 * endpoint gets its turn: on failure the next address, then the next endpoint,
 * and so round.  A name is asked for again each time its turn comes.
 *
 * While the name server is asked the caller polls route_fd(), and calls
 * route_next() again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "protocol/status.h"

typedef struct route route;

/* endpoints: valid ones, joined by ','.  NULL: no memory. */
route *route_new(const char *endpoints);
void route_free(route **r_p);

enum { ROUTE_ADDRESS_BYTES = 128 };

/* The next address to try, as "tcp://192.0.2.7:5555" or "tcp://[2001:db8::1]:5555".
 * ST_BUSY: the name server has not answered yet.  ST_NOT_FOUND: the name has no
 * address, or the name server does not answer (route_why()); the next call moves
 * on.  ST_NOMEM: it could not be asked. */
status route_next(route *r, char ret_address[static ROUTE_ADDRESS_BYTES]);

/* Readable when route_next() has more to say than ST_BUSY; -1: it did not say
 * so. */
int route_fd(const route *r);

/* The endpoint that the last route_next() was about, as configured. */
const char *route_endpoint(const route *r);

/* Whether the endpoint is one of its own. */
bool route_has(const route *r, const char *endpoint);

/* Why it gave no address: a text of the C library. */
const char *route_why(const route *r);
