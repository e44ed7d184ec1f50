/* "return" and "settle": what the office says at the hub's own machine, as events of the
 * hub's own feed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/daemon.h"
#include "common/i18n.h"
#include "common/login.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/entry_of.h"
#include "hub/event_row.h"
#include "hub/held_reason.h"
#include "hub/ledger.h"
#include "hub/rows.h"

enum { WAIT_MS = 10 * 1000, REASON_BYTES = 512 };

struct args {
	const char *home, *why, *by;
	const char *refs[FIXES_MAX];
	size_t ref_count;
	bool settles;
};

/* One moment of the hub. */
struct deed {
	hub *h;
	kv_txn *txn;
	const struct args *args;
	struct found_event *found; /* as many as there are REFs */
};

/* ---- arguments ---- */

enum { KEY_BY = 0x200, KEY_HOME, KEY_WHY };

static const struct argp_option options[] = {
	{ "why", KEY_WHY, N_("TEXT"), 0, N_("what is to be said; it must be given"), 0 },
	{ "by", KEY_BY, N_("NAME"), 0, N_("who says it (default: the login name)"), 0 },
	{ "home", KEY_HOME, N_("DIR"), 0,
	  N_("home of the hub (default: VALIJA_HUB_HOME, else /var/lib/valija-hub)"), 0 },
	{ 0 },
};

/* NULL: not given. */
static void
check_text(struct argp_state *state, const char *option, const char *text, size_t max_bytes)
{
	if (!text)
		return;
	if (strlen(text) > max_bytes)
		argp_error(state, _("--%s: at most %zu bytes"), option, max_bytes);
	if (!utf8_valid(text, strlen(text)))
		argp_error(state, _("--%s: this is not UTF-8"), option);
}

