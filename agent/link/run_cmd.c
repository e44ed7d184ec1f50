#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/command.h"
#include "agent/link/commands.h"
#include "agent/link/report.h"
#include "agent/link/settings.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "common/log.h"
#include "common/reload.h"

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = state->input; return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

struct service {
	struct config *config;
	uplink *u;
	struct report_said said;
};

static void
hear(void *ctx, const struct uplink_report *report)
{
	struct service *l = ctx;
	bool good = report->news == UPLINK_WELCOMED || report->news == UPLINK_PRUNED;
	char text[REPORT_BYTES];

	report_text(report, text);
	if (!report_is_news(&l->said, report, text))
		return;
	if (report->retry_ms >= 0)
		log_line(LEVEL_WARNING, report_id(report->news), _("%s; trying again"), text);
	else
		log_line(good ? LEVEL_NOTICE : LEVEL_WARNING, report_id(report->news), "%s", text);
}

/* ---- the configuration once more ---- */

static void
reload(void *ctx)
{
	struct service *s = ctx;

	if (reload_config(s->config) == ST_OK) {
		const struct uplink_settings settings = settings_of_link(s->config);
		status st = uplink_set(s->u, &settings);

		if (st < 0)
			log_fail(st, "CONFIG-KEPT", _("the settings stay as they were"));
	}
	daemon_notify("READY=1");
}

/* ---- serving ---- */

static int
carry(outbox *box, const struct agent_keys *keys, struct config *c, int signal_fd)
{
	struct service service = { .config = c };
	struct uplink_config config = settings_of_uplink(c);
	status fault = ST_OK, st;
	uplink_end end = UPLINK_BROKEN;

	config.signal_fd = signal_fd;
	config.tell = hear;
	config.hang_up = reload;
	config.ctx = &service;
	st = uplink_new(box, keys, &config, &service.u);
	if (st == ST_OK) {
		log_line(LEVEL_NOTICE, "AGENT-READY", _("serving %s"), outbox_home(box));
		daemon_notify("READY=1");
		end = uplink_run(service.u, &fault);
		daemon_notify("STOPPING=1");
		uplink_free(&service.u);
	}
	if (end != UPLINK_BROKEN) {
		log_line(LEVEL_NOTICE, "AGENT-STOP", _("stopped"));
		return EX_OK;
	}
	return command_failed(box, st < 0 ? st : fault);
}

static int
serve(outbox *box, struct config *c, int signal_fd)
{
	struct agent_keys keys;
	int lock_fd = -1, holder = 0, code;
	status st = daemon_lock(outbox_home(box), &lock_fd, &holder);

	if (st == ST_BUSY)
		return cli_fail(EX_TEMPFAIL, _("%s: process %d serves this home already"),
		                outbox_home(box), holder);
	if (st < 0)
		return cli_fail(cli_exit(st), _("%s: run.lock cannot be made: %s"),
		                outbox_home(box), gettext(status_text(st)));
	code = agent_keys_load(box, NULL, &keys);
	if (code == EX_OK) {
		code = carry(box, &keys, c, signal_fd);
		agent_keys_wipe(&keys);
	}
	close(lock_fd);
	return code;
}

static int
open_and_serve(struct config *c)
{
	outbox *box = NULL;
	int code = command_open(config_text(c, SETTING_HOME), &box), signal_fd;

	if (code != EX_OK)
		return code;
	signal_fd = daemon_signals();
	if (signal_fd < 0) {
		code = cli_fail(EX_OSERR, _("signals cannot be received: %s"), strerror(errno));
	} else {
		code = serve(box, c, signal_fd);
		close(signal_fd);
	}
	outbox_close(&box);
	return code;
}

static void
parse(struct config *c, int argc, char **argv)
{
	const struct argp_child children[] = { { .argp = config_argp(c) }, { 0 } };
	const struct argp argp = {
		.parser = parse_option,
		.children = children,
		.doc = N_("Carry what is recorded here to the hub, as it is recorded, until "
		          "SIGTERM or SIGINT. SIGHUP reads the settings again."),
	};

	cli_parse(&argp, argc, argv, c);
}

int
run_command(int argc, char **argv)
{
	struct config c;
	bool go_on = false;
	int code;

	config_init(&c, settings_rows, SETTINGS_);
	parse(&c, argc, argv);
	log_init("valija-agent");
	settings_usual(&c);
	code = config_start(&c, &go_on);
	if (code == EX_OK && go_on)
		code = open_and_serve(&c);
	config_done(&c);
	return code;
}
