#include "tests/support/check.h"

#include <string.h>

#include "hub/hub.h"
#include "hub/journal.h"
#include "protocol/chain.h"
#include "tests/support/hub_fixture.h"

static struct hub_fixture hub_at;
static struct test_device alice, bob;
static kv_txn *txn;

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	txn = hub_begin(hub_at.hub);
	test_device_init(&alice, 1, "con-a");
	test_device_init(&bob, 2, "con-a,con-b");
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	kv_abort(&txn);
	hub_fixture_done(&hub_at);
	return 0;
}

static status
enroll(const struct test_device *d, device_role role, bool *ret_refold)
{
	struct request r = test_device_request(d);

	return registry_enroll(txn, &r, role, 1000, ret_refold);
}

static void
who_is_not_enrolled_is_not_found(void **ctx)
{
	(void) ctx;
	struct device d;

	assert_status(registry_device(txn, alice.feed, &d), ST_NOT_FOUND);
}

static void
an_enrolled_device_has_its_units_and_the_next_number(void **ctx)
{
	(void) ctx;
	bool refold = true;
	struct device d;

	assert_int_equal(registry_number(txn), 1); /* the hub itself */
	assert_status(enroll(&bob, ROLE_DEVICE, &refold), ST_OK);
	assert_false(refold);
	assert_int_equal(registry_number(txn), 2);
	assert_status(registry_device(txn, bob.feed, &d), ST_OK);
	assert_memory_equal(d.feed, bob.feed, FEED_BYTES);
	assert_memory_equal(d.curve, bob.curve, CURVE_BYTES);
	assert_int_equal(d.role, ROLE_DEVICE);
	assert_int_equal(d.number, 2);
	assert_int_equal(d.enrolled_ms, 1000);
	assert_int_equal(d.units.count, 2);
	assert_true(device_has_unit(&d, text_of("con-a")));
	assert_true(device_has_unit(&d, text_of("con-b")));
	assert_false(device_has_unit(&d, text_of("con")));
	assert_false(device_may_publish(&d));
}

static void
the_same_once_more_changes_nothing(void **ctx)
{
	(void) ctx;
	bool refold;

	assert_status(enroll(&alice, ROLE_DEVICE, &refold), ST_OK);
	assert_status(enroll(&alice, ROLE_DEVICE, &refold), ST_EXISTS);
	assert_int_equal(registry_number(txn), 2);
}

static void
a_new_right_asks_for_folding_again_only_when_there_are_events(void **ctx)
{
	(void) ctx;
	struct test_device more = alice;
	bool refold = true;
	struct event e = test_activity("con-a", 20406);
	lane l;

	assert_status(enroll(&alice, ROLE_DEVICE, &refold), ST_OK);
	more.units.list[0] = text_of("area-x");
	more.units.list[more.units.count++] = text_of("con-a");
	assert_status(enroll(&more, ROLE_DEVICE, &refold), ST_OK);
	assert_false(refold);
	lane_init(&l, &alice);
	lane_add(&l, &e);
	lane_give_all(&l, 1, hub_at.hub, txn);
	lane_done(&l);
	assert_status(enroll(&more, ROLE_OFFICE, &refold), ST_OK);
	assert_true(refold);
	more.curve[5]++;
	assert_status(enroll(&more, ROLE_OFFICE, &refold), ST_OK);
	assert_false(refold); /* a new transport key is worth nothing to events */
}

static void
what_would_take_a_right_away_is_refused(void **ctx)
{
	(void) ctx;
	struct test_device less = bob;
	bool refold;
	struct device d;

	less.units.count = 1;
	assert_status(enroll(&bob, ROLE_OFFICE, &refold), ST_OK);
	assert_status(enroll(&less, ROLE_OFFICE, &refold), ST_INVALID);
	assert_status(enroll(&bob, ROLE_DEVICE, &refold), ST_INVALID);
	assert_status(registry_device(txn, bob.feed, &d), ST_OK);
	assert_int_equal(d.units.count, 2);
	assert_int_equal(d.role, ROLE_OFFICE);
	assert_int_equal(registry_number(txn), 2);
}

