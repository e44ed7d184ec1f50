#include "hub/link/router.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/daemon.h"
#include "common/link/socket.h"
#include "hub/link/callers.h"
#include "hub/link/zap.h"
#include "protocol/identity.h"

/* In the draft part of zmq.h, but in the library: czmq's own setter was
 * compiled to nothing for that reason. */
enum { ENFORCE_DOMAIN = 93 };

/* The credit allows so many of the smallest batches that an honest device sends,
 * and one commit acknowledges all of them at once.  Who has more than that
 * waiting does not read. */
enum { SMALLEST_BATCH = 4096, ANSWERS_QUEUED = CREDIT_BYTES_MAX / SMALLEST_BATCH + 64 };

struct router {
	void *socket;
	void *monitor; /* libzmq tells there of each connection that it accepts */
	callers *callers;
	bool here;     /* without keys */
	unsigned port; /* where it listens; 0: nowhere yet, or at a file */
	char *path;    /* of its file, which libzmq leaves behind */
};

static const struct socket_option options[] = {
	{ ZMQ_LINGER, 0 },
	{ ZMQ_BACKLOG, 4096 }, /* as Debian's kernel has it; who finds it full waits for long */
	{ ZMQ_ROUTER_MANDATORY, 1 },
	{ ZMQ_ROUTER_HANDOVER, 0 },
	{ ZMQ_PROBE_ROUTER, 0 },
	{ ZMQ_TCP_MAXRT, 180 * 1000 },
	{ ZMQ_HEARTBEAT_TTL, 0 },
	{ ZMQ_TCP_KEEPALIVE, 1 },
	{ ZMQ_TCP_KEEPALIVE_IDLE, 120 },
	{ ZMQ_TCP_KEEPALIVE_INTVL, 60 },
	{ ZMQ_TCP_KEEPALIVE_CNT, 4 },
	{ ZMQ_SNDHWM, ANSWERS_QUEUED },
	{ ZMQ_RCVHWM, 64 },
};

static const struct socket_option enforce = { ENFORCE_DOMAIN, 1 };

static status
check_enforced(void *socket)
{
	int value = 0;
	size_t len = sizeof(value);

	return zmq_getsockopt(socket, ENFORCE_DOMAIN, &value, &len) == 0 && value == 1 ? ST_OK
										       : ST_DENIED;
}

static status
set_up_keys(void *socket, const struct curve_key *key, door by)
{
	const char *domain = zap_domain(by);
	status st = socket_set(socket, &enforce, 1);

	if (st == ST_OK)
		st = socket_set_bytes(socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain));
	if (st == ST_OK)
		st = socket_curve_server(socket, key);
	return st == ST_OK ? check_enforced(socket) : st;
}

static status
set_up(void *socket, const struct router_timing *timing)
{
	const struct socket_option own[] = {
		{ ZMQ_HANDSHAKE_IVL, timing->handshake_ms },
		{ ZMQ_HEARTBEAT_IVL, timing->heartbeat_ms },
		{ ZMQ_HEARTBEAT_TIMEOUT, timing->heartbeat_timeout_ms },
	};
	const int64_t most = SOCKET_FRAME_BYTES;
	status st = socket_set(socket, options, sizeof(options) / sizeof(*options));

	if (st == ST_OK)
		st = socket_set(socket, own, sizeof(own) / sizeof(*own));
	return st == ST_OK ? socket_set_bytes(socket, ZMQ_MAXMSGSIZE, &most, sizeof(most)) : st;
}

/* Without a bound to what waits there libzmq never waits for this process.  The name is
 * of one socket of the process. */
static status
watch(router *r, void *context)
{
	const struct socket_option monitor_options[] = { { ZMQ_LINGER, 0 }, { ZMQ_RCVHWM, 0 } };
	char name[64];
	status st;

	snprintf(name, sizeof(name), "inproc://door-%p", r->socket);
	if (zmq_socket_monitor(r->socket, name, ZMQ_EVENT_ACCEPTED) != 0)
		return ST_NOMEM;
	r->monitor = zmq_socket(context, ZMQ_PAIR);
	if (!r->monitor)
		return ST_NOMEM;
	st = socket_set(r->monitor, monitor_options, 2);
	return st == ST_OK && zmq_connect(r->monitor, name) != 0 ? ST_IO : st;
}

