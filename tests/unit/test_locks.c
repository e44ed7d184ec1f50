/* Locked quarters: what comes late is held without a reason, whichever came first. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "hub/digest.h"
#include "hub/locks.h"
#include "hub/rows.h"
#include "hub/standing.h"
#include "protocol/parts.h"
#include "protocol/standing.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/plan_base.h"

enum {
	DAY = 20406, /* 2025-11-14 */
	QUARTER = 8103,
	DAY_BEFORE = 20300, /* of the quarter before */
	DEVICES = 3,
	LANES = 4,
	OFFICE = 2,
	WORLDS = 60,
	LOCKS = 3,
};

static struct hub_fixture hub_a, hub_b;
static kv_txn *txn;
static struct test_device devices[DEVICES];
static lane lanes[LANES];
static size_t lane_count;
static uint64_t random_state;

static unsigned
pick(unsigned n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned) (random_state >> 33) % n;
}

static void
enroll_all(hub *h, kv_txn *t)
{
	for (unsigned i = 0; i < DEVICES; i++)
		test_device_enroll(&devices[i], h, t, i == OFFICE ? ROLE_OFFICE : ROLE_DEVICE);
}

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_a, NULL);
	txn = hub_begin(hub_a.hub);
	lane_count = DEVICES;
	for (unsigned i = 0; i < DEVICES; i++) {
		test_device_init(&devices[i], i + 1, i == 1 ? "con-a,con-b" : "con-a");
		lane_init(&lanes[i], &devices[i]);
	}
	enroll_all(hub_a.hub, txn);
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	kv_abort(&txn);
	for (unsigned i = 0; i < lane_count; i++)
		lane_done(&lanes[i]);
	hub_fixture_done(&hub_a);
	return 0;
}

/* ---- one lane ---- */

static struct event
activity(date day, const char *why)
{
	struct event e = test_activity("con-a", day);

	if (why) {
		e.why = text_of(why);
		e.has |= EVENT_BIT(EVENT_WHY);
	}
	return e;
}

/* Record, send, and tell why it is held. */
static hold
report(lane *l, struct event e)
{
	struct point at = lane_add(l, &e);

	assert_status(lane_give(l, l->count, l->count, hub_a.hub, txn), ST_OK);
	return held_reason(txn, l->device->feed, &at);
}

static hold
held_at(const lane *l, uint64_t seq)
{
	struct point at = lane_point(l, seq);

	return held_reason(txn, l->device->feed, &at);
}

static void
what_comes_late_needs_a_reason(void **ctx)
{
	(void) ctx;
	lane *l = &lanes[0];
	struct event fix;
	struct point first;

	assert_int_equal(report(l, activity(DAY, NULL)), HOLD_NONE);
	assert_status(hub_lock(hub_a.hub, txn, QUARTER, 5), ST_OK);
	assert_int_equal(held_at(l, 1), HOLD_NONE);
	assert_int_equal(report(l, activity(DAY, NULL)), HOLD_LOCKED);
	assert_int_equal(report(l, activity(DAY, "the minutes came late")), HOLD_NONE);
	assert_int_equal(report(l, activity(DAY_BEFORE, NULL)), HOLD_NONE);
	assert_int_equal(cell_quantity(txn, "IND-1", "con-a", "US", DAY, "", STATUS_DONE), 2);
	/* a correction has a reason anyway, and so has a void */
	first = lane_point(l, 1);
	fix = activity(DAY, NULL);
	fix.quantity = 7;
	test_fix(&fix, &first, NULL);
	assert_int_equal(report(l, fix), HOLD_NONE);
	assert_int_equal(cell_quantity(txn, "IND-1", "con-a", "US", DAY, "", STATUS_DONE), 8);
	first = lane_point(l, 3);
	fix = test_void("con-a");
	test_fix(&fix, &first, NULL);
	assert_int_equal(report(l, fix), HOLD_NONE);
	assert_int_equal(cell_quantity(txn, "IND-1", "con-a", "US", DAY, "", STATUS_DONE), 7);
	/* what was held without a reason is mended by giving one */
	first = lane_point(l, 2);
	fix = activity(DAY, NULL);
	test_fix(&fix, &first, NULL);
	assert_int_equal(report(l, fix), HOLD_NONE);
	assert_int_equal(held_at(l, 2), HOLD_NONE);
	assert_int_equal(cell_quantity(txn, "IND-1", "con-a", "US", DAY, "", STATUS_DONE), 8);
}

