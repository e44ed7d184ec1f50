#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/files.h"
#include "common/i18n.h"
#include "hub/command.h"
#include "hub/link/commands.h"
#include "hub/link/enroll_file.h"
#include "hub/link/enroll_folder.h"
#include "hub/rollback_text.h"

enum { WAIT_MS = 10 * 1000, SHOWN_BYTES = 200, UNITS_SHOWN_BYTES = 400 };

struct args {
	const char *home, *request, *fingerprint, *fingerprints;
	device_role role;
	bool force;
};

enum { KEY_HOME = 0x200, KEY_FINGERPRINT, KEY_FINGERPRINTS, KEY_FORCE, KEY_ROLE };

static const struct argp_option options[] = {
	{ "fingerprint", KEY_FINGERPRINT, N_("XXXX-XXXX-XXXX-XXXX"), 0,
	  N_("as the people at the device read it to you"), 0 },
	{ "fingerprints", KEY_FINGERPRINTS, N_("FILE"), 0,
	  N_("for a folder: the fingerprints that were read to you, one a line"), 0 },
	{ "role", KEY_ROLE, N_("device|office|reader"), 0,
	  N_("'office' may also correct for every unit and publish plans, 'reader' only asks this "
	     "hub (default: device)"),
	  0 },
	{ "force", KEY_FORCE, NULL, 0, N_("enrol also for units that are not in the plan in force"),
	  0 },
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), 0 },
	{ 0 },
};

