/* hub/link/enroll_file.h - a file that should be the request of a device
 */
#pragma once

#include "hub/hub.h"

enum { REQUEST_BYTES_MAX = 4096, FILE_FAULT_BYTES = 256 };

/* Read and verify it.  On success *ret_bytes, which *ret_request points into, is
 * the caller's.  Else fault says what is wrong, for people and without the name
 * of the file; the exit status is returned. */
int enroll_file_read(const char *path, uint8_t **ret_bytes, struct request *ret_request,
                     char fault[static FILE_FAULT_BYTES]);

/* Whether what it asks for is what that role is given; else fault says why not. */
bool
enroll_file_fits(const struct request *r, device_role role, char fault[static FILE_FAULT_BYTES]);
