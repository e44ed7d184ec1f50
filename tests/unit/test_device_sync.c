/* The device's machine against a hub that the test plays, true or false. */
#include "protocol/device_sync.h"

#include <sodium.h>

#include "protocol/batch.h"
#include "protocol/chain.h"
#include "protocol/flight.h"
#include "protocol/identity.h"
#include "tests/support/check.h"
#include "tests/support/memory_device.h"

enum { WELCOME_MS = 1000, ANSWER_MS = 4000, PING_MS = 700, HELLO_MS = 50000 };

struct fixture {
	memory_device device;
	uint8_t hub[FEED_BYTES], secret[SIGN_SECRET_BYTES];
	device_sync *s;
	int64_t now_ms;
	writer w;
	struct device_action action; /* the last one */
	struct message out;          /* what it sent, if it is DEVICE_SEND */
};

static int
make_fixture(void **ctx)
{
	struct fixture *fx = calloc(1, sizeof(*fx));
	const uint8_t seed[crypto_sign_SEEDBYTES] = { 7 };

	if (!fx)
		return -1;
	memory_device_init(&fx->device, 1);
	crypto_sign_seed_keypair(fx->hub, fx->secret, seed);
	writer_init(&fx->w);
	fx->now_ms = 5000;
	*ctx = fx;
	return 0;
}

static int
end_fixture(void **ctx)
{
	struct fixture *fx = *ctx;

	device_sync_free(&fx->s);
	memory_device_done(&fx->device);
	writer_done(&fx->w);
	free(fx);
	return 0;
}

/* ---- what the test does as the hub ---- */

static void
frame(struct fixture *fx, const struct message *m)
{
	struct bytes b;

	assert_status(message_encode(m, &fx->w), ST_OK);
	b = writer_bytes(&fx->w);
	device_sync_frame(fx->s, b.at, b.len, fx->now_ms);
}

static struct message
welcome(struct fixture *fx, uint64_t known)
{
	return (struct message) {
		.type = MESSAGE_WELCOME,
		.round = fx->out.round,
		.hub = fx->hub,
		.boot = 77,
		.known = memory_device_point(&fx->device, known),
		.credit = 256 * 1024,
		.clock_ms = 123,
	};
}

static void
ack(struct fixture *fx, uint64_t round, struct point end, struct message other)
{
	uint8_t covered[RECEIPT_SIGNED_BYTES], receipt[SIGNATURE_BYTES];

	other.type = MESSAGE_ACK;
	other.round = round;
	other.end = end;
	receipt_signed(fx->hub, fx->device.feed, &end, covered);
	sign_bytes(covered, sizeof(covered), fx->secret, receipt);
	if (!other.receipt)
		other.receipt = receipt;
	if (other.credit == 0)
		other.credit = 256 * 1024;
	frame(fx, &other);
}

static void
pong(struct fixture *fx, uint64_t boot, uint64_t credit)
{
	frame(fx, &(struct message) { .type = MESSAGE_PONG, .boot = boot, .credit = credit });
}

/* ---- what the test sees of the device ---- */

/* The next action; 0 when there is none. */
static int
next(struct fixture *fx)
{
	fx->action = (struct device_action) { 0 };
	if (!device_sync_next(fx->s, fx->now_ms, 1700000000000, &fx->action))
		return 0;
	if (fx->action.type == DEVICE_SEND)
		assert_status(message_decode(fx->action.frame.at, fx->action.frame.len, &fx->out),
		              ST_OK);
	return (int) fx->action.type;
}

static void
sends(struct fixture *fx, message_type type)
{
	int got = next(fx);

	if (got != DEVICE_SEND)
		fail_msg("action %d where %s was to be sent", got, message_name(type));
	assert_string_equal(message_name(fx->out.type), message_name(type));
}

static void
owes_nothing(struct fixture *fx)
{
	int got = next(fx);

	if (got != 0)
		fail_msg("action %d, %s", got, message_name(fx->out.type));
}

