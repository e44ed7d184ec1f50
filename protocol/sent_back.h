/* protocol/sent_back.h - the document "events": a device's own events, sent back to it
 *
 * A device that was put back to an older copy asks the hub for what lies beyond its tip.
 * What comes is batches as the hub has them, sealed by the device itself, so that nothing
 * in them need be believed of the hub; unpacked a map (SPEC.md, section 9):
 *
 *     batches   array of bin: the first one joins at or before the point asked of,
 *               each other one at or before the end of the one before it
 *     v         1
 *
 * Pure and thread safe.
 */
#pragma once

#include "protocol/limits.h"
#include "protocol/reader.h"
#include "protocol/writer.h"

enum {
	SENT_BACK_VERSION = 1,
	/* What the map takes beside its batches, and each of these beside its bytes. */
	SENT_BACK_MAP_BYTES = 32,
	SENT_BACK_HEAD_BYTES = 5,
};

/* The frames of batches; each points into the bytes read. */
struct sent_back {
	size_t count;
	struct bytes list[EVENTS_BATCHES_MAX];
};

/* Replaces what w holds.  Of s as many batches are written, from the first on, as
 * EVENTS_BYTES_MAX allows.  ST_NOMEM. */
status sent_back_encode(const struct sent_back *s, writer *w);

/* Form only: the batches are not opened.  ST_MALFORMED: also when there is none.
 * ST_LIMIT.  ST_VERSION: of a newer hub. */
status sent_back_decode(const void *bytes, size_t len, struct sent_back *ret_sent);
