/* valija correct, void, settle: what they take; agent/replacing.c does it. */
#include <sysexits.h>

#include "agent/commands.h"
#include "agent/entry_fields.h"
#include "agent/replacing.h"
#include "common/cli.h"
#include "common/i18n.h"

enum { KEY_FROM = 0x200 };

static const struct argp_option options[] = {
	{ "from", KEY_FROM, N_("FILE"), 0,
	  N_("an entry of another device, as 'valija-hub show REF --evidence FILE' writes it"), 1 },
	{ 0 },
};

static size_t
most_words(const struct replacing *r)
{
	return r->how == REPLACE_SETTLE ? FIXES_MAX : 1;
}

/* As in record: a word after a list is left to the child, which has the list. */
static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct replacing *r = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &r->options; return 0;
	case ARGP_KEY_ARG:
		if (r->options.list != 0)
			return ARGP_ERR_UNKNOWN;
		if (r->word_count == most_words(r))
			entry_options_word(arg);
		r->words[r->word_count++] = arg;
		return 0;
	case KEY_FROM:
		if (r->files.count == PROVEN_FILES_MAX)
			argp_error(state, _("--from: at most %d files"), PROVEN_FILES_MAX);
		r->files.paths[r->files.count++] = arg;
		r->options.list = 0;
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static int
run(const struct argp *argp, struct replacing *r, int argc, char **argv)
{
	cli_parse(argp, argc, argv, r);
	if (r->word_count > 0)
		return replacing_run(r);
	entry_options_done(&r->options);
	return cli_fail(EX_USAGE, _("say which entry: its number, or its REF"));
}

int
correct_command(int argc, char **argv)
{
	const unsigned kinds = ENTRY_RECORDS | KIND_BIT(KIND_VOID);
	const struct argp_child children[] = { { .argp = entry_options_argp(kinds) }, { 0 } };
	/* clang-format off */
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.args_doc = N_("SEQ"),
		.doc = N_("Replace entry SEQ by one in which the fields given are changed and all others "
		          "stay.  The old version is kept; the new one counts.")
		       "\v"
		       N_("An empty value (--note '') takes a field away.  --count and --group change the "
		          "names given (--count attended= takes one away); --initiative, --zero, "
		          "--nothing-to-do and --evidence replace the whole list.  What was planned and "
		          "took place:\n"
		          "  valija correct 7 --status done --why 'it took place'\n"
		          "An entry of another device is named by its REF, and --from reads the file that "
		          "the office wrote of it:\n"
		          "  valija correct ABCD2345-17 --from entry.evidence --percent 70 --why 'the "
		          "report came'\n"
		          "Where the office took an entry out, the file of what took it out is given, "
		          "too, and the new version brings the entry back:\n"
		          "  valija correct 7 --from void.evidence --why 'it did take place'"),
	};
	/* clang-format on */
	struct replacing r = { .how = REPLACE_CORRECT };

	return run(&argp, &r, argc, argv);
}

int
void_command(int argc, char **argv)
{
	const struct argp_child children[] = {
		{ .argp = entry_options_argp(KIND_BIT(KIND_VOID)) },
		{ 0 },
	};
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.args_doc = N_("SEQ"),
		.doc = N_("Take entry SEQ out: it stays recorded and does not count any more.  "
		          "'valija correct' brings it back."),
	};
	struct replacing r = { .how = REPLACE_VOID };

	return run(&argp, &r, argc, argv);
}

int
settle_command(int argc, char **argv)
{
	const struct argp_child children[] = {
		{ .argp = entry_options_argp(KIND_BIT(KIND_VOID)) },
		{ 0 },
	};
	/* clang-format off */
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.args_doc = N_("REF REF..."),
		.doc = N_("End a conflict: of several versions of one entry that stand side by side the "
		          "first one named is right.")
		       "\v"
		       N_("'valija-hub show' names the versions.  Those of other devices are read from "
		          "the files that the office wrote of them.  Example:\n"
		          "  valija settle 12 ABCD2345-17 --from other.evidence --why 'counted again'"),
	};
	/* clang-format on */
	struct replacing r = { .how = REPLACE_SETTLE };

	return run(&argp, &r, argc, argv);
}
