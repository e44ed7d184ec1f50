/* Everything an entry says, one field a line, for a person who is asked on the
 * telephone what was recorded. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "agent/command.h"
#include "agent/commands.h"
#include "agent/own_entry.h"
#include "agent/reading.h"
#include "common/cli.h"
#include "common/event_text.h"
#include "common/i18n.h"
#include "common/json_out.h"
#include "common/paragraph.h"

struct args {
	struct reading reading;
	const char *seq;
};

enum { LINE_BYTES = 4 * NOTE_BYTES_MAX + 1, VERSIONS_SHOWN = 1000, LABEL_COLUMNS = 16 };

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &a->reading; return 0;
	case ARGP_KEY_ARG:
		if (a->seq)
			return ARGP_ERR_UNKNOWN;
		a->seq = arg;
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { .argp = &reading_argp }, { 0 } };

/* clang-format off */
static const struct argp argp = {
	.parser = parse,
	.children = children,
	.args_doc = N_("SEQ"),
	.doc = N_("Show one entry of this device, by its number or its REF.")
	       "\v"
	       N_("With --json: the keys of 'valija list --json', and versions: the numbers of all "
	          "versions of it, from the first to the newest."),
};
/* clang-format on */

/* ---- for people ---- */

/* printf() pads bytes, and labels may have letters of several. */
static void
print_label(const char *label)
{
	int columns = paragraph_columns(label, strlen(label));

	printf("%s%*s", label, columns < LABEL_COLUMNS ? LABEL_COLUMNS - columns : 1, "");
}

static void
line(const char *label, const char *value)
{
	print_label(label);
	puts(value);
}

static void
line_text(const char *label, struct text t)
{
	char value[LINE_BYTES];

	if (t.len > 0)
		line(label, cli_safe(t.at, t.len, value, sizeof(value)));
}

/* Asked by its bit: day 0 is a day, too. */
static void
line_date(const char *label, const struct event *e, event_field field, int64_t day)
{
	char value[DATE_TEXT_BYTES];

	if (!(e->has & EVENT_BIT(field)))
		return;
	date_format((date) day, value);
	line(label, value);
}

static void
line_number(const char *label, uint64_t n)
{
	print_label(label);
	printf("%llu\n", (unsigned long long) n);
}

static void
line_time(const char *label, int64_t ms)
{
	char value[COMMAND_TIME_BYTES];

	line(label, command_time(ms, value));
}

static void
lines_tallies(const char *label, const struct tallies *tallies)
{
	for (size_t i = 0; i < tallies->count; i++) {
		const struct tally *t = &tallies->list[i];

		print_label(label);
		printf("%.*s %llu\n", (int) t->name.len, t->name.at, (unsigned long long) t->value);
	}
}

static void
lines_evidences(const struct evidences *evidences)
{
	char name[4 * NAME_BYTES_MAX + 1], hash[2 * HASH_BYTES + 1];

	for (size_t i = 0; i < evidences->count; i++) {
		const struct evidence *v = &evidences->list[i];

		hex_encode(v->hash, HASH_BYTES, hash);
		print_label(_("evidence"));
		printf("%s, %llu B, BLAKE2b-256 %s\n",
		       cli_safe(v->name.at, v->name.len, name, sizeof(name)),
		       (unsigned long long) v->size_bytes, hash);
	}
}

static void
lines_codes(const char *label, const struct codes *codes)
{
	for (size_t i = 0; i < codes->count; i++)
		line_text(label, codes->list[i]);
}

static void
line_money(const char *label, const struct event *e, event_field field, uint64_t pesos)
{
	char value[MONEY_TEXT_BYTES];

	money_text(pesos, value);
	if (e->has & EVENT_BIT(field))
		line(label, value);
}

/* What is told once a quarter. */
static void
print_quarter(const struct event *e)
{
	const char *doubts[EVENT_DOUBTS_MAX];
	char text[PERCENT_TEXT_BYTES];
	size_t count = event_doubts(e, doubts);

	if (e->has & EVENT_BIT(EVENT_QUARTER)) {
		quarter_format(e->quarter, text);
		line(_("quarter"), text);
	}
	if (e->has & EVENT_BIT(EVENT_VALUE))
		line_number(_("level"), e->value);
	if (e->has & EVENT_BIT(EVENT_PERCENT)) {
		percent_text(e->percent, text);
		print_label(_("percent"));
		printf("%s %%\n", text);
	}
	line_money(_("appropriated"), e, EVENT_APPROPRIATED, e->appropriated);
	line_money(_("committed"), e, EVENT_COMMITTED, e->committed);
	line_money(_("obligated"), e, EVENT_OBLIGATED, e->obligated);
	line_money(_("paid"), e, EVENT_PAID, e->paid);
	for (size_t i = 0; i < count; i++)
		line(_("in doubt"), gettext(doubts[i]));
	lines_codes(_("declared zero"), &e->zero);
	lines_codes(_("nothing to do"), &e->nothing);
}

static void
print_activity(const struct event *e)
{
	if (e->has & EVENT_BIT(EVENT_QUANTITY))
		line_number(_("quantity"), e->quantity);
	line_text(_("mode"), e->mode);
	line_text(_("place"), e->place);
	line_text(_("country"), e->country);
	if (e->kind == KIND_ACTIVITY)
		line(_("status"), event_status_text(e->status));
	lines_tallies(_("count"), &e->counts);
	lines_tallies(_("group"), &e->groups);
}

