#include "tests/support/check.h"

#include <string.h>

#include "hub/contacts.h"
#include "tests/support/hub_fixture.h"

static void
what_was_put_comes_back(void **ctx)
{
	struct hub_fixture fx;
	struct contact in = {
		.feed = { 1 }, .last_ms = INT64_C(1763136000000), .skew_ms = -5000,
		.tip = { 17, { 2 } }, .pending = 4, .plan = 1, .registry = 9,
		.program = "valija-agent 0.1.0",
	}, out;
	kv_txn *txn;

	(void) ctx;
	hub_fixture_init(&fx, NULL);
	txn = hub_begin(fx.hub);
	memset(&out, 7, sizeof(out));
	assert_status(contacts_get(txn, in.feed, &out), ST_NOT_FOUND);
	assert_int_equal(out.pending, 0x0707070707070707); /* untouched on failure */
	assert_status(contacts_put(txn, &in), ST_OK);
	in.pending = 0;
	in.skew_ms = INT64_MIN; /* a clock at its end */
	memset(in.program, 'x', sizeof(in.program) - 1);
	assert_status(contacts_put(txn, &in), ST_OK);
	hub_commit(&txn);
	txn = hub_begin(fx.hub);
	assert_status(contacts_get(txn, in.feed, &out), ST_OK);
	kv_abort(&txn);
	assert_memory_equal(out.feed, in.feed, FEED_BYTES);
	assert_true(out.last_ms == in.last_ms && out.skew_ms == in.skew_ms);
	assert_true(point_equal(&out.tip, &in.tip));
	assert_int_equal(out.pending, 0);
	assert_int_equal(out.plan, 1);
	assert_int_equal(out.registry, 9);
	assert_string_equal(out.program, in.program);
	hub_fixture_done(&fx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_was_put_comes_back) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
