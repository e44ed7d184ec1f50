#include "tests/sim/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "protocol/status.h"
#include "tests/sim/trace.h"

enum { PATH_BYTES = 400 };

static unsigned failing;
static bool full;
static uint64_t syncs;

/* ---- what the stores see ---- */

int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);
int __real_statvfs(const char *path, struct statvfs *disk);
int __wrap_statvfs(const char *path, struct statvfs *disk);

int
__wrap_mdb_txn_commit(MDB_txn *txn)
{
	if (failing == 0)
		return __real_mdb_txn_commit(txn);
	failing--;
	mdb_txn_abort(txn);
	return ENOSPC;
}

int
__wrap_statvfs(const char *path, struct statvfs *disk)
{
	int rc = __real_statvfs(path, disk);

	if (full)
		disk->f_bavail = 0;
	return rc;
}

/* In the place of the C library's, for LMDB too. */
int
fdatasync(int fd)
{
	(void) fd;
	syncs++;
	return 0;
}

void
disk_commits_fail(unsigned count)
{
	failing = count;
}

void
disk_is_full(bool now)
{
	full = now;
}

uint64_t
disk_syncs(void)
{
	return syncs;
}

/* ---- images ---- */

void
disk_free(struct disk *d)
{
	free(d->at);
	*d = (struct disk) { 0 };
}

static void
path_of(char path[static PATH_BYTES], const char *store, const char *name)
{
	if (snprintf(path, PATH_BYTES, "%s/%s", store, name) >= PATH_BYTES)
		broken("a path is too long");
}

void
disk_take(struct disk *d, const char *store)
{
	char path[PATH_BYTES];
	struct stat info;
	int fd;

	path_of(path, store, "data.mdb");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &info) != 0)
		broken("%s cannot be read", path);
	free(d->at);
	d->len = (size_t) info.st_size;
	d->at = malloc(d->len + 1);
	if (!d->at || pread(fd, d->at, d->len, 0) != (ssize_t) d->len)
		broken("%s cannot be read", path);
	close(fd);
}

void
disk_copy(struct disk *to, const struct disk *from)
{
	free(to->at);
	to->len = from->len;
	to->at = malloc(from->len + 1);
	if (!to->at)
		broken("no memory");
	memcpy(to->at, from->at, from->len);
}

void
disk_put(const struct disk *d, const char *store)
{
	char path[PATH_BYTES];
	int fd;

	path_of(path, store, "data.mdb");
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, d->at, d->len) != (ssize_t) d->len)
		broken("%s cannot be written", path);
	close(fd);
}
