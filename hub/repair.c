#include "hub/repair.h"

#include <stdlib.h>
#include <string.h>

#include "common/room.h"
#include "hub/backups.h"
#include "hub/journal_index.h"

static const char NUMBER_KEY[] = "repairs";

status
repair_note(void *ctx, const struct damage *d)
{
	struct repair *r = ctx;
	struct damage *list = room_for(r->list, r->count, 1, &r->room, sizeof(*list));

	if (!list)
		return ST_NOMEM;
	r->list = list;
	r->list[r->count++] = *d;
	return ST_OK;
}

void
repair_done(struct repair *r)
{
	free(r->list);
	*r = (struct repair) { .list = NULL };
}

/* ---- the number ---- */

static struct bytes
number_key(void)
{
	return (struct bytes) { (const uint8_t *) NUMBER_KEY, strlen(NUMBER_KEY) };
}

uint64_t
repair_number(kv_txn *txn)
{
	struct bytes value;

	return kv_get(txn, TABLE_META, number_key(), &value) == ST_OK && value.len == 8
		? get_u64(value.at)
		: 0;
}

static status
count_repair(kv_txn *txn)
{
	uint8_t value[8];

	put_u64(value, repair_number(txn) + 1);
	return kv_put(txn, TABLE_META, number_key(), (struct bytes) { value, sizeof(value) });
}

/* ---- copies ---- */

enum { COPIES_MAX = 2 * BACKUPS_KEPT };

struct copy {
	hub *h;
	kv_txn *txn;
};

struct mending {
	hub *h;
	kv_txn *txn;
	int64_t now_ms;
	struct copy copies[COPIES_MAX];
	size_t count;
	struct repaired *result;
};

/* One that cannot be opened, is of another hub, or is this one, is passed over. */
static status
open_copy(struct mending *m, const char *dir)
{
	struct copy c = { 0 };

	if (m->count == COPIES_MAX || hub_open(dir, &c.h) < 0)
		return ST_OK;
	if (memcmp(hub_id(c.h), hub_id(m->h), FEED_BYTES) == 0 &&
	    kv_read(hub_store(c.h), &c.txn) == ST_OK)
		m->copies[m->count++] = c;
	else
		hub_close(&c.h);
	return ST_OK;
}

static status
open_noted(void *ctx, const struct kept_backup *b)
{
	return open_copy(ctx, b->dir);
}

static void
close_copies(struct mending *m)
{
	for (size_t i = 0; i < m->count; i++) {
		kv_abort(&m->copies[i].txn);
		hub_close(&m->copies[i].h);
	}
}

/* ---- the very bytes ---- */

/* Whether an entry of a copy is what stood in its place here: it follows from the one
 * before, and the one behind follows from it. */
static bool
fits(kv_txn *txn, const struct journal_entry *entry)
{
	struct journal_entry before = { .running = { 0 } }, behind = { 0 };
	uint8_t running[HASH_BYTES];

	if (entry->offset > 0 && journal_read(txn, entry->offset - 1, &before) < 0)
		return false;
	journal_running(before.running, entry, running);
	if (memcmp(running, entry->running, HASH_BYTES) != 0)
		return false;
	if (journal_read(txn, entry->offset + 1, &behind) < 0)
		return entry->offset + 1 == journal_size(txn);
	if (behind.kind == JOURNAL_LOST)
		return true;
	journal_running(entry->running, &behind, running);
	return memcmp(running, behind.running, HASH_BYTES) == 0;
}

static status
mend_entry(struct mending *m, uint64_t offset, bool *ret_mended)
{
	*ret_mended = false;
	for (size_t i = 0; i < m->count; i++) {
		struct journal_entry entry = { 0 };

		if (journal_read(m->copies[i].txn, offset, &entry) < 0 ||
		    entry.kind == JOURNAL_LOST || !fits(m->txn, &entry))
			continue;
		*ret_mended = true;
		m->result->mended++;
		return journal_mend(m->txn, &entry);
	}
	return ST_OK;
}

/* ---- the events, wherever they lie ---- */

/* What makes a batch be refused is damage of the copy: another may have it. */
static status
take_entry(struct mending *m, const struct journal_entry *entry)
{
	struct batch b;
	uint64_t count;
	status st = journal_open(entry, &b, &count);

	if (st == ST_OK)
		st = hub_take_as(m->h, m->txn, &b, m->now_ms, TAKE_LOOSE);
	m->result->fetched += st == ST_OK;
	switch ((int) st) {
	case ST_EXISTS:
	case ST_DENIED:
	case ST_CHAIN:
	case ST_LIMIT:
	case ST_MALFORMED:
	case ST_NOT_FOUND: return ST_OK;
	default: return st;
	}
}

