#include "tests/support/check.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hub/link/connections.h"

enum { MANY = 1000, NOW_MS = 100 };

static connections *table;

static connection *
add(uint32_t number, uint8_t device)
{
	struct router_peer peer = { .id_len = 5, .fd = -1 };
	connection *c = NULL;

	put_u32(peer.id + 1, number);
	memset(peer.feed, device, FEED_BYTES);
	assert_status(connections_add(table, &peer, NOW_MS, &c), ST_OK);
	return c;
}

static connection *
find(uint32_t number)
{
	uint8_t id[5] = { 0 };

	put_u32(id + 1, number);
	return connections_find(table, id, sizeof(id));
}

static void
rows_are_found_by_their_id(void **ctx)
{
	static connection *rows[MANY];

	(void) ctx;
	for (uint32_t i = 0; i < MANY; i++)
		rows[i] = add(i, (uint8_t) i);
	assert_int_equal(connections_count(table), MANY);
	for (uint32_t i = 0; i < MANY; i++)
		assert_ptr_equal(find(i), rows[i]); /* they do not move */
	assert_null(find(MANY));
	assert_null(connections_find(table, (const uint8_t *) "", 0));
}

static void
a_row_that_went_takes_no_other_with_it(void **ctx)
{
	(void) ctx;
	for (uint32_t i = 0; i < MANY; i++)
		add(i, 1);
	for (uint32_t i = 0; i < MANY; i += 3)
		connections_remove(table, find(i));
	for (uint32_t i = 0; i < MANY; i++) {
		if (i % 3 == 0)
			assert_null(find(i));
		else
			assert_non_null(find(i));
	}
	assert_int_equal(connections_count(table), MANY - (MANY + 2) / 3);
}

static void
a_walk_meets_every_row_once(void **ctx)
{
	static unsigned met[MANY];
	const connection *c;
	size_t cursor = 0;

	(void) ctx;
	for (uint32_t i = 0; i < MANY; i++)
		add(i, 1);
	while ((c = connections_next(table, &cursor)) != NULL)
		met[get_u32(c->id + 1)]++;
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(met[i], 1);
}

static void
the_one_silent_longest_is_known_for_each_feed(void **ctx)
{
	uint8_t feed[FEED_BYTES];
	connection *oldest, *waits, *speaks, *silent;

	(void) ctx;
	memset(feed, 7, sizeof(feed));
	assert_int_equal(connections_of_feed(table, feed, &oldest), 0);
	assert_null(oldest);
	add(4, 8);
	waits = add(2, 7);
	speaks = add(1, 7);
	silent = add(3, 7);
	connections_heard(table, speaks, NOW_MS); /* in the same turn */
	waits->waiting = 1;                       /* its batch is still to be answered */
	assert_int_equal(connections_of_feed(table, feed, &oldest), 3);
	assert_ptr_equal(oldest, silent);
}

static void
who_has_gone_goes_before_who_is_silent(void **ctx)
{
	uint8_t feed[FEED_BYTES];
	connection *gone, *oldest;
	int ends[2];

	(void) ctx;
	memset(feed, 7, sizeof(feed));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	add(1, 7);
	gone = add(2, 7);
	gone->fd = ends[0];
	gone->cookie = router_cookie(ends[0]);
	assert_int_equal(connections_of_feed(table, feed, &oldest), 2);
	assert_ptr_not_equal(oldest, gone);
	close(ends[0]);
	assert_int_equal(connections_of_feed(table, feed, &oldest), 2);
	assert_ptr_equal(oldest, gone);
	close(ends[1]);
}

static int
set_up(void **ctx)
{
	(void) ctx;
	table = connections_new();
	return table ? 0 : -1;
}

static int
tear_down(void **ctx)
{
	(void) ctx;
	connections_free(&table);
	return table != NULL;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_are_found_by_their_id),
		TEST(a_row_that_went_takes_no_other_with_it),
		TEST(a_walk_meets_every_row_once),
		TEST(the_one_silent_longest_is_known_for_each_feed),
		TEST(who_has_gone_goes_before_who_is_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
