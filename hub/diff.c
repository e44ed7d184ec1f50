#include "hub/diff.h"

#include <stdlib.h>

#include "common/room.h"
#include "hub/count.h"
#include "hub/graph.h"
#include "hub/hub.h"
#include "hub/journal.h"
#include "hub/query_internal.h"
#include "hub/things.h"
#include "protocol/msgid.h"

static const struct {
	const char *name, *text;
} reasons[DIFF_REASONS_] = {
	[DIFF_NEW] = { "new", N_("new") },
	[DIFF_LATE] = { "late", N_("new, late for a locked quarter") },
	[DIFF_CORRECTED] = { "corrected", N_("corrected") },
	[DIFF_VOIDED] = { "voided", N_("taken out") },
	[DIFF_HELD] = { "held", N_("held") },
	[DIFF_PLAN] = { "plan", N_("another plan") },
	[DIFF_REGISTRY] = { "registry", N_("rights of the device") },
	[DIFF_CUTOFF] = { "cutoff", N_("between the cut-offs") },
	[DIFF_NEWER] = { "newer", N_("another entry counts in its place") },
	[DIFF_ABSENT] = { "absent", N_("not there") },
};

const char *
diff_reason_name(diff_reason r)
{
	return (unsigned) r < DIFF_REASONS_ ? reasons[r].name : "?";
}

const char *
diff_reason_text(diff_reason r)
{
	return (unsigned) r < DIFF_REASONS_ ? reasons[r].text : "?";
}

/* ---- what an event adds ---- */

/* What one event is at one moment. */
struct part {
	bool here;
	outcome outcome;
	hold reason;
	struct code_set codes;        /* that it adds to; into event and plan */
	int64_t amount;               /* to each of them */
	const struct event *activity; /* whose counts go with it; else NULL */
};

