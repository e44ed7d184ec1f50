#include "tests/support/check.h"

#include <lmdb.h>
#include <sodium.h>
#include <string.h>

#include "hub/journal.h"
#include "hub/locks.h"
#include "hub/rebuild.h"
#include "hub/registry.h"
#include "hub/repair.h"
#include "hub/standing.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/plan_base.h"

/* Linked with --wrap=mdb_txn_commit. */
static bool next_commit_is_full;

int __real_mdb_txn_commit(MDB_txn *t);
int __wrap_mdb_txn_commit(MDB_txn *t);

int
__wrap_mdb_txn_commit(MDB_txn *t)
{
	if (!next_commit_is_full)
		return __real_mdb_txn_commit(t);
	next_commit_is_full = false;
	mdb_txn_abort(t);
	return MDB_MAP_FULL;
}

enum { DAY = 20406, EVENTS = 24, STEP = 3, SMALL = 1 /* byte: an entry a step */ };

static struct hub_fixture hub_at;
static struct test_device alice, bob;
static lane alices, bobs;
static kv_txn *txn;

static void
add(lane *l, const char *unit, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct event e = test_activity(unit, DAY + (date) l->count);
		struct event level = test_level(unit, "IND-1", 2025 * 4, l->count);
		struct event void_it = test_void(unit);

		switch (l->count % 6) {
		case 4: lane_add(l, &level); break;
		case 5: {
			struct point at = lane_point(l, l->count - 3);

			test_fix(&void_it, &at, NULL);
			lane_add(l, &void_it);
			break;
		}
		default: lane_add(l, &e); break;
		}
	}
}

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	txn = hub_begin(hub_at.hub);
	test_device_init(&alice, 1, "con-a");
	test_device_init(&bob, 2, "con-b");
	test_device_enroll(&alice, hub_at.hub, txn, ROLE_DEVICE);
	test_device_enroll(&bob, hub_at.hub, txn, ROLE_DEVICE);
	lane_init(&alices, &alice);
	lane_init(&bobs, &bob);
	add(&alices, "con-a", EVENTS);
	add(&bobs, "con-b", EVENTS);
	lane_give_all(&alices, STEP, hub_at.hub, txn);
	lane_give_all(&bobs, STEP, hub_at.hub, txn);
	hub_commit(&txn);
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	kv_abort(&txn);
	lane_done(&alices);
	lane_done(&bobs);
	hub_fixture_done(&hub_at);
	return 0;
}

/* ---- looking ---- */

static bool
is_derived(int table)
{
	return table != TABLE_META && table != TABLE_JOURNAL && table != TABLE_CONTACTS &&
		table != TABLE_BACKUPS && table != TABLE_SAFE &&
		table != TABLE_BLOCKS; /* which is made when somebody asks */
}

/* Of all that is derived. */
static void
hash_rows(kv_txn *t, uint8_t hash[static HASH_BYTES])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
	for (int table = 0; table < HUB_TABLES_; table++) {
		struct kv_walk walk;

		for (bool more =
		             is_derived(table) && kv_seek(t, table, (struct bytes) { 0 }, &walk);
		     more; more = kv_next(&walk)) {
			crypto_generichash_update(&state, (const uint8_t *) &table, sizeof(table));
			crypto_generichash_update(&state, walk.key.at, walk.key.len);
			crypto_generichash_update(&state, walk.value.at, walk.value.len);
		}
		if (is_derived(table))
			kv_walk_done(&walk);
	}
	crypto_generichash_final(&state, hash, HASH_BYTES);
}

static void
rows_now(uint8_t hash[static HASH_BYTES])
{
	kv_txn *t = NULL;

	assert_status(kv_read(hub_store(hub_at.hub), &t), ST_OK);
	hash_rows(t, hash);
	kv_abort(&t);
}

/* What one pass over the journal makes of it; nothing is kept. */
static void
rows_of_one_pass(uint8_t hash[static HASH_BYTES])
{
	kv_txn *t = hub_begin(hub_at.hub);

	assert_status(hub_rebuild(hub_at.hub, t), ST_OK);
	hash_rows(t, hash);
	kv_abort(&t);
}

