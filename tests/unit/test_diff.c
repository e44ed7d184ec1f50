/* What differs between two moments adds up, and says why. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "hub/cuts.h"
#include "hub/diff.h"
#include "hub/journal.h"
#include "hub/past.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/plan_base.h"

enum { DAY = 20406, QUARTER = 8103, DEVICES = 3, OFFICE = 2, WORLDS = 20, CODES = 4 };

static const char *const codes[CODES] = { "IND-1", "IND-3", "1.1.01", "1.1.02" };

static struct hub_fixture fx;
static struct test_device devices[DEVICES];
static lane lanes[DEVICES];
static uint64_t random_state;

static unsigned
pick(unsigned n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned) (random_state >> 33) % n;
}

/* With an indicator that is fed by levels. */
static json_t *
document(const char *version, const char *links)
{
	json_t *root = plan_base();

	plan_base_edit(root, "/indicators/-",
	               "{\"code\": \"IND-3\", \"name\": \"Niveles\", \"accumulation\": \"stock\", "
	               "\"baseline\": null, \"baseline_included\": false, \"goal\": 9, \"by\": "
	               "\"level\", \"targets\": {}, \"links\": []}");
	plan_base_edit(root, "/version", version);
	plan_base_edit(root, "/indicators/0/links", links);
	return root;
}

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&fx, document("3", "[\"1.1.01\", \"1.1.02\"]"));
	for (unsigned i = 0; i < DEVICES; i++) {
		test_device_init(&devices[i], i + 1, i == 1 ? "con-a,con-b" : "con-a");
		lane_init(&lanes[i], &devices[i]);
	}
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	for (unsigned i = 0; i < DEVICES; i++)
		lane_done(&lanes[i]);
	hub_fixture_done(&fx);
	return 0;
}

static void
enroll_all(kv_txn *txn)
{
	for (unsigned i = 0; i < DEVICES; i++)
		test_device_enroll(&devices[i], fx.hub, txn,
		                   i == OFFICE ? ROLE_OFFICE : ROLE_DEVICE);
}

/* ---- comparing ---- */

struct moment {
	hub *past;
	kv_txn *txn;
	struct diff_side side;
};

static struct moment
moment_at(hub *h, kv_txn *txn, date cutoff)
{
	struct moment m = { .txn = txn, .side = { .cutoff = cutoff, .ledger = { .txn = txn } } };

	assert_status(hub_plan(h, txn, &m.side.ledger.plan), ST_OK);
	assert_status(hub_locks(h, txn, &m.side.ledger.locks), ST_OK);
	return m;
}

static struct moment
moment_of(kv_txn *now, uint64_t entries, date cutoff)
{
	struct moment m;
	kv_txn *txn = NULL;
	hub *past = NULL;

	assert_status(past_at_offset(fx.hub, now, entries, &past), ST_OK);
	assert_status(kv_read(hub_store(past), &txn), ST_OK);
	m = moment_at(past, txn, cutoff);
	m.past = past;
	return m;
}

static void
moment_done(struct moment *m)
{
	kv_abort(&m->txn);
	hub_close(&m->past);
}

/* The sum of what the lines say of each code leads from what was to what is. */
static void
assert_adds_up(const struct moment *then, const struct moment *now, const struct diff *d,
               unsigned world)
{
	for (size_t i = 0; i < CODES; i++) {
		int64_t was = 0, is = 0;
		int64_t sum = 0;

		assert_status(diff_total(&then->side, text_of(codes[i]), &was), ST_OK);
		assert_status(diff_total(&now->side, text_of(codes[i]), &is), ST_OK);
		for (size_t k = 0; k < d->count; k++)
			if (strcmp(d->list[k].code, codes[i]) == 0 &&
			    d->list[k].what == COUNT_QUANTITY)
				sum += (int64_t) d->list[k].now.amount -
					(int64_t) d->list[k].then.amount;
		if ((int64_t) was + sum != (int64_t) is)
			fail_msg("world %u, %s: %lld then, %lld by the lines, %lld now", world,
			         codes[i], (long long) was, (long long) sum, (long long) is);
	}
}

static int64_t
attended(const struct diff_side *side, const char *code)
{
	const struct query q = { side->ledger.txn, side->ledger.plan, side->cutoff };
	const struct counts_question question = {
		.code = text_of(code),
		.from = DATE_MIN,
		.to = DATE_MAX,
		.status = STATUS_DONE,
		.what = COUNT_NAMED,
		.name = text_of("attended"),
	};
	struct groups rows = { 0 };
	int64_t total = 0;

	assert_status(query_counts(&q, &question, &rows, &total), ST_OK);
	groups_done(&rows);
	return total;
}

