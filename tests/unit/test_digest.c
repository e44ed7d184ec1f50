#include "tests/support/check.h"

#include <string.h>

#include "hub/digest.h"
#include "hub/plans.h"
#include "hub/rows.h"
#include "protocol/chain.h"
#include "tests/support/hub_fixture.h"

enum { DAY = 20406 };

struct pair {
	uint8_t set[HASH_BYTES], state[HASH_BYTES];
};

static struct hub_fixture hub_at, hub_two;
static struct test_device alice;

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	hub_fixture_init(&hub_two, NULL);
	test_device_init(&alice, 1, "con-a");
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	hub_fixture_done(&hub_at);
	hub_fixture_done(&hub_two);
	return 0;
}

static struct pair
digest(hub *h, kv_txn *txn)
{
	struct pair p;

	assert_status(hub_digest(h, txn, p.set, p.state), ST_OK);
	return p;
}

/* What a hub says that has enrolled alice and taken her lane. */
static struct pair
digest_of(hub *h, const lane *l, size_t step)
{
	kv_txn *txn = hub_begin(h);
	struct pair p;

	test_device_enroll(&alice, h, txn, ROLE_DEVICE);
	lane_give_all(l, step, h, txn);
	p = digest(h, txn);
	kv_abort(&txn);
	return p;
}

static lane
lane_with(uint64_t attended, date day)
{
	struct event e = test_activity("con-a", day);
	static uint8_t random[RANDOM_BYTES];
	lane l;

	e.random = random; /* the same in every lane */
	test_count(&e, "attended", attended);
	lane_init(&l, &alice);
	lane_add(&l, &e);
	return l;
}

static void
two_hubs_agree_whatever_their_keys_and_batch_borders(void **ctx)
{
	(void) ctx;
	struct pair one, two;
	lane l;

	lane_init(&l, &alice);
	for (int i = 0; i < 20; i++) {
		struct event e = test_activity(i % 5 ? "con-a" : "con-b", DAY + i % 3);

		lane_add(&l, &e);
	}
	assert_memory_not_equal(hub_id(hub_at.hub), hub_id(hub_two.hub), FEED_BYTES);
	one = digest_of(hub_at.hub, &l, 20);
	two = digest_of(hub_two.hub, &l, 3);
	assert_memory_equal(&one, &two, sizeof(one));
	lane_done(&l);
}

static void
one_person_more_changes_the_state(void **ctx)
{
	(void) ctx;
	lane l = lane_with(180, DAY), more = lane_with(181, DAY);
	struct pair one = digest_of(hub_at.hub, &l, 1), two = digest_of(hub_at.hub, &more, 1);

	assert_memory_not_equal(one.set, two.set, HASH_BYTES);
	assert_memory_not_equal(one.state, two.state, HASH_BYTES);
	lane_done(&l);
	lane_done(&more);
}

static void
nothing_at_all_has_a_digest_as_laid_down(void **ctx)
{
	(void) ctx;
	uint8_t in[14 + 2 * HASH_BYTES], want[HASH_BYTES];
	kv_txn *txn = hub_begin(hub_at.hub);
	struct plan_row row;
	struct pair got = digest(hub_at.hub, txn);

	hash_bytes("valija/set/1", 12, want);
	assert_memory_equal(got.set, want, HASH_BYTES);
	memcpy(in, "valija/state/1", 14);
	assert_status(plans_in_force(txn, &row), ST_OK);
	memcpy(in + 14, row.hash, HASH_BYTES);
	hash_bytes("valija/registry/1", 17, in + 14 + HASH_BYTES);
	hash_bytes(in, sizeof(in), want);
	assert_memory_equal(got.state, want, HASH_BYTES);
	assert_status(plans_clear(txn), ST_OK);
	memset(in + 14, 0, HASH_BYTES);
	hash_bytes(in, sizeof(in), want);
	got = digest(hub_at.hub, txn);
	assert_memory_equal(got.state, want, HASH_BYTES);
	kv_abort(&txn);
}

static size_t
put_row(uint8_t *at, char letter, const void *key, size_t key_len, const void *value,
        size_t value_len)
{
	at[0] = (uint8_t) letter;
	put_u32(at + 1, (uint32_t) key_len);
	memcpy(at + 5, key, key_len);
	put_u32(at + 5 + key_len, (uint32_t) value_len);
	memcpy(at + 9 + key_len, value, value_len);
	return 9 + key_len + value_len;
}

/* A held event and no other row: all bytes can be written out. */
static void
a_leaf_and_a_held_event_enter_as_laid_down(void **ctx)
{
	(void) ctx;
	lane l = lane_with(5, DATE_MIN);
	struct pair got = digest_of(hub_at.hub, &l, 1);
	uint8_t in[500] = "valija/set/1", want[HASH_BYTES], id[EVENT_ID_BYTES];
	kv_txn *txn = hub_begin(hub_at.hub);
	struct plan_row row;
	size_t len = 14 + 2 * HASH_BYTES;

	event_id_write(alice.feed, &l.events[0].at, id);
	memcpy(in + 12, id, sizeof(id));
	hash_bytes(in, 12 + sizeof(id), want);
	assert_memory_equal(got.set, want, HASH_BYTES);

	memcpy(in, "valija/state/1", 14);
	assert_status(plans_in_force(txn, &row), ST_OK);
	memcpy(in + 14, row.hash, HASH_BYTES);
	test_device_enroll(&alice, hub_at.hub, txn, ROLE_DEVICE);
	assert_status(registry_hash(txn, in + 14 + HASH_BYTES), ST_OK);
	len += put_row(in + len, 'H', id, sizeof(id), "date", 4);
	hash_bytes(in, len, want);
	assert_memory_equal(got.state, want, HASH_BYTES);
	kv_abort(&txn);
	lane_done(&l);
}

static void
what_the_hub_records_itself_stays_outside(void **ctx)
{
	(void) ctx;
	kv_txn *txn = hub_begin(hub_at.hub);
	struct pair before = digest(hub_at.hub, txn), after;
	struct event e = test_activity("con-a", DAY);
	event_field fault;
	writer w;

	writer_init(&w);
	assert_status(event_encode(&e, &w, &fault), ST_OK);
	assert_status(hub_record(hub_at.hub, txn, writer_bytes(&w), 7), ST_OK);
	assert_int_equal(kv_count(txn, TABLE_HELD), 1);
	after = digest(hub_at.hub, txn);
	assert_memory_equal(&before, &after, sizeof(before));
	writer_done(&w);
	kv_abort(&txn);
}

#define digest_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		digest_test(two_hubs_agree_whatever_their_keys_and_batch_borders),
		digest_test(one_person_more_changes_the_state),
		digest_test(nothing_at_all_has_a_digest_as_laid_down),
		digest_test(a_leaf_and_a_held_event_enter_as_laid_down),
		digest_test(what_the_hub_records_itself_stays_outside),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
