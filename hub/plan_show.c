/* For reading, and for comparing with the printed plan page by page: hence the
 * order of the document, and 80 columns whatever the terminal. */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/i18n.h"
#include "common/json_out.h"
#include "common/paragraph.h"
#include "hub/plan_cmd.h"

enum { WIDTH = 80, STEP = 2, LINE_BYTES = PLAN_TEXT_MAX_BYTES + 100 };

static void
blanks(int count)
{
	printf("%*s", count, "");
}

/* A code in a column of that width, and text beside it. */
static void
print_entry(int indent, int width, const char *code, const char *text)
{
	int used = paragraph_columns(code, strlen(code));

	blanks(indent);
	fputs(code, stdout);
	blanks(used < width ? width - used : 1);
	paragraph_print(text, indent + (used < width ? width : used + 1), indent + width, WIDTH);
}

static void __attribute__((format(printf, 3, 4)))
print_line(int indent, int width, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	blanks(indent + width);
	paragraph_print(line, indent + width, indent + width, WIDTH);
}

static void
print_heading(const char *title, size_t count)
{
	printf("\n%s (%zu)\n", title, count);
}

static void
print_text(const char *title, const char *text)
{
	if (!text)
		return;
	printf("\n%s\n", title);
	blanks(STEP);
	paragraph_print(text, STEP, STEP, WIDTH);
}

static void
print_retired(int indent, int width, date retired)
{
	char day[DATE_TEXT_BYTES];

	if (retired == PLAN_NOT_RETIRED)
		return;
	date_format(retired, day);
	print_line(indent, width, _("(retired on %s)"), day);
}

static void
print_head(const plan *p)
{
	const struct plan_about *about = plan_about(p);
	char edition[DATE_TEXT_BYTES], from[DATE_TEXT_BYTES], to[DATE_TEXT_BYTES];

	date_format(about->edition_date, edition);
	date_format(plan_period(p).from, from);
	date_format(plan_period(p).to, to);
	paragraph_print(plan_name(p), 0, 0, WIDTH);
	paragraph_print(about->entity, 0, 0, WIDTH);
	if (about->motto)
		print_line(0, 0, "“%s”", about->motto);
	print_line(0, 0, _("%s, version %u (edition %s of %s), from %s to %s"), plan_code(p),
	           (unsigned) plan_version(p), about->edition, edition, from, to);
	print_text(_("Mission"), about->mission);
	print_text(_("Vision"), about->vision);
	print_text("MIPG", about->mipg);
	print_heading(_("Norms"), about->norm_count);
	for (size_t i = 0; i < about->norm_count; i++)
		print_entry(STEP, STEP, "-", about->norms[i]);
}

/* Basis points as a percentage; nothing where the plan states none. */
static void
print_weight(int indent, int width, int64_t weight)
{
	if (weight > 0)
		print_line(indent, width, _("weight %d.%02d %%"), (int) weight / 100,
		           (int) weight % 100);
}

/* A row of the action plan, below its initiative. */
static void
print_action(const plan *p, const struct plan_action *action)
{
	const int indent = 4 * STEP, width = 12;
	const struct plan_unit *unit = plan_unit(p, action->responsible,
	                                         strlen(action->responsible));
	char line[LINE_BYTES];

	snprintf(line, sizeof(line), "%d  %s", (int) action->year, action->name);
	print_entry(indent, width, action->code, line);
	print_line(indent, width, "> %s", unit->name);
	print_weight(indent, width, action->weight);
	if (action->has_budget)
		print_line(indent, width, _("budget $ %lld"), (long long) action->budget);
	if (action->purchases)
		print_line(indent, width, _("purchases plan: %s"), action->purchases);
	if (action->indicator)
		print_line(indent, width, "= %s", action->indicator);
	print_retired(indent, width, action->retired);
}

static bool
is_linked(const struct plan_indicator *indicator, const char *initiative)
{
	for (size_t i = 0; i < indicator->link_count; i++) {
		if (strcmp(indicator->links[i], initiative) == 0)
			return true;
	}
	return false;
}

