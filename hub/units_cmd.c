/* A fleet at a glance: whom one has to ring up.  All that is told here is of the
 * devices and their links; none of it is state, none of it is in the digest. */
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
#include "hub/contacts.h"
#include "hub/journal.h"
#include "hub/names.h"

enum {
	NUMBER_BYTES = 24,
	SKEW_BYTES = 40,
	FORKS_SHOWN = 8,
	FORKS_BYTES = FORKS_SHOWN * 22, /* 20 digits and what stands between */
	NOTE_TEXT_BYTES = 512,
	LAST_BYTES = 48,
	SOON_S = 5, /* a clock that is so little off is not worth a word */
	HOUR_S = 3600,
	DAY_S = 24 * HOUR_S,
};

/* A device stands once for each of its units. */
struct post {
	char unit[CODE_BYTES_MAX + 1];
	uint8_t feed[FEED_BYTES];
	device_role role;
};

struct posts {
	struct post *list;
	size_t count, room;
};

/* Gathered before any is printed: devices are kept by key, people look for a
 * unit. */
static status
add_post(struct posts *p, struct text unit, const struct device *d)
{
	struct post *post;

	if (p->count == p->room) {
		size_t room = p->room ? 2 * p->room : 64;
		struct post *list = realloc(p->list, room * sizeof(*list));

		if (!list)
			return ST_NOMEM;
		p->list = list;
		p->room = room;
	}
	post = &p->list[p->count++];
	*post = (struct post) { .role = d->role };
	memcpy(post->unit, unit.at, unit.len);
	memcpy(post->feed, d->feed, FEED_BYTES);
	return ST_OK;
}

static status
note_device(void *ctx, const struct device *d)
{
	status st = ST_OK;

	for (size_t i = 0; d->role != ROLE_HUB && i < d->units.count && st == ST_OK; i++)
		st = add_post(ctx, d->units.list[i], d);
	return st;
}

static int
compare_posts(const void *a, const void *b)
{
	const struct post *x = a, *y = b;
	int order = strcmp(x->unit, y->unit);

	return order != 0 ? order : memcmp(x->feed, y->feed, FEED_BYTES);
}

/* ---- what there is to say of one device ---- */

struct facts {
	bool heard_of;
	struct contact contact;
	uint64_t stored; /* highest number here */
	size_t lanes;
	uint64_t forks[FORKS_SHOWN];
};

static status
facts_of(kv_txn *txn, const uint8_t *feed, struct facts *f)
{
	struct point leaves[LANES_MAX];
	size_t forks;
	status st = contacts_get(txn, feed, &f->contact);

	f->heard_of = st == ST_OK;
	f->stored = 0;
	if (st == ST_OK || st == ST_NOT_FOUND)
		st = journal_leaves(txn, feed, leaves, LANES_MAX, &f->lanes);
	if (st == ST_OK && f->lanes > 0)
		/* they ascend by number */
		f->stored = leaves[(f->lanes < LANES_MAX ? f->lanes : LANES_MAX) - 1].seq;
	if (st == ST_OK && f->lanes > 1)
		st = journal_forks(txn, feed, f->forks, FORKS_SHOWN, &forks);
	return st;
}

/* "17, 40", without what is there twice.  There is a fork for each lane but the first. */
static void
forks_text(const struct facts *f, const char *between, char out[static FORKS_BYTES])
{
	size_t count = f->lanes - 1, used = 0;

	*out = '\0';
	for (size_t i = 0; i < count && i < FORKS_SHOWN; i++) {
		if (i > 0 && f->forks[i] == f->forks[i - 1])
			continue;
		used += (size_t) snprintf(out + used, FORKS_BYTES - used, "%s%llu",
		                          i > 0 ? between : "", (unsigned long long) f->forks[i]);
	}
}

static void
note_of(const struct facts *f, char out[static NOTE_TEXT_BYTES])
{
	char forks[FORKS_BYTES];

	*out = '\0';
	if (f->lanes <= 1)
		return;
	forks_text(f, ", ", forks);
	/* TRANSLATORS: a lane is one unbranched run of a device's entries */
	snprintf(out, NOTE_TEXT_BYTES,
	         _("%zu lanes: a copy of this device was restored or cloned at entry %s; all "
	           "entries count, each once"),
	         f->lanes, forks);
}

/* Rounded down to one unit of time: whether it is 3 hours (a wrong zone) or 3 years
 * (a dead battery) is what one wants to know. */
static void
skew_text(int64_t skew_ms, char out[static SKEW_BYTES])
{
	long long s = (skew_ms < 0 ? -skew_ms : skew_ms) / 1000;
	char sign = skew_ms < 0 ? '-' : '+';

	if (s <= SOON_S)
		snprintf(out, SKEW_BYTES, "%s", _("on time"));
	else if (s < 120)
		snprintf(out, SKEW_BYTES, _("%c%lld s"), sign, s);
	else if (s < 2 * HOUR_S)
		snprintf(out, SKEW_BYTES, _("%c%lld min"), sign, s / 60);
	else if (s < 2 * DAY_S)
		snprintf(out, SKEW_BYTES, _("%c%lld h"), sign, s / HOUR_S);
	else
		snprintf(out, SKEW_BYTES, _("%c%lld days"), sign, s / DAY_S);
}

/* ---- output ---- */

