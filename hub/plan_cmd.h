/* hub/plan_cmd.h - the commands about plan documents
 *
 *     valija-hub plan check FILE [--json]
 *     valija-hub plan show [FILE] [--json]
 *     valija-hub plan load FILE
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "protocol/plan.h"

/* "plan check": all findings, one a line, then a summary, on standard output.
 * Returns 0 for a good plan (notes do not matter), 65 for one with errors, 66
 * when there is no such file. */
int plan_check_command(int argc, char **argv);

/* Read and check a plan document for a command that needs a good one.  When it
 * is not good all errors go to standard error.  Returns the exit status: 0, 65,
 * 66, ...; on 0 *ret_plan is the caller's, and so are the bytes of the file (to
 * be freed with free()) unless ret_json is NULL. */
int plan_open_file(const char *path, plan **ret_plan, uint8_t **ret_json, size_t *ret_len);

/* "plan show": the plan on standard output, within 80 columns, or with json the
 * document as it is.  Returns the exit status. */
int plan_show_print(const plan *p, bool json);
