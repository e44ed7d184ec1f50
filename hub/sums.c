#include "hub/sums.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/room.h"
#include "hub/blocks.h"
#include "hub/rows.h"

enum {
	SUMS_BYTES_MAX = 8 << 20,
	FIRST_SLOTS = 1 << 10,
	WORD = 8,
};

static const size_t NOWHERE = SIZE_MAX;

/* Both lie in the space, a multiple of WORD from its beginning, their bytes behind them.
 * What is added stays far from overflow: it is of the events of one transaction, each of at
 * most COUNT_VALUE_MAX. */
struct sum {
	int64_t by[ROW_NUMBERS_MAX];
	size_t extras; /* of a cell: where the first is, or NOWHERE */
	size_t key_len;
	/* the table (1), the key */
};

struct extra {
	int64_t by;
	size_t next; /* NOWHERE: the last */
	size_t len;
	/* type (1), name */
};

struct slot {
	uint32_t tag;   /* of the hash, so that few sums are looked at in vain */
	uint32_t place; /* of a sum, in words + 1; 0: empty */
};

struct sums {
	kv_txn *txn;
	uint64_t serial; /* of txn, which lies where the one before lay */
	uint8_t *space;
	size_t len, room;
	struct slot *slots; /* at least half are empty */
	size_t slot_count;
	size_t count;  /* sums, not extras */
	uint64_t seed; /* who chooses codes is not to choose where they lie */
	sums *days;    /* rows of TABLE_DAYS, while the others are written; NULL: not yet needed */
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
	sums_free(&s->days);
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

static struct extra *
extra_at(const sums *s, size_t at)
{
	return (struct extra *) (void *) (s->space + at);
}

/* The table, then the key: 1 + key_len bytes. */
static const uint8_t *
name_of(const struct sum *sum)
{
	return (const uint8_t *) (sum + 1);
}

/* Room for a head of that many bytes, a byte and what follows; it may move all. */
static status
append(sums *s, size_t head, uint8_t first, const void *at, size_t len, size_t *ret_place)
{
	size_t bytes = (head + 1 + len + WORD - 1) / WORD * WORD;
	uint8_t *space = room_for(s->space, s->len, bytes, &s->room, 1);

	if (!space)
		return ST_NOMEM;
	s->space = space;
	space += s->len;
	memset(space, 0, head);
	space[head] = first;
	if (len > 0)
		memcpy(space + head + 1, at, len);
	*ret_place = s->len;
	s->len += bytes;
	return ST_OK;
}

/* ---- finding a sum ---- */

static uint64_t
mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t) a * b;

	return (uint64_t) product ^ (uint64_t) (product >> 64);
}

/* Eight bytes at a time, the last ones padded: keys differ in length or in bytes. */
static uint64_t
hash_of(uint64_t seed, int table, struct bytes key)
{
	static const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t hash = seed ^ ((uint64_t) table << 32 | key.len), word;
	size_t i = 0;

	for (; key.len - i >= WORD; i += WORD) {
		memcpy(&word, key.at + i, WORD);
		hash = mix(hash ^ word, odd);
	}
	word = 0;
	memcpy(&word, key.at + i, key.len - i);
	return mix(hash ^ word, odd ^ seed);
}

static bool
is_sum(const struct sum *sum, int table, struct bytes key)
{
	const uint8_t *name = name_of(sum);

	return sum->key_len == key.len && *name == table && memcmp(name + 1, key.at, key.len) == 0;
}

/* The slot of that key, or the empty one where it belongs; NULL while there is none. */
static struct slot *
slot_of(const sums *s, uint64_t hash, int table, struct bytes key)
{
	uint32_t tag = (uint32_t) (hash >> 32);
	size_t mask = s->slot_count - 1;

	for (size_t i = hash & mask; s->slots; i = (i + 1) & mask) {
		struct slot *slot = &s->slots[i];

		if (slot->place == 0 ||
		    (slot->tag == tag &&
		     is_sum(sum_at(s, (size_t) (slot->place - 1) * WORD), table, key)))
			return slot;
	}
	return NULL;
}

