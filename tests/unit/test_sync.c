/* Whole conversations in memory: both machines, a chain, a hub's store. */
#include <sodium.h>

#include "tests/support/check.h"
#include "tests/support/memory_link.h"

struct world {
	memory_device device, other;
	memory_hub hub;
	memory_link link, other_link;
};

static int
make_world(void **ctx)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	memory_device_init(&w->device, 1);
	memory_hub_init(&w->hub, 1);
	memory_link_init(&w->link, &w->device, &w->hub);
	*ctx = w;
	return 0;
}

static int
end_world(void **ctx)
{
	struct world *w = *ctx;

	memory_link_done(&w->link);
	memory_link_done(&w->other_link);
	memory_device_done(&w->device);
	memory_device_done(&w->other);
	memory_hub_done(&w->hub);
	free(w);
	return 0;
}

static void
clone(struct world *w)
{
	memory_device_clone(&w->other, &w->device);
	memory_link_init(&w->other_link, &w->other, &w->hub);
}

static void
sync_all(memory_link *l)
{
	memory_link_up(l);
	memory_link_run(l);
}

/* A fresh count of what goes over the link. */
static void
count_anew(memory_link *l)
{
	memset(l->sent, 0, sizeof(l->sent));
}

static void
assert_all_there(const memory_device *d, const memory_link *l)
{
	struct point tip = memory_device_tip(d);

	if (l->closed.type == DEVICE_CLOSE)
		fail_msg("the device gave up: %s", l->closed.why);
	for (uint64_t seq = 0; seq <= d->count; seq++) {
		struct point p = memory_device_point(d, seq);

		if (!memory_hub_knows(l->hub, d->feed, &p))
			fail_msg("the hub lacks event %ju of %zu", (uintmax_t) seq, d->count);
	}
	assert_int_equal(d->memory.acked.seq, tip.seq);
	assert_true(tip.seq == 0 || point_equal(&d->memory.acked, &tip));
	assert_true(device_sync_drained(l->sync));
}

static void
assert_one_exchange(const memory_link *l)
{
	assert_int_equal(l->sent[MESSAGE_HELLO], 1);
	assert_int_equal(l->sent[MESSAGE_WELCOME], 1);
	assert_int_equal(l->sent[MESSAGE_WANT], 0);
}

/* ---- forks and hubs that are behind ---- */

static void
a_new_device_sends_all_it_has(void **ctx)
{
	struct world *w = *ctx;

	memory_device_record(&w->device, 3000);
	sync_all(&w->link);
	assert_all_there(&w->device, &w->link);
	assert_one_exchange(&w->link);
	assert_int_equal(memory_hub_events(&w->hub, w->device.feed), 3000);
}

static void
nothing_recorded_is_drained_at_once(void **ctx)
{
	struct world *w = *ctx;

	sync_all(&w->link);
	assert_all_there(&w->device, &w->link);
	assert_int_equal(w->link.sent[MESSAGE_PUSH], 0);
}

/* A device with 500 events that the hub has, put back to keep events, on which
 * it records 40 others. */
static void
fork_at(struct world *w, size_t keep)
{
	struct memory_backup backup;

	memory_device_record(&w->device, keep);
	backup = memory_device_backup(&w->device);
	memory_device_record(&w->device, 500 - keep);
	sync_all(&w->link);

	memory_device_restore(&w->device, &backup);
	memory_link_restart(&w->link);
	memory_device_record(&w->device, 40);
	count_anew(&w->link);
	sync_all(&w->link);

	assert_all_there(&w->device, &w->link);
	assert_one_exchange(&w->link);
	assert_int_equal(memory_hub_events(&w->hub, w->device.feed), 540);
}

static void
fork_at_the_tip_converges_in_one_exchange(void **ctx)
{
	fork_at(*ctx, 500);
}

static void
fork_one_before_the_tip_converges_in_one_exchange(void **ctx)
{
	struct world *w = *ctx;

	fork_at(w, 499);
	assert_int_equal(w->hub.lanes, 1);
}

static void
fork_a_hundred_before_the_tip_converges_in_one_exchange(void **ctx)
{
	struct world *w = *ctx;

	fork_at(w, 400);
	assert_int_equal(w->hub.lanes, 1);
}

static void
fork_at_the_first_event_converges_in_one_exchange(void **ctx)
{
	struct world *w = *ctx;

	fork_at(w, 1);
	assert_int_equal(w->hub.lanes, 1);
}