static void
assert_rows_are(const uint8_t want[static HASH_BYTES])
{
	uint8_t got[HASH_BYTES];

	rows_now(got);
	assert_memory_equal(got, want, HASH_BYTES);
}

static void
assert_rows_of_one_pass(void)
{
	uint8_t want[HASH_BYTES];

	rows_of_one_pass(want);
	assert_rows_are(want);
}

static void
assert_other_side_is_empty(void)
{
	kv_txn *t = NULL;

	assert_status(kv_read(hub_store(hub_at.hub), &t), ST_OK);
	kv_turn(t);
	for (int table = 0; table < HUB_TABLES_; table++) {
		if (is_derived(table))
			assert_int_equal(kv_count(t, table), 0);
	}
	kv_abort(&t);
}

/* ---- steps ---- */

static void
steps(struct rebuild *r, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		assert_status(rebuild_step(hub_at.hub, r), ST_OK);
}

static unsigned
finish(struct rebuild *r)
{
	unsigned made = 0;

	for (; !r->done; made++)
		steps(r, 1);
	return made;
}

static void
reopen(void)
{
	hub_close(&hub_at.hub);
	assert_status(hub_open(hub_at.home, &hub_at.hub), ST_OK);
}

static void
assert_same_digests(const struct rebuild *r)
{
	assert_true(r->before.known && r->after.known);
	assert_memory_equal(r->before.set, r->after.set, HASH_BYTES);
	assert_memory_equal(r->before.state, r->after.state, HASH_BYTES);
}

/* ---- what others write ---- */

static void
revoke_bob(void)
{
	txn = hub_begin(hub_at.hub);
	assert_status(registry_revoke_all(txn, bob.feed, text_of("left"), 1), ST_OK);
	assert_status(hub_refold(hub_at.hub, txn), ST_OK);
	hub_commit(&txn);
}

static void
lock_a_quarter(void)
{
	txn = hub_begin(hub_at.hub);
	assert_status(hub_lock(hub_at.hub, txn, 2025 * 4 + 3, 1), ST_OK);
	assert_status(hub_settle(hub_at.hub, txn), ST_OK);
	hub_commit(&txn);
}

static void
take_more(lane *l, const char *unit)
{
	size_t had = l->count;

	add(l, unit, 6);
	txn = hub_begin(hub_at.hub);
	assert_status(lane_give(l, had + 1, l->count, hub_at.hub, txn), ST_OK);
	hub_commit(&txn);
}

static void
load_a_plan(void)
{
	json_t *root = plan_base();

	plan_base_edit(root, "/version", "4");
	txn = hub_begin(hub_at.hub);
	hub_give_plan(hub_at.hub, txn, root);
	assert_status(hub_settle(hub_at.hub, txn), ST_OK);
	hub_commit(&txn);
}

static void
enroll_carol(void)
{
	struct test_device carol;

	test_device_init(&carol, 3, "con-a,con-b");
	txn = hub_begin(hub_at.hub);
	test_device_enroll(&carol, hub_at.hub, txn, ROLE_DEVICE);
	hub_commit(&txn);
}

static void
note_a_repair(void)
{
	static const char key[] = "repairs";
	uint8_t value[8];

	txn = hub_begin(hub_at.hub);
	put_u64(value, repair_number(txn) + 1);
	assert_status(kv_put(txn, TABLE_META, (struct bytes) { (const uint8_t *) key, strlen(key) },
	                     (struct bytes) { value, sizeof(value) }),
	              ST_OK);
	hub_commit(&txn);
}

/* ---- tests ---- */

static void
check_steps(void)
{
	struct rebuild r = { .compare = true, .step_bytes = SMALL };

	assert_in_range(finish(&r), EVENTS / STEP, 1000);
	assert_int_equal(r.again, 0);
	assert_same_digests(&r);
	assert_rows_of_one_pass();
	assert_other_side_is_empty();
}

