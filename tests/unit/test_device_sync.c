/* The device's machine against a hub that the test plays, true or false. */
#include "protocol/device_sync.h"

#include <sodium.h>

#include "protocol/batch.h"
#include "tests/support/check.h"
#include "tests/support/played_hub.h"

/* ---- the table ---- */

static void
every_state_answers_every_event(void **ctx)
{
	(void) ctx;
	for (int st = DEVICE_DOWN; st < DEVICE_STATES_; st++) {
		for (int ev = 0; ev < DEVICE_EVENTS_; ev++) {
			if (!device_sync_has_step((device_state) st, (device_event) ev))
				fail_msg("no step for state '%s', event %d",
				         device_state_name((device_state) st), ev);
		}
	}
	assert_false(device_sync_has_step((device_state) 0, DEVICE_ON_START));
	assert_false(device_sync_has_step(DEVICE_STATES_, DEVICE_ON_START));
}

/* ---- HELLO ---- */

static void
assert_points(struct played *fx, size_t count, const uint64_t *seqs)
{
	assert_int_equal(fx->out.points.count, count);
	for (size_t i = 0; i < count; i++) {
		struct point p = memory_device_point(&fx->device, seqs[i]);

		assert_int_equal(fx->out.points.list[i].seq, seqs[i]);
		assert_true(point_equal(&fx->out.points.list[i], &p));
	}
}

static void
hello_of_an_empty_feed_has_the_beginning(void **ctx)
{
	struct played *fx = *ctx;

	played_begin(fx);
	assert_points(fx, 1, (const uint64_t[]) { 0 });
	assert_int_equal(fx->out.protocol, PROTOCOL_VERSION);
	assert_int_equal(fx->out.round, 1);
	assert_memory_equal(fx->out.feed, fx->device.feed, FEED_BYTES);
	assert_true(text_is(fx->out.program, "test 1"));
	assert_int_equal(fx->out.clock_ms, 1700000000000);
}

static void
hello_goes_back_in_steps_that_double(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 20);
	fx->device.memory.acked = memory_device_point(&fx->device, 7);
	fx->device.memory.plan = 3;
	fx->device.memory.registry = 5;
	played_begin(fx);
	assert_points(fx, 8, (const uint64_t[]) { 7, 20, 19, 18, 16, 12, 4, 0 });
	assert_int_equal(fx->out.tip.seq, 20);
	assert_int_equal(fx->out.pending, 13);
	assert_int_equal(fx->out.plan, 3);
	assert_int_equal(fx->out.registry, 5);
}

static void
hello_names_no_point_twice(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 2);
	fx->device.memory.acked = memory_device_point(&fx->device, 2);
	played_begin(fx);
	assert_points(fx, 3, (const uint64_t[]) { 2, 1, 0 });
}

static void
hello_names_only_the_own_chain(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 4);
	fx->device.memory.acked = (struct point) { .seq = 9 }; /* above the tip */
	played_begin(fx);
	assert_points(fx, 4, (const uint64_t[]) { 4, 3, 2, 0 });
}

/* ---- WELCOME ---- */

static void
pushes_what_lies_above_the_known_point(void **ctx)
{
	struct played *fx = *ctx;
	struct batch b;

	memory_device_record(&fx->device, 10);
	played_greet(fx, 4);
	played_sends(fx, MESSAGE_PUSH);
	assert_status(batch_open(fx->out.batch.at, fx->out.batch.len, &b), ST_OK);
	assert_int_equal(b.first, 5);
	assert_int_equal(b.count, 6);
	played_owes_nothing(fx);
}

static void
welcome_is_told_to_the_caller(void **ctx)
{
	struct played *fx = *ctx;
	struct message m;

	memory_device_record(&fx->device, 3);
	played_begin(fx);
	m = played_welcome(fx, 2);
	m.beyond = 20;
	m.registry = 8;
	played_frame(fx, &m);
	assert_int_equal(played_next(fx), DEVICE_WELCOMED);
	assert_int_equal(fx->action.beyond, 20);
	assert_int_equal(fx->action.registry, 8);
	assert_int_equal(fx->action.boot, PLAYED_BOOT);
	assert_int_equal(fx->action.hub_clock_ms, 123);
	assert_int_equal(played_next(fx), DEVICE_ACKED);
	assert_int_equal(fx->action.point.seq, 2);
}