static void
closes(struct fixture *fx, const char *word)
{
	assert_int_equal(next(fx), DEVICE_CLOSE);
	assert_int_equal(device_sync_state(fx->s), DEVICE_CLOSED);
	if (!strstr(fx->action.why, word))
		fail_msg("'%s' says nothing of '%s'", fx->action.why, word);
	owes_nothing(fx);
}

/* A device that knows nothing of the hub has started and said HELLO. */
static void
begin(struct fixture *fx)
{
	struct device_sync_config config = {
		.program = "test 1",
		.welcome_ms = WELCOME_MS,
		.answer_ms = ANSWER_MS,
		.ping_ms = PING_MS,
		.hello_ms = HELLO_MS,
	};

	memcpy(config.feed, fx->device.feed, FEED_BYTES);
	memcpy(config.hub, fx->hub, FEED_BYTES);
	if (!fx->s)
		fx->s = device_sync_new(&config, &fx->device.memory, &fx->device.store);
	assert_non_null(fx->s);
	device_sync_start(fx->s, fx->now_ms);
	sends(fx, MESSAGE_HELLO);
}

/* … and the hub knew its events up to known, and had nothing else to tell. */
static void
greet(struct fixture *fx, uint64_t known)
{
	struct message m;

	begin(fx);
	m = welcome(fx, known);
	frame(fx, &m);
	assert_int_equal(next(fx), DEVICE_WELCOMED);
	if (known > 0)
		assert_int_equal(next(fx), DEVICE_ACKED);
	sends(fx, MESSAGE_GET); /* the standing, of a boot not seen before */
	frame(fx, &(struct message) { .type = MESSAGE_PART, .what = text_of("standing"),
	                              .signature = fx->secret });
}

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
assert_points(struct fixture *fx, size_t count, const uint64_t *seqs)
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
	struct fixture *fx = *ctx;

	begin(fx);
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
	struct fixture *fx = *ctx;

	memory_device_record(&fx->device, 20);
	fx->device.memory.acked = memory_device_point(&fx->device, 7);
	fx->device.memory.plan = 3;
	fx->device.memory.registry = 5;
	begin(fx);
	assert_points(fx, 8, (const uint64_t[]) { 7, 20, 19, 18, 16, 12, 4, 0 });
	assert_int_equal(fx->out.tip.seq, 20);
	assert_int_equal(fx->out.pending, 13);
	assert_int_equal(fx->out.plan, 3);
	assert_int_equal(fx->out.registry, 5);
}

static void
hello_names_no_point_twice(void **ctx)
{
	struct fixture *fx = *ctx;

	memory_device_record(&fx->device, 2);
	fx->device.memory.acked = memory_device_point(&fx->device, 2);
	begin(fx);
	assert_points(fx, 3, (const uint64_t[]) { 2, 1, 0 });
}

static void
hello_names_only_the_own_chain(void **ctx)
{
	struct fixture *fx = *ctx;

	memory_device_record(&fx->device, 4);
	fx->device.memory.acked = (struct point) { .seq = 9 }; /* above the tip */
	begin(fx);
	assert_points(fx, 4, (const uint64_t[]) { 4, 3, 2, 0 });
}

/* ---- WELCOME ---- */

static void
pushes_what_lies_above_the_known_point(void **ctx)
{
	struct fixture *fx = *ctx;
	struct batch b;

	memory_device_record(&fx->device, 10);
	greet(fx, 4);
	sends(fx, MESSAGE_PUSH);
	assert_status(batch_open(fx->out.batch.at, fx->out.batch.len, &b), ST_OK);
	assert_int_equal(b.first, 5);
	assert_int_equal(b.count, 6);
	owes_nothing(fx);
}

static void
welcome_is_told_to_the_caller(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m;

	memory_device_record(&fx->device, 3);
	begin(fx);
	m = welcome(fx, 2);
	m.beyond = 20;
	m.registry = 8;
	frame(fx, &m);
	assert_int_equal(next(fx), DEVICE_WELCOMED);
	assert_int_equal(fx->action.beyond, 20);
	assert_int_equal(fx->action.registry, 8);
	assert_int_equal(fx->action.boot, 77);
	assert_int_equal(fx->action.hub_clock_ms, 123);
	assert_int_equal(next(fx), DEVICE_ACKED);
	assert_int_equal(fx->action.point.seq, 2);
}

