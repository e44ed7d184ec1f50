#include "common/new_home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files.h"

enum { WALK_FILES = 16 };

struct new_home {
	char *home;
	char *dir;   /* where the files are made; NULL: nothing to remove */
	bool inside; /* dir lies within home */
};

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* ST_OK: empty.  ST_EXISTS: not.  ST_NOT_FOUND: nothing there. */
static status
check_empty(const char *path)
{
	const struct dirent *entry;
	status st = ST_OK;
	DIR *d = opendir(path);

	if (!d)
		return access(path, F_OK) == 0 && errno == ENOTDIR ? ST_EXISTS : from_errno(errno);
	while (st == ST_OK && (entry = readdir(d)) != NULL) {
		if (!is_dots(entry->d_name))
			st = ST_EXISTS;
	}
	closedir(d);
	return st;
}

/* Without slashes at the end, so that what is beside it can be named. */
static char *
trimmed(const char *home)
{
	size_t len = strlen(home);

	while (len > 1 && home[len - 1] == '/')
		len--;
	return strndup(home, len);
}

static status
make_dir(new_home *n, mode_t mode)
{
	char *path = NULL;

	if (asprintf(&path, n->inside ? "%s/.new-XXXXXX" : "%s.new-XXXXXX", n->home) < 0)
		return ST_NOMEM;
	if (!mkdtemp(path)) {
		status st = from_errno(errno);

		free(path);
		return st;
	}
	n->dir = path;
	return chmod(path, mode) == 0 ? ST_OK : from_errno(errno);
}

status
new_home_begin(const char *home, mode_t mode, new_home **ret_new)
{
	new_home *n = calloc(1, sizeof(*n));
	status st;

	if (!n)
		return ST_NOMEM;
	n->home = trimmed(home);
	st = n->home ? check_empty(n->home) : ST_NOMEM;
	n->inside = st == ST_OK;
	if (st == ST_OK || st == ST_NOT_FOUND)
		st = make_dir(n, mode);
	/* of a folder that somebody else owns the mode is the owner's business */
	if (st == ST_OK && n->inside && chmod(n->home, mode) != 0 && errno != EPERM)
		st = from_errno(errno);
	if (st < 0) {
		new_home_free(&n);
		return st;
	}
	*ret_new = n;
	return ST_OK;
}

const char *
new_home_dir(const new_home *n)
{
	return n->dir;
}

static status
move_entry(const new_home *n, const char *name)
{
	char from[4096], to[4096];
	status st = path_join(from, sizeof(from), n->dir, name);

	if (st == ST_OK)
		st = path_join(to, sizeof(to), n->home, name);
	if (st == ST_OK && renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) != 0)
		st = from_errno(errno);
	return st;
}

static status
move_entries(const new_home *n, const char *last)
{
	const struct dirent *entry;
	status st = ST_OK;
	DIR *d = opendir(n->dir);

	if (!d)
		return from_errno(errno);
	while (st == ST_OK && (entry = readdir(d)) != NULL) {
		if (!is_dots(entry->d_name) && strcmp(entry->d_name, last) != 0)
			st = move_entry(n, entry->d_name);
	}
	closedir(d);
	if (st == ST_OK)
		st = fsync_dir(n->home);
	return st == ST_OK ? move_entry(n, last) : st;
}

status
new_home_finish(new_home *n, const char *last)
{
	status st = fsync_dir(n->dir);

	if (st < 0)
		return st;
	if (n->inside) {
		st = move_entries(n, last);
		return st == ST_OK ? fsync_dir(n->home) : st;
	}
	if (renameat2(AT_FDCWD, n->dir, AT_FDCWD, n->home, RENAME_NOREPLACE) != 0)
		return from_errno(errno);
	free(n->dir);
	n->dir = NULL;
	return fsync_parent(n->home);
}

static int
remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void) info;
	(void) type;
	(void) where;
	return remove(path);
}

void
new_home_free(new_home **n_p)
{
	new_home *n = *n_p;

	if (!n)
		return;
	if (n->dir)
		nftw(n->dir, remove_one, WALK_FILES, FTW_DEPTH | FTW_PHYS);
	free(n->dir);
	free(n->home);
	free(n);
	*n_p = NULL;
}
