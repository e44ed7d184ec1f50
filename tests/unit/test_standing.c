#include "protocol/standing.h"

#include "protocol/event.h"
#include "tests/support/check.h"

static writer w;

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

static struct point
point(uint64_t seq)
{
	struct point p = { .seq = seq };

	memset(p.hash, (int) (seq & 0xff), sizeof(p.hash));
	return p;
}

static status
decode(struct standing *ret_standing)
{
	struct bytes b = writer_bytes(&w);

	return standing_decode(b.at, b.len, ret_standing);
}

static void
what_is_written_is_read_back(void **ctx)
{
	const struct point conflicts[] = { point(3), point(1000000) };
	const struct standing_held held[] = {
		{ point(2), text_of(hold_name(HOLD_UNIT)) },
		{ point(5), text_of(hold_name(HOLD_DATE)) },
	};
	const struct text locks[] = { text_of("2025-Q1") },
			  remarks[] = { text_of("Falta el acta") };
	const struct standing_rows rows = {
		.conflicts = conflicts,
		.conflict_count = 2,
		.held = held,
		.held_count = 2,
		.held_total = 70000,
		.locks = locks,
		.lock_count = 1,
		.remarks = remarks,
		.remark_count = 1,
	};
	struct standing s;
	struct standing_held h;
	struct point p;
	struct text t;

	(void) ctx;
	assert_status(standing_encode(&rows, &w), ST_OK);
	assert_status(decode(&s), ST_OK);
	assert_int_equal(s.held_total, 70000);
	for (size_t i = 0; i < 2; i++) {
		assert_true(standing_next_point(&s.conflicts, &p));
		assert_true(point_equal(&p, &conflicts[i]));
		assert_true(standing_next_held(&s.held, &h));
		assert_true(point_equal(&h.at, &held[i].at));
		assert_true(text_equal(h.reason, held[i].reason));
	}
	assert_false(standing_next_point(&s.conflicts, &p));
	assert_false(standing_next_held(&s.held, &h));
	assert_true(standing_next_text(&s.locks, &t));
	assert_true(text_is(t, "2025-Q1"));
	assert_false(standing_next_text(&s.locks, &t));
	assert_true(standing_next_text(&s.remarks, &t));
	assert_true(text_is(t, "Falta el acta"));
	assert_false(standing_next_text(&s.remarks, &t));
}

static void
empty_standing_is_a_standing(void **ctx)
{
	const struct standing_rows none = { 0 };
	struct standing s;
	struct point p;

	(void) ctx;
	assert_status(standing_encode(&none, &w), ST_OK);
	assert_status(decode(&s), ST_OK);
	assert_int_equal(s.held_total, 0);
	assert_false(standing_next_point(&s.conflicts, &p));
}

static void
the_last_probes_are_listed_and_no_more_than_may_be(void **ctx)
{
	struct point probes[STANDING_PROBES_MAX + 1], p;
	struct standing_rows rows = { .probes = probes, .probe_count = LENGTH(probes) };
	struct standing s;

	(void) ctx;
	for (size_t i = 0; i < LENGTH(probes); i++)
		probes[i] = point(i + 1);
	assert_status(standing_encode(&rows, &w), ST_OK);
	assert_status(decode(&s), ST_OK);
	for (size_t i = 0; i < STANDING_PROBES_MAX; i++) {
		assert_true(standing_next_point(&s.probes, &p));
		assert_true(point_equal(&p, &probes[i]));
	}
	assert_false(standing_next_point(&s.probes, &p));
}

static struct standing_other
other(uint64_t seq)
{
	struct standing_other o = { .own.seq = seq, .stands.seq = seq + 7, .is_void = seq % 2 };

	memset(o.own.hash, 1, sizeof(o.own.hash));
	memset(o.feed, 2, sizeof(o.feed));
	memset(o.stands.hash, 3, sizeof(o.stands.hash));
	return o;
}

