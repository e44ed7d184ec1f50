#include "common/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/i18n.h"
#include "common/manual.h"

enum { MAX_COMMANDS = 64, WHO_BYTES = 64, SHOWN_BYTES = 128, RULE_BYTES = 1024 };

/* "program command": stands before each message.  Empty until cli_main() runs. */
static char who[WHO_BYTES];

/* What was printed so far goes first: on a terminal both come to one place. */
static void __attribute__((format(printf, 1, 0))) complain(const char *format, va_list args)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", *who ? who : program_invocation_short_name);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

int
cli_fail(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	return code;
}

void
cli_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
}

/* By hand: a format that comes from a table, or from a translator, must not be
 * handed to printf(). */
const char *
cli_rule(const char *rule, const char *arg, char *out, size_t size)
{
	const char *translated = gettext(rule), *hole = strstr(translated, "%s");
	char text[RULE_BYTES];

	if (hole)
		snprintf(text, sizeof(text), "%.*s%s%s", (int) (hole - translated), translated, arg,
		         hole + 2);
	else
		snprintf(text, sizeof(text), "%s", translated);
	return cli_safe(text, strlen(text), out, size);
}

bool
cli_milliseconds(const char *text, int64_t max_ms, int64_t *ret_ms)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || *text < '0' || *text > '9' || *end != 0 || n < 1 || n > max_ms)
		return false;
	*ret_ms = n;
	return true;
}

/* No default, so that the compiler asks for each new status; a number that is
 * none is our own fault. */
int
cli_exit(status st)
{
	switch (st) {
	case ST_OK: return EX_OK;
	case ST_MALFORMED:
	case ST_LIMIT:
	case ST_CHAIN:
	case ST_UNKNOWN:
	case ST_INVALID: return EX_DATAERR;
	case ST_NOT_FOUND: return EX_NOINPUT;
	case ST_EXISTS: return EX_CANTCREAT;
	case ST_FULL:
	case ST_IO: return EX_IOERR;
	case ST_NOMEM:
	case ST_BUSY:
	case ST_TIMEOUT: return EX_TEMPFAIL;
	case ST_DENIED: return EX_NOPERM;
	case ST_VERSION: return EX_CONFIG;
	}
	return EX_SOFTWARE;
}

/* Output may have failed long before: then only ferror() still knows, and why
 * is lost (errno was set to 0), so a full disk is told as such only when this
 * flush meets it. */
int
cli_finish(int code)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	return cli_fail(EX_IOERR, _("cannot write to standard output: %s"),
	                gettext(status_text(errno == ENOSPC ? ST_FULL : ST_IO)));
}

void
cli_version(const char *program)
{
	printf("%.*s %s\n", (int) strcspn(program, " "), program, VALIJA_VERSION);
	puts(_("License Apache-2.0 <https://www.apache.org/licenses/LICENSE-2.0>.\n"
	       "This is free software: you are free to change and redistribute it.\n"
	       "There is NO WARRANTY, to the extent permitted by law."));
}

static int
try_help(const char *name)
{
	fprintf(stderr, _("Try '%s --help' for more information.\n"), name);
	return EX_USAGE;
}

/* name: the program, or the program and a command that has parts. */
static void
print_help(const char *name, const char *about, const struct cli_command *commands,
           const struct cli_fact *options)
{
	size_t width = strlen("--version");

	for (const struct cli_command *c = commands; c->name; c++)
		width = strlen(c->name) > width ? strlen(c->name) : width;
	for (const struct cli_fact *o = options; o && o->name; o++)
		width = strlen(o->name) > width ? strlen(o->name) : width;

	printf(_("Usage: %s COMMAND [OPTION...]\n"), name);
	puts(gettext(about));
	puts(_("\nCommands:"));
	for (const struct cli_command *c = commands; c->name; c++)
		printf("  %-*s  %s\n", (int) width, c->name, gettext(c->help));
	puts(_("\nOptions:"));
	for (const struct cli_fact *o = options; o && o->name; o++)
		printf("  %-*s  %s\n", (int) width, o->name, gettext(o->meaning));
	printf("  %-*s  %s\n", (int) width, "--help", _("give this help list"));
	printf("  %-*s  %s\n", (int) width, "--version", _("print program version"));
	printf(_("\n'%s COMMAND --help' lists the options of a command.\n"), name);
}

