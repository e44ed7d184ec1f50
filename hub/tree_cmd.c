/* For people an outline: of the whole plan one line for each initiative, of a part of it
 * all that there is. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/cli.h"
#include "common/event_text.h"
#include "common/i18n.h"
#include "common/json_out.h"
#include "common/paragraph.h"
#include "hub/asking.h"
#include "hub/command.h"
#include "hub/commands.h"
#include "hub/progress.h"
#include "hub/tree.h"

enum { INDENT = 2, WIDTH = 100, LINE_BYTES = 12 * 1024 };

struct input {
	struct asking ask;
	const char *code;
};

/* ---- arguments ---- */

static error_t
take_option(int key, char *arg, struct argp_state *state)
{
	struct input *in = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->child_inputs[0] = &in->ask; return 0;
	case ARGP_KEY_ARG:
		if (in->code)
			argp_error(state, _("one code at a time"));
		in->code = arg;
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

/* ---- the outline ---- */

static const char *
text(const json_t *o, const char *field)
{
	const char *value = json_string_value(json_object_get(o, field));

	return value ? value : "";
}

/* The tenths of a real that json_tenths() made. */
static void
percent_of(const json_t *o, const char *field, char out[static TENTHS_TEXT_BYTES + 2])
{
	const json_t *value = json_object_get(o, field);
	double tenths = json_real_value(value) * 10;
	char number[TENTHS_TEXT_BYTES];

	if (!json_is_real(value)) {
		snprintf(out, TENTHS_TEXT_BYTES + 2, "-");
		return;
	}
	progress_tenths_text((int64_t) (tenths < 0 ? tenths - 0.5 : tenths + 0.5), number);
	snprintf(out, TENTHS_TEXT_BYTES + 2, "%s %%", number);
}

static void line(int depth, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
line(int depth, const char *format, ...)
{
	char raw[LINE_BYTES], safe[LINE_BYTES];
	int column = depth * INDENT;
	va_list args;

	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	cli_safe(raw, strlen(raw), safe, sizeof(safe));
	printf("%*s", column, "");
	paragraph_print(safe, column, column + INDENT, WIDTH);
}

static void
print_lights(const json_t *o, int depth)
{
	char all[256] = "";
	size_t used = 0;

	for (int i = 0; i <= LIGHT_INVALID; i++) {
		const char *name = progress_light_name((progress_light) i);
		const json_t *n = json_object_get(json_object_get(o, "lights"),
		                                  name ? name : "invalid");

		if (n && used < sizeof(all))
			used += (size_t) snprintf(all + used, sizeof(all) - used, "%s%s %lld",
			                          used > 0 ? ", " : "",
			                          gettext(progress_light_text((progress_light) i)),
			                          (long long) json_integer_value(n));
	}
	if (used > 0)
		line(depth, _("indicators: %s"), all);
}

/* A percentage only where the plan says how to add it up. */
static void
print_rolled(const json_t *o, int depth)
{
	char percent[TENTHS_TEXT_BYTES + 2];

	percent_of(o, "percent", percent);
	if (json_is_real(json_object_get(o, "percent")))
		line(depth, _("by the weights of the plan: %s"), percent);
	print_lights(o, depth);
}

static const char *
conflict_words(const json_t *o)
{
	return json_is_true(json_object_get(o, "conflict"))
		? _(" (in conflict with what another device told)")
		: "";
}

static void
print_progress(const json_t *o, int depth)
{
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(o, "progress"), i, row) {
		char percent[TENTHS_TEXT_BYTES + 2];

		percent_of(row, "percent", percent);
		line(depth, "%s, %s: %s%s%s%s", text(row, "quarter"), text(row, "unit"), percent,
		     *text(row, "text") ? "; " : "", text(row, "text"), conflict_words(row));
	}
}

static void
print_indicator(const json_t *o, int depth)
{
	const json_t *value = json_object_get(o, "value");
	const char *light = json_string_value(json_object_get(o, "light"));
	long long goal = json_integer_value(json_object_get(o, "goal"));
	char term[TENTHS_TEXT_BYTES + 2];
	progress_light l = LIGHT_RED;

	while (l < LIGHT_INVALID && (!light || strcmp(progress_light_name(l), light) != 0))
		l++;
	percent_of(o, "term_percent", term);
	/* the name comes last, since it may end with a full stop */
	if (!json_is_integer(value))
		line(depth, _("%s: goal %lld; %s  %s"), text(o, "code"), goal,
		     gettext(progress_light_text(l)), text(o, "name"));
	else if (!json_is_real(json_object_get(o, "term_percent")))
		line(depth, _("%s: %lld of %lld; %s  %s"), text(o, "code"),
		     (long long) json_integer_value(value), goal, gettext(progress_light_text(l)),
		     text(o, "name"));
	else
		line(depth, _("%s: %lld of %lld, %s; %s  %s"), text(o, "code"),
		     (long long) json_integer_value(value), goal, term,
		     gettext(progress_light_text(l)), text(o, "name"));
}

static long long
amount(const json_t *o, const char *field)
{
	return json_integer_value(json_object_get(o, field));
}

static const char *
pesos(const json_t *o, const char *field, char out[static MONEY_TEXT_BYTES])
{
	money_text((uint64_t) amount(o, field), out);
	return out;
}

/* "committed 1.000 (80.0 %)" */
static void
print_part(const json_t *o, const char *field, const char *percent_field, const char *name,
           int depth)
{
	char money[MONEY_TEXT_BYTES], percent[TENTHS_TEXT_BYTES + 2];

	percent_of(o, percent_field, percent);
	line(depth, "%s %s (%s)", gettext(name), pesos(o, field, money), percent);
}

static void
print_project(const json_t *o, int depth)
{
	char money[MONEY_TEXT_BYTES];

	line(depth, _("Project %s  %s"), text(o, "code"), text(o, "name"));
	if (!*text(o, "quarter"))
		return;
	line(depth + 1, _("%s, %s: appropriated %s%s"), text(o, "quarter"), text(o, "unit"),
	     pesos(o, "appropriated", money), conflict_words(o));
	print_part(o, "committed", "committed_percent", N_("committed"), depth + 2);
	print_part(o, "obligated", "obligated_percent", N_("obligated"), depth + 2);
	print_part(o, "paid", "paid_percent", N_("paid"), depth + 2);
	if (json_is_false(json_object_get(o, "in_order")))
		line(depth + 1, "%s",
		     _("more was paid than obligated, obligated than committed, or "
		       "committed than appropriated"));
}

static void
print_action(const json_t *o, int depth)
{
	char money[MONEY_TEXT_BYTES], weight[TENTHS_TEXT_BYTES + 2];

	percent_of(o, "weight", weight);
	line(depth, _("Action %s  %s (%s; weight %s)"), text(o, "code"), text(o, "name"),
	     text(o, "responsible"), weight);
	if (json_is_integer(json_object_get(o, "budget")))
		line(depth + 1, _("budget %s"), pesos(o, "budget", money));
	if (*text(o, "purchases"))
		line(depth + 1, _("purchases plan: %s"), text(o, "purchases"));
	if (*text(o, "indicator"))
		line(depth + 1, _("indicator: %s"), text(o, "indicator"));
}

static void
print_name(const json_t *o, int depth)
{
	line(depth, _("Risk %s  %s"), text(o, "code"), text(o, "name"));
}

static void
print_texts(const json_t *list, int depth, const char *title)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry) {
		line(depth, "%s %s", gettext(title), json_string_value(entry));
	}
}

