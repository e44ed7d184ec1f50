#include "hub/alike.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/room.h"

/* What is alike has the same hash of this many bytes, and nothing else has. */
enum { KEY_BYTES = PILE_KEY_BYTES };

struct key {
	uint8_t bytes[KEY_BYTES];
};

struct finding {
	struct ledger *ledger;
	const struct plan_period *period;

	struct key *keys; /* first of all activities, then of those there are several of */
	size_t key_count, key_room;
	struct event_pile pile;
};

/* ---- what makes two alike ---- */

/* Capitals are A to Z, and those of Latin-1: U+00C0 to U+00DE but the multiplication sign. */
static uint8_t
small(uint8_t before, uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t) (c - 'A' + 'a');
	if (before == 0xc3 && c >= 0x80 && c <= 0x9e && c != 0x97)
		return (uint8_t) (c + 0x20);
	return c;
}

static void
hash_place(crypto_generichash_state *h, struct text place)
{
	uint8_t folded[PLACE_BYTES_MAX] = { 0 }, before = 0;
	size_t len = 0;

	for (size_t i = 0; i < place.len && len < sizeof(folded); i++) {
		uint8_t c = (uint8_t) place.at[i];

		if (c == ' ' && (len == 0 || folded[len - 1] == ' '))
			continue;
		folded[len++] = small(before, c);
		before = c;
	}
	if (len > 0 && folded[len - 1] == ' ')
		len--;
	crypto_generichash_update(h, folded, len);
}

/* No code holds a 0. */
static void
hash_code(crypto_generichash_state *h, struct text code)
{
	crypto_generichash_update(h, (const uint8_t *) code.at, code.len);
	crypto_generichash_update(h, (const uint8_t *) "", 1);
}

static void
key_of(const struct event *e, struct key *ret_key)
{
	crypto_generichash_state h;
	uint8_t day[8];

	put_u64(day, (uint64_t) event_day(e));
	crypto_generichash_init(&h, NULL, 0, KEY_BYTES);
	hash_code(&h, e->unit);
	hash_code(&h, e->indicator);
	for (size_t i = 0; i < e->initiatives.count; i++)
		hash_code(&h, e->initiatives.list[i]);
	hash_code(&h, (struct text) { "", 0 });
	hash_code(&h, e->mode);
	crypto_generichash_update(&h, day, sizeof(day));
	hash_place(&h, e->place);
	crypto_generichash_final(&h, ret_key->bytes, KEY_BYTES);
}

static int
compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, KEY_BYTES);
}

/* ---- the first time: which keys there are several of ---- */

/* *ret_one: it is an activity that may be asked for.  Whether it counts is dearer to know, and
 * asked of those only that are like another. */
static void
look(const struct finding *f, const struct journal_event *j, struct event *e, bool *ret_one)
{
	*ret_one = event_decode(j->event.body, e) == HOLD_NONE && e->kind == KIND_ACTIVITY &&
		e->status == STATUS_DONE && event_day(e) >= f->period->from &&
		event_day(e) <= f->period->to;
}

static status
note_key(void *ctx, const struct journal_event *j)
{
	struct finding *f = ctx;
	struct key *keys;
	struct event e;
	bool one;

	look(f, j, &e, &one);
	if (!one)
		return ST_OK;
	keys = room_for(f->keys, f->key_count, 1, &f->key_room, sizeof(*keys));
	if (!keys)
		return ST_NOMEM;
	f->keys = keys;
	key_of(&e, &f->keys[f->key_count++]);
	return ST_OK;
}

/* Of each that stands several times one is left. */
static void
keep_repeated(struct finding *f)
{
	size_t kept = 0;

	if (f->key_count > 1)
		qsort(f->keys, f->key_count, sizeof(*f->keys), compare_keys);
	for (size_t i = 1; i < f->key_count; i++) {
		const struct key *key = &f->keys[i];

		if (compare_keys(key, &f->keys[i - 1]) == 0 &&
		    (kept == 0 || compare_keys(key, &f->keys[kept - 1]) != 0))
			f->keys[kept++] = *key;
	}
	f->key_count = kept;
}

/* ---- the second time: the entries of these keys ---- */

static status
note_entry(void *ctx, const struct journal_event *j)
{
	struct finding *f = ctx;
	struct event e;
	struct key key;
	hold reason;
	outcome o;
	status st;
	bool one;

	look(f, j, &e, &one);
	if (!one)
		return ST_OK;
	key_of(&e, &key);
	if (!bsearch(&key, f->keys, f->key_count, sizeof(key), compare_keys))
		return ST_OK;
	st = ledger_outcome_of(f->ledger, j->feed, &j->event.at, j->event.body, j->event.erased, &o,
	                       &reason);
	return st == ST_OK && o == OUTCOME_COUNTED ? event_pile_add(&f->pile, j, &e, o, key.bytes)
						   : st;
}

/* Some may stand alone now: of the others another version counts. */
static status
tell(struct finding *f, alike_visit *visit, void *ctx)
{
	const struct event_pile *p = &f->pile;
	size_t group = 0;
	status st = ST_OK;

	event_pile_sort(&f->pile);
	for (size_t i = 0, end; i < p->count; i = end) {
		for (end = i + 1; end < p->count; end++) {
			if (compare_keys(p->list[i].key, p->list[end].key) != 0)
				break;
		}
		group += end - i > 1;
		for (size_t k = i; end - i > 1 && k < end && st == ST_OK; k++)
			st = visit(ctx, group, &p->list[k], event_pile_body(p, k));
	}
	return st;
}

status
alike_each(struct ledger *l, const struct plan_period *period, alike_visit *visit, void *ctx)
{
	struct finding f = { .ledger = l, .period = period };
	status st;

	event_pile_init(&f.pile);
	st = journal_each_event(l->txn, note_key, &f);
	if (st == ST_OK) {
		keep_repeated(&f);
		if (f.key_count > 0)
			st = journal_each_event(l->txn, note_entry, &f);
	}
	if (st == ST_OK)
		st = tell(&f, visit, ctx);
	event_pile_done(&f.pile);
	free(f.keys);
	return st;
}
