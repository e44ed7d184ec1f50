#include "tests/support/check.h"

#include <string.h>

#include "protocol/plan.h"
#include "tests/support/plan_base.h"

static plan *
parsed_base(void)
{
	struct plan_problems problems = { 0 };
	plan *p = NULL;

	assert_status(plan_base_parse_document(plan_base(), &problems, &p), ST_OK);
	assert_int_equal(problems.count, 0);
	plan_problems_done(&problems);
	return p;
}

static void
document_comes_out_as_it_was_written(void **ctx)
{
	(void) ctx;
	plan *p = parsed_base();
	const struct plan_about *about = plan_about(p);
	struct plan_thresholds lights = plan_thresholds(p);

	assert_string_equal(plan_code(p), "P");
	assert_string_equal(plan_name(p), "Plan");
	assert_int_equal(plan_version(p), 3);
	assert_int_equal(plan_period(p).from, 19358);
	assert_int_equal(plan_period(p).to, 20818);
	assert_int_equal(lights.red, 50);
	assert_int_equal(lights.yellow, 75);
	assert_int_equal(lights.green, 125);
	assert_string_equal(about->entity, "Ministerio");
	assert_string_equal(about->motto, "Vida");
	assert_string_equal(about->mipg, "a\nb");
	assert_string_equal(about->policy, "SIG");
	assert_int_equal(about->norm_count, 2);
	assert_string_equal(about->norms[1], "Ley 2");
	assert_string_equal(about->edition, "1");
	assert_int_equal(about->change_count, 1);
	assert_string_equal(about->changes[0].description, "Creación");
	assert_int_equal(about->changes[0].day, about->edition_date);
	assert_non_null(json_object_get(plan_document(p), "lights"));
	plan_free(&p);
	assert_null(p);
}

static void
indicators_come_out_with_targets_and_links_in_order(void **ctx)
{
	(void) ctx;
	plan *p = parsed_base();
	const struct plan_indicator *sum = plan_indicator(p, "IND-1", 5);
	const struct plan_indicator *level = plan_indicator(p, "IND-2", 5);

	assert_int_equal(sum->accumulation, ACCUMULATION_SUM);
	assert_int_equal(sum->by, FEEDER_ACTIVITY);
	assert_false(sum->has_baseline);
	assert_false(sum->has_period);
	assert_int_equal(sum->goal, 100);
	assert_int_equal(sum->target_count, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(sum->targets[i].year, 2023 + i);
		assert_int_equal(sum->targets[i].value, 10 + 10 * i);
	}
	assert_int_equal(sum->link_count, 2);
	assert_string_equal(sum->links[0], "1.1.01");
	assert_string_equal(sum->links[1], "1.1.02");
	assert_int_equal(sum->retired, PLAN_NOT_RETIRED);
	assert_int_equal(level->accumulation, ACCUMULATION_CAPACITY);
	assert_int_equal(level->by, FEEDER_THING);
	assert_true(level->has_baseline && level->baseline_included && level->has_period);
	assert_int_equal(level->baseline, 2);
	assert_int_equal(date_civil(level->period.from).year, 2022);
	assert_int_equal(level->baseline_key_count, 2);
	assert_string_equal(level->baseline_keys[0], "con-a");
	plan_free(&p);
}

static void
units_initiatives_and_items_come_out_with_their_fields(void **ctx)
{
	(void) ctx;
	plan *p = parsed_base();
	const struct plan_unit *a = plan_unit(p, "con-a", 5), *b = plan_unit(p, "con-b", 5);
	const struct plan_initiative *i = plan_initiative(p, "1.1.02", 6);
	const struct plan_item *t = plan_item(p, LIST_STRATEGIES, "T.1", 3);
	const struct plan_item *project = plan_item(p, LIST_PROJECTS, "2018011000755", 13);

	assert_int_equal(a->kind, UNIT_CONSULATE);
	assert_string_equal(a->country, "US");
	assert_string_equal(a->tz, "America/Chicago");
	assert_string_equal(a->city, "Houston");
	assert_true(a->counts_as_mission);
	assert_int_equal(date_civil(a->closed).year, 2025);
	assert_null(b->city);
	assert_int_equal(b->opened, DATE_MIN);
	assert_int_equal(b->closed, DATE_MAX);
	assert_int_equal(plan_unit(p, "area-x", 6)->kind, UNIT_AREA);
	assert_string_equal(i->area, "area-x");
	assert_int_equal(i->area_source, AREA_ASSUMED);
	assert_string_equal(i->note, "N");
	assert_int_equal(date_civil(i->retired).month, 7);
	assert_int_equal(t->objective_count, 2);
	assert_string_equal(t->objectives[0], "1");
	assert_true(project->ppi);
	assert_string_equal(project->strategy, "1.1");
	assert_string_equal(project->periods[1], "2024-2026");
	assert_string_equal(plan_item(p, LIST_COMMITMENTS, "COM-1", 5)->body, "Mesa");
	assert_string_equal(plan_item(p, LIST_SDG, "ODS-17", 6)->text, "T");
	assert_non_null(plan_item(p, LIST_INTENTIONS, "SIG-01", 6));
	plan_free(&p);
}

