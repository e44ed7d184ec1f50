/* How well events pack is known only afterwards: take what should fit, going by the batch
 * before, pack, and take less when it did not.  A round costs a signature; as a rule there
 * is one. */
#include "agent/outbox_internal.h"
#include "protocol/chain.h"

enum {
	PACKED_AT_LEAST = 4,   /* what zstd makes of some kilobytes of events, which look alike */
	AHEAD_BYTES = 4 << 12, /* some pages of LMDB */
	LINE_BYTES = 64,       /* of a processor's cache */
};

struct sealing {
	struct point start, end; /* the bodies are those between the two */
	writer bodies;           /* framed, one after the other */
};

static void
add_body(writer *w, struct bytes body)
{
	if (outbox_is_erased(body))
		writer_raw(w, body.at, body.len);
	else
		writer_bin(w, body.at, body.len);
}

/* Where a check was asked for: is body what was recorded behind before? */
static bool
is_as_recorded(const outbox *box, struct point before, struct bytes body, const struct point *at)
{
	uint8_t hash[HASH_BYTES];

	if (!box->distrusted)
		return true;
	outbox_body_hash(body, hash);
	chain_step(box->device.feed, &before, hash);
	return point_equal(&before, at);
}

/* Rows that were recorded together lie on pages that follow each other, and to wait for memory at
 * each takes a fifth of sealing.  Where they lie otherwise this brings nothing, and costs
 * nothing: what is not there is not fetched. */
static void
fetch_ahead(struct bytes body)
{
	uintptr_t at = (uintptr_t) body.at + AHEAD_BYTES;

	__builtin_prefetch((const void *) at);
	__builtin_prefetch((const void *) (at + LINE_BYTES));
}

/* The events behind s->start up to last, of about raw_bytes; at least one. */
static status
collect_rows(const outbox *box, struct kv_walk *walk, uint64_t last, size_t raw_bytes,
             struct sealing *s)
{
	status st = ST_OK;

	for (bool more = true; more && st == ST_OK; more = kv_next(walk)) {
		bool is_first = s->end.seq == s->start.seq;
		struct bytes body;
		struct point at;

		st = outbox_event_row(walk, &at.seq, &body, at.hash);
		if (st < 0 || at.seq != s->end.seq + 1 || at.seq > last)
			break;
		/* 5: the most that frames a body */
		if (!is_first &&
		    (writer_bytes(&s->bodies).len + body.len + 5 > raw_bytes ||
		     at.seq - s->start.seq > BATCH_EVENTS_MAX))
			break;
		if (!is_as_recorded(box, s->end, body, &at)) {
			st = is_first ? ST_IO : ST_OK;
			break;
		}
		fetch_ahead(body);
		add_body(&s->bodies, body);
		s->end = at;
		st = writer_status(&s->bodies);
	}
	return st < 0 ? st : walk->st;
}

/* Fewer where the feed ends; ST_NOT_FOUND only when there is none at all.  The hashes are those
 * that were stored with the events: to compute them anew would take as long as all the rest,
 * and the hub does it in any case. */
static status
collect(outbox *box, uint64_t first, uint64_t last, size_t raw_bytes, struct sealing *s)
{
	uint8_t key[SEQ_BYTES];
	kv_txn *txn = NULL;
	struct kv_walk walk;
	status st;

	writer_clear(&s->bodies);
	s->start.seq = first - 1;
	st = outbox_hash_at(box, s->start.seq, s->start.hash);
	s->end = s->start;
	if (st == ST_OK)
		st = kv_read(box->store, &txn);
	if (st < 0)
		return st;
	put_u64(key, first);
	if (kv_seek(txn, OUTBOX_EVENTS, (struct bytes) { key, sizeof(key) }, &walk))
		st = collect_rows(box, &walk, last, raw_bytes, s);
	else
		st = walk.st;
	kv_walk_done(&walk);
	kv_abort(&txn);
	return st == ST_OK && s->end.seq < first ? ST_NOT_FOUND : st;
}

static size_t
lesser(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many bytes of bodies should pack to wire_bytes. */
static size_t
expected(const outbox *box, size_t wire_bytes)
{
	const uint64_t raw = box->sealed_raw ? box->sealed_raw : PACKED_AT_LEAST;
	const uint64_t wire = box->sealed_wire ? box->sealed_wire : 1;
	const uint64_t bytes = lesser(wire_bytes, BATCH_BYTES_MAX) * raw / wire;

	/* a little less, since no two are alike */
	return lesser((size_t) (bytes * 31 / 32), BATCH_RAW_BYTES_MAX);
}

static status
seal(outbox *box, const uint8_t secret[static SIGN_SECRET_BYTES], uint64_t first, uint64_t last,
     size_t wire_bytes, struct sealing *s, writer *w)
{
	size_t raw_bytes = expected(box, wire_bytes);

	for (;;) {
		status st = collect(box, first, last, raw_bytes, s);
		struct bytes bodies = writer_bytes(&s->bodies);
		size_t len;

		if (st == ST_OK)
			st = batch_seal_known(box->device.feed, secret, &s->start, bodies, &s->end,
			                      w);
		if (st < 0 && st != ST_LIMIT)
			return st;
		len = writer_bytes(w).len;
		box->sealed_raw = bodies.len;
		box->sealed_wire = len;
		if ((st == ST_OK && len <= wire_bytes) || s->end.seq == first)
			return st;
		/* in proportion and a little less, so that it ends */
		raw_bytes = lesser(bodies.len * wire_bytes / len * 15 / 16, bodies.len - 1);
	}
}

void
outbox_distrust(outbox *box)
{
	box->distrusted = true;
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
	if (st == ST_OK)
		*ret_end = s.end;
	return st;
}
