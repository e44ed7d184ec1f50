/* The options of a command.
 *
 * argp finds its own texts and those of our options in our catalogue, but
 * those of getopt_long(), and of the options --help and --version that it adds
 * by itself, only in libc's, which small systems do not have.  So we bring
 * these options, and look for mistakes before getopt_long() does.
 */
#include "common/cli.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/i18n.h"
#include "common/manual.h"

enum { MAX_OPTIONS = 96, SHOWN_BYTES = 128, PROGRAM_BYTES = 64 };

/* One name of an option; an alias takes what its original takes. */
struct known {
	const char *name;  /* NULL: a short one only */
	const char *value; /* what to call its value, NULL: takes none */
	int key;
	bool optional; /* the value may be left out */
};

struct scan {
	const char *command;
	const char *arguments; /* what to call them; NULL: there are none */
	const struct argp *argp;
	struct known known[MAX_OPTIONS];
	size_t count;
};

enum { KEY_HELP = 0x100000, KEY_USAGE, KEY_VERSION };

static const struct argp_option common_options[] = {
	{ "help", KEY_HELP, NULL, 0, N_("give this help list"), -1 },
	{ "usage", KEY_USAGE, NULL, 0, N_("give a short usage message"), 0 },
	{ "version", KEY_VERSION, NULL, 0, N_("print program version"), 0 },
	{ 0 },
};

static error_t
parse_common(int key, char *arg, struct argp_state *state)
{
	(void) arg;
	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = state->input; return 0;
	case KEY_HELP:
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK);
		exit(cli_finish(EX_OK));
	case KEY_USAGE: argp_state_help(state, stdout, ARGP_HELP_USAGE); exit(cli_finish(EX_OK));
	case KEY_VERSION: cli_version(state->name); exit(cli_finish(EX_OK));
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* Those of children too, as argp_parse() will.  A row without name and key ends the
 * table only when it has no text and no group either: else it is a heading. */
static void
collect(struct scan *s, const struct argp *argp)
{
	const struct argp_option *o = argp->options, *original = o;

	for (; o && (o->name || o->key || o->doc || o->group); o++) {
		if (!(o->flags & OPTION_ALIAS))
			original = o;
		if ((o->flags & OPTION_DOC) || (!o->name && !o->key) || s->count == MAX_OPTIONS)
			continue;
		s->known[s->count++] = (struct known) {
			.name = o->name,
			.value = original->arg,
			.key = o->key,
			.optional = original->flags & OPTION_ARG_OPTIONAL,
		};
	}
	for (const struct argp_child *c = argp->children; c && c->argp; c++)
		collect(s, c->argp);
}

/* argp_help() wants a name it could write to, so it gets a copy. */
static _Noreturn void
wrong_usage(const struct scan *s)
{
	char name[PROGRAM_BYTES];

	snprintf(name, sizeof(name), "%s", s->command);
	argp_help(s->argp, stderr, ARGP_HELP_SEE, name);
	exit(EX_USAGE);
}

static _Noreturn void
unknown_option(const struct scan *s, const char *name, size_t len)
{
	const char *names[MAX_OPTIONS], *nearest;
	char word[SHOWN_BYTES], shown[SHOWN_BYTES];
	size_t count = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (s->known[i].name)
			names[count++] = s->known[i].name;
	}
	snprintf(word, sizeof(word), "%.*s", (int) len, name);
	nearest = cli_nearest(word, names, count);
	cli_safe(name, len, shown, sizeof(shown));
	if (nearest)
		cli_warn(_("there is no option '--%s'; did you mean '--%s'?"), shown, nearest);
	else
		cli_warn(_("there is no option '--%s'"), shown);
	wrong_usage(s);
}

/* As getopt_long() has it: the whole name, or so much of it that no other
 * begins like that. */
static const struct known *
find_long(const struct scan *s, const char *name, size_t len)
{
	const struct known *found = NULL, *other = NULL;

	for (size_t i = 0; i < s->count; i++) {
		const struct known *k = &s->known[i];

		if (!k->name || strncmp(k->name, name, len) != 0)
			continue;
		if (k->name[len] == '\0')
			return k;
		other = found;
		found = k;
	}
	if (!found)
		unknown_option(s, name, len);
	if (other) {
		cli_warn(_("'--%.*s' may mean '--%s' or '--%s'"), (int) len, name, other->name,
		         found->name);
		wrong_usage(s);
	}
	return found;
}

