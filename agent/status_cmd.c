/* The first line is the answer for a person in a hurry; the lines below appear
 * only when there is something to know or to do. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "agent/command.h"
#include "agent/commands.h"
#include "agent/event_json.h"
#include "agent/feed_state.h"
#include "agent/reading.h"
#include "common/cli.h"
#include "common/i18n.h"
#include "common/json_out.h"
#include "protocol/message.h"

enum {
	SHOWN_BYTES = 512,
	SKEW_TOLD_MS = 5 * 60 * 1000, /* less is not worth a word */
};

/* clang-format off */
static const char doc[] =
	N_("Say what is recorded on this device, what the hub has confirmed and what it "
	   "holds, that is: keeps without counting it.")
	"\v"
	N_("With --json: device, role (that it was made for), units, tip {seq, hash}, acknowledged (entries), pending "
	   "(entries), held (entries), held_entries [{seq, ref, hash, reason, text}], "
	   "conflicts [seq], elsewhere [seq] (entries in whose place another device's version stands), locks, remarks, beyond (entries the hub has and this copy has "
	   "not), fetchable (those that 'valija-agent adopt' fetches), hub {id, endpoints}, last_contact (null: never), refused (why the hub turns "
	   "this device away, or null), clock_skew_ms (the hub's clock less this one), plan_code and plan_version (null: no plan yet).");
/* clang-format on */

struct report {
	outbox *box;
	struct feed_state state;
	char device[DEVICE_TEXT_BYTES];
	char plan_code[CODE_BYTES_MAX + 1];
};

/* What is confirmed is a beginning of the own chain, so the rest is pending. */
static unsigned long long
pending(const struct report *r)
{
	return r->state.tip.seq - r->state.confirmed;
}

/* The hub may list fewer than it holds: then only its own sum is right.  Else those count
 * that are on this chain, and not those of another life of the device. */
static unsigned long long
held(const struct report *r)
{
	const struct standing *s = &r->state.standing;

	return s->held_total > s->held.left ? s->held_total : r->state.held_count;
}

static const char *
reason_text(const struct standing_held *h, char *out, size_t size)
{
	hold reason = hold_of_name(h->reason);

	if (reason != HOLDS_)
		return gettext(hold_text(reason));
	return cli_safe(h->reason.at, h->reason.len, out, size); /* of a newer hub */
}

/* ---- JSON ---- */

static json_t *
units_json(const struct codes *units)
{
	json_t *list = json_array();

	for (size_t i = 0; i < units->count; i++)
		json_array_append_new(list, json_text(units->list[i].at, units->list[i].len));
	return list;
}

/* By value: to walk over a list uses it up. */
static json_t *
texts_json(struct standing_list texts)
{
	json_t *list = json_array();
	struct text t;

	while (standing_next_text(&texts, &t))
		json_array_append_new(list, json_text(t.at, t.len));
	return list;
}

static json_t *
held_json(const struct report *r)
{
	const struct outbox_device *device = outbox_device(r->box);
	json_t *list = json_array();

	for (size_t i = 0; i < r->state.held_count; i++) {
		const struct standing_held *h = &r->state.held[i];
		char text[SHOWN_BYTES], ref[REF_TEXT_BYTES];
		json_t *row = json_object();

		ref_text(device->feed, &h->at, false, ref);
		json_object_set_new(row, "seq", json_integer((json_int_t) h->at.seq));
		json_object_set_new(row, "ref", json_string(ref));
		json_object_set_new(row, "hash", json_hex(h->at.hash, HASH_BYTES));
		json_object_set_new(row, "reason", json_text(h->reason.at, h->reason.len));
		json_object_set_new(row, "text", json_string(reason_text(h, text, sizeof(text))));
		json_array_append_new(list, row);
	}
	return list;
}

static json_t *
conflicts_json(const struct feed_state *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->conflict_count; i++)
		json_array_append_new(list, json_integer((json_int_t) s->conflicts[i]));
	return list;
}

static json_t *
elsewhere_json(const struct feed_state *s)
{
	json_t *list = json_array();

	for (size_t i = s->other_count; i-- > 0;) {
		if (!s->others[i].named)
			json_array_append_new(list, json_integer((json_int_t) s->others[i].head));
	}
	return list;
}

/* The office may have named several addresses of the hub. */
static json_t *
endpoints_json(const char *hubs)
{
	json_t *list = json_array();

	while (*hubs) {
		size_t len = strcspn(hubs, ",");

		json_array_append_new(list, json_text(hubs, len));
		hubs += len + (hubs[len] == ',');
	}
	return list;
}

static void
set_count(json_t *object, const char *key, uint64_t n)
{
	json_object_set_new(object, key, json_integer((json_int_t) n));
}

