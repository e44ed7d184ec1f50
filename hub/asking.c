/* A question opens one read transaction and keeps it to its end.  What is told
 * belongs together; the price is that pages freed meanwhile are not used again,
 * which a hub that takes a few batches a second does not feel. */
#include "hub/asking.h"

#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "hub/command.h"
#include "hub/names.h"
#include "hub/period.h"

enum { SHOWN_BYTES = 128 };

/* Above those of the commands that have these options too. */
enum { KEY_HOME = 0x300, KEY_CUTOFF, KEY_JSON };

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
	case KEY_HOME:
		a->home_option = arg;
		return 0;
	case KEY_CUTOFF:
		if (period_parse(arg, &period) != ST_OK)
			asking_wrong_period(state, "cutoff", arg);
		else
			a->cutoff = period.to;
		a->has_cutoff = true;
		return 0;
	case KEY_JSON:
		a->json = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), 0 },
	{ "cutoff", KEY_CUTOFF, N_("DATE"), 0,
	  N_("the last day that counts (default: today in Bogotá); of a month, quarter or year its "
	     "last day"),
	  0 },
	{ "json", KEY_JSON, NULL, 0, N_("print JSON"), 0 },
	{ 0 },
};

const struct argp asking_argp = {
	.options = options,
	.parser = take_option,
};

void
asking_parse(struct asking *a, const char *doc, int argc, char **argv)
{
	struct argp argp = asking_argp;

	argp.doc = doc;
	cli_parse(&argp, argc, argv, a);
}

/* Not the day of this machine: whoever asks, from wherever, on the same day of
 * the ministry, gets the same number. */
int
asking_open(struct asking *a)
{
	status st;
	int code;

	if (!a->has_cutoff)
		a->cutoff = bogota_date(clock_wall_ms());
	code = command_open(a->home_option, &a->hub);
	if (code != EX_OK)
		return code;
	st = kv_read(hub_store(a->hub), &a->txn);
	if (st == ST_OK)
		st = hub_plan(a->hub, a->txn, &a->plan);
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
