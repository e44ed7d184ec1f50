#include <sysexits.h>

#include "agent/commands.h"
#include "agent/recording.h"
#include "common/cli.h"
#include "common/i18n.h"

enum { KEY_KEY = 0x200 };

static const struct argp_option options[] = {
	{ "key", KEY_KEY, N_("TEXT"), 0,
	  N_("your own name for the entry: a second one of that name is not recorded"), 16 },
	{ 0 },
};

/* argp gives a word to this parser before its child.  Not to know it hands it on: after
 * --count and its like it belongs to their list. */
static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct recording *r = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &r->options; return 0;
	case ARGP_KEY_ARG:
		if (r->options.list == 0)
			entry_options_word(arg);
		return ARGP_ERR_UNKNOWN;
	case KEY_KEY:
		if (*arg == '\0') /* of a script whose variable is not set */
			argp_error(state, _("--key: it must not be empty"));
		r->key = arg;
		r->options.list = 0;
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* Either of the two is enough to know what is meant; entry_build() asks for the other.
 * With a date it is an activity, and the level does not belong there. */
static bool
is_level(const struct entry *e)
{
	return (e->level || e->quarter) && !e->date;
}

int
record_command(int argc, char **argv)
{
	const unsigned kinds = KIND_BIT(KIND_ACTIVITY) | KIND_BIT(KIND_LEVEL);
	const struct argp_child children[] = { { .argp = entry_options_argp(kinds) }, { 0 } };
	/* clang-format off */
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.doc = N_("Record one activity, or the level of an indicator in a quarter, and print its "
		          "REF once it is safe on disk.")
		       "\v"
		       N_("A day must be given, and an indicator or an initiative. Example:\n"
		          "  valija record --indicator IND-1 --date 2025-11-15 --count attended=90\n"
		          "Of an indicator whose level is told, each quarter has one level, which "
		          "'valija correct' changes:\n"
		          "  valija record --indicator IND-2 --quarter 2025-Q4 --level 131"),
	};
	/* clang-format on */
	struct recording r = { .kind = KIND_ACTIVITY };

	cli_parse(&argp, argc, argv, &r);
	if (is_level(&r.options.entry))
		r.kind = KIND_LEVEL;
	if (r.key && r.kind == KIND_LEVEL) {
		entry_options_done(&r.options);
		return cli_fail(EX_USAGE,
		                _("--key: a level needs none; its indicator and quarter name it"));
	}
	return recording_run(&r);
}
