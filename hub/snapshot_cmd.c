/* What "run" has a process of its own do now and then; also given by hand. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/offset.h"
#include "hub/snapshot_store.h"

enum { KEY_HOME = 0x200, KEY_KEEP, SHOWN_BYTES = 200 };

struct args {
	const char *home;
	size_t kept;
};

static const struct argp_option options[] = {
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), 0 },
	{ "keep", KEY_KEEP, N_("N"), 0,
	  N_("how many are kept (default: 16); 0: none, those that are there are removed"), 0 },
	{ 0 },
};

static void
take_kept(struct args *a, const char *word, struct argp_state *state)
{
	char *end;
	unsigned long kept;

	errno = 0;
	kept = strtoul(word, &end, 10);
	if (*word < '0' || *word > '9' || *end != '\0' || errno != 0 || kept > SNAPSHOTS_MAX)
		argp_error(state, _("--keep: a number from 0 to %d is wanted"),
		           (int) SNAPSHOTS_MAX);
	a->kept = kept;
}

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case KEY_HOME: a->home = arg; return 0;
	case KEY_KEEP: take_kept(a, arg, state); return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = N_(
		"Keep the ledger as it is now, also while the hub runs, so that a question about "
		"the past (--at) need not count again what came before. The service does it by "
		"itself, as 'snapshots' in hub.conf says. Of more than are kept those are removed "
		"that are missed least. They lie in the home, without the journal: they are no "
		"backup, and may be deleted."),
};

static int
failed(hub *h, status st)
{
	const char *home = hub_home(h);
	char shown[SHOWN_BYTES];

	cli_safe(home, strlen(home), shown, sizeof(shown));
	if (st == ST_FULL)
		return cli_fail(EX_IOERR,
		                _("too little space below %s: twice the size of the store is to be "
		                  "free; no snapshot was made"),
		                shown);
	if (st == ST_BUSY)
		return cli_fail(EX_TEMPFAIL, _("another process makes a snapshot of %s already"),
		                shown);
	return command_failed(h, st);
}

static void
tell(const struct snapshot *now, bool made)
{
	struct offset o = { .entries = now->entries, .has_hash = true };
	char at[OFFSET_TEXT_BYTES];

	memcpy(o.hash, now->running, OFFSET_HASH_BYTES);
	offset_text(&o, at);
	if (made)
		printf(_("snapshot of %s\n"), at);
	else
		printf(_("there is a snapshot of %s already\n"), at);
}

static int
keep(hub *h, size_t kept)
{
	struct snapshot now;
	bool made = false;
	status st = snapshots_keep(h, kept, &now, &made);

	if (st < 0)
		return failed(h, st);
	tell(&now, made);
	return EX_OK;
}

static void
keep_none(const hub *h)
{
	snapshots_forget(h);
	puts(_("no snapshots are kept"));
}

int
snapshot_command(int argc, char **argv)
{
	struct args a = { .kept = SNAPSHOTS_KEPT };
	hub *h = NULL;
	int code;

	cli_parse(&argp, argc, argv, &a);
	code = command_open(a.home, &h);
	if (code != EX_OK)
		return code;
	if (a.kept > 0)
		code = keep(h, a.kept);
	else
		keep_none(h);
	hub_close(&h);
	return code;
}
