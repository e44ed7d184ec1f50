/* The rows and digests that a naive evaluation comes to. */
#include "tests/support/ledger_naive.h"

#include <sodium.h>
#include <string.h>

#include "hub/cells.h"
#include "hub/digest.h"
#include "hub/plans.h"
#include "hub/registry.h"
#include "tests/support/check.h"

enum { ROWS_MAX = 1000 };

/* ---- rows ---- */

struct row {
	int table; /* place of its letter */
	uint8_t key[300], value[72 * NAIVE_EVENTS_MAX];
	size_t key_len, value_len;
};

struct rows {
	struct row list[ROWS_MAX];
	size_t count;
};

enum { ROW_CELL, ROW_EXTRA, ROW_TALLY, ROW_LEVEL, ROW_THING, ROW_REPORT, ROW_HELD, ROW_CONFLICT };

static const char LETTERS[] = "CETLIRHX";

static void
put(struct row *r, const void *at, size_t len)
{
	memcpy(r->key + r->key_len, at, len);
	r->key_len += len;
}

static void
put_code(struct row *r, const char *code, size_t len)
{
	put(r, code, len);
	put(r, "", 1);
}

static void
put_word(struct row *r, const char *code)
{
	put_code(r, code, strlen(code));
}

static void
put_number(struct row *r, uint32_t n)
{
	uint8_t bytes[4];

	put_u32(bytes, n);
	put(r, bytes, 4);
}

static void
put_day(struct row *r, date day)
{
	put_number(r, (uint32_t) (day + INT64_C(0x80000000)));
}

static void
put_value(struct row *r, const void *at, size_t len)
{
	memcpy(r->value + r->value_len, at, len);
	r->value_len += len;
}

static void
put_id(struct row *r, const struct naive_event *e)
{
	uint8_t seq[8];

	put_u64(seq, e->at.seq);
	put(r, e->feed, FEED_BYTES);
	put(r, seq, 8);
	put(r, e->at.hash, HASH_BYTES);
}

/* Into the row of that key, which is made if need be. */
static void
add_numbers(struct rows *rows, const struct row *key, uint64_t a, uint64_t b)
{
	struct row *r = rows->list;

	while (r < rows->list + rows->count &&
	       (r->table != key->table || r->key_len != key->key_len ||
	        memcmp(r->key, key->key, r->key_len) != 0))
		r++;
	if (r == rows->list + rows->count) {
		assert_true(rows->count < ROWS_MAX);
		*r = *key;
		r->value_len = b > 0 ? 16 : 8;
		rows->count++;
	}
	put_u64(r->value, get_u64(r->value) + a);
	put_u64(r->value + 8, get_u64(r->value + 8) + b);
}

static void
add_cell(struct rows *rows, const struct naive *n, const struct naive_event *e, const char *code)
{
	static struct row r, extra;
	const char *country = e->country         ? e->country
		: strcmp(e->unit, "con-a") == 0  ? "US"
		: strcmp(e->unit, "area-x") == 0 ? "CO"
		: n->next_plan                   ? "MX"
						 : "DZ";
	uint8_t status_byte = (uint8_t) e->status;

	r = (struct row) { .table = ROW_CELL };
	put_word(&r, code);
	put_word(&r, e->unit);
	put_code(&r, country, 2);
	put_day(&r, e->day);
	put_word(&r, e->mode ? e->mode : "");
	put(&r, &status_byte, 1);
	add_numbers(rows, &r, e->quantity, 1);
	extra = r;
	extra.table = ROW_EXTRA;
	put(&extra, "cattended", 9);
	if (e->attended > 0)
		add_numbers(rows, &extra, e->attended, 0);
	extra.key_len = r.key_len;
	put(&extra, "gACT-1", 6);
	if (e->actor > 0)
		add_numbers(rows, &extra, e->actor, 0);
}

static void
add_tally(struct rows *rows, const struct naive_event *e)
{
	static struct row tally;
	uint8_t status_byte = (uint8_t) e->status;

	tally = (struct row) { .table = ROW_TALLY };
	put_day(&tally, e->day);
	put_word(&tally, e->unit);
	put(&tally, &status_byte, 1);
	add_numbers(rows, &tally, 1, 0);
}

static void
fill_level(struct row *r, const struct naive_event *e)
{
	uint8_t value[8];

	r->table = ROW_LEVEL;
	put_word(r, e->indicator);
	put_word(r, e->unit);
	put_number(r, (uint32_t) e->quarter);
	put_u64(value, e->value);
	put_value(r, value, 8);
}

