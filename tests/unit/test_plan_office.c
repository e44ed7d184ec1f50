/* What the planning office adds to the plan: targets by quarter and unit, actions,
 * weights, risks, who reports what. */
#include "tests/support/check.h"

#include <string.h>

#include "protocol/plan.h"
#include "tests/support/plan_base.h"

static plan *
parsed(json_t *root)
{
	struct plan_problems problems = { 0 };
	plan *p = NULL;
	status st = plan_base_parse_document(root, &problems, &p);

	if (st < 0)
		fail_msg("%s: %s", problems.count > 0 ? problems.list[0].pointer : "",
		         problems.count > 0 ? problems.list[0].rule : status_text(st));
	assert_int_equal(problems.count, 0);
	plan_problems_done(&problems);
	return p;
}

static int64_t
programmed(const plan *p, const char *unit, int year, int quarter)
{
	int64_t value = -1;
	bool found = plan_programmed(plan_indicator(p, "IND-1", 5), text_of(unit), year, quarter,
	                             &value);

	assert_int_equal(found, value != -1);
	return value;
}

static void
targets_are_found_by_quarter_and_by_unit(void **ctx)
{
	(void) ctx;
	plan *p = parsed(plan_base_whole());

	assert_int_equal(programmed(p, "", 2025, 0), 30);
	assert_int_equal(programmed(p, "", 2025, 1), 5);
	assert_int_equal(programmed(p, "", 2025, 4), 10);
	assert_int_equal(programmed(p, "", 2026, 1), 1);
	assert_int_equal(programmed(p, "", 2026, 2), -1);
	assert_int_equal(programmed(p, "", 2024, 1), -1);
	assert_int_equal(programmed(p, "con-a", 2025, 0), 10);
	assert_int_equal(programmed(p, "con-a", 2025, 3), 0);
	assert_int_equal(programmed(p, "con-a", 2025, 4), 4);
	assert_int_equal(programmed(p, "con-b", 2025, 0), 12);
	assert_int_equal(programmed(p, "con-b", 2025, 1), -1); /* nothing is shared out */
	assert_int_equal(programmed(p, "con-a", 2024, 0), -1);
	assert_int_equal(programmed(p, "con", 2025, 0), -1);
	assert_int_equal(programmed(p, "zzz", 2025, 0), -1);
	plan_free(&p);
}

static void
actions_are_found_by_code_and_by_initiative(void **ctx)
{
	(void) ctx;
	plan *p = parsed(plan_base_whole());
	const struct plan_action *a = plan_action(p, "A-1", 3);
	size_t count;

	assert_string_equal(a->name, "Uno");
	assert_string_equal(a->responsible, "area-x");
	assert_string_equal(a->purchases, "Línea 7");
	assert_string_equal(a->indicator, "IND-1");
	assert_int_equal(a->weight, 2500);
	assert_true(a->has_budget); /* 0 pesos are a budget, none is none */
	assert_int_equal(a->budget, 0);
	assert_true(plan_action(p, "A-2", 3)->budget == PLAN_MONEY_MAX);
	a = plan_action(p, "A-3", 3);
	assert_false(a->has_budget);
	assert_int_equal(a->weight, 0);
	assert_null(a->purchases);
	assert_null(a->indicator);
	assert_null(plan_action(p, "A-9", 3));
	plan_actions(p, &count);
	assert_int_equal(count, 4);

	a = plan_next_action(p, "1.1.01", 2025, NULL);
	assert_string_equal(a->code, "A-1");
	a = plan_next_action(p, "1.1.01", 2025, a);
	assert_string_equal(a->code, "A-2");
	assert_null(plan_next_action(p, "1.1.01", 2025, a));
	assert_string_equal(plan_next_action(p, "1.1.01", 0, a)->code, "A-3");
	assert_null(plan_next_action(p, "1.1", 0, NULL));
	plan_free(&p);
}

