#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/apart.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/files.h"
#include "common/i18n.h"
#include "common/new_home.h"
#include "hub/backups.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/journal.h"
#include "hub/verify.h"

enum { SHOWN_BYTES = 200, WAIT_MS = 10 * 1000 };

struct args {
	const char *home, *dir;
};

enum { KEY_HOME = 0x200 };

static const struct argp_option options[] = {
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
	case ARGP_KEY_ARG:
		if (a->dir)
			argp_error(state, _("this command takes no '%s'"), arg);
		a->dir = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->dir)
			argp_error(state, _("where to? Name a folder that is not there yet"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = N_("DIR"),
	.doc = N_("Copy the whole hub, with its keys, into a new folder, also while it runs, and "
	          "read the copy again. The copy is a home: to restore it, put it in the place of "
	          "the lost one. Devices are told what is safe in it, and 'verify --repair' looks "
	          "into it: keep it until the next one is made."),
};

/* ---- whether it is whole ---- */

static status
note_damage(void *ctx, const struct damage *d)
{
	bool *whole = ctx;

	(void) d;
	*whole = false;
	return ST_OK;
}

/* All of the journal is read again, as verify does; what follows from it need not be
 * compared, since it can be made anew. */
static int
look_at_copy(void *ctx)
{
	const char *dir = ctx;
	bool whole = true;
	const struct verifying how = { .visit = note_damage, .ctx = &whole };
	struct verified v;
	kv_txn *txn = NULL;
	hub *copy = NULL;
	status st = hub_open(dir, &copy);

	if (st == ST_OK)
		st = kv_read(hub_store(copy), &txn);
	if (st == ST_OK)
		st = hub_verify(copy, txn, &how, false, &v);
	kv_abort(&txn);
	hub_close(&copy);
	return st == ST_OK && whole ? EX_OK : EXIT_FAILURE;
}

static bool
is_whole(const char *dir)
{
	struct apart_end end;

	return apart_run(look_at_copy, (void *) (uintptr_t) dir, &end) == ST_OK &&
		end.code == EX_OK && end.signal == 0;
}

/* From now on devices are told what is safe in it, and damage is mended from it. */
static status
note_backup(hub *h, const char *dir)
{
	char path[PATH_MAX];
	kv_txn *txn = NULL, *seen = NULL;
	hub *copy = NULL;
	status st = realpath(dir, path) ? hub_open(dir, &copy) : ST_IO;

	if (st == ST_OK)
		st = kv_read(hub_store(copy), &seen);
	if (st == ST_OK)
		st = kv_write(hub_store(h), WAIT_MS, &txn);
	if (st == ST_OK)
		st = backups_note(txn, copy, seen, path, clock_wall_ms());
	if (st == ST_OK)
		st = kv_commit(&txn);
	kv_abort(&txn);
	kv_abort(&seen);
	hub_close(&copy);
	return st;
}

/* ---- telling ---- */

/* Read from the copy, as whoever restores it will: what it cannot open is no
 * backup. */
static status
tell(const char *dir)
{
	struct journal_entry last = { 0 };
	char shown[SHOWN_BYTES], running[2 * HASH_BYTES + 1];
	kv_txn *txn = NULL;
	hub *copy = NULL;
	uint64_t size = 0;
	status st = hub_open(dir, &copy);

	if (st == ST_OK)
		st = kv_read(hub_store(copy), &txn);
	if (st == ST_OK) {
		size = journal_size(txn);
		st = size > 0 ? journal_read(txn, size - 1, &last) : ST_MALFORMED;
	}
	if (st == ST_OK) {
		hex_encode(last.running, HASH_BYTES, running);
		printf(_("%s: %llu entries of the journal, %llu@%.16s\n"),
		       cli_safe(dir, strlen(dir), shown, sizeof(shown)), (unsigned long long) size,
		       (unsigned long long) size, running);
		puts(_("It was read again and is whole. The hub's secret keys are in it: keep it "
		       "where only you can read it."));
	}
	kv_abort(&txn);
	hub_close(&copy);
	return st;
}

/* Whose fault it is: what is there not empty, or missing above it, is the folder's. */
static int
failed(hub *h, const char *dir, status st)
{
	char shown[SHOWN_BYTES];

	if (st == ST_FULL)
		return cli_fail(EX_IOERR, _("no space left for %s; nothing of it was kept"),
		                cli_safe(dir, strlen(dir), shown, sizeof(shown)));
	if (st == ST_EXISTS || st == ST_NOT_FOUND || st == ST_DENIED)
		return new_home_failed(dir, st);
	return command_failed(h, st);
}

static int
not_whole(const char *dir)
{
	char shown[SHOWN_BYTES];

	cli_safe(dir, strlen(dir), shown, sizeof(shown));
	return cli_fail(
		EXIT_FAILURE,
		_("%s was written, but what it holds is damaged, here as there; 'valija-hub "
	          "verify' says what"),
		shown);
}

/* The home is closed while a child reads the copy. */
int
backup_command(int argc, char **argv)
{
	struct args a = { 0 };
	hub *h = NULL;
	status st;
	int code;

	cli_parse(&argp, argc, argv, &a);
	code = command_open_any(a.home, &h);
	if (code != EX_OK)
		return code;
	st = hub_backup(h, a.dir);
	if (st < 0) {
		code = failed(h, a.dir, st);
		hub_close(&h);
		return code;
	}
	hub_close(&h);
	if (!is_whole(a.dir))
		return not_whole(a.dir);
	code = command_open_any(a.home, &h);
	if (code != EX_OK)
		return code;
	st = note_backup(h, a.dir);
	if (st == ST_OK)
		st = tell(a.dir);
	if (st < 0)
		code = command_failed(h, st);
	hub_close(&h);
	return code;
}
