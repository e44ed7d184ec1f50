#include "tests/support/check.h"

#include <string.h>

#include "agent/entry_event.h"
#include "tests/support/entry_fixture.h"

/* A right entry of each kind, to be spoilt. */
static struct entry
right(event_kind kind)
{
	struct entry e = { .unit = "con-houston", .by = "ana" };

	if (kind == KIND_THING) {
		e.indicator = "IND-2";
		e.thing = "emb-new";
		e.way = "in";
		e.date = "2025-03-01";
	} else {
		e.quarter = "2025-Q3";
	}
	if (kind == KIND_PROGRESS) {
		e.commitment = "COM-1";
		e.percent = "62,5";
	}
	if (kind == KIND_BUDGET) {
		e.project = "202300000000088";
		e.appropriated = "4.000";
		e.committed = "3000";
		e.obligated = "2000";
		e.paid = "0";
	}
	return e;
}

static void
refused(struct entry_fixture *fx, const struct entry *e, event_kind kind, const char *field,
        const char *said)
{
	assert_status(entry_build_as(fx, e, kind, NULL), ST_INVALID);
	assert_entry_problem(fx, field, NULL, said);
	assert_false(fx->problems.list[0].is_warning);
}

static void
each_kind_keeps_what_it_says(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct entry e = right(KIND_THING);
	struct event got;

	e.name = "Embajada";
	assert_status(entry_build_as(fx, &e, KIND_THING, NULL), ST_OK);
	got = entry_built(fx);
	assert_true(!got.out && text_is(got.thing, "emb-new") && text_is(got.name, "Embajada"));

	e = right(KIND_PROGRESS);
	e.note = "va bien";
	assert_status(entry_build_as(fx, &e, KIND_PROGRESS, NULL), ST_OK);
	got = entry_built(fx);
	assert_int_equal(got.percent, 6250);
	assert_true(text_is(got.commitment, "COM-1") && text_is(got.note, "va bien"));

	e = right(KIND_BUDGET);
	assert_status(entry_build_as(fx, &e, KIND_BUDGET, NULL), ST_OK);
	assert_int_equal(fx->problems.count, 0);
	got = entry_built(fx);
	assert_int_equal(got.appropriated, 4000);
	assert_int_equal(got.paid, 0);

	e = right(KIND_CLOSE);
	e.zero[0] = "IND-5";
	e.zero[1] = e.zero[2] = "IND-3"; /* named twice is named */
	e.zero_count = 3;
	assert_status(entry_build_as(fx, &e, KIND_CLOSE, NULL), ST_OK);
	got = entry_built(fx);
	assert_int_equal(got.zero.count, 2);
	assert_true(text_is(got.zero.list[0], "IND-3"));
}

static void
an_event_becomes_the_entry_it_was_made_of(void **ctx)
{
	static const event_kind kinds[] = { KIND_THING, KIND_PROGRESS, KIND_BUDGET, KIND_CLOSE };
	struct entry_fixture *fx = *ctx;

	for (size_t i = 0; i < LENGTH(kinds); i++) {
		uint8_t first[EVENT_BYTES_MAX];
		struct entry e = right(kinds[i]), back;
		struct entry_texts *texts;
		struct event was;
		size_t len;

		e.note = "n";
		e.nothing[0] = "IND-4";
		e.nothing_count = kinds[i] == KIND_CLOSE;
		assert_status(entry_build_as(fx, &e, kinds[i], NULL), ST_OK);
		len = writer_bytes(&fx->w).len;
		memcpy(first, writer_bytes(&fx->w).at, len);
		assert_int_equal(event_decode((struct bytes) { first, len }, &was), HOLD_NONE);
		texts = entry_of_event(&was, &back);
		assert_non_null(texts);
		back.by = "ana";
		assert_status(entry_build_as(fx, &back, kinds[i], NULL), ST_OK);
		assert_int_equal(writer_bytes(&fx->w).len, len);
		assert_memory_equal(writer_bytes(&fx->w).at, first, len);
		entry_texts_free(&texts);
	}
}

static void
what_another_kind_has_is_refused_by_the_name_of_this_one(void **ctx)
{
	static const struct {
		event_kind kind;
		const char *said;
	} cases[] = {
		{ KIND_THING, "a thing has none" },
		{ KIND_PROGRESS, "progress has none" },
		{ KIND_BUDGET, "a budget has none" },
		{ KIND_CLOSE, "the end of a quarter has none" },
	};
	struct entry_fixture *fx = *ctx;
	struct entry e;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		e = right(cases[i].kind);
		e.mode = "sabado-consular";
		refused(fx, &e, cases[i].kind, "mode", cases[i].said);
		e = right(cases[i].kind);
		e.counts[0] = (struct entry_pair) { "attended", "1" };
		e.count_count = 1;
		refused(fx, &e, cases[i].kind, "count", cases[i].said);
		e = right(cases[i].kind);
		e.level = "1";
		refused(fx, &e, cases[i].kind, "level", cases[i].said);
	}
	e = right(KIND_PROGRESS);
	e.zero[0] = "IND-1";
	e.zero_count = 1;
	refused(fx, &e, KIND_PROGRESS, "zero", "progress has none");
}

