#include "tests/bench/source.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/middle.h"

static void
need(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench: %s\n", what);
		exit(1);
	}
}

void
source_open(struct source *s, const char *home)
{
	struct point tip;

	*s = (struct source) { .box = NULL };
	need(sodium_init() >= 0 && outbox_open(home, &s->box) == ST_OK, home);
	need(outbox_tip(s->box, &tip) == ST_OK, home);
	need(kv_read(outbox_store(s->box), &s->txn) == ST_OK, home);
	s->last = tip.seq;
	s->start_us = bench_now_us();
}

bool
source_next(struct source *s)
{
	uint8_t hash[HASH_BYTES];

	if (s->seq == s->last)
		return false;
	s->seq++;
	need(outbox_get_event(s->txn, s->seq, &s->body, hash) == ST_OK, "an event cannot be read");
	return true;
}

void
source_event(const struct source *s, struct event *ret_event)
{
	need(event_decode(s->body, ret_event) == HOLD_NONE, "an event cannot be decoded");
}

void
source_done(struct source *s, uint64_t acked)
{
	printf("%llu %.6f\n", (unsigned long long) acked, (bench_now_us() - s->start_us) / 1e6);
	fflush(stdout);
	kv_abort(&s->txn);
	outbox_close(&s->box);
}
