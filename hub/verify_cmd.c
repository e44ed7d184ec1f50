/* What the disk has changed is for an operator: which file, which entries, of whom, and
 * who can bring them again. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/apart.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "common/json_out.h"
#include "hub/backups.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/contacts.h"
#include "hub/repair.h"

enum { PROGRESS_MS = 1000, WAIT_MS = 10 * 1000, SHOWN_BYTES = 200, UNITS_SHOWN_BYTES = 120 };

/* Where the child is that reads, for who has to tell how far it came. */
struct place {
	uint64_t entry, entries; /* of the journal; entries 0: not begun */
};

struct args {
	const char *home;
	bool json, no_fold, repair;
	const char *from[BACKUPS_KEPT];
	size_t from_count;
	struct place *place;
};

/* ---- words ---- */

static const struct {
	const char *name; /* in JSON */
	const char *what; /* msgid */
} kinds[DAMAGES_] = {
	[DAMAGE_ENTRY] = { "entry", N_("it is missing, or is no entry") },
	[DAMAGE_RUNNING] = { "running", N_("its bytes are not those that were stored") },
	[DAMAGE_BATCH] = { "batch",
	                   N_("its signature, or the chain of its events, does not hold") },
	[DAMAGE_SENDER] = { "sender", N_("it is of a device that is not enrolled") },
	[DAMAGE_JOIN] = { "join", N_("what lies before it is not here") },
	[DAMAGE_LOST] = { "lost", N_("it was damaged, and its events have not come again") },
	[DAMAGE_REGISTRY] = { "registry", N_("it is an act of the registry that cannot be read") },
	[DAMAGE_INDEX] = { "index", N_("the index is not what the journal says") },
	[DAMAGE_STRAY] = { "stray", N_("the index names a batch that is none") },
	[DAMAGE_LEAVES] = { "leaves", N_("the ends of the chains are not what the journal says") },
	[DAMAGE_RIGHTS] = { "rights", N_("the list of devices is not what the journal says") },
	[DAMAGE_DOCUMENTS] = { "documents",
	                       N_("plans, cuts or locks are not what the journal says") },
	[DAMAGE_LEDGER] = { "ledger", N_("counted again, the journal gives another state") },
};

/* Who has it still. */
typedef enum source { SOURCE_JOURNAL, SOURCE_DEVICE, SOURCE_BACKUP } source;

static const char *const source_names[] = {
	[SOURCE_JOURNAL] = "journal",
	[SOURCE_DEVICE] = "device",
	[SOURCE_BACKUP] = "backup",
};

/* ---- what was found ---- */

struct finding {
	hub *h;
	kv_txn *txn;
	bool json;
	json_t *list;
	int64_t shown_ms;
	struct place *place;
};

static source
source_of(const struct finding *f, const struct damage *d)
{
	struct contact contact;

	if (damage_is_derived(d->kind))
		return SOURCE_JOURNAL;
	if (!d->has_range || memcmp(d->feed, hub_id(f->h), FEED_BYTES) == 0)
		return SOURCE_BACKUP;
	if (contacts_get(f->txn, d->feed, &contact) == ST_OK && d->first <= contact.floor)
		return SOURCE_BACKUP; /* the device has given them up */
	return SOURCE_DEVICE;
}

static void
units_text(const struct finding *f, const uint8_t *feed, char out[static UNITS_SHOWN_BYTES])
{
	struct device device;
	size_t used = 0;

	*out = '\0';
	if (registry_device(f->txn, feed, &device) < 0)
		return;
	for (size_t i = 0; i < device.units.count && used < UNITS_SHOWN_BYTES; i++)
		used += (size_t) snprintf(out + used, UNITS_SHOWN_BYTES - used, "%s%.*s",
		                          i > 0 ? ", " : "", (int) device.units.list[i].len,
		                          device.units.list[i].at);
}

static void
print_damage(const struct finding *f, const struct damage *d)
{
	char device[DEVICE_TEXT_BYTES], units[UNITS_SHOWN_BYTES];

	if (d->kind < DAMAGE_LEAVES)
		printf(_("entry %llu of the journal: "), (unsigned long long) d->offset);
	puts(gettext(kinds[d->kind].what));
	if (d->has_range) {
		device_text(d->feed, device);
		units_text(f, d->feed, units);
		printf(_("  events %s-%llu to %s-%llu, %s\n"), device,
		       (unsigned long long) d->first, device, (unsigned long long) d->last,
		       *units ? units : _("of no unit"));
	}
	switch (source_of(f, d)) {
	case SOURCE_JOURNAL: puts(_("  'valija-hub rebuild' makes it anew")); break;
	case SOURCE_DEVICE:
		printf(_("  a backup has them, or device %s brings them again\n"), device);
		break;
	case SOURCE_BACKUP: puts(_("  only a backup has it")); break;
	}
}