static void
welcome_lowers_what_was_acknowledged(void **ctx)
{
	struct fixture *fx = *ctx;

	memory_device_record(&fx->device, 9);
	fx->device.memory.acked = memory_device_point(&fx->device, 9);
	greet(fx, 3);
	sends(fx, MESSAGE_PUSH);
	assert_false(device_sync_drained(fx->s));
}

static void
welcome_that_changes_nothing_moves_no_mark(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m;

	memory_device_record(&fx->device, 9);
	fx->device.memory.acked = memory_device_point(&fx->device, 9);
	begin(fx);
	m = welcome(fx, 9);
	frame(fx, &m);
	assert_int_equal(next(fx), DEVICE_WELCOMED);
	sends(fx, MESSAGE_GET);
	owes_nothing(fx);
}

static void
known_point_on_another_chain_closes(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m;

	memory_device_record(&fx->device, 9);
	begin(fx);
	m = welcome(fx, 5);
	m.known.hash[0] ^= 1; /* the number is right, the hash is a clone's */
	frame(fx, &m);
	closes(fx, "chain");
}

static void
known_point_above_the_tip_closes(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m;

	begin(fx);
	m = welcome(fx, 0);
	m.known.seq = 1;
	frame(fx, &m);
	closes(fx, "chain");
}

static void
hub_with_another_key_closes(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m;

	begin(fx);
	m = welcome(fx, 0);
	m.hub = fx->device.feed;
	frame(fx, &m);
	closes(fx, "hub.pub");
}

static void
welcome_of_an_older_round_is_passed_over(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m;

	greet(fx, 0);
	fx->now_ms += HELLO_MS;
	device_sync_tick(fx->s, fx->now_ms);
	sends(fx, MESSAGE_HELLO);
	m = welcome(fx, 0);
	m.round--;
	frame(fx, &m);
	assert_int_equal(device_sync_state(fx->s), DEVICE_GREETING);
	m.round++;
	frame(fx, &m);
	assert_int_equal(device_sync_state(fx->s), DEVICE_STREAMING);
}

static void
second_welcome_closes(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m;

	greet(fx, 0);
	m = welcome(fx, 0);
	m.round = 1;
	frame(fx, &m);
	closes(fx, "turn");
}

/* ---- ACK, WANT ---- */

static void
ack_moves_the_mark_and_drains(void **ctx)
{
	struct fixture *fx = *ctx;

	memory_device_record(&fx->device, 5);
	greet(fx, 0);
	sends(fx, MESSAGE_PUSH);
	assert_false(device_sync_drained(fx->s));
	ack(fx, 1, memory_device_tip(&fx->device), (struct message) { 0 });
	assert_false(device_sync_drained(fx->s)); /* nobody was told yet */
	assert_int_equal(next(fx), DEVICE_ACKED);
	assert_int_equal(fx->action.point.seq, 5);
	owes_nothing(fx);
	assert_true(device_sync_drained(fx->s));

	memory_device_record(&fx->device, 1);
	assert_false(device_sync_drained(fx->s));
}

static void
several_acks_move_the_mark_once(void **ctx)
{
	struct fixture *fx = *ctx;

	fx->device.body_bytes = 10000;
	memory_device_record(&fx->device, 2);
	greet(fx, 0);
	sends(fx, MESSAGE_PUSH);
	sends(fx, MESSAGE_PUSH);
	ack(fx, 1, memory_device_point(&fx->device, 1), (struct message) { 0 });
	ack(fx, 1, memory_device_point(&fx->device, 2), (struct message) { 0 });
	assert_int_equal(next(fx), DEVICE_ACKED);
	assert_int_equal(fx->action.point.seq, 2);
	owes_nothing(fx);
}

