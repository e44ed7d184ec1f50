/* What is taken is the same whether the other thread laid it out or not: each test runs often
 * enough for both, and under ThreadSanitizer. */
#include "tests/support/check.h"

#include <string.h>

#include "hub/ahead.h"
#include "protocol/chain.h"
#include "tests/support/hub_fixture.h"

enum { BATCHES = 40, EVENTS = 20 };

static struct test_device alice;
static lane track;
static ahead *a;
static writer sealed[BATCHES];
static struct journal_entry entries[BATCHES];

static void
seal(size_t i)
{
	writer_clear(&sealed[i]);
	lane_seal(&track, i * EVENTS + 1, (i + 1) * EVENTS, &sealed[i]);
	entries[i] = (struct journal_entry) { .kind = JOURNAL_BATCH,
		                              .bytes = writer_bytes(&sealed[i]) };
}

static int
setup(void **ctx)
{
	(void) ctx;
	a = ahead_new();
	assert_non_null(a);
	test_device_init(&alice, 1, "con-a");
	lane_init(&track, &alice);
	for (size_t i = 0; i < BATCHES; i++) {
		for (size_t k = 0; k < EVENTS; k++) {
			struct event e = test_activity("con-a", 20406);

			lane_add(&track, &e);
		}
		writer_init(&sealed[i]);
		seal(i);
	}
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	for (size_t i = 0; i < BATCHES; i++)
		writer_done(&sealed[i]);
	lane_done(&track);
	ahead_free(&a);
	return 0;
}

/* All events of that batch, with their bodies. */
static void
assert_laid_out(const run_block *b, size_t batch)
{
	const struct journal_run *r = &b->run;

	assert_int_equal(r->count, EVENTS);
	assert_int_equal(r->batch.first, batch * EVENTS + 1);
	for (size_t i = 0; i < EVENTS; i++) {
		const struct lane_event *want = &track.events[batch * EVENTS + i];
		const struct batch_event *got = &r->content.events[i];

		assert_true(point_equal(&got->at, &want->at));
		assert_int_equal(got->body.len, want->len);
		assert_memory_equal(got->body.at, want->body, want->len);
	}
	assert_true(point_equal(&r->end, &track.events[(batch + 1) * EVENTS - 1].at));
	assert_int_equal(r->start.seq, batch * EVENTS);
}

static void
put(size_t batch, bool is_sealed)
{
	assert_status(ahead_put(a, &entries[batch], is_sealed), ST_OK);
}

static void
assert_taken(size_t batch, bool is_sealed)
{
	run_block *b = NULL;

	assert_status(ahead_take(a, &entries[batch], is_sealed, &b), ST_OK);
	assert_laid_out(b, batch);
	run_block_free(&b);
	assert_null(b);
}

static void
what_was_put_is_taken_in_that_order(void **ctx)
{
	size_t next = 0;

	(void) ctx;
	for (size_t i = 0; i < BATCHES; i++) {
		for (; next < BATCHES && ahead_room(a); next++)
			put(next, true);
		assert_true(next > i);
		assert_taken(i, true);
	}
}

static void
no_more_is_put_than_there_is_room_for(void **ctx)
{
	size_t next = 0;

	(void) ctx;
	for (; ahead_room(a); next++)
		put(next, true);
	assert_int_equal(next, AHEAD_MAX);
	assert_taken(0, true);
	assert_true(ahead_room(a));
}

static void
what_was_not_put_is_laid_out_all_the_same(void **ctx)
{
	(void) ctx;
	assert_taken(3, true);
	for (size_t i = 0; i < AHEAD_MAX; i++)
		put(i, true);
	assert_taken(BATCHES - 1, true);
	assert_taken(0, true);
}

static void
what_is_not_taken_is_given_up(void **ctx)
{
	(void) ctx;
	for (size_t i = 0; i < BATCHES; i += AHEAD_MAX) {
		for (size_t k = 0; k < AHEAD_MAX; k++)
			put(i + k, true);
		assert_taken(i + 2, true);
		assert_taken(i + 3, true);
	}
}

/* A frame that came to where another one lay is not taken for that. */
static void
a_batch_is_known_by_its_bytes(void **ctx)
{
	uint8_t *bytes = (uint8_t *) (uintptr_t) writer_bytes(&sealed[1]).at;
	size_t len = writer_bytes(&sealed[1]).len;
	run_block *b = NULL;

	(void) ctx;
	put(0, true);
	put(1, true);
	bytes[len / 2] ^= 1;
	assert_taken(0, true);
	assert_true(ahead_take(a, &entries[1], true, &b) < 0);
	assert_null(b);
	bytes[len / 2] ^= 1;
	assert_taken(1, true);
}

static void
a_seal_that_was_not_looked_at_is_looked_at(void **ctx)
{
	(void) ctx;
	put(0, false);
	put(1, false);
	assert_taken(0, true);
	assert_taken(1, true);
}

/* Each of them, as batch_verify() tells it; the next ones are none the worse. */
static void
faults_are_told_of_the_batch_that_has_them(void **ctx)
{
	enum { BAD_SEAL = 1, BAD_CHAIN = 2, NO_BATCH = 5 };
	static const uint8_t junk[] = { 0xc0 };
	const status want[] = {
		[BAD_SEAL] = ST_DENIED, [BAD_CHAIN] = ST_CHAIN, [NO_BATCH] = ST_MALFORMED
	};
	const size_t count = sizeof(want) / sizeof(want[0]);
	struct batch b;
	size_t next = 0;

	(void) ctx;
	assert_status(batch_open(entries[BAD_SEAL].bytes.at, entries[BAD_SEAL].bytes.len, &b),
	              ST_OK);
	((uint8_t *) (uintptr_t) b.signature)[3] ^= 1;
	assert_status(batch_open(entries[BAD_CHAIN].bytes.at, entries[BAD_CHAIN].bytes.len, &b),
	              ST_OK);
	((uint8_t *) (uintptr_t) b.before)[3] ^= 1;
	entries[NO_BATCH].bytes = (struct bytes) { junk, sizeof(junk) };
	for (size_t i = 0; i < count; i++) {
		run_block *block = NULL;

		for (; next < count && ahead_room(a); next++)
			assert_status(ahead_put(a, &entries[next], true),
			              next == NO_BATCH ? ST_MALFORMED : ST_OK);
		assert_status(ahead_take(a, &entries[i], true, &block), want[i]);
		if (want[i] == ST_OK)
			assert_laid_out(block, i);
		else
			assert_null(block);
		run_block_free(&block);
	}
}

static void
it_may_be_freed_with_work_left(void **ctx)
{
	(void) ctx;
	for (size_t round = 0; round < BATCHES; round++) {
		for (size_t i = 0; ahead_room(a); i++)
			put(i, true);
		ahead_free(&a);
		assert_null(a);
		a = ahead_new();
		assert_non_null(a);
	}
	ahead_free(&a);
	ahead_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_put_is_taken_in_that_order, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(no_more_is_put_than_there_is_room_for, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(what_was_not_put_is_laid_out_all_the_same, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(what_is_not_taken_is_given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(a_batch_is_known_by_its_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_seal_that_was_not_looked_at_is_looked_at, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(faults_are_told_of_the_batch_that_has_them, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(it_may_be_freed_with_work_left, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
