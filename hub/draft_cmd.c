/* "draft": a cut or a lock of what is here now, for an office device to publish.  It goes
 * to standard output, since that is what comes back to who asks from another machine. */
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/cuts.h"
#include "hub/freeze.h"
#include "hub/locks.h"

struct input {
	const char *home, *word; /* the name of a cut, or the quarter of a lock */
	bool is_lock, has_cutoff, force;
	struct cut_order order;
	uint64_t quarter;
};

enum { KEY_HOME = 0x200, KEY_CUTOFF, KEY_FORCE, KEY_PERIOD };

#define OPTION_HOME \
	{ \
		"home", KEY_HOME, N_("DIR"), 0, \
			N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), \
			0 \
	}

static void
take_word(struct input *in, char *arg, struct argp_state *state)
{
	if (in->word)
		argp_error(state,
		           in->is_lock ? _("one quarter at a time") : _("one name at a time"));
	in->word = arg;
	if (in->is_lock)
		command_quarter(state, NULL, arg, &in->quarter);
	else if (!cut_name_valid(text_of(arg)))
		argp_error(state,
		           _("a cut cannot be called that: a name is no number, not \"now\", "
		             "and has no '@'"));
}

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct input *in = state->input;

	switch (key) {
	case KEY_HOME: in->home = arg; return 0;
	case KEY_CUTOFF:
		asking_day(state, "cutoff", arg, true, &in->order.cutoff);
		in->has_cutoff = true;
		return 0;
	case KEY_FORCE: in->force = true; return 0;
	case KEY_PERIOD:
		command_quarter(state, "period", arg, &in->order.period);
		in->order.has_period = true;
		return 0;
	case ARGP_KEY_ARG: take_word(in, arg, state); return 0;
	case ARGP_KEY_END:
		if (!in->word)
			argp_error(state,
			           in->is_lock ? _("name the quarter: 2025-Q4")
			                       : _("name the cut"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static int
check(hub *h, kv_txn *txn, struct input *in)
{
	if (in->is_lock)
		return freeze_check_lock(h, txn, in->quarter, in->force);
	in->order.name = text_of(in->word);
	freeze_complete(&in->order, in->has_cutoff);
	return freeze_check_cut(h, txn, &in->order);
}

static status
write_draft(hub *h, kv_txn *txn, const struct input *in, writer *w, bool *ret_same)
{
	if (in->is_lock)
		return hub_lock_draft(h, txn, in->quarter, w);
	return hub_cut_draft(h, txn, &in->order, w, ret_same);
}

static int
refused(hub *h, const struct input *in, status st)
{
	if (st == ST_EXISTS && in->is_lock)
		return cli_fail(EX_DATAERR, _("that quarter is locked as it is here already"));
	if (st == ST_EXISTS)
		return cli_fail(
			EX_DATAERR,
			_("there is a cut of that name already; 'valija-hub cuts' lists it"));
	if (st == ST_LIMIT)
		return cli_fail(EX_DATAERR, _("more lanes than one cut or lock can name: %d"),
		                LEAVES_MAX);
	return command_failed(h, st);
}

static int
draft(hub *h, struct input *in)
{
	kv_txn *txn = NULL;
	bool same = false;
	status st = kv_read(hub_store(h), &txn);
	int code = st == ST_OK ? check(h, txn, in) : EX_OK;
	struct bytes bytes;
	writer w;

	if (code != EX_OK) {
		kv_abort(&txn);
		return code;
	}
	writer_init(&w);
	if (st == ST_OK)
		st = write_draft(h, txn, in, &w, &same);
	kv_abort(&txn);
	bytes = writer_bytes(&w);
	if (st == ST_OK && fwrite(bytes.at, 1, bytes.len, stdout) != bytes.len)
		st = ST_IO;
	writer_done(&w);
	return st == ST_OK ? EX_OK : refused(h, in, st);
}

static int
run(const struct argp *argp, struct input *in, int argc, char **argv)
{
	hub *h = NULL;
	int code;

	cli_parse(argp, argc, argv, in);
	if (isatty(STDOUT_FILENO))
		return cli_fail(EX_USAGE,
		                _("a draft is a file and not for reading: end the command "
		                  "with > FILE"));
	code = command_open(in->home, &h);
	if (code == EX_OK)
		code = draft(h, in);
	hub_close(&h);
	return code;
}

static int
cut_command_of_draft(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "cutoff", KEY_CUTOFF, N_("DATE"), 0,
		  N_("the last day that counts (default: the last one of --period, else today in "
		     "Bogotá)"),
		  0 },
		{ "period", KEY_PERIOD, N_("QUARTER"), 0,
		  N_("the quarter it is an edition of: 2025-Q4"), 0 },
		OPTION_HOME,
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.args_doc = N_("NAME"),
		.doc = N_(
			"Write a cut of what is here now to standard output, for 'valija publish' at "
			"a device of the office."),
	};
	struct input in = { .is_lock = false };

	return run(&argp, &in, argc, argv);
}

static int
lock_command_of_draft(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "force", KEY_FORCE, NULL, 0,
		  N_("lock also a quarter that is not over: no unit records for it from then on "
		     "without a reason"),
		  0 },
		OPTION_HOME,
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.args_doc = N_("QUARTER"),
		.doc = N_("Write a lock of a quarter, as it is here now, to standard output, for "
		          "'valija publish' at a device of the office."),
	};
	struct input in = { .is_lock = true };

	return run(&argp, &in, argc, argv);
}

const struct cli_command draft_commands[] = {
	{ "cut", N_("write a cut to a file"), cut_command_of_draft, NULL },
	{ "lock", N_("write a lock to a file"), lock_command_of_draft, NULL },
	{ NULL, NULL, NULL, NULL },
};
