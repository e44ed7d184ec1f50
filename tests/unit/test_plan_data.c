/* The plan that is shipped against the plan as the ministry published it. */
#include "tests/support/check.h"

#include <ctype.h>
#include <string.h>

#include "protocol/plan.h"

struct fixture {
	plan *p;
	struct plan_problems problems;
	char *published; /* the text, its blanks folded */
};

/* The caller's, with a 0 behind it. */
static char *
read_file(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	char *text = calloc(1, PLAN_BYTES_MAX + 1);

	if (!file || !text)
		fail_msg("cannot read %s", path);
	*ret_len = fread(text, 1, PLAN_BYTES_MAX, file);
	fclose(file);
	return text;
}

/* In place: every run of blanks becomes one blank, or one line break where a
 * line or a cell of a table ends.  A line that goes on with a small letter was
 * broken by the end of a page.  The marks of bold letters ("**") go, too. */
static void
fold_blanks(char *text)
{
	char *out = text;

	for (const char *in = text; *in != '\0';) {
		size_t blanks = strspn(in, " \t\r\n");
		bool ends = memchr(in, '\n', blanks) || memchr(in, '\t', blanks);

		in += blanks;
		if (blanks > 0)
			*out++ = ends && !islower((unsigned char) *in) ? '\n' : ' ';
		else if (in[0] == '*' && in[1] == '*')
			in += 2;
		else
			*out++ = *in++;
	}
	*out = '\0';
}

/* Initiative 1.5.04 runs over a page break in its table: between its halves
 * stand the cell of its area and the head of the table on the next page.  They
 * are taken out here, and nowhere else. */
static void
join_over_page_break(char *text)
{
	static const char first[] = "especialmente con los países más vulnerables al cambio";
	static const char between[] = "\nDirección de Asuntos Económicos, Sociales y Ambientales"
				      "\nObjetivos\nEstrategias\nIniciativas\nÁrea";
	static const char second[] = " climático y los países en desarrollo";
	char *at = strstr(text, first);

	assert_non_null(at);
	at += strlen(first);
	assert_memory_equal(at, between, strlen(between));
	memmove(at, at + strlen(between), strlen(at + strlen(between)) + 1);
	assert_memory_equal(at, second, strlen(second));
}

static int
load(void **ctx)
{
	static struct fixture fx;
	size_t len;
	char *json = read_file(SOURCE_ROOT "/hub/plan/pei-2023-2026.json", &len);

	memset(&fx, 0, sizeof(fx));
	if (plan_parse(json, len, &fx.problems, &fx.p) < 0)
		return -1;
	free(json);
	fx.published = read_file(TEST_DATA "/plan-estrategico-2023-2026.txt", &len);
	fold_blanks(fx.published);
	join_over_page_break(fx.published);
	*ctx = &fx;
	return 0;
}

static int
unload(void **ctx)
{
	struct fixture *fx = *ctx;

	plan_free(&fx->p);
	plan_problems_done(&fx->problems);
	free(fx->published);
	return 0;
}

/* before, name and after stand together in the published text. */
static void
assert_between(const struct fixture *fx, const char *before, const char *name, const char *after)
{
	char wanted[PLAN_TEXT_MAX_BYTES + 100];

	snprintf(wanted, sizeof(wanted), "%s%s%s", before, name, after);
	if (!strstr(fx->published, wanted))
		fail_msg("not in the published plan: %s", wanted);
}

/* The same with the end of a line or cell behind it: the name is whole. */
static void
assert_published(const struct fixture *fx, const char *before, const char *name)
{
	assert_between(fx, before, name, "\n");
}

static void
only_the_number_of_missions_is_noted(void **ctx)
{
	const struct fixture *fx = *ctx;

	assert_int_equal(fx->problems.errors, 0);
	assert_int_equal(fx->problems.count, 1);
	assert_string_equal(fx->problems.list[0].pointer, "/indicators/1/baseline");
	assert_string_equal(fx->problems.list[0].found, "127");
	assert_string_equal(fx->problems.list[0].arg, "119");
}