static void
progress_is_of_one_item_and_says_something(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct entry e = right(KIND_PROGRESS);

	e.initiatives[0] = "1.1.01";
	e.initiative_count = 1;
	refused(fx, &e, KIND_PROGRESS, "initiative", "one initiative, one commitment or one risk");
	e.commitment = NULL;
	assert_status(entry_build_as(fx, &e, KIND_PROGRESS, NULL), ST_OK);
	e.initiative_count = 0;
	refused(fx, &e, KIND_PROGRESS, "initiative", "one initiative, one commitment or one risk");

	e = right(KIND_PROGRESS);
	e.percent = NULL;
	refused(fx, &e, KIND_PROGRESS, "percent", "a percentage, a text, or both");
	e.note = "empieza";
	assert_status(entry_build_as(fx, &e, KIND_PROGRESS, NULL), ST_OK);
	e.commitment = "COM1";
	refused(fx, &e, KIND_PROGRESS, "commitment", "did you mean COM-1?");
	assert_true(fx->problems.list[0].by_plan);
	e.commitment = NULL;
	e.risk = "R-1";
	refused(fx, &e, KIND_PROGRESS, "risk", "none of that kind at all");
}

static void
a_budget_that_does_not_add_up_is_only_warned_about(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct entry e = right(KIND_BUDGET);

	e.obligated = "3001";
	assert_status(entry_build_as(fx, &e, KIND_BUDGET, NULL), ST_OK);
	assert_entry_problem(fx, "project", "202300000000088", "more is obligated than committed");
	assert_true(fx->problems.list[0].is_warning);
	e = right(KIND_BUDGET);
	e.paid = NULL;
	refused(fx, &e, KIND_BUDGET, "paid", "all four amounts must be given");
	e.paid = "-5";
	refused(fx, &e, KIND_BUDGET, "paid", "not below 0");
	e = right(KIND_BUDGET);
	e.project = "20230000000008";
	refused(fx, &e, KIND_BUDGET, "project", "did you mean 2023000000000");
}

static void
a_thing_that_goes_out_is_asked_about_unless_it_came_in(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct entry e = right(KIND_THING);

	e.way = "out";
	assert_status(entry_build_as(fx, &e, KIND_THING, NULL), ST_OK);
	assert_int_equal(fx->problems.count, 1);
	assert_true(fx->problems.list[0].is_warning);
	fx->came_in = "thing/IND-2/emb-new";
	assert_status(entry_build_as(fx, &e, KIND_THING, NULL), ST_OK);
	assert_int_equal(fx->problems.count, 0);
	e.thing = "emb-argel"; /* the plan begins with it */
	assert_status(entry_build_as(fx, &e, KIND_THING, NULL), ST_OK);
	assert_int_equal(fx->problems.count, 0);
	e.thing = "emb-argell";
	assert_status(entry_build_as(fx, &e, KIND_THING, NULL), ST_OK);
	assert_entry_problem(fx, "thing", "emb-argell", "did you mean emb-argel?");
	e = right(KIND_THING);
	e.indicator = "IND-1";
	refused(fx, &e, KIND_THING, "indicator", "no things are told for this indicator");
	e = right(KIND_THING);
	e.date = "2022-12-31";
	refused(fx, &e, KIND_THING, "date", "outside the period of the plan");
}

static void
a_quarter_is_closed_from_the_day_behind_it(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct entry e = right(KIND_CLOSE);

	assert_status(date_parse("2025-09-30", 10, &fx->today), ST_OK);
	refused(fx, &e, KIND_CLOSE, "quarter", "it can be closed from 2025-10-01 on");
	assert_true(fx->problems.list[0].by_clock);
	fx->force = true;
	assert_status(entry_build_as(fx, &e, KIND_CLOSE, NULL), ST_OK);
	fx->force = false;
	fx->today++;
	assert_status(entry_build_as(fx, &e, KIND_CLOSE, NULL), ST_OK);
	e.zero[0] = e.nothing[0] = "IND-3";
	e.zero_count = e.nothing_count = 1;
	refused(fx, &e, KIND_CLOSE, "nothing-to-do", "not both");
	e = right(KIND_CLOSE);
	e.zero[0] = "IND3";
	e.zero_count = 1;
	refused(fx, &e, KIND_CLOSE, "zero", "did you mean IND-3?");
	e.zero_count = DECLARED_MAX + 1;
	refused(fx, &e, KIND_CLOSE, "zero", "too many: at most 32");
}

static void
a_locked_quarter_asks_for_a_reason(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct entry e = right(KIND_BUDGET), day = right(KIND_THING);

	fx->locked[0] = quarter_of(fx->today) - 1; /* 2025-Q3 */
	fx->locked[1] = quarter_of(fx->today) - 3;
	fx->locked_count = 2;
	refused(fx, &e, KIND_BUDGET, "why", "the office has locked 2025-Q3");
	refused(fx, &day, KIND_THING, "why", "the office has locked 2025-Q1");
	assert_true(fx->problems.list[0].by_plan);
	e.why = "the books came late";
	assert_status(entry_build_as(fx, &e, KIND_BUDGET, NULL), ST_OK);
	assert_true(text_is(entry_built(fx).why, "the books came late"));
	e.why = NULL;
	e.quarter = "2025-Q2";
	assert_status(entry_build_as(fx, &e, KIND_BUDGET, NULL), ST_OK);
	e.quarter = "2025-Q3";
	fx->force = true;
	assert_status(entry_build_as(fx, &e, KIND_BUDGET, NULL), ST_OK);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, entry_fixture_setup, entry_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_kind_keeps_what_it_says),
		TEST(an_event_becomes_the_entry_it_was_made_of),
		TEST(what_another_kind_has_is_refused_by_the_name_of_this_one),
		TEST(progress_is_of_one_item_and_says_something),
		TEST(a_budget_that_does_not_add_up_is_only_warned_about),
		TEST(a_thing_that_goes_out_is_asked_about_unless_it_came_in),
		TEST(a_quarter_is_closed_from_the_day_behind_it),
		TEST(a_locked_quarter_asks_for_a_reason),
	};

	return cmocka_run_group_tests_name("entry_kinds", tests, NULL, NULL);
}