static status
make_slots(sums *s)
{
	size_t count = s->slot_count > 0 ? 2 * s->slot_count : FIRST_SLOTS;
	struct slot *before = s->slots, *slots = calloc(count, sizeof(*slots));
	size_t count_before = s->slot_count;

	if (!slots)
		return ST_NOMEM;
	s->slots = slots;
	s->slot_count = count;
	for (size_t i = 0; i < count_before; i++) {
		const struct sum *sum;
		const uint8_t *name;
		struct bytes key;

		if (before[i].place == 0)
			continue;
		sum = sum_at(s, (size_t) (before[i].place - 1) * WORD);
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
	struct slot *slot;

	*ret_place = 0;
	if (st == ST_OK)
		st = append(s, sizeof(struct sum), (uint8_t) table, key.at, key.len, ret_place);
	if (st < 0)
		return st;
	slot = slot_of(s, hash, table, key);
	slot->tag = (uint32_t) (hash >> 32);
	slot->place = (uint32_t) (*ret_place / WORD) + 1;
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
	const struct slot *slot;

	if (st < 0)
		return st;
	slot = slot_of(s, hash, table, key);
	if (!slot || slot->place == 0)
		return add_sum(s, hash, table, key, ret_place);
	*ret_place = (size_t) (slot->place - 1) * WORD;
	return ST_OK;
}

status
sums_tally(sums *s, struct bytes key, int64_t records)
{
	size_t at;
	status st = find_or_add(s, TABLE_TALLIES, key, &at);

	if (st == ST_OK)
		sum_at(s, at)->by[0] += records;
	return st;
}

status
sums_cell(sums *s, struct bytes key, int64_t quantity, int64_t records, size_t *ret_cell)
{
	size_t at;
	status st = find_or_add(s, TABLE_CELLS, key, &at);

	if (st < 0)
		return st;
	sum_at(s, at)->by[0] += quantity;
	sum_at(s, at)->by[1] += records;
	*ret_cell = at;
	return ST_OK;
}

/* A cell has few of them: as many as the plan has names of secondary counts and actors. */
status
sums_extra(sums *s, size_t cell, char type, struct text name, int64_t by)
{
	size_t at = sum_at(s, cell)->extras;
	status st;

	for (; at != NOWHERE; at = extra_at(s, at)->next) {
		struct extra *e = extra_at(s, at);
		const char *there = (const char *) (e + 1);

		if (e->len == name.len && *there == type &&
		    memcmp(there + 1, name.at, name.len) == 0) {
			e->by += by;
			return ST_OK;
		}
	}
	st = append(s, sizeof(struct extra), (uint8_t) type, name.at, name.len, &at);
	if (st < 0)
		return st;
	*extra_at(s, at) = (struct extra) { by, sum_at(s, cell)->extras, name.len };
	sum_at(s, cell)->extras = at;
	return ST_OK;
}

/* ---- the order of keys ---- */

/* Of a sum, eight bytes of its key, as a number that compares as they do. */
struct place {
	uint64_t word;
	const struct sum *sum;
};

enum { FEW = 8 };

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
		uint64_t pivot = list[mix(seed, count) % count].word;
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
write_table(const sums *s, const struct place *list, int table)
{
	struct bytes block = { NULL, 0 };
	struct kv_walk walk;
	status st = ST_OK;

	kv_walk_begin(s->txn, table, &walk);
	for (size_t i = 0; i < s->count && st == ST_OK; i++) {
		const struct sum *sum = list[i].sum;
		const uint8_t *name = name_of(sum);
		const struct bytes key = { name + 1, sum->key_len };

		if (*name != table)
			continue;
		st = row_add(&walk, table, key, sum->by);
		if (st == ST_OK && table != TABLE_DAYS) /* which no block has */
			st = touch(s, table, key, &block);
	}
	kv_walk_done(&walk);
	return st;
}

/* In the order of cells, whose keys are never beginnings of each other; those of one cell
 * lie near each other in any order. */
static status
write_extras(const sums *s, const struct place *list)
{
	struct bytes block = { NULL, 0 };
	struct kv_walk walk;
	status st = ST_OK;

	kv_walk_begin(s->txn, TABLE_EXTRAS, &walk);
	for (size_t i = 0; i < s->count && st == ST_OK; i++) {
		const struct sum *sum = list[i].sum;
		const struct bytes cell = { name_of(sum) + 1, sum->key_len };
		uint8_t key[ROW_KEY_MAX];

		memcpy(key, cell.at, cell.len);
		if (sum->extras != NOWHERE)
			st = touch(s, TABLE_EXTRAS, cell, &block);
		for (size_t at = sum->extras; at != NOWHERE && st == ST_OK;
		     at = extra_at(s, at)->next) {
			const struct extra *e = extra_at(s, at);
			const int64_t by[ROW_NUMBERS_MAX] = { e->by };

			memcpy(key + sum->key_len, e + 1, 1 + e->len);
			st = row_add(&walk, TABLE_EXTRAS,
			             (struct bytes) { key, sum->key_len + 1 + e->len }, by);
		}
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
		size_t place = s->slots[i].place;

		if (place > 0)
			list[count++] = (struct place) { 0, sum_at(s, (place - 1) * WORD) };
	}
	take_words(list, count, 0);
	sort(s->seed, list, count, 0);
}

/* The day that a cell or a tally is summed up in. */
static status
day_of(const struct sum *sum, struct cell_key *ret_key)
{
	const uint8_t *name = name_of(sum);
	const struct bytes key = { name + 1, sum->key_len };
	struct tally_key tally;
	status st;

	if (*name == TABLE_CELLS)
		return cell_key_read(key, ret_key);
	st = tally_key_read(key, &tally);
	if (st == ST_OK)
		*ret_key = (struct cell_key) { .code = { "", 0 },
			                       .day = tally.day,
			                       .status = tally.status };
	return st;
}

/* Once for each row, not for each entry. */
static status
add_days(sums *s, const struct place *list)
{
	status st = ST_OK;

	if (!s->days)
		s->days = sums_new();
	if (!s->days)
		return ST_NOMEM;
	sums_begin(s->days, s->txn);
	for (size_t i = 0; i < s->count && st == ST_OK; i++) {
		uint8_t key[ROW_KEY_MAX];
		struct cell_key day;
		size_t at = 0, len;

		st = day_of(list[i].sum, &day);
		if (st < 0)
			break;
		len = day_key_write(&day, key);
		st = find_or_add(s->days, TABLE_DAYS, (struct bytes) { key, len }, &at);
		if (st == ST_OK)
			sum_at(s->days, at)->by[0] += list[i].sum->by[0];
	}
	return st;
}

static status
write_all(sums *s, const struct place *list)
{
	bool days = *name_of(list[0].sum) == TABLE_DAYS;
	status st = days ? write_table(s, list, TABLE_DAYS) : add_days(s, list);

	if (st < 0 || days)
		return st;
	st = write_table(s, list, TABLE_CELLS);
	if (st == ST_OK)
		st = write_extras(s, list);
	if (st == ST_OK)
		st = write_table(s, list, TABLE_TALLIES);
	return st == ST_OK ? sums_write(s->days) : st;
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
	st = write_all(s, list);
	free(list);
	sums_forget(s);
	return st;
}
