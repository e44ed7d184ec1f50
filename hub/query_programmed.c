/* What the plan programs beside what came of it.  Only like is set beside like: what is
 * counted by other keys, or of some units only, no target stands for. */
#include <stdlib.h>

#include "hub/period.h"
#include "hub/query_internal.h"

/* Where the parts of a target stand in the key of a row. */
struct layout {
	const struct plan_indicator *indicator;
	bool by_unit, by_quarter;
	size_t unit, period; /* places in by; unit is valid with by_unit */
	struct text only;    /* the one unit that was asked for, where it is no key */
};

static bool
layout_of(const plan *p, const struct counts_question *question, struct layout *ret_layout)
{
	struct layout l = { .indicator = plan_indicator(p, question->code.at, question->code.len) };
	bool by_period = false;

	/* things are counted by what changed, and the target of a level is none of that */
	if (l.indicator && l.indicator->by == FEEDER_THING && !is_sum(l.indicator->accumulation))
		return false;
	if (!l.indicator || question->status != STATUS_DONE || question->what != COUNT_QUANTITY)
		return false;
	for (size_t i = 0; i < question->by_count; i++) {
		count_key key = question->by[i];
		bool period = key == BY_YEAR || key == BY_QUARTER;

		if (period && !by_period) {
			by_period = true;
			l.by_quarter = key == BY_QUARTER;
			l.period = i;
		} else if (key == BY_UNIT) {
			l.by_unit = true;
			l.unit = i;
		} else {
			return false;
		}
	}
	if (!l.by_unit && question->unit_count > 1)
		return false;
	if (!l.by_unit && question->unit_count == 1)
		l.only = question->units[0];
	*ret_layout = l;
	return by_period;
}

bool
query_programs(const plan *p, const struct counts_question *question)
{
	struct layout l;

	return layout_of(p, question, &l);
}

bool
query_programmed(const plan *p, const struct counts_question *question, const struct group *row,
                 int64_t *ret_value)
{
	struct layout l;
	const char *period;
	uint64_t quarter;

	if (!layout_of(p, question, &l))
		return false;
	if (l.by_unit)
		l.only = text_of(group_text(row, l.unit));
	period = group_text(row, l.period);
	if (!l.by_quarter)
		return plan_programmed(l.indicator, l.only, (int) strtol(period, NULL, 10), 0,
		                       ret_value);
	return quarter_parse(period, strlen(period), &quarter) == ST_OK &&
		plan_programmed(l.indicator, l.only, (int) (quarter / 4), (int) (quarter % 4) + 1,
	                        ret_value);
}

/* ---- rows of what nobody has reported yet ---- */

/* A period that has begun by the cut-off and has a day that was asked for. */
static bool
is_asked_for(const struct counting *c, struct plan_period days)
{
	return days.from <= c->q->cutoff && days.from <= c->question->to &&
		days.to >= c->question->from;
}

static status
add_row(struct counting *c, const struct layout *l, struct text unit, int year, int quarter)
{
	const uint64_t first = (uint64_t) year * 4 + (uint64_t) (quarter > 0 ? quarter - 1 : 0);
	const uint64_t last = quarter > 0 ? first : first + 3;
	const struct plan_period days = { quarter_first(first), quarter_last(last) };
	const struct cell_key row = { .unit = unit, .day = days.from };
	char key[GROUP_KEY_BYTES];
	size_t len;
	status st;

	if ((quarter > 0) != l->by_quarter || !is_asked_for(c, days))
		return ST_OK;
	st = counting_key(c, &row, key, &len);
	return st == ST_OK ? groups_row(&c->rows, key, len) : st;
}

static status
add_units(struct counting *c, const struct layout *l)
{
	status st = ST_OK;

	for (size_t i = 0; i < l->indicator->unit_target_count; i++) {
		const struct plan_unit_targets *u = &l->indicator->unit_targets[i];

		if (!counting_wants_unit(c, text_of(u->unit)))
			continue;
		for (size_t k = 0; k < u->target_count && st == ST_OK; k++)
			st = add_row(c, l, text_of(u->unit), u->targets[k].year,
			             u->targets[k].quarter);
	}
	return st;
}

static status
add_whole(struct counting *c, const struct layout *l)
{
	const struct plan_indicator *indicator = l->indicator;
	status st = ST_OK;

	for (size_t i = 0; i < indicator->target_count && st == ST_OK; i++)
		st = add_row(c, l, l->only, indicator->targets[i].year, 0);
	for (size_t i = 0; i < indicator->quarter_target_count && st == ST_OK; i++)
		st = add_row(c, l, l->only, indicator->quarter_targets[i].year,
		             indicator->quarter_targets[i].quarter);
	return st;
}

status
programmed_rows(struct counting *c)
{
	struct layout l;

	if (!layout_of(c->q->plan, c->question, &l))
		return ST_OK;
	/* of one unit all rows are its, whether the unit is a key or not */
	return l.by_unit || l.only.len > 0 ? add_units(c, &l) : add_whole(c, &l);
}
