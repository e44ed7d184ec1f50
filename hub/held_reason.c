#include "hub/held_reason.h"

#include <stdio.h>

#include "common/i18n.h"
#include "hub/event_row.h"
#include "hub/judge.h"
#include "hub/names.h"

/* The first of a list that the plan does not have.  Where it has all, one of them is
 * retired: then none is named, and the reason has to be enough. */
static struct text
first_unknown(const plan *p, name_kind kind, const struct text *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!name_of(p, kind, list[i]))
			return list[i];
	}
	return (struct text) { 0 };
}

static struct text
first_unknown_tally(const plan *p, name_kind kind, const struct tallies *t)
{
	for (size_t i = 0; i < t->count; i++) {
		if (!name_of(p, kind, t->list[i].name))
			return t->list[i].name;
	}
	return (struct text) { 0 };
}

static void
set_code(const plan *p, name_kind kind, struct text code, struct held_fault *fault)
{
	text_append(fault->found, sizeof(fault->found), code);
	/* A code that the plan has is at fault for another reason: it is retired. */
	fault->nearest = name_of(p, kind, code) ? NULL : name_nearest(p, kind, code);
}

/* Of a close it is one of those that it declares. */
static struct text
faulty_indicator(const plan *p, const struct event *e)
{
	struct text code;

	if (e->kind != KIND_CLOSE)
		return e->indicator;
	code = first_unknown(p, NAME_INDICATOR, e->zero.list, e->zero.count);
	return code.len > 0 ? code
			    : first_unknown(p, NAME_INDICATOR, e->nothing.list, e->nothing.count);
}

static void
set_day(const struct event *e, struct held_fault *fault)
{
	if (e->has & EVENT_BIT(EVENT_QUARTER))
		quarter_format(e->quarter, fault->found);
	else
		date_format((date) e->date, fault->found);
}

/* Only the reason is kept in the ledger.  What was at fault follows from the event
 * and the plan in force, so it is looked for when somebody asks. */
void
held_fault_of(const plan *p, const struct event *e, hold reason, struct held_fault *ret_fault)
{
	*ret_fault = (struct held_fault) { .found = "" };
	switch ((int) reason) {
	case HOLD_UNIT: set_code(p, NAME_UNIT, e->unit, ret_fault); return;
	case HOLD_RIGHT: text_append(ret_fault->found, sizeof(ret_fault->found), e->unit); return;
	case HOLD_INDICATOR: set_code(p, NAME_INDICATOR, faulty_indicator(p, e), ret_fault); return;
	case HOLD_INITIATIVE:
		set_code(p, NAME_INITIATIVE,
		         first_unknown(p, NAME_INITIATIVE, e->initiatives.list,
		                       e->initiatives.count),
		         ret_fault);
		return;
	case HOLD_COMMITMENT: set_code(p, NAME_COMMITMENT, e->commitment, ret_fault); return;
	case HOLD_RISK: set_code(p, NAME_RISK, e->risk, ret_fault); return;
	case HOLD_PROJECT: set_code(p, NAME_PROJECT, e->project, ret_fault); return;
	case HOLD_MODE: set_code(p, NAME_MODE, e->mode, ret_fault); return;
	case HOLD_COUNT:
		set_code(p, NAME_COUNT, first_unknown_tally(p, NAME_COUNT, &e->counts), ret_fault);
		return;
	case HOLD_GROUP:
		set_code(p, NAME_GROUP, first_unknown_tally(p, NAME_GROUP, &e->groups), ret_fault);
		return;
	case HOLD_REPORTER:
		text_append(ret_fault->found, sizeof(ret_fault->found), not_reported(p, e));
		return;
	case HOLD_DATE: set_day(e, ret_fault); return;
	case HOLD_LOCKED: quarter_format(quarter_of(event_day(e)), ret_fault->found); return;
	case HOLD_KIND:
		text_append(ret_fault->found, sizeof(ret_fault->found), e->kind_name);
		return;
	default: return;
	}
}

void
held_fault_text(hold reason, const struct held_fault *fault, char *out, size_t size)
{
	const char *text = gettext(hold_text(reason));

	if (*fault->found == '\0')
		snprintf(out, size, "%s", text);
	else if (!fault->nearest)
		snprintf(out, size, "%s: %s", text, fault->found);
	else
		snprintf(out, size, _("%s: %s; the nearest is %s"), text, fault->found,
		         fault->nearest);
}
