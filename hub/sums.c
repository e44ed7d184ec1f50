#include "hub/sums.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/room.h"
#include "hub/blocks.h"
#include "hub/cells.h"
#include "hub/lexicon.h"
#include "hub/period.h"
#include "protocol/words.h"

enum {
	SUMS_BYTES_MAX = 4 << 20,                /* of rows and extras, without what sums them up */
	SLOTS = 1 << 14,                         /* 64 KiB: a processor keeps them near */
	TEXTS_MAX = 4 + COUNTS_MAX + GROUPS_MAX, /* new ones of one event in one cell */
};

/* The key of a row, as two numbers which compare as the bytes of the key do, when those of its
 * texts do (lexicon_sort()):
 *
 *                 high: after 8 bits of the table       low
 *     cells, days       code 16, unit 16, country 16    day 32, mode 16, status 8
 *     tallies           day 32, unit 16                 status 8
 *     months            code 16, status 8, unit 16      day 32
 */
struct packed {
	uint64_t high, low;
};

/* What is added stays far from overflow: it is of the events of one transaction, each of at
 * most COUNT_VALUE_MAX. */
struct sum {
	struct packed key;
	int64_t by, records; /* records of a cell alone */
	uint32_t extras;     /* of a cell: place + 1 of the first; 0: none */
};

/* Those of a cell are in any order. */
struct extra_sum {
	int64_t by;
	uint32_t next; /* place + 1; 0: the last */
	uint16_t name; /* type and name, as one text */
};

/* The place of a sum + 1, below some bits of its hash, so that few sums are looked at in vain;
 * 0: empty. */
typedef uint32_t slot;

enum { PLACE_BITS = 20, TAG_BITS = 32 - PLACE_BITS };

/* A row is added to two that sum it up. */
_Static_assert(2 * (SUMS_BYTES_MAX / sizeof(struct sum) + 1) < (1 << PLACE_BITS), "all fit");

/* What is added to lately is found by its slot, of which one of two keys that fall together
 * loses it: so there may be several sums of one key, until they are sorted.  Entries of one day
 * come together, so there are few; to have a slot for each, in a table that no processor keeps
 * near, took longer than what it saved. */
struct level {
	struct sum *list;
	size_t count, room;
	slot slots[SLOTS];
};

/* Cells and tallies, which are added to; days, and the months of units; months of all units.
 * Each sums up the one before it, once for each row and not for each entry, while that is
 * written. */
enum { LEVELS = 3, AHEAD = 8 };

/* What it takes to write a cell. */
struct cell_room {
	struct extra_sum *sorted[CELL_EXTRAS_MAX];
	struct extra_by extras[CELL_EXTRAS_MAX];
	uint8_t value[CELL_BYTES_MAX];
};

struct sums {
	kv_txn *txn;
	uint64_t serial; /* of txn, which lies where the one before lay */
	uint64_t seed;   /* who chooses codes is not to choose where they lie */
	lexicon *texts;
	struct level levels[LEVELS];
	struct extra_sum *extras;
	size_t extra_count, extra_room;
	struct cell_room *cells; /* NULL until it is needed */
};

sums *
sums_new(void)
{
	sums *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	randombytes_buf(&s->seed, sizeof(s->seed));
	s->texts = lexicon_new();
	if (!s->texts)
		sums_free(&s);
	return s;
}

void
sums_free(sums **s_p)
{
	sums *s = *s_p;

	if (!s)
		return;
	for (size_t i = 0; i < LEVELS; i++)
		free(s->levels[i].list);
	lexicon_free(&s->texts);
	free(s->extras);
	free(s->cells);
	free(s);
	*s_p = NULL;
}

void
sums_forget(sums *s)
{
	for (size_t i = 0; i < LEVELS; i++) {
		struct level *l = &s->levels[i];

		if (l->count > 0)
			memset(l->slots, 0, sizeof(l->slots));
		l->count = 0;
	}
	lexicon_forget(s->texts);
	s->extra_count = 0;
}

size_t
sums_owed(const sums *s)
{
	return s->levels[0].count;
}

void
sums_begin(sums *s, kv_txn *txn)
{
	if (s->txn != txn || s->serial != kv_serial(txn))
		sums_forget(s);
	s->txn = txn;
	s->serial = kv_serial(txn);
}

