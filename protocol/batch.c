#include "protocol/batch.h"

#include <stdlib.h>
#include <zstd.h>

#include "protocol/chain.h"
#include "protocol/columns.h"
#include "protocol/document.h"
#include "protocol/identity.h"

#define AT(member) offsetof(struct batch, member)

/* Rows in the order of their keys, which is how codec_read() finds them. */
enum {
	ROW_AFTER,
	ROW_BEFORE,
	ROW_BODIES,
	ROW_COUNT,
	ROW_FEED,
	ROW_FIRST,
	ROW_RAW,
	ROW_SIG,
	ROW_Z,
	ROWS_
};

static const struct codec_field fields[ROWS_] = {
	[ROW_AFTER] = { "after", CODEC_FIXED, AT(after), 0, HASH_BYTES, true },
	[ROW_BEFORE] = { "before", CODEC_FIXED, AT(before), 0, HASH_BYTES, true },
	[ROW_BODIES] = { "bodies", CODEC_BIN, AT(bodies), 0, BATCH_BYTES_MAX, true },
	[ROW_COUNT] = { "count", CODEC_UINT, AT(count), 1, BATCH_EVENTS_MAX, true },
	[ROW_FEED] = { "feed", CODEC_FIXED, AT(feed), 0, FEED_BYTES, true },
	[ROW_FIRST] = { "first", CODEC_UINT, AT(first), 1, INT64_MAX, true },
	[ROW_RAW] = { "raw", CODEC_UINT, AT(raw_bytes), 1, BATCH_RAW_BYTES_MAX, true },
	[ROW_SIG] = { "sig", CODEC_FIXED, AT(signature), 0, SIGNATURE_BYTES, true },
	[ROW_Z] = { "z", CODEC_UINT, AT(packed), 0, BATCH_COLUMNS, true },
};

static const uint64_t ALL_ROWS = (UINT64_C(1) << ROWS_) - 1;
static const char TAG[] = "valija/batch/1";
static const int PACK_LEVEL = 9; /* of few bodies, so it takes no time */

/* Fewer have less to share than it takes to say what the columns are. */
enum { COLUMNS_PAY = 12 };

enum { SIGNED_BYTES = sizeof(TAG) - 1 + FEED_BYTES + 8 + HASH_BYTES };

status
batch_open(const void *frame, size_t len, struct batch *ret_batch)
{
	struct batch b = { 0 };
	reader r = reader_of(frame, len);
	uint64_t has;
	bool critical;

	if (len > BATCH_BYTES_MAX)
		return ST_LIMIT;
	codec_read(&r, fields, ROWS_, &b, &has, &critical);
	if (reader_end(&r) < 0)
		return r.st;
	/* both are at least 1 by now, so neither side can wrap */
	if (b.count - 1 > INT64_MAX - b.first)
		return ST_LIMIT;
	/* raw is believed when memory is given out, so it must be true where it can
	 * be checked at once */
	if (critical || (!b.packed && b.raw_bytes != b.bodies.len))
		return ST_MALFORMED;
	b.frame = (struct bytes) { frame, len };
	*ret_batch = b;
	return ST_OK;
}

struct point
batch_end(const struct batch *b)
{
	struct point p = { .seq = b->first + b->count - 1 };

	memcpy(p.hash, b->after, HASH_BYTES);
	return p;
}

struct point
batch_start(const struct batch *b)
{
	struct point p = { .seq = b->first - 1 };

	memcpy(p.hash, b->before, HASH_BYTES);
	return p;
}

/* One frame only, since zstd would take a second one behind it for more of the same. */
status
batch_unpack(const struct batch *b, uint8_t *space, struct bytes *ret_bodies)
{
	status st;

	if (b->packed == BATCH_PLAIN) {
		*ret_bodies = b->bodies;
		return ST_OK;
	}
	st = b->packed == BATCH_COLUMNS ? columns_unpack(b->bodies, b->count, space, b->raw_bytes)
					: document_unpack_to(b->bodies, space, b->raw_bytes);
	if (st == ST_OK)
		*ret_bodies = (struct bytes) { space, b->raw_bytes };
	return st;
}

/* feed and point, under a tag that no other signature has. */
static void
signed_bytes(const uint8_t *feed, const struct point *end, uint8_t out[static SIGNED_BYTES])
{
	memcpy(out, TAG, sizeof(TAG) - 1);
	out += sizeof(TAG) - 1;
	memcpy(out, feed, FEED_BYTES);
	put_u64(out + FEED_BYTES, end->seq);
	memcpy(out + FEED_BYTES + 8, end->hash, HASH_BYTES);
}

struct batch_walk
batch_walk(const struct batch *b, struct bytes bodies)
{
	return (struct batch_walk) {
		.feed = b->feed, .at = batch_start(b), .bodies = bodies, .left = b->count
	};
}

bool
batch_next(struct batch_walk *walk, struct batch_event *ret_event)
{
	reader r = reader_of(walk->bodies.at + walk->offset, walk->bodies.len - walk->offset);
	struct batch_event e = { .erased = reader_peek(&r) == READER_ERASED };
	uint8_t body_hash[HASH_BYTES];

	if (walk->left == 0)
		return false;
	/* the chain is made of hashes of bodies, so an erased one is as good */
	if (e.erased) {
		const uint8_t *hash = reader_erased(&r);

		if (hash)
			memcpy(body_hash, hash, HASH_BYTES);
	} else {
		/* not EVENT_BYTES_MAX: a body over it is stored and held, and
		 * does not turn a whole batch away */
		e.body = reader_bin(&r, BATCH_RAW_BYTES_MAX);
		hash_bytes(e.body.at, e.body.len, body_hash);
	}
	if (r.st < 0)
		return false;
	chain_step(walk->feed, &walk->at, body_hash);
	walk->offset = (size_t) (r.at - walk->bodies.at);
	walk->left--;
	e.at = walk->at;
	e.end_offset = walk->offset;
	*ret_event = e;
	return true;
}

