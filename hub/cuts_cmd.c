/* "cuts": which there are, and whether they can be computed again here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "common/listing.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/cuts.h"
#include "hub/event_row.h"

enum { TEXT_BYTES = 160, HEX_BYTES = 2 * HASH_BYTES + 1, HASH8_BYTES = 2 * CUT_HASH_BYTES + 1 };

struct args {
	const char *home, *at;
	bool json, verify;
};

enum { KEY_HOME = 0x200, KEY_AT, KEY_JSON, KEY_VERIFY };

static const struct argp_option options[] = {
	{ "at", KEY_AT, N_("CUT|N@HASH"), 0,
	  N_("those of that moment; see 'valija-hub state --help'"), 0 },
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), 0 },
	{ "json", KEY_JSON, NULL, 0, N_("print JSON"), 0 },
	{ "verify", KEY_VERIFY, NULL, 0,
	  N_("compute each again and compare its digest; the exit status is 1 when one cannot be, "
	     "or differs"),
	  0 },
	{ 0 },
};

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case KEY_HOME: a->home = arg; return 0;
	case KEY_AT: a->at = arg; return 0;
	case KEY_JSON: a->json = true; return 0;
	case KEY_VERIFY: a->verify = true; return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	case ARGP_KEY_END:
		if (a->at && a->verify)
			argp_error(state, _("one of --at and --verify at a time"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* ---- one cut ---- */

struct telling {
	const struct args *args;
	hub *hub;
	kv_txn *txn;
	struct listing listing;
	size_t bad; /* that cannot be computed, or differ */
};

static const struct listing_column columns[] = {
	{ "name", N_("NAME"), .type = CELL_TEXT },
	{ "period", N_("PERIOD"), .type = CELL_TEXT },
	{ "cutoff", N_("CUT-OFF"), .type = CELL_TEXT },
	{ "made", NULL, .type = CELL_TEXT },
	{ NULL, N_("MADE"), .type = CELL_TEXT },
	{ "device", NULL, .type = CELL_TEXT },
	{ "ref", N_("REF"), .type = CELL_TEXT },
	{ "hash8", N_("HASH8"), .type = CELL_TEXT },
	{ "set", NULL, .type = CELL_TEXT },
	{ "state", NULL, .type = CELL_TEXT },
	{ "here", NULL, .type = CELL_BOOL },
	{ "verified", NULL, .type = CELL_BOOL },
	{ "lacks", NULL, .type = CELL_TEXT },
	{ NULL, N_("CAN BE READ"), .type = CELL_TEXT, .below = true },
};

static const char *const lack_names[] = {
	[PAST_LACKS_NOTHING] = NULL,     [PAST_LACKS_EVENTS] = "events",
	[PAST_LACKS_PLAN] = "plan",      [PAST_LACKS_REGISTRY] = "registry",
	[PAST_DIFFERS] = "other-digest",
};

static void
lack_text(const struct past_fault *fault, bool verified, char *out, size_t size)
{
	char device[DEVICE_TEXT_BYTES];

	switch (fault->lack) {
	case PAST_LACKS_NOTHING:
		snprintf(out, size, "%s", verified ? _("yes, with the same digest") : _("yes"));
		return;
	case PAST_LACKS_EVENTS:
		device_text(fault->feed, device);
		snprintf(out, size, _("no: of device %s it has %llu entries, and here are %llu"),
		         device, (unsigned long long) fault->wanted,
		         (unsigned long long) fault->here);
		return;
	case PAST_LACKS_PLAN: snprintf(out, size, "%s", _("no: its plan is not here")); return;
	case PAST_LACKS_REGISTRY:
		snprintf(out, size, "%s", _("no: this hub never had its registry"));
		return;
	case PAST_DIFFERS: snprintf(out, size, "%s", _("no: its digest differs")); return;
	}
}

static status
look_at(struct telling *t, const struct cut_file *f, struct past_fault *ret_fault)
{
	hub *past = NULL;
	status st = t->args->verify ? past_at_cut(t->hub, t->txn, f, &past, ret_fault)
				    : past_can_cut(t->txn, &f->cut, ret_fault);

	hub_close(&past);
	return st == ST_NOT_FOUND && ret_fault->lack != PAST_LACKS_NOTHING ? ST_OK : st;
}

