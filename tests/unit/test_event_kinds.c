/* Each kind of event: what it cannot do without, bounds, and what belongs together. */
#include "tests/support/check.h"

#include <string.h>

#include "protocol/event.h"
#include "tests/support/event_check.h"

#define BITS_OF_PARTS \
	(EVENT_BIT(EVENT_DATA) | EVENT_BIT(EVENT_HASH) | EVENT_BIT(EVENT_PART) | \
	 EVENT_BIT(EVENT_PARTS) | EVENT_BIT(EVENT_TOTAL))

/* What each kind cannot do without, by SPEC.md. */
static const struct {
	event_kind kind;
	uint64_t must;
} musts[] = {
	{ KIND_ACTIVITY,
	  EVENT_BIT(EVENT_DATE) | EVENT_BIT(EVENT_QUANTITY) | EVENT_BIT(EVENT_UNIT) },
	{ KIND_VOID, EVENT_BIT(EVENT_FIXES) | EVENT_BIT(EVENT_WHY) | EVENT_BIT(EVENT_UNIT) },
	{ KIND_PLAN, BITS_OF_PARTS | EVENT_BIT(EVENT_PLAN) },
	{ KIND_LEVEL,
	  EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_QUARTER) | EVENT_BIT(EVENT_UNIT) |
	          EVENT_BIT(EVENT_VALUE) },
	{ KIND_PROBE, 0 },
	{ KIND_THING,
	  EVENT_BIT(EVENT_DATE) | EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_THING) |
	          EVENT_BIT(EVENT_UNIT) },
	{ KIND_PROGRESS, EVENT_BIT(EVENT_QUARTER) | EVENT_BIT(EVENT_UNIT) },
	{ KIND_BUDGET,
	  EVENT_BIT(EVENT_APPROPRIATED) | EVENT_BIT(EVENT_PROJECT) | EVENT_BIT(EVENT_COMMITTED) |
	          EVENT_BIT(EVENT_OBLIGATED) | EVENT_BIT(EVENT_PAID) | EVENT_BIT(EVENT_QUARTER) |
	          EVENT_BIT(EVENT_UNIT) },
	{ KIND_CLOSE, EVENT_BIT(EVENT_QUARTER) | EVENT_BIT(EVENT_UNIT) },
	{ KIND_RETURN, EVENT_BIT(EVENT_ABOUT) | EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_WHY) },
	{ KIND_CUT, BITS_OF_PARTS | EVENT_BIT(EVENT_NAME) },
	{ KIND_LOCK, BITS_OF_PARTS | EVENT_BIT(EVENT_QUARTER) },
};

/* An event of that kind with what it cannot do without. */
static struct event
small(event_kind kind)
{
	static const uint8_t hash[HASH_BYTES] = "document", prefix[HASH_PREFIX_BYTES] = "prefix";
	struct event e = {
		.kind = kind,
		.date = 20406,
		.quarter = 8103,
		.quantity = 1,
		.value = 131,
		.indicator = text_of("IND-2"),
		.unit = text_of("con-madrid"),
		.thing = text_of("net-boston"),
		.project = text_of("2018011000755"),
		.commitment = text_of("COM-1"),
		.percent = 2500,
		.name = text_of("corte 1"),
		.why = text_of("mistyped"),
		.fixes = { 1, { { 7, prefix, NULL } } },
		.about = { 1, { { 7, prefix, NULL } } },
		.part = 1,
		.parts = 1,
		.total = 1,
		.plan_version = 1,
		.hash = hash,
		.data = { hash, 1 },
	};

	for (size_t i = 0; i < LENGTH(musts); i++)
		if (musts[i].kind == kind)
			e.has = musts[i].must;
	if (kind == KIND_ACTIVITY)
		e.has |= EVENT_BIT(EVENT_INDICATOR);
	if (kind == KIND_PROGRESS)
		e.has |= EVENT_BIT(EVENT_COMMITMENT) | EVENT_BIT(EVENT_PERCENT);
	return e;
}

