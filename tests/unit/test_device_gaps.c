/* The device's machine where something is missing: gaps that the hub tells of, what the
 * device has given up itself, and what it may give up. */
#include <sodium.h>

#include "protocol/batch.h"
#include "protocol/device_sync.h"
#include "tests/support/check.h"
#include "tests/support/played_hub.h"

/* A link is up, the hub knows all up to known but for those, and the standing is here. */
static void
greet_with_gaps(struct played *fx, uint64_t known, size_t count, const uint64_t *seqs)
{
	struct message m;

	played_begin(fx);
	m = played_welcome(fx, known);
	m.gaps.count = count;
	for (size_t i = 0; i < count; i++)
		m.gaps.list[i] = memory_device_point(&fx->device, seqs[i]);
	played_frame(fx, &m);
	assert_int_equal(played_next(fx), DEVICE_WELCOMED);
	if (known > 0)
		assert_int_equal(played_next(fx), DEVICE_ACKED);
	played_sends(fx, MESSAGE_GET);
	played_frame(fx,
	             &(struct message) { .type = MESSAGE_PART,
	                                 .what = text_of("standing"),
	                                 .signature = fx->secret });
}

/* The HELLO in out is answered so. */
static void
answer_with_gaps(struct played *fx, uint64_t known, size_t count, const uint64_t *seqs)
{
	struct message m = played_welcome(fx, known);

	m.gaps.count = count;
	for (size_t i = 0; i < count; i++)
		m.gaps.list[i] = memory_device_point(&fx->device, seqs[i]);
	played_frame(fx, &m);
	assert_int_equal(played_next(fx), DEVICE_WELCOMED);
}

/* It is to send the batch from first to last. */
static void
pushes(struct played *fx, uint64_t first, uint64_t last)
{
	struct batch b;
	struct point end, want = memory_device_point(&fx->device, last);

	played_sends(fx, MESSAGE_PUSH);
	assert_status(batch_open(fx->out.batch.at, fx->out.batch.len, &b), ST_OK);
	end = batch_end(&b);
	assert_int_equal(b.first, first);
	assert_true(point_equal(&end, &want));
}

static void
acknowledge(struct played *fx, uint64_t round, uint64_t seq)
{
	played_ack(fx, round, memory_device_point(&fx->device, seq), (struct message) { 0 });
}

#define SEQS(...) \
	sizeof((const uint64_t[]) { __VA_ARGS__ }) / sizeof(uint64_t), (const uint64_t[]) \
	{ \
		__VA_ARGS__ \
	}

/* ---- gaps ---- */

static void
a_gap_is_filled_and_the_hub_asked_again(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 20);
	greet_with_gaps(fx, 20, SEQS(12));
	assert_false(device_sync_drained(fx->s));
	pushes(fx, 1, 12);
	played_owes_nothing(fx);
	assert_false(device_sync_drained(fx->s));
	acknowledge(fx, 1, 12);
	played_sends(fx, MESSAGE_HELLO);
	assert_int_equal(fx->out.round, 2);
	answer_with_gaps(fx, 20, 0, NULL);
	played_owes_nothing(fx);
	assert_true(device_sync_drained(fx->s));
}

static void
what_is_new_goes_before_what_is_missing(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 20);
	greet_with_gaps(fx, 15, SEQS(12));
	pushes(fx, 16, 20);
	played_owes_nothing(fx);
	acknowledge(fx, 1, 20);
	assert_int_equal(played_next(fx), DEVICE_ACKED);
	pushes(fx, 1, 12);
	memory_device_record(&fx->device, 1); /* meanwhile */
	device_sync_grew(fx->s);
	pushes(fx, 21, 21);
	acknowledge(fx, 1, 12);
	played_sends(fx, MESSAGE_HELLO);
}

