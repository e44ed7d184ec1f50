#include "tests/support/check.h"

#include <string.h>

#include "hub/completeness.h"
#include "hub/cuts.h"
#include "hub/digest.h"
#include "hub/history.h"
#include "hub/ledger.h"
#include "hub/locks.h"
#include "hub/query.h"
#include "hub/rebuild.h"
#include "hub/standing.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/plan_base.h"
#include "tests/unit/no_memory.h"

enum { DAY = 20406, EVENTS = 12, WAIT_MS = 1000, NOW_MS = 5000 };

static struct hub_fixture hub_at;
static struct test_device alice, bob;
static lane known, fresh; /* of alice, which is there; of bob, which is not yet */
static writer frame;      /* all that is fresh, sealed */
static uint8_t set_before[HASH_BYTES], state_before[HASH_BYTES];

static status
digest(uint8_t set[static HASH_BYTES], uint8_t state[static HASH_BYTES])
{
	kv_txn *txn = NULL;
	status st = kv_read(hub_store(hub_at.hub), &txn);

	if (st == ST_OK)
		st = hub_digest(hub_at.hub, txn, set, state);
	kv_abort(&txn);
	return st;
}

static int
setup(void **ctx)
{
	struct point first;
	kv_txn *txn;

	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	txn = hub_begin(hub_at.hub);
	test_device_init(&alice, 1, "con-a");
	test_device_init(&bob, 2, "con-b");
	test_device_enroll(&alice, hub_at.hub, txn, ROLE_DEVICE);
	test_device_enroll(&bob, hub_at.hub, txn, ROLE_DEVICE);
	lane_init(&known, &alice);
	lane_init(&fresh, &bob);
	for (int i = 0; i < EVENTS; i++) {
		struct event e = test_activity("con-a", DAY + i);

		lane_add(&known, &e);
	}
	lane_give_all(&known, 4, hub_at.hub, txn);
	hub_commit(&txn);
	for (int i = 0; i < EVENTS; i++) {
		struct event e = test_activity("con-b", DAY + i);
		struct event level = test_level("con-b", "IND-1", 2025 * 4, 7);

		lane_add(&fresh, i == 4 ? &level : &e);
	}
	first = lane_point(&fresh, 1);
	for (int i = 0; i < 2; i++) { /* the same is taken out and corrected */
		struct event v = test_void("con-b");

		test_fix(&v, &first, NULL);
		lane_add(&fresh, &v);
	}
	writer_init(&frame);
	lane_seal(&fresh, 1, fresh.count, &frame);
	assert_status(digest(set_before, state_before), ST_OK);
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	writer_done(&frame);
	lane_done(&known);
	lane_done(&fresh);
	hub_fixture_done(&hub_at);
	return 0;
}

/* What is there is what was there, and what is made of it. */
static void
is_unchanged(void *ctx, status st)
{
	uint8_t set[HASH_BYTES], state[HASH_BYTES];

	(void) ctx;
	(void) st;
	assert_status(digest(set, state), ST_OK);
	assert_memory_equal(set, set_before, HASH_BYTES);
	assert_memory_equal(state, state_before, HASH_BYTES);
}

/* ---- what writes; each within a transaction that is given up ---- */

typedef status change(kv_txn *txn);

struct changing {
	change *make;
};

static status
try_change(void *ctx)
{
	const struct changing *c = ctx;
	kv_txn *txn = NULL;
	status st = kv_write(hub_store(hub_at.hub), WAIT_MS, &txn);

	if (st == ST_OK)
		st = c->make(txn);
	kv_abort(&txn);
	return st;
}

static status
take(kv_txn *txn)
{
	struct batch b;
	status st = batch_open(writer_bytes(&frame).at, writer_bytes(&frame).len, &b);

	if (st == ST_OK)
		st = hub_take(hub_at.hub, txn, &b, NOW_MS);
	return st == ST_OK ? hub_settle(hub_at.hub, txn) : st;
}

static status
enroll(kv_txn *txn)
{
	struct test_device carol;
	struct request r;
	bool refold;

	test_device_init(&carol, 3, "con-a,con-b");
	r = test_device_request(&carol);
	return registry_enroll(txn, &r, ROLE_DEVICE, NOW_MS, &refold);
}

static status
revoke(kv_txn *txn)
{
	return registry_revoke_all(txn, alice.feed, text_of("stolen"), NOW_MS);
}

