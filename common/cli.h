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
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "protocol/status.h"

struct cli_command {
	const char *name;
	const char *help;                  /* N_() msgid: one line for the list of commands */
	int (*run)(int argc, char **argv); /* argv[0] is "program command" */
	const struct cli_command *parts;   /* NULL, or commands of its own in the place of run */
};

/* A name and what it means, for the manual. */
struct cli_fact {
	const char *name;
	const char *meaning; /* N_() msgid */
};

struct cli_program {
	const char *name;
	const char *about;                  /* N_() msgid: what the program is for, one line */
	const struct cli_command *commands; /* ends with a NULL name */

	const char *domain; /* of the catalogue; NULL: the name */

	/* Options that stand before the command, for --help; lists end with a NULL name. */
	const struct cli_fact *options;
	/* NULL, or called first with all arguments, argv[0] being the program: returns
	 * true when it has done all that is to be done, with the exit status; else the
	 * arguments that it leaves are those of a command. */
	bool (*lead)(int *argc, char ***argv, int *ret_code);

	/* The rest is for the manual (common/manual.h); lists end with a NULL name. */
	const char *section; /* "1" or "8" */
	const char *more;    /* N_() msgid: a paragraph */
	const struct cli_fact *environment, *files;
	const char *see_also;
	void (*settings)(FILE *out); /* NULL: it has none */
	const char *settings_path;
};

/* The body of main(): sets the locale up, finds the command, runs it, flushes
 * standard output (a failed flush, as on a full disk, is an error of its own)
 * and returns the exit status. */
int cli_main(const struct cli_program *program, int argc, char **argv);

/* Instead of running a command, cli_main() can have it describe itself, in a child
 * process: cli_parse() then prints that and ends it.  Asked for by the one word
 * "--manual", "--manual-settings" or "--completion", when the project is built. */
typedef enum cli_describe { CLI_RUN, CLI_MANUAL, CLI_COMPLETION } cli_describe;
extern cli_describe cli_describing;

/* Set by the word "--confined" before the command: it was asked for from elsewhere.
 * Options and arguments that name a file of this machine, other than "-", are refused
 * with 77. */
extern bool cli_confined;

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

/* Print the answer to --version; what follows a blank in program is left out. */
void cli_version(const char *program);

/* Print "program command: MESSAGE" on standard error and return code.
 * format is translated already. */
int cli_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a message that does not stop the command. */
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What to say by a rule, a msgid with at most one %s that stands for arg:
 * translated, and safe as cli_safe() has it.  Returns out. */
const char *cli_rule(const char *rule, const char *arg, char *out, size_t size);

/* A number of milliseconds from 1 to max_ms, as typed; false: it is none. */
bool cli_milliseconds(const char *text, int64_t max_ms, int64_t *ret_ms);

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
