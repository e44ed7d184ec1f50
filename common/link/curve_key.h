/* common/link/curve_key.h - the CURVE pair of a home, as a zcert file
 *
 * HOME/curve.key is a certificate file of CZMQ with both halves, readable by
 * its owner only.  It opens the link and signs nothing.
 */
#pragma once

#include "protocol/bytes.h"
#include "protocol/status.h"

struct curve_key {
	uint8_t public_key[CURVE_BYTES];
	uint8_t secret_key[CURVE_BYTES];
};

/* A fresh pair.  ST_IO: libzmq was built without CURVE. */
status curve_key_make(struct curve_key *ret_key);

/* Write and sync path, mode 0600.  ST_EXISTS: it is there. */
status curve_key_save(const char *path, const struct curve_key *key);

/* ST_NOT_FOUND, ST_DENIED; ST_MALFORMED: no certificate, only one half of one,
 * or halves that do not belong together. */
status curve_key_load(const char *path, struct curve_key *ret_key);

/* Overwrite what is secret. */
void curve_key_wipe(struct curve_key *key);