static void
fork_at_the_beginning_converges_in_one_exchange(void **ctx)
{
	struct world *w = *ctx;

	fork_at(w, 0);
	assert_int_equal(w->hub.lanes, 1);
}

static void
hub_ten_thousand_events_behind_converges_in_one_exchange(void **ctx)
{
	struct world *w = *ctx;

	memory_device_record(&w->device, 12000);
	sync_all(&w->link);
	memory_hub_rollback(&w->hub, 2000);
	count_anew(&w->link);
	sync_all(&w->link);
	assert_all_there(&w->device, &w->link);
	assert_one_exchange(&w->link);
	assert_int_equal(memory_hub_events(&w->hub, w->device.feed), 12000);
	assert_int_equal(w->link.acked_downwards, 1);
}

static void
restored_device_is_told_what_the_hub_has_beyond(void **ctx)
{
	struct world *w = *ctx;
	struct memory_backup backup;

	memory_device_record(&w->device, 30);
	backup = memory_device_backup(&w->device);
	memory_device_record(&w->device, 20);
	sync_all(&w->link);
	memory_device_restore(&w->device, &backup);
	memory_link_restart(&w->link);
	sync_all(&w->link);
	assert_int_equal(w->link.beyond, 20);
	assert_all_there(&w->device, &w->link);

	memory_device_record(&w->device, 7);
	device_sync_grew(w->link.sync);
	memory_link_run(&w->link);
	assert_all_there(&w->device, &w->link);
	assert_int_equal(memory_hub_events(&w->hub, w->device.feed), 57);
	assert_int_equal(w->hub.lanes, 1);
}

/* Its tip is nothing the hub has heard of, what lies below is. */
static void
restored_device_that_recorded_since_is_told_too(void **ctx)
{
	struct world *w = *ctx;
	struct memory_backup backup;

	memory_device_record(&w->device, 30);
	backup = memory_device_backup(&w->device);
	memory_device_record(&w->device, 20);
	sync_all(&w->link);
	memory_device_restore(&w->device, &backup);
	memory_device_record(&w->device, 7);
	memory_link_restart(&w->link);
	sync_all(&w->link);
	assert_int_equal(w->link.beyond, 21); /* no point told lies between 29 and 33 */
	assert_int_equal(memory_hub_events(&w->hub, w->device.feed), 57);
	memory_link_restart(&w->link);
	sync_all(&w->link);
	assert_int_equal(w->link.beyond, 20);
}

static void
two_clones_connected_side_by_side_lose_nothing(void **ctx)
{
	struct world *w = *ctx;

	memory_device_record(&w->device, 100);
	sync_all(&w->link);
	clone(w);
	memory_link_up(&w->other_link);
	for (int turn = 0; turn < 20; turn++) {
		memory_device_record(&w->device, 3);
		memory_device_record(&w->other, 2);
		device_sync_grew(w->link.sync);
		device_sync_grew(w->other_link.sync);
		memory_link_speak(&w->link);
		memory_link_speak(&w->other_link);
		while (memory_link_rise(&w->link))
			;
		while (memory_link_rise(&w->other_link))
			;
		memory_link_commit(&w->other_link, true);
		memory_link_commit(&w->link, true);
		while (memory_link_fall(&w->link))
			;
		while (memory_link_fall(&w->other_link))
			;
	}
	memory_link_run(&w->link);
	memory_link_run(&w->other_link);
	assert_all_there(&w->device, &w->link);
	assert_all_there(&w->other, &w->other_link);
	assert_int_equal(memory_hub_events(&w->hub, w->device.feed), 200);
	assert_int_equal(w->other_link.sent[MESSAGE_WANT], 0);
}

/* ---- a hub put back while connected ---- */

static void
idle_device_refills_a_hub_that_was_put_back(void **ctx)
{
	struct world *w = *ctx;

	memory_device_record(&w->device, 50);
	sync_all(&w->link);
	memory_hub_rollback(&w->hub, 20);
	count_anew(&w->link);
	memory_link_wait(&w->link); /* silence: PING, and the PONG has another boot id */
	memory_link_run(&w->link);
	assert_int_equal(w->link.sent[MESSAGE_PING], 1);
	assert_one_exchange(&w->link);
	assert_all_there(&w->device, &w->link);
}