static status
add_damage(struct finding *f, const struct damage *d)
{
	char device[DEVICE_TEXT_BYTES], units[UNITS_SHOWN_BYTES];
	json_t *row = json_object();

	json_object_set_new(row, "kind", json_string(kinds[d->kind].name));
	if (d->kind < DAMAGE_LEAVES)
		json_object_set_new(row, "offset", json_integer((json_int_t) d->offset));
	if (d->has_range) {
		device_text(d->feed, device);
		units_text(f, d->feed, units);
		json_object_set_new(row, "device", json_string(device));
		json_object_set_new(row, "first", json_integer((json_int_t) d->first));
		json_object_set_new(row, "last", json_integer((json_int_t) d->last));
		json_object_set_new(row, "units", json_string(units));
	}
	json_object_set_new(row, "refilled_by", json_string(source_names[source_of(f, d)]));
	return json_array_append_new(f->list, row) == 0 ? ST_OK : ST_NOMEM;
}

static status
found(void *ctx, const struct damage *d)
{
	struct finding *f = ctx;

	if (f->json)
		return add_damage(f, d);
	print_damage(f, d);
	return ST_OK;
}

static void
show_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct finding *f = ctx;
	int64_t now_ms;

	f->place->entry = done;
	f->place->entries = total;
	if (!isatty(STDERR_FILENO))
		return;
	now_ms = clock_mono_ms();
	if (now_ms - f->shown_ms < PROGRESS_MS)
		return;
	f->shown_ms = now_ms;
	fprintf(stderr, _("verifying: %llu of %llu\n"), (unsigned long long) done,
	        (unsigned long long) total);
}

/* ---- the answer ---- */

static void
set_hash(json_t *root, const char *key, const uint8_t *hash)
{
	json_object_set_new(root, key, json_hex(hash, HASH_BYTES));
}

static status
print_json(struct finding *f, const struct verified *v)
{
	json_t *root = json_object();

	json_object_set_new(root, "ok", json_boolean(v->damages == 0));
	json_object_set_new(root, "entries", json_integer((json_int_t) v->entries));
	json_object_set_new(root, "batches", json_integer((json_int_t) v->batches));
	json_object_set_new(root, "events", json_integer((json_int_t) v->events));
	json_object_set_new(root, "gaps", json_integer((json_int_t) v->gaps));
	json_object_set_new(root, "compared", json_boolean(v->compared));
	if (v->compared) {
		set_hash(root, "set", v->set);
		set_hash(root, "state", v->state);
		set_hash(root, "counted_set", v->fresh_set);
		set_hash(root, "counted_state", v->fresh_state);
	}
	json_object_set_new(root, "damages", f->list);
	f->list = NULL;
	return json_print(root);
}

static void
print_summary(const struct verified *v)
{
	char set[2 * HASH_BYTES + 1], state[2 * HASH_BYTES + 1];

	printf(_("%llu entries of the journal, %llu events\n"), (unsigned long long) v->entries,
	       (unsigned long long) v->events);
	if (v->compared && v->damages == 0) {
		hex_encode(v->set, HASH_BYTES, set);
		hex_encode(v->state, HASH_BYTES, state);
		printf(_("counted again: same digest, set %.16s state %.16s\n"), set, state);
	}
	if (v->gaps > 0)
		printf(ngettext("%llu gap: events are missing below others; 'valija-hub units' "
		                "says whose\n",
		                "%llu gaps: events are missing below others; 'valija-hub units' "
		                "says whose\n",
		                v->gaps),
		       (unsigned long long) v->gaps);
	if (v->unfolded < 0)
		printf(_("not counted again: %s; the folder TMPDIR names needs room for it\n"),
		       gettext(status_text(v->unfolded)));
	if (v->damages == 0)
		puts(_("all is well"));
	else
		printf(ngettext("%llu thing is damaged; 'valija-hub verify --repair' mends what "
		                "can be mended\n",
		                "%llu things are damaged; 'valija-hub verify --repair' mends what "
		                "can be mended\n",
		                v->damages),
		       (unsigned long long) v->damages);
}

/* ---- the command ---- */

static int
verify(const struct args *a, struct finding *f)
{
	const struct verifying how = { found, f, show_progress, f };
	struct verified v = { 0 };
	status st = kv_read(hub_store(f->h), &f->txn);

	if (st == ST_OK)
		st = hub_verify(f->h, f->txn, &how, !a->no_fold, &v);
	if (st == ST_OK && a->json)
		st = print_json(f, &v);
	else if (st == ST_OK)
		print_summary(&v);
	kv_abort(&f->txn);
	if (st < 0)
		return command_failed(f->h, st);
	return v.damages == 0 && v.unfolded == ST_OK ? EX_OK : EXIT_FAILURE;
}

/* What was done; on standard error, so that JSON stays what it is. */
static void
tell_repaired(const struct repaired *r)
{
	cli_warn(_("entries put back from backups: %llu; given up and sought again: %llu, of which "
	           "batches found: %llu; left as they are: %llu"),
	         (unsigned long long) r->mended, (unsigned long long) r->lost,
	         (unsigned long long) r->fetched, (unsigned long long) r->left);
	if (r->rebuilt)
		cli_warn(_("index and ledger were made anew"));
}

