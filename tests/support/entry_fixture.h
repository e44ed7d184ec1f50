/* tests/support/entry_fixture.h - entries checked against the ministry's plan
 *
 * Two units are enrolled, con-houston and con-miami; today is 2025-12-31.  A failure in
 * here ends the running test.
 */
#pragma once

#include "agent/entry.h"

struct entry_fixture {
	char *scratch;
	kv *store;
	kv_txn *txn;
	plan_table *table;
	struct codes units;
	struct entry entry; /* a right activity, to be spoilt */
	struct entry_problems problems;
	bool force;
	date today;
	uint64_t locked[2];
	size_t locked_count;
	const char *came_in; /* the one bond of a thing that did; NULL: none */
	writer w;
};

int entry_fixture_setup(void **ctx);
int entry_fixture_teardown(void **ctx);

/* Check against the ministry's plan with an edit of its document (see
 * plan_base_edit_quoted()) from now on. */
void entry_fixture_edit_plan(struct entry_fixture *fx, const char *pointer, const char *edit);

status entry_build_as(struct entry_fixture *fx, const struct entry *e, event_kind kind,
                      const struct fix *fix);
status entry_build_activity(struct entry_fixture *fx, const struct entry *e);

/* What was built last. */
struct event entry_built(struct entry_fixture *fx);

/* One problem about that field, whose rule and argument read like that. */
void assert_entry_problem(struct entry_fixture *fx, const char *field, const char *found,
                          const char *said);

/* It is no activity to be recorded, for that one problem. */
void entry_refused(struct entry_fixture *fx, const struct entry *e, const char *field,
                   const char *found, const char *said);
