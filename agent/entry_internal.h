/* agent/entry_internal.h - what the entry*.c share
 *
 * A check that finds something calls entry_problem_add() and goes on; nothing
 * here fails.  Not for others: they see entry_build() only.
 */
#pragma once

#include "agent/entry.h"

/* An entry while it is checked. */
struct checking {
	const struct entry *e;
	const struct entry_frame *frame;
	/* Filled as the checks go, with those fields that are right; its texts point
	 * into e, frame and country below, so it must not outlive them. */
	struct event event;
	char country[3]; /* the one of e in capitals, or "" */
	struct entry_problems *out;
};

typedef enum problem_kind {
	PROBLEM_FORM,    /* it cannot be encoded */
	PROBLEM_PLAN,    /* the hub would hold it */
	PROBLEM_CLOCK,   /* it comes too early, says the clock here, which may be wrong */
	PROBLEM_WARNING, /* it may be right */
} problem_kind;

/* Keep a problem, or only count it when the list is full.  found is what was
 * given, from outside, and may be empty; it is copied and made safe to print.
 * field and rule must be constant texts; arg is copied and may be NULL.  With
 * force a PROBLEM_PLAN or _CLOCK becomes a warning. */
void entry_problem_add(struct checking *c, problem_kind kind, const char *field, struct text found,
                       const char *rule, const char *arg);

/* The same for what cannot be encoded; found is the whole text that was given. */
void entry_bad(struct checking *c, const char *field, const char *found, const char *rule,
               const char *arg);
void entry_bad_limit(struct checking *c, const char *field, const char *found, const char *rule,
                     uint64_t limit);

bool entry_given(const char *text);
void entry_set(struct checking *c, event_field field);

/* ---- agent/entry.c: fields that several kinds have ---- */

void entry_check_text(struct checking *c, event_field bit, const char *field, const char *value,
                      size_t max_bytes, struct text *ret_text);
bool entry_check_date(struct checking *c, const char *field, const char *value, date *ret_date);

/* The first day, which must be given.  False when it is wrong or missing. */
bool entry_check_day(struct checking *c, date *ret_date);

/* A list of codes as the format wants it, ascending and once each. */
void entry_check_codes(struct checking *c, plan_row kind, event_field bit, const char *field,
                       const char *const *codes, size_t count, size_t max, struct codes *ret_codes);
void entry_check_initiatives(struct checking *c);

/* A whole number from 0 to max, of digits only. */
bool entry_number(const char *text, uint64_t max, uint64_t *ret_n);

/* ---- agent/entry_quarter.c: what is told once a quarter ---- */

void entry_check_level(struct checking *c);
void entry_check_progress(struct checking *c);
void entry_check_budget(struct checking *c);
void entry_check_close(struct checking *c);

/* ---- agent/entry_thing.c ---- */

void entry_check_thing(struct checking *c);

/* ---- agent/entry_fields.c ---- */

/* Tell of what was given and entries of this kind do not have. */
void entry_check_fields(struct checking *c);

/* ---- agent/entry_plan.c ---- */

/* Tell what is wrong with a code of that kind.  False when it is no code, so
 * that it cannot go into the event; one that only the plan does not have is told
 * and can. */
bool entry_check_code(struct checking *c, plan_row kind, const char *field, struct text code);

/* A code that must be given: missing is what to say when it is not.  *ret_code gets
 * the right one, with its bit. */
void entry_need_code(struct checking *c, plan_row kind, event_field bit, const char *field,
                     const char *code, const char *missing, struct text *ret_code);

/* What the plan says of the event as a whole: codes in force, dates.  To be
 * called when all fields are filled; does nothing without a plan. */
void entry_check_plan(struct checking *c);

/* Set the unit: the one given, or the device's only one.  False when there is
 * none to take. */
bool entry_check_unit(struct checking *c);