static void
welcome_lowers_what_was_acknowledged(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 9);
	fx->device.memory.acked = memory_device_point(&fx->device, 9);
	played_greet(fx, 3);
	played_sends(fx, MESSAGE_PUSH);
	assert_false(device_sync_drained(fx->s));
}

static void
welcome_that_changes_nothing_moves_no_mark(void **ctx)
{
	struct played *fx = *ctx;
	struct message m;

	memory_device_record(&fx->device, 9);
	fx->device.memory.acked = memory_device_point(&fx->device, 9);
	played_begin(fx);
	m = played_welcome(fx, 9);
	played_frame(fx, &m);
	assert_int_equal(played_next(fx), DEVICE_WELCOMED);
	played_sends(fx, MESSAGE_GET);
	played_owes_nothing(fx);
}

static void
known_point_on_another_chain_closes(void **ctx)
{
	struct played *fx = *ctx;
	struct message m;

	memory_device_record(&fx->device, 9);
	played_begin(fx);
	m = played_welcome(fx, 5);
	m.known.hash[0] ^= 1; /* the number is right, the hash is a clone's */
	played_frame(fx, &m);
	played_closes(fx, "chain");
}

static void
known_point_above_the_tip_closes(void **ctx)
{
	struct played *fx = *ctx;
	struct message m;

	played_begin(fx);
	m = played_welcome(fx, 0);
	m.known.seq = 1;
	played_frame(fx, &m);
	played_closes(fx, "chain");
}

static void
hub_with_another_key_closes(void **ctx)
{
	struct played *fx = *ctx;
	struct message m;

	played_begin(fx);
	m = played_welcome(fx, 0);
	m.hub = fx->device.feed;
	played_frame(fx, &m);
	played_closes(fx, "hub.pub");
}

static void
welcome_of_an_older_round_is_passed_over(void **ctx)
{
	struct played *fx = *ctx;
	struct message m;

	played_greet(fx, 0);
	fx->now_ms += PLAYED_HELLO_MS;
	device_sync_tick(fx->s, fx->now_ms);
	played_sends(fx, MESSAGE_HELLO);
	m = played_welcome(fx, 0);
	m.round--;
	played_frame(fx, &m);
	assert_int_equal(device_sync_state(fx->s), DEVICE_GREETING);
	m.round++;
	played_frame(fx, &m);
	assert_int_equal(device_sync_state(fx->s), DEVICE_STREAMING);
}

static void
second_welcome_closes(void **ctx)
{
	struct played *fx = *ctx;
	struct message m;

	played_greet(fx, 0);
	m = played_welcome(fx, 0);
	m.round = 1;
	played_frame(fx, &m);
	played_closes(fx, "turn");
}

/* ---- ACK, WANT ---- */

static void
ack_moves_the_mark_and_drains(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 5);
	played_greet(fx, 0);
	played_sends(fx, MESSAGE_PUSH);
	assert_false(device_sync_drained(fx->s));
	played_ack(fx, 1, memory_device_tip(&fx->device), (struct message) { 0 });
	assert_false(device_sync_drained(fx->s)); /* nobody was told yet */
	assert_int_equal(played_next(fx), DEVICE_ACKED);
	assert_int_equal(fx->action.point.seq, 5);
	played_owes_nothing(fx);
	assert_true(device_sync_drained(fx->s));

	memory_device_record(&fx->device, 1);
	assert_false(device_sync_drained(fx->s));
}

