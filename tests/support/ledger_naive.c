#include "tests/support/ledger_naive.h"

#include <string.h>

/* ---- rights ---- */

static unsigned
right_named(const char *unit)
{
	static const char *const names[] = { "con-a", "con-b", "area-x" };

	for (unsigned i = 0; i < 3; i++)
		if (strcmp(unit, names[i]) == 0)
			return 1U << i;
	return 0;
}

static void
act_on(struct naive *n, const struct naive_act *a)
{
	unsigned taken = a->rights & n->have[a->device];

	for (unsigned bit = 0; bit < NAIVE_RIGHTS_; bit++) {
		uint64_t *frontier = &n->frontier[a->device][bit];

		if (a->type == NAIVE_LOSS && (taken >> bit & 1))
			*frontier = a->leaves;
		if (a->type == NAIVE_ADMIT)
			*frontier |= a->leaves;
	}
	if (a->type == NAIVE_GRANT) {
		n->have[a->device] = a->rights;
		n->lost[a->device] &= ~a->rights;
	} else if (a->type == NAIVE_LOSS) {
		n->have[a->device] &= ~taken;
		n->lost[a->device] |= taken;
	}
}

static void
judge_acts(struct naive *n)
{
	static const unsigned first[NAIVE_DEVICES] = { NAIVE_CON_A, NAIVE_CON_A | NAIVE_CON_B,
		                                       NAIVE_CON_B, NAIVE_AREA_X | NAIVE_OFFICE,
		                                       0 };

	memcpy(n->have, first, sizeof(first));
	memset(n->lost, 0, sizeof(n->lost));
	if (n->granted)
		n->have[2] |= NAIVE_CON_A;
	for (size_t i = 0; i < n->act_count; i++)
		act_on(n, &n->acts[i]);
}

/* From a leaf down its feed, until the event is met or the feed begins. */
static bool
lies_below(const struct naive *n, const struct naive_event *e, size_t leaf)
{
	for (size_t at = leaf; at != NAIVE_MISSING; at = n->events[at].parent)
		if (&n->events[at] == e)
			return true;
	return false;
}

static bool
has(const struct naive *n, const struct naive_event *e, unsigned right)
{
	unsigned bit = 0;

	if (n->have[e->device] & right)
		return true;
	if (!(n->lost[e->device] & right))
		return false;
	while (right >> (bit + 1))
		bit++;
	for (size_t leaf = 0; leaf < n->count; leaf++)
		if ((n->frontier[e->device][bit] >> leaf & 1) && lies_below(n, e, leaf))
			return true;
	return false;
}

static bool
of_office(const struct naive *n, const struct naive_event *e)
{
	return e->device == NAIVE_HUB || has(n, e, NAIVE_OFFICE);
}

/* ---- one event ---- */

static bool
same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool
in(const char *text, const char *list)
{
	const char *found = text ? strstr(list, text) : NULL;

	return !text || found;
}

static bool
has_right(const struct naive *n, const struct naive_event *e)
{
	unsigned unit = right_named(e->unit);

	if (e->device == NAIVE_HUB)
		return e->target_count > 0;
	return of_office(n, e) || (unit && has(n, e, unit));
}

/* Days. */
enum {
	MID_2025 = 20270,     /* 1.1.02 and RSK-2 are retired */
	OCTOBER_2025 = 20362, /* COM-1 is, in the next plan */
	END_2022 = 19357,
	END_2025 = 20453,
	END_2026 = 20818,
	END_2031 = 22644,
};

static hold
judge_activity(const struct naive *n, const struct naive_event *e)
{
	if (!in(e->indicator, "IND-1"))
		return HOLD_INDICATOR;
	if (e->initiatives && strstr(e->initiatives, "1.1.02") && e->day >= MID_2025)
		return HOLD_INITIATIVE;
	if (!in(e->mode, n->next_plan ? "movil fija" : "movil"))
		return HOLD_MODE;
	return e->day > (n->next_plan ? END_2031 : END_2026) ? HOLD_DATE : HOLD_NONE;
}

static hold
judge_level(const struct naive_event *e)
{
	if (!same(e->indicator, "IND-3"))
		return HOLD_INDICATOR;
	return e->quarter < 2024 * 4 || e->quarter > 2025 * 4 + 3 ? HOLD_DATE : HOLD_NONE;
}

