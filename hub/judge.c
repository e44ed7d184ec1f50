#include "hub/judge.h"

const struct plan_unit *
unit_on(const plan *p, struct text code, date day)
{
	const struct plan_unit *u = plan_unit(p, code.at, code.len);

	return u && day < u->retired ? u : NULL;
}

const struct plan_indicator *
indicator_on(const plan *p, struct text code, date day)
{
	const struct plan_indicator *i = plan_indicator(p, code.at, code.len);

	return i && day < i->retired ? i : NULL;
}

const struct plan_initiative *
initiative_on(const plan *p, struct text code, date day)
{
	const struct plan_initiative *i = plan_initiative(p, code.at, code.len);

	return i && day < i->retired ? i : NULL;
}

static bool
item_on(const plan *p, plan_list list, struct text code, date day)
{
	const struct plan_item *i = plan_item(p, list, code.at, code.len);

	return i && day < i->retired;
}

static bool
names_on(const plan *p, plan_list list, const struct tallies *tallies, date day)
{
	for (size_t i = 0; i < tallies->count; i++)
		if (!item_on(p, list, tallies->list[i].name, day))
			return false;
	return true;
}

static bool
initiatives_on(const plan *p, const struct codes *codes, date day)
{
	for (size_t i = 0; i < codes->count; i++)
		if (!initiative_on(p, codes->list[i], day))
			return false;
	return true;
}

/* An initiative that the plan only links to the indicator is counted with it, whoever may
 * report it by name. */
struct text
not_reported(const plan *p, const struct event *e)
{
	const struct plan_unit *unit = plan_unit(p, e->unit.at, e->unit.len);
	const struct text others[] = { e->commitment, e->risk, e->project };

	if (!unit)
		return (struct text) { 0 };
	if (e->indicator.len > 0 && !plan_may_report(p, e->indicator, unit))
		return e->indicator;
	for (size_t i = 0; i < e->initiatives.count; i++)
		if (!plan_may_report(p, e->initiatives.list[i], unit))
			return e->initiatives.list[i];
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].len > 0 && !plan_may_report(p, others[i], unit))
			return others[i];
	return (struct text) { 0 };
}

/* The order of the questions is part of the format: the reason enters the digest, and an
 * event with two faults must be held for the same one on every hub.
 *
 * Without a plan the first question is answered by no, so the others have one.  Which day
 * counts is the first one: a campaign that begins in the period belongs to it. */
static hold
judge_activity(const struct event *e, const plan *p)
{
	date day = (date) e->date;
	const struct plan_indicator *indicator = NULL;
	struct plan_period period;

	if (!p || !unit_on(p, e->unit, day))
		return HOLD_UNIT;
	if (e->indicator.len > 0) {
		indicator = indicator_on(p, e->indicator, day);
		if (!indicator || indicator->by != FEEDER_ACTIVITY)
			return HOLD_INDICATOR;
	}
	if (!initiatives_on(p, &e->initiatives, day))
		return HOLD_INITIATIVE;
	if (e->mode.len > 0 && !item_on(p, LIST_MODES, e->mode, day))
		return HOLD_MODE;
	if (!names_on(p, LIST_COUNTS, &e->counts, day))
		return HOLD_COUNT;
	if (!names_on(p, LIST_ACTORS, &e->groups, day))
		return HOLD_GROUP;
	period = indicator && indicator->has_period ? indicator->period : plan_period(p);
	return day < period.from || day > period.to ? HOLD_DATE : HOLD_NONE;
}

static bool
quarter_within(uint64_t quarter, struct plan_period period)
{
	return quarter_last(quarter) >= period.from && quarter_first(quarter) <= period.to;
}

/* A quarter belongs to a period when they share a day: a government that took office in
 * August reports on its third quarter. */
static hold
judge_level(const struct event *e, const plan *p)
{
	date first = quarter_first(e->quarter);
	const struct plan_indicator *indicator;

	if (!p || !unit_on(p, e->unit, first))
		return HOLD_UNIT;
	indicator = indicator_on(p, e->indicator, first);
	if (!indicator || indicator->by != FEEDER_LEVEL)
		return HOLD_INDICATOR;
	return quarter_within(e->quarter,
	                      indicator->has_period ? indicator->period : plan_period(p))
		? HOLD_NONE
		: HOLD_DATE;
}