/* Found in one transaction, mended in another: what is damaged does not get well. */
static status
look_for_damage(const struct args *a, struct finding *f, struct repair *r)
{
	const struct verifying how = { repair_note, r, show_progress, f };
	struct verified v;
	status st = kv_read(hub_store(f->h), &f->txn);

	if (st == ST_OK)
		st = hub_verify(f->h, f->txn, &how, !a->no_fold, &v);
	kv_abort(&f->txn);
	return st;
}

static status
mend(const struct args *a, struct finding *f, const struct repair *r, bool *ret_again)
{
	struct repaired done = { 0 };
	kv_txn *txn = NULL;
	status st = kv_write(hub_store(f->h), WAIT_MS, &txn);

	if (st == ST_OK)
		st = hub_repair(f->h, txn, r, a->from, a->from_count, clock_wall_ms(), &done);
	if (st == ST_OK)
		st = kv_commit(&txn);
	kv_abort(&txn);
	if (st < 0)
		return st;
	hub_touch(f->h);
	tell_repaired(&done);
	*ret_again = done.mended > 0 || done.fetched > 0;
	return ST_OK;
}

/* What is derived can be compared only once the journal is whole: so a second time, where
 * something came back. */
static int
repair(const struct args *a, struct finding *f)
{
	bool again = true;
	status st = ST_OK;

	for (int round = 0; round < 2 && again && st == ST_OK; round++) {
		struct repair r = { .list = NULL };

		again = false;
		st = look_for_damage(a, f, &r);
		if (st == ST_OK && r.count > 0)
			st = mend(a, f, &r, &again);
		repair_done(&r);
	}
	return st == ST_OK ? EX_OK : command_failed(f->h, st);
}

static int
in_child(void *ctx)
{
	const struct args *a = ctx;
	struct finding f = { .json = a->json, .place = a->place, .shown_ms = clock_mono_ms() };
	int code = command_open_any(a->home, &f.h);

	if (code != EX_OK)
		return code;
	apart_no_words();
	command_watch(f.h);
	if (a->json)
		f.list = json_array();
	if (a->repair)
		code = repair(a, &f);
	if (code == EX_OK)
		code = verify(a, &f);
	json_decref(f.list);
	hub_close(&f.h);
	return cli_finish(code);
}

/* Of a store that cannot be read to its end nothing can be mended, only replaced. */
static int
unreadable(const struct args *a, int number)
{
	const struct place *place = a->place;
	const char *home = command_home(a->home);
	char shown[SHOWN_BYTES];

	cli_safe(home, strlen(home), shown, sizeof(shown));
	if (place->entries > 0)
		cli_warn(_("reading came to entry %llu of %llu of the journal"),
		         (unsigned long long) place->entry, (unsigned long long) place->entries);
	if (number != 0)
		cli_warn(_("%s/store/data.mdb is damaged, or was cut short: reading it was ended "
		           "by signal %d (%s)"),
		         shown, number, strsignal(number));
	return cli_fail(EX_IOERR,
	                _("put a backup in the place of the home, or start an empty hub with its "
	                  "keys; the devices bring what it lacks"));
}

enum { KEY_HOME = 0x200, KEY_JSON, KEY_NO_FOLD, KEY_REPAIR, KEY_FROM };

static const struct argp_option options[] = {
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), 0 },
	{ "json", KEY_JSON, NULL, 0, N_("print JSON"), 0 },
	{ "no-count", KEY_NO_FOLD, NULL, 0,
	  N_("do not count all again, which takes most of the time, and room below TMPDIR"), 0 },
	{ "repair", KEY_REPAIR, NULL, 0,
	  N_("put back what the backups have, and let the devices bring the rest again"), 0 },
	{ "from", KEY_FROM, N_("DIR"), 0,
	  N_("with --repair: a backup to look into, beside those that 'backup' wrote; may be given "
	     "several times"),
	  0 },
	{ 0 },
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case KEY_HOME: a->home = arg; return 0;
	case KEY_JSON: a->json = true; return 0;
	case KEY_NO_FOLD: a->no_fold = true; return 0;
	case KEY_REPAIR: a->repair = true; return 0;
	case KEY_FROM:
		if (a->from_count == BACKUPS_KEPT)
			argp_error(state, _("--from: at most %d are looked into"), BACKUPS_KEPT);
		a->from[a->from_count++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (a->from_count > 0 && !a->repair)
			argp_error(state, _("--from goes with --repair"));
		return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = N_(
		"Read all that is stored, also while the hub runs: every signature, every chain, "
		"the index, the list of devices, the documents; then count all again and compare. "
		"What is damaged is named, with who can bring it again.") "\v" N_("The exit status is 0 when all is well, 1 when something is damaged, 74 when the file "
	                                                                          "cannot be read to its end."),
};

int
verify_command(int argc, char **argv)
{
	struct args a = { 0 };
	struct apart_end end;
	int code;

	cli_parse(&argp, argc, argv, &a);
	a.place = apart_share(sizeof(*a.place));
	if (!a.place || apart_run(in_child, &a, &end) < 0)
		code = cli_fail(EX_OSERR, _("no process could be started"));
	else if (end.signal != 0 || end.code == EX_IOERR)
		code = unreadable(&a, end.signal);
	else
		code = end.code;
	apart_unshare(a.place, sizeof(*a.place));
	return code;
}