static void
head_is_as_published(void **ctx)
{
	const struct fixture *fx = *ctx;
	const struct plan_about *about = plan_about(fx->p);
	char day[DATE_TEXT_BYTES];

	assert_string_equal(plan_code(fx->p), "PEI-2023-2026");
	assert_int_equal(plan_version(fx->p), 1);
	assert_published(fx, "\n", plan_name(fx->p));
	assert_between(fx, "", about->entity, "");
	assert_between(fx, "\n“", about->motto, "”\n");
	assert_published(fx, "¿Cuál es la razón de ser de la Cancillería?\n", about->mission);
	assert_published(fx, "¿A dónde queremos llegar en 2026?\n", about->vision);
	assert_published(fx, "(MIPG)\n", about->mipg);
	assert_int_equal(about->norm_count, 8);
	for (size_t i = 0; i < about->norm_count; i++)
		assert_published(fx, "\n- ", about->norms[i]);
	assert_string_equal(about->edition, "1");
	date_format(about->edition_date, day);
	assert_string_equal(day, "2024-01-31");
	assert_published(fx, "Versión 1. ", "Enero 31 de 2024");
	assert_int_equal(about->change_count, 1);
	assert_published(fx, "1\n31/01/2024\n", about->changes[0].description);
	date_format(plan_period(fx->p).from, day);
	assert_string_equal(day, "2023-01-01");
	date_format(plan_period(fx->p).to, day);
	assert_string_equal(day, "2026-12-31");
}

static void
objectives_and_strategies_are_those_of_the_numbered_list(void **ctx)
{
	const struct fixture *fx = *ctx;
	size_t count;
	const struct plan_item *items = plan_items(fx->p, LIST_OBJECTIVES, &count);
	char before[40];

	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++) {
		snprintf(before, sizeof(before), "\nObjetivo %s. ", items[i].code);
		assert_published(fx, before, items[i].name);
	}
	items = plan_items(fx->p, LIST_STRATEGIES, &count);
	assert_int_equal(count, 16);
	for (size_t i = 0; i < 15; i++) {
		/* "1.1 " under the first objective, "2.1. " under the others */
		snprintf(before, sizeof(before), "\n- %s%s ", items[i].code,
		         items[i].code[0] == '1' ? "" : ".");
		assert_published(fx, before, items[i].name);
		assert_int_equal(items[i].objective_count, 1);
		assert_int_equal(items[i].objectives[0][0], items[i].code[0]);
	}
	assert_string_equal(items[15].code, "T.1");
	assert_int_equal(items[15].objective_count, 3);
	assert_published(fx, "Estrategia Transversal:\n", items[15].name);
}

static void
strategies_have_their_number_of_initiatives(void **ctx)
{
	const struct fixture *fx = *ctx;
	static const struct {
		const char *strategy;
		int count;
	} want[] = {
		{ "1.1", 18 }, { "1.2", 4 }, { "1.3", 5 }, { "1.4", 6 }, { "1.5", 4 }, { "1.6", 6 },
		{ "1.7", 4 },  { "2.1", 8 }, { "2.2", 5 }, { "2.3", 4 }, { "3.1", 6 }, { "3.2", 3 },
		{ "3.3", 2 },  { "3.4", 4 }, { "3.5", 7 }, { "T.1", 3 },
	};
	size_t count;
	const struct plan_initiative *all = plan_initiatives(fx->p, &count);

	assert_int_equal(count, 89);
	for (size_t s = 0; s < LENGTH(want); s++) {
		int found = 0;

		for (size_t i = 0; i < count; i++)
			found += strcmp(all[i].strategy, want[s].strategy) == 0;
		if (found != want[s].count)
			fail_msg("%s: %d initiatives, not %d", want[s].strategy, found,
			         want[s].count);
	}
}

