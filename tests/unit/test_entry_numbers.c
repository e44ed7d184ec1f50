#include "tests/support/check.h"

#include "agent/entry_numbers.h"
#include "protocol/event.h"

static void
percentages_have_at_most_two_decimals_and_are_at_most_100(void **ctx)
{
	static const struct {
		const char *text;
		int64_t want; /* -1: none */
	} cases[] = {
		{ "0", 0 },          { "62.5", 6250 },  { "62,5", 6250 },
		{ "62.55", 6255 },   { "62.05", 6205 }, { "100", 10000 },
		{ "100.00", 10000 }, { "007", 700 },    { "62.5 %", 6250 },
		{ "62,5%", 6250 },   { "100.01", -1 },  { "101", -1 },
		{ "62.555", -1 },    { "62.", -1 },     { ".5", -1 },
		{ "-1", -1 },        { "", -1 },        { "%", -1 },
		{ "1e1", -1 },       { "62.5 x", -1 },  { "99999999999999999999999999", -1 },
		{ "5%%", -1 },       { "6 2", -1 },
	};

	(void) ctx;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		uint64_t got = 77;
		bool right = entry_percent(cases[i].text, &got);

		if (right != (cases[i].want >= 0) || (right && (int64_t) got != cases[i].want))
			fail_msg("'%s' is %d, %llu", cases[i].text, right,
			         (unsigned long long) got);
	}
}

static void
money_is_whole_pesos_in_groups_that_are_read_in_one_way(void **ctx)
{
	static const struct {
		const char *text;
		money_fault fault;
		uint64_t pesos;
	} cases[] = {
		{ "0", MONEY_RIGHT, 0 },
		{ "1234567", MONEY_RIGHT, 1234567 },
		{ "1.234", MONEY_RIGHT, 1234 },
		{ "1.234.567", MONEY_RIGHT, 1234567 },
		{ "1'234.567", MONEY_RIGHT, 1234567 },
		{ "1 234 567", MONEY_RIGHT, 1234567 },
		{ "1,234,567", MONEY_RIGHT, 1234567 },
		{ "1000000000000000", MONEY_RIGHT, MONEY_MAX },
		{ "1.000.000.000.000.000", MONEY_RIGHT, MONEY_MAX },
		{ "1000000000000001", MONEY_TOO_MUCH, 0 },
		{ "1.000.000.000.000.001", MONEY_TOO_MUCH, 0 },
		{ "99999999999999999999999999999", MONEY_TOO_MUCH, 0 },
		{ "1,234", MONEY_AMBIGUOUS, 0 },
		{ "1.234,567", MONEY_AMBIGUOUS, 0 },
		{ "1,234.567", MONEY_AMBIGUOUS, 0 },
		{ "1.234,50", MONEY_FRACTION, 0 },
		{ "1234,5", MONEY_FRACTION, 0 },
		{ "10.50", MONEY_FRACTION, 0 },
		{ "-1", MONEY_NEGATIVE, 0 },
		{ "-1.234.567", MONEY_NEGATIVE, 0 },
		{ "", MONEY_NO_NUMBER, 0 },
		{ "x", MONEY_NO_NUMBER, 0 },
		{ "$1", MONEY_NO_NUMBER, 0 },
		{ "1.", MONEY_NO_NUMBER, 0 },
		{ ".123", MONEY_NO_NUMBER, 0 },
		{ "1..234", MONEY_NO_NUMBER, 0 },
		{ "1234.567", MONEY_NO_NUMBER, 0 },
		{ "1.2345", MONEY_NO_NUMBER, 0 },
		{ "1.23.456", MONEY_NO_NUMBER, 0 },
		{ "1.234 COP", MONEY_NO_NUMBER, 0 },
	};

	(void) ctx;
	for (size_t i = 0; i < LENGTH(cases); i++) {
		uint64_t got = 0;
		money_fault fault = entry_money(cases[i].text, &got);

		if (fault != cases[i].fault || got != cases[i].pesos)
			fail_msg("'%s' is %d, %llu", cases[i].text, (int) fault,
			         (unsigned long long) got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentages_have_at_most_two_decimals_and_are_at_most_100),
		cmocka_unit_test(money_is_whole_pesos_in_groups_that_are_read_in_one_way),
	};

	return cmocka_run_group_tests_name("entry_numbers", tests, NULL, NULL);
}