static void
ack_of_an_older_round_is_passed_over(void **ctx)
{
	struct fixture *fx = *ctx;

	memory_device_record(&fx->device, 5);
	greet(fx, 0);
	sends(fx, MESSAGE_PUSH);
	frame(fx, &(struct message) { .type = MESSAGE_WANT, .round = 1 });
	sends(fx, MESSAGE_HELLO);
	ack(fx, 1, memory_device_tip(&fx->device), (struct message) { 0 });
	owes_nothing(fx);
	assert_int_equal(device_sync_state(fx->s), DEVICE_GREETING);
}

static void
ack_without_the_hubs_signature_closes(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t wrong[SIGNATURE_BYTES] = { 1 };

	memory_device_record(&fx->device, 5);
	greet(fx, 0);
	sends(fx, MESSAGE_PUSH);
	ack(fx, 1, memory_device_tip(&fx->device), (struct message) { .receipt = wrong });
	closes(fx, "receipt");
}

static void
ack_of_a_point_on_another_chain_closes(void **ctx)
{
	struct fixture *fx = *ctx;
	struct point end;

	memory_device_record(&fx->device, 5);
	greet(fx, 0);
	sends(fx, MESSAGE_PUSH);
	end = memory_device_tip(&fx->device);
	end.hash[31] ^= 1;
	ack(fx, 1, end, (struct message) { 0 });
	closes(fx, "chain");
}

static void
ack_before_welcome_closes(void **ctx)
{
	struct fixture *fx = *ctx;

	memory_device_record(&fx->device, 5);
	begin(fx);
	ack(fx, 1, memory_device_tip(&fx->device), (struct message) { 0 });
	closes(fx, "turn");
}

static void
want_causes_one_hello_of_the_next_round(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m;
	struct batch b;

	fx->device.body_bytes = 10000;
	memory_device_record(&fx->device, 4);
	greet(fx, 2);
	sends(fx, MESSAGE_PUSH);
	sends(fx, MESSAGE_PUSH);
	frame(fx, &(struct message) { .type = MESSAGE_WANT, .round = 1 });
	frame(fx, &(struct message) { .type = MESSAGE_WANT, .round = 1 });
	sends(fx, MESSAGE_HELLO);
	assert_int_equal(fx->out.round, 2);
	owes_nothing(fx);
	m = welcome(fx, 0);
	frame(fx, &m);
	assert_int_equal(next(fx), DEVICE_WELCOMED);
	assert_int_equal(next(fx), DEVICE_ACKED);
	assert_int_equal(fx->action.point.seq, 0);
	sends(fx, MESSAGE_PUSH);
	assert_int_equal(fx->out.round, 2);
	assert_status(batch_open(fx->out.batch.at, fx->out.batch.len, &b), ST_OK);
	assert_int_equal(b.first, 1);
}

static void
hub_that_only_wants_is_given_up(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m;
	int times = 0;

	memory_device_record(&fx->device, 1);
	greet(fx, 0);
	for (;; times++) {
		sends(fx, MESSAGE_PUSH);
		frame(fx, &(struct message) { .type = MESSAGE_WANT, .round = fx->out.round });
		if (device_sync_state(fx->s) == DEVICE_CLOSED)
			break;
		sends(fx, MESSAGE_HELLO);
		m = welcome(fx, 0);
		frame(fx, &m);
		assert_int_equal(next(fx), DEVICE_WELCOMED);
	}
	closes(fx, "again");
	assert_in_range(times, 2, 5);
}

/* ---- credit and batches ---- */

static void
without_credit_nothing_is_pushed(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m;

	memory_device_record(&fx->device, 5);
	begin(fx);
	m = welcome(fx, 0);
	m.credit = 0;
	frame(fx, &m);
	assert_int_equal(next(fx), DEVICE_WELCOMED);
	sends(fx, MESSAGE_GET);
	owes_nothing(fx);
	pong(fx, 77, CREDIT_BYTES_MIN); /* unasked */
	sends(fx, MESSAGE_PUSH);
}

