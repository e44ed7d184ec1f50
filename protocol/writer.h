/* protocol/writer.h - canonical MessagePack into a growing buffer
 *
 * msgpack-c writes; this keeps its buffer, adds what the format needs, and
 * makes a failed allocation stick until writer_status() is asked.  Map keys
 * are the caller's to give in ascending order.
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

void writer_init(writer *w);
/* Frees the buffer; the writer may be used again after writer_init(). */
void writer_done(writer *w);
/* Empty it, keep its memory. */
void writer_clear(writer *w);

void writer_uint(writer *w, uint64_t n);
void writer_int(writer *w, int64_t n);
void writer_text(writer *w, struct text t);
void writer_bin(writer *w, const void *at, size_t len);
void writer_erased(writer *w, const uint8_t hash[static HASH_BYTES]);
void writer_array(writer *w, size_t count);
void writer_map(writer *w, size_t count);
void writer_point(writer *w, const struct point *p);
/* Bytes as they are, already in the format. */
void writer_raw(writer *w, const void *at, size_t len);

/* ST_OK, or ST_NOMEM when any of the above could not be kept. */
status writer_status(const writer *w);
/* What was written; valid until the next call on w. */
struct bytes writer_bytes(const writer *w);
