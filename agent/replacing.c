#include "agent/replacing.h"

#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "agent/attest.h"
#include "agent/checks.h"
#include "agent/command.h"
#include "agent/entry_event.h"
#include "agent/entry_fields.h"
#include "agent/feed_state.h"
#include "agent/registers.h"
#include "common/cli.h"
#include "common/i18n.h"

enum { TRIES = 5 };

/* One try: the versions that are named, as they are now. */
struct attempt {
	struct feed_state state;
	struct target targets[FIXES_MAX];
	struct target own; /* the newest own version, when another device's was named */
	const struct target *base;
	const struct other *other; /* what stands in the place of an own version, or NULL */
	struct fixes fixes;
	bool has_key; /* a record not known by this key: so the outbox learns it */
	uint8_t key[HASH_BYTES];
};

/* ---- the versions to be replaced ---- */

static bool
same_fix(const struct fix *a, const struct fix *b)
{
	return a->seq == b->seq && !a->feed == !b->feed &&
		memcmp(a->hash, b->hash, HASH_PREFIX_BYTES) == 0;
}

static bool
has_fix(const struct fixes *fixes, const struct fix *fix)
{
	for (size_t i = 0; i < fixes->count; i++) {
		if (same_fix(&fixes->list[i], fix))
			return true;
	}
	return false;
}

static int
add_fix(struct attempt *a, struct fix fix)
{
	size_t at = fix.feed ? a->fixes.count : 0;

	if (has_fix(&a->fixes, &fix))
		return EX_OK;
	if (a->fixes.count == FIXES_MAX)
		return cli_fail(EX_DATAERR, _("too many versions at a time: at most %d"),
		                FIXES_MAX);
	/* own ones first: by these the way leads back */
	memmove(&a->fixes.list[at + 1], &a->fixes.list[at],
	        (a->fixes.count - at) * sizeof(a->fixes.list[0]));
	a->fixes.list[at] = fix;
	a->fixes.count++;
	return EX_OK;
}

/* With the void, or it would stand side by side with the new version. */
static int
add_target(struct attempt *a, const struct target *t)
{
	int code = add_fix(a, target_fix(t));

	return code == EX_OK && t->has_void ? add_fix(a, target_void_fix(t)) : code;
}

/* An own version and, unless the person names what is to be settled, the one that stands in
 * its place. */
static int
add_own(const struct replacing *r, const struct target *own, struct attempt *a)
{
	const struct other *other = feed_state_other(&a->state, own->at.seq);
	int code = add_target(a, own);

	if (code != EX_OK || !other || r->how == REPLACE_SETTLE)
		return code;
	a->other = other;
	return add_fix(a, other_fix(other));
}

/* Where the outbox does not know that t is of an own record, the hub may have told so. */
static void
find_told(const struct attempt *a, const struct target *t, uint64_t *ret_head, bool *ret_names)
{
	const struct fix named = target_fix(t);

	for (size_t i = 0; i < a->state.other_count && *ret_head == 0; i++) {
		const struct other *o = &a->state.others[i];
		const struct fix stands = other_fix(o);

		if (memcmp(o->row.feed, t->feed, FEED_BYTES) != 0 || !same_fix(&named, &stands))
			continue;
		*ret_head = o->head;
		*ret_names = o->named;
	}
}

/* The own version of a record that another device told of: it is replaced too, and when it
 * has come after what was named, it is what a correction goes on from. */
static int
add_own_version(outbox *box, const struct replacing *r, const struct target *t, struct attempt *a)
{
	char word[24];
	uint64_t head;
	bool names;
	status st = target_own_version(box, t, &head, &names);
	int code;

	if (st < 0)
		return command_failed(box, st);
	a->has_key = a->fixes.count == 0 && head == 0;
	if (a->has_key && !register_key(&t->event, a->key))
		target_key(t, a->key);
	find_told(a, t, &head, &names);
	if (head == 0)
		return EX_OK;
	snprintf(word, sizeof(word), "%llu", (unsigned long long) head);
	code = target_read(box, word, &r->files, true, &a->own);
	a->own.word = t->word;
	if (code == EX_OK)
		code = add_own(r, &a->own, a);
	if (names && r->how != REPLACE_SETTLE)
		a->base = &a->own;
	return code;
}

