#include "protocol/event.h"

#include <stdio.h>

#include "protocol/plan.h"

#define AT(member) offsetof(struct event, member)

/* In the order of the keys, which is that of enum event_field. */
static const struct codec_field fields[EVENT_FIELDS_] = {
	/* key                      type             where            min  max   required */
	[EVENT_APPROPRIATED] = { "appr", CODEC_UINT, AT(appropriated), 0, MONEY_MAX, false },
	[EVENT_AT] = { "at", CODEC_INT, AT(at_ms), INT64_MIN, INT64_MAX, true },
	[EVENT_PROJECT] = { "bpin", CODEC_CODE, AT(project), 0, 0, false },
	[EVENT_BY] = { "by", CODEC_TEXT, AT(by), 0, NAME_BYTES_MAX, false },
	[EVENT_COMMITTED] = { "comm", CODEC_UINT, AT(committed), 0, MONEY_MAX, false },
	[EVENT_COMMITMENT] = { "commit", CODEC_CODE, AT(commitment), 0, 0, false },
	[EVENT_COUNTS] = { "count", CODEC_TALLIES, AT(counts), 0, COUNTS_MAX, false },
	[EVENT_COUNTRY] = { "country", CODEC_TEXT, AT(country), 0, 2, false },
	[EVENT_DATA] = { "data", CODEC_BIN, AT(data), 0, PART_BYTES_MAX, false },
	[EVENT_DATE] = { "date", CODEC_INT, AT(date), DATE_MIN, DATE_MAX, false },
	[EVENT_EVIDENCES] = { "evid", CODEC_EVIDENCES, AT(evidences), 0, EVIDENCES_MAX, false },
	[EVENT_FIXES] = { "fix", CODEC_FIXES, AT(fixes), 0, FIXES_MAX, false },
	[EVENT_GROUPS] = { "group", CODEC_TALLIES, AT(groups), 0, GROUPS_MAX, false },
	[EVENT_HASH] = { "hash", CODEC_FIXED, AT(hash), 0, HASH_BYTES, false },
	[EVENT_INDICATOR] = { "ind", CODEC_CODE, AT(indicator), 0, 0, false },
	[EVENT_INITIATIVES] = { "init", CODEC_CODES, AT(initiatives), 0, INITIATIVES_MAX, false },
	[EVENT_KIND] = { "k", CODEC_CODE, AT(kind_name), 0, 0, true },
	[EVENT_THING] = { "key", CODEC_CODE, AT(thing), 0, 0, false },
	[EVENT_MODE] = { "mode", CODEC_CODE, AT(mode), 0, 0, false },
	[EVENT_NAME] = { "name", CODEC_TEXT, AT(name), 0, NAME_BYTES_MAX, false },
	[EVENT_NOTHING] = { "none", CODEC_CODES, AT(nothing), 0, DECLARED_MAX, false },
	[EVENT_NOTE] = { "note", CODEC_TEXT, AT(note), 0, NOTE_BYTES_MAX, false },
	[EVENT_OBLIGATED] = { "obl", CODEC_UINT, AT(obligated), 0, MONEY_MAX, false },
	[EVENT_PAID] = { "paid", CODEC_UINT, AT(paid), 0, MONEY_MAX, false },
	[EVENT_PART] = { "part", CODEC_UINT, AT(part), 1, PARTS_MAX, false },
	[EVENT_PARTS] = { "parts", CODEC_UINT, AT(parts), 1, PARTS_MAX, false },
	[EVENT_PERCENT] = { "pct", CODEC_UINT, AT(percent), 0, PERCENT_MAX, false },
	[EVENT_PLACE] = { "place", CODEC_TEXT, AT(place), 0, PLACE_BYTES_MAX, false },
	[EVENT_PLAN] = { "plan", CODEC_UINT, AT(plan_version), 1, UINT32_MAX, false },
	[EVENT_QUANTITY] = { "qty", CODEC_UINT, AT(quantity), 1, QUANTITY_MAX, false },
	[EVENT_QUARTER] = { "quarter", CODEC_UINT, AT(quarter), QUARTER_MIN, QUARTER_MAX, false },
	[EVENT_RANDOM] = { "r", CODEC_FIXED, AT(random), 0, RANDOM_BYTES, false },
	[EVENT_ABOUT] = { "re", CODEC_FIXES, AT(about), 0, 1, false },
	[EVENT_RISK] = { "risk", CODEC_CODE, AT(risk), 0, 0, false },
	[EVENT_STATUS] = { "status", CODEC_CODE, AT(status_name), 0, 0, false },
	[EVENT_TOTAL] = { "total", CODEC_UINT, AT(total), 1, PLAN_BYTES_MAX, false },
	[EVENT_UNIT] = { "u", CODEC_CODE, AT(unit), 0, 0, false },
	[EVENT_UNTIL] = { "until", CODEC_INT, AT(until), DATE_MIN, DATE_MAX, false },
	[EVENT_V] = { "v", CODEC_UINT, AT(version), 1, UINT32_MAX, true },
	[EVENT_VALUE] = { "value", CODEC_UINT, AT(value), 0, PLAN_NUMBER_MAX, false },
	[EVENT_WAY] = { "way", CODEC_CODE, AT(way_name), 0, 0, false },
	[EVENT_WHY] = { "why", CODEC_TEXT, AT(why), 0, NOTE_BYTES_MAX, false },
	[EVENT_ZERO] = { "zero", CODEC_CODES, AT(zero), 0, DECLARED_MAX, false },
};

