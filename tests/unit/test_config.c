#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/config.h"
#include "common/files.h"
#include "tests/support/scratch.h"

enum { ROW_NAME, ROW_LOW, ROW_HIGH, ROWS };

static bool
no_digit(const char *text)
{
	return !strpbrk(text, "0123456789");
}

static const struct config_row rows[ROWS] = {
	[ROW_NAME] = { .key = "name",
	               .help = "a name",
	               .rule = "letters",
	               .argument = "TEXT",
	               .fallback_text = "none",
	               .valid = no_digit },
	[ROW_LOW] = { .key = "low-ms",
	              .unit = "ms",
	              .min = 10,
	              .max = 1000,
	              .fallback = 100,
	              .help = "the low one",
	              .argument = "N",
	              .reloadable = true },
	[ROW_HIGH] = { .key = "high-ms",
	               .unit = "ms",
	               .min = 10,
	               .max = 1000,
	               .fallback = 200,
	               .help = "the high one",
	               .argument = "N",
	               .at_least = "low-ms" },
};

static char *scratch;
static char path[512];
static struct config c;
static struct config_faults faults;

static int
setup(void **ctx)
{
	(void) ctx;
	scratch = scratch_new();
	snprintf(path, sizeof(path), "%s", scratch_path(scratch, "conf"));
	config_init(&c, rows, ROWS);
	c.path = path;
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	config_done(&c);
	scratch_remove(&scratch);
	return 0;
}

static void
write_file(const char *text)
{
	assert_status(file_write(path, text, strlen(text), 0600), ST_OK);
}

/* As if these words were typed. */
static void
type(const char *option)
{
	char name[] = "test", word[64];
	char *words[] = { name, word, NULL };

	snprintf(word, sizeof(word), "%s", option);

	assert_int_equal(argp_parse(config_argp(&c), 2, words, ARGP_NO_EXIT, NULL, &c), 0);
}

static void
assert_fault(const char *text, const char *words)
{
	write_file(text);
	assert_status(config_load(&c, &faults), ST_INVALID);
	assert_int_equal(faults.count, 1);
	if (!strstr(faults.list[0], words))
		fail_msg("'%s' does not say '%s'", faults.list[0], words);
	assert_int_equal(config_number(&c, ROW_LOW), 100); /* nothing was taken */
}

static void
file_is_over_default_and_option_over_file(void **ctx)
{
	(void) ctx;
	write_file("low-ms = 20\nname = \"a b\"\n");
	type("--high-ms=300");
	assert_status(config_load(&c, &faults), ST_OK);
	assert_int_equal(config_number(&c, ROW_LOW), 20);
	assert_int_equal(config_number(&c, ROW_HIGH), 300);
	assert_string_equal(config_text(&c, ROW_NAME), "a b");
	assert_int_equal(config_source_of(&c, ROW_LOW), CONFIG_FILE);
	assert_int_equal(config_source_of(&c, ROW_HIGH), CONFIG_OPTION);

	write_file("high-ms = 400\n");
	assert_status(config_load(&c, &faults), ST_OK);
	assert_int_equal(config_number(&c, ROW_HIGH), 300);
	assert_int_equal(config_number(&c, ROW_LOW), 100);
	assert_null(config_text(&c, ROW_NAME));
}

static void
option_is_over_a_text_of_the_file(void **ctx)
{
	(void) ctx;
	write_file("name = \"of the file\"\n");
	type("--name=typed");
	assert_status(config_load(&c, &faults), ST_OK);
	assert_string_equal(config_text(&c, ROW_NAME), "typed");
	assert_fault("name = 7\n", "name");
	assert_string_equal(config_text(&c, ROW_NAME), "typed");
}

static void
every_default_and_bound_is_allowed_and_its_neighbour_is_not(void **ctx)
{
	char text[64];

	(void) ctx;
	for (size_t i = 0; i < ROWS; i++) {
		if (!rows[i].unit)
			continue;
		assert_in_range(rows[i].fallback, rows[i].min, rows[i].max);
		for (int step = 0; step < 4; step++) {
			int64_t n = step < 2 ? rows[i].min - step : rows[i].max + step - 2;
			const char *other = i == ROW_LOW ? "high-ms = 1000" : "low-ms = 10";

			snprintf(text, sizeof(text), "%s = %lld\n%s\n", rows[i].key, (long long) n,
			         other);
			write_file(text);
			assert_status(config_load(&c, &faults), step % 2 == 0 ? ST_OK : ST_INVALID);
		}
	}
}

static void
a_fault_says_file_line_key_and_range(void **ctx)
{
	(void) ctx;
	assert_fault("\nlow-ms = 9\n", "conf:2: low-ms: '9' is not a number from 10 to 1000 (ms)");
	assert_fault("low-ms = 1e2\n", "conf:1: low-ms: '1e2' is not a number");
	assert_fault("low-ms = \n", "conf:1: low-ms: '' is not a number");
	assert_fault("low-ms\n", "conf:1: low-ms: a value is missing");
	assert_fault("name = a1\n", "conf:1: name: 'a1' is not letters");
	assert_fault("lo-ms = 20\n", "conf:1: there is no key 'lo-ms'; did you mean 'low-ms'?");
	assert_fault("colour = 20\n", "conf:1: there is no key 'colour'");
	assert_fault("low-ms = 20\nlow-ms = 20\n", "conf:2: low-ms: stands in line 1 already");
	assert_fault("name = a\n    low-ms = 20\n", "conf:2: low-ms: no key stands below");
	assert_fault(
		"low-ms = 900\n",
		"conf:1: high-ms is 200 by default: it must not be below low-ms, which is 900");
	assert_fault("\nlow-ms = 900\nhigh-ms = 300\n",
	             "conf:3: high-ms is 300: it must not be below low-ms, which is 900");
	assert_fault("a b\n", "conf:1: '=' belongs between");
}

