#include "agent/others.h"

#include <stdlib.h>

static bool
names(const struct event *e, const struct fix *what)
{
	for (size_t i = 0; i < e->fixes.count; i++) {
		const struct fix *f = &e->fixes.list[i];

		if (f->feed && what->feed && memcmp(f->feed, what->feed, FEED_BYTES) == 0 &&
		    f->seq == what->seq && memcmp(f->hash, what->hash, HASH_PREFIX_BYTES) == 0)
			return true;
	}
	return false;
}

/* The own version that e replaces; 0: none. */
static uint64_t
before(const struct event *e)
{
	for (size_t i = 0; i < e->fixes.count; i++) {
		if (!e->fixes.list[i].feed)
			return e->fixes.list[i].seq;
	}
	return 0;
}

/* Back from the newest: numbers only fall, whatever a damaged entry says. */
status
others_named(kv_txn *txn, uint64_t head, const struct fix *what, bool *ret_named)
{
	uint8_t hash[HASH_BYTES];
	struct bytes body;
	struct event e;

	*ret_named = false;
	for (uint64_t seq = head, next; seq > 0 && !*ret_named; seq = next < seq ? next : 0) {
		status st = outbox_get_event(txn, seq, &body, hash);

		if (st == ST_NOT_FOUND)
			return ST_OK; /* what was given up names nothing */
		if (st < 0)
			return st;
		if (event_decode(body, &e) != HOLD_NONE)
			return ST_IO;
		*ret_named = names(&e, what);
		next = before(&e);
	}
	return ST_OK;
}

status
others_naming(kv_txn *txn, const struct fix *what, uint64_t *ret_seq)
{
	uint8_t hash[HASH_BYTES];
	struct kv_walk walk;
	struct bytes body;
	struct event e;
	bool found = false;
	status st = ST_OK;

	for (bool more = kv_seek_below(txn, OUTBOX_EVENTS, (struct bytes) { 0 }, &walk);
	     more && st == ST_OK && !found; more = kv_previous(&walk)) {
		st = outbox_event_row(&walk, ret_seq, &body, hash);
		found = st == ST_OK && event_decode(body, &e) == HOLD_NONE && names(&e, what);
	}
	if (st == ST_OK && walk.st < 0)
		st = walk.st;
	kv_walk_done(&walk);
	return st == ST_OK && !found ? ST_NOT_FOUND : st;
}

/* ST_NOT_FOUND: that version is of another life of this device. */
static status
look_up(kv_txn *txn, struct other *o)
{
	const struct fix fix = other_fix(o);
	uint8_t hash[HASH_BYTES];
	struct bytes body;
	status st = outbox_get_event(txn, o->row.own.seq, &body, hash);

	if (st == ST_OK && memcmp(hash, o->row.own.hash, HASH_PREFIX_BYTES) != 0)
		st = ST_NOT_FOUND;
	if (st == ST_OK)
		st = outbox_head_in(txn, o->row.own.seq, &o->head);
	return st == ST_OK ? others_named(txn, o->head, &fix, &o->named) : st;
}

static status
read_rows(outbox *box, struct standing_list rows, struct other *list, size_t *ret_count)
{
	kv_txn *txn = NULL;
	status st = kv_read(outbox_store(box), &txn);

	while (st == ST_OK && standing_next_other(&rows, &list[*ret_count].row)) {
		st = look_up(txn, &list[*ret_count]);
		*ret_count += st == ST_OK;
		if (st == ST_NOT_FOUND)
			st = ST_OK;
	}
	kv_abort(&txn);
	return st;
}

status
others_read(outbox *box, struct standing_list rows, struct other **ret_list, size_t *ret_count)
{
	/* + 1: the row that is no more is read into one, too */
	struct other *list = calloc(rows.left + 1, sizeof(*list));
	status st;

	*ret_count = 0;
	if (!list)
		return ST_NOMEM;
	st = read_rows(box, rows, list, ret_count);
	if (st < 0)
		free(list);
	else
		*ret_list = list;
	return st;
}

struct fix
other_fix(const struct other *o)
{
	return (struct fix) { o->row.stands.seq, o->row.stands.hash, o->row.feed };
}

void
other_ref(const struct other *o, char ret_ref[static REF_TEXT_BYTES])
{
	const struct point at = { .seq = o->row.stands.seq };

	ref_text(o->row.feed, &at, false, ret_ref);
}
