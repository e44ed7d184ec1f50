#include "protocol/date.h"

#include <stdio.h>

enum {
	ERA_YEARS = 400,
	ERA_DAYS = 146097,
	EPOCH_DAYS = 719468, /* from 0000-03-01 to 1970-01-01 */
	YEAR_MIN = 1900,     /* of DATE_MIN */
	YEAR_MAX = 2199,     /* of DATE_MAX */
};

/* Years begin in March here, so that the leap day is the last of its year: no
 * month but the last has a length that varies.  1460, 36524 and 146096 are the
 * days after which 4, 100 and 400 years have given their leap days; months from
 * March on have 30.6 days on average, hence 153 / 5. */
struct civil
date_civil(date d)
{
	int day = d + EPOCH_DAYS; /* positive within the bounds */
	int era = day / ERA_DAYS;
	int of_era = day % ERA_DAYS;
	int year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int of_year = of_era - (365 * year + year / 4 - year / 100);
	int month = (5 * of_year + 2) / 153;
	struct civil c = {
		.year = era * ERA_YEARS + year,
		.month = month < 10 ? month + 3 : month - 9,
		.day = of_year - (153 * month + 2) / 5 + 1,
	};

	if (c.month <= 2)
		c.year++;
	return c;
}

/* The way back, for any day of 1 to 31: what is not in the calendar comes out as a
 * day of the next month.  No year here is negative, so / rounds down. */
static date
days_from(struct civil c)
{
	int year = c.month <= 2 ? c.year - 1 : c.year;
	int era = year / ERA_YEARS;
	int of_era = year % ERA_YEARS;
	int month = c.month > 2 ? c.month - 3 : c.month + 9;
	int of_year = (153 * month + 2) / 5 + c.day - 1;

	return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_DAYS;
}

bool
date_from_civil(struct civil c, date *ret_date)
{
	if (c.year < YEAR_MIN || c.year > YEAR_MAX || c.month < 1 || c.month > 12 || c.day < 1 ||
	    c.day > 31)
		return false;

	date d = days_from(c);
	struct civil back = date_civil(d);

	/* There and back, in the place of a table of month lengths. */
	if (back.month != c.month) /* 31 April came out as 1 May */
		return false;
	*ret_date = d;
	return true;
}

/* Not strtol(), which takes blanks and signs as well. */
static bool
read_digits(const char *text, int count, int *ret_number)
{
	int n = 0;

	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		n = n * 10 + (text[i] - '0');
	}
	*ret_number = n;
	return true;
}

status
date_parse(const char *text, size_t len, date *ret_date)
{
	struct civil c;

	if (len != DATE_TEXT_BYTES - 1 || text[4] != '-' || text[7] != '-')
		return ST_INVALID;
	if (!read_digits(text, 4, &c.year) || !read_digits(text + 5, 2, &c.month) ||
	    !read_digits(text + 8, 2, &c.day))
		return ST_INVALID;
	return date_from_civil(c, ret_date) ? ST_OK : ST_INVALID;
}

static void
write_digits(char *text, int count, int number)
{
	for (int i = count - 1; i >= 0; i--) {
		text[i] = (char) ('0' + number % 10);
		number /= 10;
	}
}

void
date_format(date d, char ret_text[static DATE_TEXT_BYTES])
{
	struct civil c = date_civil(d);

	write_digits(ret_text, 4, c.year);
	ret_text[4] = '-';
	write_digits(ret_text + 5, 2, c.month);
	ret_text[7] = '-';
	write_digits(ret_text + 8, 2, c.day);
	ret_text[10] = '\0';
}

int
date_quarter(date d)
{
	return (date_civil(d).month - 1) / 3 + 1;
}

int
date_weekday(date d)
{
	int from_monday = (d + 3) % 7; /* 1970-01-01 was a Thursday */

	return from_monday < 0 ? from_monday + 7 : from_monday;
}

uint64_t
quarter_of(date d)
{
	return (uint64_t) date_civil(d).year * 4 + (uint64_t) date_quarter(d) - 1;
}

bool
quarter_valid(uint64_t q)
{
	return q >= QUARTER_MIN && q <= QUARTER_MAX;
}

date
quarter_first(uint64_t q)
{
	date d = DATE_MIN;

	date_from_civil((struct civil) { (int) (q / 4), (int) (q % 4) * 3 + 1, 1 }, &d);
	return d;
}

/* The day before the next one begins; behind the last of all there is none. */
date
quarter_last(uint64_t q)
{
	return q < QUARTER_MAX ? quarter_first(q + 1) - 1 : DATE_MAX;
}

status
quarter_parse(const char *text, size_t len, uint64_t *ret_quarter)
{
	uint64_t year = 0, q;

	if (len != QUARTER_TEXT_BYTES - 1 || text[4] != '-' || text[5] != 'Q' || text[6] < '1' ||
	    text[6] > '4')
		return ST_INVALID;
	for (size_t i = 0; i < 4; i++) {
		if (text[i] < '0' || text[i] > '9')
			return ST_INVALID;
		year = year * 10 + (uint64_t) (text[i] - '0');
	}
	q = year * 4 + (uint64_t) (text[6] - '1');
	if (q < QUARTER_MIN || q > QUARTER_MAX)
		return ST_INVALID;
	*ret_quarter = q;
	return ST_OK;
}

void
quarter_format(uint64_t q, char ret_text[static QUARTER_TEXT_BYTES])
{
	snprintf(ret_text, QUARTER_TEXT_BYTES, "%04u-Q%u", (unsigned) (q / 4) % 10000,
	         (unsigned) (q % 4) + 1);
}
