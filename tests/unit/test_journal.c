#include "tests/support/check.h"

#include <string.h>

#include "hub/hub.h"
#include "hub/journal.h"
#include "protocol/chain.h"
#include "tests/support/hub_fixture.h"

static struct hub_fixture hub_at;
static struct test_device alice, bob;
static kv_txn *txn;
static lane track;

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	txn = hub_begin(hub_at.hub);
	test_device_init(&alice, 1, "con-a");
	test_device_init(&bob, 2, "con-b");
	lane_init(&track, &alice);
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	lane_done(&track);
	kv_abort(&txn);
	hub_fixture_done(&hub_at);
	return 0;
}

static void
record(lane *l, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct event e = test_activity("con-a", 20406);

		lane_add(l, &e);
	}
}

/* Give events first to last to the journal alone. */
static status
take(const lane *l, uint64_t first, uint64_t last, uint64_t *ret_skipped)
{
	static uint8_t raw[BATCH_RAW_BYTES_MAX];
	static struct batch_event events[BATCH_EVENTS_MAX];
	struct batch_content content = { .events = events };
	struct taken t;
	struct batch b;
	writer w;
	status st;

	writer_init(&w);
	lane_seal(l, first, last, &w);
	assert_status(batch_open(writer_bytes(&w).at, writer_bytes(&w).len, &b), ST_OK);
	assert_status(batch_unpack(&b, raw, &content.bodies), ST_OK);
	assert_status(batch_verify(&b, content.bodies, events), ST_OK);
	st = journal_take(txn, &b, &content, 5000, TAKE_JOINED, &t);
	if (st == ST_OK)
		*ret_skipped = t.skipped;
	writer_done(&w);
	return st;
}

static void
assert_taken(const lane *l, uint64_t first, uint64_t last, uint64_t skipped)
{
	uint64_t got = 77;

	assert_status(take(l, first, last, &got), ST_OK);
	assert_int_equal(got, skipped);
}

static void
assert_known(const lane *l, uint64_t first, uint64_t last, status want)
{
	for (uint64_t seq = first; seq <= last; seq++) {
		struct point p = lane_point(l, seq);

		if (journal_known(txn, l->device->feed, &p) != want)
			fail_msg("event %ju: wanted '%s'", (uintmax_t) seq, status_text(want));
	}
}

static size_t
lanes(const struct test_device *d)
{
	struct point list[4];
	size_t count;

	assert_status(journal_leaves(txn, d->feed, list, LENGTH(list), &count), ST_OK);
	return count;
}

static void
each_entry_has_a_running_hash_of_all_before(void **ctx)
{
	(void) ctx;
	struct journal_entry entry = { 0 };
	uint8_t want[HASH_BYTES] = { 0 };
	uint64_t offset;
	struct bytes bytes = { (const uint8_t *) "something", 9 };

	assert_status(journal_append(txn, JOURNAL_REGISTRY, -2, bytes, &offset), ST_OK);
	assert_int_equal(offset, journal_size(txn) - 1);
	for (offset = 0; offset < journal_size(txn); offset++) {
		uint8_t in[16 + HASH_BYTES + 1 + 8 + HASH_BYTES];

		assert_status(journal_read(txn, offset, &entry), ST_OK);
		memcpy(in, "valija/journal/1", 16);
		memcpy(in + 16, want, HASH_BYTES);
		in[48] = (uint8_t) entry.kind;
		put_u64(in + 49, (uint64_t) entry.received_ms);
		hash_bytes(entry.bytes.at, entry.bytes.len, in + 57);
		hash_bytes(in, sizeof(in), want);
		assert_memory_equal(entry.running, want, HASH_BYTES);
	}
	assert_int_equal(entry.received_ms, -2);
	assert_int_equal(entry.bytes.len, 9);
	assert_status(journal_read(txn, offset, &entry), ST_NOT_FOUND);
}