static hold
judge_item(const struct naive *n, const struct naive_event *e)
{
	switch (e->item_type) {
	case 'i':
		return same(e->item, "1.1.01") || (same(e->item, "1.1.02") && e->day < MID_2025)
			? HOLD_NONE
			: HOLD_INITIATIVE;
	case 'c':
		return same(e->item, "COM-1") && !(n->next_plan && e->day >= OCTOBER_2025)
			? HOLD_NONE
			: HOLD_COMMITMENT;
	default:
		return same(e->item, "RSK-1") || (same(e->item, "RSK-2") && e->day < MID_2025)
			? HOLD_NONE
			: HOLD_RISK;
	}
}

/* Of registers that no indicator has a period for. */
static hold
judge_quarter(const struct naive *n, const struct naive_event *e)
{
	return e->day <= END_2022 || e->day > (n->next_plan ? END_2031 : END_2026) ? HOLD_DATE
										   : HOLD_NONE;
}

static hold
judge_thing(const struct naive_event *e)
{
	if (!same(e->indicator, "IND-2"))
		return HOLD_INDICATOR;
	return e->day > END_2025 ? HOLD_DATE : HOLD_NONE;
}

static bool
declares(const struct naive_event *e, const char *code)
{
	return (e->zero && strstr(e->zero, code)) || (e->nothing && strstr(e->nothing, code));
}

static hold
judge_kind(const struct naive *n, const struct naive_event *e)
{
	hold h = HOLD_NONE;

	switch ((int) e->kind) {
	case KIND_ACTIVITY: return judge_activity(n, e);
	case KIND_LEVEL: return judge_level(e);
	case KIND_THING: return judge_thing(e);
	case KIND_PROGRESS: h = judge_item(n, e); break;
	case KIND_BUDGET: h = same(e->project, "2018011000755") ? HOLD_NONE : HOLD_PROJECT; break;
	case KIND_CLOSE: h = declares(e, "IND-9") ? HOLD_INDICATOR : HOLD_NONE; break;
	default: break;
	}
	return h != HOLD_NONE ? h : judge_quarter(n, e);
}

/* All but whether a thing that goes out was in. */
static hold
judge_words(const struct naive *n, const struct naive_event *e)
{
	if (e->unreadable)
		return e->unreadable;
	if (!has_right(n, e))
		return HOLD_RIGHT;
	if (e->kind == KIND_VOID)
		return HOLD_NONE;
	return in(e->unit, "con-a con-b area-x") ? judge_kind(n, e) : HOLD_UNIT;
}

static hold
judge_alone(const struct naive *n, const struct naive_event *e)
{
	hold h = judge_words(n, e);

	if (h != HOLD_NONE || e->kind != KIND_THING || !e->out ||
	    in(e->thing, n->next_plan ? "con-b net-2" : "con-a con-b"))
		return h;
	for (size_t i = 0; i < n->count; i++) {
		const struct naive_event *t = &n->events[i];

		if (judge_words(n, t) == HOLD_NONE && t->kind == KIND_THING && !t->out &&
		    same(t->indicator, e->indicator) && same(t->thing, e->thing))
			return HOLD_NONE;
	}
	return HOLD_THING;
}

/* ---- records ---- */

static bool
is_register(const struct naive_event *e)
{
	return e->kind == KIND_LEVEL || e->kind == KIND_PROGRESS || e->kind == KIND_BUDGET ||
		e->kind == KIND_CLOSE;
}

bool
naive_alike(const struct naive_event *a, const struct naive_event *b)
{
	if (a->unreadable || b->unreadable || a->kind != b->kind || a->kind == KIND_PLAN)
		return false;
	if (!is_register(a))
		return true;
	if (a->quarter != b->quarter)
		return false;
	if (a->kind == KIND_BUDGET)
		return same(a->project, b->project);
	if (!same(a->unit, b->unit))
		return false;
	if (a->kind == KIND_LEVEL)
		return same(a->indicator, b->indicator);
	return a->kind == KIND_CLOSE || (a->item_type == b->item_type && same(a->item, b->item));
}

static int
compare_places(const struct naive_event *a, const struct naive_event *b)
{
	int order = memcmp(a->feed, b->feed, FEED_BYTES);

	if (order == 0)
		order = a->at.seq < b->at.seq ? -1 : a->at.seq > b->at.seq;
	return order != 0 ? order : memcmp(a->at.hash, b->at.hash, HASH_BYTES);
}

/* Of a register the least first version stands for all. */
static size_t
root_of(const struct naive *n, size_t i)
{
	size_t root = i;

	for (size_t k = 0; is_register(&n->events[i]) && k < n->count; k++) {
		const struct naive_event *e = &n->events[k];

		if (e->target_count == 0 && naive_alike(e, &n->events[i]) &&
		    compare_places(e, &n->events[root]) < 0)
			root = k;
	}
	return root;
}

