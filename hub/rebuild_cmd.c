/* All that is derived, from the journal again.  One transaction: who kills it leaves the
 * old ledger, and the new one is there at once. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/apart.h"
#include "common/cli.h"
#include "common/i18n.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/digest.h"
#include "hub/snapshot_store.h"

enum { WAIT_MS = 10 * 1000 };

struct digests {
	bool known;
	uint8_t set[HASH_BYTES], state[HASH_BYTES];
};

/* What is damaged may have none. */
static void
read_digests(hub *h, kv_txn *txn, struct digests *d)
{
	d->known = hub_digest(h, txn, d->set, d->state) == ST_OK;
}

static void
print_digests(const char *when, const struct digests *d)
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

static status
rebuild(hub *h, struct digests *before, struct digests *after)
{
	kv_txn *txn = NULL;
	status st = kv_read(hub_store(h), &txn);

	if (st == ST_OK)
		read_digests(h, txn, before);
	kv_abort(&txn);
	if (st == ST_OK)
		st = kv_write(hub_store(h), WAIT_MS, &txn);
	if (st == ST_OK)
		st = hub_rebuild(h, txn);
	if (st == ST_OK)
		read_digests(h, txn, after);
	if (st == ST_OK)
		st = kv_commit(&txn);
	kv_abort(&txn);
	return st;
}

static void
tell(const struct digests *before, const struct digests *after)
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
	const char *home = ctx;
	struct digests before = { 0 }, after = { 0 };
	hub *h = NULL;
	int code = command_open_any(home, &h);
	status st;

	if (code != EX_OK)
		return code;
	apart_no_words();
	command_watch(h);
	st = rebuild(h, &before, &after);
	if (st == ST_OK) {
		snapshots_forget(h);
		hub_touch(h);
		tell(&before, &after);
	} else {
		code = command_failed(h, st);
	}
	hub_close(&h);
	return cli_finish(code);
}

enum { KEY_HOME = 0x200 };

static const struct argp_option options[] = {
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), 0 },
	{ 0 },
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	const char **home = state->input;

	switch (key) {
	case KEY_HOME: *home = arg; return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = N_("Make all that is derived from the journal anew: the index, the list of devices, "
	          "the documents, the ledger. A running hub waits meanwhile, and its devices with "
	          "it. Until the end all is as before; whatever ends it leaves that."),
};

int
rebuild_command(int argc, char **argv)
{
	const char *home = NULL;
	struct apart_end end;

	cli_parse(&argp, argc, argv, &home);
	if (apart_run(in_child, (void *) (uintptr_t) home, &end) < 0)
		return cli_fail(EX_OSERR, _("no process could be started"));
	if (end.signal != 0)
		return cli_fail(EX_IOERR,
		                _("%s/store/data.mdb is damaged, or was cut short: reading it was "
		                  "ended by signal %d (%s)"),
		                command_home(home), end.signal, strsignal(end.signal));
	return end.code;
}
