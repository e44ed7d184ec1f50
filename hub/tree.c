#include "hub/tree.h"

#include <string.h>

#include "common/json_out.h"
#include "hub/graph.h"
#include "hub/names.h"
#include "hub/progress_out.h"
#include "hub/reports.h"

enum { LIGHTS = LIGHT_INVALID + 1 };

/* ---- small things ---- */

static json_t *
node(const char *kind, const char *code, const char *name)
{
	return json_pack("{s:s, s:s, s:s}", "kind", kind, "code", code, "name", name);
}

/* Of basis points, for people: 6255 is 62.6 %. */
static json_t *
percent_json(int64_t basis_points)
{
	return json_tenths((basis_points + 5) / 10);
}

static void
set_percent(json_t *o, bool known, int64_t basis_points, const char *why)
{
	json_object_set_new(o, "percent", known ? percent_json(basis_points) : json_null());
	if (!known)
		json_object_set_new(o, "why", json_pack("{s:s}", "percent", why));
}

static void
set_quarter(json_t *o, uint64_t quarter)
{
	char text[QUARTER_TEXT_BYTES];

	quarter_format(quarter, text);
	json_object_set_new(o, "quarter", json_string(text));
}

/* ---- progress that was told ---- */

/* The last word of each unit on one item, by the cut-off. */
struct telling {
	const struct query *q;
	json_t *list;
	json_t *last; /* of the unit before, in the list */
	char unit[CODE_BYTES_MAX + 1];
	bool unit_has_percent;

	const char *area; /* whose percent is the item's */
	size_t with_percent;
	bool of_area;
	int64_t basis_points;
};

/* The last percent of each unit, though it told only a text since. */
static void
note_percent(struct telling *t, const struct report *r)
{
	bool leads = t->area && text_is(r->unit, t->area);

	t->with_percent += !t->unit_has_percent;
	t->unit_has_percent = true;
	if (leads || !t->of_area)
		t->basis_points = (int64_t) r->percent;
	t->of_area |= leads;
}

static status
mark_conflict(const struct query *q, const struct report *r, json_t *o)
{
	char key[REGISTER_KEY_BYTES];
	bool conflict;
	status st;

	report_register(r, key);
	st = graph_in_conflict(q->txn, key, &conflict);
	json_object_set_new(o, "conflict", json_boolean(st == ST_OK && conflict));
	return st;
}

/* Rows come by unit, then by quarter: a later one takes the place of the one before. */
static status
tell(void *ctx, const struct report *r)
{
	struct telling *t = ctx;

	if (quarter_first(r->quarter) > t->q->cutoff)
		return ST_OK;
	if (r->unit.len > CODE_BYTES_MAX)
		return ST_MALFORMED;
	if (!text_is(r->unit, t->unit)) {
		t->last = json_object();
		json_array_append_new(t->list, t->last);
		memcpy(t->unit, r->unit.at, r->unit.len);
		t->unit[r->unit.len] = '\0';
		t->unit_has_percent = false;
	}
	json_object_set_new(t->last, "unit", json_string(t->unit));
	set_quarter(t->last, r->quarter);
	json_object_set_new(t->last, "percent",
	                    r->has_percent ? percent_json((int64_t) r->percent) : json_null());
	json_object_set_new(t->last, "text",
	                    r->text.len > 0 ? json_text(r->text.at, r->text.len) : json_null());
	if (r->has_percent)
		note_percent(t, r);
	return mark_conflict(t->q, r, t->last);
}

/* Several units that are not the leading area have told: none of them speaks for all. */
static bool
is_known(const struct telling *t)
{
	return t->of_area || t->with_percent == 1;
}

static status
add_progress(const struct query *q, report_type type, const char *code, const char *area, json_t *o,
             struct telling *ret_told)
{
	struct telling t = { .q = q, .list = json_array(), .area = area };
	status st = reports_each(q->txn, type, text_of(code), tell, &t);

	set_percent(o, is_known(&t), t.basis_points, t.with_percent > 0 ? "several" : "no_data");
	json_object_set_new(o, "progress", t.list);
	if (ret_told)
		*ret_told = t;
	return st;
}

/* ---- roll-up ---- */

/* Of what stands below one node. */
struct rolled {
	size_t lights[LIGHTS];
	size_t parts, weighed, known; /* parts; of them with a weight; of these with a percent */
	int64_t weights, sum;         /* of basis points */
};

