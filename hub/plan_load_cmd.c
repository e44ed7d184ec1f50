/* "plan": the choice between its three parts, and those that need a hub. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/plan_cmd.h"

enum { WAIT_MS = 10 * 1000, NAME_BYTES = 64, SHOWN_BYTES = 256 };

struct input {
	const char *home, *path;
	bool json, needs_path;
};

enum { KEY_HOME = 0x200, KEY_JSON };

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct input *in = state->input;

	switch (key) {
	case KEY_HOME:
		in->home = arg;
		return 0;
	case KEY_JSON:
		in->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (in->path)
			argp_error(state, _("one file at a time"));
		in->path = arg;
		return 0;
	case ARGP_KEY_END:
		if (in->needs_path && !in->path)
			argp_error(state, _("name the file with the plan"));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

#define OPTION_HOME                                                                                \
	{ "home", KEY_HOME, N_("DIR"), 0,                                                          \
	  N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), 0 }

/* ---- plan show ---- */

static int
show_in_force(const struct input *in)
{
	hub *h = NULL;
	kv_txn *txn = NULL;
	const plan *p;
	status st;
	int code = command_open(in->home, &h);

	if (code != EX_OK)
		return code;
	st = kv_read(hub_store(h), &txn);
	if (st == ST_OK)
		st = hub_plan(h, txn, &p);
	code = st == ST_OK ? plan_show_print(p, in->json) : command_failed(h, st);
	kv_abort(&txn);
	hub_close(&h);
	return code;
}

static int
show_command_of_plan(int argc, char **argv)
{
	static const struct argp_option options[] = {
		OPTION_HOME,
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

/* Words for what hub_publish_plan() refuses.  Publishing the same file again is no
 * error: whoever lost the connection in the middle gives the command once more. */
static int
refused(hub *h, const struct input *in, const plan *p, unsigned in_force, status st)
{
	char path[SHOWN_BYTES];

	cli_safe(in->path, strlen(in->path), path, sizeof(path));
	if (st == ST_EXISTS) {
		printf(_("version %u of %s is in force already; nothing was changed\n"), in_force,
		       plan_code(p));
		return EX_OK;
	}
	if (st == ST_INVALID)
		return cli_fail(EX_DATAERR,
		                _("%s: \"version\" is %u and must be %u, the one after the "
		                  "version in force"),
		                path, (unsigned) plan_version(p), in_force + 1);
	if (st == ST_MALFORMED)
		return cli_fail(EX_DATAERR, _("%s: nothing was published"), path);
	if (st == ST_DENIED)
		return cli_fail(EX_NOPERM,
		                _("no right to read %s/sign.key; give this command as the user "
		                  "who runs the hub"),
		                hub_home(h));
	return command_failed(h, st);
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
		missing += missed("indicators", indicators[i].code,
		                  plan_indicator(p, indicators[i].code,
		                                 strlen(indicators[i].code)));
	const struct plan_initiative *initiatives = plan_initiatives(before, &count);
	for (size_t i = 0; i < count; i++)
		missing += missed("initiatives", initiatives[i].code,
		                  plan_initiative(p, initiatives[i].code,
		                                  strlen(initiatives[i].code)));
	for (plan_list list = 0; list < PLAN_LISTS_; list++) {
		const struct plan_item *items = plan_items(before, list, &count);

		for (size_t i = 0; i < count; i++)
			missing += missed(names[list], items[i].code,
			                  plan_item(p, list, items[i].code,
			                            strlen(items[i].code)));
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

/* The version in force is read under the lock that publishing needs: two who
 * publish at once must not both be the next. */
static status
publish(hub *h, const plan *p, struct bytes json, unsigned *ret_in_force)
{
	kv_txn *txn = NULL;
	const plan *before = NULL;
	status st = kv_write(hub_store(h), WAIT_MS, &txn);

	if (st == ST_OK)
		st = hub_plan(h, txn, &before);
	if (st == ST_OK)
		*ret_in_force = plan_version(before);
	if (st == ST_OK && plan_version(p) == *ret_in_force + 1 && !goes_on_from(before, p))
		st = ST_MALFORMED;
	/* no plan yet: this is the first */
	if (st == ST_NOT_FOUND)
		st = ST_OK;
	if (st == ST_OK)
		st = hub_publish_plan(h, txn, json.at, json.len, clock_wall_ms());
	if (st == ST_OK)
		st = kv_commit(&txn);
	kv_abort(&txn);
	if (st == ST_OK)
		hub_touch(h);
	return st;
}

static int
load_into(hub *h, const struct input *in, const plan *p, struct bytes json)
{
	unsigned in_force = 0;
	status st;

	command_watch(h);
	st = publish(h, p, json, &in_force);
	if (st < 0)
		return refused(h, in, p, in_force, st);
	printf(_("version %u of %s is in force; all entries were judged by it again\n"),
	       (unsigned) plan_version(p), plan_code(p));
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
		.doc = N_("Publish the plan in FILE as the next version, also while the hub runs."),
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

static const struct {
	const char *name, *help;
	int (*run)(int argc, char **argv);
} parts[] = {
	{ "check", N_("tell all that is wrong with a plan document"), plan_check_command },
	{ "show", N_("show the plan in force, or that in a file"), show_command_of_plan },
	{ "load", N_("publish the next version of the plan"), load_command },
};

enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

static void
print_parts(FILE *to, const char *program)
{
	fprintf(to, _("Usage: %s COMMAND [OPTION...]\n"), program);
	for (size_t i = 0; i < PARTS; i++)
		fprintf(to, "  %-7s  %s\n", parts[i].name, gettext(parts[i].help));
}

int
plan_command(int argc, char **argv)
{
	const char *names[PARTS], *nearest;
	char name[NAME_BYTES], shown[SHOWN_BYTES];

	for (size_t i = 0; i < PARTS; i++)
		names[i] = parts[i].name;
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		print_parts(stdout, argv[0]);
		return EX_OK;
	}
	for (size_t i = 0; argc > 1 && i < PARTS; i++) {
		if (strcmp(argv[1], parts[i].name) != 0)
			continue;
		/* argp calls the program by argv[0]: its messages name the whole command */
		snprintf(name, sizeof(name), "%s %s", argv[0], argv[1]);
		argv[1] = name;
		return parts[i].run(argc - 1, argv + 1);
	}
	if (argc < 2) {
		cli_warn(_("say what to do with the plan: check, show or load"));
	} else {
		nearest = cli_nearest(argv[1], names, PARTS);
		cli_safe(argv[1], strlen(argv[1]), shown, sizeof(shown));
		if (nearest)
			cli_warn(_("there is no command '%s'; did you mean '%s'?"), shown, nearest);
		else
			cli_warn(_("there is no command '%s'"), shown);
	}
	print_parts(stderr, argv[0]);
	return EX_USAGE;
}
