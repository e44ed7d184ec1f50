/* All four forms have their own length, so nothing is guessed. */
#include "hub/period.h"

#include <stdbool.h>
#include <string.h>

enum { MONTHS = 12, QUARTER_MONTHS = 3, YEAR_DIGITS = 4 };

void
period_name(period_kind kind, date day, char ret_text[static PERIOD_TEXT_BYTES])
{
	char text[DATE_TEXT_BYTES];

	date_format(day, text);
	switch (kind) {
	case PERIOD_MONTH: text[strlen("YYYY-MM")] = '\0'; break;
	case PERIOD_QUARTER:
		text[5] = 'Q';
		text[6] = (char) ('0' + date_quarter(day));
		text[strlen("YYYY-Qn")] = '\0';
		break;
	case PERIOD_YEAR: text[strlen("YYYY")] = '\0'; break;
	}
	memcpy(ret_text, text, strlen(text) + 1);
}

/* So many whole months from the first of that one on.  A month ends a day before the next
 * begins: no table of lengths, no leap years. */
static status
months(int year, int first, int count, struct plan_period *ret_period)
{
	struct plan_period p;
	int end = first + count; /* the month behind the last */

	if (!date_from_civil((struct civil) { year, first, 1 }, &p.from))
		return ST_INVALID;
	p.to = DATE_MAX;
	if (date_from_civil((struct civil) { year + end / (MONTHS + 1), (end - 1) % MONTHS + 1, 1 },
	                    &p.to))
		p.to--;
	*ret_period = p;
	return ST_OK;
}

struct plan_period
period_at(period_kind kind, date day)
{
	static const int counts[] = {
		[PERIOD_MONTH] = 1,
		[PERIOD_QUARTER] = QUARTER_MONTHS,
		[PERIOD_YEAR] = MONTHS,
	};
	struct plan_period p = { day, day };
	struct civil c = date_civil(day);
	int count = counts[kind];

	months(c.year, (c.month - 1) / count * count + 1, count, &p);
	return p;
}

/* All len letters are digits; their number. */
static bool
digits(const char *text, size_t len, int *ret_number)
{
	int n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = n * 10 + (text[i] - '0');
	}
	*ret_number = n;
	return true;
}

status
period_parse(const char *text, struct plan_period *ret_period)
{
	size_t len = strlen(text);
	int year, part;
	status st;
	date day;

	if (len < YEAR_DIGITS || !digits(text, YEAR_DIGITS, &year))
		return ST_INVALID;
	if (len == strlen("YYYY"))
		return months(year, 1, MONTHS, ret_period);
	if (len == strlen("YYYY-Qn") && (text[5] == 'Q' || text[5] == 'q')) {
		part = text[6] - '0';
		if (text[4] != '-' || part < 1 || part > MONTHS / QUARTER_MONTHS)
			return ST_INVALID;
		return months(year, (part - 1) * QUARTER_MONTHS + 1, QUARTER_MONTHS, ret_period);
	}
	if (len == strlen("YYYY-MM")) {
		if (text[4] != '-' || !digits(text + 5, 2, &part))
			return ST_INVALID;
		return months(year, part, 1, ret_period);
	}
	st = date_parse(text, len, &day);
	if (st == ST_OK)
		*ret_period = (struct plan_period) { day, day };
	return st;
}
