/* What is told once a quarter: the level of an indicator, how far an item has come, the
 * money of a project, and that all is told. */
#include <stdio.h>

#include "agent/entry_internal.h"
#include "agent/entry_numbers.h"
#include "common/event_text.h"
#include "protocol/msgid.h"

enum { NUMBER_BYTES = 24 };

/* ---- the quarter ---- */

static bool
read_quarter(struct checking *c)
{
	const char *value = c->e->quarter;

	if (!entry_given(value)) {
		entry_bad(c, "quarter", NULL, N_("the quarter must be given, as %s"), "2025-Q4");
		return false;
	}
	if (quarter_parse(value, strlen(value), &c->event.quarter) < 0) {
		entry_bad(c, "quarter", value, N_("quarters are written YYYY-QN, as in %s"),
		          "2025-Q4");
		return false;
	}
	entry_set(c, EVENT_QUARTER);
	return true;
}

static void
check_quarter(struct checking *c)
{
	char today[QUARTER_TEXT_BYTES];

	if (!read_quarter(c) || quarter_first(c->event.quarter) <= c->frame->today)
		return;
	quarter_format(quarter_of(c->frame->today), today);
	entry_problem_add(c, PROBLEM_CLOCK, "quarter", text_of(c->e->quarter),
	                  N_("this quarter has not begun; it is %s now"), today);
}

/* Only what is over can be complete. */
static void
check_ended(struct checking *c)
{
	char day[DATE_TEXT_BYTES];
	date last;

	if (!read_quarter(c))
		return;
	last = quarter_last(c->event.quarter);
	if (last < c->frame->today)
		return;
	date_format(last < DATE_MAX ? last + 1 : last, day);
	entry_problem_add(c, PROBLEM_CLOCK, "quarter", text_of(c->e->quarter),
	                  N_("this quarter has not ended; it can be closed from %s on"), day);
}

/* ---- level ---- */

static void
check_value(struct checking *c)
{
	const char *value = c->e->level;
	char most[NUMBER_BYTES];

	if (!entry_given(value)) {
		entry_bad(c, "level", NULL,
		          N_("the level must be given: what the indicator stood at"), NULL);
		return;
	}
	snprintf(most, sizeof(most), "%lld", (long long) PLAN_NUMBER_MAX);
	if (entry_number(value, PLAN_NUMBER_MAX, &c->event.value))
		entry_set(c, EVENT_VALUE);
	else
		entry_bad(c, "level", value, N_("a whole number from 0 to %s is wanted"), most);
}

void
entry_check_level(struct checking *c)
{
	entry_need_code(c, ROW_INDICATOR, EVENT_INDICATOR, "indicator", c->e->indicator,
	                N_("say which indicator it is the level of"), &c->event.indicator);
	check_quarter(c);
	check_value(c);
}

/* ---- progress ---- */

static void
take_code(struct checking *c, plan_row kind, event_field bit, const char *field, const char *code,
          struct text *ret_code)
{
	if (!entry_given(code) || !entry_check_code(c, kind, field, text_of(code)))
		return;
	*ret_code = text_of(code);
	entry_set(c, bit);
}

static void
check_item(struct checking *c)
{
	const struct entry *e = c->e;
	size_t given = e->initiative_count;

	given += entry_given(e->commitment);
	given += entry_given(e->risk);
	if (given != 1) {
		entry_bad(c, "initiative", NULL,
		          N_("say of what it is: one initiative, one commitment or one risk"),
		          NULL);
		return;
	}
	entry_check_initiatives(c);
	take_code(c, ROW_COMMITMENT, EVENT_COMMITMENT, "commitment", e->commitment,
	          &c->event.commitment);
	take_code(c, ROW_RISK, EVENT_RISK, "risk", e->risk, &c->event.risk);
}

