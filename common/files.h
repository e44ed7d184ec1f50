/* common/files.h - small files, read and written whole, and syncing
 *
 * What is written here is there after a power cut once ST_OK is returned: the
 * content, the rights and the name are all synced.  Where syncing the folder
 * failed (ST_IO) the file may be there all the same, so repeating must be
 * harmless.  Paths are the caller's and are kept no longer than the call.
 *
 * Thread safe.
 */
#pragma once

#include <stdbool.h>
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
 * mode is exact, whatever the umask; where the file system keeps no rights,
 * ST_DENIED unless everybody may read it.  ST_FULL: path is as it was. */
status file_write(const char *path, const void *bytes, size_t len, mode_t mode);

/* The same, but ST_EXISTS when path is there already (no race). */
status file_create(const char *path, const void *bytes, size_t len, mode_t mode);

/* Rename a file or folder within one file system.  ST_EXISTS: to is there
 * already.  Neither folder is synced. */
status path_move_new(const char *from, const char *to);

/* dir + "/" + name in out.  ST_LIMIT: does not fit. */
status path_join(char *out, size_t size, const char *dir, const char *name);

/* Wait until the disk has the content and the rights of a file, the entries of
 * a folder, the folder that path lies in. */
status fsync_file(const char *path);
status fsync_dir(const char *dir);
status fsync_parent(const char *path);

/* Remove a folder and all that is in it, as far as that can be done. */
void folder_remove(const char *dir);

/* Nothing can be written there, whoever asks: the disk is mounted so. */
bool disk_read_only(const char *path);

/* False also when there is nothing there. */
bool file_is_folder(const char *path);

/* The border to the C library: what errno says, in our words. */
status from_errno(int error);
