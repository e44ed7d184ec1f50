/* hub/commands.h - the commands that ask, those of the registry, "plan", "backup"
 *
 * Each is a run() of common/cli.h: reads its arguments, prints, and returns the
 * exit status.  All take --home; those that ask take --cutoff and --json too
 * (hub/asking.h).  They work beside a running hub and without one.
 */
#pragma once

#include "common/cli.h"

int state_command(int argc, char **argv);
int counts_command(int argc, char **argv);
int units_command(int argc, char **argv);
int held_command(int argc, char **argv);
int events_command(int argc, char **argv);
int calendar_command(int argc, char **argv);
int duplicates_command(int argc, char **argv);
int completeness_command(int argc, char **argv);
int pace_command(int argc, char **argv);
int tree_command(int argc, char **argv);
int groups_command(int argc, char **argv);
int show_command(int argc, char **argv);

/* Who may send what; taking rights, and letting count what came after. */
int devices_command(int argc, char **argv);
int revoke_command(int argc, char **argv);
int admit_command(int argc, char **argv);
/* After this hub was put back to an older copy. */
int confirm_command(int argc, char **argv);

/* What the office says on an entry, as events of the hub's own feed. */
int return_command(int argc, char **argv);
int settle_command(int argc, char **argv);

/* Editions of the state, and quarters that are closed. */
int cut_command(int argc, char **argv);
int cuts_command(int argc, char **argv);
int diff_command(int argc, char **argv);
int lock_command(int argc, char **argv);
int locks_command(int argc, char **argv);

/* Copy the whole hub while it runs; look whether all is as it was stored;
 * make what is derived anew. */
int backup_command(int argc, char **argv);
int verify_command(int argc, char **argv);
int rebuild_command(int argc, char **argv);
/* Keep the ledger of now for questions about the past. */
int snapshot_command(int argc, char **argv);

/* plan check FILE, plan show [FILE], plan load FILE */
extern const struct cli_command plan_commands[];

/* draft cut NAME, draft lock QUARTER */
extern const struct cli_command draft_commands[];