/* Where the area comes from is told, since for some the printed table has none:
 * the office is to confirm those. */
static void
print_initiative(const plan *p, const struct plan_initiative *initiative)
{
	const int indent = 2 * STEP, width = 8;
	const struct plan_unit *area = plan_unit(p, initiative->area, strlen(initiative->area));
	size_t count;
	const struct plan_indicator *indicators = plan_indicators(p, &count);

	print_entry(indent, width, initiative->code, initiative->name);
	if (initiative->area_source == AREA_INHERITED)
		print_line(indent, width, _("> %s (as the row above)"), area->name);
	else if (initiative->area_source == AREA_ASSUMED)
		print_line(indent, width, _("> %s (assumed, to be confirmed)"), area->name);
	else
		print_line(indent, width, "> %s", area->name);
	for (size_t i = 0; i < count; i++) {
		if (!is_linked(&indicators[i], initiative->code))
			continue;
		print_line(indent, width, "= %s %s", indicators[i].code, indicators[i].name);
	}
	if (initiative->note)
		print_line(indent, width, "! %s", initiative->note);
	print_weight(indent, width, initiative->weight);
	print_retired(indent, width, initiative->retired);
	for (const struct plan_action *a = plan_next_action(p, initiative->code, 0, NULL); a;
	     a = plan_next_action(p, initiative->code, 0, a))
		print_action(p, a);
}

static void
print_strategy(const plan *p, const struct plan_item *strategy)
{
	size_t count;
	const struct plan_initiative *initiatives = plan_initiatives(p, &count);

	print_entry(STEP, 5, strategy->code, strategy->name);
	print_weight(STEP, 5, strategy->weight);
	print_retired(STEP, 5, strategy->retired);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(initiatives[i].strategy, strategy->code) == 0)
			print_initiative(p, &initiatives[i]);
	}
}

/* The strategies of one objective, or, with NULL, those of several: they are
 * shown apart, and once. */
static void
print_strategies(const plan *p, const struct plan_item *objective)
{
	size_t count;
	const struct plan_item *strategies = plan_items(p, LIST_STRATEGIES, &count);

	for (size_t i = 0; i < count; i++) {
		bool transversal = strategies[i].objective_count > 1;

		if (objective ? !transversal &&
		                    strcmp(strategies[i].objectives[0], objective->code) == 0
		              : transversal)
			print_strategy(p, &strategies[i]);
	}
}

static bool
has_transversal(const plan *p)
{
	size_t count;
	const struct plan_item *strategies = plan_items(p, LIST_STRATEGIES, &count);

	for (size_t i = 0; i < count; i++) {
		if (strategies[i].objective_count > 1)
			return true;
	}
	return false;
}

static void
print_tree(const plan *p)
{
	size_t count;
	const struct plan_item *objectives = plan_items(p, LIST_OBJECTIVES, &count);
	char title[80];

	for (size_t i = 0; i < count; i++) {
		snprintf(title, sizeof(title), _("Objective %s"), objectives[i].code);
		print_text(title, objectives[i].name);
		print_retired(STEP, 0, objectives[i].retired);
		print_strategies(p, &objectives[i]);
	}
	if (!has_transversal(p))
		return;
	printf("\n%s\n", _("Transversal strategies, of several objectives"));
	print_strategies(p, NULL);
}

/* snprintf() tells what it would have written, so used may pass the end: that ends the
 * loop, and the line is cut there. */
static void
print_targets(const struct plan_indicator *indicator, int width)
{
	char line[LINE_BYTES];
	size_t used = 0;

	for (size_t i = 0; i < indicator->target_count && used < sizeof(line); i++)
		used += (size_t) snprintf(line + used, sizeof(line) - used, " %d: %lld",
		                          indicator->targets[i].year,
		                          (long long) indicator->targets[i].value);
	if (used > 0)
		print_line(STEP, width, _("targets%s"), line);
	else
		print_line(STEP, width, "%s", _("no yearly targets"));
}

