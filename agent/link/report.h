/* agent/link/report.h - what the uplink reports, in words
 */
#pragma once

#include "agent/link/uplink.h"

enum { REPORT_BYTES = 900 };

/* One translated sentence without a full stop, safe to print; without when the
 * next attempt is. */
void report_text(const struct uplink_report *report, char ret_text[static REPORT_BYTES]);

/* The message id for a log. */
const char *report_id(uplink_news news);
