#include "common/kv_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/files.h"

/* Short at first, since most commits take a millisecond; longer later, since who
 * waits that long is one of many, or waits for a process that was stopped. */
enum { FIRST_NAP_US = 200, LONGEST_NAP_US = 10000 };

/* A running hub does not wait for the lock, and tries again after 20 ms. */
enum { GIVE_WAY_US = 30000 };

/* As LMDB makes it; and what st_blocks counts in. */
enum { LOCK_FILE_BYTES = 8192, BLOCK_BYTES = 512 };

status
kv_lock_ensure_file(const char *path, mode_t mode)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	status st = ST_OK;

	if (fd < 0)
		return errno == EEXIST ? ST_OK : from_errno(errno);
	if (fchmod(fd, mode) != 0 || fsync(fd) != 0)
		st = from_errno(errno);
	close(fd);
	return st;
}

/* fallocate itself, since the C library's stand-in for it writes: where the file system
 * has none, things stay as LMDB makes them. */
status
kv_lock_ensure_room(const char *path, mode_t mode)
{
	struct stat info = { 0 };
	status st = ST_OK;
	int fd;

	if (stat(path, &info) != 0 && errno == ENOENT)
		st = kv_lock_ensure_file(path, mode);
	if (st < 0 || info.st_blocks * BLOCK_BYTES >= LOCK_FILE_BYTES)
		return st;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return ST_OK; /* who opens it next says why */
	if (fallocate(fd, 0, 0, LOCK_FILE_BYTES) != 0 && errno == ENOSPC)
		st = ST_FULL;
	close(fd);
	return st;
}

status
kv_lock_open(struct kv_lock *lock, const char *path, mode_t mode, const char *program)
{
	status st = ST_OK;

	lock->fd = open(path, O_RDWR | O_CLOEXEC);
	if (lock->fd < 0 && errno == ENOENT) {
		st = kv_lock_ensure_file(path, mode);
		if (st < 0)
			return st;
		lock->fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (lock->fd < 0)
		return from_errno(errno);
	memset(lock->who, 0, sizeof(lock->who));
	snprintf(lock->who, sizeof(lock->who), "%.50s (process %ld)", program, (long) getpid());
	return ST_OK;
}

void
kv_lock_close(struct kv_lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}

/* The whole record at once, so that no one reads half a name.  It is only
 * information: that it cannot be written stops nobody.  Mostly it stands there from the last
 * time, and to read it is cheaper than to write it. */
static void
say_holder(const struct kv_lock *lock)
{
	char said[KV_HOLDER_BYTES];

	if (pread(lock->fd, said, sizeof(said), 0) == sizeof(said) &&
	    memcmp(said, lock->who, sizeof(said)) == 0)
		return;
	if (pwrite(lock->fd, lock->who, sizeof(lock->who), 0) < 0)
		return;
}

static struct flock
range_of(kv_lock_part part, short type)
{
	return (struct flock) { .l_type = type,
		                .l_whence = SEEK_SET,
		                .l_start = part == KV_LOCK_WRITE ? 0 : KV_HOLDER_BYTES,
		                .l_len = part == KV_LOCK_WRITE ? KV_HOLDER_BYTES : 1 };
}

/* Owned by the open file, not by the process: other descriptors of this process
 * that are closed do not let it go, as they would a plain record lock. */
static status
try_lock(const struct kv_lock *lock, kv_lock_part part, short type)
{
	struct flock range = range_of(part, type);

	if (fcntl(lock->fd, F_OFD_SETLK, &range) == 0)
		return ST_OK;
	return errno == EACCES || errno == EAGAIN ? ST_BUSY : from_errno(errno);
}

int64_t
kv_lock_clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
nap(int64_t us)
{
	struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	nanosleep(&t, NULL); /* cut short by a signal: the lock is tried earlier */
}

void
kv_lock_give_way(void)
{
	nap(GIVE_WAY_US);
}

/* Tried in growing steps, since the kernel's own wait knows no deadline; a commit
 * takes some ms, so a step is never much longer. */
status
kv_lock_take(struct kv_lock *lock, kv_lock_part part, int wait_ms)
{
	int64_t deadline = kv_lock_clock_us() + (int64_t) wait_ms * 1000;
	int64_t nap_us = FIRST_NAP_US;

	for (;;) {
		status st = try_lock(lock, part, F_WRLCK);
		int64_t left_us;

		if (st == ST_OK && part == KV_LOCK_WRITE)
			say_holder(lock);
		if (st != ST_BUSY)
			return st;
		left_us = deadline - kv_lock_clock_us();
		if (left_us <= 0)
			return ST_BUSY;
		nap(nap_us < left_us ? nap_us : left_us);
		nap_us = 2 * nap_us < LONGEST_NAP_US ? 2 * nap_us : LONGEST_NAP_US;
	}
}

void
kv_lock_release(struct kv_lock *lock, kv_lock_part part)
{
	try_lock(lock, part, F_UNLCK);
}

/* A name stays there when its owner has gone. */
void
kv_lock_holder(const struct kv_lock *lock, char *out, size_t size)
{
	struct flock range = range_of(KV_LOCK_WRITE, F_WRLCK);
	char record[KV_HOLDER_BYTES] = { 0 };

	if (fcntl(lock->fd, F_OFD_GETLK, &range) != 0 || range.l_type == F_UNLCK ||
	    pread(lock->fd, record, sizeof(record) - 1, 0) < 0)
		record[0] = '\0';
	snprintf(out, size, "%s", record);
}
