/* Two tellings of the same: lines for a person who asks why a number is what it
 * is, JSON for a program.  Both keep the order from what the event says to what
 * proves it. */
#include <inttypes.h>
#include <stdio.h>

#include "common/cli.h"
#include "common/event_json.h"
#include "common/i18n.h"
#include "common/json_out.h"
#include "hub/event_row.h"
#include "hub/names.h"
#include "hub/show.h"

enum {
	LINE_BYTES = 4 * NOTE_BYTES_MAX + 1, /* a note with every byte escaped */
	REASON_BYTES = 512,
};

static bool
has(const struct shown *s, event_field field)
{
	return s->event.has & EVENT_BIT(field);
}

/* ---- text ---- */

/* label is translated already; nothing is printed for an empty text.  The room is static
 * since a note takes 16 KB of it; nobody keeps what is in there. */
static void
line(const char *label, struct text t)
{
	static char shown[LINE_BYTES];

	if (t.len > 0)
		printf("%s: %s\n", label, cli_safe(t.at, t.len, shown, sizeof(shown)));
}

/* "CODE  NAME" */
static void
line_named(const char *label, struct text code, const char *name)
{
	char shown[4 * CODE_BYTES_MAX + 1];

	if (code.len > 0)
		printf("%s: %s%s%s\n", label, cli_safe(code.at, code.len, shown, sizeof(shown)),
		       name ? "  " : "", name ? name : "");
}

static void
lines_of_tallies(const char *label, const plan *p, name_kind kind, const struct tallies *t)
{
	char shown[4 * CODE_BYTES_MAX + 1];

	for (size_t i = 0; i < t->count; i++) {
		const char *name = name_of(p, kind, t->list[i].name);

		printf("%s: %" PRIu64 "  %s  %s\n", label, t->list[i].value,
		       cli_safe(t->list[i].name.at, t->list[i].name.len, shown, sizeof(shown)),
		       name ? name : "");
	}
}

static void
line_hex(const char *label, const uint8_t *bytes, size_t len)
{
	char text[2 * SIGNATURE_BYTES + 1];

	hex_encode(bytes, len, text);
	printf("%s: %s\n", label, text);
}

static void
print_dates(const struct shown *s)
{
	char at[BOGOTA_TEXT_BYTES];

	if (has(s, EVENT_UNTIL))
		printf(_("Date: %s to %s\n"), s->row.date, s->row.until);
	else
		line(has(s, EVENT_QUARTER) ? _("Quarter") : _("Date"), text_of(s->row.date));
	if (s->event.kind_name.len > 0) {
		bogota_text(s->event.at_ms, at);
		printf(_("Recorded: %s in Bogotá, by the device's clock\n"), at);
	}
	if (has(s, EVENT_BY))
		line(_("By"), s->event.by);
}

static void
line_money(const char *label, const struct shown *s, event_field field, uint64_t pesos)
{
	char value[MONEY_TEXT_BYTES];

	money_text(pesos, value);
	if (has(s, field))
		line(label, text_of(value));
}

static void
lines_of_codes(const char *label, const plan *p, name_kind kind, const struct codes *codes)
{
	for (size_t i = 0; i < codes->count; i++)
		line_named(label, codes->list[i], name_of(p, kind, codes->list[i]));
}

/* What an activity has not. */
static void
print_report(const plan *p, const struct shown *s)
{
	const struct event *e = &s->event;
	const char *doubts[EVENT_DOUBTS_MAX];
	char percent[PERCENT_TEXT_BYTES];
	size_t count = event_doubts(e, doubts);

	line_named(_("Commitment"), e->commitment, name_of(p, NAME_COMMITMENT, e->commitment));
	line_named(_("Risk"), e->risk, name_of(p, NAME_RISK, e->risk));
	line_named(_("Project"), e->project, name_of(p, NAME_PROJECT, e->project));
	if (e->kind == KIND_THING)
		line(e->out ? _("Out") : _("In"), e->thing);
	line(e->kind == KIND_CUT ? _("Cut") : _("Name"), e->name);
	if (has(s, EVENT_VALUE))
		line(_("Level"), text_of(s->row.quantity));
	percent_text(e->percent, percent);
	if (has(s, EVENT_PERCENT))
		printf("%s: %s %%\n", _("Percent"), percent);
	line_money(_("Appropriated"), s, EVENT_APPROPRIATED, e->appropriated);
	line_money(_("Committed"), s, EVENT_COMMITTED, e->committed);
	line_money(_("Obligated"), s, EVENT_OBLIGATED, e->obligated);
	line_money(_("Paid"), s, EVENT_PAID, e->paid);
	for (size_t i = 0; i < count; i++)
		line(_("In doubt"), text_of(gettext(doubts[i])));
	lines_of_codes(_("Declared zero"), p, NAME_INDICATOR, &e->zero);
	lines_of_codes(_("Nothing to do"), p, NAME_INDICATOR, &e->nothing);
}

