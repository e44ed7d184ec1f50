#include "agent/link/keeper.h"

#include <stdlib.h>
#include <string.h>

/* A document that waits to be written; at is NULL when there is none. */
struct waiting {
	uint8_t *at;
	size_t len;
	uint64_t version, boot;
};

struct keeper {
	outbox *box;
	uint8_t hub[FEED_BYTES];
	struct outbox_hub facts;
	int64_t facts_due_ms; /* INT64_MAX: facts are as written */
	int64_t facts_at_ms;  /* when they were written last */
	struct waiting plan, standing;
	int64_t retry_ms; /* not before, after a failure */
	int64_t busy_ms;  /* since when the lock was not had; -1: it was */
};

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

status
keeper_new(outbox *box, const uint8_t hub[static FEED_BYTES], keeper **ret_keeper)
{
	keeper *k = calloc(1, sizeof(*k));
	status st;

	if (!k)
		return ST_NOMEM;
	k->box = box;
	k->facts_due_ms = INT64_MAX;
	k->facts_at_ms = -KEEPER_CONTACT_MS;
	k->busy_ms = -1;
	memcpy(k->hub, hub, FEED_BYTES);
	st = outbox_hub(box, hub, &k->facts);
	if (st < 0) {
		keeper_free(&k);
		return st;
	}
	*ret_keeper = k;
	return ST_OK;
}

static void
drop(struct waiting *w)
{
	free(w->at);
	*w = (struct waiting) { 0 };
}

void
keeper_free(keeper **k_p)
{
	keeper *k = *k_p;

	if (!k)
		return;
	drop(&k->plan);
	drop(&k->standing);
	free(k);
	*k_p = NULL;
}

const struct outbox_hub *
keeper_facts(const keeper *k)
{
	return &k->facts;
}

static void
facts_changed(keeper *k, int64_t now_ms, int64_t within_ms)
{
	int64_t due = k->facts_at_ms + within_ms;

	k->facts_due_ms = earlier(k->facts_due_ms, due > now_ms ? due : now_ms);
}

static status
take_document(keeper *k, const struct device_action *a)
{
	struct waiting *w = a->what == DOCUMENT_PLAN ? &k->plan : &k->standing;
	uint8_t *copy = malloc(a->packed.len ? a->packed.len : 1);

	if (!copy)
		return ST_NOMEM;
	if (a->packed.len)
		memcpy(copy, a->packed.at, a->packed.len);
	free(w->at);
	w->at = copy;
	w->len = a->packed.len;
	w->version = a->version;
	w->boot = a->boot;
	return ST_OK;
}

status
keeper_take(keeper *k, const struct device_action *a, int64_t now_ms, int64_t wall_ms)
{
	switch (a->type) {
	case DEVICE_ACKED:
		k->facts.acked = a->point;
		k->facts.last_contact_ms = wall_ms;
		facts_changed(k, now_ms, KEEPER_FACTS_MS);
		return ST_OK;
	case DEVICE_WELCOMED:
		k->facts.beyond = a->beyond;
		k->facts.onward = a->onward;
		k->facts.registry = a->registry;
		k->facts.boot = a->boot;
		k->facts.skew_ms = a->hub_clock_ms - wall_ms;
		k->facts.refused = 0;
		k->facts.last_contact_ms = wall_ms;
		facts_changed(k, now_ms, KEEPER_FACTS_MS);
		return ST_OK;
	case DEVICE_SEEN:
		k->facts.registry = a->registry;
		facts_changed(k, now_ms, KEEPER_FACTS_MS);
		return ST_OK;
	case DEVICE_DOCUMENT: return a->what == DOCUMENT_EVENTS ? ST_OK : take_document(k, a);
	case DEVICE_SEND:
	case DEVICE_CLOSE: break;
	}
	return ST_OK;
}

void
keeper_contact(keeper *k, int64_t now_ms, int64_t wall_ms)
{
	k->facts.last_contact_ms = wall_ms;
	facts_changed(k, now_ms, KEEPER_CONTACT_MS);
}

void
keeper_refused(keeper *k, refusal why, int64_t now_ms)
{
	uint64_t refused = 1 + (uint64_t) why;

	if (refused == k->facts.refused)
		return;
	k->facts.refused = refused;
	facts_changed(k, now_ms, KEEPER_FACTS_MS);
}

/* `sync` may run beside the daemon, each with a link of its own.  A hub of one
 * boot id only ever gets more: the higher of two marks is the later one.  What was seen
 * of the registry never goes down: it is how a hub learns that it was put back. */
static status
write_facts(keeper *k, int wait_ms)
{
	struct outbox_hub facts = k->facts, stored;
	status st = outbox_hub(k->box, k->hub, &stored);

	if (st == ST_OK && stored.boot == facts.boot && stored.acked.seq > facts.acked.seq)
		facts.acked = stored.acked;
	if (st == ST_OK && stored.registry > facts.registry)
		facts.registry = k->facts.registry = stored.registry;
	if (st == ST_OK)
		st = outbox_put_hub(k->box, k->hub, &facts, wait_ms);
	if (st == ST_OK)
		k->facts_due_ms = INT64_MAX;
	return st;
}

static status
write_plan(keeper *k, int wait_ms)
{
	const struct bytes packed = { k->plan.at, k->plan.len };
	status st = outbox_put_plan(k->box, k->plan.version, packed, wait_ms);

	if (st == ST_OK || st == ST_INVALID)
		drop(&k->plan);
	return st;
}

static status
write_standing(keeper *k, int wait_ms)
{
	const struct bytes packed = { k->standing.at, k->standing.len };
	status st = outbox_put_standing(k->box, k->standing.version, k->standing.boot, packed,
	                                wait_ms);

	if (st == ST_OK || st == ST_LIMIT)
		drop(&k->standing);
	return st;
}

static status
write_due(keeper *k, int64_t now_ms, int wait_ms)
{
	status st = ST_OK;

	if (now_ms >= k->facts_due_ms) {
		st = write_facts(k, wait_ms);
		if (st == ST_OK)
			k->facts_at_ms = now_ms;
	}
	if (st == ST_OK && k->standing.at)
		st = write_standing(k, wait_ms);
	if (st == ST_OK && k->plan.at)
		st = write_plan(k, wait_ms);
	return st;
}

status
keeper_write(keeper *k, int64_t now_ms, int64_t *ret_held_ms)
{
	status st;

	if (now_ms < keeper_deadline(k))
		return ST_OK;
	st = write_due(k, now_ms, 0);
	if (st != ST_BUSY)
		k->busy_ms = -1;
	else if (k->busy_ms < 0)
		k->busy_ms = now_ms;
	if (st == ST_BUSY)
		*ret_held_ms = k->busy_ms;
	if (st == ST_OK || st == ST_INVALID)
		k->retry_ms = 0;
	else
		k->retry_ms = now_ms + (st == ST_BUSY ? KEEPER_RETRY_MS : KEEPER_FAULT_MS);
	return st;
}

status
keeper_finish(keeper *k, int wait_ms)
{
	return write_due(k, INT64_MAX - 1, wait_ms);
}

int64_t
keeper_deadline(const keeper *k)
{
	int64_t due = k->plan.at || k->standing.at ? 0 : k->facts_due_ms;

	return due > k->retry_ms ? due : k->retry_ms;
}
