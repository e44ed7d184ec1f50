#include "hub/remarks.h"

#include "hub/hub.h"
#include "hub/nodes.h"
#include "hub/rows.h"
#include "hub/standing.h"

enum {
	SEQ_BYTES = 8,
	KEY_BYTES = TARGET_BYTES + EVENT_ID_BYTES,
};

/* ---- walking ---- */

static status
read_row(struct bytes key, struct bytes value, struct remark *r)
{
	if (key.len != KEY_BYTES)
		return ST_MALFORMED;
	r->feed = key.at;
	r->seq = get_u64(key.at + FEED_BYTES);
	r->hash = key.at + FEED_BYTES + SEQ_BYTES;
	r->id = key.at + TARGET_BYTES;
	r->replaced = row_take_byte(&value, 2);
	r->unit = row_take_text(&value);
	r->text = (struct text) { (const char *) value.at, value.len };
	return value.at ? ST_OK : ST_MALFORMED;
}

/* The beginning of an id is what a remark names. */
status
remarks_each(kv_txn *txn, const uint8_t *id, remark_visit *visit, void *ctx)
{
	struct bytes prefix = { id, id ? TARGET_BYTES : 0 };
	struct kv_walk walk;
	status st = ST_OK;

	for (bool more = kv_seek(txn, TABLE_REMARKS, prefix, &walk); more && st == ST_OK &&
	     walk.key.len >= prefix.len && (!id || memcmp(walk.key.at, id, prefix.len) == 0);
	     more = kv_next(&walk)) {
		struct remark r;

		st = read_row(walk.key, walk.value, &r);
		if (st == ST_OK)
			st = visit(ctx, &r);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

/* ---- who is told ---- */

struct touching {
	kv_txn *txn;
	char unit[CODE_BYTES_MAX + 1];
	uint8_t feed[FEED_BYTES + 1]; /* the walk goes on behind it */
	size_t feed_len;
	bool found;
};

/* The walk must not go on over a write, so it is ended by each device to be touched. */
static status
find_device(void *ctx, const struct device *d)
{
	struct touching *t = ctx;

	if (t->feed_len > 0 && memcmp(d->feed, t->feed, FEED_BYTES) <= 0)
		return ST_OK;
	if (!device_has_unit(d, text_of(t->unit)))
		return ST_OK;
	memcpy(t->feed, d->feed, FEED_BYTES);
	t->feed_len = FEED_BYTES;
	t->found = true;
	return ST_EXISTS;
}

/* Every device of the unit.  A unit has few. */
static status
touch_unit(kv_txn *txn, struct text unit)
{
	struct touching t = { .txn = txn };
	status st;

	memcpy(t.unit, unit.at, unit.len);
	do {
		t.found = false;
		st = registry_each(txn, find_device, &t);
		if (st == ST_EXISTS)
			st = standing_touch(txn, t.feed);
	} while (st == ST_OK && t.found);
	return st;
}

/* ---- taking them ---- */

static status
put(kv_txn *txn, const uint8_t *key, bool replaced, struct text unit, struct text text)
{
	const uint8_t mark = replaced;
	status st;
	writer w;

	writer_init(&w);
	writer_raw(&w, &mark, 1);
	writer_raw(&w, unit.at, unit.len);
	writer_raw(&w, "", 1);
	writer_raw(&w, text.at, text.len);
	st = writer_status(&w);
	if (st == ST_OK)
		st = kv_put(txn, TABLE_REMARKS, (struct bytes) { key, KEY_BYTES },
		            writer_bytes(&w));
	writer_done(&w);
	return st == ST_OK ? touch_unit(txn, unit) : st;
}

status
remarks_take(kv_txn *txn, const uint8_t *id, const struct event *e, uint8_t *ret_entry)
{
	uint8_t key[KEY_BYTES];
	const struct fix *about = &e->about.list[0];
	status st;

	memcpy(key, about->feed ? about->feed : id, FEED_BYTES);
	put_u64(key + FEED_BYTES, about->seq);
	memcpy(key + FEED_BYTES + SEQ_BYTES, about->hash, HASH_PREFIX_BYTES);
	memcpy(key + TARGET_BYTES, id, EVENT_ID_BYTES);
	st = put(txn, key, false, e->unit, e->why);
	if (st == ST_OK)
		memcpy(ret_entry, key, TARGET_BYTES);
	return st;
}

/* A remark whose mark is another than it should be, as a copy: the write may move the
 * row. */
struct wrong {
	bool replaced;
	uint8_t key[KEY_BYTES];
	char unit[CODE_BYTES_MAX], text[NOTE_BYTES_MAX];
	size_t unit_len, text_len;
};

/* ST_EXISTS: there is one. */
static status
find_wrong(void *ctx, const struct remark *r)
{
	struct wrong *w = ctx;

	if (r->replaced == w->replaced)
		return ST_OK;
	if (r->unit.len > sizeof(w->unit) || r->text.len > sizeof(w->text))
		return ST_MALFORMED;
	memcpy(w->key, r->feed, KEY_BYTES); /* the whole key begins with the feed */
	memcpy(w->unit, r->unit.at, r->unit.len);
	memcpy(w->text, r->text.at, r->text.len);
	w->unit_len = r->unit.len;
	w->text_len = r->text.len;
	return ST_EXISTS;
}

status
remarks_mark(kv_txn *txn, const uint8_t *id, bool replaced)
{
	struct wrong w = { .replaced = replaced };
	status st;

	while ((st = remarks_each(txn, id, find_wrong, &w)) == ST_EXISTS) {
		st = put(txn, w.key, replaced, (struct text) { w.unit, w.unit_len },
		         (struct text) { w.text, w.text_len });
		if (st < 0)
			return st;
	}
	return st;
}