/* r may be NULL: nobody asks. */
static void
roll(struct rolled *r, int64_t weight, bool known, int64_t basis_points)
{
	if (!r)
		return;
	r->parts++;
	r->weighed += weight > 0;
	r->known += weight > 0 && known;
	r->weights += weight;
	r->sum += known ? weight * basis_points : 0;
}

static bool
is_rolled(const struct rolled *r)
{
	return r->parts > 0 && r->weighed == r->parts && r->known == r->parts && r->weights > 0;
}

/* What is known of it; the whole where is_rolled(). */
static int64_t
rolled_percent(const struct rolled *r)
{
	return r->weights > 0 ? (r->sum + r->weights / 2) / r->weights : 0;
}

static json_t *
lights_json(const struct rolled *r)
{
	json_t *o = json_object();

	for (int i = 0; i < LIGHTS; i++) {
		const char *name = progress_light_name((progress_light) i);

		if (r->lights[i] > 0)
			json_object_set_new(o, name ? name : "invalid",
			                    json_integer((json_int_t) r->lights[i]));
	}
	return o;
}

static void
set_rolled(json_t *o, const struct rolled *r)
{
	set_percent(o, is_rolled(r), rolled_percent(r),
	            r->weighed < r->parts || r->parts == 0 ? "no_weights" : "no_data");
	json_object_set_new(o, "lights", lights_json(r));
}

/* ---- indicators, actions, projects ---- */

static bool
links_to(const struct plan_indicator *indicator, const char *initiative)
{
	for (size_t i = 0; i < indicator->link_count; i++) {
		if (strcmp(indicator->links[i], initiative) == 0)
			return true;
	}
	return false;
}

static status
indicator_node(const struct query *q, const struct plan_indicator *indicator, json_t **ret_node,
               progress_light *ret_light)
{
	struct progress p;
	status st = query_progress(q, indicator, &p);

	if (st < 0)
		return st;
	*ret_node = progress_json(indicator, &p);
	json_object_set_new(*ret_node, "kind", json_string("indicator"));
	*ret_light = p.light;
	return ST_OK;
}

static status
add_indicators(const struct query *q, const char *initiative, json_t *o)
{
	size_t count;
	const struct plan_indicator *indicators = plan_indicators(q->plan, &count);
	json_t *list = json_array();
	status st = ST_OK;

	for (size_t i = 0; i < count && st == ST_OK; i++) {
		progress_light light;
		json_t *child;

		if (!links_to(&indicators[i], initiative))
			continue;
		st = indicator_node(q, &indicators[i], &child, &light);
		if (st == ST_OK)
			json_array_append_new(list, child);
	}
	json_object_set_new(o, "indicators", list);
	return st;
}

static json_t *
action_node(const struct plan_action *a)
{
	json_t *o = node("action", a->code, a->name);

	json_object_set_new(o, "initiative", json_string(a->initiative));
	json_object_set_new(o, "year", json_integer(a->year));
	json_object_set_new(o, "responsible", json_string(a->responsible));
	json_object_set_new(o, "weight", a->weight > 0 ? percent_json(a->weight) : json_null());
	json_object_set_new(o, "budget", a->has_budget ? json_integer(a->budget) : json_null());
	json_object_set_new(o, "purchases", a->purchases ? json_string(a->purchases) : json_null());
	json_object_set_new(o, "indicator", a->indicator ? json_string(a->indicator) : json_null());
	return o;
}

/* Those of the year of the cut-off. */
static void
add_actions(const struct query *q, const char *initiative, json_t *o)
{
	int year = date_civil(q->cutoff).year;
	json_t *list = json_array();

	for (const struct plan_action *a = plan_next_action(q->plan, initiative, year, NULL); a;
	     a = plan_next_action(q->plan, initiative, year, a))
		json_array_append_new(list, action_node(a));
	json_object_set_new(o, "actions", list);
}

static json_t *
strings_json(const char *const *list, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(list[i]));
	return array;
}

/* Those that the plan says threaten an initiative: by code and name. */
static void
add_risks(const struct query *q, const char *initiative, json_t *o)
{
	size_t count;
	const struct plan_item *risks = plan_items(q->plan, LIST_RISKS, &count);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < risks[i].initiative_count; k++) {
			if (strcmp(risks[i].initiatives[k], initiative) == 0)
				json_array_append_new(list,
				                      node("risk", risks[i].code, risks[i].name));
		}
	}
	json_object_set_new(o, "risks", list);
}

