#include "common/link/curve_key.h"

#include <czmq.h>
#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files.h"

status
curve_key_make(struct curve_key *ret_key)
{
	char public_z85[41], secret_z85[41];

	if (zmq_curve_keypair(public_z85, secret_z85) != 0)
		return ST_IO;
	zmq_z85_decode(ret_key->public_key, public_z85);
	zmq_z85_decode(ret_key->secret_key, secret_z85);
	sodium_memzero(secret_z85, sizeof(secret_z85));
	return ST_OK;
}

status
curve_key_save(const char *path, const struct curve_key *key)
{
	zcert_t *cert;
	mode_t mask;
	status st;

	if (access(path, F_OK) == 0)
		return ST_EXISTS;
	cert = zcert_new_from(key->public_key, key->secret_key);
	if (!cert)
		return ST_NOMEM;
	mask = umask(S_IRWXG | S_IRWXO); /* czmq does not put a mask of 0 back */
	st = zcert_save_secret(cert, path) == 0 ? ST_OK : ST_IO;
	umask(mask);
	zcert_destroy(&cert);
	return st == ST_OK ? fsync_file(path) : st;
}

/* CZMQ takes a file with the public half alone, and halves of two pairs; the
 * handshake would fail for both without a word, so they are told here. */
status
curve_key_load(const char *path, struct curve_key *ret_key)
{
	uint8_t expected[CURVE_BYTES];
	zcert_t *cert;
	status st;

	if (access(path, R_OK) != 0)
		return from_errno(errno);
	cert = zcert_load(path);
	if (!cert)
		return ST_MALFORMED;
	st = crypto_scalarmult_base(expected, zcert_secret_key(cert)) == 0 &&
			memcmp(expected, zcert_public_key(cert), CURVE_BYTES) == 0
		? ST_OK
		: ST_MALFORMED;
	if (st == ST_OK) {
		memcpy(ret_key->public_key, zcert_public_key(cert), CURVE_BYTES);
		memcpy(ret_key->secret_key, zcert_secret_key(cert), CURVE_BYTES);
	}
	zcert_destroy(&cert);
	return st;
}

void
curve_key_wipe(struct curve_key *key)
{
	sodium_memzero(key, sizeof(*key));
}