static void
look_up_takes_whole_codes_of_the_right_list_only(void **ctx)
{
	(void) ctx;
	plan *p = parsed_base();
	size_t count = 77;

	assert_non_null(plan_unit(p, "con-aXYZ", 5)); /* len counts */
	assert_null(plan_unit(p, "con-", 4));
	assert_null(plan_unit(p, "con-aX", 6));
	assert_null(plan_unit(p, "CON-A", 5));
	assert_null(plan_unit(p, "", 0));
	assert_null(plan_unit(p, "movil", 5));
	assert_null(plan_indicator(p, "1.1.01", 6));
	assert_null(plan_initiative(p, "IND-1", 5));
	assert_null(plan_item(p, LIST_RISKS, "R", 1));
	plan_items(p, LIST_RISKS, &count);
	assert_int_equal(count, 0);
	assert_string_equal(plan_units(p, &count)[2].code, "area-x");
	assert_int_equal(count, 3);
	assert_string_equal(plan_indicators(p, &count)[1].code, "IND-2");
	assert_string_equal(plan_initiatives(p, &count)[1].code, "1.1.02");
	plan_free(&p);
}

struct wrong {
	const char *at, *json; /* what is put there; NULL takes it away */
	const char *pointer, *found, *rule, *arg;
};

static void
assert_told(const struct plan_problems *problems, const struct wrong *w)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct plan_problem *p = &problems->list[i];

		if (strcmp(p->pointer, w->pointer) == 0 && strcmp(p->found, w->found) == 0 &&
		    strstr(p->rule, w->rule) && strcmp(p->arg, w->arg ? w->arg : "") == 0)
			return;
	}
	for (size_t i = 0; i < problems->count; i++)
		print_error("told: %s | %s | %s | %s\n", problems->list[i].pointer,
		            problems->list[i].found, problems->list[i].rule, problems->list[i].arg);
	fail_msg("not told: %s | %s | %s | %s", w->pointer, w->found, w->rule,
	         w->arg ? w->arg : "");
}

/* Each of them alone, told once and nothing else with it. */
static void
assert_each_told(const struct wrong *all, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct plan_problems problems = { 0 };
		json_t *root = plan_base();
		plan *p = NULL;

		plan_base_edit(root, all[i].at, all[i].json);
		if (plan_base_parse_document(root, &problems, &p) != ST_INVALID)
			fail_msg("%s: %s was taken", all[i].at,
			         all[i].json ? all[i].json : "nothing");
		assert_null(p);
		assert_told(&problems, &all[i]);
		assert_int_equal(problems.errors, 1);
		plan_problems_done(&problems);
	}
}

