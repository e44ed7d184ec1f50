/* protocol/plan_internal.h - what the plan*.c files share
 *
 *   plan.c          the document: reading, look-ups, freeing
 *   plan_shape.c    which keys each object has and what may stand there
 *   plan_read.c     the document into structures, by those tables
 *   plan_check.c    rules between one place and another
 *   plan_programmed.c  rules of targets by quarter and by unit, and their look-up
 *   plan_weights.c  weights of a group: all or none, and their sum
 *   plan_problem.c  findings with their JSON pointer
 *
 * Reading is forgiving so that all errors come out at once: what is missing or
 * wrong is reported and left as UNSET_* or NULL, and the rules pass over it.
 * A plan that plan_parse() returns holds no UNSET_*, and NULL only for a key that
 * may be missing and for an empty list.
 *
 * What is read first may be used by what comes later, so the order is: the whole
 * document into structures, the hash tables over codes, then the rules.
 */
#pragma once

#include <jansson.h>

#include "protocol/plan.h"

/* Values that no document can hold: numbers there are 0 or more, dates are within
 * DATE_MIN..DATE_MAX, and no list of words is that long. */
#define UNSET_NUMBER INT64_MIN
enum { UNSET_DATE = INT32_MIN };
#define UNSET_WORD (~0u)

/* The tables of a plan: the public lists come first, under their own numbers. */
enum plan_rows_id {
	TABLE_UNITS = PLAN_LISTS_,
	TABLE_INDICATORS,
	TABLE_INITIATIVES,
	TABLE_ACTIONS,
	TABLE_REPORTING,
	TABLES_
};

struct plan_slot {
	const char *code; /* of the row; NULL: empty */
	size_t len, row;
};

/* Rows whose first member is their code, and a hash table over the codes; mask is a power
 * of two less 1.  slots is NULL until the rows are read, and at least half of them are
 * empty. */
struct plan_rows {
	void *rows;
	size_t count;
	struct plan_slot *slots;
	size_t mask;
};

struct plan_block; /* of plan_alloc() */

/* Nothing in it changes once plan_parse() has returned it. */
struct plan {
	json_t *root;              /* owns all text */
	struct plan_block *blocks; /* own everything else */
	unsigned format;
	const char *code, *name;
	int64_t version;
	struct plan_period period;
	struct {
		int64_t red, yellow, green;
	} lights;
	struct plan_about about;
	struct plan_rows tables[TABLES_];
};

/* A place in the document: a key of an object, or, without one, an index.  Nothing
 * is copied: key must live as long as the place. */
struct plan_path {
	const struct plan_path *up; /* NULL: the document itself */
	const char *key;
	size_t index;
};

/* A step further down, as a literal of the block it stands in: paths are built
 * while going down and cost nothing until something is found. */
#define AT_KEY(up, key) (&(const struct plan_path) { (up), (key), 0 })
#define AT_INDEX(up, index) (&(const struct plan_path) { (up), NULL, (index) })

/* One run of plan_parse(). */
struct plan_checker {
	plan *p;
	struct plan_problems *problems;
	status st; /* sticky: ST_NOMEM, or ST_LIMIT of the whole; findings are none */
};

/* plan.c */

/* Zeroed memory that lives as long as the plan, for any type.  NULL when count is
 * 0, when c->st has failed, or when there is none, which then sticks. */
void *plan_alloc(struct plan_checker *c, size_t count, size_t size);

/* Bytes of a row.  A table is a plan_list or a plan_rows_id. */
size_t plan_row_bytes(int table);
/* Its code; NULL where that was not read.  row is below the count. */
const char *plan_row_code(const plan *p, int table, size_t row);

/* The first row of that code (len bytes, no 0 needed), or SIZE_MAX. */
size_t plan_find(const plan *p, int table, const char *code, size_t len);

/* plan_read.c */

/* Fill c->p from its root; everything that does not have its form is reported. */
void plan_read_document(struct plan_checker *c);

/* plan_check.c */

/* What no single place can know: links, duplicates, periods, sums.  After all
 * tables have their hash table. */
void plan_check_rules(struct plan_checker *c);

/* Tell at that place when there is no such code in the table. */
void
plan_check_code(struct plan_checker *c, const struct plan_path *at, const char *code, int table);

/* plan_programmed.c */

/* The targets by quarter and by unit of one indicator, which stands at that place. */
void plan_check_programmed(struct plan_checker *c, const struct plan_path *at,
                           const struct plan_indicator *indicator);

/* The days in which what is told of an indicator counts.  False when they could not
 * be read, or end before they begin: that was told. */
bool plan_indicator_days(const plan *p, const struct plan_indicator *indicator,
                         struct plan_period *ret_days);

/* plan_weights.c */

void plan_check_weights(struct plan_checker *c);

/* plan_problem.c */

/* What stands at a place; NULL when nothing does.  Borrowed from the document. */
json_t *plan_at(const plan *p, const struct plan_path *at);

/* Tell an error at a place; the value found there is told with it.  rule is a msgid
 * that must live on, arg (may be NULL) stands in its %s and is copied, cut. */
void
plan_report(struct plan_checker *c, const struct plan_path *at, const char *rule, const char *arg);
void plan_report_number(struct plan_checker *c, const struct plan_path *at, const char *rule,
                        int64_t arg);
/* The same, of what is no error. */
void plan_note(struct plan_checker *c, const struct plan_path *at, const char *rule);
void
plan_note_number(struct plan_checker *c, const struct plan_path *at, const char *rule, int64_t arg);
/* What jansson says of bytes that are not JSON; no memory sticks in c->st. */
void plan_report_syntax(struct plan_checker *c, const json_error_t *error);

/* The pointer of a place as text with its 0, cut to size, between two
 * characters. */
void plan_pointer(const struct plan_path *at, char *out, size_t size);
