#include "tests/support/check.h"

#include <string.h>

#include "common/kv.h"
#include "tests/support/scratch.h"

enum { WORDS, NUMBERS, TABLES };

static const char *const table_names[] = { "words", "numbers" };

static const struct kv_config config = {
	.tables = table_names,
	.table_count = TABLES,
	.map_bytes = 1 << 20,
	.format = 7,
	.mode = 0660,
	.program = "test",
};

static const struct kv_config sided = {
	.tables = table_names,
	.table_count = TABLES,
	.map_bytes = 1 << 20,
	.format = 7,
	.mode = 0660,
	.program = "test",
	.sided = 1 << WORDS,
};

struct fixture {
	char *scratch;
	char dir[512];
	kv *store;
};

static int
setup(void **ctx)
{
	static struct fixture fx;

	fx = (struct fixture) { .scratch = scratch_new() };
	snprintf(fx.dir, sizeof(fx.dir), "%s", scratch_path(fx.scratch, "store"));
	if (kv_create(fx.dir, &sided) != ST_OK || kv_open(fx.dir, &sided, &fx.store) != ST_OK)
		return -1;
	*ctx = &fx;
	return 0;
}

static int
teardown(void **ctx)
{
	struct fixture *fx = *ctx;

	kv_close(&fx->store);
	scratch_remove(&fx->scratch);
	return 0;
}

static struct bytes
bytes(const char *z)
{
	return (struct bytes) { (const uint8_t *) z, strlen(z) };
}

static void
put_word(kv *store, const char *key, const char *value)
{
	kv_txn *txn = NULL;

	assert_status(kv_write(store, 0, &txn), ST_OK);
	assert_status(kv_put(txn, WORDS, bytes(key), bytes(value)), ST_OK);
	assert_status(kv_commit(&txn), ST_OK);
	assert_null(txn);
}

static void
assert_word(kv *store, const char *key, const char *value)
{
	kv_txn *txn = NULL;
	struct bytes got = { 0 };

	assert_status(kv_read(store, &txn), ST_OK);
	assert_status(kv_get(txn, WORDS, bytes(key), &got), value ? ST_OK : ST_NOT_FOUND);
	if (value) {
		assert_int_equal(got.len, strlen(value));
		assert_memory_equal(got.at, value, got.len);
	}
	kv_abort(&txn);
}

static void
reopen_as(struct fixture *fx, const struct kv_config *how)
{
	kv_close(&fx->store);
	assert_status(kv_open(fx->dir, how, &fx->store), ST_OK);
}

static void
assert_count(kv *store, int table, bool aside, uint64_t want)
{
	kv_txn *txn = NULL;

	assert_status(kv_read(store, &txn), ST_OK);
	assert_false(kv_is_aside(txn));
	if (aside)
		kv_turn(txn);
	assert_int_equal(kv_is_aside(txn), aside);
	assert_int_equal(kv_count(txn, table), want);
	kv_abort(&txn);
}

static void
put_aside(kv *store, const char *key, bool in_force)
{
	kv_txn *txn = NULL;

	assert_status(kv_write(store, 0, &txn), ST_OK);
	kv_turn(txn);
	assert_status(kv_put(txn, WORDS, bytes(key), bytes("aside")), ST_OK);
	assert_status(kv_put(txn, NUMBERS, bytes(key), bytes("1")), ST_OK);
	if (in_force) {
		assert_status(kv_put_in_force(txn), ST_OK);
		assert_false(kv_is_aside(txn));
	}
	assert_status(kv_commit(&txn), ST_OK);
}

static void
a_side_is_filled_beside_the_one_in_force(void **ctx)
{
	struct fixture *fx = *ctx;

	put_word(fx->store, "a", "in force");
	put_aside(fx->store, "b", false);
	reopen_as(fx, &sided);
	assert_word(fx->store, "a", "in force");
	assert_word(fx->store, "b", NULL);
	assert_count(fx->store, WORDS, true, 1);
	assert_count(fx->store, NUMBERS, false, 1); /* which has one side */
	assert_count(fx->store, NUMBERS, true, 1);
}

static void
a_side_comes_in_force_with_the_commit(void **ctx)
{
	struct fixture *fx = *ctx;
	kv_txn *txn = NULL;

	put_word(fx->store, "a", "first");
	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	kv_turn(txn);
	assert_status(kv_put_in_force(txn), ST_OK);
	kv_abort(&txn);
	assert_word(fx->store, "a", "first"); /* it was given up */
	put_aside(fx->store, "b", true);
	for (int i = 0; i < 2; i++) {
		assert_word(fx->store, "a", NULL);
		assert_word(fx->store, "b", "aside");
		reopen_as(fx, &sided);
	}
	put_aside(fx->store, "c", true); /* and back */
	assert_word(fx->store, "a", "first");
	assert_word(fx->store, "b", NULL);
	assert_word(fx->store, "c", "aside");
}

/* The store was made without: by a program that knew of no sides. */
static void
a_store_without_another_side_gets_one(void **ctx)
{
	struct fixture *fx = *ctx;

	kv_close(&fx->store);
	snprintf(fx->dir, sizeof(fx->dir), "%s", scratch_path(fx->scratch, "older"));
	assert_status(kv_create(fx->dir, &config), ST_OK);
	assert_status(kv_open(fx->dir, &config, &fx->store), ST_OK);
	put_word(fx->store, "a", "old");
	reopen_as(fx, &sided);
	assert_word(fx->store, "a", "old");
	assert_count(fx->store, WORDS, true, 0);
}

/* It would find old rows, or none. */
static void
who_knows_of_no_sides_is_kept_from_the_other_one(void **ctx)
{
	struct fixture *fx = *ctx;

	put_aside(fx->store, "a", false);
	reopen_as(fx, &config);
	reopen_as(fx, &sided);
	put_aside(fx->store, "b", true);
	kv_close(&fx->store);
	assert_status(kv_open(fx->dir, &config, &fx->store), ST_VERSION);
}

/* It is the one that has the names of the others, with sides and without. */
static void
the_table_without_a_name_is_that_of_names(void **ctx)
{
	static const char *const names[] = { NULL, "words", "numbers" };
	struct fixture *fx = *ctx;
	struct kv_config config_here = sided;
	kv_txn *txn = NULL;
	struct bytes value;

	kv_close(&fx->store);
	config_here.tables = names;
	config_here.table_count = 3;
	config_here.sided = 1 << 1; /* words, as above */
	assert_status(kv_open(fx->dir, &config_here, &fx->store), ST_OK);
	assert_status(kv_read(fx->store, &txn), ST_OK);
	assert_status(kv_get(txn, 0, bytes("words"), &value), ST_OK);
	assert_status(kv_get(txn, 0, bytes("valija format"), &value), ST_OK);
	assert_int_equal(kv_count(txn, 0), 2 + 1 + 1); /* one of them has two sides */
	kv_abort(&txn);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(a_side_is_filled_beside_the_one_in_force),
		TEST(a_side_comes_in_force_with_the_commit),
		TEST(a_store_without_another_side_gets_one),
		TEST(who_knows_of_no_sides_is_kept_from_the_other_one),
		TEST(the_table_without_a_name_is_that_of_names),
	};

	return cmocka_run_group_tests_name("kv_sides", tests, NULL, NULL);
}
