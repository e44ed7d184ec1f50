/* hub/judge.h - whether one event counts, by itself
 *
 * The first half of F (DESIGN: State = F(events, plan, registry)): an event is
 * judged by its own bytes, the plan in force and the entry of its device in the
 * registry; never by when or where it arrived, nor by other events.  How the
 * versions of one record judge each other is hub/versions.h.
 *
 * Pure.
 */
#pragma once

#include "hub/registry.h"
#include "protocol/event.h"
#include "protocol/plan.h"

/* HOLD_NONE, or the first thing that is wrong, in the order of enum hold.
 *
 * decoded is what event_decode() said of the event, or HOLD_ERASED.  A void is
 * only asked for its right.  A plan event is asked whether its device may
 * publish.  An item of the plan that is retired on the event's first day is as
 * if it were not in the plan.  p may be NULL: then it has no units. */
hold judge(const struct event *e, hold decoded, const plan *p, const struct device *device);

/* True when the device may report for the unit of the event, or, for a plan
 * event, publish.  The office reports for every unit. */
bool judge_right(const struct event *e, const struct device *device);

/* The item, or NULL where it is not in force on that day. */
const struct plan_unit *unit_on(const plan *p, struct text code, date day);
const struct plan_indicator *indicator_on(const plan *p, struct text code, date day);
const struct plan_initiative *initiative_on(const plan *p, struct text code, date day);