static void
the_first_others_are_listed_and_no_more_than_may_be(void **ctx)
{
	struct standing_other others[STANDING_OTHERS_MAX + 1], o;
	struct standing_rows rows = { .others = others, .other_count = LENGTH(others) };
	struct standing s;

	(void) ctx;
	for (size_t i = 0; i < LENGTH(others); i++)
		others[i] = other(LENGTH(others) - i);
	assert_status(standing_encode(&rows, &w), ST_OK);
	assert_status(decode(&s), ST_OK);
	for (size_t i = 0; i < STANDING_OTHERS_MAX; i++) {
		assert_true(standing_next_other(&s.others, &o));
		assert_memory_equal(&o.own, &others[i].own, sizeof(o.own));
		assert_memory_equal(&o.stands, &others[i].stands, sizeof(o.stands));
		assert_memory_equal(o.feed, others[i].feed, sizeof(o.feed));
		assert_int_equal(o.is_void, others[i].is_void);
	}
	assert_false(standing_next_other(&s.others, &o));
}

static void
others_give_way_to_what_a_person_has_to_settle(void **ctx)
{
	enum { MANY = STANDING_BYTES_MAX / 44 };
	const struct standing_other one = other(1);
	struct point *conflicts = calloc(MANY, sizeof(*conflicts));
	struct standing_rows rows = { .conflicts = conflicts, .others = &one, .other_count = 1 };
	struct standing s;

	(void) ctx;
	assert_non_null(conflicts);
	for (size_t i = 0; i < MANY; i++)
		conflicts[i] = (struct point) { .seq = UINT32_MAX + UINT64_C(1) + i };
	rows.conflict_count = MANY;
	assert_status(standing_encode(&rows, &w), ST_OK);
	assert_status(decode(&s), ST_OK);
	assert_int_equal(s.others.left, 0);
	rows.conflict_count = MANY / 2;
	assert_status(standing_encode(&rows, &w), ST_OK);
	assert_status(decode(&s), ST_OK);
	assert_int_equal(s.others.left, 1);
	free(conflicts);
}

/* A row of others in which one thing is as the test wants it. */
struct other_oddity {
	uint64_t seq, is_void, stands;
	size_t cells, hash_bytes, feed_bytes, count;
};

static status
decode_odd_other(struct other_oddity odd)
{
	static const uint8_t bytes[64];
	const struct standing_rows none = { 0 };
	struct standing s;
	uint8_t rest[STANDING_BYTES_MAX];
	struct bytes whole;
	size_t cut;

	/* what comes before "remarks", then the list, then the rest of it */
	assert_status(standing_encode(&none, &w), ST_OK);
	whole = writer_bytes(&w);
	cut = whole.len - (1 + 7 + 1) - (1 + 1 + 1);
	memcpy(rest, whole.at, whole.len);
	whole.at = rest;
	writer_clear(&w);
	writer_map(&w, 7);
	writer_raw(&w, rest + 1, cut - 1);
	writer_text(&w, text_of("others"));
	writer_array(&w, odd.count);
	for (size_t i = 0; i < odd.count; i++) {
		writer_array(&w, odd.cells);
		writer_uint(&w, odd.seq);
		writer_bin(&w, bytes, odd.hash_bytes);
		writer_uint(&w, odd.is_void);
		writer_bin(&w, bytes, odd.feed_bytes);
		writer_uint(&w, odd.stands);
		writer_bin(&w, bytes, HASH_PREFIX_BYTES);
	}
	writer_raw(&w, rest + cut, whole.len - cut);
	return decode(&s);
}

static void
each_fault_of_others_is_found(void **ctx)
{
	const struct other_oddity good = { 1, 1, 1, 6, HASH_PREFIX_BYTES, FEED_BYTES, 1 };
	struct other_oddity odd;

	(void) ctx;
	assert_status(decode_odd_other(good), ST_OK);

	odd = good, odd.seq = 0;
	assert_status(decode_odd_other(odd), ST_MALFORMED);
	odd = good, odd.stands = 0;
	assert_status(decode_odd_other(odd), ST_MALFORMED);
	odd = good, odd.is_void = 2;
	assert_status(decode_odd_other(odd), ST_LIMIT);
	odd = good, odd.cells = 5;
	assert_status(decode_odd_other(odd), ST_MALFORMED);
	odd = good, odd.hash_bytes = HASH_BYTES;
	assert_status(decode_odd_other(odd), ST_MALFORMED);
	odd = good, odd.feed_bytes = HASH_PREFIX_BYTES;
	assert_status(decode_odd_other(odd), ST_MALFORMED);
	odd = good, odd.count = STANDING_OTHERS_MAX;
	assert_status(decode_odd_other(odd), ST_OK);
	odd = good, odd.count = STANDING_OTHERS_MAX + 1;
	assert_status(decode_odd_other(odd), ST_LIMIT);
}

