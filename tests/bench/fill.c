/* tests/bench/fill.c - backlogs for the benchmark
 *
 *     bench_fill HOME EVENTS [SEED [NOTES [CORRECTIONS]]]
 *     bench_fill csv UNIT ROWS [SEED [NOTES]]
 *
 * Records events into a home, as the product itself does; NOTES and CORRECTIONS are
 * percent.  Prints their bodies' bytes, those of the notes in them, and what zstd makes of
 * all these notes together.  `csv` prints rows to be imported.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/events.h"
#include "tests/bench/filling.h"

static int
fill_home(const struct bench_backlog *backlog, const char *home)
{
	struct bench_filled filled;
	outbox *box = NULL;

	if (outbox_open(home, &box) != ST_OK)
		return 1;
	bench_fill(box, backlog, &filled);
	outbox_close(&box);
	printf("%llu %llu %llu\n", (unsigned long long) filled.body_bytes,
	       (unsigned long long) filled.note_bytes, (unsigned long long) filled.note_packed);
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
print_rows(const struct bench_backlog *backlog, const char *unit)
{
	struct codes units = { 1, { text_of(unit) } };
	struct bench_events all = { backlog->seed, backlog->events, backlog->note_percent, &units };

	puts("unit,indicator,initiative,date,quantity,mode,place,status,by,note,attended,procedures");
	for (uint64_t n = 0; n < all.total; n++) {
		char day[DATE_TEXT_BYTES];
		struct bench_event b;
		const struct event *e = &b.event;
		struct text initiative;

		bench_event_make(&all, n, &b);
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
	struct bench_backlog backlog;
	bool csv = argc > 2 && strcmp(argv[1], "csv") == 0;
	int at = csv ? 1 : 0;

	if (sodium_init() < 0 || argc < 3 + at)
		return 64;
	backlog.events = number(argc, argv, 2 + at, 0);
	backlog.seed = number(argc, argv, 3 + at, 1);
	backlog.note_percent = (unsigned) number(argc, argv, 4 + at, 30);
	backlog.correction_percent = (unsigned) number(argc, argv, 5 + at, 0);
	if (backlog.events == 0)
		return 64;
	return csv ? print_rows(&backlog, argv[2]) : fill_home(&backlog, argv[1]);
}
