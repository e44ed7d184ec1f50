/* agent/reading.h - the options of the commands that only read
 *
 * --home and --json, alike in all of them.
 */
#pragma once

#include <argp.h>
#include <stdbool.h>

/* To be zeroed before; points into argv. */
struct reading {
	const char *home; /* for command_open(); NULL: not given */
	bool json;
};

/* A child for the argp of such a command; its input is the struct above. */
extern const struct argp reading_argp;

/* cli_parse() for a command that has no other options; doc as there. */
void reading_parse(struct reading *r, const char *doc, int argc, char **argv);
