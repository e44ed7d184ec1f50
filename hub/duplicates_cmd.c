#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "common/listing.h"
#include "hub/alike.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/event_row.h"
#include "hub/period.h"
#include "hub/unit_list.h"

enum { NUMBER_BYTES = 24 };

struct input {
	struct asking ask;
	struct unit_list units;
	struct plan_period period;
	bool csv;

	struct listing listing;
	size_t group;  /* as alike_each() has it, of the last row */
	size_t groups; /* printed */
};

/* ---- arguments ---- */

enum { KEY_CSV = 0x200, KEY_PERIOD, KEY_UNIT };

static const struct argp_option options[] = {
	{ "unit", KEY_UNIT, N_("CODE,..."), 0, N_("only these units"), 0 },
	{ "period", KEY_PERIOD, N_("PERIOD"), 0,
	  N_("only what is dated in that day, month, quarter or year: 2025-Q2"), 0 },
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
	case KEY_PERIOD:
		if (period_parse(arg, &in->period) != ST_OK)
			asking_wrong_period(state, "period", arg);
		return 0;
	case KEY_CSV: in->csv = true; return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	case ARGP_KEY_END:
		if (in->csv && in->ask.json)
			argp_error(state, _("one of --json and --csv at a time"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* ---- output ---- */

static const struct listing_column columns[] = {
	{ "group", N_("GROUP"), .type = CELL_NUMBER },
	{ "ref", N_("REF"), .type = CELL_TEXT },
	{ "device", NULL, .type = CELL_TEXT },
	{ "date", N_("DATE"), .type = CELL_TEXT },
	{ "until", NULL, .type = CELL_TEXT },
	{ "unit", N_("UNIT"), .type = CELL_TEXT },
	{ "unit_name", NULL, .type = CELL_TEXT },
	{ "indicator", NULL, .type = CELL_TEXT },
	{ "initiatives", NULL, .type = CELL_LIST },
	{ NULL, N_("CODES"), .type = CELL_TEXT },
	{ "quantity", N_("QTY"), .type = CELL_NUMBER },
	{ "mode", N_("MODE"), .type = CELL_TEXT },
	{ "place", N_("PLACE"), .type = CELL_TEXT, .below = true },
	{ "by", N_("BY"), .type = CELL_TEXT, .below = true },
	{ "received", NULL, .type = CELL_TEXT },
};

static status
print_entry(void *ctx, size_t group_number, const struct piled *a, struct bytes body)
{
	struct input *in = ctx;
	char group[NUMBER_BYTES], received[UTC_TEXT_BYTES], by[NAME_BYTES_MAX + 1];
	struct event_row row;
	struct event e;
	status st;

	event_decode(body, &e);
	if (!unit_list_has(&in->units, e.unit))
		return ST_OK;
	st = event_row_fill(in->ask.txn, in->ask.plan, a->feed, &a->at, &e, &row);
	if (st < 0)
		return st;
	in->groups += group_number != in->group;
	in->group = group_number;
	snprintf(group, sizeof(group), "%zu", in->groups);
	snprintf(by, sizeof(by), "%.*s", (int) e.by.len, e.by.len > 0 ? e.by.at : "");
	utc_text(a->received_ms, received);
	listing_row(&in->listing,
	            (const char *[]) { group, row.ref, row.device, row.date, row.until, row.unit,
	                               row.unit_name, row.indicator, row.initiatives, row.codes,
	                               row.quantity, row.mode, row.place, by, received });
	return in->listing.st;
}

static void
print_summary(const struct input *in)
{
	if (in->groups == 0) {
		puts(_("No two entries that count look alike."));
		return;
	}
	printf(ngettext("\n%zu group of entries that look alike. ",
	                "\n%zu groups of entries that look alike. ", in->groups),
	       in->groups);
	puts(_("Each entry counts. What was recorded twice, its device\n"
	       "takes out: valija void REF --why TEXT"));
}

static status
print_all(struct input *in)
{
	struct ledger l = asking_ledger(&in->ask);
	listing_form form = in->ask.json ? FORM_JSON : in->csv ? FORM_CSV : FORM_TABLE;
	status st, ended;

	listing_begin(&in->listing, form, columns, sizeof(columns) / sizeof(columns[0]), "entries",
	              asking_head(&in->ask));
	st = alike_each(&l, &in->period, print_entry, in);
	/* closed also after a failure, or what was printed so far would be no JSON */
	ended = listing_end(&in->listing, NULL);
	if (form == FORM_TABLE && st == ST_OK)
		print_summary(in);
	return st == ST_OK ? ended : st;
}

int
duplicates_command(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &asking_argp }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.doc = N_("List entries that count and look alike: the same unit, indicator, "
		          "initiatives, date, mode and place. Each of them counts; whether one "
		          "thing was recorded twice, a person has to say."),
		.children = children,
	};
	struct input in = { .period = { .from = DATE_MIN, .to = DATE_MAX } };
	status st;
	int code;

	cli_parse(&argp, argc, argv, &in);
	code = asking_open(&in.ask);
	if (code == EX_OK)
		code = unit_list_check(&in.units, in.ask.plan);
	if (code == EX_OK) {
		in.period.to = in.period.to < in.ask.cutoff ? in.period.to : in.ask.cutoff;
		st = print_all(&in);
		code = st == ST_OK ? EX_OK : command_failed(in.ask.hub, st);
	}
	asking_done(&in.ask);
	return code;
}