status
router_open_here(void *context, const struct router_timing *timing, router **ret_router)
{
	router *r = calloc(1, sizeof(*r));
	status st;

	if (!r)
		return ST_NOMEM;
	r->here = true;
	r->socket = zmq_socket(context, ZMQ_ROUTER);
	r->callers = callers_new((int64_t) timing->handshake_ms * (1 + ROUTER_SILENCES));
	st = r->socket && r->callers ? set_up(r->socket, timing) : ST_NOMEM;
	if (st == ST_OK)
		st = watch(r, context);
	if (st < 0) {
		router_close(&r);
		return st;
	}
	*ret_router = r;
	return ST_OK;
}

status
router_open(void *context, const struct curve_key *key, door by, const struct router_timing *timing,
            router **ret_router)
{
	router *r = NULL;
	status st = router_open_here(context, timing, &r);

	if (st < 0)
		return st;
	r->here = false;
	st = set_up_keys(r->socket, key, by);
	if (st < 0) {
		router_close(&r);
		return st;
	}
	*ret_router = r;
	return ST_OK;
}

void
router_close(router **r_p)
{
	router *r = *r_p;

	if (!r)
		return;
	if (r->socket)
		zmq_close(r->socket);
	if (r->monitor)
		zmq_close(r->monitor);
	callers_free(&r->callers);
	if (r->path)
		unlink(r->path);
	free(r->path);
	free(r);
	*r_p = NULL;
}

/* A socket that speaks IPv6 tells IPv4 addresses in a form that nobody types. */
static status
choose_family(void *socket, const char *endpoint)
{
	const struct socket_option ipv6 = { ZMQ_IPV6, !endpoint_is_ipv4(endpoint) };

	return socket_set(socket, &ipv6, 1);
}

/* The endpoint as libzmq tells it: a port that the system chose is in it. */
static status
note_endpoint(router *r, char ret_endpoint[static ENDPOINT_TEXT_BYTES])
{
	size_t len = ENDPOINT_TEXT_BYTES;
	const char *port;

	if (zmq_getsockopt(r->socket, ZMQ_LAST_ENDPOINT, ret_endpoint, &len) != 0)
		return ST_IO;
	port = strrchr(ret_endpoint, ':');
	r->port = port ? (unsigned) strtoul(port + 1, NULL, 10) : 0;
	return ST_OK;
}

status
router_listen(router *r, const char *endpoint, char ret_endpoint[static ENDPOINT_TEXT_BYTES])
{
	status st = r->here ? ST_INVALID : choose_family(r->socket, endpoint);

	if (st < 0)
		return st;
	if (zmq_bind(r->socket, endpoint) == 0)
		return note_endpoint(r, ret_endpoint);
	switch (errno) {
	case EADDRINUSE: return ST_EXISTS;
	case EACCES: return ST_DENIED;
	case EADDRNOTAVAIL:
	case ENODEV:
	case EINVAL: return ST_INVALID;
	default: return ST_IO;
	}
}

/* From bind() to chmod() the file has what the umask leaves of all rights: a service
 * has it at 0077. */
status
router_listen_here(router *r, const char *path, mode_t mode)
{
	char endpoint[ENDPOINT_TEXT_BYTES];
	int len = snprintf(endpoint, sizeof(endpoint), "ipc://%s", path);

	if (!r->here || len < 0 || (size_t) len >= sizeof(endpoint))
		return r->here ? ST_LIMIT : ST_INVALID;
	if (zmq_bind(r->socket, endpoint) != 0)
		return errno == ENAMETOOLONG ? ST_LIMIT : ST_IO;
	r->path = strdup(path);
	return chmod(path, mode) == 0 ? ST_OK : ST_IO;
}

void
router_unlisten(router *r, const char *endpoint)
{
	zmq_unbind(r->socket, endpoint);
}

void *
router_socket(const router *r)
{
	return r->socket;
}

void *
router_door(const router *r)
{
	return r->monitor;
}

/* ---- who comes ---- */

/* False: nobody more.  An event is two frames: its number and a value, here the
 * descriptor, in the first. */
static bool
next_caller(router *r, int *ret_fd)
{
	struct {
		uint16_t event;
		uint32_t value;
	} __attribute__((packed)) event = { 0 };
	char endpoint[ENDPOINT_TEXT_BYTES];
	int n = zmq_recv(r->monitor, &event, sizeof(event), ZMQ_DONTWAIT);

	if (n < 0)
		return false;
	zmq_recv(r->monitor, endpoint, sizeof(endpoint), ZMQ_DONTWAIT);
	*ret_fd = n == (int) sizeof(event) ? (int) event.value : -1;
	return true;
}

