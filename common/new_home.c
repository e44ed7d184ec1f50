#include "common/new_home.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/files.h"
#include "common/i18n.h"
#include "common/owner.h"

enum { SHOWN_BYTES = 200 };

struct new_home {
	char *home;
	char *dir;   /* where the files are made; NULL: nothing to remove */
	bool inside; /* dir lies within home */
};

/* The entries of a folder; they are read before any of them is moved. */
struct entries {
	struct dirent **list;
	int count;
};

static int
is_entry(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static status
entries_read(const char *path, struct entries *ret_entries)
{
	struct entries e = { 0 };

	e.count = scandir(path, &e.list, is_entry, alphasort);
	if (e.count < 0)
		return from_errno(errno);
	*ret_entries = e;
	return ST_OK;
}

static void
entries_done(struct entries *e)
{
	for (int i = 0; i < e->count; i++)
		free(e->list[i]);
	free(e->list);
}

/* ST_OK: an empty folder.  ST_EXISTS: not.  ST_NOT_FOUND: nothing there. */
static status
check_empty(const char *path)
{
	struct entries e = { 0 };
	struct stat info;
	status st;

	if (stat(path, &info) != 0)
		return from_errno(errno);
	if (!S_ISDIR(info.st_mode))
		return ST_EXISTS;
	st = entries_read(path, &e);
	if (e.count > 0)
		st = ST_EXISTS;
	entries_done(&e);
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
move_entry(const char *from_dir, const char *to_dir, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX];
	status st = path_join(from, sizeof(from), from_dir, name);

	if (st == ST_OK)
		st = path_join(to, sizeof(to), to_dir, name);
	return st == ST_OK ? path_move_new(from, to) : st;
}

/* Where one of them cannot be moved, those that were go back: what is left in
 * the folder would keep the next attempt from it. */
static status
move_entries(const new_home *n, const char *last)
{
	struct entries e = { 0 };
	status st = entries_read(n->dir, &e);
	int moved = 0;

	if (st < 0)
		return st;
	while (st == ST_OK && moved < e.count) {
		if (strcmp(e.list[moved]->d_name, last) != 0)
			st = move_entry(n->dir, n->home, e.list[moved]->d_name);
		if (st == ST_OK)
			moved++;
	}
	if (st == ST_OK)
		st = fsync_dir(n->home);
	if (st == ST_OK)
		st = move_entry(n->dir, n->home, last);
	while (st < 0 && moved-- > 0) {
		if (strcmp(e.list[moved]->d_name, last) != 0)
			move_entry(n->home, n->dir, e.list[moved]->d_name);
	}
	entries_done(&e);
	return st;
}

status
new_home_finish(new_home *n, const char *last)
{
	status st = n->inside ? owner_hand_over(n->dir, n->home) : ST_OK;

	if (st == ST_OK)
		st = fsync_dir(n->dir);
	if (st < 0)
		return st;
	if (n->inside) {
		st = move_entries(n, last);
		return st == ST_OK ? fsync_dir(n->home) : st;
	}
	st = path_move_new(n->dir, n->home);
	if (st < 0)
		return st;
	free(n->dir);
	n->dir = NULL;
	return fsync_parent(n->home);
}

void
new_home_free(new_home **n_p)
{
	new_home *n = *n_p;

	if (!n)
		return;
	if (n->dir)
		folder_remove(n->dir);
	free(n->dir);
	free(n->home);
	free(n);
	*n_p = NULL;
}

int
new_home_failed(const char *home, status st)
{
	char shown[SHOWN_BYTES];

	cli_safe(home, strlen(home), shown, sizeof(shown));
	if (st == ST_EXISTS)
		return cli_fail(EX_CANTCREAT, _("%s is there and not empty; nothing was changed"),
		                shown);
	if (st == ST_NOT_FOUND)
		return cli_fail(EX_CANTCREAT,
		                _("%s cannot be made: the folder above it is not there"), shown);
	return cli_fail(cli_exit(st), _("%s cannot be made: %s"), shown, gettext(status_text(st)));
}
