#include "hub/blocks.h"

#include <sodium.h>

#include "hub/cells.h"
#include "hub/journal.h"

static const char ROWS_TAG[] = "valija/rows/1";
static const uint8_t STATE_KEY[1]; /* no letter is 0 */

/* ---- the rows of the digest ---- */

static void
add_u32(crypto_generichash_state *state, size_t number)
{
	uint8_t bytes[4];

	put_u32(bytes, (uint32_t) number);
	crypto_generichash_update(state, bytes, sizeof(bytes));
}

static void
add_bytes(crypto_generichash_state *state, struct bytes b)
{
	if (b.len > 0)
		crypto_generichash_update(state, b.at, b.len);
}

/* Its length first, so that two lists of rows never give the same bytes.  It is in two parts. */
static void
add_slice(crypto_generichash_state *state, struct bytes begin, struct bytes end)
{
	add_u32(state, begin.len + end.len);
	add_bytes(state, begin);
	add_bytes(state, end);
}

/* A row as it is stored.  Each of these says how many rows that was. */
static size_t
add_row(crypto_generichash_state *state, struct bytes key, struct bytes value)
{
	add_slice(state, key, (struct bytes) { 0 });
	add_slice(state, value, (struct bytes) { 0 });
	return 1;
}

/* One that cannot be read has no value here, which no other has. */
static size_t
add_cell(crypto_generichash_state *state, struct bytes key, struct bytes value)
{
	uint8_t numbers[2 * ROW_NUMBER_BYTES];
	struct bytes row = { numbers, sizeof(numbers) };
	struct cell c = { 0 };

	if (cell_read(value, &c) < 0)
		row.len = 0;
	else if (c.quantity == 0 && c.records == 0)
		return 0;
	put_u64(numbers, c.quantity);
	put_u64(numbers + ROW_NUMBER_BYTES, c.records);
	return add_row(state, key, row);
}

/* They come in the order of their keys, of which the cell's is the beginning: no cell's key is
 * the beginning of another's, and of one cell they ascend. */
static size_t
add_extras(crypto_generichash_state *state, struct bytes key, struct bytes value)
{
	struct cell c = { 0 };
	struct extra e;
	size_t count = 0;
	status st = cell_read(value, &c);

	while (st == ST_OK && (st = cell_extra(&c.extras, &e)) == ST_OK) {
		uint8_t total[ROW_NUMBER_BYTES];

		put_u64(total, e.total);
		add_slice(state, key, e.name);
		add_slice(state, (struct bytes) { total, sizeof(total) }, (struct bytes) { 0 });
		count++;
	}
	return count;
}

/* Order and letters are laid down in SPEC.md; a letter before each block keeps those of two
 * tables apart.  A block's keys have so many texts, each with a NUL behind it, in common, or
 * so many bytes. */
static const struct {
	int table;
	uint8_t letter;
	size_t texts, bytes;
	size_t (*add)(crypto_generichash_state *state, struct bytes key, struct bytes value);
} tables[] = {
	{ TABLE_CELLS, 'C', 2, 0, add_cell },
	{ TABLE_CELLS, 'E', 2, 0, add_extras },
	{ TABLE_TALLIES, 'T', 0, 4, add_row },
	{ TABLE_LEVELS, 'L', 2, 0, add_row },
	{ TABLE_THINGS, 'I', 1, 0, add_row },
	{ TABLE_REPORTS, 'R', 1, 0, add_row },
	{ TABLE_HELD, 'H', 0, FEED_BYTES, add_row },
	{ TABLE_CONFLICTS, 'X', 0, FEED_BYTES, add_row },
};

enum { DIGESTED = sizeof(tables) / sizeof(tables[0]), STATE_BYTES = 8 + HASH_BYTES };

/* ---- blocks ---- */

static size_t
place_of(int table)
{
	size_t i = 0;

	while (i < DIGESTED && tables[i].table != table)
		i++;
	return i;
}

static size_t
begin_len(size_t place, struct bytes key)
{
	size_t texts = 0, len = 0;

	if (tables[place].bytes > 0)
		return key.len < tables[place].bytes ? key.len : tables[place].bytes;
	while (len < key.len && texts < tables[place].texts)
		texts += key.at[len++] == '\0';
	return len;
}

size_t
blocks_begin(int table, struct bytes key)
{
	size_t place = place_of(table);

	return place < DIGESTED ? begin_len(place, key) : key.len;
}

static struct bytes
name_of(uint8_t letter, struct bytes begin, uint8_t out[static 1 + ROW_KEY_MAX])
{
	out[0] = letter;
	if (begin.len > 0)
		memcpy(out + 1, begin.at, begin.len);
	return (struct bytes) { out, 1 + begin.len };
}

status
blocks_touch(kv_txn *txn, int table, struct bytes key)
{
	uint8_t name[1 + ROW_KEY_MAX];
	size_t place = place_of(table);
	status st = ST_NOT_FOUND;

	if (place == DIGESTED)
		return ST_OK;
	for (; place < DIGESTED && tables[place].table == table; place++) {
		struct bytes begin = { key.at, begin_len(place, key) };

		st = kv_delete(txn, TABLE_BLOCKS, name_of(tables[place].letter, begin, name));
		if (st < 0 && st != ST_NOT_FOUND)
			return st;
	}
	st = kv_delete(txn, TABLE_BLOCKS, (struct bytes) { STATE_KEY, 1 });
	return st == ST_NOT_FOUND ? ST_OK : st;
}

