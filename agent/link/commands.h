/* agent/link/commands.h - the commands of valija-agent
 */
#pragma once

/* Make a home and a request. */
int init_command(int argc, char **argv);

/* Carry what is in the outbox to the hub, then end. */
int sync_command(int argc, char **argv);

/* Fetch what the hub has that this copy of the home has not. */
int adopt_command(int argc, char **argv);

/* Ask whether what is recorded is counted. */
int probe_command(int argc, char **argv);

/* Carry until told to stop. */
int run_command(int argc, char **argv);
