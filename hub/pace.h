/* hub/pace.h - what the goal needs a month, and where the present pace leads
 *
 * Months are counted whole, as what is due to date is (hub/progress.h): those from the
 * beginning of the period to that of the cut-off, and those that are left.  For flujo the
 * period is the year of the cut-off and the goal its target.  Of stock and reduccion-anual
 * there is no pace, since nothing adds up.
 *
 *     pace = (value - origin) / months past     origin: 0 of sums, else the baseline
 *     needed = (goal - value) / months ahead
 *     projection = value + pace * months ahead
 *
 * Exact fractions, each rounded once, halves away from zero.  Pure.
 */
#pragma once

#include "hub/progress.h"

struct pace {
	struct plan_period past, ahead; /* what the numbers rest on; ahead is empty (from
	                                 * behind to) when nothing is left */
	int months_past, months_ahead;
	struct progress_number needed, pace; /* tenths a month */
	struct progress_number projection;   /* at the end of the period */
};

/* p is what progress_of() said for the same indicator, period and cut-off. */
struct pace pace_of(const struct plan_indicator *indicator, struct plan_period plan_period,
                    date cutoff, const struct progress *p);
