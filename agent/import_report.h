/* agent/import_report.h - what valija import says at its end
 *
 * Findings go to standard error, numbers to standard output.
 */
#pragma once

#include "agent/import.h"

struct import_totals {
	size_t recorded, known;       /* in a dry run: what would be */
	uint64_t first_seq, last_seq; /* recorded; 0: none */
	bool dry_run;
};

/* Say why nothing of file (safe to print) was recorded, and which option would
 * help.  Returns the exit status. */
int import_refuse(const char *file, const struct import *in);

/* Say what was, in words, with the REFs of feed, or as JSON:
 * {"rows", "recorded", "known", "incomplete", "other_units", "first_seq",
 * "last_seq", "dry_run"}.  Returns the exit status. */
int import_report(const struct import *in, const struct import_totals *totals,
                  const uint8_t feed[static FEED_BYTES], bool json);
