#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "common/listing.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/completeness.h"
#include "hub/names.h"

enum { NUMBER_BYTES = 24, CODES_BYTES = DECLARED_MAX * (CODE_BYTES_MAX + 1) };

typedef enum grouping { BY_NOTHING, BY_GROUP_COUNTRY, BY_GROUP_KIND, BY_GROUP_AREA } grouping;

/* How many units of a group are in which state. */
struct group_states {
	const char *code, *name;
	uint64_t units, of[COMPLETENESS_];
};

struct input {
	struct asking ask;
	const char *quarter_word;
	uint64_t quarter;
	grouping by;
	bool reminders, csv;

	struct listing listing;
	struct group_states all;
	struct group_states *groups; /* as many as there are units at most */
	size_t group_count;
};

/* ---- arguments ---- */

enum { KEY_BY = 0x200, KEY_CSV, KEY_REMINDERS };

static const struct argp_option options[] = {
	{ "by", KEY_BY, N_("WHAT"), 0, N_("count the units by country, kind or area"), 0 },
	{ "reminders", KEY_REMINDERS, NULL, 0, N_("only units that have not closed the quarter"),
	  0 },
	{ "csv", KEY_CSV, NULL, 0, N_("print CSV"), 0 },
	{ 0 },
};

static grouping
grouping_named(struct argp_state *state, const char *word)
{
	static const char *const names[] = { "country", "kind", "area" };
	char shown[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(word, names[i]) == 0)
			return (grouping) (BY_GROUP_COUNTRY + i);
	}
	cli_safe(word, strlen(word), shown, sizeof(shown));
	argp_error(state, _("--by: '%s' is none of country, kind, area"), shown);
	return BY_NOTHING;
}

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct input *in = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &in->ask; return 0;
	case KEY_BY: in->by = grouping_named(state, arg); return 0;
	case KEY_REMINDERS: in->reminders = true; return 0;
	case KEY_CSV: in->csv = true; return 0;
	case ARGP_KEY_ARG:
		if (in->quarter_word)
			argp_error(state, _("one quarter at a time"));
		in->quarter_word = arg;
		return 0;
	case ARGP_KEY_END:
		if (!in->quarter_word)
			argp_error(state, _("which quarter? as in 2025-Q4"));
		if (in->csv && in->ask.json)
			argp_error(state, _("one of --json and --csv at a time"));
		if (in->by != BY_NOTHING && in->reminders)
			argp_error(state, _("one of --by and --reminders at a time"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* ---- counting ---- */

static void
add_unit(struct group_states *g, const struct unit_quarter *u)
{
	g->units++;
	g->of[u->state]++;
}

static const char *
kind_text(plan_unit_kind kind)
{
	static const char *const texts[] = {
		[UNIT_EMBASSY] = N_("embassies"),
		[UNIT_PERMANENT_MISSION] = N_("permanent missions"),
		[UNIT_CONSULATE] = N_("consulates"),
		[UNIT_AREA] = N_("areas in the capital"),
	};

	return gettext(texts[kind]);
}

/* Units abroad belong to no area: they are one group. */
static struct group_states
group_of(const struct input *in, const struct plan_unit *unit)
{
	switch (in->by) {
	case BY_GROUP_COUNTRY:
		return (struct group_states) { .code = unit->country, .name = unit->country_name };
	case BY_GROUP_KIND:
		return (struct group_states) { .code = plan_unit_kind_word(unit->kind),
			                       .name = kind_text(unit->kind) };
	case BY_GROUP_AREA:
		if (unit->kind == UNIT_AREA)
			return (struct group_states) { .code = unit->code, .name = unit->name };
		break;
	case BY_NOTHING: break;
	}
	return (struct group_states) { .code = "", .name = _("units abroad") };
}

static void
add_to_group(struct input *in, const struct unit_quarter *u)
{
	struct group_states group = group_of(in, u->unit);

	for (size_t i = 0; i < in->group_count; i++) {
		if (strcmp(in->groups[i].code, group.code) == 0) {
			add_unit(&in->groups[i], u);
			return;
		}
	}
	add_unit(&group, u);
	in->groups[in->group_count++] = group;
}

static int
compare_groups(const void *one, const void *two)
{
	const struct group_states *a = one, *b = two;

	return strcmp(a->code, b->code);
}

/* ---- output ---- */

static const struct listing_column unit_columns[] = {
	{ "unit", N_("UNIT"), .type = CELL_TEXT },
	{ "unit_name", N_("NAME"), .type = CELL_TEXT, .cut = true },
	{ "kind", NULL, .type = CELL_TEXT },
	{ "country", NULL, .type = CELL_TEXT },
	{ "state", NULL, .type = CELL_TEXT },
	{ "since", NULL, .type = CELL_TEXT },
	{ "devices", NULL, .type = CELL_NUMBER },
	{ "entries", N_("ENTRIES"), .type = CELL_NUMBER },
	{ NULL, N_("STATE"), .type = CELL_TEXT },
	{ "zero", N_("ZERO"), .type = CELL_LIST, .below = true },
	{ "nothing_to_do", N_("NOTHING TO DO"), .type = CELL_LIST, .below = true },
	{ "contradicted", NULL, .type = CELL_LIST },
	{ "conflict", NULL, .type = CELL_BOOL },
	{ NULL, N_("REMARK"), .type = CELL_TEXT, .below = true },
};

static const struct listing_column group_columns[] = {
	{ "code", N_("CODE"), .type = CELL_TEXT },
	{ "name", N_("NAME"), .type = CELL_TEXT, .cut = true },
	{ "closed", N_("CLOSED"), .type = CELL_NUMBER },
	{ "closed_zero", N_("WITH ZERO"), .type = CELL_NUMBER },
	{ "reporting", N_("REPORTING"), .type = CELL_NUMBER },
	{ "nothing", N_("NOTHING"), .type = CELL_NUMBER },
	{ "unknown", N_("UNKNOWN"), .type = CELL_NUMBER },
	{ "units", N_("UNITS"), .type = CELL_NUMBER },
};

static void
number(uint64_t n, char out[static NUMBER_BYTES])
{
	snprintf(out, NUMBER_BYTES, "%llu", (unsigned long long) n);
}

static void
join(const struct codes *codes, char out[static CODES_BYTES])
{
	size_t used = 0;

	*out = '\0';
	for (size_t i = 0; codes && i < codes->count; i++) {
		struct text code = codes->list[i];

		used += (size_t) snprintf(out + used, CODES_BYTES - used, "%s%.*s",
		                          i > 0 ? " " : "", (int) code.len, code.at);
	}
}

/* What a device held at a moment that is past, nobody can know any more. */
static void
state_words(const struct unit_quarter *u, const char *since, bool past, char *out, size_t size)
{
	if (u->state != QUARTER_UNKNOWN)
		snprintf(out, size, "%s", gettext(completeness_text(u->state)));
	else if (past)
		snprintf(out, size, "%s", _("unknown: nothing had come by then"));
	else if (u->devices == 0)
		snprintf(out, size, "%s", _("unknown: no device"));
	else if (!u->heard_of)
		snprintf(out, size, "%s", _("unknown: never heard of"));
	else
		snprintf(out, size, _("unknown since %s"), since);
}

static void
print_unit(struct input *in, const struct unit_quarter *u)
{
	char since[DATE_TEXT_BYTES] = "", entries[NUMBER_BYTES], devices[NUMBER_BYTES], words[128];
	char zero[CODES_BYTES], nothing[CODES_BYTES], contradicted[CODES_BYTES];
	char remark[CODES_BYTES + 256];

	if (u->state == QUARTER_UNKNOWN && u->heard_of)
		date_format(u->since, since);
	number(u->entries, entries);
	number(u->devices, devices);
	join(u->zero, zero);
	join(u->nothing, nothing);
	join(&u->contradicted, contradicted);
	*remark = '\0';
	if (u->contradicted.count > 0)
		snprintf(remark, sizeof(remark), _("declared zero, and entries count: %s"),
		         contradicted);
	if (u->conflict)
		snprintf(remark + strlen(remark), sizeof(remark) - strlen(remark), "%s%s",
		         *remark ? "; " : "", _("closed by two devices apart"));
	state_words(u, since, in->ask.at_word != NULL, words, sizeof(words));
	listing_row(&in->listing,
	            (const char *[]) { u->unit->code, u->unit->name,
	                               plan_unit_kind_word(u->unit->kind), u->unit->country,
	                               completeness_name(u->state), since, devices, entries, words,
	                               zero, nothing, contradicted, u->conflict ? "yes" : NULL,
	                               remark });
}

static bool
is_closed(completeness state)
{
	return state == QUARTER_CLOSED || state == QUARTER_CLOSED_ZERO;
}

static status
take_unit(void *ctx, const struct unit_quarter *u)
{
	struct input *in = ctx;

	add_unit(&in->all, u);
	if (in->by != BY_NOTHING)
		add_to_group(in, u);
	else if (!in->reminders || !is_closed(u->state))
		print_unit(in, u);
	return in->listing.st;
}

static void
print_group(struct input *in, const struct group_states *g)
{
	char numbers[COMPLETENESS_ + 1][NUMBER_BYTES];

	for (int s = 0; s < COMPLETENESS_; s++)
		number(g->of[s], numbers[s]);
	number(g->units, numbers[COMPLETENESS_]);
	listing_row(&in->listing,
	            (const char *[]) { g->code, g->name, numbers[0], numbers[1], numbers[2],
	                               numbers[3], numbers[4], numbers[5] });
}

static json_t *
totals_json(const struct group_states *g)
{
	json_t *totals = json_object();

	for (int s = 0; s < COMPLETENESS_; s++)
		json_object_set_new(totals, completeness_name((completeness) s),
		                    json_integer((json_int_t) g->of[s]));
	json_object_set_new(totals, "units", json_integer((json_int_t) g->units));
	return json_pack("{s:o}", "totals", totals);
}

static void
print_totals(const struct group_states *g)
{
	printf(ngettext("\n%llu unit: ", "\n%llu units: ", g->units),
	       (unsigned long long) g->units);
	for (int s = 0; s < COMPLETENESS_; s++)
		printf("%s%s %llu", s > 0 ? ", " : "", gettext(completeness_text((completeness) s)),
		       (unsigned long long) g->of[s]);
	putchar('\n');
}

static status
print_completeness(struct input *in)
{
	listing_form form = in->ask.json ? FORM_JSON : in->csv ? FORM_CSV : FORM_TABLE;
	const struct query q = asking_query(&in->ask);
	char quarter[QUARTER_TEXT_BYTES];
	bool grouped = in->by != BY_NOTHING;
	json_t *head = asking_head(&in->ask);
	status st, ended;

	quarter_format(in->quarter, quarter);
	json_object_set_new(head, "quarter", json_string(quarter));
	if (form == FORM_TABLE)
		printf(_("Quarter %s\n\n"), quarter);
	listing_begin(&in->listing, form, grouped ? group_columns : unit_columns,
	              grouped ? sizeof(group_columns) / sizeof(group_columns[0])
	                      : sizeof(unit_columns) / sizeof(unit_columns[0]),
	              grouped ? "groups" : "units", head);
	st = completeness_each(&q, in->quarter, bogota_date(clock_wall_ms()),
	                       in->ask.at_word != NULL, take_unit, in);
	qsort(in->groups, in->group_count, sizeof(*in->groups), compare_groups);
	for (size_t i = 0; i < in->group_count && st == ST_OK; i++)
		print_group(in, &in->groups[i]);
	/* closed also after a failure, or what was printed so far would be no JSON */
	ended = listing_end(&in->listing, totals_json(&in->all));
	if (form == FORM_TABLE && st == ST_OK && in->listing.count == 0)
		puts(_("All units have closed it."));
	if (form == FORM_TABLE && st == ST_OK)
		print_totals(&in->all);
	return st == ST_OK ? ended : st;
}

/* Room for a group for each unit. */
static status
run(struct input *in)
{
	size_t count;
	status st;

	plan_units(in->ask.plan, &count);
	in->groups = calloc(count + 1, sizeof(*in->groups));
	if (!in->groups)
		return ST_NOMEM;
	st = print_completeness(in);
	free(in->groups);
	return st;
}

int
completeness_command(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &asking_argp }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.args_doc = N_("QUARTER"),
		.doc = N_(
			"Tell of each unit whether the quarter is all there: closed by the unit, "
			"closed with zero declared, reporting, nothing reported, or unknown, since "
			"its devices were not heard of and may hold entries that no one here can "
			"know of.\n\nWhat devices held at a past moment is not known any more: with "
			"--at a unit of which entries had come is reporting, and one of which none "
			"had come is unknown."),
		.children = children,
	};
	struct input in = { .csv = false };
	status st;
	int code;

	cli_parse(&argp, argc, argv, &in);
	code = asking_open(&in.ask);
	if (code == EX_OK)
		code = asking_quarter(&in.ask, in.quarter_word, &in.quarter);
	if (code == EX_OK) {
		st = run(&in);
		code = st == ST_OK ? EX_OK : command_failed(in.ask.hub, st);
	}
	asking_done(&in.ask);
	return code;
}
