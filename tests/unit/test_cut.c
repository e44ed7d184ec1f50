/* The bytes of cuts and locks. */
#include "protocol/cut.h"

#include "tests/support/check.h"

#include <stdlib.h>

static writer w;
static uint8_t hash[HASH_BYTES] = { 7 };

static int
open_writer(void **ctx)
{
	(void) ctx;
	writer_init(&w);
	return 0;
}

static int
close_writer(void **ctx)
{
	(void) ctx;
	writer_done(&w);
	return 0;
}

/* Leaves of so many feeds, a lane each; the caller's. */
static struct leaves
leaves_of(size_t count)
{
	uint8_t *at = calloc(count, LEAF_BYTES);

	assert_non_null(at);
	for (size_t i = 0; i < count; i++) {
		put_u32(at + i * LEAF_BYTES, (uint32_t) i / 2);
		put_u64(at + i * LEAF_BYTES + FEED_BYTES, 1 + i % 2);
	}
	return (struct leaves) { { at, count * LEAF_BYTES } };
}

static struct cut
cut_of(struct leaves leaves, struct leaves hub)
{
	return (struct cut) { .cutoff = 20453,
		              .leaves = leaves,
		              .hub = hub,
		              .plan = hash,
		              .registry = hash,
		              .set = hash,
		              .state = hash };
}

static status
read_back(struct cut *ret_cut)
{
	return cut_read(writer_bytes(&w), ret_cut);
}

static void
a_cut_that_is_written_is_read_back(void **ctx)
{
	(void) ctx;
	struct leaves leaves = leaves_of(5), hub = leaves_of(1);
	struct cut c = cut_of(leaves, hub), back;
	struct point at;

	c.has_period = true;
	c.period = 8103;
	assert_status(cut_write(&c, &w), ST_OK);
	assert_status(read_back(&back), ST_OK);
	assert_true(back.has_period && back.period == 8103 && back.cutoff == 20453);
	assert_int_equal(leaves_count(&back.leaves), 5);
	assert_int_equal(leaves_count(&back.hub), 1);
	assert_int_equal(leaves_get(&back.leaves, 3, &at)[3], 1);
	assert_int_equal(at.seq, 2);
	c.has_period = false;
	assert_status(cut_write(&c, &w), ST_OK);
	assert_status(read_back(&back), ST_OK);
	assert_false(back.has_period);
	free((void *) leaves.at.at);
	free((void *) hub.at.at);
}

static void
leaves_of_a_feed_are_found(void **ctx)
{
	(void) ctx;
	struct leaves l = leaves_of(7), of;
	uint8_t feed[FEED_BYTES] = { 0 };

	put_u32(feed, 2);
	of = leaves_of_feed(&l, feed);
	assert_int_equal(leaves_count(&of), 2);
	assert_memory_equal(of.at.at, feed, FEED_BYTES);
	put_u32(feed, 3);
	of = leaves_of_feed(&l, feed);
	assert_int_equal(leaves_count(&of), 1);
	put_u32(feed, 4);
	of = leaves_of_feed(&l, feed);
	assert_int_equal(leaves_count(&of), 0);
	feed[31] = 1;
	put_u32(feed, 0);
	of = leaves_of_feed(&l, feed);
	assert_int_equal(leaves_count(&of), 0);
	free((void *) l.at.at);
}

static void
as_many_leaves_as_the_limit_are_taken_and_no_more(void **ctx)
{
	(void) ctx;
	struct leaves most = leaves_of(LEAVES_MAX), none = { { NULL, 0 } };
	struct leaves more = leaves_of(LEAVES_MAX + 1), lanes = leaves_of(LANES_MAX + 1);
	struct cut c = cut_of(most, none), back;
	struct lock l = { 8103, most }, lock;

	assert_status(cut_write(&c, &w), ST_OK);
	assert_true(writer_bytes(&w).len <= PLAN_BYTES_MAX);
	assert_status(read_back(&back), ST_OK);
	assert_status(lock_write(&l, &w), ST_OK);
	assert_status(lock_read(writer_bytes(&w), &lock), ST_OK);
	assert_int_equal(lock.quarter, 8103);
	assert_int_equal(leaves_count(&lock.leaves), LEAVES_MAX);
	c.leaves = more;
	assert_status(cut_write(&c, &w), ST_LIMIT);
	l.leaves = more;
	assert_status(lock_write(&l, &w), ST_LIMIT);
	c = cut_of(none, lanes);
	assert_status(cut_write(&c, &w), ST_LIMIT);
	free((void *) most.at.at);
	free((void *) more.at.at);
	free((void *) lanes.at.at);
}

