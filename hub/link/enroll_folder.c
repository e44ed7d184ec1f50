#include "hub/link/enroll_folder.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/files.h"
#include "common/i18n.h"
#include "common/listing.h"
#include "hub/command.h"
#include "hub/consent.h"
#include "hub/device_of.h"
#include "hub/link/enroll_file.h"
#include "hub/rollback_text.h"

enum {
	WAIT_MS = 10 * 1000,
	FILES_MAX = 1024,
	PRINTS_BYTES_MAX = 1 << 20,
	NAME_SHOWN_BYTES = 200,
	REMARK_BYTES = FILE_FAULT_BYTES + NAME_SHOWN_BYTES,
	EXIT_LOOK = 1,
};

/* What can become of a file. */
enum fate {
	FATE_READY, /* would be enrolled, or be granted more */
	FATE_KNOWN, /* exactly so enrolled already */
	FATE_TWICE, /* another file says the same */
	FATE_BAD,   /* remark says why */
};

struct asked {
	char *name; /* of the file */
	uint8_t *bytes;
	struct request request;
	char print[FINGERPRINT_TEXT_BYTES];
	enum fate fate;
	char remark[REMARK_BYTES];
	bool confirmed;
};

struct enroll_folder {
	const struct enrolling *how;
	hub *h;
	struct asked *list;
	size_t count;
	char *prints; /* the file of fingerprints; NULL: a person is asked */
};

static void
bad(struct asked *a, const char *why)
{
	a->fate = FATE_BAD;
	snprintf(a->remark, sizeof(a->remark), "%s", why);
}

/* ---- reading ---- */

static void
read_one(struct asked *a, const char *path)
{
	char fault[FILE_FAULT_BYTES];

	if (enroll_file_read(path, &a->bytes, &a->request, fault) != EX_OK)
		bad(a, fault);
	else
		fingerprint(&a->request, a->print);
}

static int
visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static int
read_all(enroll_folder *f)
{
	struct dirent **entries = NULL;
	char path[PATH_MAX], shown[NAME_SHOWN_BYTES];
	int count = scandir(f->how->path, &entries, visible, alphasort), files = 0;
	status st = count < 0 ? from_errno(errno) : ST_OK;

	cli_safe(f->how->path, strlen(f->how->path), shown, sizeof(shown));
	if (st < 0)
		return cli_fail(cli_exit(st), _("%s: cannot be read: %s"), shown,
		                gettext(status_text(st)));
	f->list = calloc(FILES_MAX, sizeof(*f->list));
	for (int i = 0; i < count; i++) {
		struct stat info;

		if (f->list &&
		    path_join(path, sizeof(path), f->how->path, entries[i]->d_name) == ST_OK &&
		    stat(path, &info) == 0 && !S_ISDIR(info.st_mode) && files++ < FILES_MAX) {
			struct asked *a = &f->list[f->count++];

			a->name = strdup(entries[i]->d_name);
			read_one(a, path);
		}
		free(entries[i]);
	}
	free(entries);
	if (!f->list)
		return cli_fail(EX_OSERR, "%s", gettext(status_text(ST_NOMEM)));
	if (f->count == 0)
		return cli_fail(EX_NOINPUT, _("%s: there is no file in this folder"), shown);
	if (files > FILES_MAX)
		return cli_fail(
			EX_DATAERR,
			_("%s: more than %d files in this folder; nothing was changed, take "
		          "some out and give the command again"),
			shown, FILES_MAX);
	return EX_OK;
}

static int
read_single(enroll_folder *f)
{
	f->list = calloc(1, sizeof(*f->list));
	if (!f->list)
		return cli_fail(EX_OSERR, "%s", gettext(status_text(ST_NOMEM)));
	f->count = 1;
	f->list[0].name = strdup(f->how->path);
	read_one(&f->list[0], f->how->path);
	return EX_OK;
}

static int
read_prints(enroll_folder *f)
{
	const char *path = f->how->fingerprints;
	char shown[NAME_SHOWN_BYTES];
	uint8_t *bytes = NULL;
	size_t len = 0;
	status st = path ? file_read(path, PRINTS_BYTES_MAX, &bytes, &len) : ST_OK;

	f->prints = (char *) bytes; /* with a 0 behind it */
	if (st == ST_OK)
		return EX_OK;
	return cli_fail(cli_exit(st), _("%s: cannot be read: %s"),
	                cli_safe(path, strlen(path), shown, sizeof(shown)),
	                gettext(status_text(st)));
}

void
enroll_folder_free(enroll_folder **f_p)
{
	enroll_folder *f = *f_p;

	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++) {
		free(f->list[i].name);
		free(f->list[i].bytes);
	}
	free(f->list);
	free(f->prints);
	free(f);
	*f_p = NULL;
}

int
enroll_folder_read(const struct enrolling *how, enroll_folder **ret_folder)
{
	enroll_folder *f = calloc(1, sizeof(*f));
	int code;

	if (!f)
		return cli_fail(EX_OSERR, "%s", gettext(status_text(ST_NOMEM)));
	f->how = how;
	code = read_prints(f);
	if (code == EX_OK)
		code = file_is_folder(how->path) ? read_all(f) : read_single(f);
	if (code != EX_OK)
		enroll_folder_free(&f);
	*ret_folder = f;
	return code;
}