static void
weights_and_risks_come_out_as_stated(void **ctx)
{
	(void) ctx;
	plan *p = parsed(plan_base_whole());
	const struct plan_item *risk = plan_item(p, LIST_RISKS, "R-1", 3);
	const struct plan_item *bare = plan_item(p, LIST_RISKS, "R-2", 3);

	assert_int_equal(plan_item(p, LIST_STRATEGIES, "1.1", 3)->weight, 9999);
	assert_int_equal(plan_initiative(p, "1.1.01", 6)->weight, 10000);
	assert_int_equal(plan_initiative(p, "1.1.02", 6)->weight, 0);
	assert_int_equal(risk->risk_kind, RISK_CORRUPTION);
	assert_string_equal(plan_risk_kind_word(risk->risk_kind), "corrupcion");
	assert_int_equal(risk->initiative_count, 2);
	assert_string_equal(risk->initiatives[0], "1.1.01");
	assert_int_equal(risk->control_count, 2);
	assert_string_equal(risk->controls[0], "Primero");
	assert_int_equal(bare->risk_kind, RISK_KIND_NONE);
	assert_null(plan_risk_kind_word(bare->risk_kind));
	assert_int_equal(bare->initiative_count + bare->control_count, 0);
	plan_free(&p);
}

static bool
may(const plan *p, const char *code, const char *unit)
{
	return plan_may_report(p, text_of(code), plan_unit(p, unit, strlen(unit)));
}

static void
who_may_report_is_named_by_unit_or_by_kind(void **ctx)
{
	(void) ctx;
	plan *p = parsed(plan_base_whole());
	size_t count;

	assert_false(may(p, "IND-1", "con-a"));
	assert_true(may(p, "IND-1", "con-b"));
	assert_true(may(p, "IND-1", "area-x"));
	assert_true(may(p, "1.1.01", "con-a"));
	assert_false(may(p, "1.1.01", "con-b")); /* an embassy */
	assert_true(may(p, "1.1.01", "area-x"));
	assert_true(may(p, "1.1.02", "con-a")); /* not named: every unit */
	assert_true(may(p, "IND-2", "con-a"));
	plan_reportings(p, &count);
	assert_int_equal(count, 2);
	plan_free(&p);

	p = parsed(plan_base()); /* as the published plan: nothing of all this */
	assert_true(may(p, "IND-1", "con-a"));
	assert_int_equal(programmed(p, "con-a", 2025, 0), -1);
	assert_null(plan_actions(p, &count));
	assert_int_equal(count, 0);
	assert_int_equal(plan_item(p, LIST_STRATEGIES, "1.1", 3)->weight, 0);
	plan_free(&p);
}

struct wrong {
	const char *at, *json; /* what is put there */
	const char *pointer, *rule, *arg;
};

/* Each alone, one finding each, an error or (want ST_OK) a note. */
static void
assert_each_told(const struct wrong *all, size_t count, status want)
{
	for (size_t i = 0; i < count; i++) {
		struct plan_problems problems = { 0 };
		json_t *root = plan_base_whole();
		plan *p = NULL;

		plan_base_edit_quoted(root, all[i].at, all[i].json);
		if (plan_base_parse_document(root, &problems, &p) != want || problems.count != 1 ||
		    strcmp(problems.list[0].pointer, all[i].pointer) != 0 ||
		    !strstr(problems.list[0].rule, all[i].rule) ||
		    strcmp(problems.list[0].arg, all[i].arg ? all[i].arg : "") != 0) {
			for (size_t k = 0; k < problems.count; k++)
				print_error("told: %s | %s | %s\n", problems.list[k].pointer,
				            problems.list[k].rule, problems.list[k].arg);
			fail_msg("%s: %s: want %s | %s", all[i].at,
			         all[i].json ? all[i].json : "nothing", all[i].pointer,
			         all[i].rule);
		}
		plan_problems_done(&problems);
		plan_free(&p);
	}
}