enum { HEAD_AT, HEAD_BY, HEAD_KIND, HEAD_UNIT, HEAD_V, HEAD_FIELDS_ };

/* The fields that every kind and version has. */
static const struct codec_field head_fields[HEAD_FIELDS_] = {
	[HEAD_AT] = { "at", CODEC_INT, AT(at_ms), INT64_MIN, INT64_MAX, true },
	[HEAD_BY] = { "by", CODEC_TEXT, AT(by), 0, NAME_BYTES_MAX, false },
	[HEAD_KIND] = { "k", CODEC_CODE, AT(kind_name), 0, 0, true },
	[HEAD_UNIT] = { "u", CODEC_CODE, AT(unit), 0, 0, false },
	[HEAD_V] = { "v", CODEC_UINT, AT(version), 1, UINT32_MAX, true },
};

static const char *const status_names[EVENT_STATUSES_] = {
	[STATUS_DONE] = "done",
	[STATUS_PLANNED] = "planned",
	[STATUS_CANCELLED] = "cancelled",
	[STATUS_MOVED] = "moved",
};

const char *
event_field_key(event_field field)
{
	return (unsigned) field < EVENT_FIELDS_ ? fields[field].key : "?";
}

const char *
event_status_name(event_status s)
{
	return (unsigned) s < EVENT_STATUSES_ ? status_names[s] : "?";
}

bool
event_status_of(struct text name, event_status *ret_status)
{
	for (int s = 0; s < EVENT_STATUSES_; s++) {
		if (text_is(name, status_names[s])) {
			*ret_status = (event_status) s;
			return true;
		}
	}
	return false;
}

static bool
country_valid(struct text t)
{
	return t.len == 2 && t.at[0] >= 'A' && t.at[0] <= 'Z' && t.at[1] >= 'A' && t.at[1] <= 'Z';
}

static bool
fix_valid(const struct event *e, event_field *ret_field)
{
	*ret_field = EVENT_WHY;
	return !(e->has & EVENT_BIT(EVENT_FIXES)) || (e->has & EVENT_BIT(EVENT_WHY));
}

static bool
activity_valid(const struct event *e, event_field *ret_field)
{
	*ret_field = EVENT_INDICATOR;
	if (!(e->has & (EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_INITIATIVES))))
		return false;
	*ret_field = EVENT_UNTIL;
	if ((e->has & EVENT_BIT(EVENT_UNTIL)) && e->until < e->date)
		return false;
	return fix_valid(e, ret_field);
}

/* One item, and something to say of it. */
static bool
progress_valid(const struct event *e, event_field *ret_field)
{
	size_t items = e->initiatives.count;

	items += (e->has & EVENT_BIT(EVENT_COMMITMENT)) != 0;
	items += (e->has & EVENT_BIT(EVENT_RISK)) != 0;
	*ret_field = EVENT_INITIATIVES;
	if (items != 1)
		return false;
	*ret_field = EVENT_PERCENT;
	if (!(e->has & (EVENT_BIT(EVENT_PERCENT) | EVENT_BIT(EVENT_NOTE))))
		return false;
	return fix_valid(e, ret_field);
}