static void
batches_in_flight_stay_within_the_credit(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m;
	size_t bytes = 0, batches = 0;

	fx->device.body_bytes = EVENT_BYTES_MAX;
	memory_device_record(&fx->device, 40);
	begin(fx);
	m = welcome(fx, 0);
	m.credit = CREDIT_BYTES_MIN;
	frame(fx, &m);
	next(fx);
	sends(fx, MESSAGE_GET);
	while (next(fx) == DEVICE_SEND) {
		bytes += fx->out.batch.len;
		batches++;
	}
	assert_in_range(batches, 2, 4);
	assert_in_range(bytes, 1, CREDIT_BYTES_MIN);
}

/* Answer every batch after it took its time on a link of that speed. */
static size_t
batch_bytes_at(struct fixture *fx, size_t bytes_a_second)
{
	size_t last = 0;
	struct batch b;

	for (int i = 0; i < 40; i++) {
		if (next(fx) != DEVICE_SEND || fx->out.type != MESSAGE_PUSH)
			continue;
		last = fx->out.batch.len;
		assert_status(batch_open(fx->out.batch.at, last, &b), ST_OK);
		fx->now_ms += (int64_t) (last * 1000 / bytes_a_second);
		ack(fx, 1, batch_end(&b), (struct message) { 0 });
	}
	return last;
}

static void
batches_take_two_to_four_seconds_of_the_link(void **ctx)
{
	struct fixture *fx = *ctx;

	fx->device.body_bytes = 500;
	memory_device_record(&fx->device, 6000);
	greet(fx, 0);
	assert_in_range(batch_bytes_at(fx, 8000), 15000, 32000);
	assert_in_range(batch_bytes_at(fx, 500000), 60000, BATCH_BYTES_MAX);
	assert_in_range(batch_bytes_at(fx, 2000), 4000, 8000);
	assert_in_range(batch_bytes_at(fx, 100), 3000, FLIGHT_BYTES_LEAST);
}

static void
batches_lost_with_a_link_come_back_smaller(void **ctx)
{
	struct fixture *fx = *ctx;
	size_t before;

	fx->device.body_bytes = 500;
	memory_device_record(&fx->device, 600);
	greet(fx, 0);
	sends(fx, MESSAGE_PUSH);
	before = fx->out.batch.len;
	for (int i = 0; i < 5; i++) {
		struct message m;

		begin(fx);
		m = welcome(fx, 0);
		frame(fx, &m);
		assert_int_equal(next(fx), DEVICE_WELCOMED);
		sends(fx, MESSAGE_PUSH);
		assert_true(fx->out.batch.len < before || before <= FLIGHT_BYTES_LEAST);
		before = fx->out.batch.len;
	}
	assert_in_range(before, FLIGHT_BYTES_LEAST / 2, FLIGHT_BYTES_LEAST);
}

/* ---- time ---- */

static void
no_welcome_in_time_closes(void **ctx)
{
	struct fixture *fx = *ctx;

	begin(fx);
	assert_int_equal(device_sync_deadline(fx->s), fx->now_ms + WELCOME_MS);
	fx->now_ms += WELCOME_MS - 1;
	device_sync_tick(fx->s, fx->now_ms);
	owes_nothing(fx);
	fx->now_ms += 1;
	device_sync_tick(fx->s, fx->now_ms);
	closes(fx, "in time");
	assert_true(device_sync_deadline(fx->s) == INT64_MAX);
}

static void
no_ack_in_time_closes(void **ctx)
{
	struct fixture *fx = *ctx;

	fx->device.body_bytes = 10000;
	memory_device_record(&fx->device, 2);
	greet(fx, 0);
	sends(fx, MESSAGE_PUSH);
	sends(fx, MESSAGE_PUSH);
	fx->now_ms += ANSWER_MS - 1;
	ack(fx, 1, memory_device_point(&fx->device, 1), (struct message) { 0 });
	assert_int_equal(next(fx), DEVICE_ACKED);
	fx->now_ms += ANSWER_MS - 1; /* the clock began anew for the second */
	device_sync_tick(fx->s, fx->now_ms);
	owes_nothing(fx);
	fx->now_ms += 1;
	device_sync_tick(fx->s, fx->now_ms);
	closes(fx, "in time");
}

