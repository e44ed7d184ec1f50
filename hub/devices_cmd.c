/* The registry for people: who may send what, since when, and what was taken from whom. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "common/json_out.h"
#include "common/listing.h"
#include "common/room.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/contacts.h"
#include "hub/device_of.h"
#include "hub/rollback_text.h"

enum {
	NUMBER_BYTES = 24,
	STATE_BYTES = 1024,
	LAST_BYTES = 48,
	LOST_TEXT_BYTES = UNITS_TEXT_BYTES + 16
};

struct args {
	const char *home, *at;
	bool json;
};

enum { KEY_HOME = 0x200, KEY_AT, KEY_JSON };

static const struct argp_option options[] = {
	{ "at", KEY_AT, N_("CUT|N@HASH"), 0,
	  N_("as it was at that moment, without what is known of links; see 'valija-hub state "
	     "--help'"),
	  0 },
	{ "json", KEY_JSON, NULL, 0, N_("print JSON"), 0 },
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), 0 },
	{ 0 },
};

static error_t
parse_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case KEY_HOME: a->home = arg; return 0;
	case KEY_AT: a->at = arg; return 0;
	case KEY_JSON: a->json = true; return 0;
	case ARGP_KEY_ARG: argp_error(state, _("this command takes no '%s'"), arg); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = N_("List the devices: role, units, since when, what was taken from them, and what "
	          "of them is held."),
};

/* ---- in the order of their units ---- */

/* What a device is sorted by; the device itself is read again when it is printed. */
struct place {
	bool revoked;
	char unit[CODE_BYTES_MAX + 1];
	uint8_t feed[FEED_BYTES];
};

struct places {
	struct place *list;
	size_t count, room;
};

static status
note(void *ctx, const struct device *d)
{
	struct places *p = ctx;
	struct place *list;

	if (d->role == ROLE_HUB)
		return ST_OK;
	list = room_for(p->list, p->count, 1, &p->room, sizeof(*list));
	if (!list)
		return ST_NOMEM;
	p->list = list;
	p->list[p->count] = (struct place) { .revoked = device_is_revoked(d) };
	if (d->units.count > 0)
		memcpy(p->list[p->count].unit, d->units.list[0].at, d->units.list[0].len);
	memcpy(p->list[p->count++].feed, d->feed, FEED_BYTES);
	return ST_OK;
}

/* Who was revoked stands at the end: it is who one looks for least. */
static int
compare_places(const void *one, const void *two)
{
	const struct place *a = one, *b = two;
	int order = strcmp(a->unit, b->unit);

	if (a->revoked != b->revoked)
		return a->revoked ? 1 : -1;
	return order != 0 ? order : memcmp(a->feed, b->feed, FEED_BYTES);
}

/* ---- one device ---- */

struct row {
	struct device device;
	bool heard_of;
	struct contact contact;
	uint64_t held, for_right, events;
	char state[STATE_BYTES]; /* for people */
	json_t *lost;            /* of JSON */
};

static const char *
state_word(const struct device *d)
{
	return device_is_revoked(d) ? "revoked" : d->losses > 0 ? "reduced" : "active";
}

/* "office, con-a con-b", "reader". */
static void
lost_text(const struct loss *l, char out[static LOST_TEXT_BYTES])
{
	const char *role = l->office ? device_role_name(ROLE_OFFICE)
		: l->reader          ? device_role_name(ROLE_READER)
				     : "";
	char units[UNITS_TEXT_BYTES] = "";

	if (l->units.count > 0)
		device_units_text(&l->units, units);
	snprintf(out, LOST_TEXT_BYTES, "%s%s%s", role, *role && *units ? ", " : "", units);
}

/* "revoked on 2026-03-01 (con-a): stolen", "lost con-a on …". */
static void
add_state(struct row *r, const struct loss *l)
{
	char lost[LOST_TEXT_BYTES], when[BOGOTA_TEXT_BYTES];
	size_t used = strlen(r->state);
	const char *between = used > 0 ? "; " : "";

	bogota_text(l->at_ms, when);
	when[10] = '\0'; /* the day is enough */
	lost_text(l, lost);
	if (device_is_revoked(&r->device))
		snprintf(r->state + used, sizeof(r->state) - used, _("%srevoked on %s (%s): %.*s"),
		         between, when, lost, (int) l->why.len, l->why.at);
	else
		snprintf(r->state + used, sizeof(r->state) - used, _("%slost %s on %s: %.*s"),
		         between, lost, when, (int) l->why.len, l->why.at);
}

