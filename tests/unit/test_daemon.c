#include "tests/support/check.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/daemon.h"
#include "tests/support/scratch.h"

static char *home;

static void
a_home_is_served_once(void **ctx)
{
	int fd = -1, second = -7, holder = 0;

	(void) ctx;
	assert_status(daemon_lock(home, &fd, &holder), ST_OK);
	assert_status(daemon_lock(home, &second, &holder), ST_BUSY);
	assert_int_equal(second, -7);
	assert_int_equal(holder, getpid());
	close(fd); /* as at the end of the process, however it ended */
	assert_status(daemon_lock(home, &second, &holder), ST_OK);
	close(second);
}

static void
a_home_that_is_not_there_cannot_be_served(void **ctx)
{
	int fd = -7, holder = 0;

	(void) ctx;
	assert_status(daemon_lock(scratch_path(home, "none"), &fd, &holder), ST_NOT_FOUND);
	assert_int_equal(fd, -7);
}

static int
bound_socket(const char *path, struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	*at = (struct sockaddr_un) { .sun_family = AF_UNIX };
	assert_true(strlen(path) < sizeof(at->sun_path));
	memcpy(at->sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *) at, sizeof(*at)), 0);
	return fd;
}

static void
the_service_manager_is_told(void **ctx)
{
	const char *path = scratch_path(home, "notify");
	struct sockaddr_un at;
	char said[64] = "";
	int fd = bound_socket(path, &at);

	(void) ctx;
	daemon_notify("READY=1"); /* without one: nothing happens */
	setenv("NOTIFY_SOCKET", path, 1);
	daemon_notify("READY=1");
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(recv(fd, said, sizeof(said) - 1, MSG_DONTWAIT), 7);
	assert_string_equal(said, "READY=1");
	assert_int_equal(recv(fd, said, sizeof(said) - 1, MSG_DONTWAIT), -1);
	close(fd);
}

static void
signals_come_through_the_descriptor(void **ctx)
{
	int fd = daemon_signals();
	struct pollfd p = { .fd = fd, .events = POLLIN };

	(void) ctx;
	assert_true(fd >= 0);
	assert_int_equal(daemon_signal_take(fd), 0);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(poll(&p, 1, 1000), 1);
	assert_int_equal(daemon_signal_take(fd), SIGTERM);
	assert_int_equal(daemon_signal_take(fd), 0);
	close(fd);
}

static int
set_up(void **ctx)
{
	(void) ctx;
	home = scratch_new();
	return 0;
}

static int
tear_down(void **ctx)
{
	(void) ctx;
	scratch_remove(&home);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_home_is_served_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_home_that_is_not_there_cannot_be_served, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(the_service_manager_is_told, set_up, tear_down),
		cmocka_unit_test(signals_come_through_the_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
