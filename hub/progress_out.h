/* hub/progress_out.h - progress as it is told, to programs and to people
 */
#pragma once

#include <jansson.h>

#include "hub/progress.h"

/* Beside each number that is null its reason stands in the object why, under the name
 * of the field: no data is not the same as 0, nor as a target that the plan does not
 * give.  The second is for tenths. */
json_t *progress_number_json(struct progress_number n, json_t *why, const char *field);
json_t *progress_tenths_json(struct progress_number n, json_t *why, const char *field);

/* An indicator with all of its progress, as "state" has it. */
json_t *progress_json(const struct plan_indicator *indicator, const struct progress *p);

/* The number, or the reason why there is none, translated; a star stands before a mere
 * baseline.  The others are of tenths: "82.4 %", "82.4".  What is returned is out or a
 * constant. */
enum { PROGRESS_TEXT_BYTES = 64 };
const char *progress_number_text(struct progress_number n, char out[static PROGRESS_TEXT_BYTES]);
const char *progress_percent_text(struct progress_number n, char out[static PROGRESS_TEXT_BYTES]);
const char *progress_rate_text(struct progress_number n, char out[static PROGRESS_TEXT_BYTES]);
