#include "hub/others.h"

#include <stdlib.h>

#include "hub/hub.h"
#include "hub/rows.h"
#include "hub/standing.h"

enum { VALUE_BYTES = EVENT_ID_BYTES + 1 };

/* ---- which there are ---- */

static bool
same_feed(const struct version *a, const struct version *b)
{
	return memcmp(a->feed, b->feed, FEED_BYTES) == 0;
}

/* Of such a record no row is, nor was: versions never leave it. */
static bool
of_one_feed(const struct version *list, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (!same_feed(&list[i], &list[0]))
			return false;
	}
	return true;
}

/* By the place of each: of a version whether its own feed names it, of a first version which
 * one wins the record. */
struct found {
	bool *named;
	const struct version **winner;
};

/* A sound version has no missing target. */
static void
find(const struct version *list, size_t count, struct found *f)
{
	for (size_t i = 0; i < count; i++) {
		const struct version *v = &list[i];

		if (v->wins)
			f->winner[v->root] = v;
		for (uint32_t t = 0; v->sound && t < v->target_count; t++) {
			if (same_feed(&list[v->targets[t]], v))
				f->named[v->targets[t]] = true;
		}
	}
}

/* ---- rows ---- */

/* winner is NULL when there is to be none. */
static status
set_row(kv_txn *txn, const struct version *v, const struct version *winner)
{
	uint8_t id[EVENT_ID_BYTES], value[VALUE_BYTES];
	struct bytes key = { id, sizeof(id) }, old = { 0 };
	status st;

	event_id_write(v->feed, &v->at, id);
	st = kv_get(txn, TABLE_OTHERS, key, &old);
	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	if (!winner) {
		if (st == ST_NOT_FOUND)
			return ST_OK;
		st = kv_delete(txn, TABLE_OTHERS, key);
		return st == ST_OK ? standing_touch(txn, v->feed) : st;
	}
	event_id_write(winner->feed, &winner->at, value);
	value[EVENT_ID_BYTES] = winner->is_void;
	if (old.len == sizeof(value) && memcmp(old.at, value, sizeof(value)) == 0)
		return ST_OK;
	st = kv_put(txn, TABLE_OTHERS, key, (struct bytes) { value, sizeof(value) });
	return st == ST_OK ? standing_touch(txn, v->feed) : st;
}

status
others_set(kv_txn *txn, const struct version *list, size_t count)
{
	struct found f;
	status st = ST_OK;

	if (of_one_feed(list, count))
		return ST_OK;
	f.named = calloc(count, sizeof(*f.named));
	f.winner = calloc(count, sizeof(struct version *));
	if (!f.named || !f.winner)
		st = ST_NOMEM;
	else
		find(list, count, &f);
	for (size_t i = 0; i < count && st == ST_OK; i++) {
		const struct version *v = &list[i];
		const struct version *winner = v->sound && !f.named[i] ? f.winner[v->root] : NULL;

		st = set_row(txn, v, winner && !same_feed(winner, v) ? winner : NULL);
	}
	free(f.named);
	free(f.winner);
	return st;
}

static struct standing_version
version_of_id(const uint8_t *id)
{
	struct standing_version v;
	struct point at;

	event_id_read(id, &at);
	v.seq = at.seq;
	memcpy(v.hash, at.hash, HASH_PREFIX_BYTES);
	return v;
}

/* From behind the last that may be: numbers stay below 2^63. */
status
others_of(kv_txn *txn, const uint8_t feed[static FEED_BYTES],
          struct standing_other list[static STANDING_OTHERS_MAX], size_t *ret_count)
{
	uint8_t end[FEED_BYTES + 1] = { [FEED_BYTES] = 0xff };
	struct kv_walk walk;
	status st = ST_OK;

	*ret_count = 0;
	memcpy(end, feed, FEED_BYTES);
	for (bool more =
	             kv_seek_below(txn, TABLE_OTHERS, (struct bytes) { end, sizeof(end) }, &walk);
	     more && st == ST_OK && *ret_count < STANDING_OTHERS_MAX &&
	     walk.key.len == EVENT_ID_BYTES && memcmp(walk.key.at, feed, FEED_BYTES) == 0;
	     more = kv_previous(&walk)) {
		struct standing_other *o = &list[*ret_count];

		if (walk.value.len != VALUE_BYTES) {
			st = ST_MALFORMED;
			break;
		}
		o->own = version_of_id(walk.key.at);
		o->stands = version_of_id(walk.value.at);
		memcpy(o->feed, walk.value.at, FEED_BYTES);
		o->is_void = walk.value.at[EVENT_ID_BYTES] != 0;
		(*ret_count)++;
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}
