#include "hub/held_change.h"

#include <stdlib.h>
#include <string.h>

#include "hub/hub.h"
#include "hub/rows.h"

status
held_note(kv_txn *txn, struct held_note *ret_note)
{
	size_t room = (size_t) kv_count(txn, TABLE_HELD);
	struct kv_walk walk;
	status st;

	ret_note->ids = calloc(room + 1, EVENT_ID_BYTES); /* + 1: calloc() of nothing may fail */
	if (!ret_note->ids)
		return ST_NOMEM;
	for (bool more = kv_seek(txn, TABLE_HELD, (struct bytes) { 0 }, &walk);
	     more && ret_note->count < room && walk.key.len == EVENT_ID_BYTES;
	     more = kv_next(&walk))
		memcpy(ret_note->ids + EVENT_ID_BYTES * ret_note->count++, walk.key.at,
		       EVENT_ID_BYTES);
	st = walk.st;
	kv_walk_done(&walk);
	if (st == ST_OK && ret_note->count < room)
		st = ST_MALFORMED;
	return st;
}

void
held_note_done(struct held_note *n)
{
	free(n->ids);
	*n = (struct held_note) { .ids = NULL };
}

static int
compare_ids(const void *one, const void *two)
{
	return memcmp(one, two, EVENT_ID_BYTES);
}

status
held_compare(kv_txn *txn, const struct held_note *then, struct held_change *ret_change)
{
	struct held_change c = { .held = 0 };
	uint64_t both = 0;
	struct kv_walk walk;
	status st = ST_OK;

	for (bool more = kv_seek(txn, TABLE_HELD, (struct bytes) { 0 }, &walk); more && st == ST_OK;
	     more = kv_next(&walk)) {
		const struct text name = { (const char *) walk.value.at, walk.value.len };
		hold reason = hold_of_name(name);

		if (walk.key.len != EVENT_ID_BYTES || reason >= HOLDS_) {
			st = ST_MALFORMED;
		} else if (bsearch(walk.key.at, then->ids, then->count, EVENT_ID_BYTES,
		                   compare_ids)) {
			both++;
		} else {
			c.held++;
			c.of[reason]++;
		}
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	c.let_in = then->count - both;
	if (st == ST_OK)
		*ret_change = c;
	return st;
}