/* So do those of a secondary count. */
static void
assert_counts_add_up(const struct moment *then, const struct moment *now, const struct diff *d,
                     unsigned world)
{
	for (size_t i = 0; i < CODES; i++) {
		int64_t sum = attended(&then->side, codes[i]);

		for (size_t k = 0; k < d->count; k++)
			if (strcmp(d->list[k].code, codes[i]) == 0 &&
			    d->list[k].what == COUNT_NAMED)
				sum += d->list[k].now.amount - d->list[k].then.amount;
		if (sum != attended(&now->side, codes[i]))
			fail_msg("world %u, %s: %lld attended by the lines, %lld now", world,
			         codes[i], (long long) sum,
			         (long long) attended(&now->side, codes[i]));
	}
}

/* ---- random worlds ---- */

static void
record(unsigned i)
{
	static const date days[] = { DAY, DAY + 1, DAY + 60 };
	lane *l = &lanes[i];
	struct point at;
	struct event e;

	if (pick(4) == 0) {
		e = test_level("con-a", "IND-3", QUARTER - pick(3), pick(9));
	} else {
		e = test_activity(pick(5) ? "con-a" : "con-b", days[pick(3)]);
		e.quantity = 1 + pick(9);
		e.status = pick(4) ? STATUS_DONE : STATUS_PLANNED;
		if (pick(3) == 0)
			test_initiatives(&e, "1.1.01");
		if (pick(2) == 0)
			test_count(&e, "attended", pick(9));
	}
	if (l->count > 0 && pick(3) == 0) {
		at = lane_point(l, 1 + pick((unsigned) l->count));
		if (pick(3) == 0)
			e = test_void("con-a");
		test_fix(&e, &at, NULL);
	}
	lane_add(l, &e);
}

static void
live_on(kv_txn *txn, unsigned steps)
{
	for (unsigned step = 0; step < steps; step++) {
		unsigned i = pick(DEVICES);

		record(i);
		assert_status(lane_give(&lanes[i], lanes[i].count, lanes[i].count, fx.hub, txn),
		              ST_OK);
	}
}

static void
something_happens(kv_txn *txn, unsigned what)
{
	switch (what) {
	case 0: hub_give_plan(fx.hub, txn, document("4", "[\"1.1.02\"]")); return;
	case 1: assert_status(hub_lock(fx.hub, txn, QUARTER, 5), ST_OK); return;
	case 2:
		test_device_init(&devices[0], 1, "con-a,con-b");
		test_device_enroll(&devices[0], fx.hub, txn, ROLE_DEVICE);
		return;
	case 3:
		assert_status(registry_revoke_all(txn, devices[1].feed, text_of("x"), 7), ST_OK);
		return;
	default: return;
	}
}

static void
run_world(unsigned world)
{
	kv_txn *txn = hub_begin(fx.hub);
	struct moment then, now;
	uint64_t entries;
	unsigned first;

	random_state = world;
	first = pick(5);
	enroll_all(txn);
	live_on(txn, 15);
	entries = journal_size(txn);
	something_happens(txn, first);
	live_on(txn, 15);
	something_happens(txn, (first + 1 + pick(4)) % 5);
	hub_commit(&txn);
	assert_status(kv_read(hub_store(fx.hub), &txn), ST_OK);
	then = moment_of(txn, entries, DAY + (pick(2) ? 0 : 90));
	now = moment_at(fx.hub, txn, pick(2) ? then.side.cutoff : DAY + 1);
	for (int way = 0; way < 2; way++) { /* also backwards: then has what now has not */
		struct diff d = { .count = 0 };
		struct moment *from = way ? &now : &then, *to = way ? &then : &now;

		assert_status(diff_gather(&from->side, &to->side, &d), ST_OK);
		assert_adds_up(from, to, &d, world);
		assert_counts_add_up(from, to, &d, world);
		diff_done(&d);
	}
	moment_done(&then);
	kv_abort(&txn);
}

static void
differences_add_up_in_random_worlds(void **ctx)
{
	for (unsigned world = 1; world <= WORLDS; world++) {
		run_world(world);
		teardown(ctx);
		setup(ctx);
	}
}

/* ---- reasons ---- */

struct change {
	struct event first;                   /* before the cut; with unit of no length: none */
	void (*happen)(kv_txn *txn, lane *l); /* after it */
	const char *code;
	diff_reason reason;
	hold held;
	bool restatement;
	uint64_t then, now;
	const char *why;
};

static struct event
activity(uint64_t quantity, const char *why)
{
	struct event e = test_activity("con-a", DAY);

	e.quantity = quantity;
	if (why) {
		e.why = text_of(why);
		e.has |= EVENT_BIT(EVENT_WHY);
	}
	return e;
}

static void
give(kv_txn *txn, lane *l, struct event e)
{
	lane_add(l, &e);
	assert_status(lane_give(l, l->count, l->count, fx.hub, txn), ST_OK);
}

static void
is_recorded(kv_txn *txn, lane *l)
{
	give(txn, l, activity(5, NULL));
}

static void
is_recorded_late(kv_txn *txn, lane *l)
{
	assert_status(hub_lock(fx.hub, txn, QUARTER, 5), ST_OK);
	give(txn, l, activity(5, "minutes"));
}

