/* agent/entry_fields.h - the texts that an entry can have, and whose they are
 *
 * One table, for all that goes over the texts of an entry one by one: what does
 * not belong to a kind is refused, what a correction says is taken over, options
 * and columns are put in their places.  Lists are not in it.
 */
#pragma once

#include "agent/entry.h"

struct entry_field {
	const char *name; /* of the option, of the column, in a problem */
	size_t offset;    /* of its const char * in struct entry */
	unsigned kinds;   /* KIND_BIT() of those that have it */
};

/* All records of a unit. */
#define ENTRY_RECORDS \
	(KIND_BIT(KIND_ACTIVITY) | KIND_BIT(KIND_LEVEL) | KIND_BIT(KIND_THING) | \
	 KIND_BIT(KIND_PROGRESS) | KIND_BIT(KIND_BUDGET) | KIND_BIT(KIND_CLOSE))
/* Those that are told once a quarter, in its registers. */
#define ENTRY_REGISTERS \
	(KIND_BIT(KIND_LEVEL) | KIND_BIT(KIND_PROGRESS) | KIND_BIT(KIND_BUDGET) | \
	 KIND_BIT(KIND_CLOSE))

extern const struct entry_field entry_fields[];
extern const size_t entry_field_count;

/* The place in e of a field. */
const char **entry_text(struct entry *e, const struct entry_field *field);

/* The field of that name; NULL: there is none. */
const struct entry_field *entry_field_of(const char *name);