static void
fill_thing(struct row *r, const struct naive_event *e)
{
	r->table = ROW_THING;
	put_word(r, e->indicator);
	put_word(r, e->thing);
	put_day(r, e->day);
	put(r, e->out ? "\1" : "\0", 1);
	put(r, e->at.hash, HASH_BYTES);
	put_value(r, e->unit, strlen(e->unit) + 1);
	if (e->name)
		put_value(r, e->name, strlen(e->name));
}

static void
fill_progress(struct row *r, const struct naive_event *e)
{
	uint8_t percent[4];

	put(r, &e->item_type, 1);
	put_word(r, e->item);
	put_word(r, e->unit);
	put_u32(percent, (uint32_t) (e->percent + 1));
	put_value(r, percent, 4);
	if (e->note)
		put_value(r, e->note, strlen(e->note));
}

static void
fill_budget(struct row *r, const struct naive_event *e)
{
	put(r, "b", 1);
	put_word(r, e->project);
	put_word(r, "");
	for (size_t i = 0; i < LENGTH(e->amounts); i++) {
		uint8_t amount[8];

		put_u64(amount, e->amounts[i]);
		put_value(r, amount, 8);
	}
	put_value(r, e->unit, strlen(e->unit));
}

/* "a,b" */
static void
put_declared(struct row *r, char tag, const char *codes)
{
	for (const char *at = codes ? codes : ""; *at; at += *at == ',') {
		size_t len = strcspn(at, ",");

		put_value(r, &tag, 1);
		put_value(r, at, len);
		put_value(r, "", 1);
		at += len;
	}
}

static void
fill_close(struct row *r, const struct naive_event *e)
{
	put(r, "q", 1);
	put_word(r, "");
	put_word(r, e->unit);
	put_declared(r, 'n', e->nothing);
	put_declared(r, 'z', e->zero);
}

static void
fill_report(struct row *r, const struct naive_event *e)
{
	r->table = ROW_REPORT;
	if (e->kind == KIND_PROGRESS)
		fill_progress(r, e);
	else if (e->kind == KIND_BUDGET)
		fill_budget(r, e);
	else
		fill_close(r, e);
	put_number(r, (uint32_t) e->quarter);
}

static void
add_cells(struct rows *rows, const struct naive *n, const struct naive_event *e)
{
	bool by_indicator = e->indicator != NULL;
	const char *named = e->initiatives ? e->initiatives : "";

	if (by_indicator)
		add_cell(rows, n, e, "IND-1");
	if (by_indicator || strstr(named, "1.1.01"))
		add_cell(rows, n, e, "1.1.01");
	if ((by_indicator && !n->next_plan && e->day < 20270) || strstr(named, "1.1.02"))
		add_cell(rows, n, e, "1.1.02");
}

static void
add_record(struct rows *rows, const struct naive *n, const struct naive_event *e)
{
	struct row *r;

	if (e->kind != KIND_CLOSE)
		add_tally(rows, e);
	if (e->kind == KIND_ACTIVITY) {
		add_cells(rows, n, e);
		return;
	}
	r = &rows->list[rows->count++];
	*r = (struct row) { 0 };
	if (e->kind == KIND_LEVEL)
		fill_level(r, e);
	else if (e->kind == KIND_THING)
		fill_thing(r, e);
	else
		fill_report(r, e);
}

static int
compare_rows(const void *one, const void *two)
{
	const struct row *a = one, *b = two;
	size_t len = a->key_len < b->key_len ? a->key_len : b->key_len;
	int order;

	if (a->table != b->table)
		return a->table - b->table;
	order = memcmp(a->key, b->key, len);
	if (order != 0)
		return order;
	return a->key_len < b->key_len ? -1 : a->key_len > b->key_len;
}

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, 72);
}

static void
add_conflict(struct rows *rows, const struct naive *n, size_t root)
{
	struct row *r = &rows->list[rows->count];
	size_t heads = 0;

	*r = (struct row) { .table = ROW_CONFLICT };
	for (size_t i = 0; i < n->count; i++) {
		static struct row id;

		if (!n->events[i].head || n->events[i].root != root)
			continue;
		id.key_len = 0;
		put_id(&id, &n->events[i]);
		memcpy(r->value + 72 * heads++, id.key, 72);
	}
	if (heads < 2)
		return;
	qsort(r->value, heads, 72, compare_ids);
	r->value_len = 72 * heads;
	put_id(r, &n->events[root]);
	rows->count++;
}

static void
rows_wanted(const struct naive *n, struct rows *rows)
{
	rows->count = 0;
	for (size_t i = 0; i < n->count; i++) {
		const struct naive_event *e = &n->events[i];

		if (e->wins && e->kind != KIND_VOID)
			add_record(rows, n, e);
		if (e->held) {
			struct row *r = &rows->list[rows->count++];

			*r = (struct row) { .table = ROW_HELD };
			put_id(r, e);
			r->value_len = strlen(hold_name(e->hold));
			memcpy(r->value, hold_name(e->hold), r->value_len);
		}
		add_conflict(rows, n, i);
	}
	qsort(rows->list, rows->count, sizeof(struct row), compare_rows);
}

