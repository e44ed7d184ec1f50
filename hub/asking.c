/* A question opens one read transaction and keeps it to its end.  What is told
 * belongs together; the price is that pages freed meanwhile are not used again,
 * which a hub that takes a few batches a second does not feel. */
#include "hub/asking.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "hub/command.h"
#include "hub/journal.h"
#include "hub/names.h"
#include "hub/offset.h"
#include "hub/past.h"
#include "hub/period.h"

enum { SHOWN_BYTES = 128 };

/* Above those of the commands that have these options too. */
enum { KEY_HOME = 0x300, KEY_AT, KEY_CUTOFF, KEY_JSON };

void
asking_wrong_period(struct argp_state *state, const char *option, const char *value)
{
	char shown[SHOWN_BYTES];

	cli_safe(value, strlen(value), shown, sizeof(shown));
	argp_error(state,
	           _("--%s: '%s' is no day of the calendar; wanted is a day as 2025-11-14, or "
	             "2025-11, 2025-Q4, 2025"),
	           option, shown);
}

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct asking *a = state->input;
	struct plan_period period;

	switch (key) {
	case KEY_HOME: a->home_option = arg; return 0;
	case KEY_AT: a->at_word = arg; return 0;
	case KEY_CUTOFF:
		if (period_parse(arg, &period) != ST_OK)
			asking_wrong_period(state, "cutoff", arg);
		else
			a->cutoff = period.to;
		a->has_cutoff = true;
		return 0;
	case KEY_JSON: a->json = true; return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

#define OPTION_HOME \
	{ \
		"home", KEY_HOME, N_("DIR"), 0, \
			N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), \
			0 \
	}
#define OPTION_CUTOFF \
	{ \
		"cutoff", KEY_CUTOFF, N_("DATE"), 0, \
			N_("the last day that counts (default: today in Bogotá); of a month, " \
		           "quarter or year its last day"), \
			0 \
	}
#define OPTION_JSON \
	{ \
		"json", KEY_JSON, NULL, 0, N_("print JSON"), 0 \
	}

static const struct argp_option options[] = {
	OPTION_HOME,
	{ "at", KEY_AT, N_("CUT|N@HASH"), 0,
	  N_("answer as the cut of that name has it, up to its cut-off; or as the hub was when its "
	     "journal had N entries, as an earlier answer names it; or N alone"),
	  0 },
	OPTION_CUTOFF,
	OPTION_JSON,
	{ 0 },
};

static const struct argp_option now_options[] = { OPTION_CUTOFF, OPTION_HOME, OPTION_JSON, { 0 } };

const struct argp asking_argp = {
	.options = options,
	.parser = take_option,
};

const struct argp asking_now_argp = {
	.options = now_options,
	.parser = take_option,
};

void
asking_parse(struct asking *a, const char *doc, int argc, char **argv)
{
	struct argp argp = asking_argp;

	argp.doc = doc;
	cli_parse(&argp, argc, argv, a);
}

/* ---- the past ---- */

static int
no_such_offset(kv_txn *txn, const struct offset *o, status st)
{
	char now[OFFSET_TEXT_BYTES], there[OFFSET_TEXT_BYTES];
	struct offset here = { 0 };

	offset_now(txn, &here);
	offset_text(&here, now);
	if (st == ST_NOT_FOUND)
		return cli_fail(EX_DATAERR, _("--at: the journal of this hub is at %s yet"), now);
	offset_of(txn, o->entries, &here);
	offset_text(&here, there);
	return cli_fail(EX_DATAERR,
	                _("--at: %llu is %s in the journal of this hub; the one given is of "
	                  "another hub, or of before this one was put back to an older copy"),
	                (unsigned long long) o->entries, there);
}

static int
no_past(hub *h, status st)
{
	switch ((int) st) {
	case ST_FULL:
	case ST_DENIED:
	case ST_NOT_FOUND:
		return cli_fail(cli_exit(st),
		                _("no room to count again as it was then; TMPDIR names the folder "
		                  "for it"));
	default: return command_failed(h, st);
	}
}

/* The present is the present: nothing is to be counted for it. */
static int
open_offset(hub *h, kv_txn *txn, const struct offset *o, hub **ret_past)
{
	status st = offset_check(txn, o);

	if (st == ST_NOT_FOUND || st == ST_INVALID)
		return no_such_offset(txn, o, st);
	if (st == ST_OK && o->entries == journal_size(txn))
		return EX_OK;
	if (st == ST_OK)
		st = past_at_offset(h, txn, o->entries, ret_past);
	return st == ST_OK ? EX_OK : no_past(h, st);
}