static void
several_acks_move_the_mark_once(void **ctx)
{
	struct played *fx = *ctx;

	fx->device.body_bytes = 10000;
	memory_device_record(&fx->device, 2);
	played_greet(fx, 0);
	played_sends(fx, MESSAGE_PUSH);
	played_sends(fx, MESSAGE_PUSH);
	played_ack(fx, 1, memory_device_point(&fx->device, 1), (struct message) { 0 });
	played_ack(fx, 1, memory_device_point(&fx->device, 2), (struct message) { 0 });
	assert_int_equal(played_next(fx), DEVICE_ACKED);
	assert_int_equal(fx->action.point.seq, 2);
	played_owes_nothing(fx);
}

static void
ack_of_an_older_round_is_passed_over(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 5);
	played_greet(fx, 0);
	played_sends(fx, MESSAGE_PUSH);
	played_frame(fx, &(struct message) { .type = MESSAGE_WANT, .round = 1 });
	played_sends(fx, MESSAGE_HELLO);
	played_ack(fx, 1, memory_device_tip(&fx->device), (struct message) { 0 });
	played_owes_nothing(fx);
	assert_int_equal(device_sync_state(fx->s), DEVICE_GREETING);
}

static void
ack_without_the_hubs_signature_closes(void **ctx)
{
	struct played *fx = *ctx;
	uint8_t wrong[SIGNATURE_BYTES] = { 1 };

	memory_device_record(&fx->device, 5);
	played_greet(fx, 0);
	played_sends(fx, MESSAGE_PUSH);
	played_ack(fx, 1, memory_device_tip(&fx->device), (struct message) { .receipt = wrong });
	played_closes(fx, "receipt");
}

static void
ack_of_a_point_on_another_chain_closes(void **ctx)
{
	struct played *fx = *ctx;
	struct point end;

	memory_device_record(&fx->device, 5);
	played_greet(fx, 0);
	played_sends(fx, MESSAGE_PUSH);
	end = memory_device_tip(&fx->device);
	end.hash[31] ^= 1;
	played_ack(fx, 1, end, (struct message) { 0 });
	played_closes(fx, "chain");
}

static void
ack_before_welcome_closes(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 5);
	played_begin(fx);
	played_ack(fx, 1, memory_device_tip(&fx->device), (struct message) { 0 });
	played_closes(fx, "turn");
}

static void
want_causes_one_hello_of_the_next_round(void **ctx)
{
	struct played *fx = *ctx;
	struct message m;
	struct batch b;

	fx->device.body_bytes = 10000;
	memory_device_record(&fx->device, 4);
	played_greet(fx, 2);
	played_sends(fx, MESSAGE_PUSH);
	played_sends(fx, MESSAGE_PUSH);
	played_frame(fx, &(struct message) { .type = MESSAGE_WANT, .round = 1 });
	played_frame(fx, &(struct message) { .type = MESSAGE_WANT, .round = 1 });
	played_sends(fx, MESSAGE_HELLO);
	assert_int_equal(fx->out.round, 2);
	played_owes_nothing(fx);
	m = played_welcome(fx, 0);
	played_frame(fx, &m);
	assert_int_equal(played_next(fx), DEVICE_WELCOMED);
	assert_int_equal(played_next(fx), DEVICE_ACKED);
	assert_int_equal(fx->action.point.seq, 0);
	played_sends(fx, MESSAGE_PUSH);
	assert_int_equal(fx->out.round, 2);
	assert_status(batch_open(fx->out.batch.at, fx->out.batch.len, &b), ST_OK);
	assert_int_equal(b.first, 1);
}

static void
hub_that_only_wants_is_given_up(void **ctx)
{
	struct played *fx = *ctx;
	struct message m;
	int times = 0;

	memory_device_record(&fx->device, 1);
	played_greet(fx, 0);
	for (; times < 9; times++) {
		played_sends(fx, MESSAGE_PUSH);
		played_frame(fx,
		             &(struct message) { .type = MESSAGE_WANT, .round = fx->out.round });
		if (device_sync_state(fx->s) == DEVICE_CLOSED)
			break;
		played_sends(fx, MESSAGE_HELLO);
		m = played_welcome(fx, 0);
		played_frame(fx, &m);
		assert_int_equal(played_next(fx), DEVICE_WELCOMED);
	}
	played_closes(fx, "again");
	assert_in_range(times, 2, 5);
}

