/* A fleet at a glance: whom one has to ring up.  All that is told here is of the
 * devices and their links; none of it is state, none of it is in the digest. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "common/listing.h"
#include "common/room.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/fleet.h"
#include "hub/names.h"
#include "hub/rollback_text.h"

enum {
	NUMBER_BYTES = 24,
	LAST_BYTES = 48,
	DAY_MS = 24 * 3600 * 1000,
	SILENT_DAYS_MAX = 3650,
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
	struct post *list = room_for(p->list, p->count, 1, &p->room, sizeof(*list)), *post;

	if (!list)
		return ST_NOMEM;
	p->list = list;
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
	{ "oldest_pending_ms", NULL, .type = CELL_NUMBER },
	{ "disk_bytes", NULL, .type = CELL_NUMBER },
	{ "held", NULL, .type = CELL_NUMBER },
	{ "refused", NULL, .type = CELL_NUMBER },
	{ "refused_with", NULL, .type = CELL_TEXT },
	{ "refused_last", NULL, .type = CELL_TEXT },
	{ "probe", NULL, .type = CELL_NUMBER },
	{ "stuck", NULL, .type = CELL_BOOL },
	{ "behind", NULL, .type = CELL_NUMBER },
	{ "parted", NULL, .type = CELL_TEXT },
	{ "plan_version", NULL, .type = CELL_NUMBER },
	{ "program", NULL, .type = CELL_TEXT },
	{ "lanes", NULL, .type = CELL_NUMBER },
	{ "forks", NULL, .type = CELL_NUMBERS },
	{ "gaps", NULL, .type = CELL_NUMBERS },
	{ "note", N_("REMARK"), .type = CELL_TEXT, .below = true },
};

/* The cells of a device; what is not known stays empty. */
struct post_cells {
	char device[DEVICE_TEXT_BYTES];
	char last_utc[UTC_TEXT_BYTES], last[LAST_BYTES];
	char tip[NUMBER_BYTES], stored[NUMBER_BYTES], pending[NUMBER_BYTES];
	char skew_ms[NUMBER_BYTES], skew[FLEET_SKEW_BYTES], plan[NUMBER_BYTES], lanes[NUMBER_BYTES];
	char forks[FLEET_FORKS_BYTES], gaps[FLEET_GAPS_BYTES], note[FLEET_NOTE_BYTES];
	char oldest[NUMBER_BYTES], disk[NUMBER_BYTES], held[NUMBER_BYTES], refused[NUMBER_BYTES];
	char refused_utc[UTC_TEXT_BYTES], probe[NUMBER_BYTES], parted[UTC_TEXT_BYTES];
	char behind[NUMBER_BYTES];
};

static void
number(uint64_t n, char out[static NUMBER_BYTES])
{
	snprintf(out, NUMBER_BYTES, "%llu", (unsigned long long) n);
}

static void
fill_contact(const struct fleet_facts *f, struct post_cells *cells)
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
	fleet_skew_text(f->contact.skew_ms, cells->skew);
}

static void
fill_more(const struct fleet_facts *f, struct post_cells *cells)
{
	const struct contact *c = &f->contact;

	if (f->heard_of && c->has_facts) {
		number(f->oldest_ms, cells->oldest);
		number(c->disk_bytes, cells->disk);
	}
	number(f->held, cells->held);
	if (f->heard_of)
		number(f->behind, cells->behind);
	number(c->refused, cells->refused);
	if (c->refused > 0)
		utc_text(c->refused_ms, cells->refused_utc);
	if (f->probed)
		number(f->probe.seq, cells->probe);
	if (f->parted_ms != 0)
		utc_text(f->parted_ms, cells->parted);
}

static void
fill_lanes(const struct fleet_facts *f, struct post_cells *cells)
{
	number(f->stored, cells->stored);
	number(f->lanes, cells->lanes);
	if (f->lanes > 1)
		fleet_forks_text(f, " ", cells->forks);
	fleet_gaps_text(f, " ", cells->gaps);
	fleet_note(f, cells->note);
}

static status
print_post(const struct asking *a, struct listing *l, const struct post *post,
           const struct fleet_facts *f)
{
	struct post_cells c = { .device = "" };
	const char *stuck = fleet_is_stuck(f, clock_wall_ms()) ? "yes" : NULL;

	device_text(post->feed, c.device);
	fill_contact(f, &c);
	fill_more(f, &c);
	fill_lanes(f, &c);
	/* clang-format off */
	listing_row(l, (const char *[]) {
		post->unit, name_of(a->plan, NAME_UNIT, text_of(post->unit)), c.device,
		device_role_name(post->role), c.last_utc, c.last, c.tip, c.stored, c.pending,
		c.skew_ms, c.skew, c.oldest, c.disk, c.held, c.refused, f->contact.refused_with,
		c.refused_utc, c.probe, stuck, c.behind, c.parted, c.plan,
		f->heard_of ? f->contact.program : NULL, c.lanes, c.forks, c.gaps, c.note });
	/* clang-format on */
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

/* The units of the plan that nobody reports for, counted; named where that is asked. */
static size_t
print_rest(const struct asking *a, struct listing *l, const struct posts *p, bool names)
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
		if (names)
			listing_row(l, cells);
	}
	return rest;
}