/* What lies in one row of the store as two tables of the digest. */
static void
cells_there(kv_txn *txn, struct rows *rows, int as)
{
	struct kv_walk walk;

	for (bool more = kv_seek(txn, TABLE_CELLS, (struct bytes) { 0 }, &walk); more;
	     more = kv_next(&walk)) {
		static struct row key;
		struct extra extra;
		struct cell c;

		key = (struct row) { .table = as };
		put(&key, walk.key.at, walk.key.len);
		assert_status(cell_read(walk.value, &c), ST_OK);
		if (as == ROW_CELL)
			add_numbers(rows, &key, c.quantity, c.records);
		for (; as == ROW_EXTRA && cell_extra(&c.extras, &extra) == ST_OK;
		     key.key_len = walk.key.len) {
			put(&key, extra.name.at, extra.name.len);
			add_numbers(rows, &key, extra.total, 0);
		}
		if (as == ROW_EXTRA)
			assert_int_equal(c.extras.len, 0); /* all was read */
	}
	assert_status(walk.st, ST_OK);
	kv_walk_done(&walk);
}

static void
rows_there(kv_txn *txn, struct rows *rows)
{
	static const int tables[] = {
		[ROW_TALLY] = TABLE_TALLIES, [ROW_LEVEL] = TABLE_LEVELS,
		[ROW_THING] = TABLE_THINGS,  [ROW_REPORT] = TABLE_REPORTS,
		[ROW_HELD] = TABLE_HELD,     [ROW_CONFLICT] = TABLE_CONFLICTS
	};

	rows->count = 0;
	cells_there(txn, rows, ROW_CELL);
	cells_there(txn, rows, ROW_EXTRA);
	for (size_t t = ROW_TALLY; t < LENGTH(tables); t++) {
		struct kv_walk walk;

		for (bool more = kv_seek(txn, tables[t], (struct bytes) { 0 }, &walk); more;
		     more = kv_next(&walk)) {
			struct row *r = &rows->list[rows->count++];

			*r = (struct row) { .table = (int) t, .value_len = walk.value.len };
			put(r, walk.key.at, walk.key.len);
			memcpy(r->value, walk.value.at, walk.value.len);
		}
		assert_status(walk.st, ST_OK);
		kv_walk_done(&walk);
	}
}

/* ---- digests ---- */

static void
feed_hash(crypto_generichash_state *s, const void *at, size_t len)
{
	crypto_generichash_update(s, at, len);
}

/* The leaves: events that no event of the same feed follows; a hub's own are left out. */
static void
set_wanted(const struct naive *n, uint8_t *out)
{
	static struct row id;
	uint8_t ids[NAIVE_EVENTS_MAX][72];
	size_t count = 0;
	crypto_generichash_state s;

	for (size_t i = 0; i < n->count; i++) {
		bool is_leaf = n->events[i].device != NAIVE_HUB;

		for (size_t k = 0; k < n->count; k++)
			is_leaf = is_leaf && n->events[k].parent != i;
		if (!is_leaf)
			continue;
		id.key_len = 0;
		put_id(&id, &n->events[i]);
		memcpy(ids[count++], id.key, 72);
	}
	qsort(ids, count, 72, compare_ids);
	crypto_generichash_init(&s, NULL, 0, 32);
	feed_hash(&s, "valija/set/1", 12);
	feed_hash(&s, ids, 72 * count);
	crypto_generichash_final(&s, out, 32);
}

/* What the keys of a block have in common. */
static size_t
block_len(const struct row *r)
{
	size_t texts = strchr("CEL", LETTERS[r->table]) ? 2 : 1, n = 0;

	if (LETTERS[r->table] == 'T')
		return 4;
	if (strchr("HX", LETTERS[r->table]))
		return FEED_BYTES;
	while (texts > 0)
		texts -= r->key[n++] == 0;
	return n;
}

/* Of the block that begins at row first; how many rows it has. */
static size_t
block_hash(const struct rows *rows, size_t first, size_t begin, uint8_t *out)
{
	const struct row *r = &rows->list[first];
	crypto_generichash_state s;
	uint8_t len[4];
	size_t n = 0;

	crypto_generichash_init(&s, NULL, 0, 32);
	feed_hash(&s, "valija/rows/1", 13);
	for (; first + n < rows->count && r[n].table == r->table &&
	     memcmp(r[n].key, r->key, begin) == 0;
	     n++) {
		put_u32(len, (uint32_t) r[n].key_len);
		feed_hash(&s, len, 4);
		feed_hash(&s, r[n].key, r[n].key_len);
		put_u32(len, (uint32_t) r[n].value_len);
		feed_hash(&s, len, 4);
		feed_hash(&s, r[n].value, r[n].value_len);
	}
	crypto_generichash_final(&s, out, 32);
	return n;
}

