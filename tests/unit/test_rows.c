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
an_extra_key_is_that_of_its_cell_with_type_and_name(void **ctx)
{
	(void) ctx;
	const struct extra_key k = { some_cell(), 'g', text_of("ACT-1") };
	uint8_t key[ROW_KEY_MAX], cell[ROW_KEY_MAX];
	size_t len = extra_key_write(&k, key), cell_len = cell_key_write(&k.cell, cell);

	assert_int_equal(len, cell_len + 6);
	assert_memory_equal(key, cell, cell_len);
	assert_memory_equal(key + cell_len, "gACT-1", 6);
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
		struct extra_key k = { some_cell(), 'c', text_of("attended") }, got;
		struct tally_key t = { days[i], text_of("con-b"), STATUS_DONE }, tally;

		k.cell.day = days[i];
		k.cell.mode = text_of("");
		assert_status(
			extra_key_read((struct bytes) { key, extra_key_write(&k, key) }, &got),
			ST_OK);
		assert_text(got.cell.code, "IND-1");
		assert_text(got.cell.unit, "con-a");
		assert_text(got.cell.country, "US");
		assert_text(got.cell.mode, "");
		assert_text(got.name, "attended");
		assert_int_equal(got.cell.day, days[i]);
		assert_int_equal(got.cell.status, STATUS_PLANNED);
		assert_int_equal(got.type, 'c');
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
a_damaged_key_of_an_extra_or_a_tally_is_told(void **ctx)
{
	(void) ctx;
	const struct extra_key k = { some_cell(), 'x', text_of("n") };
	const struct tally_key t = { 1, text_of("con-a"), STATUS_DONE };
	uint8_t key[ROW_KEY_MAX];
	struct extra_key extra;
	struct tally_key tally;
	size_t len = extra_key_write(&k, key);

	assert_status(extra_key_read((struct bytes) { key, len }, &extra), ST_MALFORMED);
	assert_status(extra_key_read((struct bytes) { key, len - 2 }, &extra), ST_MALFORMED);
	len = tally_key_write(&t, key);
	for (size_t cut = 0; cut < len; cut++)
		assert_status(tally_key_read((struct bytes) { key, cut }, &tally), ST_MALFORMED);
}

static status
add(int table, struct bytes key, int64_t first, int64_t second)
{
	const int64_t by[] = { first, second };
	struct kv_walk walk;
	status st;

	kv_walk_begin(txn, table, &walk);
	st = row_add(&walk, table, key, by);
	kv_walk_done(&walk);
	return st;
}

static void
a_cell_adds_up_and_disappears_at_zero(void **ctx)
{
	(void) ctx;
	const struct cell_key k = some_cell();
	uint8_t key[ROW_KEY_MAX];
	struct bytes at = { key, cell_key_write(&k, key) }, value;
	struct cell c;

	assert_status(add(TABLE_CELLS, at, 3, 1), ST_OK);
	assert_status(add(TABLE_CELLS, at, 4, 1), ST_OK);
	assert_status(kv_get(txn, TABLE_CELLS, at, &value), ST_OK);
	assert_status(cell_read(value, &c), ST_OK);
	assert_int_equal(c.quantity, 7);
	assert_int_equal(c.records, 2);
	assert_status(add(TABLE_CELLS, at, -3, -1), ST_OK);
	assert_status(add(TABLE_CELLS, at, -4, -1), ST_OK);
	assert_status(kv_get(txn, TABLE_CELLS, at, &value), ST_NOT_FOUND);
}

static void
a_row_that_would_fall_below_zero_is_damage(void **ctx)
{
	(void) ctx;
	const struct cell_key k = some_cell();
	const struct tally_key t = { 1, text_of("con-a"), STATUS_DONE };
	uint8_t key[ROW_KEY_MAX], tally[ROW_KEY_MAX];
	struct bytes at = { key, cell_key_write(&k, key) };
	size_t tally_len = tally_key_write(&t, tally);

	assert_status(add(TABLE_CELLS, at, 3, 1), ST_OK);
	assert_status(add(TABLE_CELLS, at, -4, -1), ST_MALFORMED);
	assert_status(add(TABLE_TALLIES, (struct bytes) { tally, tally_len }, -1, 0), ST_MALFORMED);
}

static void
a_count_of_zero_makes_no_row(void **ctx)
{
	(void) ctx;
	const struct extra_key k = { some_cell(), 'c', text_of("attended") };

	uint8_t key[ROW_KEY_MAX];
	struct bytes at = { key, extra_key_write(&k, key) };

	assert_status(add(TABLE_EXTRAS, at, 0, 0), ST_OK);
	assert_int_equal(kv_count(txn, TABLE_EXTRAS), 0);
	assert_status(add(TABLE_EXTRAS, at, 5, 0), ST_OK);
	assert_status(add(TABLE_EXTRAS, at, 0, 0), ST_OK);
	assert_int_equal(kv_count(txn, TABLE_EXTRAS), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cell_key_is_laid_down_byte_by_byte),
		cmocka_unit_test(an_extra_key_is_that_of_its_cell_with_type_and_name),
		cmocka_unit_test(a_tally_key_begins_with_its_day),
		cmocka_unit_test(keys_are_read_as_they_were_written),
		cmocka_unit_test(a_damaged_key_of_a_cell_is_told),
		cmocka_unit_test(a_damaged_key_of_an_extra_or_a_tally_is_told),
		cmocka_unit_test_setup_teardown(a_cell_adds_up_and_disappears_at_zero, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(a_row_that_would_fall_below_zero_is_damage, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(a_count_of_zero_makes_no_row, setup, teardown),
	};

	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
