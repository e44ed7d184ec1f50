/* protocol/batch.h - consecutive events sealed by one signature
 *
 * The unit of transport, of storage at the hub and of evidence.  On the wire a
 * map: the feed, the number of the first event, the chain hash before it, how
 * many events, their bodies (each a MessagePack bin, or ext type 1 with the
 * hash of an erased one; packed when that is smaller), the hash after
 * the last, and an Ed25519 signature over
 *
 *     "valija/batch/1" | feed | last seq (u64, big-endian) | last hash
 *
 * The seal covers only the end, so a beginning can be cut off and the rest is
 * still sealed, and the same events sealed with other borders are the same.
 *
 * Reading is in steps, each bounded before it allocates or computes:
 * batch_open() the frame, batch_verify() seal and chain over the unpacked
 * bodies; only then are bodies looked at.
 */
#pragma once

#include "protocol/bytes.h"
#include "protocol/codec.h"
#include "protocol/limits.h"

/* How the bodies are sent. */
typedef enum batch_packing {
	BATCH_PLAIN,   /* as they are */
	BATCH_ZSTD,    /* by zstd, which does for few */
	BATCH_COLUMNS, /* in columns (protocol/columns.h), then by zstd */
} batch_packing;

/* Points into the frame it was opened from. */
struct batch {
	const uint8_t *feed;      /* FEED_BYTES */
	uint64_t first;           /* number of the first event, from 1 */
	uint64_t count;           /* 1..BATCH_EVENTS_MAX */
	const uint8_t *before;    /* h(first - 1) */
	const uint8_t *after;     /* h(first + count - 1) */
	const uint8_t *signature; /* SIGNATURE_BYTES */
	struct bytes bodies;      /* as sent */
	uint64_t raw_bytes;       /* length of the bodies unpacked */
	uint64_t packed;          /* a batch_packing */
	struct bytes frame;       /* all of it */
};

/* Decode the frame.  Nothing of it is true yet: feed, chain and seal are only
 * claims until batch_verify().  ST_MALFORMED, ST_LIMIT. */
status batch_open(const void *frame, size_t len, struct batch *ret_batch);

/* The last event, (first + count - 1, after), and the point before the first. */
struct point batch_end(const struct batch *b);
struct point batch_start(const struct batch *b);

/* Unpack the bodies into space, which has room for raw_bytes, or point into the frame when
 * they are not packed.  ST_MALFORMED: not what the header says.  ST_NOMEM. */
status batch_unpack(const struct batch *b, uint8_t *space, struct bytes *ret_bodies);

struct batch_event {
	struct point at;   /* number and chain hash */
	struct bytes body; /* empty when erased */
	bool erased;
	size_t end_offset; /* where the next body begins, in the unpacked bodies */
};

/* Check seal and chain.  bodies is what batch_unpack() gave.  Hashing is most of what a
 * batch costs its receiver, so what it found out can be had: ret_events, when it is not
 * NULL, has room for count events and is whole on success.
 * ST_DENIED: the signature is not the feed's.  ST_CHAIN: the hashes do not lead
 * from before to after.  ST_MALFORMED: the bodies are not count bins. */
status batch_verify(const struct batch *b, struct bytes bodies, struct batch_event *ret_events);

/* What batch_unpack() and batch_verify() found: as many events as the batch has. */
struct batch_content {
	struct bytes bodies;
	const struct batch_event *events;
};

/* Walks over the events of a batch whose chain holds. */
struct batch_walk {
	const uint8_t *feed;
	struct point at;
	struct bytes bodies;
	size_t offset;
	uint64_t left;
};

struct batch_walk batch_walk(const struct batch *b, struct bytes bodies);
/* False at the end, or where the bodies are malformed. */
bool batch_next(struct batch_walk *walk, struct batch_event *ret_event);

/* Write the batch without its first skip events, from the unpacked bodies and
 * the offset where event skip + 1 begins; before is the hash of event skip.
 * The seal stays valid.  Replaces what w holds.  ST_LIMIT: packed anew, as hard
 * as zstd can, it is over BATCH_BYTES_MAX; ST_NOMEM. */
status batch_rewrite(const struct batch *b, struct bytes bodies, uint64_t skip, size_t skip_bytes,
                     const uint8_t before[static HASH_BYTES], writer *w);

/* Seal count bodies, already framed one after the other in bodies, that follow
 * start, and write the batch, replacing what w holds.  ST_LIMIT: it would be
 * over BATCH_BYTES_MAX or another limit.  ST_MALFORMED: bodies is not count of
 * them.  ST_NOMEM. */
status
batch_seal(const uint8_t feed[static FEED_BYTES], const uint8_t secret[static SIGN_SECRET_BYTES],
           const struct point *start, struct bytes bodies, uint64_t count, writer *w);

/* The same where the point of the last body is known, as a device that keeps the hash of each
 * event does: no body is looked at or hashed.  What is sealed by a wrong one, because a disk
 * has changed it or a body since, is refused by whoever verifies it, ST_CHAIN. */
status batch_seal_known(const uint8_t feed[static FEED_BYTES],
                        const uint8_t secret[static SIGN_SECRET_BYTES], const struct point *start,
                        struct bytes bodies, const struct point *end, writer *w);