static status
lock_quarter(kv_txn *txn)
{
	return hub_lock(hub_at.hub, txn, 2025 * 4 + 3, NOW_MS);
}

static status
cut(kv_txn *txn)
{
	const struct cut_order order = { .name = text_of("2025"), .cutoff = DAY, .now_ms = NOW_MS };
	bool same;

	return hub_cut(hub_at.hub, txn, &order, &same);
}

static char *next_plan; /* the version after the one in force */

static status
publish_plan(kv_txn *txn)
{
	return hub_publish_plan(hub_at.hub, txn, next_plan, strlen(next_plan), NOW_MS);
}

static status
index_anew(kv_txn *txn)
{
	return journal_index_anew(txn);
}

static status
refold(kv_txn *txn)
{
	return hub_refold(hub_at.hub, txn);
}

static status
rebuild(kv_txn *txn)
{
	return hub_rebuild(hub_at.hub, txn);
}

/* Until the last step is done; each try begins at the first. */
static status
rebuild_in_steps(void *ctx)
{
	struct rebuild r = { .anew = true, .step_bytes = 4096 };
	status st;

	(void) ctx;
	do
		st = rebuild_step(hub_at.hub, &r);
	while (st == ST_OK && !r.done);
	return st;
}

static void
sweep_change(const char *name, change *make)
{
	struct changing c = { make };
	/* a plan is parsed with all denied in test_no_memory_protocol.c */
	const struct no_memory what = {
		.call = try_change,
		.check = is_unchanged,
		.each_of_first = 120,
	};

	no_memory_sweep(name, &what, &c);
}

static void
what_changes_says_so_and_changes_nothing(void **ctx)
{
	json_t *root = plan_base();

	(void) ctx;
	plan_base_edit(root, "/version", "4");
	next_plan = json_dumps(root, 0);
	json_decref(root);
	sweep_change("hub_take, hub_settle", take);
	sweep_change("registry_enroll", enroll);
	sweep_change("registry_revoke_all", revoke);
	sweep_change("hub_lock", lock_quarter);
	sweep_change("hub_cut", cut);
	sweep_change("hub_publish_plan", publish_plan);
	sweep_change("journal_index_anew", index_anew);
	sweep_change("hub_refold", refold);
	sweep_change("hub_rebuild", rebuild);
	no_memory_sweep("rebuild_step",
	                &(const struct no_memory) { .call = rebuild_in_steps,
	                                            .check = is_unchanged,
	                                            .each_of_first = 60 },
	                NULL);
	free(next_plan);
}

/* ---- and then it succeeds ---- */

static void
what_was_denied_memory_is_taken_later_as_by_another_hub(void **ctx)
{
	struct changing c = { take };
	const struct no_memory what = { .call = try_change, .check = is_unchanged };
	uint8_t set[HASH_BYTES], state[HASH_BYTES], want_set[HASH_BYTES], want_state[HASH_BYTES];
	kv_txn *txn = hub_begin(hub_at.hub);

	(void) ctx;
	/* what a hub makes of it to which nothing was denied yet */
	assert_status(take(txn), ST_OK);
	assert_status(hub_digest(hub_at.hub, txn, want_set, want_state), ST_OK);
	kv_abort(&txn);
	no_memory_sweep("hub_take, hub_settle", &what, &c);
	txn = hub_begin(hub_at.hub);
	assert_status(take(txn), ST_OK);
	hub_commit(&txn);
	assert_status(digest(set, state), ST_OK);
	assert_memory_equal(set, want_set, HASH_BYTES);
	assert_memory_equal(state, want_state, HASH_BYTES);
}

/* ---- what reads ---- */

static status
opening(void *ctx)
{
	hub *other = NULL;
	status st = hub_open(ctx, &other);

	assert_int_equal(st == ST_OK, other != NULL);
	hub_close(&other);
	return st;
}

/* A hub that has the plan of no transaction yet. */
static status
reading_the_plan(void *ctx)
{
	const plan *p;
	kv_txn *txn = NULL;
	hub *other = NULL;
	status st = hub_open(ctx, &other);

	if (st == ST_OK)
		st = kv_read(hub_store(other), &txn);
	if (st == ST_OK)
		st = hub_plan(other, txn, &p);
	kv_abort(&txn);
	hub_close(&other);
	return st;
}

