/* hub/held_reason.h - what in a held event is wrong, and what was probably meant */
#pragma once

#include "protocol/event.h"
#include "protocol/plan.h"

struct held_fault {
	char found[CODE_BYTES_MAX + 1]; /* the value at fault, or "" */
	const char *nearest;            /* the code that was probably meant, or NULL */
};

/* e is what event_decode() left of the event. */
void held_fault_of(const plan *p, const struct event *e, hold reason, struct held_fault *ret_fault);

/* A sentence for people: "the plan has no such unit: con-huston; the nearest is
 * con-houston". */
void held_fault_text(hold reason, const struct held_fault *fault, char *out, size_t size);
