#include "tests/support/check.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/wake.h"
#include "tests/support/scratch.h"

/* linked with --wrap=inotify_init1 */
int __wrap_inotify_init1(int flags);
int __real_inotify_init1(int flags);

static bool no_instances;

int
__wrap_inotify_init1(int flags)
{
	return no_instances ? -1 : __real_inotify_init1(flags);
}

static char *home;

static void
touch(const char *name, long second)
{
	struct timespec times[2] = { { second, 0 }, { second, 0 } };
	int fd = open(scratch_path(home, name), O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static bool
readable(const wake *w)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	return poll(&p, 1, 1000) == 1;
}

static void
touches_come_out_once(wake *w)
{
	assert_false(wake_take(w));
	touch("changed", 10); /* made anew */
	assert_true(w->fd < 0 || readable(w));
	assert_true(wake_take(w));
	assert_false(wake_take(w));
	touch("changed", 20);
	touch("changed", 30);
	assert_true(w->fd < 0 || readable(w));
	assert_true(wake_take(w));
	assert_false(wake_take(w));
}

static void
a_touch_wakes(void **ctx)
{
	wake w;

	(void) ctx;
	assert_status(wake_open(home, &w), ST_OK);
	assert_true(w.fd >= 0);
	assert_int_equal(wake_wait_ms(&w), -1);
	touches_come_out_once(&w);
	wake_close(&w);
	assert_int_equal(w.fd, -1);
}

static void
a_touch_is_found_without_inotify(void **ctx)
{
	wake w;

	(void) ctx;
	no_instances = true;
	assert_status(wake_open(home, &w), ST_OK);
	assert_int_equal(w.fd, -1);
	assert_int_equal(wake_wait_ms(&w), WAKE_LOOK_MS);
	touches_come_out_once(&w);
	wake_close(&w);
}

static void
other_files_do_not_wake(void **ctx)
{
	wake w;

	(void) ctx;
	assert_status(wake_open(home, &w), ST_OK);
	touch("run.lock", 10);
	assert_true(readable(&w));
	assert_false(wake_take(&w));
	wake_close(&w);
}

static void
a_home_that_is_not_there_is_named_so(void **ctx)
{
	wake w = { .fd = -7 };

	(void) ctx;
	assert_status(wake_open(scratch_path(home, "none"), &w), ST_NOT_FOUND);
	assert_int_equal(w.fd, -7); /* untouched on failure */
}

static int
set_up(void **ctx)
{
	(void) ctx;
	home = scratch_new();
	no_instances = false;
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
		cmocka_unit_test_setup_teardown(a_touch_wakes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_touch_is_found_without_inotify, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(other_files_do_not_wake, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_home_that_is_not_there_is_named_so, set_up,
		                                tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
