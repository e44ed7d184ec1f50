#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/entry_of.h"
#include "hub/show.h"
#include "protocol/question.h"

enum { SHOWN_BYTES = 256 };

struct input {
	struct asking ask;
	const char *word, *evidence;
};

enum { KEY_EVIDENCE = 0x200 };

static const struct argp_option options[] = {
	{ "evidence", KEY_EVIDENCE, N_("FILE"), 0,
	  N_("write to FILE what a stranger needs to verify the entry"), 0 },
	{ 0 },
};

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct input *in = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &in->ask; return 0;
	case KEY_EVIDENCE: in->evidence = arg; return 0;
	case ARGP_KEY_ARG:
		if (in->word)
			argp_error(state, _("one REF at a time"));
		in->word = arg;
		return 0;
	case ARGP_KEY_END:
		if (in->evidence && in->ask.at_word)
			argp_error(state,
			           _("--evidence is the same at any moment; leave --at "
			             "out"));
		if (!in->word)
			argp_error(state,
			           _("name the entry by its REF; 'valija-hub events' lists them"));
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static int
tell(const struct input *in, const struct shown *s)
{
	char shown[SHOWN_BYTES];
	status st = ST_OK;

	if (in->evidence && cli_confined)
		st = show_hand_evidence(s, STREAM_FILE);
	else if (in->evidence)
		st = show_write_evidence(s, in->evidence);
	if (st < 0)
		return cli_fail(cli_exit(st), _("cannot write %s: %s"),
		                cli_safe(in->evidence, strlen(in->evidence), shown, sizeof(shown)),
		                gettext(status_text(st)));
	if (!in->ask.json)
		show_print_text(&in->ask, s);
	else
		st = show_print_json(&in->ask, s);
	return st == ST_OK ? EX_OK : command_failed(in->ask.hub, st);
}

static int
show(const struct input *in, struct shown *s)
{
	int code = entry_of(in->ask.hub, in->ask.txn, in->word, &s->found);
	status st;

	if (code != EX_OK)
		return code;
	st = show_gather(&in->ask, s);
	return st == ST_OK ? tell(in, s) : command_failed(in->ask.hub, st);
}

int
show_command(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &asking_argp }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.args_doc = N_("REF"),
		.doc = N_("Show all that is known of one entry."),
		.children = children,
	};
	struct input in = { .word = NULL };
	struct shown *s = calloc(1, sizeof(*s));
	int code;

	cli_parse(&argp, argc, argv, &in);
	code = asking_open(&in.ask);
	if (code == EX_OK)
		code = s ? show(&in, s) : command_failed(in.ask.hub, ST_NOMEM);
	free(s);
	asking_done(&in.ask);
	return code;
}
