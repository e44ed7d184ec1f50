/* agent/link/report.h - what the uplink reports, in words
 */
#pragma once

#include <stdbool.h>

#include "agent/link/uplink.h"
#include "common/link/socket.h"

enum { REPORT_BYTES = 900 };

/* One translated sentence without a full stop, safe to print; without when the
 * next attempt is. */
void report_text(const struct uplink_report *report, char ret_text[static REPORT_BYTES]);

/* What was said of each endpoint, so that a hub that is away for weeks is one line for
 * each of its addresses.  Zeroed is empty.  Of more endpoints than it has rows the
 * oldest is forgotten. */
enum { REPORT_ROWS = 8 };
struct report_said {
	struct {
		char endpoint[ENDPOINT_BYTES_MAX + 1];
		char text[REPORT_BYTES];
	} rows[REPORT_ROWS];
	size_t next; /* row to be forgotten */
};

/* Whether text, of report, differs from what was said last of that endpoint.  Once there is
 * a link all that was said before is past. */
bool report_is_news(struct report_said *said, const struct uplink_report *report, const char *text);

/* The message id for a log. */
const char *report_id(uplink_news news);
