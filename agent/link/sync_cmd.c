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

enum { TIMEOUT_MS = 60 * 1000, SYNC_RETRY_MAX_MS = 5000 };

static const char doc[] = N_("Carry what is recorded here to the hub, and bring back the plan and "
                             "what the hub says of the entries.");

static const struct argp_option options[] = {
	{ "timeout-ms", ERRAND_TIMEOUT, N_("N"), 0, N_("give up after that time (default: 60000)"),
	  0 },
	{ "hub-key", ERRAND_HUB_KEY, N_("FILE"), 0,
	  N_("the hub.pub of another hub, to which all is carried as well; what it acknowledges is "
	     "kept apart"),
	  0 },
	{ 0 },
};

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
carry(outbox *box, const struct agent_keys *keys, const struct errand *e)
{
	struct listener listener = { .box = box, .timeout_ms = e->timeout_ms };
	struct uplink_config config = settings_of_uplink(&e->config);

	config.timeout_ms = e->timeout_ms;
	config.tell = hear;
	config.ctx = &listener;
	return errand_run(box, keys, &config, &e->config, SYNC_RETRY_MAX_MS, tell_end);
}

int
sync_command(int argc, char **argv)
{
	return errand_command(argc, argv, options, doc, TIMEOUT_MS, carry);
}