static void
several_batches_in_flight_cause_one_go_back(void **ctx)
{
	struct world *w = *ctx;

	w->device.body_bytes = 4000;
	memory_device_record(&w->device, 60);
	sync_all(&w->link);
	memory_hub_rollback(&w->hub, 10);
	memory_device_record(&w->device, 60);
	device_sync_grew(w->link.sync);
	count_anew(&w->link);
	memory_link_speak(&w->link);
	assert_true(w->link.sent[MESSAGE_PUSH] > 2); /* all join where the hub is not any more */
	memory_link_run(&w->link);
	assert_int_equal(w->link.sent[MESSAGE_WANT], 1);
	assert_int_equal(w->link.sent[MESSAGE_HELLO], 1);
	assert_all_there(&w->device, &w->link);
}

static void
batches_taken_one_by_one_also_cause_one_go_back(void **ctx)
{
	struct world *w = *ctx;

	w->device.body_bytes = 4000;
	memory_device_record(&w->device, 60);
	sync_all(&w->link);
	memory_hub_rollback(&w->hub, 10);
	memory_device_record(&w->device, 60);
	device_sync_grew(w->link.sync);
	count_anew(&w->link);
	memory_link_speak(&w->link);
	while (memory_link_rise(&w->link))
		memory_link_commit(&w->link, true);
	memory_link_run(&w->link);
	assert_int_equal(w->link.sent[MESSAGE_WANT], 1);
	assert_int_equal(w->link.sent[MESSAGE_HELLO], 1);
	assert_all_there(&w->device, &w->link);
}

/* ---- lost answers, credit ---- */

static void
batches_whose_ack_was_lost_are_duplicates(void **ctx)
{
	struct world *w = *ctx;

	w->device.body_bytes = 1000;
	memory_device_record(&w->device, 30);
	memory_link_up(&w->link);
	memory_link_speak(&w->link);
	memory_link_rise(&w->link);
	memory_link_fall(&w->link);
	memory_link_speak(&w->link);
	while (memory_link_rise(&w->link))
		;
	memory_link_commit(&w->link, false); /* committed; the hub dies before it says so */
	assert_int_equal(w->device.memory.acked.seq, 0);
	assert_int_equal(memory_hub_events(&w->hub, w->device.feed), 30);
	sync_all(&w->link);
	assert_all_there(&w->device, &w->link);
	assert_int_equal(memory_hub_events(&w->hub, w->device.feed), 30);
}

static void
known_beginning_of_a_batch_is_cut_off(void **ctx)
{
	struct world *w = *ctx;

	memory_device_record(&w->device, 100);
	sync_all(&w->link);
	memory_hub_rollback(&w->hub, 37); /* between two points of any HELLO */
	memory_device_record(&w->device, 1);
	sync_all(&w->link);
	assert_all_there(&w->device, &w->link);
	assert_int_equal(memory_hub_events(&w->hub, w->device.feed), 101);
	assert_int_equal(w->hub.lanes, 0);
}

static void
device_never_sends_more_than_the_credit(void **ctx)
{
	struct world *w = *ctx;

	w->hub.credit = CREDIT_BYTES_MIN;
	w->device.body_bytes = 3000;
	memory_device_record(&w->device, 400);
	sync_all(&w->link);
	assert_all_there(&w->device, &w->link);
	assert_false(w->link.refused);
	assert_in_range(w->link.unanswered_most, CREDIT_BYTES_MIN / 4, CREDIT_BYTES_MIN);
}

static void
credit_that_shrinks_does_not_condemn_what_is_on_its_way(void **ctx)
{
	struct world *w = *ctx;

	w->device.body_bytes = 3000;
	memory_device_record(&w->device, 100);
	memory_link_up(&w->link);
	memory_link_speak(&w->link);
	memory_link_rise(&w->link);
	memory_link_fall(&w->link);
	memory_link_speak(&w->link);
	assert_true(w->link.rising.count >= 2);
	w->hub.credit = 0;
	memory_link_rise(&w->link);
	memory_link_commit(&w->link, true); /* its ACK takes the credit away */
	memory_link_run(&w->link);
	assert_false(w->link.refused);
	assert_true(w->device.memory.acked.seq > 0);
	assert_true(w->device.memory.acked.seq < 100);

	w->hub.credit = CREDIT_BYTES_MIN;
	memory_link_notice(&w->link);
	memory_link_run(&w->link);
	assert_all_there(&w->device, &w->link);
}

/* ---- documents ---- */

static void
plan_and_standing_come_down(void **ctx)
{
	struct world *w = *ctx;

	memory_document_set(&w->hub.plan, 3, 50000);
	memory_document_set(&w->hub.standing, 9, 20);
	memory_device_record(&w->device, 10);
	sync_all(&w->link);
	assert_all_there(&w->device, &w->link);
	assert_int_equal(w->link.documents, 2);
	assert_int_equal(w->device.memory.plan, 3);
	assert_int_equal(w->device.memory.standing, 9);
	assert_int_equal(w->link.document_len[DOCUMENT_PLAN], 50000);
}

