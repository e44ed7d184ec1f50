#include "hub/runs.h"

#include <stdlib.h>
#include <string.h>

enum {
	RUNS_KEPT = 256,
	RUNS_BYTES_MAX = 16 << 20, /* of all that are kept; one alone has at most 900 KiB */
};

struct kept {
	uint64_t offset;
	uint8_t running[HASH_BYTES];
	run_block *block; /* NULL: nothing is kept */
};

struct runs {
	struct kept list[RUNS_KEPT]; /* by offset: the last entries of the journal all fit */
	size_t bytes;
};

runs *
runs_new(void)
{
	return calloc(1, sizeof(runs));
}

static void
drop(runs *r, struct kept *k)
{
	if (k->block)
		r->bytes -= k->block->bytes;
	run_block_free(&k->block);
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

static size_t
place_of(const struct journal_entry *entry)
{
	return entry->offset % RUNS_KEPT;
}

void
runs_keep(runs *r, const struct journal_entry *entry, run_block **b_p)
{
	struct kept *k = &r->list[place_of(entry)];

	drop(r, k);
	make_room(r, (*b_p)->bytes);
	k->offset = entry->offset;
	memcpy(k->running, entry->running, HASH_BYTES);
	k->block = *b_p;
	r->bytes += k->block->bytes;
	*b_p = NULL;
}

const struct journal_run *
runs_peek(const runs *r, const struct journal_entry *entry)
{
	const struct kept *k = &r->list[place_of(entry)];

	return k->block && memcmp(k->running, entry->running, HASH_BYTES) == 0 ? &k->block->run
									       : NULL;
}

status
runs_open(runs *r, const struct journal_entry *entry, const struct journal_run **ret_run)
{
	run_block *block = NULL;
	status st = ST_OK;

	if (!runs_peek(r, entry)) {
		st = run_block_open(entry, &block);
		if (st == ST_OK)
			runs_keep(r, entry, &block);
	}
	if (st == ST_OK)
		*ret_run = runs_peek(r, entry);
	return st;
}
