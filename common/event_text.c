#include "common/event_text.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/i18n.h"

void
percent_text(uint64_t hundredths, char ret_text[static PERCENT_TEXT_BYTES])
{
	unsigned whole = (unsigned) (hundredths / 100), rest = (unsigned) (hundredths % 100);

	if (rest == 0)
		snprintf(ret_text, PERCENT_TEXT_BYTES, "%u", whole);
	else if (rest % 10 == 0)
		snprintf(ret_text, PERCENT_TEXT_BYTES, "%u.%u", whole, rest / 10);
	else
		snprintf(ret_text, PERCENT_TEXT_BYTES, "%u.%02u", whole, rest);
}

void
money_text(uint64_t pesos, char ret_text[static MONEY_TEXT_BYTES])
{
	char digits[24];
	size_t len = (size_t) snprintf(digits, sizeof(digits), "%" PRIu64, pesos), used = 0;

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			ret_text[used++] = '.';
		ret_text[used++] = digits[i];
	}
	ret_text[used] = '\0';
}

static void
budget_says(const struct event *e, char *out)
{
	char obligated[MONEY_TEXT_BYTES], appropriated[MONEY_TEXT_BYTES];

	money_text(e->obligated, obligated);
	money_text(e->appropriated, appropriated);
	snprintf(out, EVENT_SAYS_BYTES, "%s/%s", obligated, appropriated);
}

static void
progress_says(const struct event *e, char *out)
{
	char percent[PERCENT_TEXT_BYTES];

	percent_text(e->percent, percent);
	if (e->has & EVENT_BIT(EVENT_PERCENT))
		snprintf(out, EVENT_SAYS_BYTES, "%s %%", percent);
	else
		snprintf(out, EVENT_SAYS_BYTES, "%s", _("a text"));
}

static void
number_says(const struct event *e, event_field field, uint64_t n, char *out)
{
	if (e->has & EVENT_BIT(field))
		snprintf(out, EVENT_SAYS_BYTES, "%" PRIu64, n);
}

void
event_says(const struct event *e, char ret_text[static EVENT_SAYS_BYTES])
{
	*ret_text = '\0';
	switch ((int) e->kind) {
	case KIND_ACTIVITY: number_says(e, EVENT_QUANTITY, e->quantity, ret_text); return;
	case KIND_LEVEL: number_says(e, EVENT_VALUE, e->value, ret_text); return;
	case KIND_PROGRESS: progress_says(e, ret_text); return;
	case KIND_BUDGET: budget_says(e, ret_text); return;
	case KIND_CLOSE: snprintf(ret_text, EVENT_SAYS_BYTES, "%s", _("closed")); return;
	case KIND_THING:
		snprintf(ret_text, EVENT_SAYS_BYTES, "%s %.*s", e->out ? _("out") : _("in"),
		         (int) e->thing.len, e->thing.len > 0 ? e->thing.at : "");
		return;
	default: return;
	}
}

void
event_kind_text(const struct event *e, char ret_text[static EVENT_SAYS_BYTES])
{
	static const char *const words[EVENT_KINDS_] = {
		[KIND_ACTIVITY] = N_("activity"), [KIND_VOID] = N_("void"),
		[KIND_PLAN] = N_("plan"),         [KIND_LEVEL] = N_("level"),
		[KIND_PROBE] = N_("probe"),       [KIND_THING] = N_("thing"),
		[KIND_PROGRESS] = N_("progress"), [KIND_BUDGET] = N_("budget"),
		[KIND_CLOSE] = N_("close"),       [KIND_RETURN] = N_("return"),
		[KIND_CUT] = N_("cut"),           [KIND_LOCK] = N_("lock"),
	};

	if (words[e->kind])
		snprintf(ret_text, EVENT_SAYS_BYTES, "%s", gettext(words[e->kind]));
	else
		snprintf(ret_text, EVENT_SAYS_BYTES, "%.*s", (int) e->kind_name.len,
		         e->kind_name.len > 0 ? e->kind_name.at : "");
}

const char *
event_status_text(event_status s)
{
	static const char *const words[EVENT_STATUSES_] = {
		[STATUS_DONE] = N_("done"),
		[STATUS_PLANNED] = N_("planned"),
		[STATUS_CANCELLED] = N_("cancelled"),
		[STATUS_MOVED] = N_("moved"),
	};

	return gettext(words[s]);
}

/* Codes are ASCII, so any byte may be the last. */
static void
add_code(char *out, size_t size, struct text code)
{
	size_t used = strlen(out);

	if (code.len > 0)
		snprintf(out + used, size - used, "%s%.*s", used > 0 ? " " : "", (int) code.len,
		         code.at);
}

static void
add_codes(char *out, size_t size, const struct codes *codes)
{
	for (size_t i = 0; i < codes->count; i++)
		add_code(out, size, codes->list[i]);
}

void
event_codes(const struct event *e, char *out, size_t size)
{
	*out = '\0';
	add_code(out, size, e->indicator);
	add_codes(out, size, &e->initiatives);
	add_code(out, size, e->commitment);
	add_code(out, size, e->risk);
	add_code(out, size, e->project);
	add_codes(out, size, &e->zero);
	add_codes(out, size, &e->nothing);
}

size_t
event_doubts(const struct event *e, const char *ret_doubts[static EVENT_DOUBTS_MAX])
{
	size_t count = 0;

	if (e->kind != KIND_BUDGET)
		return 0;
	if (e->committed > e->appropriated)
		ret_doubts[count++] = N_("more is committed than appropriated");
	if (e->obligated > e->committed)
		ret_doubts[count++] = N_("more is obligated than committed");
	if (e->paid > e->obligated)
		ret_doubts[count++] = N_("more is paid than obligated");
	return count;
}
