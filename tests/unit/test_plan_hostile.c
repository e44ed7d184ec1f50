#include "tests/support/check.h"

#include <string.h>

#include "protocol/plan.h"
#include "tests/support/plan_base.h"

static void
broken_files_are_told_with_line_and_column(void **ctx)
{
	(void) ctx;
	static const struct {
		const char *text;
		size_t len;
		int line, column;
		const char *rule;
	} all[] = {
		{ "", 0, 1, 1, "ends too early" },
		{ "{\"a\": [1,\n  2,]}", 16, 2, 5, "not JSON" },
		{ "{\"a\": 1,\n \"a\": 2}", 18, 2, 4, "stands twice" },
		{ "{\n\"a\": \"\xff\"}", 11, 2, 6, "not UTF-8" },
		{ "{\n\"a\": \"\xc3\"}", 11, 2, 6, "not UTF-8" },
		{ "{\"a\": \"\xed\xa0\x80\"}", 13, 1, 7, "not UTF-8" },
		{ "\xef\xbb\xbf{}", 5, 1, 1, "byte order mark" },
		{ "{} {}", 5, 1, 4, "follows the end" },
		{ "{\"a\": \"\\u0000\"}", 15, 1, 14, "character 0" },
		{ "{\"a\": 99999999999999999999}", 27, 1, 26, "too large" },
		{ "{\"a\0\": 1}", 9, 1, 3, "not JSON" },
		{ "\"text\"", 6, 1, 6, "not JSON" },
		{ "{'a': 1}", 8, 1, 2, "not JSON" },
	};

	for (size_t i = 0; i < LENGTH(all); i++) {
		struct plan_problems problems = { 0 };
		plan *p = NULL;

		assert_status(plan_base_parse(all[i].text, all[i].len, &problems, &p), ST_INVALID);
		assert_null(p);
		assert_int_equal(problems.errors, 1);
		assert_string_equal(problems.list[0].pointer, "");
		if (!strstr(problems.list[0].rule, all[i].rule) ||
		    problems.list[0].line != all[i].line ||
		    problems.list[0].column != all[i].column)
			fail_msg("%s: told '%s' at %d:%d", all[i].text, problems.list[0].rule,
			         problems.list[0].line, problems.list[0].column);
		plan_problems_done(&problems);
	}
}

static void
a_document_that_is_no_object_is_told(void **ctx)
{
	(void) ctx;
	struct plan_problems problems = { 0 };
	plan *p = NULL;

	assert_status(plan_base_parse("[1]", 3, &problems, &p), ST_INVALID);
	assert_string_equal(problems.list[0].pointer, "");
	assert_string_equal(problems.list[0].found, "[…]");
	plan_problems_done(&problems);
}

static void
deep_nesting_is_refused(void **ctx)
{
	(void) ctx;
	enum { DEPTH = 500000 };
	char *text = malloc(DEPTH);
	struct plan_problems problems = { 0 };
	plan *p = NULL;

	assert_non_null(text);
	memset(text, '[', DEPTH);
	assert_status(plan_base_parse(text, DEPTH, &problems, &p), ST_INVALID);
	assert_non_null(strstr(problems.list[0].rule, "too deeply"));
	plan_problems_done(&problems);
	free(text);
}

static void
size_is_bounded(void **ctx)
{
	(void) ctx;
	json_t *root = plan_base();
	char *document = json_dumps(root, 0);
	char *text = malloc(PLAN_BYTES_MAX + 1);

	assert_non_null(text);
	memset(text, ' ', PLAN_BYTES_MAX + 1);
	memcpy(text, document, strlen(document));
	for (size_t over = 0; over < 2; over++) {
		struct plan_problems problems = { 0 };
		plan *p = NULL;

		assert_status(plan_base_parse(text, PLAN_BYTES_MAX + over, &problems, &p),
		              over ? ST_LIMIT : ST_OK);
		assert_int_equal(problems.errors, over);
		plan_problems_done(&problems);
		plan_free(&p);
	}
	free(text);
	free(document);
	json_decref(root);
}

static void
list_of_problems_is_bounded_but_all_are_counted(void **ctx)
{
	(void) ctx;
	struct plan_problems problems = { 0 };
	json_t *root = plan_base();
	plan *p = NULL;
	char key[24];

	for (int i = 0; i < 2 * PLAN_PROBLEMS_MAX; i++) {
		snprintf(key, sizeof(key), "/unknown-%d", i);
		plan_base_edit(root, key, "1");
	}
	assert_status(plan_base_parse_document(root, &problems, &p), ST_INVALID);
	assert_int_equal(problems.count, PLAN_PROBLEMS_MAX);
	assert_int_equal(problems.errors, 2 * PLAN_PROBLEMS_MAX);
	plan_problems_done(&problems);
}

