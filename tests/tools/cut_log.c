/* cut_log.so - writes down what a program does to the files below a folder
 *
 *     VALIJA_CUT_ROOT=/folder VALIJA_CUT_LOG=/file LD_PRELOAD=cut_log.so program
 *
 * Every write, sync and change of a name below the folder becomes a record of the
 * log, which several processes may share: with it tests/system/power_cut.py makes
 * the folder as it may be found after a power cut at any moment.  A record stands
 * before the call it tells of, but syncs and names stand behind it.  That something is
 * missing (a call that is not seen here, or a map that is written) shows when the
 * log is played to its end.
 *
 * A record: struct record, the first name, the second, the data.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum what {
	CUT_WRITE = 1,  /* data at offset of a file */
	CUT_WRITE_SYNC, /* the same, through a descriptor that is O_DSYNC */
	CUT_SYNC,       /* of a file, done */
	CUT_SYNC_DIR,   /* of a folder, done */
	CUT_SIZE,       /* a file has size offset now */
	CUT_CREATE,     /* a name of a new file */
	CUT_MKDIR,
	CUT_RENAME, /* the first name to the second */
	CUT_LINK,   /* the second, of the first */
	CUT_REMOVE, /* a file or folder */
	CUT_PRINTED /* standard output was flushed by process offset */
};

enum { STREAM_BYTES_MAX = 4096 };

struct record {
	uint16_t what, name_len, other_len, unused;
	uint64_t file, offset, len;
};

/* The library's own.  RTLD_NEXT gives a pointer to an object, as POSIX has it. */
#define REAL(name) \
	static __typeof__(name) *real; \
	if (!real) \
	*(void **) &real = dlsym(RTLD_NEXT, #name)

static bool
below_root(const char *path)
{
	const char *root = getenv("VALIJA_CUT_ROOT");

	return root && strncmp(path, root, strlen(root)) == 0;
}

/* One call, so that records of several processes do not mix. */
static void
put(struct record r, const char *name, const char *other, const void *data)
{
	static int log = -1;
	const char *path = getenv("VALIJA_CUT_LOG");
	struct iovec parts[4];
	REAL(writev);

	if (log < 0 && path)
		log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	r.name_len = (uint16_t) strlen(name);
	r.other_len = (uint16_t) strlen(other);
	parts[0] = (struct iovec) { &r, sizeof(r) };
	parts[1] = (struct iovec) { (void *) (uintptr_t) name, r.name_len };
	parts[2] = (struct iovec) { (void *) (uintptr_t) other, r.other_len };
	parts[3] = (struct iovec) { (void *) (uintptr_t) data, data ? r.len : 0 };
	if (real(log, parts, 4) < (ssize_t) sizeof(r))
		abort();
}

static void
put_name(enum what what, uint64_t file, const char *name, const char *other)
{
	int error = errno;

	if (below_root(name))
		put((struct record) { .what = (uint16_t) what, .file = file }, name, other, NULL);
	errno = error;
}

/* An open file or folder below the root: its number. */
static bool
is_watched(int fd, mode_t type, uint64_t *ret_file)
{
	char link[40], path[PATH_MAX];
	struct stat info;
	ssize_t n;

	if (fstat(fd, &info) != 0 || (info.st_mode & S_IFMT) != type)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	*ret_file = info.st_ino;
	return below_root(path);
}

static void
put_write(int fd, const void *data, size_t len, off_t offset)
{
	struct record r = { .what = CUT_WRITE, .len = len };
	int error = errno;

	if (is_watched(fd, S_IFREG, &r.file)) {
		if (fcntl(fd, F_GETFL) & O_DSYNC)
			r.what = CUT_WRITE_SYNC;
		r.offset = (uint64_t) (offset < 0 ? lseek(fd, 0, SEEK_CUR) : offset);
		put(r, "", "", data);
	}
	errno = error;
}

static void
put_sync(int fd)
{
	struct record r = { .what = CUT_SYNC };
	char link[40], path[PATH_MAX] = "";
	int error = errno;

	if (is_watched(fd, S_IFREG, &r.file)) {
		put(r, "", "", NULL);
	} else if (is_watched(fd, S_IFDIR, &r.file)) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (readlink(link, path, sizeof(path) - 1) > 0)
			put_name(CUT_SYNC_DIR, r.file, path, "");
	}
	errno = error;
}

static void
put_size(int fd, off_t size)
{
	struct record r = { .what = CUT_SIZE, .offset = (uint64_t) size };
	int error = errno;

	if (is_watched(fd, S_IFREG, &r.file))
		put(r, "", "", NULL);
	errno = error;
}

/* ---- what takes the place of the library's ---- */

int
open(const char *path, int flags, ...)
{
	bool fresh = (flags & O_CREAT) && below_root(path) && access(path, F_OK) != 0;
	struct stat info;
	va_list more;
	mode_t mode;
	int fd;
	REAL(open);

	va_start(more, flags);
	mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
	va_end(more);
	fd = real(path, flags, mode);
	if (fresh && fd >= 0 && fstat(fd, &info) == 0)
		put_name(CUT_CREATE, info.st_ino, path, "");
	if (fd >= 0 && !fresh && (flags & O_TRUNC))
		put_size(fd, 0);
	return fd;
}

