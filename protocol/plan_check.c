#include <stdio.h>
#include <string.h>

#include "protocol/code.h"
#include "protocol/codec.h"
#include "protocol/msgid.h"
#include "protocol/plan_internal.h"

/* Where each table stands in the document, and what to say of a link that
 * leads nowhere; NULL where no link leads to the table. */
static const struct {
	const char *outer, *key;
	const char *nowhere, *nearest;
} tables[TABLES_] = {
	[LIST_OBJECTIVES] = { NULL, "objectives", N_("there is no such objective"),
	                      N_("there is no such objective; the nearest one is %s") },
	[LIST_STRATEGIES] = { NULL, "strategies", N_("there is no such strategy"),
	                      N_("there is no such strategy; the nearest one is %s") },
	[LIST_MODES] = { NULL, "modes", NULL, NULL },
	[LIST_COUNTS] = { NULL, "counts", NULL, NULL },
	[LIST_ACTORS] = { NULL, "actors", NULL, NULL },
	[LIST_COMMITMENTS] = { NULL, "commitments", NULL, NULL },
	[LIST_PROJECTS] = { NULL, "projects", NULL, NULL },
	[LIST_RISKS] = { NULL, "risks", NULL, NULL },
	[LIST_INTENTIONS] = { "policy", "intentions", NULL, NULL },
	[LIST_SDG] = { NULL, "sdg", NULL, NULL },
	[TABLE_UNITS] = { NULL, "units", N_("there is no such unit"),
	                  N_("there is no such unit; the nearest one is %s") },
	[TABLE_INDICATORS] = { NULL, "indicators", N_("there is no such indicator"),
	                       N_("there is no such indicator; the nearest one is %s") },
	[TABLE_INITIATIVES] = { NULL, "initiatives", N_("there is no such initiative"),
	                        N_("there is no such initiative; the nearest one is %s") },
	[TABLE_ACTIONS] = { NULL, "actions", NULL, NULL },
	[TABLE_REPORTING] = { NULL, "reporting", NULL, NULL },
};

/* The path of a table, in place: it must outlive this function, which a literal of
 * AT_KEY() here would not. */
static const struct plan_path *
path_of(int table, struct plan_path place[static 2])
{
	place[0] = (struct plan_path) { .key = tables[table].outer };
	place[1] = (struct plan_path) { tables[table].outer ? &place[0] : NULL, tables[table].key,
		                        0 };
	return &place[1];
}

static void
report_twice(struct plan_checker *c, int table, size_t row, int first_table, size_t first_row)
{
	struct plan_path place[2], first_place[2];
	const struct plan_path *list = path_of(table, place);
	const struct plan_path *first = path_of(first_table, first_place);
	char pointer[80];

	plan_pointer(AT_KEY(AT_INDEX(first, first_row), "code"), pointer, sizeof(pointer));
	plan_report(c, AT_KEY(AT_INDEX(list, row), "code"),
	            N_("the same code stands at %s already"), pointer);
}

/* A code is unique in its list.  An event names an indicator or an initiative
 * in the same way, so these two share their codes. */
static void
check_codes(struct plan_checker *c, int table)
{
	for (size_t row = 0; row < c->p->tables[table].count; row++) {
		const char *code = plan_row_code(c->p, table, row);
		size_t first;

		if (!code) /* reported when it was read */
			continue;
		first = plan_find(c->p, table, code, strlen(code));
		if (first != row)
			report_twice(c, table, row, table, first);
		if (table != TABLE_INDICATORS)
			continue;
		first = plan_find(c->p, TABLE_INITIATIVES, code, strlen(code));
		if (first != SIZE_MAX)
			report_twice(c, table, row, TABLE_INITIATIVES, first);
	}
}

/* NULL when nothing is near enough to have been meant. */
static const char *
nearest_code(const plan *p, int table, const char *code)
{
	const char *nearest = NULL;
	size_t least = SIZE_MAX;

	for (size_t row = 0; row < p->tables[table].count; row++) {
		const char *other = plan_row_code(p, table, row);
		size_t distance = other ? code_distance(code, other) : SIZE_MAX;

		if (distance < least) {
			least = distance;
			nearest = other;
		}
	}
	return nearest && code_near(least, strlen(code)) ? nearest : NULL;
}

void
plan_check_code(struct plan_checker *c, const struct plan_path *at, const char *code, int table)
{
	const char *nearest;

	if (plan_find(c->p, table, code, strlen(code)) != SIZE_MAX)
		return;
	/* only while it will be told: to compare with a whole list is what
	 * could make a hostile document slow */
	nearest = c->problems->count < PLAN_PROBLEMS_MAX ? nearest_code(c->p, table, code) : NULL;
	plan_report(c, at, nearest ? tables[table].nearest : tables[table].nowhere, nearest);
}

