/* protocol/plan_shape.h - which keys each object of the document has
 *
 * One table an object: plan_read.c reads by it, and what a key may hold is
 * written down nowhere else in code.  SPEC.md, section 13, says the same for
 * people.  A new key is a row here and a member of a structure of plan.h; what
 * binds two places of the document to each other is a rule of plan_check.c.
 */
#pragma once

#include "protocol/plan.h"

/* What a value must be, and the type of the member it goes to.  Members are written
 * through their offset, so that type is promised by the row alone.  "also" is the
 * second member that some types write.
 *
 * A value that has not its form leaves the member unset (plan_internal.h). */
typedef enum plan_field_type {
	FIELD_CODE,           /* const char * */
	FIELD_LINE,           /* const char *, no line break, at most max bytes */
	FIELD_TEXT,           /* const char *, at most max bytes */
	FIELD_COUNTRY,        /* const char * */
	FIELD_ZONE,           /* const char * */
	FIELD_YEARS,          /* const char *, "2023" or "2024-2026" */
	FIELD_DATE,           /* date; min when optional and missing */
	FIELD_WORD,           /* an enum: the place of the word in words; without (optional), max */
	FIELD_NUMBER,         /* int64_t, min..max; 0 when optional and missing; also (not 0):
	                       * bool, it is there */
	FIELD_NUMBER_OR_NULL, /* the same; also: bool, there is one */
	FIELD_BOOL,           /* bool */
	FIELD_OBJECT,         /* members of shape; also (not 0): bool, it is there */
	FIELD_LIST,           /* rows of shape, at most PLAN_LIST_MAX; also: size_t, how many */
	FIELD_STRINGS,        /* const char *[] of type of; also: size_t, how many, at most max */
	FIELD_TARGETS,        /* struct plan_target[]; also: size_t, how many */
	FIELD_QUARTERS,       /* struct plan_programmed[] of quarters; also: size_t, how many */
	FIELD_UNIT_TARGETS,   /* struct plan_unit_targets[]; also: size_t, how many */
} plan_field_type;

struct plan_shape; /* below */

/* What may stand under a key and where it goes in the structure.
 *
 * min and max: bounds of a number, both included; of a line its bytes (max); of
 * strings how many there may be.  A date that may be missing has in min what it is
 * then.  of, words and shape are for strings, words, and objects and lists. */
struct plan_field {
	const char *key;
	plan_field_type type;
	bool optional;
	size_t at, also; /* offsets in the structure of the shape */
	int64_t min, max;
	plan_field_type of;
	const char *const *words; /* ends with NULL */
	const struct plan_shape *shape;
};

/* An object: how large its structure is (0 for a part of one above it, whose
 * members are members of that), and its keys. */
struct plan_shape {
	size_t bytes;
	const struct plan_field *fields; /* ends with a NULL key */
};

/* The document itself; all others hang below it.  Its structure is struct plan. */
extern const struct plan_shape plan_document_shape;