static void
no_more_is_listed_than_fits_and_all_is_counted(void **ctx)
{
	enum { MANY = 20000 };
	struct standing_held *held = calloc(MANY, sizeof(*held));
	struct point *conflicts = calloc(MANY, sizeof(*conflicts));
	struct standing_rows rows = { .held = held, .held_count = MANY, .held_total = MANY };
	struct standing s;

	(void) ctx;
	assert_non_null(held);
	assert_non_null(conflicts);
	for (size_t i = 0; i < MANY; i++) {
		conflicts[i] = point(i + 1);
		held[i] = (struct standing_held) { point(i + 1), text_of("initiative") };
	}
	assert_status(standing_encode(&rows, &w), ST_OK);
	assert_status(decode(&s), ST_OK);
	assert_int_equal(s.held.left, STANDING_HELD_MAX);
	assert_int_equal(s.held_total, MANY);

	rows.conflicts = conflicts;
	rows.conflict_count = MANY;
	assert_status(standing_encode(&rows, &w), ST_OK);
	assert_in_range(writer_bytes(&w).len, STANDING_BYTES_MAX / 2, STANDING_BYTES_MAX);
	assert_status(decode(&s), ST_OK);
	free(held);
	free(conflicts);
}

static void
remarks_that_do_not_fit_are_an_error(void **ctx)
{
	static char long_text[STANDING_REMARK_BYTES_MAX + 1];
	struct text remarks[STANDING_BYTES_MAX / NOTE_BYTES_MAX + 1];
	struct standing_rows rows = { .remarks = remarks, .remark_count = LENGTH(remarks) };

	(void) ctx;
	memset(long_text, 'x', sizeof(long_text));
	for (size_t i = 0; i < LENGTH(remarks); i++)
		remarks[i] = (struct text) { long_text, STANDING_REMARK_BYTES_MAX };
	assert_status(standing_encode(&rows, &w), ST_LIMIT);
	rows.remark_count = 1;
	assert_status(standing_encode(&rows, &w), ST_OK);
	remarks[0].len++;
	assert_status(standing_encode(&rows, &w), ST_LIMIT);
}

/* A standing in which one thing is as the test wants it. */
struct oddity {
	uint64_t version, seq;
	const char *reason, *more_key;
	size_t hash_bytes, held_count, remark_bytes;
	bool no_locks;
};

static status
decode_odd(struct oddity odd)
{
	static const uint8_t hash[64];
	static char remark[STANDING_REMARK_BYTES_MAX + 1];
	struct standing s;

	memset(remark, 'x', sizeof(remark));
	writer_clear(&w);
	writer_map(&w, (size_t) 6 - odd.no_locks + (odd.more_key != NULL));
	if (odd.more_key) {
		writer_text(&w, text_of(odd.more_key));
		writer_uint(&w, 1);
	}
	writer_text(&w, text_of("conflicts"));
	writer_array(&w, 0);
	writer_text(&w, text_of("held"));
	writer_array(&w, odd.held_count);
	for (size_t i = 0; i < odd.held_count; i++) {
		writer_array(&w, 3);
		writer_uint(&w, odd.seq);
		writer_bin(&w, hash, odd.hash_bytes);
		writer_text(&w, text_of(odd.reason));
	}
	writer_text(&w, text_of("heldn"));
	writer_uint(&w, 1);
	if (!odd.no_locks) {
		writer_text(&w, text_of("locks"));
		writer_array(&w, 0);
	}
	writer_text(&w, text_of("remarks"));
	writer_array(&w, 1);
	writer_text(&w, (struct text) { remark, odd.remark_bytes });
	writer_text(&w, text_of("v"));
	writer_uint(&w, odd.version);
	return decode(&s);
}