static void
silence_is_broken_by_a_ping_that_must_be_answered(void **ctx)
{
	struct fixture *fx = *ctx;

	greet(fx, 0);
	owes_nothing(fx);
	assert_int_equal(device_sync_deadline(fx->s), fx->now_ms + PING_MS);
	fx->now_ms += PING_MS;
	device_sync_tick(fx->s, fx->now_ms);
	sends(fx, MESSAGE_PING);
	assert_int_equal(fx->out.boot, 77);
	owes_nothing(fx);
	pong(fx, 77, 0);
	owes_nothing(fx);

	fx->now_ms += PING_MS;
	device_sync_tick(fx->s, fx->now_ms);
	sends(fx, MESSAGE_PING);
	fx->now_ms += ANSWER_MS;
	device_sync_tick(fx->s, fx->now_ms);
	closes(fx, "in time");
}

static void
idle_device_says_hello_every_hour(void **ctx)
{
	struct fixture *fx = *ctx;
	int64_t began = 0;
	int pings = 0;

	greet(fx, 0);
	began = fx->now_ms;
	for (;; pings++) {
		fx->now_ms = device_sync_deadline(fx->s);
		device_sync_tick(fx->s, fx->now_ms);
		assert_int_equal(next(fx), DEVICE_SEND);
		if (fx->out.type == MESSAGE_HELLO)
			break;
		pong(fx, 77, 0);
	}
	assert_int_equal(fx->now_ms, began + HELLO_MS);
	assert_int_equal(pings, (HELLO_MS - 1) / PING_MS);
	assert_int_equal(fx->out.round, 2);
}

static void
hub_in_a_new_life_gets_a_hello(void **ctx)
{
	struct fixture *fx = *ctx;

	memory_device_record(&fx->device, 1);
	greet(fx, 0);
	sends(fx, MESSAGE_PUSH);
	pong(fx, 78, 0);
	sends(fx, MESSAGE_HELLO);
	assert_int_equal(fx->out.round, 2);
	pong(fx, 79, 0); /* WELCOME will say it */
	owes_nothing(fx);
}

/* ---- documents ---- */

static void
part(struct fixture *fx, const char *what, uint64_t version, size_t total, size_t offset,
     const uint8_t *whole)
{
	uint8_t hash[HASH_BYTES], covered[DOCUMENT_SIGNED_BYTES_MAX], signature[SIGNATURE_BYTES];
	size_t len = total - offset < DOWN_PART_BYTES_MAX ? total - offset : DOWN_PART_BYTES_MAX;
	document d = DOCUMENT_EVENTS;

	document_of_name(text_of(what), &d);
	hash_bytes(whole, total, hash);
	sign_bytes(covered,
	           document_signed(d, fx->hub, fx->device.feed, version, hash, covered),
	           fx->secret, signature);
	frame(fx, &(struct message) {
		          .type = MESSAGE_PART,
		          .what = text_of(what),
		          .version = version,
		          .total = total,
		          .offset = offset,
		          .bytes = { whole + offset, len },
		          .signature = signature,
	          });
}

static void
told_plan(struct fixture *fx, uint64_t version)
{
	frame(fx, &(struct message) { .type = MESSAGE_PONG, .boot = 77, .plan = version });
}

static void
plan_not_newer_is_not_fetched(void **ctx)
{
	struct fixture *fx = *ctx;

	fx->device.memory.plan = 4;
	greet(fx, 0);
	told_plan(fx, 4);
	told_plan(fx, 3);
	owes_nothing(fx);
	assert_true(device_sync_drained(fx->s));
	told_plan(fx, 5);
	assert_false(device_sync_drained(fx->s));
	sends(fx, MESSAGE_GET);
	assert_true(text_is(fx->out.what, "plan"));
	assert_int_equal(fx->out.offset, 0);
	assert_int_equal(fx->out.version, 0);
}

