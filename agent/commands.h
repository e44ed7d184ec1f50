/* agent/commands.h - the commands of valija
 *
 * Each is the run of a struct cli_command (common/cli.h): it reads its own
 * arguments, opens the home by itself, prints its answer on standard output and
 * what is wrong on standard error, and returns the exit status.  Those that
 * write wait at most OUTBOX_WAIT_MS for other writers; the others wait for
 * nobody.
 */
#pragma once

#include "agent/import_cmd.h"

/* Write: one event, on disk before its REF is printed. */
int record_command(int argc, char **argv);
int thing_command(int argc, char **argv);
int progress_command(int argc, char **argv);
int budget_command(int argc, char **argv);
int close_command(int argc, char **argv);
int correct_command(int argc, char **argv);
int void_command(int argc, char **argv);
int settle_command(int argc, char **argv);
int return_command(int argc, char **argv);
int publish_command(int argc, char **argv); /* several, of one document */
/* Only read, also while the daemon syncs or others record. */
int list_command(int argc, char **argv);
int show_command(int argc, char **argv);
int status_command(int argc, char **argv);
int verify_command(int argc, char **argv);