/* ---- requests beside each other ---- */

static bool
same_units(const struct codes *a, const struct codes *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!text_equal(a->list[i], b->list[i]))
			return false;
	return true;
}

static void
conflict(struct asked *a, const struct asked *b, const char *rule)
{
	char name[NAME_SHOWN_BYTES], why[REMARK_BYTES];

	cli_safe(b->name, strlen(b->name), name, sizeof(name));
	bad(a, cli_rule(rule, name, why, sizeof(why)));
}

/* Which of two different requests of one device is meant nobody here can know: none is
 * taken. */
static void
compare(struct asked *a, struct asked *b)
{
	bool same_feed = memcmp(a->request.feed, b->request.feed, FEED_BYTES) == 0;
	bool same_curve = memcmp(a->request.curve, b->request.curve, CURVE_BYTES) == 0;

	if (same_feed && same_curve && same_units(&a->request.units, &b->request.units)) {
		conflict(b, a, N_("the same as %s"));
		b->fate = FATE_TWICE;
	} else if (same_feed) {
		conflict(a, b, N_("%s is another request of this device"));
		conflict(b, a, N_("%s is another request of this device"));
	} else if (same_curve) {
		conflict(a, b, N_("%s has the same link key"));
		conflict(b, a, N_("%s has the same link key"));
	}
}

static void
compare_all(enroll_folder *f)
{
	for (size_t i = 0; i < f->count; i++) {
		for (size_t k = i + 1; k < f->count; k++) {
			if (f->list[i].bytes && f->list[k].bytes)
				compare(&f->list[i], &f->list[k]);
		}
	}
}

/* ---- requests beside the registry and the plan ---- */

static bool
units_known(const enroll_folder *f, struct asked *a, const plan *in_force)
{
	for (size_t i = 0; i < a->request.units.count; i++) {
		struct text unit = a->request.units.list[i];
		char why[REMARK_BYTES];

		if (plan_unit(in_force, unit.at, unit.len))
			continue;
		snprintf(why, sizeof(why), _("unit '%.*s' is not in the plan in force"),
		         (int) unit.len, unit.at);
		if (!f->how->force) {
			bad(a, why);
			return false;
		}
		snprintf(a->remark, sizeof(a->remark), "%s", why);
	}
	return true;
}

/* Enrol it in txn; the fate is what came of that. */
static status
put(const enroll_folder *f, kv_txn *txn, const plan *in_force, struct asked *a, bool *refold)
{
	bool again = false;
	char fault[FILE_FAULT_BYTES];
	status st = registry_check_link_key(txn, &a->request);

	if (!enroll_file_fits(&a->request, f->how->role, fault)) {
		bad(a, fault);
		return ST_OK;
	}

	if (st == ST_EXISTS) {
		bad(a,
		    _("another device with the same link key is enrolled; let the device make a "
		      "new home and request"));
		return ST_OK;
	}
	if (st < 0 || !units_known(f, a, in_force))
		return st;
	st = registry_enroll(txn, &a->request, f->how->role, clock_wall_ms(), &again);
	*refold = *refold || again;
	if (st == ST_EXISTS) {
		a->fate = FATE_KNOWN;
		snprintf(a->remark, sizeof(a->remark), "%s", _("enrolled already"));
	} else if (st == ST_INVALID) {
		bad(a, _("the device is enrolled for more than this request or role gives it"));
	} else if (st == ST_LIMIT) {
		bad(a, _("with what it lost these are too many units for one device"));
	} else {
		return st;
	}
	return ST_OK;
}

static status
put_all(enroll_folder *f, kv_txn *txn, bool *ret_refold)
{
	const plan *in_force;
	status st = hub_plan(f->h, txn, &in_force);

	for (size_t i = 0; i < f->count && st == ST_OK; i++) {
		if (f->list[i].fate == FATE_READY)
			st = put(f, txn, in_force, &f->list[i], ret_refold);
	}
	return st;
}

/* What would come of it: done, and undone. */
static int
try_all(enroll_folder *f)
{
	kv_txn *txn = NULL;
	bool refold = false, behind = false;
	status st = kv_write(hub_store(f->h), WAIT_MS, &txn);

	if (st == ST_OK)
		behind = rollback_warn(txn);
	if (st == ST_OK && !behind)
		st = put_all(f, txn, &refold);
	kv_abort(&txn);
	if (behind)
		return EX_TEMPFAIL;
	return st == ST_OK ? EX_OK : command_failed(f->h, st);
}

/* ---- the list ---- */

static size_t
count_of(const enroll_folder *f, enum fate fate)
{
	size_t count = 0;

	for (size_t i = 0; i < f->count; i++)
		count += f->list[i].fate == fate;
	return count;
}

