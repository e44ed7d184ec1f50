/* "groups": people of the differential actors, over all indicators.
 *
 * An activity stands in the cells of its indicator and of all initiatives it counts for, so
 * only indicators are added up: an activity has one at most. */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "common/listing.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/unit_list.h"

enum { NUMBER_BYTES = 24 };

struct input {
	struct asking ask;
	struct unit_list units;
	date from, to;
	bool csv;

	struct listing listing;
	int64_t total;
};

enum { KEY_CSV = 0x200, KEY_FROM, KEY_TO, KEY_UNIT };

static const struct argp_option options[] = {
	{ "unit", KEY_UNIT, N_("CODE,..."), 0, N_("only these units"), 0 },
	{ "from", KEY_FROM, N_("DATE"), 0, N_("from this day on"), 0 },
	{ "to", KEY_TO, N_("DATE"), 0, N_("up to this day, included"), 0 },
	{ "csv", KEY_CSV, NULL, 0, N_("print CSV"), 0 },
	{ 0 },
};

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct input *in = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &in->ask; return 0;
	case KEY_UNIT: unit_list_add(&in->units, arg, state); return 0;
	case KEY_FROM: asking_day(state, "from", arg, false, &in->from); return 0;
	case KEY_TO: asking_day(state, "to", arg, true, &in->to); return 0;
	case KEY_CSV: in->csv = true; return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	case ARGP_KEY_END:
		if (in->from > in->to)
			argp_error(state, _("--from lies after --to"));
		if (in->csv && in->ask.json)
			argp_error(state, _("one of --json and --csv at a time"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct listing_column columns[] = {
	{ "group", N_("GROUP"), .type = CELL_TEXT },
	{ "group_name", N_("NAME"), .type = CELL_TEXT, .cut = true },
	{ "indicator", N_("INDICATOR"), .type = CELL_TEXT },
	{ "indicator_name", NULL, .type = CELL_TEXT },
	{ "people", N_("PEOPLE"), .type = CELL_NUMBER },
};

static status
count(const struct input *in, const char *actor, const char *indicator, int64_t *ret_people)
{
	const struct query q = asking_query(&in->ask);
	const struct counts_question question = {
		.code = text_of(indicator),
		.units = in->units.list,
		.unit_count = in->units.count,
		.from = in->from,
		.to = in->to,
		.status = STATUS_DONE,
		.what = COUNT_GROUP,
		.name = text_of(actor),
	};
	struct groups rows = { 0 };
	status st = query_counts(&q, &question, &rows, ret_people);

	groups_done(&rows);
	return st;
}

/* Only what was counted: of 8 actors and 6 indicators most have nothing to do with each
 * other. */
static status
print_actor(struct input *in, const struct plan_item *actor)
{
	size_t indicator_count;
	const struct plan_indicator *indicators = plan_indicators(in->ask.plan, &indicator_count);

	for (size_t i = 0; i < indicator_count; i++) {
		char people[NUMBER_BYTES];
		int64_t n = 0;
		status st = count(in, actor->code, indicators[i].code, &n);

		if (st < 0)
			return st;
		if (n == 0)
			continue;
		in->total += n;
		snprintf(people, sizeof(people), "%" PRId64, n);
		listing_row(&in->listing,
		            (const char *[]) { actor->code, actor->name, indicators[i].code,
		                               indicators[i].name, people });
	}
	return in->listing.st;
}

static status
print_groups(struct input *in)
{
	listing_form form = in->ask.json ? FORM_JSON : in->csv ? FORM_CSV : FORM_TABLE;
	size_t actor_count;
	const struct plan_item *actors = plan_items(in->ask.plan, LIST_ACTORS, &actor_count);
	char cutoff[DATE_TEXT_BYTES];
	status st = ST_OK, ended;

	date_format(in->ask.cutoff, cutoff);
	listing_begin(&in->listing, form, columns, sizeof(columns) / sizeof(columns[0]), "groups",
	              asking_head_to_date(&in->ask));
	for (size_t i = 0; i < actor_count && st == ST_OK; i++)
		st = print_actor(in, &actors[i]);
	/* closed also after a failure, or what was printed so far would be no JSON */
	ended = listing_end(&in->listing, json_pack("{s:I}", "total", (json_int_t) in->total));
	if (form == FORM_TABLE && st == ST_OK && in->listing.count == 0)
		printf(_("No people of differential actors up to the cut-off, %s.\n"), cutoff);
	else if (form == FORM_TABLE && st == ST_OK)
		printf(_("\nTotal: %lld (up to the cut-off, %s)\n"), (long long) in->total, cutoff);
	return st == ST_OK ? ended : st;
}

int
groups_command(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &asking_argp }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.doc = N_("Count the people of differential actors over all indicators: those whom "
		          "the activities done name by --group."),
		.children = children,
	};
	struct input in = { .from = DATE_MIN, .to = DATE_MAX };
	status st;
	int code;

	cli_parse(&argp, argc, argv, &in);
	code = asking_open(&in.ask);
	if (code == EX_OK)
		code = unit_list_check(&in.units, in.ask.plan);
	if (code == EX_OK) {
		st = print_groups(&in);
		code = st == ST_OK ? EX_OK : command_failed(in.ask.hub, st);
	}
	asking_done(&in.ask);
	return code;
}
