#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "common/listing.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/names.h"
#include "hub/period.h"
#include "hub/unit_list.h"

enum { NUMBER_BYTES = 24 };

struct input {
	struct asking ask;
	const char *code, *name;         /* of a secondary count or an actor, or NULL */
	struct counts_question question; /* its code and units once the plan is there */
	struct unit_list units;
	bool csv;
};

/* ---- arguments ---- */

enum { KEY_BY = 0x200, KEY_COUNT, KEY_CSV, KEY_FROM, KEY_GROUP, KEY_STATUS, KEY_TO, KEY_UNIT };

static const struct argp_option options[] = {
	{ "by", KEY_BY, N_("KEY,..."), 0,
	  N_("a row for each unit, country, year, quarter, month, mode, or several of these"), 0 },
	{ "unit", KEY_UNIT, N_("CODE,..."), 0, N_("only these units"), 0 },
	{ "from", KEY_FROM, N_("DATE"), 0, N_("from this day on (also 2025-11, 2025-Q4, 2025)"),
	  0 },
	{ "to", KEY_TO, N_("DATE"), 0, N_("up to this day, included"), 0 },
	{ "count", KEY_COUNT, N_("NAME"), 0,
	  N_("add up this secondary count (as attended) instead of quantities"), 0 },
	{ "group", KEY_GROUP, N_("CODE"), 0, N_("add up the count of this differential actor"), 0 },
	{ "status", KEY_STATUS, N_("STATUS"), 0,
	  N_("done (the default), planned, cancelled or moved"), 0 },
	{ "csv", KEY_CSV, NULL, 0, N_("print CSV"), 0 },
	{ 0 },
};

/* The order given is the order of the columns and of the rows.  The list has room: who
 * names a key twice does not get past argp_error(), which exits.  A word that is too long
 * is cut, and is then no key either. */
static void
take_by(struct input *in, const char *arg, struct argp_state *state)
{
	const char *names[COUNT_KEYS_];
	char word[NUMBER_BYTES];

	for (int key = 0; key < COUNT_KEYS_; key++)
		names[key] = count_key_name((count_key) key);
	for (bool more = true; more; arg += strcspn(arg, ",") + 1) {
		size_t len = strcspn(arg, ",");
		int key = 0;

		more = arg[len] == ',';
		snprintf(word, sizeof(word), "%.*s", (int) len, arg);
		while (key < COUNT_KEYS_ && strcmp(word, names[key]) != 0)
			key++;
		if (key == COUNT_KEYS_) {
			command_wrong_word(state, "by", word, names, COUNT_KEYS_);
			return;
		}
		for (size_t i = 0; i < in->question.by_count; i++) {
			if (in->question.by[i] == (count_key) key)
				argp_error(state, _("--by: %s stands there twice"), names[key]);
		}
		in->question.by[in->question.by_count++] = (count_key) key;
	}
}

static void
take_name(struct input *in, count_what what, char *arg, struct argp_state *state)
{
	if (in->question.what != COUNT_QUANTITY)
		argp_error(state, _("one of --count and --group at a time"));
	in->question.what = what;
	in->question.name = text_of(arg);
}

static void
check_whole(struct input *in, struct argp_state *state)
{
	if (!in->code)
		argp_error(state, _("name the indicator or the initiative to count"));
	if (in->question.from > in->question.to)
		argp_error(state, _("--from lies after --to"));
	if (in->csv && in->ask.json)
		argp_error(state, _("one of --json and --csv at a time"));
}

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct input *in = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &in->ask; return 0;
	case KEY_BY: take_by(in, arg, state); return 0;
	case KEY_UNIT: unit_list_add(&in->units, arg, state); return 0;
	case KEY_FROM: asking_day(state, "from", arg, false, &in->question.from); return 0;
	case KEY_TO: asking_day(state, "to", arg, true, &in->question.to); return 0;
	case KEY_COUNT: take_name(in, COUNT_NAMED, arg, state); return 0;
	case KEY_GROUP: take_name(in, COUNT_GROUP, arg, state); return 0;
	case KEY_STATUS: in->question.status = command_status(state, arg); return 0;
	case KEY_CSV: in->csv = true; return 0;
	case ARGP_KEY_ARG:
		if (in->code)
			argp_error(state, _("one code at a time"));
		in->code = arg;
		return 0;
	case ARGP_KEY_END: check_whole(in, state); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* ---- codes, once the plan is there ---- */