#define Q "/indicators/0/quarter_targets"
#define U "/indicators/0/unit_targets"

static void
wrong_targets_are_told(void **ctx)
{
	(void) ctx;
	static const struct wrong all[] = {
		{ Q, "[]", Q, "of quarters and numbers", NULL },
		{ Q "/2025", "1", Q "/2025", "must be a quarter", NULL },
		{ Q "/2025-Q5", "1", Q "/2025-Q5", "must be a quarter", NULL },
		{ Q "/2025-q1", "1", Q "/2025-q1", "must be a quarter", NULL },
		{ Q "/2026-Q1", "-1", Q "/2026-Q1", "whole number", "0..1000000000000" },
		{ Q "/2026-Q1", "1000000000001", Q "/2026-Q1", "whole number", "0..1000000000000" },
		{ Q "/2022-Q4", "1", Q "/2022-Q4", "quarter is outside the period",
		  "2023-Q1 … 2026-Q4" },
		{ Q "/2027-Q1", "1", Q "/2027-Q1", "quarter is outside the period",
		  "2023-Q1 … 2026-Q4" },
		{ Q "/2025-Q3", "9", "/indicators/0/targets/2025", "the sum of the targets of its",
		  "31" },
		{ U, "7", U, "of at most %s units", "4096" },
		{ U "/con-a", "7", U "/con-a", "of years or quarters", NULL },
		{ U "/con-a/25", "7", U "/con-a/25", "a year or a quarter", NULL },
		{ U "/con-a/2024", "null", U "/con-a/2024", "whole number", "0..1000000000000" },
		{ U "/con-c", "{}", U "/con-c", "no such unit; the nearest", "con-a" },
		{ U "/con-b/2022", "1", U "/con-b/2022", "year is outside the period",
		  "2023-Q1 … 2026-Q4" },
		{ U "/con-b/2027-Q1", "1", U "/con-b/2027-Q1", "quarter is outside the period",
		  "2023-Q1 … 2026-Q4" },
		{ U "/con-a/2025-Q3", "1", U "/con-a/2025", "the sum of the targets of its", "11" },
	};
	static const struct wrong notes[] = {
		{ U "/con-b/2025", "21", "/indicators/0/targets/2025", "add up to more", "31" },
		{ U "/con-b/2025-Q1", "1", Q "/2025-Q1", "add up to more", "6" },
	};

	assert_each_told(all, LENGTH(all), ST_INVALID);
	assert_each_told(notes, LENGTH(notes), ST_OK);
}

/* Told once, of the whole, not of each unit that there is not. */
static void
an_object_of_too_many_units_is_told(void **ctx)
{
	(void) ctx;
	for (size_t over = 0; over < 2; over++) {
		struct plan_problems problems = { 0 };
		json_t *root = plan_base(), *units = json_object();
		char code[24];
		plan *p = NULL;

		for (size_t i = 0; i < PLAN_LIST_MAX + over; i++) {
			snprintf(code, sizeof(code), "u-%zu", i);
			json_object_set_new(units, code, json_object());
		}
		json_object_set_new(json_array_get(json_object_get(root, "indicators"), 0),
		                    "unit_targets", units);
		assert_status(plan_base_parse_document(root, &problems, &p), ST_INVALID);
		assert_int_equal(problems.errors, over ? 1 : PLAN_LIST_MAX);
		plan_problems_done(&problems);
	}
}

/* At the bound of each rule nothing is told. */
static void
targets_within_the_bounds_pass(void **ctx)
{
	(void) ctx;
	static const struct {
		const char *at, *json;
	} all[] = {
		{ Q "/2023-Q1", "0" },
		{ Q "/2026-Q4", "1000000000000" },
		{ Q "/2025-Q2", NULL },
		{ U "/con-b/2025", "20" },
		{ U "/con-b/2025-Q2", "6" },
		{ U "/con-b", "{}" },
		{ U, "{}" },
		{ Q, "{}" },
		{ U "/con-a/2025-Q1", NULL },
	};

	for (size_t i = 0; i < LENGTH(all); i++) {
		json_t *root = plan_base_whole();
		plan *p;

		plan_base_edit(root, all[i].at, all[i].json);
		p = parsed(root);
		plan_free(&p);
	}
}

