/* hub/bogota.h - what the clock on the wall says in the capital
 *
 * For the default of --cutoff and for times shown to people; it decides nothing
 * else.  Takes the rules of America/Bogota from the machine's time zones and,
 * where there are none, UTC-5, which has been Bogota's time since 1993.
 *
 * The first call sets TZ for the process, so these are for commands, not for
 * what keeps running.  Not thread safe.
 */
#pragma once

#include "protocol/date.h"

/* Times are milliseconds since 1970 in UTC, as all stored ones. */

/* The civil date in Bogota. */
date bogota_date(int64_t time_ms);

/* "2025-11-14 10:00:05", for people. */
enum { BOGOTA_TEXT_BYTES = 20 };
void bogota_text(int64_t time_ms, char ret_text[static BOGOTA_TEXT_BYTES]);

/* "2025-11-14T15:00:05Z", for programs: UTC. */
enum { UTC_TEXT_BYTES = 21 };
void utc_text(int64_t time_ms, char ret_text[static UTC_TEXT_BYTES]);
