#include "hub/run_finder.h"

#include <string.h>

struct looking {
	struct run_finder *finder;
	uint64_t seq;
	const uint8_t *prefix;
	size_t found;
	struct run_event event;
};

static bool
note_if_named(struct looking *l, const struct journal_run *run, uint64_t offset)
{
	uint64_t i = l->seq - run->batch.first;
	const struct batch_event *e = &run->content.events[i];
	bool named = memcmp(e->at.hash, l->prefix, HASH_PREFIX_BYTES) == 0;

	if (named) {
		l->found++;
		l->event.event = *e;
		l->event.brief = run->briefs ? run->briefs[i] : (struct bytes) { 0 };
		l->event.offset = offset;
	}
	return named;
}

/* The entry of its last is kept without its bytes, which move. */
static status
look_into(void *ctx, const struct index_row *row)
{
	struct looking *l = ctx;
	struct run_finder *f = l->finder;
	const struct journal_run *run = NULL;
	struct journal_entry entry;
	status st;

	if (!tags_fit(f->txn, &row->tags, l->seq - row->first, l->prefix))
		return ST_OK;
	st = journal_read(f->txn, row->offset, &entry);
	if (st == ST_OK)
		st = runs_open(f->runs, &entry, &run);
	if (st < 0 || !run)
		return st == ST_NOT_FOUND ? ST_MALFORMED : st;
	if (run->batch.first != row->first || run->count != row->count)
		return ST_MALFORMED;
	if (note_if_named(l, run, row->offset)) {
		memcpy(f->last.feed, row->feed, FEED_BYTES);
		f->last.first = row->first;
		f->last.count = row->count;
		f->last.entry = entry;
	}
	return ST_OK;
}

/* False: it cannot be told from the last one. */
static bool
look_into_last(struct looking *l, const uint8_t *feed)
{
	const struct run_finder *f = l->finder;
	const struct journal_run *run;

	if (l->seq < f->last.first || l->seq - f->last.first >= f->last.count ||
	    memcmp(f->last.feed, feed, FEED_BYTES) != 0)
		return false;
	run = runs_peek(f->runs, &f->last.entry);
	if (run)
		note_if_named(l, run, f->last.entry.offset);
	return run != NULL;
}

status
run_finder_find(struct run_finder *f, const uint8_t feed[static FEED_BYTES], uint64_t seq,
                const uint8_t prefix[static HASH_PREFIX_BYTES], struct run_event *ret_event)
{
	struct looking l = { .finder = f, .seq = seq, .prefix = prefix };
	size_t lanes = 1;
	status st = ST_OK;

	if (!look_into_last(&l, feed)) {
		f->last.count = 0;
		st = index_each_of(f->txn, feed, seq, look_into, &l, &lanes);
		if (lanes > 1)
			f->last.count = 0;
	}
	if (st < 0)
		return st;
	if (l.found != 1)
		return l.found == 0 ? ST_NOT_FOUND : ST_EXISTS;
	*ret_event = l.event;
	return ST_OK;
}