/* Who asks from elsewhere does not get at the files of this machine. */
static void
check_confined(const char *called, const char *value)
{
	char shown[SHOWN_BYTES];

	if (!cli_confined || !manual_names_a_file(called) || (value && strcmp(value, "-") == 0))
		return;
	cli_warn(_("'%s' would be a file of the hub's machine, which cannot be asked for from "
	           "another one"),
	         cli_safe(value ? value : "", value ? strlen(value) : 0, shown, sizeof(shown)));
	exit(EX_NOPERM);
}

/* next: NULL at the end.  Returns whether it is the value of this one. */
static bool
check_long(const struct scan *s, const char *text, const char *next)
{
	size_t len = strcspn(text, "=");
	const struct known *k = find_long(s, text, len);

	if (!k->value && text[len] == '=') {
		cli_warn(_("option '--%s' takes no value"), k->name);
		wrong_usage(s);
	}
	if (k->value && text[len] == '=')
		check_confined(k->value, text + len + 1);
	if (!k->value || k->optional || text[len] == '=')
		return false;
	if (!next) {
		cli_warn(_("option '--%s' needs a value: --%s=%s"), k->name, k->name,
		         gettext(k->value));
		wrong_usage(s);
	}
	check_confined(k->value, next);
	return true;
}

static const struct known *
find_short(const struct scan *s, char letter)
{
	char shown[SHOWN_BYTES];

	for (size_t i = 0; i < s->count; i++) {
		if (s->known[i].key == letter && isprint((unsigned char) letter))
			return &s->known[i];
	}
	cli_warn(_("there is no option '-%s'"), cli_safe(&letter, 1, shown, sizeof(shown)));
	wrong_usage(s);
}

/* As check_long(), of a cluster: the first letter that takes a value has the
 * rest of it, or the next argument. */
static bool
check_short(const struct scan *s, const char *text, const char *next)
{
	for (; *text; text++) {
		const struct known *k = find_short(s, *text);

		if (!k->value)
			continue;
		if (text[1])
			check_confined(k->value, text + 1);
		if (k->optional || text[1])
			return false;
		if (!next) {
			cli_warn(_("option '-%c' needs a value"), *text);
			wrong_usage(s);
		}
		check_confined(k->value, next);
		return true;
	}
	return false;
}

static void
check_options(const struct scan *s, int argc, char **argv)
{
	bool only_arguments = false; /* behind "--" */

	for (int i = 1; i < argc; i++) {
		const char *next = i == argc - 1 ? NULL : argv[i + 1];
		bool takes_next;

		if (only_arguments || argv[i][0] != '-' || argv[i][1] == '\0') {
			/* "-" alone is an argument, as for getopt_long() */
			check_confined(s->arguments, argv[i]);
			continue;
		}
		only_arguments = strcmp(argv[i], "--") == 0;
		if (only_arguments)
			continue;
		if (argv[i][1] == '-')
			takes_next = check_long(s, argv[i] + 2, next);
		else
			takes_next = check_short(s, argv[i] + 1, next);
		if (takes_next) /* a value may look like an option */
			i++;
	}
}

/* Translates the halves of doc one by one; versions of the C library differ in
 * whether argp does that. */
static char *
translated(const char *doc)
{
	const char *cut = strchr(doc, '\v');
	char *before, *both = NULL;

	if (!cut)
		return strdup(gettext(doc));
	before = strndup(doc, (size_t) (cut - doc));
	if (before &&
	    asprintf(&both, "%s\v%s", *before ? gettext(before) : "", gettext(cut + 1)) < 0)
		both = NULL;
	free(before);
	return both;
}

void
cli_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	static char *doc; /* argp may exit(); what is static is no leak then */
	struct argp command = *argp;
	const struct argp_child children[] = { { .argp = &command }, { 0 } };
	const struct argp root = {
		.options = common_options,
		.parser = parse_common,
		.children = children,
	};
	struct scan s = { .command = argv[0], .arguments = argp->args_doc, .argp = &root };

	doc = argp->doc ? translated(argp->doc) : NULL;
	command.doc = doc;
	if (cli_describing == CLI_MANUAL)
		manual_command(argv[0], &command, stdout);
	else if (cli_describing == CLI_COMPLETION)
		completion_command(argv[0], &command, stdout);
	if (cli_describing != CLI_RUN)
		exit(cli_finish(EX_OK));
	collect(&s, &root);
	check_options(&s, argc, argv);
	if (argp_parse(&root, argc, argv, ARGP_IN_ORDER | ARGP_NO_HELP, NULL, input) != 0)
		exit(cli_fail(EX_SOFTWARE, _("cannot read the arguments")));
	free(doc);
	doc = NULL;
}
