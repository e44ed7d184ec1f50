#include "hub/cells.h"
#include "hub/hub.h"
#include "hub/period.h"
#include "hub/query_internal.h"

const char *
count_key_name(count_key key)
{
	static const char *const names[] = {
		[BY_UNIT] = "unit",       [BY_COUNTRY] = "country", [BY_YEAR] = "year",
		[BY_QUARTER] = "quarter", [BY_MONTH] = "month",     [BY_MODE] = "mode",
	};

	return names[key];
}

/* ST_NOT_FOUND: a cell without the count or the actor that is asked for. */
static status
read_row(const struct counts_question *question, int table, const struct kv_walk *walk,
         struct counted *ret_row)
{
	struct cell cell = { 0 };
	uint64_t amount = 0;
	status st = cell_key_read(walk->key, &ret_row->key);

	if (st == ST_OK)
		st = table == TABLE_CELLS ? cell_read(walk->value, &cell)
					  : total_read(walk->value, &amount);
	if (st == ST_OK && question->what != COUNT_QUANTITY) {
		st = cell_total(&cell, (char) question->what, question->name, &amount);
		if (st == ST_OK && amount == 0)
			return ST_NOT_FOUND;
	} else if (st == ST_OK && table == TABLE_CELLS) {
		amount = cell.quantity;
	}
	if (st == ST_OK && amount > INT64_MAX)
		st = ST_MALFORMED;
	ret_row->amount = (int64_t) amount;
	return st;
}

bool
counting_wants(const struct counting *c, const struct cell_key *key)
{
	const struct counts_question *question = c->question;

	return key->status == question->status && key->day >= question->from &&
		key->day <= question->to && key->day <= c->q->cutoff;
}

static struct text
period_of(struct counting *c, count_key by, period_kind kind, date day)
{
	if (!c->periods[by].has || c->periods[by].day != day)
		period_name(kind, day, c->periods[by].text);
	c->periods[by].has = true;
	c->periods[by].day = day;
	return text_of(c->periods[by].text);
}

/* The text of one key of a group. */
static struct text
group_part(struct counting *c, count_key by, const struct cell_key *key)
{
	switch (by) {
	case BY_UNIT: return key->unit;
	case BY_COUNTRY: return key->country;
	case BY_MODE: return key->mode;
	case BY_YEAR: return period_of(c, by, PERIOD_YEAR, key->day);
	case BY_QUARTER: return period_of(c, by, PERIOD_QUARTER, key->day);
	case BY_MONTH: return period_of(c, by, PERIOD_MONTH, key->day);
	case COUNT_KEYS_: break;
	}
	return (struct text) { 0 };
}

bool
counting_wants_unit(const struct counting *c, struct text unit)
{
	for (size_t i = 0; i < c->question->unit_count; i++) {
		if (text_equal(c->question->units[i], unit))
			return true;
	}
	return c->question->unit_count == 0;
}

bool
counting_row(const struct counting *c, struct text unit, date day, struct cell_key *ret_row)
{
	const struct plan_unit *known = plan_unit(c->q->plan, unit.at, unit.len);

	*ret_row = (struct cell_key) {
		.unit = unit,
		.country = text_of(known ? known->country : ""),
		.mode = { "", 0 },
		.day = day,
		.status = STATUS_DONE,
	};
	return counting_wants_unit(c, unit) && counting_wants(c, ret_row);
}

/* Texts with a 0 behind each, so that "a" "bc" and "ab" "c" are two groups. */
status
counting_key(struct counting *c, const struct cell_key *row, char key[static GROUP_KEY_BYTES],
             size_t *ret_len)
{
	size_t len = 0;

	for (size_t i = 0; i < c->question->by_count; i++) {
		struct text part = group_part(c, c->question->by[i], row);

		if (part.len + 1 > GROUP_KEY_BYTES - len)
			return ST_MALFORMED;
		if (part.len > 0)
			memcpy(key + len, part.at, part.len);
		key[len + part.len] = '\0';
		len += part.len + 1;
	}
	*ret_len = len;
	return ST_OK;
}

status
counting_add(struct counting *c, const struct cell_key *row, int64_t amount)
{
	char key[GROUP_KEY_BYTES];
	size_t len;
	status st = counting_key(c, row, key, &len);

	if (st == ST_OK && __builtin_add_overflow(c->total, amount, &c->total))
		st = ST_MALFORMED;
	return st == ST_OK ? groups_add(&c->rows, key, len, amount) : st;
}

/* ---- cells ---- */

/* Rows that follow each other are mostly of one group: they are added up before its key is
 * made. */
struct run {
	bool open;
	struct cell_key key;       /* of the first; texts into the transaction */
	struct plan_period period; /* whose days are of one group */
	int64_t amount;
};