static void
all_faults_are_found_at_once_and_more_are_counted(void **ctx)
{
	char text[4096] = "";

	(void) ctx;
	write_file("low-ms = 1\nnope = 2\nhigh-ms = x\n");
	assert_status(config_load(&c, &faults), ST_INVALID);
	assert_int_equal(faults.count, 3);
	for (int i = 0; i < CONFIG_FAULTS_MAX + 8; i++)
		strncat(text, "nope\n", sizeof(text) - strlen(text) - 1);
	write_file(text);
	assert_status(config_load(&c, &faults), ST_INVALID);
	assert_int_equal(faults.count, CONFIG_FAULTS_MAX + 8);
}

static void
a_file_that_cannot_be_read_is_named(void **ctx)
{
	(void) ctx;
	assert_status(config_load(&c, &faults), ST_NOT_FOUND);
	assert_int_equal(faults.count, 1);
	assert_non_null(strstr(faults.list[0], "conf: cannot be read: not found"));
}

static char changes[128];

static void
note(void *ctx, const struct config_row *row)
{
	(void) ctx;
	strncat(changes, row->key, sizeof(changes) - strlen(changes) - 1);
	strncat(changes, " ", sizeof(changes) - strlen(changes) - 1);
}

static void
a_reload_takes_what_can_be_and_tells_of_the_rest(void **ctx)
{
	(void) ctx;
	*changes = 0;
	write_file("low-ms = 20\nhigh-ms = 300\nname = a\n");
	assert_status(config_load(&c, &faults), ST_OK);
	write_file("low-ms = 30\nhigh-ms = 500\nname = a\n");
	assert_status(config_reload(&c, &faults, note, NULL), ST_OK);
	assert_string_equal(changes, "low-ms high-ms ");
	assert_int_equal(config_number(&c, ROW_LOW), 30);
	assert_int_equal(config_number(&c, ROW_HIGH), 300);

	write_file("low-ms = 40\nhigh-ms = x\n");
	*changes = 0;
	assert_status(config_reload(&c, &faults, note, NULL), ST_INVALID);
	assert_string_equal(changes, "");
	assert_int_equal(config_number(&c, ROW_LOW), 30);
}

static void
the_file_of_the_service_is_for_its_home_alone(void **ctx)
{
	(void) ctx;
	write_file("low-ms = 30\n");
	c.path = NULL;
	assert_int_equal(setenv("VALIJA_TEST_HOME", "/elsewhere", 1), 0);
	config_usual(&c, ROW_NAME, "VALIJA_TEST_HOME", path);
	assert_null(c.path);
	assert_int_equal(unsetenv("VALIJA_TEST_HOME"), 0);
	config_usual(&c, ROW_NAME, "VALIJA_TEST_HOME", "/none/there");
	assert_null(c.path);
	config_usual(&c, ROW_NAME, "VALIJA_TEST_HOME", path);
	assert_string_equal(c.path, path);
	config_usual(&c, ROW_NAME, "VALIJA_TEST_HOME", "/"); /* one was named */
	assert_string_equal(c.path, path);
	c.path = NULL;
	type("--name=b");
	config_usual(&c, ROW_NAME, "VALIJA_TEST_HOME", path);
	assert_null(c.path);
}

static void
the_sample_is_a_file_without_faults_that_changes_nothing(void **ctx)
{
	FILE *f = fopen(path, "w");
	char line[256];
	size_t keys = 0;

	(void) ctx;
	assert_non_null(f);
	config_sample(&c, f);
	fclose(f);
	assert_status(config_load(&c, &faults), ST_OK);
	assert_int_equal(config_source_of(&c, ROW_LOW), CONFIG_DEFAULT);
	f = fopen(path, "r");
	while (fgets(line, sizeof(line), f)) {
		for (size_t i = 0; i < ROWS; i++)
			keys += strncmp(line + 2, rows[i].key, strlen(rows[i].key)) == 0 &&
				strstr(line, " =") != NULL;
	}
	fclose(f);
	assert_int_equal(keys, ROWS);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(file_is_over_default_and_option_over_file),
		TEST(option_is_over_a_text_of_the_file),
		TEST(every_default_and_bound_is_allowed_and_its_neighbour_is_not),
		TEST(a_fault_says_file_line_key_and_range),
		TEST(all_faults_are_found_at_once_and_more_are_counted),
		TEST(a_file_that_cannot_be_read_is_named),
		TEST(a_reload_takes_what_can_be_and_tells_of_the_rest),
		TEST(the_file_of_the_service_is_for_its_home_alone),
		TEST(the_sample_is_a_file_without_faults_that_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
