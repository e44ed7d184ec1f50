#include "agent/entry_numbers.h"

#include <string.h>

#include "protocol/event.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Every digit at *at, which moves behind them; stops short of what no limit allows. */
static uint64_t
take_digits(const char **at, size_t *ret_count)
{
	uint64_t n = 0;

	for (*ret_count = 0; is_digit(**at) && n <= (uint64_t) MONEY_MAX; (*ret_count)++)
		n = 10 * n + (uint64_t) (*(*at)++ - '0');
	return n;
}

bool
entry_percent(const char *text, uint64_t *ret_percent)
{
	size_t whole_digits, digits = 0;
	uint64_t whole = take_digits(&text, &whole_digits), hundredths = 0;

	if (*text == '.' || *text == ',') {
		text++;
		hundredths = take_digits(&text, &digits);
		if (digits == 0)
			return false;
	}
	text += strspn(text, " ");
	text += *text == '%';
	if (*text != '\0' || whole_digits == 0 || digits > 2 || whole > 100)
		return false;
	*ret_percent = 100 * whole + (digits == 1 ? 10 * hundredths : hundredths);
	return *ret_percent <= PERCENT_MAX;
}

/* Groups of three behind a separator: what they were parted by. */
struct groups {
	size_t dots, commas, others;
	bool short_end; /* the last one was of one or two digits */
};

static money_fault
judge_groups(const struct groups *g)
{
	if (g->short_end)
		return MONEY_FRACTION;
	if (g->dots > 0 &&
	    g->commas > 0) /* "1.234,567" is read in two ways, and in both has a fraction */
		return MONEY_AMBIGUOUS;
	return g->commas == 1 && g->others == 0 ? MONEY_AMBIGUOUS : MONEY_RIGHT;
}

money_fault
entry_money(const char *text, uint64_t *ret_pesos)
{
	struct groups g = { 0 };
	size_t digits;
	uint64_t pesos;

	if (*text == '-')
		return MONEY_NEGATIVE;
	pesos = take_digits(&text, &digits);
	if (digits == 0)
		return MONEY_NO_NUMBER;
	for (size_t first = digits;
	     *text && strchr(".,' ", *text) && pesos <= (uint64_t) MONEY_MAX;) {
		char mark = *text++;
		uint64_t group = take_digits(&text, &digits);

		g.dots += mark == '.';
		g.commas += mark == ',';
		g.others += mark == '\'' || mark == ' ';
		if (digits == 0 || digits > 3 || (first > 3 && digits == 3))
			return MONEY_NO_NUMBER;
		g.short_end = digits < 3;
		if (g.short_end && *text != '\0')
			return MONEY_NO_NUMBER;
		pesos = 1000 * pesos + group;
	}
	if (pesos > (uint64_t) MONEY_MAX)
		return MONEY_TOO_MUCH;
	if (*text != '\0')
		return MONEY_NO_NUMBER;
	if (judge_groups(&g) == MONEY_RIGHT)
		*ret_pesos = pesos;
	return judge_groups(&g);
}
