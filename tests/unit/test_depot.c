#include "tests/support/check.h"

#include <string.h>

#include "hub/link/depot.h"

/* The store, linked with --wrap: what each batch gets, by its first number. */
status
__wrap_hub_take_as(hub *h, kv_txn *txn, const struct batch *b, int64_t received_ms, take_how how);
bool __wrap_hub_expect(hub *h, const struct batch *b);
uint64_t __wrap_hub_written(const hub *h, const kv_txn *txn);
status __wrap_hub_settle(hub *h, kv_txn *txn);
status __wrap_kv_write(kv *store, int wait_ms, kv_txn **ret_txn);
status __wrap_kv_commit(kv_txn **txn_p);
void __wrap_kv_abort(kv_txn **txn_p);
status __wrap_contacts_put(kv_txn *txn, const struct contact *c);
kv *__wrap_hub_store(hub *h);
status __wrap_rollback_note(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t registry,
                            uint64_t plan_version, int64_t now_ms);

enum { ROOM = 8 };

static status take[ROOM + 1], lock, commit[ROOM + 1];
static unsigned commits, aborts, contacts_put_count;
static int open_txn;
static unsigned expected;                                      /* and not taken */
static uint64_t expected_list[8 * ROOM], taken_list[8 * ROOM]; /* first numbers */
static unsigned expected_count, taken_count;
static uint64_t writes_bytes, written; /* by each batch; by all of a transaction */
static bool unsettled;                 /* batches were taken and hub_settle() is owed */

/* What was expected is expected once more, from the first on. */
static void
begin_again(void)
{
	expected = 0;
	expected_count = taken_count = 0;
}

kv *
__wrap_hub_store(hub *h)
{
	(void) h;
	return NULL;
}

status
__wrap_kv_write(kv *store, int wait_ms, kv_txn **ret_txn)
{
	(void) store;
	assert_int_equal(wait_ms, 0);
	assert_int_equal(open_txn, 0);
	if (lock < 0)
		return lock;
	open_txn = 1;
	written = 0;
	*ret_txn = (kv_txn *) &open_txn;
	return ST_OK;
}

status
__wrap_kv_commit(kv_txn **txn_p)
{
	assert_false(unsettled);
	*txn_p = NULL;
	open_txn = 0;
	if (commit[commits] < 0)
		begin_again();
	return commit[commits++];
}

void
__wrap_kv_abort(kv_txn **txn_p)
{
	aborts += *txn_p != NULL;
	if (*txn_p)
		begin_again();
	unsettled = false;
	*txn_p = NULL;
	open_txn = 0;
}

/* Each once, in their order; there is room for two that were not taken. */
bool
__wrap_hub_expect(hub *h, const struct batch *b)
{
	(void) h;
	if (expected == 2)
		return false;
	expected_list[expected_count++] = b->first;
	expected++;
	return true;
}

uint64_t
__wrap_hub_written(const hub *h, const kv_txn *txn)
{
	(void) h;
	assert_non_null(txn);
	return written;
}

status
__wrap_hub_take_as(hub *h, kv_txn *txn, const struct batch *b, int64_t received_ms, take_how how)
{
	(void) how;
	(void) h;
	assert_non_null(txn);
	assert_int_equal(received_ms, 12345);
	assert_true(expected > 0);
	taken_list[taken_count] = b->first;
	assert_int_equal(b->first, expected_list[taken_count]); /* in that order */
	taken_count++;
	expected--;
	written += writes_bytes;
	unsettled = true;
	return take[b->first];
}

status
__wrap_hub_settle(hub *h, kv_txn *txn)
{
	(void) h;
	assert_non_null(txn);
	unsettled = false;
	return ST_OK;
}

status
__wrap_contacts_put(kv_txn *txn, const struct contact *c)
{
	(void) txn;
	(void) c;
	contacts_put_count++;
	return ST_OK;
}

status
__wrap_rollback_note(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t registry,
                     uint64_t plan_version, int64_t now_ms)
{
	(void) txn;
	(void) feed;
	(void) registry;
	(void) plan_version;
	(void) now_ms;
	return ST_OK;
}

static depot *d;
static connections *table;
static connection *from, *other;
static size_t done;

static void
keep_one(connection *of, uint64_t first)
{
	static const uint8_t after[HASH_BYTES] = { 9 };
	struct hub_action a = {
		.type = HUB_STORE,
		.round = 4,
		.wire_bytes = 100,
		.batch = { .first = first, .count = 1, .after = after },
	};

	assert_false(depot_full(d));
	assert_non_null(depot_slot(d));
	depot_keep(d, of, &a);
}

