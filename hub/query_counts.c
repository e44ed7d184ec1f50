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

/* A row of a month as one of its first day. */
static status
read_key(int table, struct bytes key, struct cell_key *ret_key)
{
	struct month_key month;
	status st;

	if (table != TABLE_MONTHS)
		return cell_key_read(key, ret_key);
	st = month_key_read(key, &month);
	if (st == ST_OK)
		*ret_key = (struct cell_key) { .code = month.code,
			                       .unit = month.unit,
			                       .country = { "", 0 },
			                       .mode = { "", 0 },
			                       .day = month.first,
			                       .status = month.status };
	return st;
}

/* ST_NOT_FOUND: a cell without the count or the actor that is asked for. */
static status
read_amount(const struct counts_question *question, int table, struct bytes value,
            int64_t *ret_amount)
{
	struct cell cell = { 0 };
	uint64_t amount = 0;
	status st = table == TABLE_CELLS ? cell_read(value, &cell) : total_read(value, &amount);

	if (st == ST_OK && question->what != COUNT_QUANTITY) {
		st = cell_total(&cell, (char) question->what, question->name, &amount);
		if (st == ST_OK && amount == 0)
			return ST_NOT_FOUND;
	} else if (st == ST_OK && table == TABLE_CELLS) {
		amount = cell.quantity;
	}
	if (st == ST_OK && amount > INT64_MAX)
		st = ST_MALFORMED;
	*ret_amount = (int64_t) amount;
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
static void
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

	*run = (struct run) { true, row->key, { DATE_MIN, DATE_MAX }, row->amount };
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (size_t i = 0; i < c->question->by_count; i++) {
			if (c->question->by[i] != kinds[k].by)
				continue;
			run->period = period_at(kinds[k].kind, row->key.day);
			return;
		}
	}
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
	if (st == ST_OK)
		run_begin(c, row, run);
	return st;
}

/* ---- which rows ---- */

/* Rows of one table, of some days. */
struct span {
	int table;
	const struct text *unit; /* "": those that sum up all units; NULL: those of each */
	date from, to;
};

/* What the keys of such rows begin with. */
static size_t
begin_of(const struct counts_question *question, const struct span *span,
         uint8_t out[static ROW_KEY_MAX])
{
	size_t len = row_put_text(out, question->code);

	if (span->table == TABLE_MONTHS)
		out[len++] = (uint8_t) question->status;
	if (span->unit)
		len += row_put_text(out + len, *span->unit);
	return len;
}

/* Where to go on from a row that is of another day: rows whose keys have all before the day in
 * common ascend by it. */
static status
leap(const struct span *span, struct bytes key, const struct cell_key *row,
     uint8_t out[static ROW_KEY_MAX], size_t *ret_len)
{
	const uint8_t *country_end = (const uint8_t *) row->country.at + row->country.len + 1;
	size_t len = span->table == TABLE_MONTHS ? key.len - ROW_DAY_BYTES
						 : (size_t) (country_end - key.at);

	if (len > ROW_KEY_MAX - ROW_DAY_BYTES)
		return ST_MALFORMED;
	memcpy(out, key.at, len);
	if (row->day < span->from)
		len += row_put_day(out + len, span->from);
	else
		out[len - 1] = 1; /* it was the NUL behind a code: now behind all days */
	*ret_len = len;
	return ST_OK;
}

static status
count_row(struct counting *c, const struct span *span, const struct cell_key *key,
          struct bytes value, struct run *run)
{
	struct counted row = { .key = *key };
	status st = read_amount(c->question, span->table, value, &row.amount);

	if (st == ST_OK)
		return run_add(c, run, &row);
	return st == ST_NOT_FOUND ? ST_OK : st;
}

/* Add the row where the walk stands, and go on; false at the end. */
static bool
count_next(struct counting *c, const struct span *span, struct kv_walk *walk, struct run *run,
           status *st)
{
	uint8_t at[ROW_KEY_MAX];
	struct cell_key key;
	size_t len = 0;

	*st = read_key(span->table, walk->key, &key);
	if (*st == ST_OK && key.day >= span->from && key.day <= span->to) {
		if (counting_wants(c, &key))
			*st = count_row(c, span, &key, walk->value, run);
		return *st == ST_OK && kv_next(walk);
	}
	if (*st == ST_OK)
		*st = leap(span, walk->key, &key, at, &len);
	if (*st < 0)
		return false;
	kv_walk_done(walk);
	return kv_seek(c->q->txn, span->table, (struct bytes) { at, len }, walk);
}

static status
count_span(struct counting *c, const struct span *span)
{
	uint8_t begin[ROW_KEY_MAX];
	size_t len = begin_of(c->question, span, begin), first = len;
	struct run run = { .open = false };
	struct kv_walk walk;
	bool more;
	status st = ST_OK;

	if (span->table == TABLE_MONTHS && !span->unit)
		begin[first++] = 1; /* behind the empty unit, before all others */
	more = kv_seek(c->q->txn, span->table, (struct bytes) { begin, first }, &walk);
	while (more && walk.key.len >= len && memcmp(walk.key.at, begin, len) == 0)
		more = count_next(c, span, &walk, &run, &st);
	if (st == ST_OK)
		st = walk.st;
	if (st == ST_OK)
		st = run_end(c, &run);
	kv_walk_done(&walk);
	return st;
}

/* Countries, modes and secondary counts are known of cells alone. */
static bool
needs_cells(const struct counts_question *question)
{
	bool needs = question->what != COUNT_QUANTITY;

	for (size_t i = 0; i < question->by_count; i++)
		needs = needs || question->by[i] == BY_COUNTRY || question->by[i] == BY_MODE;
	return needs;
}

/* Of whole months their sums are enough; what is before the first one and behind the last one
 * is read by days. */
static status
count_range(struct counting *c, const struct text *unit, date from, date to)
{
	int days = unit && unit->len == 0 ? TABLE_DAYS : TABLE_CELLS;
	struct plan_period begin = period_at(PERIOD_MONTH, from), end = period_at(PERIOD_MONTH, to);
	date first = begin.from == from ? from : begin.to + 1;
	date last = end.to == to ? to : end.from - 1;
	const struct span parts[] = {
		{ days, unit, from, first - 1 },
		{ TABLE_MONTHS, unit, first, last },
		{ days, unit, last + 1, to },
	};
	status st = ST_OK;

	if (needs_cells(c->question) || first > last)
		return count_span(c, &(struct span) { days, unit, from, to });
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && st == ST_OK; i++) {
		if (parts[i].from <= parts[i].to)
			st = count_span(c, &parts[i]);
	}
	return st;
}

/* A walk for each unit reads only their rows. */
static status
count_cells(struct counting *c)
{
	static const struct text all = { "", 0 };
	const struct counts_question *question = c->question;
	date to = question->to < c->q->cutoff ? question->to : c->q->cutoff;
	bool each = needs_cells(question);
	status st = ST_OK;

	for (size_t i = 0; i < question->by_count; i++)
		each = each || question->by[i] == BY_UNIT;
	if (question->code.len > CODE_BYTES_MAX)
		return ST_LIMIT;
	if (question->from > to)
		return ST_OK;
	if (question->unit_count == 0)
		return count_range(c, each ? NULL : &all, question->from, to);
	for (size_t i = 0; i < question->unit_count && st == ST_OK; i++) {
		const struct text *unit = &question->units[i];

		st = unit->len <= CODE_BYTES_MAX ? count_range(c, unit, question->from, to)
						 : ST_LIMIT;
	}
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
