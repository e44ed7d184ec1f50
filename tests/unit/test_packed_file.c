/* Large files, compressed: they come back as they were, or not at all. */
#include "tests/support/check.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files.h"
#include "hub/packed_file.h"
#include "tests/support/scratch.h"

enum { PIECE = 1 << 18 };

static char *scratch;
static char from[PATH_MAX], packed[PATH_MAX], back[PATH_MAX];

static int
setup(void **ctx)
{
	(void) ctx;
	scratch = scratch_new();
	snprintf(from, sizeof(from), "%s", scratch_path(scratch, "from"));
	snprintf(packed, sizeof(packed), "%s", scratch_path(scratch, "packed"));
	snprintf(back, sizeof(back), "%s", scratch_path(scratch, "back"));
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	scratch_remove(&scratch);
	return 0;
}

/* Bytes that repeat, but not all. */
static uint8_t *
content(size_t len)
{
	uint8_t *at = malloc(len + 1);

	assert_non_null(at);
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t) (i % 251 ? i % 7 : i >> 8);
	return at;
}

static void
write_new(const char *path, const void *bytes, size_t len)
{
	unlink(path);
	assert_status(file_create(path, bytes, len, 0600), ST_OK);
}

static void
pack(size_t len, uint8_t hash[static HASH_BYTES])
{
	uint8_t *bytes = content(len);

	write_new(from, bytes, len);
	free(bytes);
	unlink(packed);
	assert_status(file_pack(from, packed, hash), ST_OK);
}

static status
unpack(const uint8_t hash[static HASH_BYTES])
{
	unlink(back);
	return file_unpack(packed, back, hash);
}

static void
any_length_comes_back_as_it_was(void **ctx)
{
	(void) ctx;
	static const size_t lengths[] = { 0,         1,         4096,          PIECE - 1, PIECE,
		                          PIECE + 1, 2 * PIECE, 3 * PIECE + 7, 8 * PIECE };

	for (size_t i = 0; i < LENGTH(lengths); i++) {
		uint8_t hash[HASH_BYTES], *was = content(lengths[i]), *is = NULL;
		struct stat info;
		size_t len = 0;

		pack(lengths[i], hash);
		assert_status(unpack(hash), ST_OK);
		assert_status(file_read(back, lengths[i] + 1, &is, &len), ST_OK);
		assert_int_equal(len, lengths[i]);
		assert_memory_equal(is, was, len);
		assert_int_equal(stat(packed, &info), 0);
		assert_int_equal(info.st_mode & 0777, 0600);
		assert_true(info.st_size <= (off_t) (lengths[i] / 2 + 64));
		free(is);
		free(was);
	}
}

static void
what_is_not_as_it_was_is_refused(void **ctx)
{
	(void) ctx;
	uint8_t hash[HASH_BYTES], *bytes = NULL, *longer;
	size_t len = 0;

	pack((size_t) 2 * PIECE, hash);
	assert_status(file_read(packed, PIECE, &bytes, &len), ST_OK);
	for (size_t i = 0; i < len; i += 1 + len / 64) {
		bytes[i] ^= 0x40;
		write_new(packed, bytes, len);
		assert_status(unpack(hash), ST_MALFORMED);
		bytes[i] ^= 0x40;
	}
	for (size_t less = 1; less < len; less += 1 + len / 16) {
		write_new(packed, bytes, len - less);
		assert_status(unpack(hash), ST_MALFORMED);
	}
	longer = malloc(len + 1);
	assert_non_null(longer);
	memcpy(longer, bytes, len);
	longer[len] = 0;
	write_new(packed, longer, len + 1);
	assert_status(unpack(hash), ST_MALFORMED);
	write_new(packed, bytes, len);
	assert_status(unpack(hash), ST_OK);
	free(longer);
	free(bytes);
}

static void
nothing_is_written_over(void **ctx)
{
	(void) ctx;
	uint8_t hash[HASH_BYTES];

	pack(100, hash);
	assert_status(file_pack(from, packed, hash), ST_EXISTS);
	assert_status(file_unpack(packed, from, hash), ST_EXISTS);
	assert_status(file_pack(back, scratch_path(scratch, "new"), hash), ST_NOT_FOUND);
}

#define pack_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		pack_test(any_length_comes_back_as_it_was),
		pack_test(what_is_not_as_it_was_is_refused),
		pack_test(nothing_is_written_over),
	};

	return cmocka_run_group_tests_name("packed_file", tests, NULL, NULL);
}
