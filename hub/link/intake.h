/* hub/link/intake.h - what arrives at the hub: drained, stored, acknowledged
 *
 * One poll loop.  A turn takes in a bounded number of frames, hands each to the
 * conversation of its connection (protocol/hub_sync.h), stores batches that have
 * come, as many as go into one durable commit, and acknowledges these only then.  The lock
 * of the store is never waited for: while a command holds it the batches stay here, and no
 * more than INTAKE_PARCELS of them; the sockets hold the rest back.
 *
 * Whatever a peer does, the loop goes on: a frame that does not follow the
 * protocol, a foreign feed, an overdraft end that peer's conversation, are
 * counted, and logged once in a while for each device and reason.
 */
#pragma once

#include "hub/hub.h"
#include "hub/link/router.h"

enum {
	INTAKE_PARCELS = 512,            /* batches that wait, at most */
	INTAKE_FRAMES = 1024,            /* of one turn */
	INTAKE_IDLE_MS = 10 * 60 * 1000, /* defaults of the below */
	INTAKE_CREDIT_BYTES = 64 << 20,
};

/* What may change while it runs: intake_set(). */
struct intake_settings {
	int64_t idle_ms;       /* silence after which a peer is forgotten */
	uint64_t credit_bytes; /* under way, of all devices together */
	int64_t query_ms;      /* the longest that one question may take */
	int64_t snapshots;     /* how many are kept; hub/snapshots.h */
};

typedef struct intake intake;

/* Sets the sockets up and proves that unknown keys are kept out, but does not
 * listen yet.  h outlives it; curve and secret are copied.
 * ST_DENIED: an unknown key was let in.  ST_TIMEOUT: the proof did not end. */
status
intake_open(hub *h, const struct curve_key *curve, const uint8_t secret[static SIGN_SECRET_BYTES],
            const struct intake_settings *settings, const struct router_timing *timing,
            intake **ret_intake);
void intake_close(intake **i_p);

void intake_set(intake *in, const struct intake_settings *settings);

/* See router_listen(). */
status
intake_listen(intake *in, const char *endpoint, char ret_endpoint[static ENDPOINT_TEXT_BYTES]);

/* Listen for questions (hub/link/questions.h): at a file, which the group of this
 * process may open; at a port, once it is proven that unknown keys are kept out there
 * too.  As router_listen_here(), intake_open() and router_listen(). */
status intake_hear_here(intake *in, const char *path);
status intake_hear(intake *in, const char *endpoint, char ret_endpoint[static ENDPOINT_TEXT_BYTES]);

/* Serve until a signal comes (ST_OK) or going on is impossible.  SIGHUP does not
 * end it: hang_up is called, and it goes on. */
status intake_run(intake *in, int signal_fd, void (*hang_up)(void *ctx), void *ctx);