static void
check(const struct args *a, struct argp_state *state)
{
	if (a->ref_count == 0)
		argp_error(state, _("name the entry by its REF; 'valija-hub events' lists them"));
	if (a->settles && a->ref_count < 2)
		argp_error(state,
		           _("name all versions that are in conflict, the one that is to "
		             "count first; 'valija-hub show' lists them"));
	if (!a->why || !*a->why)
		argp_error(state, _("--why is needed: the unit reads it"));
	check_text(state, "why", a->why, NOTE_BYTES_MAX);
	check_text(state, "by", a->by, NAME_BYTES_MAX);
}

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;
	size_t most = a->settles ? FIXES_MAX : 1;

	switch (key) {
	case KEY_BY: a->by = arg; return 0;
	case KEY_HOME: a->home = arg; return 0;
	case KEY_WHY: a->why = arg; return 0;
	case ARGP_KEY_ARG:
		if (a->ref_count == most && most == 1)
			argp_error(state, _("one REF at a time"));
		if (a->ref_count == most)
			argp_error(state, _("at most %zu at a time"), most);
		a->refs[a->ref_count++] = arg;
		return 0;
	case ARGP_KEY_END: check(a, state); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* ---- recording ---- */

static struct fix
fix_of(const struct found_event *f)
{
	return (struct fix) { .seq = f->at.seq, .hash = f->at.hash, .feed = f->feed };
}

/* What would be held was said for nothing, so it is not said at all. */
static int
check_outcome(const struct deed *d, const struct point *at, const struct event *e)
{
	struct ledger l = { .txn = d->txn };
	struct held_fault fault;
	char reason[REASON_BYTES];
	outcome o = OUTCOME_HELD;
	hold held = HOLD_NONE;
	status st = hub_plan(d->h, d->txn, &l.plan);

	if (st == ST_OK)
		st = hub_locks(d->h, d->txn, &l.locks);
	if (st == ST_OK)
		st = ledger_outcome(&l, hub_id(d->h), at, &o, &held);
	if (st < 0)
		return command_failed(d->h, st);
	if (o != OUTCOME_HELD)
		return EX_OK;
	held_fault_of(l.plan, e, held, &fault);
	held_fault_text(held, &fault, reason, sizeof(reason));
	return cli_fail(EX_DATAERR, _("nothing was recorded, since it would be held: %s"), reason);
}

/* Encode, record, commit, and print the REF. */
static int
record(struct deed *d, struct event *e)
{
	char ref[REF_TEXT_BYTES];
	event_field field;
	struct point at;
	int code = EX_OK;
	writer w;
	status st;

	writer_init(&w);
	e->at_ms = clock_wall_ms();
	e->by = text_of(d->args->by);
	e->why = text_of(d->args->why);
	e->has |= EVENT_BIT(EVENT_BY) | EVENT_BIT(EVENT_WHY);
	e->has &= ~EVENT_BIT(EVENT_RANDOM);
	st = event_encode(e, &w, &field);
	if (st == ST_OK)
		st = hub_record(d->h, d->txn, writer_bytes(&w), e->at_ms, &at);
	if (st == ST_OK)
		st = hub_settle(d->h, d->txn);
	if (st == ST_OK)
		code = check_outcome(d, &at, e);
	if (st == ST_OK && code == EX_OK)
		st = event_ref(d->txn, hub_id(d->h), &at, ref);
	if (st == ST_OK && code == EX_OK)
		st = kv_commit(&d->txn);
	writer_done(&w);
	if (st < 0)
		return command_failed(d->h, st);
	if (code != EX_OK)
		return code;
	hub_touch(d->h);
	puts(ref);
	return EX_OK;
}

/* ---- return ---- */

static int
act_return(struct deed *d)
{
	const struct found_event *f = &d->found[0];
	struct event target, e = { .kind = KIND_RETURN };
	struct ledger l = { .txn = d->txn };
	outcome o = OUTCOME_HELD;
	hold held;
	status st;

	e.has = EVENT_BIT(EVENT_ABOUT) | EVENT_BIT(EVENT_UNIT);
	event_decode((struct bytes) { f->body, f->body_len }, &target);
	if (target.unit.len == 0)
		return cli_fail(EX_DATAERR, _("entry %s is of no unit that could read a remark"),
		                d->args->refs[0]);
	st = hub_plan(d->h, d->txn, &l.plan);
	if (st == ST_OK)
		st = hub_locks(d->h, d->txn, &l.locks);
	if (st == ST_OK)
		st = ledger_outcome(&l, f->feed, &f->at, &o, &held);
	if (st < 0)
		return command_failed(d->h, st);
	if (o == OUTCOME_REPLACED || o == OUTCOME_OUT)
		return cli_fail(EX_DATAERR,
		                _("entry %s was corrected since; return the version that stands: "
		                  "'valija-hub show %s' tells which"),
		                d->args->refs[0], d->args->refs[0]);
	e.unit = target.unit;
	e.about = (struct fixes) { 1, { fix_of(f) } };
	return record(d, &e);
}

/* ---- settle ---- */

/* The heads of the conflict that the first REF stands in, as ids; copied, since the write
 * may move the row. */
struct heads {
	uint8_t ids[VERSIONS_MAX][EVENT_ID_BYTES];
	size_t count;
};

static void
copy_heads(struct bytes row, struct heads *to)
{
	to->count = 0;
	for (size_t at = 0; at + EVENT_ID_BYTES <= row.len && to->count < VERSIONS_MAX;
	     at += EVENT_ID_BYTES)
		memcpy(to->ids[to->count++], row.at + at, EVENT_ID_BYTES);
}

static bool
has_head(const struct heads *h, const struct found_event *f)
{
	uint8_t id[EVENT_ID_BYTES];

	event_id_write(f->feed, &f->at, id);
	for (size_t i = 0; i < h->count; i++) {
		if (memcmp(h->ids[i], id, EVENT_ID_BYTES) == 0)
			return true;
	}
	return false;
}

/* ST_NOT_FOUND: it stands in none. */
static status
find_heads(kv_txn *txn, const struct found_event *f, struct heads *ret_heads)
{
	struct kv_walk walk;
	status st = ST_NOT_FOUND;

	for (bool more = kv_seek(txn, TABLE_CONFLICTS, (struct bytes) { 0 }, &walk);
	     more && st == ST_NOT_FOUND; more = kv_next(&walk)) {
		copy_heads(walk.value, ret_heads);
		if (has_head(ret_heads, f))
			st = ST_OK;
	}
	if (walk.st < 0)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

static int
name_all(const struct deed *d, const struct heads *heads)
{
	cli_warn(_("a conflict ends when all its versions are named; these are the ones:"));
	for (size_t i = 0; i < heads->count; i++) {
		char ref[REF_TEXT_BYTES];
		struct point at;

		event_id_read(heads->ids[i], &at);
		if (event_ref(d->txn, heads->ids[i], &at, ref) == ST_OK)
			fprintf(stderr, "  %s\n", ref);
	}
	return EX_DATAERR;
}

static int
check_heads(const struct deed *d, struct heads *heads)
{
	status st = find_heads(d->txn, &d->found[0], heads);

	if (st == ST_NOT_FOUND)
		return cli_fail(
			EX_DATAERR,
			_("entry %s is in no conflict; 'valija-hub events' tells which are"),
			d->args->refs[0]);
	if (st < 0)
		return command_failed(d->h, st);
	for (size_t i = 1; i < d->args->ref_count; i++) {
		if (!has_head(heads, &d->found[i]))
			return cli_fail(EX_DATAERR, _("entry %s is not in conflict with %s"),
			                d->args->refs[i], d->args->refs[0]);
		for (size_t k = 0; k < i; k++) {
			if (memcmp(&d->found[k].at, &d->found[i].at, sizeof(struct point)) == 0 &&
			    memcmp(d->found[k].feed, d->found[i].feed, FEED_BYTES) == 0)
				return cli_fail(EX_DATAERR, _("entry %s was named twice"),
				                d->args->refs[i]);
		}
	}
	if (heads->count > FIXES_MAX)
		return EX_OK; /* a few at a time */
	return heads->count == d->args->ref_count ? EX_OK : name_all(d, heads);
}

/* A version that says what the first one says, and names them all. */
static int
act_settle(struct deed *d)
{
	const struct found_event *f = &d->found[0];
	struct heads *heads = calloc(1, sizeof(*heads));
	struct event e;
	int code = heads ? check_heads(d, heads) : command_failed(d->h, ST_NOMEM);

	free(heads);
	if (code != EX_OK)
		return code;
	if (event_decode((struct bytes) { f->body, f->body_len }, &e) != HOLD_NONE)
		return command_failed(d->h, ST_MALFORMED); /* a head could be read once */
	e.has |= EVENT_BIT(EVENT_FIXES);
	e.fixes.count = 0;
	for (size_t i = 0; i < d->args->ref_count; i++)
		e.fixes.list[e.fixes.count++] = fix_of(&d->found[i]);
	return record(d, &e);
}

/* ---- both ---- */

static int
carry_out(struct deed *d)
{
	status st = kv_write(hub_store(d->h), WAIT_MS, &d->txn);
	int code = st == ST_OK ? EX_OK : command_failed(d->h, st);

	for (size_t i = 0; i < d->args->ref_count && code == EX_OK; i++)
		code = entry_of(d->h, d->txn, d->args->refs[i], &d->found[i]);
	if (code == EX_OK)
		code = d->args->settles ? act_settle(d) : act_return(d);
	kv_abort(&d->txn);
	return code;
}

static int
run(const struct argp *argp, struct args *a, int argc, char **argv)
{
	struct deed d = { .args = a };
	int code;

	a->by = login_name();
	cli_parse(argp, argc, argv, a);
	code = command_open(a->home, &d.h);
	if (code == EX_OK) {
		d.found = calloc(a->ref_count, sizeof(*d.found));
		code = d.found ? carry_out(&d) : command_failed(d.h, ST_NOMEM);
	}
	free(d.found);
	hub_close(&d.h);
	return code;
}

int
return_command(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.args_doc = N_("REF"),
		.doc = N_(
			"Return an entry to its unit with a remark. It goes on counting; the unit "
			"reads the remark after its next sync, until it corrects the entry."),
	};
	struct args a = { .settles = false };

	return run(&argp, &a, argc, argv);
}

int
settle_command(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.args_doc = N_("REF REF..."),
		.doc = N_(
			"End a conflict: of all versions of an entry that do not know of each other "
			"the first one named is to count."),
	};
	struct args a = { .settles = true };

	return run(&argp, &a, argc, argv);
}
