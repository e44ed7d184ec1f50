/* tests/bench/fixed.c - the same drain each time, for counting instructions
 *
 *     bench_fixed DIR PLAN.json    DIR is empty and is left with a hub and two devices
 *
 * No socket, no clock, no other process: keys, events and borders of batches are always
 * the same.  What is counted is in fixed_seal() to fixed_rebuild(), by callgrind
 * (instructions.py), from one call to the next; all else is preparation.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "agent/outbox.h"
#include "common/files.h"
#include "hub/hub.h"
#include "tests/bench/filling.h"

enum {
	EVENTS = 6000,
	EVENTS_CORRECTED = 8000, /* of the second device, of them … */
	CORRECTED = 50,          /* … percent are corrections */
	DEVICES = 2,
	BATCHES_MAX = 256,
	BATCHES_A_COMMIT = 8,
	PLAN_BYTES = 4 << 20,
};
#define NOW_MS INT64_C(1798761600000)

struct fixed {
	const char *dir;
	hub *hub;
	struct {
		uint8_t secret[SIGN_SECRET_BYTES];
		outbox *box;
		struct bench_backlog backlog;
	} devices[DEVICES];
	writer batches[BATCHES_MAX];
	size_t batch_count;
	size_t first_corrected; /* batch of the second device */
	size_t taken;
};

/* Where callgrind begins a new count. */
void fixed_seal(struct fixed *f) __attribute__((noinline));
void fixed_take(struct fixed *f) __attribute__((noinline));
void fixed_correct(struct fixed *f) __attribute__((noinline));
void fixed_rebuild(struct fixed *f) __attribute__((noinline));
void fixed_end(struct fixed *f) __attribute__((noinline));

static void
need(status st, const char *what)
{
	if (st < 0) {
		fprintf(stderr, "bench_fixed: %s: %s\n", what, status_text(st));
		exit(1);
	}
}

static void
keys(uint8_t number, uint8_t feed[static FEED_BYTES], uint8_t secret[static SIGN_SECRET_BYTES])
{
	const uint8_t seed[crypto_sign_SEEDBYTES] = { 'f', number };

	crypto_sign_seed_keypair(feed, secret, seed);
}

static void
make_hub(struct fixed *f, const char *document)
{
	static const uint8_t curve[CURVE_BYTES] = { 7 };
	uint8_t feed[FEED_BYTES], secret[SIGN_SECRET_BYTES], *json;
	char path[4096];
	size_t len;

	keys(0, feed, secret);
	need(file_read(document, PLAN_BYTES, &json, &len), document);
	need(path_join(path, sizeof(path), f->dir, "hub"), "hub");
	need(hub_create(path, curve, secret, json, len, NOW_MS), "hub");
	need(hub_open(path, &f->hub), "hub");
	free(json);
}

static void
enroll(struct fixed *f, uint8_t number, const struct outbox_device *d, const uint8_t *secret)
{
	const uint8_t curve[CURVE_BYTES] = { number };
	struct request r;
	kv_txn *txn;
	bool refold;
	writer w;

	writer_init(&w);
	need(request_encode(d->feed, secret, curve, &d->units, &w), "request");
	need(request_decode(writer_bytes(&w).at, writer_bytes(&w).len, &r), "request");
	need(kv_write(hub_store(f->hub), 0, &txn), "hub");
	need(registry_enroll(txn, &r, ROLE_DEVICE, NOW_MS, &refold), "enrolling");
	need(kv_commit(&txn), "enrolling");
	writer_done(&w);
}

static void
make_device(struct fixed *f, uint8_t number)
{
	struct outbox_device d = {
		.hubs = "tcp://127.0.0.1:1",
		.units = { 2, { text_of("con-houston"), text_of("con-miami") } },
	};
	struct bench_filled filled;
	char name[16], path[4096];

	keys((uint8_t) (number + 1), d.feed, f->devices[number].secret);
	memcpy(d.hub, hub_id(f->hub), FEED_BYTES);
	snprintf(name, sizeof(name), "device%u", number);
	need(path_join(path, sizeof(path), f->dir, name), name);
	if (mkdir(path, 0700) != 0)
		need(ST_IO, path);
	need(outbox_create(path, &d), path);
	need(outbox_open(path, &f->devices[number].box), path);
	enroll(f, (uint8_t) (number + 1), &d, f->devices[number].secret);
	bench_fill(f->devices[number].box, &f->devices[number].backlog, &filled);
}

/* ---- what is counted ---- */

void
fixed_seal(struct fixed *f)
{
	for (size_t i = 0; i < DEVICES; i++) {
		struct point end = { 0 };

		f->first_corrected = f->batch_count;
		while (end.seq < f->devices[i].backlog.events) {
			if (f->batch_count == BATCHES_MAX)
				need(ST_LIMIT, "sealing");
			need(outbox_seal(f->devices[i].box, f->devices[i].secret, end.seq + 1,
			                 UINT64_MAX, BATCH_BYTES_MAX, &f->batches[f->batch_count++],
			                 &end),
			     "sealing");
		}
	}
}

static void
take_until(struct fixed *f, size_t end)
{
	kv_txn *txn = NULL;

	for (; f->taken < end; f->taken++) {
		struct bytes frame = writer_bytes(&f->batches[f->taken]);
		struct batch b;

		if (!txn)
			need(kv_write(hub_store(f->hub), 0, &txn), "hub");
		need(batch_open(frame.at, frame.len, &b), "a batch");
		need(hub_take(f->hub, txn, &b, NOW_MS), "taking");
		if (f->taken % BATCHES_A_COMMIT != BATCHES_A_COMMIT - 1 && f->taken != end - 1)
			continue;
		need(hub_settle(f->hub, txn), "settling");
		need(kv_commit(&txn), "commit");
	}
}

void
fixed_take(struct fixed *f)
{
	take_until(f, f->first_corrected);
}

void
fixed_correct(struct fixed *f)
{
	take_until(f, f->batch_count);
}

void
fixed_rebuild(struct fixed *f)
{
	kv_txn *txn;

	need(kv_write(hub_store(f->hub), 0, &txn), "hub");
	need(hub_rebuild(f->hub, txn), "rebuilding");
	need(kv_commit(&txn), "commit");
}

void
fixed_end(struct fixed *f)
{
	for (size_t i = 0; i < DEVICES; i++)
		outbox_close(&f->devices[i].box);
	for (size_t i = 0; i < BATCHES_MAX; i++)
		writer_done(&f->batches[i]);
	hub_close(&f->hub);
}

int
main(int argc, char **argv)
{
	static struct fixed f;

	if (sodium_init() < 0 || argc != 3)
		return 64;
	f.dir = argv[1];
	for (size_t i = 0; i < BATCHES_MAX; i++)
		writer_init(&f.batches[i]);
	make_hub(&f, argv[2]);
	f.devices[0].backlog = (struct bench_backlog) { EVENTS, 1, 30, 0 };
	f.devices[1].backlog = (struct bench_backlog) { EVENTS_CORRECTED, 2, 30, CORRECTED };
	for (unsigned i = 0; i < DEVICES; i++)
		make_device(&f, (uint8_t) i);
	fixed_seal(&f);
	fixed_take(&f);
	fixed_correct(&f);
	fixed_rebuild(&f);
	fixed_end(&f);
	return 0;
}
