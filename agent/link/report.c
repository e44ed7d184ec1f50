#include "agent/link/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/cli.h"
#include "common/i18n.h"

/* What to tell a person of each code (SPEC.md, REFUSE). */
static const char *const refusals[REFUSALS_] = {
	[REFUSAL_VERSION] = N_("it speaks another version of the protocol; update this program"),
	[REFUSAL_ENROLMENT] = N_("this device is not enrolled (any more)"),
	[REFUSAL_FEED] = N_("the keys of this home do not belong together"),
	[REFUSAL_MALFORMED] = N_("it cannot read what this program sends; update both"),
	[REFUSAL_ORDER] = N_("it did not expect this message; update both programs"),
	[REFUSAL_SIZE] = N_("a message was over a limit"),
	[REFUSAL_SEAL] = N_("the signature is not this device's"),
	[REFUSAL_CHAIN] = N_("the entries do not form a chain; see what 'valija verify' says"),
	[REFUSAL_LIMIT] = N_("this device was copied or restored too often; enrol a new one"),
	[REFUSAL_CREDIT] = N_("more was sent than it allowed"),
	[REFUSAL_BUSY] = N_("it cannot store anything now"),
};

static void write_text(char *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
write_text(char *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(out, REPORT_BYTES, format, args);
	va_end(args);
}

static void
failed_text(const struct uplink_report *r, char *out)
{
	switch (r->failure) {
	case DEALER_UNREACHABLE: write_text(out, _("nobody answers at %s"), r->endpoint); break;
	case DEALER_STRANGE:
		write_text(out,
		           _("what answers at %s is not the hub, or hub.pub is not this hub's"),
		           r->endpoint);
		break;
	case DEALER_DENIED:
		write_text(
			out,
			_("the hub at %s does not let this device in: not enrolled yet, or revoked, or "
		          "hub.pub is not this hub's"),
			r->endpoint);
		break;
	case DEALER_LOST: write_text(out, _("the link to %s broke"), r->endpoint); break;
	case DEALER_TIMEOUT: write_text(out, _("%s does not answer in time"), r->endpoint); break;
	}
}

static void
refused_text(const struct uplink_report *r, char *out)
{
	char said[400];

	cli_safe(r->hub_text.at ? r->hub_text.at : "", r->hub_text.len, said, sizeof(said));
	if (r->code < REFUSALS_ && *said)
		write_text(out, _("the hub at %s refused: %s (\"%s\")"), r->endpoint,
		           gettext(refusals[r->code]), said);
	else if (r->code < REFUSALS_)
		write_text(out, _("the hub at %s refused: %s"), r->endpoint,
		           gettext(refusals[r->code]));
	else
		write_text(out, _("the hub at %s refused: \"%s\""), r->endpoint, said);
}

static void
welcomed_text(const struct uplink_report *r, char *out)
{
	if (r->beyond == 0) {
		write_text(out, _("the hub at %s let this device in"), r->endpoint);
		return;
	}
	if (r->onward > 0)
		write_text(out,
		           ngettext("the hub holds %llu entry that is not in this home, made after "
		                    "this copy of it; do not enter it again: 'valija-agent adopt' "
		                    "fetches it, before anything else is recorded here",
		                    "the hub holds %llu entries that are not in this home, made "
		                    "after this copy of it; do not enter them again: 'valija-agent "
		                    "adopt' fetches them, before anything else is recorded here",
		                    (unsigned long) r->beyond),
		           (unsigned long long) r->beyond);
	else
		write_text(out,
		           ngettext("the hub holds %llu entry that is not in this home, made after "
		                    "this copy of it or by another one; it counts, do not enter it "
		                    "again",
		                    "the hub holds %llu entries that are not in this home, made "
		                    "after this copy of it or by another one; they count, do not "
		                    "enter them again",
		                    (unsigned long) r->beyond),
		           (unsigned long long) r->beyond);
}

void
report_text(const struct uplink_report *r, char ret_text[static REPORT_BYTES])
{
	switch (r->news) {
	case UPLINK_WELCOMED: welcomed_text(r, ret_text); break;
	case UPLINK_FAILED: failed_text(r, ret_text); break;
	case UPLINK_NO_ADDRESS:
		write_text(ret_text, _("%s has no address: %s"), r->endpoint, r->why);
		break;
	case UPLINK_REFUSED: refused_text(r, ret_text); break;
	case UPLINK_DROPPED:
		write_text(ret_text, _("the link to %s was closed: %s"), r->endpoint, r->why);
		break;
	case UPLINK_HELD:
		write_text(ret_text,
		           _("the outbox is held by %s; what the hub said is written down "
		             "once it is free"),
		           *r->why ? r->why : "?");
		break;
	case UPLINK_FAULT:
		write_text(ret_text, _("what the hub said cannot be written down: %s"),
		           gettext(status_text(r->fault)));
		break;
	case UPLINK_BAD_PLAN:
		write_text(ret_text,
		           _("the plan that the hub sent cannot be read, the one held stays; "
		             "update this program"));
		break;
	case UPLINK_PRUNED:
		write_text(ret_text,
		           ngettext("%llu old entry, which the hub and a backup of it have, is not "
		                    "kept here any more",
		                    "%llu old entries, which the hub and a backup of it have, are "
		                    "not kept here any more",
		                    (unsigned long) r->pruned),
		           (unsigned long long) r->pruned);
		break;
	}
}

bool
report_is_news(struct report_said *said, const struct uplink_report *report, const char *text)
{
	size_t row = 0;
	bool news;

	while (row < REPORT_ROWS && strcmp(said->rows[row].endpoint, report->endpoint) != 0)
		row++;
	news = row == REPORT_ROWS || strcmp(said->rows[row].text, text) != 0;
	if (report->news == UPLINK_WELCOMED)
		memset(said, 0, sizeof(*said));
	if (row == REPORT_ROWS || report->news == UPLINK_WELCOMED) {
		row = said->next;
		said->next = (said->next + 1) % REPORT_ROWS;
	}
	snprintf(said->rows[row].endpoint, sizeof(said->rows[row].endpoint), "%s",
	         report->endpoint);
	snprintf(said->rows[row].text, sizeof(said->rows[row].text), "%s", text);
	return news;
}

const char *
report_id(uplink_news news)
{
	switch (news) {
	case UPLINK_WELCOMED: return "UPLINK-WELCOME";
	case UPLINK_FAILED: return "UPLINK-FAILED";
	case UPLINK_NO_ADDRESS: return "UPLINK-ADDRESS";
	case UPLINK_REFUSED: return "UPLINK-REFUSED";
	case UPLINK_DROPPED: return "UPLINK-DROPPED";
	case UPLINK_HELD: return "OUTBOX-HELD";
	case UPLINK_FAULT: return "OUTBOX-WRITE";
	case UPLINK_BAD_PLAN: return "PLAN-UNREADABLE";
	case UPLINK_PRUNED: return "OUTBOX-PRUNED";
	}
	return "UPLINK";
}
