#include "tests/support/check.h"

#include <sodium.h>
#include <string.h>

#include "hub/hub.h"
#include "hub/journal.h"
#include "hub/plans.h"
#include "hub/registry_entry.h"
#include "hub/rollback.h"
#include "protocol/chain.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/plan_base.h"

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

/* ---- readers ---- */

static void
expect_registry_hash(const uint8_t want[static HASH_BYTES])
{
	uint8_t hash[HASH_BYTES];

	assert_status(registry_hash(txn, hash), ST_OK);
	assert_memory_equal(hash, want, HASH_BYTES);
}

static void
a_reader_asks_and_stands_in_no_digest(void **ctx)
{
	struct test_device asker;
	uint8_t before[HASH_BYTES];
	bool refold = true;
	struct device d;

	(void) ctx;
	test_device_init(&asker, 3, "");
	assert_status(enroll(&alice, ROLE_DEVICE, &refold), ST_OK);
	assert_status(registry_hash(txn, before), ST_OK);
	assert_status(enroll(&asker, ROLE_READER, &refold), ST_OK);
	assert_false(refold);
	assert_status(registry_device(txn, asker.feed, &d), ST_OK);
	assert_true(device_may_ask(&d));
	assert_false(device_may_publish(&d));
	assert_false(device_is_revoked(&d));
	expect_registry_hash(before);
	assert_status(enroll(&asker, ROLE_READER, &refold), ST_EXISTS);

	assert_status(registry_revoke_all(txn, asker.feed, text_of("left"), 1), ST_OK);
	assert_status(registry_device(txn, asker.feed, &d), ST_OK);
	assert_true(device_is_revoked(&d));
	assert_false(device_may_ask(&d));
	expect_registry_hash(before);
	assert_status(enroll(&asker, ROLE_READER, &refold), ST_OK);
	assert_status(registry_device(txn, asker.feed, &d), ST_OK);
	assert_true(device_may_ask(&d));
	assert_int_equal(d.losses, 0);
}

static void
a_reader_has_no_units_and_a_device_has_some(void **ctx)
{
	struct test_device nobody;
	bool refold;

	(void) ctx;
	test_device_init(&nobody, 3, "");
	assert_status(enroll(&alice, ROLE_READER, &refold), ST_INVALID);
	assert_status(enroll(&nobody, ROLE_DEVICE, &refold), ST_INVALID);
	assert_status(enroll(&nobody, ROLE_OFFICE, &refold), ST_OK);
	assert_status(enroll(&nobody, ROLE_READER, &refold), ST_INVALID); /* takes away */
	assert_int_equal(registry_number(txn), 2);
}

static void
a_reader_may_become_the_office(void **ctx)
{
	struct test_device asker;
	bool refold;
	struct device d;

	(void) ctx;
	test_device_init(&asker, 3, "");
	assert_status(enroll(&asker, ROLE_READER, &refold), ST_OK);
	assert_status(enroll(&asker, ROLE_OFFICE, &refold), ST_OK);
	assert_status(registry_device(txn, asker.feed, &d), ST_OK);
	assert_int_equal(d.role, ROLE_OFFICE);
	assert_true(device_may_ask(&d));
}

static void
nothing_is_taken_of_a_reader_that_never_had_a_unit(void **ctx)
{
	struct event e = test_activity("con-a", 20406);
	struct test_device asker;
	bool refold;
	lane l;

	(void) ctx;
	test_device_init(&asker, 3, "");
	assert_status(enroll(&asker, ROLE_READER, &refold), ST_OK);
	lane_init(&l, &asker);
	lane_add(&l, &e);
	assert_status(lane_give(&l, 1, 1, hub_at.hub, txn), ST_DENIED);
	lane_done(&l);
}

static void
what_a_feed_lost_before_it_only_reads_stays_in_the_digest(void **ctx)
{
	struct test_device later = alice;
	uint8_t before[HASH_BYTES];
	bool refold;

	(void) ctx;
	assert_status(enroll(&alice, ROLE_DEVICE, &refold), ST_OK);
	assert_status(registry_revoke_all(txn, alice.feed, text_of("left"), 1), ST_OK);
	assert_status(registry_hash(txn, before), ST_OK);
	later.units.count = 0;
	assert_status(enroll(&later, ROLE_READER, &refold), ST_OK);
	expect_registry_hash(before);
}

