#include "tests/support/check.h"

#include <string.h>

#include "hub/hub.h"
#include "hub/rows.h"
#include "tests/support/hub_fixture.h"

static struct hub_fixture hub_at;
static kv_txn *txn;

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

static struct cell_key
some_cell(void)
{
	return (struct cell_key) {
		text_of("IND-1"), text_of("con-a"), text_of("US"), text_of("movil"), 20406,
		STATUS_PLANNED
	};
}

static void
a_cell_key_is_laid_down_byte_by_byte(void **ctx)
{
	(void) ctx;
	static const char want[] = "IND-1\0con-a\0US\0\x80\x00\x4f\xb6movil\0\x01";
	const struct cell_key k = some_cell();
	uint8_t key[ROW_KEY_MAX];

	assert_int_equal(cell_key_write(&k, key), sizeof(want) - 1);
	assert_memory_equal(key, want, sizeof(want) - 1);
}

static void
a_tally_key_begins_with_its_day(void **ctx)
{
	(void) ctx;
	static const char want[] = "\x7f\xff\xff\xff"
				   "con-a\0\x03";
	const struct tally_key k = { -1, text_of("con-a"), STATUS_MOVED };
	uint8_t key[ROW_KEY_MAX];

	assert_int_equal(tally_key_write(&k, key), sizeof(want) - 1);
	assert_memory_equal(key, want, sizeof(want) - 1);
}

static void
a_month_key_begins_with_what_is_asked_for(void **ctx)
{
	(void) ctx;
	static const char want[] = "IND-1\0\x03"
				   "con-a\0\x7f\xff\xff\xff";
	const struct month_key k = { text_of("IND-1"), text_of("con-a"), STATUS_MOVED, -1 };
	uint8_t key[ROW_KEY_MAX] = { 0 };
	struct month_key got;

	assert_int_equal(month_key_write(&k, key), sizeof(want) - 1);
	assert_memory_equal(key, want, sizeof(want) - 1);
	assert_status(month_key_read((struct bytes) { key, sizeof(want) - 1 }, &got), ST_OK);
	assert_true(text_is(got.code, "IND-1") && text_is(got.unit, "con-a"));
	assert_int_equal(got.status, STATUS_MOVED);
	assert_int_equal(got.first, -1);
	for (size_t cut = 0; cut < sizeof(want) - 1; cut++)
		assert_status(month_key_read((struct bytes) { key, cut }, &got), ST_MALFORMED);
	assert_status(month_key_read((struct bytes) { key, sizeof(want) }, &got), ST_MALFORMED);
}

static void
assert_text(struct text got, const char *want)
{
	if (!text_is(got, want))
		fail_msg("got '%.*s', want '%s'", (int) got.len, got.at, want);
}

static void
keys_are_read_as_they_were_written(void **ctx)
{
	(void) ctx;
	static const date days[] = { DATE_MIN, -1, 0, 1, 20406, DATE_MAX };
	uint8_t key[ROW_KEY_MAX] = { 0 };

	for (size_t i = 0; i < LENGTH(days); i++) {
		struct cell_key k = some_cell(), got;
		struct tally_key t = { days[i], text_of("con-b"), STATUS_DONE }, tally;

		k.day = days[i];
		k.mode = text_of("");
		assert_status(cell_key_read((struct bytes) { key, cell_key_write(&k, key) }, &got),
		              ST_OK);
		assert_text(got.code, "IND-1");
		assert_text(got.unit, "con-a");
		assert_text(got.country, "US");
		assert_text(got.mode, "");
		assert_int_equal(got.day, days[i]);
		assert_int_equal(got.status, STATUS_PLANNED);
		assert_status(
			tally_key_read((struct bytes) { key, tally_key_write(&t, key) }, &tally),
			ST_OK);
		assert_int_equal(tally.day, days[i]);
		assert_text(tally.unit, "con-b");
	}
}

static void
a_damaged_key_of_a_cell_is_told(void **ctx)
{
	(void) ctx;
	const struct cell_key k = some_cell();
	uint8_t key[ROW_KEY_MAX + 1] = { 0 };
	struct cell_key cell;
	size_t len = cell_key_write(&k, key);

	for (size_t cut = 0; cut < len; cut++)
		assert_status(cell_key_read((struct bytes) { key, cut }, &cell), ST_MALFORMED);
	assert_status(cell_key_read((struct bytes) { key, len + 1 }, &cell), ST_MALFORMED);
	key[len - 1] = EVENT_STATUSES_;
	assert_status(cell_key_read((struct bytes) { key, len }, &cell), ST_MALFORMED);
}

static void
a_damaged_key_of_a_tally_is_told(void **ctx)
{
	(void) ctx;
	const struct tally_key t = { 1, text_of("con-a"), STATUS_DONE };
	uint8_t key[ROW_KEY_MAX];
	struct tally_key tally;
	size_t len = tally_key_write(&t, key);

	for (size_t cut = 0; cut < len; cut++)
		assert_status(tally_key_read((struct bytes) { key, cut }, &tally), ST_MALFORMED);
}

static status
add(struct bytes key, int64_t by)
{
	struct kv_walk walk;
	status st;

	kv_walk_begin(txn, TABLE_TALLIES, &walk);
	st = row_add(&walk, key, by);
	kv_walk_done(&walk);
	return st;
}

static void
a_tally_adds_up_and_disappears_at_zero(void **ctx)
{
	(void) ctx;
	const struct tally_key k = { 1, text_of("con-a"), STATUS_DONE };
	uint8_t key[ROW_KEY_MAX];
	struct bytes at = { key, tally_key_write(&k, key) };

	assert_status(add(at, 0), ST_OK);
	assert_int_equal(kv_count(txn, TABLE_TALLIES), 0);
	assert_status(add(at, 3), ST_OK);
	assert_status(add(at, 4), ST_OK);
	assert_int_equal(tally_records(txn, 1, "con-a", STATUS_DONE), 7);
	assert_status(add(at, -7), ST_OK);
	assert_int_equal(kv_count(txn, TABLE_TALLIES), 0);
}

static void
a_row_that_would_fall_below_zero_is_damage(void **ctx)
{
	(void) ctx;
	const struct tally_key k = { 1, text_of("con-a"), STATUS_DONE };
	uint8_t key[ROW_KEY_MAX];
	struct bytes at = { key, tally_key_write(&k, key) };

	assert_status(add(at, -1), ST_MALFORMED);
	assert_status(add(at, 3), ST_OK);
	assert_status(add(at, -4), ST_MALFORMED);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cell_key_is_laid_down_byte_by_byte),
		cmocka_unit_test(a_tally_key_begins_with_its_day),
		cmocka_unit_test(a_month_key_begins_with_what_is_asked_for),
		cmocka_unit_test(keys_are_read_as_they_were_written),
		cmocka_unit_test(a_damaged_key_of_a_cell_is_told),
		cmocka_unit_test(a_damaged_key_of_a_tally_is_told),
		TEST(a_tally_adds_up_and_disappears_at_zero),
		TEST(a_row_that_would_fall_below_zero_is_damage),
	};

	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
