/* hub/brief.h - what judging and counting need of an event, in few bytes
 *
 * An event is read by who folds it, by who corrects it, and by who takes it out of the rows;
 * and to read a body takes longer than all that these do with it.  So what they need is laid out
 * anew, by the second thread where it has the time (hub/ahead.h): of activities and voids,
 * which are nearly all there is, without the place, the note, the evidence, and who said it
 * when.  Nodes (hub/nodes.h) keep no more.
 *
 * Pure.
 */
#pragma once

#include "protocol/event.h"
#include "protocol/leb128.h"

enum {
	BRIEF_TEXT_BYTES_MAX = 1 + CODE_BYTES_MAX,
	BRIEF_FIX_BYTES_MAX = 1 + 8 + HASH_PREFIX_BYTES + FEED_BYTES,
	BRIEF_TALLY_BYTES_MAX = BRIEF_TEXT_BYTES_MAX + LEB128_BYTES_MAX,
	BRIEF_BYTES_MAX = 32 + (4 + INITIATIVES_MAX) * BRIEF_TEXT_BYTES_MAX +
		(COUNTS_MAX + GROUPS_MAX) * BRIEF_TALLY_BYTES_MAX + FIXES_MAX * BRIEF_FIX_BYTES_MAX,
};

/* Of an event that could be decoded.  Returns the bytes written; 0: it is of another kind. */
size_t brief_write(const struct event *e, uint8_t out[static BRIEF_BYTES_MAX]);

/* *ret_event has kind, unit, fixes, whether there is a reason, and of an activity date, status,
 * quantity, indicator, mode, country, initiatives, counts and groups; all else is empty.  It
 * points into brief.  False: these are not the bytes of one. */
bool brief_read(struct bytes brief, struct event *ret_event);
