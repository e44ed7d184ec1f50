/* "plan": the choice between its three parts, and those that need a hub. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/held_change.h"
#include "hub/plan_cmd.h"

enum { WAIT_MS = 10 * 1000, NAME_BYTES = 64, SHOWN_BYTES = 256, REASONS_BYTES = 1024 };

struct input {
	const char *home, *at, *path;
	bool json, needs_path;
};

enum { KEY_HOME = 0x200, KEY_AT, KEY_JSON };

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct input *in = state->input;

	switch (key) {
	case KEY_HOME: in->home = arg; return 0;
	case KEY_AT: in->at = arg; return 0;
	case KEY_JSON: in->json = true; return 0;
	case ARGP_KEY_ARG:
		if (in->path)
			argp_error(state, _("one file at a time"));
		in->path = arg;
		return 0;
	case ARGP_KEY_END:
		if (in->path && in->at)
			argp_error(state, _("a FILE is not of any moment; leave --at out"));
		if (in->needs_path && !in->path)
			argp_error(state, _("name the file with the plan"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

#define OPTION_HOME \
	{ \
		"home", KEY_HOME, N_("DIR"), 0, \
			N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), \
			0 \
	}

/* ---- plan show ---- */

static int
show_in_force(const struct input *in)
{
	hub *h = NULL;
	kv_txn *txn = NULL;
	const plan *p;
	date cutoff; /* of a cut; a plan has none */
	status st;
	int code = command_open(in->home, &h);

	if (code != EX_OK)
		return code;
	st = kv_read(hub_store(h), &txn);
	code = st == ST_OK ? asking_go_back(in->at, &h, &txn, &cutoff) : command_failed(h, st);
	if (code == EX_OK) {
		st = hub_plan(h, txn, &p);
		code = st == ST_OK ? plan_show_print(p, in->json) : command_failed(h, st);
	}
	kv_abort(&txn);
	hub_close(&h);
	return code;
}

