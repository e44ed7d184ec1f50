/* hub/diff_reports.h - what two moments tell otherwise of what is told once a quarter
 *
 * Progress, budgets and closed quarters are no numbers that add up, so hub/diff.h does not
 * have them: here each register whose row is another stands with what it said then and
 * says now, and the entry that made the difference.
 */
#pragma once

#include "hub/diff.h"
#include "hub/reports.h"

enum { REPORT_TEXT_BYTES = 160 };

struct report_change {
	report_type type;
	char code[CODE_BYTES_MAX + 1]; /* empty of a closed quarter */
	char unit[CODE_BYTES_MAX + 1];
	uint64_t quarter;
	char then[REPORT_TEXT_BYTES], now[REPORT_TEXT_BYTES]; /* empty: it was not told */

	/* The version that stands now, or then where nothing does. */
	uint8_t feed[FEED_BYTES];
	struct point at;
	bool restatement; /* it came after the quarter was locked */
	struct text why;  /* valid until visit returns; may be empty */
};

/* "progress", "budget", "close"; and a msgid. */
const char *report_type_name(report_type type);
const char *report_type_text(report_type type);

/* By type, code, unit and quarter.  visit must not write; other than ST_OK from it ends
 * the walk with that. */
typedef status report_change_visit(void *ctx, const struct report_change *c);
status
diff_reports(struct diff_side *then, struct diff_side *now, report_change_visit *visit, void *ctx);
