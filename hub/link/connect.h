/* hub/link/connect.h - a command that reads, asked of a hub at another place
 *
 *     valija-hub --connect ENDPOINT [--home DIR] COMMAND ...
 *
 * What the command prints there is printed here, and its exit status is the exit
 * status; a file that it writes is written here.  By tcp:// the keys are those of
 * the home that 'valija-agent init --role reader' has made; by ipc:// there are none.
 */
#pragma once

#include <stdbool.h>

/* For struct cli_program. */
bool connect_lead(int *argc, char ***argv, int *ret_code);