/* ---- keys ---- */

/* The same in its parts; those that rows of the table do not have are 0.  Texts by number. */
struct parts {
	int table;
	uint16_t code, unit, country, mode;
	event_status status;
	date day;
};

enum { TABLE_AT = 56 };

/* Days ascend from 0. */
static uint64_t
number_of_day(date day)
{
	return (uint64_t) ((int64_t) day - INT32_MIN);
}

static date
day_of_number(uint64_t number)
{
	return (date) ((int64_t) (uint32_t) number + INT32_MIN);
}

static struct packed
pack(const struct parts *p)
{
	const uint64_t table = (uint64_t) p->table << TABLE_AT, code = p->code, unit = p->unit,
		       mode = p->mode, day = number_of_day(p->day), end = p->status;

	if (p->table == TABLE_TALLIES)
		return (struct packed) { table | day << 16 | unit, end };
	if (p->table == TABLE_MONTHS)
		return (struct packed) { table | code << 24 | end << 16 | unit, day };
	return (struct packed) { table | code << 32 | unit << 16 | p->country,
		                 day << 24 | mode << 8 | end };
}

static int
table_of(const struct packed *k)
{
	return (int) (k->high >> TABLE_AT);
}

static struct parts
unpack(const struct packed *k)
{
	const uint64_t high = k->high, low = k->low;
	const int table = table_of(k);

	if (table == TABLE_TALLIES)
		return (struct parts) { .table = table,
			                .day = day_of_number(high >> 16),
			                .unit = (uint16_t) high,
			                .status = (event_status) low };
	if (table == TABLE_MONTHS)
		return (struct parts) { .table = table,
			                .code = (uint16_t) (high >> 24),
			                .status = (event_status) (uint8_t) (high >> 16),
			                .unit = (uint16_t) high,
			                .day = day_of_number(low) };
	return (struct parts) { .table = table,
		                .code = (uint16_t) (high >> 32),
		                .unit = (uint16_t) (high >> 16),
		                .country = (uint16_t) high,
		                .day = day_of_number(low >> 24),
		                .mode = (uint16_t) (low >> 8),
		                .status = (event_status) (uint8_t) low };
}

static bool
is_same(const struct packed *a, const struct packed *b)
{
	return a->high == b->high && a->low == b->low;
}

static bool
is_below(const struct packed *a, const struct packed *b)
{
	return a->high != b->high ? a->high < b->high : a->low < b->low;
}

/* As it stands in the store. */
static size_t
write_key(const sums *s, const struct packed *k, uint8_t out[static ROW_KEY_MAX])
{
	const struct parts p = unpack(k);
	const struct text code = lexicon_text(s->texts, p.code);
	const struct text unit = lexicon_text(s->texts, p.unit);

	if (p.table == TABLE_TALLIES)
		return tally_key_write(&(struct tally_key) { p.day, unit, p.status }, out);
	if (p.table == TABLE_MONTHS)
		return month_key_write(&(struct month_key) { code, unit, p.status, p.day }, out);
	return cell_key_write(&(struct cell_key) { .code = code,
	                                           .unit = unit,
	                                           .country = lexicon_text(s->texts, p.country),
	                                           .mode = lexicon_text(s->texts, p.mode),
	                                           .day = p.day,
	                                           .status = p.status },
	                      out);
}

/* ---- finding a sum ---- */

static uint64_t
hash_of(const sums *s, const struct packed *k)
{
	static const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);

	return words_mix(words_mix(k->high ^ s->seed, odd) ^ k->low, odd ^ s->seed);
}

static slot
slot_for(uint64_t hash, size_t place)
{
	return (slot) (hash >> (64 - TAG_BITS) << PLACE_BITS) | (slot) (place + 1);
}

static size_t
place_of(slot s)
{
	return (s & ((UINT32_C(1) << PLACE_BITS) - 1)) - 1;
}

/* NULL: no memory. */
static struct sum *
find_or_add(const sums *s, struct level *l, const struct parts *p)
{
	const struct packed k = pack(p);
	const uint64_t hash = hash_of(s, &k);
	slot *at = &l->slots[hash % SLOTS];
	struct sum *list;

	if (*at >> PLACE_BITS == slot_for(hash, 0) >> PLACE_BITS && *at != 0 &&
	    is_same(&l->list[place_of(*at)].key, &k))
		return &l->list[place_of(*at)];
	list = room_for(l->list, l->count, 1, &l->room, sizeof(*list));
	if (!list)
		return NULL;
	l->list = list;
	*at = slot_for(hash, l->count);
	list[l->count] = (struct sum) { .key = k };
	return &list[l->count++];
}