/* ---- */

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

/* ---- losses ---- */

static struct point
give(lane *l, const char *unit, hold want)
{
	struct event e = test_activity(unit, 20406);
	struct point at = lane_add(l, &e);

	assert_status(lane_give(l, l->count, l->count, hub_at.hub, txn), ST_OK);
	assert_int_equal(held_reason(txn, l->device->feed, &at), want);
	return at;
}

static void
revoke(const struct test_device *d, const char *unit, bool office)
{
	struct codes units = { .count = unit != NULL, .list = { text_of(unit ? unit : "") } };

	assert_status(registry_revoke(txn, d->feed, &units, office, text_of("why"), 2000), ST_OK);
}

static void
a_unit_that_was_taken_is_kept_below_the_leaves_known_then(void **ctx)
{
	(void) ctx;
	struct point before, after;
	struct device d;
	bool refold;
	lane l;

	assert_status(enroll(&bob, ROLE_DEVICE, &refold), ST_OK);
	lane_init(&l, &bob);
	before = give(&l, "con-a", HOLD_NONE);
	revoke(&bob, "con-a", false);
	after = give(&l, "con-a", HOLD_RIGHT);
	give(&l, "con-b", HOLD_NONE);
	assert_status(registry_device(txn, bob.feed, &d), ST_OK);
	assert_int_equal(d.units.count, 1);
	assert_int_equal(d.losses, 1);
	assert_false(device_is_revoked(&d));
	assert_status(hub_refold(hub_at.hub, txn), ST_OK);
	assert_int_equal(held_reason(txn, bob.feed, &before), HOLD_NONE);
	assert_int_equal(held_reason(txn, bob.feed, &after), HOLD_RIGHT);
	lane_done(&l);
}

static void
who_lost_all_is_revoked_and_its_batches_are_kept_and_held(void **ctx)
{
	(void) ctx;
	struct device d;
	bool refold;
	lane l;

	assert_status(enroll(&alice, ROLE_OFFICE, &refold), ST_OK);
	lane_init(&l, &alice);
	give(&l, "con-b", HOLD_NONE);
	assert_status(registry_revoke_all(txn, alice.feed, text_of("stolen"), 2000), ST_OK);
	assert_status(registry_device(txn, alice.feed, &d), ST_OK);
	assert_true(device_is_revoked(&d));
	assert_int_equal(d.role, ROLE_DEVICE);
	give(&l, "con-a", HOLD_RIGHT);
	assert_status(registry_revoke_all(txn, alice.feed, text_of("again"), 2000), ST_INVALID);
	lane_done(&l);
}

static void
admitted_is_what_came_until_then(void **ctx)
{
	(void) ctx;
	struct point late;
	bool refold;
	lane l;

	assert_status(enroll(&alice, ROLE_DEVICE, &refold), ST_OK);
	assert_status(registry_admit(txn, alice.feed, text_of(""), 1), ST_EXISTS);
	assert_status(registry_admit(txn, bob.feed, text_of(""), 1), ST_NOT_FOUND);
	lane_init(&l, &alice);
	give(&l, "con-a", HOLD_NONE);
	assert_status(registry_revoke_all(txn, alice.feed, text_of("x"), 2000), ST_OK);
	assert_status(registry_admit(txn, alice.feed, text_of(""), 1), ST_EXISTS);
	late = give(&l, "con-a", HOLD_RIGHT);
	assert_status(registry_admit(txn, alice.feed, text_of(""), 1), ST_OK);
	assert_status(hub_refold(hub_at.hub, txn), ST_OK);
	assert_int_equal(held_reason(txn, alice.feed, &late), HOLD_NONE);
	give(&l, "con-a", HOLD_RIGHT);
	lane_done(&l);
}

