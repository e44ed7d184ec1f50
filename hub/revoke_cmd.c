/* "revoke" and "admit": a right is taken; what came after that is let count. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/consent.h"
#include "hub/device_of.h"
#include "hub/unit_list.h"

enum { WAIT_MS = 10 * 1000, QUESTION_BYTES = UNITS_TEXT_BYTES + 512 };

struct args {
	const char *home, *device, *why;
	struct unit_list units; /* of revoke; none: all it has */
	bool office;            /* --role office */
	bool yes, revokes;
};

enum { KEY_HOME = 0x200, KEY_UNIT, KEY_ROLE, KEY_WHY, KEY_YES };

#define OPTION_HOME \
	{ \
		"home", KEY_HOME, N_("DIR"), 0, \
			N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), \
			0 \
	}
#define OPTION_YES \
	{ \
		"yes", KEY_YES, NULL, 0, N_("do not ask"), 0 \
	}

static void
take_role(struct args *a, const char *word, struct argp_state *state)
{
	static const char *const words[] = { "office" };

	if (strcmp(word, words[0]) != 0)
		command_wrong_word(state, "role", word, words, 1);
	a->office = true;
}

static void
check(const struct args *a, struct argp_state *state)
{
	if (!a->device)
		argp_error(state, _("which device? 'valija-hub devices' lists them"));
	if (a->revokes && (!a->why || !*a->why))
		argp_error(state, _("--why is needed: the reason stays in the registry"));
	if (a->why && strlen(a->why) > REGISTRY_WHY_BYTES_MAX)
		argp_error(state, _("--why: at most %d bytes"), (int) REGISTRY_WHY_BYTES_MAX);
	if (a->why && !utf8_valid(a->why, strlen(a->why)))
		argp_error(state, _("--why: this is not UTF-8"));
}

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case KEY_HOME: a->home = arg; return 0;
	case KEY_UNIT: unit_list_add(&a->units, arg, state); return 0;
	case KEY_ROLE: take_role(a, arg, state); return 0;
	case KEY_WHY: a->why = arg; return 0;
	case KEY_YES: a->yes = true; return 0;
	case ARGP_KEY_ARG:
		if (a->device)
			argp_error(state, _("one device at a time"));
		a->device = arg;
		return 0;
	case ARGP_KEY_END: check(a, state); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* ---- one moment of the hub ---- */

/* What is to be done with a device, and what there is to say of it; first asked about in a
 * read, then done in a write, in which all is looked at again. */
struct deed {
	hub *h;
	kv_txn *txn;
	const struct args *args;
	struct device device;
	char name[DEVICE_TEXT_BYTES];
	uint64_t events, held, for_right;
};

static int
look(struct deed *d)
{
	status st;
	int code = device_of(d->h, d->txn, d->args->device, &d->device);

	if (code != EX_OK)
		return code;
	device_text(d->device.feed, d->name);
	st = device_events(d->txn, d->device.feed, &d->events);
	if (st == ST_OK)
		st = device_held(d->txn, d->device.feed, &d->held, &d->for_right);
	return st == ST_OK ? EX_OK : command_failed(d->h, st);
}

/* Look in a read transaction, ask, do it in a write transaction. */
static int
carry_out(struct deed *d, int (*ask)(const struct deed *d), int (*act)(struct deed *d))
{
	status st = kv_read(hub_store(d->h), &d->txn);
	int code = st == ST_OK ? look(d) : command_failed(d->h, st);

	kv_abort(&d->txn); /* not to be kept while a person thinks */
	if (code == EX_OK)
		code = ask(d);
	if (code != EX_OK)
		return code;
	st = kv_write(hub_store(d->h), WAIT_MS, &d->txn);
	code = st == ST_OK ? look(d) : command_failed(d->h, st);
	if (code == EX_OK)
		code = act(d);
	kv_abort(&d->txn);
	return code;
}

static int
done(struct deed *d, status st)
{
	if (st == ST_OK)
		st = kv_commit(&d->txn);
	if (st < 0)
		return command_failed(d->h, st);
	hub_touch(d->h);
	return EX_OK;
}

