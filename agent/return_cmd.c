/* The office hands an entry back to its unit with a remark. */
#include <sysexits.h>

#include "agent/checks.h"
#include "agent/command.h"
#include "agent/commands.h"
#include "agent/entry_options.h"
#include "agent/target.h"
#include "common/cli.h"
#include "common/i18n.h"

struct args {
	struct entry_options options;
	const char *word;
	struct target_files files;
};

enum { KEY_FROM = 0x200 };

static const struct argp_option options[] = {
	{ "from", KEY_FROM, N_("FILE"), 0,
	  N_("an entry of another device, as 'valija-hub show REF --evidence FILE' writes it"), 1 },
	{ 0 },
};

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &a->options; return 0;
	case ARGP_KEY_ARG:
		if (a->word)
			entry_options_word(arg);
		a->word = arg;
		return 0;
	case KEY_FROM: a->files = (struct target_files) { { arg }, 1 }; return 0;
	case ARGP_KEY_END:
		if (!a->word)
			argp_error(state, _("say which entry: its number, or its REF"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* Only what it is about is known of the entry: its unit, and which it is. */
static int
build(outbox *box, const struct args *a, const struct target *t, writer *w)
{
	const struct fixes about = { 1, { target_fix(t) } };
	char unit[CODE_BYTES_MAX + 1];
	struct entry e = { .unit = unit, .by = a->options.entry.by, .why = a->options.entry.why };
	struct entry_problems problems;
	struct checks checks;
	status st = checks_read(box, &checks);

	if (st < 0)
		return command_failed(box, st);
	snprintf(unit, sizeof(unit), "%.*s", (int) t->event.unit.len,
	         t->event.unit.len > 0 ? t->event.unit.at : "");
	if (!e.by)
		e.by = command_login();
	checks.frame.kind = KIND_RETURN;
	checks.frame.fixes = &about;
	checks.frame.force = true; /* whose unit it is, is no matter to the office */
	st = entry_build(&e, &checks.frame, w, &problems);
	if (st < 0)
		command_problems(&problems, NULL);
	checks_done(&checks);
	return st == ST_OK ? EX_OK : cli_exit(st);
}

static int
hand_back(outbox *box, const struct args *a)
{
	struct outbox_item item = { .key = NULL };
	struct target t;
	writer w;
	int code = target_read(box, a->word, &a->files, false, &t);

	if (code != EX_OK)
		return code;
	if (!event_is_record(t.event.kind))
		return cli_fail(EX_DATAERR, _("%s is no entry of a unit"), a->word);
	writer_init(&w);
	code = build(box, a, &t, &w);
	item.body = writer_bytes(&w);
	if (code == EX_OK) {
		status st = outbox_append(box, &item, 1, OUTBOX_WAIT_MS);

		code = st == ST_OK ? command_tell_ref(box, item.ret_seq) : command_failed(box, st);
	}
	writer_done(&w);
	return code;
}

int
return_command(int argc, char **argv)
{
	const struct argp_child children[] = {
		{ .argp = entry_options_argp(KIND_BIT(KIND_RETURN)) },
		{ 0 },
	};
	/* clang-format off */
	const struct argp argp = {
		.options = options,
		.parser = parse,
		.children = children,
		.args_doc = N_("REF"),
		.doc = N_("Hand an entry back to its unit with a remark; for the office.")
		       "\v"
		       N_("The entry counts as before; the unit reads the remark in 'valija status'.  "
		          "Example:\n"
		          "  valija return ABCD2345-17 --from entry.evidence --why 'the date is not that "
		          "of the report'"),
	};
	/* clang-format on */
	struct args a = { .word = NULL };
	outbox *box = NULL;
	int code;

	cli_parse(&argp, argc, argv, &a);
	code = command_open_to_record(a.options.home, &box);
	if (code == EX_OK)
		code = command_office_only(box, a.options.force);
	if (code == EX_OK)
		code = hand_back(box, &a);
	outbox_close(&box);
	entry_options_done(&a.options);
	return code;
}
