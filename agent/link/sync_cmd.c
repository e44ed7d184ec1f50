#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/command.h"
#include "agent/link/address.h"
#include "agent/link/commands.h"
#include "agent/link/options.h"
#include "agent/link/report.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"

enum { TIMEOUT_MS = 60 * 1000, SYNC_RETRY_MAX_MS = 5000 };

static const struct argp_option options[] = {
	{ "timeout-ms", KEY_TIMEOUT, N_("N"), 0, N_("give up after that time (default: 60000)"),
	  0 },
	{ "hub", KEY_HUB, N_("ENDPOINT[,ENDPOINT]"), 0,
	  N_("where the hub listens, this time (default: as the home says)"), 0 },
	{ "hub-key", KEY_HUB_KEY, N_("FILE"), 0,
	  N_("the hub.pub of another hub, to which all is carried as well; what it acknowledges is "
	     "kept apart"),
	  0 },
	LINK_OPTIONS,
	{ 0 },
};

static const struct argp argp = {
	.options = options,
	.parser = link_option,
	.doc = N_("Carry what is recorded here to the hub, and bring back the plan and "
	          "what the hub says of the entries."),
};

/* What a person at the keyboard has been told already. */
struct listener {
	char last[REPORT_BYTES];
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
	if (strcmp(text, l->last) == 0)
		return;
	snprintf(l->last, sizeof(l->last), "%s", text);
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
tell_end(outbox *box, const uplink *u, uplink_end end)
{
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
	         ngettext("%llu entry acknowledged; %llu pending",
	                  "%llu entries acknowledged; %llu pending", (unsigned long) acked),
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
carry(outbox *box, const struct agent_keys *keys, const struct link_options *o)
{
	struct listener listener = { .timeout_ms = o->timeout_ms };
	const struct uplink_config config = {
		.hubs = o->hubs,
		.backoff = o->backoff,
		.drain = true,
		.timeout_ms = o->timeout_ms,
		.signal_fd = daemon_signals(),
		.tell = hear,
		.ctx = &listener,
	};
	status fault = ST_OK;
	uplink *u = NULL;
	uplink_end end;
	int code;
	status st;

	if (config.signal_fd < 0)
		return cli_fail(EX_OSERR, _("signals cannot be received: %s"), strerror(errno));
	st = uplink_new(box, keys, &config, &u);
	if (st == ST_OK) {
		end = uplink_run(u, &fault);
		code = end == UPLINK_BROKEN ? command_failed(box, fault) : tell_end(box, u, end);
	} else {
		code = command_failed(box, st);
	}
	uplink_free(&u);
	close(config.signal_fd);
	return code;
}

int
sync_command(int argc, char **argv)
{
	struct link_options o = {
		.backoff = { .min_ms = RETRY_MIN_MS, .max_ms = SYNC_RETRY_MAX_MS },
		.timeout_ms = TIMEOUT_MS,
	};
	struct agent_keys keys;
	outbox *box = NULL;
	int code;

	cli_parse(&argp, argc, argv, &o);
	code = o.hubs ? address_check_hubs(o.hubs) : EX_OK;
	if (code == EX_OK)
		code = command_open(o.home, &box);
	if (code != EX_OK)
		return code;
	code = agent_keys_load(box, o.hub_key, &keys);
	if (code == EX_OK) {
		code = carry(box, &keys, &o);
		agent_keys_wipe(&keys);
	}
	outbox_close(&box);
	return code;
}
