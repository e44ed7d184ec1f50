#include "tests/support/check.h"

#include <string.h>

#include "protocol/event.h"
#include "tests/support/event_check.h"

/* An activity with every field that one may have. */
static struct event
full_activity(void)
{
	static const uint8_t random[RANDOM_BYTES] = "12345678", hash[HASH_BYTES] = "evidence";
	static const uint8_t prefix[HASH_PREFIX_BYTES] = "prefix", feed[FEED_BYTES] = "other feed";
	struct event e = {
		.kind = KIND_ACTIVITY,
		.at_ms = -5,
		.by = text_of("Ana Núñez"),
		.country = text_of("ES"),
		.date = 20406,
		.until = 20407,
		.indicator = text_of("IND-1"),
		.initiatives = { 2, { text_of("2.1.05"), text_of("2.3.02") } },
		.mode = text_of("consulado-movil"),
		.note = text_of("línea 1\nlínea 2"),
		.place = text_of("A Coruña"),
		.quantity = 3,
		.random = random,
		.status = STATUS_PLANNED,
		.unit = text_of("con-madrid"),
		.why = text_of("mistyped"),
		.counts = { 2, { { text_of("attended"), 180 }, { text_of("procedures"), 0 } } },
		.groups = { 1, { { text_of("ACT-1"), 12 } } },
		.evidences = { 1, { { text_of("lista.pdf"), 1u << 20, hash } } },
		.fixes = { 2, { { 7, prefix, NULL }, { 9, prefix, feed } } },
	};

	e.has = EVENT_BIT(EVENT_BY) | EVENT_BIT(EVENT_COUNTRY) | EVENT_BIT(EVENT_DATE) |
		EVENT_BIT(EVENT_UNTIL) | EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_INITIATIVES) |
		EVENT_BIT(EVENT_MODE) | EVENT_BIT(EVENT_NOTE) | EVENT_BIT(EVENT_PLACE) |
		EVENT_BIT(EVENT_QUANTITY) | EVENT_BIT(EVENT_RANDOM) | EVENT_BIT(EVENT_UNIT) |
		EVENT_BIT(EVENT_WHY) | EVENT_BIT(EVENT_COUNTS) | EVENT_BIT(EVENT_GROUPS) |
		EVENT_BIT(EVENT_EVIDENCES) | EVENT_BIT(EVENT_FIXES);
	return e;
}

static struct event
small_activity(void)
{
	return (struct event) {
		.kind = KIND_ACTIVITY,
		.has = EVENT_BIT(EVENT_DATE) | EVENT_BIT(EVENT_INDICATOR) |
			EVENT_BIT(EVENT_QUANTITY) | EVENT_BIT(EVENT_UNIT),
		.date = 20406,
		.indicator = text_of("IND-1"),
		.quantity = 1,
		.unit = text_of("con-madrid"),
	};
}

static void
names_of_counts_may_be_as_long_as_codes(void **ctx)
{
	static const char longest[] = "abcdefghijklmnopqrstuvwxyz012345";
	struct event e = full_activity(), got;
	writer w;

	(void) ctx;
	assert_int_equal(strlen(longest), CODE_BYTES_MAX);
	e.counts.list[0].name = e.groups.list[0].name = text_of(longest);
	writer_init(&w);
	assert_int_equal(event_decode(event_encoded(e, &w), &got), HOLD_NONE);
	assert_true(text_is(got.counts.list[0].name, longest));
	assert_true(text_is(got.groups.list[0].name, longest));
	writer_done(&w);
}

static void
what_is_encoded_is_decoded_alike(void **ctx)
{
	struct event e = full_activity(), got;
	writer w;

	(void) ctx;
	writer_init(&w);
	assert_int_equal(event_decode(event_encoded(e, &w), &got), HOLD_NONE);
	assert_int_equal(got.kind, KIND_ACTIVITY);
	assert_int_equal(got.at_ms, -5);
	assert_true(text_equal(got.by, e.by));
	assert_true(text_equal(got.note, e.note));
	assert_true(text_equal(got.place, e.place));
	assert_true(text_is(got.country, "ES"));
	assert_int_equal(got.date, 20406);
	assert_int_equal(got.until, 20407);
	assert_int_equal(got.quantity, 3);
	assert_int_equal(got.status, STATUS_PLANNED);
	assert_int_equal(got.initiatives.count, 2);
	assert_true(text_is(got.initiatives.list[1], "2.3.02"));
	assert_int_equal(got.counts.count, 2);
	assert_int_equal(got.counts.list[0].value, 180);
	assert_int_equal(got.groups.list[0].value, 12);
	assert_int_equal(got.evidences.list[0].size_bytes, 1u << 20);
	assert_int_equal(got.fixes.count, 2);
	assert_int_equal(got.fixes.list[0].seq, 7);
	assert_null(got.fixes.list[0].feed);
	assert_memory_equal(got.fixes.list[1].feed, "other feed", 10);
	writer_done(&w);
}

