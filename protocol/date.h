/* protocol/date.h - civil dates as day numbers
 *
 * A date is the number of days since 1970-01-01 in the proleptic Gregorian
 * calendar: the civil date of the place, as a person gave it.  It has no time
 * zone and is never taken from a clock here.  Any number within the bounds is
 * a real date, so a decoded date needs no further check.
 *
 * The conversion is the well-known one by eras of 400 years (H. Hinnant,
 * "chrono-compatible low-level date algorithms").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/status.h"

typedef int32_t date;

/* A part of the format (SPEC.md, section 5): a date outside is over a limit. */
enum {
	DATE_MIN = -25567,   /* 1900-01-01 */
	DATE_MAX = 84005,    /* 2199-12-31 */
	DATE_TEXT_BYTES = 11 /* "2025-11-14" and its 0 */
};

/* A date as people write it. */
struct civil {
	int year;
	int month; /* 1 to 12 */
	int day;   /* 1 to 31 */
};

/* The calendar date of a day number within the bounds. */
struct civil date_civil(date d);

/* False when the month has no such day or the year is out of bounds. */
bool date_from_civil(struct civil c, date *ret_date);

/* Reads exactly "YYYY-MM-DD" (len bytes).  ST_INVALID: another shape, or no
 * such day. */
status date_parse(const char *text, size_t len, date *ret_date);

/* "YYYY-MM-DD".  d lies within the bounds. */
void date_format(date d, char ret_text[static DATE_TEXT_BYTES]);

/* 1 to 4. */
int date_quarter(date d);

/* A quarter of a year as one number: year * 4 + 0 to 3, so that those of one after
 * another follow each other. */
enum { QUARTER_MIN = 1900 * 4, QUARTER_MAX = 2199 * 4 + 3, QUARTER_TEXT_BYTES = 8 };

uint64_t quarter_of(date d);
/* Its first and its last day.  q lies within the bounds, as quarter_valid() says. */
bool quarter_valid(uint64_t q);
date quarter_first(uint64_t q);
date quarter_last(uint64_t q);

/* Reads exactly "2025-Q4".  ST_INVALID: another shape, or no such quarter. */
status quarter_parse(const char *text, size_t len, uint64_t *ret_quarter);
void quarter_format(uint64_t q, char ret_text[static QUARTER_TEXT_BYTES]);

/* 0 Monday to 6 Sunday. */
int date_weekday(date d);