/* The signature first: it covers no body and costs the same whatever was sent,
 * while hashing 512 KiB is worth its while only for the owner of the feed. */
status
batch_verify(const struct batch *b, struct bytes bodies, struct batch_event *ret_events)
{
	uint8_t covered[SIGNED_BYTES];
	struct point end = batch_end(b);
	struct batch_walk walk = batch_walk(b, bodies);
	struct batch_event e = { .erased = false }, *next = ret_events ? ret_events : &e;

	signed_bytes(b->feed, &end, covered);
	if (!signature_valid(covered, sizeof(covered), b->feed, b->signature))
		return ST_DENIED;
	while (batch_next(&walk, next))
		next += ret_events != NULL;
	/* it ended early at a body that is none, or bytes are left over */
	if (walk.left > 0 || walk.offset != bodies.len)
		return ST_MALFORMED;
	return point_equal(&walk.at, &end) ? ST_OK : ST_CHAIN;
}

static status
pack_zstd(struct bytes bodies, int level, uint8_t **ret_packed, size_t *ret_len)
{
	size_t bound = ZSTD_compressBound(bodies.len);
	uint8_t *packed = malloc(bound);

	if (!packed)
		return ST_NOMEM;
	*ret_len = ZSTD_compress(packed, bound, bodies.at, bodies.len, level);
	/* with that much room there is only one thing that zstd can lack */
	if (ZSTD_isError(*ret_len)) {
		free(packed);
		return ST_NOMEM;
	}
	*ret_packed = packed;
	return ST_OK;
}

/* In columns, but for few, and for what is over a limit there. */
static status
pack(struct bytes bodies, uint64_t count, bool hard, uint8_t **ret_packed, size_t *ret_len,
     uint64_t *ret_way)
{
	status st = ST_LIMIT;

	*ret_way = BATCH_COLUMNS;
	if (count >= COLUMNS_PAY)
		st = columns_pack(bodies, count, hard, ret_packed, ret_len);
	if (st != ST_LIMIT)
		return st;
	*ret_way = BATCH_ZSTD;
	return pack_zstd(bodies, hard ? ZSTD_maxCLevel() : PACK_LEVEL, ret_packed, ret_len);
}

/* Write b with these bodies, packed when that is smaller. */
static status
write_packed(struct batch *b, struct bytes bodies, bool hard, writer *w)
{
	uint8_t *packed = NULL;
	size_t len = 0;
	uint64_t way;
	status st = pack(bodies, b->count, hard, &packed, &len, &way);

	if (st < 0)
		return st;
	b->packed = len < bodies.len ? way : BATCH_PLAIN;
	b->bodies = b->packed ? (struct bytes) { packed, len } : bodies;
	b->raw_bytes = bodies.len;
	writer_clear(w);
	codec_write(w, fields, ROWS_, b, ALL_ROWS); /* copies, so packed may go */
	free(packed);
	if (writer_status(w) < 0)
		return writer_status(w);
	return writer_bytes(w).len > BATCH_BYTES_MAX ? ST_LIMIT : ST_OK;
}

/* The signature covers the end alone, so it goes on as it is.  A client that
 * packs harder than we do may send a batch whose rest is over the limit when it
 * is packed as ours are. */
status
batch_rewrite(const struct batch *b, struct bytes bodies, uint64_t skip, size_t skip_bytes,
              const uint8_t before[static HASH_BYTES], writer *w)
{
	struct bytes rest_bodies = { bodies.at + skip_bytes, bodies.len - skip_bytes };
	struct batch rest = *b;
	status st;

	rest.first += skip;
	rest.count -= skip;
	rest.before = before;
	st = write_packed(&rest, rest_bodies, false, w);
	return st == ST_LIMIT ? write_packed(&rest, rest_bodies, true, w) : st;
}

status
batch_seal_known(const uint8_t feed[static FEED_BYTES],
                 const uint8_t secret[static SIGN_SECRET_BYTES], const struct point *start,
                 struct bytes bodies, const struct point *end, writer *w)
{
	uint8_t covered[SIGNED_BYTES], signature[SIGNATURE_BYTES];
	struct batch b = { .feed = feed,
		           .first = start->seq + 1,
		           .count = end->seq - start->seq,
		           .before = start->hash,
		           .after = end->hash,
		           .signature = signature };

	if (b.count == 0 || b.count > BATCH_EVENTS_MAX || bodies.len > BATCH_RAW_BYTES_MAX)
		return ST_LIMIT;
	signed_bytes(feed, end, covered);
	sign_bytes(covered, sizeof(covered), secret, signature);
	return write_packed(&b, bodies, false, w);
}

/* Walked as a stranger's are: that gives the hash to be signed, and nothing is sealed that a
 * receiver would not take apart again. */
status
batch_seal(const uint8_t feed[static FEED_BYTES], const uint8_t secret[static SIGN_SECRET_BYTES],
           const struct point *start, struct bytes bodies, uint64_t count, writer *w)
{
	struct batch b = {
		.feed = feed, .first = start->seq + 1, .count = count, .before = start->hash
	};
	struct batch_walk walk = batch_walk(&b, bodies);
	struct batch_event e;

	if (count == 0 || count > BATCH_EVENTS_MAX || bodies.len > BATCH_RAW_BYTES_MAX)
		return ST_LIMIT;
	while (batch_next(&walk, &e))
		;
	if (walk.left > 0 || walk.offset != bodies.len)
		return ST_MALFORMED;
	return batch_seal_known(feed, secret, start, bodies, &walk.at, w);
}