/* For all kinds: what an event does not have prints no line, and of one that could only be
 * decoded in part whatever there is helps. */
static void
print_activity(const plan *p, const struct shown *s)
{
	const struct event *e = &s->event;
	char shown[4 * NAME_BYTES_MAX + 1], hash[2 * HASH_BYTES + 1];

	line_named(_("Unit"), text_of(s->row.unit), s->row.unit_name);
	line_named(_("Indicator"), e->indicator, name_of(p, NAME_INDICATOR, e->indicator));
	for (size_t i = 0; i < e->initiatives.count; i++)
		line_named(_("Initiative"), e->initiatives.list[i],
		           name_of(p, NAME_INITIATIVE, e->initiatives.list[i]));
	print_report(p, s);
	if (s->event.kind == KIND_ACTIVITY)
		line(_("Quantity"), text_of(s->row.quantity));
	line_named(_("Mode"), text_of(s->row.mode), s->row.mode_name);
	line(_("Place"), e->place);
	line_named(_("Country"), e->country, name_of_country(p, e->country));
	if (s->event.kind == KIND_ACTIVITY)
		line(_("Status"), text_of(activity_status_text(s->event.status)));
	lines_of_tallies(_("Count"), p, NAME_COUNT, &e->counts);
	lines_of_tallies(_("Differential actor"), p, NAME_GROUP, &e->groups);
	line(_("Note"), e->note);
	for (size_t i = 0; i < e->evidences.count; i++) {
		const struct evidence *v = &e->evidences.list[i];

		hex_encode(v->hash, HASH_BYTES, hash);
		printf(_("Evidence: %s, %llu bytes, BLAKE2b-256 %s\n"),
		       cli_safe(v->name.at, v->name.len, shown, sizeof(shown)),
		       (unsigned long long) v->size_bytes, hash);
	}
	line(_("On the entry"), text_of(s->about));
	line(e->kind == KIND_RETURN ? _("Remark") : _("Why"), e->why);
}

static const char *
outcome_words(const struct shown *s)
{
	if (s->outcome != OUTCOME_OFFICE)
		return outcome_text(s->outcome);
	switch ((int) s->event.kind) {
	case KIND_PLAN: return N_("of the office: it brings a version of the plan");
	case KIND_CUT: return N_("of the office: it freezes the state as a cut");
	case KIND_LOCK: return N_("of the office: it locks a quarter");
	case KIND_RETURN:
		return N_("of the office: a remark on an entry, which it leaves as it is");
	default: return outcome_text(s->outcome);
	}
}

/* The sentence names the value at fault, since whoever reads it will write to the
 * unit, where nobody knows the names of reasons. */
static void
print_outcome(const struct asking *a, const struct shown *s)
{
	char reason[REASON_BYTES];

	/* it counts, but the numbers up to the cut-off do not have it yet */
	if (s->outcome == OUTCOME_COUNTED && event_day(&s->event) > a->cutoff) {
		printf("%s: %s\n", _("Outcome"), _("dated after the cut-off"));
		return;
	}
	printf("%s: %s\n", _("Outcome"), gettext(outcome_words(s)));
	if (s->restatement)
		puts(_("It came after its quarter was locked, and restates it."));
	if (s->outcome == OUTCOME_HELD) {
		held_fault_text(s->reason, &s->fault, reason, sizeof(reason));
		printf("%s: %s\n", _("Reason"), reason);
	}
}

/* The seal is checked at each asking: what was good on arrival may lie on a disk
 * that has gone bad since, and this page is where somebody relies on it. */