static int
find_versions(outbox *box, const struct replacing *r, struct attempt *a)
{
	int code = EX_OK;

	a->base = &a->targets[0];
	for (size_t i = 0; i < r->word_count && code == EX_OK; i++) {
		struct target *t = &a->targets[i];

		code = target_read(box, r->words[i], &r->files, true, t);
		if (code == EX_OK && !t->own)
			code = add_own_version(box, r, t, a);
		if (code == EX_OK && t->own)
			code = add_own(r, t, a);
		else if (code == EX_OK && a->base != &a->own)
			code = add_target(a, t);
		else if (code == EX_OK && t->has_void)
			code = add_fix(a, target_void_fix(t));
	}
	return code;
}

/* ---- may they be replaced? ---- */

/* A void alone: the fields of the new version are in what it took out. */
static int
nothing_said(const struct target *t)
{
	if (t->own)
		return cli_fail(
			EX_DATAERR,
			_("entry %llu took an entry of another device out: to bring it back "
		          "name that one, with its file: 'valija correct REF --from FILE'"),
			(unsigned long long) t->at.seq);
	return cli_fail(EX_DATAERR,
	                _("%s takes an entry out and says nothing else: give the file of that "
	                  "entry as well, with another --from"),
	                t->word);
}

/* Whether the record is out, as far as is known here. */
static bool
is_out(const struct attempt *a)
{
	return a->other && a->base->own ? a->other->row.is_void : a->base->is_void;
}

static int
is_void_already(const struct attempt *a)
{
	char ref[REF_TEXT_BYTES];

	if ((!a->other || !a->base->own) && a->base->has_void)
		return cli_fail(EX_DATAERR, _("entry %s is void already"), a->base->word);
	if (!a->other || !a->base->own)
		return cli_fail(EX_DATAERR, _("entry %s is void already (by entry %llu)"),
		                a->base->word, (unsigned long long) a->base->at.seq);
	other_ref(a->other, ref);
	return cli_fail(EX_DATAERR, _("entry %s is void already (by %s of another device)"),
	                a->base->word, ref);
}

static int
check_target(const struct replacing *r, const struct attempt *a)
{
	const struct entry *given = &r->options.entry;
	const struct target *t = a->base;

	if (!event_is_record(t->event.kind))
		return cli_fail(EX_DATAERR, _("entry %s is none that can be replaced"), t->word);
	if (r->how == REPLACE_CORRECT && t->event.kind == KIND_VOID)
		return nothing_said(t);
	if (r->how == REPLACE_VOID && is_out(a))
		return is_void_already(a);
	if (given->unit && !text_is(t->event.unit, given->unit))
		return cli_fail(EX_DATAERR,
		                _("--unit: a correction stays in its unit; make entry %s void and "
		                  "record it for the other one"),
		                t->word);
	return EX_OK;
}

static int
check_once(const struct target *first, const struct target *other)
{
	if (memcmp(first->feed, other->feed, FEED_BYTES) != 0 || first->at.seq != other->at.seq)
		return EX_OK;
	return cli_fail(EX_DATAERR, _("%s and %s lead to one version, which is named twice"),
	                first->word, other->word);
}

/* Versions of one record are alike in this; more cannot be seen from here.  The office may
 * have moved one of them to another unit. */
static int
check_alike(const struct replacing *r, const struct target *first, const struct target *other)
{
	char key[REGISTER_KEY_BYTES], other_key[REGISTER_KEY_BYTES];
	const struct event *a = &first->event, *b = &other->event;

	if (!text_equal(a->unit, b->unit) && !r->options.force)
		return cli_fail(
			EX_DATAERR,
			_("%s is of %.*s and %s of %.*s: they are no versions of one entry, "
		          "unless one was moved; then --force settles them"),
			first->word, (int) a->unit.len, a->unit.at, other->word, (int) b->unit.len,
			b->unit.at);
	if (a->kind == KIND_VOID || b->kind == KIND_VOID)
		return EX_OK;
	event_register(a, key);
	event_register(b, other_key);
	if (a->kind == b->kind && strcmp(key, other_key) == 0)
		return EX_OK;
	return cli_fail(EX_DATAERR, _("%s and %s are no versions of one entry"), first->word,
	                other->word);
}

static int
check(const struct replacing *r, const struct attempt *a)
{
	int code = check_target(r, a);

	for (size_t i = 1; i < r->word_count && code == EX_OK; i++) {
		for (size_t k = 0; k < i && code == EX_OK; k++)
			code = check_once(&a->targets[k], &a->targets[i]);
		if (code == EX_OK)
			code = check_alike(r, &a->targets[0], &a->targets[i]);
	}
	if (code == EX_OK && r->how == REPLACE_SETTLE && a->fixes.count < 2)
		code = cli_fail(EX_DATAERR,
		                _("there is nothing to settle: name two versions that "
		                  "stand side by side, the right one first"));
	return code;
}