static void
the_beginning_of_a_feed_is_always_known(void **ctx)
{
	(void) ctx;
	struct point p = lane_point(&track, 0);

	assert_status(journal_known(txn, alice.feed, &p), ST_OK);
	assert_status(journal_known(txn, bob.feed, &p), ST_NOT_FOUND);
}

static void
every_event_of_a_batch_is_known_and_no_other(void **ctx)
{
	(void) ctx;
	lane other;

	record(&track, 20);
	assert_taken(&track, 1, 7, 0);
	assert_taken(&track, 8, 8, 0);
	assert_taken(&track, 9, 15, 0);
	assert_known(&track, 0, 15, ST_OK);
	assert_known(&track, 16, 20, ST_NOT_FOUND);
	lane_fork(&other, &track, 10);
	record(&other, 10);
	assert_known(&other, 1, 10, ST_OK);
	assert_known(&other, 11, 20, ST_NOT_FOUND);
	lane_done(&other);
}

static void
a_batch_is_kept_as_it_came(void **ctx)
{
	(void) ctx;
	struct journal_entry entry;
	writer w;

	record(&track, 5);
	assert_taken(&track, 1, 5, 0);
	writer_init(&w);
	lane_seal(&track, 1, 5, &w);
	assert_status(journal_read(txn, journal_size(txn) - 1, &entry), ST_OK);
	assert_int_equal(entry.kind, JOURNAL_BATCH);
	assert_int_equal(entry.received_ms, 5000);
	assert_int_equal(entry.bytes.len, writer_bytes(&w).len);
	assert_memory_equal(entry.bytes.at, writer_bytes(&w).at, entry.bytes.len);
	writer_done(&w);
}

static void
what_is_known_is_not_stored_again(void **ctx)
{
	(void) ctx;
	uint64_t size, skipped = 77;

	record(&track, 20);
	assert_taken(&track, 1, 10, 0);
	size = journal_size(txn);
	assert_status(take(&track, 1, 10, &skipped), ST_EXISTS);
	assert_status(take(&track, 3, 7, &skipped), ST_EXISTS);
	assert_status(take(&track, 10, 10, &skipped), ST_EXISTS);
	assert_int_equal(skipped, 77);
	assert_int_equal(journal_size(txn), size);
}

static void
a_known_beginning_is_cut_off_and_the_rest_is_still_sealed(void **ctx)
{
	(void) ctx;
	static uint8_t space[BATCH_RAW_BYTES_MAX];
	struct journal_entry entry;
	struct bytes bodies;
	struct batch b;

	record(&track, 20);
	assert_taken(&track, 1, 4, 0);
	assert_taken(&track, 5, 10, 0);
	assert_taken(&track, 3, 17, 8);
	assert_int_equal(lanes(&alice), 1);
	assert_known(&track, 0, 17, ST_OK);
	assert_status(journal_read(txn, journal_size(txn) - 1, &entry), ST_OK);
	assert_status(batch_open(entry.bytes.at, entry.bytes.len, &b), ST_OK);
	assert_int_equal(b.first, 11);
	assert_int_equal(b.count, 7);
	assert_status(batch_unpack(&b, space, &bodies), ST_OK);
	assert_status(batch_verify(&b, bodies, NULL), ST_OK);
}

enum { WRONG_HASHES = 4096 };

/* Of so many hashes that no event of that number has, how many are not told to be unknown;
 * each must give that status. */
static size_t
ask_wrong_hashes(uint64_t seq, status want)
{
	struct point p = { .seq = seq };
	size_t count = 0;

	for (uint64_t n = 0; n < WRONG_HASHES; n++) {
		status st;

		hash_bytes((const uint8_t *) &n, sizeof(n), p.hash);
		st = journal_known(txn, alice.feed, &p);
		if (st == ST_NOT_FOUND)
			continue;
		assert_status(st, want);
		count++;
	}
	return count;
}