static void
wrong_values_are_told_with_place_found_and_allowed(void **ctx)
{
	(void) ctx;
	static const struct wrong all[] = {
		{ "/format", "'valija/plan/2'", "/format", "'valija/plan/2'", "must be",
		  "valija/plan/1" },
		{ "/version", "0", "/version", "0", "whole number (%s)", "1..4294967295" },
		{ "/version", "1.5", "/version", "1.5", "whole number (%s)", "1..4294967295" },
		{ "/version", "true", "/version", "true", "whole number (%s)", "1..4294967295" },
		{ "/code", "'a b'", "/code", "'a b'", "must be a code", NULL },
		{ "/code", "''", "/code", "''", "must be a code", NULL },
		{ "/actors/0/code", "'123456789012345678901234567890123'", "/actors/0/code",
		  "'123456789012345678901234567890123'", "must be a code", NULL },
		{ "/name", "''", "/name", "''", "one line of text", "1000" },
		{ "/name", "'a\\nb'", "/name", "'a\\u000ab'", "one line of text", "1000" },
		{ "/name", "'\\u009b31m'", "/name",
		  "'\xc2\x9b"
		  "31m'",
		  "one line of text", "1000" },
		{ "/name", "'a\\u007f'", "/name", "'a\x7f'", "one line of text", "1000" },
		{ "/mission", "'a\\u001b[2J'", "/mission", "'a\\u001b[2J'", "without control",
		  "8000" },
		{ "/norms", "'Ley'", "/norms", "'Ley'", "list [ ] of at most", "4096" },
		{ "/norms/1", "7", "/norms/1", "7", "must be a text", "8000" },
		{ "/edition", "[]", "/edition", "[…]", "must be an object", NULL },
		{ "/edition/date", "'2024-02-30'", "/edition/date", "'2024-02-30'",
		  "date that exists", NULL },
		{ "/units/0/kind", "'consulado'", "/units/0/kind", "'consulado'", "one of",
		  "embassy, permanent-mission, consulate, area" },
		{ "/units/0/country", "'usa'", "/units/0/country", "'usa'", "country code", NULL },
		{ "/units/0/tz", "'/etc'", "/units/0/tz", "'/etc'", "time zone", NULL },
		{ "/units/1/counts_as_mission", "1", "/units/1/counts_as_mission", "1",
		  "true or false", NULL },
		{ "/units/-", "3", "/units/3", "3", "must be an object", NULL },
		{ "/indicators/0/goal", "-1", "/indicators/0/goal", "-1", "whole number",
		  "0..1000000000000" },
		{ "/indicators/0/baseline", "'0'", "/indicators/0/baseline", "'0'", "or null",
		  "0..1000000000000" },
		{ "/indicators/0/accumulation", "'suma'", "/indicators/0/accumulation", "'suma'",
		  "one of", "acumulado, flujo, capacidad, stock, reduccion, reduccion-anual" },
		{ "/indicators/0/links", "null", "/indicators/0/links", "null", "list [ ]", "64" },
		{ "/indicators/1/targets", "[]", "/indicators/1/targets", "[…]", "of years", NULL },
		{ "/indicators/1/targets/25", "1", "/indicators/1/targets/25", "1",
		  "must be a year", NULL },
		{ "/indicators/1/targets/2024", "{}", "/indicators/1/targets/2024", "{…}",
		  "whole number", "0..1000000000000" },
		{ "/projects/0/periods/1", "'2026-2024'", "/projects/0/periods/1", "'2026-2024'",
		  "span", NULL },
		{ "/strategies/0/objectives", "[]", "/strategies/0/objectives", "[…]", "1 to %s",
		  "64" },
	};
	struct wrong quoted[LENGTH(all)];
	static char text[LENGTH(all)][2][120];

	for (size_t i = 0; i < LENGTH(all); i++) {
		const char *from[2] = { all[i].json, all[i].found };

		for (int k = 0; k < 2; k++)
			for (size_t n = 0; n <= strlen(from[k]); n++)
				text[i][k][n] = (char) (from[k][n] == '\'' ? '"' : from[k][n]);
		quoted[i] = all[i];
		quoted[i].json = text[i][0];
		quoted[i].found = text[i][1];
	}
	assert_each_told(quoted, LENGTH(quoted));
}

static void
missing_and_unknown_keys_are_told(void **ctx)
{
	(void) ctx;
	static const struct wrong all[] = {
		{ "/lights", NULL, "/lights", "", "missing", NULL },
		{ "/policy/name", NULL, "/policy/name", "", "missing", NULL },
		{ "/indicators/0/baseline", NULL, "/indicators/0/baseline", "", "missing", NULL },
		{ "/units/2/tz", NULL, "/units/2/tz", "", "missing", NULL },
		{ "/visoin", "1", "/visoin", "1", "nearest one", "vision" },
		{ "/units/0/contry", "\"US\"", "/units/0/contry", "\"US\"", "nearest one",
		  "country" },
		{ "/colour", "{\"a\": 1}", "/colour", "{…}", "not known here", NULL },
		{ "/lights/red~1", "1", "/lights/red~01", "1", "nearest one", "red" },
	};

	assert_each_told(all, LENGTH(all));
}

