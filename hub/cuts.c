#include "hub/cuts.h"

#include <stdlib.h>

#include "hub/digest.h"
#include "hub/journal.h"
#include "hub/offset.h"
#include "hub/plans.h"
#include "hub/rows.h"
#include "protocol/draft.h"
#include "protocol/identity.h"

/* ---- reading ---- */

status
cut_file_open(const struct office_document *d, struct cut_file *ret_file)
{
	struct cut_file f = { .document = *d };
	size_t len;
	status st = documents_unpack(d, PLAN_BYTES_MAX, &f.bytes, &len);

	if (st == ST_OK)
		st = cut_read((struct bytes) { f.bytes, len }, &f.cut);
	if (st < 0) {
		free(f.bytes);
		return st;
	}
	*ret_file = f;
	return ST_OK;
}

void
cut_file_done(struct cut_file *f)
{
	free(f->bytes);
	f->bytes = NULL;
}

status
cuts_check(const struct office_document *d)
{
	struct cut_file f;
	status st = cut_file_open(d, &f);

	if (st == ST_OK)
		cut_file_done(&f);
	return st;
}

struct looking {
	struct text name;
	bool has_hash;
	uint8_t hash[CUT_HASH_BYTES];
	size_t same; /* of that name */
	bool found;
	struct office_document best;
};

static bool
is_before(const struct office_document *a, const struct office_document *b)
{
	uint8_t one[EVENT_ID_BYTES], two[EVENT_ID_BYTES];

	event_id_write(a->feed, &a->at, one);
	event_id_write(b->feed, &b->at, two);
	return memcmp(one, two, sizeof(one)) < 0;
}

static status
look(void *ctx, const struct office_document *d)
{
	struct looking *l = ctx;

	if (!text_equal(d->name, l->name))
		return ST_OK;
	l->same++;
	if (l->has_hash && memcmp(d->hash, l->hash, CUT_HASH_BYTES) != 0)
		return ST_OK;
	if (!l->found || is_before(d, &l->best))
		l->best = *d;
	l->found = true;
	return ST_OK;
}

/* NAME or NAME@HASH8: no name holds an '@'. */
static void
parse_word(const char *word, struct looking *l)
{
	const char *at = strrchr(word, '@');

	l->name = text_of(word);
	if (!at || !hex_decode(at + 1, strlen(at + 1), l->hash, CUT_HASH_BYTES))
		return;
	l->has_hash = true;
	l->name.len = (size_t) (at - word);
}

status
cuts_find(kv_txn *txn, const char *word, struct cut_file *ret_file, size_t *ret_same)
{
	struct looking l = { .same = 0 };
	status st;

	parse_word(word, &l);
	st = documents_each(txn, KIND_CUT, look, &l);
	if (st == ST_OK)
		st = l.found ? cut_file_open(&l.best, ret_file) : ST_NOT_FOUND;
	if (st == ST_OK)
		*ret_same = l.same;
	return st;
}

bool
cut_name_valid(struct text name)
{
	char word[NAME_BYTES_MAX + 1];
	struct offset offset;

	if (name.len == 0 || name.len > NAME_BYTES_MAX || !utf8_valid(name.at, name.len))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char) name.at[i];

		if (c < 0x20 || c == 0x7f || c == '@')
			return false;
		word[i] = name.at[i];
	}
	word[name.len] = '\0';
	return offset_parse(word, &offset) != ST_OK && !text_is(name, "now");
}

/* ---- making ---- */

struct leafing {
	const uint8_t *own_feed;
	writer *leaves, *own;
};

static status
add_leaf(void *ctx, const uint8_t *feed, const struct point *at)
{
	const struct leafing *l = ctx;
	writer *w = memcmp(feed, l->own_feed, FEED_BYTES) == 0 ? l->own : l->leaves;
	uint8_t id[EVENT_ID_BYTES];

	event_id_write(feed, at, id);
	writer_raw(w, id, sizeof(id));
	return writer_status(w);
}

status
hub_leaves(hub *h, kv_txn *txn, writer *leaves, writer *own)
{
	struct leafing l = { hub_id(h), leaves, own };

	writer_clear(leaves);
	writer_clear(own);
	return journal_each_leaf(txn, add_leaf, &l);
}

struct gapping {
	const uint8_t *own_feed;
	writer *gaps;
};

