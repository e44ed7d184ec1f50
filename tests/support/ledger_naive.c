#include "tests/support/ledger_naive.h"

#include <sodium.h>

#include "hub/digest.h"
#include "hub/plans.h"
#include "hub/registry.h"
#include "tests/support/check.h"

enum { OFFICE = 3, ROWS_MAX = 1000 };

/* ---- one event ---- */

static bool
in(const char *text, const char *list)
{
	const char *found = text ? strstr(list, text) : NULL;

	return !text || found;
}

static bool
has_right(const struct naive *n, const struct naive_event *e)
{
	switch (e->device) {
	case 0:
		return strcmp(e->unit, "con-a") == 0;
	case 1:
		return strcmp(e->unit, "con-a") == 0 || strcmp(e->unit, "con-b") == 0;
	case 2:
		return strcmp(e->unit, "con-b") == 0 ||
			(n->granted && strcmp(e->unit, "con-a") == 0);
	default:
		return true;
	}
}

static hold
judge_alone(const struct naive *n, const struct naive_event *e)
{
	if (e->unreadable)
		return e->unreadable;
	if (!has_right(n, e))
		return HOLD_RIGHT;
	if (e->is_void)
		return HOLD_NONE;
	if (!in(e->unit, "con-a con-b area-x"))
		return HOLD_UNIT;
	if (!in(e->indicator, "IND-1"))
		return HOLD_INDICATOR;
	if (e->initiatives && strstr(e->initiatives, "1.1.02") && e->day >= 20270)
		return HOLD_INITIATIVE; /* retired on 2025-07-01 */
	if (!in(e->mode, n->next_plan ? "movil fija" : "movil"))
		return HOLD_MODE;
	/* 2031-12-31 and 2026-12-31 */
	return e->day > (n->next_plan ? 22644 : 20818) ? HOLD_DATE : HOLD_NONE;
}

/* ---- records ---- */

static hold
judge_targets(const struct naive *n, const struct naive_event *e)
{
	for (size_t i = 0; i < e->target_count; i++) {
		const struct naive_event *t;

		if (e->targets[i] == NAIVE_MISSING)
			return HOLD_WAITS;
		t = &n->events[e->targets[i]];
		if (!t->sound && t->hold == HOLD_WAITS)
			return HOLD_WAITS;
	}
	for (size_t i = 0; i < e->target_count; i++) {
		const struct naive_event *t = &n->events[e->targets[i]];

		if (!t->sound || t->root != n->events[e->targets[0]].root ||
		    (e->device != OFFICE && strcmp(t->unit, e->unit) != 0))
			return HOLD_FIX;
	}
	return HOLD_NONE;
}

static void
place_in_record(struct naive *n, size_t i)
{
	struct naive_event *e = &n->events[i];

	e->root = e->target_count == 0 ? i : n->events[e->targets[0]].root;
	e->depth = 0;
	for (size_t k = 0; k < e->target_count; k++) {
		const struct naive_event *t = &n->events[e->targets[k]];

		e->above |= t->above | UINT64_C(1) << e->targets[k];
		e->depth = t->depth > e->depth ? t->depth : e->depth;
		e->offices = t->offices > e->offices ? t->offices : e->offices;
	}
	e->depth++;
	e->offices += e->device == OFFICE;
}

static bool
better(const struct naive_event *a, const struct naive_event *b)
{
	if (a->offices != b->offices)
		return a->offices > b->offices;
	if (a->depth != b->depth)
		return a->depth > b->depth;
	return memcmp(a->at.hash, b->at.hash, HASH_BYTES) > 0;
}

static outcome
outcome_of(const struct naive *n, const struct naive_event *e)
{
	static const outcome standing[] = { OUTCOME_COUNTED, OUTCOME_PLANNED, OUTCOME_CANCELLED,
		                            OUTCOME_MOVED };

	if (e->held)
		return OUTCOME_HELD;
	if (e->wins)
		return e->is_void ? OUTCOME_VOIDED : standing[e->status];
	if (e->head)
		return OUTCOME_CONFLICT;
	for (size_t i = 0; i < n->count; i++)
		if (n->events[i].wins && n->events[i].root == e->root && n->events[i].is_void &&
		    !e->is_void)
			return OUTCOME_OUT;
	return OUTCOME_REPLACED;
}

static void
judge_versions(struct naive *n)
{
	for (size_t i = 0; i < n->count; i++) {
		struct naive_event *e = &n->events[i];
		hold alone = judge_alone(n, e);

		e->hold = alone;
		if (e->unreadable)
			continue;
		if (e->target_count > 0)
			e->hold = has_right(n, e) ? judge_targets(n, e) : HOLD_RIGHT;
		e->sound = e->target_count == 0 || e->hold == HOLD_NONE;
		if (!e->sound)
			continue;
		e->hold = alone;
		e->valid = alone == HOLD_NONE;
		place_in_record(n, i);
	}
}

