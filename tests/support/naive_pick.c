#include "tests/support/naive_pick.h"

#include "tests/support/check.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/pick.h"
#include "tests/support/plan_base.h"

const char *const naive_units[NAIVE_DEVICES] = { "con-a", "con-a,con-b", "con-b", "area-x",
	                                         "area-x" };

static struct event
pick_activity(struct naive_event *n)
{
	static const char *const units[] = {
		"con-a", "con-b", "con-a", "con-b", "area-x", "con-zz"
	};
	static const date days[] = { 20157, 20406, 20407, 21915 };
	static const char *const indicators[] = { "IND-1", "IND-1", "IND-1", NULL, "IND-9" };
	static const char *const initiatives[] = { NULL, NULL, "1.1.01", "1.1.02",
		                                   "1.1.01,1.1.02" };
	static const char *const modes[] = { NULL, NULL, "movil", "fija" };
	struct event e;

	n->unit = units[pick(pick(4) ? 2 : LENGTH(units))];
	n->day = days[pick(pick(4) ? 3 : LENGTH(days))];
	n->indicator = indicators[pick(pick(4) ? 3 : LENGTH(indicators))];
	n->initiatives = initiatives[pick(LENGTH(initiatives))];
	if (!n->indicator && !n->initiatives)
		n->initiatives = "1.1.01";
	n->mode = modes[pick(LENGTH(modes))];
	n->country = pick(4) ? NULL : "PE";
	n->quantity = 1 + pick(5);
	n->status = pick(3) ? STATUS_DONE : (event_status) pick(EVENT_STATUSES_);
	n->attended = pick(2) ? pick(3) * 100 : 0;
	n->actor = pick(3) ? 0 : pick(50);
	e = test_activity(n->unit, n->day);
	test_indicator(&e, n->indicator);
	if (n->initiatives)
		test_initiatives(&e, n->initiatives);
	if (n->mode)
		test_mode(&e, n->mode);
	if (n->country) {
		e.country = text_of(n->country);
		e.has |= EVENT_BIT(EVENT_COUNTRY);
	}
	e.quantity = n->quantity;
	e.status = n->status;
	if (n->attended > 0)
		test_count(&e, "attended", n->attended);
	if (n->actor > 0)
		test_group(&e, "ACT-1", n->actor);
	return e;
}

/* ---- few places, so that several devices tell of one ---- */

static const char *
pick_unit(void)
{
	static const char *const units[] = { "con-a", "con-b", "area-x", "con-zz" };

	return units[pick(pick(4) ? 2 : LENGTH(units))];
}

/* Of the registers; the last ones lie outside one plan or both. */
static void
pick_quarter(struct naive_event *n)
{
	static const uint64_t quarters[] = { 2025 * 4 + 3, 2024 * 4, 2023 * 4 + 3,
		                             2026 * 4,     2030 * 4, 2022 * 4 + 3 };

	n->unit = pick_unit();
	n->quarter = quarters[pick(pick(4) ? 2 : LENGTH(quarters))];
	n->day = quarter_first(n->quarter);
}

static struct event
pick_level(struct naive_event *n)
{
	pick_quarter(n);
	n->indicator = pick(12) ? "IND-3" : "IND-1";
	n->value = pick(3) * 10;
	return test_level(n->unit, n->indicator, n->quarter, n->value);
}

static struct event
pick_thing(struct naive_event *n)
{
	static const char *const keys[] = { "net-1", "net-2", "net-3", "con-a" };
	static const date days[] = { 20157, 20406, 20407, 21915 };
	struct event e;

	n->unit = pick_unit();
	n->indicator = pick(12) ? "IND-2" : "IND-1";
	n->thing = keys[pick(LENGTH(keys))];
	n->day = days[pick(pick(6) ? 3 : LENGTH(days))];
	n->out = pick(3) == 0;
	n->name = pick(2) ? "Red" : NULL;
	e = test_thing(n->unit, n->indicator, n->thing, n->day);
	e.out = n->out;
	if (n->name)
		test_name(&e, n->name);
	return e;
}

static struct event
pick_progress(struct naive_event *n)
{
	static const struct {
		char type;
		const char *code;
		void (*set)(struct event *e, const char *code);
	} items[] = {
		{ 'i', "1.1.01", test_initiative }, { 'c', "COM-1", test_commitment },
		{ 'r', "RSK-1", test_risk },        { 'i', "1.1.02", test_initiative },
		{ 'r', "RSK-2", test_risk },        { 'i', "9.9.99", test_initiative },
		{ 'c', "COM-9", test_commitment },  { 'r', "RSK-9", test_risk },
	};
	size_t i = pick(pick(4) ? 3 : LENGTH(items));
	struct event e;

	pick_quarter(n);
	n->item_type = items[i].type;
	n->item = items[i].code;
	n->note = pick(2) ? "Avance" : NULL;
	n->percent = n->note && pick(2) ? -1 : (int) pick(3) * 5000;
	e = test_progress(n->unit, n->quarter);
	items[i].set(&e, n->item);
	e.percent = (uint64_t) n->percent;
	if (n->percent < 0)
		e.has &= ~EVENT_BIT(EVENT_PERCENT);
	if (n->note)
		test_note(&e, n->note);
	return e;
}