static status
add_gap(void *ctx, const uint8_t *feed, const struct point *at)
{
	const struct gapping *g = ctx;
	uint8_t id[EVENT_ID_BYTES];

	if (memcmp(feed, g->own_feed, FEED_BYTES) == 0)
		return ST_OK;
	event_id_write(feed, at, id);
	writer_raw(g->gaps, id, sizeof(id));
	return writer_status(g->gaps);
}

/* Of the present, but for leaves, which lie in writers. */
struct grounds {
	uint8_t plan[HASH_BYTES], registry[HASH_BYTES], set[HASH_BYTES], state[HASH_BYTES];
};

static status
gather_grounds(hub *h, kv_txn *txn, struct grounds *g)
{
	struct plan_row row = { .hash = { 0 } };
	status st = plans_in_force(txn, &row);

	if (st == ST_OK || st == ST_NOT_FOUND)
		st = registry_hash(txn, g->registry);
	memcpy(g->plan, row.hash, HASH_BYTES);
	return st == ST_OK ? hub_digest(h, txn, g->set, g->state) : st;
}

/* The leaves of the hub's own feed grow with each cut, and say nothing by themselves. */
static bool
is_same(const struct cut *a, const struct cut *b)
{
	return a->cutoff == b->cutoff && a->has_period == b->has_period &&
		(!a->has_period || a->period == b->period) &&
		memcmp(a->plan, b->plan, HASH_BYTES) == 0 &&
		memcmp(a->registry, b->registry, HASH_BYTES) == 0 &&
		memcmp(a->set, b->set, HASH_BYTES) == 0 &&
		memcmp(a->state, b->state, HASH_BYTES) == 0;
}

/* ST_EXISTS, or ST_OK: nobody else is called so. */
static status
check_name(kv_txn *txn, struct text name, const struct cut *c, bool *ret_same)
{
	char word[NAME_BYTES_MAX + 1];
	struct cut_file f;
	size_t count;
	status st;

	memcpy(word, name.at, name.len);
	word[name.len] = '\0';
	st = cuts_find(txn, word, &f, &count);
	if (st != ST_OK)
		return st == ST_NOT_FOUND ? ST_OK : st;
	*ret_same = is_same(&f.cut, c);
	cut_file_done(&f);
	return ST_EXISTS;
}

/* What is to be done with the document of a cut. */
struct making {
	hub *h;
	kv_txn *txn;
	writer *draft; /* NULL: it is published */
	int64_t now_ms;
};

static status
publish_cut(const struct making *m, struct text name, const struct cut *c)
{
	const struct event head = { .kind = KIND_CUT, .name = name, .at_ms = m->now_ms };
	writer w;
	status st;

	writer_init(&w);
	st = cut_write(c, &w);
	if (st == ST_OK && m->draft)
		st = draft_write(&head, writer_bytes(&w), m->draft);
	else if (st == ST_OK)
		st = hub_publish(m->h, m->txn, &head, writer_bytes(&w), m->now_ms);
	writer_done(&w);
	return st;
}

static status
make_cut(const struct making *m, const struct cut_order *order, bool *ret_same)
{
	struct grounds g = { .plan = { 0 } };
	struct cut c = {
		.cutoff = order->cutoff,
		.has_period = order->has_period,
		.period = order->period,
		.plan = g.plan,
		.registry = g.registry,
		.set = g.set,
		.state = g.state,
	};
	writer leaves, own, gaps;
	struct gapping gapping = { hub_id(m->h), &gaps };
	status st;

	writer_init(&leaves);
	writer_init(&own);
	writer_init(&gaps);
	st = hub_leaves(m->h, m->txn, &leaves, &own);
	if (st == ST_OK)
		st = journal_each_gap(m->txn, add_gap, &gapping);
	c.gaps.at = writer_bytes(&gaps);
	c.leaves.at = writer_bytes(&leaves);
	c.hub.at = writer_bytes(&own);
	if (st == ST_OK)
		st = gather_grounds(m->h, m->txn, &g);
	if (st == ST_OK)
		st = check_name(m->txn, order->name, &c, ret_same);
	if (st == ST_OK)
		st = publish_cut(m, order->name, &c);
	writer_done(&gaps);
	writer_done(&own);
	writer_done(&leaves);
	return st;
}

status
hub_cut(hub *h, kv_txn *txn, const struct cut_order *order, bool *ret_same)
{
	const struct making m = { h, txn, NULL, order->now_ms };

	return make_cut(&m, order, ret_same);
}

status
hub_cut_draft(hub *h, kv_txn *txn, const struct cut_order *order, writer *w, bool *ret_same)
{
	const struct making m = { h, txn, w, order->now_ms };

	return make_cut(&m, order, ret_same);
}
