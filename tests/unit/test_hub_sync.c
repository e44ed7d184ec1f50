/* The hub's machine against a device that the test plays, honest or not. */
#include "protocol/hub_sync.h"

#include <sodium.h>

#include "protocol/identity.h"
#include "tests/support/check.h"
#include "tests/support/memory_device.h"
#include "tests/support/memory_hub.h"

struct fixture {
	memory_device device;
	memory_hub hub;
	hub_sync s;
	writer in, batch;
	struct bytes frame; /* the last one given */
	struct hub_action action;
	struct message answer; /* of HUB_SEND and HUB_REFUSE */
	struct point end;      /* of the last batch made */
};

static int
make_fixture(void **ctx)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	if (!fx)
		return -1;
	memory_device_init(&fx->device, 1);
	memory_device_record(&fx->device, 20);
	memory_hub_init(&fx->hub, 1);
	fx->hub.credit = CREDIT_BYTES_MIN;
	hub_sync_init(&fx->s, fx->device.feed);
	writer_init(&fx->in);
	writer_init(&fx->batch);
	*ctx = fx;
	return 0;
}

static int
end_fixture(void **ctx)
{
	struct fixture *fx = *ctx;

	memory_device_done(&fx->device);
	memory_hub_done(&fx->hub);
	writer_done(&fx->in);
	writer_done(&fx->batch);
	free(fx);
	return 0;
}

/* ---- what the test does as the device ---- */

static void
look_at_answer(struct fixture *fx)
{
	fx->answer = (struct message) { 0 };
	if (fx->action.type == HUB_SEND || fx->action.type == HUB_REFUSE)
		assert_status(
			message_decode(fx->action.frame.at, fx->action.frame.len, &fx->answer),
			ST_OK);
}

static void
raw(struct fixture *fx, const void *at, size_t len)
{
	hub_sync_frame(&fx->s, &fx->hub.common, at, len, 1234, &fx->action);
	look_at_answer(fx);
}

static void
frame(struct fixture *fx, const struct message *m)
{
	assert_status(message_encode(m, &fx->in), ST_OK);
	fx->frame = writer_bytes(&fx->in);
	raw(fx, fx->frame.at, fx->frame.len);
}

static struct message
hello(struct fixture *fx, uint64_t round)
{
	struct message m = {
		.type = MESSAGE_HELLO,
		.protocol = PROTOCOL_VERSION,
		.round = round,
		.feed = fx->device.feed,
		.floor = memory_device_point(&fx->device, 0),
		.tip = memory_device_tip(&fx->device),
		.program = text_of("test"),
		.pending = 4,
	};

	m.points.count = 3;
	m.points.list[0] = memory_device_tip(&fx->device);
	m.points.list[1] = memory_device_point(&fx->device, 5);
	m.points.list[2] = memory_device_point(&fx->device, 0);
	return m;
}

static void
greet(struct fixture *fx)
{
	struct message m = hello(fx, 1);

	frame(fx, &m);
	assert_int_equal(fx->action.type, HUB_SEND);
	assert_int_equal(fx->answer.type, MESSAGE_WELCOME);
}

/* Events from first on in a batch of at most that size. */
static struct bytes
seal(struct fixture *fx, uint64_t first, size_t wire_bytes)
{
	const struct device_store *store = &fx->device.store;

	assert_status(store->seal(store->ctx, first, UINT64_MAX, wire_bytes, &fx->batch, &fx->end),
	              ST_OK);
	return writer_bytes(&fx->batch);
}

static void
push(struct fixture *fx, uint64_t round, struct bytes batch)
{
	frame(fx, &(struct message) { .type = MESSAGE_PUSH, .round = round, .batch = batch });
}

static void
settled(struct fixture *fx, uint64_t round, size_t wire_bytes, status outcome)
{
	const struct hub_settled batch = { round, wire_bytes, fx->end, outcome };

	hub_sync_settled(&fx->s, &fx->hub.common, &batch, &fx->action);
	look_at_answer(fx);
}

static void
assert_refused(struct fixture *fx, refusal code)
{
	refusal said = REFUSALS_;

	assert_int_equal(fx->action.type, HUB_REFUSE);
	assert_true(refusal_of_name(fx->answer.code, &said));
	assert_string_equal(refusal_name(said), refusal_name(code));
	assert_int_equal(fx->action.refused_with, code);
	assert_true(fx->answer.text.len > 0);
	assert_int_equal(fx->s.state, HUB_CLOSED);
	assert_null(fx->action.hello);
}