/* No indicator was both. */
static bool
close_valid(const struct event *e, event_field *ret_field)
{
	*ret_field = EVENT_NOTHING;
	for (size_t i = 0; i < e->nothing.count; i++) {
		for (size_t k = 0; k < e->zero.count; k++) {
			if (text_equal(e->nothing.list[i], e->zero.list[k]))
				return false;
		}
	}
	return fix_valid(e, ret_field);
}

/* Without a name a cut could not be asked for. */
static bool
part_valid(const struct event *e, event_field *ret_field)
{
	*ret_field = EVENT_NAME;
	if (e->kind == KIND_CUT && e->name.len == 0)
		return false;
	*ret_field = EVENT_PART;
	return e->part <= e->parts;
}

/* The fields of a document in parts. */
#define PARTS \
	(EVENT_BIT(EVENT_DATA) | EVENT_BIT(EVENT_HASH) | EVENT_BIT(EVENT_PART) | \
	 EVENT_BIT(EVENT_PARTS) | EVENT_BIT(EVENT_TOTAL))

/* KIND_UNKNOWN has no name, so that none leads to it. */
static const struct {
	const char *name;
	uint64_t must;       /* fields that this kind cannot do without */
	bool record, office; /* event_is_record(), event_is_office() */

	/* What the table of fields cannot say: which belong together.  *ret_field is
	 * set ahead of each check, so that it names the one that fails; after success
	 * it says nothing. */
	bool (*valid)(const struct event *e, event_field *ret_field);
} kinds[EVENT_KINDS_] = {
	[KIND_ACTIVITY] = { "activity",
	                    EVENT_BIT(EVENT_DATE) | EVENT_BIT(EVENT_QUANTITY) |
	                            EVENT_BIT(EVENT_UNIT),
	                    .record = true, .valid = activity_valid },
	[KIND_VOID] = { "void",
	                EVENT_BIT(EVENT_FIXES) | EVENT_BIT(EVENT_WHY) | EVENT_BIT(EVENT_UNIT),
	                .record = true },
	[KIND_LEVEL] = { "level",
	                 EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_QUARTER) |
	                         EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_VALUE),
	                 .record = true, .valid = fix_valid },
	[KIND_PROBE] = { .name = "probe" },
	[KIND_THING] = { "thing",
	                 EVENT_BIT(EVENT_DATE) | EVENT_BIT(EVENT_INDICATOR) |
	                         EVENT_BIT(EVENT_THING) | EVENT_BIT(EVENT_UNIT) |
	                         EVENT_BIT(EVENT_WAY),
	                 .record = true, .valid = fix_valid },
	[KIND_PROGRESS] = { "progress", EVENT_BIT(EVENT_QUARTER) | EVENT_BIT(EVENT_UNIT),
	                    .record = true, .valid = progress_valid },
	[KIND_BUDGET] = { "budget",
	                  EVENT_BIT(EVENT_APPROPRIATED) | EVENT_BIT(EVENT_COMMITTED) |
	                          EVENT_BIT(EVENT_OBLIGATED) | EVENT_BIT(EVENT_PAID) |
	                          EVENT_BIT(EVENT_PROJECT) | EVENT_BIT(EVENT_QUARTER) |
	                          EVENT_BIT(EVENT_UNIT),
	                  .record = true, .valid = fix_valid },
	[KIND_CLOSE] = { "close", EVENT_BIT(EVENT_QUARTER) | EVENT_BIT(EVENT_UNIT), .record = true,
	                 .valid = close_valid },
	[KIND_PLAN] = { "plan", PARTS | EVENT_BIT(EVENT_PLAN), .office = true,
	                .valid = part_valid },
	[KIND_RETURN] = { "return",
	                  EVENT_BIT(EVENT_ABOUT) | EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_WHY),
	                  .office = true },
	[KIND_CUT] = { "cut", PARTS | EVENT_BIT(EVENT_NAME), .office = true, .valid = part_valid },
	[KIND_LOCK] = { "lock", PARTS | EVENT_BIT(EVENT_QUARTER), .office = true,
	                .valid = part_valid },
};

static event_kind
kind_of(struct text name)
{
	for (int k = KIND_ACTIVITY; k < EVENT_KINDS_; k++)
		if (text_is(name, kinds[k].name))
			return (event_kind) k;
	return KIND_UNKNOWN;
}

