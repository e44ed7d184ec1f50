/* A copy of the home was put back, and the hub has more of this device than the copy: that
 * is fetched before anything new is recorded, so that the device goes on as it was. */
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
#include "protocol/document.h"

/* What was fetched stays, so only a link that does not carry at all is given up. */
enum { TIMEOUT_MS = 600 * 1000, RETRY_MAX_MS_HERE = 5000 };

static const char doc[] =
	N_("Fetch from the hub what this device has recorded after this copy of its home was made.") "\v" N_(
		"For a home that was put back from a copy: record nothing before. Once something was "
		"recorded, the two stay side by side; all of both counts, each entry once. Each entry is "
		"checked against the signature and the chain of this device. What was fetched when the "
		"link broke is here, and goes on from there.\n\n"
		"Rows of a file that was imported are known again; the name that 'valija record --key' "
		"gave an entry is not.");

static const struct argp_option options[] = {
	{ "timeout-ms", ERRAND_TIMEOUT, N_("N"), 0, N_("give up after that time (default: 600000)"),
	  0 },
	{ "hub-key", ERRAND_HUB_KEY, N_("FILE"), 0,
	  N_("the hub.pub of another hub, which has the entries as well"), 0 },
	{ 0 },
};

struct adoption {
	outbox *box;
	int64_t timeout_ms;
	bool waiting; /* it was said that attempts go on */
	const uint8_t *hub;
	unsigned long long count; /* stored */
	status fault;             /* why no more was */
	struct report_said said;
};

static void
hear(void *ctx, const struct uplink_report *report)
{
	struct adoption *a = ctx;
	char text[REPORT_BYTES];

	if (report->news == UPLINK_WELCOMED)
		return;
	report_text(report, text);
	if (!report_is_news(&a->said, report, text))
		return;
	cli_warn("%s", text);
	if (report->retry_ms >= 0 && !a->waiting) {
		a->waiting = true;
		cli_warn(_("trying again; giving up after %lld s"),
		         (long long) (a->timeout_ms + 999) / 1000);
	}
}

/* Its signature by the hub was checked; that of the device is what counts. */
static bool
take_events(void *ctx, struct bytes packed)
{
	struct adoption *a = ctx;
	struct sent_back *sent = malloc(sizeof(*sent));
	uint8_t *bytes = NULL;
	uint64_t count = 0;
	size_t len = 0;
	status st = sent ? document_unpack(packed, EVENTS_BYTES_MAX, &bytes, &len) : ST_NOMEM;

	if (st == ST_OK)
		st = sent_back_decode(bytes, len, sent);
	if (st == ST_OK)
		st = outbox_adopt(a->box, a->hub, sent, OUTBOX_WAIT_MS, &count);
	free(bytes);
	free(sent);
	a->count += count;
	a->fault = st;
	return st == ST_OK;
}

/* ---- how it ended ---- */

static void
tell_count(const struct adoption *a, const struct point *tip)
{
	if (a->count > 0)
		printf(ngettext("%llu entry fetched; the last one here is %llu\n",
		                "%llu entries fetched; the last one here is %llu\n",
		                (unsigned long) a->count),
		       a->count, (unsigned long long) tip->seq);
}

static int
tell_fault(const struct adoption *a)
{
	switch ((int) a->fault) {
	case ST_EXISTS:
		return cli_fail(
			EX_DATAERR,
			_("something was recorded here meanwhile, so what the hub still "
		          "holds cannot be fetched any more; it counts all the same, do not "
		          "enter it again"));
	case ST_DENIED:
	case ST_CHAIN:
	case ST_MALFORMED:
	case ST_LIMIT:
		return cli_fail(EX_PROTOCOL,
		                _("what the hub sent is not what this device has recorded and "
		                  "signed; it was not taken, tell the office"));
	case ST_VERSION:
		return cli_fail(EX_CONFIG,
		                _("what the hub sent is of a newer version: update this program"));
	default: return command_failed(a->box, a->fault);
	}
}

/* All that can be fetched is here. */
static int
tell_rest(const struct adoption *a, const struct outbox_hub *facts, const struct point *tip)
{
	unsigned long long beyond = facts->beyond;

	if (beyond == 0 && a->count == 0)
		puts(_("the hub holds no entry of this device that is not here"));
	if (beyond == 0)
		return EX_OK;
	if (facts->acked.seq < tip->seq)
		return cli_fail(
			EX_DATAERR,
			ngettext("the hub holds %llu entry made after this copy, and it cannot be "
		                 "fetched any more: entry %llu was recorded here since; both "
		                 "count, do not enter it again",
		                 "the hub holds %llu entries made after this copy, and they "
		                 "cannot be fetched any more: entry %llu was recorded here "
		                 "since; all count, do not enter them again",
		                 (unsigned long) beyond),
			beyond, (unsigned long long) tip->seq);
	if (a->count > 0) {
		cli_warn(ngettext("the hub holds %llu more that another copy of this device has "
		                  "recorded beside them; it counts, do not enter it again",
		                  "the hub holds %llu more that another copy of this device has "
		                  "recorded beside them; they count, do not enter them again",
		                  (unsigned long) beyond),
		         beyond);
		return EX_OK;
	}
	return cli_fail(EX_DATAERR,
	                ngettext("the hub holds %llu entry that another copy of this device has "
	                         "recorded beside what is here, so it cannot be fetched; it "
	                         "counts, do not enter it again",
	                         "the hub holds %llu entries that another copy of this device has "
	                         "recorded beside what is here, so they cannot be fetched; they "
	                         "count, do not enter them again",
	                         (unsigned long) beyond),
	                beyond);
}

static int
tell_end(void *ctx, const uplink *u, uplink_end end)
{
	const struct adoption *a = ctx;
	struct point tip;
	status st = outbox_tip(a->box, &tip);

	if (st < 0)
		return command_failed(a->box, st);
	tell_count(a, &tip);
	switch (end) {
	case UPLINK_DRAINED: return tell_rest(a, uplink_facts(u), &tip);
	case UPLINK_ENOUGH: return tell_fault(a);
	case UPLINK_SIGNALLED:
		return cli_fail(EX_TEMPFAIL, _("interrupted; type it again to go on"));
	case UPLINK_TIMED_OUT:
	case UPLINK_BROKEN: break;
	}
	if (!uplink_was_welcomed(u))
		return cli_fail(EX_UNAVAILABLE,
		                _("no hub was reached in time; record nothing here before it is, "
		                  "then type this again"));
	return cli_fail(EX_TEMPFAIL, _("not all came in time; type it again to go on"));
}

/* ---- the command ---- */

static int
fetch(outbox *box, const struct agent_keys *keys, const struct errand *e)
{
	struct adoption adoption = {
		.box = box,
		.hub = keys->hub.sign,
		.timeout_ms = e->timeout_ms,
	};
	struct uplink_config config = settings_of_uplink(&e->config);

	config.timeout_ms = e->timeout_ms;
	config.take_events = take_events;
	config.tell = hear;
	config.ctx = &adoption;
	return errand_run(box, keys, &config, &e->config, RETRY_MAX_MS_HERE, tell_end);
}

int
adopt_command(int argc, char **argv)
{
	return errand_command(argc, argv, options, doc, TIMEOUT_MS, fetch);
}