/* The text at that place must be a code of the table.  What is no code has
 * been reported. */
static void
check_link(struct plan_checker *c, const struct plan_path *at, int table)
{
	const json_t *value = plan_at(c->p, at);
	const char *code = json_string_value(value);

	if (code && code_valid((struct text) { code, json_string_length(value) }))
		plan_check_code(c, at, code, table);
}

/* What is no list, or not there, has no entries for jansson, so no link is
 * checked. */
static void
check_link_list(struct plan_checker *c, const struct plan_path *at, int table)
{
	size_t count = json_array_size(plan_at(c->p, at));

	for (size_t i = 0; i < count; i++)
		check_link(c, AT_INDEX(at, i), table);
}

static void
check_item_links(struct plan_checker *c, int table)
{
	struct plan_path place[2];
	const struct plan_path *list = path_of(table, place);

	for (size_t row = 0; row < c->p->tables[table].count; row++) {
		const struct plan_path *at = AT_INDEX(list, row);

		if (table == LIST_RISKS)
			check_link_list(c, AT_KEY(at, "initiatives"), TABLE_INITIATIVES);
		else
			check_link_list(c, AT_KEY(at, "objectives"), LIST_OBJECTIVES);
		if (table == LIST_PROJECTS)
			check_link(c, AT_KEY(at, "strategy"), LIST_STRATEGIES);
	}
}

static void
check_initiative(struct plan_checker *c, const struct plan_path *at,
                 const struct plan_initiative *initiative)
{
	const struct plan_unit *area = NULL;

	check_link(c, AT_KEY(at, "strategy"), LIST_STRATEGIES);
	check_link(c, AT_KEY(at, "area"), TABLE_UNITS);
	if (initiative->area)
		area = plan_unit(c->p, initiative->area, strlen(initiative->area));
	/* a kind that could not be read was told at the unit */
	if (area && (unsigned) area->kind != UNSET_WORD && area->kind != UNIT_AREA)
		plan_report(c, AT_KEY(at, "area"), N_("must be a unit of the kind area"), NULL);
}

/* A period of which a day could not be read passes: here, and wherever UNSET_* is
 * asked for below, one mistake is to be told once. */
static void
check_period(struct plan_checker *c, const struct plan_path *at, struct plan_period period)
{
	char from[DATE_TEXT_BYTES];

	if (period.from == UNSET_DATE || period.to == UNSET_DATE || period.from <= period.to)
		return;
	date_format(period.from, from);
	plan_report(c, AT_KEY(at, "to"), N_("must not be before %s, where the period begins"),
	            from);
}

static void
check_unit(struct plan_checker *c, const struct plan_path *at, const struct plan_unit *unit)
{
	char opened[DATE_TEXT_BYTES];

	if (unit->kind == UNIT_AREA && unit->counts_as_mission)
		plan_report(c, AT_KEY(at, "counts_as_mission"),
		            N_("must be false: an area is no mission abroad"), NULL);
	if (unit->opened == UNSET_DATE || unit->closed == UNSET_DATE ||
	    unit->opened <= unit->closed)
		return;
	date_format(unit->opened, opened);
	plan_report(c, AT_KEY(at, "closed"), N_("must not be before %s, the day of the opening"),
	            opened);
}

/* The years from first to last, for which targets may be given. */
struct years {
	int first, last;
};

static bool
is_whole(struct plan_period period)
{
	return period.from != UNSET_DATE && period.to != UNSET_DATE && period.from <= period.to;
}

bool
plan_indicator_days(const plan *p, const struct plan_indicator *indicator,
                    struct plan_period *ret_days)
{
	*ret_days = indicator->has_period ? indicator->period : p->period;
	return is_whole(*ret_days);
}

static struct years
years_of(struct plan_period period)
{
	return (struct years) { date_civil(period.from).year, date_civil(period.to).year };
}

static void
report_outside(struct plan_checker *c, const struct plan_path *at, struct years years)
{
	char span[32];

	snprintf(span, sizeof(span), "%d-%d", years.first, years.last);
	plan_report(c, at, N_("the year is outside the period %s"), span);
}

/* How many targets lie within the period.  The others are reported. */
static size_t
check_target_years(struct plan_checker *c, const struct plan_path *at,
                   const struct plan_indicator *indicator, struct years years)
{
	size_t within = 0;
	char key[12];

	for (size_t i = 0; i < indicator->target_count; i++) {
		int year = indicator->targets[i].year;

		if (year >= years.first && year <= years.last) {
			within++;
			continue;
		}
		snprintf(key, sizeof(key), "%d", year);
		report_outside(c, AT_KEY(at, key), years);
	}
	return within;
}