/* Of levels that are no sums the last one of each unit counts. */
static status
is_last_level(const struct diff_side *s, const struct event *e, bool *ret_last)
{
	const struct level_key behind = { e->indicator, e->unit, quarter_of(s->cutoff) + 1 };
	uint8_t key[ROW_KEY_MAX];
	size_t len = level_key_write(&behind, key);
	struct level_key last;
	struct kv_walk walk;
	status st = ST_OK;

	*ret_last = false;
	if (kv_seek_below(s->ledger.txn, TABLE_LEVELS, (struct bytes) { key, len }, &walk)) {
		st = level_key_read(walk.key, &last);
		*ret_last = st == ST_OK && text_equal(last.indicator, e->indicator) &&
			text_equal(last.unit, e->unit) && last.quarter == e->quarter;
	}
	if (walk.st < 0)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

static status
fill_level(const struct diff_side *s, const struct event *e, struct part *p)
{
	const struct plan_indicator *indicator = plan_indicator(s->ledger.plan, e->indicator.at,
	                                                        e->indicator.len);
	bool counts = indicator && is_sum(indicator->accumulation);
	status st = ST_OK;

	if (indicator && !counts)
		st = is_last_level(s, e, &counts);
	if (st == ST_OK && counts) {
		p->codes.list[p->codes.count++] = e->indicator;
		p->amount = (int64_t) e->value;
	}
	return st;
}

/* What others told of the thing before adds nothing again. */
static status
fill_thing(const struct diff_side *s, const struct batch_event *b, const struct event *e,
           struct part *p)
{
	int by = 0;
	status st = thing_change(s->ledger.txn, s->ledger.plan, e, b->at.hash, &by);

	if (st == ST_OK && by != 0) {
		p->codes.list[p->codes.count++] = e->indicator;
		p->amount = by;
	}
	return st;
}

/* e is empty when it could not be decoded. */
static status
fill_part(struct diff_side *s, const uint8_t *feed, const struct batch_event *b,
          const struct event *e, struct part *p)
{
	status st = ledger_outcome_of(&s->ledger, feed, &b->at, b->body, b->erased, &p->outcome,
	                              &p->reason);

	p->here = true;
	if (st < 0 || p->outcome != OUTCOME_COUNTED || event_day(e) > s->cutoff)
		return st;
	if (e->kind == KIND_LEVEL)
		return fill_level(s, e, p);
	if (e->kind == KIND_THING)
		return fill_thing(s, b, e, p);
	if (e->kind == KIND_ACTIVITY) {
		count_codes(s->ledger.plan, e, &p->codes);
		p->amount = (int64_t) e->quantity;
		p->activity = e;
	}
	return ST_OK;
}

static bool
adds_to(const struct part *p, struct text code)
{
	for (size_t i = 0; i < p->codes.count; i++)
		if (text_equal(p->codes.list[i], code))
			return true;
	return false;
}

/* ---- lines ---- */

struct diffing {
	struct diff_side *then, *now;
	struct diff *diff;
	bool only_then; /* the walk over what the second moment does not have */
};

static status
add_line(struct diff *d, const struct diff_line *line)
{
	struct diff_line *list = room_for(d->list, d->count, 1, &d->room, sizeof(*list));

	if (!list)
		return ST_NOMEM;
	d->list = list;
	d->list[d->count++] = *line;
	return ST_OK;
}

static struct diff_version
version_of(const uint8_t *feed, const struct point *at, int64_t amount)
{
	struct diff_version v = { .there = true, .at = *at, .amount = amount };

	memcpy(v.feed, feed, FEED_BYTES);
	return v;
}

/* The first version of its record there, or the event itself. */
static status
find_record(struct diff_side *s, const uint8_t *feed, const struct point *at,
            uint8_t ret_id[static EVENT_ID_BYTES])
{
	struct graph g = { 0 };
	bool is_node;
	status st;

	event_id_write(feed, at, ret_id);
	st = graph_has_node(s->ledger.txn, ret_id, &is_node);
	if (st < 0 || !is_node)
		return st;
	st = graph_look(&s->ledger, ret_id, &g);
	if (st == ST_OK)
		st = versions_judge(g.list, g.count);
	if (st == ST_OK && g.list[0].sound)
		event_id_write(g.list[g.list[0].root].feed, &g.list[g.list[0].root].at, ret_id);
	graph_done(&g);
	return st;
}

/* It adds to the code at one of the moments; each of these with it. */
static status
add_tallies(struct diffing *d, const struct diff_line *of_code, count_what what,
            const struct tallies *tallies)
{
	status st = ST_OK;

	for (size_t i = 0; i < tallies->count && st == ST_OK; i++) {
		const struct tally *t = &tallies->list[i];
		struct diff_line line = *of_code;

		line.what = what;
		memcpy(line.name, t->name.at, t->name.len);
		line.then.amount = line.then.there ? (int64_t) t->value : 0;
		line.now.amount = line.now.there ? (int64_t) t->value : 0;
		st = add_line(d->diff, &line);
	}
	return st;
}

static status
add_code(struct diffing *d, const uint8_t *feed, const struct point *at, const uint8_t *record,
         struct text code, const struct part *then, const struct part *now)
{
	struct diff_line line = { .reason = DIFF_NEW };
	bool was = adds_to(then, code), is = adds_to(now, code);
	const struct event *activity = was ? then->activity : now->activity;
	status st;

	if (was && is && then->amount == now->amount)
		return ST_OK;
	memcpy(line.code, code.at, code.len);
	memcpy(line.record, record, EVENT_ID_BYTES);
	if (was)
		line.then = version_of(feed, at, then->amount);
	if (is)
		line.now = version_of(feed, at, now->amount);
	st = add_line(d->diff, &line);
	if (st == ST_OK && activity)
		st = add_tallies(d, &line, COUNT_NAMED, &activity->counts);
	if (st == ST_OK && activity)
		st = add_tallies(d, &line, COUNT_GROUP, &activity->groups);
	return st;
}

static bool
same_parts(const struct part *a, const struct part *b)
{
	if (a->codes.count != b->codes.count || (a->codes.count > 0 && a->amount != b->amount))
		return false;
	for (size_t i = 0; i < a->codes.count; i++)
		if (!adds_to(b, a->codes.list[i]))
			return false;
	return true;
}

static status
compare(struct diffing *d, const uint8_t *feed, const struct point *at, const struct part *then,
        const struct part *now)
{
	uint8_t record[EVENT_ID_BYTES];
	status st;

	if (same_parts(then, now))
		return ST_OK;
	st = find_record(now->here ? d->now : d->then, feed, at, record);
	for (size_t i = 0; i < then->codes.count && st == ST_OK; i++)
		st = add_code(d, feed, at, record, then->codes.list[i], then, now);
	for (size_t i = 0; i < now->codes.count && st == ST_OK; i++)
		if (!adds_to(then, now->codes.list[i]))
			st = add_code(d, feed, at, record, now->codes.list[i], then, now);
	return st;
}

static status
is_here(const struct diff_side *s, const uint8_t *feed, const struct point *at, bool *ret_here)
{
	status st = journal_known(s->ledger.txn, feed, at);

	*ret_here = st == ST_OK;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

static status
visit(void *ctx, const struct journal_event *j)
{
	struct diffing *d = ctx;
	struct part then = { .here = false }, now = { .here = false };
	struct event e = { 0 };
	bool other = false;
	status st = is_here(d->only_then ? d->now : d->then, j->feed, &j->event.at, &other);

	if (st < 0 || (d->only_then && other))
		return st;
	if (!j->event.erased && event_decode(j->event.body, &e) != HOLD_NONE)
		e = (struct event) { .kind = KIND_UNKNOWN };
	if (d->only_then || other)
		st = fill_part(d->then, j->feed, &j->event, &e, &then);
	if (st == ST_OK && !d->only_then)
		st = fill_part(d->now, j->feed, &j->event, &e, &now);
	return st == ST_OK ? compare(d, j->feed, &j->event.at, &then, &now) : st;
}

/* ---- one line a record ---- */

static int
compare_lines(const void *one, const void *two)
{
	const struct diff_line *a = one, *b = two;
	int order = strcmp(a->code, b->code);

	if (order == 0)
		order = memcmp(a->record, b->record, sizeof(a->record));
	if (order == 0)
		order = (int) a->what - (int) b->what;
	return order != 0 ? order : strcmp(a->name, b->name);
}

/* A record has one version that counts at each moment; should two records of then be one
 * now, their amounts are added up. */
static void
merge_version(struct diff_version *into, const struct diff_version *v)
{
	if (!v->there)
		return;
	if (into->there)
		into->amount += v->amount;
	else
		*into = *v;
}

static void
merge_lines(struct diff *d)
{
	size_t kept = 0;

	if (d->count > 1)
		qsort(d->list, d->count, sizeof(*d->list), compare_lines);
	for (size_t i = 0; i < d->count; i++) {
		if (kept > 0 && compare_lines(&d->list[kept - 1], &d->list[i]) == 0) {
			merge_version(&d->list[kept - 1].then, &d->list[i].then);
			merge_version(&d->list[kept - 1].now, &d->list[i].now);
		} else {
			d->list[kept++] = d->list[i];
		}
	}
	d->count = kept;
}

/* A version that takes the place of another is told though its quantity be the same; of its
 * counts those alone that are others. */
static void
drop_same_tallies(struct diff *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->count; i++)
		if (d->list[i].what == COUNT_QUANTITY ||
		    d->list[i].then.amount != d->list[i].now.amount)
			d->list[kept++] = d->list[i];
	d->count = kept;
}

/* ---- why ---- */

/* An event looked up, and what it is at one moment. */
struct looked {
	struct found_event found;
	struct event event; /* points into found; empty when it could not be decoded */
	bool here;
	outcome outcome;
	hold reason;
};

static status
look(struct diff_side *s, const struct diff_version *v, struct looked *ret)
{
	status st = journal_find(s->ledger.txn, v->feed, v->at.seq, v->at.hash, HASH_BYTES,
	                         &ret->found);
	struct bytes body = { ret->found.body, ret->found.body_len };

	ret->here = st == ST_OK;
	ret->event = (struct event) { .kind = KIND_UNKNOWN };
	if (st < 0)
		return st == ST_NOT_FOUND ? ST_OK : st;
	if (!ret->found.erased && event_decode(body, &ret->event) != HOLD_NONE)
		ret->event = (struct event) { .kind = KIND_UNKNOWN };
	return ledger_outcome_of(&s->ledger, v->feed, &v->at, body, ret->found.erased,
	                         &ret->outcome, &ret->reason);
}

status
diff_standing(const struct diff_side *s, const uint8_t *feed, const struct point *at,
              struct diff_version *ret_standing)
{
	uint8_t id[EVENT_ID_BYTES];
	struct ledger l = s->ledger;
	struct graph g = { 0 };
	status st;

	event_id_write(feed, at, id);
	st = graph_look(&l, id, &g);
	if (st == ST_OK)
		st = versions_judge(g.list, g.count);
	for (size_t i = 0; st == ST_OK && i < g.count; i++)
		if (g.list[i].wins && g.list[i].root == g.list[0].root)
			*ret_standing = version_of(g.list[i].feed, &g.list[i].at, 0);
	graph_done(&g);
	return st;
}

static diff_reason
reason_of_hold(hold h)
{
	if (h == HOLD_RIGHT)
		return DIFF_REGISTRY;
	return h >= HOLD_UNIT && h <= HOLD_REPORTER ? DIFF_PLAN : DIFF_HELD;
}

/* It counts at both moments, and adds to the code at one. */
static diff_reason
reason_of_counted(const struct diffing *d, const struct looked *l)
{
	date day = event_day(&l->event);

	if ((day > d->then->cutoff) != (day > d->now->cutoff))
		return DIFF_CUTOFF;
	return l->event.kind == KIND_ACTIVITY ? DIFF_PLAN : DIFF_NEWER;
}

static status
is_new_record(const struct diffing *d, const struct diff_line *line, bool *ret_new)
{
	struct point at = { .seq = get_u64(line->record + FEED_BYTES) };
	bool here;
	status st;

	memcpy(at.hash, line->record + FEED_BYTES + 8, HASH_BYTES);
	st = is_here(d->then, line->record, &at, &here);
	*ret_new = !here;
	return st;
}

/* It counts now: what was it then? */
static status
explain_now(struct diffing *d, struct diff_line *line, struct looked *l)
{
	bool is_new = false;
	status st = look(d->then, &line->now, l);

	line->by = line->now;
	line->reason = DIFF_CORRECTED;
	if (st < 0)
		return st;
	if (!l->here) {
		st = line->then.there ? ST_OK : is_new_record(d, line, &is_new);
		line->reason = is_new ? DIFF_NEW : DIFF_CORRECTED;
		return st;
	}
	if (l->outcome == OUTCOME_HELD) {
		line->held = l->reason;
		line->reason = reason_of_hold(l->reason);
	} else if (l->outcome == OUTCOME_COUNTED) {
		line->reason = reason_of_counted(d, l);
	}
	return ST_OK;
}

/* It counted then, and nothing of its record does now. */
static status
explain_then(struct diffing *d, struct diff_line *line, struct looked *l)
{
	status st = look(d->now, &line->then, l);

	line->by = line->then;
	if (st < 0 || !l->here) {
		line->reason = DIFF_ABSENT;
		return st;
	}
	switch ((int) l->outcome) {
	case OUTCOME_HELD:
		line->held = l->reason;
		line->reason = reason_of_hold(l->reason);
		return ST_OK;
	case OUTCOME_COUNTED: line->reason = reason_of_counted(d, l); return ST_OK;
	case OUTCOME_OUT:
		line->reason = DIFF_VOIDED;
		return diff_standing(d->now, line->then.feed, &line->then.at, &line->by);
	default:
		line->reason = DIFF_CORRECTED;
		return diff_standing(d->now, line->then.feed, &line->then.at, &line->by);
	}
}

/* Where something moved out of a locked quarter, what it was is of that quarter. */
static status
find_lateness(struct diffing *d, struct diff_line *line, const struct event *e)
{
	lateness late;
	status st = locks_late(d->now->ledger.locks, d->now->ledger.txn, d->now->ledger.chains,
	                       line->by.feed, &line->by.at, e, &late);

	line->restatement |= st == ST_OK && late != LATE_NOT;
	return st;
}

static status
describe(struct diffing *d, struct diff_line *line, struct looked *l)
{
	const struct diff_version *shown = line->now.there ? &line->now : &line->then;
	status st = look(line->now.there ? d->now : d->then, shown, l);

	if (st < 0)
		return st;
	line->day = event_day(&l->event);
	if (l->event.unit.len > 0)
		memcpy(line->unit, l->event.unit.at, l->event.unit.len);
	if (line->reason != DIFF_ABSENT)
		st = find_lateness(d, line, &l->event);
	if (st == ST_OK && line->now.there && line->then.there && line->reason == DIFF_CORRECTED) {
		st = look(d->then, &line->then, l);
		if (st == ST_OK)
			st = find_lateness(d, line, &l->event);
	}
	if (st == ST_OK)
		st = look(line->reason == DIFF_ABSENT ? d->then : d->now, &line->by, l);
	if (st < 0)
		return st;
	if (line->reason == DIFF_NEW && line->restatement)
		line->reason = DIFF_LATE;
	line->why_at = writer_bytes(&d->diff->texts).len;
	line->why_len = l->event.why.len;
	if (l->event.why.len > 0)
		writer_raw(&d->diff->texts, l->event.why.at, l->event.why.len);
	return writer_status(&d->diff->texts);
}

static status
explain(struct diffing *d)
{
	struct looked *l = malloc(sizeof(*l));
	status st = l ? ST_OK : ST_NOMEM;

	for (size_t i = 0; i < d->diff->count && st == ST_OK; i++) {
		struct diff_line *line = &d->diff->list[i];

		st = line->now.there ? explain_now(d, line, l) : explain_then(d, line, l);
		if (st == ST_OK)
			st = describe(d, line, l);
	}
	free(l);
	return st;
}

/* ---- all ---- */

static int
compare_days(const void *one, const void *two)
{
	const struct diff_line *a = one, *b = two;
	int order = strcmp(a->code, b->code);

	if (order != 0)
		return order;
	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	return compare_lines(one, two); /* of one code: by record, then by what is counted */
}

status
diff_gather(struct diff_side *then, struct diff_side *now, struct diff *ret_diff)
{
	struct diffing d = { .then = then, .now = now, .diff = ret_diff };
	status st;

	writer_init(&ret_diff->texts);
	st = journal_each_event(now->ledger.txn, visit, &d);
	d.only_then = true;
	if (st == ST_OK)
		st = journal_each_event(then->ledger.txn, visit, &d);
	if (st < 0)
		return st;
	merge_lines(ret_diff);
	drop_same_tallies(ret_diff);
	st = explain(&d);
	if (ret_diff->count > 1)
		qsort(ret_diff->list, ret_diff->count, sizeof(*ret_diff->list), compare_days);
	return st;
}

void
diff_done(struct diff *d)
{
	free(d->list);
	writer_done(&d->texts);
	*d = (struct diff) { .count = 0 };
}

struct text
diff_why(const struct diff *d, const struct diff_line *l)
{
	if (l->why_len == 0)
		return (struct text) { NULL, 0 };
	return (struct text) { (const char *) writer_bytes(&d->texts).at + l->why_at, l->why_len };
}

status
diff_total(const struct diff_side *side, struct text code, int64_t *ret_total)
{
	const struct query q = { side->ledger.txn, side->ledger.plan, side->cutoff };
	const struct counts_question question = {
		.code = code,
		.from = DATE_MIN,
		.to = DATE_MAX,
		.status = STATUS_DONE,
	};
	struct groups rows = { 0 };
	status st = query_counts(&q, &question, &rows, ret_total);

	groups_done(&rows);
	return st;
}