/* Whether its key ever came in is for the graph to say. */
static hold
judge_thing(const struct event *e, const plan *p)
{
	date day = (date) e->date;
	const struct plan_indicator *indicator;
	struct plan_period period;

	if (!p || !unit_on(p, e->unit, day))
		return HOLD_UNIT;
	indicator = indicator_on(p, e->indicator, day);
	if (!indicator || indicator->by != FEEDER_THING)
		return HOLD_INDICATOR;
	period = indicator->has_period ? indicator->period : plan_period(p);
	return day < period.from || day > period.to ? HOLD_DATE : HOLD_NONE;
}

/* What a quarter of the plan's own period says of an item that has none. */
static hold
judge_quarter(const struct event *e, const plan *p)
{
	return quarter_within(e->quarter, plan_period(p)) ? HOLD_NONE : HOLD_DATE;
}

static hold
judge_progress(const struct event *e, const plan *p)
{
	date first = quarter_first(e->quarter);

	if (!p || !unit_on(p, e->unit, first))
		return HOLD_UNIT;
	if (!initiatives_on(p, &e->initiatives, first))
		return HOLD_INITIATIVE;
	if (e->commitment.len > 0 && !item_on(p, LIST_COMMITMENTS, e->commitment, first))
		return HOLD_COMMITMENT;
	if (e->risk.len > 0 && !item_on(p, LIST_RISKS, e->risk, first))
		return HOLD_RISK;
	return judge_quarter(e, p);
}

static hold
judge_budget(const struct event *e, const plan *p)
{
	date first = quarter_first(e->quarter);

	if (!p || !unit_on(p, e->unit, first))
		return HOLD_UNIT;
	if (!item_on(p, LIST_PROJECTS, e->project, first))
		return HOLD_PROJECT;
	return judge_quarter(e, p);
}

static bool
indicators_on(const plan *p, const struct codes *codes, date day)
{
	for (size_t i = 0; i < codes->count; i++)
		if (!indicator_on(p, codes->list[i], day))
			return false;
	return true;
}

static hold
judge_close(const struct event *e, const plan *p)
{
	date first = quarter_first(e->quarter);

	if (!p || !unit_on(p, e->unit, first))
		return HOLD_UNIT;
	if (!indicators_on(p, &e->zero, first) || !indicators_on(p, &e->nothing, first))
		return HOLD_INDICATOR;
	return judge_quarter(e, p);
}

/* The hub's own feed is the office at its desk: it publishes and corrects, and reports
 * nothing of its own. */
bool
judge_right(const struct event *e, const struct device *device)
{
	switch (device->role) {
	case ROLE_OFFICE: return true;
	case ROLE_HUB: return event_is_office(e->kind) || e->fixes.count > 0;
	case ROLE_READER: /* what it kept of a time when it had units */
	case ROLE_DEVICE:
	case ROLES_: break;
	}
	return !event_is_office(e->kind) && device_has_unit(device, e->unit);
}

static hold (*const judges[EVENT_KINDS_])(const struct event *e, const plan *p) = {
	[KIND_ACTIVITY] = judge_activity, [KIND_LEVEL] = judge_level,   [KIND_THING] = judge_thing,
	[KIND_PROGRESS] = judge_progress, [KIND_BUDGET] = judge_budget, [KIND_CLOSE] = judge_close,
};

/* The plan is not asked about a void: what the plan says against an entry must not keep
 * it from being taken out. */
hold
judge(const struct event *e, hold decoded, const plan *p, const struct device *device, bool late)
{
	hold reason;

	if (decoded != HOLD_NONE)
		return decoded;
	if (e->kind == KIND_PROBE) /* it counts nothing, so it needs no right */
		return HOLD_NONE;
	if (!judge_right(e, device))
		return HOLD_RIGHT;
	if (!judges[e->kind])
		return HOLD_NONE;
	reason = judges[e->kind](e, p);
	if (reason == HOLD_NONE && not_reported(p, e).len > 0)
		reason = HOLD_REPORTER;
	return reason == HOLD_NONE && late && e->why.len == 0 ? HOLD_LOCKED : reason;
}
