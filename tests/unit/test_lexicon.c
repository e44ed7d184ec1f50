#include "tests/support/check.h"

#include <string.h>

#include "hub/lexicon.h"

static lexicon *l;

static int
setup(void **ctx)
{
	(void) ctx;
	l = lexicon_new();
	return l ? 0 : -1;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	lexicon_free(&l);
	lexicon_free(&l);
	return 0;
}

static uint16_t
number_of(const char *text)
{
	uint16_t number = UINT16_MAX;

	assert_status(lexicon_number(l, text_of(text), &number), ST_OK);
	return number;
}

static void
assert_text(uint16_t number, const char *want)
{
	struct text t = lexicon_text(l, number);

	assert_int_equal(t.len, strlen(want));
	assert_string_equal(t.at, want); /* a 0 is behind it */
}

static void
a_text_has_one_number_until_all_are_forgotten(void **ctx)
{
	uint16_t first = number_of("IND-1"), second = number_of("IND-10");

	(void) ctx;
	assert_int_equal(number_of(""), 0);
	assert_int_not_equal(first, second);
	assert_int_equal(number_of("IND-1"), first);
	assert_text(first, "IND-1");
	assert_text(second, "IND-10");
	assert_text(0, "");
	assert_int_equal(lexicon_count(l), 2);
	lexicon_forget(l);
	assert_int_equal(lexicon_count(l), 0);
	assert_text(number_of("US"), "US");
	assert_text(number_of("IND-1"), "IND-1");
	assert_int_equal(lexicon_count(l), 2);
}

static void
sorted_the_numbers_ascend_as_the_texts_do(void **ctx)
{
	static const char *const texts[] = { "b", "ab", "a-", "a", "B", "b1", "ab" };
	static const char *const want[] = { "", "B", "a", "a-", "ab", "b", "b1" };
	uint16_t before[LENGTH(texts)];
	const uint16_t *now = NULL;

	(void) ctx;
	for (size_t i = 0; i < LENGTH(texts); i++)
		before[i] = number_of(texts[i]);
	assert_status(lexicon_sort(l, &now), ST_OK);
	for (size_t n = 0; n < LENGTH(want); n++)
		assert_text((uint16_t) n, want[n]);
	assert_int_equal(now[0], 0);
	for (size_t i = 0; i < LENGTH(texts); i++) {
		assert_text(now[before[i]], texts[i]);
		assert_int_equal(number_of(texts[i]), now[before[i]]);
	}
	assert_int_equal(lexicon_count(l), LENGTH(want) - 1);
}

static void
what_is_too_long_or_too_much_is_refused(void **ctx)
{
	char text[LEXICON_TEXT_MAX + 1];
	uint16_t number = 77;

	(void) ctx;
	memset(text, 'x', sizeof(text));
	assert_status(lexicon_number(l, (struct text) { text, sizeof(text) }, &number), ST_LIMIT);
	assert_status(lexicon_number(l, (struct text) { text, LEXICON_TEXT_MAX }, &number), ST_OK);
	lexicon_forget(l);
	for (unsigned i = 1; i <= LEXICON_MAX; i++) {
		snprintf(text, sizeof(text), "%u", i);
		assert_int_equal(number_of(text), i);
	}
	number = 77;
	assert_status(lexicon_number(l, text_of("one more"), &number), ST_LIMIT);
	assert_int_equal(number, 77);
	assert_int_equal(number_of("4711"), 4711);
	assert_int_equal(number_of(""), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_text_has_one_number_until_all_are_forgotten),
		TEST(sorted_the_numbers_ascend_as_the_texts_do),
		TEST(what_is_too_long_or_too_much_is_refused),
	};

	return cmocka_run_group_tests_name("lexicon", tests, NULL, NULL);
}