static struct event
pick_budget(struct naive_event *n)
{
	struct event e;

	pick_quarter(n);
	n->project = pick(8) ? "2018011000755" : "1";
	for (size_t i = 0; i < LENGTH(n->amounts); i++)
		n->amounts[i] = pick(3) ? pick(100) : (uint64_t) MONEY_MAX;
	e = test_budget(n->unit, n->project, n->quarter);
	e.appropriated = n->amounts[0];
	e.committed = n->amounts[1];
	e.obligated = n->amounts[2];
	e.paid = n->amounts[3];
	return e;
}

static struct event
pick_close(struct naive_event *n)
{
	static const char *const zeros[] = { NULL, "IND-1", "IND-1,IND-3", "IND-99" };
	static const char *const nothings[] = { NULL, "IND-2", "IND-2", "IND-2,IND-9" };
	struct event e;

	pick_quarter(n);
	n->zero = zeros[pick(pick(4) ? 3 : LENGTH(zeros))];
	n->nothing = nothings[pick(pick(4) ? 3 : LENGTH(nothings))];
	e = test_close(n->unit, n->quarter);
	if (n->zero)
		test_zero(&e, n->zero);
	if (n->nothing)
		test_nothing(&e, n->nothing);
	return e;
}

struct event
naive_pick_void(struct naive_event *n)
{
	n->unit = pick(4) ? "con-a" : "con-b";
	return test_void(n->unit);
}

struct event
naive_pick_record(struct naive_event *n)
{
	static const struct {
		event_kind kind;
		struct event (*pick)(struct naive_event *n);
	} kinds[] = {
		{ KIND_ACTIVITY, pick_activity }, { KIND_THING, pick_thing },
		{ KIND_LEVEL, pick_level },       { KIND_PROGRESS, pick_progress },
		{ KIND_BUDGET, pick_budget },     { KIND_CLOSE, pick_close },
		{ KIND_ACTIVITY, pick_activity }, { KIND_THING, pick_thing },
	};
	size_t i = pick(LENGTH(kinds));

	n->kind = kinds[i].kind;
	return kinds[i].pick(n);
}

/* Mostly a late one of those that it may be a version of, if there is any. */
static size_t
pick_target(const struct naive *all, const struct naive_event *n)
{
	size_t back = 1 + pick(pick(2) ? 3 : 60);
	size_t at = back > all->count ? pick((unsigned) all->count) : all->count - back;

	if (n->kind == KIND_VOID || pick(6) == 0)
		return at;
	for (size_t i = 0; i < all->count; i++) {
		size_t before = (at + all->count - i) % all->count;

		if (naive_alike(n, &all->events[before]))
			return before;
	}
	return at;
}

void
naive_pick_targets(const struct naive *all, struct naive_event *n, struct event *e)
{
	static const struct point nowhere = { 7, { 0xee } };
	unsigned count = pick(4) == 0 ? 2 + pick(2) : 1;

	for (unsigned i = 0; i < count; i++) {
		size_t at;

		if (pick(25) == 0 || all->count == 0) {
			test_fix(e, &nowhere, NULL);
			n->targets[n->target_count++] = NAIVE_MISSING;
			continue;
		}
		at = pick_target(all, n);
		n->targets[n->target_count++] = at;
		/* its own feed may be named or not */
		test_fix(e, &all->events[at].at,
		         all->events[at].device == n->device && pick(2) ? NULL
		                                                        : all->events[at].feed);
	}
}

static json_t *
first_plan(void)
{
	json_t *root = plan_base();

	plan_base_edit(root, "/indicators/-",
	               "{\"code\": \"IND-3\", \"name\": \"Dotación\", \"accumulation\": \"stock\","
	               " \"baseline\": null, \"baseline_included\": false, \"goal\": 50,"
	               " \"by\": \"level\", \"targets\": {}, \"links\": [],"
	               " \"period\": {\"from\": \"2024-02-15\", \"to\": \"2025-12-31\"}}");
	plan_base_edit(root, "/risks/-", "{\"code\": \"RSK-1\", \"name\": \"Uno\"}");
	plan_base_edit(root, "/risks/-",
	               "{\"code\": \"RSK-2\", \"name\": \"Dos\", \"retired\": \"2025-07-01\"}");
	return root;
}

static json_t *
next_plan(void)
{
	json_t *root = first_plan();

	plan_base_edit(root, "/version", "4");
	plan_base_edit(root, "/modes/-", "{\"code\": \"fija\", \"name\": \"Fija\"}");
	plan_base_edit(root, "/indicators/0/links", "[\"1.1.01\"]");
	plan_base_edit(root, "/units/1/country", "\"MX\"");
	plan_base_edit(root, "/units/1/country_name", "\"México\"");
	plan_base_edit(root, "/period/to", "\"2031-12-31\"");
	plan_base_edit(root, "/commitments/0/retired", "\"2025-10-01\"");
	plan_base_edit(root, "/indicators/1/baseline_keys", "[\"con-b\", \"net-2\"]");
	return root;
}

json_t *
naive_plan(bool next)
{
	return next ? next_plan() : first_plan();
}
