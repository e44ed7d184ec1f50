/* What became of an event: the part of hub/ledger.h that only reads. */
#include "hub/ledger.h"

#include <stdlib.h>

#include "hub/graph.h"
#include "hub/hub.h"
#include "hub/journal.h"
#include "protocol/msgid.h"

static const struct {
	const char *name, *text;
} outcomes[OUTCOMES_] = {
	[OUTCOME_COUNTED] = { "counted", N_("counted") },
	[OUTCOME_PLANNED] = { "planned", N_("planned") },
	[OUTCOME_CANCELLED] = { "cancelled", N_("cancelled") },
	[OUTCOME_MOVED] = { "moved", N_("moved to another date") },
	[OUTCOME_VOIDED] = { "voided", N_("takes its entry out") },
	[OUTCOME_OUT] = { "out", N_("taken out by a later entry") },
	[OUTCOME_REPLACED] = { "replaced", N_("another version of it stands") },
	[OUTCOME_CONFLICT] = { "conflict", N_("in conflict with the version that stands") },
	[OUTCOME_HELD] = { "held", N_("held, not counted") },
	[OUTCOME_PROBE] = { "probe", N_("a probe: it counts nothing") },
	[OUTCOME_OFFICE] = { "office", N_("of the office") },
};

const char *
outcome_name(outcome o)
{
	return (unsigned) o < OUTCOMES_ ? outcomes[o].name : "?";
}

const char *
outcome_text(outcome o)
{
	return (unsigned) o < OUTCOMES_ ? outcomes[o].text : "?";
}

/* Of an event that stands. */
static outcome
outcome_standing(const struct event *e)
{
	static const outcome by_status[EVENT_STATUSES_] = {
		[STATUS_DONE] = OUTCOME_COUNTED,
		[STATUS_PLANNED] = OUTCOME_PLANNED,
		[STATUS_CANCELLED] = OUTCOME_CANCELLED,
		[STATUS_MOVED] = OUTCOME_MOVED,
	};

	if (event_is_office(e->kind))
		return OUTCOME_OFFICE;
	switch ((int) e->kind) {
	case KIND_PROBE: return OUTCOME_PROBE;
	case KIND_VOID: return OUTCOME_VOIDED;
	case KIND_ACTIVITY: return by_status[e->status];
	default: return OUTCOME_COUNTED;
	}
}

static bool
winner_is_void(const struct graph *g, uint32_t root)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->list[i].sound && g->list[i].root == root && g->list[i].wins)
			return g->list[i].is_void;
	return false;
}

/* Judged anew: the rows tell what is held and what counts, but not which of several
 * versions stands.  The event asked for comes first in the list. */
static status
outcome_of_node(struct ledger *l, const uint8_t *id, const struct event *e, outcome *ret_outcome,
                hold *ret_reason)
{
	struct graph g = { 0 };
	const struct version *v;
	status st = graph_look(l, id, &g);

	if (st == ST_OK)
		st = versions_judge(g.list, g.count);
	if (st == ST_OK) {
		v = &g.list[0];
		*ret_reason = version_held(v) ? v->hold : HOLD_NONE;
		if (version_held(v))
			*ret_outcome = OUTCOME_HELD;
		else if (v->wins || !v->record)
			*ret_outcome = outcome_standing(e);
		else if (v->head)
			*ret_outcome = OUTCOME_CONFLICT;
		else if (!v->is_void && winner_is_void(&g, v->root))
			*ret_outcome = OUTCOME_OUT;
		else
			*ret_outcome = OUTCOME_REPLACED;
	}
	graph_done(&g);
	return st;
}

/* It names nothing and nobody names it: so it is held, or it stands. */
static status
outcome_alone(struct ledger *l, const uint8_t *id, const struct event *e, outcome *ret_outcome,
              hold *ret_reason)
{
	struct bytes name;
	status st = kv_get(l->txn, TABLE_HELD, (struct bytes) { id, EVENT_ID_BYTES }, &name);

	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	*ret_reason = HOLD_NONE;
	*ret_outcome = outcome_standing(e);
	if (st == ST_OK) {
		*ret_reason = hold_of_name((struct text) { (const char *) name.at, name.len });
		*ret_outcome = OUTCOME_HELD;
	}
	return ST_OK;
}

/* What cannot be decoded is held, and its row says why. */
status
ledger_outcome_of(struct ledger *l, const uint8_t feed[static FEED_BYTES], const struct point *at,
                  struct bytes body, bool erased, outcome *ret_outcome, hold *ret_reason)
{
	uint8_t id[EVENT_ID_BYTES];
	struct event e = { 0 };
	bool is_node;
	status st;

	event_id_write(feed, at, id);
	if (!erased)
		event_decode(body, &e);
	st = graph_has_node(l->txn, id, &is_node);
	if (st < 0)
		return st;
	return is_node ? outcome_of_node(l, id, &e, ret_outcome, ret_reason)
		       : outcome_alone(l, id, &e, ret_outcome, ret_reason);
}

status
ledger_outcome(struct ledger *l, const uint8_t feed[static FEED_BYTES], const struct point *at,
               outcome *ret_outcome, hold *ret_reason)
{
	struct found_event *found = malloc(sizeof(*found));
	status st = ST_NOMEM;

	if (found)
		st = journal_find(l->txn, feed, at->seq, at->hash, HASH_BYTES, found);
	if (st == ST_OK)
		st = ledger_outcome_of(l, feed, at, (struct bytes) { found->body, found->body_len },
		                       found->erased, ret_outcome, ret_reason);
	free(found);
	return st;
}

status
ledger_restates(struct ledger *l, const uint8_t feed[static FEED_BYTES], const struct point *at,
                const struct event *e, outcome o, bool *ret_restates)
{
	bool stands = o == OUTCOME_COUNTED || o == OUTCOME_PLANNED || o == OUTCOME_CANCELLED ||
		o == OUTCOME_MOVED;
	lateness late = LATE_NOT;
	status st = ST_OK;

	if (stands)
		st = locks_late(l->locks, l->txn, l->chains, feed, at, e, &late);
	*ret_restates = late != LATE_NOT;
	return st;
}
