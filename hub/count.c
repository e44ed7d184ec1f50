#include "hub/count.h"

#include "hub/judge.h"
#include "hub/reports.h"
#include "hub/things.h"

/* An activity may name an initiative that the plan links to its indicator as well. */
static void
code_set_add(struct code_set *set, struct text code)
{
	for (size_t i = 0; i < set->count; i++)
		if (text_equal(set->list[i], code))
			return;
	if (set->count < CODES_MAX)
		set->list[set->count++] = code;
}

/* What the event names was judged; a link of the plan still has to be in force that day. */
void
count_codes(const plan *p, const struct event *e, struct code_set *set)
{
	date day = (date) e->date;
	const struct plan_indicator *indicator = NULL;

	set->count = 0;
	if (e->indicator.len > 0) {
		code_set_add(set, e->indicator);
		indicator = indicator_on(p, e->indicator, day);
	}
	for (size_t i = 0; i < e->initiatives.count; i++)
		code_set_add(set, e->initiatives.list[i]);
	for (size_t i = 0; indicator && i < indicator->link_count; i++) {
		struct text code = text_of(indicator->links[i]);

		if (initiative_on(p, code, day))
			code_set_add(set, code);
	}
}

static status
add_extras(sums *s, size_t cell, char type, const struct tallies *tallies, int sign)
{
	status st = ST_OK;

	for (size_t i = 0; i < tallies->count && st == ST_OK; i++)
		st = sums_extra(s, cell, type, tallies->list[i].name,
		                sign * (int64_t) tallies->list[i].value);
	return st;
}

/* Taking out finds the rows that counting wrote only by the same plan: so another plan in
 * force folds everything again (hub_take()). */
static status
count_activity(sums *s, const plan *p, const struct event *e, int sign)
{
	const struct plan_unit *unit = unit_on(p, e->unit, (date) e->date);
	struct tally_key tally = { (date) e->date, e->unit, e->status };
	struct cell_key cell = {
		.unit = e->unit,
		.country = e->country,
		.mode = e->mode,
		.day = (date) e->date,
		.status = e->status,
	};
	struct code_set codes;
	status st = sums_tally(s, &tally, sign);

	if (cell.country.len == 0 && unit)
		cell.country = text_of(unit->country);
	count_codes(p, e, &codes);
	for (size_t i = 0; i < codes.count && st == ST_OK; i++) {
		size_t at = 0;

		cell.code = codes.list[i];
		st = sums_cell(s, &cell, sign * (int64_t) e->quantity, sign, &at);
		if (st == ST_OK)
			st = add_extras(s, at, 'c', &e->counts, sign);
		if (st == ST_OK)
			st = add_extras(s, at, 'g', &e->groups, sign);
	}
	return st;
}

/* ---- the other kinds: one row of their own ---- */

static status
put_level(kv_txn *txn, const struct event *e, const uint8_t *hash, int sign)
{
	const struct level_key key = { e->indicator, e->unit, e->quarter };

	(void) hash;
	return level_put(txn, &key, e->value, sign);
}

static status
put_thing(kv_txn *txn, const struct event *e, const uint8_t *hash, int sign)
{
	return thing_put(txn, e, hash, sign);
}

static status
put_report(kv_txn *txn, const struct event *e, const uint8_t *hash, int sign)
{
	(void) hash;
	return report_put(txn, e, sign);
}

static status (*const row_puts[EVENT_KINDS_])(kv_txn *txn, const struct event *e,
                                              const uint8_t *hash, int sign) = {
	[KIND_LEVEL] = put_level,   [KIND_THING] = put_thing,  [KIND_PROGRESS] = put_report,
	[KIND_BUDGET] = put_report, [KIND_CLOSE] = put_report,
};

static status
count_tally(sums *s, const struct event *e, int sign)
{
	const struct tally_key tally = { event_day(e), e->unit, STATUS_DONE };

	return sums_tally(s, &tally, sign);
}

status
count_event(kv_txn *txn, sums *s, const plan *p, const struct event *e,
            const uint8_t hash[static HASH_BYTES], int sign)
{
	status st;

	if (e->kind == KIND_ACTIVITY)
		return count_activity(s, p, e, sign);
	if (!row_puts[e->kind])
		return ST_OK;
	st = row_puts[e->kind](txn, e, hash, sign);
	return st == ST_OK && e->kind != KIND_CLOSE ? count_tally(s, e, sign) : st;
}
