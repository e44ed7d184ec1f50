#include "tests/support/check.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files.h"
#include "common/link/curve_key.h"
#include "tests/support/scratch.h"

static char *dir;

static void
a_pair_comes_back_as_saved(void **ctx)
{
	const char *path = scratch_path(dir, "curve.key");
	struct curve_key made, loaded;
	struct stat info;
	mode_t mask = umask(0);

	(void) ctx;
	assert_status(curve_key_make(&made), ST_OK);
	assert_status(curve_key_save(path, &made), ST_OK);
	assert_int_equal(umask(mask), 0); /* not changed */
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_status(curve_key_load(path, &loaded), ST_OK);
	assert_memory_equal(&made, &loaded, sizeof(made));
	assert_status(curve_key_save(path, &made), ST_EXISTS);
}

static void
two_pairs_differ(void **ctx)
{
	struct curve_key a, b;

	(void) ctx;
	assert_status(curve_key_make(&a), ST_OK);
	assert_status(curve_key_make(&b), ST_OK);
	assert_memory_not_equal(a.secret_key, b.secret_key, CURVE_BYTES);
}

/* The text of a file that loads, with one change. */
static void
assert_refused(const char *from, const char *to)
{
	const char *path = scratch_path(dir, "damaged");
	struct curve_key key;
	uint8_t *text;
	size_t len;
	char *at;

	assert_status(file_read(scratch_path(dir, "good"), 10000, &text, &len), ST_OK);
	at = strstr((char *) text, from);
	assert_non_null(at);
	memcpy(at, to, strlen(to));
	assert_status(file_write(path, text, len, 0600), ST_OK);
	memset(&key, 7, sizeof(key));
	assert_status(curve_key_load(path, &key), ST_MALFORMED);
	assert_int_equal(key.secret_key[0], 7); /* untouched on failure */
	free(text);
}

static void
a_damaged_file_is_refused(void **ctx)
{
	struct curve_key made, key;

	(void) ctx;
	assert_status(curve_key_make(&made), ST_OK);
	assert_status(curve_key_save(scratch_path(dir, "good"), &made), ST_OK);
	assert_refused("secret-key", "secret-kez");
	assert_refused("public-key = \"", "public-key = \"00000");
	assert_status(file_write(scratch_path(dir, "text"), "no\n", 3, 0600), ST_OK);
	assert_status(curve_key_load(scratch_path(dir, "text"), &key), ST_MALFORMED);
	assert_status(curve_key_load(scratch_path(dir, "none"), &key), ST_NOT_FOUND);
}

/* czmq would catch signals for itself once it is set up. */
static void
signal_handlers_are_left_alone(void **ctx)
{
	struct sigaction now;

	(void) ctx;
	assert_int_equal(sigaction(SIGTERM, NULL, &now), 0);
	assert_true(now.sa_handler == SIG_DFL);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_pair_comes_back_as_saved, set_up, tear_down),
		cmocka_unit_test(two_pairs_differ),
		cmocka_unit_test_setup_teardown(a_damaged_file_is_refused, set_up, tear_down),
		cmocka_unit_test(signal_handlers_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