/* ---- the new version ---- */

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
take_codes(const char **codes, size_t *count, size_t size, const char *const *given,
           size_t given_count, bool none)
{
	if (!none && given_count == 0)
		return;
	memcpy(codes, given, size);
	*count = given_count;
}

static void
take_lists(struct entry *e, const struct entry_options *o)
{
	const struct entry *given = &o->entry;

	take_codes(e->initiatives, &e->initiative_count, sizeof(e->initiatives), given->initiatives,
	           given->initiative_count, o->no_initiatives);
	take_codes(e->zero, &e->zero_count, sizeof(e->zero), given->zero, given->zero_count,
	           o->no_zero);
	take_codes(e->nothing, &e->nothing_count, sizeof(e->nothing), given->nothing,
	           given->nothing_count, o->no_nothing);
	if (o->no_evidences || given->evidence_count > 0) {
		memcpy(e->evidences, given->evidences, sizeof(e->evidences));
		e->evidence_count = given->evidence_count;
	}
	take_pairs(e->counts, &e->count_count, given->counts, given->count_count, o->no_counts);
	take_pairs(e->groups, &e->group_count, given->groups, given->group_count, o->no_groups);
}

/* Not the unit: only the office moves an entry to another one, by whose rights
 * it was written.  An empty text counts as not given. */
static void
change(struct entry *e, const struct entry_options *o)
{
	struct entry given = o->entry;

	for (size_t i = 0; i < entry_field_count; i++) {
		const char *text = *entry_text(&given, &entry_fields[i]);

		if (text)
			*entry_text(e, &entry_fields[i]) = text;
	}
	take_lists(e, o);
}

static event_kind
new_kind(const struct replacing *r, const struct attempt *a)
{
	if (r->how == REPLACE_VOID || (r->how == REPLACE_SETTLE && a->base->is_void))
		return KIND_VOID;
	return a->base->event.kind;
}

static int
build(outbox *box, const struct replacing *r, const struct attempt *a, writer *w)
{
	struct entry_problems problems;
	struct entry_texts *texts;
	struct checks checks;
	struct entry e;
	status st;

	texts = entry_of_event(&a->base->event, &e);
	st = texts ? checks_read(box, &checks) : ST_NOMEM;
	if (st < 0) {
		entry_texts_free(&texts);
		return command_failed(box, st);
	}
	checks.frame.kind = new_kind(r, a);
	checks.frame.fixes = &a->fixes;
	/* what the plan says against an entry is no reason to keep it, but that it is another
	 * unit's is one */
	checks.frame.force = r->options.force ||
		(r->how != REPLACE_CORRECT &&
	         entry_reports_for(checks.frame.device_units, a->base->event.unit));
	change(&e, &r->options);
	e.by = r->options.entry.by ? r->options.entry.by : command_login();
	e.why = r->options.entry.why;
	st = entry_build(&e, &checks.frame, w, &problems);
	command_problems(&problems, NULL);
	checks_done(&checks);
	entry_texts_free(&texts);
	return st == ST_OK ? EX_OK : cli_exit(st);
}

/* What a register is about is told apart from what it says. */
static int
check_register(const struct attempt *a, const struct event *now)
{
	static const char *const stays[EVENT_KINDS_] = {
		[KIND_LEVEL] = N_("a level stays that of its indicator and quarter; make entry %s "
		                  "void and record the other one"),
		[KIND_PROGRESS] = N_("progress stays that of its item and quarter; make entry %s "
		                     "void and record the other one"),
		[KIND_BUDGET] = N_("a budget stays that of its project and quarter; make entry %s "
		                   "void and record the other one"),
		[KIND_CLOSE] = N_("this is the end of one quarter and no other; make entry %s void "
		                  "and close the other one"),
	};
	char key[REGISTER_KEY_BYTES], now_key[REGISTER_KEY_BYTES], text[512];

	if (now->kind == KIND_VOID || !event_register(&a->base->event, key) ||
	    (event_register(now, now_key) && strcmp(key, now_key) == 0))
		return EX_OK;
	cli_rule(stays[now->kind], a->base->word, text, sizeof(text));
	return cli_fail(EX_DATAERR, "%s", text);
}

/* A mistyped option would else leave a version behind that says nothing new, and
 * a person who believes that it does.  To declare a quarter complete again is new: of
 * what was recorded since. */
static bool
says_nothing_new(const struct replacing *r, const struct attempt *a, const struct event *now)
{
	return r->how == REPLACE_CORRECT && !a->base->is_void && a->fixes.count == 1 &&
		now->kind != KIND_CLOSE && entry_events_tell_the_same(now, &a->base->event);
}

