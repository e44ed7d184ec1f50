/* Documents on their way down to the device's machine. */
#include "protocol/download.h"

#include <sodium.h>

#include "protocol/chain.h"
#include "protocol/identity.h"
#include "tests/support/check.h"
#include "tests/support/played_hub.h"

static void
part(struct played *fx, const char *what, uint64_t version, size_t total, size_t offset,
     const uint8_t *whole)
{
	uint8_t hash[HASH_BYTES], covered[DOCUMENT_SIGNED_BYTES_MAX], signature[SIGNATURE_BYTES];
	size_t len = total - offset < DOWN_PART_BYTES_MAX ? total - offset : DOWN_PART_BYTES_MAX;
	document d = DOCUMENT_EVENTS;

	document_of_name(text_of(what), &d);
	hash_bytes(whole, total, hash);
	sign_bytes(covered, document_signed(d, fx->hub, fx->device.feed, version, hash, covered),
	           fx->secret, signature);
	played_frame(fx,
	             &(struct message) {
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
plan_not_newer_is_not_fetched(void **ctx)
{
	struct played *fx = *ctx;

	fx->device.memory.plan = 4;
	played_greet(fx, 0);
	played_told_plan(fx, 4);
	played_told_plan(fx, 3);
	played_owes_nothing(fx);
	assert_true(device_sync_drained(fx->s));
	played_told_plan(fx, 5);
	assert_false(device_sync_drained(fx->s));
	played_sends(fx, MESSAGE_GET);
	assert_true(text_is(fx->out.what, "plan"));
	assert_int_equal(fx->out.offset, 0);
	assert_int_equal(fx->out.version, 0);
}

static void
document_is_handed_out_whole(void **ctx)
{
	static uint8_t whole[DOWN_PART_BYTES_MAX + 100] = { 1, 2, 3 };
	struct played *fx = *ctx;

	played_greet(fx, 0);
	played_told_plan(fx, 2);
	played_sends(fx, MESSAGE_GET);
	part(fx, "plan", 2, sizeof(whole), 0, whole);
	played_sends(fx, MESSAGE_GET);
	assert_int_equal(fx->out.offset, DOWN_PART_BYTES_MAX);
	assert_int_equal(fx->out.version, 2);
	part(fx, "plan", 2, sizeof(whole), DOWN_PART_BYTES_MAX, whole);
	assert_false(device_sync_drained(fx->s));
	assert_int_equal(played_next(fx), DEVICE_DOCUMENT);
	assert_int_equal(fx->action.what, DOCUMENT_PLAN);
	assert_int_equal(fx->action.version, 2);
	assert_int_equal(fx->action.packed.len, sizeof(whole));
	assert_memory_equal(fx->action.packed.at, whole, sizeof(whole));
	played_owes_nothing(fx);
	assert_true(device_sync_drained(fx->s));
}

static void
document_under_a_wrong_signature_closes_and_begins_anew(void **ctx)
{
	struct played *fx = *ctx;
	uint8_t whole[10] = { 1 };
	struct message m;

	played_greet(fx, 0);
	played_told_plan(fx, 2);
	played_sends(fx, MESSAGE_GET);
	memcpy(fx->secret, fx->device.secret, SIGN_SECRET_BYTES);
	part(fx, "plan", 2, sizeof(whole), 0, whole);
	played_closes(fx, "signature");

	played_begin(fx);
	m = played_welcome(fx, 0);
	m.plan = 2;
	played_frame(fx, &m);
	assert_int_equal(played_next(fx), DEVICE_WELCOMED);
	played_sends(fx, MESSAGE_GET);
	assert_int_equal(fx->out.offset, 0);
}

static void
document_over_its_limit_closes(void **ctx)
{
	struct played *fx = *ctx;
	struct message m = {
		.type = MESSAGE_PART,
		.what = text_of("standing"),
		.version = 9,
		.total = STANDING_BYTES_MAX + 1,
		.signature = fx->secret,
	};

	played_greet(fx, 0);
	played_frame(
		fx, &(struct message) { .type = MESSAGE_PONG, .boot = PLAYED_BOOT, .standing = 9 });
	played_sends(fx, MESSAGE_GET);
	played_frame(fx, &m);
	played_closes(fx, "fit");
}

static void
parts_that_do_not_fit_close(void **ctx)
{
	static uint8_t whole[2 * DOWN_PART_BYTES_MAX];
	struct played *fx = *ctx;

	played_greet(fx, 0);
	played_told_plan(fx, 2);
	played_sends(fx, MESSAGE_GET);
	part(fx, "plan", 2, sizeof(whole), 0, whole);
	played_sends(fx, MESSAGE_GET);
	part(fx, "plan", 2, sizeof(whole), 10, whole);
	played_closes(fx, "fit");
}

static void
part_that_was_not_asked_for_is_passed_over(void **ctx)
{
	struct played *fx = *ctx;
	uint8_t whole[10] = { 1 };

	played_greet(fx, 0);
	part(fx, "plan", 2, sizeof(whole), 0, whole);
	played_owes_nothing(fx);
	part(fx, "events", 2, sizeof(whole), 0, whole);
	played_closes(fx, "nobody asked");
}

static void
document_that_is_not_there_is_asked_once(void **ctx)
{
	struct played *fx = *ctx;

	played_greet(fx, 0);
	played_told_plan(fx, 2);
	played_sends(fx, MESSAGE_GET);
	played_frame(fx,
	             &(struct message) { .type = MESSAGE_PART,
	                                 .what = text_of("plan"),
	                                 .signature = fx->secret });
	played_told_plan(fx, 2);
	played_owes_nothing(fx);
	assert_true(device_sync_drained(fx->s));
	played_told_plan(fx, 3);
	played_sends(fx, MESSAGE_GET);
}

static void
older_plan_than_the_one_held_is_not_taken(void **ctx)
{
	struct played *fx = *ctx;
	uint8_t whole[10] = { 1 };

	fx->device.memory.plan = 4;
	played_greet(fx, 0);
	played_told_plan(fx, 5);
	played_sends(fx, MESSAGE_GET);
	part(fx, "plan", 3, sizeof(whole), 0, whole);
	played_owes_nothing(fx);
}

static void
told_standing(struct played *fx, uint64_t version)
{
	played_frame(fx,
	             &(struct message) {
			     .type = MESSAGE_PONG, .boot = PLAYED_BOOT, .standing = version });
}

static void
what_became_newer_on_its_way_is_fetched_again(void **ctx)
{
	struct played *fx = *ctx;
	uint8_t whole[10] = { 1 };

	played_greet(fx, 0);
	told_standing(fx, 6);
	played_sends(fx, MESSAGE_GET);
	told_standing(fx, 7);
	part(fx, "standing", 6, sizeof(whole), 0, whole);
	assert_int_equal(played_next(fx), DEVICE_DOCUMENT);
	assert_int_equal(fx->action.version, 6);
	assert_false(device_sync_drained(fx->s));
	played_sends(fx, MESSAGE_GET);
	part(fx, "standing", 7, sizeof(whole), 0, whole);
	assert_int_equal(played_next(fx), DEVICE_DOCUMENT);
	assert_int_equal(fx->action.version, 7);
	played_owes_nothing(fx);
	assert_true(device_sync_drained(fx->s));
}

static void
a_newer_one_than_told_will_do(void **ctx)
{
	struct played *fx = *ctx;
	uint8_t whole[10] = { 1 };

	played_greet(fx, 0);
	told_standing(fx, 6);
	played_sends(fx, MESSAGE_GET);
	part(fx, "standing", 7, sizeof(whole), 0, whole);
	assert_int_equal(played_next(fx), DEVICE_DOCUMENT);
	played_owes_nothing(fx);
	told_standing(fx, 7);
	played_owes_nothing(fx);
}

static void
a_standing_that_stays_what_it_was_is_asked_once(void **ctx)
{
	struct played *fx = *ctx;
	uint8_t whole[10] = { 1 };

	played_greet(fx, 0);
	told_standing(fx, 6);
	played_sends(fx, MESSAGE_GET);
	part(fx, "standing", 6, sizeof(whole), 0, whole);
	assert_int_equal(played_next(fx), DEVICE_DOCUMENT);
	told_standing(fx, 8);
	played_sends(fx, MESSAGE_GET);
	part(fx, "standing", 6, sizeof(whole), 0, whole);
	played_owes_nothing(fx);
	assert_true(device_sync_drained(fx->s));
}

int
main(void)
{
#define FX(test) cmocka_unit_test_setup_teardown(test, played_setup, played_teardown)
	const struct CMUnitTest tests[] = {
		FX(plan_not_newer_is_not_fetched),
		FX(document_is_handed_out_whole),
		FX(document_under_a_wrong_signature_closes_and_begins_anew),
		FX(document_over_its_limit_closes),
		FX(parts_that_do_not_fit_close),
		FX(part_that_was_not_asked_for_is_passed_over),
		FX(document_that_is_not_there_is_asked_once),
		FX(older_plan_than_the_one_held_is_not_taken),
		FX(what_became_newer_on_its_way_is_fetched_again),
		FX(a_newer_one_than_told_will_do),
		FX(a_standing_that_stays_what_it_was_is_asked_once),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("download", tests, NULL, NULL);
}