/* ---- adding ---- */

/* What has become too much is written before anything of the next row is kept. */
static status
make_room(sums *s)
{
	size_t bytes = s->levels[0].count * sizeof(struct sum) +
		s->extra_count * sizeof(struct extra_sum);

	return bytes < SUMS_BYTES_MAX && lexicon_count(s->texts) <= LEXICON_MAX - TEXTS_MAX
		? ST_OK
		: sums_write(s);
}

status
sums_tally(sums *s, const struct tally_key *k, int64_t records)
{
	struct parts p = { .table = TABLE_TALLIES, .status = k->status, .day = k->day };
	struct sum *sum;
	status st = make_room(s);

	if (st == ST_OK)
		st = lexicon_number(s->texts, k->unit, &p.unit);
	if (st < 0)
		return st;
	sum = find_or_add(s, &s->levels[0], &p);
	if (!sum)
		return ST_NOMEM;
	sum->by += records;
	return ST_OK;
}

status
sums_cell(sums *s, const struct cell_key *k, int64_t quantity, int64_t records, size_t *ret_cell)
{
	struct parts p = { .table = TABLE_CELLS, .status = k->status, .day = k->day };
	struct sum *sum;
	status st = make_room(s);

	if (st == ST_OK)
		st = lexicon_number(s->texts, k->code, &p.code);
	if (st == ST_OK)
		st = lexicon_number(s->texts, k->unit, &p.unit);
	if (st == ST_OK)
		st = lexicon_number(s->texts, k->country, &p.country);
	if (st == ST_OK)
		st = lexicon_number(s->texts, k->mode, &p.mode);
	if (st < 0)
		return st;
	sum = find_or_add(s, &s->levels[0], &p);
	if (!sum)
		return ST_NOMEM;
	sum->by += quantity;
	sum->records += records;
	*ret_cell = (size_t) (sum - s->levels[0].list);
	return ST_OK;
}

static status
number_of_extra(sums *s, char type, struct text name, uint16_t *ret_number)
{
	char letters[1 + CODE_BYTES_MAX];

	if (name.len > CODE_BYTES_MAX)
		return ST_LIMIT;
	letters[0] = type;
	if (name.len > 0)
		memcpy(letters + 1, name.at, name.len);
	return lexicon_number(s->texts, (struct text) { letters, 1 + name.len }, ret_number);
}

/* A cell has few of them: as many as the plan has names of secondary counts and actors. */
status
sums_extra(sums *s, size_t cell, char type, struct text name, int64_t by)
{
	struct sum *sum = &s->levels[0].list[cell];
	struct extra_sum *extras;
	uint16_t number;
	status st = number_of_extra(s, type, name, &number);

	if (st < 0)
		return st;
	for (uint32_t at = sum->extras; at != 0; at = s->extras[at - 1].next) {
		if (s->extras[at - 1].name == number) {
			s->extras[at - 1].by += by;
			return ST_OK;
		}
	}
	extras = room_for(s->extras, s->extra_count, 1, &s->extra_room, sizeof(*extras));
	if (!extras)
		return ST_NOMEM;
	s->extras = extras;
	extras[s->extra_count++] = (struct extra_sum) { by, sum->extras, number };
	sum->extras = (uint32_t) s->extra_count;
	return ST_OK;
}

/* ---- the order of keys ---- */

/* From here on numbers of texts ascend as the texts do. */
static status
sort_texts(sums *s)
{
	const uint16_t *now;
	struct level *l = &s->levels[0];
	status st = lexicon_sort(s->texts, &now);

	if (st < 0)
		return st;
	for (size_t i = 0; i < l->count; i++) {
		struct parts p = unpack(&l->list[i].key);

		p.code = now[p.code];
		p.unit = now[p.unit];
		p.country = now[p.country];
		p.mode = now[p.mode];
		l->list[i].key = pack(&p);
	}
	for (size_t i = 0; i < s->extra_count; i++)
		s->extras[i].name = now[s->extras[i].name];
	return ST_OK;
}