static json_t *
json_codes(const struct codes *codes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < codes->count; i++)
		json_array_append_new(list, json_text(codes->list[i].at, codes->list[i].len));
	return list;
}

static json_t *
json_time(int64_t time_ms)
{
	char text[UTC_TEXT_BYTES];

	utc_text(time_ms, text);
	return json_string(text);
}

static json_t *
json_frontier(struct bytes frontier)
{
	json_t *list = json_array();

	for (size_t i = 0; i < frontier.len / POINT_BYTES; i++) {
		struct point p = frontier_point(frontier, i);
		json_t *leaf = json_object();

		json_object_set_new(leaf, "seq", json_integer((json_int_t) p.seq));
		json_object_set_new(leaf, "hash", json_hex(p.hash, HASH_BYTES));
		json_array_append_new(list, leaf);
	}
	return list;
}

static json_t *
json_loss(const struct loss *l)
{
	json_t *o = json_object();

	json_object_set_new(o, "number", json_integer((json_int_t) l->number));
	json_object_set_new(o, "at", json_time(l->at_ms));
	json_object_set_new(o, "units", json_codes(&l->units));
	json_object_set_new(o, "office", json_boolean(l->office));
	json_object_set_new(o, "reader", json_boolean(l->reader));
	json_object_set_new(o, "why", json_text(l->why.at, l->why.len));
	json_object_set_new(o, "frontier", json_frontier(l->frontier));
	return o;
}

static status
note_loss(void *ctx, const struct loss *l)
{
	struct row *r = ctx;

	add_state(r, l);
	return json_array_append_new(r->lost, json_loss(l)) == 0 ? ST_OK : ST_NOMEM;
}

static status
row_fill(kv_txn *txn, const uint8_t *feed, struct row *r)
{
	status st = registry_device(txn, feed, &r->device);

	if (st == ST_OK)
		st = contacts_get(txn, feed, &r->contact);
	r->heard_of = st == ST_OK;
	if (st == ST_OK || st == ST_NOT_FOUND)
		st = device_held(txn, feed, &r->held, &r->for_right);
	if (st == ST_OK)
		st = device_events(txn, feed, &r->events);
	if (st == ST_OK)
		st = registry_each_loss(txn, feed, note_loss, r);
	if (st == ST_OK && r->device.losses == 0)
		snprintf(r->state, sizeof(r->state), "%s", _("active"));
	return st;
}

/* ---- output ---- */

static const struct listing_column columns[] = {
	{ .title = N_("DEVICE") },
	{ .title = N_("ROLE") },
	{ .title = N_("UNITS"), .below = true },
	{ .title = N_("ENROLLED") },
	{ .title = N_("ENTRY"), .type = CELL_NUMBER },
	{ .title = N_("LAST CONTACT") },
	{ .title = N_("HERE"), .type = CELL_NUMBER },
	{ .title = N_("HELD"), .type = CELL_NUMBER },
	{ .title = N_("STATE"), .below = true },
};

static json_t *
row_json(const struct row *r)
{
	const struct device *d = &r->device;
	const struct request as_asked = { .feed = d->feed, .curve = d->curve, .units = d->units };
	char name[DEVICE_TEXT_BYTES], print[FINGERPRINT_TEXT_BYTES];
	json_t *o = json_object();

	device_text(d->feed, name);
	fingerprint(&as_asked, print);
	json_object_set_new(o, "device", json_string(name));
	json_object_set_new(o, "feed", json_hex(d->feed, FEED_BYTES));
	json_object_set_new(o, "curve", json_hex(d->curve, CURVE_BYTES));
	/* of a request for these units, as the device may have made it */
	json_object_set_new(o, "fingerprint",
	                    device_is_revoked(d) ? json_null() : json_string(print));
	json_object_set_new(o, "role", json_string(device_role_name(d->role)));
	json_object_set_new(o, "units", json_codes(&d->units));
	json_object_set_new(o, "enrolled", json_time(d->enrolled_ms));
	json_object_set_new(o, "number", json_integer((json_int_t) d->number));
	json_object_set_new(o, "state", json_string(state_word(d)));
	json_object_set(o, "lost", r->lost);
	json_object_set_new(o, "last_contact",
	                    r->heard_of ? json_time(r->contact.last_ms) : json_null());
	json_object_set_new(o, "events", json_integer((json_int_t) r->events));
	json_object_set_new(o, "held", json_integer((json_int_t) r->held));
	return o;
}