static void
registers_of_a_locked_quarter_are_late_too(void **ctx)
{
	(void) ctx;
	struct event e = { .kind = KIND_CLOSE, .unit = text_of("con-a"), .quarter = QUARTER };

	e.has = EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_QUARTER);
	assert_status(hub_lock(hub_a.hub, txn, QUARTER, 5), ST_OK);
	assert_int_equal(report(&lanes[0], e), HOLD_LOCKED);
	e.quarter--;
	assert_int_equal(report(&lanes[0], e), HOLD_NONE);
}

static void
a_second_lock_lets_in_what_came_in_between(void **ctx)
{
	(void) ctx;
	lane *l = &lanes[0];

	assert_status(hub_lock(hub_a.hub, txn, QUARTER, 5), ST_OK);
	assert_int_equal(report(l, activity(DAY, NULL)), HOLD_LOCKED);
	assert_status(hub_lock(hub_a.hub, txn, QUARTER, 6), ST_OK);
	assert_int_equal(held_at(l, 1), HOLD_NONE);
	assert_int_equal(report(l, activity(DAY, NULL)), HOLD_LOCKED);
	assert_status(hub_lock(hub_a.hub, txn, QUARTER, 7), ST_OK);
	assert_status(hub_lock(hub_a.hub, txn, QUARTER, 8), ST_EXISTS);
	assert_status(hub_lock(hub_a.hub, txn, QUARTER - 1, 8), ST_OK);
}

static void
restatements_are_beyond_some_lock(void **ctx)
{
	(void) ctx;
	static const lateness want[] = { LATE_NOT, LATE_SOME, LATE_ALL };
	const struct locks *all = NULL;
	lane *l = &lanes[0];

	report(l, activity(DAY, NULL));
	assert_status(hub_lock(hub_a.hub, txn, QUARTER, 5), ST_OK);
	report(l, activity(DAY, NULL));
	assert_status(hub_lock(hub_a.hub, txn, QUARTER, 6), ST_OK);
	report(l, activity(DAY, "late"));
	assert_status(hub_locks(hub_a.hub, txn, &all), ST_OK);
	for (uint64_t seq = 1; seq <= 3; seq++) {
		struct event e = activity(DAY, NULL);
		struct point at = lane_point(l, seq);
		lateness late;

		assert_status(locks_late(all, txn, NULL, l->device->feed, &at, &e, &late), ST_OK);
		assert_int_equal(late, want[seq - 1]);
	}
}

static void
the_device_is_told_which_quarters_are_locked(void **ctx)
{
	(void) ctx;
	uint64_t before = 0, after = 0;
	struct standing s;
	struct text quarter;
	writer w;

	assert_status(hub_standing_version(txn, devices[0].feed, &before), ST_OK);
	assert_status(hub_lock(hub_a.hub, txn, QUARTER, 5), ST_OK);
	assert_status(hub_lock(hub_a.hub, txn, QUARTER - 1, 5), ST_OK);
	report(&lanes[0], activity(DAY, NULL));
	assert_status(hub_lock(hub_a.hub, txn, QUARTER, 5), ST_OK);
	assert_status(hub_standing_version(txn, devices[1].feed, &after), ST_OK);
	assert_int_not_equal(before, after);
	writer_init(&w);
	assert_status(hub_standing(txn, devices[0].feed, &w), ST_OK);
	assert_status(standing_decode(writer_bytes(&w).at, writer_bytes(&w).len, &s), ST_OK);
	assert_true(standing_next_text(&s.locks, &quarter) && text_is(quarter, "2025-Q3"));
	assert_true(standing_next_text(&s.locks, &quarter) && text_is(quarter, "2025-Q4"));
	assert_false(standing_next_text(&s.locks, &quarter));
	writer_done(&w);
}

/* ---- locks of an office device ---- */

static status
add_body(void *ctx, struct bytes body)
{
	lane_add_body(ctx, body);
	return ST_OK;
}

static int
compare_leaves(const void *one, const void *two)
{
	return memcmp(one, two, LEAF_BYTES);
}

/* A lock as an office could record it, with one leaf a lane: its event of that number. */
static void
record_lock(lane *office, uint64_t quarter, const uint64_t *seqs)
{
	uint8_t leaves[LANES * LEAF_BYTES] = { 0 };
	const struct event head = { .kind = KIND_LOCK, .quarter = quarter, .at_ms = 3 };
	struct lock l = { .quarter = quarter };
	size_t count = 0;
	writer w;

	for (size_t i = 0; i < lane_count; i++) {
		struct point at;

		if (seqs[i] == 0)
			continue;
		at = lane_point(&lanes[i], seqs[i]);
		event_id_write(lanes[i].device->feed, &at, leaves + count++ * LEAF_BYTES);
	}
	qsort(leaves, count, LEAF_BYTES, compare_leaves);
	/* two lanes may have a leaf in what they share */
	for (size_t i = 1; i < count; i++) {
		if (memcmp(leaves + (i - 1) * LEAF_BYTES, leaves + i * LEAF_BYTES, LEAF_BYTES) != 0)
			continue;
		memmove(leaves + i * LEAF_BYTES, leaves + (i + 1) * LEAF_BYTES,
		        (--count - i) * LEAF_BYTES);
		i--;
	}
	l.leaves.at = (struct bytes) { leaves, count * LEAF_BYTES };
	writer_init(&w);
	assert_status(lock_write(&l, &w), ST_OK);
	assert_status(parts_cut(&head, writer_bytes(&w), add_body, office), ST_OK);
	writer_done(&w);
}