static void
keys_of_the_table_ascend(void **ctx)
{
	(void) ctx;
	for (int f = 1; f < EVENT_FIELDS_; f++)
		assert_true(strcmp(event_field_key((event_field) (f - 1)),
		                   event_field_key((event_field) f)) < 0);
}

static void
values_are_taken_at_their_bound_and_not_beyond(void **ctx)
{
	static char text[NOTE_BYTES_MAX + 1];
	struct event e = small_activity();
	writer w;

	(void) ctx;
	memset(text, 'x', sizeof(text));
	writer_init(&w);
	e.has |= EVENT_BIT(EVENT_NOTE) | EVENT_BIT(EVENT_PLACE) | EVENT_BIT(EVENT_BY);
	e.note = (struct text) { text, NOTE_BYTES_MAX };
	e.place = (struct text) { text, PLACE_BYTES_MAX };
	e.by = (struct text) { text, NAME_BYTES_MAX };
	e.quantity = QUANTITY_MAX;
	e.date = DATE_MAX;
	event_encoded(e, &w);
	e.note.len++;
	assert_refused(e, ST_LIMIT, EVENT_NOTE);
	e.note.len--;
	e.place.len++;
	assert_refused(e, ST_LIMIT, EVENT_PLACE);
	e.place.len--;
	e.by.len++;
	assert_refused(e, ST_LIMIT, EVENT_BY);
	e.by.len--;
	e.quantity = QUANTITY_MAX + 1;
	assert_refused(e, ST_LIMIT, EVENT_QUANTITY);
	e.quantity = 0;
	assert_refused(e, ST_LIMIT, EVENT_QUANTITY);
	e.quantity = 1;
	e.date = DATE_MAX + 1;
	assert_refused(e, ST_LIMIT, EVENT_DATE);
	e = full_activity();
	e.fixes.list[1].seq = INT64_MAX;
	event_encoded(e, &w);
	e.fixes.list[1].seq++;
	assert_refused(e, ST_LIMIT, EVENT_FIXES);
	e.fixes.list[1].seq = 0;
	assert_refused(e, ST_LIMIT, EVENT_FIXES);
	writer_done(&w);
}

static void
fields_that_belong_together_are_asked_for(void **ctx)
{
	struct event e = small_activity();

	(void) ctx;
	e.has &= ~EVENT_BIT(EVENT_INDICATOR);
	assert_refused(e, ST_INVALID, EVENT_INDICATOR);
	e = small_activity();
	e.has &= ~EVENT_BIT(EVENT_DATE);
	assert_refused(e, ST_INVALID, EVENT_DATE);
	e = small_activity();
	e.has |= EVENT_BIT(EVENT_UNTIL);
	e.until = e.date - 1;
	assert_refused(e, ST_INVALID, EVENT_UNTIL);
	e = small_activity();
	e.has |= EVENT_BIT(EVENT_COUNTRY);
	e.country = text_of("es");
	assert_refused(e, ST_INVALID, EVENT_COUNTRY);
	e = full_activity();
	e.has &= ~EVENT_BIT(EVENT_WHY);
	assert_refused(e, ST_INVALID, EVENT_WHY);
	e = full_activity();
	e.initiatives.list[1] = text_of("2.1.05");
	assert_refused(e, ST_INVALID, EVENT_INITIATIVES);
	e = small_activity();
	e.unit = text_of("con madrid");
	assert_refused(e, ST_INVALID, EVENT_UNIT);
}

/* A map written by hand: {at, k, v} and what is put between. */
static hold
decoded(const char *kind, uint64_t version, const char *extra_key, struct event *ret)
{
	static writer w;
	hold h;

	writer_init(&w);
	writer_map(&w, extra_key ? 5 : 4);
	if (extra_key) {
		writer_text(&w, text_of(extra_key));
		writer_uint(&w, 1);
	}
	writer_text(&w, text_of("at"));
	writer_uint(&w, 1);
	writer_text(&w, text_of("k"));
	writer_text(&w, text_of(kind));
	writer_text(&w, text_of("u"));
	writer_text(&w, text_of("con-madrid"));
	writer_text(&w, text_of("v"));
	writer_uint(&w, version);
	h = event_decode(writer_bytes(&w), ret);
	if (ret->unit.len > 0)
		assert_true(text_is(ret->unit, "con-madrid"));
	writer_done(&w);
	return h;
}