static int
no_such_cut(const char *word)
{
	char shown[SHOWN_BYTES];

	return cli_fail(EX_DATAERR,
	                _("--at: there is no cut '%s', and it is no offset as 120@1f2e3d4c; "
	                  "'valija-hub cuts' lists the cuts"),
	                cli_safe(word, strlen(word), shown, sizeof(shown)));
}

int
asking_lacks(const char *name, const struct past_fault *fault)
{
	char shown[SHOWN_BYTES], device[DEVICE_TEXT_BYTES];

	cli_safe(name, strlen(name), shown, sizeof(shown));
	switch (fault->lack) {
	case PAST_LACKS_EVENTS:
		device_text(fault->feed, device);
		return cli_fail(EX_DATAERR,
		                _("cut %s has the entries of device %s up to %llu; here they end "
		                  "at %llu"),
		                shown, device, (unsigned long long) fault->wanted,
		                (unsigned long long) fault->here);
	case PAST_LACKS_PLAN:
		return cli_fail(EX_DATAERR, _("cut %s was made by a plan that is not here"), shown);
	case PAST_LACKS_REGISTRY:
		return cli_fail(EX_DATAERR,
		                _("cut %s was made with other devices, units or rights than this "
		                  "hub ever had"),
		                shown);
	case PAST_LACKS_NOTHING:
	case PAST_DIFFERS: break;
	}
	return cli_fail(EX_DATAERR,
	                _("cut %s cannot be computed again: its digest is another than what comes "
	                  "of its entries here"),
	                shown);
}

static int
open_cut(hub *h, kv_txn *txn, const char *word, hub **ret_past, date *ret_cutoff)
{
	struct past_fault fault = { .lack = PAST_LACKS_NOTHING };
	struct cut_file file;
	size_t same = 0;
	status st = cuts_find(txn, word, &file, &same);

	if (st < 0)
		return st == ST_NOT_FOUND ? no_such_cut(word) : command_failed(h, st);
	if (same > 1 && !strchr(word, '@'))
		cli_warn(_("%zu cuts have the name %s; 'valija-hub cuts' tells them apart"), same,
		         word);
	*ret_cutoff = file.cut.cutoff;
	st = past_at_cut(h, txn, &file, ret_past, &fault);
	cut_file_done(&file);
	if (st == ST_NOT_FOUND && fault.lack != PAST_LACKS_NOTHING)
		return asking_lacks(word, &fault);
	return st == ST_OK ? EX_OK : no_past(h, st);
}

int
asking_moment(hub *h, kv_txn *txn, const char *word, hub **ret_hub, kv_txn **ret_txn,
              date *ret_cutoff)
{
	struct offset o;
	hub *past = NULL;
	status st;
	int code;

	command_watch(h);
	if (offset_parse(word, &o) == ST_OK)
		code = open_offset(h, txn, &o, &past);
	else
		code = open_cut(h, txn, word, &past, ret_cutoff);
	*ret_hub = past;
	if (code != EX_OK || !past)
		return code;
	st = kv_read(hub_store(past), ret_txn);
	return st == ST_OK ? EX_OK : command_failed(h, st);
}

int
asking_go_back(const char *at_word, hub **h_p, kv_txn **txn_p, date *ret_cutoff)
{
	kv_txn *txn = NULL;
	hub *past = NULL;
	int code = at_word ? asking_moment(*h_p, *txn_p, at_word, &past, &txn, ret_cutoff) : EX_OK;

	if (!past)
		return code;
	kv_abort(txn_p);
	past_keep(past, h_p);
	*h_p = past;
	*txn_p = txn;
	return code;
}

void
asking_at_text(const hub *h, kv_txn *txn, char out[static MOMENT_TEXT_BYTES])
{
	struct offset o;

	out[0] = '\0';
	if (past_cut_name(h))
		snprintf(out, MOMENT_TEXT_BYTES, "%s", past_cut_name(h));
	else if (offset_now(txn, &o) == ST_OK)
		offset_text(&o, out);
}

void
asking_tell_at(const hub *h, kv_txn *txn, json_t *object)
{
	char text[MOMENT_TEXT_BYTES];

	asking_at_text(h, txn, text);
	json_object_set_new(object, "at", json_string(text));
}

json_t *
asking_head(const struct asking *a)
{
	json_t *head = json_object();

	asking_tell_at(a->hub, a->txn, head);
	return head;
}