static status
asking(void *ctx)
{
	struct counts_question asked = {
		.code = text_of("IND-1"),
		.by = { BY_UNIT, BY_MONTH },
		.by_count = 2,
		.from = DATE_MIN,
		.to = DATE_MAX,
		.status = STATUS_DONE,
	};
	struct query q = { .cutoff = DATE_MAX };
	struct groups rows = { 0 };
	struct query_tallies tallies;
	int64_t total;
	status st = kv_read(hub_store(hub_at.hub), &q.txn);

	(void) ctx;
	if (st == ST_OK)
		st = hub_plan(hub_at.hub, q.txn, &q.plan);
	if (st == ST_OK)
		st = query_tallies(&q, &tallies);
	if (st == ST_OK)
		st = query_counts(&q, &asked, &rows, &total);
	if (st == ST_OK && (total != EVENTS || rows.count == 0))
		st = ST_INVALID;
	groups_done(&rows);
	kv_abort(&q.txn);
	return st;
}

static status
count_unit(void *ctx, const struct unit_quarter *u)
{
	*(size_t *) ctx += u->entries;
	return ST_OK;
}

static status
asking_who_has_closed(void *ctx)
{
	struct query q = { .cutoff = DATE_MAX };
	size_t entries = 0;
	status st = kv_read(hub_store(hub_at.hub), &q.txn);

	(void) ctx;
	if (st == ST_OK)
		st = hub_plan(hub_at.hub, q.txn, &q.plan);
	if (st == ST_OK)
		st = completeness_each(&q, 2025 * 4 + 3, DAY, false, count_unit, &entries);
	kv_abort(&q.txn);
	return st == ST_OK && entries != EVENTS ? ST_INVALID : st;
}

static status
looking_at_one(void *ctx)
{
	static uint8_t hashes[EVENTS * HASH_BYTES];
	struct point at = lane_point(&known, 2), leaf = lane_point(&known, EVENTS), end;
	struct history *history = calloc(1, sizeof(*history));
	struct ledger l = { 0 };
	status st = history ? kv_read(hub_store(hub_at.hub), &l.txn) : ST_NOMEM;

	(void) ctx;
	if (st == ST_OK)
		st = hub_plan(hub_at.hub, l.txn, &l.plan);
	if (st == ST_OK)
		st = history_gather(&l, alice.feed, &at, history);
	if (st == ST_OK)
		st = journal_known(l.txn, alice.feed, &at);
	if (st == ST_OK)
		st = journal_below(l.txn, alice.feed, &at, &leaf);
	if (st == ST_OK)
		st = journal_chain(l.txn, alice.feed, &leaf, hashes, &end);
	kv_abort(&l.txn);
	free(history);
	return st;
}

static status
computing_the_digest(void *ctx)
{
	uint8_t set[HASH_BYTES], state[HASH_BYTES];

	(void) ctx;
	return digest(set, state);
}

static status
writing_a_standing(void *ctx)
{
	kv_txn *txn = NULL;
	status st = kv_read(hub_store(hub_at.hub), &txn);
	writer w;

	(void) ctx;
	writer_init(&w);
	if (st == ST_OK)
		st = hub_standing(txn, alice.feed, &w);
	writer_done(&w);
	kv_abort(&txn);
	return st;
}

static void
what_reads_says_so_and_reads_the_same_later(void **ctx)
{
	/* to look for dead readers is as good as done */
	const struct no_memory open = { .call = opening, .does_without = true };
	const struct no_memory plan_of = { .call = reading_the_plan, .does_without = true };

	(void) ctx;
	assert_no_memory(asking, is_unchanged, NULL);
	assert_no_memory(asking_who_has_closed, is_unchanged, NULL);
	assert_no_memory(looking_at_one, is_unchanged, NULL);
	assert_no_memory(writing_a_standing, is_unchanged, NULL);
	assert_no_memory(computing_the_digest, NULL, NULL);
	hub_close(&hub_at.hub);
	no_memory_sweep("hub_open", &open, hub_at.home);
	no_memory_sweep("hub_open, hub_plan", &plan_of, hub_at.home);
	assert_status(hub_open(hub_at.home, &hub_at.hub), ST_OK);
	is_unchanged(NULL, ST_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_changes_says_so_and_changes_nothing, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(
			what_was_denied_memory_is_taken_later_as_by_another_hub, setup, teardown),
		cmocka_unit_test_setup_teardown(what_reads_says_so_and_reads_the_same_later, setup,
		                                teardown),
	};

	return cmocka_run_group_tests_name("no_memory_hub", tests, NULL, NULL);
}
