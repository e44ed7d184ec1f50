/* The batches that go back to a device, from a point on. */
#include "tests/support/check.h"

#include <string.h>

#include "hub/journal.h"
#include "protocol/chain.h"
#include "tests/support/hub_fixture.h"

static struct hub_fixture hub_at;
static struct test_device alice;
static kv_txn *txn;
static lane original;
static uint64_t offsets[EVENTS_BATCHES_MAX];
static size_t count;

static void
record(lane *l, size_t events)
{
	for (size_t i = 0; i < events; i++) {
		struct event e = test_activity("con-a", 20406);

		lane_add(l, &e);
	}
}

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	txn = hub_begin(hub_at.hub);
	test_device_init(&alice, 1, "con-a");
	test_device_enroll(&alice, hub_at.hub, txn, ROLE_DEVICE);
	lane_init(&original, &alice);
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	lane_done(&original);
	kv_abort(&txn);
	hub_fixture_done(&hub_at);
	return 0;
}

static void
onward(struct point known)
{
	count = 99;
	assert_status(journal_onward(txn, alice.feed, &known, offsets, &count), ST_OK);
}

/* Entry i goes from first to the point that ends it. */
static void
assert_batch(size_t i, uint64_t first, struct point last)
{
	struct journal_entry entry;
	struct batch b;
	struct point end;
	uint64_t meant;

	assert_in_range(i, 0, count - 1);
	assert_status(journal_read(txn, offsets[i], &entry), ST_OK);
	assert_status(journal_open(&entry, &b, &meant), ST_OK);
	end = batch_end(&b);
	assert_int_equal(b.first, first);
	assert_true(point_equal(&end, &last));
}

static struct point
start(void)
{
	struct point p;

	chain_start(alice.feed, &p);
	return p;
}

static void
batches_lead_from_the_point_to_the_end(void **ctx)
{
	(void) ctx;
	record(&original, 20);
	lane_give_all(&original, 5, hub_at.hub, txn);
	onward(lane_point(&original, 10));
	assert_int_equal(count, 2);
	assert_batch(0, 11, lane_point(&original, 15));
	assert_batch(1, 16, lane_point(&original, 20));
	onward(start());
	assert_int_equal(count, 4);
	assert_batch(0, 1, lane_point(&original, 5));
}

static void
a_point_within_a_batch_has_that_batch_first(void **ctx)
{
	(void) ctx;
	record(&original, 20);
	lane_give_all(&original, 5, hub_at.hub, txn);
	onward(lane_point(&original, 12));
	assert_int_equal(count, 2);
	assert_batch(0, 11, lane_point(&original, 15));
}

static void
from_the_end_of_a_lane_nothing_leads_on(void **ctx)
{
	lane other;

	(void) ctx;
	onward(start());
	assert_int_equal(count, 0);
	record(&original, 20);
	lane_give_all(&original, 5, hub_at.hub, txn);
	onward(lane_point(&original, 20));
	assert_int_equal(count, 0);
	/* a copy that has recorded since: the other lane is no way on */
	lane_fork(&other, &original, 10);
	record(&other, 3);
	assert_status(lane_give(&other, 11, 13, hub_at.hub, txn), ST_OK);
	onward(lane_point(&other, 13));
	assert_int_equal(count, 0);
	lane_done(&other);
}

static void
where_lanes_part_the_way_is_that_which_goes_furthest(void **ctx)
{
	lane other;

	(void) ctx;
	record(&original, 20);
	lane_give_all(&original, 5, hub_at.hub, txn);
	lane_fork(&other, &original, 12);
	record(&other, 9);
	assert_status(lane_give(&other, 13, 21, hub_at.hub, txn), ST_OK);
	onward(lane_point(&original, 10));
	assert_int_equal(count, 2);
	assert_batch(0, 11, lane_point(&original, 15)); /* 11 and 12 of it */
	assert_batch(1, 13, lane_point(&other, 21));
	onward(lane_point(&original, 13)); /* behind the place where they part */
	assert_int_equal(count, 2);
	assert_batch(1, 16, lane_point(&original, 20));
	lane_done(&other);
}

static void
of_several_lanes_too_the_last_event_leads_on(void **ctx)
{
	lane other;

	(void) ctx;
	record(&original, 6);
	lane_give_all(&original, 1, hub_at.hub, txn);
	lane_fork(&other, &original, 2);
	record(&other, 1);
	assert_status(lane_give(&other, 3, 3, hub_at.hub, txn), ST_OK);
	onward(lane_point(&original, 5));
	assert_int_equal(count, 1);
	assert_batch(0, 6, lane_point(&original, 6));
	onward(start());
	assert_int_equal(count, 6);
	assert_batch(0, 1, lane_point(&original, 1));
	assert_batch(2, 3, lane_point(&original, 3));
	lane_done(&other);
}

static void
of_many_batches_the_nearest_are_told(void **ctx)
{
	(void) ctx;
	record(&original, EVENTS_BATCHES_MAX + 30);
	lane_give_all(&original, 1, hub_at.hub, txn);
	onward(lane_point(&original, 7));
	assert_int_equal(count, EVENTS_BATCHES_MAX);
	for (uint64_t i = 0; i < count; i++)
		assert_batch(i, 8 + i, lane_point(&original, 8 + i));
	onward(lane_point(&original, EVENTS_BATCHES_MAX));
	assert_int_equal(count, 30);
}

static void
a_gap_is_not_leapt_over(void **ctx)
{
	static uint8_t raw[BATCH_RAW_BYTES_MAX];
	static struct batch_event events[BATCH_EVENTS_MAX];
	struct batch_content content = { .events = events };
	struct taken taken;
	struct batch b;
	writer w;

	(void) ctx;
	record(&original, 20);
	writer_init(&w);
	lane_seal(&original, 11, 20, &w);
	assert_status(batch_open(writer_bytes(&w).at, writer_bytes(&w).len, &b), ST_OK);
	assert_status(batch_unpack(&b, raw, &content.bodies), ST_OK);
	assert_status(batch_verify(&b, content.bodies, events), ST_OK);
	assert_status(journal_take(txn, &b, &content, 0, TAKE_LOOSE, &taken), ST_OK);
	onward(start());
	assert_int_equal(count, 0);
	assert_status(lane_give(&original, 1, 5, hub_at.hub, txn), ST_OK);
	onward(start());
	assert_int_equal(count, 1);
	assert_batch(0, 1, lane_point(&original, 5));
	onward(lane_point(&original, 5));
	assert_int_equal(count, 0);
	onward(lane_point(&original, 14));
	assert_int_equal(count, 1);
	writer_done(&w);
}

int
main(void)
{
#define FX(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		FX(batches_lead_from_the_point_to_the_end),
		FX(a_point_within_a_batch_has_that_batch_first),
		FX(from_the_end_of_a_lane_nothing_leads_on),
		FX(where_lanes_part_the_way_is_that_which_goes_furthest),
		FX(of_several_lanes_too_the_last_event_leads_on),
		FX(of_many_batches_the_nearest_are_told),
		FX(a_gap_is_not_leapt_over),
	};

	return cmocka_run_group_tests_name("onward", tests, NULL, NULL);
}
