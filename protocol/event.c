#include "protocol/event.h"

#define AT(member) offsetof(struct event, member)

/* In the order of the keys, which is that of enum event_field. */
static const struct codec_field fields[EVENT_FIELDS_] = {
	/* key                      type             where            min  max   required */
	[EVENT_AT] = { "at", CODEC_INT, AT(at_ms), INT64_MIN, INT64_MAX, true },
	[EVENT_BY] = { "by", CODEC_TEXT, AT(by), 0, NAME_BYTES_MAX, false },
	[EVENT_COUNTS] = { "count", CODEC_TALLIES, AT(counts), 0, COUNTS_MAX, false },
	[EVENT_COUNTRY] = { "country", CODEC_TEXT, AT(country), 0, 2, false },
	[EVENT_DATA] = { "data", CODEC_BIN, AT(data), 0, PART_BYTES_MAX, false },
	[EVENT_DATE] = { "date", CODEC_INT, AT(date), DATE_MIN, DATE_MAX, false },
	[EVENT_EVIDENCES] = { "evid", CODEC_EVIDENCES, AT(evidences), 0, EVIDENCES_MAX, false },
	[EVENT_FIXES] = { "fix", CODEC_FIXES, AT(fixes), 0, FIXES_MAX, false },
	[EVENT_GROUPS] = { "group", CODEC_TALLIES, AT(groups), 0, GROUPS_MAX, false },
	[EVENT_HASH] = { "hash", CODEC_FIXED, AT(plan_hash), 0, HASH_BYTES, false },
	[EVENT_INDICATOR] = { "ind", CODEC_CODE, AT(indicator), 0, 0, false },
	[EVENT_INITIATIVES] = { "init", CODEC_CODES, AT(initiatives), 0, INITIATIVES_MAX, false },
	[EVENT_KIND] = { "k", CODEC_CODE, AT(kind_name), 0, 0, true },
	[EVENT_MODE] = { "mode", CODEC_CODE, AT(mode), 0, 0, false },
	[EVENT_NOTE] = { "note", CODEC_TEXT, AT(note), 0, NOTE_BYTES_MAX, false },
	[EVENT_PART] = { "part", CODEC_UINT, AT(part), 1, PARTS_MAX, false },
	[EVENT_PARTS] = { "parts", CODEC_UINT, AT(parts), 1, PARTS_MAX, false },
	[EVENT_PLACE] = { "place", CODEC_TEXT, AT(place), 0, PLACE_BYTES_MAX, false },
	[EVENT_PLAN] = { "plan", CODEC_UINT, AT(plan_version), 1, UINT32_MAX, false },
	[EVENT_QUANTITY] = { "qty", CODEC_UINT, AT(quantity), 1, QUANTITY_MAX, false },
	[EVENT_RANDOM] = { "r", CODEC_FIXED, AT(random), 0, RANDOM_BYTES, false },
	[EVENT_STATUS] = { "status", CODEC_CODE, AT(status_name), 0, 0, false },
	[EVENT_TOTAL] = { "total", CODEC_UINT, AT(total), 1, PLAN_BYTES_MAX, false },
	[EVENT_UNIT] = { "u", CODEC_CODE, AT(unit), 0, 0, false },
	[EVENT_UNTIL] = { "until", CODEC_INT, AT(until), DATE_MIN, DATE_MAX, false },
	[EVENT_V] = { "v", CODEC_UINT, AT(version), 1, UINT32_MAX, true },
	[EVENT_WHY] = { "why", CODEC_TEXT, AT(why), 0, NOTE_BYTES_MAX, false },
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

/* KIND_UNKNOWN has no name, so that none leads to it. */
static const struct {
	const char *name;
	uint64_t must; /* fields that this kind cannot do without */
} kinds[] = {
	[KIND_ACTIVITY] = { "activity", EVENT_BIT(EVENT_DATE) | EVENT_BIT(EVENT_QUANTITY) |
	                                        EVENT_BIT(EVENT_UNIT) },
	[KIND_VOID] = { "void",
	                EVENT_BIT(EVENT_FIXES) | EVENT_BIT(EVENT_WHY) | EVENT_BIT(EVENT_UNIT) },
	[KIND_PLAN] = { "plan", EVENT_BIT(EVENT_DATA) | EVENT_BIT(EVENT_HASH) |
	                                EVENT_BIT(EVENT_PART) | EVENT_BIT(EVENT_PARTS) |
	                                EVENT_BIT(EVENT_PLAN) | EVENT_BIT(EVENT_TOTAL) },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

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

static event_kind
kind_of(struct text name)
{
	for (int k = KIND_ACTIVITY; k < KINDS; k++)
		if (text_is(name, kinds[k].name))
			return (event_kind) k;
	return KIND_UNKNOWN;
}

static bool
country_valid(struct text t)
{
	return t.len == 2 && t.at[0] >= 'A' && t.at[0] <= 'Z' && t.at[1] >= 'A' && t.at[1] <= 'Z';
}

/* *ret_field is set ahead of each check, so that it names the one that fails; after
 * success it says nothing.  The same for plan_part_valid(). */
static bool
activity_valid(const struct event *e, event_field *ret_field)
{
	*ret_field = EVENT_INDICATOR;
	if (!(e->has & (EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_INITIATIVES))))
		return false;
	*ret_field = EVENT_UNTIL;
	if ((e->has & EVENT_BIT(EVENT_UNTIL)) && e->until < e->date)
		return false;
	*ret_field = EVENT_COUNTRY;
	if ((e->has & EVENT_BIT(EVENT_COUNTRY)) && !country_valid(e->country))
		return false;
	*ret_field = EVENT_WHY;
	return !(e->has & EVENT_BIT(EVENT_FIXES)) || (e->has & EVENT_BIT(EVENT_WHY));
}

static bool
plan_part_valid(const struct event *e, event_field *ret_field)
{
	*ret_field = EVENT_PART;
	return e->part <= e->parts;
}

/* What the table cannot say: fields that belong together. */
static bool
kind_valid(const struct event *e, event_field *ret_field)
{
	for (int f = 0; f < EVENT_FIELDS_; f++) {
		if ((kinds[e->kind].must & ~e->has) & EVENT_BIT(f)) {
			*ret_field = (event_field) f;
			return false;
		}
	}
	switch (e->kind) {
	case KIND_ACTIVITY: return activity_valid(e, ret_field);
	case KIND_PLAN: return plan_part_valid(e, ret_field);
	case KIND_VOID:
	case KIND_UNKNOWN: break;
	}
	return true;
}

/* What stands before the fault is not shown: it may be half of a text. */
static hold
unreadable(struct event *e, status st)
{
	*e = (struct event) { 0 };
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

hold
event_decode(struct bytes body, struct event *ret_event)
{
	struct event *e = ret_event;
	event_field fault;
	reader r;
	hold h;

	*e = (struct event) { 0 };
	if (body.len > EVENT_BYTES_MAX)
		return HOLD_LIMIT;
	h = decode_head(body, e);
	if (h != HOLD_NONE)
		return h;
	/* again, from the beginning: now the fields of this version count, whatever
	 * kind they belong to */
	r = reader_of(body.at, body.len);
	codec_read(&r, fields, EVENT_FIELDS_, e, &e->has, &e->critical);
	if (reader_end(&r) < 0)
		return unreadable(e, r.st);
	e->kind = kind_of(e->kind_name);
	if (e->critical) /* before the rules: it may be what changes them */
		return HOLD_KEY;
	e->status = STATUS_DONE;
	if (((e->has & EVENT_BIT(EVENT_STATUS)) && !event_status_of(e->status_name, &e->status)) ||
	    !kind_valid(e, &fault))
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