static const struct listing_column columns[] = {
	{ "unit", N_("UNIT"), .type = CELL_TEXT },
	{ "unit_name", N_("NAME"), .type = CELL_TEXT, .cut = true },
	{ "device", N_("DEVICE"), .type = CELL_TEXT },
	{ "role", NULL, .type = CELL_TEXT },
	{ "last_contact", NULL, .type = CELL_TEXT },
	{ NULL, N_("LAST CONTACT"), .type = CELL_TEXT },
	{ "tip", N_("RECORDED"), .type = CELL_NUMBER },
	{ "stored", N_("HERE"), .type = CELL_NUMBER },
	{ "pending", N_("PENDING"), .type = CELL_NUMBER },
	{ "skew_ms", NULL, .type = CELL_NUMBER },
	{ NULL, N_("CLOCK"), .type = CELL_TEXT },
	{ "plan_version", NULL, .type = CELL_NUMBER },
	{ "program", NULL, .type = CELL_TEXT },
	{ "lanes", NULL, .type = CELL_NUMBER },
	{ "forks", NULL, .type = CELL_NUMBERS },
	{ "note", N_("REMARK"), .type = CELL_TEXT, .wrap = true },
};

/* The cells of a device; what is not known stays empty. */
struct post_cells {
	char device[DEVICE_TEXT_BYTES];
	char last_utc[UTC_TEXT_BYTES], last[LAST_BYTES];
	char tip[NUMBER_BYTES], stored[NUMBER_BYTES], pending[NUMBER_BYTES];
	char skew_ms[NUMBER_BYTES], skew[SKEW_BYTES], plan[NUMBER_BYTES], lanes[NUMBER_BYTES];
	char forks[FORKS_BYTES], note[NOTE_TEXT_BYTES];
};

static void
number(uint64_t n, char out[static NUMBER_BYTES])
{
	snprintf(out, NUMBER_BYTES, "%llu", (unsigned long long) n);
}

static void
fill_contact(const struct facts *f, struct post_cells *cells)
{
	if (!f->heard_of) {
		snprintf(cells->last, sizeof(cells->last), "%s", _("never"));
		return;
	}
	utc_text(f->contact.last_ms, cells->last_utc);
	bogota_text(f->contact.last_ms, cells->last);
	number(f->contact.tip.seq, cells->tip);
	number(f->contact.pending, cells->pending);
	number(f->contact.plan, cells->plan);
	snprintf(cells->skew_ms, NUMBER_BYTES, "%lld", (long long) f->contact.skew_ms);
	skew_text(f->contact.skew_ms, cells->skew);
}

static void
fill_lanes(const struct facts *f, struct post_cells *cells)
{
	number(f->stored, cells->stored);
	number(f->lanes, cells->lanes);
	if (f->lanes > 1)
		forks_text(f, " ", cells->forks);
	note_of(f, cells->note);
}

static status
print_post(const struct asking *a, struct listing *l, const struct post *post)
{
	struct post_cells c = { .device = "" };
	struct facts f;
	status st = facts_of(a->txn, post->feed, &f);

	if (st < 0)
		return st;
	device_text(post->feed, c.device);
	fill_contact(&f, &c);
	fill_lanes(&f, &c);
	listing_row(l, (const char *[]) { post->unit, name_of(a->plan, NAME_UNIT, text_of(post->unit)),
	                                  c.device, device_role_name(post->role), c.last_utc, c.last,
	                                  c.tip, c.stored, c.pending, c.skew_ms, c.skew, c.plan,
	                                  f.heard_of ? f.contact.program : NULL, c.lanes, c.forks,
	                                  c.note });
	return l->st;
}

/* From the first on each time: some hundred units, and as many posts. */
static bool
has_post(const struct posts *p, const char *unit)
{
	for (size_t i = 0; i < p->count; i++) {
		if (strcmp(p->list[i].unit, unit) == 0)
			return true;
	}
	return false;
}

/* The units of the plan that nobody reports for: named in JSON, else counted. */
static size_t
print_rest(const struct asking *a, struct listing *l, const struct posts *p)
{
	const char *cells[sizeof(columns) / sizeof(columns[0])] = { NULL };
	size_t count, rest = 0;
	const struct plan_unit *units = plan_units(a->plan, &count);

	for (size_t i = 0; i < count; i++) {
		if (has_post(p, units[i].code))
			continue;
		rest++;
		cells[0] = units[i].code;
		cells[1] = units[i].name;
		if (a->json)
			listing_row(l, cells);
	}
	return rest;
}

static void
print_summary(const struct listing *l, size_t rest)
{
	if (l->count == 0)
		puts(_("No device is enrolled yet; 'valija-hub enroll' lets one in."));
	else
		puts(_("\nTimes are of Bogotá; RECORDED and PENDING are what the device told."));
	printf(ngettext("%zu unit of the plan has no device.\n",
	                "%zu units of the plan have no device.\n", rest),
	       rest);
}

static status
print_units(const struct asking *a)
{
	struct posts p = { 0 };
	struct listing l;
	size_t rest;
	status st = registry_each(a->txn, note_device, &p), ended;

	if (st == ST_OK && p.count > 1)
		qsort(p.list, p.count, sizeof(*p.list), compare_posts);
	listing_begin(&l, a->json ? FORM_JSON : FORM_TABLE, columns,
	              sizeof(columns) / sizeof(columns[0]), "units", NULL);
	for (size_t i = 0; i < p.count && st == ST_OK; i++)
		st = print_post(a, &l, &p.list[i]);
	rest = print_rest(a, &l, &p);
	/* closed also after a failure, or what was printed so far would be no JSON */
	ended = listing_end(&l, NULL);
	if (!a->json)
		print_summary(&l, rest);
	free(p.list);
	return st == ST_OK ? ended : st;
}

int
units_command(int argc, char **argv)
{
	struct asking a = { .json = false };
	status st;
	int code;

	asking_parse(&a, N_("List units and devices: last contact, what waits there, copies."), argc,
	             argv);
	code = asking_open(&a);
	if (code == EX_OK) {
		st = print_units(&a);
		code = st == ST_OK ? EX_OK : command_failed(a.hub, st);
	}
	asking_done(&a);
	return code;
}
