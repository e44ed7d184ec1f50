#include "tests/support/check.h"

#include <string.h>

#include "agent/entry_event.h"
#include "tests/support/entry_fixture.h"

static void
least_that_is_needed_is_enough(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct event e;

	assert_status(entry_build_activity(fx, &fx->entry), ST_OK);
	assert_int_equal(fx->problems.count, 0);
	e = entry_built(fx);
	assert_true(text_is(e.unit, "con-houston"));
	assert_true(text_is(e.indicator, "IND-1"));
	assert_true(text_is(e.by, "ana"));
	assert_int_equal(e.quantity, 1);
	assert_int_equal(e.status, STATUS_DONE);
	assert_int_equal(e.at_ms, 1000);
	assert_int_equal(e.has,
	                 EVENT_BIT(EVENT_AT) | EVENT_BIT(EVENT_BY) | EVENT_BIT(EVENT_DATE) |
	                         EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_KIND) |
	                         EVENT_BIT(EVENT_QUANTITY) | EVENT_BIT(EVENT_UNIT) |
	                         EVENT_BIT(EVENT_V));
}

static struct entry
full_entry(void)
{
	return (struct entry) {
		.unit = "con-miami",
		.indicator = "IND-1",
		.date = "2025-11-14",
		.until = "2025-11-16",
		.quantity = "9999",
		.mode = "consulado-movil",
		.place = "Orlando, Florida",
		.country = "us",
		.status = "planned",
		.note = "ñandú",
		.by = "ana",
		.initiatives = { "2.3.02", "2.1.05", "2.3.02" },
		.initiative_count = 3,
		.counts = { { "procedures", "41" }, { "attended", "0" } },
		.count_count = 2,
		.groups = { { "ACT-8", "9999999" }, { "ACT-1", "1" } },
		.group_count = 2,
		.evidences = { { .name = "acta.pdf", .size_bytes = 77, .hash = { 1, 2 } } },
		.evidence_count = 1,
	};
}

static void
everything_that_can_be_said_is_kept(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct entry full = full_entry();
	struct event e;

	fx->today = 0;
	assert_status(entry_build_activity(fx, &full), ST_OK);
	assert_int_equal(fx->problems.count, 0);
	e = entry_built(fx);
	assert_int_equal(e.until - e.date, 2);
	assert_int_equal(e.quantity, 9999);
	assert_int_equal(e.status, STATUS_PLANNED);
	assert_true(text_is(e.country, "US"));
	assert_true(text_is(e.note, "ñandú"));
	assert_int_equal(e.initiatives.count, 2); /* ascending, named twice is named */
	assert_true(text_is(e.initiatives.list[0], "2.1.05"));
	assert_true(text_is(e.initiatives.list[1], "2.3.02"));
	assert_true(text_is(e.counts.list[0].name, "attended"));
	assert_int_equal(e.counts.list[1].value, 41);
	assert_true(text_is(e.groups.list[0].name, "ACT-1"));
	assert_int_equal(e.groups.list[1].value, 9999999);
	assert_int_equal(e.evidences.list[0].size_bytes, 77);
	assert_int_equal(e.evidences.list[0].hash[1], 2);
}

static void
entry_of_an_event_builds_the_same_event(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct entry full = full_entry(), again;
	static uint8_t body[EVENT_BYTES_MAX];
	struct entry_texts *texts;
	struct event first, second;
	struct bytes b;

	assert_status(entry_build_activity(fx, &full), ST_OK);
	b = writer_bytes(&fx->w);
	memcpy(body, b.at, b.len);
	assert_int_equal(event_decode((struct bytes) { body, b.len }, &first), HOLD_NONE);
	texts = entry_of_event(&first, &again);
	assert_non_null(texts);
	assert_null(again.by);
	assert_status(entry_build_activity(fx, &again), ST_OK);
	second = entry_built(fx);
	assert_true(entry_events_agree(&first, &second));
	again.note = "another";
	assert_status(entry_build_activity(fx, &again), ST_OK);
	second = entry_built(fx);
	assert_false(entry_events_agree(&first, &second));
	entry_texts_free(&texts);
	assert_null(texts);
}

