/* hub/judge.h - whether one event counts, by itself
 *
 * The first half of F (DESIGN: State = F(events, plan, registry)): an event is
 * judged by its own bytes, the plan in force and what its device may do at that
 * event (hub/rights.h), and whether it is beyond the locks of its quarter
 * (hub/locks.h); never by when or where it arrived, nor by what other
 * events say.  How the
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
 * decoded is what event_decode() said of the event, or HOLD_ERASED.  A void and
 * what the office says are only asked for their right.  An item of the plan that is retired on the event's first day is as
 * if it were not in the plan.  p may be NULL: then it has no units.  late is that the
 * event is beyond all locks of its quarter: then it needs a reason. */
hold
judge(const struct event *e, hold decoded, const plan *p, const struct device *device, bool late);

/* True when the device may report for the unit of the event, or, for what only the
 * office says, is of the office.  The office reports for every unit; a hub's own
 * feed only corrects. */
bool judge_right(const struct event *e, const struct device *device);

/* Of what the event names, the first that its unit may not report (SPEC.md, section
 * 13); empty when there is none. */
struct text not_reported(const plan *p, const struct event *e);

/* The item, or NULL where it is not in force on that day. */
const struct plan_unit *unit_on(const plan *p, struct text code, date day);
const struct plan_indicator *indicator_on(const plan *p, struct text code, date day);
const struct plan_initiative *initiative_on(const plan *p, struct text code, date day);