static void
broken_rules_between_places_are_told(void **ctx)
{
	(void) ctx;
	static const struct wrong all[] = {
		{ "/initiatives/0/area", "\"area-y\"", "/initiatives/0/area", "\"area-y\"",
		  "no such unit; the nearest", "area-x" },
		{ "/initiatives/0/area", "\"con-a\"", "/initiatives/0/area", "\"con-a\"",
		  "kind area", NULL },
		{ "/initiatives/0/strategy", "\"9.9\"", "/initiatives/0/strategy", "\"9.9\"",
		  "no such strategy", NULL },
		{ "/indicators/0/links/0", "\"1.1.03\"", "/indicators/0/links/0", "\"1.1.03\"",
		  "no such initiative; the nearest", "1.1.01" },
		{ "/indicators/0/links/0", "\"1.1.01\"", "/indicators/0/links", "[…]",
		  "more than once", "1.1.01" },
		{ "/strategies/1/objectives/0", "\"7\"", "/strategies/1/objectives/0", "\"7\"",
		  "no such objective", NULL },
		{ "/projects/0/strategy", "\"1.2\"", "/projects/0/strategy", "\"1.2\"",
		  "no such strategy; the nearest", "1.1" },
		{ "/units/-",
		  "{\"code\": \"con-a\", \"kind\": \"embassy\", \"name\": \"N\", \"country\": \"US\","
		  " \"country_name\": \"N\", \"tz\": \"UTC\", \"counts_as_mission\": true}",
		  "/units/3/code", "\"con-a\"", "same code", "/units/0/code" },
		{ "/indicators/1/code", "\"1.1.02\"", "/indicators/1/code", "\"1.1.02\"",
		  "same code", "/initiatives/1/code" },
		{ "/policy/intentions/-", "{\"code\": \"SIG-01\", \"name\": \"N\"}",
		  "/policy/intentions/1/code", "\"SIG-01\"", "same code",
		  "/policy/intentions/0/code" },
		{ "/units/2/counts_as_mission", "true", "/units/2/counts_as_mission", "true",
		  "no mission abroad", NULL },
		{ "/units/0/closed", "\"2019-12-31\"", "/units/0/closed", "\"2019-12-31\"",
		  "must not be before", "2020-01-01" },
		{ "/period/from", "\"2027-01-01\"", "/period/to", "\"2026-12-31\"",
		  "must not be before", "2027-01-01" },
		{ "/indicators/1/period/to", "\"2021-12-31\"", "/indicators/1/period/to",
		  "\"2021-12-31\"", "must not be before", "2022-01-01" },
		{ "/indicators/1/targets/2026", "8", "/indicators/1/targets/2026", "8",
		  "outside the period", "2022-2025" },
		{ "/indicators/0/targets/2022", "8", "/indicators/0/targets/2022", "8",
		  "outside the period", "2023-2026" },
		{ "/indicators/0/targets/2023", "11", "/indicators/0/goal", "100", "the sum",
		  "101" },
		{ "/indicators/0/accumulation", "\"flujo\"", "/indicators/0/goal", "100",
		  "target of the last year", "40" },
		{ "/indicators/1/goal", "1", "/indicators/1/goal", "1", "below the baseline", "2" },
		{ "/indicators/1/accumulation", "\"reduccion\"", "/indicators/1/goal", "9",
		  "above the baseline", "2" },
		{ "/indicators/1/baseline", "null", "/indicators/1/baseline", "null",
		  "measures from it", NULL },
		{ "/indicators/1/by", "\"level\"", "/indicators/1/baseline_keys", "[…]",
		  "fed by things", NULL },
		{ "/lights/yellow", "50", "/lights/yellow", "50", "above red", "50" },
		{ "/lights/green", "75", "/lights/green", "75", "above yellow", "75" },
	};

	assert_each_told(all, LENGTH(all));
}

static void
targets_bind_the_goal_only_where_every_year_has_one(void **ctx)
{
	(void) ctx;
	struct plan_problems problems = { 0 };
	json_t *root = plan_base();
	plan *p = NULL;

	plan_base_edit(root, "/indicators/0/targets/2025", NULL);
	plan_base_edit(root, "/indicators/0/goal", "7");
	assert_status(plan_base_parse_document(root, &problems, &p), ST_OK);
	plan_free(&p);
	root = plan_base(); /* its own period has the years 2022 to 2025 */
	plan_base_edit(root, "/indicators/1/targets",
	               "{\"2022\": 2, \"2023\": 4, \"2024\": 6, \"2025\": 9}");
	assert_status(plan_base_parse_document(root, &problems, &p), ST_OK);
	plan_free(&p);
	plan_problems_done(&problems);
}

static void
bounds_of_texts_and_numbers_are_inclusive(void **ctx)
{
	(void) ctx;
	char text[PLAN_NAME_MAX_BYTES + 4];

	for (int over = 0; over < 2; over++) {
		struct plan_problems problems = { 0 };
		json_t *root = plan_base();
		size_t len = PLAN_NAME_MAX_BYTES + (size_t) over;
		plan *p = NULL;

		snprintf(text, sizeof(text), "\"%0*d\"", (int) len, 0);
		plan_base_edit(root, "/objectives/0/name", text);
		snprintf(text, sizeof(text), "\"%0*d\"", NAME_BYTES_MAX + over, 0);
		plan_base_edit(root, "/units/0/name", text);
		plan_base_edit(root, "/indicators/1/goal",
		               over ? "1000000000001" : "1000000000000");
		plan_base_edit(root, "/lights/green", over ? "1001" : "1000");
		assert_status(plan_base_parse_document(root, &problems, &p),
		              over ? ST_INVALID : ST_OK);
		assert_int_equal(problems.errors, over ? 4 : 0);
		plan_problems_done(&problems);
		plan_free(&p);
	}
}