/* Of the fields that are missing the first one is named.  A country is one in whatever
 * kind, as a key has one type in all. */
static bool
kind_valid(const struct event *e, event_field *ret_field)
{
	uint64_t missing = kinds[e->kind].must & ~e->has;

	for (int f = 0; missing && f < EVENT_FIELDS_; f++) {
		if (missing & EVENT_BIT(f)) {
			*ret_field = (event_field) f;
			return false;
		}
	}
	*ret_field = EVENT_COUNTRY;
	if ((e->has & EVENT_BIT(EVENT_COUNTRY)) && !country_valid(e->country))
		return false;
	return !kinds[e->kind].valid || kinds[e->kind].valid(e, ret_field);
}

/* Of a list its count and, for who looks there without asking, the first in it. */
#define CLEAR_LIST(l) ((l).count = 0, memset((l).list, 0, sizeof((l).list[0])))

static void
clear(struct event *e)
{
	memset(e, 0, offsetof(struct event, fixes));
	CLEAR_LIST(e->fixes);
	CLEAR_LIST(e->initiatives);
	CLEAR_LIST(e->counts);
	CLEAR_LIST(e->groups);
	CLEAR_LIST(e->evidences);
	CLEAR_LIST(e->zero);
	CLEAR_LIST(e->nothing);
	CLEAR_LIST(e->about);
}

/* What stands before the fault is not shown: it may be half of a text. */
static hold
unreadable(struct event *e, status st)
{
	clear(e);
	return st == ST_LIMIT ? HOLD_LIMIT : HOLD_MALFORMED;
}

/* A kind or version from the future: only what all have in common is read, the
 * rest is checked for form. */
static hold
decode_head(struct bytes body, struct event *e)
{
	reader r = reader_of(body.at, body.len);
	uint64_t has;

	codec_read(&r, head_fields, HEAD_FIELDS_, e, &has, &e->critical);
	if (reader_end(&r) < 0)
		return unreadable(e, r.st);
	e->has = EVENT_BIT(EVENT_AT) | EVENT_BIT(EVENT_KIND) | EVENT_BIT(EVENT_V);
	if (has >> HEAD_BY & 1)
		e->has |= EVENT_BIT(EVENT_BY);
	if (has >> HEAD_UNIT & 1)
		e->has |= EVENT_BIT(EVENT_UNIT);
	if (e->version != EVENT_VERSION)
		return HOLD_VERSION;
	return kind_of(e->kind_name) == KIND_UNKNOWN ? HOLD_KIND : HOLD_NONE;
}

bool
event_is_record(event_kind kind)
{
	return kinds[kind].record;
}

bool
event_is_office(event_kind kind)
{
	return kinds[kind].office;
}

const char *
event_kind_name(event_kind kind)
{
	return kinds[kind].name ? kinds[kind].name : "?";
}

date
event_day(const struct event *e)
{
	if (e->kind == KIND_ACTIVITY || e->kind == KIND_THING)
		return (date) e->date;
	return e->has & EVENT_BIT(EVENT_QUARTER) ? quarter_first(e->quarter) : 0;
}

/* Its codes, one after the other; a code that is not there is empty. */
static bool
write_key(char *out, const struct event *e, const char *type, struct text a, struct text b)
{
	snprintf(out, REGISTER_KEY_BYTES, "%s/%.*s%s%.*s", kinds[e->kind].name, (int) a.len, a.at,
	         type, (int) b.len, b.at);
	return true;
}

static bool
write_progress_key(char *out, const struct event *e)
{
	if (e->has & EVENT_BIT(EVENT_COMMITMENT))
		return write_key(out, e, "/c/", e->unit, e->commitment);
	if (e->has & EVENT_BIT(EVENT_RISK))
		return write_key(out, e, "/r/", e->unit, e->risk);
	return write_key(out, e, "/i/", e->unit, e->initiatives.list[0]);
}

static bool
write_register(char *out, const struct event *e)
{
	static const struct text none = { "", 0 };

	switch ((int) e->kind) {
	case KIND_LEVEL: return write_key(out, e, "/", e->unit, e->indicator);
	case KIND_PROGRESS: return write_progress_key(out, e);
	case KIND_BUDGET: return write_key(out, e, "", e->project, none);
	case KIND_CLOSE: return write_key(out, e, "", e->unit, none);
	default: return false;
	}
}