static void
a_long_gap_is_filled_backwards(void **ctx)
{
	struct played *fx = *ctx;
	uint64_t last = 300;

	fx->device.body_bytes = 1000;
	memory_device_record(&fx->device, 320);
	greet_with_gaps(fx, 320, SEQS(last));
	for (uint64_t round = 1; last > 0; round++) {
		struct batch b;

		assert_true(round < 100);
		played_sends(fx, MESSAGE_PUSH);
		assert_status(batch_open(fx->out.batch.at, fx->out.batch.len, &b), ST_OK);
		assert_int_equal(b.first + b.count - 1, last);
		assert_in_range(fx->out.batch.len, 1, BATCH_BYTES_MAX);
		acknowledge(fx, round, last);
		last = b.first - 1;
		played_sends(fx, MESSAGE_HELLO);
		answer_with_gaps(fx, 320, last > 0, &last);
	}
	assert_true(device_sync_drained(fx->s));
}

static void
each_gap_is_tried_once_on_a_connection(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 20);
	greet_with_gaps(fx, 20, SEQS(5, 12));
	pushes(fx, 1, 5);
	acknowledge(fx, 1, 5);
	played_sends(fx, MESSAGE_HELLO);
	answer_with_gaps(fx, 20, SEQS(5, 12)); /* it has not helped */
	pushes(fx, 1, 12);
	acknowledge(fx, 2, 12);
	played_sends(fx, MESSAGE_HELLO);
	answer_with_gaps(fx, 20, SEQS(5, 12));
	played_owes_nothing(fx);
	assert_true(device_sync_drained(fx->s));
	played_begin(fx); /* another connection */
	answer_with_gaps(fx, 20, SEQS(5));
	pushes(fx, 1, 5);
}

static void
what_is_not_on_the_own_chain_is_for_others_to_fill(void **ctx)
{
	struct played *fx = *ctx;
	struct message m;

	memory_device_record(&fx->device, 20);
	played_begin(fx);
	m = played_welcome(fx, 20);
	m.gaps.count = 2;
	m.gaps.list[0] = memory_device_point(&fx->device, 7);
	m.gaps.list[0].hash[0] ^= 1;
	m.gaps.list[1] = (struct point) { .seq = 21 };
	played_frame(fx, &m);
	assert_int_equal(played_next(fx), DEVICE_WELCOMED);
	assert_int_equal(played_next(fx), DEVICE_ACKED);
	played_sends(fx, MESSAGE_GET);
	played_owes_nothing(fx);
}

static void
who_fetches_fills_nothing(void **ctx)
{
	struct played *fx = *ctx;

	fx->adopt = true;
	memory_device_record(&fx->device, 20);
	greet_with_gaps(fx, 20, SEQS(12));
	played_owes_nothing(fx);
}

/* ---- the floor ---- */

static void
hello_goes_back_to_the_floor(void **ctx)
{
	static const uint64_t seqs[] = { 20, 19, 18, 16, 12, 10 };
	struct played *fx = *ctx;
	struct point floor;

	memory_device_record(&fx->device, 20);
	fx->device.floor = 10;
	floor = memory_device_point(&fx->device, 10);
	fx->device.memory.acked = memory_device_point(&fx->device, 4);
	played_begin(fx);
	assert_true(point_equal(&fx->out.floor, &floor));
	assert_int_equal(fx->out.points.count, sizeof(seqs) / sizeof(seqs[0]));
	for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
		struct point p = memory_device_point(&fx->device, seqs[i]);

		assert_true(point_equal(&fx->out.points.list[i], &p));
	}
}

static void
to_a_hub_that_has_less_goes_what_is_left(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 20);
	fx->device.floor = 10;
	greet_with_gaps(fx, 0, SEQS(10, 9));
	pushes(fx, 11, 20);
	acknowledge(fx, 1, 20);
	assert_int_equal(played_next(fx), DEVICE_ACKED);
	played_owes_nothing(fx); /* and nothing of what is gone */
	assert_true(device_sync_drained(fx->s));
}

static void
of_a_gap_goes_what_lies_above_the_floor(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 20);
	fx->device.floor = 10;
	greet_with_gaps(fx, 20, SEQS(15));
	pushes(fx, 11, 15);
}