static void
damage_last_entry(void)
{
	static const uint8_t junk[64] = { JOURNAL_BATCH };
	uint8_t key[8];

	put_u64(key, journal_size(txn) - 1);
	assert_status(kv_put(txn, TABLE_JOURNAL, (struct bytes) { key, sizeof(key) },
	                     (struct bytes) { junk, sizeof(junk) }),
	              ST_OK);
}

/* Some hundreds of these have the tag of the event, and are compared as a whole. */
static void
a_wrong_hash_is_unknown_whatever_its_tag(void **ctx)
{
	(void) ctx;
	record(&track, 10);
	assert_taken(&track, 1, 10, 0);
	assert_int_equal(ask_wrong_hashes(5, ST_NOT_FOUND), 0);
	assert_int_equal(ask_wrong_hashes(10, ST_NOT_FOUND), 0);
}

/* That nothing is read shows where what would be read is damaged: one in 16 is. */
static void
what_is_not_there_is_told_without_reading_most_batches(void **ctx)
{
	(void) ctx;
	struct point p;
	size_t read;

	record(&track, 10);
	assert_taken(&track, 1, 10, 0);
	damage_last_entry();
	p = lane_point(&track, 5);
	assert_status(journal_known(txn, alice.feed, &p), ST_MALFORMED);
	read = ask_wrong_hashes(5, ST_MALFORMED);
	assert_in_range(read, WRONG_HASHES / 32, WRONG_HASHES / 8);
	assert_int_equal(ask_wrong_hashes(10, ST_MALFORMED), 0); /* the row has its hash */
	assert_known(&track, 10, 10, ST_OK);
}

/* Else a device of many lanes could have as many batches unpacked by asking for
 * one point. */
static void
of_further_lanes_hardly_any_is_read(void **ctx)
{
	(void) ctx;
	struct point p;
	lane other;

	record(&track, 10);
	assert_taken(&track, 1, 10, 0);
	lane_fork(&other, &track, 3);
	record(&other, 10);
	assert_taken(&other, 4, 10, 0);
	damage_last_entry();
	p = lane_point(&other, 5);
	assert_status(journal_known(txn, alice.feed, &p), ST_MALFORMED);
	assert_in_range(ask_wrong_hashes(5, ST_MALFORMED), 0, 4);
	lane_done(&other);
}

static void
what_joins_nowhere_is_asked_for(void **ctx)
{
	(void) ctx;
	uint64_t skipped;
	lane other;

	record(&track, 20);
	assert_taken(&track, 1, 5, 0);
	assert_status(take(&track, 7, 9, &skipped), ST_UNKNOWN);
	lane_fork(&other, &track, 3);
	record(&other, 10);
	assert_status(take(&other, 6, 9, &skipped),
	              ST_UNKNOWN); /* seq 5 is there, but not this one */
	assert_int_equal(lanes(&alice), 1);
	lane_done(&other);
}

static void
a_fork_becomes_a_lane_wherever_it_begins(void **ctx)
{
	(void) ctx;
	static const size_t keeps[] = { 10, 9, 4, 1, 0 };
	uint64_t events = 0;
	struct point tip;

	record(&track, 10);
	assert_taken(&track, 1, 6, 0);
	assert_taken(&track, 7, 10, 0);
	for (size_t i = 0; i < LENGTH(keeps); i++) {
		lane other;

		lane_fork(&other, &track, keeps[i]);
		record(&other, 5);
		assert_taken(&other, 1, keeps[i] + 5, keeps[i]);
		assert_known(&other, 0, keeps[i] + 5, ST_OK);
		assert_known(&track, 0, 10, ST_OK);
		assert_int_equal(lanes(&alice), keeps[i] == 10 ? 1 : i + 1);
		lane_done(&other);
	}
	tip = lane_point(&track, 0);
	assert_status(journal_beyond(txn, alice.feed, &tip, &events), ST_OK);
	assert_int_equal(events, 10 + 5 * LENGTH(keeps));
}