void
entry_check_progress(struct checking *c)
{
	const char *percent = c->e->percent;

	check_item(c);
	check_quarter(c);
	if (!entry_given(percent) && !entry_given(c->e->note))
		entry_bad(c, "percent", NULL,
		          N_("say how far it has come: a percentage, a text, or both"), NULL);
	if (!entry_given(percent))
		return;
	if (entry_percent(percent, &c->event.percent))
		entry_set(c, EVENT_PERCENT);
	else
		entry_bad(c, "percent", percent,
		          N_("a number from 0 to 100 is wanted, with at most two decimals, as %s"),
		          "62.5");
}

/* ---- budget ---- */

static const char *
money_rule(money_fault fault)
{
	switch (fault) {
	case MONEY_NEGATIVE: return N_("an amount is not below 0");
	case MONEY_FRACTION: return N_("whole pesos are wanted, as %s");
	case MONEY_AMBIGUOUS:
		return N_("is that thousands or a decimal?  Write it as %s, or without separators");
	case MONEY_TOO_MUCH: return N_("too much: whole pesos are wanted, at most 10^15");
	case MONEY_RIGHT:
	case MONEY_NO_NUMBER: break;
	}
	return N_("an amount in whole pesos is wanted, as %s");
}

static void
check_amount(struct checking *c, event_field bit, const char *field, const char *value,
             uint64_t *ret_pesos)
{
	money_fault fault;

	if (!entry_given(value)) {
		entry_bad(c, field, NULL,
		          N_("all four amounts must be given, 0 where there is none"), NULL);
		return;
	}
	fault = entry_money(value, ret_pesos);
	if (fault == MONEY_RIGHT)
		entry_set(c, bit);
	else
		entry_bad(c, field, value, money_rule(fault), "1.234.567");
}

/* Books are sometimes wrong for a while; the office sees it as the unit does. */
static void
warn_of_order(struct checking *c)
{
	const char *doubts[EVENT_DOUBTS_MAX];
	const uint64_t all = EVENT_BIT(EVENT_APPROPRIATED) | EVENT_BIT(EVENT_COMMITTED) |
		EVENT_BIT(EVENT_OBLIGATED) | EVENT_BIT(EVENT_PAID);
	size_t count = (c->event.has & all) == all ? event_doubts(&c->event, doubts) : 0;

	for (size_t i = 0; i < count; i++)
		entry_problem_add(c, PROBLEM_WARNING, "project", c->event.project, doubts[i], NULL);
}

void
entry_check_budget(struct checking *c)
{
	const struct entry *e = c->e;
	struct event *event = &c->event;

	entry_need_code(c, ROW_PROJECT, EVENT_PROJECT, "project", e->project,
	                N_("say which project it is, by its BPIN"), &event->project);
	check_quarter(c);
	check_amount(c, EVENT_APPROPRIATED, "appropriated", e->appropriated, &event->appropriated);
	check_amount(c, EVENT_COMMITTED, "committed", e->committed, &event->committed);
	check_amount(c, EVENT_OBLIGATED, "obligated", e->obligated, &event->obligated);
	check_amount(c, EVENT_PAID, "paid", e->paid, &event->paid);
	warn_of_order(c);
}

/* ---- the end of a quarter ---- */

void
entry_check_close(struct checking *c)
{
	const struct entry *e = c->e;
	struct event *event = &c->event;

	check_ended(c);
	entry_check_codes(c, ROW_INDICATOR, EVENT_ZERO, "zero", e->zero, e->zero_count,
	                  DECLARED_MAX, &event->zero);
	entry_check_codes(c, ROW_INDICATOR, EVENT_NOTHING, "nothing-to-do", e->nothing,
	                  e->nothing_count, DECLARED_MAX, &event->nothing);
	for (size_t i = 0; i < event->nothing.count; i++) {
		for (size_t k = 0; k < event->zero.count; k++) {
			if (text_equal(event->nothing.list[i], event->zero.list[k]))
				entry_problem_add(
					c, PROBLEM_FORM, "nothing-to-do", event->nothing.list[i],
					N_("there was nothing, or nothing to do: not both"), NULL);
		}
	}
}
