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

bool
judge_right(const struct event *e, const struct device *device)
{
	switch (device->role) {
	case ROLE_OFFICE:
		return true;
	case ROLE_HUB:
		return e->kind == KIND_PLAN;
	case ROLE_DEVICE:
		break;
	}
	return e->kind != KIND_PLAN && device_has_unit(device, e->unit);
}

/* The plan is not asked about a void: what the plan says against an entry must not keep
 * it from being taken out. */
hold
judge(const struct event *e, hold decoded, const plan *p, const struct device *device)
{
	if (decoded != HOLD_NONE)
		return decoded;
	if (!judge_right(e, device))
		return HOLD_RIGHT;
	return e->kind == KIND_ACTIVITY ? judge_activity(e, p) : HOLD_NONE;
}