static void
published_plan_reaches_a_connected_device(void **ctx)
{
	struct world *w = *ctx;

	memory_document_set(&w->hub.plan, 1, 500);
	sync_all(&w->link);
	memory_document_set(&w->hub.plan, 2, 600);
	memory_link_notice(&w->link);
	memory_link_run(&w->link);
	assert_int_equal(w->device.memory.plan, 2);
	assert_int_equal(w->link.documents, 2);
}

static void
document_goes_on_over_a_broken_link(void **ctx)
{
	struct world *w = *ctx;
	size_t parts = (100000 + DOWN_PART_BYTES_MAX - 1) / DOWN_PART_BYTES_MAX;

	memory_document_set(&w->hub.plan, 1, 100000);
	memory_link_up(&w->link);
	for (int turn = 0; turn < 8; turn++) {
		memory_link_speak(&w->link);
		memory_link_rise(&w->link);
		memory_link_fall(&w->link);
	}
	assert_int_equal(w->link.sent[MESSAGE_PART], 7);
	sync_all(&w->link);
	assert_int_equal(w->device.memory.plan, 1);
	/* and one that says that there is no standing */
	assert_int_equal(w->link.sent[MESSAGE_PART], parts + 1);
}

static void
document_that_changes_on_its_way_begins_again(void **ctx)
{
	struct world *w = *ctx;

	memory_document_set(&w->hub.plan, 1, 30000);
	memory_link_up(&w->link);
	for (int turn = 0; turn < 3; turn++) {
		memory_link_speak(&w->link);
		memory_link_rise(&w->link);
		memory_link_fall(&w->link);
	}
	memory_document_set(&w->hub.plan, 2, 9000);
	memory_link_run(&w->link);
	assert_int_equal(w->device.memory.plan, 2);
	assert_int_equal(w->link.documents, 1);
	assert_int_equal(w->link.document_len[DOCUMENT_PLAN], 9000);
}

static void
standing_is_fetched_again_from_a_hub_in_a_new_life(void **ctx)
{
	struct world *w = *ctx;

	memory_document_set(&w->hub.standing, 4, 100);
	sync_all(&w->link);
	sync_all(&w->link);
	assert_int_equal(w->link.documents, 1);
	memory_hub_reboot(&w->hub);
	sync_all(&w->link);
	assert_int_equal(w->link.documents, 2);
	assert_int_equal(w->device.memory.standing_boot, w->hub.common.boot);
}

int
main(void)
{
#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)
	const struct CMUnitTest tests[] = {
		IN_A_WORLD(a_new_device_sends_all_it_has),
		IN_A_WORLD(nothing_recorded_is_drained_at_once),
		IN_A_WORLD(fork_at_the_tip_converges_in_one_exchange),
		IN_A_WORLD(fork_one_before_the_tip_converges_in_one_exchange),
		IN_A_WORLD(fork_a_hundred_before_the_tip_converges_in_one_exchange),
		IN_A_WORLD(fork_at_the_first_event_converges_in_one_exchange),
		IN_A_WORLD(fork_at_the_beginning_converges_in_one_exchange),
		IN_A_WORLD(hub_ten_thousand_events_behind_converges_in_one_exchange),
		IN_A_WORLD(restored_device_is_told_what_the_hub_has_beyond),
		IN_A_WORLD(restored_device_that_recorded_since_is_told_too),
		IN_A_WORLD(two_clones_connected_side_by_side_lose_nothing),
		IN_A_WORLD(idle_device_refills_a_hub_that_was_put_back),
		IN_A_WORLD(several_batches_in_flight_cause_one_go_back),
		IN_A_WORLD(batches_taken_one_by_one_also_cause_one_go_back),
		IN_A_WORLD(batches_whose_ack_was_lost_are_duplicates),
		IN_A_WORLD(known_beginning_of_a_batch_is_cut_off),
		IN_A_WORLD(device_never_sends_more_than_the_credit),
		IN_A_WORLD(credit_that_shrinks_does_not_condemn_what_is_on_its_way),
		IN_A_WORLD(plan_and_standing_come_down),
		IN_A_WORLD(published_plan_reaches_a_connected_device),
		IN_A_WORLD(document_goes_on_over_a_broken_link),
		IN_A_WORLD(document_that_changes_on_its_way_begins_again),
		IN_A_WORLD(standing_is_fetched_again_from_a_hub_in_a_new_life),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