/* Whether it is a connection to where this socket listens.  Who is told of late may have
 * gone, and the descriptor be a listener by now, or one of another socket: to drop that
 * would end the process, or somebody who has spoken. */
static bool
came_here(const router *r, int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un file;
	} own = { 0 }, peer = { 0 };
	socklen_t own_len = sizeof(own), peer_len = sizeof(peer);

	if (fd < 0 || getpeername(fd, &peer.any, &peer_len) != 0 ||
	    getsockname(fd, &own.any, &own_len) != 0)
		return false;
	switch (own.any.sa_family) {
	case AF_INET: return !r->here && ntohs(own.v4.sin_port) == r->port;
	case AF_INET6: return !r->here && ntohs(own.v6.sin6_port) == r->port;
	case AF_UNIX:
		return r->path &&
			strncmp(own.file.sun_path, r->path, sizeof(own.file.sun_path)) == 0;
	default: return false;
	}
}

static void
take_callers(router *r, int64_t now_ms)
{
	int fd;

	while (next_caller(r, &fd)) {
		if (came_here(r, fd))
			callers_came(r->callers, fd, now_ms);
	}
}

void
router_tidy(router *r, int64_t now_ms)
{
	take_callers(r, now_ms);
	callers_tidy(r->callers, now_ms);
}

int64_t
router_due(const router *r)
{
	return callers_due(r->callers);
}

/* ---- what they say ---- */

/* Only properties that the ZAP handler set cannot be forged; it always sets
 * this one. */
static bool
sender(zmq_msg_t *frame, uint8_t feed[static FEED_BYTES])
{
	const char *user = zmq_msg_gets(frame, "User-Id");

	return user && hex_decode(user, strlen(user), feed, FEED_BYTES);
}

/* Pass over what follows the first frame.  True when there was something. */
static bool
pass_over(void *socket, zmq_msg_t *frame)
{
	bool any = false;
	zmq_msg_t rest;

	if (!zmq_msg_more(frame))
		return false;
	zmq_msg_init(&rest);
	do {
		any = true;
		if (zmq_msg_recv(&rest, socket, ZMQ_DONTWAIT) < 0)
			break;
	} while (zmq_msg_more(&rest));
	zmq_msg_close(&rest);
	return any;
}

status
router_receive(router *r, struct router_peer *ret_peer, zmq_msg_t *frame)
{
	int n = zmq_recv(r->socket, ret_peer->id, sizeof(ret_peer->id), ZMQ_DONTWAIT);
	bool whole;

	if (n < 0)
		return ST_NOT_FOUND;
	ret_peer->id_len = (size_t) n < sizeof(ret_peer->id) ? (size_t) n : sizeof(ret_peer->id);
	if (zmq_msg_recv(frame, r->socket, ZMQ_DONTWAIT) < 0)
		return ST_DENIED;
	whole = !pass_over(r->socket, frame);
	memset(ret_peer->feed, 0, FEED_BYTES);
	if (!r->here && !sender(frame, ret_peer->feed))
		return ST_DENIED;
	ret_peer->fd = zmq_msg_get(frame, ZMQ_SRCFD);
	take_callers(r, clock_mono_ms()); /* who came before this message was told of before it */
	callers_spoke(r->callers, ret_peer->fd);
	return whole ? ST_OK : ST_MALFORMED;
}

status
router_send(router *r, const uint8_t *id, size_t id_len, const void *frame, size_t len)
{
	if (zmq_send(r->socket, id, id_len, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
		return errno == EAGAIN ? ST_BUSY : ST_NOT_FOUND;
	return zmq_send(r->socket, frame, len, ZMQ_DONTWAIT) >= 0 ? ST_OK : ST_BUSY;
}

/* A descriptor is told of a little later than it is had: by then it may be the one that
 * we listen at, and libzmq ends the process when that is shut down. */
static bool
listens(int fd)
{
	int yes = 1;
	socklen_t len = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len) != 0 || yes != 0;
}

uint64_t
router_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (fd < 0 || listens(fd))
		return 0;
	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0 ? cookie : 0;
}

void
router_drop(int fd, uint64_t cookie)
{
	if (cookie != 0 && router_cookie(fd) == cookie)
		shutdown(fd, SHUT_RDWR);
}
