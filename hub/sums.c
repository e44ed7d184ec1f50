#include "hub/sums.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/room.h"
#include "hub/blocks.h"
#include "hub/cells.h"
#include "hub/period.h"
#include "hub/rows.h"
#include "protocol/words.h"

enum {
	SUMS_BYTES_MAX = 8 << 20,
	FIRST_SLOTS = 1 << 10,
	WORD = 8,
	LINE_BYTES = 64, /* of a processor's cache */
};

static const size_t NOWHERE = SIZE_MAX;

/* Both lie in the space, a multiple of WORD from its beginning, their bytes behind them.
 * What is added stays far from overflow: it is of the events of one transaction, each of at
 * most COUNT_VALUE_MAX. */
struct sum {
	int64_t by, records; /* records of a cell alone */
	size_t extras;       /* of a cell: where the first is, or NOWHERE */
	size_t key_len;
	/* the table (1), the key */
};

/* Those of a cell ascend by type and name. */
struct extra_sum {
	int64_t by;
	size_t next; /* NOWHERE: the last */
	size_t len;  /* of the name */
		     /* type (1), name, NUL */
};

/* What it takes to write a cell. */
struct cell_room {
	struct extra_by extras[CELL_EXTRAS_MAX];
	uint8_t value[CELL_BYTES_MAX];
};

/* The place of a sum, in words + 1, below some bits of its hash, so that few sums are looked at
 * in vain; 0: empty.  Small, since what is sought lies anywhere in the table of them. */
typedef uint32_t slot;

enum { PLACE_BITS = 21, TAG_BITS = 32 - PLACE_BITS };

_Static_assert(SUMS_BYTES_MAX / WORD < (1 << PLACE_BITS) - (1 << 10), "and one more sum");

struct sums {
	kv_txn *txn;
	uint64_t serial; /* of txn, which lies where the one before lay */
	uint8_t *space;
	size_t len, room;
	slot *slots; /* at least half are empty */
	size_t slot_count;
	size_t count;  /* sums, not extras */
	uint64_t seed; /* who chooses codes is not to choose where they lie */
	/* Both NULL until they are needed. */
	struct cell_room *cells;
	sums *totals; /* rows that sum up those of this one */
};

sums *
sums_new(void)
{
	sums *s = calloc(1, sizeof(*s));

	if (s)
		randombytes_buf(&s->seed, sizeof(s->seed));
	return s;
}

void
sums_free(sums **s_p)
{
	sums *s = *s_p;

	if (!s)
		return;
	sums_free(&s->totals);
	free(s->cells);
	free(s->space);
	free(s->slots);
	free(s);
	*s_p = NULL;
}

void
sums_forget(sums *s)
{
	if (s->count > 0)
		memset(s->slots, 0, s->slot_count * sizeof(*s->slots));
	s->count = s->len = 0;
}

size_t
sums_owed(const sums *s)
{
	return s->count;
}

void
sums_begin(sums *s, kv_txn *txn)
{
	if (s->txn != txn || s->serial != kv_serial(txn))
		sums_forget(s);
	s->txn = txn;
	s->serial = kv_serial(txn);
}

/* ---- the space ---- */

static struct sum *
sum_at(const sums *s, size_t at)
{
	return (struct sum *) (void *) (s->space + at);
}

static struct extra_sum *
extra_at(const sums *s, size_t at)
{
	return (struct extra_sum *) (void *) (s->space + at);
}

/* The table, then the key: 1 + key_len bytes. */
static const uint8_t *
name_of(const struct sum *sum)
{
	return (const uint8_t *) (sum + 1);
}

/* Room for a head of that many bytes, a byte, what follows and a NUL; it may move all. */
static status
append(sums *s, size_t head, uint8_t first, const void *at, size_t len, size_t *ret_place)
{
	size_t bytes = (head + 1 + len + 1 + WORD - 1) / WORD * WORD;
	uint8_t *space = room_for(s->space, s->len, bytes, &s->room, 1);

	if (!space)
		return ST_NOMEM;
	s->space = space;
	space += s->len;
	memset(space, 0, bytes);
	space[head] = first;
	if (len > 0)
		memcpy(space + head + 1, at, len);
	*ret_place = s->len;
	s->len += bytes;
	return ST_OK;
}

/* ---- finding a sum ---- */

/* Keys of two tables may be alike. */
static uint64_t
hash_of(uint64_t seed, int table, struct bytes key)
{
	return words_hash(seed ^ (uint64_t) table << 32, key.at, key.len);
}

static slot
slot_for(uint64_t hash, size_t place)
{
	return (slot) (hash >> (64 - TAG_BITS) << PLACE_BITS) | (slot) (place / WORD + 1);
}