void
naive_judge(struct naive *n)
{
	judge_versions(n);
	for (size_t i = 0; i < n->count; i++)
		for (size_t k = 0; k < n->count; k++)
			if (n->events[k].valid && (n->events[k].above >> i & 1))
				n->events[i].superseded = true;
	for (size_t i = 0; i < n->count; i++) {
		struct naive_event *e = &n->events[i];

		e->head = e->valid && !e->superseded;
		e->held = e->hold != HOLD_NONE && !e->superseded;
	}
	for (size_t i = 0; i < n->count; i++) {
		struct naive_event *e = &n->events[i];

		e->wins = e->head;
		for (size_t k = 0; k < n->count; k++)
			if (n->events[k].head && n->events[k].root == e->root &&
			    better(&n->events[k], e))
				e->wins = false;
	}
	for (size_t i = 0; i < n->count; i++)
		n->events[i].outcome = outcome_of(n, &n->events[i]);
}

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

static const char LETTERS[] = "CETHX";

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
put_day(struct row *r, date day)
{
	uint8_t bytes[4];

	put_u32(bytes, (uint32_t) (day + INT64_C(0x80000000)));
	put(r, bytes, 4);
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

	r = (struct row) { .table = 0 };
	put_code(&r, code, strlen(code));
	put_code(&r, e->unit, strlen(e->unit));
	put_code(&r, country, 2);
	put_day(&r, e->day);
	put_code(&r, e->mode ? e->mode : "", e->mode ? strlen(e->mode) : 0);
	put(&r, &status_byte, 1);
	add_numbers(rows, &r, e->quantity, 1);
	extra = r;
	extra.table = 1;
	put(&extra, "cattended", 9);
	if (e->attended > 0)
		add_numbers(rows, &extra, e->attended, 0);
	extra.key_len = r.key_len;
	put(&extra, "gACT-1", 6);
	if (e->actor > 0)
		add_numbers(rows, &extra, e->actor, 0);
}

static void
add_record(struct rows *rows, const struct naive *n, const struct naive_event *e)
{
	static struct row tally;
	bool by_indicator = e->indicator != NULL;
	const char *named = e->initiatives ? e->initiatives : "";
	uint8_t status_byte = (uint8_t) e->status;

	if (by_indicator)
		add_cell(rows, n, e, "IND-1");
	if (by_indicator || strstr(named, "1.1.01"))
		add_cell(rows, n, e, "1.1.01");
	if ((by_indicator && !n->next_plan && e->day < 20270) || strstr(named, "1.1.02"))
		add_cell(rows, n, e, "1.1.02");
	tally = (struct row) { .table = 2 };
	put_day(&tally, e->day);
	put_code(&tally, e->unit, strlen(e->unit));
	put(&tally, &status_byte, 1);
	add_numbers(rows, &tally, 1, 0);
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

	*r = (struct row) { .table = 4 };
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

		if (e->wins && !e->is_void)
			add_record(rows, n, e);
		if (e->held) {
			struct row *r = &rows->list[rows->count++];

			*r = (struct row) { .table = 3 };
			put_id(r, e);
			r->value_len = strlen(hold_name(e->hold));
			memcpy(r->value, hold_name(e->hold), r->value_len);
		}
		add_conflict(rows, n, i);
	}
	qsort(rows->list, rows->count, sizeof(struct row), compare_rows);
}

static void
rows_there(kv_txn *txn, struct rows *rows)
{
	static const int tables[] = { TABLE_CELLS, TABLE_EXTRAS, TABLE_TALLIES, TABLE_HELD,
		                      TABLE_CONFLICTS };

	rows->count = 0;
	for (size_t t = 0; t < LENGTH(tables); t++) {
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

/* The leaves: events that no event of the same feed follows. */
static void
set_wanted(const struct naive *n, uint8_t *out)
{
	static struct row id;
	uint8_t ids[NAIVE_EVENTS_MAX][72];
	size_t count = 0;
	crypto_generichash_state s;

	for (size_t i = 0; i < n->count; i++) {
		bool is_leaf = true;

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

static void
state_wanted(const struct rows *rows, kv_txn *txn, uint8_t *out)
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
	for (size_t i = 0; i < rows->count; i++) {
		const struct row *r = &rows->list[i];

		feed_hash(&s, &LETTERS[r->table], 1);
		put_u32(len, (uint32_t) r->key_len);
		feed_hash(&s, len, 4);
		feed_hash(&s, r->key, r->key_len);
		put_u32(len, (uint32_t) r->value_len);
		feed_hash(&s, len, 4);
		feed_hash(&s, r->value, r->value_len);
	}
	crypto_generichash_final(&s, out, 32);
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
	set_wanted(n, set_want);
	state_wanted(&want, txn, state_want);
	assert_status(hub_digest(h, txn, set, state), ST_OK);
	if (memcmp(set, set_want, HASH_BYTES) != 0 || memcmp(state, state_want, HASH_BYTES) != 0)
		fail_msg("%s: the digest differs", where);
}