static status
print_list(const enroll_folder *f)
{
	static const struct listing_column columns[] = {
		{ .title = N_("FILE"), .cut = true },
		{ .title = N_("UNITS"), .below = true },
		{ .title = N_("FINGERPRINT") },
		{ .title = N_("REMARK"), .below = true },
	};
	struct listing l;

	listing_begin(&l, FORM_TABLE, columns, sizeof(columns) / sizeof(columns[0]), NULL, NULL);
	for (size_t i = 0; i < f->count; i++) {
		const struct asked *a = &f->list[i];
		char units[UNITS_TEXT_BYTES] = "", name[NAME_SHOWN_BYTES];
		char remark[REMARK_BYTES + 64];

		if (a->bytes)
			device_units_text(&a->request.units, units);
		if (a->fate == FATE_BAD)
			snprintf(remark, sizeof(remark), _("NOT enrolled: %s"), a->remark);
		else
			snprintf(remark, sizeof(remark), "%s", a->remark);
		listing_row(
			&l,
			(const char *[]) { cli_safe(a->name, strlen(a->name), name, sizeof(name)),
		                           units, a->print, remark });
	}
	return listing_end(&l, NULL);
}

/* ---- confirming it ---- */

/* A fingerprint a line; what stands behind a '#' is passed over. */
static void
match_line(enroll_folder *f, char *line)
{
	char shown[NAME_SHOWN_BYTES];
	bool matched = false;

	line[strcspn(line, "#\r")] = '\0';
	if (line[strspn(line, " \t")] == '\0')
		return;
	for (size_t i = 0; i < f->count; i++) {
		if (!f->list[i].bytes || !fingerprint_matches(line, f->list[i].print))
			continue;
		matched = f->list[i].confirmed = true;
	}
	if (!matched)
		cli_warn(_("fingerprint %s is of no request here"),
		         cli_safe(line, strlen(line), shown, sizeof(shown)));
}

static void
match_prints(enroll_folder *f)
{
	char *rest = f->prints;

	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
		match_line(f, line);
}

/* All that would be enrolled must be in the file, else nothing is: the list that was read
 * by telephone and the folder are not the same. */
static int
confirm_by_file(enroll_folder *f)
{
	size_t missing = 0;

	match_prints(f);
	for (size_t i = 0; i < f->count; i++) {
		const struct asked *a = &f->list[i];
		char shown[NAME_SHOWN_BYTES];

		if (a->fate != FATE_READY || a->confirmed)
			continue;
		missing++;
		cli_warn(_("%s: its fingerprint is not in the list"),
		         cli_safe(a->name, strlen(a->name), shown, sizeof(shown)));
	}
	if (missing > 0)
		return cli_fail(EX_NOPERM, _("nothing was enrolled"));
	return EX_OK;
}

static int
confirm(enroll_folder *f)
{
	size_t ready = count_of(f, FATE_READY);
	char question[256];

	if (f->prints)
		return confirm_by_file(f);
	if (!isatty(STDIN_FILENO))
		return cli_fail(
			EX_USAGE,
			_("nobody is here to be asked; nothing was enrolled. --fingerprints "
		          "FILE takes the fingerprints that were read to you"));
	snprintf(question, sizeof(question),
	         ngettext("Did the people at the device read you this fingerprint, and shall it "
	                  "be enrolled (%zu)?",
	                  "Did the people at each device read you these fingerprints, and shall "
	                  "all be enrolled (%zu)?",
	                  ready),
	         ready);
	return consent(false, question);
}

/* ---- enrolling ---- */

static int
enrol_all(enroll_folder *f)
{
	kv_txn *txn = NULL;
	bool refold = false;
	status st = kv_write(hub_store(f->h), WAIT_MS, &txn);

	/* what was ready when the list was shown, and nothing else */
	if (st == ST_OK)
		st = put_all(f, txn, &refold);
	if (st == ST_OK && refold)
		st = hub_refold(f->h, txn);
	if (st == ST_OK)
		st = kv_commit(&txn);
	kv_abort(&txn);
	if (st < 0)
		return command_failed(f->h, st);
	hub_touch(f->h);
	return EX_OK;
}

static int
tell(const enroll_folder *f, size_t enrolled)
{
	size_t unwanted = count_of(f, FATE_BAD);

	printf(ngettext("%zu device enrolled", "%zu devices enrolled", enrolled), enrolled);
	printf(_("; enrolled already: %zu; not enrolled: %zu\n"), count_of(f, FATE_KNOWN),
	       unwanted);
	return unwanted > 0 ? EXIT_LOOK : EX_OK;
}

int
enroll_folder_enroll(enroll_folder *f, hub *h)
{
	size_t ready;
	int code;

	f->h = h;
	compare_all(f);
	code = try_all(f);
	if (code != EX_OK)
		return code;
	if (print_list(f) < 0)
		return cli_fail(EX_OSERR, "%s", gettext(status_text(ST_NOMEM)));
	ready = count_of(f, FATE_READY);
	if (ready == 0)
		return tell(f, 0);
	code = confirm(f);
	if (code == EX_OK)
		code = enrol_all(f);
	return code == EX_OK ? tell(f, count_of(f, FATE_READY)) : code;
}
