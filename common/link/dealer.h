/* common/link/dealer.h - one attempt to reach a hub: one DEALER socket
 *
 * libzmq gives up for ever after some errors and does not back off after
 * others, so it is never left to reconnect: an attempt is opened, comes up or
 * fails, and is closed.  Nothing of value lies in its queues.
 *
 *     CONNECTING ----> UP ----> FAILED
 *          |                      ^
 *          +----------------------+
 *
 * Only the owner's loop touches it; it polls both sockets for input and, while
 * dealer_writable() is false, the first for output too.
 */
#pragma once

#include <stdbool.h>
#include <zmq.h>

#include "common/link/curve_key.h"

typedef enum dealer_state {
	DEALER_CONNECTING = 1,
	DEALER_UP,     /* the hub's key is proven, and it let ours in */
	DEALER_FAILED, /* of no more use; dealer_why() tells */
} dealer_state;

typedef enum dealer_failure {
	DEALER_UNREACHABLE = 1, /* nobody answers at that address */
	DEALER_STRANGE,         /* who answers is not this hub, or hub.pub is wrong */
	DEALER_DENIED,          /* the hub does not let this key in */
	DEALER_LOST,            /* the link was up and broke */
	DEALER_TIMEOUT,         /* no handshake in time */
} dealer_failure;

typedef struct dealer dealer;

/* Signs of life that libzmq exchanges by itself, apart from the conversation. */
struct dealer_timing {
	int heartbeat_ms;
	int heartbeat_timeout_ms; /* well above what the largest batch takes on a slow link */
};

enum { HEARTBEAT_MS = 30 * 1000, HEARTBEAT_TIMEOUT_MS = 120 * 1000 };

/* key and server NULL: without keys, as to "ipc:///run/valija-hub/socket" of this
 * machine.  Begin to connect to address, e.g. "tcp://192.0.2.7:5555"; the whole handshake
 * has until deadline_ms.  ST_NOMEM, ST_IO. */
status
dealer_open(void *context, const char *address, const struct curve_key *key, const uint8_t *server,
            const struct dealer_timing *timing, int64_t deadline_ms, dealer **ret_dealer);
void dealer_close(dealer **d_p);

/* Take in what happened to the connection. */
dealer_state dealer_look(dealer *d, int64_t now_ms);
dealer_failure dealer_why(const dealer *d);

/* A frame can be sent without waiting. */
bool dealer_writable(dealer *d);
/* ST_BUSY: not now; nothing was sent. */
status dealer_send(dealer *d, const void *frame, size_t len);
/* The next frame, in a message that the caller has made by zmq_msg_init().
 * ST_NOT_FOUND: none is there.  A message of several parts, which no hub sends,
 * is ST_MALFORMED. */
status dealer_receive(dealer *d, zmq_msg_t *ret_frame);

/* For the poll: the socket, then its monitor. */
enum { DEALER_POLL_ITEMS = 2 };
void dealer_poll_items(dealer *d, zmq_pollitem_t items[static DEALER_POLL_ITEMS]);

/* When dealer_look() is due at the latest; INT64_MAX: never. */
int64_t dealer_deadline(const dealer *d);