/* Part of what was appropriated. */
static void
set_part(json_t *o, const char *field, uint64_t amount, uint64_t whole)
{
	json_object_set_new(o, field,
	                    whole > 0
	                            ? percent_json((int64_t) ((amount * 10000 + whole / 2) / whole))
	                            : json_null());
}

struct budgeting {
	const struct query *q;
	json_t *o;
};

/* Rows come by quarter: the last one by the cut-off stays. */
static status
take_budget(void *ctx, const struct report *r)
{
	struct budgeting *b = ctx;

	if (quarter_first(r->quarter) > b->q->cutoff)
		return ST_OK;
	if (r->appropriated > MONEY_MAX || r->committed > MONEY_MAX || r->obligated > MONEY_MAX ||
	    r->paid > MONEY_MAX)
		return ST_MALFORMED;
	set_quarter(b->o, r->quarter);
	json_object_set_new(b->o, "unit", json_text(r->unit.at, r->unit.len));
	json_object_set_new(b->o, "appropriated", json_integer((json_int_t) r->appropriated));
	json_object_set_new(b->o, "committed", json_integer((json_int_t) r->committed));
	json_object_set_new(b->o, "obligated", json_integer((json_int_t) r->obligated));
	json_object_set_new(b->o, "paid", json_integer((json_int_t) r->paid));
	set_part(b->o, "committed_percent", r->committed, r->appropriated);
	set_part(b->o, "obligated_percent", r->obligated, r->appropriated);
	set_part(b->o, "paid_percent", r->paid, r->appropriated);
	json_object_set_new(b->o, "in_order",
	                    json_boolean(r->paid <= r->obligated && r->obligated <= r->committed &&
	                                 r->committed <= r->appropriated));
	return mark_conflict(b->q, r, b->o);
}

static status
project_node(const struct query *q, const struct plan_item *project, json_t **ret_node)
{
	struct budgeting b = { q, node("project", project->code, project->name) };

	json_object_set_new(b.o, "quarter", json_null());
	*ret_node = b.o;
	return reports_each(q->txn, REPORT_BUDGET, text_of(project->code), take_budget, &b);
}

/* ---- initiatives, strategies, objectives ---- */

static status
count_activities(const struct query *q, const char *code, json_t *o)
{
	const struct counts_question question = {
		.code = text_of(code),
		.from = DATE_MIN,
		.to = DATE_MAX,
		.status = STATUS_DONE,
	};
	struct groups rows = { 0 };
	int64_t total = 0;
	status st = query_counts(q, &question, &rows, &total);

	groups_done(&rows);
	json_object_set_new(o, "activities", json_integer(total));
	return st;
}

static status
initiative_node(const struct query *q, const struct plan_initiative *i, json_t **ret_node,
                struct rolled *up)
{
	const char *area = name_of(q->plan, NAME_UNIT, text_of(i->area));
	json_t *o = node("initiative", i->code, i->name);
	struct telling told = { 0 };
	status st;

	*ret_node = o;
	json_object_set_new(o, "area", json_string(i->area));
	json_object_set_new(o, "area_name", area ? json_string(area) : json_null());
	json_object_set_new(o, "weight", i->weight > 0 ? percent_json(i->weight) : json_null());
	st = count_activities(q, i->code, o);
	if (st == ST_OK)
		st = add_progress(q, REPORT_INITIATIVE, i->code, i->area, o, &told);
	if (st == ST_OK)
		st = add_indicators(q, i->code, o);
	add_actions(q, i->code, o);
	add_risks(q, i->code, o);
	roll(up, i->weight, is_known(&told), told.basis_points);
	return st;
}

/* Each indicator once, however many initiatives of the node it is linked to. */
static status
count_lights(const struct query *q,
             bool (*within)(const struct query *q, const char *initiative, const char *code),
             const char *code, struct rolled *up)
{
	size_t count;
	const struct plan_indicator *indicators = plan_indicators(q->plan, &count);
	status st = ST_OK;

	for (size_t i = 0; i < count && st == ST_OK; i++) {
		bool is_within = false;
		struct progress p;

		for (size_t k = 0; k < indicators[i].link_count && !is_within; k++)
			is_within = within(q, indicators[i].links[k], code);
		if (!is_within)
			continue;
		st = query_progress(q, &indicators[i], &p);
		up->lights[p.light]++;
	}
	return st;
}