static void
assert_answer(struct fixture *fx, message_type type)
{
	assert_int_equal(fx->action.type, HUB_SEND);
	assert_string_equal(message_name(fx->answer.type), message_name(type));
}

/* ---- the table ---- */

static void
every_state_answers_every_event(void **ctx)
{
	(void) ctx;
	for (int st = HUB_NEW; st < HUB_STATES_; st++) {
		for (int ev = 0; ev < HUB_EVENTS_; ev++) {
			if (!hub_sync_has_step((hub_state) st, (hub_event) ev))
				fail_msg("no step for state '%s', event %d",
				         hub_state_name((hub_state) st), ev);
		}
	}
	assert_false(hub_sync_has_step((hub_state) 0, HUB_ON_HELLO));
	assert_false(hub_sync_has_step(HUB_STATES_, HUB_ON_HELLO));
}

static void
closed_connection_passes_over_everything(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m = hello(fx, 1);

	hub_sync_refuse(&fx->s, &fx->hub.common, REFUSAL_ENROLMENT, &fx->action);
	look_at_answer(fx);
	assert_refused(fx, REFUSAL_ENROLMENT);
	frame(fx, &m);
	assert_int_equal(fx->action.type, HUB_NOTHING);
	raw(fx, "", 0);
	assert_int_equal(fx->action.type, HUB_NOTHING);
	settled(fx, 0, 10, ST_OK);
	assert_int_equal(fx->action.type, HUB_NOTHING);
}

/* ---- HELLO ---- */

static void
welcome_tells_the_highest_known_point(void **ctx)
{
	struct fixture *fx = *ctx;
	struct bytes batch;

	greet(fx);
	assert_int_equal(fx->answer.known.seq, 0);
	batch = seal(fx, 1, 600); /* not all of them */
	push(fx, 1, batch);
	assert_status(memory_hub_take(&fx->hub, &fx->action.batch), ST_OK);
	assert_in_range(fx->end.seq, 5, 19);
	memory_document_set(&fx->hub.plan, 7, 10);

	hub_sync_init(&fx->s, fx->device.feed);
	greet(fx);
	assert_int_equal(fx->answer.known.seq, 5);
	assert_int_equal(fx->answer.round, 1);
	assert_memory_equal(fx->answer.hub, fx->hub.common.hub, FEED_BYTES);
	assert_int_equal(fx->answer.boot, fx->hub.common.boot);
	assert_int_equal(fx->answer.credit, CREDIT_BYTES_MIN);
	assert_int_equal(fx->answer.plan, 7);
	assert_int_equal(fx->answer.clock_ms, 1234);
}

static void
hello_and_ping_are_shown_to_the_caller(void **ctx)
{
	struct fixture *fx = *ctx;

	greet(fx);
	assert_non_null(fx->action.hello);
	assert_int_equal(fx->action.hello->pending, 4);
	assert_int_equal(fx->action.hello->tip.seq, 20);
	frame(fx, &(struct message) { .type = MESSAGE_PING, .pending = 9 });
	assert_answer(fx, MESSAGE_PONG);
	assert_int_equal(fx->answer.boot, fx->hub.common.boot);
	assert_non_null(fx->action.hello);
	assert_int_equal(fx->action.hello->pending, 9);
}

static void
another_protocol_version_is_refused(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m = hello(fx, 1);

	m.protocol = 2;
	frame(fx, &m);
	assert_refused(fx, REFUSAL_VERSION);
}

static void
hello_of_another_feed_is_refused(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m = hello(fx, 1);

	m.feed = fx->hub.common.hub;
	frame(fx, &m);
	assert_refused(fx, REFUSAL_FEED);
}

static void
anything_before_hello_is_refused(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m[] = {
		{ .type = MESSAGE_PUSH, .round = 1, .batch = seal(fx, 1, 4000) },
		{ .type = MESSAGE_GET, .what = text_of("plan") },
		{ .type = MESSAGE_PING },
		{ .type = MESSAGE_WANT, .round = 1 },
	};

	for (size_t i = 0; i < LENGTH(m); i++) {
		hub_sync_init(&fx->s, fx->device.feed);
		frame(fx, &m[i]);
		assert_refused(fx, REFUSAL_ORDER);
	}
}

