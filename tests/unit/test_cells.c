#include "tests/support/check.h"

#include <string.h>

#include "hub/cells.h"
#include "hub/hub.h"
#include "hub/rows.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/pick.h"

static struct hub_fixture hub_at;
static kv_txn *txn;
static struct kv_walk walk;
static uint8_t space[CELL_BYTES_MAX];

static const struct bytes KEY = { (const uint8_t *) "IND-1\0con-a\0", 12 };

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	txn = hub_begin(hub_at.hub);
	kv_walk_begin(txn, TABLE_CELLS, &walk);
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	kv_walk_done(&walk);
	kv_abort(&txn);
	hub_fixture_done(&hub_at);
	return 0;
}

/* name with its type, as "cattended". */
static struct extra_by
extra(const char *name, int64_t by)
{
	return (struct extra_by) { { (const uint8_t *) name, strlen(name) + 1 }, by };
}

static status
add(int64_t quantity, int64_t records, const struct extra_by *extras, size_t count)
{
	const struct cell_by by = { quantity, records, extras, count };

	return cell_add(&walk, KEY, &by, space);
}

static struct cell
cell(void)
{
	struct bytes value;
	struct cell c = { 0 };

	assert_status(kv_get(txn, TABLE_CELLS, KEY, &value), ST_OK);
	assert_status(cell_read(value, &c), ST_OK);
	return c;
}

static uint64_t
total(char type, const char *name)
{
	const struct cell c = cell();
	uint64_t found = 77;

	assert_status(cell_total(&c, type, text_of(name), &found), ST_OK);
	return found;
}

static void
a_value_is_laid_down_byte_by_byte(void **ctx)
{
	(void) ctx;
	static const char want[] = "\x85\x02\x01"
				   "cattended\0\x7f"
				   "gACT-1\0\x80\x01";
	const struct extra_by extras[] = { extra("cattended", 127), extra("gACT-1", 128) };
	struct bytes value;

	assert_status(add(0x105, 1, extras, 2), ST_OK);
	assert_status(kv_get(txn, TABLE_CELLS, KEY, &value), ST_OK);
	assert_int_equal(value.len, sizeof(want) - 1);
	assert_memory_equal(value.at, want, value.len);
}

static void
a_cell_adds_up_and_disappears_at_zero(void **ctx)
{
	(void) ctx;
	const struct extra_by one[] = { extra("cb", 5), extra("gb", 1) },
			      other[] = { extra("ca", 1), extra("cb", 2), extra("cc", 3) },
			      less[] = { extra("cb", -7), extra("gb", -1) },
			      last[] = { extra("ca", -1), extra("cc", -3) };

	assert_status(add(3, 1, one, 2), ST_OK);
	assert_status(add(400, 1, other, 3), ST_OK);
	assert_int_equal(cell().quantity, 403);
	assert_int_equal(cell().records, 2);
	assert_int_equal(total('c', "a"), 1);
	assert_int_equal(total('c', "b"), 7);
	assert_int_equal(total('c', "c"), 3);
	assert_int_equal(total('g', "b"), 1);
	assert_int_equal(total('g', "c"), 0);
	assert_status(add(-3, -1, less, 2), ST_OK);
	assert_int_equal(total('c', "a"), 1);
	assert_int_equal(total('c', "b"), 0);
	assert_int_equal(cell().extras.len, 2 * 4);
	assert_status(add(-400, -1, last, 2), ST_OK);
	assert_int_equal(kv_count(txn, TABLE_CELLS), 0);
}

static void
nothing_added_makes_no_row(void **ctx)
{
	(void) ctx;
	const struct extra_by none = extra("cb", 0), some = extra("cb", 5);

	assert_status(add(0, 0, &none, 1), ST_OK);
	assert_int_equal(kv_count(txn, TABLE_CELLS), 0);
	assert_status(add(0, 0, &some, 1), ST_OK);
	assert_status(add(0, 0, &none, 1), ST_OK);
	assert_int_equal(total('c', "b"), 5);
}

static void
a_number_that_would_fall_below_zero_is_damage(void **ctx)
{
	(void) ctx;
	const struct extra_by some = extra("cb", 5), less = extra("cb", -6),
			      other = extra("ca", -1), behind = extra("cc", -1);

	assert_status(add(-1, 0, NULL, 0), ST_MALFORMED);
	assert_status(add(3, 1, &some, 1), ST_OK);
	assert_status(add(-4, 0, NULL, 0), ST_MALFORMED);
	assert_status(add(0, -2, NULL, 0), ST_MALFORMED);
	assert_status(add(0, 0, &less, 1), ST_MALFORMED);
	assert_status(add(0, 0, &other, 1), ST_MALFORMED);
	assert_status(add(0, 0, &behind, 1), ST_MALFORMED);
	assert_int_equal(cell().quantity, 3);
	assert_int_equal(total('c', "b"), 5);
}