/* IND-2 is a level of 2022-01-01 to 2025-12-31 with the target 5 for 2025. */
static void
the_last_quarter_of_a_level_is_its_year(void **ctx)
{
	(void) ctx;
	static const struct wrong all[] = {
		{ "/indicators/1/quarter_targets",
		  "{'2025-Q1': 5, '2025-Q2': 5, '2025-Q3': 9, '2025-Q4': 6}",
		  "/indicators/1/targets/2025", "the target of its last quarter", "6" },
		{ "/indicators/1/unit_targets",
		  "{'con-a': {'2025': 3, '2025-Q1': 1, '2025-Q2': 1, '2025-Q3': 2, '2025-Q4': 2}}",
		  "/indicators/1/unit_targets/con-a/2025", "the target of its last quarter", "2" },
		{ "/indicators/1/quarter_targets", "{'2026-Q1': 5}",
		  "/indicators/1/quarter_targets/2026-Q1", "outside", "2022-Q1 … 2025-Q4" },
	};
	json_t *root = plan_base_whole();
	plan *p;

	assert_each_told(all, LENGTH(all), ST_INVALID);
	/* units of a level may be above the whole without a note */
	plan_base_edit_quoted(root, "/indicators/1/unit_targets", "{'con-a': {'2025': 3000}}");
	plan_base_edit_quoted(root, "/indicators/1/quarter_targets",
	                      "{'2025-Q3': 9, '2025-Q4': 6}");
	p = parsed(root);
	plan_free(&p);
}

/* A period that begins in the middle of a quarter has that quarter, and the year's
 * quarters are those it has. */
static void
quarters_before_the_period_are_not_asked_for(void **ctx)
{
	(void) ctx;
	struct plan_problems problems = { 0 };
	json_t *root = plan_base();
	plan *p = NULL;

	plan_base_edit_quoted(root, "/indicators/0/period",
	                      "{'from': '2024-08-07', 'to': '2026-12-31'}");
	plan_base_edit_quoted(root, "/indicators/0/targets", "{'2024': 20}");
	plan_base_edit_quoted(root, "/indicators/0/quarter_targets",
	                      "{'2024-Q3': 8, '2024-Q4': 12}");
	p = parsed(json_incref(root));
	plan_free(&p);
	plan_base_edit_quoted(root, "/indicators/0/quarter_targets",
	                      "{'2024-Q2': 1, '2024-Q3': 8, '2024-Q4': 9}");
	assert_status(plan_base_parse_document(root, &problems, &p), ST_INVALID);
	assert_int_equal(problems.errors, 2); /* Q2 is outside; 17 are not 20 */
	plan_problems_done(&problems);
}