/* Replace, in what was written, the bytes of a by those of b, which are as many. */
static void
replace(const char *a, const char *b, uint8_t *space, size_t *ret_len)
{
	struct bytes all = writer_bytes(&w);
	size_t len = strlen(a);
	uint8_t *at;

	memcpy(space, all.at, all.len);
	*ret_len = all.len;
	at = memmem(space, all.len, a, len);
	assert_non_null(at);
	memcpy(at, b, len);
}

static void
what_is_no_cut_is_refused(void **ctx)
{
	(void) ctx;
	static const struct {
		const char *from, *to;
		status st;
	} cases[] = {
		{ "\xa1v\x01", "\xa1v\x02", ST_VERSION },
		{ "\xa1v\x01", "\xa1w\x01", ST_MALFORMED },
		{ "\xa5state", "\xa5start", ST_MALFORMED },
		{ "\xa6period", "\xa6plaaod", ST_OK }, /* a key of later on */
		{ "\xa6"
		  "cutoff",
		  "\xa6!utoff", ST_MALFORMED }, /* and a cut has a cut-off */
		{ "\xa4gaps\xc4", "\xa4gaps\xc5", ST_MALFORMED },
	};
	struct leaves leaves = leaves_of(2);
	struct cut c = cut_of(leaves, leaves), back;
	uint8_t space[1024];
	size_t len;

	c.has_period = true;
	c.period = 8103;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		assert_status(cut_write(&c, &w), ST_OK);
		replace(cases[i].from, cases[i].to, space, &len);
		assert_status(cut_read((struct bytes) { space, len }, &back), cases[i].st);
	}
	assert_status(cut_write(&c, &w), ST_OK);
	for (size_t cut = 0; cut < writer_bytes(&w).len; cut++)
		assert_status(cut_read((struct bytes) { writer_bytes(&w).at, cut }, &back),
		              ST_MALFORMED);
	free((void *) leaves.at.at);
}

static void
leaves_out_of_order_are_refused(void **ctx)
{
	(void) ctx;
	struct leaves leaves = leaves_of(4), none = { { NULL, 0 } };
	uint8_t *at = (uint8_t *) (uintptr_t) leaves.at.at;
	struct cut c = cut_of(leaves, none), back;
	struct lock l = { 8103, leaves }, lock;

	memcpy(at + LEAF_BYTES, at, LEAF_BYTES); /* twice */
	assert_status(cut_write(&c, &w), ST_OK);
	assert_status(read_back(&back), ST_MALFORMED);
	assert_status(lock_write(&l, &w), ST_OK);
	assert_status(lock_read(writer_bytes(&w), &lock), ST_MALFORMED);
	put_u64(at + FEED_BYTES, 0); /* the beginning of a feed is no event */
	put_u64(at + LEAF_BYTES + FEED_BYTES, 1);
	assert_status(lock_write(&l, &w), ST_OK);
	assert_status(lock_read(writer_bytes(&w), &lock), ST_MALFORMED);
	put_u64(at + FEED_BYTES, 1);
	put_u64(at + LEAF_BYTES + FEED_BYTES, 2);
	l.leaves.at.len--;
	assert_status(lock_write(&l, &w), ST_OK);
	assert_status(lock_read(writer_bytes(&w), &lock), ST_MALFORMED);
	free((void *) leaves.at.at);
}

#define cut_test(name) cmocka_unit_test_setup_teardown(name, open_writer, close_writer)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cut_test(a_cut_that_is_written_is_read_back),
		cut_test(leaves_of_a_feed_are_found),
		cut_test(as_many_leaves_as_the_limit_are_taken_and_no_more),
		cut_test(what_is_no_cut_is_refused),
		cut_test(leaves_out_of_order_are_refused),
	};

	return cmocka_run_group_tests_name("cut", tests, NULL, NULL);
}
