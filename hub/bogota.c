#include "hub/bogota.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DAY_S = 86400, SECOND_MS = 1000, WITHOUT_ZONES_S = -5 * 3600 };

/* The years that a date can hold. */
static const int64_t first_s = (int64_t) DATE_MIN * DAY_S;
static const int64_t last_s = ((int64_t) DATE_MAX + 1) * DAY_S - 1;

/* Towards the past, and within the bounds. */
static int64_t
seconds(int64_t time_ms, int64_t offset_s)
{
	int64_t s = time_ms / SECOND_MS - (time_ms % SECOND_MS < 0) + offset_s;

	if (s < first_s)
		return first_s;
	return s > last_s ? last_s : s;
}

static date
day_of(int64_t s)
{
	return (date) (s / DAY_S - (s % DAY_S < 0));
}

static int64_t
offset_s(int64_t time_ms)
{
	static int is_set;
	time_t at = (time_t) seconds(time_ms, 0);
	struct tm local;

	if (!is_set) {
		setenv("TZ", "America/Bogota", 1);
		tzset();
		is_set = 1;
	}
	/* Without its file the zone is taken for UTC. */
	if (!localtime_r(&at, &local) || local.tm_gmtoff == 0)
		return WITHOUT_ZONES_S;
	return local.tm_gmtoff;
}

date
bogota_date(int64_t time_ms)
{
	return day_of(seconds(time_ms, offset_s(time_ms)));
}

/* The day, a letter between, and the time of day. */
static void
write_time(int64_t s, char between, const char *end, char *out, size_t size)
{
	char day[DATE_TEXT_BYTES];
	unsigned in_day = (unsigned) (s - (int64_t) day_of(s) * DAY_S);

	date_format(day_of(s), day);
	snprintf(out, size, "%s%c%02u:%02u:%02u%s", day, between, in_day / 3600 % 24,
	         in_day / 60 % 60, in_day % 60, end);
}

void
bogota_text(int64_t time_ms, char ret_text[static BOGOTA_TEXT_BYTES])
{
	write_time(seconds(time_ms, offset_s(time_ms)), ' ', "", ret_text, BOGOTA_TEXT_BYTES);
}

void
utc_text(int64_t time_ms, char ret_text[static UTC_TEXT_BYTES])
{
	write_time(seconds(time_ms, 0), 'T', "Z", ret_text, UTC_TEXT_BYTES);
}
