/* Keys that the event does not have are left out, so that null never has to mean
 * "not said", and whoever reads need not know which kinds have which fields. */
#include "agent/event_json.h"

#include <stdio.h>
#include <time.h>

#include "common/event_json.h"
#include "common/json_out.h"

enum { TIME_BYTES = 64 };

/* Rounded down also before 1970: a dead clock may say so. */
json_t *
json_time(int64_t ms)
{
	time_t seconds = (time_t) (ms / 1000 - (ms % 1000 < 0));
	char text[TIME_BYTES];
	struct tm utc;

	if (!gmtime_r(&seconds, &utc) || utc.tm_year < 1 - 1900 || utc.tm_year > 9999 - 1900)
		return json_null();
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ", utc.tm_year + 1900,
	         utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
	return json_string(text);
}

static json_t *
date_json(int64_t day)
{
	char text[DATE_TEXT_BYTES];

	date_format((date) day, text);
	return json_string(text);
}

/* jansson wants keys that end with 0; these are codes, so they hold none. */
static json_t *
tallies_json(const struct tallies *tallies)
{
	json_t *object = json_object();

	for (size_t i = 0; i < tallies->count; i++) {
		char name[CODE_BYTES_MAX + 1];

		snprintf(name, sizeof(name), "%.*s", (int) tallies->list[i].name.len,
		         tallies->list[i].name.at);
		json_object_set_new(object, name,
		                    json_integer((json_int_t) tallies->list[i].value));
	}
	return object;
}

static json_t *
evidences_json(const struct evidences *evidences)
{
	json_t *list = json_array();

	for (size_t i = 0; i < evidences->count; i++) {
		const struct evidence *v = &evidences->list[i];
		json_t *object = json_object();

		json_object_set_new(object, "name", json_text(v->name.at, v->name.len));
		json_object_set_new(object, "size", json_integer((json_int_t) v->size_bytes));
		json_object_set_new(object, "hash", json_hex(v->hash, HASH_BYTES));
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *
fixes_json(const struct fixes *fixes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < fixes->count; i++) {
		const struct fix *f = &fixes->list[i];
		json_t *object = json_object();

		json_object_set_new(object, "seq", json_integer((json_int_t) f->seq));
		json_object_set_new(object, "hash", json_hex(f->hash, HASH_PREFIX_BYTES));
		if (f->feed)
			json_object_set_new(object, "feed", json_hex(f->feed, FEED_BYTES));
		json_array_append_new(list, object);
	}
	return list;
}

static void
set_activity(json_t *object, const struct event *e)
{
	json_set_text(object, "indicator", e->indicator);
	if (e->initiatives.count > 0)
		json_object_set_new(object, "initiatives", codes_json(&e->initiatives));
	if (e->has & EVENT_BIT(EVENT_DATE))
		json_object_set_new(object, "date", date_json(e->date));
	if (e->has & EVENT_BIT(EVENT_UNTIL))
		json_object_set_new(object, "until", date_json(e->until));
	if (e->has & EVENT_BIT(EVENT_QUANTITY))
		json_object_set_new(object, "quantity", json_integer((json_int_t) e->quantity));
	json_set_text(object, "mode", e->mode);
	json_set_text(object, "place", e->place);
	json_set_text(object, "country", e->country);
	if (e->kind == KIND_ACTIVITY)
		json_object_set_new(object, "status", json_string(event_status_name(e->status)));
	if (e->counts.count > 0)
		json_object_set_new(object, "counts", tallies_json(&e->counts));
	if (e->groups.count > 0)
		json_object_set_new(object, "groups", tallies_json(&e->groups));
	json_set_text(object, "note", e->note);
	if (e->evidences.count > 0)
		json_object_set_new(object, "evidences", evidences_json(&e->evidences));
}

json_t *
event_json(const struct event *e)
{
	json_t *object = json_object();

	json_set_text(object, "kind", e->kind_name);
	json_set_text(object, "unit", e->unit);
	set_activity(object, e);
	event_json_set(object, e);
	json_set_text(object, "by", e->by);
	if (e->kind_name.len > 0) /* else nothing could be read */
		json_object_set_new(object, "at", json_time(e->at_ms));
	json_set_text(object, "why", e->why);
	if (e->fixes.count > 0)
		json_object_set_new(object, "fixes", fixes_json(&e->fixes));
	return object;
}