/* The shortest period that is asked for says which days go together. */
static status
run_begin(const struct counting *c, const struct counted *row, struct run *run)
{
	static const struct {
		count_key by;
		period_kind kind;
	} kinds[] = {
		{ BY_MONTH, PERIOD_MONTH },
		{ BY_QUARTER, PERIOD_QUARTER },
		{ BY_YEAR, PERIOD_YEAR },
	};
	char name[PERIOD_TEXT_BYTES];

	*run = (struct run) { true, row->key, { DATE_MIN, DATE_MAX }, row->amount };
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (size_t i = 0; i < c->question->by_count; i++) {
			if (c->question->by[i] != kinds[k].by)
				continue;
			period_name(kinds[k].kind, row->key.day, name);
			return period_parse(name, &run->period);
		}
	}
	return ST_OK;
}

static bool
run_goes_on(const struct counting *c, const struct run *run, const struct cell_key *key)
{
	bool same = run->open && key->day >= run->period.from && key->day <= run->period.to;

	for (size_t i = 0; i < c->question->by_count && same; i++) {
		switch ((int) c->question->by[i]) {
		case BY_UNIT: same = text_equal(key->unit, run->key.unit); break;
		case BY_COUNTRY: same = text_equal(key->country, run->key.country); break;
		case BY_MODE: same = text_equal(key->mode, run->key.mode); break;
		default: break;
		}
	}
	return same;
}

static status
run_end(struct counting *c, struct run *run)
{
	if (!run->open)
		return ST_OK;
	run->open = false;
	return counting_add(c, &run->key, run->amount);
}

static status
run_add(struct counting *c, struct run *run, const struct counted *row)
{
	int64_t sum;
	status st;

	if (run_goes_on(c, run, &row->key) &&
	    !__builtin_add_overflow(run->amount, row->amount, &sum)) {
		run->amount = sum;
		return ST_OK;
	}
	st = run_end(c, run);
	return st == ST_OK ? run_begin(c, row, run) : st;
}

/* Days are enough for who does not ask for units, countries or modes. */
static int
table_of(const struct counts_question *question)
{
	if (question->what != COUNT_QUANTITY)
		return TABLE_CELLS;
	for (size_t i = 0; i < question->by_count; i++) {
		if (question->by[i] == BY_UNIT || question->by[i] == BY_COUNTRY ||
		    question->by[i] == BY_MODE)
			return TABLE_CELLS;
	}
	return question->unit_count == 0 ? TABLE_DAYS : TABLE_CELLS;
}

/* All rows whose key begins with the code, and with the unit if there is one. */
static status
count_rows(struct counting *c, struct text unit)
{
	int table = table_of(c->question);
	uint8_t prefix[2 * (CODE_BYTES_MAX + 1)];
	struct text code = c->question->code;
	size_t len = code.len + 1;
	struct run run = { .open = false };
	struct kv_walk walk;
	status st = ST_OK;

	if (code.len > CODE_BYTES_MAX || unit.len > CODE_BYTES_MAX)
		return ST_LIMIT;
	memset(prefix, 0, sizeof(prefix));
	memcpy(prefix, code.at, code.len);
	if (unit.len > 0) {
		memcpy(prefix + len, unit.at, unit.len);
		len += unit.len + 1;
	}
	for (bool more = kv_seek(c->q->txn, table, (struct bytes) { prefix, len }, &walk);
	     more && st == ST_OK; more = kv_next(&walk)) {
		struct counted row;

		if (walk.key.len < len || memcmp(walk.key.at, prefix, len) != 0)
			break;
		st = read_row(c->question, table, &walk, &row);
		if (st == ST_OK && counting_wants(c, &row.key))
			st = run_add(c, &run, &row);
		if (st == ST_NOT_FOUND)
			st = ST_OK;
	}
	if (st == ST_OK)
		st = walk.st;
	if (st == ST_OK)
		st = run_end(c, &run);
	kv_walk_done(&walk);
	return st;
}

/* A walk for each unit reads only their rows: the code and the unit are what keys
 * begin with. */
static status
count_cells(struct counting *c)
{
	status st = ST_OK;

	if (c->question->unit_count == 0)
		return count_rows(c, (struct text) { 0 });
	for (size_t i = 0; i < c->question->unit_count && st == ST_OK; i++)
		st = count_rows(c, c->question->units[i]);
	return st;
}

static status
answer(struct counting *c, struct groups *ret_rows, int64_t *ret_total)
{
	status st = c->question->programmed ? programmed_rows(c) : ST_OK;

	if (st < 0) {
		groups_done(&c->rows);
		return st;
	}
	groups_sort(&c->rows);
	*ret_rows = c->rows;
	*ret_total = c->total;
	return ST_OK;
}

status
query_counts(const struct query *q, const struct counts_question *question, struct groups *ret_rows,
             int64_t *ret_total)
{
	const struct plan_indicator *indicator = plan_indicator(q->plan, question->code.at,
	                                                        question->code.len);
	struct counting c = { .q = q, .question = question };
	status st = ST_OK;

	if (indicator && indicator->by == FEEDER_LEVEL)
		st = levels_count(&c, indicator);
	else if (indicator && indicator->by == FEEDER_THING)
		st = things_count(&c, indicator);
	else
		st = count_cells(&c);
	if (st < 0) {
		groups_done(&c.rows);
		return st;
	}
	return answer(&c, ret_rows, ret_total);
}
