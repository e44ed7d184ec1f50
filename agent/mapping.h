/* agent/mapping.h - what the columns and values of a CSV file mean
 *
 * The rules are data: agent/mappings/import.map, installed beside the program,
 * says in its first lines how they are written.
 *
 * A header names a field; a value of a field may stand for other fields
 * ("otra-actividad" for an initiative).  Names are compared without regard to
 * case and accents, and blank, '-' and '_' are the same.
 *
 * Pure: text in, answers out.  No two rules answer the same question: a file
 * that has such is refused.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "protocol/status.h"

/* What a column can fill.  The order is that of the tables in the .c files. */
typedef enum mapping_field {
	COLUMN_UNIT,
	COLUMN_INDICATOR,
	COLUMN_INITIATIVE,
	COLUMN_DATE,
	COLUMN_UNTIL,
	COLUMN_QUANTITY,
	COLUMN_MODE,
	COLUMN_PLACE,
	COLUMN_COUNTRY,
	COLUMN_STATUS,
	COLUMN_NOTE,
	COLUMN_SOURCE, /* goes below the note */
	COLUMN_BY,
	COLUMN_MODALITY, /* only value rules say what it means */
	COLUMN_QUARTER,
	COLUMN_LEVEL,
	COLUMN_THING,
	COLUMN_WAY,
	COLUMN_NAME,
	COLUMN_COMMITMENT,
	COLUMN_RISK,
	COLUMN_PERCENT,
	COLUMN_PROJECT,
	COLUMN_APPROPRIATED,
	COLUMN_COMMITTED,
	COLUMN_OBLIGATED,
	COLUMN_PAID,
	COLUMN_ZERO,
	COLUMN_NOTHING,
	COLUMN_WHY,
	COLUMN_SINGLES_, /* from here on with a name, so several in a file */
	COLUMN_COUNT = COLUMN_SINGLES_,
	COLUMN_GROUP,
	MAPPING_FIELDS_
} mapping_field;

/* Bounds of one file of rules; beyond them it is refused, never cut. */
enum {
	MAPPING_BYTES_MAX = 65536,
	MAPPING_COLUMNS_MAX = 400,
	MAPPING_VALUES_MAX = 400,
	MAPPING_SETS_MAX = 4, /* fields that one value may stand for */
};

/* The field that a column fills. */
struct mapping_target {
	mapping_field field;
	const char *name; /* of the count, code of the group; NULL for the others */
};

/* A field and what a value says of it. */
struct mapping_set {
	mapping_field field; /* below COLUMN_SINGLES_ */
	const char *text;
};

/* A value rule: name in field stands for all of sets. */
struct mapping_value {
	mapping_field field;
	const char *name;
	struct mapping_set sets[MAPPING_SETS_MAX];
	size_t set_count;
};

typedef struct mapping mapping;

/* What is wrong with the rules. */
struct mapping_problem {
	size_t line;      /* from 1 */
	char found[80];   /* safe to print */
	const char *rule; /* msgid */
};

/* Read rules of len bytes, which are copied.  ST_INVALID: *ret_problem says why,
 * by the first fault.  ST_LIMIT: over MAPPING_BYTES_MAX.  ST_NOMEM.
 * On success *ret_map is the caller's, to be given to mapping_free(); what the
 * calls below return lives as long. */
status
mapping_parse(const char *text, size_t len, struct mapping_problem *ret_problem, mapping **ret_map);
void mapping_free(mapping **map_p);

/* The field that a column of that header fills.  "count.NAME" and "group.CODE"
 * are understood whatever the NAME, which then points into header. */
bool mapping_column(const mapping *map, const char *header, struct mapping_target *ret_target);

/* The known name nearest to an unknown header, or NULL. */
const char *mapping_nearest_column(const mapping *map, const char *header);

/* What text in that field stands for; NULL when there is no such rule. */
const struct mapping_value *
mapping_value(const mapping *map, mapping_field field, const char *text);

/* True when a field has value rules: it takes no other values. */
bool mapping_is_closed(const mapping *map, mapping_field field);

/* The value nearest to an unknown one, or NULL. */
const char *mapping_nearest_value(const mapping *map, mapping_field field, const char *text);

/* "unit", "date" …, as a column and a rule name it. */
const char *mapping_field_name(mapping_field field);
