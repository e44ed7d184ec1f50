#include "hub/completeness.h"

#include <stdlib.h>

#include "hub/bogota.h"
#include "hub/contacts.h"
#include "hub/graph.h"
#include "hub/hub.h"
#include "protocol/msgid.h"

static const struct {
	const char *name, *text;
} states[COMPLETENESS_] = {
	[QUARTER_CLOSED] = { "closed", N_("closed") },
	[QUARTER_CLOSED_ZERO] = { "closed_zero", N_("closed with zero") },
	[QUARTER_REPORTING] = { "reporting", N_("reporting") },
	[QUARTER_NOTHING] = { "nothing", N_("nothing reported") },
	[QUARTER_UNKNOWN] = { "unknown", N_("unknown") },
};

const char *
completeness_name(completeness c)
{
	return states[c].name;
}

const char *
completeness_text(completeness c)
{
	return states[c].text;
}

/* What is gathered of one unit. */
struct gathered {
	uint64_t entries, devices;
	bool unheard; /* one of its devices never was */
	int64_t since_ms;
	bool closed;
	struct codes zero, nothing;
};

struct gathering {
	const struct query *q;
	uint64_t quarter;
	bool past;
	struct gathered *units; /* as the plan has them */
};

/* NULL: the plan has no such unit. */
static struct gathered *
gathered_of(const struct gathering *g, struct text unit)
{
	size_t count;
	const struct plan_unit *first = plan_units(g->q->plan, &count);
	const struct plan_unit *found = plan_unit(g->q->plan, unit.at, unit.len);

	return found ? &g->units[found - first] : NULL;
}

/* ---- what came ---- */