static json_t *
report_json(const struct report *r)
{
	const struct outbox_device *device = outbox_device(r->box);
	const struct feed_state *s = &r->state;
	json_t *o = json_object(), *tip = json_object(), *hub = json_object();
	bool met = s->hub.last_contact_ms != 0, has_plan = s->hub.plan != 0;

	set_count(tip, "seq", s->tip.seq);
	json_object_set_new(tip, "hash", json_hex(s->tip.hash, HASH_BYTES));
	json_object_set_new(hub, "id", json_hex(device->hub, FEED_BYTES));
	json_object_set_new(hub, "endpoints", endpoints_json(device->hubs));

	json_object_set_new(o, "device", json_string(r->device));
	json_object_set_new(o, "role", json_string(device->role));
	json_object_set_new(o, "units", units_json(&device->units));
	json_object_set_new(o, "tip", tip);
	set_count(o, "acknowledged", s->confirmed);
	set_count(o, "pending", pending(r));
	set_count(o, "held", held(r));
	json_object_set_new(o, "held_entries", held_json(r));
	json_object_set_new(o, "conflicts", conflicts_json(s));
	json_object_set_new(o, "elsewhere", elsewhere_json(s));
	json_object_set_new(o, "locks", texts_json(s->standing.locks));
	json_object_set_new(o, "remarks", texts_json(s->standing.remarks));
	set_count(o, "floor", s->floor);
	set_count(o, "beyond", s->hub.beyond);
	set_count(o, "fetchable", s->tip.seq == s->confirmed ? s->hub.onward : 0);
	json_object_set_new(o, "hub", hub);
	json_object_set_new(o, "last_contact",
	                    met ? json_time(s->hub.last_contact_ms) : json_null());
	json_object_set_new(o, "refused",
	                    s->hub.refused > 0
	                            ? json_string(refusal_name((refusal) (s->hub.refused - 1)))
	                            : json_null());
	json_object_set_new(o, "clock_skew_ms", met ? json_integer(s->hub.skew_ms) : json_null());
	json_object_set_new(o, "plan_code", has_plan ? json_string(r->plan_code) : json_null());
	json_object_set_new(o, "plan_version",
	                    has_plan ? json_integer((json_int_t) s->hub.plan) : json_null());
	return o;
}

/* ---- for people ---- */

static void
print_contact(const struct feed_state *s)
{
	char when[COMMAND_TIME_BYTES];

	if (s->hub.last_contact_ms == 0)
		puts(_("no contact with the hub yet"));
	else
		printf(_("last contact %s\n"), command_time(s->hub.last_contact_ms, when));
}

static void
print_summary(const struct report *r)
{
	unsigned long long tip = r->state.tip.seq, confirmed = r->state.confirmed, n = held(r);

	printf(ngettext("%llu recorded here, ", "%llu recorded here, ", tip), tip);
	printf(ngettext("%llu confirmed by the hub, ", "%llu confirmed by the hub, ", confirmed),
	       confirmed);
	printf(ngettext("%llu held, ", "%llu held, ", n), n);
	print_contact(&r->state);
}

static void
print_device(const struct report *r)
{
	const struct codes *units = &outbox_device(r->box)->units;
	const char *role = outbox_device(r->box)->role;

	if (strcmp(role, "device") == 0)
		printf(_("device %s for"), r->device);
	else if (units->count > 0)
		printf(_("device %s (%s) for"), r->device, role);
	else
		printf(_("device %s (%s)"), r->device, role);
	for (size_t i = 0; i < units->count; i++)
		printf(" %.*s", (int) units->list[i].len, units->list[i].at);
	if (r->state.hub.plan > 0)
		printf(_("; plan %s, version %llu\n"), r->plan_code,
		       (unsigned long long) r->state.hub.plan);
	else
		puts(_("; no plan yet: it comes with the first contact"));
}

/* The office, or whoever looks after the machine, has to do something about it. */
static void
print_refused(const struct feed_state *s)
{
	if (s->hub.refused == 1 + REFUSAL_ENROLMENT)
		puts(_("the hub does not let this device in: it is not enrolled, or was revoked; ask "
		       "the office"));
	else if (s->hub.refused > 0)
		printf(_("the hub refuses this device (%s); ask who looks after this machine\n"),
		       refusal_name((refusal) (s->hub.refused - 1)));
}

static void
print_more(size_t count)
{
	printf(ngettext("... and %zu more\n", "... and %zu more\n", count), count);
}

/* Held still, but there is a newer version: on its way, or held as well, and then what is
 * to be done is told there. */
static bool
print_replaced(const struct report *r, uint64_t seq)
{
	uint64_t later;

	if (outbox_replaced_by(r->box, seq, &later) < 0)
		return false;
	if (feed_state_hold(&r->state, later) != HOLD_NONE)
		printf(_("  replaced by %llu, which is held, too\n"), (unsigned long long) later);
	else
		printf(_("  replaced by %llu, which the hub has not judged yet\n"),
		       (unsigned long long) later);
	return true;
}

