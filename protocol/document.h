/* protocol/document.h - documents as they travel: one zstd frame
 *
 * The plan and the standing go down packed.  Unpacking is bounded before memory
 * is asked for, by what the frame says of its size, and a frame that says
 * nothing, lies, or is not the only one is refused.
 */
#pragma once

#include "protocol/bytes.h"
#include "protocol/status.h"
#include "protocol/writer.h"

/* Pack len bytes into w, replacing what it holds.  The same bytes give the same
 * result with one version of zstd; compare documents unpacked.  ST_NOMEM. */
status document_pack(const void *at, size_t len, writer *w);

/* True when packed is one zstd frame as RFC 8878 has it and nothing else: no
 * second frame behind it, none to be skipped, none of an older format. */
bool document_is_frame(struct bytes packed);

/* Unpack what must be exactly len bytes into space.  ST_MALFORMED: not one whole frame,
 * or of another length.  ST_NOMEM: zstd had none. */
status document_unpack_to(struct bytes packed, uint8_t *space, size_t len);

/* Unpack to at most max_bytes.  *ret_at is the caller's, to be freed; it is
 * followed by a 0 that does not count.
 * ST_MALFORMED: not one whole frame.  ST_LIMIT: more than max_bytes.  ST_NOMEM. */
status document_unpack(struct bytes packed, size_t max_bytes, uint8_t **ret_at, size_t *ret_len);