/* ---- credit and batches ---- */

static void
without_credit_nothing_is_pushed(void **ctx)
{
	struct played *fx = *ctx;
	struct message m;

	memory_device_record(&fx->device, 5);
	played_begin(fx);
	m = played_welcome(fx, 0);
	m.credit = 0;
	played_frame(fx, &m);
	assert_int_equal(played_next(fx), DEVICE_WELCOMED);
	played_sends(fx, MESSAGE_GET);
	played_owes_nothing(fx);
	played_pong(fx, PLAYED_BOOT, CREDIT_BYTES_MIN); /* unasked */
	played_sends(fx, MESSAGE_PUSH);
}

static void
a_risen_registry_is_told_to_the_caller(void **ctx)
{
	struct played *fx = *ctx;
	struct message m = { .type = MESSAGE_PONG, .boot = PLAYED_BOOT, .registry = 9 };

	memory_device_record(&fx->device, 1);
	played_greet(fx, 1);
	played_owes_nothing(fx);
	played_frame(fx, &m);
	assert_int_equal(played_next(fx), DEVICE_SEEN);
	assert_int_equal(fx->action.registry, 9);
	played_frame(fx, &m);
	m.registry = 0; /* an older hub, which does not tell it */
	played_frame(fx, &m);
	played_owes_nothing(fx);
}

static void
batches_in_flight_stay_within_the_credit(void **ctx)
{
	struct played *fx = *ctx;
	struct message m;
	size_t bytes = 0, batches = 0;

	fx->device.body_bytes = EVENT_BYTES_MAX;
	memory_device_record(&fx->device, 40);
	played_begin(fx);
	m = played_welcome(fx, 0);
	m.credit = CREDIT_BYTES_MIN;
	played_frame(fx, &m);
	played_next(fx);
	played_sends(fx, MESSAGE_GET);
	while (played_next(fx) == DEVICE_SEND) {
		bytes += fx->out.batch.len;
		batches++;
	}
	assert_in_range(batches, 2, 4);
	assert_in_range(bytes, 1, CREDIT_BYTES_MIN);
}

/* ---- time ---- */

static void
no_welcome_in_time_closes(void **ctx)
{
	struct played *fx = *ctx;

	played_begin(fx);
	assert_int_equal(device_sync_deadline(fx->s), fx->now_ms + PLAYED_WELCOME_MS);
	fx->now_ms += PLAYED_WELCOME_MS - 1;
	device_sync_tick(fx->s, fx->now_ms);
	played_owes_nothing(fx);
	fx->now_ms += 1;
	device_sync_tick(fx->s, fx->now_ms);
	played_closes(fx, "in time");
	assert_true(device_sync_deadline(fx->s) == INT64_MAX);
}

static void
no_ack_in_time_closes(void **ctx)
{
	struct played *fx = *ctx;

	fx->device.body_bytes = 10000;
	memory_device_record(&fx->device, 2);
	played_greet(fx, 0);
	played_sends(fx, MESSAGE_PUSH);
	played_sends(fx, MESSAGE_PUSH);
	fx->now_ms += PLAYED_ANSWER_MS - 1;
	played_ack(fx, 1, memory_device_point(&fx->device, 1), (struct message) { 0 });
	assert_int_equal(played_next(fx), DEVICE_ACKED);
	fx->now_ms += PLAYED_ANSWER_MS - 1; /* the clock began anew for the second */
	device_sync_tick(fx->s, fx->now_ms);
	played_owes_nothing(fx);
	fx->now_ms += 1;
	device_sync_tick(fx->s, fx->now_ms);
	played_closes(fx, "in time");
}

