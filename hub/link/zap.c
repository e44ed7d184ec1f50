#include "hub/link/zap.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "common/link/socket.h"
#include "protocol/identity.h"

enum {
	VERSION,
	REQUEST_ID,
	DOMAIN,
	ADDRESS,
	ROUTING_ID,
	MECHANISM,
	CURVE_KEY,
	REQUEST_FRAMES,
	FRAME_BYTES = 256,
};

struct zap {
	void *socket;
};

struct frame {
	uint8_t bytes[FRAME_BYTES];
	size_t len; /* FRAME_BYTES + 1: longer */
};

status
zap_open(void *context, zap **ret_zap)
{
	const struct socket_option linger = { ZMQ_LINGER, 0 };
	zap *z = calloc(1, sizeof(*z));
	status st;

	if (!z)
		return ST_NOMEM;
	z->socket = zmq_socket(context, ZMQ_REP);
	st = z->socket ? socket_set(z->socket, &linger, 1) : ST_NOMEM;
	if (st == ST_OK && zmq_bind(z->socket, "inproc://zeromq.zap.01") != 0)
		st = ST_EXISTS;
	if (st < 0) {
		zap_close(&z);
		return st;
	}
	*ret_zap = z;
	return ST_OK;
}

void
zap_close(zap **z_p)
{
	zap *z = *z_p;

	if (!z)
		return;
	if (z->socket)
		zmq_close(z->socket);
	free(z);
	*z_p = NULL;
}

void *
zap_socket(const zap *z)
{
	return z->socket;
}

static bool
more(void *socket)
{
	int value = 0;
	size_t len = sizeof(value);

	return zmq_getsockopt(socket, ZMQ_RCVMORE, &value, &len) == 0 && value != 0;
}

/* How many frames there were; 0: no request is waiting. */
static size_t
receive(void *socket, struct frame frames[static REQUEST_FRAMES])
{
	struct frame rest;
	size_t count = 0;
	int n;

	do {
		struct frame *f = count < REQUEST_FRAMES ? &frames[count] : &rest;

		n = zmq_recv(socket, f->bytes, FRAME_BYTES, ZMQ_DONTWAIT);
		if (n < 0)
			return 0;
		f->len = n <= FRAME_BYTES ? (size_t) n : FRAME_BYTES + 1;
		count++;
	} while (more(socket));
	return count;
}

static bool
is(const struct frame *f, const char *text)
{
	return f->len == strlen(text) && memcmp(f->bytes, text, f->len) == 0;
}

const char *
zap_domain(door by)
{
	return by == DOOR_QUERY ? "valija-query" : "valija";
}

static const uint8_t *
judge(const struct frame frames[static REQUEST_FRAMES], size_t count, const keyring *ring)
{
	bool query = is(&frames[DOMAIN], zap_domain(DOOR_QUERY));

	if (count != REQUEST_FRAMES || !is(&frames[VERSION], "1.0") ||
	    (!query && !is(&frames[DOMAIN], zap_domain(DOOR_SYNC))) ||
	    !is(&frames[MECHANISM], "CURVE") || frames[CURVE_KEY].len != CURVE_BYTES)
		return NULL;
	return keyring_feed(ring, query ? DOOR_QUERY : DOOR_SYNC, frames[CURVE_KEY].bytes);
}

static void
send_text(void *socket, const char *text, int flags)
{
	zmq_send(socket, text, strlen(text), flags);
}

static void
reply(void *socket, const struct frame *id, const uint8_t *feed)
{
	char user[2 * FEED_BYTES + 1] = "";

	if (feed)
		hex_encode(feed, FEED_BYTES, user);
	send_text(socket, "1.0", ZMQ_SNDMORE);
	zmq_send(socket, id->bytes, id->len <= FRAME_BYTES ? id->len : 0, ZMQ_SNDMORE);
	send_text(socket, feed ? "200" : "400", ZMQ_SNDMORE);
	send_text(socket, "", ZMQ_SNDMORE); /* unknown keys get no text */
	send_text(socket, user, ZMQ_SNDMORE);
	send_text(socket, "", 0);
}

bool
zap_answer(zap *z, const keyring *ring, struct zap_verdict *ret_verdict)
{
	struct frame frames[REQUEST_FRAMES];
	size_t count, len;
	const uint8_t *feed;

	memset(frames, 0, sizeof(frames));
	count = receive(z->socket, frames);
	if (count == 0)
		return false;
	feed = judge(frames, count, ring);
	reply(z->socket, &frames[REQUEST_ID], feed);
	len = frames[ADDRESS].len;
	if (len >= sizeof(ret_verdict->address))
		len = 0;
	memcpy(ret_verdict->address, frames[ADDRESS].bytes, len);
	ret_verdict->address[len] = 0;
	ret_verdict->admitted = feed != NULL;
	ret_verdict->by = is(&frames[DOMAIN], zap_domain(DOOR_QUERY)) ? DOOR_QUERY : DOOR_SYNC;
	return true;
}