static void
a_grant_applies_to_the_whole_feed_again(void **ctx)
{
	(void) ctx;
	uint8_t before[HASH_BYTES], after[HASH_BYTES];
	struct point late;
	struct device d;
	bool refold = false;
	lane l;

	assert_status(enroll(&bob, ROLE_DEVICE, &refold), ST_OK);
	assert_status(registry_hash(txn, before), ST_OK);
	lane_init(&l, &bob);
	give(&l, "con-a", HOLD_NONE);
	revoke(&bob, "con-a", false);
	assert_status(registry_hash(txn, after), ST_OK);
	assert_memory_not_equal(before, after, HASH_BYTES);
	late = give(&l, "con-a", HOLD_RIGHT);
	assert_status(enroll(&bob, ROLE_DEVICE, &refold), ST_OK);
	assert_true(refold);
	assert_status(hub_refold(hub_at.hub, txn), ST_OK);
	assert_int_equal(held_reason(txn, bob.feed, &late), HOLD_NONE);
	assert_status(registry_device(txn, bob.feed, &d), ST_OK);
	assert_int_equal(d.losses, 0);
	assert_status(registry_hash(txn, after), ST_OK);
	assert_memory_equal(before, after, HASH_BYTES);
	lane_done(&l);
}

static void
what_a_device_has_not_cannot_be_taken(void **ctx)
{
	(void) ctx;
	struct codes units = { .count = 1, .list = { text_of("con-b") } }, none = { 0 };
	uint64_t number;
	bool refold;

	assert_status(enroll(&alice, ROLE_DEVICE, &refold), ST_OK);
	number = registry_number(txn);
	assert_status(registry_revoke(txn, alice.feed, &units, false, text_of(""), 1), ST_INVALID);
	assert_status(registry_revoke(txn, alice.feed, &none, true, text_of(""), 1), ST_INVALID);
	assert_status(registry_revoke(txn, alice.feed, &none, false, text_of(""), 1), ST_INVALID);
	assert_status(registry_revoke(txn, bob.feed, &none, true, text_of(""), 1), ST_NOT_FOUND);
	assert_status(registry_revoke_all(txn, hub_id(hub_at.hub), text_of(""), 1), ST_INVALID);
	assert_int_equal(registry_number(txn), number);
}

static status
add_plan_part(void *ctx, struct bytes body)
{
	lane_add_body(ctx, body);
	return ST_OK;
}

/* Of a device that was an office once, plans count as far as it was. */
static void
plans_of_who_is_no_office_any_more_count_below_the_leaves(void **ctx)
{
	(void) ctx;
	json_t *root = plan_base();
	struct plan_row row;
	bool refold;
	char *text;
	lane l;

	plan_base_edit(root, "/version", "9");
	text = json_dumps(root, 0);
	assert_status(enroll(&alice, ROLE_OFFICE, &refold), ST_OK);
	lane_init(&l, &alice);
	give(&l, "con-a", HOLD_NONE);
	revoke(&alice, NULL, true);
	assert_status(plans_cut(text, strlen(text), 9, 1, add_plan_part, &l), ST_OK);
	assert_status(lane_give(&l, 2, l.count, hub_at.hub, txn), ST_OK);
	assert_status(plans_in_force(txn, &row), ST_OK);
	assert_int_not_equal(row.version, 9);
	assert_status(registry_admit(txn, alice.feed, text_of(""), 1), ST_OK);
	assert_status(hub_refold(hub_at.hub, txn), ST_OK);
	assert_status(plans_in_force(txn, &row), ST_OK);
	assert_int_equal(row.version, 9);
	free(text);
	json_decref(root);
	lane_done(&l);
}

/* The entry with the right number of the feed; what came is judged when it comes. */
static void
a_leaf_that_comes_later_covers_what_lies_below_it(void **ctx)
{
	(void) ctx;
	struct event e = test_activity("con-a", 20406);
	struct entry loss = { .act = ACT_REVOKE, .number = 50, .feed = alice.feed };
	uint8_t leaf[POINT_BYTES];
	struct point first, last;
	bool refold;
	lane l;

	assert_status(enroll(&alice, ROLE_DEVICE, &refold), ST_OK);
	lane_init(&l, &alice);
	first = lane_add(&l, &e);
	last = lane_add(&l, &e);
	put_u64(leaf, last.seq);
	memcpy(leaf + 8, last.hash, HASH_BYTES);
	loss.units = alice.units;
	loss.leaves = (struct bytes) { leaf, sizeof(leaf) };
	hub_enter(hub_at.hub, txn, &loss);
	assert_int_equal(registry_number(txn), 50);
	assert_status(lane_give(&l, 1, 1, hub_at.hub, txn), ST_OK);
	assert_int_equal(held_reason(txn, alice.feed, &first), HOLD_RIGHT);
	assert_status(lane_give(&l, 2, 2, hub_at.hub, txn), ST_OK);
	assert_int_equal(held_reason(txn, alice.feed, &first), HOLD_NONE);
	assert_int_equal(held_reason(txn, alice.feed, &last), HOLD_NONE);
	lane_done(&l);
}