static hold
judge_targets(const struct naive *n, const struct naive_event *e)
{
	for (size_t i = 0; i < e->target_count; i++) {
		const struct naive_event *t;

		if (e->targets[i] == NAIVE_MISSING)
			return HOLD_WAITS;
		t = &n->events[e->targets[i]];
		if (!t->sound && t->hold == HOLD_WAITS)
			return HOLD_WAITS;
	}
	for (size_t i = 0; i < e->target_count; i++) {
		const struct naive_event *t = &n->events[e->targets[i]];

		if (!t->sound || t->root != n->events[e->targets[0]].root ||
		    (!of_office(n, e) && strcmp(t->unit, e->unit) != 0))
			return HOLD_FIX;
		if (e->kind != KIND_VOID && !naive_alike(&n->events[t->root], e))
			return HOLD_FIX;
	}
	return HOLD_NONE;
}

static void
place_in_record(struct naive *n, size_t i)
{
	struct naive_event *e = &n->events[i];

	e->root = e->target_count == 0 ? root_of(n, i) : n->events[e->targets[0]].root;
	e->depth = 0;
	for (size_t k = 0; k < e->target_count; k++) {
		const struct naive_event *t = &n->events[e->targets[k]];

		e->above |= t->above | UINT64_C(1) << e->targets[k];
		e->depth = t->depth > e->depth ? t->depth : e->depth;
		e->offices = t->offices > e->offices ? t->offices : e->offices;
	}
	e->depth++;
	e->offices += of_office(n, e);
}

static bool
better(const struct naive_event *a, const struct naive_event *b)
{
	if (a->offices != b->offices)
		return a->offices > b->offices;
	if (a->depth != b->depth)
		return a->depth > b->depth;
	return memcmp(a->at.hash, b->at.hash, HASH_BYTES) > 0;
}

static outcome
outcome_of(const struct naive *n, const struct naive_event *e)
{
	static const outcome standing[] = { OUTCOME_COUNTED, OUTCOME_PLANNED, OUTCOME_CANCELLED,
		                            OUTCOME_MOVED };

	if (e->held)
		return OUTCOME_HELD;
	if (e->wins)
		return e->kind == KIND_VOID ? OUTCOME_VOIDED : standing[e->status];
	if (e->head)
		return OUTCOME_CONFLICT;
	for (size_t i = 0; i < n->count; i++)
		if (n->events[i].wins && n->events[i].root == e->root &&
		    n->events[i].kind == KIND_VOID && e->kind != KIND_VOID)
			return OUTCOME_OUT;
	return OUTCOME_REPLACED;
}

static void
judge_versions(struct naive *n)
{
	for (size_t i = 0; i < n->count; i++) {
		struct naive_event *e = &n->events[i];
		hold alone;

		if (e->kind == KIND_PLAN) { /* no record of it: the office's word, or nobody's */
			e->hold = of_office(n, e) ? HOLD_NONE : HOLD_RIGHT;
			continue;
		}
		alone = judge_alone(n, e);
		e->hold = alone;
		if (e->unreadable)
			continue;
		if (e->target_count > 0)
			e->hold = has_right(n, e) ? judge_targets(n, e) : HOLD_RIGHT;
		e->sound = e->target_count == 0 || e->hold == HOLD_NONE;
		if (!e->sound)
			continue;
		e->hold = alone;
		e->valid = alone == HOLD_NONE;
		place_in_record(n, i);
	}
}

void
naive_judge(struct naive *n)
{
	judge_acts(n);
	judge_versions(n);
	for (size_t i = 0; i < n->count; i++)
		for (size_t k = 0; k < n->count; k++)
			if (n->events[k].valid && (n->events[k].above >> i & 1))
				n->events[i].superseded = true;
	for (size_t i = 0; i < n->count; i++) {
		struct naive_event *e = &n->events[i];

		e->head = e->valid && !e->superseded;
		e->held = e->hold != HOLD_NONE && !e->superseded;
	}
	for (size_t i = 0; i < n->count; i++) {
		struct naive_event *e = &n->events[i];

		e->wins = e->head;
		for (size_t k = 0; k < n->count; k++)
			if (n->events[k].head && n->events[k].root == e->root &&
			    better(&n->events[k], e))
				e->wins = false;
	}
	for (size_t i = 0; i < n->count; i++)
		n->events[i].outcome = outcome_of(n, &n->events[i]);
}