static void
steps_make_what_one_pass_makes(void **ctx)
{
	(void) ctx;
	check_steps();
	check_steps(); /* and from that side to the first one */
	revoke_bob();
	check_steps();
	lock_a_quarter();
	check_steps();
}

static void
one_step_is_enough_where_little_is(void **ctx)
{
	struct rebuild r = { .compare = true };

	(void) ctx;
	assert_int_equal(finish(&r), 1);
	assert_same_digests(&r);
	assert_rows_of_one_pass();
}

static void
who_comes_next_goes_on_where_one_was_ended(void **ctx)
{
	uint8_t before[HASH_BYTES];

	(void) ctx;
	rows_now(before);
	for (unsigned ended = 2; ended < 16; ended += 3) {
		struct rebuild first = { .step_bytes = SMALL };
		struct rebuild next = { .step_bytes = SMALL, .compare = true };

		steps(&first, ended);
		assert_false(first.done);
		reopen();
		assert_rows_are(before);
		finish(&next);
		assert_int_equal(next.found, first.at);
		assert_int_equal(next.again, 0);
		assert_same_digests(&next);
		assert_rows_of_one_pass();
	}
}

static void
who_wants_to_begins_at_the_first_entry(void **ctx)
{
	struct rebuild first = { .step_bytes = SMALL };
	struct rebuild next = { .step_bytes = SMALL, .anew = true };

	(void) ctx;
	steps(&first, 8);
	steps(&next, 2);
	assert_int_equal(next.found, 0);
	assert_true(next.at < first.at);
	finish(&next);
	assert_rows_of_one_pass();
}

static void
what_comes_between_two_steps_counts_once(void **ctx)
{
	struct rebuild r = { .step_bytes = SMALL, .compare = true };

	(void) ctx;
	for (int i = 0; i < 4; i++) {
		steps(&r, 4);
		take_more(&alices, "con-a");
	}
	finish(&r);
	assert_int_equal(r.again, 0);
	assert_same_digests(&r);
	assert_rows_of_one_pass();
	take_more(&bobs, "con-b"); /* and the hub goes on from there */
	assert_rows_of_one_pass();
}

/* A loss and a lock ask the index. */
static void
the_same_where_the_index_comes_first(void **ctx)
{
	(void) ctx;
	revoke_bob();
	lock_a_quarter();
	what_comes_between_two_steps_counts_once(ctx);
}

static void
change_between(unsigned before, void (*change)(void), unsigned again)
{
	struct rebuild r = { .step_bytes = SMALL, .compare = true };

	steps(&r, before);
	change();
	finish(&r);
	assert_int_equal(r.again, again);
	assert_same_digests(&r);
	assert_rows_of_one_pass();
	assert_other_side_is_empty();
}

static void
it_begins_again_where_plan_lock_or_registry_changed(void **ctx)
{
	(void) ctx;
	change_between(6, load_a_plan, 1);
	change_between(6, enroll_carol, 1);
	change_between(6, revoke_bob, 1);
}

/* The first lock of a quarter that names all that is here changes nothing; the second does,
 * since what has come meanwhile is late for the first. */
static void
it_begins_again_with_a_lock_that_changes_something(void **ctx)
{
	uint64_t entries;

	(void) ctx;
	lock_a_quarter();
	take_more(&alices, "con-a");
	change_between(6, lock_a_quarter, 0); /* nothing is judged yet: the index is made */
	take_more(&alices, "con-a");
	txn = hub_begin(hub_at.hub);
	entries = journal_size(txn);
	hub_commit(&txn);
	change_between((unsigned) entries + 3, lock_a_quarter, 1);
}

static void
it_begins_again_where_the_journal_was_repaired(void **ctx)
{
	(void) ctx;
	change_between(6, note_a_repair, 1);
}

static void
change_a_number(void)
{
	struct kv_walk walk;
	uint8_t key[200], value[200] = { 0 };
	struct bytes k = { key, 0 }, v = { value, 0 };

	txn = hub_begin(hub_at.hub);
	assert_true(kv_seek(txn, TABLE_CELLS, (struct bytes) { 0 }, &walk));
	k.len = walk.key.len;
	v.len = walk.value.len;
	memcpy(key, walk.key.at, k.len);
	memcpy(value, walk.value.at, v.len);
	kv_walk_done(&walk);
	value[v.len - 1] ^= 2;
	assert_status(kv_put(txn, TABLE_CELLS, k, v), ST_OK);
	hub_commit(&txn);
}