static void
print_event(const struct event *e)
{
	char kind[EVENT_SAYS_BYTES];

	event_kind_text(e, kind);
	line_text(_("kind"), text_of(kind));
	line_text(_("unit"), e->unit);
	line_text(_("indicator"), e->indicator);
	lines_codes(_("initiative"), &e->initiatives);
	line_text(_("commitment"), e->commitment);
	line_text(_("risk"), e->risk);
	line_text(_("project"), e->project);
	line_text(_("thing"), e->thing);
	line_text(_("name"), e->name);
	if (e->kind == KIND_THING)
		line(_("way"), e->out ? _("out") : _("in"));
	line_date(_("date"), e, EVENT_DATE, e->date);
	line_date(_("until"), e, EVENT_UNTIL, e->until);
	print_quarter(e);
	print_activity(e);
	line_text(e->kind == KIND_PROGRESS ? _("text") : _("note"), e->note);
	lines_evidences(&e->evidences);
	line_text(_("why"), e->why);
	line_text(_("by"), e->by);
	if (e->kind_name.len > 0)
		line_time(_("recorded"), e->at_ms);
}

/* What became of it at the hub, as far as the last contact told. */
static void
print_place(const struct own_entry *e)
{
	char elsewhere[OWN_ELSEWHERE_BYTES];

	if (e->decoded != HOLD_NONE)
		line(_("damaged"), gettext(hold_text(e->decoded)));
	line(_("state"), gettext(feed_place_name(e->place)));
	if (e->held != HOLD_NONE)
		line(_("reason"), gettext(hold_text(e->held)));
	if (e->conflict)
		line(_("conflict"),
		     _("another version replaces the same one: the office will settle it"));
	own_entry_elsewhere(e, elsewhere);
	if (*elsewhere)
		line(_("elsewhere"), elsewhere);
	line_text(_("remark"), e->remark);
}

/* ---- versions ---- */

struct versions {
	size_t count;
	uint64_t list[VERSIONS_SHOWN]; /* own ones, from the first to the newest */
};

/* Back to the first, then forward: any version may be asked for.  Numbers only
 * fall on the way back, whatever a damaged entry says, so it ends. */
static status
read_versions(outbox *box, const struct feed_state *s, const struct own_entry *shown,
              struct versions *v)
{
	uint64_t first = shown->at.seq, before = own_entry_replaces(shown), next;
	struct own_entry e;
	status st = ST_OK;

	while (before > 0 && before < first && st == ST_OK) {
		first = before;
		st = own_entry_read(box, s, first, &e);
		before = st == ST_OK ? own_entry_replaces(&e) : 0;
	}
	for (next = first; st == ST_OK && v->count < VERSIONS_SHOWN;) {
		v->list[v->count++] = next;
		st = outbox_replaced_by(box, next, &next);
	}
	return st == ST_NOT_FOUND ? ST_OK : st;
}

static void
print_versions(const struct versions *v, uint64_t shown)
{
	if (v->count < 2)
		return;
	print_label(_("versions"));
	for (size_t i = 0; i < v->count; i++)
		printf(v->list[i] == shown ? "[%llu] " : "%llu ", (unsigned long long) v->list[i]);
	putchar('\n');
}

/* ---- the command ---- */

static status
print_json(const outbox *box, const struct own_entry *e, const struct versions *v)
{
	json_t *object = own_entry_json(box, e), *list = json_array();

	for (size_t i = 0; i < v->count; i++)
		json_array_append_new(list, json_integer((json_int_t) v->list[i]));
	json_object_set_new(object, "versions", list);
	return json_print(object);
}

static void
print_lines(const outbox *box, const struct own_entry *e, const struct versions *v)
{
	char ref[REF_TEXT_BYTES];

	ref_text(outbox_device(box)->feed, &e->at, false, ref);
	line("REF", ref);
	print_event(&e->event);
	print_place(e);
	if (e->replaced_by > 0)
		line_number(e->is_void ? _("void by") : _("replaced by"), e->replaced_by);
	print_versions(v, e->at.seq);
}

/* All is read before the first line is printed, so a failure leaves no half entry. */
static status
show(outbox *box, const struct args *a, uint64_t seq)
{
	struct versions versions = { 0 };
	struct feed_state s;
	struct own_entry e;
	status st = feed_state_read(box, &s);

	if (st < 0)
		return st;
	st = own_entry_read(box, &s, seq, &e);
	if (st == ST_OK)
		st = read_versions(box, &s, &e, &versions);
	if (st == ST_OK && a->reading.json)
		st = print_json(box, &e, &versions);
	else if (st == ST_OK)
		print_lines(box, &e, &versions);
	feed_state_done(&s);
	return st;
}

int
show_command(int argc, char **argv)
{
	struct args args = { .seq = NULL };
	outbox *box = NULL;
	uint64_t seq;
	status st;
	int code;

	cli_parse(&argp, argc, argv, &args);
	if (!args.seq)
		return cli_fail(EX_USAGE, _("say which entry: its number, or its REF"));
	code = command_open(args.reading.home, &box);
	if (code == EX_OK)
		code = command_seq(box, args.seq, &seq);
	if (code == EX_OK) {
		st = show(box, &args, seq);
		if (st < 0)
			code = command_failed(box, st);
	}
	outbox_close(&box);
	return code;
}
