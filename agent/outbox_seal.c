/* How well events pack is known only afterwards: take what should fit, pack, and
 * take less when it did not.  A round costs a signature; as a rule there are two. */
#include "agent/outbox_internal.h"

/* Events of one unit look alike: what zstd makes of some kilobytes of them. */
enum { PACKED_AT_LEAST = 4 };

struct sealing {
	struct point start;
	uint64_t count;
	writer bodies; /* framed, one after the other */
};

/* The events from first to last, of about raw_bytes; at least one.  Fewer where the feed ends;
 * ST_NOT_FOUND only when there is none at all. */
static status
collect(outbox *box, uint64_t first, uint64_t last, size_t raw_bytes, struct sealing *s)
{
	kv_txn *txn = NULL;
	status st;

	writer_clear(&s->bodies);
	s->count = 0;
	s->start.seq = first - 1;
	st = outbox_hash_at(box, s->start.seq, s->start.hash);
	if (st < 0)
		return st;
	st = kv_read(box->store, &txn);
	while (st == ST_OK && s->count < BATCH_EVENTS_MAX && first + s->count <= last) {
		uint8_t hash[HASH_BYTES];
		struct bytes body;

		st = outbox_get_event(txn, first + s->count, &body, hash);
		/* 5: the most that frames a body */
		if (st == ST_OK && s->count > 0 &&
		    writer_bytes(&s->bodies).len + body.len + 5 > raw_bytes)
			break;
		if (st == ST_OK) {
			if (outbox_is_erased(body))
				writer_raw(&s->bodies, body.at, body.len);
			else
				writer_bin(&s->bodies, body.at, body.len);
			st = writer_status(&s->bodies);
			s->count++;
		}
	}
	kv_abort(&txn);
	return st == ST_NOT_FOUND && s->count > 0 ? ST_OK : st;
}

static size_t
lesser(size_t a, size_t b)
{
	return a < b ? a : b;
}

static status
seal(outbox *box, const uint8_t secret[static SIGN_SECRET_BYTES], uint64_t first, uint64_t last,
     size_t wire_bytes, struct sealing *s, writer *w)
{
	size_t raw_bytes = lesser(wire_bytes, BATCH_BYTES_MAX) * PACKED_AT_LEAST;

	for (;;) {
		status st = collect(box, first, last, lesser(raw_bytes, BATCH_RAW_BYTES_MAX), s);
		struct bytes bodies = writer_bytes(&s->bodies);
		size_t len;

		if (st == ST_OK)
			st = batch_seal(box->device.feed, secret, &s->start, bodies, s->count, w);
		len = writer_bytes(w).len;
		if ((st < 0 && st != ST_LIMIT) || (st == ST_OK && len <= wire_bytes) ||
		    s->count == 1)
			return st;
		/* in proportion and a little less, so that it ends */
		raw_bytes = lesser(bodies.len * wire_bytes / len * 15 / 16, bodies.len - 1);
	}
}

status
outbox_seal(outbox *box, const uint8_t secret[static SIGN_SECRET_BYTES], uint64_t first,
            uint64_t last, size_t wire_bytes, writer *w, struct point *ret_end)
{
	struct sealing s;
	status st;

	if (first == 0 || last < first)
		return ST_INVALID;
	writer_init(&s.bodies);
	st = seal(box, secret, first, last, wire_bytes, &s, w);
	writer_done(&s.bodies);
	if (st < 0)
		return st;
	ret_end->seq = first + s.count - 1;
	return outbox_hash_at(box, ret_end->seq, ret_end->hash);
}
