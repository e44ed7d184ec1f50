/* hub/link/commands.h - the commands of valija-hub that make, enrol and serve
 *
 * (hub/commands.h has those that ask.)
 */
#pragma once

/* Make a home. */
int init_command(int argc, char **argv);

/* Let a device in. */
int enroll_command(int argc, char **argv);

/* Serve the devices until told to stop. */
int run_command(int argc, char **argv);
