/* hub/link/zap.h - who may pass the handshake (ZeroMQ RFC 27)
 *
 * libzmq asks at inproc://zeromq.zap.01 about the key of each connection, and
 * names the domain of the socket: the door.  A key that may come by it is let in,
 * with the feed of its device in hex as User-Id: the properties that are set here
 * cannot be forged by a peer.  Any other key gets 400, which ends the handshake at
 * once.  Without this handler libzmq would let everybody in, so it is there before
 * any socket listens, and gate.h proves it.
 */
#pragma once

#include <stdbool.h>

#include "hub/link/keyring.h"

typedef struct zap zap;

/* What a socket that stands at that door sets as its domain. */
const char *zap_domain(door by);

/* ST_EXISTS: the context has a handler already. */
status zap_open(void *context, zap **ret_zap);
void zap_close(zap **z_p);

/* For the poll. */
void *zap_socket(const zap *z);

struct zap_verdict {
	bool admitted;
	door by;
	char address[64]; /* of the peer, as libzmq says it */
};

/* Answer one request.  False: none is waiting. */
bool zap_answer(zap *z, const keyring *ring, struct zap_verdict *ret_verdict);
