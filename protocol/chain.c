#include "protocol/chain.h"

#include <sodium.h>

/* What is hashed or signed begins with a tag of its own, without its 0, so that
 * no hash or signature can be taken for one of another kind. */
static const char FEED_TAG[] = "valija/feed/1";
static const char EVENT_TAG[] = "valija/event/1";

void
hash_bytes(const void *at, size_t len, uint8_t ret_hash[static HASH_BYTES])
{
	crypto_generichash(ret_hash, HASH_BYTES, at, len, NULL, 0);
}

void
chain_start(const uint8_t feed[static FEED_BYTES], struct point *ret_point)
{
	uint8_t in[sizeof(FEED_TAG) - 1 + FEED_BYTES];

	memcpy(in, FEED_TAG, sizeof(FEED_TAG) - 1);
	memcpy(in + sizeof(FEED_TAG) - 1, feed, FEED_BYTES);
	ret_point->seq = 0;
	hash_bytes(in, sizeof(in), ret_point->hash);
}

void
chain_step(const uint8_t feed[static FEED_BYTES], struct point *p,
           const uint8_t body_hash[static HASH_BYTES])
{
	uint8_t in[sizeof(EVENT_TAG) - 1 + FEED_BYTES + 8 + 2 * HASH_BYTES], *at = in;

	memcpy(at, EVENT_TAG, sizeof(EVENT_TAG) - 1);
	at += sizeof(EVENT_TAG) - 1;
	memcpy(at, feed, FEED_BYTES);
	at += FEED_BYTES;
	put_u64(at, p->seq + 1);
	at += 8;
	memcpy(at, p->hash, HASH_BYTES);
	at += HASH_BYTES;
	memcpy(at, body_hash, HASH_BYTES);
	p->seq++;
	hash_bytes(in, sizeof(in), p->hash);
}
