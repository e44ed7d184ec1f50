#include "hub/things.h"

#include <stdlib.h>

#include "hub/blocks.h"
#include "hub/row_keys.h"

enum { VALUE_MAX = CODE_BYTES_MAX + 1 + NAME_BYTES_MAX };

/* *ret_thing_len is how much of it all rows of the thing begin with. */
static size_t
write_key(const struct event *e, const uint8_t *hash, uint8_t out[static ROW_KEY_MAX],
          size_t *ret_thing_len)
{
	size_t len = row_put_text(out, e->indicator);

	len += row_put_text(out + len, e->thing);
	*ret_thing_len = len;
	len += row_put_day(out + len, (date) e->date);
	out[len++] = e->out;
	memcpy(out + len, hash, HASH_BYTES);
	return len + HASH_BYTES;
}

status
thing_put(kv_txn *txn, const struct event *e, const uint8_t hash[static HASH_BYTES], int sign)
{
	uint8_t key[ROW_KEY_MAX], value[VALUE_MAX];
	size_t value_len = row_put_text(value, e->unit), thing_len;
	size_t len = write_key(e, hash, key, &thing_len);
	status st;

	if (sign < 0) {
		st = blocks_delete(txn, TABLE_THINGS, (struct bytes) { key, len });
		return st == ST_NOT_FOUND ? ST_MALFORMED : st;
	}
	if (e->name.len > 0)
		memcpy(value + value_len, e->name.at, e->name.len);
	value_len += e->name.len;
	return blocks_put(txn, TABLE_THINGS, (struct bytes) { key, len },
	                  (struct bytes) { value, value_len });
}

static int
compare_keys(const void *key, const void *row)
{
	return text_compare(*(const struct text *) key, text_of(*(const char *const *) row));
}

bool
thing_in_baseline(const plan *p, struct text indicator, struct text key)
{
	const struct plan_indicator *i = p ? plan_indicator(p, indicator.at, indicator.len) : NULL;

	return i && i->baseline_key_count > 0 &&
		bsearch(&key, i->baseline_keys, i->baseline_key_count, sizeof(char *),
	                compare_keys);
}

static status
read_row(struct bytes key, struct bytes value, struct thing *t)
{
	row_take_text(&key); /* the indicator */
	t->key = row_take_text(&key);
	t->day = row_take_day(&key);
	t->out = row_take_byte(&key, 2);
	t->unit = row_take_text(&value);
	t->name = (struct text) { (const char *) value.at, value.len };
	return key.at && key.len == HASH_BYTES && value.at ? ST_OK : ST_MALFORMED;
}

status
thing_change(kv_txn *txn, const plan *p, const struct event *e,
             const uint8_t hash[static HASH_BYTES], int *ret_by)
{
	uint8_t key[ROW_KEY_MAX];
	size_t thing_len, len = write_key(e, hash, key, &thing_len);
	bool was_in = thing_in_baseline(p, e->indicator, e->thing);
	struct kv_walk walk;
	struct thing before;
	status st = ST_OK;

	if (kv_seek_below(txn, TABLE_THINGS, (struct bytes) { key, len }, &walk) &&
	    walk.key.len >= thing_len && memcmp(walk.key.at, key, thing_len) == 0) {
		st = read_row(walk.key, walk.value, &before);
		was_in = st == ST_OK && !before.out;
	}
	if (walk.st < 0)
		st = walk.st;
	kv_walk_done(&walk);
	*ret_by = (int) !e->out - (int) was_in;
	return st;
}

status
things_each(kv_txn *txn, const char *indicator, thing_visit *visit, void *ctx)
{
	uint8_t prefix[ROW_KEY_MAX];
	size_t len = row_put_text(prefix, text_of(indicator));
	struct kv_walk walk;
	status st = ST_OK;

	for (bool more = kv_seek(txn, TABLE_THINGS, (struct bytes) { prefix, len }, &walk);
	     more && st == ST_OK && walk.key.len >= len && memcmp(walk.key.at, prefix, len) == 0;
	     more = kv_next(&walk)) {
		struct thing t;

		st = read_row(walk.key, walk.value, &t);
		if (st == ST_OK)
			st = visit(ctx, &t);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}
