#include "tests/support/check.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hub/link/callers.h"

enum { SILENT_MS = 1000 };

struct fixture {
	callers *c;
	int listener, near, far; /* near is what was accepted of far */
};

static int
connect_to(int listener)
{
	struct sockaddr_in at = { 0 };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(getsockname(listener, (struct sockaddr *) &at, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *) &at, len), 0);
	return fd;
}

static int
setup(void **ctx)
{
	static struct fixture fx;
	const struct sockaddr_in here = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	fx.c = callers_new(SILENT_MS);
	fx.listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fx.listener, (const struct sockaddr *) &here, sizeof(here)), 0);
	assert_int_equal(listen(fx.listener, 8), 0);
	fx.far = connect_to(fx.listener);
	fx.near = accept(fx.listener, NULL, NULL);
	assert_true(fx.c && fx.near >= 0);
	*ctx = &fx;
	return 0;
}

static int
teardown(void **ctx)
{
	struct fixture *fx = *ctx;

	callers_free(&fx->c);
	close(fx->far);
	close(fx->near);
	close(fx->listener);
	return 0;
}

static bool
is_dropped(const struct fixture *fx)
{
	char byte;

	return recv(fx->far, &byte, 1, MSG_DONTWAIT) == 0;
}

static void
who_says_nothing_is_dropped_when_it_is_time(void **ctx)
{
	struct fixture *fx = *ctx;

	callers_came(fx->c, fx->near, 5);
	assert_int_equal(callers_due(fx->c), 5 + SILENT_MS);
	callers_tidy(fx->c, 5 + SILENT_MS - 1);
	assert_false(is_dropped(fx));
	callers_tidy(fx->c, 5 + SILENT_MS);
	assert_true(is_dropped(fx));
	assert_int_equal(callers_count(fx->c), 0);
}

static void
who_spoke_is_left_alone(void **ctx)
{
	struct fixture *fx = *ctx;

	callers_came(fx->c, fx->near, 0);
	callers_spoke(fx->c, fx->near);
	callers_tidy(fx->c, SILENT_MS);
	assert_false(is_dropped(fx));
}

/* A caller that went at once leaves its descriptor to whatever is opened next, before
 * anybody hears that it came. */
static void
a_socket_that_listens_is_no_caller(void **ctx)
{
	struct fixture *fx = *ctx;
	int fd;

	callers_came(fx->c, fx->listener, 0);
	assert_int_equal(callers_count(fx->c), 0);
	callers_tidy(fx->c, SILENT_MS);
	fd = connect_to(fx->listener);
	assert_true(fd >= 0);
	close(fd);
}

static void
what_is_no_socket_is_no_caller(void **ctx)
{
	struct fixture *fx = *ctx;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	callers_came(fx->c, ends[0], 0);
	callers_came(fx->c, -1, 0);
	assert_int_equal(callers_count(fx->c), 0);
	close(ends[0]);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_says_nothing_is_dropped_when_it_is_time, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(who_spoke_is_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(a_socket_that_listens_is_no_caller, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(what_is_no_socket_is_no_caller, setup, teardown),
	};

	return cmocka_run_group_tests_name("callers", tests, NULL, NULL);
}
