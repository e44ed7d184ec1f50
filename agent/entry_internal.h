/* agent/entry_internal.h - what entry.c and entry_plan.c share
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
	PROBLEM_WARNING, /* it may be right */
} problem_kind;

/* Keep a problem, or only count it when the list is full.  found is what was
 * given, from outside, and may be empty; it is copied and made safe to print.
 * field and rule must be constant texts; arg is copied and may be NULL.  With
 * force a PROBLEM_PLAN becomes a warning. */
void entry_problem_add(struct checking *c, problem_kind kind, const char *field,
                       struct text found, const char *rule, const char *arg);

/* Tell what is wrong with a code of that kind.  False when it is no code, so
 * that it cannot go into the event; one that only the plan does not have is told
 * and can. */
bool entry_check_code(struct checking *c, plan_row kind, const char *field, struct text code);

/* What the plan says of the event as a whole: codes in force, dates.  To be
 * called when all fields are filled; does nothing without a plan. */
void entry_check_plan(struct checking *c);

/* Set the unit: the one given, or the device's only one.  False when there is
 * none to take. */
bool entry_check_unit(struct checking *c);