static void
print_all(const json_t *list, int depth, void (*print)(const json_t *o, int depth))
{
	const json_t *o;
	size_t i;

	json_array_foreach (list, i, o) {
		print(o, depth);
	}
}

static void
print_initiative(const json_t *o, int depth)
{
	line(depth, _("Initiative %s  %s"), text(o, "code"), text(o, "name"));
	line(depth + 1, "%s  %s", text(o, "area"), text(o, "area_name"));
	if (amount(o, "activities") > 0)
		line(depth + 1, _("activities done: %lld"), amount(o, "activities"));
	else
		line(depth + 1, "%s", _("no activity was told"));
	print_progress(o, depth + 1);
	print_all(json_object_get(o, "indicators"), depth + 1, print_indicator);
	print_all(json_object_get(o, "actions"), depth + 1, print_action);
	print_all(json_object_get(o, "risks"), depth + 1, print_name);
}

/* The beginning of a name that has so many columns, with what says that more is there. */
static void
cut_name(const char *name, int columns, char *out, size_t size)
{
	size_t len = strlen(name);

	if (paragraph_columns(name, len) <= columns) {
		snprintf(out, size, "%s", name);
		return;
	}
	while (len > 0 &&
	       (paragraph_columns(name, len) >= columns ||
	        ((unsigned char) name[len] & 0xc0) == 0x80))
		len--;
	snprintf(out, size, "%.*s…", (int) len, name);
}

/* "1.4.05  62.5 %, 12 activities, IND-3: the beginning of its name": one line, since there
 * are ninety of them. */
static void
print_short(const json_t *o, int depth)
{
	char percent[TENTHS_TEXT_BYTES + 2], head[512], name[LINE_BYTES];
	const json_t *child;
	size_t i, used;

	percent_of(o, "percent", percent);
	used = (size_t) snprintf(head, sizeof(head),
	                         ngettext("%s  %s, %lld activity", "%s  %s, %lld activities",
	                                  (unsigned long) amount(o, "activities")),
	                         text(o, "code"), percent, amount(o, "activities"));
	json_array_foreach (json_object_get(o, "indicators"), i, child) {
		if (used < sizeof(head))
			used += (size_t) snprintf(head + used, sizeof(head) - used, ", %s",
			                          text(child, "code"));
	}
	cut_name(text(o, "name"),
	         WIDTH - depth * INDENT - paragraph_columns(head, strlen(head)) - 2, name,
	         sizeof(name));
	line(depth, "%s: %s", head, name);
}