/* True when it is to be changed or taken out.  What this device has no right to say it has
 * no right to take out, either. */
static bool
print_remedy(const struct standing_held *h)
{
	hold reason = hold_of_name(h->reason);

	if (reason == HOLD_LOCKED)
		printf(_("  'valija correct %llu --why TEXT' gives the reason\n"),
		       (unsigned long long) h->at.seq);
	return reason != HOLD_LOCKED && reason != HOLD_RIGHT;
}

static void
print_held(const struct report *r)
{
	const struct feed_state *s = &r->state;
	bool to_do = false;

	for (size_t i = 0; i < s->held_count; i++) {
		char ref[REF_TEXT_BYTES], text[SHOWN_BYTES];

		ref_text(outbox_device(r->box)->feed, &s->held[i].at, false, ref);
		printf(_("held: %s: %s\n"), ref, reason_text(&s->held[i], text, sizeof(text)));
		if (!print_replaced(r, s->held[i].at.seq))
			to_do |= print_remedy(&s->held[i]);
	}
	if (to_do)
		puts(_("  'valija correct' puts a held entry right, 'valija void' takes it out"));
	if (held(r) > s->held_count)
		print_more((size_t) (held(r) - s->held_count));
	for (size_t i = 0; i < s->conflict_count; i++)
		printf(_("conflict: entry %llu and another version replace the same entry; one of "
		         "them counts until the office settles it\n"),
		       (unsigned long long) s->conflicts[i]);
}

static void
print_elsewhere(const struct feed_state *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->other_count; i++)
		count += !s->others[i].named;
	if (count > 0)
		printf(ngettext("of %zu entry a version of another device stands; 'valija list' "
		                "marks it\n",
		                "of %zu entries a version of another device stands; 'valija list' "
		                "marks them\n",
		                count),
		       count);
}

static void
print_office(const struct feed_state *s)
{
	struct standing_list locks = s->standing.locks, remarks = s->standing.remarks;
	char text[4 * STANDING_REMARK_BYTES_MAX + 1];
	struct text t;

	while (standing_next_text(&locks, &t))
		printf(_("locked by the office: %s\n"), cli_safe(t.at, t.len, text, sizeof(text)));
	while (standing_next_text(&remarks, &t))
		printf(_("remark of the office: %s\n"), cli_safe(t.at, t.len, text, sizeof(text)));
}

/* A wrong clock does no harm to what is recorded, but people read the times. */
static void
print_warnings(const struct feed_state *s)
{
	char beyond[FEED_BEYOND_BYTES], floor[FEED_FLOOR_BYTES];
	int64_t skew_ms = s->hub.skew_ms;

	feed_state_beyond(s, beyond);
	feed_state_floor(s, floor);
	printf("%s%s", floor, beyond);
	if (skew_ms > SKEW_TOLD_MS)
		printf(_("the clock of this machine was %lld minutes behind the hub's\n"),
		       (long long) (skew_ms / 60000));
	if (skew_ms < -SKEW_TOLD_MS)
		printf(_("the clock of this machine was %lld minutes ahead of the hub's\n"),
		       (long long) (-skew_ms / 60000));
}

/* ---- the command ---- */

/* Before the first contact there is no plan, which is no failure. */
static status
read_plan_code(struct report *r)
{
	plan_table *table = NULL;
	kv_txn *txn = NULL;
	status st = command_plan(r->box, &txn, &table);
	struct text code;

	if (st < 0 || !table)
		return st;
	code = plan_table_code(table);
	snprintf(r->plan_code, sizeof(r->plan_code), "%.*s", (int) code.len, code.at);
	command_plan_done(&txn, &table);
	return ST_OK;
}

static status
report(struct report *r, bool json)
{
	status st = feed_state_read(r->box, &r->state);

	if (st < 0)
		return st;
	device_text(outbox_device(r->box)->feed, r->device);
	st = read_plan_code(r);
	if (st == ST_OK && json) {
		st = json_print(report_json(r));
	} else if (st == ST_OK) {
		print_summary(r);
		print_device(r);
		print_refused(&r->state);
		print_held(r);
		print_elsewhere(&r->state);
		print_office(&r->state);
		print_warnings(&r->state);
	}
	feed_state_done(&r->state);
	return st;
}

int
status_command(int argc, char **argv)
{
	struct reading reading = { .home = NULL };
	struct report r = { .box = NULL };
	status st;
	int code;

	reading_parse(&reading, doc, argc, argv);
	code = command_open(reading.home, &r.box);
	if (code != EX_OK)
		return code;
	st = report(&r, reading.json);
	if (st < 0)
		code = command_failed(r.box, st);
	outbox_close(&r.box);
	return code;
}