static void
document_is_handed_out_whole(void **ctx)
{
	static uint8_t whole[DOWN_PART_BYTES_MAX + 100] = { 1, 2, 3 };
	struct fixture *fx = *ctx;

	greet(fx, 0);
	told_plan(fx, 2);
	sends(fx, MESSAGE_GET);
	part(fx, "plan", 2, sizeof(whole), 0, whole);
	sends(fx, MESSAGE_GET);
	assert_int_equal(fx->out.offset, DOWN_PART_BYTES_MAX);
	assert_int_equal(fx->out.version, 2);
	part(fx, "plan", 2, sizeof(whole), DOWN_PART_BYTES_MAX, whole);
	assert_false(device_sync_drained(fx->s));
	assert_int_equal(next(fx), DEVICE_DOCUMENT);
	assert_int_equal(fx->action.what, DOCUMENT_PLAN);
	assert_int_equal(fx->action.version, 2);
	assert_int_equal(fx->action.packed.len, sizeof(whole));
	assert_memory_equal(fx->action.packed.at, whole, sizeof(whole));
	owes_nothing(fx);
	assert_true(device_sync_drained(fx->s));
}

static void
document_under_a_wrong_signature_closes_and_begins_anew(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t whole[10] = { 1 };
	struct message m;

	greet(fx, 0);
	told_plan(fx, 2);
	sends(fx, MESSAGE_GET);
	memcpy(fx->secret, fx->device.secret, SIGN_SECRET_BYTES);
	part(fx, "plan", 2, sizeof(whole), 0, whole);
	closes(fx, "signature");

	begin(fx);
	m = welcome(fx, 0);
	m.plan = 2;
	frame(fx, &m);
	assert_int_equal(next(fx), DEVICE_WELCOMED);
	sends(fx, MESSAGE_GET);
	assert_int_equal(fx->out.offset, 0);
}

static void
document_over_its_limit_closes(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m = {
		.type = MESSAGE_PART, .what = text_of("standing"), .version = 9,
		.total = STANDING_BYTES_MAX + 1, .signature = fx->secret,
	};

	greet(fx, 0);
	frame(fx, &(struct message) { .type = MESSAGE_PONG, .boot = 77, .standing = 9 });
	sends(fx, MESSAGE_GET);
	frame(fx, &m);
	closes(fx, "fit");
}

static void
parts_that_do_not_fit_close(void **ctx)
{
	static uint8_t whole[2 * DOWN_PART_BYTES_MAX];
	struct fixture *fx = *ctx;

	greet(fx, 0);
	told_plan(fx, 2);
	sends(fx, MESSAGE_GET);
	part(fx, "plan", 2, sizeof(whole), 0, whole);
	sends(fx, MESSAGE_GET);
	part(fx, "plan", 2, sizeof(whole), 10, whole);
	closes(fx, "fit");
}

static void
part_that_was_not_asked_for_is_passed_over(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t whole[10] = { 1 };

	greet(fx, 0);
	part(fx, "plan", 2, sizeof(whole), 0, whole);
	owes_nothing(fx);
	part(fx, "events", 2, sizeof(whole), 0, whole);
	closes(fx, "nobody asked");
}

static void
document_that_is_not_there_is_asked_once(void **ctx)
{
	struct fixture *fx = *ctx;

	greet(fx, 0);
	told_plan(fx, 2);
	sends(fx, MESSAGE_GET);
	frame(fx, &(struct message) { .type = MESSAGE_PART, .what = text_of("plan"),
	                              .signature = fx->secret });
	told_plan(fx, 2);
	owes_nothing(fx);
	assert_true(device_sync_drained(fx->s));
	told_plan(fx, 3);
	sends(fx, MESSAGE_GET);
}

static void
older_plan_than_the_one_held_is_not_taken(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t whole[10] = { 1 };

	fx->device.memory.plan = 4;
	greet(fx, 0);
	told_plan(fx, 5);
	sends(fx, MESSAGE_GET);
	part(fx, "plan", 3, sizeof(whole), 0, whole);
	owes_nothing(fx);
}

/* ---- the end of a link ---- */

