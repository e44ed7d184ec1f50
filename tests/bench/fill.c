/* tests/bench/fill.c - a device that was offline for four years
 *
 *     bench_fill HOME EVENTS [SEED [NOTES [CORRECTIONS]]]
 *     bench_fill csv UNIT ROWS [SEED [NOTES]]
 *
 * Records events into a home, as the product itself does, some thousands a commit; NOTES
 * and CORRECTIONS are percent.  Prints their bodies' bytes, those of the notes in them, and
 * what zstd makes of all these notes together.  `csv` prints rows to be imported.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#include "agent/outbox.h"
#include "tests/bench/events.h"

enum { CHUNK = 2000, WAIT_MS = 10000, CORRECTED_WITHIN = 20000 };

struct filling {
	struct bench_events all;
	unsigned correction_percent;
	outbox *box;
	uint64_t *roots; /* event n is a version of roots[n] */
	uint8_t *fixed;  /* it was replaced */
	uint64_t body_bytes, note_bytes, note_packed;
	ZSTD_CStream *notes;
};

static void
need(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench_fill: %s failed\n", what);
		exit(1);
	}
}

static void
pack_note(struct filling *f, struct text note, ZSTD_EndDirective end)
{
	ZSTD_inBuffer in = { note.at, note.len, 0 };
	char room[1 << 16];
	size_t left;

	f->note_bytes += note.len;
	do {
		ZSTD_outBuffer out = { room, sizeof(room), 0 };

		left = ZSTD_compressStream2(f->notes, &out, &in, end);
		need(!ZSTD_isError(left), "packing notes");
		f->note_packed += out.pos;
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
	f->body_bytes += writer_bytes(w).len;
	pack_note(f, b.event.note, ZSTD_e_continue);
}

static void
fill(struct filling *f)
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

static int
fill_home(struct filling *f, const char *home)
{
	need(outbox_open(home, &f->box) == ST_OK, home);
	f->all.units = &outbox_device(f->box)->units;
	f->roots = calloc(f->all.total, sizeof(*f->roots));
	f->fixed = calloc(f->all.total, 1);
	f->notes = ZSTD_createCStream();
	need(f->roots && f->fixed && f->notes, "memory");
	fill(f);
	pack_note(f, (struct text) { "", 0 }, ZSTD_e_end);
	outbox_close(&f->box);
	printf("%llu %llu %llu\n", (unsigned long long) f->body_bytes,
	       (unsigned long long) f->note_bytes, (unsigned long long) f->note_packed);
	return fflush(stdout) != 0;
}

static void
print_count(const struct event *e, const char *name)
{
	putchar(',');
	for (size_t i = 0; i < e->counts.count; i++)
		if (text_is(e->counts.list[i].name, name))
			printf("%llu", (unsigned long long) e->counts.list[i].value);
}

static int
print_rows(struct filling *f, const char *unit)
{
	struct codes units = { 1, { text_of(unit) } };

	f->all.units = &units;
	puts("unit,indicator,initiative,date,quantity,mode,place,status,by,note,attended,procedures");
	for (uint64_t n = 0; n < f->all.total; n++) {
		char day[DATE_TEXT_BYTES];
		struct bench_event b;
		const struct event *e = &b.event;
		struct text initiative;

		bench_event_make(&f->all, n, &b);
		initiative = e->initiatives.count ? e->initiatives.list[0]
						  : (struct text) { "", 0 };
		date_format((date) e->date, day);
		printf("%s,%.*s,%.*s,%s,%llu,%.*s,%s,%s,%.*s,\"%.*s\"", unit,
		       (int) e->indicator.len, e->indicator.len ? e->indicator.at : "",
		       (int) initiative.len, initiative.at, day, (unsigned long long) e->quantity,
		       (int) e->mode.len, e->mode.len ? e->mode.at : "", b.place,
		       event_status_name(e->status), (int) e->by.len, e->by.at, (int) e->note.len,
		       e->note.len ? e->note.at : "");
		print_count(e, "attended");
		print_count(e, "procedures");
		putchar('\n');
	}
	return fflush(stdout) != 0;
}

static uint64_t
number(int argc, char **argv, int at, uint64_t otherwise)
{
	return argc > at ? strtoull(argv[at], NULL, 10) : otherwise;
}

int
main(int argc, char **argv)
{
	struct filling f = { .box = NULL };
	bool csv = argc > 2 && strcmp(argv[1], "csv") == 0;
	int at = csv ? 1 : 0;

	if (sodium_init() < 0 || argc < 3 + at)
		return 64;
	f.all.total = number(argc, argv, 2 + at, 0);
	f.all.seed = number(argc, argv, 3 + at, 1);
	f.all.note_percent = (unsigned) number(argc, argv, 4 + at, 30);
	f.correction_percent = (unsigned) number(argc, argv, 5 + at, 0);
	if (f.all.total == 0)
		return 64;
	return csv ? print_rows(&f, argv[2]) : fill_home(&f, argv[1]);
}