/* What is held or in conflict may want no more than the reason.  Of another device's
 * entry that is not known here: a lock holds none that has a reason already. */
static int
check_reason(outbox *box, const struct attempt *a)
{
	bool wanted = !(a->base->event.has & EVENT_BIT(EVENT_WHY));
	status st = ST_OK;

	if (a->base->own)
		st = feed_state_troubled(box, a->base->at.seq, &wanted);
	if (st < 0)
		return command_failed(box, st);
	if (wanted)
		return EX_OK;
	return cli_fail(EX_DATAERR, _("nothing to correct: entry %s says just that"),
	                a->base->word);
}

static int
check_new(outbox *box, const struct replacing *r, const struct attempt *a, struct bytes body)
{
	struct event now;
	int code;

	if (event_decode(body, &now) != HOLD_NONE)
		return command_failed(box, ST_MALFORMED);
	code = check_register(a, &now);
	if (code == EX_OK && says_nothing_new(r, a, &now))
		code = check_reason(box, a);
	if (code == EX_OK && now.kind == KIND_CLOSE)
		code = attest_announce(box, &now);
	return code;
}

/* ---- storing ---- */

/* What the other version says is not here: the person has to know that it goes with it. */
static void
tell_other(const struct replacing *r, const struct attempt *a)
{
	char ref[REF_TEXT_BYTES];

	if (!a->other || !a->base->own)
		return;
	other_ref(a->other, ref);
	if (r->how == REPLACE_VOID)
		cli_warn(_("entry %s: %s of another device stood in its place; it is taken out, "
		           "too"),
		         a->base->word, ref);
	else if (!a->other->row.is_void)
		cli_warn(_("entry %s: %s of another device stood in its place; what that one says "
		           "is not here, and this correction says what this device had, and your "
		           "changes.  To go on from the other one instead: 'valija correct %s "
		           "--from FILE', with the file that the office writes of it"),
		         a->base->word, ref, ref);
}

static int
append(outbox *box, const struct replacing *r, const struct attempt *a, struct bytes body,
       status *ret_st)
{
	struct outbox_item item = {
		.body = body,
		.key = a->has_key ? a->key : NULL,
		.is_new = a->has_key,
	};

	*ret_st = outbox_append(box, &item, 1, OUTBOX_WAIT_MS);
	if (*ret_st == ST_EXISTS)
		return EX_OK;
	if (*ret_st < 0)
		return command_failed(box, *ret_st);
	tell_other(r, a);
	if (is_out(a) && r->how == REPLACE_CORRECT)
		cli_warn(_("entry %s was void; it counts again"), a->base->word);
	return command_tell_ref(box, item.ret_seq);
}

/* ST_EXISTS in *ret_st when somebody else replaced the version while this one was
 * prepared. */
static int
try_replace(outbox *box, const struct replacing *r, struct attempt *a, status *ret_st)
{
	writer w;
	status st = feed_state_read(box, &a->state);
	int code = st == ST_OK ? find_versions(box, r, a) : command_failed(box, st);

	if (code == EX_OK)
		code = check(r, a);
	if (code != EX_OK)
		return code;
	writer_init(&w);
	code = build(box, r, a, &w);
	if (code == EX_OK)
		code = check_new(box, r, a, writer_bytes(&w));
	if (code == EX_OK)
		code = append(box, r, a, writer_bytes(&w), ret_st);
	writer_done(&w);
	return code;
}

/* Whoever was quicker than us won, and their version is the one to replace now.
 * It ends: with each round one of those who try gets through. */
int
replacing_in(outbox *box, const struct replacing *r)
{
	status st = ST_EXISTS;
	int code = EX_OK;

	for (int i = 0; i < TRIES && code == EX_OK && st == ST_EXISTS; i++) {
		struct attempt *a = calloc(1, sizeof(*a));

		code = a ? try_replace(box, r, a, &st) : command_failed(box, ST_NOMEM);
		if (a)
			feed_state_done(&a->state);
		free(a);
	}
	if (code == EX_OK && st == ST_EXISTS)
		code = cli_fail(
			EX_TEMPFAIL,
			_("others keep correcting entry %s; nothing was recorded, try again"),
			r->words[0]);
	return code;
}

int
replacing_run(struct replacing *r)
{
	outbox *box = NULL;
	int code = command_open_to_record(r->options.home, &box);

	if (code == EX_OK)
		code = entry_options_files(&r->options);
	if (code == EX_OK)
		code = replacing_in(box, r);
	outbox_close(&box);
	entry_options_done(&r->options);
	return code;
}