/* Cut a line of CSV into its fields, in place. */
static size_t
split_csv(char *line, char **fields, size_t most)
{
	size_t count = 0;
	char *in = line, *out;

	while (count < most) {
		bool quoted = *in == '"';

		in += quoted;
		fields[count++] = out = in;
		while (*in != '\0' && (quoted || *in != ',')) {
			if (quoted && in[0] == '"' && in[1] != '"')
				break;
			in += quoted && in[0] == '"'; /* "" is one " */
			*out++ = *in++;
		}
		in += quoted;
		bool more = *in == ',';

		*out = '\0';
		if (!more)
			break;
		in++;
	}
	return count;
}

/* Calls row for each line but the first. */
static size_t
each_csv_row(const char *path, size_t columns, void (*row)(const struct fixture *fx, char **fields),
             const struct fixture *fx)
{
	size_t len, rows = 0;
	char *text = read_file(path, &len), *rest = text, *fields[8];

	strsep(&rest, "\n");
	for (char *line = strsep(&rest, "\n"); line && *line != '\0'; line = strsep(&rest, "\n")) {
		assert_int_equal(split_csv(line, fields, LENGTH(fields)), columns);
		row(fx, fields);
		rows++;
	}
	free(text);
	return rows;
}

static void
compare_area(const struct fixture *fx, char **fields)
{
	const struct plan_unit *unit = plan_unit(fx->p, fields[0], strlen(fields[0]));

	assert_non_null(unit);
	assert_int_equal(unit->kind, UNIT_AREA);
	assert_string_equal(unit->name, fields[1]);
	assert_string_equal(unit->country, "CO");
	assert_string_equal(unit->tz, "America/Bogota");
	assert_false(unit->counts_as_mission);
	assert_published(fx, "\n", unit->name);
}

static void
areas_are_those_that_lead_an_initiative(void **ctx)
{
	const struct fixture *fx = *ctx;
	size_t units, initiatives, areas = 0;
	const struct plan_unit *unit = plan_units(fx->p, &units);
	const struct plan_initiative *all = plan_initiatives(fx->p, &initiatives);

	assert_int_equal(each_csv_row(TEST_DATA "/areas.csv", 2, compare_area, fx), 22);
	for (size_t u = 0; u < units; u++) {
		size_t i = 0;

		if (unit[u].kind != UNIT_AREA)
			continue;
		areas++;
		while (i < initiatives && strcmp(all[i].area, unit[u].code) != 0)
			i++;
		if (i == initiatives)
			fail_msg("%s leads nothing", unit[u].code);
	}
	assert_int_equal(areas, 22);
}

/* code, strategy, area, area_source, ambiguity, seed_line, text */
static void
compare_initiative(const struct fixture *fx, char **fields)
{
	static const char *const sources[] = { "printed", "inherited", "assumed" };
	const struct plan_initiative *i = plan_initiative(fx->p, fields[0], strlen(fields[0]));

	assert_non_null(i);
	assert_string_equal(i->strategy, fields[1]);
	assert_string_equal(plan_unit(fx->p, i->area, strlen(i->area))->name, fields[2]);
	assert_string_equal(sources[i->area_source], fields[3]);
	if ((i->note != NULL) != (*fields[4] != '\0'))
		fail_msg("%s: a note belongs to an ambiguous row, and only there", i->code);
	assert_string_equal(i->name, fields[6]);
	assert_published(fx, "\n", i->name);
}

static void
initiatives_are_those_of_the_list_and_published(void **ctx)
{
	const struct fixture *fx = *ctx;
	size_t count, notes = 0;
	const struct plan_initiative *all = plan_initiatives(fx->p, &count);

	assert_int_equal(each_csv_row(TEST_DATA "/initiatives.csv", 7, compare_initiative, fx), 89);
	for (size_t i = 0; i < count; i++)
		notes += all[i].note != NULL;
	assert_int_equal(notes, 11);
}

/* code, kind, city, country, iso, tz; city and country are in English there */
static void
compare_unit(const struct fixture *fx, char **fields)
{
	static const char *const kinds[] = { "embassy", "permanent-mission", "consulate", "area" };
	const struct plan_unit *unit = plan_unit(fx->p, fields[0], strlen(fields[0]));

	if (!unit)
		fail_msg("no unit %s", fields[0]);
	assert_string_equal(kinds[unit->kind], fields[1]);
	assert_string_equal(unit->country, fields[4]);
	assert_string_equal(unit->tz, fields[5]);
	assert_true(unit->counts_as_mission);
	assert_non_null(strstr(unit->name, " de Colombia "));
}

