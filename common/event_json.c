#include "common/event_json.h"

#include "common/event_text.h"
#include "common/json_out.h"

json_t *
codes_json(const struct codes *codes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < codes->count; i++)
		json_array_append_new(list, json_text(codes->list[i].at, codes->list[i].len));
	return list;
}

static void
set_number(json_t *object, const struct event *e, event_field field, const char *key, uint64_t n)
{
	if (e->has & EVENT_BIT(field))
		json_object_set_new(object, key, json_integer((json_int_t) n));
}

static void
set_codes(json_t *object, const char *key, const struct codes *codes)
{
	if (codes->count > 0)
		json_object_set_new(object, key, codes_json(codes));
}

static void
set_quarter(json_t *object, const struct event *e)
{
	char quarter[QUARTER_TEXT_BYTES];

	if (!(e->has & EVENT_BIT(EVENT_QUARTER)))
		return;
	quarter_format(e->quarter, quarter);
	json_object_set_new(object, "quarter", json_string(quarter));
}

static void
set_doubts(json_t *object, const struct event *e)
{
	const char *doubts[EVENT_DOUBTS_MAX];
	size_t count = event_doubts(e, doubts);
	json_t *list;

	if (count == 0)
		return;
	list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(doubts[i]));
	json_object_set_new(object, "doubts", list);
}

static void
set_about(json_t *object, const struct event *e)
{
	const struct fix *f = &e->about.list[0];
	json_t *about;

	if (e->about.count == 0)
		return;
	about = json_object();
	json_object_set_new(about, "seq", json_integer((json_int_t) f->seq));
	json_object_set_new(about, "hash", json_hex(f->hash, HASH_PREFIX_BYTES));
	if (f->feed)
		json_object_set_new(about, "feed", json_hex(f->feed, FEED_BYTES));
	json_object_set_new(object, "about", about);
}

/* A double is exact for numbers of so few digits: 62.55 is written as 62.55. */
void
event_json_set(json_t *object, const struct event *e)
{
	set_quarter(object, e);
	set_number(object, e, EVENT_VALUE, "level", e->value);
	json_set_text(object, "thing", e->thing);
	if (e->kind == KIND_THING)
		json_object_set_new(object, "way", json_string(e->out ? "out" : "in"));
	json_set_text(object, "name", e->name);
	json_set_text(object, "commitment", e->commitment);
	json_set_text(object, "risk", e->risk);
	if (e->has & EVENT_BIT(EVENT_PERCENT))
		json_object_set_new(object, "percent", json_real((double) e->percent / 100));
	json_set_text(object, "project", e->project);
	set_number(object, e, EVENT_APPROPRIATED, "appropriated", e->appropriated);
	set_number(object, e, EVENT_COMMITTED, "committed", e->committed);
	set_number(object, e, EVENT_OBLIGATED, "obligated", e->obligated);
	set_number(object, e, EVENT_PAID, "paid", e->paid);
	set_doubts(object, e);
	set_codes(object, "zero", &e->zero);
	set_codes(object, "nothing_to_do", &e->nothing);
	set_about(object, e);
}