static void
leaves_come_in_the_order_of_number_and_hash(void **ctx)
{
	(void) ctx;
	struct point list[3];
	size_t count;

	record(&track, 5);
	assert_taken(&track, 1, 5, 0);
	for (int i = 0; i < 3; i++) {
		lane other;

		lane_fork(&other, &track, 2);
		record(&other, i == 0 ? 2 : 3);
		assert_taken(&other, 1, i == 0 ? 4 : 5, 2);
		lane_done(&other);
	}
	assert_status(journal_leaves(txn, alice.feed, list, 3, &count), ST_OK);
	assert_int_equal(count, 4); /* more than there was room for */
	assert_int_equal(list[0].seq, 4);
	assert_int_equal(list[1].seq, 5);
	assert_true(memcmp(list[1].hash, list[2].hash, HASH_BYTES) < 0);
}

static void
events_beyond_a_point_are_counted_over_all_lanes(void **ctx)
{
	(void) ctx;
	uint64_t beyond = 77;
	struct point p;
	lane other;

	record(&track, 30);
	lane_fork(&other, &track, 8);
	record(&other, 5);
	assert_taken(&track, 1, 20, 0);
	assert_taken(&other, 1, 12, 8);
	p = lane_point(&track, 20);
	assert_status(journal_beyond(txn, alice.feed, &p, &beyond), ST_OK);
	assert_int_equal(beyond, 4);
	p = lane_point(&other, 12);
	assert_status(journal_beyond(txn, alice.feed, &p, &beyond), ST_OK);
	assert_int_equal(beyond, 12);
	p = lane_point(&track, 8); /* where they part */
	assert_status(journal_beyond(txn, alice.feed, &p, &beyond), ST_OK);
	assert_int_equal(beyond, 16);
	lane_done(&other);
}

static void
lanes_of_a_feed_are_bounded(void **ctx)
{
	(void) ctx;
	uint64_t skipped, size;
	lane other;

	record(&track, 1);
	assert_taken(&track, 1, 1, 0);
	for (int i = 0; i < LANES_MAX; i++) {
		lane_fork(&other, &track, 1);
		record(&other, 2);
		assert_taken(&other, 2, 2, 0);
		if (i < LANES_MAX - 1)
			lane_done(&other);
	}
	assert_int_equal(lanes(&alice), LANES_MAX);
	size = journal_size(txn);
	record(&track, 1);
	assert_status(take(&track, 2, 2, &skipped), ST_LIMIT);
	assert_int_equal(journal_size(txn), size);
	assert_taken(&other, 3, 3, 0); /* one that is there goes on */
	assert_int_equal(lanes(&alice), LANES_MAX);
	lane_done(&other);
}

static void
assert_found(const lane *l, uint64_t seq, size_t prefix_len, status want)
{
	const struct lane_event *e = &l->events[seq - 1];
	static struct found_event found;
	status st = journal_find(txn, l->device->feed, seq, e->at.hash, prefix_len, &found);

	assert_status(st, want);
	if (want != ST_OK)
		return;
	assert_true(point_equal(&found.at, &e->at));
	assert_memory_equal(found.feed, l->device->feed, FEED_BYTES);
	assert_int_equal(found.erased, e->erased);
	assert_int_equal(found.received_ms, 5000);
	assert_int_equal(found.body_len, e->erased ? 0 : e->len);
	if (!e->erased)
		assert_memory_equal(found.body, e->body, e->len);
}

