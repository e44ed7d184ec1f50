/* hub/packed_file.h - a large file of our own, compressed (zstd), with a hash of what is on disk
 *
 * Read and written in one pass, a piece at a time.  Files get the mode 0600.
 */
#pragma once

#include "protocol/identity.h"
#include "protocol/status.h"

/* Compress from into to, which is not there yet, and sync it.  Errors of from_errno(). */
status file_pack(const char *from, const char *to, uint8_t ret_hash[static HASH_BYTES]);

/* The way back, not synced.  ST_MALFORMED: from does not have that hash. */
status file_unpack(const char *from, const char *to, const uint8_t hash[static HASH_BYTES]);
