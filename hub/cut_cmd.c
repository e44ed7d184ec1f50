/* "cut": freeze what is here now under a name; "cuts": the cuts there are. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "common/json_out.h"
#include "common/listing.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/cuts.h"
#include "hub/event_row.h"
#include "hub/freeze.h"
#include "hub/offset.h"
#include "hub/period.h"

enum { SHOWN_BYTES = 256, WAIT_MS = 10 * 1000 };

/* ---- cut ---- */

struct input {
	const char *home, *name;
	bool has_cutoff, json;
	struct cut_order order;
};

enum { KEY_HOME = 0x200, KEY_CUTOFF, KEY_JSON, KEY_PERIOD };

static const struct argp_option options[] = {
	{ "cutoff", KEY_CUTOFF, N_("DATE"), 0,
	  N_("the last day that counts (default: the last one of --period, else today in Bogotá)"),
	  0 },
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), 0 },
	{ "json", KEY_JSON, NULL, 0, N_("print JSON"), 0 },
	{ "period", KEY_PERIOD, N_("QUARTER"), 0, N_("the quarter it is an edition of: 2025-Q4"),
	  0 },
	{ 0 },
};

static void
take_name(struct input *in, char *arg, struct argp_state *state)
{
	char shown[SHOWN_BYTES];

	if (in->name)
		argp_error(state, _("one name at a time"));
	in->name = arg;
	if (!cut_name_valid(text_of(arg)))
		argp_error(state,
		           _("a cut cannot be called '%s': a name is at most %d bytes, no number, "
		             "not \"now\", and has no '@'"),
		           cli_safe(arg, strlen(arg), shown, sizeof(shown)), NAME_BYTES_MAX);
}

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct input *in = state->input;

	switch (key) {
	case KEY_HOME: in->home = arg; return 0;
	case KEY_JSON: in->json = true; return 0;
	case KEY_CUTOFF:
		asking_day(state, "cutoff", arg, true, &in->order.cutoff);
		in->has_cutoff = true;
		return 0;
	case KEY_PERIOD:
		command_quarter(state, "period", arg, &in->order.period);
		in->order.has_period = true;
		return 0;
	case ARGP_KEY_ARG: take_name(in, arg, state); return 0;
	case ARGP_KEY_END:
		if (!in->name)
			argp_error(state, _("name the cut"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static int
tell_json(const struct cut_file *f, const char *ref, const char *at, bool already)
{
	json_t *root = json_object();
	char day[DATE_TEXT_BYTES];
	status st;

	date_format(f->cut.cutoff, day);
	json_object_set_new(root, "name", json_text(f->document.name.at, f->document.name.len));
	json_object_set_new(root, "ref", json_string(ref));
	json_object_set_new(root, "at", json_string(at));
	json_object_set_new(root, "cutoff", json_string(day));
	json_object_set_new(root, "gaps", json_integer((json_int_t) leaves_count(&f->cut.gaps)));
	json_object_set_new(root, "already", json_boolean(already));
	json_object_set_new(root, "digest",
	                    json_pack("{s:o, s:o}", "set", json_hex(f->cut.set, HASH_BYTES),
	                              "state", json_hex(f->cut.state, HASH_BYTES)));
	st = json_print(root);
	return st == ST_OK ? EX_OK : cli_exit(st);
}

static void
tell_text(const struct cut_file *f, const char *ref, const char *at, bool already)
{
	char day[DATE_TEXT_BYTES], set[2 * HASH_BYTES + 1], state[2 * HASH_BYTES + 1];
	char name[SHOWN_BYTES];
	size_t gaps = leaves_count(&f->cut.gaps);

	date_format(f->cut.cutoff, day);
	hex_encode(f->cut.set, HASH_BYTES, set);
	hex_encode(f->cut.state, HASH_BYTES, state);
	cli_safe(f->document.name.at, f->document.name.len, name, sizeof(name));
	if (already)
		printf(_("The cut %s is there already as it would be made now; nothing was "
		         "made.\n"),
		       name);
	printf(_("Cut %s: entry %s, journal at %s, cut-off %s\n"), name, ref, at, day);
	if (gaps > 0)
		printf(ngettext(
			       "Without what is missing here, below %zu point: 'valija-hub units' "
			       "says whose\n",
			       "Without what is missing here, below %zu points: 'valija-hub units' "
			       "says whose\n",
			       gaps),
		       gaps);
	printf(_("Digest, set:   %s\n"), set);
	printf(_("Digest, state: %s\n"), state);
}

/* Read back: what is told is what is stored. */
static int
tell(hub *h, const struct input *in, bool already)
{
	char ref[REF_TEXT_BYTES], at[MOMENT_TEXT_BYTES];
	struct cut_file f = { .bytes = NULL };
	kv_txn *txn = NULL;
	size_t same;
	status st = kv_read(hub_store(h), &txn);
	int code = EX_OK;

	if (st == ST_OK)
		st = cuts_find(txn, in->name, &f, &same);
	if (st == ST_OK)
		st = event_ref(txn, f.document.feed, &f.document.at, ref);
	if (st == ST_OK)
		asking_at_text(h, txn, at);
	if (st == ST_OK && in->json)
		code = tell_json(&f, ref, at, already);
	else if (st == ST_OK)
		tell_text(&f, ref, at, already);
	cut_file_done(&f);
	kv_abort(&txn);
	return st == ST_OK ? code : command_failed(h, st);
}

static int
refused(hub *h, const struct input *in, status st)
{
	char name[SHOWN_BYTES];

	cli_safe(in->name, strlen(in->name), name, sizeof(name));
	if (st == ST_EXISTS)
		return cli_fail(EX_DATAERR,
		                _("there is a cut %s already, of other entries or of another "
		                  "cut-off; 'valija-hub cuts' lists it. Nothing was changed"),
		                name);
	if (st == ST_LIMIT)
		return cli_fail(EX_DATAERR, _("more lanes than one cut can name: %d"), LEAVES_MAX);
	return command_record_failed(h, st);
}

static int
cut(hub *h, const struct input *in)
{
	kv_txn *txn = NULL;
	bool same = false;
	status st = kv_write(hub_store(h), WAIT_MS, &txn);
	int code = st == ST_OK ? freeze_check_cut(h, txn, &in->order) : EX_OK;

	if (code != EX_OK) {
		kv_abort(&txn);
		return code;
	}
	if (st == ST_OK)
		st = hub_cut(h, txn, &in->order, &same);
	if (st == ST_OK)
		st = kv_commit(&txn);
	kv_abort(&txn);
	if (st == ST_OK)
		hub_touch(h);
	if (st == ST_EXISTS && same)
		st = ST_OK; /* whoever lost the connection gives the command once more */
	return st == ST_OK ? tell(h, in, same) : refused(h, in, st);
}

int
cut_command(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.args_doc = N_("NAME"),
		.doc = N_(
			"Freeze what is here now as a cut: a named edition of the state, which can "
			"be computed again at any time, by any hub with the same entries. "
			"Questions take it with --at."),
	};
	struct input in = { .name = NULL };
	hub *h = NULL;
	int code;

	cli_parse(&argp, argc, argv, &in);
	in.order.name = text_of(in.name);
	freeze_complete(&in.order, in.has_cutoff);
	code = command_open(in.home, &h);
	if (code == EX_OK)
		code = cut(h, &in);
	hub_close(&h);
	return code;
}