static int
unknown_name(const struct input *in, name_kind kind)
{
	const char *nearest = name_nearest(in->ask.plan, kind, in->question.name);
	const char *what = kind == NAME_COUNT ? "--count" : "--group";
	char shown[128];

	cli_safe(in->question.name.at, in->question.name.len, shown, sizeof(shown));
	if (nearest)
		return cli_fail(EX_DATAERR, _("%s: the plan has no '%s'; did you mean '%s'?"), what,
		                shown, nearest);
	return cli_fail(EX_DATAERR,
	                _("%s: the plan has no '%s'; 'valija-hub plan show' lists what it "
	                  "has"),
	                what, shown);
}

/* Codes that the plan does not have would be answered by 0, which reads like a
 * fact. */
static int
check_codes(struct input *in)
{
	name_kind kind = in->question.what == COUNT_GROUP ? NAME_GROUP : NAME_COUNT;
	int code = asking_code(&in->ask, in->code, &in->question.code);

	if (code == EX_OK)
		code = unit_list_check(&in->units, in->ask.plan);
	if (code != EX_OK)
		return code;
	in->question.units = in->units.list;
	in->question.unit_count = in->units.count;
	if (in->question.what != COUNT_QUANTITY) {
		in->name = name_of(in->ask.plan, kind, in->question.name);
		if (!in->name)
			return unknown_name(in, kind);
	}
	return EX_OK;
}

/* ---- output ---- */

/* The columns of each key, in the order of count_key: its own, and the one of
 * the name that goes with it. */
static const struct listing_column key_columns[COUNT_KEYS_][2] = {
	[BY_UNIT] = { { "unit", N_("UNIT"), .type = CELL_TEXT },
	              { "unit_name", N_("NAME"), .type = CELL_TEXT, .cut = true } },
	[BY_COUNTRY] = { { "country", N_("COUNTRY"), .type = CELL_TEXT },
	                 { "country_name", N_("NAME"), .type = CELL_TEXT, .cut = true } },
	[BY_YEAR] = { { "year", N_("YEAR"), .type = CELL_NUMBER } },
	[BY_QUARTER] = { { "quarter", N_("QUARTER"), .type = CELL_TEXT } },
	[BY_MONTH] = { { "month", N_("MONTH"), .type = CELL_TEXT } },
	[BY_MODE] = { { "mode", N_("MODE"), .type = CELL_TEXT },
	              { "mode_name", N_("NAME"), .type = CELL_TEXT, .cut = true } },
};

static const struct listing_column value_column = { "value", N_("VALUE"), .type = CELL_NUMBER };
static const struct listing_column programmed_column = {
	"programmed",
	N_("PROGRAMMED"),
	.type = CELL_NUMBER,
};

/* Two columns for each key at most and two more, which is below LISTING_COLUMNS_MAX. */
static size_t
columns_of(const struct counts_question *question, bool programmed,
           struct listing_column columns[static LISTING_COLUMNS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < question->by_count; i++) {
		for (size_t half = 0; half < 2; half++) {
			if (key_columns[question->by[i]][half].key)
				columns[count++] = key_columns[question->by[i]][half];
		}
	}
	columns[count++] = value_column;
	if (programmed)
		columns[count++] = programmed_column;
	return count;
}

static const char *
key_name(const plan *p, count_key key, const char *code)
{
	switch (key) {
	case BY_UNIT: return name_of(p, NAME_UNIT, text_of(code));
	case BY_COUNTRY: return name_of_country(p, text_of(code));
	case BY_MODE: return name_of(p, NAME_MODE, text_of(code));
	case BY_YEAR:
	case BY_QUARTER:
	case BY_MONTH:
	case COUNT_KEYS_: break;
	}
	return NULL;
}

static bool
is_fed_by(const struct input *in, plan_feeder by)
{
	const struct plan_indicator *indicator = plan_indicator(in->ask.plan, in->question.code.at,
	                                                        in->question.code.len);

	return indicator && indicator->by == by;
}

static void
print_row(struct listing *l, const struct input *in, const struct group *row)
{
	const char *cells[LISTING_COLUMNS_MAX] = { NULL };
	char value[NUMBER_BYTES], programmed[NUMBER_BYTES];
	size_t count = 0;
	int64_t target;

	for (size_t i = 0; i < in->question.by_count; i++) {
		count_key key = in->question.by[i];

		cells[count++] = group_text(row, i);
		if (key_columns[key][1].key)
			cells[count++] = key_name(in->ask.plan, key, group_text(row, i));
	}
	snprintf(value, sizeof(value), "%lld", (long long) row->total);
	cells[count++] = row->any ? value : NULL; /* programmed, and nothing came: that is no 0 */
	if (query_programmed(in->ask.plan, &in->question, row, &target)) {
		snprintf(programmed, sizeof(programmed), "%lld", (long long) target);
		cells[count++] = programmed;
	}
	listing_row(l, cells);
}

