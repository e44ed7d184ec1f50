/* hub/tree.h - the plan from its objectives down, with what was reached
 *
 * A tree of JSON objects, which "tree" prints for programs as it is and for people as
 * an outline.  Every object has kind, code and name; numbers that do not exist are null,
 * with the reason in "why".
 *
 *     plan        objectives, transversal, commitments, risks; percent; lights
 *     objective   strategies; percent; lights
 *     strategy    initiatives, projects; percent; lights
 *     initiative  area, activities, percent, progress, indicators, actions, risks
 *     indicator   as "state" has it
 *     project     the budget of the last quarter told
 *     commitment  progress
 *     risk        progress, class, controls, initiatives
 *     action      of the annual action plan
 *
 * What a strategy or an objective reached is told only as the plan says how to add it up:
 * by its weights, when each has one and each has something to weigh.  Otherwise percent
 * is null, and lights, how many indicators are green and so on, say what there is.  A
 * strategy of several objectives is transversal: it stands apart, and counts once.
 *
 * The percent of an initiative is the last one that its leading area told by the cut-off,
 * or, when that told none, the last one of the only unit that did.  What two devices told
 * without knowing of each other is marked "conflict".
 */
#pragma once

#include <jansson.h>

#include "hub/query.h"

/* The whole plan, or with a code what that leads to: an objective, strategy, initiative,
 * indicator, action, project, commitment or risk.  On success *ret_tree is the caller's.
 * ST_NOT_FOUND: there is no such code.  ST_NOMEM, ST_MALFORMED. */
status tree_of(const struct query *q, const char *code, json_t **ret_tree);
