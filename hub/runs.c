#include "hub/runs.h"

#include <stdlib.h>
#include <string.h>

enum {
	RUNS_KEPT = 256,
	RUNS_BYTES_MAX = 24 << 20, /* of all that are kept; one alone has at most 900 KiB */
};

struct kept {
	uint64_t offset;
	uint8_t running[HASH_BYTES];
	struct journal_run run; /* points into block */
	uint8_t *block;         /* events, frame, unpacked bodies; NULL: nothing is kept */
	size_t bytes;
};

struct runs {
	struct kept list[RUNS_KEPT]; /* by offset: the last entries of the journal all fit */
	size_t bytes;
	struct journal_space space;
};

runs *
runs_new(void)
{
	return calloc(1, sizeof(runs));
}

static void
drop(runs *r, struct kept *k)
{
	free(k->block);
	r->bytes -= k->bytes;
	*k = (struct kept) { .block = NULL };
}

void
runs_free(runs **r_p)
{
	runs *r = *r_p;

	if (!r)
		return;
	for (size_t i = 0; i < RUNS_KEPT; i++)
		drop(r, &r->list[i]);
	free(r);
	*r_p = NULL;
}

/* The entry that came first is the least likely to be asked for. */
static void
make_room(runs *r, size_t bytes)
{
	while (r->bytes > 0 && r->bytes + bytes > RUNS_BYTES_MAX) {
		struct kept *first = NULL;

		for (size_t i = 0; i < RUNS_KEPT; i++) {
			struct kept *k = &r->list[i];

			if (k->block && (!first || k->offset < first->offset))
				first = k;
		}
		if (!first)
			return; /* there is one: something is kept */
		drop(r, first);
	}
}

/* A body lies in the unpacked bodies or, of a batch that is not packed, in its frame. */
static void
move_bodies(struct batch_event *events, const struct journal_run *from,
            const struct journal_run *to)
{
	for (uint64_t i = 0; i < from->count; i++) {
		struct bytes *body = &events[i].body;

		if (body->at)
			body->at = to->content.bodies.at + (body->at - from->content.bodies.at);
	}
}

/* A copy of all that run points to. */
static status
keep(runs *r, struct kept *k, const struct journal_entry *entry, const struct journal_run *run)
{
	size_t events_bytes = run->count * sizeof(struct batch_event);
	size_t raw_bytes = run->batch.packed ? run->content.bodies.len : 0;
	size_t bytes = events_bytes + entry->bytes.len + raw_bytes;
	struct journal_entry copy = *entry;
	struct batch_event *events;
	uint8_t *block, *raw;
	status st;

	drop(r, k);
	make_room(r, bytes);
	block = malloc(bytes);
	if (!block)
		return ST_NOMEM;
	events = (struct batch_event *) (void *) block;
	raw = block + events_bytes + entry->bytes.len;
	copy.bytes.at = block + events_bytes;
	memcpy(events, run->content.events, events_bytes);
	memcpy(block + events_bytes, entry->bytes.at, entry->bytes.len);
	if (raw_bytes > 0)
		memcpy(raw, run->content.bodies.at, raw_bytes);
	k->run = *run;
	st = journal_open(&copy, &k->run.batch, &k->run.count);
	if (st < 0) {
		free(block);
		return st;
	}
	k->run.content.events = events;
	k->run.content.bodies = raw_bytes > 0 ? (struct bytes) { raw, raw_bytes }
					      : k->run.batch.bodies;
	move_bodies(events, run, &k->run);
	k->offset = entry->offset;
	memcpy(k->running, entry->running, HASH_BYTES);
	k->block = block;
	k->bytes = bytes;
	r->bytes += bytes;
	return ST_OK;
}

static struct kept *
place_of(runs *r, const struct journal_entry *entry)
{
	return &r->list[entry->offset % RUNS_KEPT];
}

status
runs_keep(runs *r, const struct journal_entry *entry, const struct journal_run *run)
{
	return keep(r, place_of(r, entry), entry, run);
}

status
runs_open(runs *r, const struct journal_entry *entry, const struct journal_run **ret_run)
{
	struct kept *k = place_of(r, entry);
	struct journal_run run;
	status st = ST_OK;

	if (!k->block || memcmp(k->running, entry->running, HASH_BYTES) != 0) {
		st = journal_run_copy(entry, &r->space, &run);
		if (st == ST_OK)
			st = keep(r, k, entry, &run);
	}
	if (st == ST_OK)
		*ret_run = &k->run;
	return st;
}
