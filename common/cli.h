/* common/cli.h - a program with commands, in GNU form
 *
 *     valija COMMAND [OPTION...]        valija --help        valija --version
 *
 * A table names the commands; each has its own argp, so "valija record --help"
 * works and shows its options.  Options stand after the command.  An unknown
 * command is answered with the nearest known one.
 *
 * Exit statuses are those of sysexits.h where one fits:
 *   0 done; 1 something a person must look at (also: not all is acknowledged);
 *   64 wrong usage; 65 bad input data; 66 input or home missing; 69 no link;
 *   70 our fault; 73 cannot create; 74 disk; 75 try again later; 77 no right;
 *   78 configuration.
 */
#pragma once

#include <argp.h>
#include <stddef.h>

#include "protocol/status.h"

struct cli_command {
	const char *name;
	const char *help; /* N_() msgid: one line for the list of commands */
	int (*run)(int argc, char **argv); /* argv[0] is "program command" */
};

struct cli_program {
	const char *name;
	const char *about; /* N_() msgid: what the program is for, one line */
	const struct cli_command *commands; /* ends with a NULL name */
};

/* The body of main(): sets the locale up, finds the command, runs it, flushes
 * standard output (a failed flush, as on a full disk, is an error of its own)
 * and returns the exit status. */
int cli_main(const struct cli_program *program, int argc, char **argv);

/* argp_parse() as all commands use it: parses in order, usage errors exit with
 * 64 (an unknown option is answered with the nearest known one), and --help,
 * --usage and --version are answered.
 *
 * Msgids in options, doc and args_doc are translated; where doc has a \v, mark
 * the halves one by one: N_("before") "\v" N_("behind").  input comes as
 * state->input.  At most 96 options. */
void cli_parse(const struct argp *argp, int argc, char **argv, void *input);

/* Flush standard output; code, or 74 with a message when it cannot be written.
 * cli_main() does it; for those who exit() by themselves. */
int cli_finish(int code);

/* Print the answer to --version. */
void cli_version(const char *program);

/* Print "program command: MESSAGE" on standard error and return code.
 * format is translated already. */
int cli_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a message that does not stop the command. */
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What to say by a rule, a msgid with at most one %s that stands for arg:
 * translated, and safe as cli_safe() has it.  Returns out. */
const char *cli_rule(const char *rule, const char *arg, char *out, size_t size);

/* The exit status for st. */
int cli_exit(status st);

/* Of the strings list[0..count), the one nearest to word, or NULL when none is
 * near enough to be what was meant (protocol/code.h) and none begins with the
 * word, given at least three letters of it.  Of equally near ones, the first. */
const char *cli_nearest(const char *word, const char *const *list, size_t count);

/* Make text that came from a person, a file or a peer safe for a terminal or a
 * log line: control characters, marks that turn the direction of the text, and
 * bytes that are not UTF-8 become \xNN.
 * Writes at most size bytes (1 or more) with the 0, whole characters only, and
 * returns out. */
const char *cli_safe(const char *text, size_t len, char *out, size_t size);