static void
garbage_is_refused(void **ctx)
{
	struct fixture *fx = *ctx;

	raw(fx, "GET / HTTP/1.1\r\n", 16);
	assert_refused(fx, REFUSAL_MALFORMED);
	hub_sync_init(&fx->s, fx->device.feed);
	raw(fx, "", 0);
	assert_refused(fx, REFUSAL_MALFORMED);
}

static void
message_that_is_not_known_is_refused_as_out_of_order(void **ctx)
{
	struct fixture *fx = *ctx;

	greet(fx);
	raw(fx, "\x81\xa1t\xa4MOOD", 8);
	assert_refused(fx, REFUSAL_ORDER);
	hub_sync_init(&fx->s, fx->device.feed);
	greet(fx);
	frame(fx, &(struct message) { .type = MESSAGE_PONG });
	assert_refused(fx, REFUSAL_ORDER);
}

static void
store_that_fails_refuses_as_busy(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m = hello(fx, 1);

	fx->hub.fails_with = ST_IO;
	frame(fx, &m);
	assert_refused(fx, REFUSAL_BUSY);
}

/* ---- PUSH ---- */

static void
batch_is_handed_out_and_acknowledged(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t covered[RECEIPT_SIGNED_BYTES];
	struct bytes batch;

	greet(fx);
	batch = seal(fx, 1, 4000);
	push(fx, 1, batch);
	assert_int_equal(fx->action.type, HUB_STORE);
	assert_int_equal(fx->action.batch.count, 20);
	assert_int_equal(fx->action.round, 1);
	assert_int_equal(fx->action.wire_bytes, batch.len);
	assert_int_equal(fx->s.unanswered, batch.len);
	settled(fx, 1, batch.len, ST_OK);
	assert_answer(fx, MESSAGE_ACK);
	assert_int_equal(fx->s.unanswered, 0);
	assert_true(point_equal(&fx->answer.end, &fx->end));
	assert_int_equal(fx->answer.round, 1);
	assert_int_equal(fx->answer.safe.seq, 0);
	receipt_signed(fx->hub.common.hub, fx->device.feed, &fx->end, covered);
	assert_true(
		signature_valid(covered, sizeof(covered), fx->hub.common.hub, fx->answer.receipt));
}

static void
known_batch_is_acknowledged_again(void **ctx)
{
	struct fixture *fx = *ctx;
	struct bytes batch;

	greet(fx);
	batch = seal(fx, 1, 4000);
	push(fx, 1, batch);
	settled(fx, 1, batch.len, ST_EXISTS);
	assert_answer(fx, MESSAGE_ACK);
}

static void
each_fault_of_a_batch_is_refused_as_itself(void **ctx)
{
	static const struct {
		status outcome;
		refusal code;
	} faults[] = {
		{ ST_DENIED, REFUSAL_SEAL }, { ST_CHAIN, REFUSAL_CHAIN },
		{ ST_LIMIT, REFUSAL_LIMIT }, { ST_MALFORMED, REFUSAL_MALFORMED },
		{ ST_FULL, REFUSAL_BUSY },   { ST_IO, REFUSAL_BUSY },
		{ ST_NOMEM, REFUSAL_BUSY },
	};
	struct fixture *fx = *ctx;

	for (size_t i = 0; i < LENGTH(faults); i++) {
		struct bytes batch = seal(fx, 1, 4000);

		hub_sync_init(&fx->s, fx->device.feed);
		greet(fx);
		push(fx, 1, batch);
		settled(fx, 1, batch.len, faults[i].outcome);
		assert_refused(fx, faults[i].code);
	}
}

static void
batch_that_does_not_open_is_refused(void **ctx)
{
	static const uint8_t too_long[BATCH_BYTES_MAX + 1];
	struct fixture *fx = *ctx;

	greet(fx);
	push(fx, 1, (struct bytes) { (const uint8_t *) "\x80", 1 });
	assert_refused(fx, REFUSAL_MALFORMED);
	hub_sync_init(&fx->s, fx->device.feed);
	greet(fx);
	push(fx, 1, (struct bytes) { too_long, sizeof(too_long) });
	assert_refused(fx, REFUSAL_SIZE);
}

static void
batch_of_another_feed_is_refused(void **ctx)
{
	struct fixture *fx = *ctx;

	hub_sync_init(&fx->s, fx->hub.common.hub);
	struct message m = hello(fx, 1);

	m.feed = fx->hub.common.hub;
	frame(fx, &m);
	assert_answer(fx, MESSAGE_WELCOME);
	push(fx, 1, seal(fx, 1, 4000));
	assert_refused(fx, REFUSAL_FEED);
}

