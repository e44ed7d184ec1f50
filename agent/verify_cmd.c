/* What the disk has changed, for an officer: what is safe, what is not, what to do now. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "agent/command.h"
#include "agent/commands.h"
#include "agent/outbox_verify.h"
#include "agent/reading.h"
#include "common/cli.h"
#include "common/i18n.h"
#include "common/json_out.h"
#include "common/owner.h"

enum { SHOWN_BYTES = 512 };

/* clang-format off */
static const char doc[] =
	N_("Read all that is stored on this device and say whether it is as it was recorded: every entry, the "
	   "chain of their hashes, and what else is kept. Others may go on recording meanwhile.")
	"\v"
	N_("The exit status is 65 when something is damaged; then it says which file, from which entry on, and what "
	   "to do.\n\n"
	   "With --json: damaged, file, tip and acknowledged (entries; null: cannot be read), whole (entries 1 to "
	   "this are as recorded), parts {file, entries, replaced, keys, marks, plan, standing: \"whole\", "
	   "\"damaged\", \"busy\" or \"unknown\"}.");

static const struct {
	const char *name;   /* in JSON */
	const char *broken; /* msgid */
} parts[OUTBOX_PARTS_] = {
	[PART_FILE] = { "file", N_("pages of it are missing or cannot be read") },
	[PART_ENTRIES] = { "entries", N_("the chain of the entries is broken") },
	[PART_REPLACED] = { "replaced", N_("which entry replaces which is not what the entries say") },
	[PART_KEYS] = { "keys", N_("by what entries are found again does not lead to entries") },
	[PART_MARKS] = { "marks", N_("what the hub has confirmed is not on the chain of the entries") },
	[PART_PLAN] = { "plan", N_("what is kept of the plan is not what the plan says") },
	[PART_STANDING] = { "standing", N_("what the hub said of the entries cannot be read") },
};
/* clang-format on */

static const char *const healths[] = {
	[HEALTH_UNKNOWN] = "unknown",
	[HEALTH_WHOLE] = "whole",
	[HEALTH_DAMAGED] = "damaged",
	[HEALTH_BUSY] = "busy",
};

struct report {
	const char *home;
	char file[SHOWN_BYTES]; /* safe to print */
	struct outbox_verdict found;
};

/* ---- JSON ---- */

static json_t *
number_json(const struct report *r, uint64_t n)
{
	return r->found.known ? json_integer((json_int_t) n) : json_null();
}

static status
print_json(const struct report *r)
{
	json_t *o = json_object(), *list = json_object();

	for (int i = 0; i < OUTBOX_PARTS_; i++)
		json_object_set_new(list, parts[i].name, json_string(healths[r->found.parts[i]]));
	json_object_set_new(o, "damaged", json_boolean(r->found.damaged));
	json_object_set_new(o, "file", json_string(r->file));
	json_object_set_new(o, "tip", number_json(r, r->found.tip));
	json_object_set_new(o, "acknowledged", number_json(r, r->found.acked));
	json_object_set_new(o, "given_up", json_integer((json_int_t) r->found.given_up));
	json_object_set_new(o, "whole", json_integer((json_int_t) r->found.whole));
	json_object_set_new(o, "parts", list);
	return json_print(o);
}

/* ---- for people ---- */

static void
print_whole(const struct report *r)
{
	unsigned long long n = r->found.whole - r->found.given_up, gone = r->found.given_up;

	printf(ngettext("%llu entry, and all that belongs to it, is as it was recorded\n",
	                "%llu entries, and all that belongs to them, are as they were recorded\n",
	                n),
	       n);
	if (gone > 0)
		printf(ngettext("%llu old entry is not kept here any more; the hub has it\n",
		                "%llu old entries are not kept here any more; the hub has them\n",
		                gone),
		       gone);
	if (r->found.parts[PART_PLAN] == HEALTH_BUSY)
		puts(_("the plan was not looked at: another program was writing all the time"));
}

static void
print_damage(const struct report *r)
{
	const struct outbox_verdict *f = &r->found;

	if (f->parts[PART_ENTRIES] == HEALTH_DAMAGED && f->known)
		printf(_("%s is damaged from entry %llu on\n"), r->file,
		       (unsigned long long) f->whole + 1);
	else
		printf(_("%s is damaged\n"), r->file);
	for (int i = 0; i < OUTBOX_PARTS_; i++) {
		if (f->parts[i] == HEALTH_DAMAGED)
			printf("  %s\n", gettext(parts[i].broken));
	}
	if ((f->parts[PART_REPLACED] == HEALTH_DAMAGED || f->parts[PART_KEYS] == HEALTH_DAMAGED) &&
	    f->seq > 0)
		printf(_("  found at entry %llu\n"), (unsigned long long) f->seq);
}

/* What the hub has is safe, whatever this disk does. */
static void
print_safe(const struct outbox_verdict *f)
{
	unsigned long long acked = f->acked, whole = f->whole;

	if (!f->known) {
		puts(_("what the hub has of this device is safe there"));
		return;
	}
	printf(ngettext("safe at the hub: %llu entry of %llu\n",
	                "safe at the hub: the first %llu entries of %llu\n", acked),
	       acked, (unsigned long long) f->tip);
	if (whole > acked)
		printf(_("entries %llu to %llu are whole and not at the hub yet: 'valija-agent sync' "
		         "carries them there; do that first\n"),
		       acked + 1, whole);
	if (f->tip > whole && f->tip > acked)
		printf(_("entries %llu to %llu are lost here, unless a copy of the home has them\n"),
		       (whole > acked ? whole : acked) + 1, (unsigned long long) f->tip);
}

static void
print_remedy(const struct report *r)
{
	printf(_("what to do: keep a copy of %s as it is; put the last good copy of the home in "
	         "its place; 'valija-agent adopt' then fetches from the hub what that copy has not. "
	         "Record nothing before that\n"),
	       r->home);
}

static int
report(struct report *r, bool json)
{
	status st = ST_OK;

	if (json) {
		st = print_json(r);
	} else if (r->found.damaged) {
		print_damage(r);
		print_safe(&r->found);
		print_remedy(r);
	} else {
		print_whole(r);
	}
	if (st < 0)
		return cli_fail(cli_exit(st), "%s", gettext(status_text(st)));
	return r->found.damaged ? EX_DATAERR : EX_OK;
}

/* ---- the command ---- */

/* Not opened here: what is in the way of that is what is asked. */
static int
verify(struct report *r, bool json)
{
	status st = sodium_init() < 0 ? ST_NOMEM : owner_become(r->home);

	if (st == ST_OK)
		st = outbox_verify(r->home, &r->found);
	return st < 0 ? command_open_failed(r->home, st) : report(r, json);
}

int
verify_command(int argc, char **argv)
{
	struct reading reading = { .home = NULL };
	struct report r = { .home = NULL };
	char shown[SHOWN_BYTES - 32];

	reading_parse(&reading, doc, argc, argv);
	r.home = command_home(reading.home);
	snprintf(r.file, sizeof(r.file), "%s/outbox/data.mdb",
	         cli_safe(r.home, strlen(r.home), shown, sizeof(shown)));
	return verify(&r, reading.json);
}