/* " 2025: 30 2025-Q1: 5", as much as a line holds. */
static void
print_programmed(const char *title, const struct plan_programmed *list, size_t count, int width)
{
	char line[LINE_BYTES];
	size_t used = 0;

	for (size_t i = 0; i < count && used < sizeof(line); i++) {
		char quarter[16] = "";

		if (list[i].quarter > 0)
			snprintf(quarter, sizeof(quarter), "-Q%d", list[i].quarter);
		used += (size_t) snprintf(line + used, sizeof(line) - used, " %d%s: %lld",
		                          list[i].year, quarter, (long long) list[i].value);
	}
	if (used > 0)
		print_line(STEP, width, "%s%s", title, line);
}

/* What a person has to record to move the number. */
static const char *
feeder_text(plan_feeder by)
{
	switch (by) {
	case FEEDER_ACTIVITY: return _("counts activities");
	case FEEDER_THING: return _("counts things that come in and go out");
	case FEEDER_LEVEL: return _("takes the level each unit tells");
	}
	return "";
}

static void
print_indicator(const struct plan_indicator *indicator)
{
	const int width = 8;
	const char *accumulation = plan_accumulation_word(indicator->accumulation);
	long long goal = indicator->goal, baseline = indicator->baseline;
	char from[DATE_TEXT_BYTES], to[DATE_TEXT_BYTES];

	print_entry(STEP, width, indicator->code, indicator->name);
	if (!indicator->has_baseline)
		print_line(STEP, width, _("%s, goal %lld, no baseline"), accumulation, goal);
	else if (indicator->baseline_included)
		print_line(STEP, width, _("%s, goal %lld, baseline %lld included"), accumulation,
		           goal, baseline);
	else
		print_line(STEP, width, _("%s, goal %lld, baseline %lld not included"),
		           accumulation, goal, baseline);
	print_line(STEP, width, "%s", feeder_text(indicator->by));
	print_targets(indicator, width);
	print_programmed(_("by quarter"), indicator->quarter_targets,
	                 indicator->quarter_target_count, width);
	for (size_t i = 0; i < indicator->unit_target_count; i++) {
		const struct plan_unit_targets *u = &indicator->unit_targets[i];

		print_programmed(u->unit, u->targets, u->target_count, width);
	}
	if (indicator->has_period) {
		date_format(indicator->period.from, from);
		date_format(indicator->period.to, to);
		print_line(STEP, width, _("from %s to %s"), from, to);
	}
	print_retired(STEP, width, indicator->retired);
}

/* Beside the name: to whom, which strategy, in which years. */
static void
print_more_of(const struct plan_item *item, int width)
{
	char periods[LINE_BYTES] = "";
	size_t used = 0;

	if (item->body)
		print_line(STEP, width, "> %s", item->body);
	for (size_t i = 0; i < item->period_count && used < sizeof(periods); i++)
		used += (size_t) snprintf(periods + used, sizeof(periods) - used, "%s%s",
		                          i > 0 ? ", " : "", item->periods[i]);
	if (item->strategy)
		print_line(STEP, width, _("> strategy %s, in %s%s"), item->strategy, periods,
		           item->ppi ? ", PPI" : "");
	if (item->text)
		print_line(STEP, width, "%s", item->text);
	if (item->note)
		print_line(STEP, width, "! %s", item->note);
	print_retired(STEP, width, item->retired);
}

/* Of a column that takes this code, too. */
static int
wider(int width, const char *code)
{
	int columns = (int) strlen(code) + 2;

	return columns > width ? columns : width;
}

/* " a, b" behind what is there already. */
static void
add_codes(char line[static LINE_BYTES], const char *const *codes, size_t count)
{
	size_t used = strlen(line);

	for (size_t i = 0; i < count && used < LINE_BYTES; i++)
		used += (size_t) snprintf(line + used, LINE_BYTES - used, "%s%s",
		                          used > 0 ? ", " : "", codes[i]);
}

