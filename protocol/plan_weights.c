/* A roll-up goes by weights that the plan states, or there is none: an average that
 * nobody decided on would be read as if somebody had.  So a group has all its weights
 * or none, and they make up the whole. */
#include <stdlib.h>
#include <string.h>

#include "protocol/msgid.h"
#include "protocol/plan_internal.h"

/* An entry with the group it belongs to: NULL and 0 where all are of one. */
struct weighted {
	const char *group;
	int64_t year;
	size_t row;
	int64_t weight; /* 0: none is stated */
};

/* Where the groups stand, and what to say of them. */
struct weighing {
	const char *list;
	const char *missing, *sum;
};

static const struct weighing strategies = {
	"strategies",
	N_("this key is missing: other strategies have a weight"),
	N_("the weights of all strategies must add up to 10000, not %s"),
};
static const struct weighing initiatives = {
	"initiatives",
	N_("this key is missing: other initiatives of the strategy have a weight"),
	N_("the weights of all initiatives of a strategy must add up to 10000, not %s"),
};
static const struct weighing actions = {
	"actions",
	N_("this key is missing: other actions of that initiative and year have a weight"),
	N_("the weights of all actions of an initiative and year must add up to 10000, not %s"),
};

/* By group, and within it in the order of the document. */
static int
compare(const void *a, const void *b)
{
	const struct weighted *x = a, *y = b;
	int order = x->group && y->group ? strcmp(x->group, y->group) : 0;

	if (order != 0)
		return order;
	if (x->year != y->year)
		return x->year < y->year ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static bool
same_group(const struct weighted *a, const struct weighted *b)
{
	return a->year == b->year &&
		(a->group == b->group || (a->group && b->group && strcmp(a->group, b->group) == 0));
}

static void
check_group(struct plan_checker *c, const struct weighing *w, const struct weighted *list,
            size_t count)
{
	const struct plan_path *at = AT_KEY(NULL, w->list);
	bool any = false, all = true;
	int64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		if (list[i].weight == UNSET_NUMBER)
			return; /* told when it was read */
		any |= list[i].weight != 0;
		all &= list[i].weight != 0;
		sum += list[i].weight;
	}
	for (size_t i = 0; any && i < count; i++) {
		if (list[i].weight == 0)
			plan_report(c, AT_KEY(AT_INDEX(at, list[i].row), "weight"), w->missing,
			            NULL);
	}
	if (any && all && sum != PLAN_WEIGHTS)
		plan_report_number(c, AT_KEY(AT_INDEX(at, list[0].row), "weight"), w->sum, sum);
}

/* Sorted, since a list may be long and a group a single entry. */
static void
check_groups(struct plan_checker *c, const struct weighing *w, struct weighted *list, size_t count)
{
	size_t end;

	if (count > 1)
		qsort(list, count, sizeof(*list), compare);
	for (size_t begin = 0; begin < count; begin = end) {
		for (end = begin + 1; end < count && same_group(&list[begin], &list[end]);)
			end++;
		check_group(c, w, &list[begin], end - begin);
	}
}

/* What is retired has no part in the whole any more, whatever weight it had. */
static bool
stays(date retired)
{
	return retired == PLAN_NOT_RETIRED;
}

static void
check_strategies(struct plan_checker *c)
{
	size_t count, used = 0;
	const struct plan_item *rows = plan_items(c->p, LIST_STRATEGIES, &count);
	struct weighted *list = plan_alloc(c, count, sizeof(*list));

	for (size_t i = 0; list && i < count; i++) {
		if (stays(rows[i].retired))
			list[used++] = (struct weighted) { NULL, 0, i, rows[i].weight };
	}
	check_groups(c, &strategies, list, used);
}

static void
check_initiatives(struct plan_checker *c)
{
	size_t count, used = 0;
	const struct plan_initiative *rows = plan_initiatives(c->p, &count);
	struct weighted *list = plan_alloc(c, count, sizeof(*list));

	for (size_t i = 0; list && i < count; i++) {
		if (stays(rows[i].retired) && rows[i].strategy)
			list[used++] = (struct weighted) { rows[i].strategy, 0, i, rows[i].weight };
	}
	check_groups(c, &initiatives, list, used);
}

static void
check_actions(struct plan_checker *c)
{
	size_t count, used = 0;
	const struct plan_action *rows = plan_actions(c->p, &count);
	struct weighted *list = plan_alloc(c, count, sizeof(*list));

	for (size_t i = 0; list && i < count; i++) {
		if (stays(rows[i].retired) && rows[i].initiative && rows[i].year != UNSET_NUMBER)
			list[used++] = (struct weighted) { rows[i].initiative, rows[i].year, i,
				                           rows[i].weight };
	}
	check_groups(c, &actions, list, used);
}

void
plan_check_weights(struct plan_checker *c)
{
	check_strategies(c);
	check_initiatives(c);
	check_actions(c);
}