static void
assert_utf8(const char *text)
{
	json_t *string = json_string(text); /* refuses what is not */

	assert_non_null(string);
	json_decref(string);
}

static void
long_keys_and_values_are_cut_at_a_character(void **ctx)
{
	(void) ctx;
	struct plan_problems problems = { 0 };
	json_t *root = plan_base();
	char long_text[1200] = "\"";
	plan *p = NULL;

	for (size_t i = 1; i < 1100; i += 2)
		memcpy(long_text + i, "ñ", 3);
	json_object_set_new(root, long_text, json_true());
	strncat(long_text, "\"", 2);
	plan_base_edit(root, "/name", long_text);
	assert_status(plan_base_parse_document(root, &problems, &p), ST_INVALID);
	assert_int_equal(problems.errors, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_utf8(problems.list[i].pointer);
		assert_utf8(problems.list[i].found);
	}
	assert_string_equal(problems.list[0].found + strlen(problems.list[0].found) - 4, "…\"");
	plan_problems_done(&problems);
}

/* Errors and result agree for whatever comes. */
static void
assert_agrees(const char *text, size_t len)
{
	struct plan_problems problems = { 0 };
	plan *p = NULL;
	status st = plan_base_parse(text, len, &problems, &p);

	assert_true(st == ST_OK || st == ST_INVALID);
	assert_int_equal(st == ST_OK, problems.errors == 0);
	assert_int_equal(st == ST_OK, p != NULL);
	plan_problems_done(&problems);
	plan_free(&p);
}

static void
every_beginning_of_a_plan_is_refused(void **ctx)
{
	(void) ctx;
	json_t *root = plan_base();
	char *text = json_dumps(root, 0);

	for (size_t len = 0; len < strlen(text); len++) {
		struct plan_problems problems = { 0 };
		plan *p = NULL;

		assert_status(plan_base_parse(text, len, &problems, &p), ST_INVALID);
		plan_problems_done(&problems);
	}
	free(text);
	json_decref(root);
}

static void
changed_bytes_never_confuse(void **ctx)
{
	(void) ctx;
	static const char put[] = "\"{}[],:0-9a \\\x80\xff\n";
	json_t *root = plan_base();
	char *text = json_dumps(root, 0);
	size_t len = strlen(text);
	uint32_t random = 1;

	for (int round = 0; round < 5000; round++) {
		size_t at;
		char was;

		random = random * 1664525u + 1013904223u;
		at = (random >> 8) % len;
		was = text[at];
		text[at] = put[(random >> 4) % (sizeof(put) - 1)];
		assert_agrees(text, len);
		text[at] = was;
	}
	free(text);
	json_decref(root);
}

static int allocations_left = -1; /* -1: as many as are wanted */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool
denied(void)
{
	if (allocations_left < 0)
		return false;
	return allocations_left-- == 0;
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return denied() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	return denied() ? NULL : __real_realloc(old, size);
}

static void
every_denied_allocation_is_told_and_leaks_nothing(void **ctx)
{
	(void) ctx;
	json_t *root = plan_base();
	char *text;
	int denials = 0;
	status st = ST_NOMEM;

	plan_base_edit(root, "/indicators/1/baseline", "4"); /* a note needs memory too */
	text = json_dumps(root, 0);
	for (int n = 0; st == ST_NOMEM; n++) {
		struct plan_problems problems = { 0 };
		plan *p = NULL;

		allocations_left = n;
		st = plan_parse(text, strlen(text), &problems, &p);
		allocations_left = -1;
		denials += st == ST_NOMEM;
		assert_int_equal(st == ST_OK, p != NULL);
		plan_problems_done(&problems);
		plan_free(&p);
	}
	assert_status(st, ST_OK);
	assert_in_range(denials, 20, 200);
	free(text);
	json_decref(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_files_are_told_with_line_and_column),
		cmocka_unit_test(a_document_that_is_no_object_is_told),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(size_is_bounded),
		cmocka_unit_test(list_of_problems_is_bounded_but_all_are_counted),
		cmocka_unit_test(long_keys_and_values_are_cut_at_a_character),
		cmocka_unit_test(every_beginning_of_a_plan_is_refused),
		cmocka_unit_test(changed_bytes_never_confuse),
		cmocka_unit_test(every_denied_allocation_is_told_and_leaks_nothing),
	};

	return cmocka_run_group_tests_name("plan_hostile", tests, NULL, NULL);
}