static void
who_is_no_office_locks_nothing(void **ctx)
{
	(void) ctx;
	const uint64_t none[LANES] = { 0 };

	record_lock(&lanes[1], QUARTER, none);
	assert_status(lane_give(&lanes[1], 1, 1, hub_a.hub, txn), ST_OK);
	assert_int_equal(held_at(&lanes[1], 1), HOLD_RIGHT);
	assert_int_equal(report(&lanes[0], activity(DAY, NULL)), HOLD_NONE);
}

static void
a_leaf_that_comes_after_the_lock_lets_count_what_lies_below_it(void **ctx)
{
	(void) ctx;
	const uint64_t seqs[LANES] = { 2 };
	lane *l = &lanes[0];
	struct event one = activity(DAY, NULL), two = one, three = one;

	lane_add(l, &one);
	lane_add(l, &two);
	lane_add(l, &three);
	record_lock(&lanes[OFFICE], QUARTER, seqs);
	lane_give_all(&lanes[OFFICE], 1, hub_a.hub, txn);
	assert_status(lane_give(l, 1, 1, hub_a.hub, txn), ST_OK);
	assert_int_equal(held_at(l, 1), HOLD_LOCKED); /* its leaf is not known here yet */
	assert_status(lane_give(l, 2, 2, hub_a.hub, txn), ST_OK);
	assert_int_equal(held_at(l, 1), HOLD_NONE);
	assert_int_equal(held_at(l, 2), HOLD_NONE);
	assert_status(lane_give(l, 3, 3, hub_a.hub, txn), ST_OK);
	assert_int_equal(held_at(l, 3), HOLD_LOCKED);
}

/* ---- random worlds ---- */

/* What is told of a lock: of which quarter, and up to which event of each lane. */
struct told_lock {
	uint64_t quarter;
	uint64_t seqs[LANES];
};

struct world {
	struct told_lock locks[LOCKS];
	size_t lock_count;
	bool plain[LANES][64]; /* first versions without a reason, by number less 1 */
	bool fixed[LANES][64]; /* that a later one replaces */
	date days[LANES][64];
};

static void
record_one(struct world *w, unsigned i)
{
	static const date days[] = { DAY, DAY + 1, DAY_BEFORE };
	lane *l = &lanes[i];
	size_t at = l->count;
	struct event e = activity(days[pick(3)], pick(3) ? NULL : "late");
	struct point p;

	w->days[i][at] = (date) e.date;
	w->plain[i][at] = e.why.len == 0;
	if (at > 0 && pick(4) == 0) {
		unsigned target = pick((unsigned) at);

		p = lane_point(l, target + 1);
		test_fix(&e, &p, NULL);
		w->plain[i][at] = false;
		w->fixed[i][target] = true;
	}
	lane_add(l, &e);
}

static void
lock_some(struct world *w)
{
	struct told_lock *l = &w->locks[w->lock_count++];

	l->quarter = QUARTER - pick(2);
	for (unsigned i = 0; i < lane_count; i++)
		l->seqs[i] = i == OFFICE ? 0 : pick((unsigned) lanes[i].count + 1);
	record_lock(&lanes[OFFICE], l->quarter, l->seqs);
}

static void
make_world(struct world *w)
{
	*w = (struct world) { .lock_count = 0 };
	for (unsigned n = 0; n < 8; n++)
		record_one(w, pick(2));
	if (pick(2)) {
		unsigned from = pick(2), keep = pick((unsigned) lanes[from].count + 1);

		lane_fork(&lanes[lane_count], &lanes[from], keep);
		memcpy(w->plain[lane_count], w->plain[from], sizeof(w->plain[from]));
		memcpy(w->days[lane_count], w->days[from], sizeof(w->days[from]));
		lane_count++;
	}
	for (unsigned n = 0; n < 10; n++) {
		unsigned i = pick((unsigned) lane_count);

		if (i != OFFICE)
			record_one(w, i);
		else if (w->lock_count < LOCKS)
			lock_some(w);
	}
}

