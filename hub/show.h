/* hub/show.h - all that the hub knows of one event
 *
 * Gathered once (hub/show.c), then told as text or as JSON (hub/show_print.c).
 */
#pragma once

#include "hub/asking.h"
#include "hub/event_row.h"
#include "hub/held_reason.h"
#include "hub/journal.h"
#include "hub/ledger.h"
#include "hub/registry.h"

enum { SHOWN_VERSIONS_MAX = 100 }; /* the rest is only counted */

struct shown_version {
	char ref[REF_TEXT_BYTES];
	struct point at;
	uint8_t feed[FEED_BYTES];
	outcome outcome;
	hold reason;
};

struct shown {
	struct found_event found;
	struct event event; /* points into found */
	struct event_row row;
	outcome outcome;
	hold reason;
	struct held_fault fault; /* when held */

	/* All versions of its record, itself included; none for an event that was
	 * never corrected and corrects nothing. */
	struct shown_version versions[SHOWN_VERSIONS_MAX];
	size_t version_count; /* in the list */
	size_t version_total;

	struct batch batch; /* points into the transaction */
	int64_t batch_received_ms;
	status seal; /* of batch_verify(): ST_OK when key, seal and chain agree */

	device_role role;
	bool enrolled;
};

/* Fill in the rest for found, which is filled in already. */
status show_gather(const struct asking *a, struct shown *s);

/* Write the batch and which event of it is meant, as SPEC.md lays down:
 * what a stranger needs to verify it. */
status show_write_evidence(const struct shown *s, const char *path);

void show_print_text(const struct asking *a, const struct shown *s);
status show_print_json(const struct asking *a, const struct shown *s);