status
blocks_put(kv_txn *txn, int table, struct bytes key, struct bytes value)
{
	status st = kv_put(txn, table, key, value);

	return st == ST_OK ? blocks_touch(txn, table, key) : st;
}

status
blocks_delete(kv_txn *txn, int table, struct bytes key)
{
	status st = kv_delete(txn, table, key);

	return st == ST_OK ? blocks_touch(txn, table, key) : st;
}

/* ---- from block to block ---- */

static bool
is_of(const struct block_place *p, struct bytes key)
{
	return key.len >= p->len && memcmp(key.at, p->begin, p->len) == 0;
}

/* The walk stands at the first row. */
static void
hash_rows(const struct block_place *p, struct kv_walk *walk, struct block *b)
{
	crypto_generichash_state state;
	size_t count = 0;
	bool more = true;

	crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
	crypto_generichash_update(&state, (const uint8_t *) ROWS_TAG, strlen(ROWS_TAG));
	for (; more && is_of(p, walk->key); more = kv_next(walk))
		count += tables[p->table].add(&state, walk->key, walk->value);
	crypto_generichash_final(&state, b->hash, HASH_BYTES);
	b->any = count > 0;
}

/* The first key that no key with that beginning comes before.  False: there is none. */
static bool
behind(const struct block_place *p, uint8_t *out, size_t *ret_len)
{
	size_t len = p->len;

	while (len > 0 && p->begin[len - 1] == UINT8_MAX)
		len--;
	memcpy(out, p->begin, len);
	*ret_len = len;
	if (len > 0)
		out[len - 1]++;
	return len > 0;
}

/* The walk at the first row of the next block of this table; place says which. */
static bool
seek_block(kv_txn *txn, struct block_place *p, struct kv_walk *walk)
{
	uint8_t from[ROW_KEY_MAX];
	size_t len = 0;

	if (p->len > 0 && !behind(p, from, &len)) {
		*walk = (struct kv_walk) { .txn = NULL };
		return false;
	}
	if (!kv_seek(txn, tables[p->table].table, (struct bytes) { from, len }, walk))
		return false;
	p->len = begin_len(p->table, walk->key);
	if (p->len == 0 || p->len > sizeof(p->begin)) {
		walk->st = ST_MALFORMED;
		return false;
	}
	memcpy(p->begin, walk->key.at, p->len);
	return true;
}

static status
look_up(kv_txn *txn, struct block *b)
{
	uint8_t name[1 + ROW_KEY_MAX];
	struct bytes value;
	status st = kv_get(txn, TABLE_BLOCKS, name_of(b->letter, b->begin, name), &value);

	b->any = st == ST_OK && value.len == HASH_BYTES;
	b->kept = b->any || (st == ST_OK && value.len == 0);
	if (b->any)
		memcpy(b->hash, value.at, HASH_BYTES);
	return st == ST_NOT_FOUND ? ST_OK : st;
}

status
blocks_next(kv_txn *txn, const uint8_t own[static FEED_BYTES], bool anew, struct block_place *p,
            struct block *ret_block)
{
	struct kv_walk walk;
	status st = ST_NOT_FOUND;

	while (p->table < DIGESTED && st == ST_NOT_FOUND) {
		struct block b = { .letter = tables[p->table].letter };

		if (!seek_block(txn, p, &walk)) {
			st = walk.st == ST_OK ? ST_NOT_FOUND : walk.st;
			*p = (struct block_place) { .table = p->table + 1 };
		} else if (tables[p->table].table != TABLE_HELD ||
		           memcmp(p->begin, own, FEED_BYTES) != 0) {
			b.begin = (struct bytes) { p->begin, p->len };
			st = anew ? ST_OK : look_up(txn, &b);
			if (st == ST_OK && !b.kept)
				hash_rows(p, &walk, &b);
			if (st == ST_OK)
				st = walk.st;
			*ret_block = b;
		}
		kv_walk_done(&walk);
	}
	return st;
}

status
blocks_keep(kv_txn *txn, const struct block *b)
{
	uint8_t name[1 + ROW_KEY_MAX];

	return kv_put(txn, TABLE_BLOCKS, name_of(b->letter, b->begin, name),
	              (struct bytes) { b->hash, b->any ? HASH_BYTES : 0 });
}

/* ---- the whole ---- */

status
blocks_state(kv_txn *txn, uint8_t ret_state[static HASH_BYTES])
{
	struct bytes value;
	status st = kv_get(txn, TABLE_BLOCKS, (struct bytes) { STATE_KEY, 1 }, &value);

	if (st < 0)
		return st;
	if (value.len != STATE_BYTES || get_u64(value.at) != journal_size(txn))
		return ST_NOT_FOUND;
	memcpy(ret_state, value.at + 8, HASH_BYTES);
	return ST_OK;
}

status
blocks_keep_state(kv_txn *txn, const uint8_t state[static HASH_BYTES])
{
	uint8_t value[STATE_BYTES];

	put_u64(value, journal_size(txn));
	memcpy(value + 8, state, HASH_BYTES);
	return kv_put(txn, TABLE_BLOCKS, (struct bytes) { STATE_KEY, 1 },
	              (struct bytes) { value, sizeof(value) });
}