static void
an_event_is_found_by_number_and_hash(void **ctx)
{
	(void) ctx;
	lane other;

	record(&track, 12);
	lane_erase(&track, 3);
	lane_fork(&other, &track, 8);
	record(&other, 4);
	assert_taken(&track, 1, 5, 0);
	assert_taken(&track, 6, 12, 0);
	assert_taken(&other, 1, 10, 8);
	for (uint64_t seq = 1; seq <= 12; seq++) {
		assert_found(&track, seq, HASH_BYTES, ST_OK);
		assert_found(&track, seq, HASH_PREFIX_BYTES, ST_OK);
	}
	assert_found(&other, 10, HASH_BYTES, ST_OK);
	assert_found(&other, 11, HASH_BYTES, ST_NOT_FOUND);
	assert_found(&track, 7, 0, ST_OK);
	assert_found(&track, 9, 0, ST_EXISTS); /* two of that number */
	assert_found(&track, 11, 0, ST_OK);
	lane_done(&other);
}

static status
check_next(void *ctx, const struct journal_event *e)
{
	uint64_t *seen = ctx;

	if (memcmp(e->feed, alice.feed, FEED_BYTES) != 0)
		return ST_OK; /* the hub's own */
	assert_true(point_equal(&e->event.at, &track.events[*seen].at));
	assert_int_equal(e->event.body.len, track.events[*seen].len);
	assert_int_equal(e->received_ms, 5000);
	/* a visit may write */
	assert_status(
		kv_put(txn, TABLE_META, (struct bytes) { (const uint8_t *) "x", 1 }, e->event.body),
		ST_OK);
	return ++*seen == 9 ? ST_FULL : ST_OK;
}

static void
every_event_is_visited_in_the_order_of_the_journal(void **ctx)
{
	(void) ctx;
	uint64_t seen = 0;

	record(&track, 9);
	assert_taken(&track, 1, 3, 0);
	assert_taken(&track, 2, 6, 2);
	assert_status(journal_each_event(txn, check_next, &seen), ST_OK);
	assert_int_equal(seen, 6);
	seen = 0;
	assert_taken(&track, 7, 9, 0);
	assert_status(journal_each_event(txn, check_next, &seen), ST_FULL);
	assert_int_equal(seen, 9);
}

static void
forks_are_told_by_where_they_begin(void **ctx)
{
	(void) ctx;
	uint64_t list[2];
	size_t count;
	lane other;

	record(&track, 10);
	assert_taken(&track, 1, 10, 0);
	assert_status(journal_forks(txn, alice.feed, list, 2, &count), ST_OK);
	assert_int_equal(count, 0);
	lane_fork(&other, &track, 4);
	record(&other, 4);
	assert_taken(&other, 5, 6, 0);
	assert_taken(&other, 7, 8, 0);
	lane_done(&other);
	lane_fork(&other, &track, 0);
	record(&other, 1);
	assert_taken(&other, 1, 1, 0);
	lane_done(&other);
	assert_status(journal_forks(txn, alice.feed, list, 2, &count), ST_OK);
	assert_int_equal(count, 2);
	assert_int_equal(list[0], 0);
	assert_int_equal(list[1], 4);
}

#define journal_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		journal_test(each_entry_has_a_running_hash_of_all_before),
		journal_test(the_beginning_of_a_feed_is_always_known),
		journal_test(every_event_of_a_batch_is_known_and_no_other),
		journal_test(a_batch_is_kept_as_it_came),
		journal_test(what_is_known_is_not_stored_again),
		journal_test(a_known_beginning_is_cut_off_and_the_rest_is_still_sealed),
		journal_test(a_wrong_hash_is_unknown_whatever_its_tag),
		journal_test(what_is_not_there_is_told_without_reading_most_batches),
		journal_test(of_further_lanes_hardly_any_is_read),
		journal_test(what_joins_nowhere_is_asked_for),
		journal_test(a_fork_becomes_a_lane_wherever_it_begins),
		journal_test(leaves_come_in_the_order_of_number_and_hash),
		journal_test(events_beyond_a_point_are_counted_over_all_lanes),
		journal_test(lanes_of_a_feed_are_bounded),
		journal_test(an_event_is_found_by_number_and_hash),
		journal_test(every_event_is_visited_in_the_order_of_the_journal),
		journal_test(forks_are_told_by_where_they_begin),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
