/* hub/tags.h - a few bits an event, so that few batches are unpacked in vain; part of hub/journal.h
 *
 * A tag is the first bits of a product: the chain hash times an odd number that was drawn
 * when the index was first made.  It proves nothing; what it lets through is compared as a
 * whole.
 *
 * While a feed has one lane, which is the rule, tags have four bits: then no two of these
 * batches hold an event of one number, and a wrong hash costs a sixteenth of an
 * unpacking.  What comes while it has several has sixteen bits: of 256 lanes one more is
 * unpacked every 256 questions.  Hashes that a device chooses change that by a factor of
 * two at most (the products are a universal family), as long as it does not know the
 * number; with bits of the hash itself it could make lanes that have all the same tag.
 *
 * Four bits let the rows of full batches (2,300 events) share pages.
 *
 * Within TABLE_META: "index" -> format (1), the number (8).  Where that is not there, or
 * of another format, the rows of the index are of another version, or have no tags: then
 * every hash fits.
 */
#pragma once

#include "common/kv.h"
#include "protocol/batch.h"

enum {
	TAGS_BYTES_MAX = BATCH_EVENTS_MAX * 2,
	TAGGED_BYTES = 8, /* so many of a hash make its tag */
};

/* Draw the number, unless there is one.  The index is empty; rows of what was lost
 * (hub/journal_gaps.h) are not, and keep their tags. */
status tags_begin(kv_txn *txn);

/* Whether rows are written with tags. */
bool tags_begun(kv_txn *txn);

typedef enum tag_width { TAGS_NARROW, TAGS_WIDE } tag_width;

/* Of count events; nothing before tags_begin(). */
struct bytes tags_write(kv_txn *txn, const struct batch_event *events, uint64_t count,
                        tag_width width, uint8_t out[static TAGS_BYTES_MAX]);

struct tags {
	struct bytes bytes; /* of none where the row is of another version */
	tag_width width;
};

/* What stands behind the head of a row of count events.  ST_MALFORMED: these are no tags,
 * of whatever version. */
status tags_read(struct bytes rest, uint64_t count, struct tags *ret_tags);

/* False: the event of that place, from 0 on, has another hash than this one, of which at
 * least TAGGED_BYTES are there. */
bool tags_fit(kv_txn *txn, const struct tags *tags, uint64_t place, const uint8_t *hash);