static void
print_proof(const struct shown *s)
{
	char received[BOGOTA_TEXT_BYTES];

	bogota_text(s->batch_received_ms, received);
	putchar('\n');
	printf(_("Device: %s\n"), s->row.device);
	line_hex(_("Device key (Ed25519)"), s->found.feed, FEED_BYTES);
	printf(_("Entry: %llu of its feed\n"), (unsigned long long) s->found.at.seq);
	line_hex(_("Chain hash"), s->found.at.hash, HASH_BYTES);
	printf(_("Batch: entries %llu to %llu, journal offset %llu\n"),
	       (unsigned long long) s->batch.first, (unsigned long long) batch_end(&s->batch).seq,
	       (unsigned long long) s->found.offset);
	line_hex(_("Signature"), s->batch.signature, SIGNATURE_BYTES);
	if (s->unsealed)
		puts(_("Signature: of entries behind the cut as well; leave --at out to check it."));
	else if (s->seal == ST_OK)
		puts(_("Checked now: signature and chain hold."));
	else
		printf(_("Checked now: DOES NOT HOLD: %s\n"), gettext(status_text(s->seal)));
	printf(_("Received: %s in Bogotá\n"), received);
}

void
show_print_text(const struct asking *a, const struct shown *s)
{
	printf("%s\n", s->row.ref);
	print_outcome(a, s);
	if (s->found.erased)
		puts(_("Its content was erased."));
	line(_("Kind"), text_of(s->row.kind));
	print_activity(a->plan, s);
	print_dates(s);
	if (s->event.kind == KIND_PLAN)
		printf(_("Plan version %llu, part %llu of %llu\n"),
		       (unsigned long long) s->event.plan_version,
		       (unsigned long long) s->event.part, (unsigned long long) s->event.parts);
	history_print(&s->history, &s->found.at);
	print_proof(s);
}

/* ---- JSON ---- */

static json_t *
text_or_null(struct text t)
{
	return t.len > 0 ? json_text(t.at, t.len) : json_null();
}

static json_t *
string_or_null(const char *z)
{
	return z && *z ? json_string(z) : json_null();
}

static json_t *
named_json(struct text code, const char *name)
{
	return json_pack("{s:o, s:o}", "code", json_text(code.at, code.len), "name",
	                 string_or_null(name));
}

static json_t *
tallies_json(const struct tallies *t)
{
	json_t *object = json_object();

	for (size_t i = 0; i < t->count; i++)
		json_object_setn_new(object, t->list[i].name.at, t->list[i].name.len,
		                     json_integer((json_int_t) t->list[i].value));
	return object;
}

static json_t *
evidences_json(const struct evidences *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		const struct evidence *v = &list->list[i];

		json_array_append_new(array,
		                      /* clang-format off */
		                      json_pack("{s:o, s:I, s:o}", "name",
		                                json_text(v->name.at, v->name.len), "size",
		                                (json_int_t) v->size_bytes, "hash",
		                                json_hex(v->hash, HASH_BYTES)));
		/* clang-format on */
	}
	return array;
}

static json_t *
initiatives_json(const plan *p, const struct codes *codes)
{
	json_t *array = json_array();

	for (size_t i = 0; i < codes->count; i++)
		json_array_append_new(
			array,
			named_json(codes->list[i], name_of(p, NAME_INITIATIVE, codes->list[i])));
	return array;
}

/* A feed that is not named is the event's own; here it is always told. */
static json_t *
fixes_json(const struct shown *s)
{
	json_t *array = json_array();

	for (size_t i = 0; i < s->event.fixes.count; i++) {
		const struct fix *f = &s->event.fixes.list[i];

		json_array_append_new(
			array,
			/* clang-format off */
			json_pack("{s:o, s:I, s:o}", "feed",
		                  json_hex(f->feed ? f->feed : s->found.feed, FEED_BYTES), "seq",
		                  (json_int_t) f->seq, "hash",
		                  json_hex(f->hash, HASH_PREFIX_BYTES)));
		/* clang-format on */
	}
	return array;
}

