/* protocol/download.h - a document on its way down, part by part
 *
 * The hub tells the version of the plan and of the standing; when it is not the
 * one held, the device asks for it part by part.  Of events it tells how many it has
 * beyond the device's tip; while there are some they are wanted, a document at a time.  A broken link loses nothing:
 * the next GET continues where the last PART ended, as long as version and size
 * are still the same.  The signature covers the whole, so a part is believed by
 * nobody; download_signed() is asked when the last one is here.
 *
 * A plan is wanted when its version is higher than the one held; a standing when
 * it is another one, or from another life of the hub (its boot id).
 *
 * Not thread safe.
 */
#pragma once

#include "protocol/message.h"

typedef struct download {
	document what;
	uint64_t told, told_boot; /* by the hub, last; of DOCUMENT_EVENTS how many */
	uint64_t held, held_boot;

	/* bytes[0..have) of total, of that version; all 0: nothing is here yet */
	uint64_t version, total, have;
	uint8_t *bytes;
	uint8_t signature[SIGNATURE_BYTES];

	bool asked;  /* a GET is on its way */
	bool absent; /* the hub has nothing under the version told */
	bool whole;  /* all parts are here, nobody took them yet */
} download;

void download_init(download *d, document what, uint64_t held, uint64_t held_boot);
void download_done(download *d);

/* The hub's word on the version, or on how many events there are; a part of a standing from
 * another life of the hub is dropped. */
void download_told(download *d, uint64_t version, uint64_t boot);

/* The link broke: the answer to a GET will not come. */
void download_lost(download *d);

/* Whether a GET is owed; its version and offset are then in *ret_get. */
bool download_next(const download *d, struct message *ret_get);

/* Nothing more to fetch, to hand out or to wait for. */
bool download_settled(const download *d);

/* Take a PART.  One that was not asked for is passed over.  ST_LIMIT: larger
 * than such a document may be.  ST_MALFORMED: it does not continue what is here.
 * ST_NOMEM.  On failure what was here is dropped. */
status download_part(download *d, const struct message *part);

/* Whether the hub signed what is here, whole; if not, it is dropped. */
bool download_signed(download *d, const uint8_t hub[static FEED_BYTES],
                     const uint8_t feed[static FEED_BYTES]);

/* Hand the whole document out; from now on it is the one held, and no events are wanted
 * until the hub tells of more.  The bytes are valid until the next call on d that may change
 * it. */
struct bytes download_take(download *d);
