/* hub/progress.h - how far an indicator has come: a number, or why there is none
 *
 * All kinds of accumulation follow one pattern,
 *
 *     (result - origin) / (target - origin)
 *
 * and differ in what stands for result, origin and target (a table in the .c):
 *
 *     acumulado        sums; the origin is 0, the baseline only informs
 *     flujo            the sum of the year alone; 0
 *     capacidad        a level; the baseline
 *     stock            a level; 0
 *     reduccion        a level; the baseline
 *     reduccion-anual  a level told in the year; the level a year before (in the
 *                      first year the baseline); only for the year
 *
 * What is due by the cut-off grows with the months of the year.  Where the plan gives
 * targets for the quarters of that year, all of them up to the cut-off's (of those that
 * lie in the period), they take the place of the straight line from year to year:
 *
 *     acumulado, flujo      the quarters that are past, and of the running one a third
 *                           for each of its months
 *     capacidad, reduccion  the target of the quarter before (of the year before, or the
 *                           baseline), and a third of the way to that of the running one
 *                           for each of its months
 *     stock                 the target of the running quarter
 *
 * Fractions stay exact, amounts due to date are kept in twelfths, and each
 * number is rounded once, halves away from zero.  Nothing overflows.  A reason
 * never turns into 0.  Where several reasons hold, the first of these is told:
 * nothing counts at all (no_data), no target, nothing counts in the year.
 *
 * Pure: no store, no clock.  All percentages are in tenths of a percent: 824
 * is 82.4 %.
 */
#pragma once

#include "protocol/plan.h"

typedef enum progress_reason {
	PROGRESS_KNOWN,         /* the number is there */
	PROGRESS_BASELINE_ONLY, /* it is there, and nothing but the baseline */
	PROGRESS_NO_DATA,       /* nothing was counted */
	PROGRESS_NO_TARGET,     /* the plan gives no target that this needs */
	PROGRESS_INVALID,       /* division by 0, no baseline where one is needed, not
	                         * defined for this accumulation, or over 15 digits */
} progress_reason;

struct progress_number {
	progress_reason why;
	int64_t n; /* valid with PROGRESS_KNOWN and PROGRESS_BASELINE_ONLY, else 0 */
};

typedef enum progress_light {
	LIGHT_RED, /* what was due to date is reached up to thresholds.red percent */
	LIGHT_YELLOW,
	LIGHT_GREEN,
	LIGHT_ORANGE, /* over thresholds.green */
	LIGHT_NO_DATA,
	LIGHT_NO_TARGET,
	LIGHT_INVALID, /* there is none */
} progress_light;

/* What is known of one year, up to the cut-off: for acumulado and flujo the sum
 * of the year, for the others the level at its end (or at the cut-off).  Years
 * of which nothing is known have no entry. */
struct progress_result {
	int year;
	int64_t value;
};

struct progress {
	int year;                     /* of the cut-off, moved into the period */
	struct progress_number value; /* sum up to the cut-off (flujo: of the
	                                     * year), or the level */
	struct progress_number year_target;
	struct progress_number term; /* percent of the goal */
	struct progress_number year_percent;
	struct progress_number to_date; /* percent of what is due by the cut-off */
	struct progress_number due;     /* what is due by the cut-off, in percent of
	                                     * the goal */
	struct progress_number gap;     /* term less due, in tenths of a point */
	progress_light light;           /* of to_date as it is shown */
};

/* results are ascending by year and none lies after the cut-off; count may be
 * 0.  The indicator's own period goes before the plan's.  A cut-off before the
 * period is month 0 of its first year (nothing is due), one after it is its
 * last month. */
struct progress progress_of(const struct plan_indicator *indicator, struct plan_period plan_period,
                            struct plan_thresholds thresholds, date cutoff,
                            const struct progress_result *results, size_t count);

/* "no_data", "no_target", "invalid", "baseline_only"; NULL for PROGRESS_KNOWN. */
const char *progress_reason_name(progress_reason why);
/* The same for people: a msgid.  "" for PROGRESS_KNOWN. */
const char *progress_reason_text(progress_reason why);

/* "red", "yellow", "green", "orange", "no_data", "no_target"; NULL for
 * LIGHT_INVALID. */
const char *progress_light_name(progress_light light);
/* A msgid. */
const char *progress_light_text(progress_light light);

/* "82.4", with the sign where it is negative.  For percentages and points. */
enum { TENTHS_TEXT_BYTES = 24 };
void progress_tenths_text(int64_t tenths, char ret_text[static TENTHS_TEXT_BYTES]);
