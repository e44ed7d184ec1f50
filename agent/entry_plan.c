/* What the hub would judge, said here where it can still be put right.  The
 * device's plan may be older than the hub's, so none of it is final: see
 * PROBLEM_PLAN. */
#include <stdio.h>

#include "agent/entry_internal.h"
#include "protocol/code.h"
#include "protocol/codec.h"
#include "protocol/msgid.h"

enum { LIST_BYTES = 160, LIMIT_BYTES = 12 };

/* What to say of a code that the plan does not have. */
static const struct {
	plan_row kind;
	const char *nearest; /* with the one that was meant */
	const char *none;    /* %s: what there is */
} unknown_codes[] = {
	{ ROW_UNIT, N_("the plan has no such unit; did you mean %s?"),
	  N_("the plan has no such unit; it has %s") },
	{ ROW_INDICATOR, N_("the plan has no such indicator; did you mean %s?"),
	  N_("the plan has no such indicator; it has %s") },
	{ ROW_INITIATIVE, N_("the plan has no such initiative; did you mean %s?"),
	  N_("the plan has no such initiative; it has %s") },
	{ ROW_MODE, N_("the plan has no such mode; did you mean %s?"),
	  N_("the plan has no such mode; it has %s") },
	{ ROW_COUNT, N_("the plan has no such count; did you mean %s?"),
	  N_("the plan has no such count; it has %s") },
	{ ROW_GROUP, N_("the plan has no such differential actor; did you mean %s?"),
	  N_("the plan has no such differential actor; it has %s") },
};

/* Nothing is near: then a few of what there is show at least how codes look. */
static void
tell_unknown(struct checking *c, problem_kind problem, plan_row kind, const char *field,
             struct text code)
{
	char meant[CODE_BYTES_MAX + 1], list[LIST_BYTES];
	size_t i = 0;

	/* every kind is in the table */
	while (unknown_codes[i].kind != kind)
		i++;
	if (plan_table_nearest(c->frame->table, kind, code, meant)) {
		entry_problem_add(c, problem, field, code, unknown_codes[i].nearest, meant);
		return;
	}
	plan_table_list(c->frame->table, kind, list, sizeof(list));
	entry_problem_add(c, problem, field, code, unknown_codes[i].none, list);
}

/* A word that is no code can be meant for one ("Sábado consular"), so the plan is
 * asked even then. */
bool
entry_check_code(struct checking *c, plan_row kind, const char *field, struct text code)
{
	struct plan_attributes a;
	bool valid = code_valid(code);
	char limit[LIMIT_BYTES];

	if (c->frame->table) {
		if (plan_table_find(c->frame->table, kind, code, &a) == ST_NOT_FOUND)
			tell_unknown(c, valid ? PROBLEM_PLAN : PROBLEM_FORM, kind, field, code);
	} else if (!valid) {
		snprintf(limit, sizeof(limit), "%d", CODE_BYTES_MAX);
		entry_problem_add(c, PROBLEM_FORM, field, code,
		                  N_("this is not a code: letters, digits, '.' and '-', at most "
		                     "%s"), limit);
	}
	return valid;
}

/* ---- the unit ---- */

static void
join_codes(const struct codes *codes, char out[static LIST_BYTES])
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < codes->count && used < LIST_BYTES - 1; i++) {
		int n = snprintf(out + used, LIST_BYTES - used, "%s%.*s", i > 0 ? ", " : "",
		                 (int) codes->list[i].len, codes->list[i].at);

		used += n > 0 ? (size_t) n : 0;
	}
}

/* One of the device's own that is spelled like it; NULL when there is none. */
static const char *
nearest_unit(const struct codes *codes, const char *unit)
{
	size_t best = SIZE_MAX;
	const char *nearest = NULL;

	for (size_t i = 0; i < codes->count; i++) {
		size_t distance = code_distance(unit, codes->list[i].at);

		if (distance < best && code_near(distance, strlen(unit))) {
			best = distance;
			nearest = codes->list[i].at;
		}
	}
	return nearest;
}

static bool
is_enrolled(const struct checking *c, struct text unit)
{
	for (size_t i = 0; i < c->frame->device_units->count; i++) {
		if (text_equal(c->frame->device_units->list[i], unit))
			return true;
	}
	return false;
}

