#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/command.h"
#include "agent/link/commands.h"
#include "agent/link/options.h"
#include "agent/link/report.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "common/log.h"

static const struct argp_option options[] = { LINK_OPTIONS, { 0 } };

static const struct argp argp = {
	.options = options,
	.parser = link_option,
	.doc = N_("Carry what is recorded here to the hub, as it is recorded, until "
	          "SIGTERM or SIGINT."),
};

/* The last thing that was said: a hub that is away for days is one line. */
struct listener {
	char last[REPORT_BYTES];
};

static void
hear(void *ctx, const struct uplink_report *report)
{
	struct listener *l = ctx;
	bool good = report->news == UPLINK_WELCOMED;
	char text[REPORT_BYTES];

	report_text(report, text);
	if (strcmp(text, l->last) == 0)
		return;
	snprintf(l->last, sizeof(l->last), "%s", text);
	if (report->retry_ms >= 0)
		log_line(LEVEL_WARNING, report_id(report->news), _("%s; trying again"), text);
	else
		log_line(good ? LEVEL_NOTICE : LEVEL_WARNING, report_id(report->news), "%s", text);
}

static int
carry(outbox *box, const struct agent_keys *keys, const struct link_options *o, int signal_fd)
{
	struct listener listener = { "" };
	const struct uplink_config config = {
		.backoff = o->backoff,
		.signal_fd = signal_fd,
		.tell = hear,
		.ctx = &listener,
	};
	status fault = ST_OK;
	uplink *u = NULL;
	uplink_end end = UPLINK_BROKEN;
	status st = uplink_new(box, keys, &config, &u);

	if (st == ST_OK) {
		log_line(LEVEL_NOTICE, "AGENT-READY", _("serving %s"), outbox_home(box));
		daemon_notify("READY=1");
		end = uplink_run(u, &fault);
		daemon_notify("STOPPING=1");
		uplink_free(&u);
	}
	if (end != UPLINK_BROKEN) {
		log_line(LEVEL_NOTICE, "AGENT-STOP", _("stopped"));
		return EX_OK;
	}
	return command_failed(box, st < 0 ? st : fault);
}

static int
serve(outbox *box, const struct link_options *o, int signal_fd)
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
		code = carry(box, &keys, o, signal_fd);
		agent_keys_wipe(&keys);
	}
	close(lock_fd);
	return code;
}

int
run_command(int argc, char **argv)
{
	struct link_options o = {
		.backoff = { .min_ms = RETRY_MIN_MS, .max_ms = RETRY_MAX_MS },
	};
	outbox *box = NULL;
	int signal_fd, code;

	cli_parse(&argp, argc, argv, &o);
	log_init("valija-agent");
	code = command_open(o.home, &box);
	if (code != EX_OK)
		return code;
	signal_fd = daemon_signals();
	if (signal_fd < 0) {
		code = cli_fail(EX_OSERR, _("signals cannot be received: %s"), strerror(errno));
	} else {
		code = serve(box, &o, signal_fd);
		close(signal_fd);
	}
	outbox_close(&box);
	return code;
}
