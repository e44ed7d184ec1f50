/* valija correct, valija void: a new version in the place of an old one
 *
 * A correction carries all fields, not the difference, so that it means the same
 * whatever the hub has or has not seen of the versions before.  It names the
 * newest own version whichever one the person named: two versions that replace
 * the same one would be a conflict that nobody meant. */
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
	struct entry_options options; /* void takes some of them only */
	const char *seq, *why;
	event_kind kind;
};

enum { KEY_WHY = 0x200, KEY_BY, KEY_HOME, TRIES = 5 };

/* ---- arguments ---- */

static const struct argp_option correct_options[] = {
	{ "why", KEY_WHY, N_("TEXT"), 0, N_("the reason; it must be given"), 1 },
	{ 0 },
};

static const struct argp_option void_options[] = {
	{ "why", KEY_WHY, N_("TEXT"), 0, N_("the reason; it must be given"), 0 },
	{ "by", KEY_BY, N_("NAME"), 0, N_("who reports (default: the login name)"), 0 },
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the device (default: VALIJA_HOME, else /var/lib/valija)"), 0 },
	{ 0 },
};

/* As in record: a word after a list is left to the child, which has the list.  void has no
 * child, and so no list either. */
static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		if (a->kind == KIND_ACTIVITY)
			state->child_inputs[0] = &a->options;
		return 0;
	case ARGP_KEY_ARG:
		if (a->options.list != 0)
			return ARGP_ERR_UNKNOWN;
		if (a->seq)
			entry_options_word(arg);
		a->seq = arg;
		return 0;
	case KEY_WHY: a->why = arg; break;
	case KEY_BY: a->options.entry.by = arg; break;
	case KEY_HOME: a->options.home = arg; break;
	default: return ARGP_ERR_UNKNOWN;
	}
	a->options.list = 0;
	return 0;
}

static const struct argp_child children[] = { { .argp = &entry_argp }, { 0 } };

static const struct argp correct_argp = {
	.options = correct_options,
	.parser = parse,
	.children = children,
	.args_doc = N_("SEQ"),
	.doc = N_("Replace entry SEQ by one in which the fields given are changed and all others "
	          "stay.  The old version is kept; the new one counts.")
	       "\v"
	       N_("An empty value (--note '') takes a field away.  --count and --group change the "
	          "names given (--count attended= takes one away); --initiative and --evidence "
	          "replace the whole list.  What was planned and took place:\n"
	          "  valija correct 7 --status done --why 'it took place'"),
};

static const struct argp void_argp = {
	.options = void_options,
	.parser = parse,
	.args_doc = N_("SEQ"),
	.doc = N_("Take entry SEQ out: it stays recorded and does not count any more.  "
	          "'valija correct' brings it back."),
};

/* ---- the version to be replaced ---- */

/* The newest own version of a record, and the newest that says something: they
 * differ when the newest is a void. */
struct version {
	uint64_t head;
	uint8_t hash[HASH_BYTES]; /* of head */
	bool is_void;
	struct event event; /* points into body */
	uint8_t body[EVENT_BYTES_MAX];
};

static status
read_event(outbox *box, uint64_t seq, struct version *v, uint8_t hash[static HASH_BYTES])
{
	struct point at;
	size_t len;
	status st = outbox_read(box, seq, v->body, &len, &at);

	if (st < 0)
		return st;
	memcpy(hash, at.hash, HASH_BYTES);
	return event_decode((struct bytes) { v->body, len }, &v->event) == HOLD_NONE ? ST_OK
	                                                                             : ST_MALFORMED;
}

/* A void names what it replaced, so from it the way leads back. */
static status
read_version(outbox *box, uint64_t seq, struct version *v)
{
	uint8_t hash[HASH_BYTES];
	status st = outbox_head(box, seq, &v->head);

	if (st == ST_OK)
		st = read_event(box, v->head, v, v->hash);
	v->is_void = st == ST_OK && v->event.kind == KIND_VOID;
	while (st == ST_OK && v->event.kind == KIND_VOID) {
		if (v->event.fixes.count == 0)
			return ST_MALFORMED;
		st = read_event(box, v->event.fixes.list[0].seq, v, hash);
	}
	return st;
}

