#include "common/files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WALK_FILES = 16 };

/* A code has a row of its own only where callers tell it from ST_IO. */
status
from_errno(int error)
{
	switch (error) {
	case 0: return ST_OK;
	case ENOMEM: return ST_NOMEM;
	case ENAMETOOLONG: return ST_LIMIT;
	case ENOENT:
	case ENOTDIR: return ST_NOT_FOUND;
	case EEXIST:
	case ENOTEMPTY: return ST_EXISTS;
	case EAGAIN:
	case EBUSY:
	case ETXTBSY: return ST_BUSY;
	case ENOSPC:
	case EDQUOT:
	case EFBIG: return ST_FULL;
	case EACCES:
	case EPERM:
	case EROFS: return ST_DENIED;
	case ETIMEDOUT: return ST_TIMEOUT;
	default: return ST_IO;
	}
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
folder_remove(const char *dir)
{
	nftw(dir, remove_one, WALK_FILES, FTW_DEPTH | FTW_PHYS);
}

bool
disk_read_only(const char *path)
{
	/* EROFS is said to root as well, whom EACCES spares */
	return access(path, W_OK) != 0 && errno == EROFS;
}

status
path_join(char *out, size_t size, const char *dir, const char *name)
{
	int n = snprintf(out, size, "%s/%s", dir, name);

	return n >= 0 && (size_t) n < size ? ST_OK : ST_LIMIT;
}

/* Always with room for the 0 behind it. */
struct buffer {
	uint8_t *bytes;
	size_t room, len;
};

static status
grow(struct buffer *b, size_t room)
{
	uint8_t *bytes = realloc(b->bytes, room);

	if (!bytes)
		return ST_NOMEM;
	b->bytes = bytes;
	b->room = room;
	return ST_OK;
}

/* To the end, which is where a read gives nothing: a file may grow while it is
 * read, and those of /proc say they have 0 bytes.  Leaves room for one byte
 * more: the buffer never grows over max_bytes + 1, and is never full when this
 * returns. */
static status
read_to_end(int fd, size_t max_bytes, struct buffer *b)
{
	for (;;) {
		ssize_t n;

		if (b->len > max_bytes)
			return ST_LIMIT;
		if (b->len == b->room) {
			status st = grow(b, b->room <= max_bytes / 2 ? 2 * b->room : max_bytes + 1);

			if (st < 0)
				return st;
		}
		n = read(fd, b->bytes + b->len, b->room - b->len);
		if (n == 0)
			return ST_OK;
		if (n < 0 && errno != EINTR)
			return from_errno(errno);
		b->len += n > 0 ? (size_t) n : 0;
	}
}

static status
read_regular(int fd, size_t max_bytes, struct buffer *b)
{
	struct stat info;
	status st;

	if (fstat(fd, &info) != 0)
		return from_errno(errno);
	if (!S_ISREG(info.st_mode))
		return ST_IO;
	if ((uintmax_t) info.st_size > max_bytes)
		return ST_LIMIT;
	/* not to believe the size, only to begin with it */
	st = grow(b, (size_t) info.st_size + 1);
	if (st == ST_OK)
		st = read_to_end(fd, max_bytes, b);
	if (st == ST_OK)
		b->bytes[b->len] = 0;
	return st;
}

status
file_read(const char *path, size_t max_bytes, uint8_t **ret_bytes, size_t *ret_len)
{
	/* not blocking: a FIFO would wait for its writer */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct buffer b = { 0 };
	status st;

	if (fd < 0)
		return from_errno(errno);
	st = read_regular(fd, max_bytes, &b);
	close(fd);
	if (st < 0) {
		free(b.bytes);
		return st;
	}
	*ret_bytes = b.bytes;
	*ret_len = b.len;
	return ST_OK;
}

static status
write_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return from_errno(errno);
		bytes += n;
		len -= (size_t) n;
	}
	return ST_OK;
}

/* A file system that keeps no permissions (a USB stick) is good enough for a
 * file that others may read, never for a secret. */
static status
set_mode(int fd, mode_t mode)
{
	if (fchmod(fd, mode) == 0 || (errno == EPERM && (mode & S_IROTH)))
		return ST_OK;
	return from_errno(errno);
}

/* Write a new file named tmp, whose last six letters are filled in. */
static status
write_beside(char *tmp, const void *bytes, size_t len, mode_t mode)
{
	int fd = mkostemp(tmp, O_CLOEXEC);
	status st;

	if (fd < 0)
		return from_errno(errno);
	/* mkostemp() gave 0600; the rights before the content, so that no
	 * secret is written where they cannot be kept, and both before the name
	 * is moved, or a power cut could leave the name with nothing in it */
	st = set_mode(fd, mode);
	if (st == ST_OK)
		st = write_all(fd, bytes, len);
	if (st == ST_OK && fsync(fd) != 0)
		st = from_errno(errno);
	if (close(fd) != 0 && st == ST_OK)
		st = from_errno(errno);
	if (st < 0)
		unlink(tmp);
	return st;
}

/* Not every file system can rename without replacing; those that cannot have
 * hard links, and a folder replaces none but an empty one anyhow. */
status
path_move_new(const char *from, const char *to)
{
	struct stat info;

	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return ST_OK;
	if ((errno != EINVAL && errno != ENOSYS) || lstat(from, &info) != 0)
		return from_errno(errno);
	if (S_ISDIR(info.st_mode))
		return rename(from, to) == 0 ? ST_OK : from_errno(errno);
	if (link(from, to) != 0)
		return from_errno(errno);
	unlink(from); /* should it fail, the file has two names and is whole */
	return ST_OK;
}

/* Readers see the old content or the new one, never a part. */
static status
move_over(const char *tmp, const char *path)
{
	return rename(tmp, path) == 0 ? ST_OK : from_errno(errno);
}

status
fsync_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	status st;

	if (!slash)
		return fsync_dir(".");
	dir = slash == path ? strdup("/") : strndup(path, (size_t) (slash - path));
	if (!dir)
		return ST_NOMEM;
	st = fsync_dir(dir);
	free(dir);
	return st;
}

/* The temporary file lies beside path, since a rename cannot leave its file
 * system. */
static status
store(const char *path, const void *bytes, size_t len, mode_t mode,
      status (*move)(const char *tmp, const char *path))
{
	char *tmp = NULL;
	status st;

	if (asprintf(&tmp, "%s.XXXXXX", path) < 0)
		return ST_NOMEM;
	st = write_beside(tmp, bytes, len, mode);
	if (st == ST_OK) {
		st = move(tmp, path);
		if (st < 0)
			unlink(tmp);
	}
	if (st == ST_OK)
		st = fsync_parent(path);
	free(tmp);
	return st;
}

status
file_write(const char *path, const void *bytes, size_t len, mode_t mode)
{
	return store(path, bytes, len, mode, move_over);
}

status
file_create(const char *path, const void *bytes, size_t len, mode_t mode)
{
	return store(path, bytes, len, mode, path_move_new);
}

static status
sync_path(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	status st = ST_OK;

	if (fd < 0)
		return from_errno(errno);
	if (fsync(fd) != 0 && errno != EINVAL) /* EINVAL: has nothing to sync */
		st = from_errno(errno);
	close(fd);
	return st;
}

status
fsync_file(const char *path)
{
	return sync_path(path, O_NONBLOCK); /* as in file_read() */
}

status
fsync_dir(const char *dir)
{
	return sync_path(dir, O_DIRECTORY);
}

bool
file_is_folder(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}
