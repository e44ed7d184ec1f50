#include "tests/support/memory_device.h"

#include <sodium.h>

#include "protocol/batch.h"
#include "protocol/chain.h"
#include "protocol/flight.h"
#include "tests/support/check.h"

enum { BATCH_HEAD_BYTES = 320, BODY_BYTES_MAX = EVENT_BYTES_MAX };

static uint64_t last_nonce;

static void
make_body(const struct memory_event *e, uint8_t *out)
{
	uint64_t x = e->nonce * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (size_t i = 0; i < e->body_bytes; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		out[i] = (uint8_t) (x >> 32);
	}
}

struct point
memory_device_point(const memory_device *d, uint64_t seq)
{
	struct point start;

	chain_start(d->feed, &start);
	assert_true(seq <= d->count);
	return seq == 0 ? start : d->events[seq - 1].at;
}

struct point
memory_device_tip(const memory_device *d)
{
	return memory_device_point(d, d->count);
}

static status
store_tip(void *ctx, struct point *ret_tip)
{
	memory_device *d = ctx;

	if (d->fails_with < 0)
		return d->fails_with;
	*ret_tip = memory_device_tip(d);
	return ST_OK;
}

static status
store_floor(void *ctx, struct point *ret_floor)
{
	memory_device *d = ctx;

	if (d->fails_with < 0)
		return d->fails_with;
	*ret_floor = memory_device_point(d, d->floor);
	return ST_OK;
}

static status
store_hash_at(void *ctx, uint64_t seq, uint8_t ret_hash[static HASH_BYTES])
{
	memory_device *d = ctx;
	struct point p;

	if (d->fails_with < 0)
		return d->fails_with;
	if (seq > d->count || (seq > 0 && seq < d->floor))
		return ST_NOT_FOUND;
	p = memory_device_point(d, seq);
	memcpy(ret_hash, p.hash, HASH_BYTES);
	return ST_OK;
}

static status
store_seal(void *ctx, uint64_t first, uint64_t last, size_t wire_bytes, writer *w,
           struct point *ret_end)
{
	memory_device *d = ctx;
	struct point before = memory_device_point(d, first - 1);
	uint8_t body[BODY_BYTES_MAX];
	size_t bytes = BATCH_HEAD_BYTES;
	uint64_t count = 0;
	writer bodies;
	status st;

	if (d->fails_with < 0)
		return d->fails_with;
	writer_init(&bodies);
	assert_true(first > d->floor && first <= d->count && first <= last);
	if (last > d->count)
		last = d->count;
	while (first + count <= last && count < BATCH_EVENTS_MAX) {
		const struct memory_event *e = &d->events[first + count - 1];

		bytes += e->body_bytes + 3;
		if (count > 0 && bytes > wire_bytes)
			break;
		make_body(e, body);
		writer_bin(&bodies, body, e->body_bytes);
		count++;
	}
	st = writer_status(&bodies);
	if (st == ST_OK)
		st = batch_seal(d->feed, d->secret, &before, writer_bytes(&bodies), count, w);
	writer_done(&bodies);
	*ret_end = memory_device_point(d, first + count - 1);
	return st;
}

void
memory_worlds_begin(void)
{
	last_nonce = 0;
}

void
memory_device_init(memory_device *d, unsigned seed)
{
	uint8_t seed_bytes[crypto_sign_SEEDBYTES] = { 'd' };

	put_u32(seed_bytes + 1, seed);
	*d = (memory_device) { .body_bytes = 16 };
	crypto_sign_seed_keypair(d->feed, d->secret, seed_bytes);
	d->store = (struct device_store) { d,          store_tip, store_floor, store_hash_at,
		                           store_seal, NULL };
}

void
memory_device_clone(memory_device *d, const memory_device *original)
{
	*d = *original;
	d->store.ctx = d;
	d->events = malloc(d->size * sizeof(*d->events) + 1);
	assert_non_null(d->events);
	if (d->count > 0)
		memcpy(d->events, original->events, d->count * sizeof(*d->events));
}

void
memory_device_done(memory_device *d)
{
	free(d->events);
	d->events = NULL;
}

static void
record_one(memory_device *d)
{
	struct memory_event e = { .nonce = ++last_nonce, .body_bytes = d->body_bytes };
	uint8_t body[BODY_BYTES_MAX], hash[HASH_BYTES];

	if (d->count == d->size) {
		d->size = d->size * 2 + 16;
		d->events = realloc(d->events, d->size * sizeof(*d->events));
		assert_non_null(d->events);
	}
	make_body(&e, body);
	hash_bytes(body, e.body_bytes, hash);
	e.at = memory_device_tip(d);
	chain_step(d->feed, &e.at, hash);
	d->events[d->count++] = e;
}

void
memory_device_record(memory_device *d, size_t count)
{
	while (count-- > 0)
		record_one(d);
}

struct memory_backup
memory_device_backup(const memory_device *d)
{
	return (struct memory_backup) { d->count, d->memory };
}

void
memory_device_restore(memory_device *d, const struct memory_backup *backup)
{
	assert_true(backup->count <= d->count);
	d->count = backup->count;
	d->memory = backup->memory;
}
