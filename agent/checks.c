#include "agent/checks.h"

#include <stdlib.h>

#include "agent/command.h"
#include "common/daemon.h"
#include "common/room.h"
#include "protocol/chain.h"
#include "protocol/document.h"
#include "protocol/standing.h"

/* ---- locked quarters ---- */

/* A text of a newer hub may say more behind the quarter; one that does not begin with a
 * quarter locks none that is known here. */
static bool
locked_quarter(struct text t, uint64_t *ret_quarter)
{
	enum { SHAPE = QUARTER_TEXT_BYTES - 1 };

	if (t.len < SHAPE || (t.len > SHAPE && t.at[SHAPE] != ' ' && t.at[SHAPE] != ':'))
		return false;
	return quarter_parse(t.at, SHAPE, ret_quarter) == ST_OK;
}

static status
take_locks(struct checks *c, struct standing_list locks)
{
	struct text t;

	c->locked = calloc(locks.left + 1, sizeof(*c->locked));
	if (!c->locked)
		return ST_NOMEM;
	while (standing_next_text(&locks, &t)) {
		if (locked_quarter(t, &c->locked[c->frame.locked_count]))
			c->frame.locked_count++;
	}
	c->frame.locked = c->locked;
	return ST_OK;
}

/* With no standing, or one of a newer hub, nothing is known to be locked. */
static status
read_locks(struct checks *c)
{
	uint8_t *packed = NULL, *bytes = NULL;
	struct standing standing;
	size_t len = 0;
	status st = outbox_standing(c->box, &packed, &len);

	if (st < 0)
		return st == ST_NOT_FOUND ? ST_OK : st;
	st = document_unpack((struct bytes) { packed, len }, STANDING_BYTES_MAX, &bytes, &len);
	if (st == ST_OK)
		st = standing_decode(bytes, len, &standing);
	if (st == ST_OK)
		st = take_locks(c, standing.locks);
	else if (st != ST_NOMEM)
		st = ST_OK;
	free(packed);
	free(bytes);
	return st;
}

/* ---- things ---- */

static int
by_hash(const void *a, const void *b)
{
	return memcmp(a, b, HASH_BYTES);
}

static status
add_thing(struct checks *c, const struct event *e, size_t *room)
{
	char bond[REGISTER_KEY_BYTES];
	void *things = room_for(c->things, c->thing_count, 1, room, sizeof(*c->things));

	if (!things)
		return ST_NOMEM;
	c->things = things;
	event_bond(e, bond);
	hash_bytes(bond, strlen(bond), c->things[c->thing_count++]);
	return ST_OK;
}

/* Replaced or not: a key that was used once is no mistyped one. */
static status
read_things(struct checks *c)
{
	uint8_t hash[HASH_BYTES];
	struct kv_walk walk;
	struct bytes body;
	struct event e;
	uint64_t seq;
	size_t room = 0;
	status st = ST_OK;

	for (bool more = kv_seek(c->txn, OUTBOX_EVENTS, (struct bytes) { 0 }, &walk);
	     more && st == ST_OK; more = kv_next(&walk)) {
		st = outbox_event_row(&walk, &seq, &body, hash);
		if (st == ST_OK && event_decode(body, &e) == HOLD_NONE && e.kind == KIND_THING &&
		    !e.out)
			st = add_thing(c, &e, &room);
	}
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	if (c->thing_count > 0)
		qsort(c->things, c->thing_count, sizeof(*c->things), by_hash);
	return st;
}

/* When they cannot be read nothing is warned of. */
static bool
came_in(void *checks, const char *bond)
{
	struct checks *c = checks;
	uint8_t hash[HASH_BYTES];

	if (!c->things_read && read_things(c) < 0)
		return true;
	c->things_read = true;
	hash_bytes(bond, strlen(bond), hash);
	return c->thing_count > 0 &&
		bsearch(hash, c->things, c->thing_count, sizeof(*c->things), by_hash) != NULL;
}

/* ---- the whole ---- */

status
checks_read(outbox *box, struct checks *ret_checks)
{
	struct checks *c = ret_checks;
	status st;

	*c = (struct checks) {
		.box = box,
		.frame = {
			.device_units = &outbox_device(box)->units,
			.at_ms = clock_wall_ms(),
			.today = command_today(),
			.came_in = came_in,
			.ctx = c,
		},
	};
	st = read_locks(c);
	if (st == ST_OK)
		st = command_plan(box, &c->txn, &c->frame.table);
	if (st < 0)
		checks_done(c);
	return st;
}

void
checks_done(struct checks *c)
{
	command_plan_done(&c->txn, &c->frame.table);
	free(c->locked);
	free(c->things);
	*c = (struct checks) { .box = NULL };
}
