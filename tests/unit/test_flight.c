/* How large batches are, and how many are under way. */
#include "protocol/flight.h"

#include <sodium.h>

#include "protocol/batch.h"
#include "tests/support/check.h"
#include "tests/support/played_hub.h"

/* Answer every batch after it took its time on a link of that speed. */
static size_t
batch_bytes_at(struct played *fx, size_t bytes_a_second)
{
	size_t last = 0;
	struct batch b;

	for (int i = 0; i < 40; i++) {
		if (played_next(fx) != DEVICE_SEND || fx->out.type != MESSAGE_PUSH)
			continue;
		last = fx->out.batch.len;
		assert_status(batch_open(fx->out.batch.at, last, &b), ST_OK);
		fx->now_ms += (int64_t) (last * 1000 / bytes_a_second);
		played_ack(fx, 1, batch_end(&b), (struct message) { 0 });
	}
	return last;
}

static void
batches_take_two_to_four_seconds_of_the_link(void **ctx)
{
	struct played *fx = *ctx;

	fx->device.body_bytes = 500;
	memory_device_record(&fx->device, 6000);
	played_greet(fx, 0);
	assert_in_range(batch_bytes_at(fx, 8000), 15000, 32000);
	assert_in_range(batch_bytes_at(fx, 500000), 60000, BATCH_BYTES_MAX);
	assert_in_range(batch_bytes_at(fx, 2000), 4000, 8000);
	assert_in_range(batch_bytes_at(fx, 100), 3000, FLIGHT_BYTES_LEAST);
}

static void
batches_lost_with_a_link_come_back_smaller(void **ctx)
{
	struct played *fx = *ctx;
	size_t before;

	fx->device.body_bytes = 500;
	memory_device_record(&fx->device, 600);
	played_greet(fx, 0);
	played_sends(fx, MESSAGE_PUSH);
	before = fx->out.batch.len;
	for (int i = 0; i < 5; i++) {
		struct message m;

		played_begin(fx);
		m = played_welcome(fx, 0);
		played_frame(fx, &m);
		assert_int_equal(played_next(fx), DEVICE_WELCOMED);
		played_sends(fx, MESSAGE_PUSH);
		assert_true(fx->out.batch.len < before || before <= FLIGHT_BYTES_LEAST);
		before = fx->out.batch.len;
	}
	assert_in_range(before, FLIGHT_BYTES_LEAST / 2, FLIGHT_BYTES_LEAST);
}

/* Fill the window, let one round trip pass, answer all of it; several times. */
static size_t
batches_at_once(flight *f, uint64_t credit, int64_t round_trip_ms)
{
	struct point end = { 0 };
	int64_t now_ms = 0;
	size_t most = 0;

	for (int turn = 0; turn < 20; turn++) {
		while (flight_room(f, credit)) {
			end.seq++;
			flight_sent(f, &end, f->batch_bytes, now_ms);
		}
		most = f->count;
		now_ms += round_trip_ms;
		assert_int_equal(flight_acked(f, &end, now_ms), most);
	}
	return most;
}

static void
fast_link_with_a_long_way_is_filled(void **ctx)
{
	flight f;

	(void) ctx;
	flight_init(&f);
	assert_int_equal(batches_at_once(&f, CREDIT_BYTES_MAX, 600),
	                 CREDIT_BYTES_MAX / BATCH_BYTES_MAX);
	assert_int_equal(f.batch_bytes, BATCH_BYTES_MAX);
}

static void
slow_link_has_two_batches_under_way(void **ctx)
{
	flight f;

	(void) ctx;
	flight_init(&f);
	assert_int_equal(batches_at_once(&f, CREDIT_BYTES_MAX, 60000), 2);
	assert_int_equal(f.batch_bytes, FLIGHT_BYTES_LEAST);
}

static void
no_more_batches_are_under_way_than_are_counted(void **ctx)
{
	struct point end = { 0 };
	flight f;

	(void) ctx;
	flight_init(&f);
	f.rate = 1000000;
	while (flight_room(&f, CREDIT_BYTES_MAX)) {
		end.seq++;
		flight_sent(&f, &end, 300, 0);
	}
	assert_int_equal(f.count, FLIGHT_MAX);
	end.seq = FLIGHT_MAX / 2;
	assert_int_equal(flight_acked(&f, &end, 10), FLIGHT_MAX / 2);
	assert_int_equal(f.bytes, 300 * FLIGHT_MAX / 2);
	assert_true(flight_room(&f, CREDIT_BYTES_MAX));
}

static void
single_events_say_nothing_of_the_link(void **ctx)
{
	struct point end = { 0 };
	flight f;

	(void) ctx;
	flight_init(&f);
	for (int64_t now_ms = 0; now_ms < 60000; now_ms += 1000) {
		end.seq++;
		flight_sent(&f, &end, 300, now_ms);
		flight_acked(&f, &end, now_ms + 900);
	}
	assert_int_equal(f.batch_bytes, FLIGHT_BYTES_START);
}

int
main(void)
{
#define FX(test) cmocka_unit_test_setup_teardown(test, played_setup, played_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fast_link_with_a_long_way_is_filled),
		cmocka_unit_test(slow_link_has_two_batches_under_way),
		cmocka_unit_test(no_more_batches_are_under_way_than_are_counted),
		cmocka_unit_test(single_events_say_nothing_of_the_link),
		FX(batches_take_two_to_four_seconds_of_the_link),
		FX(batches_lost_with_a_link_come_back_smaller),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("flight", tests, NULL, NULL);
}
