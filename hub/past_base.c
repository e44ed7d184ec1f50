#include "hub/past_base.h"

#include <stdlib.h>

#include "hub/backups.h"
#include "hub/digest.h"
#include "hub/hub_internal.h"
#include "hub/journal.h"
#include "hub/offset.h"
#include "hub/snapshot_store.h"

/* ---- what there is ---- */

/* One copy to go on from. */
struct base {
	uint64_t entries;
	const struct snapshot *snapshot; /* NULL: a backup */
	char *dir;                       /* of a backup; owned */
	uint8_t state[HASH_BYTES];
};

struct search {
	hub *h;
	kv_txn *txn;
	uint64_t entries; /* of the moment */
	struct snapshots snapshots;
	struct base bases[SNAPSHOTS_MAX + 1 + BACKUPS_KEPT];
	size_t count;
	hub *found;
	uint64_t found_entries;
};

static void
add_snapshots(struct search *s)
{
	for (size_t i = 0; i < s->snapshots.count; i++) {
		const struct snapshot *one = &s->snapshots.list[i];

		if (one->entries <= s->entries)
			s->bases[s->count++] = (struct base) { .entries = one->entries,
				                               .snapshot = one };
	}
}

static status
add_backup(void *ctx, const struct kept_backup *b)
{
	struct search *s = ctx;
	struct base *base = &s->bases[s->count];

	if (!b->has_state || b->entries == 0 || b->entries > s->entries)
		return ST_OK;
	*base = (struct base) { .entries = b->entries, .dir = strdup(b->dir) };
	memcpy(base->state, b->state, HASH_BYTES);
	s->count += base->dir != NULL;
	return base->dir ? ST_OK : ST_NOMEM;
}

/* Of as many entries a snapshot, which is quicker to open. */
static int
nearest_first(const void *a, const void *b)
{
	const struct base *x = a, *y = b;

	if (x->entries != y->entries)
		return x->entries > y->entries ? -1 : 1;
	return (x->snapshot == NULL) - (y->snapshot == NULL);
}

static status
gather(struct search *s)
{
	status st = snapshots_read(s->h, s->txn, &s->snapshots);

	if (st == ST_OK) {
		add_snapshots(s);
		st = backups_each(s->txn, add_backup, s);
	}
	qsort(s->bases, s->count, sizeof(s->bases[0]), nearest_first);
	return st;
}

static void
search_free(struct search *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->bases[i].dir);
	free(s);
}

/* ---- a backup ---- */

/* The running hash stands for all entries up to there. */
static status
is_beginning(const struct search *s, kv_txn *seen, const struct base *b)
{
	struct offset there;
	status st = offset_of(s->txn, b->entries, &there);

	if (st == ST_OK && journal_size(seen) != b->entries)
		st = ST_INVALID;
	return st == ST_OK ? offset_check(seen, &there) : st;
}

/* ST_INVALID: it is not what it was. */
static status
check(const struct search *s, hub *copy, const struct base *b)
{
	uint8_t set[HASH_BYTES], state[HASH_BYTES];
	bool renewed = false;
	kv_txn *seen = NULL;
	status st = hub_is_renewed(copy, &renewed);

	if (st == ST_OK && !renewed)
		st = ST_INVALID; /* its ledger is of another program */
	if (st == ST_OK)
		st = kv_read(hub_store(copy), &seen);
	if (st == ST_OK)
		st = is_beginning(s, seen, b);
	if (st == ST_OK)
		st = hub_digest_rows(copy, seen, set, state);
	if (st == ST_OK && memcmp(state, b->state, HASH_BYTES) != 0)
		st = ST_INVALID;
	kv_abort(&seen);
	return st;
}

static status
fill_from_backup(void *ctx, const char *dir)
{
	return kv_copy_scratch(hub_store(ctx), dir, 0600);
}

static status
open_backup(struct search *s, const struct base *b)
{
	hub *copy = NULL;
	status st = hub_open(b->dir, &copy);

	if (st == ST_OK)
		st = check(s, copy, b);
	if (st == ST_OK)
		st = hub_open_scratch(s->h, fill_from_backup, copy, &s->found);
	hub_close(&copy);
	return st;
}

