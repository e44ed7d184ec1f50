/* What an indicator counts one by one: a mission that opened, a crossing, a network. */
#include "agent/entry_internal.h"
#include "protocol/code.h"
#include "protocol/msgid.h"

static void
check_way(struct checking *c)
{
	const char *value = c->e->way;

	c->event.out = value && strcmp(value, "out") == 0;
	if (!value || !*value)
		entry_bad(c, "way", NULL, N_("say whether it came in or went out"), NULL);
	else if (!c->event.out && strcmp(value, "in") != 0)
		entry_bad(c, "way", value, N_("in or out is wanted"), NULL);
}

/* Names are no keys: who types one is told how a key looks. */
static void
check_key(struct checking *c)
{
	const char *value = c->e->thing;

	if (!entry_given(value)) {
		entry_bad(c, "thing", NULL,
		          N_("say which thing it is, by its key, as %s; all who tell of it use the "
		             "same"),
		          "emb-argel");
	} else if (!code_valid(text_of(value))) {
		entry_bad(c, "thing", value,
		          N_("a key is a code as %s: letters, digits, '.' and '-', at most 32; "
		             "--name holds what people call it"),
		          "emb-argel");
	} else {
		c->event.thing = text_of(value);
		entry_set(c, EVENT_THING);
	}
}

/* Another device may have told of it, so it is only a question. */
static void
warn_of_unknown(struct checking *c)
{
	const struct event *e = &c->event;
	plan_table *table = c->frame->table;
	char near[CODE_BYTES_MAX + 1], bond[REGISTER_KEY_BYTES];

	if (!e->out || !table || !(e->has & EVENT_BIT(EVENT_THING)) ||
	    !(e->has & EVENT_BIT(EVENT_INDICATOR)) ||
	    plan_table_has_thing(table, e->indicator, e->thing))
		return;
	event_bond(e, bond);
	if (c->frame->came_in && c->frame->came_in(c->frame->ctx, bond))
		return;
	if (plan_table_nearest_thing(table, e->indicator, e->thing, near))
		entry_problem_add(c, PROBLEM_WARNING, "thing", e->thing,
		                  N_("no such thing came in here, and the plan begins with none; "
		                     "did you mean %s?"),
		                  near);
	else
		entry_problem_add(c, PROBLEM_WARNING, "thing", e->thing,
		                  N_("no such thing came in here, and the plan begins with none: "
		                     "the hub holds this unless another device told of it"),
		                  NULL);
}

static void
warn_of_future(struct checking *c)
{
	if ((c->event.has & EVENT_BIT(EVENT_DATE)) && c->event.date > c->frame->today)
		entry_problem_add(c, PROBLEM_WARNING, "date", text_of(c->e->date),
		                  N_("this day is still to come"), NULL);
}

void
entry_check_thing(struct checking *c)
{
	const struct entry *e = c->e;
	date day;

	entry_need_code(c, ROW_INDICATOR, EVENT_INDICATOR, "indicator", e->indicator,
	                N_("say which indicator counts it"), &c->event.indicator);
	check_way(c);
	check_key(c);
	entry_check_day(c, &day);
	entry_check_text(c, EVENT_NAME, "name", e->name, NAME_BYTES_MAX, &c->event.name);
	warn_of_unknown(c);
	warn_of_future(c);
}