static void
refusal_closes_with_its_code(void **ctx)
{
	struct fixture *fx = *ctx;

	begin(fx);
	frame(fx, &(struct message) { .type = MESSAGE_REFUSE, .code = text_of("enrolment"),
	                              .text = text_of("who are you") });
	assert_int_equal(next(fx), DEVICE_CLOSE);
	assert_true(fx->action.has_refusal);
	assert_int_equal(fx->action.refused_with, REFUSAL_ENROLMENT);
	assert_true(text_is(fx->action.hub_text, "who are you"));

	begin(fx);
	frame(fx, &(struct message) { .type = MESSAGE_REFUSE, .code = text_of("mood") });
	assert_int_equal(next(fx), DEVICE_CLOSE);
	assert_true(fx->action.has_refusal);
	assert_int_equal(fx->action.refused_with, REFUSALS_);
}

static void
garbage_closes(void **ctx)
{
	struct fixture *fx = *ctx;

	begin(fx);
	device_sync_frame(fx->s, "HTTP/1.1 407", 12, fx->now_ms);
	closes(fx, "not a message");
	assert_false(fx->action.has_refusal);
}

static void
message_of_a_device_closes(void **ctx)
{
	struct fixture *fx = *ctx;

	greet(fx, 0);
	frame(fx, &(struct message) { .type = MESSAGE_PING });
	closes(fx, "only devices");
}

static void
store_that_fails_closes(void **ctx)
{
	struct fixture *fx = *ctx;

	memory_device_record(&fx->device, 1);
	greet(fx, 0);
	fx->device.fails_with = ST_IO;
	closes(fx, "outbox");
	assert_false(device_sync_drained(fx->s));

	device_sync_start(fx->s, fx->now_ms);
	closes(fx, "outbox");

	fx->device.fails_with = ST_OK;
	begin(fx);
	assert_int_equal(device_sync_state(fx->s), DEVICE_GREETING);
}

static void
what_was_told_is_reported_before_the_link_is_closed(void **ctx)
{
	struct fixture *fx = *ctx;

	memory_device_record(&fx->device, 1);
	greet(fx, 0);
	sends(fx, MESSAGE_PUSH);
	ack(fx, 1, memory_device_tip(&fx->device), (struct message) { 0 });
	device_sync_frame(fx->s, "", 0, fx->now_ms);
	assert_int_equal(next(fx), DEVICE_ACKED);
	assert_int_equal(next(fx), DEVICE_CLOSE);
}

static void
frames_without_a_link_are_passed_over(void **ctx)
{
	struct fixture *fx = *ctx;

	begin(fx);
	device_sync_frame(fx->s, "", 0, fx->now_ms);
	closes(fx, "message");
	told_plan(fx, 3);
	device_sync_grew(fx->s);
	device_sync_tick(fx->s, fx->now_ms + HELLO_MS);
	owes_nothing(fx);
	assert_int_equal(device_sync_state(fx->s), DEVICE_CLOSED);
}

static void
new_link_begins_with_the_first_round(void **ctx)
{
	struct fixture *fx = *ctx;

	memory_device_record(&fx->device, 1);
	greet(fx, 0);
	frame(fx, &(struct message) { .type = MESSAGE_WANT, .round = 1 });
	sends(fx, MESSAGE_HELLO);
	begin(fx);
	assert_int_equal(fx->out.round, 1);
}

int
main(void)
{
#define FX(test) cmocka_unit_test_setup_teardown(test, make_fixture, end_fixture)
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
		FX(batches_in_flight_stay_within_the_credit),
		FX(batches_take_two_to_four_seconds_of_the_link),
		FX(batches_lost_with_a_link_come_back_smaller),
		FX(no_welcome_in_time_closes),
		FX(no_ack_in_time_closes),
		FX(silence_is_broken_by_a_ping_that_must_be_answered),
		FX(idle_device_says_hello_every_hour),
		FX(hub_in_a_new_life_gets_a_hello),
		FX(plan_not_newer_is_not_fetched),
		FX(document_is_handed_out_whole),
		FX(document_under_a_wrong_signature_closes_and_begins_anew),
		FX(document_over_its_limit_closes),
		FX(parts_that_do_not_fit_close),
		FX(part_that_was_not_asked_for_is_passed_over),
		FX(document_that_is_not_there_is_asked_once),
		FX(older_plan_than_the_one_held_is_not_taken),
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
