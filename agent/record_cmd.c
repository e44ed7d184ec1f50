/* The REF on standard output is a promise: it is printed after the commit is on
 * disk, and nothing else is printed there, so that scripts can keep it. */
#include <sodium.h>
#include <stdio.h>
#include <sysexits.h>

#include "agent/command.h"
#include "agent/commands.h"
#include "agent/entry_event.h"
#include "agent/entry_options.h"
#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"

struct args {
	struct entry_options options;
	const char *key;
};

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
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->options;
		return 0;
	case ARGP_KEY_ARG:
		if (a->options.list == 0)
			entry_options_word(arg);
		return ARGP_ERR_UNKNOWN;
	case KEY_KEY:
		if (*arg == '\0') /* of a script whose variable is not set */
			argp_error(state, _("--key: it must not be empty"));
		a->key = arg;
		a->options.list = 0;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = { { .argp = &entry_argp }, { 0 } };

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = children,
	.doc = N_("Record one activity and print its REF once it is safe on disk.")
	       "\v"
	       N_("A day must be given, and an indicator or an initiative. Example:\n"
	          "  valija record --indicator IND-1 --date 2025-11-15 --count attended=90"),
};

/* What names the entry in the outbox, apart from the keys of other commands. */
static void
hash_key(const char *key, uint8_t out[static HASH_BYTES])
{
	static const char tag[] = "valija/key/1";
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
	crypto_generichash_update(&state, (const uint8_t *) tag, sizeof(tag) - 1);
	crypto_generichash_update(&state, (const uint8_t *) key, strlen(key));
	crypto_generichash_final(&state, out, HASH_BYTES);
}

/* The plan is read and the event encoded before any lock is taken. */
static int
build(outbox *box, const struct entry_options *o, writer *w)
{
	struct entry_frame frame = {
		.kind = KIND_ACTIVITY,
		.device_units = &outbox_device(box)->units,
		.at_ms = clock_wall_ms(),
		.today = command_today(),
		.force = o->force,
	};
	struct entry_problems problems;
	kv_txn *txn = NULL;
	status st = command_plan(box, &txn, &frame.table);

	if (st < 0)
		return command_failed(box, st);
	st = entry_build(&o->entry, &frame, w, &problems);
	command_plan_done(&txn, &frame.table);
	command_problems(&problems);
	return st == ST_OK ? EX_OK : cli_exit(st);
}

/* The key was used before: for this very entry, as it should? */
static void
warn_if_different(outbox *box, const struct outbox_item *item)
{
	uint8_t body[EVENT_BYTES_MAX];
	struct event stored, now;
	struct point at;
	size_t len;

	if (outbox_read(box, item->ret_seq, body, &len, &at) < 0 ||
	    event_decode((struct bytes) { body, len }, &stored) != HOLD_NONE ||
	    event_decode(item->body, &now) != HOLD_NONE || entry_events_agree(&stored, &now))
		return;
	cli_warn(_("warning: entry %llu has this key already and says something else; it was kept "
	           "as it is ('valija correct' changes it)"), (unsigned long long) item->ret_seq);
}

static int
append(outbox *box, const struct args *a, struct bytes body)
{
	struct outbox_item item = { .body = body };
	uint8_t key[HASH_BYTES];
	status st;

	if (a->key) {
		hash_key(a->key, key);
		item.key = key;
	}
	st = outbox_append(box, &item, 1, OUTBOX_WAIT_MS);
	if (st < 0)
		return command_failed(box, st);
	if (item.ret_known)
		warn_if_different(box, &item);
	return command_tell_ref(box, item.ret_seq);
}

/* Files that cannot be read and fields that are wrong are told in one go. */
static int
record(struct args *a)
{
	outbox *box = NULL;
	int files, code = command_open(a->options.home, &box);
	writer w;

	if (code != EX_OK)
		return code;
	writer_init(&w);
	if (!a->options.entry.by)
		a->options.entry.by = command_login();
	/* before the event is built, which holds their hashes */
	files = entry_options_files(&a->options);
	code = build(box, &a->options, &w);
	if (code == EX_OK && files != EX_OK) {
		cli_warn(_("nothing was recorded"));
		code = files;
	}
	if (code == EX_OK)
		code = append(box, a, writer_bytes(&w));
	writer_done(&w);
	outbox_close(&box);
	return code;
}

int
record_command(int argc, char **argv)
{
	struct args args = { .key = NULL };
	int code;

	cli_parse(&argp, argc, argv, &args);
	code = record(&args);
	entry_options_done(&args.options);
	return code;
}
