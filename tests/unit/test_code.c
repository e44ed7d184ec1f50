#include "tests/support/check.h"

#include <string.h>

#include "protocol/code.h"
#include "protocol/limits.h"

static void
distance_counts_what_a_person_gets_wrong(void **ctx)
{
	(void) ctx;
	static const struct {
		const char *a, *b;
		size_t want;
	} cases[] = {
		{ "", "", 0 },
		{ "", "abc", 3 },
		{ "abc", "", 3 },
		{ "IND-1", "IND-1", 0 },
		{ "ind-1", "IND-1", 0 },
		{ "IND-1", "IND-2", 1 },              /* changed */
		{ "con-houstn", "con-houston", 1 },   /* left out */
		{ "con-houstonn", "con-houston", 1 }, /* put in */
		{ "con-huoston", "con-houston", 1 },  /* exchanged */
		{ "kitten", "sitting", 3 },
		{ "ca", "abc", 3 },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		size_t got = code_distance(cases[i].a, cases[i].b);

		if (got != cases[i].want)
			fail_msg("'%s' to '%s': %zu, want %zu", cases[i].a, cases[i].b, got,
			         cases[i].want);
	}
}

static void
a_text_over_the_bound_is_as_far_as_can_be(void **ctx)
{
	(void) ctx;
	char text[CODE_BYTES_MAX + 2];

	memset(text, 'a', sizeof(text) - 1);
	text[CODE_BYTES_MAX + 1] = '\0';
	assert_true(code_distance(text, "a") == SIZE_MAX);
	assert_true(code_distance("a", text) == SIZE_MAX);
	text[CODE_BYTES_MAX] = '\0';
	assert_int_equal(code_distance(text, "a"), CODE_BYTES_MAX - 1);
}

static void
a_longer_word_may_be_further_away(void **ctx)
{
	(void) ctx;
	assert_true(code_near(1, 5));
	assert_true(code_near(4, 12));
	assert_false(code_near(5, 12));
	assert_false(code_near(1, 1)); /* nothing of it is left */
	assert_false(code_near(SIZE_MAX, 40));
}

static void
words_are_read_as_codes_are_written(void **ctx)
{
	(void) ctx;
	static const struct {
		const char *word, *want;
	} cases[] = {
		{ "", "" },
		{ "IND-1", "ind-1" },
		{ "Sábado consular", "sabado-consular" },
		{ "ÁÉÍÓÚÜÑ áéíóúüñ_x", "aeiouun-aeiouun-x" },
		{ "ç\xc3", "ç\xc3" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		const char *at = cases[i].word;
		char got[40];
		size_t used = 0;

		do
			got[used] = (char) code_letter(&at);
		while (got[used++] != '\0');
		assert_string_equal(got, cases[i].want);
		assert_int_equal(*at, '\0');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distance_counts_what_a_person_gets_wrong),
		cmocka_unit_test(a_text_over_the_bound_is_as_far_as_can_be),
		cmocka_unit_test(a_longer_word_may_be_further_away),
		cmocka_unit_test(words_are_read_as_codes_are_written),
	};

	return cmocka_run_group_tests_name("code", tests, NULL, NULL);
}
