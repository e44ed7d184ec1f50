#include "tests/support/check.h"

#include <string.h>
#include <unistd.h>

#include "common/files.h"
#include "hub/plan_cmd.h"
#include "tests/support/plan_base.h"
#include "tests/support/scratch.h"

static const char shipped[] = SOURCE_ROOT "/hub/plan/pei-2023-2026.json";

struct fixture {
	char *dir;
	const char *path; /* of a plan file to be written */
};

static int
begin(void **ctx)
{
	static struct fixture fx;

	fx.dir = scratch_new();
	fx.path = scratch_path(fx.dir, "plan.json");
	*ctx = &fx;
	return 0;
}

static int
end(void **ctx)
{
	struct fixture *fx = *ctx;

	scratch_remove(&fx->dir);
	return 0;
}

/* Drops root. */
static void
save(const struct fixture *fx, json_t *root)
{
	assert_int_equal(json_dump_file(root, fx->path, 0), 0);
	json_decref(root);
}

/* Runs the command; what it printed on fd is to be freed. */
static char *
check_on(int fd, const char *path, bool json, int want)
{
	char command[] = "valija-hub plan check", option[] = "--json", file[4096];
	char *argv[] = { command, file, json ? option : NULL, NULL };
	int code;

	snprintf(file, sizeof(file), "%s", path);
	capture_begin(fd);
	code = plan_check_command(json ? 3 : 2, argv);
	char *out = capture_end();

	assert_int_equal(code, want);
	return out;
}

static char *
check(const char *path, bool json, int want)
{
	return check_on(STDOUT_FILENO, path, json, want);
}

static void
assert_line(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	if (!at || (at > text && at[-1] != '\n'))
		fail_msg("no line begins with '%s' in:\n%s", line, text);
}

static void
check_of_a_good_plan_tells_notes_and_contents(void **ctx)
{
	(void) ctx;
	char *out = check(shipped, false, 0);

	assert_line(out,
	            "/indicators/1/baseline: note: found 127; "
	            "baseline_keys names 119 units that count as missions\n");
	assert_non_null(strstr(out, "pei-2023-2026.json: 0 errors, 1 note\n"));
	assert_line(out,
	            "PEI-2023-2026 version 1: 3 objectives, 16 strategies, 89 initiatives, "
	            "6 indicators, 141 units\n");
	free(out);
}

static void
check_of_a_bad_plan_tells_each_error_on_its_line(void **ctx)
{
	const struct fixture *fx = *ctx;
	json_t *root = plan_base();
	char *out;

	plan_base_edit(root, "/indicators/1/goal", "1");
	plan_base_edit(root, "/visoin", "\"\\u001b[2J\"");
	plan_base_edit(root, "/lights", NULL);
	save(fx, root);
	out = check(fx->path, false, 65);
	assert_line(out, "/indicators/1/goal: found 1; must not be below the baseline, 2\n");
	assert_line(out,
	            "/visoin: found \"\\u001b[2J\"; "
	            "this key is not known; the nearest one is \"vision\"\n");
	assert_line(out, "/lights: this key is missing\n");
	assert_non_null(strstr(out, "plan.json: 3 errors, 0 notes\n"));
	free(out);
}

static void
check_of_a_broken_file_tells_line_and_column(void **ctx)
{
	const struct fixture *fx = *ctx;
	static const char text[] = "{\"a\":\n  [1,]}";
	char *out;

	assert_status(file_write(fx->path, text, strlen(text), 0600), ST_OK);
	out = check(fx->path, false, 65);
	assert_line(out, "line 2, column 6: found ]; this is not JSON: ");
	free(out);
}

