#include "common/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/i18n.h"

enum { MAX_COMMANDS = 64, WHO_BYTES = 64, SHOWN_BYTES = 128, RULE_BYTES = 1024 };

/* "program command": stands before each message.  Empty until cli_main() runs. */
static char who[WHO_BYTES];

/* What was printed so far goes first: on a terminal both come to one place. */
static void __attribute__((format(printf, 1, 0)))
complain(const char *format, va_list args)
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

/* No default, so that the compiler asks for each new status; a number that is
 * none is our own fault. */
int
cli_exit(status st)
{
	switch (st) {
	case ST_OK:        return EX_OK;
	case ST_MALFORMED:
	case ST_LIMIT:
	case ST_CHAIN:
	case ST_UNKNOWN:
	case ST_INVALID:   return EX_DATAERR;
	case ST_NOT_FOUND: return EX_NOINPUT;
	case ST_EXISTS:    return EX_CANTCREAT;
	case ST_FULL:
	case ST_IO:        return EX_IOERR;
	case ST_NOMEM:
	case ST_BUSY:
	case ST_TIMEOUT:   return EX_TEMPFAIL;
	case ST_DENIED:    return EX_NOPERM;
	case ST_VERSION:   return EX_CONFIG;
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
	printf("%s %s\n", program, VALIJA_VERSION);
	puts(_("License Apache-2.0 <https://www.apache.org/licenses/LICENSE-2.0>.\n"
	       "This is free software: you are free to change and redistribute it.\n"
	       "There is NO WARRANTY, to the extent permitted by law."));
}

static int
try_help(const struct cli_program *program)
{
	fprintf(stderr, _("Try '%s --help' for more information.\n"), program->name);
	return EX_USAGE;
}

static void
print_help(const struct cli_program *program)
{
	size_t width = strlen("--version");

	for (const struct cli_command *c = program->commands; c->name; c++)
		width = strlen(c->name) > width ? strlen(c->name) : width;

	printf(_("Usage: %s COMMAND [OPTION...]\n"), program->name);
	puts(gettext(program->about));
	puts(_("\nCommands:"));
	for (const struct cli_command *c = program->commands; c->name; c++)
		printf("  %-*s  %s\n", (int) width, c->name, gettext(c->help));
	puts(_("\nOptions:"));
	printf("  %-*s  %s\n", (int) width, "--help", _("give this help list"));
	printf("  %-*s  %s\n", (int) width, "--version", _("print program version"));
	printf(_("\n'%s COMMAND --help' lists the options of a command.\n"), program->name);
}

static const struct cli_command *
find_command(const struct cli_program *program, const char *name)
{
	for (const struct cli_command *c = program->commands; c->name; c++) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

/* A name comes from outside, so it is shown through cli_safe() here and below. */
static int
unknown_command(const struct cli_program *program, const char *name)
{
	const char *names[MAX_COMMANDS], *nearest;
	char shown[SHOWN_BYTES];
	size_t count = 0;

	for (const struct cli_command *c = program->commands; c->name && count < MAX_COMMANDS; c++)
		names[count++] = c->name;
	nearest = cli_nearest(name, names, count);
	cli_safe(name, strlen(name), shown, sizeof(shown));
	if (nearest)
		cli_warn(_("there is no command '%s'; did you mean '%s'?"), shown, nearest);
	else
		cli_warn(_("there is no command '%s'"), shown);
	return try_help(program);
}

/* argv[1] is an option where a command should be. */
static int
misplaced_option(const struct cli_program *program, int argc, char **argv)
{
	char shown[SHOWN_BYTES];

	cli_safe(argv[1], strlen(argv[1]), shown, sizeof(shown));
	for (int i = 2; i < argc; i++) {
		if (find_command(program, argv[i])) {
			cli_warn(_("options stand after the command: %s %s %s …"), program->name,
			         argv[i], shown);
			return try_help(program);
		}
	}
	cli_warn(_("there is no command before '%s'"), shown);
	return try_help(program);
}

static int
run_command(const struct cli_program *program, const struct cli_command *command, int argc,
            char **argv)
{
	snprintf(who, sizeof(who), "%s %s", program->name, command->name);
	argv[0] = who; /* argp takes the name in its texts from there */
	return command->run(argc, argv);
}

static int
dispatch(const struct cli_program *program, int argc, char **argv)
{
	const struct cli_command *command;

	if (argc < 2) {
		cli_warn(_("a command is missing"));
		return try_help(program);
	}
	if (strcmp(argv[1], "--help") == 0) {
		print_help(program);
		return EX_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		cli_version(program->name);
		return EX_OK;
	}
	/* other options are those of a command */
	if (argv[1][0] == '-')
		return misplaced_option(program, argc, argv);
	command = find_command(program, argv[1]);
	if (!command)
		return unknown_command(program, argv[1]);
	return run_command(program, command, argc - 1, argv + 1);
}

int
cli_main(const struct cli_program *program, int argc, char **argv)
{
	i18n_init();
	snprintf(who, sizeof(who), "%s", program->name);
	return cli_finish(dispatch(program, argc, argv));
}