static void
what_comes_from_a_newer_program_is_held_not_lost(void **ctx)
{
	struct event e;

	(void) ctx;
	assert_int_equal(decoded("newer", 1, NULL, &e), HOLD_KIND);
	assert_int_equal(decoded("activity", 2, NULL, &e), HOLD_VERSION);
	assert_int_equal(decoded("newer", 1, "!must", &e), HOLD_KIND);
	assert_int_equal(decoded("activity", 1, NULL, &e), HOLD_MALFORMED); /* fields missing */
	assert_int_equal(e.has, 0);
	assert_int_equal(e.unit.len, 0);
}

static void
an_unknown_key_is_passed_over_unless_it_says_it_must_not(void **ctx)
{
	struct event e = small_activity(), got;
	struct bytes plain;
	uint8_t with_key[256];
	writer w;

	(void) ctx;
	writer_init(&w);
	plain = event_encoded(e, &w);
	assert_in_range(plain.len, 10, 200);
	with_key[0] = (uint8_t) (plain.at[0] + 1); /* one pair more */
	memcpy(with_key + 1, "\xa4!new\x2a", 6);
	memcpy(with_key + 7, plain.at + 1, plain.len - 1);
	assert_int_equal(event_decode((struct bytes) { with_key, plain.len + 6 }, &got), HOLD_KEY);
	assert_true(text_is(got.unit, "con-madrid"));
	memcpy(with_key + 1, "\xa4+new\x2a", 6);
	assert_int_equal(event_decode((struct bytes) { with_key, plain.len + 6 }, &got), HOLD_NONE);
	writer_done(&w);
}

static void
damaged_bytes_never_pass_nor_crash(void **ctx)
{
	struct event e = full_activity(), got;
	struct bytes body;
	uint8_t *copy;
	writer w;

	(void) ctx;
	writer_init(&w);
	body = event_encoded(e, &w);
	for (size_t len = 0; len < body.len; len++) {
		copy = malloc(len ? len : 1);
		assert_non_null(copy);
		memcpy(copy, body.at, len);
		assert_int_equal(event_decode((struct bytes) { copy, len }, &got), HOLD_MALFORMED);
		free(copy);
	}
	if (body.len == 0)
		fail_msg("nothing is encoded");
	copy = malloc(body.len);
	assert_non_null(copy);
	for (size_t i = 0; i < body.len * 8; i++) {
		memcpy(copy, body.at, body.len);
		copy[i / 8] ^= (uint8_t) (1u << i % 8);
		event_decode((struct bytes) { copy, body.len }, &got);
	}
	free(copy);
	writer_done(&w);
}

static void
an_event_over_its_size_is_held_for_it(void **ctx)
{
	static uint8_t big[EVENT_BYTES_MAX + 1];
	struct event e;

	(void) ctx;
	assert_int_equal(event_decode((struct bytes) { big, sizeof(big) }, &e), HOLD_LIMIT);
}

static void
reasons_have_names_and_texts(void **ctx)
{
	(void) ctx;
	for (int h = HOLD_NONE; h < HOLDS_; h++) {
		assert_int_equal(hold_of_name(text_of(hold_name((hold) h))), h);
		assert_true(strlen(hold_text((hold) h)) > 5);
	}
	assert_int_equal(hold_of_name(text_of("nonsense")), HOLDS_);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_encoded_is_decoded_alike),
		cmocka_unit_test(names_of_counts_may_be_as_long_as_codes),
		cmocka_unit_test(keys_of_the_table_ascend),
		cmocka_unit_test(values_are_taken_at_their_bound_and_not_beyond),
		cmocka_unit_test(fields_that_belong_together_are_asked_for),
		cmocka_unit_test(what_comes_from_a_newer_program_is_held_not_lost),
		cmocka_unit_test(an_unknown_key_is_passed_over_unless_it_says_it_must_not),
		cmocka_unit_test(damaged_bytes_never_pass_nor_crash),
		cmocka_unit_test(an_event_over_its_size_is_held_for_it),
		cmocka_unit_test(reasons_have_names_and_texts),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