static void
check_as_json_can_be_read_back(void **ctx)
{
	const struct fixture *fx = *ctx;
	static const char text[] = "{\"a\": \"\xff\xfe\"}";
	char *out;
	json_t *report;

	assert_status(file_write(fx->path, text, strlen(text), 0600), ST_OK);
	out = check(fx->path, true, 65);
	report = json_loads(out, 0, NULL);
	assert_non_null(report);
	assert_int_equal(json_integer_value(json_object_get(report, "errors")), 1);
	assert_true(json_is_null(json_object_get(report, "code")));
	json_decref(report);
	free(out);
	out = check(shipped, true, 0);
	report = json_loads(out, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(report, "code")), "PEI-2023-2026");
	assert_int_equal(json_integer_value(json_object_get(report, "notes")), 1);
	json_decref(report);
	free(out);
}

static void
missing_and_oversized_files_have_their_exit_status(void **ctx)
{
	const struct fixture *fx = *ctx;
	char *blanks = calloc(1, PLAN_BYTES_MAX + 1), *told;

	assert_non_null(blanks);
	told = check_on(STDERR_FILENO, fx->path, false, 66);
	assert_non_null(strstr(told, "plan.json"));
	free(told);
	assert_status(file_write(fx->path, blanks, PLAN_BYTES_MAX + 1, 0600), ST_OK);
	told = check_on(STDERR_FILENO, fx->path, false, 65);
	assert_non_null(strstr(told, "1048576"));
	free(told);
	free(blanks);
}

static void
opening_a_bad_plan_tells_why_and_gives_nothing(void **ctx)
{
	const struct fixture *fx = *ctx;
	json_t *root = plan_base();
	uint8_t *json = NULL;
	size_t len = 77;
	plan *p = NULL;
	char *told;

	plan_base_edit(root, "/version", "0");
	save(fx, root);
	capture_begin(STDERR_FILENO);
	assert_int_equal(plan_open_file(fx->path, &p, &json, &len), 65);
	told = capture_end();
	assert_line(told, "/version: found 0; must be a whole number (1..4294967295)\n");
	assert_null(p);
	assert_null(json);
	assert_int_equal(len, 77);
	free(told);
}

static void
opening_a_good_plan_gives_its_bytes(void **ctx)
{
	(void) ctx;
	uint8_t *json = NULL;
	size_t len = 0;
	plan *p = NULL;

	assert_int_equal(plan_open_file(shipped, &p, &json, &len), 0);
	assert_string_equal(plan_code(p), "PEI-2023-2026");
	assert_int_equal(len, strlen((const char *) json));
	free(json);
	plan_free(&p);
}

static char *
shown(bool json)
{
	plan *p = NULL;

	assert_int_equal(plan_open_file(shipped, &p, NULL, NULL), 0);
	capture_begin(STDOUT_FILENO);
	assert_int_equal(plan_show_print(p, json), 0);
	plan_free(&p);
	return capture_end();
}

static int
times(const char *text, const char *word)
{
	int count = 0;

	for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
		count++;
	return count;
}

static void
tree_shows_every_code_once_under_its_strategy(void **ctx)
{
	(void) ctx;
	char *out = shown(false), line[80];
	uint8_t *json = NULL;
	plan *p = NULL;
	size_t count, len;
	const struct plan_initiative *initiatives;
	const char *at = out;

	assert_int_equal(plan_open_file(shipped, &p, &json, &len), 0);
	initiatives = plan_initiatives(p, &count);
	for (size_t i = 0; i < count; i++) {
		snprintf(line, sizeof(line), "\n    %s  ", initiatives[i].code);
		assert_int_equal(times(out, line), 1);
		at = strstr(at, line); /* in the order of the document, T.1 at the end */
		assert_non_null(at);
	}
	assert_int_equal(times(out, "\n  T.1  "), 1);
	assert_non_null(strstr(out, "= IND-1 Consulados móviles"));
	assert_non_null(strstr(out, "acumulado, goal 2000, baseline 1958 not included"));
	assert_non_null(strstr(out, "Consulates (52)"));
	assert_non_null(strstr(out, "Areas (22)"));
	free(json);
	free(out);
	plan_free(&p);
}