/* Where every year has a target, they must lead to the goal.  A year has one
 * spelling and no key stands twice, so to count the targets is enough; a target
 * that could not be read is missing, and then nothing is said of the sum.  That
 * cannot overflow: 300 years of PLAN_NUMBER_MAX at most. */
static void
check_targets(struct plan_checker *c, const struct plan_path *at,
              const struct plan_indicator *indicator)
{
	bool adds_up = indicator->accumulation == ACCUMULATION_SUM;
	struct plan_period days;
	struct years years;
	size_t within, all;
	int64_t due = 0;

	if (!plan_indicator_days(c->p, indicator, &days))
		return;
	years = years_of(days);
	within = check_target_years(c, AT_KEY(at, "targets"), indicator, years);
	all = (size_t) years.last - (size_t) years.first + 1;
	if (within != all || within != indicator->target_count)
		return;
	if (indicator->goal == UNSET_NUMBER || (unsigned) indicator->accumulation == UNSET_WORD)
		return;
	for (size_t i = 0; i < within; i++)
		/* by ascending year, so that of the last one is left */
		due = adds_up ? due + indicator->targets[i].value : indicator->targets[i].value;
	if (indicator->goal != due)
		plan_report_number(c, AT_KEY(at, "goal"),
		                   adds_up ? N_("must be %s, the sum of the targets of all years")
		                           : N_("must be %s, the target of the last year"),
		                   due);
}

/* Only these two must have a baseline. */
static void
check_goal(struct plan_checker *c, const struct plan_path *at,
           const struct plan_indicator *indicator)
{
	bool rises = indicator->accumulation == ACCUMULATION_CAPACITY;
	bool falls = indicator->accumulation == ACCUMULATION_REDUCTION;

	if ((!rises && !falls) || indicator->baseline == UNSET_NUMBER)
		return;
	if (!indicator->has_baseline)
		plan_report(c, AT_KEY(at, "baseline"),
		            N_("must be a number: this accumulation measures from it"), NULL);
	else if (indicator->goal == UNSET_NUMBER)
		return; /* told already */
	else if (rises && indicator->goal < indicator->baseline)
		plan_report_number(c, AT_KEY(at, "goal"), N_("must not be below the baseline, %s"),
		                   indicator->baseline);
	else if (falls && indicator->goal > indicator->baseline)
		plan_report_number(c, AT_KEY(at, "goal"), N_("must not be above the baseline, %s"),
		                   indicator->baseline);
}

/* The things of the baseline that are named, and how many of them are units
 * that count as missions. */
static void
check_baseline_keys(struct plan_checker *c, const struct plan_path *at,
                    const struct plan_indicator *indicator)
{
	int64_t named = (int64_t) indicator->baseline_key_count, missions = 0;

	if (named == 0)
		return;
	if (indicator->by != FEEDER_THING && (unsigned) indicator->by != UNSET_WORD)
		plan_report(c, AT_KEY(at, "baseline_keys"),
		            N_("only an indicator fed by things may have this key"), NULL);
	if (!indicator->has_baseline || indicator->baseline == named)
		return;
	for (size_t i = 0; i < indicator->baseline_key_count; i++) {
		const char *key = indicator->baseline_keys[i];
		const struct plan_unit *unit = plan_unit(c->p, key, strlen(key));

		missions += unit && unit->counts_as_mission;
	}
	plan_note_number(c, AT_KEY(at, "baseline"),
	                 missions == named
	                         ? N_("baseline_keys names %s units that count as missions")
	                         : N_("baseline_keys names %s things"),
	                 named);
}

/* baseline_included tells readers how the goal was set; the formulas go by the
 * accumulation alone. */
static void
check_baseline_included(struct plan_checker *c, const struct plan_path *at,
                        const struct plan_indicator *indicator)
{
	bool sums = indicator->accumulation == ACCUMULATION_SUM ||
		indicator->accumulation == ACCUMULATION_FLOW;
	bool rises = indicator->accumulation == ACCUMULATION_CAPACITY;

	if (!indicator->has_baseline)
		return;
	if (sums && indicator->baseline_included)
		plan_note(c, AT_KEY(at, "baseline_included"),
		          N_("this accumulation takes the goal to be without the baseline"));
	if (rises && !indicator->baseline_included)
		plan_note(c, AT_KEY(at, "baseline_included"),
		          N_("this accumulation takes the goal to include the baseline"));
}

