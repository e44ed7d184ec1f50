/* hub/link/gate.h - proof at start that an unknown key is kept out
 *
 * CURVE lets everybody in when no ZAP handler answers.  So before the hub
 * listens to the world it connects to itself, at a port of its own on the
 * loopback, with a key made a moment ago, and must be refused.
 */
#pragma once

#include "hub/link/router.h"
#include "hub/link/zap.h"

/* Long enough for a machine that is just starting everything at once. */
enum { GATE_MS = 10 * 1000 };

/* ST_OK: refused.  ST_DENIED: that key was let in, so nothing must listen.
 * ST_TIMEOUT: neither within GATE_MS.  ST_IO: no port on the loopback. */
status gate_test(void *context, router *r, zap *z, const keyring *ring,
                 const uint8_t server[static CURVE_BYTES]);
