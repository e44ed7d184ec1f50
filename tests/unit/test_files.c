#include "tests/support/check.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files.h"
#include "tests/support/scratch.h"

enum { MAX_BYTES = 1000 };

static const char *dir;

static void
write_text(const char *name, const char *text)
{
	assert_status(file_write(scratch_path(dir, name), text, strlen(text), 0644), ST_OK);
}

static void
assert_content(const char *name, const char *want)
{
	uint8_t *bytes = NULL;
	size_t len = 0;

	assert_status(file_read(scratch_path(dir, name), MAX_BYTES, &bytes, &len), ST_OK);
	assert_int_equal(len, strlen(want));
	assert_string_equal((char *) bytes, want); /* there is a 0 behind it */
	free(bytes);
}

static size_t
entries(void)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2; /* . and .. */
}

static void
what_was_written_is_read(void **ctx)
{
	(void) ctx;
	write_text("a", "");
	assert_content("a", "");
	write_text("a", "second\n");
	assert_content("a", "second\n");
	assert_int_equal(entries(), 1);
}

static void
the_mode_is_exact_whatever_the_umask(void **ctx)
{
	(void) ctx;
	mode_t before = umask(0777);
	struct stat info;

	write_text("a", "x");
	umask(0);
	assert_status(file_create(scratch_path(dir, "key"), "x", 1, 0600), ST_OK);
	umask(before);
	assert_int_equal(stat(scratch_path(dir, "a"), &info), 0);
	assert_int_equal(info.st_mode & 07777, 0644);
	assert_int_equal(stat(scratch_path(dir, "key"), &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
}

static void
create_never_replaces(void **ctx)
{
	(void) ctx;
	assert_status(file_create(scratch_path(dir, "a"), "first", 5, 0644), ST_OK);
	assert_status(file_create(scratch_path(dir, "a"), "other", 5, 0644), ST_EXISTS);
	assert_content("a", "first");
	assert_int_equal(entries(), 1); /* no temporary file is left */
}

static void
a_write_that_fails_leaves_the_old_content(void **ctx)
{
	(void) ctx;
	assert_int_equal(mkdir(scratch_path(dir, "d"), 0755), 0);
	assert_int_equal(mkdir(scratch_path(dir, "d/in"), 0755), 0);
	assert_true(file_write(scratch_path(dir, "d"), "x", 1, 0644) < 0); /* a folder is there */
	assert_status(file_write(scratch_path(dir, "none/a"), "x", 1, 0644), ST_NOT_FOUND);
	assert_int_equal(entries(), 1);
}

static void
reading_tells_its_failures_apart_and_writes_nothing(void **ctx)
{
	(void) ctx;
	uint8_t *bytes = (uint8_t *) &bytes;
	uint8_t *const untouched = bytes;
	size_t len = 77;

	assert_int_equal(mkfifo(scratch_path(dir, "fifo"), 0600), 0);
	assert_status(file_read(scratch_path(dir, "none"), MAX_BYTES, &bytes, &len), ST_NOT_FOUND);
	assert_status(file_read(dir, MAX_BYTES, &bytes, &len), ST_IO);
	assert_status(file_read(scratch_path(dir, "fifo"), MAX_BYTES, &bytes, &len), ST_IO);
	assert_ptr_equal(bytes, untouched);
	assert_int_equal(len, 77);
}

static void
the_size_limit_is_inclusive(void **ctx)
{
	(void) ctx;
	uint8_t *bytes = NULL;
	size_t len = 77;

	write_text("a", "12345");
	assert_status(file_read(scratch_path(dir, "a"), 4, &bytes, &len), ST_LIMIT);
	assert_int_equal(len, 77);
	assert_status(file_read(scratch_path(dir, "a"), 5, &bytes, &len), ST_OK);
	assert_int_equal(len, 5);
	free(bytes);
}

static void
a_file_is_read_to_its_end_whatever_its_size_says(void **ctx)
{
	(void) ctx;
	uint8_t *bytes = NULL;
	size_t len = 0;

	/* told as 0 bytes long */
	assert_status(file_read("/proc/self/status", 1 << 20, &bytes, &len), ST_OK);
	assert_true(len > 100);
	assert_memory_equal(bytes, "Name:", 5);
	free(bytes);
	assert_status(file_read("/proc/self/status", 100, &bytes, &len), ST_LIMIT);
}

static void
a_path_that_does_not_fit_is_refused(void **ctx)
{
	(void) ctx;
	char out[8];

	assert_status(path_join(out, sizeof(out), "abc", "def"), ST_OK);
	assert_string_equal(out, "abc/def");
	assert_status(path_join(out, sizeof(out), "abc", "defg"), ST_LIMIT);
}

static void
a_folder_that_is_not_there_cannot_be_synced(void **ctx)
{
	(void) ctx;
	assert_status(fsync_dir(dir), ST_OK);
	assert_status(fsync_dir(scratch_path(dir, "none")), ST_NOT_FOUND);
}

static void
errors_of_the_system_become_ours(void **ctx)
{
	(void) ctx;
	assert_status(from_errno(0), ST_OK);
	assert_status(from_errno(ENOSPC), ST_FULL);
	assert_status(from_errno(EACCES), ST_DENIED);
	assert_status(from_errno(ENOENT), ST_NOT_FOUND);
	assert_status(from_errno(EXDEV), ST_IO);
}

static int
setup(void **ctx)
{
	dir = *ctx = scratch_new();
	return 0;
}

static int
teardown(void **ctx)
{
	char *used = *ctx;

	scratch_remove(&used);
	return 0;
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(what_was_written_is_read),
		test(the_mode_is_exact_whatever_the_umask),
		test(create_never_replaces),
		test(a_write_that_fails_leaves_the_old_content),
		test(reading_tells_its_failures_apart_and_writes_nothing),
		test(the_size_limit_is_inclusive),
		test(a_file_is_read_to_its_end_whatever_its_size_says),
		test(a_path_that_does_not_fit_is_refused),
		test(a_folder_that_is_not_there_cannot_be_synced),
		test(errors_of_the_system_become_ours),
	};

	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
