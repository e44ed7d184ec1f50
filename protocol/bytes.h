/* protocol/bytes.h - slices that point into somebody else's memory
 *
 * What is read from a frame, a file or the store is not copied: a slice says
 * where it lies and how long it is, and holds as long as that memory does.  It
 * owns nothing and is passed by value.  Pure and thread safe.
 *
 * An empty slice may have at NULL.  Everything here accepts one; who copies or
 * compares by hand asks for len first, since C gives memcpy() and memcmp() no
 * NULL, not even for 0 bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* UTF-8, not 0-terminated.  at is NULL only when len is 0. */
struct text {
	const char *at;
	size_t len;
};

/* Any bytes; the same rule. */
struct bytes {
	const uint8_t *at;
	size_t len;
};

/* Lengths of what is never of any other length; so they are no limits, which
 * stand in protocol/limits.h. */
enum {
	HASH_BYTES = 32,        /* BLAKE2b-256 */
	HASH_PREFIX_BYTES = 16, /* what a correction names of a chain hash */
	FEED_BYTES = 32,        /* an Ed25519 public key is the id of a feed */
	SIGN_SECRET_BYTES = 64, /* the Ed25519 secret key as libsodium keeps it */
	SIGNATURE_BYTES = 64,
	CURVE_BYTES = 32, /* a CURVE public key */
	RANDOM_BYTES = 8, /* of the first event of a commit */
};

/* A place in a feed.  seq 0 is the beginning, whose hash is h(0). */
struct point {
	uint64_t seq;
	uint8_t hash[HASH_BYTES];
};

/* The whole of a 0-terminated string; empty for NULL. */
static inline struct text
text_of(const char *z)
{
	return (struct text) { z, z ? strlen(z) : 0 };
}

/* Whether t is just that 0-terminated string, which must not be NULL. */
static inline bool
text_is(struct text t, const char *z)
{
	return t.len == strlen(z) && (t.len == 0 || memcmp(t.at, z, t.len) == 0);
}

/* Bytewise, as everything here: no letter is folded, no locale asked. */
static inline bool
text_equal(struct text a, struct text b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* The same place: two points of one number on two lanes are not. */
static inline bool
point_equal(const struct point *a, const struct point *b)
{
	return a->seq == b->seq && memcmp(a->hash, b->hash, HASH_BYTES) == 0;
}

/* Below, at or above 0 as a comes before, equals or comes behind b.  Bytewise, a
 * prefix first: the order of map keys, of sets, and of LMDB's keys. */
int text_compare(struct text a, struct text b);

/* Big-endian numbers, as keys and hashes want them: bytewise order is then that
 * of the numbers.  out and in need no alignment.  By shifts, which compilers know for what
 * they are, so that the order of the machine does not count. */
static inline uint32_t
get_u32(const uint8_t in[static 4])
{
	return (uint32_t) in[0] << 24 | (uint32_t) in[1] << 16 | (uint32_t) in[2] << 8 | in[3];
}

static inline uint64_t
get_u64(const uint8_t in[static 8])
{
	return (uint64_t) in[0] << 56 | (uint64_t) in[1] << 48 | (uint64_t) in[2] << 40 |
		(uint64_t) in[3] << 32 | (uint64_t) in[4] << 24 | (uint64_t) in[5] << 16 |
		(uint64_t) in[6] << 8 | in[7];
}

static inline void
put_u32(uint8_t out[static 4], uint32_t n)
{
	out[0] = (uint8_t) (n >> 24);
	out[1] = (uint8_t) (n >> 16);
	out[2] = (uint8_t) (n >> 8);
	out[3] = (uint8_t) n;
}

static inline void
put_u64(uint8_t out[static 8], uint64_t n)
{
	put_u32(out, (uint32_t) (n >> 32));
	put_u32(out + 4, (uint32_t) n);
}