static void
each_kind_is_decoded_as_what_it_was(void **ctx)
{
	writer w;

	(void) ctx;
	writer_init(&w);
	for (size_t i = 0; i < LENGTH(musts); i++) {
		struct event e = small(musts[i].kind), got;

		assert_int_equal(event_decode(event_encoded(e, &w), &got), HOLD_NONE);
		assert_int_equal(got.kind, e.kind);
		assert_true(text_is(got.kind_name, event_kind_name(e.kind)));
	}
	writer_done(&w);
}

static void
what_a_kind_cannot_do_without_is_asked_for(void **ctx)
{
	(void) ctx;
	assert_int_equal(LENGTH(musts), EVENT_KINDS_ - 1);
	for (size_t i = 0; i < LENGTH(musts); i++) {
		for (int f = 0; f < EVENT_FIELDS_; f++) {
			struct event e = small(musts[i].kind);

			if (!(musts[i].must & EVENT_BIT(f)))
				continue;
			e.has &= ~EVENT_BIT(f);
			assert_refused(e, ST_INVALID, (event_field) f);
		}
	}
}

static void
numbers_of_each_kind_are_taken_at_their_bounds_and_not_beyond(void **ctx)
{
	static const struct {
		event_kind kind;
		event_field field;
		size_t offset;
		uint64_t min, max;
	} numbers[] = {
		{ KIND_BUDGET, EVENT_APPROPRIATED, offsetof(struct event, appropriated), 0,
		  MONEY_MAX },
		{ KIND_BUDGET, EVENT_COMMITTED, offsetof(struct event, committed), 0, MONEY_MAX },
		{ KIND_BUDGET, EVENT_OBLIGATED, offsetof(struct event, obligated), 0, MONEY_MAX },
		{ KIND_BUDGET, EVENT_PAID, offsetof(struct event, paid), 0, MONEY_MAX },
		{ KIND_CLOSE, EVENT_QUARTER, offsetof(struct event, quarter), QUARTER_MIN,
		  QUARTER_MAX },
		{ KIND_LEVEL, EVENT_VALUE, offsetof(struct event, value), 0, 1000000000000 },
		{ KIND_LOCK, EVENT_TOTAL, offsetof(struct event, total), 1, PLAN_BYTES_MAX },
		{ KIND_LOCK, EVENT_PARTS, offsetof(struct event, parts), 1, PARTS_MAX },
		{ KIND_PLAN, EVENT_PLAN, offsetof(struct event, plan_version), 1, UINT32_MAX },
		{ KIND_PROGRESS, EVENT_PERCENT, offsetof(struct event, percent), 0, PERCENT_MAX },
	};
	writer w;

	(void) ctx;
	writer_init(&w);
	for (size_t i = 0; i < LENGTH(numbers); i++) {
		struct event e = small(numbers[i].kind), got;
		uint64_t *number = (uint64_t *) (void *) ((char *) &e + numbers[i].offset);
		const uint64_t *read = (const uint64_t *) (const void *) ((char *) &got +
		                                                          numbers[i].offset);

		*number = numbers[i].min;
		assert_int_equal(event_decode(event_encoded(e, &w), &got), HOLD_NONE);
		assert_int_equal(*read, numbers[i].min);
		*number = numbers[i].max;
		assert_int_equal(event_decode(event_encoded(e, &w), &got), HOLD_NONE);
		assert_int_equal(*read, numbers[i].max);
		*number = numbers[i].max + 1;
		assert_refused(e, ST_LIMIT, numbers[i].field);
		if (numbers[i].min > 0) {
			*number = numbers[i].min - 1;
			assert_refused(e, ST_LIMIT, numbers[i].field);
		}
	}
	writer_done(&w);
}

