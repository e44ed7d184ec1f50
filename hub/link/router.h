/* hub/link/router.h - a socket that others connect to: one ROUTER
 *
 * CURVE, with the ZAP handler enforced; or, without a key, for processes of this
 * machine, where who may open the file of the socket is the system's to say.  Messages come with the feed that the
 * connection's key is enrolled for, taken from what the handler told libzmq and
 * from nowhere else; routing ids only say where an answer goes.
 *
 * libzmq has no call that drops one peer, so router_drop() shuts its TCP
 * connection down; a cookie of the kernel makes sure that it still is that
 * peer's.  Who connects and says nothing is dropped here (hub/link/callers.h).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <zmq.h>

#include "common/link/curve_key.h"
#include "hub/link/keyring.h"

enum { ROUTING_ID_MAX = 255, ENDPOINT_TEXT_BYTES = 256 };

typedef struct router router;

/* What libzmq sees to by itself, apart from the conversation. */
struct router_timing {
	int handshake_ms; /* who then says nothing for ROUTER_SILENCES times as long is dropped */
	int heartbeat_ms;
	int heartbeat_timeout_ms;
};

/* Defaults. */
enum {
	ROUTER_SILENCES = 2,
	/* As long as a device waits for a link: when thousands come back at once all their
	 * handshakes go on side by side, and to cut them off half done makes them begin anew. */
	ROUTER_HANDSHAKE_MS = 60 * 1000,
	ROUTER_HEARTBEAT_MS = 60 * 1000,
	ROUTER_HEARTBEAT_TIMEOUT_MS = 180 * 1000,
};

/* Not listening yet.  ST_DENIED: libzmq does not enforce the ZAP handler, so
 * nothing must listen. */
status router_open(void *context, const struct curve_key *key, door by,
                   const struct router_timing *timing, router **ret_router);
/* Without keys, and so for router_listen_here() alone. */
status router_open_here(void *context, const struct router_timing *timing, router **ret_router);
void router_close(router **r_p);

/* ST_EXISTS: the port is in use.  ST_DENIED: no right to it.  ST_INVALID: no
 * such address here.  ret_endpoint gets the address with the real port. */
status
router_listen(router *r, const char *endpoint, char ret_endpoint[static ENDPOINT_TEXT_BYTES]);
/* Listen at a file, which is replaced and gets that mode.  ST_LIMIT: its name is
 * too long for a socket. */
status router_listen_here(router *r, const char *path, mode_t mode);
void router_unlisten(router *r, const char *endpoint);

/* For the poll: what arrives, and who comes. */
void *router_socket(const router *r);
void *router_door(const router *r);

/* Take note of who has come, and drop who was silent for too long. */
void router_tidy(router *r, int64_t now_ms);
/* When that is due though nobody comes; INT64_MAX: never. */
int64_t router_due(const router *r);

/* Where a message came from. */
struct router_peer {
	uint8_t id[ROUTING_ID_MAX];
	size_t id_len;
	uint8_t feed[FEED_BYTES]; /* zeros: of this machine, without a key */
	int fd;                   /* of its connection; -1: not known */
};

/* The next message; frame is made by zmq_msg_init() and stays the caller's.
 * ST_NOT_FOUND: none is waiting.  ST_MALFORMED: not one frame; *ret_peer is
 * valid.  ST_DENIED: it has no User-Id of our handler. */
status router_receive(router *r, struct router_peer *ret_peer, zmq_msg_t *frame);

/* ST_NOT_FOUND: the peer is gone.  ST_BUSY: it takes nothing. */
status router_send(router *r, const uint8_t *id, size_t id_len, const void *frame, size_t len);

/* What tells two connections apart that had the same descriptor in turn; 0: not
 * known, or no connection. */
uint64_t router_cookie(int fd);
void router_drop(int fd, uint64_t cookie);
