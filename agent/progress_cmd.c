/* CODE may be of one of three lists; which one it is, is looked up, and asked only where
 * it is not plain. */
#include <stdio.h>
#include <sysexits.h>

#include "agent/commands.h"
#include "agent/recording.h"
#include "common/cli.h"
#include "common/i18n.h"
#include "protocol/code.h"

enum { KEY_INITIATIVE = 0x200, KEY_COMMITMENT, KEY_RISK, SHOWN_BYTES = 128 };

/* In the order of the keys of their options. */
static const struct list {
	plan_row row;
	const char *is; /* what it is */
} lists[] = {
	{ ROW_INITIATIVE, N_("an initiative") },
	{ ROW_COMMITMENT, N_("a commitment") },
	{ ROW_RISK, N_("a risk") },
};

enum { LISTS = sizeof(lists) / sizeof(lists[0]), NO_LIST = LISTS };

struct args {
	struct recording recording; /* first: it is what complete() gets */
	const char *code;
	size_t list; /* of lists, or NO_LIST */
};

static const struct argp_option options[] = {
	{ "initiative", KEY_INITIATIVE, NULL, 0, N_("CODE is an initiative"), 2 },
	{ "commitment", KEY_COMMITMENT, NULL, 0, N_("CODE is a commitment"), 2 },
	{ "risk", KEY_RISK, NULL, 0, N_("CODE is a risk"), 2 },
	{ 0 },
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &a->recording.options; return 0;
	case ARGP_KEY_ARG:
		if (a->recording.options.list != 0)
			return ARGP_ERR_UNKNOWN;
		if (a->code)
			entry_options_word(arg);
		a->code = arg;
		return 0;
	case KEY_INITIATIVE:
	case KEY_COMMITMENT:
	case KEY_RISK:
		if (a->list != NO_LIST)
			argp_error(state,
			           _("one of --initiative, --commitment and --risk at a time"));
		a->list = (size_t) (key - KEY_INITIATIVE);
		a->recording.options.list = 0;
		return 0;
	case ARGP_KEY_END:
		if (!a->code)
			argp_error(state, _("of what?  valija progress CODE"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* ---- which list ---- */

static int
tell_several(const char *shown, const bool *found)
{
	char words[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < LISTS; i++) {
		if (found[i])
			used += (size_t) snprintf(words + used, sizeof(words) - used, "%s%s",
			                          used > 0 ? ", " : "", gettext(lists[i].is));
	}
	return cli_fail(EX_DATAERR,
	                _("%s is several things in the plan (%s): say which with --initiative, "
	                  "--commitment or --risk"),
	                shown, words);
}

/* Of all three lists the code that is spelled most like it. */
static int
tell_none(plan_table *table, const char *code, const char *shown)
{
	char near[CODE_BYTES_MAX + 1], best[CODE_BYTES_MAX + 1] = "";
	size_t best_list = 0;

	for (size_t i = 0; i < LISTS; i++) {
		if (!plan_table_nearest(table, lists[i].row, text_of(code), near) ||
		    (*best && code_distance(code, near) >= code_distance(code, best)))
			continue;
		memcpy(best, near, sizeof(best));
		best_list = i;
	}
	if (*best)
		return cli_fail(EX_DATAERR,
		                _("the plan has no initiative, commitment or risk %s; did you mean "
		                  "%s, %s?"),
		                shown, best, gettext(lists[best_list].is));
	return cli_fail(EX_DATAERR,
	                _("the plan has no initiative, commitment or risk %s; --force with "
	                  "--initiative, --commitment or --risk records it all the same"),
	                shown);
}

static int
find_list(struct args *a, plan_table *table)
{
	struct plan_attributes attributes;
	char shown[SHOWN_BYTES];
	bool found[LISTS];
	size_t count = 0;

	cli_safe(a->code, strlen(a->code), shown, sizeof(shown));
	if (!table)
		return cli_fail(EX_DATAERR,
		                _("there is no plan here yet: say what %s is with --initiative, "
		                  "--commitment or --risk"),
		                shown);
	for (size_t i = 0; i < LISTS; i++) {
		found[i] = plan_table_find(table, lists[i].row, text_of(a->code), &attributes) ==
			ST_OK;
		count += found[i];
		if (found[i])
			a->list = i;
	}
	if (count == 1)
		return EX_OK;
	return count > 1 ? tell_several(shown, found) : tell_none(table, a->code, shown);
}

static int
complete(struct recording *r, plan_table *table)
{
	struct args *a = (struct args *) r;
	struct entry *e = &r->options.entry;
	int code = a->list == NO_LIST ? find_list(a, table) : EX_OK;

	if (code != EX_OK)
		return code;
	if (lists[a->list].row == ROW_COMMITMENT) {
		e->commitment = a->code;
	} else if (lists[a->list].row == ROW_RISK) {
		e->risk = a->code;
	} else {
		e->initiatives[0] = a->code;
		e->initiative_count = 1;
	}
	return EX_OK;
}

int
progress_command(int argc, char **argv)
{
	static const char *const words[] = { "initiative", "commitment", "risk", NULL };
	const struct argp_child children[] = {
		{ .argp = entry_options_argp(KIND_BIT(KIND_PROGRESS)) },
		{ 0 },
	};
	/* clang-format off */
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.args_doc = N_("CODE"),
		.doc = N_("Record how far an initiative, a commitment or a risk was at the end of a "
		          "quarter, and print the REF once it is safe on disk.")
		       "\v"
		       N_("A percentage, a text, or both.  Example:\n"
		          "  valija progress 2.1.05 --quarter 2025-Q4 --percent 62.5 --text 'the second "
		          "phase is under way'"),
	};
	/* clang-format on */
	struct args a = {
		.recording = { .kind = KIND_PROGRESS, .words = words, .complete = complete },
		.list = NO_LIST,
	};

	cli_parse(&argp, argc, argv, &a);
	return recording_run(&a.recording);
}
