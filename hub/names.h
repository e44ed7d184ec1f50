/* hub/names.h - names of the plan's codes, and what a wrong code was meant to be
 *
 * One way to ask for all kinds of codes that an event or a question may hold.
 * What is returned belongs to the plan.
 */
#pragma once

#include "protocol/bytes.h"
#include "protocol/plan.h"

typedef enum name_kind {
	NAME_UNIT,
	NAME_INDICATOR,
	NAME_INITIATIVE,
	NAME_MODE,
	NAME_COUNT,
	NAME_GROUP,
	NAME_COMMITMENT,
	NAME_RISK,
	NAME_PROJECT,
} name_kind;

/* NULL when the plan has no such code. */
const char *name_of(const plan *p, name_kind kind, struct text code);

/* The same of an indicator or an initiative. */
const char *name_of_line(const plan *p, struct text code);

/* The nearest code, or NULL when none is near enough. */
const char *name_nearest(const plan *p, name_kind kind, struct text code);

/* The name of a country as a unit there has it, or NULL. */
const char *name_of_country(const plan *p, struct text country);
