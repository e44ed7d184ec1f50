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
	{ ROW_COMMITMENT, N_("the plan has no such commitment; did you mean %s?"),
	  N_("the plan has no such commitment; it has %s") },
	{ ROW_PROJECT, N_("the plan has no such project; did you mean %s?"),
	  N_("the plan has no such project; it has %s") },
	{ ROW_RISK, N_("the plan has no such risk; did you mean %s?"),
	  N_("the plan has no such risk; it has %s") },
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
	if (*list)
		entry_problem_add(c, problem, field, code, unknown_codes[i].none, list);
	else /* as the ministry's plan has no risks yet */
		entry_problem_add(c, problem, field, code,
		                  N_("the plan has none of that kind at all"), NULL);
}

/* An older program kept no rows of these. */
static bool
knows(const plan_table *table, plan_row kind)
{
	return plan_table_whole(table) ||
		(kind != ROW_COMMITMENT && kind != ROW_RISK && kind != ROW_PROJECT);
}

/* A word that is no code can be meant for one ("Sábado consular"), so the plan is
 * asked even then. */
bool
entry_check_code(struct checking *c, plan_row kind, const char *field, struct text code)
{
	struct plan_attributes a;
	bool valid = code_valid(code);
	char limit[LIMIT_BYTES];

	if (c->frame->table && knows(c->frame->table, kind)) {
		if (plan_table_find(c->frame->table, kind, code, &a) == ST_NOT_FOUND)
			tell_unknown(c, valid ? PROBLEM_PLAN : PROBLEM_FORM, kind, field, code);
	} else if (!valid) {
		snprintf(limit, sizeof(limit), "%d", CODE_BYTES_MAX);
		entry_problem_add(c, PROBLEM_FORM, field, code,
		                  N_("this is not a code: letters, digits, '.' and '-', at most "
		                     "%s"),
		                  limit);
	}
	return valid;
}

