/* agent/entry_internal.h - what entry.c and entry_plan.c share */
#pragma once

#include "agent/entry.h"

/* An entry while it is checked. */
struct checking {
	const struct entry *e;
	const struct entry_frame *frame;
	struct event event; /* filled as the checks go */
	char country[3];
	struct entry_problems *out;
};

typedef enum problem_kind {
	PROBLEM_FORM,    /* it cannot be encoded */
	PROBLEM_PLAN,    /* the hub would hold it */
	PROBLEM_WARNING, /* it may be right */
} problem_kind;

/* found (len bytes, from outside) and arg may be NULL. */
void entry_problem_add(struct checking *c, problem_kind kind, const char *field,
                       struct text found, const char *rule, const char *arg);

/* Is it a code, and one of the plan?  False when it is no code. */
bool entry_check_code(struct checking *c, plan_row kind, const char *field, struct text code);

/* What the plan says of the event as a whole: codes in force, dates. */
void entry_check_plan(struct checking *c);

/* The unit given, or the only one; false when there is none to take. */
bool entry_check_unit(struct checking *c);
