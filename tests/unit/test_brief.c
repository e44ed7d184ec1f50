#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "hub/brief.h"
#include "tests/support/hub_fixture.h"

static const date DAY = 20406;
static const uint8_t other[FEED_BYTES] = { 7 };
static const struct point target = { 3, { 1, 2, 3 } };

static bool
same_codes(const struct codes *a, const struct codes *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (!text_equal(a->list[i], b->list[i]))
			return false;
	return a->count == b->count;
}

static bool
same_tallies(const struct tallies *a, const struct tallies *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (!text_equal(a->list[i].name, b->list[i].name) ||
		    a->list[i].value != b->list[i].value)
			return false;
	return a->count == b->count;
}

static bool
same_fixes(const struct fixes *a, const struct fixes *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		const struct fix *x = &a->list[i], *y = &b->list[i];

		if (x->seq != y->seq || memcmp(x->hash, y->hash, HASH_PREFIX_BYTES) != 0 ||
		    !x->feed != !y->feed || (x->feed && memcmp(x->feed, y->feed, FEED_BYTES) != 0))
			return false;
	}
	return a->count == b->count;
}

static void
assert_same(const struct event *a, const struct event *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->date, b->date);
	assert_int_equal(a->quantity, b->quantity);
	assert_int_equal(a->why.len > 0, b->why.len > 0);
	assert_true(text_equal(a->unit, b->unit));
	assert_true(text_equal(a->indicator, b->indicator));
	assert_true(text_equal(a->mode, b->mode));
	assert_true(text_equal(a->country, b->country));
	assert_true(same_codes(&a->initiatives, &b->initiatives));
	assert_true(same_tallies(&a->counts, &b->counts));
	assert_true(same_tallies(&a->groups, &b->groups));
	assert_true(same_fixes(&a->fixes, &b->fixes));
}

/* As it is read from its body. */
static void
decode(const struct event *e, writer *w, struct event *ret_event)
{
	struct event copy = *e;
	event_field field;

	writer_init(w);
	assert_status(event_encode(&copy, w, &field), ST_OK);
	assert_int_equal(event_decode(writer_bytes(w), ret_event), HOLD_NONE);
}

/* All of it comes back, and no part of it is taken for the whole. */
static void
assert_comes_back(const struct event *e)
{
	struct event decoded, read;
	uint8_t brief[BRIEF_BYTES_MAX];
	size_t len;
	writer w;

	decode(e, &w, &decoded);
	len = brief_write(&decoded, brief);
	assert_in_range(len, 1, BRIEF_BYTES_MAX);
	assert_true(brief_read((struct bytes) { brief, len }, &read));
	assert_same(&decoded, &read);
	assert_int_equal(read.evidences.count + read.zero.count + read.about.count, 0);
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *exact = malloc(cut + 1);

		assert_non_null(exact);
		memcpy(exact, brief, cut);
		assert_false(brief_read((struct bytes) { exact, cut }, &read));
		free(exact);
	}
	writer_done(&w);
}

static void
what_is_judged_and_counted_comes_back(void **ctx)
{
	struct event e = test_activity("con-a", DAY);

	(void) ctx;
	assert_comes_back(&e);
	e.quantity = 9999;
	e.status = STATUS_MOVED;
	e.why = text_of("a list was missing");
	e.has |= EVENT_BIT(EVENT_WHY);
	test_initiatives(&e, "1.1.01,1.1.02");
	test_mode(&e, "movil");
	test_count(&e, "attended", 9999999);
	test_count(&e, "zero", 0);
	test_fix(&e, &target, NULL);
	test_fix(&e, &target, other);
	assert_comes_back(&e);
	e.date = -1; /* before 1970 */
	assert_comes_back(&e);
	e = test_void("con-a");
	test_fix(&e, &target, other);
	assert_comes_back(&e);
}

static void
the_longest_one_has_room(void **ctx)
{
	static char names[COUNTS_MAX][CODE_BYTES_MAX + 1];
	struct event e = test_activity("con-a", DAY);
	uint8_t brief[BRIEF_BYTES_MAX];
	const struct text longest = { names[0], CODE_BYTES_MAX };

	(void) ctx;
	for (size_t i = 0; i < COUNTS_MAX; i++) {
		memset(names[i], 'a' + (int) i % 26, CODE_BYTES_MAX);
		e.counts.list[i] = (struct tally) { { names[i], CODE_BYTES_MAX }, UINT64_MAX };
		e.groups.list[i % GROUPS_MAX] = e.counts.list[i];
		e.initiatives.list[i % INITIATIVES_MAX] = longest;
		e.fixes.list[i % FIXES_MAX] = (struct fix) { UINT64_MAX, target.hash, other };
	}
	e.counts.count = COUNTS_MAX;
	e.groups.count = GROUPS_MAX;
	e.initiatives.count = INITIATIVES_MAX;
	e.fixes.count = FIXES_MAX;
	e.unit = e.indicator = e.mode = e.country = longest;
	assert_in_range(brief_write(&e, brief), 1, BRIEF_BYTES_MAX);
}

static void
other_kinds_have_none(void **ctx)
{
	const struct event level = test_level("con-a", "IND-3", 2025 * 4, 7);
	const struct event closed = test_close("con-a", 2025 * 4);
	uint8_t brief[BRIEF_BYTES_MAX];

	(void) ctx;
	assert_int_equal(brief_write(&level, brief), 0);
	assert_int_equal(brief_write(&closed, brief), 0);
}

/* Whatever the bytes, it ends within them. */
static void
damage_is_not_read_beyond_the_end(void **ctx)
{
	struct event e = test_activity("con-a", DAY), read;
	uint8_t brief[BRIEF_BYTES_MAX], *exact;
	size_t len;

	(void) ctx;
	test_count(&e, "attended", 180);
	test_fix(&e, &target, other);
	len = brief_write(&e, brief);
	exact = malloc(len);
	assert_non_null(exact);
	for (size_t i = 0; i < len; i++) {
		for (unsigned value = 0; value < 256; value += 5) {
			memcpy(exact, brief, len);
			exact[i] = (uint8_t) value;
			brief_read((struct bytes) { exact, len }, &read);
		}
	}
	free(exact);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_judged_and_counted_comes_back),
		cmocka_unit_test(the_longest_one_has_room),
		cmocka_unit_test(other_kinds_have_none),
		cmocka_unit_test(damage_is_not_read_beyond_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
