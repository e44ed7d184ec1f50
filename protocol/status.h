/* protocol/status.h - the one set of results that every module returns
 *
 * 0 is success, all failures are negative, so "if (st < 0)" is always right.
 * Codes of libraries (LMDB, ZeroMQ, zstd, errno) are turned into these at the
 * border, in one function a library, and never travel further.  A code exists
 * only where a caller reacts to it in its own way: ST_BUSY is tried
 * again, ST_FULL asks a person for room, ST_MALFORMED drops the peer.
 *
 * The numbers are not stored and not sent; new ones go to the end.  For people
 * a caller adds what was done and to what; cli_exit() of common/cli.h makes an
 * exit status of them.
 */
#pragma once

typedef enum status {
	ST_OK = 0,
	ST_NOMEM = -1,     /* no memory */
	ST_MALFORMED = -2, /* bytes from outside do not follow the format */
	ST_LIMIT = -3,     /* a named limit (protocol/limits.h) was passed */
	ST_NOT_FOUND = -4, /* nothing there; not a fault */
	ST_EXISTS = -5,    /* it is there already */
	ST_BUSY = -6,      /* another process holds it; try again */
	ST_FULL = -7,      /* the disk or the map is full; nothing was stored */
	ST_IO = -8,        /* the disk said no */
	ST_DENIED = -9,    /* no right: key, unit, seal or file permission */
	ST_VERSION = -10,  /* written by a newer program */
	ST_CHAIN = -11,    /* hashes do not join up */
	ST_UNKNOWN = -12,  /* joins the chain at a point that is not here */
	ST_TIMEOUT = -13,  /* a deadline passed */
	ST_INVALID = -14,  /* a value a person gave is wrong; a message says which */
} status;

/* A short English text, for logs and tests; marked for gettext, so that a
 * program may translate it.  Never NULL. */
const char *status_text(status st);