static size_t
place_of(slot s)
{
	return (size_t) ((s & ((UINT32_C(1) << PLACE_BITS) - 1)) - 1) * WORD;
}

static bool
is_sum(const struct sum *sum, int table, struct bytes key)
{
	const uint8_t *name = name_of(sum);

	return sum->key_len == key.len && *name == table && words_equal(name + 1, key.at, key.len);
}

/* The slot of that key, or the empty one where it belongs; NULL while there is none. */
static slot *
slot_of(const sums *s, uint64_t hash, int table, struct bytes key)
{
	const slot tag = slot_for(hash, 0) >> PLACE_BITS;
	size_t mask = s->slot_count - 1;

	for (size_t i = hash & mask; s->slots; i = (i + 1) & mask) {
		slot *at = &s->slots[i];

		if (*at == 0 ||
		    (*at >> PLACE_BITS == tag && is_sum(sum_at(s, place_of(*at)), table, key)))
			return at;
	}
	return NULL;
}

static status
make_slots(sums *s)
{
	size_t count = s->slot_count > 0 ? 2 * s->slot_count : FIRST_SLOTS;
	slot *before = s->slots, *slots = calloc(count, sizeof(*slots));
	size_t count_before = s->slot_count;

	if (!slots)
		return ST_NOMEM;
	s->slots = slots;
	s->slot_count = count;
	for (size_t i = 0; i < count_before; i++) {
		const struct sum *sum;
		const uint8_t *name;
		struct bytes key;

		if (before[i] == 0)
			continue;
		sum = sum_at(s, place_of(before[i]));
		name = name_of(sum);
		key = (struct bytes) { name + 1, sum->key_len };
		*slot_of(s, hash_of(s->seed, *name, key), *name, key) = before[i];
	}
	free(before);
	return ST_OK;
}

static status
add_sum(sums *s, uint64_t hash, int table, struct bytes key, size_t *ret_place)
{
	status st = 2 * (s->count + 1) > s->slot_count ? make_slots(s) : ST_OK;

	*ret_place = 0;
	if (st == ST_OK)
		st = append(s, sizeof(struct sum), (uint8_t) table, key.at, key.len, ret_place);
	if (st < 0)
		return st;
	*slot_of(s, hash, table, key) = slot_for(hash, *ret_place);
	sum_at(s, *ret_place)->extras = NOWHERE;
	sum_at(s, *ret_place)->key_len = key.len;
	s->count++;
	return ST_OK;
}

static status
find_or_add(sums *s, int table, struct bytes key, size_t *ret_place)
{
	uint64_t hash = hash_of(s->seed, table, key);
	status st = s->len < SUMS_BYTES_MAX ? ST_OK : sums_write(s);
	const slot *at;

	if (st < 0)
		return st;
	at = slot_of(s, hash, table, key);
	if (!at || *at == 0)
		return add_sum(s, hash, table, key, ret_place);
	*ret_place = place_of(*at);
	return ST_OK;
}

status
sums_tally(sums *s, struct bytes key, int64_t records)
{
	size_t at;
	status st = find_or_add(s, TABLE_TALLIES, key, &at);

	if (st == ST_OK)
		sum_at(s, at)->by += records;
	return st;
}

status
sums_cell(sums *s, struct bytes key, int64_t quantity, int64_t records, size_t *ret_cell)
{
	size_t at;
	status st = find_or_add(s, TABLE_CELLS, key, &at);

	if (st < 0)
		return st;
	sum_at(s, at)->by += quantity;
	sum_at(s, at)->records += records;
	*ret_cell = at;
	return ST_OK;
}

static int
compare_extra(const struct extra_sum *e, char type, struct text name)
{
	const char *there = (const char *) (e + 1);
	int order = (*there > type) - (*there < type);

	if (order == 0)
		order = memcmp(there + 1, name.at, e->len < name.len ? e->len : name.len);
	return order != 0 ? order : (e->len > name.len) - (e->len < name.len);
}

/* A cell has few of them: as many as the plan has names of secondary counts and actors. */
status
sums_extra(sums *s, size_t cell, char type, struct text name, int64_t by)
{
	size_t before = NOWHERE, next = sum_at(s, cell)->extras, at;
	status st;

	for (; next != NOWHERE; next = extra_at(s, next)->next) {
		struct extra_sum *e = extra_at(s, next);
		int order = compare_extra(e, type, name);

		if (order == 0)
			e->by += by;
		if (order == 0)
			return ST_OK;
		if (order > 0)
			break;
		before = next;
	}
	st = append(s, sizeof(struct extra_sum), (uint8_t) type, name.at, name.len, &at);
	if (st < 0)
		return st;
	*extra_at(s, at) = (struct extra_sum) { by, next, name.len };
	if (before == NOWHERE)
		sum_at(s, cell)->extras = at;
	else
		extra_at(s, before)->next = at;
	return ST_OK;
}

