/* agent/link/options.h - the options that sync and run share
 */
#pragma once

#include <argp.h>

#include "agent/link/backoff.h"

struct link_options {
	const char *home; /* NULL: not given */
	struct backoff backoff;
	int64_t timeout_ms;  /* only of sync, as are the two below */
	const char *hubs;    /* NULL: as the home says */
	const char *hub_key; /* NULL: the hub of the home */
};

enum link_option_key { KEY_HOME = 0x200, KEY_RETRY_MIN, KEY_RETRY_MAX, KEY_TIMEOUT, KEY_HUB, KEY_HUB_KEY };

/* Rows of an options table. */
/* clang-format off */
#define LINK_OPTIONS \
	{ "home", KEY_HOME, N_("DIR"), 0, \
	  N_("home of the device (default: VALIJA_HOME, else /var/lib/valija)"), 0 }, \
	{ "retry-min-ms", KEY_RETRY_MIN, N_("N"), 0, \
	  N_("longest wait after the first failed attempt (default: 1000)"), 0 }, \
	{ "retry-max-ms", KEY_RETRY_MAX, N_("N"), 0, \
	  N_("longest wait after many failed attempts (default: 60000, of sync 5000)"), 0 }
/* clang-format on */

/* The argp parser for them; state->input is a struct link_options. */
error_t link_option(int key, char *arg, struct argp_state *state);
