#include "hub/diff_codes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/i18n.h"
#include "common/listing.h"
#include "hub/progress_out.h"

enum { NUMBER_BYTES = 24 };

json_int_t
diff_change(int64_t then, int64_t now)
{
	return (json_int_t) now - (json_int_t) then;
}

/* ---- gathering ---- */

/* What was published once is in every later plan, so the later of two has all codes. */
static const plan *
later_plan(const struct diff_side *a, const struct diff_side *b)
{
	const plan *one = a->ledger.plan, *two = b->ledger.plan;

	return plan_version(one) > plan_version(two) ? one : two;
}

/* By the indicator as the plan of that moment has it. */
static status
find_value(const struct diff_side *side, const char *code, struct code_value *ret_value)
{
	const struct query q = { side->ledger.txn, side->ledger.plan, side->cutoff };
	const struct plan_indicator *indicator = plan_indicator(q.plan, code, strlen(code));
	struct progress p;
	status st;

	if (!indicator)
		return ST_OK;
	st = query_progress(&q, indicator, &p);
	if (st == ST_OK)
		*ret_value = (struct code_value) { .there = true, .number = p.value };
	return st;
}

static bool
same_value(const struct code_value *a, const struct code_value *b)
{
	return a->there == b->there && a->number.why == b->number.why && a->number.n == b->number.n;
}

static bool
is_told(const struct code_row *row, const struct diff *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (strcmp(d->list[i].code, row->code) == 0)
			return true;
	return row->then != row->now || !same_value(&row->value_then, &row->value_now);
}

static status
count_code(const struct diff_side *then, const struct diff_side *now, struct code_row *row)
{
	status st = diff_total(then, text_of(row->code), &row->then);

	return st == ST_OK ? diff_total(now, text_of(row->code), &row->now) : st;
}

static status
add_indicator(const struct diff_side *then, const struct diff_side *now,
              const struct plan_indicator *indicator, struct code_row *row)
{
	status st;

	*row = (struct code_row) { .code = indicator->code, .name = indicator->name };
	st = count_code(then, now, row);
	if (st == ST_OK)
		st = find_value(then, row->code, &row->value_then);
	return st == ST_OK ? find_value(now, row->code, &row->value_now) : st;
}

/* "state" tells nothing of it; its value is what was counted. */
static status
add_initiative(const struct diff_side *then, const struct diff_side *now,
               const struct plan_initiative *initiative, struct code_row *row)
{
	status st;

	*row = (struct code_row) { .code = initiative->code, .name = initiative->name };
	st = count_code(then, now, row);
	row->value_then = (struct code_value) { true, { PROGRESS_KNOWN, row->then } };
	row->value_now = (struct code_value) { true, { PROGRESS_KNOWN, row->now } };
	return st;
}

status
code_rows_gather(const struct diff_side *then, const struct diff_side *now, const struct diff *d,
                 struct code_rows *ret_rows)
{
	const plan *p = later_plan(then, now);
	size_t indicator_count, initiative_count;
	const struct plan_indicator *indicators = plan_indicators(p, &indicator_count);
	const struct plan_initiative *initiatives = plan_initiatives(p, &initiative_count);
	struct code_row *row = calloc(indicator_count + initiative_count + 1, sizeof(*row));
	status st = row ? ST_OK : ST_NOMEM;

	ret_rows->list = row;
	for (size_t i = 0; i < indicator_count && st == ST_OK; i++)
		st = add_indicator(then, now, &indicators[i], row++);
	for (size_t i = 0; i < initiative_count && st == ST_OK; i++)
		st = add_initiative(then, now, &initiatives[i], row++);
	ret_rows->count = st == ST_OK ? indicator_count + initiative_count : 0;
	for (size_t i = 0; i < ret_rows->count; i++)
		ret_rows->list[i].told = is_told(&ret_rows->list[i], d);
	return st;
}

void
code_rows_done(struct code_rows *rows)
{
	free(rows->list);
	*rows = (struct code_rows) { .count = 0 };
}

size_t
code_rows_told(const struct code_rows *rows)
{
	size_t told = 0;

	for (size_t i = 0; i < rows->count; i++)
		told += rows->list[i].told;
	return told;
}

/* ---- telling ---- */

static json_t *
value_json(const struct code_value *v, json_t *why, const char *field)
{
	if (v->there)
		return progress_number_json(v->number, why, field);
	json_object_set_new(why, field, json_string("not_in_plan"));
	return json_null();
}

static json_t *
row_json(const struct code_row *row)
{
	json_t *why = json_object();
	json_t *then = value_json(&row->value_then, why, "value_then");
	json_t *now = value_json(&row->value_now, why, "value_now");

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:I}", "code", row->code, "name",
	                 row->name, "value_then", then, "value_now", now, "why", why, "then",
	                 (json_int_t) row->then, "now", (json_int_t) row->now, "difference",
	                 diff_change(row->then, row->now));
}

json_t *
code_rows_json(const struct code_rows *rows)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rows->count; i++)
		if (rows->list[i].told)
			json_array_append_new(list, row_json(&rows->list[i]));
	return list;
}

static const char *
value_text(const struct code_value *v, char out[static PROGRESS_TEXT_BYTES])
{
	return v->there ? progress_number_text(v->number, out) : _("not in the plan");
}

static void
print_row(struct listing *list, const struct code_row *row)
{
	char value_then[PROGRESS_TEXT_BYTES], value_now[PROGRESS_TEXT_BYTES];
	char then[NUMBER_BYTES], now[NUMBER_BYTES], change[NUMBER_BYTES];

	snprintf(then, sizeof(then), "%" PRId64, row->then);
	snprintf(now, sizeof(now), "%" PRId64, row->now);
	snprintf(change, sizeof(change), "%" JSON_INTEGER_FORMAT, diff_change(row->then, row->now));
	listing_row(list,
	            (const char *[]) { row->code, row->name,
	                               value_text(&row->value_then, value_then),
	                               value_text(&row->value_now, value_now), then, now, change });
}

status
code_rows_print(const struct code_rows *rows)
{
	static const struct listing_column columns[] = {
		{ NULL, N_("CODE"), .type = CELL_TEXT },
		{ NULL, N_("NAME"), .type = CELL_TEXT, .cut = true },
		{ NULL, N_("VALUE THEN"), .type = CELL_NUMBER },
		{ NULL, N_("VALUE NOW"), .type = CELL_NUMBER },
		{ NULL, N_("COUNTED THEN"), .type = CELL_NUMBER },
		{ NULL, N_("COUNTED NOW"), .type = CELL_NUMBER },
		{ NULL, N_("CHANGE"), .type = CELL_NUMBER },
	};
	bool baseline_only = false;
	struct listing list;
	status st;

	listing_begin(&list, FORM_TABLE, columns, sizeof(columns) / sizeof(columns[0]), NULL, NULL);
	for (size_t i = 0; i < rows->count; i++) {
		const struct code_row *row = &rows->list[i];

		if (!row->told)
			continue;
		print_row(&list, row);
		baseline_only |= row->value_then.number.why == PROGRESS_BASELINE_ONLY ||
			row->value_now.number.why == PROGRESS_BASELINE_ONLY;
	}
	st = listing_end(&list, NULL);
	if (baseline_only)
		puts(_("* the baseline only; nothing was reported yet"));
	return st;
}
