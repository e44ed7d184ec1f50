/* All that is derived, from the journal again: who kills it leaves the old ledger, and the
 * new one is there at once. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/apart.h"
#include "common/cli.h"
#include "common/i18n.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/rebuild.h"
#include "hub/snapshot_store.h"

struct args {
	const char *home;
	bool anew;
};

static void
print_digests(const char *when, const struct rebuild_digests *d)
{
	char set[2 * HASH_BYTES + 1], state[2 * HASH_BYTES + 1];

	if (!d->known) {
		printf(_("%s: no digest, it cannot be read\n"), when);
		return;
	}
	hex_encode(d->set, HASH_BYTES, set);
	hex_encode(d->state, HASH_BYTES, state);
	printf(_("%s: set %s\n"), when, set);
	printf(_("%s: state %s\n"), when, state);
}

static void
tell_beginning(const struct rebuild *r)
{
	if (r->found > 0)
		printf(_("it goes on where one that was ended had come to: entry %llu of the "
		         "journal\n"),
		       (unsigned long long) r->found);
}

static void
tell_again(const struct rebuild *r, unsigned *told)
{
	if (r->again > *told)
		puts(_("the plan, a lock, the list of devices or the journal has changed: it "
		       "begins again"));
	*told = r->again;
}

static status
rebuild(hub *h, struct rebuild *r)
{
	unsigned told = 0;
	status st = rebuild_step(h, r);

	if (st == ST_OK)
		tell_beginning(r);
	while (st == ST_OK && !r->done) {
		tell_again(r, &told);
		fflush(stdout);
		kv_give_way();
		st = rebuild_step(h, r);
	}
	return st;
}

static void
tell(const struct rebuild_digests *before, const struct rebuild_digests *after)
{
	print_digests(_("before"), before);
	print_digests(_("after"), after);
	if (before->known && memcmp(before->set, after->set, HASH_BYTES) == 0 &&
	    memcmp(before->state, after->state, HASH_BYTES) == 0)
		puts(_("the same as before"));
	else
		puts(_("another than before: what was derived had been damaged"));
}

static int
in_child(void *ctx)
{
	const struct args *args = ctx;
	struct rebuild r = { .anew = args->anew, .compare = true };
	hub *h = NULL;
	int code = command_open_any(args->home, &h);
	status st;

	if (code != EX_OK)
		return code;
	apart_no_words();
	command_watch(h);
	st = rebuild(h, &r);
	if (st == ST_OK) {
		snapshots_forget(h);
		hub_touch(h);
		tell(&r.before, &r.after);
	} else {
		code = command_failed(h, st);
	}
	hub_close(&h);
	return cli_finish(code);
}

enum { KEY_HOME = 0x200, KEY_ANEW };

static const struct argp_option options[] = {
	{ "anew", KEY_ANEW, NULL, 0,
	  N_("from the first entry on, also where one that was ended had come further"), 0 },
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), 0 },
	{ 0 },
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case KEY_ANEW: args->anew = true; return 0;
	case KEY_HOME: args->home = arg; return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = N_(
		"Make all that is derived from the journal anew: the index, the list of devices, "
		"the documents, the ledger. It is done in steps, beside what is there, and needs as "
		"much room on the disk again; a running hub takes what comes between them. Until "
		"the end all is as before; whatever ends it leaves that, and the next one goes on "
		"from there."),
};

int
rebuild_command(int argc, char **argv)
{
	struct args args = { .home = NULL };
	struct apart_end end;

	cli_parse(&argp, argc, argv, &args);
	if (apart_run(in_child, &args, &end) < 0)
		return cli_fail(EX_OSERR, _("no process could be started"));
	if (end.signal != 0)
		return cli_fail(EX_IOERR,
		                _("%s/store/data.mdb is damaged, or was cut short: reading it was "
		                  "ended by signal %d (%s)"),
		                command_home(args.home), end.signal, strsignal(end.signal));
	return end.code;
}