void
entry_need_code(struct checking *c, plan_row kind, event_field bit, const char *field,
                const char *code, const char *missing, struct text *ret_code)
{
	if (!entry_given(code)) {
		entry_bad(c, field, NULL, missing, NULL);
	} else if (entry_check_code(c, kind, field, text_of(code))) {
		*ret_code = text_of(code);
		entry_set(c, bit);
	}
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

bool
entry_reports_for(const struct codes *device_units, struct text unit)
{
	if (device_units->count == 0) /* the office, which may for every one */
		return true;
	for (size_t i = 0; i < device_units->count; i++) {
		if (text_equal(device_units->list[i], unit))
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

	if (unit.len == 0 && c->frame->device_units->count == 1)
		unit = c->frame->device_units->list[0];
	if (unit.len == 0 && c->frame->device_units->count == 0) {
		entry_problem_add(c, PROBLEM_FORM, "unit", unit,
		                  N_("this device was made for no unit: say which one it is"),
		                  NULL);
		return false;
	}
	if (unit.len > 0) {
		c->event.unit = unit;
		if (entry_reports_for(c->frame->device_units, unit))
			return entry_check_code(c, ROW_UNIT, "unit", unit);
	}
	join_codes(c->frame->device_units, list);
	if (unit.len == 0) {
		entry_problem_add(c, PROBLEM_FORM, "unit", unit,
		                  N_("say which unit of this device it is: %s"), list);
		return false;
	}
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

	if (plan_table_find(c->frame->table, kind, code, &a) < 0 ||
	    event_day(&c->event) < a.retired)
		return;
	date_format(a.retired, day);
	entry_problem_add(c, PROBLEM_PLAN, field, code,
	                  N_("this is out of force since %s: date it before"), day);
}

static void
check_list_in_force(struct checking *c, plan_row kind, const char *field, const struct codes *codes)
{
	for (size_t i = 0; i < codes->count; i++)
		check_in_force(c, kind, field, codes->list[i]);
}

static void
check_all_in_force(struct checking *c)
{
	const struct event *e = &c->event;

	check_in_force(c, ROW_UNIT, "unit", e->unit);
	check_in_force(c, ROW_INDICATOR, "indicator", e->indicator);
	check_in_force(c, ROW_COMMITMENT, "commitment", e->commitment);
	check_in_force(c, ROW_RISK, "risk", e->risk);
	check_in_force(c, ROW_PROJECT, "project", e->project);
	check_in_force(c, ROW_MODE, "mode", e->mode);
	check_list_in_force(c, ROW_INITIATIVE, "initiative", &e->initiatives);
	check_list_in_force(c, ROW_INDICATOR, "zero", &e->zero);
	check_list_in_force(c, ROW_INDICATOR, "nothing-to-do", &e->nothing);
	for (size_t i = 0; i < e->counts.count; i++)
		check_in_force(c, ROW_COUNT, "count", e->counts.list[i].name);
	for (size_t i = 0; i < e->groups.count; i++)
		check_in_force(c, ROW_GROUP, "group", e->groups.list[i].name);
}

static void
check_reporter(struct checking *c, const char *field, struct text code)
{
	char unit[CODE_BYTES_MAX + 1];

	if (plan_table_may_report(c->frame->table, code, c->event.unit))
		return;
	snprintf(unit, sizeof(unit), "%.*s", (int) c->event.unit.len, c->event.unit.at);
	entry_problem_add(c, PROBLEM_PLAN, field, code,
	                  N_("the plan lets only other units report this, not %s; the planning "
	                     "office can change that"),
	                  unit);
}

static void
check_reporters(struct checking *c)
{
	const struct event *e = &c->event;

	check_reporter(c, "indicator", e->indicator);
	for (size_t i = 0; i < e->initiatives.count; i++)
		check_reporter(c, "initiative", e->initiatives.list[i]);
	check_reporter(c, "commitment", e->commitment);
	check_reporter(c, "risk", e->risk);
	check_reporter(c, "project", e->project);
}

/* A quarter belongs to a period when they share a day. */
static bool
is_within(const struct event *e, struct plan_period period)
{
	if (e->has & EVENT_BIT(EVENT_QUARTER))
		return quarter_last(e->quarter) >= period.from &&
			quarter_first(e->quarter) <= period.to;
	return e->date >= period.from && e->date <= period.to;
}

/* What the clock said of that field: what the plan says of it is more.  Where more was found
 * than is kept, all stays. */
static void
drop_clock(struct checking *c, const char *field)
{
	struct entry_problems *out = c->out;
	const size_t size = sizeof(out->list) / sizeof(out->list[0]);

	for (size_t i = 0; i < out->count && out->count <= size; i++) {
		if (!out->list[i].by_clock || strcmp(out->list[i].field, field) != 0)
			continue;
		out->errors -= !out->list[i].is_warning;
		out->count--;
		memmove(&out->list[i], &out->list[i + 1], (out->count - i) * sizeof(out->list[0]));
		return;
	}
}

static bool
check_period(struct checking *c, struct plan_period period, const char *rule)
{
	char text[2 * DATE_TEXT_BYTES + 8], from[DATE_TEXT_BYTES], to[DATE_TEXT_BYTES];
	bool is_quarter = c->event.has & EVENT_BIT(EVENT_QUARTER);

	if (is_within(&c->event, period))
		return true;
	date_format(period.from, from);
	date_format(period.to, to);
	snprintf(text, sizeof(text), "%s … %s", from, to);
	drop_clock(c, is_quarter ? "quarter" : "date");
	entry_problem_add(c, PROBLEM_PLAN, is_quarter ? "quarter" : "date",
	                  text_of(is_quarter ? c->e->quarter : c->e->date), rule, text);
	return false;
}

/* NULL: that kind of entry feeds it. */
static const char *
feeder_rule(event_kind kind, const struct plan_attributes *a)
{
	switch ((int) kind) {
	case KIND_ACTIVITY:
		return a->by_activity ? NULL : N_("activities do not count for this indicator");
	case KIND_LEVEL:
		return a->by_level ? NULL
				   : N_("no level is told for this indicator; activities or things "
		                        "feed it");
	case KIND_THING:
		return a->by_thing
			? NULL
			: N_("no things are told for this indicator; activities or levels "
		             "feed it");
	default: return NULL;
	}
}

/* An indicator may have a period of its own; outside the plan's it would only be
 * the same complaint again. */
static void
check_indicator(struct checking *c, bool in_period)
{
	struct plan_attributes a;
	const char *rule;

	if (plan_table_find(c->frame->table, ROW_INDICATOR, c->event.indicator, &a) < 0)
		return;
	rule = feeder_rule(c->frame->kind, &a);
	if (rule)
		entry_problem_add(c, PROBLEM_PLAN, "indicator", c->event.indicator, rule, NULL);
	if (in_period)
		check_period(c, a.period, N_("outside the period of the indicator, %s"));
}

void
entry_check_plan(struct checking *c)
{
	const uint64_t dated = EVENT_BIT(EVENT_DATE) | EVENT_BIT(EVENT_QUARTER);
	bool in_period = false;

	if (!c->frame->table)
		return;
	if (c->event.has & dated) {
		check_all_in_force(c);
		in_period = check_period(c, plan_table_period(c->frame->table),
		                         N_("outside the period of the plan, %s"));
	}
	check_indicator(c, in_period);
	check_reporters(c);
}
