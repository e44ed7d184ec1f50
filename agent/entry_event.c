/* An event is turned back into texts and checked like typed ones, so that a
 * correction passes the same gate as a new entry, and by one piece of code. */
#include "agent/entry_event.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/event_text.h"

enum {
	/* of quantity, level, percent, the four amounts and each pair */
	NUMBERS = 7 + COUNTS_MAX + GROUPS_MAX,
	NUMBER_BYTES = 24,
	TEXTS_BYTES = EVENT_BYTES_MAX + NUMBERS * NUMBER_BYTES + 2 * DATE_TEXT_BYTES +
		256, /* and a 0 behind each */
};

struct entry_texts {
	char room[TEXTS_BYTES];
	size_t used;
};

/* Room for all that an event can hold was made at once, so this cannot fail: a
 * text takes its length and one byte, and in the event its head took that. */
static const char *
keep(struct entry_texts *t, struct text text)
{
	char *at = t->room + t->used;

	if (text.len == 0)
		return NULL;
	memcpy(at, text.at, text.len);
	at[text.len] = '\0';
	t->used += text.len + 1;
	return at;
}

static const char *
keep_number(struct entry_texts *t, uint64_t n)
{
	char text[NUMBER_BYTES];

	snprintf(text, sizeof(text), "%llu", (unsigned long long) n);
	return keep(t, text_of(text));
}

static const char *
keep_date(struct entry_texts *t, int64_t day)
{
	char text[DATE_TEXT_BYTES];

	date_format((date) day, text);
	return keep(t, text_of(text));
}

static size_t
keep_codes(struct entry_texts *t, const struct codes *in, const char **out)
{
	for (size_t i = 0; i < in->count; i++)
		out[i] = keep(t, in->list[i]);
	return in->count;
}

static size_t
keep_tallies(struct entry_texts *t, const struct tallies *in, struct entry_pair *out)
{
	for (size_t i = 0; i < in->count; i++) {
		out[i].name = keep(t, in->list[i].name);
		out[i].value = keep_number(t, in->list[i].value);
	}
	return in->count;
}

static void
keep_evidences(struct entry_texts *t, const struct evidences *in, struct entry *e)
{
	for (size_t i = 0; i < in->count; i++) {
		const char *name = keep(t, in->list[i].name);

		e->evidences[i].name = name ? name : "";
		e->evidences[i].size_bytes = in->list[i].size_bytes;
		memcpy(e->evidences[i].hash, in->list[i].hash, HASH_BYTES);
	}
	e->evidence_count = in->count;
}

static bool
has(const struct event *event, event_field field)
{
	return event->has & EVENT_BIT(field);
}

/* Of an activity alone. */
static void
keep_activity(struct entry_texts *t, const struct event *event, struct entry *e)
{
	if (has(event, EVENT_UNTIL))
		e->until = keep_date(t, event->until);
	if (has(event, EVENT_QUANTITY))
		e->quantity = keep_number(t, event->quantity);
	e->mode = keep(t, event->mode);
	e->place = keep(t, event->place);
	e->country = keep(t, event->country);
	if (event->kind == KIND_ACTIVITY)
		e->status = event_status_name(event->status);
	e->count_count = keep_tallies(t, &event->counts, e->counts);
	e->group_count = keep_tallies(t, &event->groups, e->groups);
}

/* What is told once a quarter. */
static void
keep_quarter(struct entry_texts *t, const struct event *event, struct entry *e)
{
	char text[PERCENT_TEXT_BYTES];

	if (has(event, EVENT_QUARTER)) {
		quarter_format(event->quarter, text);
		e->quarter = keep(t, text_of(text));
	}
	if (has(event, EVENT_VALUE))
		e->level = keep_number(t, event->value);
	e->commitment = keep(t, event->commitment);
	e->risk = keep(t, event->risk);
	if (has(event, EVENT_PERCENT)) {
		percent_text(event->percent, text);
		e->percent = keep(t, text_of(text));
	}
	e->project = keep(t, event->project);
	if (has(event, EVENT_APPROPRIATED))
		e->appropriated = keep_number(t, event->appropriated);
	if (has(event, EVENT_COMMITTED))
		e->committed = keep_number(t, event->committed);
	if (has(event, EVENT_OBLIGATED))
		e->obligated = keep_number(t, event->obligated);
	if (has(event, EVENT_PAID))
		e->paid = keep_number(t, event->paid);
	e->zero_count = keep_codes(t, &event->zero, e->zero);
	e->nothing_count = keep_codes(t, &event->nothing, e->nothing);
}

struct entry_texts *
entry_of_event(const struct event *event, struct entry *ret_entry)
{
	struct entry_texts *t = calloc(1, sizeof(*t));
	struct entry e = { 0 };

	if (!t)
		return NULL;
	e.unit = keep(t, event->unit);
	e.indicator = keep(t, event->indicator);
	if (has(event, EVENT_DATE))
		e.date = keep_date(t, event->date);
	e.thing = keep(t, event->thing);
	e.name = keep(t, event->name);
	if (event->kind == KIND_THING)
		e.way = event->out ? "out" : "in";
	keep_activity(t, event, &e);
	keep_quarter(t, event, &e);
	e.initiative_count = keep_codes(t, &event->initiatives, e.initiatives);
	e.note = keep(t, event->note);
	keep_evidences(t, &event->evidences, &e);
	*ret_entry = e;
	return t;
}

void
entry_texts_free(struct entry_texts **t_p)
{
	free(*t_p);
	*t_p = NULL;
}

/* Encoded without what says who, when and why. */
static status
encode_bare(const struct event *in, writer *w)
{
	struct event e = *in;
	event_field fault;

	e.at_ms = 0;
	e.has &= ~(EVENT_BIT(EVENT_BY) | EVENT_BIT(EVENT_RANDOM));
	return event_encode(&e, w, &fault);
}

/* Compared as bytes: encoding has one form, and no field can be forgotten. */
bool
entry_events_agree(const struct event *a, const struct event *b)
{
	writer first, second;
	bool agree = false;

	writer_init(&first);
	writer_init(&second);
	if (encode_bare(a, &first) == ST_OK && encode_bare(b, &second) == ST_OK) {
		struct bytes x = writer_bytes(&first), y = writer_bytes(&second);

		agree = x.len == y.len && memcmp(x.at, y.at, x.len) == 0;
	}
	writer_done(&first);
	writer_done(&second);
	return agree;
}

bool
entry_events_tell_the_same(const struct event *a, const struct event *b)
{
	const uint64_t history = EVENT_BIT(EVENT_FIXES) | EVENT_BIT(EVENT_WHY);
	struct event x = *a, y = *b;

	x.has &= ~history;
	y.has &= ~history;
	return x.kind == y.kind && entry_events_agree(&x, &y);
}