/* ---- credit ---- */

/* The largest batch of those given that is not over bytes. */
static struct bytes
large_batch(struct fixture *fx, size_t wire_bytes)
{
	memory_device_done(&fx->device);
	memory_device_init(&fx->device, 1);
	fx->device.body_bytes = wire_bytes / 8 - 60;
	memory_device_record(&fx->device, 40);
	return seal(fx, 1, wire_bytes);
}

static void
overdraft_is_refused_at_the_first_byte(void **ctx)
{
	struct fixture *fx = *ctx;
	struct bytes batch = large_batch(fx, 32000);

	fx->hub.credit = 2 * batch.len;
	greet(fx);
	push(fx, 1, batch);
	push(fx, 1, batch);
	assert_int_equal(fx->action.type, HUB_STORE);
	settled(fx, 1, batch.len, ST_EXISTS);
	push(fx, 1, batch);
	assert_int_equal(fx->action.type, HUB_STORE);
	push(fx, 1, batch);
	assert_refused(fx, REFUSAL_CREDIT);

	fx->hub.credit = 2 * batch.len - 1;
	hub_sync_init(&fx->s, fx->device.feed);
	greet(fx);
	push(fx, 1, batch);
	push(fx, 1, batch);
	assert_refused(fx, REFUSAL_CREDIT);
}

static void
less_credit_counts_from_the_batches_sent_after_it(void **ctx)
{
	struct fixture *fx = *ctx;
	struct bytes batch = large_batch(fx, 20000);

	fx->hub.credit = 3 * batch.len;
	greet(fx);
	push(fx, 1, batch);
	fx->hub.credit = 0;
	settled(fx, 1, batch.len, ST_EXISTS);
	assert_int_equal(fx->answer.credit, 0);
	push(fx, 1, batch); /* two more were on their way */
	push(fx, 1, batch);
	assert_int_equal(fx->action.type, HUB_STORE);
	settled(fx, 1, batch.len, ST_EXISTS);
	settled(fx, 1, batch.len, ST_EXISTS);
	push(fx, 1, batch); /* this one was not */
	assert_refused(fx, REFUSAL_CREDIT);
}

static void
more_credit_told_unasked_may_be_used(void **ctx)
{
	struct fixture *fx = *ctx;
	struct bytes batch = large_batch(fx, 20000);

	fx->hub.credit = 0;
	greet(fx);
	fx->hub.credit = CREDIT_BYTES_MIN;
	hub_sync_notice(&fx->s, &fx->hub.common, 1, &fx->action);
	look_at_answer(fx);
	assert_answer(fx, MESSAGE_PONG);
	assert_int_equal(fx->answer.credit, CREDIT_BYTES_MIN);
	push(fx, 1, batch);
	assert_int_equal(fx->action.type, HUB_STORE);
}

static void
pong_tells_how_many_batches_wait(void **ctx)
{
	struct fixture *fx = *ctx;
	struct bytes batch = large_batch(fx, 20000);

	greet(fx);
	push(fx, 1, batch);
	frame(fx, &(struct message) { .type = MESSAGE_PING });
	assert_answer(fx, MESSAGE_PONG);
	assert_int_equal(fx->answer.pending, 1);
	settled(fx, 1, batch.len, ST_OK);
	frame(fx, &(struct message) { .type = MESSAGE_PING });
	assert_answer(fx, MESSAGE_PONG);
	assert_int_equal(fx->answer.pending, 0);
}

static void
hello_clears_what_was_unanswered(void **ctx)
{
	struct fixture *fx = *ctx;
	struct bytes batch = large_batch(fx, 40000);
	struct message m = hello(fx, 2);

	greet(fx);
	push(fx, 1, batch);
	frame(fx, &m);
	assert_answer(fx, MESSAGE_WELCOME);
	push(fx, 2, batch);
	assert_int_equal(fx->action.type, HUB_STORE);
	settled(fx, 1, batch.len, ST_OK); /* of the older round */
	assert_int_equal(fx->action.type, HUB_NOTHING);
	assert_int_equal(fx->s.unanswered, batch.len);
}

/* ---- WANT, rounds ---- */