static void
texts_of_each_kind_are_taken_at_their_bound_and_not_beyond(void **ctx)
{
	static const struct {
		event_kind kind;
		event_field field;
		size_t offset, max;
		bool is_code;
	} texts[] = {
		{ KIND_BUDGET, EVENT_PROJECT, offsetof(struct event, project), CODE_BYTES_MAX,
		  true },
		{ KIND_CUT, EVENT_NAME, offsetof(struct event, name), NAME_BYTES_MAX, false },
		{ KIND_PROGRESS, EVENT_COMMITMENT, offsetof(struct event, commitment),
		  CODE_BYTES_MAX, true },
		{ KIND_RETURN, EVENT_WHY, offsetof(struct event, why), NOTE_BYTES_MAX, false },
		{ KIND_THING, EVENT_THING, offsetof(struct event, thing), CODE_BYTES_MAX, true },
		{ KIND_THING, EVENT_INDICATOR, offsetof(struct event, indicator), CODE_BYTES_MAX,
		  true },
	};
	static char letters[NOTE_BYTES_MAX + 1];
	writer w;

	(void) ctx;
	memset(letters, 'x', sizeof(letters));
	writer_init(&w);
	for (size_t i = 0; i < LENGTH(texts); i++) {
		struct event e = small(texts[i].kind), got;
		struct text *text = (struct text *) (void *) ((char *) &e + texts[i].offset);

		*text = (struct text) { letters, texts[i].max };
		assert_int_equal(event_decode(event_encoded(e, &w), &got), HOLD_NONE);
		text->len++;
		assert_refused(e, ST_LIMIT, texts[i].field);
		*text = text_of("not a code");
		if (texts[i].is_code)
			assert_refused(e, ST_INVALID, texts[i].field);
	}
	writer_done(&w);
}

static void
lists_are_taken_at_their_bound_and_not_beyond(void **ctx)
{
	static char codes[2 * DECLARED_MAX][4];
	struct event e = small(KIND_CLOSE), got;
	writer w;

	(void) ctx;
	writer_init(&w);
	e.has |= EVENT_BIT(EVENT_ZERO) | EVENT_BIT(EVENT_NOTHING);
	for (size_t i = 0; i < 2 * DECLARED_MAX; i++) {
		struct codes *list = i % 2 ? &e.zero : &e.nothing;

		snprintf(codes[i], sizeof(codes[i]), "%03zu", i);
		list->list[list->count++] = text_of(codes[i]);
	}
	assert_int_equal(event_decode(event_encoded(e, &w), &got), HOLD_NONE);
	assert_int_equal(got.zero.count, DECLARED_MAX);
	assert_true(text_is(got.zero.list[DECLARED_MAX - 1], "063"));
	assert_int_equal(got.nothing.count, DECLARED_MAX);
	e.zero.list[e.zero.count++] = text_of("x");
	assert_refused(e, ST_LIMIT, EVENT_ZERO);
	e.zero.count--;
	e.nothing.list[e.nothing.count++] = text_of("x");
	assert_refused(e, ST_LIMIT, EVENT_NOTHING);
	e.nothing.count = 0;
	assert_refused(e, ST_INVALID, EVENT_NOTHING);
	e = small(KIND_RETURN);
	e.about.list[e.about.count++] = e.about.list[0];
	assert_refused(e, ST_LIMIT, EVENT_ABOUT);
	e.about.count = 0;
	assert_refused(e, ST_INVALID, EVENT_ABOUT);
	writer_done(&w);
}

static void
a_progress_is_of_one_item_and_says_something(void **ctx)
{
	struct event e = small(KIND_PROGRESS);
	writer w;

	(void) ctx;
	writer_init(&w);
	e.has |= EVENT_BIT(EVENT_RISK);
	e.risk = text_of("RSK-1");
	assert_refused(e, ST_INVALID, EVENT_INITIATIVES);
	e.has &= ~EVENT_BIT(EVENT_COMMITMENT);
	event_encoded(e, &w);
	e.has = (e.has & ~EVENT_BIT(EVENT_RISK)) | EVENT_BIT(EVENT_INITIATIVES);
	e.initiatives = (struct codes) { 1, { text_of("1.1.01") } };
	event_encoded(e, &w);
	e.initiatives = (struct codes) { 2, { text_of("1.1.01"), text_of("1.1.02") } };
	assert_refused(e, ST_INVALID, EVENT_INITIATIVES);
	e = small(KIND_PROGRESS);
	e.has &= ~EVENT_BIT(EVENT_COMMITMENT);
	assert_refused(e, ST_INVALID, EVENT_INITIATIVES);
	e = small(KIND_PROGRESS);
	e.has &= ~EVENT_BIT(EVENT_PERCENT);
	assert_refused(e, ST_INVALID, EVENT_PERCENT);
	e.has |= EVENT_BIT(EVENT_NOTE); /* a text alone will do */
	event_encoded(e, &w);
	writer_done(&w);
}