static void
each_fault_is_found(void **ctx)
{
	const struct oddity good = { .version = 1,
		                     .seq = 1,
		                     .reason = "unit",
		                     .hash_bytes = 32,
		                     .held_count = 1,
		                     .remark_bytes = 5 };
	struct oddity odd;

	(void) ctx;
	assert_status(decode_odd(good), ST_OK);

	odd = good, odd.version = 2;
	assert_status(decode_odd(odd), ST_VERSION);
	odd = good, odd.seq = 0;
	assert_status(decode_odd(odd), ST_MALFORMED);
	odd = good, odd.seq = UINT64_MAX;
	assert_status(decode_odd(odd), ST_LIMIT);
	odd = good, odd.reason = "not a code";
	assert_status(decode_odd(odd), ST_MALFORMED);
	odd = good, odd.hash_bytes = 31;
	assert_status(decode_odd(odd), ST_MALFORMED);
	odd = good, odd.no_locks = true;
	assert_status(decode_odd(odd), ST_MALFORMED);
	odd = good, odd.more_key = "a";
	assert_status(decode_odd(odd), ST_OK);
	odd = good, odd.more_key = "!a";
	assert_status(decode_odd(odd), ST_MALFORMED);
	odd = good, odd.held_count = STANDING_HELD_MAX;
	assert_status(decode_odd(odd), ST_OK);
	odd = good, odd.held_count = STANDING_HELD_MAX + 1;
	assert_status(decode_odd(odd), ST_LIMIT);
	odd = good, odd.remark_bytes = STANDING_REMARK_BYTES_MAX;
	assert_status(decode_odd(odd), ST_OK);
	odd = good, odd.remark_bytes = STANDING_REMARK_BYTES_MAX + 1;
	assert_status(decode_odd(odd), ST_LIMIT);
}

static void
no_prefix_of_a_standing_is_one(void **ctx)
{
	const struct standing_held held = { point(1), text_of("unit") };
	const struct standing_rows rows = { .held = &held, .held_count = 1, .held_total = 1 };
	struct standing s = { .held_total = 7 };

	(void) ctx;
	assert_status(standing_encode(&rows, &w), ST_OK);
	for (size_t len = 0; len < writer_bytes(&w).len; len++) {
		uint8_t *exact = malloc(len + 1);

		assert_non_null(exact);
		memcpy(exact, writer_bytes(&w).at, len);
		assert_status(standing_decode(exact, len, &s), ST_MALFORMED);
		assert_int_equal(s.held_total, 7); /* untouched */
		free(exact);
	}
}

static void
one_over_the_limit_is_not_looked_at(void **ctx)
{
	static uint8_t bytes[STANDING_BYTES_MAX + 1];
	struct standing s;

	(void) ctx;
	assert_status(standing_decode(bytes, sizeof(bytes), &s), ST_LIMIT);
}

int
main(void)
{
#define WITH_WRITER(test) cmocka_unit_test_setup_teardown(test, open_writer, close_writer)
	const struct CMUnitTest tests[] = {
		WITH_WRITER(what_is_written_is_read_back),
		WITH_WRITER(empty_standing_is_a_standing),
		WITH_WRITER(the_last_probes_are_listed_and_no_more_than_may_be),
		WITH_WRITER(the_first_others_are_listed_and_no_more_than_may_be),
		WITH_WRITER(others_give_way_to_what_a_person_has_to_settle),
		WITH_WRITER(each_fault_of_others_is_found),
		WITH_WRITER(no_more_is_listed_than_fits_and_all_is_counted),
		WITH_WRITER(remarks_that_do_not_fit_are_an_error),
		WITH_WRITER(each_fault_is_found),
		WITH_WRITER(no_prefix_of_a_standing_is_one),
		cmocka_unit_test(one_over_the_limit_is_not_looked_at),
	};

	return cmocka_run_group_tests_name("standing", tests, NULL, NULL);
}