static void
is_corrected(kv_txn *txn, lane *l)
{
	struct event e = activity(5, NULL);
	struct point at = lane_point(l, 1);

	test_fix(&e, &at, NULL);
	e.why = text_of("a 2 was a 5");
	give(txn, l, e);
}

static void
is_corrected_late(kv_txn *txn, lane *l)
{
	assert_status(hub_lock(fx.hub, txn, QUARTER, 5), ST_OK);
	is_corrected(txn, l);
}

static void
is_voided(kv_txn *txn, lane *l)
{
	struct event e = test_void("con-a");
	struct point at = lane_point(l, 1);

	test_fix(&e, &at, NULL);
	e.why = text_of("never was");
	give(txn, l, e);
}

static void
becomes_planned(kv_txn *txn, lane *l)
{
	struct event e = activity(2, NULL);
	struct point at = lane_point(l, 1);

	e.status = STATUS_PLANNED;
	test_fix(&e, &at, NULL);
	e.why = text_of("not yet");
	give(txn, l, e);
}

static void
leaves_the_plan(kv_txn *txn, lane *l)
{
	(void) l;
	hub_give_plan(fx.hub, txn, document("4", "[\"1.1.02\"]"));
}

static void
unit_is_granted(kv_txn *txn, lane *l)
{
	struct test_device more = devices[0];

	(void) l;
	test_device_init(&more, 1, "con-a,con-b");
	test_device_enroll(&more, fx.hub, txn, ROLE_DEVICE);
}

static void
assert_change(const struct change *c)
{
	kv_txn *txn = hub_begin(fx.hub);
	struct diff d = { .count = 0 };
	struct moment then, now;
	uint64_t entries;
	size_t found = 0;

	enroll_all(txn);
	if (c->first.unit.len > 0)
		give(txn, &lanes[0], c->first);
	entries = journal_size(txn);
	c->happen(txn, &lanes[0]);
	hub_commit(&txn);
	assert_status(kv_read(hub_store(fx.hub), &txn), ST_OK);
	then = moment_of(txn, entries, DAY + 90);
	now = moment_at(fx.hub, txn, DAY + 90);
	assert_status(diff_gather(&then.side, &now.side, &d), ST_OK);
	for (size_t i = 0; i < d.count; i++) {
		const struct diff_line *l = &d.list[i];

		if (strcmp(l->code, c->code) != 0)
			continue;
		found++;
		assert_string_equal(diff_reason_name(l->reason), diff_reason_name(c->reason));
		assert_int_equal(l->held, c->held);
		assert_int_equal(l->restatement, c->restatement);
		assert_int_equal(l->then.amount, c->then);
		assert_int_equal(l->now.amount, c->now);
		assert_true(text_is(diff_why(&d, l), c->why ? c->why : ""));
	}
	assert_int_equal(found, 1);
	diff_done(&d);
	moment_done(&then);
	kv_abort(&txn);
}

static void
each_difference_says_why(void **ctx)
{
	struct event of_b = activity(2, NULL), two = activity(2, NULL);
	const struct change changes[] = {
		{ .happen = is_recorded, .code = "IND-1", .reason = DIFF_NEW, .now = 5 },
		{ .happen = is_recorded_late,
		  .code = "IND-1",
		  .reason = DIFF_LATE,
		  .now = 5,
		  .restatement = true,
		  .why = "minutes" },
		{ .first = two,
		  .happen = is_corrected,
		  .code = "IND-1",
		  .reason = DIFF_CORRECTED,
		  .then = 2,
		  .now = 5,
		  .why = "a 2 was a 5" },
		{ .first = two,
		  .happen = is_corrected_late,
		  .code = "IND-1",
		  .reason = DIFF_CORRECTED,
		  .then = 2,
		  .now = 5,
		  .why = "a 2 was a 5",
		  .restatement = true },
		{ .first = two,
		  .happen = is_voided,
		  .code = "1.1.01",
		  .reason = DIFF_VOIDED,
		  .then = 2,
		  .why = "never was" },
		{ .first = two,
		  .happen = becomes_planned,
		  .code = "IND-1",
		  .reason = DIFF_CORRECTED,
		  .then = 2,
		  .why = "not yet" },
		{ .first = two,
		  .happen = leaves_the_plan,
		  .code = "1.1.01",
		  .reason = DIFF_PLAN,
		  .then = 2 },
		{ .first = of_b,
		  .happen = unit_is_granted,
		  .code = "IND-1",
		  .reason = DIFF_REGISTRY,
		  .held = HOLD_RIGHT,
		  .now = 2 },
	};

	for (size_t i = 0; i < LENGTH(changes); i++) {
		struct change c = changes[i];

		if (c.held == HOLD_RIGHT)
			c.first.unit = text_of("con-b");
		assert_change(&c);
		teardown(ctx);
		setup(ctx);
	}
}

#define diff_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		diff_test(differences_add_up_in_random_worlds),
		diff_test(each_difference_says_why),
	};

	return cmocka_run_group_tests_name("diff", tests, NULL, NULL);
}