static void
units_are_those_seen_in_public_sources(void **ctx)
{
	const struct fixture *fx = *ctx;
	size_t count, kinds[4] = { 0 };
	const struct plan_unit *units = plan_units(fx->p, &count);

	assert_int_equal(each_csv_row(TEST_DATA "/units.csv", 6, compare_unit, fx), 119);
	assert_int_equal(count, 119 + 22);
	for (size_t i = 0; i < count; i++) {
		kinds[units[i].kind]++;
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(units[i].name, units[j].name);
	}
	assert_int_equal(kinds[UNIT_EMBASSY], 63);
	assert_int_equal(kinds[UNIT_PERMANENT_MISSION], 4);
	assert_int_equal(kinds[UNIT_CONSULATE], 52);
}

/* A number as the plan prints it: 1.958 */
static void
print_number(char *out, size_t size, int64_t n)
{
	if (n >= 1000)
		snprintf(out, size, "%d.%03d", (int) (n / 1000), (int) (n % 1000));
	else
		snprintf(out, size, "%d", (int) n);
}

static void
indicators_are_as_published(void **ctx)
{
	const struct fixture *fx = *ctx;
	static const struct {
		plan_accumulation accumulation;
		plan_feeder by;
		const char *links[3];
	} want[] = {
		{ ACCUMULATION_SUM, FEEDER_ACTIVITY, { "2.1.05" } },
		{ ACCUMULATION_CAPACITY, FEEDER_THING, { "3.3.01", "3.3.02" } },
		{ ACCUMULATION_CAPACITY, FEEDER_THING, { "1.4.05" } },
		{ ACCUMULATION_CAPACITY, FEEDER_THING, { "1.4.06" } },
		{ ACCUMULATION_SUM, FEEDER_THING, { "2.1.03" } },
		{ ACCUMULATION_SUM, FEEDER_ACTIVITY, { "2.1.06" } },
	};
	size_t count;
	const struct plan_indicator *all = plan_indicators(fx->p, &count);

	assert_int_equal(count, LENGTH(want));
	for (size_t i = 0; i < count; i++) {
		char baseline[24], goal[24], row[400];

		print_number(baseline, sizeof(baseline), all[i].baseline);
		print_number(goal, sizeof(goal), all[i].goal);
		snprintf(row, sizeof(row), "%s\n%s\n%s (%s", all[i].name, baseline, goal,
		         !all[i].has_baseline               ? "No hay"
		                 : all[i].baseline_included ? "Incluye"
		                                            : "No incluye");
		assert_between(fx, "\n", row, " línea base)\n");
		assert_int_equal(all[i].accumulation, want[i].accumulation);
		assert_int_equal(all[i].by, want[i].by);
		assert_int_equal(all[i].target_count, 0);
		assert_false(all[i].has_period);
		for (size_t k = 0; k < all[i].link_count; k++)
			assert_string_equal(all[i].links[k], want[i].links[k]);
		assert_null(want[i].links[all[i].link_count]);
	}
	assert_int_equal(all[1].baseline_key_count, 119);
}

static void
commitments_are_as_published(void **ctx)
{
	const struct fixture *fx = *ctx;
	static const char *const bodies[] = { "(MPC)", "(MPC)", "(MPC)", "(MPC)",
		                              "(MRA)", "(MRA)", "NARP" };
	size_t count;
	const struct plan_item *items = plan_items(fx->p, LIST_COMMITMENTS, &count);

	assert_int_equal(count, LENGTH(bodies));
	for (size_t i = 0; i < count; i++) {
		assert_non_null(strstr(items[i].body, bodies[i]));
		assert_between(fx, "\n", items[i].body, i < 6 ? "\n" : "*\n");
		assert_published(fx, "\n", items[i].name);
	}
	assert_published(fx, "\n* ", items[6].note);
}

