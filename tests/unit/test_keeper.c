#include "tests/support/check.h"

#include <string.h>

#include "agent/link/keeper.h"

/* The outbox, linked with --wrap: what was written, and how it answers. */
status
__wrap_outbox_hub(outbox *box, const uint8_t hub[static FEED_BYTES], struct outbox_hub *ret_hub);
status __wrap_outbox_put_hub(outbox *box, const uint8_t hub[static FEED_BYTES],
                             const struct outbox_hub *facts, int wait_ms);
status __wrap_outbox_put_plan(outbox *box, uint64_t version, struct bytes packed, int wait_ms);
status __wrap_outbox_put_standing(outbox *box, uint64_t version, uint64_t boot, struct bytes packed,
                                  int wait_ms);

static struct outbox_hub stored;
static unsigned facts_written, plans_written, standings_written;
static status answer;
static int last_wait_ms;

status
__wrap_outbox_hub(outbox *box, const uint8_t hub[static FEED_BYTES], struct outbox_hub *ret_hub)
{
	(void) box;
	(void) hub;
	*ret_hub = stored;
	return ST_OK;
}

status
__wrap_outbox_put_hub(outbox *box, const uint8_t hub[static FEED_BYTES],
                      const struct outbox_hub *facts, int wait_ms)
{
	(void) box;
	(void) hub;
	last_wait_ms = wait_ms;
	if (answer < 0)
		return answer;
	stored = *facts;
	facts_written++;
	return ST_OK;
}

status
__wrap_outbox_put_plan(outbox *box, uint64_t version, struct bytes packed, int wait_ms)
{
	(void) box;
	(void) wait_ms;
	if (answer < 0)
		return answer;
	assert_int_equal(version, 3);
	assert_int_equal(packed.len, 4);
	assert_memory_equal(packed.at, "plan", 4);
	plans_written++;
	return ST_OK;
}

status
__wrap_outbox_put_standing(outbox *box, uint64_t version, uint64_t boot, struct bytes packed,
                           int wait_ms)
{
	(void) box;
	(void) wait_ms;
	(void) packed;
	if (answer < 0)
		return answer;
	assert_int_equal(version, 8);
	assert_int_equal(boot, 77);
	standings_written++;
	return ST_OK;
}

static keeper *k;
static const int64_t START_MS = 1000000, WALL_MS = INT64_C(1763136000000);

static void
acked(uint64_t seq, int64_t now_ms)
{
	const struct device_action a = { .type = DEVICE_ACKED, .point = { .seq = seq } };

	assert_status(keeper_take(k, &a, now_ms, WALL_MS), ST_OK);
}

static status
write_at(int64_t now_ms)
{
	int64_t held_ms = -1;

	return keeper_write(k, now_ms, &held_ms);
}

static void
of_many_acknowledgements_the_latest_is_written_now_and_then(void **ctx)
{
	(void) ctx;
	for (int ms = 0; ms < 1000; ms++) {
		acked((uint64_t) ms + 1, START_MS + ms);
		assert_status(write_at(START_MS + ms), ST_OK);
	}
	assert_true(facts_written >= 4 && facts_written <= 1000 / KEEPER_FACTS_MS + 1);
	assert_status(keeper_finish(k, 500), ST_OK);
	assert_int_equal(last_wait_ms, 500);
	assert_int_equal(stored.acked.seq, 1000);
	facts_written = 0;
	assert_status(keeper_finish(k, 500), ST_OK);
	assert_int_equal(facts_written, 0); /* nothing is new */
}

static void
nothing_waits_for_the_lock(void **ctx)
{
	int64_t held_ms = -1;

	(void) ctx;
	acked(1, START_MS);
	answer = ST_BUSY;
	assert_status(keeper_write(k, START_MS, &held_ms), ST_BUSY);
	assert_int_equal(last_wait_ms, 0);
	assert_int_equal(held_ms, START_MS);
	assert_int_equal(keeper_deadline(k), START_MS + KEEPER_RETRY_MS);
	assert_status(keeper_write(k, START_MS + KEEPER_RETRY_MS, &held_ms), ST_BUSY);
	assert_int_equal(held_ms, START_MS); /* still since then */
	answer = ST_OK;
	assert_status(write_at(START_MS + 2 * KEEPER_RETRY_MS), ST_OK);
	assert_int_equal(stored.acked.seq, 1);
	assert_true(keeper_deadline(k) == INT64_MAX);
}

