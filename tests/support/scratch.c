#include "tests/support/scratch.h"

#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/check.h"

enum { NAME_BUFFERS = 8, NAME_BYTES = 512 };

static int captured = -1; /* the descriptor that is redirected */
static int saved = -1;    /* where it led before */
static FILE *caught;

char *
scratch_new(void)
{
	const char *base = getenv("TMPDIR");
	char *dir = NULL;

	if (asprintf(&dir, "%s/valija-XXXXXX", base && *base ? base : "/tmp") < 0)
		fail_msg("no memory");
	if (!mkdtemp(dir))
		fail_msg("cannot create %s", dir);
	return dir;
}

static int
remove_entry(const char *path, const struct stat *info, int type, struct FTW *at)
{
	(void) info;
	(void) type;
	(void) at;
	return remove(path);
}

/* A test may have taken the rights away, and nftw() needs them to go in. */
static int
open_up(const char *path, const struct stat *info, int type, struct FTW *at)
{
	(void) info;
	(void) at;
	if (type == FTW_D || type == FTW_DNR)
		return chmod(path, 0700);
	return 0;
}

void
scratch_remove(char **dir_p)
{
	if (!*dir_p)
		return;
	nftw(*dir_p, open_up, 16, FTW_PHYS);
	if (nftw(*dir_p, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
		print_error("cannot remove %s\n", *dir_p);
	free(*dir_p);
	*dir_p = NULL;
}

const char *
scratch_path(const char *dir, const char *name)
{
	static char names[NAME_BUFFERS][NAME_BYTES];
	static size_t turn;
	char *path = names[turn++ % NAME_BUFFERS];

	if (snprintf(path, NAME_BYTES, "%s/%s", dir, name) >= NAME_BYTES)
		fail_msg("path too long: %s/%s", dir, name);
	return path;
}

void
capture_begin(int fd)
{
	assert_int_equal(captured, -1);
	fflush(fd == STDOUT_FILENO ? stdout : stderr);
	caught = tmpfile();
	assert_non_null(caught);
	saved = dup(fd);
	assert_true(saved >= 0);
	assert_int_equal(dup2(fileno(caught), fd), fd);
	captured = fd;
}

char *
capture_end(void)
{
	char *text;
	long len;

	assert_true(captured >= 0);
	fflush(captured == STDOUT_FILENO ? stdout : stderr);
	assert_int_equal(dup2(saved, captured), captured);
	close(saved);
	saved = captured = -1;

	assert_int_equal(fseek(caught, 0, SEEK_END), 0);
	len = ftell(caught);
	assert_true(len >= 0);
	rewind(caught);
	text = calloc((size_t) len + 1, 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, (size_t) len, caught), len);
	fclose(caught);
	return text;
}
