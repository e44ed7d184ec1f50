/* hub/unit_list.h - the units named by --unit, once or several times, or with
 * commas between
 */
#pragma once

#include <argp.h>

#include "protocol/bytes.h"
#include "protocol/plan.h"

enum { UNIT_LIST_MAX = 256 };

struct unit_list {
	struct text list[UNIT_LIST_MAX]; /* point into the arguments */
	size_t count;
};

/* Take one value of the option; ends the command of state with 64 when there
 * are too many. */
void unit_list_add(struct unit_list *u, const char *value, struct argp_state *state);

/* Drop what stands there twice and look each up in the plan.  Returns the exit
 * status: an unknown one is explained, with the nearest. */
int unit_list_check(struct unit_list *u, const plan *p);

/* True when the unit is one of them, or none was named. */
bool unit_list_has(const struct unit_list *u, struct text unit);