static void
print_strategy_with(const json_t *o, int depth, void (*print)(const json_t *o, int depth))
{
	line(depth, _("Strategy %s  %s"), text(o, "code"), text(o, "name"));
	print_rolled(o, depth + 1);
	print_all(json_object_get(o, "initiatives"), depth + 1, print);
	print_all(json_object_get(o, "projects"), depth + 1, print_project);
}

static void
print_strategy(const json_t *o, int depth)
{
	print_strategy_with(o, depth, print_initiative);
}

static void
print_strategy_short(const json_t *o, int depth)
{
	print_strategy_with(o, depth, print_short);
}

static void
print_objective(const json_t *o, int depth)
{
	line(depth, _("Objective %s  %s"), text(o, "code"), text(o, "name"));
	print_rolled(o, depth + 1);
	print_all(json_object_get(o, "strategies"), depth + 1, print_strategy_short);
}

static void
print_item(const json_t *o, int depth)
{
	line(depth, "%s  %s%s%s", text(o, "code"), text(o, "name"), *text(o, "body") ? ": " : "",
	     text(o, "body"));
	if (*text(o, "class"))
		line(depth + 1, _("class: %s"), text(o, "class"));
	print_texts(json_object_get(o, "controls"), depth + 1, N_("control:"));
	print_texts(json_object_get(o, "initiatives"), depth + 1, N_("threatens"));
	print_progress(o, depth + 1);
}

static void
print_list(const json_t *o, const char *field, const char *title,
           void (*print)(const json_t *o, int depth))
{
	const json_t *list = json_object_get(o, field);

	if (json_array_size(list) == 0)
		return;
	printf("\n%s\n", gettext(title));
	print_all(list, 1, print);
}

static void
print_plan(const json_t *o, int depth)
{
	line(depth, "%s  %s", text(o, "code"), text(o, "name"));
	print_rolled(o, depth + 1);
	print_all(json_object_get(o, "objectives"), depth, print_objective);
	print_list(o, "transversal", N_("Of several objectives"), print_strategy_short);
	print_list(o, "commitments", N_("Commitments"), print_item);
	print_list(o, "risks", N_("Risks"), print_item);
}

static void
print_tree(const json_t *tree)
{
	static const struct {
		const char *kind;
		void (*print)(const json_t *o, int depth);
	} kinds[] = {
		{ "plan", print_plan },           { "objective", print_objective },
		{ "strategy", print_strategy },   { "initiative", print_initiative },
		{ "indicator", print_indicator }, { "project", print_project },
		{ "commitment", print_item },     { "risk", print_item },
		{ "action", print_action },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(text(tree, "kind"), kinds[i].kind) == 0)
			kinds[i].print(tree, 0);
	}
}

/* ---- the command ---- */

static int
tell(struct input *in)
{
	const struct query q = asking_query(&in->ask);
	char shown[128], cutoff[DATE_TEXT_BYTES];
	json_t *tree = NULL;
	status st = tree_of(&q, in->code, &tree);

	if (st == ST_NOT_FOUND)
		return cli_fail(
			EX_DATAERR,
			_("the plan has no objective, strategy, initiative, indicator, action, "
		          "project, commitment or risk '%s'; 'valija-hub tree' shows what it "
		          "has"),
			cli_safe(in->code, strlen(in->code), shown, sizeof(shown)));
	if (st < 0)
		return command_failed(in->ask.hub, st);
	if (in->ask.json) {
		asking_tell_at(in->ask.hub, in->ask.txn, tree);
		json_object_set_new(tree, "cutoff", json_date(in->ask.cutoff));
		st = json_print(tree);
		return st == ST_OK ? EX_OK : command_failed(in->ask.hub, st);
	}
	print_tree(tree);
	date_format(in->ask.cutoff, cutoff);
	printf(_("\nUp to the cut-off, %s\n"), cutoff);
	json_decref(tree);
	return EX_OK;
}

int
tree_command(int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &asking_argp }, { 0 } };
	static const struct argp argp = {
		.parser = take_option,
		.args_doc = N_("[CODE]"),
		.doc = N_(
			"Show the plan from its objectives down to initiatives, indicators, projects "
			"and commitments, with what was reached; of CODE alone all that there is. "
			"What is above an initiative has a percentage only where the plan states "
			"weights; else the traffic lights of its indicators are counted."),
		.children = children,
	};
	struct input in = { .code = NULL };
	int code;

	cli_parse(&argp, argc, argv, &in);
	code = asking_open(&in.ask);
	if (code == EX_OK)
		code = tell(&in);
	asking_done(&in.ask);
	return code;
}