/* A number that is passed on without its cut-off and status cannot be checked. */
static json_t *
head_json(const struct input *in)
{
	/* clang-format off */
	json_t *head = json_pack("{s:s, s:s, s:o, s:s}", "code", in->code, "name",
	                         name_of_line(in->ask.plan, in->question.code), "cutoff",
	                         json_date(in->ask.cutoff), "status",
	                         event_status_name(in->question.status));
	/* clang-format on */

	asking_tell_at(in->ask.hub, in->ask.txn, head);
	if (in->name)
		json_object_set_new(head, in->question.what == COUNT_GROUP ? "group" : "count",
		                    json_string(in->question.name.at));
	return head;
}

static void
print_title(const struct input *in)
{
	printf("%s  %s\n", in->code, name_of_line(in->ask.plan, in->question.code));
	if (in->name)
		printf("%s  %s\n", in->question.name.at, in->name);
}

static const char *
counted_words(const struct input *in)
{
	if (is_fed_by(in, FEEDER_THING))
		return _("things that came in, less those that went out");
	switch (in->question.status) {
	case STATUS_DONE: return _("activities done");
	case STATUS_PLANNED: return _("activities planned");
	case STATUS_CANCELLED: return _("activities cancelled");
	case STATUS_MOVED: return _("activities moved to another date");
	case EVENT_STATUSES_: break;
	}
	return "";
}

/* "No activities" in words: a lone 0 leaves open whether the question was the
 * right one. */
static void
print_total(const struct input *in, int64_t total)
{
	char cutoff[DATE_TEXT_BYTES];

	date_format(in->ask.cutoff, cutoff);
	if (is_fed_by(in, FEEDER_LEVEL) && total > 0)
		printf(_("Total: %lld (as last told up to the cut-off, %s)\n"), (long long) total,
		       cutoff);
	else if (total == 0)
		printf(_("No %s up to the cut-off, %s.\n"), counted_words(in), cutoff);
	else
		printf(_("Total: %lld (%s, up to the cut-off, %s)\n"), (long long) total,
		       counted_words(in), cutoff);
}

/* For programs a question has the same columns under every plan; to people an empty one
 * says nothing. */
static bool
shows_programmed(const struct input *in, const struct groups *rows, listing_form form)
{
	int64_t target;

	if (form != FORM_TABLE)
		return query_programs(in->ask.plan, &in->question);
	for (size_t i = 0; i < rows->count; i++) {
		if (query_programmed(in->ask.plan, &in->question, &rows->list[i], &target))
			return true;
	}
	return false;
}

static status
print_counts(const struct input *in, const struct groups *rows, int64_t total)
{
	static const struct group nothing = { .any = true };
	struct listing_column columns[LISTING_COLUMNS_MAX];
	listing_form form = in->ask.json ? FORM_JSON : in->csv ? FORM_CSV : FORM_TABLE;
	size_t count = columns_of(&in->question, shows_programmed(in, rows, form), columns);
	bool single = in->question.by_count == 0;
	struct listing l;
	status st;

	if (form == FORM_TABLE)
		print_title(in);
	if (form == FORM_TABLE && single) { /* the total says it all */
		print_total(in, total);
		return ST_OK;
	}
	listing_begin(&l, form, columns, count, "rows", head_json(in));
	for (size_t i = 0; i < rows->count; i++)
		print_row(&l, in, &rows->list[i]);
	/* to a program a question without keys has one answer, be it 0 */
	if (single && rows->count == 0)
		print_row(&l, in, &nothing);
	st = listing_end(&l, json_pack("{s:I}", "total", (json_int_t) total));
	if (form == FORM_TABLE)
		print_total(in, total);
	return st;
}

int
counts_command(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &asking_argp }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.args_doc = N_("CODE"),
		.doc = N_(
			"Count what was done for an indicator or an initiative. By year or quarter, "
			"and by unit with one of them, what the plan programs for an indicator "
			"stands beside it."),
		.children = children,
	};
	struct input in = { .question = { .from = DATE_MIN, .to = DATE_MAX, .programmed = true } };
	struct groups rows = { 0 };
	int64_t total;
	status st;
	int code;

	cli_parse(&argp, argc, argv, &in);
	code = asking_open(&in.ask);
	/* what is planned lies ahead */
	if (code == EX_OK && in.question.status == STATUS_PLANNED && !in.ask.has_cutoff)
		in.ask.cutoff = plan_period(in.ask.plan).to;
	if (code == EX_OK)
		code = check_codes(&in);
	if (code == EX_OK) {
		struct query q = asking_query(&in.ask);

		st = query_counts(&q, &in.question, &rows, &total);
		if (st == ST_OK)
			st = print_counts(&in, &rows, total);
		code = st == ST_OK ? EX_OK : command_failed(in.ask.hub, st);
	}
	groups_done(&rows);
	asking_done(&in.ask);
	return code;
}
