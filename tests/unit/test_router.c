#include "tests/support/check.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "hub/link/router.h"

/* A socket for processes of this machine, and who comes to it. */
struct router_fixture {
	char folder[32], path[64], other[64];
	void *context;
	router *router;
};

static struct router_fixture fx;

enum { NOW_MS = 1000, WAIT_MS = 10 * 1000, DESCRIPTORS = 256 };

static int
set_up(void **ctx)
{
	const struct router_timing timing = { ROUTER_HANDSHAKE_MS, ROUTER_HEARTBEAT_MS,
		                              ROUTER_HEARTBEAT_TIMEOUT_MS };

	(void) ctx;
	snprintf(fx.folder, sizeof(fx.folder), "/tmp/valija-router-XXXXXX");
	assert_non_null(mkdtemp(fx.folder));
	snprintf(fx.path, sizeof(fx.path), "%s/socket", fx.folder);
	snprintf(fx.other, sizeof(fx.other), "%s/other", fx.folder);
	fx.context = zmq_ctx_new();
	assert_status(router_open_here(fx.context, &timing, &fx.router), ST_OK);
	assert_status(router_listen_here(fx.router, fx.path, 0600), ST_OK);
	return 0;
}

static int
tear_down(void **ctx)
{
	(void) ctx;
	router_close(&fx.router);
	zmq_ctx_term(fx.context);
	unlink(fx.other);
	rmdir(fx.folder);
	return 0;
}

static struct sockaddr_un
address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return a;
}

/* Connects, and waits until libzmq has told of it; nobody has listened to that yet. */
static int
call(void)
{
	const struct sockaddr_un to = address(fx.path);
	zmq_pollitem_t told = { .socket = router_door(fx.router), .events = ZMQ_POLLIN };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *) &to, sizeof(to)), 0);
	assert_int_equal(zmq_poll(&told, 1, WAIT_MS), 1);
	return fd;
}

/* libzmq's descriptor of the only connection. */
static int
accepted(void)
{
	for (int fd = 0; fd < DESCRIPTORS; fd++) {
		struct sockaddr_un own = { 0 }, peer;
		socklen_t own_len = sizeof(own), peer_len = sizeof(peer);

		if (getpeername(fd, (struct sockaddr *) &peer, &peer_len) == 0 &&
		    getsockname(fd, (struct sockaddr *) &own, &own_len) == 0 &&
		    own.sun_family == AF_UNIX && strcmp(own.sun_path, fx.path) == 0)
			return fd;
	}
	fail_msg("no connection");
	return -1;
}

static void
wait_until_closed(int fd)
{
	for (int ms = 0; ms < WAIT_MS && fcntl(fd, F_GETFD) >= 0; ms++)
		poll(NULL, 0, 1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void
test_who_comes_has_time_to_speak(void **ctx)
{
	int fd = call();

	(void) ctx;
	assert_true(router_due(fx.router) == INT64_MAX);
	router_tidy(fx.router, NOW_MS);
	assert_true(router_due(fx.router) ==
	            NOW_MS + (int64_t) ROUTER_HANDSHAKE_MS * (1 + ROUTER_SILENCES));
	close(fd);
}

/* Told of late: its descriptor is that of a listener, as libzmq has them itself. */
static void
test_a_listener_that_has_the_number_now_is_no_caller(void **ctx)
{
	const struct sockaddr_un at = address(fx.other);
	int fd = call(), theirs = accepted(), listener;

	(void) ctx;
	close(fd);
	wait_until_closed(theirs);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listener, (const struct sockaddr *) &at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	if (listener != theirs)
		assert_int_equal(dup2(listener, theirs), theirs);
	router_tidy(fx.router, NOW_MS);
	assert_true(router_due(fx.router) == INT64_MAX);
	if (listener != theirs)
		close(listener);
	close(theirs);
}

/* Nor is a connection of something else, whoever it belongs to. */
static void
test_a_connection_elsewhere_is_no_caller(void **ctx)
{
	int fd = call(), theirs = accepted(), pair[2];

	(void) ctx;
	close(fd);
	wait_until_closed(theirs);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	if (pair[0] != theirs)
		assert_int_equal(dup2(pair[0], theirs), theirs);
	router_tidy(fx.router, NOW_MS);
	assert_true(router_due(fx.router) == INT64_MAX);
	if (pair[0] != theirs)
		close(theirs);
	close(pair[0]);
	close(pair[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_who_comes_has_time_to_speak, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_listener_that_has_the_number_now_is_no_caller, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_connection_elsewhere_is_no_caller, set_up,
		                                tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
