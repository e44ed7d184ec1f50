/* hub/link/callers.h - who has connected and not said anything yet
 *
 * A connection costs a descriptor and memory of libzmq before anybody knows whose it is,
 * and a key that passes the handshake may be silent for ever.  So each has a row here
 * until its first message: after a while it is dropped, and where there are too many, the
 * oldest of the address that has the most of them.  Who opens thousands takes the place
 * of nobody elsewhere.
 *
 * Whoever has spoken has a row in connections.h, or asks a question.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "protocol/status.h"

enum { CALLERS_MAX = 1024 }; /* silent ones at one socket */

typedef struct callers callers;

/* NULL: no memory.  silent_ms is how long one may say nothing. */
callers *callers_new(int64_t silent_ms);
/* Drops nobody. */
void callers_free(callers **c_p);

/* A connection was accepted, with that descriptor, which libzmq owns. */
void callers_came(callers *c, int fd, int64_t now_ms);
/* A message came of it. */
void callers_spoke(callers *c, int fd);

/* Drop who was silent for too long; those who have gone are forgotten. */
void callers_tidy(callers *c, int64_t now_ms);
/* When that is due; INT64_MAX: there is nobody. */
int64_t callers_due(const callers *c);

size_t callers_count(const callers *c);