static const struct cli_command *
find_command(const struct cli_command *commands, const char *name)
{
	for (const struct cli_command *c = commands; c->name; c++) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

/* A name comes from outside, so it is shown through cli_safe() here and below. */
static int
unknown_command(const struct cli_command *commands, const char *of, const char *name)
{
	const char *names[MAX_COMMANDS], *nearest;
	char shown[SHOWN_BYTES];
	size_t count = 0;

	for (const struct cli_command *c = commands; c->name && count < MAX_COMMANDS; c++)
		names[count++] = c->name;
	nearest = cli_nearest(name, names, count);
	cli_safe(name, strlen(name), shown, sizeof(shown));
	if (nearest)
		cli_warn(_("there is no command '%s'; did you mean '%s'?"), shown, nearest);
	else
		cli_warn(_("there is no command '%s'"), shown);
	return try_help(of);
}

/* argv[1] is an option where a command should be. */
static int
misplaced_option(const struct cli_command *commands, const char *of, int argc, char **argv)
{
	char shown[SHOWN_BYTES];

	cli_safe(argv[1], strlen(argv[1]), shown, sizeof(shown));
	for (int i = 2; i < argc; i++) {
		if (find_command(commands, argv[i])) {
			cli_warn(_("options stand after the command: %s %s %s …"), of, argv[i],
			         shown);
			return try_help(of);
		}
	}
	cli_warn(_("there is no command before '%s'"), shown);
	return try_help(of);
}

/* Where they are few, all of them. */
static int
missing_command(const struct cli_command *commands, const char *of)
{
	char list[RULE_BYTES] = "";
	size_t used = 0;

	for (const struct cli_command *c = commands; c->name && used < sizeof(list); c++)
		used += (size_t) snprintf(list + used, sizeof(list) - used, "%s%s",
		                          c == commands ? "" : ", ", c->name);
	cli_warn(_("a command is missing: %s"), list);
	return try_help(of);
}

static int dispatch(const char *of, const char *about, const struct cli_command *commands,
                    const struct cli_fact *options, int argc, char **argv);

static int
run_command(const char *of, const struct cli_command *command, int argc, char **argv)
{
	char name[WHO_BYTES];

	snprintf(name, sizeof(name), "%s %s", of, command->name);
	snprintf(who, sizeof(who), "%s", name);
	argv[0] = who; /* argp takes the name in its texts from there */
	if (!command->parts)
		return command->run(argc, argv);
	return dispatch(name, command->help, command->parts, NULL, argc, argv);
}

/* of: the program, or the program and a command that has parts. */
static int
dispatch(const char *of, const char *about, const struct cli_command *commands,
         const struct cli_fact *options, int argc, char **argv)
{
	const struct cli_command *command;

	if (argc < 2)
		return missing_command(commands, of);
	if (strcmp(argv[1], "--help") == 0) {
		print_help(of, about, commands, options);
		return EX_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		cli_version(of);
		return EX_OK;
	}
	/* other options are those of a command */
	if (argv[1][0] == '-')
		return misplaced_option(commands, of, argc, argv);
	command = find_command(commands, argv[1]);
	if (!command)
		return unknown_command(commands, of, argv[1]);
	return run_command(of, command, argc - 1, argv + 1);
}

/* ---- describing ---- */

cli_describe cli_describing = CLI_RUN;
bool cli_confined;

/* In a child each, since cli_parse() ends the process where the command would begin. */
static int
describe_command(const char *name, int (*run)(int argc, char **argv))
{
	char word[WHO_BYTES], *words[] = { word, NULL };
	int how = 0;
	pid_t child;

	snprintf(word, sizeof(word), "%s", name);
	fflush(stdout);
	child = fork();
	if (child == 0)
		exit(run(1, words));
	if (child < 0 || waitpid(child, &how, 0) != child || how != 0)
		return EX_SOFTWARE;
	return EX_OK;
}

static int
describe_commands(const char *of, const struct cli_command *commands)
{
	char name[WHO_BYTES];
	int code = EX_OK;

	for (const struct cli_command *c = commands; c->name && code == EX_OK; c++) {
		snprintf(name, sizeof(name), "%s %s", of, c->name);
		code = c->parts ? describe_commands(name, c->parts)
				: describe_command(name, c->run);
	}
	return code;
}

static int
describe(const struct cli_program *program, cli_describe what)
{
	int code;

	cli_describing = what;
	if (what == CLI_MANUAL)
		manual_head(program, stdout);
	else
		completion_head(program, stdout);
	code = describe_commands(program->name, program->commands);
	if (what == CLI_MANUAL)
		manual_foot(program, stdout);
	else
		completion_foot(program, stdout);
	return code;
}

/* ---- the program ---- */

static int
start(const struct cli_program *program, int argc, char **argv)
{
	const char *word = argc == 2 ? argv[1] : "";
	int code = EX_OK;

	if (strcmp(word, "--manual") == 0)
		return describe(program, CLI_MANUAL);
	if (strcmp(word, "--completion") == 0)
		return describe(program, CLI_COMPLETION);
	if (strcmp(word, "--manual-settings") == 0 && program->settings) {
		manual_settings(program, stdout);
		return EX_OK;
	}
	if (strcmp(argc > 1 ? argv[1] : "", "--confined") == 0) {
		cli_confined = true;
		argc--;
		argv++;
	} else if (program->lead && program->lead(&argc, &argv, &code)) {
		return code;
	}
	return dispatch(program->name, program->about, program->commands, program->options, argc,
	                argv);
}

int
cli_main(const struct cli_program *program, int argc, char **argv)
{
	i18n_init(program->domain ? program->domain : program->name);
	snprintf(who, sizeof(who), "%s", program->name);
	return cli_finish(start(program, argc, argv));
}
