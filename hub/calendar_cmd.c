#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "common/listing.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/event_pile.h"
#include "hub/event_row.h"
#include "hub/period.h"
#include "hub/unit_list.h"

enum { NUMBER_BYTES = 24 };

struct input {
	struct asking ask;
	struct unit_list units;
	bool has_from, has_to, csv;
	struct plan_period days;

	struct ledger ledger;
	struct event_pile pile;
	struct listing listing;
	size_t seen[EVENT_STATUSES_], late; /* late: planned, and its last day is past */
};

/* ---- arguments ---- */

enum { KEY_CSV = 0x200, KEY_FROM, KEY_TO, KEY_UNIT };

static const struct argp_option options[] = {
	{ "unit", KEY_UNIT, N_("CODE,..."), 0, N_("only these units"), 0 },
	{ "from", KEY_FROM, N_("DATE"), 0,
	  N_("from this day on (default: the first day of the quarter of the cut-off)"), 0 },
	{ "to", KEY_TO, N_("DATE"), 0,
	  N_("up to this day, included (default: the last day of that quarter)"), 0 },
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
	case KEY_FROM:
		asking_day(state, "from", arg, false, &in->days.from);
		in->has_from = true;
		return 0;
	case KEY_TO:
		asking_day(state, "to", arg, true, &in->days.to);
		in->has_to = true;
		return 0;
	case KEY_CSV: in->csv = true; return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	case ARGP_KEY_END:
		if (in->has_from && in->has_to && in->days.from > in->days.to)
			argp_error(state, _("--from lies after --to"));
		if (in->csv && in->ask.json)
			argp_error(state, _("one of --json and --csv at a time"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* One of the two alone leaves the other end open. */
static void
complete_days(struct input *in)
{
	char quarter[PERIOD_TEXT_BYTES];

	if (!in->has_from && !in->has_to) {
		period_name(PERIOD_QUARTER, in->ask.cutoff, quarter);
		period_parse(quarter, &in->days);
	} else if (!in->has_from) {
		in->days.from = DATE_MIN;
	} else if (!in->has_to) {
		in->days.to = DATE_MAX;
	}
}

/* ---- which activities ---- */

static bool
stands(outcome o)
{
	return o == OUTCOME_COUNTED || o == OUTCOME_PLANNED || o == OUTCOME_CANCELLED ||
		o == OUTCOME_MOVED;
}

/* The date is looked at first: whether a version stands is dearer to know. */
static status
visit(void *ctx, const struct journal_event *j)
{
	struct input *in = ctx;
	struct event e;
	hold reason;
	outcome o;
	status st;

	if (event_decode(j->event.body, &e) != HOLD_NONE || e.kind != KIND_ACTIVITY ||
	    event_day(&e) < in->days.from || event_day(&e) > in->days.to ||
	    !unit_list_has(&in->units, e.unit))
		return ST_OK;
	st = ledger_outcome_of(&in->ledger, j->feed, &j->event.at, j->event.body, j->event.erased,
	                       &o, &reason);
	return st == ST_OK && stands(o) ? event_pile_add(&in->pile, j, &e, o, NULL) : st;
}

/* ---- output ---- */

static const struct listing_column columns[] = {
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
	{ "status", NULL, .type = CELL_TEXT },
	{ NULL, N_("STATUS"), .type = CELL_TEXT },
	{ "late", NULL, .type = CELL_BOOL },
	{ "ref", N_("REF"), .type = CELL_TEXT },
	{ "device", NULL, .type = CELL_TEXT },
};

static status
print_entry(struct input *in, size_t i)
{
	const struct piled *p = &in->pile.list[i];
	struct event_row row;
	struct event e;
	status st;
	bool late;

	event_decode(event_pile_body(&in->pile, i), &e);
	st = event_row_fill(in->ask.txn, in->ask.plan, p->feed, &p->at, &e, &row);
	if (st < 0)
		return st;
	late = e.status == STATUS_PLANNED &&
		(e.has & EVENT_BIT(EVENT_UNTIL) ? e.until : e.date) < in->ask.cutoff;
	in->seen[e.status]++;
	in->late += late;
	listing_row(&in->listing,
	            (const char *[]) { row.date, row.until, row.unit, row.unit_name, row.indicator,
	                               row.initiatives, row.codes, row.quantity, row.mode,
	                               row.place, row.status,
	                               late ? _("planned, past") : activity_status_text(e.status),
	                               late ? "yes" : NULL, row.ref, row.device });
	return in->listing.st;
}

static void
print_summary(const struct input *in, const char *from, const char *to)
{
	if (in->listing.count == 0) {
		printf(_("Nothing is dated from %s to %s.\n"), from, to);
		return;
	}
	printf(_("\nFrom %s to %s: done %zu, planned %zu (of them past: %zu), moved %zu, "
	         "cancelled %zu\n"),
	       from, to, in->seen[STATUS_DONE], in->seen[STATUS_PLANNED], in->late,
	       in->seen[STATUS_MOVED], in->seen[STATUS_CANCELLED]);
}

/* ---- what the plan programs in these days ---- */

static const struct listing_column programmed_columns[] = {
	{ "quarter", N_("QUARTER"), .type = CELL_TEXT },
	{ "unit", N_("UNIT"), .type = CELL_TEXT },
	{ "indicator", N_("CODE"), .type = CELL_TEXT },
	{ "programmed", N_("PROGRAMMED"), .type = CELL_NUMBER },
};

/* A target as cells of the columns above: to the array of a JSON answer, or to l. */
static void
put_programmed(json_t *array, struct listing *l, const char *const cells[static 4])
{
	if (!array) {
		listing_row(l, cells);
		return;
	}
	json_array_append_new(array,
	                      json_pack("{s:s, s:s, s:s, s:I}", "quarter", cells[0], "unit",
	                                cells[1], "indicator", cells[2], "programmed",
	                                (json_int_t) strtoll(cells[3], NULL, 10)));
}

static void
put_unit_targets(const struct input *in, const struct plan_indicator *indicator,
                 const struct plan_unit_targets *u, json_t *array, struct listing *l)
{
	char quarter[QUARTER_TEXT_BYTES], value[NUMBER_BYTES];

	for (size_t i = 0; i < u->target_count; i++) {
		const struct plan_programmed *t = &u->targets[i];
		uint64_t q = (uint64_t) t->year * 4 + (uint64_t) t->quarter - 1;

		if (t->quarter == 0 || quarter_last(q) < in->days.from ||
		    quarter_first(q) > in->days.to)
			continue;
		quarter_format(q, quarter);
		snprintf(value, sizeof(value), "%lld", (long long) t->value);
		put_programmed(array, l,
		               (const char *[]) { quarter, u->unit, indicator->code, value });
	}
}

/* The targets of units for the quarters that share a day with those asked for; what is
 * fed by something else than activities is not planned by date. */
static void
put_all_programmed(const struct input *in, json_t *array, struct listing *l)
{
	size_t count;
	const struct plan_indicator *indicators = plan_indicators(in->ask.plan, &count);

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < indicators[i].unit_target_count; k++) {
			const struct plan_unit_targets *u = &indicators[i].unit_targets[k];

			if (indicators[i].by == FEEDER_ACTIVITY &&
			    unit_list_has(&in->units, text_of(u->unit)))
				put_unit_targets(in, &indicators[i], u, array, l);
		}
	}
}

static json_t *
programmed_json(const struct input *in)
{
	json_t *array = json_array();

	put_all_programmed(in, array, NULL);
	return json_pack("{s:o}", "programmed", array);
}

static status
print_programmed(const struct input *in)
{
	struct listing l;

	listing_begin(&l, FORM_TABLE, programmed_columns,
	              sizeof(programmed_columns) / sizeof(programmed_columns[0]), NULL, NULL);
	put_all_programmed(in, NULL, &l);
	if (l.count > 0)
		putchar('\n');
	return listing_end(&l, NULL);
}

static status
print_all(struct input *in)
{
	listing_form form = in->ask.json ? FORM_JSON : in->csv ? FORM_CSV : FORM_TABLE;
	char from[DATE_TEXT_BYTES], to[DATE_TEXT_BYTES];
	json_t *head;
	status st, ended;

	date_format(in->days.from, from);
	date_format(in->days.to, to);
	head = json_pack("{s:s, s:s, s:o}", "from", from, "to", to, "cutoff",
	                 json_date(in->ask.cutoff));
	asking_tell_at(in->ask.hub, in->ask.txn, head);
	listing_begin(&in->listing, form, columns, sizeof(columns) / sizeof(columns[0]),
	              "activities", head);
	st = journal_each_event(in->ask.txn, visit, in);
	event_pile_sort(&in->pile);
	for (size_t i = 0; i < in->pile.count && st == ST_OK; i++)
		st = print_entry(in, i);
	/* closed also after a failure, or what was printed so far would be no JSON */
	ended = listing_end(&in->listing, form == FORM_JSON ? programmed_json(in) : NULL);
	if (form == FORM_TABLE && st == ST_OK) {
		print_summary(in, from, to);
		st = print_programmed(in);
	}
	return st == ST_OK ? ended : st;
}

int
calendar_command(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &asking_argp }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.doc = N_(
			"List the activities of a time by date: what is planned, and what came of "
			"it. Planned ones whose last day lies before the cut-off are past: they "
			"were done, moved or cancelled, and nobody has said so. Behind them stands "
			"what the plan programs for units in the quarters of that time."),
		.children = children,
	};
	struct input in = { .csv = false };
	status st;
	int code;

	cli_parse(&argp, argc, argv, &in);
	code = asking_open(&in.ask);
	if (code == EX_OK)
		code = unit_list_check(&in.units, in.ask.plan);
	if (code == EX_OK) {
		complete_days(&in);
		in.ledger = asking_ledger(&in.ask);
		event_pile_init(&in.pile);
		st = print_all(&in);
		event_pile_done(&in.pile);
		code = st == ST_OK ? EX_OK : command_failed(in.ask.hub, st);
	}
	asking_done(&in.ask);
	return code;
}