static void
projects_are_as_published(void **ctx)
{
	const struct fixture *fx = *ctx;
	size_t count, first = 0, later = 0, both = 0, ppi = 0;
	const struct plan_item *items = plan_items(fx->p, LIST_PROJECTS, &count);

	assert_int_equal(count, 19);
	for (size_t i = 0; i < count; i++) {
		const struct plan_item *project = &items[i];
		size_t digits = strspn(project->code, "0123456789");
		char before[CODE_BYTES_MAX + 3];

		assert_true(digits == strlen(project->code) && (digits == 13 || digits == 15));
		snprintf(before, sizeof(before), "\n%s ", project->code);
		assert_between(fx, before, project->name, project->ppi ? " *\n" : "\n");
		ppi += project->ppi;
		both += project->period_count == 2;
		for (size_t k = 0; k < project->period_count; k++) {
			first += strcmp(project->periods[k], "2023") == 0;
			later += strcmp(project->periods[k], "2024-2026") == 0;
		}
	}
	assert_int_equal(first, 10);
	assert_int_equal(later, 11);
	assert_int_equal(both, 2);
	assert_int_equal(ppi, 2);
}

static void
actors_intentions_and_goals_are_as_published(void **ctx)
{
	const struct fixture *fx = *ctx;
	static const struct {
		plan_list list;
		size_t count;
		const char *before, *after;
	} want[] = {
		{ LIST_ACTORS, 8, "\n- ", "\n" },
		{ LIST_INTENTIONS, 13, "\n- ", "\n" },
		{ LIST_SDG, 1, "\nEl ", " refleja" },
	};

	size_t risks;

	for (size_t w = 0; w < LENGTH(want); w++) {
		size_t count;
		const struct plan_item *items = plan_items(fx->p, want[w].list, &count);

		assert_int_equal(count, want[w].count);
		for (size_t i = 0; i < count; i++)
			assert_between(fx, want[w].before, items[i].name, want[w].after);
	}
	assert_published(fx, "\n", plan_about(fx->p)->policy);
	assert_between(fx, "\n", plan_item(fx->p, LIST_SDG, "ODS-17", 6)->text, "");
	plan_items(fx->p, LIST_RISKS, &risks);
	assert_int_equal(risks, 0);
}

static void
modes_and_counts_have_the_codes_that_records_use(void **ctx)
{
	const struct fixture *fx = *ctx;
	static const char *const modes[] = { "consulado-movil", "sabado-consular",
		                             "jornada-continua", "jornada-extendida",
		                             "otra-actividad" };
	static const char *const counts[] = { "attended", "procedures", "passport", "cedula",
		                              "identity-card" };

	for (size_t i = 0; i < LENGTH(modes); i++)
		assert_non_null(plan_item(fx->p, LIST_MODES, modes[i], strlen(modes[i])));
	for (size_t i = 0; i < LENGTH(counts); i++)
		assert_non_null(plan_item(fx->p, LIST_COUNTS, counts[i], strlen(counts[i])));
	assert_int_equal(plan_thresholds(fx->p).red, 50);
	assert_int_equal(plan_thresholds(fx->p).yellow, 75);
	assert_int_equal(plan_thresholds(fx->p).green, 125);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_number_of_missions_is_noted),
		cmocka_unit_test(head_is_as_published),
		cmocka_unit_test(objectives_and_strategies_are_those_of_the_numbered_list),
		cmocka_unit_test(strategies_have_their_number_of_initiatives),
		cmocka_unit_test(areas_are_those_that_lead_an_initiative),
		cmocka_unit_test(initiatives_are_those_of_the_list_and_published),
		cmocka_unit_test(units_are_those_seen_in_public_sources),
		cmocka_unit_test(indicators_are_as_published),
		cmocka_unit_test(commitments_are_as_published),
		cmocka_unit_test(projects_are_as_published),
		cmocka_unit_test(actors_intentions_and_goals_are_as_published),
		cmocka_unit_test(modes_and_counts_have_the_codes_that_records_use),
	};

	return cmocka_run_group_tests_name("plan data", tests, load, unload);
}