static void
an_indicator_is_declared_in_one_way(void **ctx)
{
	struct event e = small(KIND_CLOSE);
	writer w;

	(void) ctx;
	writer_init(&w);
	e.has |= EVENT_BIT(EVENT_ZERO) | EVENT_BIT(EVENT_NOTHING);
	e.zero = (struct codes) { 2, { text_of("IND-1"), text_of("IND-3") } };
	e.nothing = (struct codes) { 2, { text_of("IND-2"), text_of("IND-4") } };
	event_encoded(e, &w);
	e.nothing.list[1] = text_of("IND-3");
	assert_refused(e, ST_INVALID, EVENT_NOTHING);
	writer_done(&w);
}

static void
a_part_is_one_of_those_there_are_and_a_cut_has_a_name(void **ctx)
{
	static const event_kind documents[] = { KIND_PLAN, KIND_CUT, KIND_LOCK };
	struct event e;
	writer w;

	(void) ctx;
	writer_init(&w);
	for (size_t i = 0; i < LENGTH(documents); i++) {
		e = small(documents[i]);
		e.part = e.parts = 2;
		event_encoded(e, &w);
		e.part = 3;
		assert_refused(e, ST_INVALID, EVENT_PART);
	}
	e = small(KIND_CUT);
	e.name.len = 0;
	assert_refused(e, ST_INVALID, EVENT_NAME);
	e = small(KIND_THING); /* may be without a name, or have an empty one */
	e.has |= EVENT_BIT(EVENT_NAME);
	e.name.len = 0;
	event_encoded(e, &w);
	writer_done(&w);
}

static void
a_correction_of_any_record_says_why(void **ctx)
{
	writer w;

	(void) ctx;
	writer_init(&w);
	for (int k = KIND_ACTIVITY; k < EVENT_KINDS_; k++) {
		struct event e = small((event_kind) k);

		if (!event_is_record(e.kind))
			continue;
		e.has |= EVENT_BIT(EVENT_FIXES) | EVENT_BIT(EVENT_WHY);
		event_encoded(e, &w);
		e.has &= ~EVENT_BIT(EVENT_WHY);
		assert_refused(e, ST_INVALID, EVENT_WHY);
	}
	writer_done(&w);
}

/* What becomes of it when one word of its bytes is another, as long. */
static hold
decoded_after(struct event e, const char *word, const char *by)
{
	size_t len = strlen(word), at = 0;
	struct event got;
	struct bytes body;
	uint8_t *copy;
	writer w;
	hold h;

	writer_init(&w);
	body = event_encoded(e, &w);
	copy = malloc(body.len);
	assert_non_null(copy);
	memcpy(copy, body.at, body.len);
	while (at + len <= body.len && memcmp(copy + at, word, len) != 0)
		at++;
	assert_true(at + len <= body.len);
	memcpy(copy + at, by, len);
	h = event_decode((struct bytes) { copy, body.len }, &got);
	free(copy);
	writer_done(&w);
	return h;
}

static void
words_are_those_of_the_format_whatever_the_kind(void **ctx)
{
	struct event thing = small(KIND_THING), activity = small(KIND_ACTIVITY),
		     level = small(KIND_LEVEL), got;
	writer w;

	(void) ctx;
	writer_init(&w);
	assert_int_equal(event_decode(event_encoded(thing, &w), &got), HOLD_NONE);
	assert_false(got.out);
	thing.out = true;
	assert_int_equal(event_decode(event_encoded(thing, &w), &got), HOLD_NONE);
	assert_true(got.out);
	writer_done(&w);
	assert_int_equal(decoded_after(thing, "\xa3way\xa3out", "\xa3way\xa3off"), HOLD_MALFORMED);
	activity.status = STATUS_MOVED;
	assert_int_equal(decoded_after(activity, "moved", "drove"), HOLD_MALFORMED);
	level.has |= EVENT_BIT(EVENT_COUNTRY);
	level.country = text_of("ES");
	assert_int_equal(decoded_after(level,
	                               "\xa2"
	                               "ES",
	                               "\xa2"
	                               "MX"),
	                 HOLD_NONE);
	assert_int_equal(decoded_after(level,
	                               "\xa2"
	                               "ES",
	                               "\xa2"
	                               "es"),
	                 HOLD_MALFORMED);
}