static void
wrong_actions_are_told(void **ctx)
{
	(void) ctx;
	static const struct wrong all[] = {
		{ "/actions", "{}", "/actions", "list [ ]", "4096" },
		{ "/actions/2/code", "'A-1'", "/actions/2/code", "same code", "/actions/0/code" },
		{ "/actions/2/name", "''", "/actions/2/name", "one line", "1000" },
		{ "/actions/2/initiative", "'1.1.09'", "/actions/2/initiative",
		  "no such initiative; the nearest", "1.1.01" },
		{ "/actions/2/responsible", "'area-z'", "/actions/2/responsible",
		  "no such unit; the nearest", "area-x" },
		{ "/actions/2/responsible", NULL, "/actions/2/responsible", "missing", NULL },
		{ "/actions/2/indicator", "'IND-9'", "/actions/2/indicator",
		  "no such indicator; the nearest", "IND-1" },
		{ "/actions/2/year", "2022", "/actions/2/year", "outside the period", "2023-2026" },
		{ "/actions/2/year", "2027", "/actions/2/year", "outside the period", "2023-2026" },
		{ "/actions/2/year", "'2025'", "/actions/2/year", "whole number", "1900..2199" },
		{ "/actions/2/budget", "-1", "/actions/2/budget", "whole number",
		  "0..1000000000000000" },
		{ "/actions/2/budget", "1000000000000001", "/actions/2/budget", "whole number",
		  "0..1000000000000000" },
		{ "/actions/2/purchases", "'a\\nb'", "/actions/2/purchases", "one line", "200" },
		{ "/actions/2/budgett", "1", "/actions/2/budgett", "nearest one", "budget" },
	};

	assert_each_told(all, LENGTH(all), ST_INVALID);
}

static void
weights_are_all_or_none_and_make_the_whole(void **ctx)
{
	(void) ctx;
	static const struct wrong all[] = {
		{ "/actions/0/weight", "0", "/actions/0/weight", "whole number", "1..10000" },
		{ "/actions/2/weight", "10001", "/actions/2/weight", "whole number", "1..10000" },
		{ "/actions/0/weight", "2501", "/actions/0/weight", "of an initiative and year",
		  "10001" },
		{ "/actions/1/weight", "7499", "/actions/0/weight", "of an initiative and year",
		  "9999" },
		{ "/actions/1/weight", NULL, "/actions/1/weight", "other actions of that", NULL },
		{ "/actions/2/weight", "1", "/actions/2/weight", "of an initiative and year", "1" },
		{ "/actions/2/year", "2025", "/actions/2/weight", "other actions of that", NULL },
		{ "/strategies/0/weight", NULL, "/strategies/0/weight", "other strategies", NULL },
		{ "/strategies/0/weight", "10000", "/strategies/0/weight", "of all strategies",
		  "10001" },
		{ "/initiatives/0/weight", "9999", "/initiatives/0/weight", "of a strategy",
		  "9999" },
		{ "/initiatives/-",
		  "{'code': '1.1.03', 'strategy': '1.1', 'area': 'area-x',"
		  " 'area_source': 'printed', 'name': 'I3'}",
		  "/initiatives/2/weight", "other initiatives", NULL },
	};
	json_t *root;
	plan *p;

	assert_each_told(all, LENGTH(all), ST_INVALID);
	root = plan_base_whole(); /* the only one of its strategy that stays */
	plan_base_edit_quoted(
		root, "/initiatives/-",
		"{'code': '1.1.03', 'strategy': '1.1', 'area': 'area-x', 'weight': 4000,"
		" 'area_source': 'printed', 'name': 'I3', 'retired': '2026-01-01'}");
	plan_base_edit_quoted(root, "/actions/3/weight", "17"); /* retired as well */
	p = parsed(root);
	plan_free(&p);
}

/* However a whole is parted, it passes; one basis point more or less does not. */
static void
any_parts_of_the_whole_pass(void **ctx)
{
	(void) ctx;
	unsigned state = 7;

	for (int round = 0; round < 60; round++) {
		int count = 1 + round % 12, left = PLAN_WEIGHTS, off = round % 3 - 1;
		struct plan_problems problems = { 0 };
		json_t *root = plan_base(), *list = json_array();
		plan *p = NULL;

		for (int i = 0; i < count; i++) {
			int most = left - (count - 1 - i), part;

			state = state * 1103515245u + 12345u;
			part = i == count - 1 ? left : 1 + (int) (state >> 8) % (most / 2 + 1);
			left -= part;
			if (i == 0)
				part += off;
			if (part < 1 || part > PLAN_WEIGHTS)
				off = 0, part = part < 1 ? 1 : PLAN_WEIGHTS;
			json_array_append_new(list,
			                      json_pack("{s:o, s:s, s:s, s:i, s:s, s:i}", "code",
			                                json_sprintf("A-%d", i), "name", "N",
			                                "initiative", "1.1.01", "year", 2024,
			                                "responsible", "con-a", "weight", part));
		}
		json_object_set_new(root, "actions", list);
		assert_status(plan_base_parse_document(root, &problems, &p),
		              off == 0 ? ST_OK : ST_INVALID);
		assert_int_equal(problems.errors, off != 0);
		plan_problems_done(&problems);
		plan_free(&p);
	}
}