/* ---- rollback ---- */

static void
numbers_go_on_above_what_was_met(void **ctx)
{
	(void) ctx;
	struct rollback met;
	uint64_t next;
	bool refold, only;

	assert_status(rollback_open(txn, &met), ST_NOT_FOUND);
	assert_status(rollback_note(txn, alice.feed, 0, 0, 5), ST_OK);
	assert_status(rollback_note(txn, alice.feed, registry_number(txn), 3, 5), ST_OK);
	assert_status(rollback_open(txn, &met), ST_NOT_FOUND);
	assert_status(rollback_note(txn, alice.feed, 70, 8, 5), ST_OK);
	assert_status(rollback_note(txn, bob.feed, 60, 8, 6), ST_OK); /* nothing new */
	assert_status(rollback_open(txn, &met), ST_OK);
	assert_int_equal(met.registry, 70);
	assert_int_equal(met.plan, 8);
	assert_int_equal(met.at_ms, 5);
	assert_memory_equal(met.feed, alice.feed, FEED_BYTES);
	assert_status(hub_next_plan(txn, &next, &only), ST_OK);
	assert_int_equal(next, 9);
	assert_false(only);
	assert_status(registry_confirm(txn, met.registry, met.plan, 9), ST_OK);
	assert_int_equal(registry_number(txn), 71);
	assert_status(rollback_open(txn, &met), ST_NOT_FOUND);
	assert_status(enroll(&alice, ROLE_DEVICE, &refold), ST_OK);
	assert_int_equal(registry_number(txn), 72);
	assert_status(rollback_note(txn, alice.feed, 73, 8, 5), ST_OK);
	assert_status(rollback_open(txn, &met), ST_OK);
}

static void
what_was_met_is_believed_up_to_a_bound(void **ctx)
{
	(void) ctx;
	uint64_t own = registry_number(txn);
	struct rollback met;

	assert_status(rollback_note(txn, bob.feed, own + REGISTRY_JUMP_MAX + 1, 0, 5), ST_OK);
	assert_status(rollback_note(txn, bob.feed, 0, 3 + PLAN_JUMP_MAX + 1, 5), ST_OK);
	assert_status(rollback_open(txn, &met), ST_NOT_FOUND);
	assert_status(rollback_note(txn, bob.feed, own + REGISTRY_JUMP_MAX, 3 + PLAN_JUMP_MAX, 5),
	              ST_OK);
	assert_status(rollback_open(txn, &met), ST_OK);
	assert_int_equal(met.registry, own + REGISTRY_JUMP_MAX);
	assert_int_equal(met.plan, 3 + PLAN_JUMP_MAX);
}

/* ---- entries ---- */

