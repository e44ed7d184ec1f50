/* The device's machine that fetches what a hub has beyond its tip. */
#include <sodium.h>

#include "protocol/chain.h"
#include "protocol/device_sync.h"
#include "protocol/identity.h"
#include "tests/support/check.h"
#include "tests/support/played_hub.h"

enum { LEN = DOWN_PART_BYTES_MAX + 500 };

static uint8_t whole[LEN];

static int
setup(void **ctx)
{
	int rc = played_setup(ctx);
	struct played *fx = *ctx;

	fx->adopt = true;
	randombytes_buf(whole, sizeof(whole));
	memory_device_record(&fx->device, 10);
	return rc;
}

/* As played_greet(), with so many beyond. */
static void
greet(struct played *fx, uint64_t known, uint64_t beyond)
{
	struct message m;

	played_begin(fx);
	m = played_welcome(fx, known);
	m.beyond = m.onward = beyond;
	played_frame(fx, &m);
	assert_int_equal(played_next(fx), DEVICE_WELCOMED);
	assert_int_equal(fx->action.onward, known == fx->device.count ? beyond : 0);
	if (known > 0)
		assert_int_equal(played_next(fx), DEVICE_ACKED);
	played_sends(fx, MESSAGE_GET);
	assert_true(text_is(fx->out.what, "standing"));
	played_frame(fx,
	             &(struct message) { .type = MESSAGE_PART,
	                                 .what = text_of("standing"),
	                                 .signature = fx->secret });
}

static void
part(struct played *fx, uint64_t version, size_t total, size_t offset)
{
	uint8_t hash[HASH_BYTES], covered[DOCUMENT_SIGNED_BYTES_MAX], signature[SIGNATURE_BYTES];
	size_t len = total - offset < DOWN_PART_BYTES_MAX ? total - offset : DOWN_PART_BYTES_MAX;

	hash_bytes(whole, total, hash);
	sign_bytes(
		covered,
		document_signed(DOCUMENT_EVENTS, fx->hub, fx->device.feed, version, hash, covered),
		fx->secret, signature);
	played_frame(fx,
	             &(struct message) { .type = MESSAGE_PART,
	                                 .what = text_of("events"),
	                                 .version = version,
	                                 .total = total,
	                                 .offset = offset,
	                                 .bytes = { whole + offset, len },
	                                 .signature = signature });
}

static void
asks_for_events(struct played *fx, uint64_t version, uint64_t offset)
{
	played_sends(fx, MESSAGE_GET);
	assert_true(text_is(fx->out.what, "events"));
	assert_int_equal(fx->out.version, version);
	assert_int_equal(fx->out.offset, offset);
}

static void
what_lies_beyond_the_tip_is_fetched_and_handed_out(void **ctx)
{
	struct played *fx = *ctx;

	greet(fx, 10, 7);
	asks_for_events(fx, 0, 0);
	part(fx, 33, LEN, 0);
	asks_for_events(fx, 33, DOWN_PART_BYTES_MAX);
	assert_false(device_sync_drained(fx->s));
	part(fx, 33, LEN, DOWN_PART_BYTES_MAX);
	assert_int_equal(played_next(fx), DEVICE_DOCUMENT);
	assert_int_equal(fx->action.what, DOCUMENT_EVENTS);
	assert_int_equal(fx->action.packed.len, LEN);
	assert_memory_equal(fx->action.packed.at, whole, LEN);
	played_owes_nothing(fx); /* until these are stored */
}

static void
once_they_are_stored_the_hub_is_asked_what_is_left(void **ctx)
{
	struct played *fx = *ctx;
	struct message m;

	greet(fx, 10, 7);
	asks_for_events(fx, 0, 0);
	part(fx, 33, 100, 0);
	assert_int_equal(played_next(fx), DEVICE_DOCUMENT);
	memory_device_record(&fx->device, 5);
	device_sync_adopted(fx->s, fx->now_ms);
	assert_false(device_sync_drained(fx->s));
	played_sends(fx, MESSAGE_HELLO);
	assert_int_equal(fx->out.round, 2);
	assert_int_equal(fx->out.tip.seq, 15);
	m = played_welcome(fx, 15);
	m.beyond = m.onward = 2;
	played_frame(fx, &m);
	assert_int_equal(played_next(fx), DEVICE_WELCOMED);
	assert_int_equal(played_next(fx), DEVICE_ACKED);
	assert_int_equal(fx->action.point.seq, 15);
	asks_for_events(fx, 0, 0);
	part(fx, 34, 60, 0);
	assert_int_equal(played_next(fx), DEVICE_DOCUMENT);
	memory_device_record(&fx->device, 2);
	device_sync_adopted(fx->s, fx->now_ms);
	played_sends(fx, MESSAGE_HELLO);
	m = played_welcome(fx, 17);
	played_frame(fx, &m);
	assert_int_equal(played_next(fx), DEVICE_WELCOMED);
	assert_int_equal(played_next(fx), DEVICE_ACKED);
	played_owes_nothing(fx);
	assert_true(device_sync_drained(fx->s));
}

