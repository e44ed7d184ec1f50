#include "tests/support/check.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files.h"
#include "common/new_home.h"
#include "tests/support/scratch.h"

static char *dir;

static const char *
home(void)
{
	return scratch_path(dir, "home");
}

static size_t
entries(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2; /* . and .. */
}

static mode_t
mode_of(const char *path)
{
	struct stat info;

	assert_int_equal(stat(path, &info), 0);
	return info.st_mode & 07777;
}

static new_home *
begun(void)
{
	new_home *n = NULL;

	assert_status(new_home_begin(home(), 02770, &n), ST_OK);
	assert_status(file_write(scratch_path(new_home_dir(n), "key"), "k", 1, 0600), ST_OK);
	assert_status(file_write(scratch_path(new_home_dir(n), "store"), "s", 1, 0600), ST_OK);
	return n;
}

static void
finished_home_is_whole(void)
{
	mode_t mask = umask(0077);
	new_home *n = begun();

	assert_status(new_home_finish(n, "store"), ST_OK);
	new_home_free(&n);
	umask(mask);
	assert_null(n);
	assert_int_equal(entries(dir), 1);
	assert_int_equal(access(scratch_path(home(), "key"), F_OK), 0);
	assert_int_equal(access(scratch_path(home(), "store"), F_OK), 0);
	assert_int_equal(mode_of(home()), 02770);
}

static void
a_home_is_made_where_there_was_none(void **ctx)
{
	(void) ctx;
	finished_home_is_whole();
	assert_int_equal(entries(home()), 2);
}

static void
an_empty_folder_is_kept_and_filled(void **ctx)
{
	struct stat before, after;

	(void) ctx;
	assert_int_equal(mkdir(home(), 0755), 0);
	assert_int_equal(stat(home(), &before), 0);
	finished_home_is_whole();
	assert_int_equal(stat(home(), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(entries(home()), 2);
}

static void
nothing_is_left_of_what_was_not_finished(void **ctx)
{
	new_home *n;

	(void) ctx;
	n = begun();
	new_home_free(&n);
	assert_int_equal(entries(dir), 0);

	assert_int_equal(mkdir(home(), 0755), 0);
	n = begun();
	new_home_free(&n);
	assert_int_equal(entries(home()), 0);
}

static void
what_is_there_is_not_touched(void **ctx)
{
	new_home *n = NULL;

	(void) ctx;
	assert_int_equal(mkdir(home(), 0755), 0);
	assert_status(file_write(scratch_path(home(), "letter"), "x", 1, 0600), ST_OK);
	assert_status(new_home_begin(home(), 02770, &n), ST_EXISTS);
	assert_null(n);
	assert_status(new_home_begin(scratch_path(home(), "letter"), 02770, &n), ST_EXISTS);
	assert_int_equal(entries(home()), 1);
	assert_int_equal(mode_of(home()), 0755);
}

static void
a_home_made_meanwhile_is_not_replaced(void **ctx)
{
	new_home *n;

	(void) ctx;
	n = begun();
	assert_int_equal(mkdir(home(), 0755), 0);
	assert_status(new_home_finish(n, "store"), ST_EXISTS);
	new_home_free(&n);
	assert_int_equal(entries(home()), 0);
	assert_int_equal(entries(dir), 1);
}

static void
a_folder_that_was_filled_meanwhile_is_left_as_it_is(void **ctx)
{
	new_home *n;

	(void) ctx;
	assert_int_equal(mkdir(home(), 0755), 0);
	n = begun();
	assert_status(file_write(scratch_path(home(), "store"), "x", 1, 0600), ST_OK);
	assert_status(new_home_finish(n, "store"), ST_EXISTS);
	new_home_free(&n);
	assert_int_equal(entries(home()), 1); /* the key went back and is gone */
}

static void
a_missing_parent_is_said(void **ctx)
{
	new_home *n = NULL;

	(void) ctx;
	assert_status(new_home_begin(scratch_path(dir, "a/b"), 02770, &n), ST_NOT_FOUND);
	assert_null(n);
}

static void
a_slash_at_the_end_changes_nothing(void **ctx)
{
	new_home *n = NULL;

	(void) ctx;
	assert_status(new_home_begin(scratch_path(dir, "home//"), 02770, &n), ST_OK);
	assert_status(file_write(scratch_path(new_home_dir(n), "store"), "s", 1, 0600), ST_OK);
	assert_status(new_home_finish(n, "store"), ST_OK);
	new_home_free(&n);
	assert_int_equal(access(scratch_path(home(), "store"), F_OK), 0);
	assert_int_equal(entries(dir), 1);
}

static int
set_up(void **ctx)
{
	(void) ctx;
	dir = scratch_new();
	return 0;
}

static int
tear_down(void **ctx)
{
	(void) ctx;
	scratch_remove(&dir);
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_home_is_made_where_there_was_none),
		TEST(an_empty_folder_is_kept_and_filled),
		TEST(nothing_is_left_of_what_was_not_finished),
		TEST(what_is_there_is_not_touched),
		TEST(a_home_made_meanwhile_is_not_replaced),
		TEST(a_folder_that_was_filled_meanwhile_is_left_as_it_is),
		TEST(a_missing_parent_is_said),
		TEST(a_slash_at_the_end_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