static int
run(const struct args *a, int (*ask)(const struct deed *d), int (*act)(struct deed *d))
{
	struct deed *d = calloc(1, sizeof(*d));
	int code;

	if (!d)
		return cli_fail(EX_OSERR, "%s", gettext(status_text(ST_NOMEM)));
	d->args = a;
	code = command_open(a->home, &d->h);
	if (code == EX_OK) {
		command_watch(d->h);
		code = carry_out(d, ask, act);
	}
	hub_close(&d->h);
	free(d);
	return code;
}

/* ---- revoke ---- */

static bool
takes_all(const struct args *a)
{
	return a->units.count == 0 && !a->office;
}

/* Ascending, none twice, as the registry wants them. */
static int
compare_codes(const void *a, const void *b)
{
	return text_compare(*(const struct text *) a, *(const struct text *) b);
}

static int
units_to_take(const struct deed *d, struct codes *ret_units)
{
	const struct unit_list *u = &d->args->units;

	ret_units->count = 0;
	for (size_t i = 0; i < u->count; i++) {
		bool again = false;

		for (size_t k = 0; k < ret_units->count; k++)
			again = again || text_equal(ret_units->list[k], u->list[i]);
		if (again)
			continue;
		if (!device_has_unit(&d->device, u->list[i])) {
			char units[UNITS_TEXT_BYTES], safe[2 * CODE_BYTES_MAX];

			device_units_text(&d->device.units, units);
			return cli_fail(EX_DATAERR,
			                _("device %s has not the unit '%s'; it has: %s"), d->name,
			                cli_safe(u->list[i].at, u->list[i].len, safe, sizeof(safe)),
			                units);
		}
		/* what it has is UNITS_MAX at most */
		ret_units->list[ret_units->count++] = u->list[i];
	}
	qsort(ret_units->list, ret_units->count, sizeof(ret_units->list[0]), compare_codes);
	return EX_OK;
}

/* What may not be taken in this way is said before a person is asked. */
static int
check_loss(const struct deed *d, struct codes *ret_units)
{
	int code = units_to_take(d, ret_units);

	if (code != EX_OK)
		return code;
	if (device_is_revoked(&d->device))
		return cli_fail(EX_DATAERR, _("device %s is revoked already"), d->name);
	if (d->args->office && d->device.role != ROLE_OFFICE)
		return cli_fail(EX_DATAERR, _("device %s has not the role 'office'"), d->name);
	if (!takes_all(d->args) && ret_units->count == d->device.units.count &&
	    (d->args->office || d->device.role != ROLE_OFFICE))
		return cli_fail(EX_DATAERR,
		                _("that is all that device %s has; without --unit and --role the "
		                  "whole device is revoked"),
		                d->name);
	return EX_OK;
}

static int
ask_revoke(const struct deed *d)
{
	char question[QUESTION_BYTES], units[UNITS_TEXT_BYTES];
	struct codes taken;
	int code = check_loss(d, &taken);

	if (code != EX_OK)
		return code;
	device_units_text(takes_all(d->args) ? &d->device.units : &taken, units);
	if (d->device.role == ROLE_READER)
		snprintf(question, sizeof(question), _("Revoke reader %s?"), d->name);
	else if (takes_all(d->args))
		snprintf(question, sizeof(question),
		         _("Revoke device %s (%s; %llu entries here, which stay)?"), d->name, units,
		         (unsigned long long) d->events);
	else if (taken.count == 0)
		snprintf(
			question, sizeof(question),
			_("Take the role 'office' from device %s (%llu entries here, which stay)?"),
			d->name, (unsigned long long) d->events);
	else
		snprintf(question, sizeof(question),
		         _("Take %s from device %s (%llu entries here, which stay)?"), units,
		         d->name, (unsigned long long) d->events);
	return consent(d->args->yes, question);
}

