/* hub/show.h - all that the hub knows of one event
 *
 * From a number on a report down to the key that signed it: what the event
 * says, what became of it and of the other versions of its record, and the
 * sealed batch that proves it.  Gathered once (hub/show.c), then told as text
 * or as JSON (hub/show_print.c).
 *
 * A struct shown is large (it holds a whole body) and points into itself and
 * into the read transaction: on the heap, not copied, not kept beyond it.
 */
#pragma once

#include "hub/asking.h"
#include "hub/event_row.h"
#include "hub/held_reason.h"
#include "hub/history.h"
#include "hub/journal.h"
#include "hub/ledger.h"
#include "hub/registry.h"

struct shown {
	struct found_event found;
	struct event event; /* points into found */
	struct event_row row;
	outcome outcome;
	hold reason;
	bool restatement;        /* it stands, and came late for a locked quarter */
	struct held_fault fault; /* when held */

	char about[REF_TEXT_BYTES]; /* of a return: the entry it is on; else "" */

	struct history history;

	struct batch batch; /* points into the transaction */
	int64_t batch_received_ms;
	status seal;   /* of batch_verify(): ST_OK when key, seal and chain agree */
	bool unsealed; /* of a cut, which may take the beginning of a batch: nobody sealed that */

	device_role role; /* of the device that sent it; valid when enrolled */
	bool enrolled;
};

/* Fill in the rest for s->found, which is filled in already; all else is zero.
 * ST_MALFORMED: what is stored is damaged.  A seal that does not hold is no
 * error here: s->seal says so, and it is shown. */
status show_gather(const struct asking *a, struct shown *s);

/* Write the batch and which event of it is meant to path, as SPEC.md lays down
 * (section "Evidence"): what a stranger needs to verify it.  A file that is
 * there is replaced, whole or not at all. */
status show_write_evidence(const struct shown *s, const char *path);
/* The same into a pipe, for who has no files here. */
status show_hand_evidence(const struct shown *s, int fd);

/* Both print on standard output.  Text of the device is made safe for a
 * terminal; in JSON it is as the device wrote it. */
void show_print_text(const struct asking *a, const struct shown *s);
status show_print_json(const struct asking *a, const struct shown *s);
