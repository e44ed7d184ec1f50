/* hub/event_row.h - one event as the cells of a row, for lists
 *
 * Cells are texts of their own, whole and UTF-8, as the device wrote them; who
 * prints them makes them safe.  What an event does not have is "".
 */
#pragma once

#include "common/event_text.h"
#include "hub/hub.h"
#include "protocol/event.h"

enum { CODES_TEXT_BYTES = INITIATIVES_MAX * (CODE_BYTES_MAX + 1) + 1 };

/* The widths are those of the limits, so nothing is ever cut. */
struct event_row {
	char ref[REF_TEXT_BYTES]; /* with the hash where the feed is forked */
	char device[DEVICE_TEXT_BYTES];
	char unit[CODE_BYTES_MAX + 1];
	char kind[CODE_BYTES_MAX + 1];
	char date[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES];
	char indicator[CODE_BYTES_MAX + 1];
	char initiatives[CODES_TEXT_BYTES]; /* parted by blanks */
	char codes[EVENT_CODES_BYTES];      /* all of event_codes() */
	char quantity[24];                  /* of an activity, or the level */
	char says[EVENT_SAYS_BYTES];        /* event_says() */
	char mode[CODE_BYTES_MAX + 1];
	char place[PLACE_BYTES_MAX + 1];
	char country[3];
	char status[16];                   /* of an activity: "done" ... */
	const char *unit_name, *mode_name; /* of the plan, or NULL */
};

/* e is what event_decode() left, whatever it said of the event: only the fields
 * whose bits are set in e->has are read. */
status event_row_fill(kv_txn *txn, const plan *p, const uint8_t feed[static FEED_BYTES],
                      const struct point *at, const struct event *e, struct event_row *ret_row);

/* The REF of an event: with the hash where its feed has several lanes. */
status event_ref(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at,
                 char ret_text[static REF_TEXT_BYTES]);

/* How far an activity has come, in words. */
const char *activity_status_text(event_status s);

/* Put t behind what is in out, with a 0; cut when it does not fit. */
void text_append(char *out, size_t size, struct text t);
/* The same in the place of what is there. */
void text_copy(char *out, size_t size, struct text t);