/* ---- who is silent ---- */

struct args {
	struct asking ask;
	int64_t silent_ms; /* 0: all units */
};

/* The newest contact of a unit: several devices may report for it. */
static status
last_contact(const struct asking *a, const struct posts *p, const char *unit, int64_t *ret_ms)
{
	*ret_ms = 0;
	for (size_t i = 0; i < p->count; i++) {
		struct contact c;
		status st;

		if (strcmp(p->list[i].unit, unit) != 0)
			continue;
		st = contacts_get(a->txn, p->list[i].feed, &c);
		if (st == ST_OK && c.last_ms > *ret_ms)
			*ret_ms = c.last_ms;
		if (st < 0 && st != ST_NOT_FOUND)
			return st;
	}
	return ST_OK;
}

/* A unit that was closed or taken out of the plan is nobody's to ring up. */
static bool
is_closed(const struct asking *a, const char *code)
{
	const struct plan_unit *unit = plan_unit(a->plan, code, strlen(code));

	return unit && (a->cutoff >= unit->retired || a->cutoff > unit->closed);
}

static status
is_shown(const struct args *args, const struct posts *p, const char *unit, bool *ret_shown)
{
	int64_t last_ms;
	status st;

	*ret_shown = true;
	if (args->silent_ms == 0)
		return ST_OK;
	st = last_contact(&args->ask, p, unit, &last_ms);
	*ret_shown = !is_closed(&args->ask, unit) && clock_wall_ms() - last_ms >= args->silent_ms;
	return st;
}

static status
print_posts(const struct args *args, struct listing *l, const struct posts *p)
{
	status st = ST_OK;

	for (size_t i = 0; i < p->count && st == ST_OK; i++) {
		struct fleet_facts f = { 0 };
		bool shown;

		st = is_shown(args, p, p->list[i].unit, &shown);
		if (st < 0 || !shown)
			continue;
		st = fleet_read(args->ask.txn, p->list[i].feed, &f);
		if (st == ST_OK)
			st = print_post(&args->ask, l, &p->list[i], &f);
	}
	return st;
}

static void
print_summary(const struct args *args, const struct listing *l, size_t rest)
{
	if (args->silent_ms != 0 && l->count == 0)
		puts(_("No unit is silent."));
	else if (l->count == 0)
		puts(_("No device is enrolled yet; 'valija-hub enroll' lets one in."));
	else
		puts(_("\nTimes are of Bogotá; RECORDED and PENDING are what the device told."));
	printf(ngettext("%zu unit of the plan has no device.\n",
	                "%zu units of the plan have no device.\n", rest),
	       rest);
}

/* *ret_silent: how many rows --silent-since has left. */
static status
print_units(const struct args *args, size_t *ret_silent)
{
	const struct asking *a = &args->ask;
	struct posts p = { 0 };
	struct listing l;
	size_t rest = 0;
	status st = registry_each(a->txn, note_device, &p), ended;

	if (st == ST_OK && p.count > 1)
		qsort(p.list, p.count, sizeof(*p.list), compare_posts);
	listing_begin(&l, a->json ? FORM_JSON : FORM_TABLE, columns,
	              sizeof(columns) / sizeof(columns[0]), "units", NULL);
	if (st == ST_OK)
		st = print_posts(args, &l, &p);
	*ret_silent = l.count;
	rest = print_rest(a, &l, &p, a->json && args->silent_ms == 0);
	/* closed also after a failure, or what was printed so far would be no JSON */
	ended = listing_end(&l, NULL);
	if (!a->json)
		print_summary(args, &l, rest);
	free(p.list);
	return st == ST_OK ? ended : st;
}

/* ---- the command ---- */

enum { KEY_SILENT = 0x200 };

static const struct argp_option options[] = {
	{ "silent-since", KEY_SILENT, N_("DAYS"), 0,
	  N_("only units that have a device and were not heard of for so many days; the exit status "
	     "is 1 when there are any"),
	  0 },
	{ 0 },
};

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;
	char *end;
	long days;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &a->ask; return 0;
	case KEY_SILENT:
		days = strtol(arg, &end, 10);
		if (*arg < '0' || *arg > '9' || *end != 0 || days < 1 || days > SILENT_DAYS_MAX)
			argp_error(state,
			           _("--silent-since: a number of days from 1 to %d is wanted"),
			           SILENT_DAYS_MAX);
		a->silent_ms = (int64_t) days * DAY_MS;
		return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

int
units_command(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &asking_now_argp }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.doc = N_(
			"List units and devices: last contact, what waits there, copies, and what "
			"one should look at. All of it is of now: what was known of devices at a "
			"past moment is not kept."),
		.children = children,
	};
	struct args args = { .silent_ms = 0 };
	size_t silent = 0;
	status st;
	int code;

	cli_parse(&argp, argc, argv, &args);
	code = asking_open(&args.ask);
	if (code == EX_OK) {
		rollback_warn(args.ask.txn);
		st = print_units(&args, &silent);
		code = st == ST_OK ? EX_OK : command_failed(args.ask.hub, st);
	}
	if (code == EX_OK && args.silent_ms != 0 && silent > 0)
		code = EXIT_FAILURE;
	asking_done(&args.ask);
	return code;
}
