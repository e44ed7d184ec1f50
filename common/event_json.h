/* common/event_json.h - as JSON what one kind of event says and the others do not
 *
 *     quarter, level, thing, way ("in", "out"), name, commitment, risk, percent,
 *     project, appropriated, committed, obligated, paid, doubts [..], zero [..],
 *     nothing_to_do [..], about {seq, hash, feed}
 *
 * Both programs tell these in one way.  A key is there only when the event has it;
 * doubts are sentences in English.  percent is a number with its decimals, money
 * whole pesos.
 */
#pragma once

#include <jansson.h>

#include "protocol/event.h"

void event_json_set(json_t *object, const struct event *e);

/* Codes as a list of texts. */
json_t *codes_json(const struct codes *codes);