static status
note(void *ctx, const struct device *d)
{
	size_t *roles = ctx;

	roles[d->role]++;
	return d->role == ROLE_OFFICE ? ST_FULL : ST_OK;
}

static void
a_visit_may_stop_the_walk(void **ctx)
{
	(void) ctx;
	size_t roles[3] = { 0 };
	bool refold;

	assert_status(enroll(&alice, ROLE_DEVICE, &refold), ST_OK);
	assert_status(registry_each(txn, note, roles), ST_OK);
	assert_int_equal(roles[ROLE_HUB], 1);
	assert_int_equal(roles[ROLE_DEVICE], 1);
	assert_status(enroll(&bob, ROLE_OFFICE, &refold), ST_OK);
	assert_status(registry_each(txn, note, roles), ST_FULL);
}

/* "valija/registry/1", then of each feed in order: feed, role, units. */
static void
the_hash_is_as_laid_down(void **ctx)
{
	(void) ctx;
	const struct test_device *first = &alice, *second = &bob;
	uint8_t in[300], want[HASH_BYTES], got[HASH_BYTES];
	bool refold, alice_first = memcmp(alice.feed, bob.feed, FEED_BYTES) < 0;
	size_t len = 17;

	memcpy(in, "valija/registry/1", 17);
	for (int i = 0; i < 2; i++) {
		bool is_alice = (i == 0) == alice_first;

		memcpy(in + len, is_alice ? first->feed : second->feed, FEED_BYTES);
		len += FEED_BYTES;
		memcpy(in + len, is_alice ? "dcon-a\0" : "ocon-a\0con-b\0", is_alice ? 8 : 14);
		len += is_alice ? 8 : 14;
	}
	hash_bytes(in, len, want);
	assert_status(enroll(&bob, ROLE_OFFICE, &refold), ST_OK);
	assert_status(enroll(&alice, ROLE_DEVICE, &refold), ST_OK);
	assert_status(registry_hash(txn, got), ST_OK);
	assert_memory_equal(got, want, HASH_BYTES);
}

/* The last entry of the journal, out of the store. */
static struct bytes
last_entry(uint8_t *space, size_t size)
{
	struct journal_entry entry;

	assert_status(journal_read(txn, journal_size(txn) - 1, &entry), ST_OK);
	assert_int_equal(entry.kind, JOURNAL_REGISTRY);
	assert_int_equal(entry.received_ms, 1000);
	assert_true(entry.bytes.len <= size);
	memcpy(space, entry.bytes.at, entry.bytes.len);
	return (struct bytes) { space, entry.bytes.len };
}

static void
the_journal_brings_the_registry_back(void **ctx)
{
	(void) ctx;
	uint8_t space[2000];
	struct bytes entry;
	bool refold;
	struct device d;

	assert_status(enroll(&bob, ROLE_DEVICE, &refold), ST_OK);
	entry = last_entry(space, sizeof(space));
	assert_status(kv_clear(txn, TABLE_REGISTRY), ST_OK);
	assert_status(registry_apply(txn, entry), ST_OK);
	assert_status(registry_device(txn, bob.feed, &d), ST_OK);
	assert_int_equal(d.units.count, 2);
	entry.len = 10;
	assert_status(registry_apply(txn, entry), ST_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_is_not_enrolled_is_not_found, setup, teardown),
		cmocka_unit_test_setup_teardown(
			an_enrolled_device_has_its_units_and_the_next_number, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_once_more_changes_nothing, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(
			a_new_right_asks_for_folding_again_only_when_there_are_events, setup,
			teardown),
		cmocka_unit_test_setup_teardown(what_would_take_a_right_away_is_refused, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(a_visit_may_stop_the_walk, setup, teardown),
		cmocka_unit_test_setup_teardown(the_hash_is_as_laid_down, setup, teardown),
		cmocka_unit_test_setup_teardown(the_journal_brings_the_registry_back, setup,
		                                teardown),
	};

	return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
