#include "agent/link/pruner.h"

#include <stdlib.h>

#include "agent/feed_state.h"

enum { RETRY_MS = 1000 };

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)

void
pruner_init(struct pruner *p, outbox *box, const uint8_t hub[static FEED_BYTES], int64_t prune_days)
{
	*p = (struct pruner) {
		.box = box,
		.hub = hub,
		.keep_ms = prune_days * DAY_MS,
		.due_ms = INT64_MAX,
	};
}

/* What a person may yet have to do something about.  *ret_keep is the caller's. */
static status
to_be_kept(const struct feed_state *s, uint64_t **ret_keep, size_t *ret_count)
{
	size_t count = s->held_count + s->conflict_count + s->other_count;
	uint64_t *keep = calloc(count + 1, sizeof(*keep));

	if (!keep)
		return ST_NOMEM;
	count = 0;
	for (size_t i = 0; i < s->held_count; i++)
		keep[count++] = s->held[i].at.seq;
	for (size_t i = 0; i < s->conflict_count; i++)
		keep[count++] = s->conflicts[i];
	for (size_t i = 0; i < s->other_count; i++)
		keep[count++] = s->others[i].row.own.seq;
	*ret_keep = keep;
	*ret_count = count;
	return ST_OK;
}

static status
prune(const struct pruner *p, int64_t wall_ms, struct outbox_pruned *ret_pruned)
{
	struct outbox_leave leave = {
		.hub = p->hub,
		.safe = p->safe,
		.before_ms = wall_ms - p->keep_ms,
	};
	struct feed_state state;
	uint64_t *keep = NULL;
	status st = feed_state_read(p->box, &state);

	if (st < 0)
		return st;
	st = to_be_kept(&state, &keep, &leave.keep_count);
	leave.keep = keep;
	if (st == ST_OK)
		st = outbox_prune(p->box, &leave, 0, ret_pruned);
	free(keep);
	feed_state_done(&state);
	return st;
}

/* Without a session nothing is believed, and what was under way is left. */
bool
pruner_look(struct pruner *p, const device_sync *sync, int64_t now_ms)
{
	struct point safe;

	if (p->keep_ms == 0)
		return false;
	if (!device_sync_safe(sync, &safe)) {
		p->safe.seq = 0;
		p->due_ms = INT64_MAX;
		return false;
	}
	if (!point_equal(&safe, &p->safe)) {
		p->safe = safe;
		p->due_ms = now_ms;
	}
	return now_ms >= p->due_ms;
}

void
pruner_put_off(struct pruner *p, int64_t now_ms)
{
	p->due_ms = now_ms + RETRY_MS;
}

/* Any failure but a held lock waits for the next safe point: nothing depends on it. */
bool
pruner_turn(struct pruner *p, int64_t now_ms, int64_t wall_ms, uint64_t *ret_count)
{
	struct outbox_pruned pruned = { .count = 0 };
	status st = prune(p, wall_ms, &pruned);

	p->count += pruned.count;
	if (st == ST_BUSY)
		pruner_put_off(p, now_ms);
	else
		p->due_ms = pruned.more ? now_ms : INT64_MAX;
	if (p->due_ms != INT64_MAX || p->count == 0)
		return false;
	*ret_count = p->count;
	p->count = 0;
	return true;
}

int64_t
pruner_deadline(const struct pruner *p)
{
	return p->due_ms;
}