static bool
in_strategy(const struct query *q, const char *initiative, const char *code)
{
	const struct plan_initiative *i = plan_initiative(q->plan, initiative, strlen(initiative));

	return i && strcmp(i->strategy, code) == 0;
}

static bool
is_of_objective(const struct plan_item *strategy, const char *code)
{
	return strategy->objective_count == 1 && strcmp(strategy->objectives[0], code) == 0;
}

static bool
in_objective(const struct query *q, const char *initiative, const char *code)
{
	const struct plan_initiative *i = plan_initiative(q->plan, initiative, strlen(initiative));
	const struct plan_item *s = i
		? plan_item(q->plan, LIST_STRATEGIES, i->strategy, strlen(i->strategy))
		: NULL;

	return s && is_of_objective(s, code);
}

static bool
in_plan(const struct query *q, const char *initiative, const char *code)
{
	(void) q;
	(void) initiative;
	(void) code;
	return true;
}

static status
add_initiatives(const struct query *q, const char *strategy, json_t *o, struct rolled *up)
{
	size_t count;
	const struct plan_initiative *all = plan_initiatives(q->plan, &count);
	json_t *list = json_array();
	status st = ST_OK;

	for (size_t i = 0; i < count && st == ST_OK; i++) {
		json_t *child = NULL;

		if (strcmp(all[i].strategy, strategy) != 0)
			continue;
		st = initiative_node(q, &all[i], &child, up);
		json_array_append_new(list, child);
	}
	json_object_set_new(o, "initiatives", list);
	return st;
}

static status
add_projects(const struct query *q, const char *strategy, json_t *o)
{
	size_t count;
	const struct plan_item *all = plan_items(q->plan, LIST_PROJECTS, &count);
	json_t *list = json_array();
	status st = ST_OK;

	for (size_t i = 0; i < count && st == ST_OK; i++) {
		json_t *child = NULL;

		if (strcmp(all[i].strategy, strategy) != 0)
			continue;
		st = project_node(q, &all[i], &child);
		json_array_append_new(list, child);
	}
	json_object_set_new(o, "projects", list);
	return st;
}

static status
strategy_node(const struct query *q, const struct plan_item *s, json_t **ret_node,
              struct rolled *objective, struct rolled *whole)
{
	json_t *o = node("strategy", s->code, s->name);
	struct rolled rolled = { 0 };
	status st;

	*ret_node = o;
	json_object_set_new(o, "weight", s->weight > 0 ? percent_json(s->weight) : json_null());
	st = add_initiatives(q, s->code, o, &rolled);
	if (st == ST_OK)
		st = count_lights(q, in_strategy, s->code, &rolled);
	set_rolled(o, &rolled);
	if (st == ST_OK)
		st = add_projects(q, s->code, o);
	roll(objective, s->weight, is_rolled(&rolled), rolled_percent(&rolled));
	roll(whole, s->weight, is_rolled(&rolled), rolled_percent(&rolled));
	return st;
}

/* Of one objective, or with NULL the transversal ones. */
static status
add_strategies(const struct query *q, const char *objective, json_t *o, const char *field,
               struct rolled *up, struct rolled *whole)
{
	size_t count;
	const struct plan_item *all = plan_items(q->plan, LIST_STRATEGIES, &count);
	json_t *list = json_array();
	status st = ST_OK;

	for (size_t i = 0; i < count && st == ST_OK; i++) {
		bool wanted = objective ? is_of_objective(&all[i], objective)
					: all[i].objective_count > 1;
		json_t *child = NULL;

		if (!wanted)
			continue;
		st = strategy_node(q, &all[i], &child, up, whole);
		json_array_append_new(list, child);
	}
	json_object_set_new(o, field, list);
	return st;
}

static status
objective_node(const struct query *q, const struct plan_item *objective, json_t **ret_node,
               struct rolled *whole)
{
	json_t *o = node("objective", objective->code, objective->name);
	struct rolled rolled = { 0 };
	status st;

	*ret_node = o;
	st = add_strategies(q, objective->code, o, "strategies", &rolled, whole);
	if (st == ST_OK)
		st = count_lights(q, in_objective, objective->code, &rolled);
	set_rolled(o, &rolled);
	return st;
}

/* ---- the whole ---- */