static void
check_indicator(struct plan_checker *c, const struct plan_path *at,
                const struct plan_indicator *indicator)
{
	if (indicator->has_period)
		check_period(c, AT_KEY(at, "period"), indicator->period);
	check_link_list(c, AT_KEY(at, "links"), TABLE_INITIATIVES);
	check_goal(c, at, indicator);
	check_targets(c, at, indicator);
	plan_check_programmed(c, at, indicator);
	check_baseline_included(c, at, indicator);
	check_baseline_keys(c, at, indicator);
}

/* An action plan is a year's, and the years are those of the plan. */
static void
check_action(struct plan_checker *c, const struct plan_path *at, const struct plan_action *action)
{
	struct years years;

	check_link(c, AT_KEY(at, "initiative"), TABLE_INITIATIVES);
	check_link(c, AT_KEY(at, "responsible"), TABLE_UNITS);
	check_link(c, AT_KEY(at, "indicator"), TABLE_INDICATORS);
	if (action->year == UNSET_NUMBER || !is_whole(c->p->period))
		return;
	years = years_of(c->p->period);
	if (action->year < years.first || action->year > years.last)
		report_outside(c, AT_KEY(at, "year"), years);
}

/* Nobody at all would be a way to retire something without a date. */
static void
check_reporting(struct plan_checker *c, const struct plan_path *at,
                const struct plan_reporting *reporting)
{
	static const int lists[] = { TABLE_INDICATORS, TABLE_INITIATIVES, LIST_COMMITMENTS,
		                     LIST_RISKS, LIST_PROJECTS };
	const char *code = reporting->code;
	bool found = !code;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		found = found || plan_find(c->p, lists[i], code, strlen(code)) != SIZE_MAX;
	if (!found)
		plan_report(c, AT_KEY(at, "code"),
		            N_("there is no such indicator, initiative, commitment, risk or "
		               "project"),
		            NULL);
	check_link_list(c, AT_KEY(at, "units"), TABLE_UNITS);
	if (json_array_size(plan_at(c->p, AT_KEY(at, "units"))) == 0 &&
	    json_array_size(plan_at(c->p, AT_KEY(at, "kinds"))) == 0)
		plan_report(c, at, N_("units or kinds of units must be named here"), NULL);
}

static void
check_lights(struct plan_checker *c)
{
	const struct plan_path *at = AT_KEY(NULL, "lights");
	int64_t red = c->p->lights.red, yellow = c->p->lights.yellow, green = c->p->lights.green;

	if (red != UNSET_NUMBER && yellow != UNSET_NUMBER && yellow <= red)
		plan_report_number(c, AT_KEY(at, "yellow"), N_("must be above red, %s"), red);
	if (yellow != UNSET_NUMBER && green != UNSET_NUMBER && green <= yellow)
		plan_report_number(c, AT_KEY(at, "green"), N_("must be above yellow, %s"), yellow);
}

void
plan_check_rules(struct plan_checker *c)
{
	const plan *p = c->p;
	const struct plan_initiative *initiatives = p->tables[TABLE_INITIATIVES].rows;
	const struct plan_indicator *indicators = p->tables[TABLE_INDICATORS].rows;
	const struct plan_unit *units = p->tables[TABLE_UNITS].rows;
	const struct plan_action *actions = p->tables[TABLE_ACTIONS].rows;
	const struct plan_reporting *reporting = p->tables[TABLE_REPORTING].rows;

	check_period(c, AT_KEY(NULL, "period"), p->period);
	for (int table = 0; table < TABLES_; table++)
		check_codes(c, table);
	check_item_links(c, LIST_STRATEGIES);
	check_item_links(c, LIST_PROJECTS);
	check_item_links(c, LIST_RISKS);
	for (size_t i = 0; i < p->tables[TABLE_INITIATIVES].count; i++)
		check_initiative(c, AT_INDEX(AT_KEY(NULL, "initiatives"), i), &initiatives[i]);
	for (size_t i = 0; i < p->tables[TABLE_INDICATORS].count; i++)
		check_indicator(c, AT_INDEX(AT_KEY(NULL, "indicators"), i), &indicators[i]);
	for (size_t i = 0; i < p->tables[TABLE_ACTIONS].count; i++)
		check_action(c, AT_INDEX(AT_KEY(NULL, "actions"), i), &actions[i]);
	plan_check_weights(c);
	for (size_t i = 0; i < p->tables[TABLE_UNITS].count; i++)
		check_unit(c, AT_INDEX(AT_KEY(NULL, "units"), i), &units[i]);
	for (size_t i = 0; i < p->tables[TABLE_REPORTING].count; i++)
		check_reporting(c, AT_INDEX(AT_KEY(NULL, "reporting"), i), &reporting[i]);
	check_lights(c);
}