static void
until_the_end_all_is_as_before(void **ctx)
{
	struct rebuild r = { .step_bytes = SMALL, .compare = true };
	uint8_t wrong[HASH_BYTES], right[HASH_BYTES];
	kv_txn *seen = NULL;

	(void) ctx;
	rows_now(right);
	change_a_number();
	rows_now(wrong);
	for (;;) {
		steps(&r, 1);
		if (r.done)
			break;
		assert_rows_are(wrong);
	}
	assert_rows_are(right);
	assert_memory_not_equal(r.before.state, r.after.state, HASH_BYTES);
	assert_memory_equal(r.before.set, r.after.set, HASH_BYTES);
	assert_status(kv_read(hub_store(hub_at.hub), &seen), ST_OK);
	assert_status(kv_read_all(seen), ST_OK);
	kv_abort(&seen);
}

/* The devices are told of nothing before there is something. */
static void
standings_are_touched_at_the_end(void **ctx)
{
	struct rebuild r = { .step_bytes = SMALL };
	uint64_t before = 0, now = 0;

	(void) ctx;
	txn = hub_begin(hub_at.hub);
	assert_status(hub_standing_version(txn, alice.feed, &before), ST_OK);
	hub_commit(&txn);
	take_more(&bobs, "con-b");
	for (; !r.done; steps(&r, 1)) {
		txn = hub_begin(hub_at.hub);
		assert_status(hub_standing_version(txn, alice.feed, &now), ST_OK);
		hub_commit(&txn);
		assert_int_equal(now, before);
	}
	txn = hub_begin(hub_at.hub);
	assert_status(hub_standing_version(txn, alice.feed, &now), ST_OK);
	assert_int_equal(now, journal_size(txn));
}

static void
a_full_disk_gets_its_room_back(void **ctx)
{
	struct rebuild r = { .step_bytes = SMALL }, next = { .step_bytes = SMALL };
	uint8_t before[HASH_BYTES];

	(void) ctx;
	rows_now(before);
	steps(&r, 8);
	next_commit_is_full = true;
	assert_status(rebuild_step(hub_at.hub, &r), ST_FULL);
	assert_false(r.done);
	assert_rows_are(before);
	assert_other_side_is_empty();
	finish(&next);
	assert_int_equal(next.found, 0);
	assert_rows_of_one_pass();
}

/* Both go on from the same note; the second finds none in the end, and begins once more. */
static void
two_at_once_do_not_disturb_each_other(void **ctx)
{
	struct rebuild one = { .step_bytes = SMALL }, other = { .step_bytes = SMALL };

	(void) ctx;
	for (int i = 0; i < 5; i++) {
		steps(&one, 1);
		steps(&other, 1);
	}
	finish(&one);
	assert_rows_of_one_pass();
	finish(&other);
	assert_rows_of_one_pass();
	assert_other_side_is_empty();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(steps_make_what_one_pass_makes),
		TEST(one_step_is_enough_where_little_is),
		TEST(who_comes_next_goes_on_where_one_was_ended),
		TEST(who_wants_to_begins_at_the_first_entry),
		TEST(what_comes_between_two_steps_counts_once),
		TEST(the_same_where_the_index_comes_first),
		TEST(it_begins_again_where_plan_lock_or_registry_changed),
		TEST(it_begins_again_with_a_lock_that_changes_something),
		TEST(it_begins_again_where_the_journal_was_repaired),
		TEST(until_the_end_all_is_as_before),
		TEST(standings_are_touched_at_the_end),
		TEST(a_full_disk_gets_its_room_back),
		TEST(two_at_once_do_not_disturb_each_other),
	};

	return cmocka_run_group_tests_name("rebuild", tests, NULL, NULL);
}