static bool
same_event(size_t i, size_t j, uint64_t seq)
{
	struct point a, b;

	if (lanes[i].device != lanes[j].device || lanes[j].count < seq)
		return false;
	a = lane_point(&lanes[i], seq);
	b = lane_point(&lanes[j], seq);
	return point_equal(&a, &b);
}

/* The slow way: every lane that shares the event is asked. */
static hold
expected(const struct world *w, size_t i, uint64_t seq)
{
	size_t of_quarter = 0, beyond = 0;

	if (!w->plain[i][seq - 1])
		return HOLD_NONE;
	for (size_t j = 0; j < lane_count; j++)
		if (same_event(i, j, seq) && w->fixed[j][seq - 1])
			return HOLD_NONE;
	for (size_t k = 0; k < w->lock_count; k++) {
		bool below = false;

		if (w->locks[k].quarter != quarter_of(w->days[i][seq - 1]))
			continue;
		for (size_t j = 0; j < lane_count; j++)
			below |= w->locks[k].seqs[j] >= seq && same_event(i, j, seq);
		of_quarter++;
		beyond += !below;
	}
	return of_quarter > 0 && beyond == of_quarter ? HOLD_LOCKED : HOLD_NONE;
}

struct pair {
	uint8_t set[HASH_BYTES], state[HASH_BYTES];
};

static struct pair
digest(hub *h, kv_txn *t)
{
	struct pair p = { .set = { 0 } };

	assert_status(hub_digest(h, t, p.set, p.state), ST_OK);
	return p;
}

/* At any moment the ledger is what comes of folding everything at once. */
static void
assert_folded(hub *h, kv_txn *t)
{
	struct pair before = digest(h, t), after;

	assert_status(hub_refold(h, t), ST_OK);
	after = digest(h, t);
	assert_memory_equal(&before, &after, sizeof(before));
}

static void
give_in_pieces(hub *h, kv_txn *t)
{
	size_t given[LANES] = { 0 }, left = 0;

	for (size_t i = 0; i < lane_count; i++)
		left += lanes[i].count > 0;
	while (left > 0) {
		unsigned i = pick((unsigned) lane_count);
		size_t step = 1 + pick(4);
		status st;

		if (given[i] == lanes[i].count)
			continue;
		if (given[i] + step > lanes[i].count)
			step = lanes[i].count - given[i];
		st = lane_give(&lanes[i], given[i] + 1, given[i] + step, h, t);
		if (st != ST_EXISTS) /* the beginning of a fork is known */
			assert_status(st, ST_OK);
		given[i] += step;
		left -= given[i] == lanes[i].count;
		if (pick(4) == 0)
			assert_folded(h, t);
	}
}

static void
run_world(unsigned number)
{
	struct world w;
	struct pair one, two;
	kv_txn *b;

	random_state = number;
	make_world(&w);
	hub_fixture_init(&hub_b, NULL);
	b = hub_begin(hub_b.hub);
	enroll_all(hub_b.hub, b);
	give_in_pieces(hub_a.hub, txn);
	give_in_pieces(hub_b.hub, b);
	one = digest(hub_a.hub, txn);
	two = digest(hub_b.hub, b);
	if (memcmp(&one, &two, sizeof(one)) != 0)
		fail_msg("world %u: two hubs disagree", number);
	for (size_t i = 0; i < lane_count; i++)
		for (uint64_t seq = 1; i != OFFICE && seq <= lanes[i].count; seq++)
			if (held_at(&lanes[i], seq) != expected(&w, i, seq))
				fail_msg("world %u: lane %zu, event %llu: got '%s', want '%s'",
				         number, i, (unsigned long long) seq,
				         hold_name(held_at(&lanes[i], seq)),
				         hold_name(expected(&w, i, seq)));
	kv_abort(&b);
	hub_fixture_done(&hub_b);
}

static void
locks_hold_the_same_in_any_order(void **ctx)
{
	for (unsigned number = 1; number <= WORLDS; number++) {
		run_world(number);
		teardown(ctx);
		setup(ctx);
	}
}

#define locks_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		locks_test(what_comes_late_needs_a_reason),
		locks_test(registers_of_a_locked_quarter_are_late_too),
		locks_test(a_second_lock_lets_in_what_came_in_between),
		locks_test(restatements_are_beyond_some_lock),
		locks_test(the_device_is_told_which_quarters_are_locked),
		locks_test(who_is_no_office_locks_nothing),
		locks_test(a_leaf_that_comes_after_the_lock_lets_count_what_lies_below_it),
		locks_test(locks_hold_the_same_in_any_order),
	};

	return cmocka_run_group_tests_name("locks", tests, NULL, NULL);
}