static void
unknown_start_is_asked_for_once(void **ctx)
{
	struct fixture *fx = *ctx;
	struct message m = hello(fx, 2);
	struct bytes batch;

	greet(fx);
	batch = seal(fx, 3, 4000);
	push(fx, 1, batch);
	push(fx, 1, batch);
	settled(fx, 1, batch.len, ST_UNKNOWN);
	assert_answer(fx, MESSAGE_WANT);
	assert_int_equal(fx->answer.round, 1);
	settled(fx, 1, batch.len, ST_UNKNOWN);
	assert_int_equal(fx->action.type, HUB_NOTHING);
	push(fx, 1, batch);
	assert_int_equal(fx->action.type, HUB_NOTHING);

	frame(fx, &m);
	assert_answer(fx, MESSAGE_WELCOME);
	assert_int_equal(fx->answer.round, 2);
	push(fx, 1, batch);
	assert_int_equal(fx->action.type, HUB_NOTHING);
	push(fx, 2, batch);
	assert_int_equal(fx->action.type, HUB_STORE);
}

static void
round_that_was_not_begun_is_refused(void **ctx)
{
	struct fixture *fx = *ctx;

	greet(fx);
	push(fx, 2, seal(fx, 1, 4000));
	assert_refused(fx, REFUSAL_MALFORMED);
}

static void
pings_and_documents_are_answered_while_waiting(void **ctx)
{
	struct fixture *fx = *ctx;
	struct bytes batch;

	memory_document_set(&fx->hub.plan, 1, 10);
	greet(fx);
	batch = seal(fx, 3, 4000);
	push(fx, 1, batch);
	settled(fx, 1, batch.len, ST_UNKNOWN);
	frame(fx, &(struct message) { .type = MESSAGE_PING });
	assert_answer(fx, MESSAGE_PONG);
	frame(fx, &(struct message) { .type = MESSAGE_GET, .what = text_of("plan") });
	assert_answer(fx, MESSAGE_PART);
	assert_int_equal(fx->s.state, HUB_WAITING);
	hub_sync_notice(&fx->s, &fx->hub.common, 1, &fx->action);
	assert_int_equal(fx->action.type, HUB_NOTHING);
}

/* ---- GET ---- */

static void
get(struct fixture *fx, const char *what, uint64_t version, uint64_t offset)
{
	frame(fx,
	      &(struct message) { .type = MESSAGE_GET,
	                          .what = text_of(what),
	                          .version = version,
	                          .offset = offset });
	assert_answer(fx, MESSAGE_PART);
	assert_true(text_is(fx->answer.what, what));
}

static void
document_comes_in_parts(void **ctx)
{
	struct fixture *fx = *ctx;

	memory_document_set(&fx->hub.plan, 3, DOWN_PART_BYTES_MAX + 7);
	greet(fx);
	get(fx, "plan", 0, 0);
	assert_int_equal(fx->answer.version, 3);
	assert_int_equal(fx->answer.total, DOWN_PART_BYTES_MAX + 7);
	assert_int_equal(fx->answer.bytes.len, DOWN_PART_BYTES_MAX);
	get(fx, "plan", 3, DOWN_PART_BYTES_MAX);
	assert_int_equal(fx->answer.offset, DOWN_PART_BYTES_MAX);
	assert_int_equal(fx->answer.bytes.len, 7);
	assert_memory_equal(fx->answer.bytes.at, fx->hub.plan.bytes + DOWN_PART_BYTES_MAX, 7);
	get(fx, "plan", 3, DOWN_PART_BYTES_MAX + 8); /* beyond its end */
	assert_int_equal(fx->answer.bytes.len, 0);
}

static void
changed_document_is_given_from_its_beginning(void **ctx)
{
	struct fixture *fx = *ctx;

	memory_document_set(&fx->hub.plan, 4, 100);
	greet(fx);
	get(fx, "plan", 3, DOWN_PART_BYTES_MAX);
	assert_int_equal(fx->answer.version, 4);
	assert_int_equal(fx->answer.offset, 0);
	assert_int_equal(fx->answer.bytes.len, 100);
}

static void
what_is_not_there_has_no_bytes(void **ctx)
{
	static const char *const names[] = { "plan", "standing", "events", "weather" };
	struct fixture *fx = *ctx;

	greet(fx);
	for (size_t i = 0; i < LENGTH(names); i++) {
		get(fx, names[i], 0, 0);
		assert_int_equal(fx->answer.total, 0);
		assert_int_equal(fx->answer.bytes.len, 0);
	}
}

/* ---- events that go back to their device ---- */

/* What the store was asked, and says. */
static struct {
	size_t count;
	struct point known;
} asked;

