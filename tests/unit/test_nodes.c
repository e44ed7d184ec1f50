#include "tests/support/check.h"

#include <string.h>

#include "hub/hub.h"
#include "hub/nodes.h"
#include "tests/support/hub_fixture.h"

static struct hub_fixture hub_at;
static kv_txn *txn;
static nodes *n;

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	txn = hub_begin(hub_at.hub);
	n = nodes_new();
	nodes_begin(n, txn);
	return n ? 0 : -1;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	nodes_free(&n);
	kv_abort(&txn);
	hub_fixture_done(&hub_at);
	return 0;
}

/* Of that feed, whose hash is made of the letter. */
static const uint8_t *
id(uint8_t feed, uint64_t seq, char letter)
{
	static uint8_t ids[8][EVENT_ID_BYTES];
	static size_t next;
	uint8_t *out = ids[next++ % 8];

	memset(out, feed, FEED_BYTES);
	put_u64(out + FEED_BYTES, seq);
	memset(out + FEED_BYTES + 8, letter, HASH_BYTES);
	return out;
}

static struct node *
put(const uint8_t *event, const char *said)
{
	struct node *node = NULL;

	assert_status(nodes_put(n, event, (struct bytes) { (const uint8_t *) said, strlen(said) },
	                        SAID_BODY, &node),
	              ST_OK);
	if (!node)
		fail_msg("no node");
	return node;
}

static struct node *
name(const uint8_t *target, struct node *by)
{
	struct node *node = NULL;

	assert_status(nodes_get(n, target, &node), ST_OK);
	if (!node)
		fail_msg("no node");
	assert_status(nodes_name(n, node, by), ST_OK);
	return node;
}

/* As another transaction finds them. */
static void
write_and_forget(void)
{
	assert_status(nodes_write(n), ST_OK);
	nodes_forget(n);
}

static struct node *
find(const uint8_t *target)
{
	struct node *node = NULL;
	status st = nodes_find(n, target, &node);

	if (st == ST_NOT_FOUND)
		return NULL;
	assert_status(st, ST_OK);
	return node;
}

static struct node *
found(const uint8_t *target)
{
	struct node *node = find(target);

	if (!node)
		fail_msg("it is not found");
	return node;
}

static size_t
namers(const struct node *node)
{
	size_t count = 0;

	for (const struct namer *by = node->namers; by; by = by->next)
		count++;
	return count;
}

static void
what_was_written_is_found_again(void **ctx)
{
	struct node *first = put(id(1, 5, 'a'), "first"), *fix = put(id(1, 9, 'b'), "fix");
	struct node *other = put(id(2, 3, 'c'), "other");

	(void) ctx;
	name(id(1, 5, 'a'), fix);
	name(id(1, 5, 'a'), other);
	first->counted = true;
	fix->held = other->conflict = true;
	write_and_forget();
	first = found(id(1, 5, 'a'));
	assert_true(first->here && first->counted && !first->held && !first->conflict);
	assert_memory_equal(first->id, id(1, 5, 'a'), EVENT_ID_BYTES);
	assert_int_equal(first->said.len, strlen("first"));
	assert_memory_equal(first->said.at, "first", first->said.len);
	assert_int_equal(namers(first), 2);
	fix = found(id(1, 9, 'b'));
	other = found(id(2, 3, 'c'));
	assert_true(fix->here && fix->held && !fix->counted && namers(fix) == 0);
	assert_true(other->conflict);
	for (const struct namer *by = first->namers; by; by = by->next)
		assert_true(by->node == fix || by->node == other);
}

static void
who_names_what_is_not_here_is_known_when_it_comes(void **ctx)
{
	struct node *fix = put(id(1, 9, 'b'), "fix"), *first;

	(void) ctx;
	name(id(1, 5, 'a'), fix);
	write_and_forget();
	assert_status(nodes_expect(n, id(1, 5, 'a')), ST_OK);
	first = found(id(1, 5, 'a'));
	assert_true(first && !first->here && namers(first) == 1);
	assert_ptr_equal(put(id(1, 5, 'a'), "first"), first);
	write_and_forget();
	first = found(id(1, 5, 'a'));
	assert_true(first->here && namers(first) == 1);
}

