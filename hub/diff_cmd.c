/* "diff": what changed since a cut, and which entries did it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "common/json_out.h"
#include "common/listing.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/diff.h"
#include "hub/diff_codes.h"
#include "hub/diff_reports.h"
#include "hub/event_row.h"
#include "hub/journal.h"

enum { NUMBER_BYTES = 24, TEXT_BYTES = 512, WHY_BYTES = NOTE_BYTES_MAX + 1 };

/* ---- arguments ---- */

struct input {
	const char *home, *words[2]; /* the second NULL: now */
	size_t word_count;
	bool json, has_cutoff;
	date cutoff;
};

enum { KEY_HOME = 0x200, KEY_CUTOFF, KEY_JSON };

static const struct argp_option options[] = {
	{ "cutoff", KEY_CUTOFF, N_("DATE"), 0,
	  N_("the last day that counts at both moments (default: of each cut its own; of now that "
	     "of the cut it is compared with)"),
	  0 },
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), 0 },
	{ "json", KEY_JSON, NULL, 0, N_("print JSON"), 0 },
	{ 0 },
};

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct input *in = state->input;

	switch (key) {
	case KEY_HOME: in->home = arg; return 0;
	case KEY_JSON: in->json = true; return 0;
	case KEY_CUTOFF:
		asking_day(state, "cutoff", arg, true, &in->cutoff);
		in->has_cutoff = true;
		return 0;
	case ARGP_KEY_ARG:
		if (in->word_count == 2)
			argp_error(state, _("two moments at a time"));
		else
			in->words[in->word_count++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (in->word_count == 0)
			argp_error(state, _("name a cut; 'valija-hub cuts' lists them"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* ---- the two moments ---- */

struct moment {
	hub *past; /* NULL: of now */
	kv_txn *past_txn;
	hub *hub;
	kv_txn *txn;
	struct diff_side side;
};

/* Without a word it is now. */
static int
open_moment(hub *h, kv_txn *txn, const char *word, date cutoff, struct moment *m)
{
	status st;
	int code = EX_OK;

	m->side.cutoff = cutoff;
	if (word && strcmp(word, "now") != 0)
		code = asking_moment(h, txn, word, &m->past, &m->past_txn, &m->side.cutoff);
	if (code != EX_OK)
		return code;
	m->hub = m->past ? m->past : h;
	m->txn = m->past ? m->past_txn : txn;
	m->side.ledger.txn = m->txn;
	m->side.ledger.chains = hub_chains(m->hub);
	st = hub_plan(m->hub, m->txn, &m->side.ledger.plan);
	if (st == ST_OK)
		st = hub_locks(m->hub, m->txn, &m->side.ledger.locks);
	if (st == ST_NOT_FOUND)
		return cli_fail(EX_DATAERR, _("--at: there was no plan at that moment"));
	return st == ST_OK ? EX_OK : command_failed(h, st);
}

static void
close_moment(struct moment *m)
{
	kv_abort(&m->past_txn);
	hub_close(&m->past);
}

/* ---- changes ---- */

static const struct listing_column columns[] = {
	{ "code", N_("CODE"), .type = CELL_TEXT },
	{ "date", N_("DATE"), .type = CELL_TEXT },
	{ "unit", N_("UNIT"), .type = CELL_TEXT },
	{ "then", N_("THEN"), .type = CELL_NUMBER },
	{ "now", N_("NOW"), .type = CELL_NUMBER },
	{ "difference", N_("CHANGE"), .type = CELL_NUMBER },
	{ "reason", NULL, .type = CELL_TEXT },
	{ NULL, N_("BECAUSE"), .type = CELL_TEXT },
	{ "held", NULL, .type = CELL_TEXT },
	{ "restatement", NULL, .type = CELL_BOOL },
	{ "ref", N_("REF"), .type = CELL_TEXT },
	{ "then_ref", NULL, .type = CELL_TEXT },
	{ "now_ref", NULL, .type = CELL_TEXT },
	{ "why", N_("WHY"), .type = CELL_TEXT, .below = true },
};

/* Of an event that only the first moment has, the lanes of that one say whether its number
 * is enough. */
static status
ref_of(const struct moment *then, const struct moment *now, const struct diff_version *v,
       char out[static REF_TEXT_BYTES])
{
	status st = v->there ? journal_known(now->txn, v->feed, &v->at) : ST_OK;

	out[0] = '\0';
	if (!v->there)
		return ST_OK;
	return event_ref(st == ST_OK ? now->txn : then->txn, v->feed, &v->at, out);
}

static void
reason_words(const struct diff_line *l, char *out, size_t size)
{
	const char *text = gettext(diff_reason_text(l->reason));

	if (l->held != HOLD_NONE)
		snprintf(out, size, l->now.there ? _("%s (held then: %s)") : _("%s (held now: %s)"),
		         text, hold_name(l->held));
	else if (l->restatement && l->reason != DIFF_LATE)
		snprintf(out, size, _("%s, late for a locked quarter"), text);
	else
		snprintf(out, size, "%s", text);
}

static status
print_line(struct listing *list, const struct moment *then, const struct moment *now,
           const struct diff *d, const struct diff_line *l)
{
	char day[DATE_TEXT_BYTES], was[NUMBER_BYTES], is[NUMBER_BYTES], change[NUMBER_BYTES];
	char by[REF_TEXT_BYTES], then_ref[REF_TEXT_BYTES], now_ref[REF_TEXT_BYTES];
	char words[TEXT_BYTES], why[WHY_BYTES] = "";
	status st = ref_of(then, now, &l->by, by);

	if (st == ST_OK)
		st = ref_of(then, now, &l->then, then_ref);
	if (st == ST_OK)
		st = ref_of(then, now, &l->now, now_ref);
	date_format(l->day, day);
	snprintf(was, sizeof(was), "%" PRId64, l->then.amount);
	snprintf(is, sizeof(is), "%" PRId64, l->now.amount);
	snprintf(change, sizeof(change), "%" JSON_INTEGER_FORMAT,
	         diff_change(l->then.amount, l->now.amount));
	reason_words(l, words, sizeof(words));
	text_append(why, sizeof(why), diff_why(d, l));
	listing_row(list,
	            (const char *[]) { l->code, day, l->unit, was, is, change,
	                               diff_reason_name(l->reason), words,
	                               l->held != HOLD_NONE ? hold_name(l->held) : NULL,
	                               l->restatement ? "yes" : NULL, by, then_ref, now_ref, why });
	return st == ST_OK ? list->st : st;
}

static status
print_lines(listing_form form, const struct moment *then, const struct moment *now,
            const struct diff *d, json_t *head, json_t *tail)
{
	struct listing list;
	status st = ST_OK, ended;

	listing_begin(&list, form, columns, sizeof(columns) / sizeof(columns[0]), "changes", head);
	for (size_t i = 0; i < d->count && st == ST_OK; i++)
		if (d->list[i].what == COUNT_QUANTITY)
			st = print_line(&list, then, now, d, &d->list[i]);
	/* closed also after a failure, or what was printed so far would be no JSON */
	ended = listing_end(&list, tail);
	return st == ST_OK ? ended : st;
}

/* ---- counts and actors of an entry ---- */

/* Its reason stands with the change of the same REF, so only JSON repeats it. */
static const struct listing_column tally_columns[] = {
	{ NULL, N_("CODE"), .type = CELL_TEXT },     { NULL, N_("COUNT"), .type = CELL_TEXT },
	{ NULL, N_("DATE"), .type = CELL_TEXT },     { NULL, N_("UNIT"), .type = CELL_TEXT },
	{ NULL, N_("THEN"), .type = CELL_NUMBER },   { NULL, N_("NOW"), .type = CELL_NUMBER },
	{ NULL, N_("CHANGE"), .type = CELL_NUMBER }, { NULL, N_("REF"), .type = CELL_TEXT },
};

/* rows NULL: into list. */
static status
tell_tally(const struct moment *then, const struct moment *now, const struct diff_line *l,
           struct listing *rows, json_t *list)
{
	char day[DATE_TEXT_BYTES], was[NUMBER_BYTES], is[NUMBER_BYTES], change[NUMBER_BYTES];
	char ref[REF_TEXT_BYTES];
	status st = ref_of(then, now, &l->by, ref);

	if (st < 0)
		return st;
	date_format(l->day, day);
	if (!rows) {
		/* clang-format off */
		json_array_append_new(list, json_pack(
			"{s:s, s:s?, s:s?, s:s, s:s, s:I, s:I, s:I, s:s, s:s}", "code", l->code,
			"count", l->what == COUNT_NAMED ? l->name : NULL,
			"group", l->what == COUNT_GROUP ? l->name : NULL, "date", day,
			"unit", l->unit, "then", (json_int_t) l->then.amount,
			"now", (json_int_t) l->now.amount,
			"difference", diff_change(l->then.amount, l->now.amount),
			"reason", diff_reason_name(l->reason), "ref", ref));
		/* clang-format on */
		return ST_OK;
	}
	snprintf(was, sizeof(was), "%" PRId64, l->then.amount);
	snprintf(is, sizeof(is), "%" PRId64, l->now.amount);
	snprintf(change, sizeof(change), "%" JSON_INTEGER_FORMAT,
	         diff_change(l->then.amount, l->now.amount));
	listing_row(rows,
	            (const char *[]) { l->code, l->name, day, l->unit, was, is, change, ref });
	return rows->st;
}

static status
tell_tallies(const struct moment *then, const struct moment *now, const struct diff *d,
             struct listing *rows, json_t *list)
{
	status st = ST_OK;

	for (size_t i = 0; i < d->count && st == ST_OK; i++)
		if (d->list[i].what != COUNT_QUANTITY)
			st = tell_tally(then, now, &d->list[i], rows, list);
	return st;
}

static status
print_tallies(const struct moment *then, const struct moment *now, const struct diff *d)
{
	struct listing rows;
	status st, ended;

	listing_begin(&rows, FORM_TABLE, tally_columns,
	              sizeof(tally_columns) / sizeof(tally_columns[0]), NULL, NULL);
	st = tell_tallies(then, now, d, &rows, NULL);
	ended = listing_end(&rows, NULL);
	return st == ST_OK ? ended : st;
}

/* ---- both tellings ---- */

static json_t *
moment_json(const struct moment *m)
{
	json_t *o = json_object();

	asking_tell_at(m->hub, m->txn, o);
	json_object_set_new(o, "cutoff", json_date(m->side.cutoff));
	return o;
}

static void
print_head(const struct moment *then, const struct moment *now)
{
	char at[2][MOMENT_TEXT_BYTES], day[2][DATE_TEXT_BYTES];

	asking_at_text(then->hub, then->txn, at[0]);
	asking_at_text(now->hub, now->txn, at[1]);
	date_format(then->side.cutoff, day[0]);
	date_format(now->side.cutoff, day[1]);
	printf(_("Then: %s, cut-off %s\n"), at[0], day[0]);
	printf(_("Now:  %s, cut-off %s\n\n"), at[1], day[1]);
}

/* ---- what is told once a quarter ---- */

static const struct listing_column report_columns[] = {
	{ NULL, N_("KIND"), .type = CELL_TEXT },
	{ NULL, N_("CODE"), .type = CELL_TEXT },
	{ NULL, N_("UNIT"), .type = CELL_TEXT },
	{ NULL, N_("QUARTER"), .type = CELL_TEXT },
	{ NULL, N_("THEN"), .type = CELL_TEXT, .cut = true },
	{ NULL, N_("NOW"), .type = CELL_TEXT, .cut = true },
	{ NULL, N_("REF"), .type = CELL_TEXT },
	{ NULL, N_("WHY"), .type = CELL_TEXT, .below = true },
};

struct telling_reports {
	const struct moment *then, *now;
	struct listing *rows; /* NULL: into list */
	json_t *list;
	bool parted; /* the table comes behind another */
};

static status
tell_report(void *ctx, const struct report_change *c)
{
	struct telling_reports *t = ctx;
	struct diff_version by = { .there = true, .at = c->at };
	char ref[REF_TEXT_BYTES], quarter[QUARTER_TEXT_BYTES], why[WHY_BYTES] = "";
	status st;

	memcpy(by.feed, c->feed, FEED_BYTES);
	st = ref_of(t->then, t->now, &by, ref);
	if (st < 0)
		return st;
	quarter_format(c->quarter, quarter);
	text_append(why, sizeof(why), c->why);
	if (t->rows) {
		if (t->parted)
			putchar('\n');
		t->parted = false;
		listing_row(t->rows,
		            (const char *[]) { gettext(report_type_text(c->type)), c->code, c->unit,
		                               quarter, c->then, c->now, ref, why });
		return t->rows->st;
	}
	/* clang-format off */
	json_array_append_new(t->list, json_pack(
		"{s:s, s:s?, s:s, s:s, s:s?, s:s?, s:b, s:s, s:s?}", "kind",
		report_type_name(c->type), "code", *c->code ? c->code : NULL, "unit", c->unit,
		"quarter", quarter, "then", *c->then ? c->then : NULL, "now",
		*c->now ? c->now : NULL, "restatement", (int) c->restatement, "ref", ref, "why",
		*why ? why : NULL));
	/* clang-format on */
	return ST_OK;
}

static status
reports_json(struct moment *then, struct moment *now, json_t **ret_list)
{
	struct telling_reports t = { then, now, NULL, json_array(), false };

	*ret_list = t.list;
	return diff_reports(&then->side, &now->side, tell_report, &t);
}

static status
print_reports(struct moment *then, struct moment *now, bool parted, size_t *ret_count)
{
	struct listing rows;
	struct telling_reports t = { then, now, &rows, NULL, parted };
	status st, ended;

	listing_begin(&rows, FORM_TABLE, report_columns,
	              sizeof(report_columns) / sizeof(report_columns[0]), NULL, NULL);
	st = diff_reports(&then->side, &now->side, tell_report, &t);
	*ret_count = rows.count;
	ended = listing_end(&rows, NULL);
	return st == ST_OK ? ended : st;
}

static status
tell_json(struct moment *then, struct moment *now, const struct code_rows *rows,
          const struct diff *d)
{
	json_t *reports = NULL, *tallies = json_array();
	status st = reports_json(then, now, &reports), ended;

	if (st == ST_OK)
		st = tell_tallies(then, now, d, NULL, tallies);
	ended = print_lines(
		FORM_JSON, then, now, d,
		json_pack("{s:o, s:o}", "from", moment_json(then), "to", moment_json(now)),
		json_pack("{s:o, s:o, s:o}", "codes", code_rows_json(rows), "counts", tallies,
	                  "reports", reports));
	return st == ST_OK ? ended : st;
}

/* A blank line before every table but the first. */
static void
part(bool *told)
{
	if (*told)
		putchar('\n');
	*told = true;
}

static status
tell_text(struct moment *then, struct moment *now, const struct code_rows *rows,
          const struct diff *d)
{
	size_t quantity_count = 0, report_count = 0;
	bool told = false;
	status st = ST_OK;

	for (size_t i = 0; i < d->count; i++)
		quantity_count += d->list[i].what == COUNT_QUANTITY;
	print_head(then, now);
	if (code_rows_told(rows) > 0) {
		part(&told);
		st = code_rows_print(rows);
	}
	if (st == ST_OK && quantity_count > 0) {
		part(&told);
		st = print_lines(FORM_TABLE, then, now, d, NULL, NULL);
	}
	if (st == ST_OK && d->count > quantity_count) {
		part(&told);
		st = print_tallies(then, now, d);
	}
	if (st == ST_OK)
		st = print_reports(then, now, told, &report_count);
	if (st == ST_OK && !told && report_count == 0)
		puts(_("Nothing is told otherwise."));
	return st;
}

/* ---- the command ---- */

static int
compare(const struct input *in, hub *h, struct moment *then, struct moment *now)
{
	struct code_rows rows = { .count = 0 };
	struct diff d = { .count = 0 };
	status st;

	if (in->has_cutoff)
		then->side.cutoff = now->side.cutoff = in->cutoff;
	st = diff_gather(&then->side, &now->side, &d);
	if (st == ST_OK)
		st = code_rows_gather(&then->side, &now->side, &d, &rows);
	if (st == ST_OK)
		st = (in->json ? tell_json : tell_text)(then, now, &rows, &d);
	code_rows_done(&rows);
	diff_done(&d);
	return st == ST_OK ? EX_OK : command_failed(h, st);
}

static int
run_diff(const struct input *in, hub *h)
{
	struct moment then = { .past = NULL }, now = { .past = NULL };
	kv_txn *txn = NULL;
	status st = kv_read(hub_store(h), &txn);
	int code = st == ST_OK ? EX_OK : command_failed(h, st);

	if (code == EX_OK)
		code = open_moment(h, txn, in->words[0], bogota_date(clock_wall_ms()), &then);
	if (code == EX_OK)
		code = open_moment(h, txn, in->words[1], then.side.cutoff, &now);
	if (code == EX_OK)
		code = compare(in, h, &then, &now);
	close_moment(&now);
	close_moment(&then);
	kv_abort(&txn);
	return code;
}

int
diff_command(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.args_doc = N_("CUT [CUT|now]"),
		.doc = N_(
			"Tell what changed between a cut and now, or another cut: each number then "
			"and now, and each entry that made the difference, with the reason. An "
			"offset, as 120@1f2e3d4c, may stand in the place of a cut.\n\nVALUE is "
			"what 'valija-hub state' tells at both moments, of an initiative what was "
			"counted. COUNTED is the sum of the entries alone, without a baseline and "
			"of all years: to that the changes add up."),
	};
	struct input in = { .word_count = 0 };
	hub *h = NULL;
	int code;

	cli_parse(&argp, argc, argv, &in);
	code = command_open(in.home, &h);
	if (code == EX_OK)
		code = run_diff(&in, h);
	hub_close(&h);
	return code;
}
