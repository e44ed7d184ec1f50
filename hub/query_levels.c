/* Levels keep no sums: a quarter that is corrected changes all that was carried forward
 * from it, and the rows of an indicator are a few thousand at most. */
#include <stdlib.h>

#include "hub/hub.h"
#include "hub/query_internal.h"

/* ---- the rows of one indicator, by unit, then by quarter ---- */

struct level {
	struct text unit;
	uint64_t quarter, value;
};

struct walking {
	struct kv_walk walk;
	uint8_t prefix[CODE_BYTES_MAX + 1];
	size_t len;
	bool more;
};

static void
begin(kv_txn *txn, const char *code, struct walking *w)
{
	w->len = strlen(code) + 1;
	memcpy(w->prefix, code, w->len);
	w->more = kv_seek(txn, TABLE_LEVELS, (struct bytes) { w->prefix, w->len }, &w->walk);
}

/* ST_NOT_FOUND: there are no more. */
static status
next(struct walking *w, struct level *ret_level)
{
	struct level_key key;
	status st;

	if (!w->more || w->walk.key.len < w->len || memcmp(w->walk.key.at, w->prefix, w->len) != 0)
		return w->walk.st < 0 ? w->walk.st : ST_NOT_FOUND;
	st = level_key_read(w->walk.key, &key);
	if (st == ST_OK)
		st = total_read(w->walk.value, &ret_level->value);
	if (st < 0)
		return st;
	ret_level->unit = key.unit;
	ret_level->quarter = key.quarter;
	w->more = kv_next(&w->walk);
	return ST_OK;
}

/* ---- years ---- */

bool
is_sum(plan_accumulation accumulation)
{
	return accumulation == ACCUMULATION_SUM || accumulation == ACCUMULATION_FLOW;
}

/* What a unit tells adds the difference to what it told before. */
static status
add_level(struct year *years, const struct level *l, const struct level *before, bool sum)
{
	struct year *year = year_of(years, (int) (l->quarter / 4));
	int64_t value = (int64_t) l->value;

	if (!year || l->value > PLAN_NUMBER_MAX)
		return ST_MALFORMED;
	if (!sum && text_equal(before->unit, l->unit))
		value -= (int64_t) before->value;
	year->any = true;
	return __builtin_add_overflow(year->change, value, &year->change) ? ST_MALFORMED : ST_OK;
}

static status
gather_years(const struct query *q, const struct plan_indicator *indicator, struct year *years)
{
	struct level l, before = { .unit = { "", 0 } };
	bool sum = is_sum(indicator->accumulation);
	struct walking w;
	status st;

	begin(q->txn, indicator->code, &w);
	while ((st = next(&w, &l)) == ST_OK) {
		if (quarter_first(l.quarter) > q->cutoff)
			continue;
		st = add_level(years, &l, &before, sum);
		if (st < 0)
			break;
		before = l;
	}
	kv_walk_done(&w.walk);
	return st == ST_NOT_FOUND ? ST_OK : st;
}

status
levels_years(const struct query *q, const struct plan_indicator *indicator,
             struct progress_result results[static YEARS_MAX], size_t *ret_count)
{
	struct year *years = years_new();
	status st = years ? gather_years(q, indicator, years) : ST_NOMEM;

	if (st == ST_OK)
		st = years_results(years, is_sum(indicator->accumulation), 0, results, ret_count);
	free(years);
	return st;
}

/* ---- counts ---- */

/* The last level of a unit within one group, or each of a sum. */
struct pending {
	bool any;
	struct level level;
	char key[GROUP_KEY_BYTES];
	size_t len;
};

/* last: no later one of that unit comes, so that the level is part of the total. */
static status
flush(struct counting *c, struct pending *p, bool last)
{
	status st = ST_OK;

	if (p->any)
		st = groups_add(&c->rows, p->key, p->len, (int64_t) p->level.value);
	if (p->any && last && __builtin_add_overflow(c->total, p->level.value, &c->total))
		st = ST_MALFORMED;
	p->any = false;
	return st;
}

static status
take(struct counting *c, struct pending *p, const struct level *l, bool sum)
{
	struct pending now = { .any = true, .level = *l };
	bool same_unit = p->any && text_equal(p->level.unit, l->unit);
	struct cell_key row;
	status st;

	if (!counting_row(c, l->unit, quarter_first(l->quarter), &row))
		return ST_OK;
	st = counting_key(c, &row, now.key, &now.len);
	if (st < 0)
		return st;
	if (sum || !same_unit || now.len != p->len || memcmp(now.key, p->key, now.len) != 0)
		st = flush(c, p, sum || !same_unit);
	*p = now;
	return st;
}

status
levels_count(struct counting *c, const struct plan_indicator *indicator)
{
	bool sum = is_sum(indicator->accumulation);
	struct pending p = { .any = false };
	struct walking w;
	struct level l;
	status st;

	if (c->question->what != COUNT_QUANTITY)
		return ST_OK;
	begin(c->q->txn, indicator->code, &w);
	while ((st = next(&w, &l)) == ST_OK) {
		st = take(c, &p, &l, sum);
		if (st < 0)
			break;
	}
	kv_walk_done(&w.walk);
	return st == ST_NOT_FOUND ? flush(c, &p, true) : st;
}