/* Whatever is wrong with it, there may be another. */
static status
open_nearest(struct search *s)
{
	status st = ST_OK;

	for (size_t i = 0; i < s->count && !s->found; i++) {
		const struct base *b = &s->bases[i];

		st = b->snapshot ? snapshot_open(s->h, b->snapshot, &s->found) : open_backup(s, b);
		if (st == ST_NOMEM || st == ST_FULL)
			return st;
		s->found_entries = b->entries;
	}
	return s->found ? ST_OK : ST_NOT_FOUND;
}

/* ---- folding on ---- */

/* Corrections are judged while what they correct is at hand (hub/runs.h), as in a commit. */
enum { ENTRIES_A_JUDGING = 64 };

struct folding {
	const struct search *s;
	hub *past;
	kv_txn *to;
	uint64_t expected; /* entries before that are laid out, or will be */
};

/* As hub/link/depot.h does it.  What is no batch, or damaged, is met when its turn comes. */
static void
expect(struct folding *f)
{
	struct journal_entry entry;
	struct batch b;
	uint64_t count;

	for (; f->expected < f->s->entries; f->expected++) {
		if (journal_read(f->s->txn, f->expected, &entry) == ST_OK &&
		    journal_open(&entry, &b, &count) == ST_OK && !hub_expect(f->past, &b))
			return;
	}
}

/* In a transaction of its own, as when it was entered.  ST_UNKNOWN: it makes all be folded
 * again, and that is quicker from the beginning. */
static status
fold_act(struct folding *f, const struct journal_entry *entry)
{
	bool refold = false;
	uint64_t offset;
	status st = hub_settle(f->past, f->to);

	if (st == ST_OK)
		st = kv_commit(&f->to);
	if (st == ST_OK)
		st = kv_write(hub_store(f->past), 0, &f->to);
	if (st == ST_OK)
		st = registry_turns(f->to, entry->bytes, &refold);
	if (st == ST_OK && refold)
		st = ST_UNKNOWN;
	if (st == ST_OK)
		st = journal_append(f->to, JOURNAL_REGISTRY, entry->received_ms, entry->bytes,
		                    &offset);
	return st == ST_OK ? registry_apply(f->to, entry->bytes) : st;
}

/* Of a batch that reached over gaps the first entry brings those behind it too. */
static status
fold_entry(struct folding *f, const struct journal_entry *entry)
{
	struct batch b;
	uint64_t count;
	status st;

	if (entry->offset < journal_size(f->to))
		return ST_OK;
	if (entry->kind == JOURNAL_REGISTRY)
		return fold_act(f, entry);
	st = journal_open(entry, &b, &count);
	return st == ST_OK ? hub_take_as(f->past, f->to, &b, entry->received_ms, TAKE_LOOSE) : st;
}

static status
fold_entries(struct folding *f)
{
	status st = ST_OK;

	for (uint64_t i = f->expected; i < f->s->entries && st == ST_OK; i++) {
		struct journal_entry entry;

		expect(f);
		st = journal_read(f->s->txn, i, &entry);
		if (st == ST_OK)
			st = fold_entry(f, &entry);
		if (st == ST_OK && i % ENTRIES_A_JUDGING == 0)
			st = hub_settle(f->past, f->to);
	}
	return st == ST_OK ? hub_settle(f->past, f->to) : st;
}

/* The running hash at the end covers all that was taken. */
static status
fold_on(const struct search *s)
{
	struct folding f = { .s = s, .past = s->found, .expected = s->found_entries };
	struct offset there;
	status st = kv_write(hub_store(s->found), 0, &f.to);

	if (st == ST_OK)
		st = fold_entries(&f);
	if (st == ST_OK)
		st = offset_of(s->txn, s->entries, &there);
	if (st == ST_OK)
		st = offset_check(f.to, &there);
	if (st == ST_OK && journal_size(f.to) != s->entries)
		st = ST_INVALID;
	if (st == ST_OK)
		st = kv_commit(&f.to);
	kv_abort(&f.to);
	return st;
}

status
past_from_copy(hub *h, kv_txn *txn, uint64_t entries, hub **ret_past)
{
	struct search *s = calloc(1, sizeof(*s));
	status st;

	if (!s)
		return ST_NOMEM;
	s->h = h;
	s->txn = txn;
	s->entries = entries;
	st = gather(s);
	if (st == ST_OK)
		st = open_nearest(s);
	if (st == ST_OK)
		st = fold_on(s);
	if (st == ST_OK)
		*ret_past = s->found;
	else
		hub_close(&s->found);
	search_free(s);
	return st == ST_OK || st == ST_NOMEM || st == ST_FULL ? st : ST_NOT_FOUND;
}