/* ---- the order of keys ---- */

/* Of a sum, eight bytes of its key, as a number that compares as they do. */
struct place {
	uint64_t word;
	const struct sum *sum;
};

enum { FEW = 8, AHEAD = 8 };

/* In the order of their keys sums lie anywhere: to wait for memory at each would take longer
 * than what is done with it. */
static inline void
fetch_ahead(const struct place *list, size_t count, size_t i)
{
	if (i + AHEAD < count) {
		__builtin_prefetch(list[i + AHEAD].sum);
		__builtin_prefetch((const uint8_t *) list[i + AHEAD].sum + LINE_BYTES);
	}
}

static int
compare_keys(const struct sum *a, const struct sum *b)
{
	size_t common = a->key_len < b->key_len ? a->key_len : b->key_len;
	int order = memcmp(name_of(a), name_of(b), 1 + common);

	return order != 0 ? order : (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

static void
sort_few(struct place *list, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct place one = list[i];
		size_t k = i;

		for (; k > 0 && compare_keys(list[k - 1].sum, one.sum) > 0; k--)
			list[k] = list[k - 1];
		list[k] = one;
	}
}

/* Behind its end a key has zeros: of keys that differ in these alone there are few. */
static void
take_words(struct place *list, size_t count, size_t depth)
{
	for (size_t i = 0; i < count; i++) {
		size_t at = depth * WORD, end = 1 + list[i].sum->key_len;
		uint8_t bytes[WORD] = { 0 };

		fetch_ahead(list, count, i);
		if (at < end)
			memcpy(bytes, name_of(list[i].sum) + at, end - at < WORD ? end - at : WORD);
		list[i].word = get_u64(bytes);
	}
}

static void
swap(struct place *a, struct place *b)
{
	struct place kept = *a;

	*a = *b;
	*b = kept;
}

/* Quicksort of strings, whose letters are words of eight bytes: keys have long beginnings in
 * common, so to compare them whole takes several times as long.  list goes by the words at
 * depth.  The pivot is drawn, or who sends entries could choose their order for the worst. */
static void
sort(uint64_t seed, struct place *list, size_t count, size_t depth)
{
	while (count > FEW && depth * WORD <= ROW_KEY_MAX) {
		uint64_t pivot = list[words_mix(seed, count) % count].word;
		size_t below = 0, at = 0, above = count;

		while (at < above) {
			if (list[at].word < pivot)
				swap(&list[below++], &list[at++]);
			else if (list[at].word > pivot)
				swap(&list[at], &list[--above]);
			else
				at++;
		}
		sort(seed, list, below, depth);
		sort(seed, list + above, count - above, depth);
		list += below;
		count = above - below;
		take_words(list, count, ++depth);
	}
	sort_few(list, count);
}

/* ---- writing ---- */

/* Of rows in the order of their keys, once for each block.  block says which it was last, and
 * points into a key. */
static status
touch(const sums *s, int table, struct bytes key, struct bytes *block)
{
	if (block->len > 0 && key.len >= block->len && memcmp(key.at, block->at, block->len) == 0)
		return ST_OK;
	*block = (struct bytes) { key.at, blocks_begin(table, key) };
	return blocks_touch(s->txn, table, key);
}

static status
write_cell(sums *s, struct kv_walk *walk, const struct sum *sum)
{
	struct cell_by by = { .quantity = sum->by, .records = sum->records };

	if (!s->cells)
		s->cells = malloc(sizeof(*s->cells));
	if (!s->cells)
		return ST_NOMEM;
	for (size_t at = sum->extras; at != NOWHERE; at = extra_at(s, at)->next) {
		const struct extra_sum *e = extra_at(s, at);

		if (by.extra_count == CELL_EXTRAS_MAX)
			return ST_LIMIT;
		s->cells->extras[by.extra_count++] = (struct extra_by) {
			{ (const uint8_t *) (e + 1), 1 + e->len + 1 }, e->by
		};
	}
	by.extras = s->cells->extras;
	return cell_add(walk, (struct bytes) { name_of(sum) + 1, sum->key_len }, &by,
	                s->cells->value);
}

/* Rows go table by table. */
static status
write_rows(sums *s, const struct place *list)
{
	struct bytes block = { NULL, 0 };
	struct kv_walk walk = { .txn = NULL };
	int table = -1;
	status st = ST_OK;

	for (size_t i = 0; i < s->count && st == ST_OK; i++) {
		const struct sum *sum = list[i].sum;
		const uint8_t *name = name_of(sum);
		const struct bytes key = { name + 1, sum->key_len };

		fetch_ahead(list, s->count, i);
		if (*name != table) {
			table = *name;
			block.len = 0;
			kv_walk_done(&walk);
			kv_walk_begin(s->txn, table, &walk);
		}
		st = table == TABLE_CELLS ? write_cell(s, &walk, sum)
					  : row_add(&walk, key, sum->by);
		if (st == ST_OK)
			st = touch(s, table, key, &block);
	}
	kv_walk_done(&walk);
	return st;
}

/* Where all sums are, in the order of their keys. */
static void
list_sums(const sums *s, struct place *list)
{
	size_t count = 0;

	for (size_t i = 0; i < s->slot_count && count < s->count; i++) {
		if (s->slots[i] != 0)
			list[count++] = (struct place) { 0, sum_at(s, place_of(s->slots[i])) };
	}
	take_words(list, count, 0);
	sort(s->seed, list, count, 0);
}

/* ---- days and months ---- */

/* What is added to totals.  Rows of one month follow each other: it is found once for all. */
struct totalling {
	sums *totals;
	struct plan_period days; /* of month */
	struct month_key month;  /* of the rows before this one, not yet added */
	int64_t by;
};

static status
add_total(sums *totals, int table, const uint8_t *key, size_t len, int64_t by)
{
	size_t at;
	status st = find_or_add(totals, table, (struct bytes) { key, len }, &at);

	if (st == ST_OK)
		sum_at(totals, at)->by += by;
	return st;
}

static status
add_day(struct totalling *t, const struct cell_key *cell, int64_t by)
{
	uint8_t key[ROW_KEY_MAX];

	return add_total(t->totals, TABLE_DAYS, key, day_key_write(cell, key), by);
}

static status
end_month(struct totalling *t)
{
	uint8_t key[ROW_KEY_MAX];
	int64_t by = t->by;

	t->by = 0;
	return by == 0
		? ST_OK
		: add_total(t->totals, TABLE_MONTHS, key, month_key_write(&t->month, key), by);
}

static status
add_month(struct totalling *t, const struct cell_key *cell, int64_t by)
{
	status st = ST_OK;

	if (cell->day < t->days.from || cell->day > t->days.to || cell->status != t->month.status ||
	    !text_equal(cell->unit, t->month.unit) || !text_equal(cell->code, t->month.code)) {
		st = end_month(t);
		t->days = period_at(PERIOD_MONTH, cell->day);
		t->month = (struct month_key) { cell->code, cell->unit, cell->status,
			                        t->days.from };
	}
	t->by += by;
	return st;
}

/* The cell of a row, or what a tally is summed up as. */
static status
cell_of(const struct sum *sum, struct cell_key *ret_key)
{
	const uint8_t *name = name_of(sum);
	const struct bytes key = { name + 1, sum->key_len };
	struct tally_key tally;
	status st;

	if (*name != TABLE_TALLIES)
		return cell_key_read(key, ret_key);
	st = tally_key_read(key, &tally);
	if (st == ST_OK)
		*ret_key = (struct cell_key) { .code = { "", 0 },
			                       .day = tally.day,
			                       .status = tally.status };
	return st;
}

/* Of a cell a day and the month of its unit, of a tally a day, of a day the month of all
 * units, of a month nothing. */
static status
add_totals(struct totalling *t, const struct sum *sum)
{
	int table = *name_of(sum);
	struct cell_key cell;
	status st;

	if (table == TABLE_MONTHS)
		return ST_OK;
	st = cell_of(sum, &cell);
	if (st == ST_OK && table != TABLE_DAYS)
		st = add_day(t, &cell, sum->by);
	if (st == ST_OK && table != TABLE_TALLIES)
		st = add_month(t, &cell, sum->by);
	return st;
}

/* Once for each row, not for each entry. */
static status
write_totals(sums *s, const struct place *list)
{
	struct totalling t = { .days = { 0, -1 } };
	status st = ST_OK;

	if (!s->totals)
		s->totals = sums_new();
	if (!s->totals)
		return ST_NOMEM;
	t.totals = s->totals;
	sums_begin(s->totals, s->txn);
	for (size_t i = 0; i < s->count && st == ST_OK; i++) {
		fetch_ahead(list, s->count, i);
		st = add_totals(&t, list[i].sum);
	}
	if (st == ST_OK)
		st = end_month(&t);
	return st == ST_OK ? sums_write(s->totals) : st;
}

status
sums_write(sums *s)
{
	struct place *list;
	status st;

	if (s->count == 0)
		return ST_OK;
	list = calloc(s->count, sizeof(*list));
	if (!list)
		return ST_NOMEM;
	list_sums(s, list);
	st = write_rows(s, list);
	if (st == ST_OK)
		st = write_totals(s, list);
	free(list);
	sums_forget(s);
	return st;
}
