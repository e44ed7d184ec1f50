#include "tests/bench/crowd.h"

#include <sodium.h>
#include <stdio.h>

#include "common/files.h"
#include "protocol/batch.h"
#include "protocol/chain.h"
#include "protocol/identity.h"
#include "tests/bench/events.h"

static status
store_tip(void *ctx, struct point *ret_tip)
{
	const struct crowd_device *d = ctx;

	*ret_tip = d->points[d->count];
	return ST_OK;
}

static status
store_hash_at(void *ctx, uint64_t seq, uint8_t ret_hash[static HASH_BYTES])
{
	const struct crowd_device *d = ctx;

	if (seq > d->count)
		return ST_NOT_FOUND;
	memcpy(ret_hash, d->points[seq].hash, HASH_BYTES);
	return ST_OK;
}

/* One batch for all: nothing else is ever owed, since each device comes with all it has. */
static status
store_seal(void *ctx, uint64_t first, uint64_t last, size_t wire_bytes, writer *w,
           struct point *ret_end)
{
	const struct crowd_device *d = ctx;
	struct bytes batch = writer_bytes(&d->batch);

	if (first != 1 || last < d->count || batch.len > wire_bytes)
		return ST_LIMIT;
	writer_clear(w);
	writer_raw(w, batch.at, batch.len);
	*ret_end = d->points[d->count];
	return writer_status(w);
}

static void
make_keys(struct crowd_device *d, uint64_t number)
{
	uint8_t seed[crypto_sign_SEEDBYTES] = "storm", hash[HASH_BYTES];

	put_u64(seed + 8, number);
	crypto_sign_seed_keypair(d->feed, d->feed_secret, seed);
	hash_bytes(seed, sizeof(seed), hash);
	memcpy(d->curve.secret_key, hash, CURVE_BYTES);
	crypto_scalarmult_base(d->curve.public_key, d->curve.secret_key);
}

static status
record(struct crowd_device *d, uint64_t number, uint64_t events)
{
	struct codes unit = { 1, { text_of(d->unit) } };
	struct bench_events all = { number, events, 30, &unit };
	writer body, bodies;
	status st = ST_OK;

	writer_init(&body);
	writer_init(&bodies);
	chain_start(d->feed, &d->points[0]);
	for (d->count = 0; d->count < events && st == ST_OK; d->count++) {
		uint8_t hash[HASH_BYTES];
		struct bench_event b;
		event_field fault;

		bench_event_make(&all, d->count, &b);
		st = event_encode(&b.event, &body, &fault);
		hash_bytes(writer_bytes(&body).at, writer_bytes(&body).len, hash);
		d->points[d->count + 1] = d->points[d->count];
		chain_step(d->feed, &d->points[d->count + 1], hash);
		writer_bin(&bodies, writer_bytes(&body).at, writer_bytes(&body).len);
	}
	if (st == ST_OK)
		st = batch_seal(d->feed, d->feed_secret, &d->points[0], writer_bytes(&bodies),
		                events, &d->batch);
	writer_done(&body);
	writer_done(&bodies);
	return st;
}

status
crowd_device_make(struct crowd_device *d, uint64_t number, const struct codes *units,
                  uint64_t events)
{
	struct text unit = units->list[number % units->count];

	memset(d, 0, sizeof(*d));
	writer_init(&d->batch);
	if (events > CROWD_EVENTS_MAX || unit.len > CODE_BYTES_MAX)
		return ST_LIMIT;
	memcpy(d->unit, unit.at, unit.len);
	d->store = (struct device_store) { d, store_tip, NULL, store_hash_at, store_seal, NULL };
	make_keys(d, number);
	return record(d, number, events);
}

void
crowd_device_done(struct crowd_device *d)
{
	writer_done(&d->batch);
}

status
crowd_device_request(const struct crowd_device *d, const char *dir, uint64_t number,
                     char ret_fingerprint[static 20])
{
	const struct codes unit = { 1, { text_of(d->unit) } };
	char path[4096];
	struct request r;
	writer w;
	status st;

	writer_init(&w);
	st = request_encode(d->feed, d->feed_secret, d->curve.public_key, &unit, &w);
	if (st == ST_OK)
		st = request_decode(writer_bytes(&w).at, writer_bytes(&w).len, &r);
	if (st == ST_OK) {
		fingerprint(&r, ret_fingerprint);
		snprintf(path, sizeof(path), "%s/%llu.request", dir, (unsigned long long) number);
		st = file_create(path, writer_bytes(&w).at, writer_bytes(&w).len, 0644);
	}
	writer_done(&w);
	return st;
}