static void
wrong_fields_are_told(void **ctx)
{
	static const struct {
		size_t member;
		const char *field, *value, *said;
	} cases[] = {
#define CASE(member, value, said) { offsetof(struct entry, member), #member, value, said }
		CASE(unit, "con-huston", "did you mean con-houston?"),
		CASE(unit, "con-paris", "reports for con-houston, con-miami only"),
		CASE(unit, "Consulado en París", "reports for con-houston, con-miami only"),
		CASE(unit, "", "which unit"),
		CASE(indicator, "IND1", "did you mean IND-1?"),
		CASE(indicator, "IND-2", "activities do not count"),
		CASE(indicator, "", "an indicator, or initiatives"),
		CASE(indicator, "zzzzzz", "it has IND-1"),
		CASE(mode, "Sábado consular", "did you mean sabado-consular?"),
		CASE(date, "", "must be given"),
		CASE(date, "2025-02-29", "no such day"),
		CASE(date, "2025-13-01", "no such day"),
		CASE(date, "14/11/2025", "2025-11-14"),
		CASE(date, "14-11-2025", "2025-11-14"),
		CASE(date, "tomorrow", "YYYY-MM-DD"),
		CASE(date, "2025-11-15x", "YYYY-MM-DD"),
		CASE(date, "2022-12-31", "outside the period of the plan, 2023-01-01 … 2026-12-31"),
		CASE(date, "2027-01-01", "outside the period of the plan"),
		CASE(until, "2025-11-14", "before the first, 2025-11-15"),
		CASE(until, "2025-11-31", "no such day"),
		CASE(quantity, "0", "from 1 to 9999"),
		CASE(quantity, "10000", "from 1 to 9999"),
		CASE(quantity, "-1", "from 1 to 9999"),
		CASE(quantity, "1.5", "from 1 to 9999"),
		CASE(quantity, "99999999999999999999", "from 1 to 9999"),
		CASE(country, "USA", "two letters"),
		CASE(country, "U", "two letters"),
		CASE(country, "ñ", "two letters"),
		CASE(status, "plannd", "did you mean planned?"),
		CASE(status, "hecho", "one of done, planned"),
		CASE(place, "\xff", "not UTF-8"),
#undef CASE
	};
	struct entry_fixture *fx = *ctx;

	fx->today = DATE_MAX;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct entry e = fx->entry;

		memcpy((char *) &e + cases[i].member, &cases[i].value, sizeof(cases[i].value));
		assert_status(entry_build_activity(fx, &e), ST_INVALID);
		assert_entry_problem(fx, cases[i].field, NULL, cases[i].said);
	}
}

static void
wrong_list_entries_are_told(void **ctx)
{
	static const struct {
		const char *name, *value, *said;
	} cases[] = {
		{ "atended", "1", "did you mean attended?" },
		{ "attended", "10000000", "from 0 to 9999999" },
		{ "attended", "-1", "from 0 to 9999999" },
		{ "attended", "", "from 0 to 9999999" },
		{ "attended", NULL, "from 0 to 9999999" },
		{ "", "1", "no such count" },
	};
	struct entry_fixture *fx = *ctx;
	struct entry e = fx->entry;

	e.count_count = 1;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		e.counts[0] = (struct entry_pair) { cases[i].name, cases[i].value };
		entry_refused(fx, &e, "count", NULL, cases[i].said);
	}
	e.counts[0] = e.counts[1] = (struct entry_pair) { "attended", "1" };
	e.count_count = 2;
	entry_refused(fx, &e, "count", "attended=1", "given twice");
	e.count_count = 0;
	e.groups[0] = (struct entry_pair) { "ACT1", "1" };
	e.group_count = 1;
	entry_refused(fx, &e, "group", "ACT1", "did you mean ACT-1?");
	e.group_count = 0;
	e.initiatives[0] = "2.1.5";
	e.initiative_count = 1;
	entry_refused(fx, &e, "initiative", "2.1.5", "did you mean 2.1.05?");
}

static void
limits_hold_at_the_bound_and_not_beyond(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct entry e = fx->entry;
	static char note[NOTE_BYTES_MAX + 2], place[PLACE_BYTES_MAX + 2];
	static char codes[INITIATIVES_MAX + 1][16];

	memset(note, 'n', NOTE_BYTES_MAX);
	memset(place, 'p', PLACE_BYTES_MAX);
	e.note = note;
	e.place = place;
	for (size_t i = 0; i <= INITIATIVES_MAX; i++) {
		snprintf(codes[i], sizeof(codes[i]), "1.1.%02zu", i + 1);
		e.initiatives[i] = codes[i];
	}
	e.initiative_count = INITIATIVES_MAX;
	assert_status(entry_build_activity(fx, &e), ST_OK);
	e.initiative_count++;
	entry_refused(fx, &e, "initiative", "", "at most 8");
	e.initiative_count = 0;
	note[NOTE_BYTES_MAX] = 'n';
	entry_refused(fx, &e, "note", "", "at most 4000 bytes");
	note[0] = '\0';
	place[PLACE_BYTES_MAX] = 'p';
	entry_refused(fx, &e, "place", "", "at most 200 bytes");
}

