/* protocol/columns.h - the bodies of a batch, like things beside like things
 *
 * Bodies repeat each other: the same keys, a few people, places and units, numbers near
 * those before.  Taken apart into columns, and packed by zstd only then, they take less
 * than half of what zstd makes of them as they stand, for less of its time.  What comes
 * out again is the same to the byte, since bodies are hashed.
 *
 * A body is a map.  Its *holes* are the values in it that are not maps; what lies between
 * them, keys and heads of maps, is its *shape*, which few bodies have alone.  Values of one
 * key are a *column*:
 *
 *     body     { at: 1761955200000, count: { attended: 180 }, k: "activity" ... }
 *     shape    "{ at:" <0> "count: { attended:" <1> "k:" <2> ...
 *     columns  <0> 1761955200000, +311, +52 ...  <1> 180, -60 ...  <2> "activity", again, again
 *
 * Bytes before zstd; a *number* is one of protocol/leb128.h, a *list* is values, each with
 * its length (a number) before it:
 *
 *     number of columns, 1 to COLUMNS_MAX
 *     of each column: kind (0, 1), bytes of its numbers, bytes of its list (kind 1: 0)
 *     of each column: its numbers, its list
 *
 *   kind 0, values     a number for each: 0 is the next one of the list, n is once more the
 *                      one that was the n-th of the list
 *   kind 1, integers   a number for each: the difference to the one before (at first to 0) as
 *                      64 bits, bits shifted up by one and, below 0, inverted ("zigzag");
 *                      in a body it is MessagePack, as short as it can be
 *
 * Column 0, of kind 0, has one value for each body, its shape:
 *
 *     number of holes; then of each: length, bytes before the hole, number of its column
 *
 * or, when the number of holes is 0, what follows it is all that is stored: a body that was
 * erased, or whatever else cannot be taken apart, as it stands in the bodies.  Behind its
 * last hole a body ends; it is framed as a bin.  Nothing is left over in any column.
 */
#pragma once

#include "protocol/bytes.h"
#include "protocol/status.h"

/* Pack count bodies, framed one after the other, into *ret_packed, which is the caller's to
 * be freed.  hard: as small as zstd can make it, for many times the CPU.  ST_LIMIT: in columns
 * they are over BATCH_RAW_BYTES_MAX.  ST_MALFORMED: bodies is not count of them.  ST_NOMEM. */
status
columns_pack(struct bytes bodies, uint64_t count, bool hard, uint8_t **ret_packed, size_t *ret_len);

/* Unpack what must be count bodies of len bytes in all into space.  It takes memory of its
 * own in proportion to what the columns say of their size, at most BATCH_RAW_BYTES_MAX.
 * ST_MALFORMED: it is not that, or over that limit or another.  ST_NOMEM. */
status columns_unpack(struct bytes packed, uint64_t count, uint8_t *space, size_t len);