static void
state_wanted(const struct rows *rows, const uint8_t *own, kv_txn *txn, uint8_t *out)
{
	uint8_t registry[HASH_BYTES], len[4];
	struct plan_row in_force;
	crypto_generichash_state s;

	assert_status(plans_in_force(txn, &in_force), ST_OK);
	assert_status(registry_hash(txn, registry), ST_OK);
	crypto_generichash_init(&s, NULL, 0, 32);
	feed_hash(&s, "valija/state/1", 14);
	feed_hash(&s, in_force.hash, HASH_BYTES);
	feed_hash(&s, registry, HASH_BYTES);
	for (size_t i = 0; i < rows->count;) {
		const struct row *r = &rows->list[i];
		size_t begin = block_len(r);
		uint8_t hash[32];

		i += block_hash(rows, i, begin, hash);
		if (r->table == ROW_HELD && memcmp(r->key, own, FEED_BYTES) == 0)
			continue;
		feed_hash(&s, &LETTERS[r->table], 1);
		put_u32(len, (uint32_t) begin);
		feed_hash(&s, len, 4);
		feed_hash(&s, r->key, begin);
		feed_hash(&s, hash, 32);
	}
	crypto_generichash_final(&s, out, 32);
}

/* ---- what other feeds replaced ---- */

static bool
named_by_own(const struct naive *n, size_t i)
{
	for (size_t k = 0; k < n->count; k++) {
		const struct naive_event *e = &n->events[k];

		for (size_t t = 0; t < e->target_count && e->sound; t++)
			if (e->targets[t] == i && e->device == n->events[i].device)
				return true;
	}
	return false;
}

static const struct naive_event *
other_wanted(const struct naive *n, size_t i)
{
	if (!n->events[i].sound || named_by_own(n, i))
		return NULL;
	for (size_t k = 0; k < n->count; k++)
		if (n->events[k].wins && n->events[k].root == n->events[i].root &&
		    n->events[k].device != n->events[i].device)
			return &n->events[k];
	return NULL;
}

static void
compare_others(const struct naive *n, kv_txn *txn, const char *where)
{
	static struct row row;
	size_t count = 0;

	for (size_t i = 0; i < n->count; i++) {
		const struct naive_event *other = other_wanted(n, i);
		struct bytes value;

		if (!other)
			continue;
		row.key_len = 0;
		put_id(&row, &n->events[i]);
		assert_status(kv_get(txn, TABLE_OTHERS, (struct bytes) { row.key, 72 }, &value),
		              ST_OK);
		row.key_len = 0;
		put_id(&row, other);
		assert_int_equal(value.len, 73);
		assert_memory_equal(value.at, row.key, 72);
		assert_int_equal(value.at[72], other->kind == KIND_VOID);
		count++;
	}
	if (kv_count(txn, TABLE_OTHERS) != count)
		fail_msg("%s: %zu rows of others wanted", where, count);
}

void
naive_compare(const struct naive *n, hub *h, kv_txn *txn, const char *where)
{
	static struct rows want, got;
	uint8_t set[HASH_BYTES], state[HASH_BYTES], set_want[HASH_BYTES], state_want[HASH_BYTES];

	rows_wanted(n, &want);
	rows_there(txn, &got);
	for (size_t i = 0; i < want.count || i < got.count; i++) {
		const struct row *a = &want.list[i], *b = &got.list[i];

		if (i >= want.count || i >= got.count || compare_rows(a, b) != 0 ||
		    a->value_len != b->value_len || memcmp(a->value, b->value, a->value_len) != 0)
			fail_msg("%s: row %zu of %zu (%zu wanted) differs: table %c, wanted %c",
			         where, i, got.count, want.count,
			         i < got.count ? LETTERS[b->table] : '-',
			         i < want.count ? LETTERS[a->table] : '-');
	}
	compare_others(n, txn, where);
	set_wanted(n, set_want);
	state_wanted(&want, hub_id(h), txn, state_want);
	assert_status(hub_digest(h, txn, set, state), ST_OK);
	if (memcmp(set, set_want, HASH_BYTES) != 0 || memcmp(state, state_want, HASH_BYTES) != 0)
		fail_msg("%s: the digest differs", where);
}
