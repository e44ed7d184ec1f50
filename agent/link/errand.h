/* agent/link/errand.h - commands that use an uplink once, while somebody waits for it
 *
 * A service makes attempts for days; a command makes them often, ends, and says how far
 * it came.
 */
#pragma once

#include <argp.h>

#include "agent/link/keys.h"
#include "agent/link/settings.h"

enum { ERRAND_TIMEOUT_MAX_MS = 24 * 3600 * 1000 };

/* What may be typed, beside the settings. */
struct errand {
	struct config config;
	const char *hub_key; /* a file; NULL: the hub of the home */
	int64_t timeout_ms;
	bool json;
};

/* Keys of the options that a command offers of these, for its own table with its own words;
 * it takes no others, and no arguments. */
enum errand_option { ERRAND_TIMEOUT = 0x200, ERRAND_HUB_KEY, ERRAND_JSON };

/* Parse the command line, open the home and load the keys, and go.  timeout_ms is what holds
 * where none is typed; doc is a msgid.  Returns the exit status, that of go when it came so
 * far; what went wrong before was said. */
int errand_command(int argc, char **argv, const struct argp_option *options, const char *doc,
                   int64_t timeout_ms,
                   int (*go)(outbox *box, const struct agent_keys *keys, const struct errand *e));

/* Make an uplink of config and run it to its end.  Fills in config what is the same for
 * all errands: drain, the signals, and a longest wait between attempts of retry_max_ms unless the
 * settings c name one.  At the end tell(ctx of config, the uplink, how it ended) says how far
 * it came and gives the exit status; a failure of the outbox is said here instead. */
int errand_run(outbox *box, const struct agent_keys *keys, struct uplink_config *config,
               const struct config *c, int64_t retry_max_ms,
               int (*tell)(void *ctx, const uplink *u, uplink_end end));
