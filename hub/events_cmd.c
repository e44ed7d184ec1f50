#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "common/listing.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/event_row.h"
#include "hub/journal.h"
#include "hub/ledger.h"
#include "hub/names.h"
#include "hub/unit_list.h"

enum { OUTCOME_BYTES = 128 };

struct input {
	struct asking ask;
	const char *code_word;
	struct text code; /* len 0: all */
	struct unit_list units;
	bool has_status;
	event_status status;
	bool csv;

	struct ledger ledger;
	struct listing listing;
};

/* ---- arguments ---- */

enum { KEY_CODE = 0x200, KEY_CSV, KEY_STATUS, KEY_UNIT };

static const struct argp_option options[] = {
	{ "unit", KEY_UNIT, N_("CODE,..."), 0, N_("only these units"), 0 },
	{ "code", KEY_CODE, N_("CODE"), 0,
	  N_("only what this indicator or initiative counts, or would count, or what tells "
	     "of this commitment, risk or project"),
	  0 },
	{ "status", KEY_STATUS, N_("STATUS"), 0,
	  N_("only what is done, planned, cancelled or moved"), 0 },
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
	case KEY_CODE: in->code_word = arg; return 0;
	case KEY_STATUS:
		in->status = command_status(state, arg);
		in->has_status = true;
		return 0;
	case KEY_CSV: in->csv = true; return 0;
	case ARGP_KEY_END:
		if (in->csv && in->ask.json)
			argp_error(state, _("one of --json and --csv at a time"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* ---- which events ---- */

static bool
is_linked(const plan *p, struct text indicator, struct text initiative)
{
	const struct plan_indicator *ind = plan_indicator(p, indicator.at, indicator.len);

	for (size_t i = 0; ind && i < ind->link_count; i++) {
		if (text_is(initiative, ind->links[i]))
			return true;
	}
	return false;
}

/* It names the code, or an indicator that the plan links to it.  The same rule as
 * counting, or the list under a number would not add up to it. */
static bool
names_code(const struct input *in, const struct event *e)
{
	if (text_equal(e->indicator, in->code) || text_equal(e->commitment, in->code) ||
	    text_equal(e->risk, in->code) || text_equal(e->project, in->code))
		return true;
	for (size_t i = 0; i < e->initiatives.count; i++) {
		if (text_equal(e->initiatives.list[i], in->code))
			return true;
	}
	return is_linked(in->ask.plan, e->indicator, in->code);
}

static bool
is_asked_for(const struct input *in, const struct event *e)
{
	if (!unit_list_has(&in->units, e->unit))
		return false;
	if (in->code.len > 0 && !names_code(in, e))
		return false;
	return !in->has_status || (e->kind == KIND_ACTIVITY && e->status == in->status);
}

/* What stands on another list than those that are counted is no wrong code here. */
static int
find_code(struct input *in)
{
	static const name_kind kinds[] = { NAME_COMMITMENT, NAME_RISK, NAME_PROJECT };

	in->code = text_of(in->code_word);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (name_of(in->ask.plan, kinds[i], in->code))
			return EX_OK;
	}
	return asking_code(&in->ask, in->code_word, &in->code);
}

/* ---- output ---- */

static const struct listing_column columns[] = {
	{ "ref", N_("REF"), .type = CELL_TEXT },
	{ "device", NULL, .type = CELL_TEXT },
	{ "date", N_("DATE"), .type = CELL_TEXT },
	{ "until", NULL, .type = CELL_TEXT },
	{ "unit", N_("UNIT"), .type = CELL_TEXT },
	{ "unit_name", N_("NAME"), .type = CELL_TEXT, .cut = true },
	{ "kind", NULL, .type = CELL_TEXT },
	{ "indicator", NULL, .type = CELL_TEXT },
	{ "initiatives", NULL, .type = CELL_LIST },
	{ "codes", N_("CODES"), .type = CELL_LIST, .cut = true },
	{ "quantity", NULL, .type = CELL_NUMBER },
	{ NULL, N_("QTY"), .type = CELL_NUMBER }, /* to the right */
	{ "says", NULL, .type = CELL_TEXT },
	{ "mode", N_("MODE"), .type = CELL_TEXT, .cut = true },
	{ "mode_name", NULL, .type = CELL_TEXT },
	{ "place", N_("PLACE"), .type = CELL_TEXT, .cut = true },
	{ "country", NULL, .type = CELL_TEXT },
	{ "status", NULL, .type = CELL_TEXT },
	{ "outcome", NULL, .type = CELL_TEXT },
	{ "reason", NULL, .type = CELL_TEXT },
	{ "dated_ahead", NULL, .type = CELL_BOOL },
	{ "restatement", NULL, .type = CELL_BOOL },
	{ "received", NULL, .type = CELL_TEXT },
	{ NULL, N_("OUTCOME"), .type = CELL_TEXT, .below = true },
};

/* What became of an event. */
struct told {
	outcome outcome;
	hold reason;
	bool ahead, restatement;
};

static void
outcome_words(const struct told *t, char *out, size_t size)
{
	const char *text = gettext(outcome_text(t->outcome));

	if (t->outcome == OUTCOME_HELD)
		snprintf(out, size, "%s (%s)", text, hold_name(t->reason));
	else if (t->ahead)
		snprintf(out, size, "%s", _("dated after the cut-off"));
	else if (t->restatement)
		snprintf(out, size, _("%s, late for a locked quarter"), text);
	else
		snprintf(out, size, "%s", text);
}

static void
print_event(struct input *in, const struct event_row *row, int64_t received_ms,
            const struct told *t)
{
	char received[UTC_TEXT_BYTES], words[OUTCOME_BYTES];

	utc_text(received_ms, received);
	outcome_words(t, words, sizeof(words));
	listing_row(&in->listing,
	            (const char *[]) { row->ref,
	                               row->device,
	                               row->date,
	                               row->until,
	                               row->unit,
	                               row->unit_name,
	                               row->kind,
	                               row->indicator,
	                               row->initiatives,
	                               row->codes,
	                               row->quantity,
	                               row->says,
	                               row->says,
	                               row->mode,
	                               row->mode_name,
	                               row->place,
	                               row->country,
	                               row->status,
	                               outcome_name(t->outcome),
	                               t->outcome == OUTCOME_HELD ? hold_name(t->reason) : NULL,
	                               t->ahead ? "yes" : NULL,
	                               t->restatement ? "yes" : NULL,
	                               received,
	                               words });
}

/* Plan events are the office's, not of the ledger: "plan show" has them.  What cannot be
 * decoded is listed with whatever could be read of it. */
static status
visit(void *ctx, const struct journal_event *j)
{
	struct input *in = ctx;
	struct event_row row;
	struct told told = { .reason = HOLD_NONE };
	struct event e;
	status st;

	event_decode(j->event.body, &e);
	if (!is_asked_for(in, &e))
		return ST_OK;
	st = ledger_outcome_of(&in->ledger, j->feed, &j->event.at, j->event.body, j->event.erased,
	                       &told.outcome, &told.reason);
	if (st < 0 || told.outcome == OUTCOME_OFFICE)
		return st;
	told.ahead = told.outcome == OUTCOME_COUNTED && event_day(&e) > in->ask.cutoff;
	st = ledger_restates(&in->ledger, j->feed, &j->event.at, &e, told.outcome,
	                     &told.restatement);
	if (st < 0)
		return st;
	st = event_row_fill(in->ask.txn, in->ask.plan, j->feed, &j->event.at, &e, &row);
	if (st == ST_OK)
		print_event(in, &row, j->received_ms, &told);
	return st == ST_OK ? in->listing.st : st;
}

/* All batches are read, in the order in which they came: there is no index by
 * event, and one would be larger than the journal. */
static status
print_events(struct input *in)
{
	listing_form form = in->ask.json ? FORM_JSON : in->csv ? FORM_CSV : FORM_TABLE;
	json_t *head = asking_head(&in->ask);
	status st, ended;

	json_object_set_new(head, "cutoff", json_date(in->ask.cutoff));
	listing_begin(&in->listing, form, columns, sizeof(columns) / sizeof(columns[0]), "events",
	              head);
	st = journal_each_event(in->ask.txn, visit, in);
	/* closed also after a failure, or what was printed so far would be no JSON */
	ended = listing_end(&in->listing, NULL);
	if (form == FORM_TABLE && in->listing.count == 0)
		puts(_("No entry like that has come in."));
	else if (form == FORM_TABLE)
		printf(ngettext("\n%zu entry\n", "\n%zu entries\n", in->listing.count),
		       in->listing.count);
	return st == ST_OK ? ended : st;
}

int
events_command(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &asking_argp }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.doc = N_("List the entries that came in, and what became of each."),
		.children = children,
	};
	struct input in = { .has_status = false };
	status st;
	int code;

	cli_parse(&argp, argc, argv, &in);
	code = asking_open(&in.ask);
	if (code == EX_OK)
		code = unit_list_check(&in.units, in.ask.plan);
	if (code == EX_OK && in.code_word)
		code = find_code(&in);
	if (code == EX_OK) {
		in.ledger = asking_ledger(&in.ask);
		st = print_events(&in);
		code = st == ST_OK ? EX_OK : command_failed(in.ask.hub, st);
	}
	asking_done(&in.ask);
	return code;
}