json_t *
asking_head_to_date(const struct asking *a)
{
	json_t *head = asking_head(a);

	json_object_set_new(head, "cutoff", json_date(a->cutoff));
	return head;
}

/* ---- opening ---- */

/* Not the day of this machine: whoever asks, from wherever, on the same day of
 * the ministry, gets the same number. */
int
asking_open(struct asking *a)
{
	date cutoff = bogota_date(clock_wall_ms());
	status st;
	int code;

	code = command_open(a->home_option, &a->hub);
	if (code != EX_OK)
		return code;
	st = kv_read(hub_store(a->hub), &a->txn);
	if (st < 0)
		return command_failed(a->hub, st);
	code = asking_go_back(a->at_word, &a->hub, &a->txn, &cutoff);
	if (!a->has_cutoff)
		a->cutoff = cutoff;
	if (code != EX_OK)
		return code;
	st = hub_plan(a->hub, a->txn, &a->plan);
	if (st == ST_NOT_FOUND && a->at_word)
		return cli_fail(EX_DATAERR, _("--at: there was no plan at that moment"));
	if (st == ST_OK)
		st = hub_locks(a->hub, a->txn, &a->locks);
	return st == ST_OK ? EX_OK : command_failed(a->hub, st);
}

void
asking_done(struct asking *a)
{
	kv_abort(&a->txn);
	hub_close(&a->hub);
}

/* Indicators first: they are few, and of two codes equally near the one
 * of the shorter list is the likelier. */
int
asking_code(const struct asking *a, const char *word, struct text *ret_code)
{
	struct text code = text_of(word);
	const char *nearest = name_nearest(a->plan, NAME_INDICATOR, code);
	char shown[SHOWN_BYTES];

	if (name_of_line(a->plan, code)) {
		*ret_code = code;
		return EX_OK;
	}
	if (!nearest)
		nearest = name_nearest(a->plan, NAME_INITIATIVE, code);
	cli_safe(word, strlen(word), shown, sizeof(shown));
	if (nearest)
		return cli_fail(EX_DATAERR,
		                _("the plan has no indicator or initiative '%s'; did you mean "
		                  "'%s'?"),
		                shown, nearest);
	return cli_fail(EX_DATAERR,
	                _("the plan has no indicator or initiative '%s'; 'valija-hub plan "
	                  "show' lists them"),
	                shown);
}

int
asking_quarter(const struct asking *a, const char *word, uint64_t *ret_quarter)
{
	char shown[SHOWN_BYTES];

	if (quarter_parse(word, strlen(word), ret_quarter) != ST_OK)
		return cli_fail(EX_DATAERR,
		                _("'%s' is no quarter; wanted is a year and one of Q1 to Q4, as "
		                  "2025-Q4"),
		                cli_safe(word, strlen(word), shown, sizeof(shown)));
	return asking_check_quarter(a->plan, *ret_quarter);
}

int
asking_check_quarter(const plan *p, uint64_t quarter)
{
	char name[QUARTER_TEXT_BYTES], from[QUARTER_TEXT_BYTES], to[QUARTER_TEXT_BYTES];
	struct plan_period period;

	quarter_format(quarter, name);
	if (quarter_first(quarter) > bogota_date(clock_wall_ms()))
		return cli_fail(EX_DATAERR, _("the quarter %s has not begun"), name);
	if (!p)
		return EX_OK;
	period = plan_period(p);
	quarter_format(quarter_of(period.from), from);
	quarter_format(quarter_of(period.to), to);
	if (quarter < quarter_of(period.from) || quarter > quarter_of(period.to))
		return cli_fail(EX_DATAERR, _("the plan is of the quarters %s to %s, not of %s"),
		                from, to, name);
	return EX_OK;
}

struct ledger
asking_ledger(const struct asking *a)
{
	return (struct ledger) {
		.txn = a->txn,
		.plan = a->plan,
		.locks = a->locks,
		.chains = hub_chains(a->hub),
	};
}

struct query
asking_query(const struct asking *a)
{
	return (struct query) { a->txn, a->plan, a->cutoff };
}

json_t *
json_date(date day)
{
	char text[DATE_TEXT_BYTES];

	date_format(day, text);
	return json_string(text);
}

void
asking_day(struct argp_state *state, const char *option, const char *value, bool last,
           date *ret_day)
{
	struct plan_period p;

	if (period_parse(value, &p) == ST_OK)
		*ret_day = last ? p.to : p.from;
	else
		asking_wrong_period(state, option, value);
}
