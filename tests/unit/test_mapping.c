#include "tests/support/check.h"

#include <string.h>

#include "agent/mapping.h"
#include "common/files.h"

static mapping *
rules(const char *text)
{
	struct mapping_problem problem = { 0 };
	mapping *map = NULL;
	status st = mapping_parse(text, strlen(text), &problem, &map);

	if (st < 0)
		fail_msg("line %zu: '%s': %s", problem.line, problem.found, problem.rule);
	return map;
}

static mapping *
shipped_rules(void)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	mapping *map;

	assert_status(file_read(SOURCE_ROOT "/agent/mappings/import.map", MAPPING_BYTES_MAX, &bytes,
	                        &len),
	              ST_OK);
	map = rules((const char *) bytes);
	free(bytes);
	return map;
}

static void
assert_column(const mapping *map, const char *header, mapping_field field, const char *name)
{
	struct mapping_target target = { 0 };

	if (!mapping_column(map, header, &target))
		fail_msg("'%s' is no column", header);
	assert_int_equal(target.field, field);
	if (name)
		assert_string_equal(target.name, name);
	else
		assert_null(target.name);
}

static void
assert_no_column(const mapping *map, const char *header)
{
	struct mapping_target target = { .field = COLUMN_BY };

	if (mapping_column(map, header, &target))
		fail_msg("'%s' is a column", header);
	assert_int_equal(target.field, COLUMN_BY);
}

static void
names_are_alike_whatever_case_accents_and_blanks(void **ctx)
{
	(void) ctx;
	mapping *map = rules("column fecha_de_inicio,pais date\n"
	                     "value mode sábado-consular mode=x\n");

	assert_column(map, "Fecha de inicio", COLUMN_DATE, NULL);
	assert_column(map, "FECHA-DE-INICIO", COLUMN_DATE, NULL);
	assert_column(map, "País", COLUMN_DATE, NULL);
	assert_column(map, "PAÍS", COLUMN_DATE, NULL);
	assert_no_column(map, "paisx");
	assert_no_column(map, "pai");
	assert_no_column(map, "");
	assert_non_null(mapping_value(map, COLUMN_MODE, "Sabado Consular"));
	assert_null(mapping_value(map, COLUMN_DATE, "Sabado Consular"));
	mapping_free(&map);
	assert_null(map);
}

static void
fields_and_prefixed_names_are_columns_by_themselves(void **ctx)
{
	(void) ctx;
	mapping *map = rules("# nothing\n\n");

	for (mapping_field f = 0; f < COLUMN_SINGLES_; f++)
		assert_column(map, mapping_field_name(f), f, NULL);
	assert_column(map, "count.visa", COLUMN_COUNT, "visa");
	assert_column(map, "Group.ACT-9", COLUMN_GROUP, "ACT-9");
	assert_no_column(map, "count");
	assert_no_column(map, "count.");
	assert_no_column(map, "counts.visa");
	mapping_free(&map);
}

static void
a_value_may_stand_for_several_fields_or_none(void **ctx)
{
	(void) ctx;
	mapping *map = rules("value modality  a,b  mode=x initiative=2.3.02\nvalue modality c\n");
	const struct mapping_value *v = mapping_value(map, COLUMN_MODALITY, "B");

	assert_non_null(v);
	assert_int_equal(v->set_count, 2);
	assert_int_equal(v->sets[0].field, COLUMN_MODE);
	assert_string_equal(v->sets[0].text, "x");
	assert_int_equal(v->sets[1].field, COLUMN_INITIATIVE);
	assert_string_equal(v->sets[1].text, "2.3.02");
	assert_int_equal(mapping_value(map, COLUMN_MODALITY, "c")->set_count, 0);
	assert_true(mapping_is_closed(map, COLUMN_MODALITY));
	assert_false(mapping_is_closed(map, COLUMN_MODE));
	mapping_free(&map);
}

static void
wrong_rules_are_told_with_their_line(void **ctx)
{
	(void) ctx;
	static const struct {
		const char *text;
		size_t line;
		const char *found, *rule;
	} wrong[] = {
		{ "columns a date\n", 1, "columns", "begins with" },
		{ "\n# x\ncolumn a\n", 3, "", "missing" },
		{ "column a dat\n", 1, "dat", "not a field" },
		{ "column a count.\n", 1, "count.", "not a field" },
		{ "column a date\ncolumn b,A unit\n", 2, "A", "stands above" },
		{ "column a date until\n", 1, "until", "more than belongs" },
		{ "value status x status\n", 1, "status", "FIELD=TEXT" },
		{ "value status x state=done\n", 1, "state", "not a field" },
		{ "value count.a x mode=y\n", 1, "count.a", "not a field" },
		{ "value mode x mode=a\nvalue mode X mode=b\n", 2, "X", "stands above" },
		{ "value mode x mode=1 mode=2 mode=3 mode=4 mode=5\n", 1, "mode=5", "too many" },
	};

	for (size_t i = 0; i < LENGTH(wrong); i++) {
		struct mapping_problem problem = { 0 };
		mapping *map = NULL;

		assert_status(mapping_parse(wrong[i].text, strlen(wrong[i].text), &problem, &map),
		              ST_INVALID);
		assert_null(map);
		assert_int_equal(problem.line, wrong[i].line);
		assert_string_equal(problem.found, wrong[i].found);
		if (!strstr(problem.rule, wrong[i].rule))
			fail_msg("'%s': got '%s'", wrong[i].text, problem.rule);
	}
}