bool
event_register(const struct event *e, char ret_key[static REGISTER_KEY_BYTES])
{
	size_t len;

	*ret_key = 0;
	if (!write_register(ret_key, e))
		return false;
	len = strlen(ret_key);
	snprintf(ret_key + len, REGISTER_KEY_BYTES - len, "/%u", (unsigned) e->quarter);
	return true;
}

bool
event_bond(const struct event *e, char ret_key[static REGISTER_KEY_BYTES])
{
	if (e->kind == KIND_THING)
		return write_key(ret_key, e, "/", e->indicator, e->thing);
	return event_register(e, ret_key);
}

/* What is one of few words. */
static bool
words_valid(struct event *e)
{
	e->status = STATUS_DONE;
	e->out = text_is(e->way_name, "out");
	if ((e->has & EVENT_BIT(EVENT_STATUS)) && !event_status_of(e->status_name, &e->status))
		return false;
	return !(e->has & EVENT_BIT(EVENT_WAY)) || e->out || text_is(e->way_name, "in");
}

/* What no field of this version and kind explains: by the fields that all have in common
 * first, then again from the beginning. */
static hold
decode_odd(struct bytes body, struct event *e)
{
	reader r = reader_of(body.at, body.len);
	hold h;

	clear(e);
	h = decode_head(body, e);
	if (h != HOLD_NONE)
		return h;
	codec_read(&r, fields, EVENT_FIELDS_, e, &e->has, &e->critical);
	return unreadable(e, reader_end(&r));
}

hold
event_erased(struct event *ret_event)
{
	clear(ret_event);
	return HOLD_ERASED;
}

/* An event of this version, of a kind that is known, and whole, needs to be read once. */
hold
event_decode(struct bytes body, struct event *ret_event)
{
	reader r = reader_of(body.at, body.len);
	struct event *e = ret_event;
	event_field fault;

	clear(e);
	if (body.len > EVENT_BYTES_MAX)
		return HOLD_LIMIT;
	codec_read(&r, fields, EVENT_FIELDS_, e, &e->has, &e->critical);
	e->kind = kind_of(e->kind_name);
	if (reader_end(&r) < 0 || e->version != EVENT_VERSION || e->kind == KIND_UNKNOWN)
		return decode_odd(body, e);
	if (e->critical) /* before the rules: it may be what changes them */
		return HOLD_KEY;
	if (!words_valid(e) || !kind_valid(e, &fault))
		return unreadable(e, ST_MALFORMED);
	return HOLD_NONE;
}

/* done is never written: what is the default has one form, its absence.  A kind
 * that cannot be written fails in codec_check(), since it has no name. */
status
event_encode(struct event *e, writer *w, event_field *ret_field)
{
	size_t fault = 0;
	status st;

	e->version = EVENT_VERSION;
	e->kind_name = text_of(kinds[e->kind].name);
	e->has |= EVENT_BIT(EVENT_V) | EVENT_BIT(EVENT_KIND) | EVENT_BIT(EVENT_AT);
	e->has &= ~EVENT_BIT(EVENT_STATUS);
	if (e->kind == KIND_ACTIVITY && e->status != STATUS_DONE) {
		e->status_name = text_of(status_names[e->status]);
		e->has |= EVENT_BIT(EVENT_STATUS);
	}
	e->has &= ~EVENT_BIT(EVENT_WAY);
	if (e->kind == KIND_THING) {
		e->way_name = text_of(e->out ? "out" : "in");
		e->has |= EVENT_BIT(EVENT_WAY);
	}
	/* each field by itself first, so that the rules below may trust them */
	st = codec_check(fields, EVENT_FIELDS_, e, e->has, &fault);
	*ret_field = (event_field) fault;
	if (st == ST_MALFORMED)
		return ST_INVALID;
	if (st < 0)
		return st;
	if (!kind_valid(e, ret_field))
		return ST_INVALID;
	writer_clear(w);
	codec_write(w, fields, EVENT_FIELDS_, e, e->has);
	if (writer_status(w) == ST_OK && writer_bytes(w).len > EVENT_BYTES_MAX)
		return ST_LIMIT;
	return writer_status(w);
}
