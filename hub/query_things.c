/* What a thing counts changes on the days on which something is told of it, so all
 * questions go by these changes: +1 where and when it first comes in, -1 where and when it
 * goes out, 0 when somebody tells what others have told. */
#include <stdlib.h>

#include "hub/query_internal.h"
#include "hub/things.h"

struct changing {
	const struct query *q;
	const struct plan_indicator *indicator;
	status (*change)(void *ctx, const struct thing *t, int by);
	void *ctx;

	char key[CODE_BYTES_MAX + 1]; /* of the thing before */
	bool in_baseline, in;
};

static bool
is_same(const struct changing *c, struct text key)
{
	return text_is(key, c->key);
}

/* Of one that the baseline holds, which is in from the beginning, only its going counts. */
static void
begin_key(struct changing *c, const struct thing *t)
{
	memcpy(c->key, t->key.at, t->key.len);
	c->key[t->key.len] = '\0';
	c->in_baseline = thing_in_baseline(c->q->plan, text_of(c->indicator->code), t->key);
	c->in = c->in_baseline;
}

static status
visit(void *ctx, const struct thing *t)
{
	struct changing *c = ctx;
	bool was;

	if (t->key.len > CODE_BYTES_MAX)
		return ST_MALFORMED;
	if (t->day > c->q->cutoff)
		return ST_OK;
	if (!is_same(c, t->key))
		begin_key(c, t);
	was = c->in;
	c->in = !t->out;
	return c->change(c->ctx, t, (int) c->in - (int) was);
}

static status
each_change(const struct query *q, const struct plan_indicator *indicator,
            status (*change)(void *ctx, const struct thing *t, int by), void *ctx)
{
	struct changing c = { .q = q, .indicator = indicator, .change = change, .ctx = ctx };

	return things_each(q->txn, indicator->code, visit, &c);
}

/* ---- years ---- */

static status
add_to_year(void *ctx, const struct thing *t, int by)
{
	struct year *year = year_of(ctx, date_civil(t->day).year);

	if (!year)
		return ST_MALFORMED;
	year->any = true;
	year->change += by;
	return ST_OK;
}

status
things_years(const struct query *q, const struct plan_indicator *indicator,
             struct progress_result results[static YEARS_MAX], size_t *ret_count)
{
	struct year *years = years_new();
	int64_t baseline = indicator->has_baseline ? indicator->baseline : 0;
	status st = years ? each_change(q, indicator, add_to_year, years) : ST_NOMEM;

	if (st == ST_OK)
		st = years_results(years, is_sum(indicator->accumulation), baseline, results,
		                   ret_count);
	free(years);
	return st;
}

/* ---- counts ---- */

static status
add_to_counts(void *ctx, const struct thing *t, int by)
{
	struct counting *c = ctx;
	struct cell_key row;

	return by != 0 && counting_row(c, t->unit, t->day, &row) ? counting_add(c, &row, by)
								 : ST_OK;
}

status
things_count(struct counting *c, const struct plan_indicator *indicator)
{
	if (c->question->what != COUNT_QUANTITY)
		return ST_OK;
	return each_change(c->q, indicator, add_to_counts, c);
}