static device_role
role_of(struct argp_state *state, const char *word)
{
	const char *const words[] = { device_role_name(ROLE_DEVICE), device_role_name(ROLE_OFFICE),
		                      device_role_name(ROLE_READER) };
	device_role role = ROLE_HUB;

	if (!device_role_of(text_of(word), &role) || role == ROLE_HUB)
		command_wrong_word(state, "role", word, words, sizeof(words) / sizeof(words[0]));
	return role;
}

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case KEY_FINGERPRINT: a->fingerprint = arg; return 0;
	case KEY_FINGERPRINTS: a->fingerprints = arg; return 0;
	case KEY_ROLE: a->role = role_of(state, arg); return 0;
	case KEY_FORCE: a->force = true; return 0;
	case KEY_HOME: a->home = arg; return 0;
	case ARGP_KEY_ARG:
		if (a->request)
			argp_error(state, _("one request at a time"));
		a->request = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->request)
			argp_error(state,
			           _("which request? Give the file that the device made, "
			             "or a folder of them"));
		else if (a->fingerprint && (a->fingerprints || file_is_folder(a->request)))
			argp_error(state,
			           _("--fingerprint is for one request; for a folder give "
			             "--fingerprints FILE, or none to be asked"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = N_("REQUEST|DIR"),
	.doc = N_("Let a device in, after its fingerprint was compared; of a folder, all whose "
	          "requests lie in it, after one list was confirmed. A running hub knows them "
	          "within a second. A device that was revoked is let in again."),
};

/* ---- checking ---- */

static int
read_request(const char *path, uint8_t **ret_bytes, struct request *ret_request)
{
	char shown[SHOWN_BYTES], fault[FILE_FAULT_BYTES];
	int code = enroll_file_read(path, ret_bytes, ret_request, fault);

	if (code == EX_OK)
		return EX_OK;
	return cli_fail(code, "%s: %s", cli_safe(path, strlen(path), shown, sizeof(shown)), fault);
}

static void
list_units(const struct codes *units, char *out, size_t size)
{
	size_t used = 0;

	*out = 0;
	for (size_t i = 0; i < units->count; i++) {
		int n = snprintf(out + used, size - used, "%s%.*s", i > 0 ? ", " : "",
		                 (int) units->list[i].len, units->list[i].at);

		if (n < 0 || (size_t) n >= size - used)
			return;
		used += (size_t) n;
	}
}

/* Read by a person from a person: what the request says is not shown first. */
static int
ask(const struct request *r, char *answer, size_t size)
{
	char units[UNITS_SHOWN_BYTES];

	if (!isatty(STDIN_FILENO))
		return cli_fail(EX_USAGE,
		                _("--fingerprint is needed; compare it with the people at the "
		                  "device first"));
	list_units(&r->units, units, sizeof(units));
	if (r->units.count > 0)
		printf(_("A device asks to report for: %s\n"), units);
	else
		puts(_("A device asks, and wants to report for no unit"));
	fputs(_("Fingerprint, as the people at the device read it to you: "), stdout);
	fflush(stdout);
	if (!fgets(answer, (int) size, stdin))
		return cli_fail(EX_USAGE, _("no fingerprint; nothing was enrolled"));
	answer[strcspn(answer, "\n")] = 0;
	return EX_OK;
}

static int
check_fingerprint(const struct args *a, const struct request *r)
{
	char wanted[FINGERPRINT_TEXT_BYTES], answer[SHOWN_BYTES];
	int code = EX_OK;

	fingerprint(r, wanted);
	if (!a->fingerprint)
		code = ask(r, answer, sizeof(answer));
	if (code != EX_OK)
		return code;
	if (!fingerprint_matches(a->fingerprint ? a->fingerprint : answer, wanted))
		return cli_fail(EX_NOPERM,
		                _("the fingerprint is not that of this request; nothing was "
		                  "enrolled. Ask for it again, and make sure that the file is "
		                  "the one from that device"));
	return EX_OK;
}

/* A device is for units, a reader is for none. */
static int
check_role(const struct args *a, const struct request *r)
{
	char fault[FILE_FAULT_BYTES];

	if (enroll_file_fits(r, a->role, fault))
		return EX_OK;
	return cli_fail(EX_DATAERR, _("%s; nothing was enrolled"), fault);
}

static int
check_units(const struct args *a, const struct request *r, const plan *in_force)
{
	int code = EX_OK;

	for (size_t i = 0; i < r->units.count; i++) {
		struct text unit = r->units.list[i];

		if (plan_unit(in_force, unit.at, unit.len))
			continue;
		if (a->force)
			cli_warn(_("unit '%.*s' is not in the plan in force; what is reported for "
			           "it is "
			           "held"),
			         (int) unit.len, unit.at);
		else
			code = cli_fail(EX_DATAERR,
			                _("unit '%.*s' is not in the plan in force; nothing was "
			                  "enrolled (--force does it all the same)"),
			                (int) unit.len, unit.at);
	}
	return code;
}

/* ---- enrolling ---- */

static status
put(hub *h, kv_txn *txn, const struct args *a, const struct request *r)
{
	bool refold = false;
	status st = registry_enroll(txn, r, a->role, clock_wall_ms(), &refold);

	if (st == ST_OK && refold)
		st = hub_refold(h, txn);
	return st;
}

static int
enrol_in(hub *h, kv_txn *txn, const struct args *a, struct request *r, status *ret_st)
{
	const plan *in_force = NULL;
	int code = check_role(a, r);

	if (code != EX_OK)
		return code;
	if (rollback_warn(txn))
		return EX_TEMPFAIL;
	if (registry_check_link_key(txn, r) == ST_EXISTS)
		return cli_fail(EX_DATAERR,
		                _("another device with the same link key is enrolled; let "
		                  "the device make a new home and request"));
	*ret_st = hub_plan(h, txn, &in_force);
	if (*ret_st == ST_OK) {
		code = check_units(a, r, in_force);
		if (code != EX_OK)
			return code;
	}
	if (*ret_st == ST_OK || *ret_st == ST_NOT_FOUND)
		*ret_st = put(h, txn, a, r);
	return EX_OK;
}

static void
tell(const struct args *a, const struct request *r, bool known)
{
	char device[DEVICE_TEXT_BYTES], units[UNITS_SHOWN_BYTES];

	device_text(r->feed, device);
	list_units(&r->units, units, sizeof(units));
	if (r->units.count == 0 && known)
		printf(_("device %s is enrolled already: %s\n"), device, device_role_name(a->role));
	else if (r->units.count == 0)
		printf(_("enrolled device %s: %s\n"), device, device_role_name(a->role));
	else if (known)
		printf(_("device %s is enrolled already: %s for %s\n"), device,
		       device_role_name(a->role), units);
	else
		printf(_("enrolled device %s: %s for %s\n"), device, device_role_name(a->role),
		       units);
}

static int
enrol(hub *h, const struct args *a, struct request *r)
{
	kv_txn *txn = NULL;
	status st = kv_write(hub_store(h), WAIT_MS, &txn);
	int code = EX_OK;

	if (st == ST_OK)
		code = enrol_in(h, txn, a, r, &st);
	if (st == ST_OK && code == EX_OK) {
		st = kv_commit(&txn);
		if (st == ST_OK)
			hub_touch(h);
	}
	kv_abort(&txn);
	if (code != EX_OK)
		return code;
	if (st == ST_INVALID)
		return cli_fail(EX_DATAERR,
		                _("the device is enrolled for more than this request or role "
		                  "gives it; nothing was changed"));
	if (st == ST_LIMIT)
		return cli_fail(EX_DATAERR,
		                _("with what it lost these are too many units for one device"));
	if (st < 0 && st != ST_EXISTS)
		return command_failed(h, st);
	tell(a, r, st == ST_EXISTS);
	return EX_OK;
}

static int
enrol_one(hub *h, const struct args *a, struct request *r)
{
	int code = check_fingerprint(a, r);

	return code == EX_OK ? enrol(h, a, r) : code;
}

int
enroll_command(int argc, char **argv)
{
	struct args a = { .role = ROLE_DEVICE };
	struct enrolling how;
	struct request r = { 0 };
	enroll_folder *many = NULL;
	uint8_t *bytes = NULL;
	hub *h = NULL;
	int code;

	cli_parse(&argp, argc, argv, &a);
	how = (struct enrolling) { a.request, a.fingerprints, a.role, a.force };
	if (a.fingerprints || file_is_folder(a.request))
		code = enroll_folder_read(&how, &many);
	else
		code = read_request(a.request, &bytes, &r);
	if (code == EX_OK)
		code = command_open(a.home, &h); /* which may make another user of root */
	if (code == EX_OK)
		command_watch(h);
	if (code == EX_OK && many)
		code = enroll_folder_enroll(many, h);
	else if (code == EX_OK)
		code = enrol_one(h, &a, &r);
	free(bytes);
	enroll_folder_free(&many);
	hub_close(&h);
	return code;
}