static void
rules_are_bounded(void **ctx)
{
	(void) ctx;
	enum { LINE = 24 };
	static char text[(MAPPING_COLUMNS_MAX + 1) * LINE];
	struct mapping_problem problem = { 0 };
	mapping *map = NULL;
	size_t used = 0;

	for (int i = 0; i < MAPPING_COLUMNS_MAX; i++)
		used += (size_t) snprintf(text + used, LINE, "column c%d date\n", i);
	assert_status(mapping_parse(text, used, &problem, &map), ST_OK);
	mapping_free(&map);
	used += (size_t) snprintf(text + used, LINE, "column one-more date\n");
	assert_status(mapping_parse(text, used, &problem, &map), ST_INVALID);
	assert_int_equal(problem.line, MAPPING_COLUMNS_MAX + 1);
	assert_status(mapping_parse(text, MAPPING_BYTES_MAX + 1, &problem, &map), ST_LIMIT);
}

static void
shipped_rules_know_the_published_days(void **ctx)
{
	(void) ctx;
	static const struct {
		const char *header;
		mapping_field field;
		const char *name;
	} columns[] = {
		{ "site", COLUMN_UNIT, NULL },
		{ "modality", COLUMN_MODALITY, NULL },
		{ "place", COLUMN_PLACE, NULL },
		{ "country", COLUMN_COUNTRY, NULL },
		{ "date_start", COLUMN_DATE, NULL },
		{ "date_end", COLUMN_UNTIL, NULL },
		{ "status", COLUMN_STATUS, NULL },
		{ "attended", COLUMN_COUNT, "attended" },
		{ "procedures", COLUMN_COUNT, "procedures" },
		{ "source", COLUMN_SOURCE, NULL },
		{ "ACT-8", COLUMN_GROUP, "ACT-8" },
	};
	static const char *const days[] = { "consulado-movil", "sabado-consular",
		                            "jornada-continua", "jornada-extendida" };
	mapping *map = shipped_rules();
	const struct mapping_value *v;

	for (size_t i = 0; i < LENGTH(columns); i++)
		assert_column(map, columns[i].header, columns[i].field, columns[i].name);
	for (size_t i = 0; i < LENGTH(days); i++) {
		v = mapping_value(map, COLUMN_MODALITY, days[i]);
		assert_non_null(v);
		assert_int_equal(v->set_count, 2);
		assert_string_equal(v->sets[0].text, days[i]);
		assert_string_equal(v->sets[1].text, "IND-1");
	}
	v = mapping_value(map, COLUMN_MODALITY, "otra-actividad");
	assert_non_null(v);
	assert_int_equal(v->set_count, 1);
	assert_int_equal(v->sets[0].field, COLUMN_INITIATIVE);
	assert_string_equal(v->sets[0].text, "2.3.02");
	mapping_free(&map);
}

static void
the_nearest_name_is_found(void **ctx)
{
	(void) ctx;
	mapping *map = shipped_rules();

	assert_string_equal(mapping_nearest_column(map, "date_strat"), "date_start");
	assert_string_equal(mapping_nearest_column(map, "untill"), "until");
	assert_null(mapping_nearest_column(map, "zzzzzz"));
	assert_string_equal(mapping_nearest_value(map, COLUMN_MODALITY, "consulado-movl"),
	                    "consulado-movil");
	assert_string_equal(mapping_nearest_value(map, COLUMN_STATUS, "don"), "done");
	assert_null(mapping_nearest_value(map, COLUMN_DATE, "done"));
	mapping_free(&map);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_alike_whatever_case_accents_and_blanks),
		cmocka_unit_test(fields_and_prefixed_names_are_columns_by_themselves),
		cmocka_unit_test(a_value_may_stand_for_several_fields_or_none),
		cmocka_unit_test(wrong_rules_are_told_with_their_line),
		cmocka_unit_test(rules_are_bounded),
		cmocka_unit_test(shipped_rules_know_the_published_days),
		cmocka_unit_test(the_nearest_name_is_found),
	};

	return cmocka_run_group_tests_name("mapping", tests, NULL, NULL);
}
