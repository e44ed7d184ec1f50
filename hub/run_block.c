#include "hub/run_block.h"

#include <stdlib.h>
#include <string.h>

/* Events first, which need to be aligned; then the bodies, then the entry. */
status
run_block_new(const struct journal_entry *entry, run_block **ret_block)
{
	struct journal_entry copy = *entry;
	struct batch batch;
	uint64_t count;
	size_t events_bytes, raw_bytes, bytes;
	run_block *b;
	uint8_t *at;
	status st = journal_open(entry, &batch, &count);

	if (st < 0)
		return ST_MALFORMED;
	events_bytes = batch.count * sizeof(struct batch_event);
	raw_bytes = batch.packed ? batch.raw_bytes : 0;
	bytes = sizeof(*b) + events_bytes + raw_bytes + entry->bytes.len;
	b = malloc(bytes);
	if (!b)
		return ST_NOMEM;
	at = b->space + events_bytes + raw_bytes;
	memcpy(at, entry->bytes.at, entry->bytes.len);
	copy.bytes.at = at;
	b->run = (struct journal_run) { .count = 0 };
	b->kind = copy.kind;
	b->entry = copy.bytes;
	b->bytes = bytes;
	*ret_block = b;
	return journal_open(&copy, &b->run.batch, &b->run.count); /* as before, of the copy */
}

void
run_block_free(run_block **b_p)
{
	free(*b_p);
	*b_p = NULL;
}

/* The events that are meant, without looking at the seal. */
static status
walk(const struct journal_run *r, struct batch_event *events)
{
	struct batch_walk walk = batch_walk(&r->batch, r->content.bodies);

	for (uint64_t i = 0; i < r->count; i++) {
		if (!batch_next(&walk, &events[i]))
			return ST_MALFORMED;
	}
	return ST_OK;
}

status
run_block_lay_out(run_block *b, bool sealed)
{
	struct journal_run *r = &b->run;
	struct batch_event *events = (struct batch_event *) (void *) b->space;
	status st = batch_unpack(&r->batch, b->space + r->batch.count * sizeof(*events),
	                         &r->content.bodies);

	if (st == ST_OK)
		st = sealed ? batch_verify(&r->batch, r->content.bodies, events) : walk(r, events);
	if (st < 0)
		return st;
	r->content.events = events;
	r->start = batch_start(&r->batch);
	r->end = r->count < r->batch.count ? events[r->count - 1].at : batch_end(&r->batch);
	return ST_OK;
}

status
run_block_open(const struct journal_entry *entry, run_block **ret_block)
{
	run_block *b = NULL;
	status st = run_block_new(entry, &b);

	if (st == ST_OK)
		st = run_block_lay_out(b, false);
	if (st == ST_OK)
		*ret_block = b;
	else
		run_block_free(&b);
	return st == ST_OK || st == ST_NOMEM ? st : ST_MALFORMED;
}