/* ---- the new version ---- */

static void
take(const char **old, const char *given)
{
	if (given)
		*old = given; /* an empty one counts as not given */
}

static void
remove_pair(struct entry_pair *pairs, size_t *count, size_t i)
{
	memmove(pairs + i, pairs + i + 1, (*count - i - 1) * sizeof(*pairs));
	(*count)--;
}

/* Names are kept one by one, since who corrects the number of people attended
 * does not want to type all the others again.
 * NAME=N changes or adds, NAME= takes away. */
static void
take_pairs(struct entry_pair *pairs, size_t *count, const struct entry_pair *given,
           size_t given_count, bool none)
{
	if (none)
		*count = 0;
	for (size_t g = 0; g < given_count; g++) {
		size_t i = 0;

		while (i < *count && strcmp(pairs[i].name, given[g].name) != 0)
			i++;
		if (i < *count && given[g].value && !*given[g].value)
			remove_pair(pairs, count, i);
		else if (i < *count)
			pairs[i].value = given[g].value;
		else if (*count <= ENTRY_PAIRS_MAX)
			pairs[(*count)++] = given[g];
	}
}

static void
take_lists(struct entry *e, const struct entry_options *o)
{
	const struct entry *given = &o->entry;

	if (o->no_initiatives || given->initiative_count > 0) {
		memcpy(e->initiatives, given->initiatives, sizeof(e->initiatives));
		e->initiative_count = given->initiative_count;
	}
	if (o->no_evidences || given->evidence_count > 0) {
		memcpy(e->evidences, given->evidences, sizeof(e->evidences));
		e->evidence_count = given->evidence_count;
	}
	take_pairs(e->counts, &e->count_count, given->counts, given->count_count, o->no_counts);
	take_pairs(e->groups, &e->group_count, given->groups, given->group_count, o->no_groups);
}

/* Not the unit: only the office moves an entry to another one, by whose rights
 * it was written. */
static void
change(struct entry *e, const struct entry_options *o)
{
	const struct entry *given = &o->entry;

	take(&e->indicator, given->indicator);
	take(&e->date, given->date);
	take(&e->until, given->until);
	take(&e->quantity, given->quantity);
	take(&e->mode, given->mode);
	take(&e->place, given->place);
	take(&e->country, given->country);
	take(&e->status, given->status);
	take(&e->note, given->note);
	take_lists(e, o);
}

/* Says why there is nothing to do; EX_OK when there is. */
static int
check_target(const struct args *a, const struct version *v)
{
	const struct entry *given = &a->options.entry;

	if (v->event.kind != KIND_ACTIVITY)
		return cli_fail(EX_DATAERR, _("entry %s is none that can be replaced"), a->seq);
	if (a->kind == KIND_VOID && v->is_void)
		return cli_fail(EX_DATAERR, _("entry %s is void already (by entry %llu)"), a->seq,
		                (unsigned long long) v->head);
	if (given->unit && !text_is(v->event.unit, given->unit))
		return cli_fail(EX_DATAERR,
		                _("--unit: a correction stays in its unit; make entry %s void and "
		                  "record it for the other one"), a->seq);
	return EX_OK;
}

static int
build(outbox *box, const struct args *a, const struct version *v, writer *w)
{
	const struct fix fix = { .seq = v->head, .hash = v->hash };
	struct entry_frame frame = {
		.kind = a->kind,
		.device_units = &outbox_device(box)->units,
		.fix = &fix,
		.at_ms = clock_wall_ms(),
		.today = command_today(),
		.force = a->options.force,
	};
	struct entry_problems problems;
	struct entry_texts *texts;
	kv_txn *txn = NULL;
	struct entry e;
	status st;

	texts = entry_of_event(&v->event, &e);
	st = texts ? command_plan(box, &txn, &frame.table) : ST_NOMEM;
	if (st < 0) {
		entry_texts_free(&texts);
		return command_failed(box, st);
	}
	change(&e, &a->options);
	e.by = a->options.entry.by ? a->options.entry.by : command_login();
	e.why = a->why;
	st = entry_build(&e, &frame, w, &problems);
	command_plan_done(&txn, &frame.table);
	command_problems(&problems);
	entry_texts_free(&texts);
	return st == ST_OK ? EX_OK : cli_exit(st);
}