static void
print_risk(const struct plan_item *risk, int width)
{
	const char *kind = plan_risk_kind_word(risk->risk_kind);
	char line[LINE_BYTES] = "";

	add_codes(line, risk->initiatives, risk->initiative_count);
	if (kind)
		print_line(STEP, width, _("class %s"), kind);
	if (*line)
		print_line(STEP, width, _("threatens %s"), line);
	for (size_t i = 0; i < risk->control_count; i++)
		print_line(STEP, width, _("control: %s"), risk->controls[i]);
}

/* Only where somebody is left out: else every unit reports everything. */
static void
print_reporting(const plan *p)
{
	size_t count;
	const struct plan_reporting *list = plan_reportings(p, &count);
	int width = 0;

	if (count == 0)
		return;
	print_heading(_("Who alone reports it"), count);
	for (size_t i = 0; i < count; i++)
		width = wider(width, list[i].code);
	for (size_t i = 0; i < count; i++) {
		char line[LINE_BYTES] = "";

		add_codes(line, list[i].kinds, list[i].kind_count);
		add_codes(line, list[i].units, list[i].unit_count);
		print_entry(STEP, width, list[i].code, line);
	}
}

static void
print_items(const plan *p, plan_list list, const char *title)
{
	size_t count;
	const struct plan_item *items = plan_items(p, list, &count);
	int width = 0;

	print_heading(title, count);
	for (size_t i = 0; i < count; i++)
		width = wider(width, items[i].code);
	for (size_t i = 0; i < count; i++) {
		print_entry(STEP, width, items[i].code, items[i].name);
		if (list == LIST_RISKS)
			print_risk(&items[i], width);
		print_more_of(&items[i], width);
	}
}

static void
print_units(const plan *p, plan_unit_kind kind, const char *title)
{
	int width = 0;
	size_t count, of_kind = 0;
	const struct plan_unit *units = plan_units(p, &count);

	for (size_t i = 0; i < count; i++) {
		if (units[i].kind != kind)
			continue;
		of_kind++;
		width = wider(width, units[i].code);
	}
	print_heading(title, of_kind);
	for (size_t i = 0; i < count; i++) {
		if (units[i].kind != kind)
			continue;
		print_entry(STEP, width, units[i].code, units[i].name);
		print_retired(STEP, width, units[i].retired);
	}
}

static void
print_lists(const plan *p)
{
	struct plan_thresholds lights = plan_thresholds(p);
	size_t count;
	const struct plan_indicator *indicators = plan_indicators(p, &count);

	print_heading(_("Indicators"), count);
	for (size_t i = 0; i < count; i++)
		print_indicator(&indicators[i]);
	print_line(STEP, 0,
	           _("Lights: red to %d %%, yellow to %d %%, green to %d %%, orange above"),
	           lights.red, lights.yellow, lights.green);
	print_items(p, LIST_COMMITMENTS, _("Commitments to ethnic groups"));
	print_items(p, LIST_PROJECTS, _("Investment projects (BPIN)"));
	print_items(p, LIST_RISKS, _("Risks"));
	print_items(p, LIST_ACTORS, _("Differential actors"));
	print_items(p, LIST_INTENTIONS, plan_about(p)->policy);
	print_items(p, LIST_SDG, _("Sustainable development goals"));
	print_items(p, LIST_MODES, _("Modes of activities"));
	print_items(p, LIST_COUNTS, _("Secondary counts"));
	print_units(p, UNIT_EMBASSY, _("Embassies"));
	print_units(p, UNIT_PERMANENT_MISSION, _("Permanent missions"));
	print_units(p, UNIT_CONSULATE, _("Consulates"));
	print_units(p, UNIT_AREA, _("Areas"));
	print_reporting(p);
}

/* json_print() drops what it prints, and the document is the plan's. */
int
plan_show_print(const plan *p, bool json)
{
	if (json)
		return cli_exit(json_print(json_deep_copy(plan_document(p))));
	print_head(p);
	print_tree(p);
	print_lists(p);
	return EX_OK;
}