/* Named before the row was read, in another transaction than those that named it before. */
static void
who_names_it_now_comes_to_those_of_the_row(void **ctx)
{
	struct node *node;

	(void) ctx;
	name(id(1, 5, 'a'), put(id(1, 9, 'b'), "one"));
	write_and_forget();
	node = name(id(1, 5, 'a'), put(id(1, 10, 'c'), "two"));
	assert_int_equal(namers(node), 1);
	assert_status(nodes_read(n, node), ST_OK);
	assert_int_equal(namers(node), 2);
	write_and_forget();
	assert_int_equal(namers(found(id(1, 5, 'a'))), 2);
}

static void
what_is_expected_ends_before_the_next_row(void **ctx)
{
	(void) ctx;
	put(id(1, 7, 'a'), "x");
	write_and_forget();
	assert_status(nodes_expect(n, id(1, 3, 'b')), ST_OK);
	assert_null(find(id(1, 3, 'b')));
	assert_null(find(id(1, 6, 'b')));
	assert_non_null(find(id(1, 7, 'a')));
	assert_status(nodes_expect(n, id(2, 1, 'b')), ST_OK);
	assert_null(find(id(2, 1, 'b')));
	put(id(2, 4, 'c'), "y"); /* and what is written meanwhile is found */
	write_and_forget();
	assert_non_null(find(id(2, 4, 'c')));
}

static void
only_one_of_two_whose_hashes_begin_alike_is_a_node(void **ctx)
{
	uint8_t twin[EVENT_ID_BYTES];
	struct node *node = NULL;

	(void) ctx;
	memcpy(twin, id(1, 5, 'a'), EVENT_ID_BYTES);
	twin[EVENT_ID_BYTES - 1] ^= 1;
	put(id(1, 5, 'a'), "x");
	assert_status(nodes_put(n, twin, (struct bytes) { 0 }, SAID_BODY, &node), ST_EXISTS);
	assert_memory_equal(found(twin)->id, id(1, 5, 'a'), EVENT_ID_BYTES);
}

static void
each_that_is_owed_is_told_until_it_is_not(void **ctx)
{
	struct node *one = put(id(1, 1, 'a'), "x"), *two = put(id(1, 2, 'b'), "y"), *next;

	(void) ctx;
	assert_status(nodes_owe(n, one), ST_OK);
	assert_status(nodes_owe(n, two), ST_OK);
	assert_status(nodes_owe(n, one), ST_OK);
	next = nodes_next_owed(n);
	assert_true(next == one || next == two);
	one->owed = false;
	assert_ptr_equal(nodes_next_owed(n), two);
	two->owed = false;
	assert_null(nodes_next_owed(n));
}

static void
what_another_transaction_did_not_write_is_forgotten(void **ctx)
{
	(void) ctx;
	put(id(1, 1, 'a'), "x");
	kv_abort(&txn);
	txn = hub_begin(hub_at.hub);
	nodes_begin(n, txn);
	assert_int_equal(nodes_changed(n), 0);
	assert_null(find(id(1, 1, 'a')));
}

static void
damage_is_told(void **ctx)
{
	static const uint8_t rows[][4] = {
		{ 0x01 },          /* here, and no hash */
		{ 0x00, 2, 0, 0 }, /* two names, and none is there */
		{ 0xf0, 0 },       /* a form that there is not */
	};
	uint8_t key[1 + TARGET_BYTES] = { 'N' };
	struct node *node = NULL;

	(void) ctx;
	memcpy(key + 1, id(1, 5, 'a'), TARGET_BYTES);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_status(kv_put(txn, TABLE_LINKS, (struct bytes) { key, sizeof(key) },
		                     (struct bytes) { rows[i], i == 2 ? 2 : sizeof(rows[i]) }),
		              ST_OK);
		assert_status(nodes_find(n, key + 1, &node), ST_MALFORMED);
		nodes_forget(n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_written_is_found_again, setup, teardown),
		cmocka_unit_test_setup_teardown(who_names_what_is_not_here_is_known_when_it_comes,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(who_names_it_now_comes_to_those_of_the_row, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(what_is_expected_ends_before_the_next_row, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(only_one_of_two_whose_hashes_begin_alike_is_a_node,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(each_that_is_owed_is_told_until_it_is_not, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(what_another_transaction_did_not_write_is_forgotten,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(damage_is_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