/* Every name that a plan can have, of the greatest length. */
static void
a_cell_holds_all_that_a_plan_can_name(void **ctx)
{
	(void) ctx;
	static char names[CELL_EXTRAS_MAX + 1][1 + CODE_BYTES_MAX + 1];
	static struct extra_by extras[CELL_EXTRAS_MAX + 1];
	struct bytes rest;
	struct extra one;

	for (int i = 0; i <= CELL_EXTRAS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "%c%0*d", i < PLAN_LIST_MAX ? 'c' : 'g',
		         CODE_BYTES_MAX, i);
		extras[i] = extra(names[i], INT64_MAX);
	}
	assert_status(add(INT64_MAX, INT64_MAX, extras, CELL_EXTRAS_MAX), ST_OK);
	assert_status(add(INT64_MAX, INT64_MAX, extras, CELL_EXTRAS_MAX), ST_OK);
	assert_int_equal(total('g', names[CELL_EXTRAS_MAX - 1] + 1), UINT64_MAX - 1);
	rest = cell().extras;
	for (int i = 0; i < CELL_EXTRAS_MAX; i++) {
		assert_status(cell_extra(&rest, &one), ST_OK);
		assert_memory_equal(one.name.at, names[i], one.name.len);
	}
	assert_status(cell_extra(&rest, &one), ST_NOT_FOUND);
	assert_status(add(0, 0, &extras[CELL_EXTRAS_MAX], 1), ST_MALFORMED);
	assert_status(add(2, 0, NULL, 0), ST_MALFORMED); /* over 64 bits */
}

static status
read_all(const void *at, size_t len)
{
	struct cell c;
	struct extra e;
	status st = cell_read((struct bytes) { at, len }, &c);

	while (st == ST_OK)
		st = cell_extra(&c.extras, &e);
	return st;
}

static void
a_damaged_value_is_told(void **ctx)
{
	(void) ctx;
	static const uint8_t long_value[CELL_BYTES_MAX + 1] = { 1, 1 };
	char long_name[] = "\1\1c123456789012345678901234567890123\0\1";

#define ALL(text) (text), sizeof(text) - 1
	assert_status(read_all(ALL("\1\1cb\0\1")), ST_NOT_FOUND);
	assert_status(read_all(ALL("")), ST_MALFORMED);
	assert_status(read_all(ALL("\1")), ST_MALFORMED);
	assert_status(read_all(ALL("\1\x81")), ST_MALFORMED);
	assert_status(read_all(ALL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\1")), ST_NOT_FOUND);
	assert_status(read_all(ALL("\xff\xff\xff\xff\xff\xff\xff\xff\xff\2\1")), ST_MALFORMED);
	assert_status(read_all(ALL("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\1\1")), ST_MALFORMED);
	assert_status(read_all(ALL("\1\1x")), ST_MALFORMED);
	assert_status(read_all(ALL("\1\1xb\0\1")), ST_MALFORMED);
	assert_status(read_all(ALL("\1\1c\0\1")), ST_MALFORMED);
	assert_status(read_all(ALL("\1\1cb\0")), ST_MALFORMED);
	assert_status(read_all(ALL("\1\1cb")), ST_MALFORMED);
	assert_status(read_all(ALL(long_name)), ST_MALFORMED);
	assert_status(read_all(long_value, sizeof(long_value)), ST_MALFORMED);
}

static void
what_is_damaged_is_not_added_to(void **ctx)
{
	(void) ctx;
	static const uint8_t bad[] = { 1, 1, 'c', 'b', 0 };
	const struct extra_by some = extra("ca", 5);

	assert_status(kv_put(txn, TABLE_CELLS, KEY, (struct bytes) { bad, sizeof(bad) }), ST_OK);
	assert_status(add(1, 1, NULL, 0), ST_MALFORMED);
	assert_status(add(0, 0, &some, 1), ST_MALFORMED);
}

/* Against plain addition; names that are beginnings of others among them. */
static void
any_names_add_up_in_any_order(void **ctx)
{
	enum { NAMES = 12, ADDS = 3000 };
	static const char *const names[NAMES] = { "c-",  "c.", "ca", "ca-", "ca.b", "caa",
		                                  "cab", "cb", "cz", "g-",  "ga",   "gaa" };
	int64_t want[NAMES] = { 0 };

	(void) ctx;
	pick_seed(11);
	assert_status(add(1, 1, NULL, 0), ST_OK);
	for (int i = 0; i < ADDS; i++) {
		struct extra_by extras[NAMES];
		size_t count = 0;

		for (int n = 0; n < NAMES; n++) {
			int64_t by = pick(3) > 0 ? 0 : pick(2) > 0 ? -want[n] : pick(300);

			if (by == 0)
				continue;
			want[n] += by;
			extras[count++] = extra(names[n], by);
		}
		assert_status(add(0, 0, extras, count), ST_OK);
		for (int n = 0; n < NAMES; n++)
			assert_int_equal(total(names[n][0], names[n] + 1), want[n]);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_value_is_laid_down_byte_by_byte),
		TEST(a_cell_adds_up_and_disappears_at_zero),
		TEST(nothing_added_makes_no_row),
		TEST(a_number_that_would_fall_below_zero_is_damage),
		TEST(a_cell_holds_all_that_a_plan_can_name),
		cmocka_unit_test(a_damaged_value_is_told),
		TEST(what_is_damaged_is_not_added_to),
		TEST(any_names_add_up_in_any_order),
	};

	return cmocka_run_group_tests_name("cells", tests, NULL, NULL);
}
