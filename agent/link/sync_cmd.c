#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "agent/command.h"
#include "agent/link/commands.h"
#include "agent/link/errand.h"
#include "agent/link/report.h"
#include "common/cli.h"
#include "common/i18n.h"

enum { TIMEOUT_MS = 60 * 1000, SYNC_RETRY_MAX_MS = 5000, TIMEOUT_BOUND_MS = 24 * 3600 * 1000 };

struct args {
	struct config config;
	const char *hub_key; /* NULL: the hub of the home */
	int64_t timeout_ms;
};

enum { KEY_TIMEOUT = 0x200, KEY_HUB_KEY };

static const struct argp_option options[] = {
	{ "timeout-ms", KEY_TIMEOUT, N_("N"), 0, N_("give up after that time (default: 60000)"),
	  0 },
	{ "hub-key", KEY_HUB_KEY, N_("FILE"), 0,
	  N_("the hub.pub of another hub, to which all is carried as well; what it acknowledges is "
	     "kept apart"),
	  0 },
	{ 0 },
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &a->config; return 0;
	case KEY_TIMEOUT:
		if (!cli_milliseconds(arg, TIMEOUT_BOUND_MS, &a->timeout_ms))
			argp_error(state,
			           _("--%s: a number of milliseconds from 1 to %d is wanted"),
			           "timeout-ms", TIMEOUT_BOUND_MS);
		return 0;
	case KEY_HUB_KEY: a->hub_key = arg; return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	case ARGP_KEY_END:
		if (a->hub_key && config_source_of(&a->config, SETTING_HUB) != CONFIG_OPTION)
			argp_error(state, _("--hub-key needs --hub: where that hub listens"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* What a person at the keyboard has been told already. */
struct listener {
	outbox *box;
	struct report_said said;
	int64_t timeout_ms;
	bool waiting; /* it was said that attempts go on */
};

static void
hear(void *ctx, const struct uplink_report *report)
{
	struct listener *l = ctx;
	char text[REPORT_BYTES];

	if (report->news == UPLINK_WELCOMED && report->beyond == 0)
		return;
	report_text(report, text);
	if (!report_is_news(&l->said, report, text))
		return;
	cli_warn("%s", text);
	if (report->retry_ms >= 0 && !l->waiting) {
		l->waiting = true;
		cli_warn(_("trying again; giving up after %lld s"),
		         (long long) (l->timeout_ms + 999) / 1000);
	}
}

/* How far it came: for standard output when all is well, else for standard
 * error. */
static int
tell_end(void *ctx, const uplink *u, uplink_end end)
{
	outbox *box = ((struct listener *) ctx)->box;
	const struct outbox_hub *facts = uplink_facts(u);
	unsigned long long acked, pending;
	struct point tip;
	char line[256];
	status st = outbox_tip(box, &tip);

	if (st < 0)
		return command_failed(box, st);
	acked = facts->acked.seq < tip.seq ? facts->acked.seq : tip.seq;
	pending = tip.seq - acked;
	snprintf(line, sizeof(line),
	         ngettext("%llu entry acknowledged in all; %llu pending",
	                  "%llu entries acknowledged in all; %llu pending", (unsigned long) acked),
	         acked, pending);
	if (end == UPLINK_DRAINED) {
		puts(line);
		return EX_OK;
	}
	cli_warn("%s", line);
	if (end == UPLINK_SIGNALLED)
		return cli_fail(EX_TEMPFAIL, _("interrupted; nothing is lost, sync again later"));
	if (!uplink_was_welcomed(u))
		return cli_fail(EX_UNAVAILABLE,
		                _("no hub was reached in time; nothing is lost, sync again later"));
	if (pending == 0)
		return cli_fail(EX_TEMPFAIL,
		                _("the plan, or what the hub says of the entries, did "
		                  "not arrive in time; sync again later"));
	return cli_fail(EX_TEMPFAIL,
	                _("not all was acknowledged in time; nothing is lost, sync "
	                  "again later"));
}

static int
carry(outbox *box, const struct agent_keys *keys, const struct args *a)
{
	struct listener listener = { .box = box, .timeout_ms = a->timeout_ms };
	struct uplink_config config = settings_of_uplink(&a->config);

	config.timeout_ms = a->timeout_ms;
	config.tell = hear;
	config.ctx = &listener;
	return errand_run(box, keys, &config, &a->config, SYNC_RETRY_MAX_MS, tell_end);
}

static int
open_and_carry(const struct args *a)
{
	struct agent_keys keys;
	outbox *box = NULL;
	int code = command_open(config_text(&a->config, SETTING_HOME), &box);

	if (code != EX_OK)
		return code;
	code = agent_keys_load(box, a->hub_key, &keys);
	if (code == EX_OK) {
		code = carry(box, &keys, a);
		agent_keys_wipe(&keys);
	}
	outbox_close(&box);
	return code;
}

static void
parse(struct args *a, int argc, char **argv)
{
	const struct argp_child children[] = { { .argp = config_argp(&a->config) }, { 0 } };
	const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.children = children,
		.doc = N_("Carry what is recorded here to the hub, and bring back the plan and "
		          "what the hub says of the entries."),
	};

	cli_parse(&argp, argc, argv, a);
}

int
sync_command(int argc, char **argv)
{
	struct args a = { .timeout_ms = TIMEOUT_MS };
	bool go_on = false;
	int code;

	config_init(&a.config, settings_rows, SETTINGS_);
	parse(&a, argc, argv);
	settings_usual(&a.config);
	code = config_start(&a.config, &go_on);
	if (code == EX_OK && go_on)
		code = open_and_carry(&a);
	config_done(&a.config);
	return code;
}
