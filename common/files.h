/* common/files.h - small files, read and written whole
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "protocol/status.h"

/* Read path into a fresh buffer with a 0 behind it (not counted).
 * ST_NOT_FOUND: no such file.  ST_DENIED: not readable.  ST_LIMIT: more than
 * max_bytes.  ST_IO: not a regular file, or a read error.
 * On success *ret_bytes is the caller's, to be freed with free(). */
status file_read(const char *path, size_t max_bytes, uint8_t **ret_bytes, size_t *ret_len);

/* Write len bytes so that path holds either the old or the new content after
 * a crash: a temporary file beside it, fsync, rename, fsync of the folder.
 * mode is exact, whatever the umask. */
status file_write(const char *path, const void *bytes, size_t len, mode_t mode);

/* The same, but ST_EXISTS when path is there already (no race). */
status file_create(const char *path, const void *bytes, size_t len, mode_t mode);

/* dir + "/" + name in out.  ST_LIMIT: does not fit. */
status path_join(char *out, size_t size, const char *dir, const char *name);

status fsync_dir(const char *dir);
/* The folder that path lies in. */
status fsync_parent(const char *path);

status from_errno(int error);