static void
sort_few(struct sum *list, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct sum one = list[i];
		size_t k = i;

		for (; k > 0 && is_below(&one.key, &list[k - 1].key); k--)
			list[k] = list[k - 1];
		list[k] = one;
	}
}

/* So many that are not above the pivot come before others that are not below it.  The pivot is not
 * the last one, so there are others. */
static size_t
part(struct sum *list, size_t count, struct packed pivot)
{
	size_t low = 0, high = count - 1;

	for (;;) {
		struct sum kept;

		while (is_below(&list[low].key, &pivot))
			low++;
		while (is_below(&pivot, &list[high].key))
			high--;
		if (low >= high)
			return high + 1;
		kept = list[low];
		list[low++] = list[high];
		list[high--] = kept;
	}
}

/* The pivot is drawn, or who sends entries could choose their order for the worst. */
static void
sort(uint64_t seed, struct sum *list, size_t count)
{
	enum { FEW = 12 };

	while (count > FEW) {
		size_t below = part(list, count, list[words_mix(seed, count) % (count - 1)].key);

		sort(seed, list, below);
		list += below;
		count -= below;
	}
	sort_few(list, count);
}

/* Those of next come behind those of first, in one list. */
static uint32_t
join_extras(sums *s, uint32_t first, uint32_t next)
{
	uint32_t last = first;

	if (first == 0)
		return next;
	while (s->extras[last - 1].next != 0)
		last = s->extras[last - 1].next;
	s->extras[last - 1].next = next;
	return first;
}

/* Of those with one key, one is left. */
static void
join(sums *s, struct level *l)
{
	size_t count = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct sum *sum = &l->list[i];
		struct sum *before = &l->list[count > 0 ? count - 1 : 0];

		if (count > 0 && is_same(&before->key, &sum->key)) {
			before->by += sum->by;
			before->records += sum->records;
			before->extras = join_extras(s, before->extras, sum->extras);
		} else {
			l->list[count++] = *sum;
		}
	}
	l->count = count;
}

/* ---- writing ---- */

/* The block that was touched last: rows of one follow each other. */
struct touched {
	uint8_t begin[ROW_KEY_MAX];
	size_t len; /* 0: none of this table */
};

static status
touch(const sums *s, int table, struct bytes key, struct touched *last)
{
	if (last->len > 0 && key.len >= last->len && memcmp(key.at, last->begin, last->len) == 0)
		return ST_OK;
	last->len = blocks_begin(table, key);
	memcpy(last->begin, key.at, last->len);
	return blocks_touch(s->txn, table, key);
}

/* By name, in cells->sorted, each name once.  ST_LIMIT: more than any plan can name. */
static status
sort_extras(sums *s, uint32_t first, size_t *ret_count)
{
	struct extra_sum **sorted = s->cells->sorted;
	size_t count = 0;

	for (uint32_t at = first; at != 0; at = s->extras[at - 1].next) {
		struct extra_sum *e = &s->extras[at - 1];
		size_t k = count;

		while (k > 0 && sorted[k - 1]->name > e->name)
			k--;
		if (k > 0 && sorted[k - 1]->name == e->name) {
			sorted[k - 1]->by += e->by;
			continue;
		}
		if (count == CELL_EXTRAS_MAX)
			return ST_LIMIT;
		memmove(&sorted[k + 1], &sorted[k], (count++ - k) * sizeof(struct extra_sum *));
		sorted[k] = e;
	}
	*ret_count = count;
	return ST_OK;
}

static status
write_cell(sums *s, struct kv_walk *walk, struct bytes key, const struct sum *sum)
{
	struct cell_by by = { .quantity = sum->by, .records = sum->records };
	status st;

	if (!s->cells)
		s->cells = malloc(sizeof(*s->cells));
	if (!s->cells)
		return ST_NOMEM;
	st = sort_extras(s, sum->extras, &by.extra_count);
	if (st < 0)
		return st;
	for (size_t i = 0; i < by.extra_count; i++) {
		const struct extra_sum *e = s->cells->sorted[i];
		const struct text name = lexicon_text(s->texts, e->name);

		s->cells->extras[i] = (struct extra_by) {
			{ (const uint8_t *) name.at, name.len + 1 }, e->by
		};
	}
	by.extras = s->cells->extras;
	return cell_add(walk, key, &by, s->cells->value);
}

