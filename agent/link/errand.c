#include "agent/link/errand.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/command.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"

int
errand_run(outbox *box, const struct agent_keys *keys, struct uplink_config *config,
           const struct config *c, int64_t retry_max_ms,
           int (*tell)(void *ctx, const uplink *u, uplink_end end))
{
	struct backoff *backoff = &config->settings.backoff;
	status fault = ST_OK, st;
	uplink *u = NULL;
	uplink_end end;
	int code;

	if (config_source_of(c, SETTING_RETRY_MAX) == CONFIG_DEFAULT)
		backoff->max_ms = backoff->min_ms > retry_max_ms ? backoff->min_ms : retry_max_ms;
	config->drain = true;
	config->signal_fd = daemon_signals();
	if (config->signal_fd < 0)
		return cli_fail(EX_OSERR, _("signals cannot be received: %s"), strerror(errno));
	st = uplink_new(box, keys, config, &u);
	if (st == ST_OK) {
		end = uplink_run(u, &fault);
		code = end == UPLINK_BROKEN ? command_failed(box, fault)
					    : tell(config->ctx, u, end);
	} else {
		code = command_failed(box, st);
	}
	uplink_free(&u);
	close(config->signal_fd);
	return code;
}

/* ---- the command line ---- */

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct errand *e = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &e->config; return 0;
	case ERRAND_TIMEOUT:
		if (!cli_milliseconds(arg, ERRAND_TIMEOUT_MAX_MS, &e->timeout_ms))
			argp_error(state,
			           _("--%s: a number of milliseconds from 1 to %d is wanted"),
			           "timeout-ms", ERRAND_TIMEOUT_MAX_MS);
		return 0;
	case ERRAND_HUB_KEY: e->hub_key = arg; return 0;
	case ERRAND_JSON: e->json = true; return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	case ARGP_KEY_END:
		if (e->hub_key && config_source_of(&e->config, SETTING_HUB) != CONFIG_OPTION)
			argp_error(state, _("--hub-key needs --hub: where that hub listens"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static int
open_and_go(const struct errand *e,
            int (*go)(outbox *box, const struct agent_keys *keys, const struct errand *e))
{
	struct agent_keys keys;
	outbox *box = NULL;
	int code = command_open(config_text(&e->config, SETTING_HOME), &box);

	if (code != EX_OK)
		return code;
	code = agent_keys_load(box, e->hub_key, &keys);
	if (code == EX_OK) {
		code = go(box, &keys, e);
		agent_keys_wipe(&keys);
	}
	outbox_close(&box);
	return code;
}

/* After the settings were initialised: their options are made of them. */
static void
parse(struct errand *e, int argc, char **argv, const struct argp_option *options, const char *doc)
{
	const struct argp_child children[] = { { .argp = config_argp(&e->config) }, { 0 } };
	const struct argp argp = {
		.options = options, .parser = parse_option, .children = children, .doc = doc
	};

	cli_parse(&argp, argc, argv, e);
}

int
errand_command(int argc, char **argv, const struct argp_option *options, const char *doc,
               int64_t timeout_ms,
               int (*go)(outbox *box, const struct agent_keys *keys, const struct errand *e))
{
	struct errand e = { .timeout_ms = timeout_ms };
	bool go_on = false;
	int code;

	config_init(&e.config, settings_rows, SETTINGS_);
	parse(&e, argc, argv, options, doc);
	settings_usual(&e.config);
	code = config_start(&e.config, &go_on);
	if (code == EX_OK && go_on)
		code = open_and_go(&e, go);
	config_done(&e.config);
	return code;
}