static void
all_faults_are_told_at_once(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct entry e = { .unit = "x",
		           .indicator = "y",
		           .date = "z",
		           .quantity = "0",
		           .mode = "m",
		           .country = "c",
		           .status = "s" };

	assert_status(entry_build_activity(fx, &e), ST_INVALID);
	assert_int_equal(fx->problems.count, 7);
	assert_int_equal(fx->problems.errors, 7);
}

static void
too_many_faults_are_counted(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct entry e = fx->entry;

	for (size_t i = 0; i < ENTRY_PAIRS_MAX; i++)
		e.counts[e.count_count++] = (struct entry_pair) { "attended", "x" };
	assert_status(entry_build_activity(fx, &e), ST_INVALID);
	assert_int_equal(fx->problems.count, ENTRY_PAIRS_MAX);
}

static void
force_records_what_only_the_plan_refuses(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct entry e = fx->entry;

	fx->force = true;
	e.unit = "con-paris";
	e.indicator = "IND-99";
	e.date = "2031-01-01";
	assert_status(entry_build_activity(fx, &e), ST_OK);
	assert_int_equal(fx->problems.errors, 0);
	assert_true(fx->problems.count >= 3);
	assert_true(fx->problems.list[0].by_plan && fx->problems.list[0].is_warning);
	assert_true(text_is(entry_built(fx).unit, "con-paris"));
	e.quantity = "0";
	assert_status(entry_build_activity(fx, &e), ST_INVALID);
	assert_int_equal(fx->problems.errors, 1);
}

static void
what_other_units_report_is_told_and_can_be_forced(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct entry e = fx->entry;

	e.initiatives[e.initiative_count++] = "2.1.05";
	entry_fixture_edit_plan(fx, "/reporting", "[{'code': 'IND-1', 'units': ['con-miami']}]");
	entry_refused(fx, &e, "indicator", "IND-1",
	              "only other units report this, not con-houston");
	fx->force = true;
	assert_status(entry_build_activity(fx, &e), ST_OK);
	assert_entry_problem(fx, "indicator", "IND-1", "only other units report this");
	assert_true(fx->problems.list[0].is_warning);
	fx->force = false;
	e.unit = "con-miami";
	assert_status(entry_build_activity(fx, &e), ST_OK);
	assert_int_equal(fx->problems.count, 0);

	entry_fixture_edit_plan(
		fx, "/reporting",
		"[{'code': '2.1.05', 'kinds': ['area'], 'units': ['con-houston']}]");
	entry_refused(fx, &e, "initiative", "2.1.05",
	              "only other units report this, not con-miami");
	e.unit = "con-houston";
	assert_status(entry_build_activity(fx, &e), ST_OK);
}

static void
a_level_that_other_units_report_is_told(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	const struct entry level = {
		.unit = "con-houston",
		.indicator = "IND-4",
		.quarter = "2025-Q1",
		.level = "3",
		.by = "ana",
	};

	entry_fixture_edit_plan(fx, "/indicators/3/by", "'level'");
	assert_status(entry_build_as(fx, &level, KIND_LEVEL, NULL), ST_OK);
	entry_fixture_edit_plan(fx, "/reporting", "[{'code': 'IND-4', 'kinds': ['area']}]");
	assert_status(entry_build_as(fx, &level, KIND_LEVEL, NULL), ST_INVALID);
	assert_int_equal(fx->problems.errors, 2); /* IND-4 is fed by things again, too */
	assert_string_equal(fx->problems.list[1].field, "indicator");
	assert_non_null(strstr(fx->problems.list[1].rule, "only other units"));
}

static void
without_a_plan_only_form_is_checked(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	plan_table *table = fx->table;
	struct entry e = fx->entry;

	fx->table = NULL;
	e.indicator = "IND-99";
	e.date = "2031-01-01";
	e.mode = "new-mode";
	fx->today = DATE_MAX;
	assert_status(entry_build_activity(fx, &e), ST_OK);
	assert_int_equal(fx->problems.count, 0);
	e.mode = "a mode";
	entry_refused(fx, &e, "mode", "a mode", "not a code");
	fx->table = table;
}