/* Example entry-revoke of SPEC.md. */
static void
an_entry_has_the_bytes_laid_down(void **ctx)
{
	(void) ctx;
	static const char want[] =
		"88a3616374a67265766f6b65a26174cf0000019a884032a0a466656564c42003a107bff3ce10be1d"
		"70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8a66c6561766573c4280000000000000002"
		"0ed5ca56b4391780b8013f8300bdb1a133a7982819eb129ed6b725860f9cf62ea66e756d62657204"
		"a4726f6c65a66f6666696365a5756e69747391ab636f6e2d686f7573746f6ea3776879a673746f6c"
		"656e";
	static const char h2[] = "0ed5ca56b4391780b8013f8300bdb1a133a7982819eb129ed6b725860f9cf62e";
	uint8_t leaf[POINT_BYTES] = { [7] = 2 }, seed[32], feed[FEED_BYTES];
	uint8_t secret[SIGN_SECRET_BYTES];
	struct entry e = { .act = ACT_REVOKE,
		           .number = 4,
		           .at_ms = INT64_C(1763222500000),
		           .feed = feed,
		           .role = ROLE_OFFICE,
		           .units = { 1, { text_of("con-houston") } },
		           .leaves = { leaf, sizeof(leaf) },
		           .why = text_of("stolen") };
	char got[sizeof(want)];
	writer w;

	for (uint8_t i = 0; i < 32; i++)
		seed[i] = i;
	crypto_sign_seed_keypair(feed, secret, seed);
	assert_true(hex_decode(h2, 64, leaf + 8, HASH_BYTES));
	writer_init(&w);
	assert_status(entry_encode(&e, &w), ST_OK);
	assert_int_equal(2 * writer_bytes(&w).len, strlen(want));
	hex_encode(writer_bytes(&w).at, writer_bytes(&w).len, got);
	assert_string_equal(got, want);
	writer_done(&w);
}

static void
entries_that_are_not_whole_are_refused(void **ctx)
{
	(void) ctx;
	static const uint8_t feed[FEED_BYTES] = { 3 }, two[2 * POINT_BYTES] = { 9 };
	struct entry e = { .act = ACT_ADMIT, .number = 9, .feed = feed }, got;
	struct bytes bytes;
	writer w;

	writer_init(&w);
	e.leaves = (struct bytes) { two, POINT_BYTES };
	assert_status(entry_encode(&e, &w), ST_OK);
	assert_status(entry_decode(writer_bytes(&w), &got), ST_OK);
	assert_int_equal(got.act, ACT_ADMIT);
	assert_int_equal(got.leaves.len, POINT_BYTES);
	bytes = writer_bytes(&w);
	bytes.len--;
	assert_status(entry_decode(bytes, &got), ST_MALFORMED);
	e.leaves.len = sizeof(two); /* the second is the lesser one */
	assert_status(entry_encode(&e, &w), ST_OK);
	assert_status(entry_decode(writer_bytes(&w), &got), ST_MALFORMED);
	e.leaves.len = POINT_BYTES - 1;
	assert_status(entry_encode(&e, &w), ST_OK);
	assert_status(entry_decode(writer_bytes(&w), &got), ST_MALFORMED);
	writer_done(&w);
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
		cmocka_unit_test_setup_teardown(a_reader_asks_and_stands_in_no_digest, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(a_reader_has_no_units_and_a_device_has_some, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(a_reader_may_become_the_office, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_taken_of_a_reader_that_never_had_a_unit,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_a_feed_lost_before_it_only_reads_stays_in_the_digest, setup, teardown),
		cmocka_unit_test_setup_teardown(a_visit_may_stop_the_walk, setup, teardown),
		cmocka_unit_test_setup_teardown(the_hash_is_as_laid_down, setup, teardown),
		cmocka_unit_test_setup_teardown(the_journal_brings_the_registry_back, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(
			a_unit_that_was_taken_is_kept_below_the_leaves_known_then, setup, teardown),
		cmocka_unit_test_setup_teardown(
			who_lost_all_is_revoked_and_its_batches_are_kept_and_held, setup, teardown),
		cmocka_unit_test_setup_teardown(admitted_is_what_came_until_then, setup, teardown),
		cmocka_unit_test_setup_teardown(a_grant_applies_to_the_whole_feed_again, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(what_a_device_has_not_cannot_be_taken, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(
			plans_of_who_is_no_office_any_more_count_below_the_leaves, setup, teardown),
		cmocka_unit_test_setup_teardown(a_leaf_that_comes_later_covers_what_lies_below_it,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(numbers_go_on_above_what_was_met, setup, teardown),
		cmocka_unit_test_setup_teardown(what_was_met_is_believed_up_to_a_bound, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(an_entry_has_the_bytes_laid_down, setup, teardown),
		cmocka_unit_test_setup_teardown(entries_that_are_not_whole_are_refused, setup,
		                                teardown),
	};

	return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