static void
what_cannot_be_written_is_kept_and_tried_again_later(void **ctx)
{
	(void) ctx;
	acked(1, START_MS);
	answer = ST_FULL;
	assert_status(write_at(START_MS), ST_FULL);
	assert_int_equal(keeper_deadline(k), START_MS + KEEPER_FAULT_MS);
	answer = ST_OK;
	assert_status(write_at(START_MS + KEEPER_FAULT_MS), ST_OK);
	assert_int_equal(stored.acked.seq, 1);
}

static void
a_welcome_is_kept_with_the_clocks_difference(void **ctx)
{
	const struct device_action a = {
		.type = DEVICE_WELCOMED,
		.beyond = 20,
		.registry = 5,
		.boot = 77,
		.hub_clock_ms = WALL_MS + 3600000,
	};

	(void) ctx;
	assert_status(keeper_take(k, &a, START_MS, WALL_MS), ST_OK);
	assert_status(write_at(START_MS), ST_OK);
	assert_int_equal(stored.beyond, 20);
	assert_int_equal(stored.registry, 5);
	assert_int_equal(stored.boot, 77);
	assert_int_equal(stored.skew_ms, 3600000);
	assert_int_equal(stored.last_contact_ms, WALL_MS);
}

static void
mere_contact_is_written_once_a_minute(void **ctx)
{
	(void) ctx;
	for (int s = 0; s < 180; s++) {
		keeper_contact(k, START_MS + s * 1000, WALL_MS + s * 1000);
		assert_status(write_at(START_MS + s * 1000), ST_OK);
	}
	assert_int_equal(facts_written, 3);
}

static struct device_action
document_of(document what, char *packed)
{
	return (struct device_action) {
		.type = DEVICE_DOCUMENT,
		.what = what,
		.boot = 77,
		.version = what == DOCUMENT_PLAN ? 3 : 8,
		.packed = { (uint8_t *) packed, strlen(packed) },
	};
}

static void
documents_are_kept_until_they_are_written(void **ctx)
{
	char bytes[] = "plan";
	struct device_action plan = document_of(DOCUMENT_PLAN, bytes);
	struct device_action standing = document_of(DOCUMENT_STANDING, bytes);

	(void) ctx;
	answer = ST_BUSY;
	assert_status(keeper_take(k, &plan, START_MS, WALL_MS), ST_OK);
	assert_status(keeper_take(k, &standing, START_MS, WALL_MS), ST_OK);
	assert_status(write_at(START_MS), ST_BUSY);
	memset(bytes, 0, sizeof(bytes)); /* they were only lent */
	answer = ST_OK;
	assert_status(write_at(START_MS + KEEPER_RETRY_MS), ST_OK);
	assert_int_equal(plans_written, 1);
	assert_int_equal(standings_written, 1);
	assert_status(write_at(START_MS + 2 * KEEPER_RETRY_MS), ST_OK);
	assert_int_equal(plans_written, 1);
}

static void
what_is_no_plan_is_dropped(void **ctx)
{
	char bytes[] = "what";
	struct device_action plan = document_of(DOCUMENT_PLAN, bytes);

	(void) ctx;
	assert_status(keeper_take(k, &plan, START_MS, WALL_MS), ST_OK);
	answer = ST_INVALID;
	assert_status(write_at(START_MS), ST_INVALID);
	assert_true(keeper_deadline(k) == INT64_MAX);
}

static void
the_mark_of_another_process_does_not_go_back(void **ctx)
{
	(void) ctx;
	stored.boot = 0;
	stored.acked.seq = 9; /* written meanwhile, of the same boot id */
	acked(5, START_MS);
	assert_status(write_at(START_MS), ST_OK);
	assert_int_equal(stored.acked.seq, 9);
	stored.boot = 66; /* of a hub that was rolled back since */
	acked(5, START_MS + 1000);
	assert_status(write_at(START_MS + 1000), ST_OK);
	assert_int_equal(stored.acked.seq, 5);
}

static int
set_up(void **ctx)
{
	static const uint8_t hub[FEED_BYTES] = { 1 };

	(void) ctx;
	stored = (struct outbox_hub) { 0 };
	facts_written = plans_written = standings_written = 0;
	answer = ST_OK;
	return keeper_new(NULL, hub, &k);
}

static int
tear_down(void **ctx)
{
	(void) ctx;
	keeper_free(&k);
	return k != NULL;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(of_many_acknowledgements_the_latest_is_written_now_and_then),
		TEST(nothing_waits_for_the_lock),
		TEST(what_cannot_be_written_is_kept_and_tried_again_later),
		TEST(a_welcome_is_kept_with_the_clocks_difference),
		TEST(mere_contact_is_written_once_a_minute),
		TEST(documents_are_kept_until_they_are_written),
		TEST(what_is_no_plan_is_dropped),
		TEST(the_mark_of_another_process_does_not_go_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
