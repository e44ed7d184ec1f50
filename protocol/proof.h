/* protocol/proof.h - one event with the sealed batch that proves it
 *
 * The evidence of SPEC.md, section 14, as 'valija-hub show --evidence' writes it:
 *
 *     batch      bin   the sealed batch that holds the event
 *     format     text  "valija/evidence/1"
 *     hash       bin   chain hash of the event
 *     seq        uint  its number
 *
 * Pure and thread safe.
 */
#pragma once

#include "protocol/batch.h"

enum { PROOF_BYTES_MAX = BATCH_BYTES_MAX + 256 };

/* What was proven: an event of that feed.  Points into the bytes and the space it was
 * read from. */
struct proof {
	const uint8_t *feed; /* FEED_BYTES */
	struct point at;
	struct bytes body; /* empty when erased */
	bool erased;
};

/* Read it and check seal and chain.  ST_MALFORMED, ST_LIMIT: it is no such file.
 * ST_VERSION: another format.  ST_DENIED: the signature is not the feed's.
 * ST_CHAIN: the batch does not hold that event.  ST_NOMEM. */
status proof_read(const void *bytes, size_t len, uint8_t space[static BATCH_RAW_BYTES_MAX],
                  struct proof *ret_proof);