static status
item_node(const struct query *q, const char *kind, report_type type, const struct plan_item *item,
          json_t **ret_node)
{
	json_t *o = node(kind, item->code, item->name);

	*ret_node = o;
	if (item->body)
		json_object_set_new(o, "body", json_string(item->body));
	if (type == REPORT_RISK) {
		const char *class = plan_risk_kind_word(item->risk_kind);

		json_object_set_new(o, "class", class ? json_string(class) : json_null());
		json_object_set_new(o, "controls",
		                    strings_json(item->controls, item->control_count));
		json_object_set_new(o, "initiatives",
		                    strings_json(item->initiatives, item->initiative_count));
	}
	return add_progress(q, type, item->code, NULL, o, NULL);
}

static status
add_items(const struct query *q, const char *kind, plan_list from, report_type type, json_t *o,
          const char *field)
{
	size_t count;
	const struct plan_item *all = plan_items(q->plan, from, &count);
	json_t *list = json_array();
	status st = ST_OK;

	for (size_t i = 0; i < count && st == ST_OK; i++) {
		json_t *child = NULL;

		st = item_node(q, kind, type, &all[i], &child);
		json_array_append_new(list, child);
	}
	json_object_set_new(o, field, list);
	return st;
}

static status
plan_node(const struct query *q, json_t **ret_node)
{
	size_t count;
	const struct plan_item *objectives = plan_items(q->plan, LIST_OBJECTIVES, &count);
	json_t *o = node("plan", plan_code(q->plan), plan_name(q->plan)), *list = json_array();
	struct rolled rolled = { 0 };
	status st = ST_OK;

	*ret_node = o;
	for (size_t i = 0; i < count && st == ST_OK; i++) {
		json_t *child = NULL;

		st = objective_node(q, &objectives[i], &child, &rolled);
		json_array_append_new(list, child);
	}
	json_object_set_new(o, "objectives", list);
	if (st == ST_OK)
		st = add_strategies(q, NULL, o, "transversal", NULL, &rolled);
	if (st == ST_OK)
		st = count_lights(q, in_plan, NULL, &rolled);
	set_rolled(o, &rolled);
	if (st == ST_OK)
		st = add_items(q, "commitment", LIST_COMMITMENTS, REPORT_COMMITMENT, o,
		               "commitments");
	return st == ST_OK ? add_items(q, "risk", LIST_RISKS, REPORT_RISK, o, "risks") : st;
}

/* Objectives, strategies and initiatives have lists of their own; what stands in several is
 * the first. */
static status
find_node(const struct query *q, const char *code, json_t **ret_node)
{
	size_t len = strlen(code);
	const struct plan_item *item;
	const struct plan_initiative *initiative;
	const struct plan_indicator *indicator;
	const struct plan_action *action;
	progress_light light;

	if ((item = plan_item(q->plan, LIST_OBJECTIVES, code, len)) != NULL)
		return objective_node(q, item, ret_node, NULL);
	if ((item = plan_item(q->plan, LIST_STRATEGIES, code, len)) != NULL)
		return strategy_node(q, item, ret_node, NULL, NULL);
	if ((initiative = plan_initiative(q->plan, code, len)) != NULL)
		return initiative_node(q, initiative, ret_node, NULL);
	if ((indicator = plan_indicator(q->plan, code, len)) != NULL)
		return indicator_node(q, indicator, ret_node, &light);
	if ((action = plan_action(q->plan, code, len)) != NULL) {
		*ret_node = action_node(action);
		return ST_OK;
	}
	if ((item = plan_item(q->plan, LIST_PROJECTS, code, len)) != NULL)
		return project_node(q, item, ret_node);
	if ((item = plan_item(q->plan, LIST_COMMITMENTS, code, len)) != NULL)
		return item_node(q, "commitment", REPORT_COMMITMENT, item, ret_node);
	if ((item = plan_item(q->plan, LIST_RISKS, code, len)) != NULL)
		return item_node(q, "risk", REPORT_RISK, item, ret_node);
	return ST_NOT_FOUND;
}

status
tree_of(const struct query *q, const char *code, json_t **ret_tree)
{
	json_t *tree = NULL;
	status st = code ? find_node(q, code, &tree) : plan_node(q, &tree);

	if (st == ST_OK && !tree)
		st = ST_NOMEM;
	if (st < 0) {
		json_decref(tree);
		return st;
	}
	*ret_tree = tree;
	return ST_OK;
}