/* The nearest of the device's own units, not of the plan's: one that this device
 * may not report for would be held all the same. */
static void
tell_foreign_unit(struct checking *c, const char *own)
{
	struct text unit = c->event.unit;
	problem_kind problem = code_valid(unit) ? PROBLEM_PLAN : PROBLEM_FORM;
	const char *nearest = nearest_unit(c->frame->device_units, unit.at);

	if (nearest)
		entry_problem_add(c, problem, "unit", unit,
		                  N_("this device does not report for it; did you mean %s?"),
		                  nearest);
	else
		entry_problem_add(c, problem, "unit", unit, N_("this device reports for %s only"),
		                  own);
}

bool
entry_check_unit(struct checking *c)
{
	struct text unit = text_of(c->e->unit);
	char list[LIST_BYTES];

	join_codes(c->frame->device_units, list);
	if (unit.len == 0 && c->frame->device_units->count == 1)
		unit = c->frame->device_units->list[0];
	if (unit.len == 0) {
		entry_problem_add(c, PROBLEM_FORM, "unit", unit,
		                  N_("say which unit of this device it is: %s"), list);
		return false;
	}
	c->event.unit = unit;
	if (is_enrolled(c, unit))
		return entry_check_code(c, ROW_UNIT, "unit", unit);
	tell_foreign_unit(c, list);
	return code_valid(unit);
}

/* ---- periods ---- */

/* An unknown code was told already. */
static void
check_in_force(struct checking *c, plan_row kind, const char *field, struct text code)
{
	char day[DATE_TEXT_BYTES];
	struct plan_attributes a;

	if (plan_table_find(c->frame->table, kind, code, &a) < 0 || c->event.date < a.retired)
		return;
	date_format(a.retired, day);
	entry_problem_add(c, PROBLEM_PLAN, field, code,
	                  N_("this is out of force since %s: date it before"), day);
}

static void
check_all_in_force(struct checking *c)
{
	const struct event *e = &c->event;

	check_in_force(c, ROW_UNIT, "unit", e->unit);
	check_in_force(c, ROW_INDICATOR, "indicator", e->indicator);
	check_in_force(c, ROW_MODE, "mode", e->mode);
	for (size_t i = 0; i < e->initiatives.count; i++)
		check_in_force(c, ROW_INITIATIVE, "initiative", e->initiatives.list[i]);
	for (size_t i = 0; i < e->counts.count; i++)
		check_in_force(c, ROW_COUNT, "count", e->counts.list[i].name);
	for (size_t i = 0; i < e->groups.count; i++)
		check_in_force(c, ROW_GROUP, "group", e->groups.list[i].name);
}

static bool
check_period(struct checking *c, struct plan_period period, const char *rule)
{
	char text[2 * DATE_TEXT_BYTES + 8], from[DATE_TEXT_BYTES], to[DATE_TEXT_BYTES];

	if (c->event.date >= period.from && c->event.date <= period.to)
		return true;
	date_format(period.from, from);
	date_format(period.to, to);
	snprintf(text, sizeof(text), "%s … %s", from, to);
	entry_problem_add(c, PROBLEM_PLAN, "date", text_of(c->e->date), rule, text);
	return false;
}

/* An indicator may have a period of its own; outside the plan's it would only be
 * the same complaint again. */
static void
check_indicator(struct checking *c, bool in_period)
{
	struct plan_attributes a;

	if (plan_table_find(c->frame->table, ROW_INDICATOR, c->event.indicator, &a) < 0)
		return;
	if (!a.by_activity)
		entry_problem_add(c, PROBLEM_PLAN, "indicator", c->event.indicator,
		                  N_("activities do not count for this indicator"), NULL);
	if (in_period)
		check_period(c, a.period, N_("outside the period of the indicator, %s"));
}

void
entry_check_plan(struct checking *c)
{
	bool in_period = false;

	if (!c->frame->table)
		return;
	if (c->event.has & EVENT_BIT(EVENT_DATE)) {
		check_all_in_force(c);
		in_period = check_period(c, plan_table_period(c->frame->table),
		                         N_("outside the period of the plan, %s"));
	}
	check_indicator(c, in_period);
}
