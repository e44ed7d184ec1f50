/* protocol/chain.h - the hash chain of a feed
 *
 *     h(0) = BLAKE2b-256("valija/feed/1" | feed)
 *     h(n) = BLAKE2b-256("valija/event/1" | feed | n | h(n-1) | BLAKE2b-256(body n))
 *
 * feed is the 32-byte Ed25519 public key, n a 64-bit big-endian number, | joins
 * bytes.  So a hash commits to all events before it, and an event is named by
 * (feed, n, h(n)) wherever it turns up.  A body may be replaced by its hash and
 * the chain still verifies.  Pure and thread safe.
 */
#pragma once

#include "protocol/bytes.h"

/* *ret_point is (0, h(0)). */
void chain_start(const uint8_t feed[static FEED_BYTES], struct point *ret_point);

/* Move p from n-1 to n over the body whose hash is body_hash. */
void chain_step(const uint8_t feed[static FEED_BYTES], struct point *p,
                const uint8_t body_hash[static HASH_BYTES]);

/* BLAKE2b-256 of len bytes. */
void hash_bytes(const void *at, size_t len, uint8_t ret_hash[static HASH_BYTES]);
