#include "tests/support/check.h"

#include <string.h>

#include "hub/hub.h"
#include "hub/row_keys.h"
#include "hub/things.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/plan_base.h"

#define LONGEST "abcdefghijklmnopqrstuvwxyz012345"

enum { DAY = 20406 };

static struct hub_fixture hub_at;
static kv_txn *txn;
static const uint8_t hash_a[HASH_BYTES] = { 'a' }, hash_b[HASH_BYTES] = { 'b' };

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	txn = hub_begin(hub_at.hub);
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

/* "net-1 20406 in con-a 'Red'; " for each, in the order of the walk. */
static status
write_down(void *ctx, const struct thing *t)
{
	char *list = ctx;
	size_t len = strlen(list);

	snprintf(list + len, 500 - len, "%.*s %d %s %.*s '%.*s'; ", (int) t->key.len, t->key.at,
	         (int) t->day, t->out ? "out" : "in", (int) t->unit.len, t->unit.at,
	         (int) t->name.len, t->name.at);
	return ST_OK;
}

static void
assert_things(const char *indicator, const char *want)
{
	char got[500] = "";

	assert_status(things_each(txn, indicator, write_down, got), ST_OK);
	assert_string_equal(got, want);
}

static void
put(const char *key, date day, bool out, const uint8_t *hash, int sign)
{
	struct event e = test_thing("con-a", "IND-2", key, day);

	e.out = out;
	assert_status(thing_put(txn, &e, hash, sign), ST_OK);
}

static void
the_last_row_of_a_key_says_whether_it_is_in(void **ctx)
{
	(void) ctx;
	put("net-2", DAY, false, hash_a, +1);
	put("net-1", DAY, true, hash_a, +1);
	put("net-1", DAY, false, hash_b, +1);
	put("net-1", DATE_MIN, false, hash_a, +1);
	put("net-1", -1, true, hash_a, +1);
	assert_things("IND-2",
	              "net-1 -25567 in con-a ''; net-1 -1 out con-a ''; "
	              "net-1 20406 in con-a ''; net-1 20406 out con-a ''; "
	              "net-2 20406 in con-a ''; ");
	assert_things("IND", "");
	assert_things("IND-22", "");
}

static void
two_that_tell_the_same_are_two_rows_and_each_is_taken_out_alone(void **ctx)
{
	(void) ctx;
	put("net-1", DAY, false, hash_a, +1);
	put("net-1", DAY, false, hash_b, +1);
	assert_int_equal(kv_count(txn, TABLE_THINGS), 2);
	put("net-1", DAY, false, hash_a, -1);
	assert_things("IND-2", "net-1 20406 in con-a ''; ");
}

static void
taking_out_what_is_not_there_is_damage(void **ctx)
{
	(void) ctx;
	struct event e = test_thing("con-a", "IND-2", "net-1", DAY);

	put("net-1", DAY, false, hash_a, +1);
	assert_status(thing_put(txn, &e, hash_b, -1), ST_MALFORMED);
	e.out = true;
	assert_status(thing_put(txn, &e, hash_a, -1), ST_MALFORMED);
	assert_int_equal(kv_count(txn, TABLE_THINGS), 1);
}

static status
note_lengths(void *ctx, const struct thing *t)
{
	(void) ctx;
	assert_int_equal(t->key.len, CODE_BYTES_MAX);
	assert_int_equal(t->unit.len, CODE_BYTES_MAX);
	assert_int_equal(t->name.len, NAME_BYTES_MAX);
	return ST_EXISTS;
}

static void
a_row_has_room_for_the_longest_codes_and_name(void **ctx)
{
	(void) ctx;
	struct event e = test_thing(LONGEST, LONGEST, LONGEST, DATE_MAX);
	char name[NAME_BYTES_MAX + 1] = "";
	struct kv_walk walk;

	memset(name, 'n', NAME_BYTES_MAX);
	test_name(&e, name);
	assert_status(thing_put(txn, &e, hash_a, +1), ST_OK);
	assert_true(kv_seek(txn, TABLE_THINGS, (struct bytes) { 0 }, &walk));
	assert_int_equal(walk.key.len, 33 + 33 + 4 + 1 + 32);
	assert_in_range(walk.key.len, 1, ROW_KEY_MAX);
	kv_walk_done(&walk);
	/* what the visitor says ends the walk */
	assert_status(things_each(txn, LONGEST, note_lengths, NULL), ST_EXISTS);
}

/* A row that no thing_put() makes. */
static void
assert_damaged(const void *key, size_t key_len, const char *value, size_t value_len)
{
	char list[500] = "";

	assert_status(kv_put(txn, TABLE_THINGS, (struct bytes) { key, key_len },
	                     (struct bytes) { (const uint8_t *) value, value_len }),
	              ST_OK);
	assert_status(things_each(txn, "IND-2", write_down, list), ST_MALFORMED);
	assert_status(kv_delete(txn, TABLE_THINGS, (struct bytes) { key, key_len }), ST_OK);
}

static void
a_damaged_row_is_told(void **ctx)
{
	(void) ctx;
	static const char head[] = "IND-2\0net-1\0\x80\x00\x4f\xb6";
	enum { HEAD = sizeof(head) - 1, WHOLE = HEAD + 1 + HASH_BYTES };
	char key[WHOLE + 1] = "";

	memcpy(key, head, HEAD);
	for (size_t cut = strlen("IND-2") + 1; cut < WHOLE; cut++)
		assert_damaged(key, cut, "con-a\0Red", 9);
	assert_damaged(key, WHOLE + 1, "con-a\0Red", 9);
	key[HEAD] = 2; /* neither in nor out */
	assert_damaged(key, WHOLE, "con-a\0Red", 9);
	key[HEAD] = 1;
	assert_damaged(key, WHOLE, "con-a", 5); /* no end of the unit */
	assert_damaged(key, WHOLE, "", 0);
}

static void
the_baseline_holds_its_keys_and_no_others(void **ctx)
{
	(void) ctx;
	const plan *p = NULL;

	assert_status(hub_plan(hub_at.hub, txn, &p), ST_OK);
	assert_true(thing_in_baseline(p, text_of("IND-2"), text_of("con-a")));
	assert_true(thing_in_baseline(p, text_of("IND-2"), text_of("con-b")));
	assert_false(thing_in_baseline(p, text_of("IND-2"), text_of("con")));
	assert_false(thing_in_baseline(p, text_of("IND-2"), text_of("con-c")));
	assert_false(thing_in_baseline(p, text_of("IND-1"), text_of("con-a")));
	assert_false(thing_in_baseline(p, text_of("IND-9"), text_of("con-a")));
	assert_false(thing_in_baseline(NULL, text_of("IND-2"), text_of("con-a")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_last_row_of_a_key_says_whether_it_is_in),
		TEST(two_that_tell_the_same_are_two_rows_and_each_is_taken_out_alone),
		TEST(taking_out_what_is_not_there_is_damage),
		TEST(a_row_has_room_for_the_longest_codes_and_name),
		TEST(a_damaged_row_is_told),
		TEST(the_baseline_holds_its_keys_and_no_others),
	};

	return cmocka_run_group_tests_name("things", tests, NULL, NULL);
}
