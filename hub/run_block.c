#include "hub/run_block.h"

#include <stdlib.h>
#include <string.h>

#include "common/room.h"
#include "hub/brief.h"

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
	b->briefs = NULL;
	b->kind = copy.kind;
	b->entry = copy.bytes;
	b->bytes = bytes;
	*ret_block = b;
	return journal_open(&copy, &b->run.batch, &b->run.count); /* as before, of the copy */
}

void
run_block_free(run_block **b_p)
{
	if (*b_p)
		free((*b_p)->briefs);
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

/* A list of all, and behind it the briefs; where each ends is kept in the list until all are
 * there, since they may move. */
static status
write_briefs(const struct journal_run *r, uint8_t **space_p, size_t *ret_bytes)
{
	size_t len = r->count * sizeof(struct bytes), room = 0;

	for (uint64_t i = 0; i < r->count; i++) {
		const struct batch_event *e = &r->content.events[i];
		uint8_t *space = room_for(*space_p, len, BRIEF_BYTES_MAX, &room, 1);
		struct event event;

		if (!space)
			return ST_NOMEM;
		*space_p = space;
		if (!e->erased && event_decode(e->body, &event) == HOLD_NONE)
			len += brief_write(&event, space + len);
		((struct bytes *) (void *) space)[i].len = len;
	}
	*ret_bytes = len;
	return ST_OK;
}

/* As large as it has to be, since many are kept. */
status
run_block_read(run_block *b)
{
	struct journal_run *r = &b->run;
	size_t bytes = 0, begin = r->count * sizeof(struct bytes);
	struct bytes *list;
	uint8_t *exact;
	status st = write_briefs(r, &b->briefs, &bytes);

	if (st < 0)
		return st;
	exact = realloc(b->briefs, bytes);
	if (!exact)
		return ST_NOMEM;
	b->briefs = exact;
	list = (struct bytes *) (void *) b->briefs;
	for (uint64_t i = 0; i < r->count; i++) {
		size_t end = list[i].len;

		list[i] = (struct bytes) { b->briefs + begin, end - begin };
		begin = end;
	}
	r->briefs = list;
	b->bytes += bytes;
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
