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

static void
refusals_add_up_and_facts_are_replaced(void **ctx)
{
	struct hub_fixture fx;
	struct contact refusal = { .feed = { 1 },
		                   .refused = 2,
		                   .refused_ms = 5000,
		                   .refused_with = "malformed" },
		       hello = { .feed = { 1 },
		                 .last_ms = 7000,
		                 .has_facts = true,
		                 .disk_bytes = 15,
		                 .oldest_ms = 16,
		                 .program = "other 1" },
		       out;
	kv_txn *txn;

	(void) ctx;
	hub_fixture_init(&fx, NULL);
	txn = hub_begin(fx.hub);
	assert_status(contacts_put(txn, &refusal), ST_OK); /* was never let in */
	assert_status(contacts_put(txn, &hello), ST_OK);
	refusal.refused = 1;
	refusal.refused_ms = 9000;
	assert_status(contacts_put(txn, &refusal), ST_OK);
	assert_status(contacts_get(txn, hello.feed, &out), ST_OK);
	assert_int_equal(out.refused, 3);
	assert_int_equal(out.refused_ms, 9000);
	assert_string_equal(out.refused_with, "malformed");
	assert_int_equal(out.last_ms, 7000);
	assert_true(out.has_facts);
	assert_int_equal(out.disk_bytes, 15);
	assert_int_equal(out.oldest_ms, 16);

	hello.has_facts = false; /* an older program on that machine now */
	hello.last_ms = 10000;
	assert_status(contacts_put(txn, &hello), ST_OK);
	assert_status(contacts_get(txn, hello.feed, &out), ST_OK);
	kv_abort(&txn);
	assert_false(out.has_facts);
	assert_int_equal(out.refused, 3);
	hub_fixture_done(&fx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_put_comes_back),
		cmocka_unit_test(refusals_add_up_and_facts_are_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