/* Batches of one event, with the first numbers 1, 2, 3, ... */
static void
keep(size_t count)
{
	for (size_t i = 0; i < count; i++)
		keep_one(from, i + 1);
	assert_int_equal(from->waiting, count);
}

static status
store(void)
{
	return depot_store(d, NULL, table, 12345, &done);
}

static void
assert_taken(const uint64_t *want, size_t count)
{
	assert_int_equal(taken_count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(taken_list[i], want[i]);
}

static void
all_are_stored_in_one_commit(void **ctx)
{
	(void) ctx;
	take[2] = ST_EXISTS;
	take[3] = ST_UNKNOWN;
	keep(4);
	assert_status(store(), ST_OK);
	assert_int_equal(commits, 1);
	assert_int_equal(done, 4);
	assert_status(depot_at(d, 0)->settled.outcome, ST_OK);
	assert_status(depot_at(d, 1)->settled.outcome, ST_EXISTS);
	assert_status(depot_at(d, 2)->settled.outcome, ST_UNKNOWN);
	assert_status(depot_at(d, 3)->settled.outcome, ST_OK);
	depot_let_go(d, done);
	assert_int_equal(depot_count(d), 0);
	assert_int_equal(from->waiting, 0);
}

/* However much each of them is; those that wait are told of and stored by and by. */
static void
what_is_too_much_for_memory_waits_for_the_next_commit(void **ctx)
{
	static const uint64_t want[] = { 1, 2, 3, 4, 5 };

	(void) ctx;
	writes_bytes = 10 << 20;
	keep(4);
	assert_status(store(), ST_OK);
	assert_int_equal(done, 3);
	depot_let_go(d, done);
	assert_int_equal(depot_count(d), 1);
	assert_int_equal(from->waiting, 1);
	writes_bytes = UINT64_C(1) << 40;
	keep_one(from, 5);
	for (unsigned n = 2; n <= 3; n++) {
		assert_status(store(), ST_OK);
		assert_int_equal(done, 1);
		assert_int_equal(commits, n);
		assert_status(depot_at(d, 0)->settled.outcome, ST_OK);
		depot_let_go(d, done);
	}
	assert_taken(want, LENGTH(want));
	assert_int_equal(depot_count(d), 0);
}

static void
those_of_one_connection_are_stored_together_and_in_their_order(void **ctx)
{
	static const uint64_t want[] = { 1, 3, 6, 2, 4, 5 };

	(void) ctx;
	keep_one(from, 1);
	keep_one(other, 2);
	keep_one(from, 3);
	keep_one(other, 4);
	keep_one(other, 5);
	keep_one(from, 6);
	assert_status(store(), ST_OK);
	assert_taken(want, LENGTH(want));
	for (size_t i = 0; i < LENGTH(want); i++) {
		assert_int_equal(depot_at(d, i)->settled.end.seq, want[i]);
		assert_ptr_equal(depot_at(d, i)->from, i < 3 ? from : other);
	}
}

static void
who_sends_without_end_keeps_nobody_out(void **ctx)
{
	(void) ctx;
	writes_bytes = UINT64_C(1) << 40;
	keep_one(from, 1);
	keep_one(from, 2);
	keep_one(other, 3);
	for (unsigned n = 0; n < 3; n++) {
		assert_int_equal(other->waiting, 1);
		assert_status(store(), ST_OK);
		assert_int_equal(done, 1);
		depot_let_go(d, done);
		keep_one(from, 4 + 2 * n);
		keep_one(from, 5 + 2 * n);
	}
	assert_int_equal(other->waiting, 0);
}

static void
a_held_lock_changes_nothing(void **ctx)
{
	(void) ctx;
	keep(2);
	lock = ST_BUSY;
	assert_status(store(), ST_BUSY);
	assert_int_equal(done, 0);
	assert_int_equal(depot_count(d), 2);
	lock = ST_OK;
	assert_status(store(), ST_OK);
	assert_int_equal(done, 2);
	assert_status(depot_at(d, 1)->settled.outcome, ST_OK);
}

/* Those before it in its commit are tried again, and those behind it wait. */
static void
one_that_cannot_be_stored_keeps_nobody_out(void **ctx)
{
	(void) ctx;
	take[2] = ST_IO;
	keep(3);
	assert_status(store(), ST_IO);
	assert_int_equal(done, 2);
	assert_status(depot_at(d, 0)->settled.outcome, ST_OK);
	assert_status(depot_at(d, 1)->settled.outcome, ST_IO);
	assert_int_equal(commits, 1);
	assert_int_equal(aborts, 2);
	depot_let_go(d, done);
	assert_status(store(), ST_OK);
	assert_int_equal(done, 1);
	assert_status(depot_at(d, 0)->settled.outcome, ST_OK);
	depot_let_go(d, done);
	take[1] = ST_IO;
	keep_one(from, 1);
	assert_status(store(), ST_IO);
	assert_int_equal(done, 1);
	assert_status(depot_at(d, 0)->settled.outcome, ST_IO);
}

static void
a_failed_commit_acknowledges_nothing(void **ctx)
{
	(void) ctx;
	for (size_t i = 0; i < LENGTH(commit); i++)
		commit[i] = ST_IO;
	from->contact_dirty = true;
	keep(2);
	assert_status(store(), ST_IO);
	assert_int_equal(done, 2);
	for (size_t i = 0; i < 2; i++)
		assert_status(depot_at(d, i)->settled.outcome, ST_IO);
	assert_true(from->contact_dirty);
}

static void
a_store_that_cannot_be_written_fails_all(void **ctx)
{
	(void) ctx;
	keep(3);
	lock = ST_IO;
	assert_status(store(), ST_IO);
	assert_int_equal(done, 3);
	for (size_t i = 0; i < 3; i++)
		assert_status(depot_at(d, i)->settled.outcome, ST_IO);
}

static void
a_full_disk_is_tried_once(void **ctx)
{
	(void) ctx;
	commit[0] = ST_FULL;
	keep(3);
	assert_status(store(), ST_FULL);
	assert_int_equal(commits, 1);
	assert_int_equal(done, 3);
	for (size_t i = 0; i < 3; i++)
		assert_status(depot_at(d, i)->settled.outcome, ST_FULL);
}

static void
the_contact_goes_with_what_was_stored(void **ctx)
{
	(void) ctx;
	from->contact.tip.seq = 5;
	from->contact.pending = 5;
	keep(3);
	assert_status(store(), ST_OK);
	assert_int_equal(from->contact.pending, 2);
	assert_int_equal(contacts_put_count, 1);
	assert_false(from->contact_dirty);
	depot_let_go(d, done);
	keep(6);
	assert_status(store(), ST_OK);
	assert_int_equal(from->contact.pending, 0);
	assert_int_equal(from->contact.tip.seq, 6);
}

static void
room_is_bounded(void **ctx)
{
	(void) ctx;
	keep(ROOM);
	assert_true(depot_full(d));
	depot_let_go(d, 3);
	assert_false(depot_full(d));
	for (uint64_t n = 1; n <= 3; n++)
		keep_one(from, n);
	assert_true(depot_full(d));
	depot_let_go(d, ROOM);
	keep(ROOM);
}

static int
set_up(void **ctx)
{
	struct router_peer peer = { .id = "a", .id_len = 1, .fd = -1 };
	struct router_peer second = { .id = "b", .id_len = 1, .fd = -1 };

	(void) ctx;
	memset(take, 0, sizeof(take));
	memset(commit, 0, sizeof(commit));
	lock = ST_OK;
	writes_bytes = 0;
	commits = aborts = contacts_put_count = 0;
	begin_again();
	d = depot_new(ROOM);
	table = connections_new();
	if (!d || !table || connections_add(table, &peer, 0, &from) < 0)
		return -1;
	return connections_add(table, &second, 0, &other);
}

static int
tear_down(void **ctx)
{
	(void) ctx;
	depot_free(&d);
	connections_free(&table);
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(all_are_stored_in_one_commit),
		TEST(what_is_too_much_for_memory_waits_for_the_next_commit),
		TEST(those_of_one_connection_are_stored_together_and_in_their_order),
		TEST(who_sends_without_end_keeps_nobody_out),
		TEST(a_held_lock_changes_nothing),
		TEST(one_that_cannot_be_stored_keeps_nobody_out),
		TEST(a_failed_commit_acknowledges_nothing),
		TEST(a_store_that_cannot_be_written_fails_all),
		TEST(a_full_disk_is_tried_once),
		TEST(the_contact_goes_with_what_was_stored),
		TEST(room_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