/* A mistyped option would else leave a version behind that says nothing new, and
 * a person who believes that it does. */
static bool
changes_nothing(const struct version *v, struct bytes body)
{
	struct event now, old = v->event;

	if (v->is_void || event_decode(body, &now) != HOLD_NONE)
		return false;
	now.has &= ~(EVENT_BIT(EVENT_FIXES) | EVENT_BIT(EVENT_WHY));
	old.has &= ~(EVENT_BIT(EVENT_FIXES) | EVENT_BIT(EVENT_WHY));
	return now.kind == old.kind && entry_events_agree(&now, &old);
}

/* One try: ST_EXISTS in *ret_st when somebody else replaced the version while
 * this one was prepared. */
static int
try_replace(outbox *box, const struct args *a, uint64_t seq, status *ret_st)
{
	struct outbox_item item = { 0 };
	struct version v;
	writer w;
	int code;

	*ret_st = read_version(box, seq, &v);
	if (*ret_st < 0)
		return command_failed(box, *ret_st);
	code = check_target(a, &v);
	if (code != EX_OK)
		return code;
	writer_init(&w);
	code = build(box, a, &v, &w);
	item.body = writer_bytes(&w);
	if (code == EX_OK && changes_nothing(&v, item.body))
		code = cli_fail(EX_DATAERR, _("nothing to correct: entry %s says just that"),
		                a->seq);
	if (code == EX_OK) {
		*ret_st = outbox_append(box, &item, 1, OUTBOX_WAIT_MS);
		if (*ret_st < 0 && *ret_st != ST_EXISTS)
			code = command_failed(box, *ret_st);
	}
	if (code == EX_OK && *ret_st == ST_OK) {
		if (v.is_void)
			cli_warn(_("entry %s was void; it counts again"), a->seq);
		code = command_tell_ref(box, item.ret_seq);
	}
	writer_done(&w);
	return code;
}

/* Whoever was quicker than us won, and their version is the one to replace now.
 * It ends: with each round one of those who try gets through. */
static int
replace(struct args *a)
{
	status st = ST_EXISTS;
	outbox *box = NULL;
	uint64_t seq = 0;
	int code = command_open(a->options.home, &box);

	if (code != EX_OK)
		return code;
	code = command_seq(box, a->seq, &seq);
	if (code == EX_OK)
		code = entry_options_files(&a->options);
	for (int i = 0; i < TRIES && code == EX_OK && st == ST_EXISTS; i++)
		code = try_replace(box, a, seq, &st);
	if (code == EX_OK && st == ST_EXISTS)
		code = cli_fail(
			EX_TEMPFAIL,
			_("others keep correcting entry %s; nothing was recorded, try again"),
			a->seq);
	outbox_close(&box);
	return code;
}

static int
run(const struct argp *argp, struct args *a, int argc, char **argv)
{
	int code;

	cli_parse(argp, argc, argv, a);
	if (!a->seq)
		return cli_fail(EX_USAGE, _("say which entry: its number, or its REF"));
	code = replace(a);
	entry_options_done(&a->options);
	return code;
}

int
correct_command(int argc, char **argv)
{
	struct args args = { .kind = KIND_ACTIVITY };

	return run(&correct_argp, &args, argc, argv);
}

int
void_command(int argc, char **argv)
{
	/* what the plan says against an entry is no reason to keep it */
	struct args args = { .kind = KIND_VOID, .options.force = true };

	return run(&void_argp, &args, argc, argv);
}