/* A name holds no control characters when this program gave it; an office's own may. */
static status
print_cut(struct telling *t, const struct cut_file *f, const struct past_fault *fault)
{
	char name[NAME_BYTES_MAX + 1] = "", period[QUARTER_TEXT_BYTES] = "";
	char cutoff[DATE_TEXT_BYTES], utc[UTC_TEXT_BYTES], made[BOGOTA_TEXT_BYTES];
	char device[DEVICE_TEXT_BYTES], ref[REF_TEXT_BYTES], hash8[HASH8_BYTES];
	char set[HEX_BYTES], state[HEX_BYTES], text[TEXT_BYTES];
	bool here = fault->lack == PAST_LACKS_NOTHING;
	status st = event_ref(t->txn, f->document.feed, &f->document.at, ref);

	if (st < 0)
		return st;
	text_append(name, sizeof(name), f->document.name);
	if (f->cut.has_period)
		quarter_format(f->cut.period, period);
	date_format(f->cut.cutoff, cutoff);
	utc_text(f->document.at_ms, utc);
	bogota_text(f->document.at_ms, made);
	device_text(f->document.feed, device);
	hex_encode(f->document.hash, CUT_HASH_BYTES, hash8);
	hex_encode(f->cut.set, HASH_BYTES, set);
	hex_encode(f->cut.state, HASH_BYTES, state);
	lack_text(fault, t->args->verify, text, sizeof(text));
	listing_row(&t->listing,
	            (const char *[]) { name, period, cutoff, utc, made, device, ref, hash8, set,
	                               state, here ? "yes" : NULL,
	                               here && t->args->verify ? "yes" : NULL,
	                               lack_names[fault->lack], text });
	return t->listing.st;
}

static status
visit(void *ctx, const struct office_document *d)
{
	struct telling *t = ctx;
	struct past_fault fault = { .lack = PAST_LACKS_NOTHING };
	struct cut_file f;
	status st = cut_file_open(d, &f);

	if (st < 0)
		return st;
	st = look_at(t, &f, &fault);
	if (st == ST_OK)
		st = print_cut(t, &f, &fault);
	t->bad += fault.lack != PAST_LACKS_NOTHING;
	cut_file_done(&f);
	return st;
}

static int
print_cuts(struct telling *t)
{
	json_t *head = json_object();
	status st, ended;

	asking_tell_at(t->hub, t->txn, head);
	listing_begin(&t->listing, t->args->json ? FORM_JSON : FORM_TABLE, columns,
	              sizeof(columns) / sizeof(columns[0]), "cuts", head);
	st = documents_each(t->txn, KIND_CUT, visit, t);
	/* closed also after a failure, or what was printed so far would be no JSON */
	ended = listing_end(&t->listing, NULL);
	if (!t->args->json && st == ST_OK && t->listing.count == 0)
		puts(_("There is no cut yet; 'valija-hub cut' makes one."));
	else if (!t->args->json && st == ST_OK)
		puts(_("\nDates and times are of Bogotá."));
	if (st < 0 || ended < 0)
		return command_failed(t->hub, st < 0 ? st : ended);
	return t->args->verify && t->bad > 0 ? EXIT_FAILURE : EX_OK;
}

int
cuts_command(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.doc = N_("List the cuts, and whether they can be computed again here."),
	};
	struct args a = { .json = false };
	struct telling t = { .args = &a };
	date cutoff; /* of the cut that --at names; a list has none */
	status st;
	int code;

	cli_parse(&argp, argc, argv, &a);
	code = command_open(a.home, &t.hub);
	if (code == EX_OK) {
		command_watch(t.hub);
		st = kv_read(hub_store(t.hub), &t.txn);
		code = st == ST_OK ? asking_go_back(a.at, &t.hub, &t.txn, &cutoff)
				   : command_failed(t.hub, st);
	}
	if (code == EX_OK)
		code = print_cuts(&t);
	kv_abort(&t.txn);
	hub_close(&t.hub);
	return code;
}
