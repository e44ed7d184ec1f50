#include "tests/support/check.h"

#include "common/event_json.h"
#include "common/event_text.h"

#define HAS(field) EVENT_BIT(EVENT_##field)

static void
assert_says(const struct event *e, const char *want)
{
	char text[EVENT_SAYS_BYTES];

	event_says(e, text);
	assert_string_equal(text, want);
}

static void
each_kind_says_what_it_is_about(void **ctx)
{
	(void) ctx;
	assert_says(&(struct event) { .kind = KIND_ACTIVITY, .has = HAS(QUANTITY), .quantity = 3 },
	            "3");
	assert_says(&(struct event) { .kind = KIND_LEVEL, .has = HAS(VALUE) }, "0");
	assert_says(&(struct event) { .kind = KIND_THING, .thing = text_of("emb-x"), .out = true },
	            "out emb-x");
	assert_says(&(struct event) { .kind = KIND_PROGRESS, .has = HAS(PERCENT), .percent = 6205 },
	            "62.05 %");
	assert_says(&(struct event) { .kind = KIND_PROGRESS, .has = HAS(NOTE) }, "a text");
	assert_says(&(struct event) { .kind = KIND_BUDGET,
	                              .obligated = 999,
	                              .appropriated = MONEY_MAX },
	            "999/1.000.000.000.000.000");
	assert_says(&(struct event) { .kind = KIND_CLOSE }, "closed");
	assert_says(&(struct event) { .kind = KIND_UNKNOWN }, "");
}

static void
codes_are_whole_or_cut_to_the_room(void **ctx)
{
	struct event e = { .kind = KIND_CLOSE };
	char all[EVENT_CODES_BYTES], few[8];

	(void) ctx;
	for (size_t i = 0; i < DECLARED_MAX; i++)
		e.zero.list[i] = e.nothing.list[i] = text_of("abcdefghijklmnopqrstuvwxyz012345");
	e.zero.count = e.nothing.count = DECLARED_MAX;
	event_codes(&e, all, sizeof(all));
	assert_int_equal(strlen(all), 2 * DECLARED_MAX * (CODE_BYTES_MAX + 1) - 1);
	event_codes(&e, few, sizeof(few));
	assert_string_equal(few, "abcdefg");
}

static void
a_budget_is_doubted_where_more_follows_less(void **ctx)
{
	struct event e = {
		.kind = KIND_BUDGET, .appropriated = 4, .committed = 4, .obligated = 4, .paid = 4
	};
	const char *doubts[EVENT_DOUBTS_MAX];

	(void) ctx;
	assert_int_equal(event_doubts(&e, doubts), 0);
	e.paid = 5;
	assert_int_equal(event_doubts(&e, doubts), 1);
	assert_string_equal(doubts[0], "more is paid than obligated");
	e.appropriated = 3;
	assert_int_equal(event_doubts(&e, doubts), 2);
	e.kind = KIND_LEVEL;
	assert_int_equal(event_doubts(&e, doubts), 0);
}

static void
json_has_percent_with_its_decimals(void **ctx)
{
	static const struct {
		uint64_t percent;
		const char *want;
	} cases[] = {
		{ 0, "0.0" }, { 6250, "62.5" }, { 6255, "62.55" }, { 5, "0.05" }, { 10000, "100.0" }
	};

	(void) ctx;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct event e = { .kind = KIND_PROGRESS,
			           .has = HAS(PERCENT),
			           .percent = cases[i].percent };
		json_t *object = json_object();
		char *text;

		event_json_set(object, &e);
		text = json_dumps(json_object_get(object, "percent"),
		                  JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
		assert_string_equal(text, cases[i].want);
		free(text);
		json_decref(object);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_says_what_it_is_about),
		cmocka_unit_test(codes_are_whole_or_cut_to_the_room),
		cmocka_unit_test(a_budget_is_doubted_where_more_follows_less),
		cmocka_unit_test(json_has_percent_with_its_decimals),
	};

	return cmocka_run_group_tests_name("event_text", tests, NULL, NULL);
}
