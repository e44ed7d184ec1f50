/* protocol/reader.h - a strict MessagePack cursor; the first error sticks
 *
 *     reader r = reader_of(frame, len);
 *     n    = reader_map(&r, 4);
 *     seq  = reader_uint(&r, UINT64_MAX);
 *     name = reader_text(&r, NAME_BYTES_MAX);
 *     return reader_end(&r);      one check for all of the above
 *
 * Every byte from outside is read by this cursor.  It allocates nothing, its
 * results point into the frame, and it takes only the one canonical form:
 * integers and lengths as short as they can be, UTF-8 strings without U+0000,
 * maps with strictly ascending string keys (bytewise), no floats, no ext but
 * type 1 of 32 bytes (an erased body), nothing left over.  A count is checked
 * against the bytes that are left before anybody believes it.
 *
 * After an error every read gives 0 or an empty slice and moves nothing.
 * ST_MALFORMED: not the format.  ST_LIMIT: the format, over a bound given.
 */
#pragma once

#include "protocol/bytes.h"
#include "protocol/status.h"

typedef struct reader {
	const uint8_t *at, *end;
	status st;
} reader;

typedef enum reader_type {
	READER_NONE, /* an error, or the end */
	READER_NIL,
	READER_BOOL,
	READER_UINT,
	READER_NEGATIVE,
	READER_TEXT,
	READER_BIN,
	READER_ARRAY,
	READER_MAP,
	READER_ERASED, /* ext type 1, 32 bytes */
} reader_type;

/* bytes must outlive all that is read; NULL is as good as len 0. */
reader reader_of(const void *bytes, size_t len);

/* What comes next, without moving. */
reader_type reader_peek(const reader *r);

/* The bytes of the text that comes next when that is of less than 32, without moving and
 * without a look at them; else empty. */
struct text reader_peek_short(const reader *r);
/* Pass over that text. */
void reader_pass_short(reader *r, size_t len);

/* Pass over the text or bin that comes next, without a look at its bytes.  False, and nothing
 * moved: it is of another type. */
bool reader_pass_string(reader *r);

/* One value of that type, within bounds that are included; lengths in bytes. */
uint64_t reader_uint(reader *r, uint64_t max);
int64_t reader_int(reader *r, int64_t min, int64_t max);
struct text reader_text(reader *r, size_t max_bytes);
/* A code: 1 to CODE_BYTES_MAX bytes of A-Z a-z 0-9 . - */
struct text reader_code(reader *r);
struct bytes reader_bin(reader *r, size_t max_bytes);
/* Exactly len bytes; NULL on error. */
const uint8_t *reader_fixed(reader *r, size_t len);
/* The 32 bytes of an erased body; NULL on error. */
const uint8_t *reader_erased(reader *r);
/* The number of elements (pairs, for a map) that follow. */
size_t reader_array(reader *r, size_t max);
size_t reader_map(reader *r, size_t max);
/* A key of a map; *last is the one before it (empty at first) and is set. */
struct text reader_key(reader *r, struct text *last);
/* [seq, hash], seq at most INT64_MAX. */
struct point reader_point(reader *r);

/* Pass over one value of any type, checked all the same, nested at most
 * EVENT_DEPTH_MAX deep.  The keys of maps in it may have CODE_BYTES_MAX bytes. */
void reader_skip(reader *r);

/* Stop with st, unless it stopped before. */
void reader_fail(reader *r, status st);

/* ST_MALFORMED also when bytes are left over. */
status reader_end(reader *r);

/* True when len bytes are UTF-8 (no surrogates, nothing over U+10FFFF, no
 * overlong form) without U+0000. */
bool utf8_valid(const char *at, size_t len);

/* Whether t is a code. */
bool code_valid(struct text t);
