#include "tests/support/check.h"

#include <sodium.h>
#include <string.h>

#include "hub/digest.h"
#include "hub/documents.h"
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
	struct pair p = { 0 };

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
	assert_status(documents_clear(txn), ST_OK);
	memset(in + 14, 0, HASH_BYTES);
	hash_bytes(in, sizeof(in), want);
	got = digest(hub_at.hub, txn);
	assert_memory_equal(got.state, want, HASH_BYTES);
	kv_abort(&txn);
}

/* A block of one row. */
static size_t
put_block(uint8_t *at, char letter, const uint8_t *key, size_t key_len, size_t begin,
          const char *value)
{
	uint8_t rows[200] = "valija/rows/1";
	size_t value_len = strlen(value);

	put_u32(rows + 13, (uint32_t) key_len);
	memcpy(rows + 17, key, key_len);
	put_u32(rows + 17 + key_len, (uint32_t) value_len);
	memcpy(rows + 21 + key_len, value, value_len);
	at[0] = (uint8_t) letter;
	put_u32(at + 1, (uint32_t) begin);
	memcpy(at + 5, key, begin);
	hash_bytes(rows, 21 + key_len + value_len, at + 5 + begin);
	return 5 + begin + HASH_BYTES;
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
	len += put_block(in + len, 'H', id, sizeof(id), FEED_BYTES, "date");
	hash_bytes(in, len, want);
	assert_memory_equal(got.state, want, HASH_BYTES);
	kv_abort(&txn);
	lane_done(&l);
}

/* ---- what is kept ---- */

static void
assert_kept_is_right(hub *h, kv_txn *txn)
{
	struct pair kept = digest(h, txn), made = { 0 };

	assert_status(hub_digest_rows(h, txn, made.set, made.state), ST_OK);
	assert_memory_equal(&kept, &made, sizeof(kept));
}

static size_t
keep_all(hub *h, kv_txn *txn, size_t most)
{
	struct block_place place = { .table = 0 };
	bool done = false;
	size_t calls = 0;

	for (; !done; calls++)
		assert_status(hub_digest_keep(h, txn, most, &place, &done), ST_OK);
	return calls;
}

/* Of all tables, corrected, taken out, held. */
static void
give_some(hub *h, kv_txn *txn, lane *l, unsigned round)
{
	struct event e[] = {
		test_activity("con-a", DAY + (date) round),
		test_level("con-a", "IND-3", 8100 + round % 3, round),
		test_thing("con-a", "IND-2", round % 2 ? "red-1" : "red-2", DAY),
		test_progress("con-a", 8103),
		test_activity("con-b", DAY), /* held: another's unit */
		test_void("con-a"),
	};
	size_t first = l->count + 1;

	if (round >= 4) /* until then no cell has extras */
		test_count(&e[0], "attended", 5 + round);
	for (size_t i = 0; i < LENGTH(e); i++) {
		struct point at = l->count > 6 ? lane_point(l, l->count - 5) : (struct point) { 0 };

		if (e[i].kind == KIND_VOID && at.seq == 0)
			continue;
		if (e[i].kind == KIND_VOID)
			test_fix(&e[i], &at, NULL);
		lane_add(l, &e[i]);
	}
	assert_status(lane_give(l, first, l->count, h, txn), ST_OK);
}

static void
hashes_are_kept_until_a_row_changes(void **ctx)
{
	(void) ctx;
	kv_txn *txn = hub_begin(hub_at.hub);
	uint8_t state[HASH_BYTES];
	struct pair now;
	lane l;

	lane_init(&l, &alice);
	test_device_enroll(&alice, hub_at.hub, txn, ROLE_DEVICE);
	for (unsigned round = 0; round < 12; round++) {
		give_some(hub_at.hub, txn, &l, round);
		assert_status(blocks_state(txn, state), ST_NOT_FOUND);
		assert_kept_is_right(hub_at.hub, txn);
		if (round % 3 == 1)
			continue;
		assert_true(keep_all(hub_at.hub, txn, round % 2 ? 1 : 64) > round % 2);
		assert_status(blocks_state(txn, state), ST_OK);
		now = digest(hub_at.hub, txn);
		assert_memory_equal(state, now.state, HASH_BYTES);
		assert_kept_is_right(hub_at.hub, txn);
	}
	assert_true(kv_count(txn, TABLE_BLOCKS) > 8);
	assert_status(hub_refold(hub_at.hub, txn), ST_OK); /* and nothing outlives the rows */
	assert_int_equal(kv_count(txn, TABLE_BLOCKS), 0);
	assert_kept_is_right(hub_at.hub, txn);
	kv_abort(&txn);
	lane_done(&l);
}

