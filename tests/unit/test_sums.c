#include "tests/support/check.h"

#include <string.h>

#include "hub/hub.h"
#include "hub/rows.h"
#include "hub/sums.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/pick.h"

static struct hub_fixture hub_at;
static kv_txn *txn;
static sums *s;

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	txn = hub_begin(hub_at.hub);
	s = sums_new();
	sums_begin(s, txn);
	return s ? 0 : -1;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	sums_free(&s);
	kv_abort(&txn);
	hub_fixture_done(&hub_at);
	return 0;
}

static struct cell_key
cell_of(const char *code, date day)
{
	return (struct cell_key) { .code = text_of(code),
		                   .unit = text_of("con-a"),
		                   .country = text_of("US"),
		                   .mode = text_of("movil"),
		                   .day = day };
}

static void
add(const char *code, date day, int64_t quantity, int64_t records, int64_t attended)
{
	const struct cell_key k = cell_of(code, day);
	size_t cell;

	assert_status(sums_cell(s, &k, quantity, records, &cell), ST_OK);
	assert_status(sums_extra(s, cell, 'c', text_of("attended"), attended), ST_OK);
	assert_status(sums_extra(s, cell, 'g', text_of("women"), attended / 2), ST_OK);
}

static uint64_t
quantity_of(const char *code, date day)
{
	return cell_quantity(txn, code, "con-a", "US", day, "movil", STATUS_DONE);
}

static uint64_t
attended_of(const char *code, date day)
{
	const struct cell_key k = cell_of(code, day);

	return cell_extra_total(txn, &k, 'c', "attended");
}

static uint64_t
women_of(const char *code, date day)
{
	const struct cell_key k = cell_of(code, day);

	return cell_extra_total(txn, &k, 'g', "women");
}

static void
what_is_added_is_in_the_rows_once_it_is_written(void **ctx)
{
	(void) ctx;
	add("IND-1", 20000, 3, 1, 50);
	add("IND-1", 20000, 4, 1, 60);
	add("IND-2", 20000, 5, 1, 0);
	assert_int_equal(kv_count(txn, TABLE_CELLS), 0);
	assert_status(sums_write(s), ST_OK);
	assert_int_equal(quantity_of("IND-1", 20000), 7);
	assert_int_equal(attended_of("IND-1", 20000), 110);
	assert_int_equal(quantity_of("IND-2", 20000), 5);

	add("IND-1", 20000, 1, 1, 1);
	assert_status(sums_write(s), ST_OK);
	assert_int_equal(quantity_of("IND-1", 20000), 8);
	assert_int_equal(attended_of("IND-1", 20000), 111);
	assert_status(sums_write(s), ST_OK); /* nothing is left to be written again */
	assert_int_equal(quantity_of("IND-1", 20000), 8);
}

/* Their order in the row is that of their names, whatever came first. */
static void
counts_of_a_cell_are_each_their_own(void **ctx)
{
	static const char *const names[] = { "procedures", "attended", "a", "attended-2" };
	const struct cell_key k = cell_of("IND-1", 20000);

	(void) ctx;
	for (int round = 1; round <= 2; round++) {
		size_t cell;

		assert_status(sums_cell(s, &k, 1, 1, &cell), ST_OK);
		for (size_t i = 0; i < LENGTH(names); i++) {
			assert_status(sums_extra(s, cell, 'c', text_of(names[i]), 2), ST_OK);
			assert_status(sums_extra(s, cell, 'g', text_of(names[i]), 3), ST_OK);
			assert_status(sums_extra(s, cell, 'c', text_of(names[i]), 5), ST_OK);
		}
		assert_status(sums_write(s), ST_OK);
		for (size_t i = 0; i < LENGTH(names); i++) {
			assert_int_equal(cell_extra_total(txn, &k, 'c', names[i]), 7 * round);
			assert_int_equal(cell_extra_total(txn, &k, 'g', names[i]), 3 * round);
		}
	}
}

static void
what_is_taken_out_leaves_no_row(void **ctx)
{
	(void) ctx;
	add("IND-1", 20000, 3, 1, 50);
	assert_status(sums_write(s), ST_OK);
	add("IND-1", 20000, -3, -1, -50);
	add("IND-1", 20001, 3, 1, 50);
	add("IND-1", 20001, -3, -1, -50);
	assert_status(sums_write(s), ST_OK);
	assert_int_equal(kv_count(txn, TABLE_CELLS), 0);
}