/* Rows go table by table.  In their order what is with them lies anywhere: to wait for memory at
 * each would take longer than what is done with it. */
static status
write_rows(sums *s, const struct level *l)
{
	struct touched last = { .len = 0 };
	struct kv_walk walk = { .txn = NULL };
	int before = -1;
	status st = ST_OK;

	for (size_t i = 0; i < l->count && st == ST_OK; i++) {
		const struct sum *sum = &l->list[i];
		const int table = table_of(&sum->key);
		uint8_t bytes[ROW_KEY_MAX];
		const struct bytes key = { bytes, write_key(s, &sum->key, bytes) };

		if (i + AHEAD < l->count && l->list[i + AHEAD].extras > 0)
			__builtin_prefetch(&s->extras[l->list[i + AHEAD].extras - 1]);
		if (table != before) {
			before = table;
			last.len = 0;
			kv_walk_done(&walk);
			kv_walk_begin(s->txn, table, &walk);
		}
		st = table == TABLE_CELLS ? write_cell(s, &walk, key, sum)
					  : row_add(&walk, key, sum->by);
		if (st == ST_OK)
			st = touch(s, table, key, &last);
	}
	kv_walk_done(&walk);
	return st;
}

/* ---- days and months ---- */

/* Rows of one month follow each other: it is found once for all. */
struct totalling {
	const sums *s;
	struct level *totals;
	struct plan_period days; /* of a month */
	struct parts month;      /* of the rows before this one, not yet added */
	int64_t by;
};

static status
add_total(struct totalling *t, const struct parts *p, int64_t by)
{
	struct sum *sum = find_or_add(t->s, t->totals, p);

	if (!sum)
		return ST_NOMEM;
	sum->by += by;
	return ST_OK;
}

static status
end_month(struct totalling *t)
{
	int64_t by = t->by;

	t->by = 0;
	return by == 0 ? ST_OK : add_total(t, &t->month, by);
}

static status
add_month(struct totalling *t, const struct parts *p, int64_t by)
{
	const struct parts *month = &t->month;
	status st = ST_OK;

	if (p->day < t->days.from || p->day > t->days.to)
		t->days = period_at(PERIOD_MONTH, p->day);
	if (month->table != TABLE_MONTHS || month->day != t->days.from ||
	    p->status != month->status || p->unit != month->unit || p->code != month->code) {
		st = end_month(t);
		t->month = (struct parts) { .table = TABLE_MONTHS,
			                    .code = p->code,
			                    .unit = p->unit,
			                    .status = p->status,
			                    .day = t->days.from };
	}
	t->by += by;
	return st;
}

/* Of a cell a day and the month of its unit, of a tally a day of no code, of a day the month of
 * all units, of a month nothing. */
static status
add_totals(struct totalling *t, const struct sum *sum)
{
	const struct parts p = unpack(&sum->key);
	const struct parts day = { TABLE_DAYS, .code = p.code, .status = p.status, .day = p.day };
	status st = ST_OK;

	if (p.table == TABLE_MONTHS)
		return ST_OK;
	if (p.table != TABLE_DAYS)
		st = add_total(t, &day, sum->by);
	if (st == ST_OK && p.table != TABLE_TALLIES)
		st = add_month(t, &p, sum->by);
	return st;
}

static status
sum_up(const sums *s, const struct level *rows, struct level *totals)
{
	struct totalling t = { .s = s, .totals = totals, .days = { 0, -1 } };
	status st = ST_OK;

	for (size_t i = 0; i < rows->count && st == ST_OK; i++)
		st = add_totals(&t, &rows->list[i]);
	return st == ST_OK ? end_month(&t) : st;
}

status
sums_write(sums *s)
{
	status st = sums_owed(s) > 0 ? sort_texts(s) : ST_OK;

	for (size_t i = 0; i < LEVELS && st == ST_OK; i++) {
		struct level *l = &s->levels[i];

		sort(s->seed, l->list, l->count);
		join(s, l);
		st = write_rows(s, l);
		if (st == ST_OK && i + 1 < LEVELS)
			st = sum_up(s, l, &s->levels[i + 1]);
	}
	sums_forget(s);
	return st;
}
