/* agent/link/errand.h - an uplink for one command, while somebody waits for it
 *
 * A service makes attempts for days; a command makes them often, ends, and says how far
 * it came.
 */
#pragma once

#include "agent/link/keys.h"
#include "agent/link/settings.h"

/* Make an uplink of config and run it to its end.  Fills in config what is the same for
 * all errands: drain, the signals, and a longest wait between attempts of retry_max_ms unless the
 * settings c name one.  At the end tell(ctx of config, the uplink, how it ended) says how far
 * it came and gives the exit status; a failure of the outbox is said here instead. */
int errand_run(outbox *box, const struct agent_keys *keys, struct uplink_config *config,
               const struct config *c, int64_t retry_max_ms,
               int (*tell)(void *ctx, const uplink *u, uplink_end end));
