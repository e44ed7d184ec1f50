/* hub/commands.h - the commands that ask, and "plan"
 *
 * Each is a run() of common/cli.h: reads its arguments, prints, and returns the
 * exit status.  All take --home; those that ask take --cutoff and --json too
 * (hub/asking.h).  They work beside a running hub and without one.
 */
#pragma once

int state_command(int argc, char **argv);
int counts_command(int argc, char **argv);
int units_command(int argc, char **argv);
int held_command(int argc, char **argv);
int events_command(int argc, char **argv);
int show_command(int argc, char **argv);

/* plan check FILE, plan show [FILE], plan load FILE */
int plan_command(int argc, char **argv);
