#include "tests/bench/filling.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#include "tests/bench/events.h"

enum { CHUNK = 2000, WAIT_MS = 10000, CORRECTED_WITHIN = 20000 };

struct filling {
	struct bench_events all;
	unsigned correction_percent;
	outbox *box;
	uint64_t *roots; /* event n is a version of roots[n] */
	uint8_t *fixed;  /* it was replaced */
	struct bench_filled filled;
	ZSTD_CStream *notes;
	char packed[1 << 16];
};

static void
need(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench: %s failed\n", what);
		exit(1);
	}
}

static void
pack_note(struct filling *f, struct text note, ZSTD_EndDirective end)
{
	ZSTD_inBuffer in = { note.at, note.len, 0 };
	size_t left;

	f->filled.note_bytes += note.len;
	do {
		ZSTD_outBuffer out = { f->packed, sizeof(f->packed), 0 };

		left = ZSTD_compressStream2(f->notes, &out, &in, end);
		need(!ZSTD_isError(left), "packing notes");
		f->filled.note_packed += out.pos;
	} while (in.pos < in.size || (end == ZSTD_e_end && left > 0));
}

/* An earlier event that no other replaces, recorded before this commit. */
static bool
pick_corrected(const struct filling *f, uint64_t n, uint64_t chunk, uint64_t *ret_at)
{
	uint64_t random[8], lowest = n > CORRECTED_WITHIN ? n - CORRECTED_WITHIN : 0;

	if (f->correction_percent == 0 || chunk <= lowest)
		return false;
	randombytes_buf_deterministic(random, sizeof(random),
	                              (const uint8_t[32]) { (uint8_t) n, (uint8_t) (n >> 8),
	                                                    (uint8_t) (n >> 16),
	                                                    (uint8_t) (n >> 24) });
	if (random[0] % 100 >= f->correction_percent)
		return false;
	for (size_t i = 1; i < 8; i++) {
		*ret_at = lowest + random[i] % (chunk - lowest);
		if (!f->fixed[*ret_at])
			return true;
	}
	return false;
}

/* Event n, seq n + 1, as bytes in w. */
static void
make(struct filling *f, uint64_t n, uint64_t chunk, writer *w)
{
	struct bench_event b;
	uint8_t hash[HASH_BYTES];
	event_field fault;
	uint64_t at;

	if (pick_corrected(f, n, chunk, &at)) {
		f->roots[n] = f->roots[at];
		f->fixed[at] = 1;
		bench_event_correct(&f->all, n, f->roots[n], &b);
		need(outbox_hash_at(f->box, at + 1, hash) == ST_OK, "reading");
		b.event.fixes = (struct fixes) { 1, { { at + 1, hash, NULL } } };
		b.event.has |= EVENT_BIT(EVENT_FIXES);
	} else {
		f->roots[n] = n;
		bench_event_make(&f->all, n, &b);
	}
	need(event_encode(&b.event, w, &fault) == ST_OK, "encoding");
	f->filled.body_bytes += writer_bytes(w).len;
	pack_note(f, b.event.note, ZSTD_e_continue);
}

static void
fill_all(struct filling *f)
{
	struct outbox_item *items = calloc(CHUNK, sizeof(*items));
	writer *bodies = calloc(CHUNK, sizeof(*bodies));

	need(items && bodies, "memory");
	for (size_t i = 0; i < CHUNK; i++)
		writer_init(&bodies[i]);
	for (uint64_t n = 0; n < f->all.total; n += CHUNK) {
		size_t count = f->all.total - n < CHUNK ? (size_t) (f->all.total - n) : CHUNK;

		for (size_t i = 0; i < count; i++) {
			make(f, n + i, n, &bodies[i]);
			items[i] = (struct outbox_item) { .body = writer_bytes(&bodies[i]) };
		}
		need(outbox_append(f->box, items, count, WAIT_MS) == ST_OK, "recording");
	}
	for (size_t i = 0; i < CHUNK; i++)
		writer_done(&bodies[i]);
	free(bodies);
	free(items);
}

void
bench_fill(outbox *box, const struct bench_backlog *backlog, struct bench_filled *ret_filled)
{
	struct filling f = { .box = box, .correction_percent = backlog->correction_percent };

	f.all = (struct bench_events) { backlog->seed, backlog->events, backlog->note_percent,
		                        &outbox_device(box)->units };
	f.roots = calloc(f.all.total, sizeof(*f.roots));
	f.fixed = calloc(f.all.total, 1);
	f.notes = ZSTD_createCStream();
	need(f.roots && f.fixed && f.notes, "memory");
	fill_all(&f);
	pack_note(&f, (struct text) { "", 0 }, ZSTD_e_end);
	ZSTD_freeCStream(f.notes);
	free(f.roots);
	free(f.fixed);
	*ret_filled = f.filled;
}
