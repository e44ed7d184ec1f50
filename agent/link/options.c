#include "agent/link/options.h"

#include <errno.h>
#include <stdlib.h>

#include "common/i18n.h"

/* Usage errors end the program. */
static int64_t
milliseconds(struct argp_state *state, const char *name, const char *text)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || *text < '0' || *text > '9' || *end != 0 || n < 1 || n > RETRY_BOUND_MS)
		argp_error(state, _("--%s: a number of milliseconds from 1 to %d is wanted"), name,
		           (int) RETRY_BOUND_MS);
	return n;
}

error_t
link_option(int key, char *arg, struct argp_state *state)
{
	struct link_options *o = state->input;

	switch (key) {
	case KEY_HOME:
		o->home = arg;
		return 0;
	case KEY_RETRY_MIN:
		o->backoff.min_ms = milliseconds(state, "retry-min-ms", arg);
		return 0;
	case KEY_RETRY_MAX:
		o->backoff.max_ms = milliseconds(state, "retry-max-ms", arg);
		return 0;
	case KEY_TIMEOUT:
		o->timeout_ms = milliseconds(state, "timeout-ms", arg);
		return 0;
	case KEY_HUB:
		o->hubs = arg;
		return 0;
	case KEY_HUB_KEY:
		o->hub_key = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, _("this command takes no '%s'"), arg);
		return 0;
	case ARGP_KEY_END:
		if (o->hub_key && !o->hubs)
			argp_error(state, _("--hub-key needs --hub: where that hub listens"));
		if (o->backoff.max_ms < o->backoff.min_ms)
			o->backoff.max_ms = o->backoff.min_ms;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}