/* ---- keys that events have in common ---- */

#define LONGEST "abcdefghijklmnopqrstuvwxyz012345"

static void
assert_keys(struct event e, const char *want_register, const char *want_bond)
{
	char key[REGISTER_KEY_BYTES], bond[REGISTER_KEY_BYTES];

	assert_int_equal(event_register(&e, key), *want_register != '\0');
	assert_string_equal(key, want_register);
	assert_int_equal(event_bond(&e, bond), *want_bond != '\0');
	assert_string_equal(bond, want_bond);
}

/* Written in full, so that one cut off is seen. */
static void
registers_and_bonds_have_room_for_the_longest_codes(void **ctx)
{
	struct event level = small(KIND_LEVEL), progress = small(KIND_PROGRESS),
		     budget = small(KIND_BUDGET), close = small(KIND_CLOSE),
		     thing = small(KIND_THING);

	(void) ctx;
	level.unit = progress.unit = close.unit = text_of(LONGEST);
	level.indicator = thing.indicator = thing.thing = text_of(LONGEST);
	progress.commitment = budget.project = text_of(LONGEST);
	assert_keys(level, "level/" LONGEST "/" LONGEST "/8103",
	            "level/" LONGEST "/" LONGEST "/8103");
	assert_keys(budget, "budget/" LONGEST "/8103", "budget/" LONGEST "/8103");
	assert_keys(close, "close/" LONGEST "/8103", "close/" LONGEST "/8103");
	assert_keys(thing, "", "thing/" LONGEST "/" LONGEST);
	assert_keys(progress, "progress/" LONGEST "/c/" LONGEST "/8103",
	            "progress/" LONGEST "/c/" LONGEST "/8103");
	progress.has = (progress.has & ~EVENT_BIT(EVENT_COMMITMENT)) | EVENT_BIT(EVENT_RISK);
	progress.risk = text_of("R");
	assert_keys(progress, "progress/" LONGEST "/r/R/8103", "progress/" LONGEST "/r/R/8103");
	progress.has = (progress.has & ~EVENT_BIT(EVENT_RISK)) | EVENT_BIT(EVENT_INITIATIVES);
	progress.initiatives = (struct codes) { 1, { text_of("I") } };
	assert_keys(progress, "progress/" LONGEST "/i/I/8103", "progress/" LONGEST "/i/I/8103");
	assert_keys(small(KIND_ACTIVITY), "", "");
	assert_keys(small(KIND_VOID), "", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_decoded_as_what_it_was),
		cmocka_unit_test(what_a_kind_cannot_do_without_is_asked_for),
		cmocka_unit_test(numbers_of_each_kind_are_taken_at_their_bounds_and_not_beyond),
		cmocka_unit_test(texts_of_each_kind_are_taken_at_their_bound_and_not_beyond),
		cmocka_unit_test(lists_are_taken_at_their_bound_and_not_beyond),
		cmocka_unit_test(a_progress_is_of_one_item_and_says_something),
		cmocka_unit_test(an_indicator_is_declared_in_one_way),
		cmocka_unit_test(a_part_is_one_of_those_there_are_and_a_cut_has_a_name),
		cmocka_unit_test(a_correction_of_any_record_says_why),
		cmocka_unit_test(words_are_those_of_the_format_whatever_the_kind),
		cmocka_unit_test(registers_and_bonds_have_room_for_the_longest_codes),
	};

	return cmocka_run_group_tests_name("event_kinds", tests, NULL, NULL);
}