static status
gather_entries(struct gathering *g)
{
	const struct tally_key from = { quarter_first(g->quarter), { "", 0 }, STATUS_DONE };
	uint8_t key[ROW_KEY_MAX];
	size_t len = tally_key_write(&from, key);
	struct kv_walk walk;
	status st = ST_OK;

	for (bool more = kv_seek(g->q->txn, TABLE_TALLIES, (struct bytes) { key, len }, &walk);
	     more && st == ST_OK; more = kv_next(&walk)) {
		struct gathered *unit;
		struct tally_key tally;
		uint64_t records;

		st = tally_key_read(walk.key, &tally);
		if (st == ST_OK)
			st = total_read(walk.value, &records);
		if (st != ST_OK || tally.day > quarter_last(g->quarter))
			break;
		unit = gathered_of(g, tally.unit);
		if (unit)
			unit->entries += records;
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	return st;
}

static status
note_close(void *ctx, const struct report *r)
{
	struct gathering *g = ctx;
	struct gathered *unit = r->quarter == g->quarter ? gathered_of(g, r->unit) : NULL;

	if (unit) {
		unit->closed = true;
		unit->zero = r->zero;
		unit->nothing = r->nothing;
	}
	return ST_OK;
}

/* ---- who was heard of ---- */

/* Up to when all that the device recorded is here: what it still had to send when it was
 * last heard of is as old as it said. */
static int64_t
known_up_to(const struct contact *c)
{
	return c->pending > 0 && c->has_facts ? c->last_ms - (int64_t) c->oldest_ms : c->last_ms;
}

static status
note_device(void *ctx, const struct device *d)
{
	struct gathering *g = ctx;
	struct contact contact = { .last_ms = 0 };
	int64_t since_ms;
	status st;

	if (d->role == ROLE_HUB || d->units.count == 0)
		return ST_OK;
	st = contacts_get(g->q->txn, d->feed, &contact);
	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	since_ms = known_up_to(&contact);
	for (size_t i = 0; i < d->units.count; i++) {
		struct gathered *unit = gathered_of(g, d->units.list[i]);

		if (!unit)
			continue;
		unit->unheard |= contact.last_ms == 0;
		if (unit->devices++ == 0 || since_ms < unit->since_ms)
			unit->since_ms = since_ms;
	}
	return ST_OK;
}

/* ---- what does not fit ---- */

/* What was counted for the indicator by that unit in that quarter. */
static status
is_counted(const struct gathering *g, const struct plan_unit *unit, struct text indicator,
           bool *ret_counted)
{
	const struct text code = text_of(unit->code);
	const struct query q = { g->q->txn, g->q->plan, DATE_MAX };
	const struct counts_question question = {
		.code = indicator,
		.units = &code,
		.unit_count = 1,
		.from = quarter_first(g->quarter),
		.to = quarter_last(g->quarter),
		.status = STATUS_DONE,
	};
	struct groups rows = { 0 };
	int64_t total;
	status st = query_counts(&q, &question, &rows, &total);

	*ret_counted = st == ST_OK && rows.count > 0;
	groups_done(&rows);
	return st;
}

static status
look_for_faults(const struct gathering *g, struct unit_quarter *u)
{
	const struct report close = {
		.type = REPORT_CLOSE,
		.unit = text_of(u->unit->code),
		.quarter = g->quarter,
	};
	char key[REGISTER_KEY_BYTES];
	status st;

	if (!u->zero)
		return ST_OK;
	report_register(&close, key);
	st = graph_in_conflict(g->q->txn, key, &u->conflict);
	for (size_t i = 0; i < u->zero->count && st == ST_OK; i++) {
		bool counted;

		st = is_counted(g, u->unit, u->zero->list[i], &counted);
		if (counted)
			u->contradicted.list[u->contradicted.count++] = u->zero->list[i];
	}
	return st;
}

/* ---- the answer ---- */

/* After the end of the quarter one word from the device is enough, whenever it was. */
static bool
is_known(const struct gathering *g, const struct unit_quarter *u, date today)
{
	date last = quarter_last(g->quarter);

	if (!u->heard_of)
		return false;
	return today <= last ? u->since >= today - QUARTER_GRACE_DAYS : u->since > last;
}

static completeness
state_of(const struct gathering *g, const struct gathered *from, const struct unit_quarter *u,
         date today)
{
	if (from->closed)
		return from->zero.count > 0 ? QUARTER_CLOSED_ZERO : QUARTER_CLOSED;
	if (g->past)
		return u->entries > 0 ? QUARTER_REPORTING : QUARTER_UNKNOWN;
	if (!is_known(g, u, today))
		return QUARTER_UNKNOWN;
	return u->entries > 0 ? QUARTER_REPORTING : QUARTER_NOTHING;
}

static bool
was_open(const struct plan_unit *unit, uint64_t quarter)
{
	date first = quarter_first(quarter), last = quarter_last(quarter);

	return first < unit->retired && unit->opened <= last && unit->closed >= first;
}

static status
tell(const struct gathering *g, date today, completeness_visit *visit, void *ctx)
{
	size_t count;
	const struct plan_unit *units = plan_units(g->q->plan, &count);
	status st = ST_OK;

	for (size_t i = 0; i < count && st == ST_OK; i++) {
		const struct gathered *from = &g->units[i];
		struct unit_quarter u = {
			.unit = &units[i],
			.entries = from->entries,
			.devices = from->devices,
			.heard_of = from->devices > 0 && !from->unheard,
		};

		if (!was_open(&units[i], g->quarter))
			continue;
		if (u.heard_of)
			u.since = bogota_date(from->since_ms);
		u.zero = from->closed ? &from->zero : NULL;
		u.nothing = from->closed ? &from->nothing : NULL;
		u.state = state_of(g, from, &u, today);
		st = look_for_faults(g, &u);
		if (st == ST_OK)
			st = visit(ctx, &u);
	}
	return st;
}

status
completeness_each(const struct query *q, uint64_t quarter, date today, bool past,
                  completeness_visit *visit, void *ctx)
{
	struct gathering g = { .q = q, .quarter = quarter, .past = past };
	size_t count;
	status st;

	plan_units(q->plan, &count);
	g.units = calloc(count + 1, sizeof(*g.units)); /* + 1: calloc() of nothing may fail */
	if (!g.units)
		return ST_NOMEM;
	st = gather_entries(&g);
	if (st == ST_OK)
		st = reports_each(q->txn, REPORT_CLOSE, (struct text) { 0 }, note_close, &g);
	if (st == ST_OK)
		st = registry_each(q->txn, note_device, &g);
	if (st == ST_OK)
		st = tell(&g, today, visit, ctx);
	free(g.units);
	return st;
}
