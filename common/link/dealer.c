#include "common/link/dealer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/link/socket.h"

enum { EVENT_BYTES = 6 }; /* of the monitor's first frame */

struct dealer {
	void *socket, *monitor;
	dealer_state state;
	dealer_failure failure;
	bool connected; /* TCP */
	int64_t deadline_ms;
};

static const struct socket_option options[] = {
	{ ZMQ_LINGER, 0 },
	{ ZMQ_IMMEDIATE, 1 },
	{ ZMQ_RECONNECT_IVL, -1 },
	{ ZMQ_CONNECT_TIMEOUT, 30 * 1000 },
	{ ZMQ_TCP_MAXRT, 180 * 1000 },
	{ ZMQ_HANDSHAKE_IVL, 60 * 1000 },
	{ ZMQ_HEARTBEAT_TTL, 0 },
	{ ZMQ_TCP_KEEPALIVE, 1 },
	{ ZMQ_TCP_KEEPALIVE_IDLE, 60 },
	{ ZMQ_TCP_KEEPALIVE_INTVL, 30 },
	{ ZMQ_TCP_KEEPALIVE_CNT, 4 },
	{ ZMQ_SNDHWM, 4 },
	{ ZMQ_RCVHWM, 64 },
};

/* All that may end an attempt. */
enum {
	WATCHED = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_DISCONNECTED |
		ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
		ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
};

static status
set_options(void *socket, const char *address, const struct dealer_timing *timing)
{
	const struct socket_option own[] = {
		{ ZMQ_IPV6, !endpoint_is_ipv4(address) },
		{ ZMQ_HEARTBEAT_IVL, timing->heartbeat_ms },
		{ ZMQ_HEARTBEAT_TIMEOUT, timing->heartbeat_timeout_ms },
	};
	const int64_t most = SOCKET_FRAME_BYTES;
	status st = socket_set(socket, options, sizeof(options) / sizeof(*options));

	if (st == ST_OK)
		st = socket_set(socket, own, sizeof(own) / sizeof(*own));
	return st == ST_OK ? socket_set_bytes(socket, ZMQ_MAXMSGSIZE, &most, sizeof(most)) : st;
}

static status
open_monitor(dealer *d, void *context)
{
	static unsigned count;
	const struct socket_option linger = { ZMQ_LINGER, 0 };
	char name[64];

	snprintf(name, sizeof(name), "inproc://monitor-%u", ++count);
	if (zmq_socket_monitor(d->socket, name, WATCHED) != 0)
		return ST_IO;
	d->monitor = zmq_socket(context, ZMQ_PAIR);
	if (!d->monitor)
		return ST_NOMEM;
	if (socket_set(d->monitor, &linger, 1) < 0 || zmq_connect(d->monitor, name) != 0)
		return ST_IO;
	return ST_OK;
}

status
dealer_open(void *context, const char *address, const struct curve_key *key, const uint8_t *server,
            const struct dealer_timing *timing, int64_t deadline_ms, dealer **ret_dealer)
{
	dealer *d = calloc(1, sizeof(*d));
	status st;

	if (!d)
		return ST_NOMEM;
	d->state = DEALER_CONNECTING;
	d->deadline_ms = deadline_ms;
	d->socket = zmq_socket(context, ZMQ_DEALER);
	st = d->socket ? set_options(d->socket, address, timing) : ST_NOMEM;
	if (st == ST_OK && key && server)
		st = socket_curve_client(d->socket, key, server);
	if (st == ST_OK)
		st = open_monitor(d, context);
	if (st == ST_OK && zmq_connect(d->socket, address) != 0)
		st = ST_IO;
	if (st < 0) {
		dealer_close(&d);
		return st;
	}
	*ret_dealer = d;
	return ST_OK;
}

void
dealer_close(dealer **d_p)
{
	dealer *d = *d_p;

	if (!d)
		return;
	/* The monitor goes first, while somebody still reads it: libzmq's own
	 * thread would wait for ever to hand an event to nobody. */
	if (d->socket)
		zmq_socket_monitor(d->socket, NULL, 0);
	if (d->monitor)
		zmq_close(d->monitor);
	if (d->socket)
		zmq_close(d->socket);
	free(d);
	*d_p = NULL;
}

static void
fail(dealer *d, dealer_failure failure)
{
	/* that the key was refused is worth more than that the link then closed */
	if (d->state != DEALER_FAILED || failure == DEALER_DENIED)
		d->failure = failure;
	d->state = DEALER_FAILED;
}

static void
happened(dealer *d, int event)
{
	switch (event) {
	case ZMQ_EVENT_CONNECTED: d->connected = true; return;
	case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
		if (d->state == DEALER_CONNECTING)
			d->state = DEALER_UP;
		return;
	case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: fail(d, DEALER_DENIED); return;
	default:
		if (d->state == DEALER_UP)
			fail(d, DEALER_LOST);
		else
			fail(d, d->connected ? DEALER_STRANGE : DEALER_UNREACHABLE);
		return;
	}
}

/* The number of the next event, 0 when there is none. */
static int
next_event(void *monitor)
{
	uint8_t frame[EVENT_BYTES], address[256];
	uint16_t event;

	if (zmq_recv(monitor, frame, sizeof(frame), ZMQ_DONTWAIT) != EVENT_BYTES)
		return 0;
	zmq_recv(monitor, address, sizeof(address), ZMQ_DONTWAIT);
	memcpy(&event, frame, sizeof(event));
	return event;
}

dealer_state
dealer_look(dealer *d, int64_t now_ms)
{
	int event;

	while ((event = next_event(d->monitor)) != 0)
		happened(d, event);
	if (d->state == DEALER_CONNECTING && now_ms >= d->deadline_ms)
		fail(d, DEALER_TIMEOUT);
	return d->state;
}

dealer_failure
dealer_why(const dealer *d)
{
	return d->failure;
}

bool
dealer_writable(dealer *d)
{
	int events = 0;
	size_t len = sizeof(events);

	return zmq_getsockopt(d->socket, ZMQ_EVENTS, &events, &len) == 0 &&
		(events & ZMQ_POLLOUT) != 0;
}

status
dealer_send(dealer *d, const void *frame, size_t len)
{
	if (zmq_send(d->socket, frame, len, ZMQ_DONTWAIT) >= 0)
		return ST_OK;
	return errno == EAGAIN || errno == EINTR ? ST_BUSY : ST_IO;
}

status
dealer_receive(dealer *d, zmq_msg_t *ret_frame)
{
	bool whole;

	if (zmq_msg_recv(ret_frame, d->socket, ZMQ_DONTWAIT) < 0)
		return ST_NOT_FOUND;
	whole = !zmq_msg_more(ret_frame);
	while (zmq_msg_more(ret_frame)) {
		if (zmq_msg_recv(ret_frame, d->socket, ZMQ_DONTWAIT) < 0)
			break;
	}
	return whole ? ST_OK : ST_MALFORMED;
}

void
dealer_poll_items(dealer *d, zmq_pollitem_t items[static DEALER_POLL_ITEMS])
{
	bool up = d->state == DEALER_UP;

	items[0] = (zmq_pollitem_t) { d->socket, -1, up ? ZMQ_POLLIN : 0, 0 };
	items[1] = (zmq_pollitem_t) { d->monitor, -1, ZMQ_POLLIN, 0 };
	if (up && !dealer_writable(d))
		items[0].events |= ZMQ_POLLOUT;
}

int64_t
dealer_deadline(const dealer *d)
{
	return d->state == DEALER_CONNECTING ? d->deadline_ms : INT64_MAX;
}
