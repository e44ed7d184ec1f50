/* hub/period.h - days, months, quarters and years as people write them
 *
 *     2025-11-14      2025-11      2025-Q4      2025
 *
 * in every option and every answer.  Pure.
 */
#pragma once

#include "protocol/plan.h"

typedef enum period_kind { PERIOD_MONTH, PERIOD_QUARTER, PERIOD_YEAR } period_kind;

enum { PERIOD_TEXT_BYTES = 8 }; /* the longest, with its 0 */

/* The period that a day lies in.  Texts of one kind sort by time. */
void period_name(period_kind kind, date day, char ret_text[static PERIOD_TEXT_BYTES]);

/* Its first and its last day.  day lies within the bounds of a date. */
struct plan_period period_at(period_kind kind, date day);

/* Reads any of the four forms: a day is a period of one day.  ST_INVALID:
 * another form, or there is no such day, month or quarter. */
status period_parse(const char *text, struct plan_period *ret_period);
