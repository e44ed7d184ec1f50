/* tests/support/plan_base.h - a small plan with something of everything
 *
 * Objectives 1 and 2; strategies 1.1 and T.1; initiatives 1.1.01 and 1.1.02
 * (retired on 2025-07-01); IND-1 (acumulado, goal 100, a target for each year,
 * linked to both initiatives) and IND-2 (capacidad, 2 to 9, by things); units
 * con-a, con-b and area-x; mode movil, count attended, actor ACT-1; version 3.
 */
#pragma once

#include <jansson.h>

#include "protocol/plan.h"

/* The caller's. */
json_t *plan_base(void);

/* Put json text (NULL: nothing) at that JSON pointer; "-" behind a list adds
 * to it. */
void plan_base_edit(json_t *root, const char *pointer, const char *json);

/* The same with ' for each ". */
void plan_base_edit_quoted(json_t *root, const char *pointer, const char *json);

/* The plan with what an office adds: IND-1 has targets for 2025 by quarter (5, 7, 8,
 * 10) and for con-a and con-b; actions, weights, the risks;
 * IND-1 is reported by con-b and by areas, 1.1.01 by consulates and areas. */
json_t *plan_base_whole(void);

/* plan_parse() of len bytes in memory of the exact size, so that a sanitizer
 * sees an overrun. */
status
plan_base_parse(const char *text, size_t len, struct plan_problems *problems, plan **ret_plan);

/* The same of a document, which is dropped. */
status plan_base_parse_document(json_t *root, struct plan_problems *problems, plan **ret_plan);