static void
a_row_that_would_fall_below_zero_is_damage(void **ctx)
{
	(void) ctx;
	add("IND-1", 20000, 3, 1, 0);
	assert_status(sums_write(s), ST_OK);
	add("IND-1", 20000, -4, -1, 0);
	assert_status(sums_write(s), ST_MALFORMED);
}

/* As when a batch could not be stored: the next transaction may lie where that one lay. */
static void
a_transaction_that_was_given_up_takes_along_what_was_added(void **ctx)
{
	(void) ctx;
	add("IND-1", 20000, 3, 1, 50);
	kv_abort(&txn);
	txn = hub_begin(hub_at.hub);
	sums_begin(s, txn);
	add("IND-1", 20001, 4, 1, 0);
	sums_begin(s, txn); /* which loses nothing of its own */
	assert_status(sums_write(s), ST_OK);
	assert_int_equal(quantity_of("IND-1", 20000), 0);
	assert_int_equal(quantity_of("IND-1", 20001), 4);
}

/* Against plain addition, in any order; more than is held at once, and than is found again: so
 * some rows are added to in several places. */
/* The first day there is, of the first month, of no code and no unit, is one like others. */
static void
tallies_of_the_first_month_are_summed_up(void **ctx)
{
	const struct tally_key k = { .day = 4, .unit = text_of("con-a"), .status = STATUS_DONE };
	const uint64_t meta = kv_count(txn, TABLE_META), months = kv_count(txn, TABLE_MONTHS);

	(void) ctx;
	assert_status(sums_tally(s, &k, 2), ST_OK);
	assert_status(sums_write(s), ST_OK);
	assert_int_equal(kv_count(txn, TABLE_META), meta);
	assert_int_equal(kv_count(txn, TABLE_MONTHS), months + 1);
	add("IND-1", -1, 1, 1, 1); /* together with another month */
	assert_status(sums_tally(s, &k, -2), ST_OK);
	assert_status(sums_write(s), ST_OK);
	assert_int_equal(kv_count(txn, TABLE_META), meta);
	assert_int_equal(kv_count(txn, TABLE_TALLIES), 0);
}

static void
many_rows_add_up_in_any_order(void **ctx)
{
	enum { DAYS = 3000, CODES = 40, ADDS = 200000 };
	static uint64_t want[CODES][DAYS], women[CODES][DAYS];
	char codes[CODES][16];
	uint64_t rows = 0;

	(void) ctx;
	pick_seed(7);
	memset(want, 0, sizeof(want));
	memset(women, 0, sizeof(women));
	for (int i = 0; i < CODES; i++)
		snprintf(codes[i], sizeof(codes[i]), "%.*s%d", i % 9, "IND-IND-IN", i);
	for (int i = 0; i < ADDS; i++) {
		unsigned code = pick(CODES), day = pick(DAYS), quantity = 1 + pick(9);

		want[code][day] += quantity;
		women[code][day] += quantity / 2;
		add(codes[code], 20000 + (date) day, quantity, 1, quantity);
	}
	assert_true(kv_count(txn, TABLE_CELLS) > 0); /* it did not wait for the end */
	assert_status(sums_write(s), ST_OK);
	for (int i = 0; i < CODES; i++) {
		for (int day = 0; day < DAYS; day++) {
			rows += want[i][day] > 0;
			assert_int_equal(quantity_of(codes[i], 20000 + day), want[i][day]);
			assert_int_equal(attended_of(codes[i], 20000 + day), want[i][day]);
			assert_int_equal(women_of(codes[i], 20000 + day), women[i][day]);
		}
	}
	assert_int_equal(kv_count(txn, TABLE_CELLS), rows);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_added_is_in_the_rows_once_it_is_written),
		TEST(counts_of_a_cell_are_each_their_own),
		TEST(what_is_taken_out_leaves_no_row),
		TEST(a_row_that_would_fall_below_zero_is_damage),
		TEST(a_transaction_that_was_given_up_takes_along_what_was_added),
		TEST(tallies_of_the_first_month_are_summed_up),
		TEST(many_rows_add_up_in_any_order),
	};

	return cmocka_run_group_tests_name("sums", tests, NULL, NULL);
}