static void
row_print(struct listing *l, const struct row *r)
{
	char name[DEVICE_TEXT_BYTES], units[UNITS_TEXT_BYTES], enrolled[BOGOTA_TEXT_BYTES];
	char number[NUMBER_BYTES], last[LAST_BYTES], events[NUMBER_BYTES], held[NUMBER_BYTES];

	device_text(r->device.feed, name);
	device_units_text(&r->device.units, units);
	bogota_text(r->device.enrolled_ms, enrolled);
	enrolled[10] = '\0';
	snprintf(number, sizeof(number), "%llu", (unsigned long long) r->device.number);
	snprintf(events, sizeof(events), "%llu", (unsigned long long) r->events);
	snprintf(held, sizeof(held), "%llu", (unsigned long long) r->held);
	if (r->heard_of)
		bogota_text(r->contact.last_ms, last);
	else
		snprintf(last, sizeof(last), "%s", _("never"));
	listing_row(l,
	            (const char *[]) { name, device_role_name(r->device.role), units, enrolled,
	                               number, last, events, held, r->state });
}

static status
print_row(kv_txn *txn, struct listing *l, const uint8_t *feed)
{
	struct row *r = calloc(1, sizeof(*r));
	status st;

	if (!r)
		return ST_NOMEM;
	r->lost = json_array();
	st = r->lost ? row_fill(txn, feed, r) : ST_NOMEM;
	if (st == ST_OK && l->form == FORM_JSON)
		listing_object(l, row_json(r));
	else if (st == ST_OK)
		row_print(l, r);
	json_decref(r->lost);
	free(r);
	return st == ST_OK ? l->st : st;
}

static json_t *
head(const hub *h, kv_txn *txn, bool behind)
{
	json_t *o = json_object();

	asking_tell_at(h, txn, o);
	json_object_set_new(o, "number", json_integer((json_int_t) registry_number(txn)));
	json_object_set_new(o, "to_confirm", json_boolean(behind));
	return o;
}

static status
print_devices(const struct args *a, const hub *h, kv_txn *txn)
{
	struct places p = { .count = 0 };
	struct listing l;
	bool behind = rollback_warn(txn);
	status st = registry_each(txn, note, &p), ended;

	if (p.count > 1)
		qsort(p.list, p.count, sizeof(*p.list), compare_places);
	listing_begin(&l, a->json ? FORM_JSON : FORM_TABLE, columns,
	              sizeof(columns) / sizeof(columns[0]), "devices",
	              a->json ? head(h, txn, behind) : NULL);
	for (size_t i = 0; i < p.count && st == ST_OK; i++)
		st = print_row(txn, &l, p.list[i].feed);
	ended = listing_end(&l, NULL);
	if (!a->json && p.count == 0)
		puts(_("No device is enrolled yet; 'valija-hub enroll' lets one in."));
	else if (!a->json)
		puts(_("\nDates and times are of Bogotá."));
	free(p.list);
	return st == ST_OK ? ended : st;
}

int
devices_command(int argc, char **argv)
{
	struct args a = { .json = false };
	date cutoff; /* of a cut; asked for by nothing here */
	kv_txn *txn = NULL;
	hub *h = NULL;
	status st;
	int code;

	cli_parse(&argp, argc, argv, &a);
	code = command_open(a.home, &h);
	if (code == EX_OK) {
		st = kv_read(hub_store(h), &txn);
		code = st == ST_OK ? asking_go_back(a.at, &h, &txn, &cutoff)
				   : command_failed(h, st);
	}
	if (code == EX_OK) {
		st = print_devices(&a, h, txn);
		code = st == ST_OK ? EX_OK : command_failed(h, st);
	}
	kv_abort(&txn);
	hub_close(&h);
	return code;
}