static int
show_command_of_plan(int argc, char **argv)
{
	static const struct argp_option options[] = {
		OPTION_HOME,
		{ "at", KEY_AT, N_("CUT|N@HASH"), 0,
		  N_("the one in force at that moment; see 'valija-hub state --help'"), 0 },
		{ "json", KEY_JSON, NULL, 0, N_("print JSON"), 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.args_doc = N_("[FILE]"),
		.doc = N_("Show the plan in force, or the one in FILE."),
	};
	struct input in = { .json = false };
	plan *p = NULL;
	int code;

	cli_parse(&argp, argc, argv, &in);
	if (!in.path)
		return show_in_force(&in);
	code = plan_open_file(in.path, &p, NULL, NULL);
	if (code == EX_OK)
		code = plan_show_print(p, in.json);
	plan_free(&p);
	return code;
}

/* ---- plan load ---- */

struct versions {
	unsigned in_force, next;
	bool only; /* next is the only one, not the least */
};

/* Words for what hub_publish_plan() refuses.  Publishing the same file again is no
 * error: whoever lost the connection in the middle gives the command once more. */
static int
refused(hub *h, const struct input *in, const plan *p, const struct versions *v, status st)
{
	char path[SHOWN_BYTES];

	cli_safe(in->path, strlen(in->path), path, sizeof(path));
	if (st == ST_EXISTS) {
		printf(_("version %u of %s is in force already; nothing was changed\n"),
		       v->in_force, plan_code(p));
		return EX_OK;
	}
	if (st == ST_INVALID && !v->only)
		return cli_fail(EX_DATAERR,
		                _("%s: \"version\" is %u and must be %u or more: this hub was put "
		                  "back to an older copy, and devices hold version %u already"),
		                path, (unsigned) plan_version(p), v->next, v->next - 1);
	if (st == ST_INVALID)
		return cli_fail(EX_DATAERR,
		                _("%s: \"version\" is %u and must be %u, the one after the "
		                  "version in force"),
		                path, (unsigned) plan_version(p), v->next);
	if (st == ST_MALFORMED)
		return cli_fail(EX_DATAERR, _("%s: nothing was published"), path);
	return command_record_failed(h, st);
}

static size_t
missed(const char *list, const char *code, bool is_there)
{
	if (!is_there)
		cli_warn(_("%s %s is missing: what was published once is retired with a date, "
		           "never taken out"),
		         list, code);
	return !is_there;
}

/* How many entries of the plan before are not in p, each told: what was reported
 * for them would silently count no more. */
static size_t
count_missing(const plan *before, const plan *p)
{
	static const char *const names[PLAN_LISTS_] = {
		"objectives",  "strategies", "modes", "counts",     "actors",
		"commitments", "projects",   "risks", "intentions", "sdg",
	};
	size_t count, missing = 0;
	const struct plan_unit *units = plan_units(before, &count);

	for (size_t i = 0; i < count; i++)
		missing += missed("units", units[i].code,
		                  plan_unit(p, units[i].code, strlen(units[i].code)));
	const struct plan_indicator *indicators = plan_indicators(before, &count);
	for (size_t i = 0; i < count; i++)
		missing += missed(
			"indicators", indicators[i].code,
			plan_indicator(p, indicators[i].code, strlen(indicators[i].code)));
	const struct plan_initiative *initiatives = plan_initiatives(before, &count);
	for (size_t i = 0; i < count; i++)
		missing += missed(
			"initiatives", initiatives[i].code,
			plan_initiative(p, initiatives[i].code, strlen(initiatives[i].code)));
	const struct plan_action *actions = plan_actions(before, &count);
	for (size_t i = 0; i < count; i++)
		missing += missed("actions", actions[i].code,
		                  plan_action(p, actions[i].code, strlen(actions[i].code)));
	for (plan_list list = 0; list < PLAN_LISTS_; list++) {
		const struct plan_item *items = plan_items(before, list, &count);

		for (size_t i = 0; i < count; i++)
			missing += missed(names[list], items[i].code,
			                  plan_item(p, list, items[i].code, strlen(items[i].code)));
	}
	return missing;
}

/* When not, the reasons are told. */
static bool
goes_on_from(const plan *before, const plan *p)
{
	bool same = strcmp(plan_code(before), plan_code(p)) == 0;

	if (!same)
		cli_warn(_("\"code\" is %s; that of the plan in force is %s, and it never changes"),
		         plan_code(p), plan_code(before));
	return same && count_missing(before, p) == 0;
}

/* Entries are judged by the new version in the transaction that publishes it, so what
 * that holds is known exactly. */
static status
publish_and_compare(hub *h, kv_txn *txn, struct bytes json, struct held_change *ret_change)
{
	struct held_note before = { .ids = NULL };
	status st = held_note(txn, &before);

	if (st == ST_OK)
		st = hub_publish_plan(h, txn, json.at, json.len, clock_wall_ms());
	if (st == ST_OK)
		st = held_compare(txn, &before, ret_change);
	held_note_done(&before);
	return st;
}

/* The version in force is read under the lock that publishing needs: two who
 * publish at once must not both be the next. */
static status
publish(hub *h, const plan *p, struct bytes json, struct versions *ret_versions,
        struct held_change *ret_change)
{
	kv_txn *txn = NULL;
	const plan *before = NULL;
	uint64_t next = 0;
	status st = kv_write(hub_store(h), WAIT_MS, &txn);

	if (st == ST_OK)
		st = hub_plan(h, txn, &before);
	if (st == ST_OK)
		ret_versions->in_force = (unsigned) plan_version(before);
	if (st == ST_OK)
		st = hub_next_plan(txn, &next, &ret_versions->only);
	ret_versions->next = (unsigned) next;
	if (st == ST_OK && plan_version(p) >= next && !goes_on_from(before, p))
		st = ST_MALFORMED;
	/* no plan yet: this is the first */
	if (st == ST_NOT_FOUND)
		st = ST_OK;
	if (st == ST_OK)
		st = publish_and_compare(h, txn, json, ret_change);
	if (st == ST_OK)
		st = kv_commit(&txn);
	kv_abort(&txn);
	if (st == ST_OK)
		hub_touch(h);
	return st;
}

static void
tell_change(const struct held_change *c)
{
	char reasons[REASONS_BYTES] = "";
	size_t used = 0;

	for (int i = 0; i < HOLDS_ && used < sizeof(reasons); i++)
		if (c->of[i] > 0)
			used += (size_t) snprintf(reasons + used, sizeof(reasons) - used,
			                          "%s%s %llu", used > 0 ? ", " : "",
			                          hold_name((hold) i),
			                          (unsigned long long) c->of[i]);
	if (c->held > 0)
		cli_warn(ngettext("%llu entry is held by this version that was not before (%s); "
		                  "'valija-hub held' tells which",
		                  "%llu entries are held by this version that were not before "
		                  "(%s); 'valija-hub held' tells which",
		                  c->held),
		         (unsigned long long) c->held, reasons);
	if (c->let_in > 0)
		cli_warn(ngettext("%llu entry that was held is held no more",
		                  "%llu entries that were held are held no more", c->let_in),
		         (unsigned long long) c->let_in);
}

static int
load_into(hub *h, const struct input *in, const plan *p, struct bytes json)
{
	struct versions v = { 0 };
	struct held_change change = { .held = 0 };
	status st;

	command_watch(h);
	st = publish(h, p, json, &v, &change);
	if (st < 0)
		return refused(h, in, p, &v, st);
	printf(_("version %u of %s is in force; all entries were judged by it again\n"),
	       (unsigned) plan_version(p), plan_code(p));
	tell_change(&change);
	return EX_OK;
}

static int
load_command(int argc, char **argv)
{
	static const struct argp_option options[] = { OPTION_HOME, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.args_doc = N_("FILE"),
		.doc = N_(
			"Publish the plan in FILE as the next version, also while the hub runs. How "
			"many entries it holds that counted until then is told, and the "
			"reverse."),
	};
	struct input in = { .needs_path = true };
	struct bytes json = { 0 };
	uint8_t *bytes = NULL;
	plan *p = NULL;
	hub *h = NULL;
	int code;

	cli_parse(&argp, argc, argv, &in);
	code = plan_open_file(in.path, &p, &bytes, &json.len);
	json.at = bytes;
	if (code == EX_OK)
		code = command_open(in.home, &h);
	if (code == EX_OK)
		code = load_into(h, &in, p, json);
	hub_close(&h);
	plan_free(&p);
	free(bytes);
	return code;
}

/* ---- the choice ---- */

const struct cli_command plan_commands[] = {
	{ "check", N_("tell all that is wrong with a plan document"), plan_check_command, NULL },
	{ "show", N_("show the plan in force, or that in a file"), show_command_of_plan, NULL },
	{ "load", N_("publish the next version of the plan"), load_command, NULL },
	{ NULL, NULL, NULL, NULL },
};