static int
act_revoke(struct deed *d)
{
	struct text why = text_of(d->args->why);
	int64_t now_ms = clock_wall_ms();
	char units[UNITS_TEXT_BYTES];
	struct codes taken;
	int code = check_loss(d, &taken);

	if (code != EX_OK)
		return code;
	if (takes_all(d->args))
		code = done(d, registry_revoke_all(d->txn, d->device.feed, why, now_ms));
	else
		code = done(d,
		            registry_revoke(d->txn, d->device.feed, &taken, d->args->office, why,
		                            now_ms));
	if (code != EX_OK)
		return code;
	device_units_text(&taken, units);
	if (takes_all(d->args))
		printf(_("device %s is revoked and gets no connection any more\n"), d->name);
	else if (taken.count == 0)
		printf(_("device %s has the role 'office' no more\n"), d->name);
	else
		printf(_("device %s reports no more for %s\n"), d->name, units);
	if (d->device.role == ROLE_READER)
		return EX_OK;
	printf(ngettext("What is here of it keeps what it was worth (%llu entry); what comes later "
	                "is held until 'valija-hub admit %s'.\n",
	                "What is here of it keeps what it was worth (%llu entries); what comes "
	                "later is held until 'valija-hub admit %s'.\n",
	                d->events),
	       (unsigned long long) d->events, d->name);
	return EX_OK;
}

int
revoke_command(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "unit", KEY_UNIT, N_("CODE[,CODE]"), 0,
		  N_("take only these units (default: all that the device may)"), 0 },
		{ "role", KEY_ROLE, N_("office"), 0, N_("take the role of the office"), 0 },
		{ "why", KEY_WHY, N_("TEXT"), 0, N_("the reason, for those who read it later"), 0 },
		OPTION_YES,
		OPTION_HOME,
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = N_("DEVICE"),
		.doc = N_("Take a device's rights, at once, also while it is connected. What the "
		          "hub has of it stays counted; what comes later is held until it is "
		          "admitted. 'enroll' with its request lets it in again."),
	};
	struct args a = { .revokes = true };

	cli_parse(&argp, argc, argv, &a);
	return run(&a, ask_revoke, act_revoke);
}

/* ---- admit ---- */

static int
nothing_to_admit(const struct deed *d)
{
	if (d->device.losses == 0)
		printf(_("device %s has lost no right; nothing is held for that\n"), d->name);
	else
		printf(_("nothing came of device %s since it lost a right; nothing was changed\n"),
		       d->name);
	return EX_OK;
}

static int
ask_admit(const struct deed *d)
{
	char question[QUESTION_BYTES];

	if (d->device.losses == 0 || d->for_right == 0)
		return EX_OK; /* so it will be told */
	snprintf(question, sizeof(question),
	         ngettext("Let what came of device %s after it lost a right count (%llu entry is "
	                  "held)?",
	                  "Let what came of device %s after it lost a right count (%llu entries "
	                  "are held)?",
	                  d->for_right),
	         d->name, (unsigned long long) d->for_right);
	return consent(d->args->yes, question);
}

static int
act_admit(struct deed *d)
{
	uint64_t before = d->held;
	status st = registry_admit(d->txn, d->device.feed,
	                           text_of(d->args->why ? d->args->why : ""), clock_wall_ms());
	int code;

	if (st == ST_EXISTS)
		return nothing_to_admit(d);
	if (st == ST_LIMIT)
		return cli_fail(EX_DATAERR,
		                _("device %s has too many ends of lanes to be admitted; enrol it "
		                  "again"),
		                d->name);
	if (st == ST_OK)
		st = hub_refold(d->h, d->txn);
	if (st == ST_OK)
		st = device_held(d->txn, d->device.feed, &d->held, &d->for_right);
	code = done(d, st);
	if (code != EX_OK)
		return code;
	printf(_("admitted what came of device %s; no longer held: %llu; still held: %llu\n"),
	       d->name, (unsigned long long) (before > d->held ? before - d->held : 0),
	       (unsigned long long) d->held);
	return EX_OK;
}

int
admit_command(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "why", KEY_WHY, N_("TEXT"), 0, N_("the reason, for those who read it later"), 0 },
		OPTION_YES,
		OPTION_HOME,
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = N_("DEVICE"),
		.doc = N_("Let count what came of a device after it lost a right, as far as it is "
		          "here now. The device does not get the right back: what comes later is "
		          "held again."),
	};
	struct args a = { .revokes = false };

	cli_parse(&argp, argc, argv, &a);
	return run(&a, ask_admit, act_admit);
}
