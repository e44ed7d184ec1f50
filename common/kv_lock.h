/* common/kv_lock.h - the locks that come before LMDB's own
 *
 * Two advisory locks on one small file, which can be tried where LMDB's own
 * cannot: of who writes, and of who opens the environment.  They belong to the
 * open file: the kernel lets them go when their holder dies, however that
 * happens.  The file says who writes, for those who wait in vain; while nobody does it says
 * who did last.
 *
 * Not thread safe.  A process that opens the file twice waits for itself.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "protocol/status.h"

enum { KV_HOLDER_BYTES = 80 };

typedef enum { KV_LOCK_WRITE, KV_LOCK_OPEN } kv_lock_part;

struct kv_lock {
	int fd;                    /* -1: not open */
	char who[KV_HOLDER_BYTES]; /* what the file says while we write */
};

/* Open path, or create it with that mode, whatever the umask.  program is left
 * in the file, with the number of this process. */
status kv_lock_open(struct kv_lock *lock, const char *path, mode_t mode, const char *program);
void kv_lock_close(struct kv_lock *lock);

/* Wait at most wait_ms (0: try).  ST_BUSY: not had in time. */
status kv_lock_take(struct kv_lock *lock, kv_lock_part part, int wait_ms);
void kv_lock_release(struct kv_lock *lock, kv_lock_part part);

/* Sleep so long that who waits for a lock which was just released gets it. */
void kv_lock_give_way(void);

/* Who writes: "valija (process 4711)", or "" when nobody says so. */
void kv_lock_holder(const struct kv_lock *lock, char *out, size_t size);

/* Microseconds on the clock that the waits go by. */
int64_t kv_lock_clock_us(void);

/* Create path, empty and with that mode whatever the umask, unless it is there
 * already. */
status kv_lock_ensure_file(const char *path, mode_t mode);

/* Give LMDB's lock file its place on the disk.  It is written through a map, where a
 * hole that finds no room ends the process by a signal.  Where a home was copied without it,
 * it is made: LMDB would, with the rights of the umask.  ST_FULL. */
status kv_lock_ensure_room(const char *path, mode_t mode);
