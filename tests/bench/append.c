/* tests/bench/append.c - what recording costs once the process is there
 *
 *     bench_append HOME N    N entries, each a durable commit of its own, with the
 *                            wake-up of the daemon: microseconds, middle and 99 %
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/outbox.h"
#include "tests/bench/events.h"
#include "tests/bench/middle.h"

enum { WAIT_MS = 10000 };

/* From encoding on: the texts were there. */
static double
append(outbox *box, const struct bench_events *all, uint64_t n, writer *w)
{
	struct bench_event b;
	struct outbox_item item;
	event_field fault;
	double start;

	bench_event_make(all, n, &b);
	start = bench_now_us();
	if (event_encode(&b.event, w, &fault) != ST_OK)
		exit(1);
	item = (struct outbox_item) { .body = writer_bytes(w) };
	if (outbox_append(box, &item, 1, WAIT_MS) != ST_OK)
		exit(1);
	return bench_now_us() - start;
}

int
main(int argc, char **argv)
{
	struct bench_events all = { .seed = 3 };
	outbox *box = NULL;
	double *us;
	writer w;

	if (sodium_init() < 0 || argc != 3 || outbox_open(argv[1], &box) != ST_OK)
		return 64;
	all.total = strtoull(argv[2], NULL, 10);
	all.units = &outbox_device(box)->units;
	us = calloc(all.total + 1, sizeof(*us));
	writer_init(&w);
	for (uint64_t n = 0; us && n < all.total; n++)
		us[n] = append(box, &all, n, &w);
	if (us)
		bench_print_middle(us, all.total);
	writer_done(&w);
	free(us);
	outbox_close(&box);
	return fflush(stdout) != 0;
}