static void
where_all_is_given_up_there_is_the_floor(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 20);
	fx->device.floor = 20;
	greet_with_gaps(fx, 20, 0, NULL);
	assert_int_equal(fx->out.type, MESSAGE_GET);
	assert_true(device_sync_drained(fx->s));
	memory_device_record(&fx->device, 1);
	device_sync_grew(fx->s);
	pushes(fx, 21, 21);
}

/* ---- what is safe ---- */

/* All is sent, and the ACK says that of safe. */
static bool
hears_safe(struct played *fx, struct point safe, struct point *ret_safe)
{
	memory_device_record(&fx->device, 10);
	greet_with_gaps(fx, 0, 0, NULL);
	pushes(fx, 1, 10);
	played_ack(fx, 1, memory_device_tip(&fx->device), (struct message) { .safe = safe });
	assert_int_equal(played_next(fx), DEVICE_ACKED);
	return device_sync_safe(fx->s, ret_safe);
}

static void
what_is_safe_is_known_in_the_session_that_said_so(void **ctx)
{
	struct played *fx = *ctx;
	struct point safe, said;

	memory_device_record(&fx->device, 10);
	said = memory_device_point(&fx->device, 7);
	greet_with_gaps(fx, 0, 0, NULL);
	pushes(fx, 1, 10);
	assert_false(device_sync_safe(fx->s, &safe));
	played_ack(fx, 1, memory_device_tip(&fx->device), (struct message) { .safe = said });
	assert_true(device_sync_safe(fx->s, &safe));
	assert_true(point_equal(&safe, &said));
	assert_int_equal(played_next(fx), DEVICE_ACKED);
	device_sync_tick(fx->s, fx->now_ms + PLAYED_HELLO_MS); /* the hub may be another by then */
	fx->now_ms += PLAYED_HELLO_MS;
	played_sends(fx, MESSAGE_HELLO);
	assert_false(device_sync_safe(fx->s, &safe));
	answer_with_gaps(fx, 10, 0, NULL);
	assert_false(device_sync_safe(fx->s, &safe));
	device_sync_start(fx->s, fx->now_ms);
	assert_false(device_sync_safe(fx->s, &safe));
}

static void
an_acknowledgement_alone_makes_nothing_safe(void **ctx)
{
	struct played *fx = *ctx;
	struct point safe;

	assert_false(hears_safe(fx, memory_device_point(&fx->device, 0), &safe));
}

static void
what_is_safe_must_be_on_the_own_chain(void **ctx)
{
	struct played *fx = *ctx;
	struct point safe;

	assert_false(hears_safe(fx, (struct point) { .seq = 7 }, &safe));
	assert_int_equal(device_sync_state(fx->s), DEVICE_STREAMING);
}

static void
what_is_safe_must_be_acknowledged(void **ctx)
{
	struct played *fx = *ctx;
	struct point safe;

	memory_device_record(&fx->device, 10);
	greet_with_gaps(fx, 0, 0, NULL);
	pushes(fx, 1, 10);
	played_ack(fx, 1, memory_device_point(&fx->device, 5),
	           (struct message) { .safe = memory_device_point(&fx->device, 6) });
	assert_false(device_sync_safe(fx->s, &safe));
}

int
main(void)
{
#define FX(test) cmocka_unit_test_setup_teardown(test, played_setup, played_teardown)
	const struct CMUnitTest tests[] = {
		FX(a_gap_is_filled_and_the_hub_asked_again),
		FX(what_is_new_goes_before_what_is_missing),
		FX(a_long_gap_is_filled_backwards),
		FX(each_gap_is_tried_once_on_a_connection),
		FX(what_is_not_on_the_own_chain_is_for_others_to_fill),
		FX(who_fetches_fills_nothing),
		FX(hello_goes_back_to_the_floor),
		FX(to_a_hub_that_has_less_goes_what_is_left),
		FX(of_a_gap_goes_what_lies_above_the_floor),
		FX(where_all_is_given_up_there_is_the_floor),
		FX(what_is_safe_is_known_in_the_session_that_said_so),
		FX(an_acknowledgement_alone_makes_nothing_safe),
		FX(what_is_safe_must_be_on_the_own_chain),
		FX(what_is_safe_must_be_acknowledged),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("device_gaps", tests, NULL, NULL);
}
