/* "lock": lock a quarter; "locks": which are locked. */
#include <stdio.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "common/listing.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/event_row.h"
#include "hub/freeze.h"
#include "hub/locks.h"

enum { WAIT_MS = 10 * 1000 };

struct input {
	const char *home, *at;
	bool json, force, has_quarter, takes_quarter;
	uint64_t quarter;
};

enum { KEY_HOME = 0x200, KEY_AT, KEY_FORCE, KEY_JSON };

#define OPTION_HOME \
	{ \
		"home", KEY_HOME, N_("DIR"), 0, \
			N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), \
			0 \
	}

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct input *in = state->input;

	switch (key) {
	case KEY_HOME: in->home = arg; return 0;
	case KEY_AT: in->at = arg; return 0;
	case KEY_FORCE: in->force = true; return 0;
	case KEY_JSON: in->json = true; return 0;
	case ARGP_KEY_ARG:
		if (!in->takes_quarter)
			argp_error(state, _("this command takes no '%s'"), arg);
		else if (in->has_quarter)
			argp_error(state, _("one quarter at a time"));
		command_quarter(state, NULL, arg, &in->quarter);
		in->has_quarter = true;
		return 0;
	case ARGP_KEY_END:
		if (in->takes_quarter && !in->has_quarter)
			argp_error(state, _("name the quarter: 2025-Q4"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* ---- lock ---- */

static int
tell(hub *h, const struct input *in, bool already)
{
	char quarter[QUARTER_TEXT_BYTES], at[MOMENT_TEXT_BYTES] = "";
	kv_txn *txn = NULL;
	status st = kv_read(hub_store(h), &txn);

	if (st == ST_OK)
		asking_at_text(h, txn, at);
	kv_abort(&txn);
	if (st < 0)
		return command_failed(h, st);
	quarter_format(in->quarter, quarter);
	if (already)
		printf(_("%s is locked as it is here already; nothing was changed\n"), quarter);
	else
		printf(_("%s is locked, journal at %s: what comes for it from now on counts only "
		         "with a reason\n"),
		       quarter, at);
	return EX_OK;
}

static int
lock(hub *h, const struct input *in)
{
	kv_txn *txn = NULL;
	status st = kv_write(hub_store(h), WAIT_MS, &txn);
	int code = st == ST_OK ? freeze_check_lock(h, txn, in->quarter, in->force) : EX_OK;

	if (code != EX_OK) {
		kv_abort(&txn);
		return code;
	}
	command_watch(h);
	if (st == ST_OK)
		st = hub_lock(h, txn, in->quarter, clock_wall_ms());
	if (st == ST_OK)
		st = kv_commit(&txn);
	kv_abort(&txn);
	if (st == ST_OK)
		hub_touch(h);
	if (st == ST_LIMIT)
		return cli_fail(EX_DATAERR, _("more lanes than one lock can name: %d"), LEAVES_MAX);
	return st == ST_OK || st == ST_EXISTS ? tell(h, in, st == ST_EXISTS)
					      : command_record_failed(h, st);
}

int
lock_command(int argc, char **argv)
{
	static const struct argp_option lock_options[] = {
		{ "force", KEY_FORCE, NULL, 0,
		  N_("lock also a quarter that is not over: no unit records for it from then on "
		     "without a reason"),
		  0 },
		OPTION_HOME,
		{ 0 },
	};
	static const struct argp argp = {
		.options = lock_options,
		.parser = take_option,
		.args_doc = N_("QUARTER"),
		.doc = N_("Lock a quarter: what is here now stays as it is, and an entry of that "
		          "quarter that comes later is held unless it gives a reason (--why). A "
		          "quarter that is locked again lets in what came in between.\n\nA lock is "
		          "never taken away, and it reaches all units with their next sync."),
	};
	struct input in = { .takes_quarter = true };
	hub *h = NULL;
	int code;

	cli_parse(&argp, argc, argv, &in);
	code = command_open(in.home, &h);
	if (code == EX_OK)
		code = lock(h, &in);
	hub_close(&h);
	return code;
}

/* ---- locks ---- */

struct telling {
	hub *hub;
	kv_txn *txn;
	struct listing listing;
};

static const struct listing_column columns[] = {
	{ "quarter", N_("QUARTER"), .type = CELL_TEXT },
	{ "made", NULL, .type = CELL_TEXT },
	{ NULL, N_("LOCKED"), .type = CELL_TEXT },
	{ "device", N_("DEVICE"), .type = CELL_TEXT },
	{ "ref", N_("REF"), .type = CELL_TEXT },
	{ "hash", NULL, .type = CELL_TEXT },
};

static status
print_lock(void *ctx, const struct office_document *d)
{
	struct telling *t = ctx;
	char quarter[QUARTER_TEXT_BYTES], utc[UTC_TEXT_BYTES], made[BOGOTA_TEXT_BYTES];
	char device[DEVICE_TEXT_BYTES], ref[REF_TEXT_BYTES], hash[2 * HASH_BYTES + 1];
	status st = event_ref(t->txn, d->feed, &d->at, ref);

	quarter_format(d->number, quarter);
	utc_text(d->at_ms, utc);
	bogota_text(d->at_ms, made);
	device_text(d->feed, device);
	hex_encode(d->hash, HASH_BYTES, hash);
	listing_row(&t->listing, (const char *[]) { quarter, utc, made, device, ref, hash });
	return st == ST_OK ? t->listing.st : st;
}

static int
print_locks(struct telling *t, const struct input *in)
{
	json_t *head = json_object();
	status st, ended;

	asking_tell_at(t->hub, t->txn, head);
	listing_begin(&t->listing, in->json ? FORM_JSON : FORM_TABLE, columns,
	              sizeof(columns) / sizeof(columns[0]), "locks", head);
	st = documents_each(t->txn, KIND_LOCK, print_lock, t);
	ended = listing_end(&t->listing, NULL);
	if (!in->json && st == ST_OK && t->listing.count == 0)
		puts(_("No quarter is locked; 'valija-hub lock' locks one."));
	else if (!in->json && st == ST_OK)
		puts(_("\nDates and times are of Bogotá."));
	st = st == ST_OK ? ended : st;
	return st == ST_OK ? EX_OK : command_failed(t->hub, st);
}

int
locks_command(int argc, char **argv)
{
	static const struct argp_option locks_options[] = {
		{ "at", KEY_AT, N_("CUT|N@HASH"), 0,
		  N_("those of that moment; see 'valija-hub state --help'"), 0 },
		OPTION_HOME,
		{ "json", KEY_JSON, NULL, 0, N_("print JSON"), 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = locks_options,
		.parser = take_option,
		.doc = N_("List the quarters that are locked."),
	};
	struct input in = { .json = false };
	struct telling t = { .txn = NULL };
	date cutoff; /* of a cut; a lock has none */
	status st;
	int code;

	cli_parse(&argp, argc, argv, &in);
	code = command_open(in.home, &t.hub);
	if (code == EX_OK) {
		st = kv_read(hub_store(t.hub), &t.txn);
		code = st == ST_OK ? asking_go_back(in.at, &t.hub, &t.txn, &cutoff)
				   : command_failed(t.hub, st);
	}
	if (code == EX_OK)
		code = print_locks(&t, &in);
	kv_abort(&t.txn);
	hub_close(&t.hub);
	return code;
}
