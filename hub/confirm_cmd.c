/* "confirm": after the hub was put back to an older copy, the office says that the
 * registry is as it should be. */
#include <stdio.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/consent.h"
#include "hub/rollback_text.h"

enum { WAIT_MS = 10 * 1000 };

struct args {
	const char *home;
	bool yes;
};

enum { KEY_HOME = 0x200, KEY_YES };

static const struct argp_option options[] = {
	{ "yes", KEY_YES, NULL, 0, N_("do not ask"), 0 },
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), 0 },
	{ 0 },
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case KEY_HOME: a->home = arg; return 0;
	case KEY_YES: a->yes = true; return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = N_("After this hub was put back to an older copy: say that its list of devices is "
	          "right, so that new ones are admitted again. Compare 'valija-hub devices' with "
	          "your papers first: who was enrolled or revoked after the copy was made has to "
	          "be enrolled or revoked once more."),
};

/* What was met, or nothing to do. */
static int
look(hub *h, bool *ret_open)
{
	kv_txn *txn = NULL;
	status st = kv_read(hub_store(h), &txn);

	*ret_open = st == ST_OK && rollback_warn(txn);
	kv_abort(&txn);
	return st == ST_OK ? EX_OK : command_failed(h, st);
}

/* What was met in the meantime is confirmed with it. */
static status
enter(hub *h, uint64_t *ret_number)
{
	kv_txn *txn = NULL;
	struct rollback met;
	status st = kv_write(hub_store(h), WAIT_MS, &txn);

	if (st == ST_OK)
		st = rollback_open(txn, &met);
	if (st == ST_OK)
		st = registry_confirm(txn, met.registry, met.plan, clock_wall_ms());
	if (st == ST_OK) {
		*ret_number = registry_number(txn);
		st = kv_commit(&txn);
	}
	kv_abort(&txn);
	if (st == ST_OK)
		hub_touch(h);
	return st;
}

static int
confirm(hub *h, const struct args *a)
{
	uint64_t number = 0;
	bool open;
	status st = ST_NOT_FOUND;
	int code = look(h, &open);

	if (code == EX_OK && open)
		code = consent(a->yes,
		               _("Is the list that 'valija-hub devices' shows right, and were "
		                 "those revoked after the copy revoked again?"));
	if (code != EX_OK)
		return code;
	if (open)
		st = enter(h, &number);
	if (st == ST_NOT_FOUND) {
		puts(_("there is nothing to confirm: no device has seen more than this hub has"));
		return EX_OK;
	}
	if (st < 0)
		return command_failed(h, st);
	printf(_("confirmed by registry entry %llu; devices can be enrolled again\n"),
	       (unsigned long long) number);
	return EX_OK;
}

int
confirm_command(int argc, char **argv)
{
	struct args a = { .yes = false };
	hub *h = NULL;
	int code;

	cli_parse(&argp, argc, argv, &a);
	code = command_open(a.home, &h);
	if (code == EX_OK)
		code = confirm(h, &a);
	hub_close(&h);
	return code;
}