static json_t *
event_json(const plan *p, const struct shown *s)
{
	const struct event *e = &s->event;
	char at[UTC_TEXT_BYTES];
	json_t *o = json_object();

	utc_text(e->at_ms, at);
	json_object_set_new(o, "kind", string_or_null(s->row.kind));
	json_object_set_new(o, "unit", string_or_null(s->row.unit));
	json_object_set_new(o, "unit_name", string_or_null(s->row.unit_name));
	json_object_set_new(
		o, "indicator",
		e->indicator.len > 0
			? named_json(e->indicator, name_of(p, NAME_INDICATOR, e->indicator))
			: json_null());
	json_object_set_new(o, "initiatives", initiatives_json(p, &e->initiatives));
	json_object_set_new(o, "date", string_or_null(s->row.date));
	json_object_set_new(o, "until", string_or_null(s->row.until));
	json_object_set_new(o, "quantity",
	                    has(s, EVENT_QUANTITY) ? json_integer((json_int_t) e->quantity)
	                                           : json_null());
	json_object_set_new(o, "mode", string_or_null(s->row.mode));
	json_object_set_new(o, "mode_name", string_or_null(s->row.mode_name));
	json_object_set_new(o, "place", text_or_null(e->place));
	json_object_set_new(o, "country", text_or_null(e->country));
	json_object_set_new(o, "status", string_or_null(s->row.status));
	json_object_set_new(o, "counts", tallies_json(&e->counts));
	json_object_set_new(o, "groups", tallies_json(&e->groups));
	json_object_set_new(o, "note", text_or_null(e->note));
	json_object_set_new(o, "evidences", evidences_json(&e->evidences));
	json_object_set_new(o, "fixes", fixes_json(s));
	json_object_set_new(o, "why", text_or_null(e->why));
	json_object_set_new(o, "by", text_or_null(e->by));
	if (*s->about)
		json_object_set_new(o, "on", json_string(s->about));
	event_json_set(o, e);
	json_object_set_new(o, "at", e->kind_name.len > 0 ? json_string(at) : json_null());
	if (e->kind == KIND_PLAN)
		json_object_set_new(
			o, "plan",
			json_pack("{s:I, s:I, s:I}", "version", (json_int_t) e->plan_version,
		                  "part", (json_int_t) e->part, "parts", (json_int_t) e->parts));
	return o;
}

static json_t *
batch_json(const struct shown *s)
{
	/* clang-format off */
	return json_pack("{s:I, s:I, s:I, s:o, s:o}", "offset", (json_int_t) s->found.offset,
	                 "first", (json_int_t) s->batch.first, "last",
	                 (json_int_t) batch_end(&s->batch).seq, "signature",
	                 json_hex(s->batch.signature, SIGNATURE_BYTES), "verified",
	                 s->unsealed ? json_null() : json_boolean(s->seal == ST_OK));
	/* clang-format on */
}

status
show_print_json(const struct asking *a, const struct shown *s)
{
	bool held = s->outcome == OUTCOME_HELD;
	char received[UTC_TEXT_BYTES], text[REASON_BYTES];
	json_t *root = json_object();

	utc_text(s->batch_received_ms, received);
	held_fault_text(s->reason, &s->fault, text, sizeof(text));
	asking_tell_at(a->hub, a->txn, root);
	json_object_set_new(root, "ref", json_string(s->row.ref));
	json_object_set_new(root, "outcome", json_string(outcome_name(s->outcome)));
	json_object_set_new(root, "reason", held ? json_string(hold_name(s->reason)) : json_null());
	json_object_set_new(root, "text", held ? json_string(text) : json_null());
	json_object_set_new(root, "nearest", held ? string_or_null(s->fault.nearest) : json_null());
	json_object_set_new(
		root, "dated_ahead",
		json_boolean(s->outcome == OUTCOME_COUNTED && event_day(&s->event) > a->cutoff));
	json_object_set_new(root, "restatement", json_boolean(s->restatement));
	json_object_set_new(root, "erased", json_boolean(s->found.erased));
	json_object_set_new(root, "event", event_json(a->plan, s));
	json_object_set_new(root, "versions", history_versions_json(&s->history, &s->found.at));
	json_object_set_new(root, "remarks", history_remarks_json(&s->history));
	json_object_set_new(root, "device", json_string(s->row.device));
	json_object_set_new(root, "role",
	                    s->enrolled ? json_string(device_role_name(s->role)) : json_null());
	json_object_set_new(root, "key", json_hex(s->found.feed, FEED_BYTES));
	json_object_set_new(root, "seq", json_integer((json_int_t) s->found.at.seq));
	json_object_set_new(root, "hash", json_hex(s->found.at.hash, HASH_BYTES));
	json_object_set_new(root, "batch", batch_json(s));
	json_object_set_new(root, "received", json_string(received));
	return json_print(root);
}