static void
what_an_office_adds_is_shown_where_it_is_there(void **ctx)
{
	const struct fixture *fx = *ctx;
	static const char *const lines[] = {
		"\n  1.1  E\n       weight 99.99 %\n",
		"\n    1.1.01  I1\n            > X\n            = IND-1 Suma\n"
		"            weight 100.00 %\n"
		"        A-1         2025  Uno\n                    > X\n"
		"                    weight 25.00 %\n                    budget $ 0\n"
		"                    purchases plan: Línea 7\n                    = IND-1\n"
		"        A-2         2025  Dos\n",
		"          by quarter 2025-Q1: 5 2025-Q2: 7 2025-Q3: 8 2025-Q4: 10 2026-Q1: 1\n"
		"          con-a 2025: 10 2025-Q1: 5 2025-Q2: 1 2025-Q3: 0 2025-Q4: 4\n"
		"          con-b 2025: 12\n",
		"\n  R-1  Uno\n       class corrupcion\n       threatens 1.1.01, 1.1.02\n",
		"\n       threatens 1.1.01, 1.1.02\n       control: Primero\n",
		"\nWho alone reports it (2)\n  IND-1   area, con-b\n  1.1.01  area, consulate\n",
	};
	plan *p = NULL;
	char *out;

	save(fx, plan_base_whole());
	assert_int_equal(plan_open_file(fx->path, &p, NULL, NULL), 0);
	capture_begin(STDOUT_FILENO);
	assert_int_equal(plan_show_print(p, false), 0);
	out = capture_end();
	for (size_t i = 0; i < LENGTH(lines); i++) {
		if (!strstr(out, lines[i]))
			fail_msg("not shown:%s\nbut:\n%s", lines[i], out);
	}
	free(out);
	plan_free(&p);
	out = shown(false); /* the published plan has none of it */
	assert_null(strstr(out, "weight"));
	assert_null(strstr(out, "by quarter"));
	assert_null(strstr(out, "Who alone"));
	free(out);
}

static void
no_line_is_wider_than_a_terminal(void **ctx)
{
	(void) ctx;
	char *out = shown(false), *rest = out;

	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
		int columns = 0;

		for (const char *c = line; *c != '\0'; c++)
			columns += ((unsigned char) *c & 0xc0) != 0x80;
		if (columns > 80)
			fail_msg("%d columns: %s", columns, line);
		if (columns > 0 && line[strlen(line) - 1] == ' ')
			fail_msg("ends with a blank: %s", line);
	}
	free(out);
}

static void
json_shows_the_document_itself(void **ctx)
{
	(void) ctx;
	char *out = shown(true);
	json_t *document = json_load_file(shipped, 0, NULL), *printed = json_loads(out, 0, NULL);

	assert_non_null(printed);
	assert_true(json_equal(document, printed));
	json_decref(document);
	json_decref(printed);
	free(out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(check_of_a_good_plan_tells_notes_and_contents,
		                                begin, end),
		cmocka_unit_test_setup_teardown(check_of_a_bad_plan_tells_each_error_on_its_line,
		                                begin, end),
		cmocka_unit_test_setup_teardown(check_of_a_broken_file_tells_line_and_column, begin,
		                                end),
		cmocka_unit_test_setup_teardown(check_as_json_can_be_read_back, begin, end),
		cmocka_unit_test_setup_teardown(missing_and_oversized_files_have_their_exit_status,
		                                begin, end),
		cmocka_unit_test_setup_teardown(opening_a_bad_plan_tells_why_and_gives_nothing,
		                                begin, end),
		cmocka_unit_test_setup_teardown(opening_a_good_plan_gives_its_bytes, begin, end),
		cmocka_unit_test(tree_shows_every_code_once_under_its_strategy),
		cmocka_unit_test_setup_teardown(what_an_office_adds_is_shown_where_it_is_there,
		                                begin, end),
		cmocka_unit_test(no_line_is_wider_than_a_terminal),
		cmocka_unit_test(json_shows_the_document_itself),
	};

	return cmocka_run_group_tests_name("plan commands", tests, NULL, NULL);
}
