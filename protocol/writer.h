/* protocol/writer.h - canonical MessagePack into a growing buffer
 *
 * msgpack-c writes; this keeps its buffer, adds what the format needs, and
 * makes a failed allocation stick until writer_status() is asked.  Integers and
 * lengths come out as short as they can be; that texts are UTF-8, that map keys
 * ascend, and that as many elements follow as were announced, is the caller's
 * business: codec_write() and the tables behind it see to that.
 *
 * A writer must not be copied or moved after writer_init(): the packer points
 * into it.  Not thread safe.
 */
#pragma once

#include <msgpack.h>

#include "protocol/bytes.h"
#include "protocol/status.h"

typedef struct writer {
	msgpack_sbuffer buf;
	msgpack_packer packer;
	status st;
} writer;

/* Empty; allocates nothing yet. */
void writer_init(writer *w);
/* Frees the buffer; the writer may be used again after writer_init(). */
void writer_done(writer *w);
/* Empty it, keep its memory. */
void writer_clear(writer *w);

/* One value each; nothing is written after a failure. */
void writer_uint(writer *w, uint64_t n);
void writer_int(writer *w, int64_t n);
void writer_text(writer *w, struct text t);
void writer_bin(writer *w, const void *at, size_t len);
/* An erased body: ext type 1 of 32 bytes. */
void writer_erased(writer *w, const uint8_t hash[static HASH_BYTES]);
/* The head only; count elements (pairs, for a map) are to follow. */
void writer_array(writer *w, size_t count);
void writer_map(writer *w, size_t count);
/* [seq, hash] */
void writer_point(writer *w, const struct point *p);
/* Bytes as they are, already in the format. */
void writer_raw(writer *w, const void *at, size_t len);

/* ST_OK, or ST_NOMEM when any of the above could not be kept. */
status writer_status(const writer *w);
/* What was written; owned by w and valid until the next call on it.  Of use only
 * when writer_status() is ST_OK. */
struct bytes writer_bytes(const writer *w);