static status
answer_onward(void *ctx, const uint8_t feed[static FEED_BYTES], const struct point *known,
              uint64_t *ret_count)
{
	(void) ctx;
	(void) feed;
	asked.count++;
	asked.known = *known;
	*ret_count = 12;
	return ST_OK;
}

static status
answer_part(void *ctx, const uint8_t feed[static FEED_BYTES], const struct point *known,
            document what, uint64_t offset, size_t max, struct message *ret_part)
{
	static const uint8_t no_signature[SIGNATURE_BYTES];

	(void) ctx;
	(void) max;
	assert_int_equal(what, DOCUMENT_EVENTS);
	asked.known = *known;
	ret_part->version = 5;
	ret_part->total = offset + 9;
	ret_part->bytes = (struct bytes) { feed, 9 };
	ret_part->signature = no_signature;
	return ST_OK;
}

static void
welcome_tells_what_leads_on_only_where_something_lies_beyond(void **ctx)
{
	struct fixture *fx = *ctx;
	struct point five = memory_device_point(&fx->device, 5);
	struct bytes batch = seal(fx, 1, 4000);
	struct message m;

	asked.count = 0;
	fx->hub.common.answers.onward = answer_onward;
	greet(fx);
	assert_int_equal(fx->answer.onward, 0);
	assert_int_equal(asked.count, 0);
	push(fx, 1, batch);
	assert_status(memory_hub_take(&fx->hub, &fx->action.batch), ST_OK);
	m = hello(fx, 2); /* of a copy that was made at 5 */
	m.tip = m.points.list[0] = five;
	frame(fx, &m);
	assert_answer(fx, MESSAGE_WELCOME);
	assert_true(point_equal(&fx->answer.known, &five));
	assert_int_equal(fx->answer.beyond, 15);
	assert_int_equal(fx->answer.onward, 12);
	assert_int_equal(asked.count, 1);
	assert_true(point_equal(&asked.known, &five));
}

static void
events_are_those_behind_what_is_known_of_the_connection(void **ctx)
{
	struct fixture *fx = *ctx;
	struct point start = memory_device_point(&fx->device, 0);
	struct bytes batch = seal(fx, 1, 4000);

	fx->hub.common.answers.part = answer_part;
	greet(fx);
	get(fx, "events", 0, 0);
	assert_int_equal(fx->answer.version, 5);
	assert_int_equal(fx->answer.total, 9);
	assert_true(point_equal(&asked.known, &start));
	push(fx, 1, batch);
	assert_status(memory_hub_take(&fx->hub, &fx->action.batch), ST_OK);
	settled(fx, 1, batch.len, ST_OK);
	get(fx, "events", 0, 0);
	assert_true(point_equal(&asked.known, &fx->end));
}

int
main(void)
{
#define FX(test) cmocka_unit_test_setup_teardown(test, make_fixture, end_fixture)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_answers_every_event),
		FX(closed_connection_passes_over_everything),
		FX(welcome_tells_the_highest_known_point),
		FX(hello_and_ping_are_shown_to_the_caller),
		FX(another_protocol_version_is_refused),
		FX(hello_of_another_feed_is_refused),
		FX(anything_before_hello_is_refused),
		FX(garbage_is_refused),
		FX(message_that_is_not_known_is_refused_as_out_of_order),
		FX(store_that_fails_refuses_as_busy),
		FX(batch_is_handed_out_and_acknowledged),
		FX(known_batch_is_acknowledged_again),
		FX(each_fault_of_a_batch_is_refused_as_itself),
		FX(batch_that_does_not_open_is_refused),
		FX(batch_of_another_feed_is_refused),
		FX(overdraft_is_refused_at_the_first_byte),
		FX(less_credit_counts_from_the_batches_sent_after_it),
		FX(more_credit_told_unasked_may_be_used),
		FX(pong_tells_how_many_batches_wait),
		FX(hello_clears_what_was_unanswered),
		FX(unknown_start_is_asked_for_once),
		FX(round_that_was_not_begun_is_refused),
		FX(pings_and_documents_are_answered_while_waiting),
		FX(document_comes_in_parts),
		FX(changed_document_is_given_from_its_beginning),
		FX(what_is_not_there_has_no_bytes),
		FX(welcome_tells_what_leads_on_only_where_something_lies_beyond),
		FX(events_are_those_behind_what_is_known_of_the_connection),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("hub_sync", tests, NULL, NULL);
}