static void
all_errors_come_at_once(void **ctx)
{
	(void) ctx;
	static const struct wrong all[] = {
		{ "/version", "\"3\"", "/version", "\"3\"", "whole number (%s)", "1..4294967295" },
		{ "/period/to", "\"2026-13-01\"", "/period/to", "\"2026-13-01\"", "date", NULL },
		{ "/initiatives/1/name", NULL, "/initiatives/1/name", "", "missing", NULL },
		{ "/initiatives/1/strategy", "\"7\"", "/initiatives/1/strategy", "\"7\"", "no such",
		  NULL },
		{ "/indicators/0/targets/2031", "1", "/indicators/0/targets/2031", "1", "outside",
		  "2023-2026" },
		{ "/indicators/1/goal", "1", "/indicators/1/goal", "1", "below the baseline", "2" },
		{ "/modes/0/colour", "1", "/modes/0/colour", "1", "not known", NULL },
		{ "/units/0/kind", "\"x\"", "/units/0/kind", "\"x\"", "one of",
		  "embassy, permanent-mission, consulate, area" },
	};
	struct plan_problems problems = { 0 };
	json_t *root = plan_base();
	plan *p = NULL;

	plan_base_edit(root, "/indicators/0/period",
	               "{\"from\": \"2023-01-01\", \"to\": \"2026-12-31\"}");
	for (size_t i = 0; i < LENGTH(all); i++)
		plan_base_edit(root, all[i].at, all[i].json);
	assert_status(plan_base_parse_document(root, &problems, &p), ST_INVALID);
	for (size_t i = 0; i < LENGTH(all); i++)
		assert_told(&problems, &all[i]);
	assert_int_equal(problems.errors, LENGTH(all));
	plan_problems_done(&problems);
}

static void
notes_do_not_refuse_a_plan(void **ctx)
{
	(void) ctx;
	static const struct wrong notes[] = {
		{ NULL, NULL, "/indicators/1/baseline", "4", "units that count as missions", "2" },
		{ NULL, NULL, "/indicators/1/baseline_included", "false", "include the baseline",
		  NULL },
	};
	struct plan_problems problems = { 0 };
	json_t *root = plan_base();
	plan *p = NULL;

	plan_base_edit(root, "/indicators/1/baseline", "4");
	plan_base_edit(root, "/indicators/1/baseline_included", "false");
	assert_status(plan_base_parse_document(root, &problems, &p), ST_OK);
	assert_int_equal(problems.errors, 0);
	assert_int_equal(problems.notes, 2);
	assert_told(&problems, &notes[0]);
	assert_told(&problems, &notes[1]);
	assert_true(problems.list[0].is_note);
	plan_problems_done(&problems);
	plan_free(&p);
}

static void
keys_of_a_baseline_that_are_no_units_are_things(void **ctx)
{
	(void) ctx;
	static const struct wrong note = {
		NULL, NULL, "/indicators/1/baseline", "2", "names %s things", "3",
	};
	struct plan_problems problems = { 0 };
	json_t *root = plan_base();
	plan *p = NULL;

	plan_base_edit(root, "/indicators/1/baseline_keys/-", "\"paso-rumichaca\"");
	assert_status(plan_base_parse_document(root, &problems, &p), ST_OK);
	assert_told(&problems, &note);
	plan_problems_done(&problems);
	plan_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(document_comes_out_as_it_was_written),
		cmocka_unit_test(indicators_come_out_with_targets_and_links_in_order),
		cmocka_unit_test(units_initiatives_and_items_come_out_with_their_fields),
		cmocka_unit_test(look_up_takes_whole_codes_of_the_right_list_only),
		cmocka_unit_test(wrong_values_are_told_with_place_found_and_allowed),
		cmocka_unit_test(missing_and_unknown_keys_are_told),
		cmocka_unit_test(broken_rules_between_places_are_told),
		cmocka_unit_test(targets_bind_the_goal_only_where_every_year_has_one),
		cmocka_unit_test(bounds_of_texts_and_numbers_are_inclusive),
		cmocka_unit_test(all_errors_come_at_once),
		cmocka_unit_test(notes_do_not_refuse_a_plan),
		cmocka_unit_test(keys_of_a_baseline_that_are_no_units_are_things),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