static void
unit_that_is_not_given_is_the_only_one(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct entry e = fx->entry;

	e.unit = NULL;
	entry_refused(fx, &e, "unit", "", "con-houston, con-miami");
	fx->units.count = 1;
	assert_status(entry_build_activity(fx, &e), ST_OK);
	assert_true(text_is(entry_built(fx).unit, "con-houston"));
}

static void
odd_days_are_only_warned_about(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct entry e = fx->entry;

	e.mode = "sabado-consular"; /* the 15th is a Saturday */
	assert_status(entry_build_activity(fx, &e), ST_OK);
	assert_int_equal(fx->problems.count, 0);
	e.date = "2025-11-11";
	assert_status(entry_build_activity(fx, &e), ST_OK);
	assert_entry_problem(fx, "date", "2025-11-11", "not a Saturday");
	assert_true(fx->problems.list[0].is_warning);
	e.mode = NULL;
	e.status = "planned";
	assert_status(entry_build_activity(fx, &e), ST_OK);
	assert_entry_problem(fx, "date", "2025-11-11", "past");
	e.status = "done";
	e.date = "2026-01-01";
	assert_status(entry_build_activity(fx, &e), ST_OK);
	assert_entry_problem(fx, "date", "2026-01-01", "still to come");
}

static void
correction_needs_a_reason(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct fix fix = { .seq = 4, .hash = (const uint8_t *) "0123456789abcdef" };
	struct event e;

	assert_status(entry_build_as(fx, &fx->entry, KIND_ACTIVITY, &fix), ST_INVALID);
	assert_entry_problem(fx, "why", "", "reason");
	fx->entry.why = "miscounted";
	assert_status(entry_build_as(fx, &fx->entry, KIND_ACTIVITY, &fix), ST_OK);
	e = entry_built(fx);
	assert_int_equal(e.fixes.count, 1);
	assert_int_equal(e.fixes.list[0].seq, 4);
	assert_memory_equal(e.fixes.list[0].hash, fix.hash, HASH_PREFIX_BYTES);
	assert_true(text_is(e.why, "miscounted"));
}

static void
void_says_only_who_what_and_why(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct fix fix = { .seq = 4, .hash = (const uint8_t *) "0123456789abcdef" };
	struct event e;

	fx->entry.why = "never happened";
	assert_status(entry_build_as(fx, &fx->entry, KIND_VOID, &fix), ST_OK);
	e = entry_built(fx);
	assert_int_equal(e.kind, KIND_VOID);
	assert_int_equal(e.has,
	                 EVENT_BIT(EVENT_AT) | EVENT_BIT(EVENT_BY) | EVENT_BIT(EVENT_FIXES) |
	                         EVENT_BIT(EVENT_KIND) | EVENT_BIT(EVENT_UNIT) |
	                         EVENT_BIT(EVENT_V) | EVENT_BIT(EVENT_WHY));
}

static void
hostile_text_is_shown_safely(void **ctx)
{
	struct entry_fixture *fx = *ctx;
	struct entry e = fx->entry;

	e.date = "\033[2J\xff";
	entry_refused(fx, &e, "date", "\\x1b[2J\\xff", "YYYY-MM-DD");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, entry_fixture_setup, entry_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(least_that_is_needed_is_enough),
		TEST(everything_that_can_be_said_is_kept),
		TEST(entry_of_an_event_builds_the_same_event),
		TEST(wrong_fields_are_told),
		TEST(wrong_list_entries_are_told),
		TEST(limits_hold_at_the_bound_and_not_beyond),
		TEST(all_faults_are_told_at_once),
		TEST(too_many_faults_are_counted),
		TEST(force_records_what_only_the_plan_refuses),
		TEST(what_other_units_report_is_told_and_can_be_forced),
		TEST(a_level_that_other_units_report_is_told),
		TEST(without_a_plan_only_form_is_checked),
		TEST(unit_that_is_not_given_is_the_only_one),
		TEST(odd_days_are_only_warned_about),
		TEST(correction_needs_a_reason),
		TEST(void_says_only_who_what_and_why),
		TEST(hostile_text_is_shown_safely),
	};

	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
