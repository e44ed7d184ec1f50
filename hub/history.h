/* hub/history.h - the history of an entry: who said what of it, when, why, with which key
 *
 * All versions of its record in an order that is the same on every hub (first versions
 * first, then by depth), and the remarks of the office on them.  What stands for when is
 * the clock of who recorded it, which decides nothing.
 */
#pragma once

#include <jansson.h>

#include "hub/ledger.h"

enum { HISTORY_VERSIONS_MAX = 100, HISTORY_REMARKS_MAX = 20 }; /* the rest is only counted */

/* What a version or a remark has in common. */
struct told {
	char ref[REF_TEXT_BYTES];
	uint8_t feed[FEED_BYTES]; /* the key */
	struct point at;
	device_role role; /* of the device, now */
	int64_t at_ms;
	char by[NAME_BYTES_MAX + 1];
	char why[NOTE_BYTES_MAX + 1];
};

struct history {
	/* None for an event that was never corrected and corrects nothing. */
	struct history_version {
		struct told told;
		char kind[CODE_BYTES_MAX + 1];
		uint32_t depth;
		bool is_void;
		size_t settles; /* how many versions it names, when several; else 0 */
		outcome outcome;
		hold reason;
	} versions[HISTORY_VERSIONS_MAX];
	size_t version_count, version_total;

	struct history_remark {
		struct told told;
		char on[REF_TEXT_BYTES]; /* the version it is about */
		bool replaced;
	} remarks[HISTORY_REMARKS_MAX];
	size_t remark_count, remark_total;
};

/* Zeroed before; it is large, so on the heap.  ST_MALFORMED: what is stored is damaged. */
status history_gather(struct ledger *l, const uint8_t feed[static FEED_BYTES],
                      const struct point *at, struct history *ret_history);

/* Print on standard output; the version at *at is marked as the one asked for. */
void history_print(const struct history *h, const struct point *at);

/* The lists "versions" and "remarks". */
json_t *history_versions_json(const struct history *h, const struct point *at);
json_t *history_remarks_json(const struct history *h);