static void
nothing_is_fetched_while_the_hub_does_not_know_the_tip(void **ctx)
{
	struct played *fx = *ctx;

	greet(fx, 8, 7);
	played_owes_nothing(fx); /* and nothing is pushed, either */
	assert_true(device_sync_drained(fx->s));
}

static void
with_nothing_beyond_nothing_is_asked_for(void **ctx)
{
	struct played *fx = *ctx;

	greet(fx, 10, 0);
	played_owes_nothing(fx);
	assert_true(device_sync_drained(fx->s));
}

static void
what_lies_on_another_lane_is_not_asked_for(void **ctx)
{
	struct played *fx = *ctx;
	struct message m;

	played_begin(fx);
	m = played_welcome(fx, 10);
	m.beyond = 7;
	played_frame(fx, &m);
	assert_int_equal(played_next(fx), DEVICE_WELCOMED);
	assert_int_equal(fx->action.beyond, 7);
	assert_int_equal(fx->action.onward, 0);
	assert_int_equal(played_next(fx), DEVICE_ACKED);
	played_sends(fx, MESSAGE_GET);
	assert_true(text_is(fx->out.what, "standing"));
	played_owes_nothing(fx);
}

static void
what_cannot_be_given_is_asked_for_once(void **ctx)
{
	struct played *fx = *ctx;

	greet(fx, 10, 7); /* more is not there than it said */
	asks_for_events(fx, 0, 0);
	played_frame(fx,
	             &(struct message) { .type = MESSAGE_PART,
	                                 .what = text_of("events"),
	                                 .signature = fx->secret });
	played_owes_nothing(fx);
	assert_true(device_sync_drained(fx->s));
}

static void
a_link_that_breaks_costs_no_part(void **ctx)
{
	struct played *fx = *ctx;

	greet(fx, 10, 7);
	asks_for_events(fx, 0, 0);
	part(fx, 33, LEN, 0);
	asks_for_events(fx, 33, DOWN_PART_BYTES_MAX);
	fx->device.memory.acked = memory_device_tip(&fx->device);
	played_begin(fx);
	struct message m = played_welcome(fx, 10);

	m.beyond = m.onward = 7;
	played_frame(fx, &m);
	assert_int_equal(played_next(fx), DEVICE_WELCOMED);
	asks_for_events(fx, 33, DOWN_PART_BYTES_MAX);
	part(fx, 33, LEN, DOWN_PART_BYTES_MAX);
	assert_int_equal(played_next(fx), DEVICE_DOCUMENT);
	assert_memory_equal(fx->action.packed.at, whole, LEN);
}

static void
other_events_than_at_first_begin_anew(void **ctx)
{
	struct played *fx = *ctx;

	greet(fx, 10, 7);
	asks_for_events(fx, 0, 0);
	part(fx, 33, LEN, 0);
	asks_for_events(fx, 33, DOWN_PART_BYTES_MAX);
	part(fx, 34, 200, 0); /* a clone has sent more meanwhile */
	assert_int_equal(played_next(fx), DEVICE_DOCUMENT);
	assert_int_equal(fx->action.packed.len, 200);
}

static void
a_document_over_its_limit_closes(void **ctx)
{
	struct played *fx = *ctx;

	greet(fx, 10, 7);
	asks_for_events(fx, 0, 0);
	played_frame(fx,
	             &(struct message) { .type = MESSAGE_PART,
	                                 .what = text_of("events"),
	                                 .version = 1,
	                                 .total = EVENTS_BYTES_MAX + 1,
	                                 .bytes = { whole, 10 },
	                                 .signature = fx->secret });
	played_closes(fx, "fit together");
}

static void
a_signature_that_is_not_the_hubs_closes(void **ctx)
{
	struct played *fx = *ctx;

	greet(fx, 10, 7);
	asks_for_events(fx, 0, 0);
	played_frame(fx,
	             &(struct message) { .type = MESSAGE_PART,
	                                 .what = text_of("events"),
	                                 .version = 1,
	                                 .total = 10,
	                                 .bytes = { whole, 10 },
	                                 .signature = fx->secret });
	played_closes(fx, "signature");
}

static void
who_did_not_ask_takes_none(void **ctx)
{
	struct played *fx = *ctx;

	fx->adopt = false;
	played_greet(fx, 10);
	played_owes_nothing(fx);
	part(fx, 33, 100, 0);
	played_closes(fx, "nobody asked");
}

int
main(void)
{
#define FX(test) cmocka_unit_test_setup_teardown(test, setup, played_teardown)
	const struct CMUnitTest tests[] = {
		FX(what_lies_beyond_the_tip_is_fetched_and_handed_out),
		FX(once_they_are_stored_the_hub_is_asked_what_is_left),
		FX(nothing_is_fetched_while_the_hub_does_not_know_the_tip),
		FX(with_nothing_beyond_nothing_is_asked_for),
		FX(what_lies_on_another_lane_is_not_asked_for),
		FX(what_cannot_be_given_is_asked_for_once),
		FX(a_link_that_breaks_costs_no_part),
		FX(other_events_than_at_first_begin_anew),
		FX(a_document_over_its_limit_closes),
		FX(a_signature_that_is_not_the_hubs_closes),
		FX(who_did_not_ask_takes_none),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("device_adopt", tests, NULL, NULL);
}
