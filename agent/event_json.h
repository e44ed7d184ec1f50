/* agent/event_json.h - an event as JSON, as a device tells it
 *
 *     kind, unit, indicator, initiatives [..], date, until, quantity, mode,
 *     place, country, status, counts {name: n}, groups {name: n}, note,
 *     evidences [{name, size, hash}], by, at, why,
 *     fixes [{seq, hash, feed}], and the keys of common/event_json.h
 *
 * A key is there only when the event has it, but for status, which an activity
 * always has.  Dates are "YYYY-MM-DD", times are UTC in ISO 8601, hashes and
 * feeds lower-case hex.
 */
#pragma once

#include <jansson.h>

#include "protocol/event.h"

/* NULL when there is no memory. */
json_t *event_json(const struct event *e);

/* "2025-11-22T14:03:05Z" from milliseconds since 1970; null beyond the years 1
 * to 9999. */
json_t *json_time(int64_t ms);