struct seeking {
	struct mending *m;
	const struct damage *d;
	kv_txn *from;
};

static status
take_row(void *ctx, const struct index_row *row)
{
	struct seeking *s = ctx;
	struct journal_entry entry;

	if (memcmp(row->feed, s->d->feed, FEED_BYTES) != 0 || row->first > s->d->last ||
	    row->first + row->count - 1 < s->d->first ||
	    journal_read(s->from, row->offset, &entry) < 0)
		return ST_OK;
	return take_entry(s->m, &entry);
}

static status
fetch(struct mending *m, const struct damage *d)
{
	status st = ST_OK;

	for (size_t i = 0; i < m->count && st == ST_OK; i++) {
		struct seeking s = { m, d, m->copies[i].txn };

		st = index_each(s.from, take_row, &s);
		if (st == ST_MALFORMED)
			st = ST_OK; /* the copy is damaged itself */
	}
	return st;
}

/* A batch that is itself whole, although it is not what was stored there, is taken again:
 * its time was changed, or its hash. */
static status
lose(struct mending *m, uint64_t offset)
{
	struct journal_entry entry = { 0 };
	uint8_t *frame = NULL;
	struct index_row row;
	status st = index_of_offset(m->txn, offset, &row);

	if (st < 0) {
		m->result->left++;
		return st == ST_NOT_FOUND ? ST_OK : st;
	}
	if (journal_read(m->txn, offset, &entry) == ST_OK && journal_is_batch(&entry)) {
		frame = malloc(entry.bytes.len + 1);
		if (!frame)
			return ST_NOMEM;
		memcpy(frame, entry.bytes.at, entry.bytes.len);
		entry.bytes.at = frame;
	}
	st = journal_lose(m->txn, offset, &row);
	m->result->lost++;
	if (st == ST_OK && frame)
		st = take_entry(m, &entry);
	free(frame);
	return st;
}

/* ---- all of it ---- */

static bool
is_of_a_device(const struct mending *m, const struct damage *d)
{
	return d->has_range && memcmp(d->feed, hub_id(m->h), FEED_BYTES) != 0;
}

static status
repair_entry(struct mending *m, const struct damage *d)
{
	bool mended = false;
	status st = d->kind == DAMAGE_SENDER ? ST_OK : mend_entry(m, d->offset, &mended);

	if (st < 0 || mended)
		return st;
	if (!is_of_a_device(m, d) || d->kind == DAMAGE_SENDER) {
		m->result->left++;
		return ST_OK;
	}
	if (d->kind != DAMAGE_LOST)
		st = lose(m, d->offset);
	return st == ST_OK ? fetch(m, d) : st;
}

/* What joins at nothing is told as a gap once the index is made anew. */
static bool
needs_rebuild(damage_kind kind)
{
	return damage_is_derived(kind) || kind == DAMAGE_JOIN;
}

static status
repair_all(struct mending *m, const struct repair *r)
{
	bool derived = false;
	status st = ST_OK;

	for (size_t i = 0; i < r->count && st == ST_OK; i++) {
		if (needs_rebuild(r->list[i].kind))
			derived = true;
		else
			st = repair_entry(m, &r->list[i]);
	}
	if (st == ST_OK)
		st = hub_settle(m->h, m->txn);
	if (st == ST_OK && derived && m->result->left == 0) {
		st = hub_rebuild(m->h, m->txn);
		m->result->rebuilt = true;
	}
	if (st == ST_OK && r->count > 0)
		st = count_repair(m->txn);
	return st;
}

status
hub_repair(hub *h, kv_txn *txn, const struct repair *r, const char *const *dirs, size_t dir_count,
           int64_t now_ms, struct repaired *ret_repaired)
{
	struct mending *m = calloc(1, sizeof(*m));
	status st = ST_OK;

	if (!m)
		return ST_NOMEM;
	*ret_repaired = (struct repaired) { .mended = 0 };
	*m = (struct mending) { .h = h, .txn = txn, .now_ms = now_ms, .result = ret_repaired };
	for (size_t i = 0; i < dir_count && st == ST_OK; i++)
		st = open_copy(m, dirs[i]);
	if (st == ST_OK)
		st = backups_each(txn, open_noted, m);
	if (st == ST_OK)
		st = repair_all(m, r);
	close_copies(m);
	free(m);
	return st;
}