static void
silence_is_broken_by_a_ping_that_must_be_answered(void **ctx)
{
	struct played *fx = *ctx;

	played_greet(fx, 0);
	played_owes_nothing(fx);
	assert_int_equal(device_sync_deadline(fx->s), fx->now_ms + PLAYED_PING_MS);
	fx->now_ms += PLAYED_PING_MS;
	device_sync_tick(fx->s, fx->now_ms);
	played_sends(fx, MESSAGE_PING);
	assert_int_equal(fx->out.boot, PLAYED_BOOT);
	played_owes_nothing(fx);
	played_pong(fx, PLAYED_BOOT, 0);
	played_owes_nothing(fx);

	fx->now_ms += PLAYED_PING_MS;
	device_sync_tick(fx->s, fx->now_ms);
	played_sends(fx, MESSAGE_PING);
	fx->now_ms += PLAYED_ANSWER_MS;
	device_sync_tick(fx->s, fx->now_ms);
	played_closes(fx, "in time");
}

/* A command that was killed just behind its commit woke nobody. */
static void
what_grew_unheard_goes_out_after_a_silence(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 2);
	played_greet(fx, 2);
	played_owes_nothing(fx);
	memory_device_record(&fx->device, 1);
	played_owes_nothing(fx);
	fx->now_ms += PLAYED_PING_MS;
	device_sync_tick(fx->s, fx->now_ms);
	played_sends(fx, MESSAGE_PUSH);
	assert_int_equal(device_sync_deadline(fx->s), fx->now_ms + PLAYED_ANSWER_MS);
}

static void
idle_device_says_hello_every_hour(void **ctx)
{
	struct played *fx = *ctx;
	int64_t began = 0;
	int pings = 0;

	played_greet(fx, 0);
	began = fx->now_ms;
	for (; pings < PLAYED_HELLO_MS / PLAYED_PING_MS + 2; pings++) {
		fx->now_ms = device_sync_deadline(fx->s);
		device_sync_tick(fx->s, fx->now_ms);
		assert_int_equal(played_next(fx), DEVICE_SEND);
		if (fx->out.type == MESSAGE_HELLO)
			break;
		played_pong(fx, PLAYED_BOOT, 0);
	}
	assert_int_equal(fx->now_ms, began + PLAYED_HELLO_MS);
	assert_int_equal(pings, (PLAYED_HELLO_MS - 1) / PLAYED_PING_MS);
	assert_int_equal(fx->out.round, 2);
}

static void
hub_in_a_new_life_gets_a_hello(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 1);
	played_greet(fx, 0);
	played_sends(fx, MESSAGE_PUSH);
	played_pong(fx, PLAYED_BOOT + 1, 0);
	played_sends(fx, MESSAGE_HELLO);
	assert_int_equal(fx->out.round, 2);
	played_pong(fx, PLAYED_BOOT + 2, 0); /* WELCOME will say it */
	played_owes_nothing(fx);
}

/* ---- the end of a link ---- */

static void
refusal_closes_with_its_code(void **ctx)
{
	struct played *fx = *ctx;

	played_begin(fx);
	played_frame(fx,
	             &(struct message) { .type = MESSAGE_REFUSE,
	                                 .code = text_of("enrolment"),
	                                 .text = text_of("who are you") });
	assert_int_equal(played_next(fx), DEVICE_CLOSE);
	assert_true(fx->action.has_refusal);
	assert_int_equal(fx->action.refused_with, REFUSAL_ENROLMENT);
	assert_true(text_is(fx->action.hub_text, "who are you"));

	played_begin(fx);
	played_frame(fx, &(struct message) { .type = MESSAGE_REFUSE, .code = text_of("mood") });
	assert_int_equal(played_next(fx), DEVICE_CLOSE);
	assert_true(fx->action.has_refusal);
	assert_int_equal(fx->action.refused_with, REFUSALS_);
}

static void
garbage_closes(void **ctx)
{
	struct played *fx = *ctx;

	played_begin(fx);
	device_sync_frame(fx->s, "HTTP/1.1 407", 12, fx->now_ms);
	played_closes(fx, "not a message");
	assert_false(fx->action.has_refusal);
}

static void
message_of_a_device_closes(void **ctx)
{
	struct played *fx = *ctx;

	played_greet(fx, 0);
	played_frame(fx, &(struct message) { .type = MESSAGE_PING });
	played_closes(fx, "only devices");
}