static void
assert_hex(const uint8_t got[static HASH_BYTES], const char *want)
{
	char text[2 * HASH_BYTES + 1];

	hex_encode(got, HASH_BYTES, text);
	assert_string_equal(text, want);
}

/* Example digest of SPEC.md: its two events, which are held. */
static void
the_digests_are_those_of_the_example(void **ctx)
{
	(void) ctx;
	static const char *const bodies[] = {
		"8ca26174cf0000019a83185000a26279ab416e61204ec3bac3b1657aa5636f756e7482a861747465"
		"6e646564ccb4aa70726f63656475726573ccdca464617465cd4fb6a3696e64a5494e442d31a16ba8"
		"6163746976697479a46d6f6465af636f6e73756c61646f2d6d6f76696ca5706c616365b84120436f"
		"7275c3b1612c2043656e74726f20c381676f7261a371747901a175aa636f6e2d6d6164726964a575"
		"6e74696ccd4fb7a17601",
		"86a26174cf0000019a883eac00a3666978919201c4106950c048a2aa04b550fca3e0497a2e5da16b"
		"a4766f6964a175aa636f6e2d6d6164726964a17601a3776879b46475706c6963617465206f662065"
		"6e7472792032",
	};
	uint8_t seed[32], body[300], registry[HASH_BYTES];
	kv_txn *txn = hub_begin(hub_at.hub);
	struct test_device d;
	struct pair got;
	lane l;

	for (uint8_t i = 0; i < 32; i++)
		seed[i] = i;
	test_device_init(&d, 1, "con-houston");
	assert_int_equal(crypto_sign_seed_keypair(d.feed, d.secret, seed), 0);
	assert_status(documents_clear(txn), ST_OK);
	test_device_enroll(&d, hub_at.hub, txn, ROLE_DEVICE);
	lane_init(&l, &d);
	for (size_t i = 0; i < LENGTH(bodies); i++) {
		size_t len = strlen(bodies[i]) / 2;

		assert_true(hex_decode(bodies[i], 2 * len, body, len));
		lane_add_body(&l, (struct bytes) { body, len });
	}
	lane_give_all(&l, 2, hub_at.hub, txn);
	got = digest(hub_at.hub, txn);
	assert_status(registry_hash(txn, registry), ST_OK);
	assert_hex(registry, "7fb86afdcbc0a51cebb4247e8a3c25c9410ec6c58bed014221eeb3d1f544c0a1");
	assert_hex(got.set, "4cd4f17878ddc64d9b9f4d588b71a8da5406bc046b9db54e69746c7a77e5e3d3");
	assert_hex(got.state, "bc997b0ca50ee417d38aed1448ebc46ad48b7147d2c6b20347b75d6e758db022");
	test_device_enroll(&d, hub_at.hub, txn, ROLE_OFFICE);
	assert_status(registry_revoke_all(txn, d.feed, text_of("stolen"), 1), ST_OK);
	assert_status(registry_hash(txn, registry), ST_OK);
	assert_hex(registry, "4d32de5bfb33d74ec01dca5aa26e8afc760f0de647b1a43a1c422fdd6a13131a");
	lane_done(&l);
	kv_abort(&txn);
}

static void
what_the_hub_records_itself_stays_outside(void **ctx)
{
	(void) ctx;
	kv_txn *txn = hub_begin(hub_at.hub);
	struct pair before = digest(hub_at.hub, txn), after;
	struct event e = test_activity("con-a", DAY);
	struct test_device own = { .units = { 0 } };
	lane l;

	memcpy(own.feed, hub_id(hub_at.hub), FEED_BYTES);
	assert_status(hub_secret(hub_at.hub, own.secret), ST_OK);
	lane_init(&l, &own);
	lane_add(&l, &e);
	lane_give_all(&l, 1, hub_at.hub, txn);
	assert_int_equal(kv_count(txn, TABLE_HELD), 1);
	after = digest(hub_at.hub, txn);
	assert_memory_equal(&before, &after, sizeof(before));
	lane_done(&l);
	kv_abort(&txn);
}

#define digest_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		digest_test(hashes_are_kept_until_a_row_changes),
		digest_test(two_hubs_agree_whatever_their_keys_and_batch_borders),
		digest_test(one_person_more_changes_the_state),
		digest_test(nothing_at_all_has_a_digest_as_laid_down),
		digest_test(a_leaf_and_a_held_event_enter_as_laid_down),
		digest_test(the_digests_are_those_of_the_example),
		digest_test(what_the_hub_records_itself_stays_outside),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