static void
wrong_risks_and_reporters_are_told(void **ctx)
{
	(void) ctx;
	static const struct wrong all[] = {
		{ "/risks/1/kind", "'moral'", "/risks/1/kind", "one of",
		  "estrategico, operativo, financiero, tecnologico, cumplimiento, reputacional, "
		  "corrupcion, seguridad-digital, fiscal" },
		{ "/risks/1/kind", "null", "/risks/1/kind", "one of",
		  "estrategico, operativo, financiero, tecnologico, cumplimiento, reputacional, "
		  "corrupcion, seguridad-digital, fiscal" },
		{ "/risks/0/initiatives/0", "'9.9'", "/risks/0/initiatives/0", "no such initiative",
		  NULL },
		{ "/risks/0/controls", "'Uno'", "/risks/0/controls", "list [ ]", "64" },
		{ "/risks/0/controls/1", "''", "/risks/0/controls/1", "must be a text", "8000" },
		{ "/actors/0/kind", "'fiscal'", "/actors/0/kind", "not known", NULL },
		{ "/reporting/0/code", "'IND-9'", "/reporting/0/code",
		  "no such indicator, initiative, commitment", NULL },
		{ "/reporting/0/code", "'con-a'", "/reporting/0/code",
		  "no such indicator, initiative, commitment", NULL },
		{ "/reporting/0/code", "'1.1.01'", "/reporting/1/code", "same code",
		  "/reporting/0/code" },
		{ "/reporting/0/units/0", "'con-c'", "/reporting/0/units/0",
		  "no such unit; the nearest", "con-a" },
		{ "/reporting/0/kinds/0", "'consulado'", "/reporting/0/kinds/0", "one of",
		  "embassy, permanent-mission, consulate, area" },
		{ "/reporting/1/kinds/1", "'consulate'", "/reporting/1/kinds", "more than once",
		  "consulate" },
		{ "/reporting/1/kinds", NULL, "/reporting/1", "units or kinds", NULL },
		{ "/reporting/1/kinds", "[]", "/reporting/1", "units or kinds", NULL },
		{ "/reporting/1/retired", "'2025-01-01'", "/reporting/1/retired", "not known",
		  NULL },
	};

	assert_each_told(all, LENGTH(all), ST_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_found_by_quarter_and_by_unit),
		cmocka_unit_test(actions_are_found_by_code_and_by_initiative),
		cmocka_unit_test(weights_and_risks_come_out_as_stated),
		cmocka_unit_test(who_may_report_is_named_by_unit_or_by_kind),
		cmocka_unit_test(wrong_targets_are_told),
		cmocka_unit_test(an_object_of_too_many_units_is_told),
		cmocka_unit_test(targets_within_the_bounds_pass),
		cmocka_unit_test(the_last_quarter_of_a_level_is_its_year),
		cmocka_unit_test(quarters_before_the_period_are_not_asked_for),
		cmocka_unit_test(wrong_actions_are_told),
		cmocka_unit_test(weights_are_all_or_none_and_make_the_whole),
		cmocka_unit_test(any_parts_of_the_whole_pass),
		cmocka_unit_test(wrong_risks_and_reporters_are_told),
	};

	return cmocka_run_group_tests_name("plan_office", tests, NULL, NULL);
}