static void
store_that_fails_closes(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 1);
	played_greet(fx, 0);
	fx->device.fails_with = ST_IO;
	played_closes(fx, "outbox");
	assert_false(device_sync_drained(fx->s));

	device_sync_start(fx->s, fx->now_ms);
	played_closes(fx, "outbox");

	fx->device.fails_with = ST_OK;
	played_begin(fx);
	assert_int_equal(device_sync_state(fx->s), DEVICE_GREETING);
}

static void
what_was_told_is_reported_before_the_link_is_closed(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 1);
	played_greet(fx, 0);
	played_sends(fx, MESSAGE_PUSH);
	played_ack(fx, 1, memory_device_tip(&fx->device), (struct message) { 0 });
	device_sync_frame(fx->s, "", 0, fx->now_ms);
	assert_int_equal(played_next(fx), DEVICE_ACKED);
	assert_int_equal(played_next(fx), DEVICE_CLOSE);
}

static void
frames_without_a_link_are_passed_over(void **ctx)
{
	struct played *fx = *ctx;

	played_begin(fx);
	device_sync_frame(fx->s, "", 0, fx->now_ms);
	played_closes(fx, "message");
	played_told_plan(fx, 3);
	device_sync_grew(fx->s);
	device_sync_tick(fx->s, fx->now_ms + PLAYED_HELLO_MS);
	played_owes_nothing(fx);
	assert_int_equal(device_sync_state(fx->s), DEVICE_CLOSED);
}

static void
new_link_begins_with_the_first_round(void **ctx)
{
	struct played *fx = *ctx;

	memory_device_record(&fx->device, 1);
	played_greet(fx, 0);
	played_frame(fx, &(struct message) { .type = MESSAGE_WANT, .round = 1 });
	played_sends(fx, MESSAGE_HELLO);
	played_begin(fx);
	assert_int_equal(fx->out.round, 1);
}

int
main(void)
{
#define FX(test) cmocka_unit_test_setup_teardown(test, played_setup, played_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_answers_every_event),
		FX(hello_of_an_empty_feed_has_the_beginning),
		FX(hello_goes_back_in_steps_that_double),
		FX(hello_names_no_point_twice),
		FX(hello_names_only_the_own_chain),
		FX(pushes_what_lies_above_the_known_point),
		FX(welcome_is_told_to_the_caller),
		FX(welcome_lowers_what_was_acknowledged),
		FX(welcome_that_changes_nothing_moves_no_mark),
		FX(known_point_on_another_chain_closes),
		FX(known_point_above_the_tip_closes),
		FX(hub_with_another_key_closes),
		FX(welcome_of_an_older_round_is_passed_over),
		FX(second_welcome_closes),
		FX(ack_moves_the_mark_and_drains),
		FX(several_acks_move_the_mark_once),
		FX(ack_of_an_older_round_is_passed_over),
		FX(ack_without_the_hubs_signature_closes),
		FX(ack_of_a_point_on_another_chain_closes),
		FX(ack_before_welcome_closes),
		FX(want_causes_one_hello_of_the_next_round),
		FX(hub_that_only_wants_is_given_up),
		FX(without_credit_nothing_is_pushed),
		FX(a_risen_registry_is_told_to_the_caller),
		FX(batches_in_flight_stay_within_the_credit),
		FX(no_welcome_in_time_closes),
		FX(no_ack_in_time_closes),
		FX(silence_is_broken_by_a_ping_that_must_be_answered),
		FX(what_grew_unheard_goes_out_after_a_silence),
		FX(idle_device_says_hello_every_hour),
		FX(hub_in_a_new_life_gets_a_hello),
		FX(refusal_closes_with_its_code),
		FX(garbage_closes),
		FX(message_of_a_device_closes),
		FX(store_that_fails_closes),
		FX(what_was_told_is_reported_before_the_link_is_closed),
		FX(frames_without_a_link_are_passed_over),
		FX(new_link_begins_with_the_first_round),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("device_sync", tests, NULL, NULL);
}