int
mkostemp(char *path, int flags)
{
	struct stat info;
	int fd;
	REAL(mkostemp);

	fd = real(path, flags);
	if (fd >= 0 && fstat(fd, &info) == 0)
		put_name(CUT_CREATE, info.st_ino, path, "");
	return fd;
}

ssize_t
write(int fd, const void *data, size_t len)
{
	REAL(write);

	put_write(fd, data, len, -1);
	return real(fd, data, len);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t offset)
{
	REAL(pwrite);

	put_write(fd, data, len, offset);
	return real(fd, data, len, offset);
}

ssize_t
writev(int fd, const struct iovec *parts, int count)
{
	off_t offset = lseek(fd, 0, SEEK_CUR);
	REAL(writev);

	for (int i = 0; i < count && offset >= 0; i++) {
		put_write(fd, parts[i].iov_base, parts[i].iov_len, offset);
		offset += (off_t) parts[i].iov_len;
	}
	return real(fd, parts, count);
}

int
fdatasync(int fd)
{
	int rc;
	REAL(fdatasync);

	rc = real(fd);
	if (rc == 0)
		put_sync(fd);
	return rc;
}

int
fsync(int fd)
{
	int rc;
	REAL(fsync);

	rc = real(fd);
	if (rc == 0)
		put_sync(fd);
	return rc;
}

int
ftruncate(int fd, off_t size)
{
	REAL(ftruncate);

	put_size(fd, size);
	return real(fd, size);
}

int
posix_fallocate(int fd, off_t offset, off_t len)
{
	struct stat info;
	int rc;
	REAL(posix_fallocate);

	rc = real(fd, offset, len);
	if (rc == 0 && fstat(fd, &info) == 0)
		put_size(fd, info.st_size);
	return rc;
}

int
mkdir(const char *path, mode_t mode)
{
	int rc;
	REAL(mkdir);

	rc = real(path, mode);
	if (rc == 0)
		put_name(CUT_MKDIR, 0, path, "");
	return rc;
}

char *
mkdtemp(char *path)
{
	char *made;
	REAL(mkdtemp);

	made = real(path);
	if (made)
		put_name(CUT_MKDIR, 0, made, "");
	return made;
}

int
rename(const char *from, const char *to)
{
	int rc;
	REAL(rename);

	rc = real(from, to);
	if (rc == 0)
		put_name(CUT_RENAME, 0, from, to);
	return rc;
}

int
renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	int rc;
	REAL(renameat2);

	rc = real(from_dir, from, to_dir, to, flags);
	if (rc == 0)
		put_name(CUT_RENAME, 0, from, to);
	return rc;
}

int
link(const char *from, const char *to)
{
	int rc;
	REAL(link);

	rc = real(from, to);
	if (rc == 0)
		put_name(CUT_LINK, 0, from, to);
	return rc;
}

static int
removed(int rc, const char *path)
{
	if (rc == 0)
		put_name(CUT_REMOVE, 0, path, "");
	return rc;
}

int
unlink(const char *path)
{
	REAL(unlink);

	return removed(real(path), path);
}

int
rmdir(const char *path)
{
	REAL(rmdir);

	return removed(real(path), path);
}

int
remove(const char *path)
{
	REAL(remove);

	return removed(real(path), path);
}

/* What a stream writes is not seen, so a small file is told of when it is closed; one
 * at a time is enough. */
static FILE *stream_open;
static char stream_path[PATH_MAX];

FILE *
fopen(const char *path, const char *mode)
{
	bool fresh = below_root(path) && access(path, F_OK) != 0;
	struct stat info;
	FILE *stream;
	REAL(fopen);

	stream = real(path, mode);
	if (!stream || !fresh || *mode != 'w' || fstat(fileno(stream), &info) != 0)
		return stream;
	put_name(CUT_CREATE, info.st_ino, path, "");
	stream_open = stream;
	snprintf(stream_path, sizeof(stream_path), "%s", path);
	return stream;
}

int
fclose(FILE *stream)
{
	bool told = stream == stream_open;
	char data[STREAM_BYTES_MAX];
	ssize_t n;
	int rc, fd;
	REAL(fclose);

	rc = real(stream);
	if (!told || rc != 0)
		return rc;
	stream_open = NULL;
	fd = open(stream_path, O_RDONLY | O_CLOEXEC);
	n = read(fd, data, sizeof(data));
	if (n > 0)
		put_write(fd, data, (size_t) n, 0);
	close(fd);
	return rc;
}

int
fflush(FILE *stream)
{
	int rc;
	REAL(fflush);

	rc = real(stream);
	if (rc == 0 && stream == stdout && getenv("VALIJA_CUT_LOG"))
		put((struct record) { .what = CUT_PRINTED, .offset = (uint64_t) getpid() }, "", "",
		    NULL);
	return rc;
}
