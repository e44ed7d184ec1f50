#include "hub/past_base.h"

#include <stdlib.h>

#include "hub/backups.h"
#include "hub/digest.h"
#include "hub/hub_internal.h"
#include "hub/journal.h"
#include "hub/offset.h"

struct search {
	hub *h;
	kv_txn *txn;
	uint64_t entries; /* of the moment */
	hub *found;
	uint64_t found_entries;
};

/* The running hash stands for all entries up to there. */
static status
is_beginning(const struct search *s, kv_txn *seen, const struct kept_backup *b)
{
	struct offset there;
	status st = offset_of(s->txn, b->entries, &there);

	if (st == ST_OK && journal_size(seen) != b->entries)
		st = ST_INVALID;
	return st == ST_OK ? offset_check(seen, &there) : st;
}

/* ST_INVALID: it is not what it was. */
static status
check(const struct search *s, hub *copy, const struct kept_backup *b)
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

/* Whatever is wrong with it, there may be another. */
static status
try_backup(void *ctx, const struct kept_backup *b)
{
	struct search *s = ctx;
	hub *copy = NULL;
	status st;

	if (s->found || !b->has_state || b->entries == 0 || b->entries > s->entries)
		return ST_OK;
	st = hub_open(b->dir, &copy);
	if (st == ST_OK)
		st = check(s, copy, b);
	if (st == ST_OK)
		st = hub_open_scratch(s->h, hub_store(copy), &s->found);
	if (st == ST_OK)
		s->found_entries = b->entries;
	hub_close(&copy);
	return st == ST_NOMEM || st == ST_FULL ? st : ST_OK;
}

/* ST_UNKNOWN: it cannot be folded by itself. */
static status
fold_entry(hub *past, kv_txn *to, const struct journal_entry *entry)
{
	struct batch b;
	uint64_t count;
	status st = entry->kind == JOURNAL_BATCH ? journal_open(entry, &b, &count) : ST_UNKNOWN;

	return st == ST_OK ? hub_take_as(past, to, &b, entry->received_ms, TAKE_LOOSE) : st;
}

static status
fold_on(const struct search *s, kv_txn *to)
{
	struct journal_entry entry;
	struct offset there;
	status st = ST_OK;

	for (uint64_t i = s->found_entries; i < s->entries && st == ST_OK; i++) {
		st = journal_read(s->txn, i, &entry);
		if (st == ST_OK)
			st = fold_entry(s->found, to, &entry);
	}
	if (st == ST_OK)
		st = hub_settle(s->found, to);
	if (st == ST_OK)
		st = offset_of(s->txn, s->entries, &there);
	return st == ST_OK ? offset_check(to, &there) : st;
}

status
past_from_backup(hub *h, kv_txn *txn, uint64_t entries, hub **ret_past)
{
	struct search s = { .h = h, .txn = txn, .entries = entries };
	kv_txn *to = NULL;
	status st = backups_each(txn, try_backup, &s);

	if (st < 0 || !s.found)
		return st < 0 ? st : ST_NOT_FOUND;
	st = kv_write(hub_store(s.found), 0, &to);
	if (st == ST_OK)
		st = fold_on(&s, to);
	if (st == ST_OK)
		st = kv_commit(&to);
	kv_abort(&to);
	if (st < 0) {
		hub_close(&s.found);
		return st == ST_NOMEM || st == ST_FULL ? st : ST_NOT_FOUND;
	}
	*ret_past = s.found;
	return ST_OK;
}
