/* common/manual.h - manual pages and completions, from the tables that --help reads
 *
 * What is printed here is made when the project is built (packaging/) and
 * installed; nobody types it.  In a language that is set, the pages are in that
 * language.
 */
#pragma once

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>

struct cli_program;

/* A page of man(7): head, then one section a command, then foot. */
void manual_head(const struct cli_program *program, FILE *out);
void manual_command(const char *name, const struct argp *argp, FILE *out);
void manual_foot(const struct cli_program *program, FILE *out);

/* The page of the settings, for programs that have some. */
void manual_settings(const struct cli_program *program, FILE *out);

/* By what --help calls it: the value of an option, or the arguments, name a file. */
bool manual_names_a_file(const char *argument);

/* A completion for bash: the same three parts. */
void completion_head(const struct cli_program *program, FILE *out);
void completion_command(const char *name, const struct argp *argp, FILE *out);
void completion_foot(const struct cli_program *program, FILE *out);
