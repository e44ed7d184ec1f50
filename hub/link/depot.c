#include "hub/link/depot.h"

#include <stdlib.h>
#include <string.h>

#include "hub/rollback.h"

/* Of one commit: a row that is written is a page in memory, or part of one, and LMDB keeps as many
 * as it ever had.  Of what many devices bring each commit writes the same pages, those of days and
 * tallies of all units, so larger commits cost less memory than they have rows. */
enum { COMMIT_BYTES = 24 << 20 };

struct depot {
	struct parcel *parcels; /* room + 1, so that there always is a slot */
	struct parcel **queue;  /* to all of them: those that wait, then the others */
	size_t count, room;
	size_t gathered; /* the first ones, whose order stays */
	size_t expected; /* of these the store was told */
};

depot *
depot_new(size_t room)
{
	depot *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->parcels = calloc(room + 1, sizeof(*d->parcels));
	d->queue = calloc(room + 1, sizeof(struct parcel *));
	if (!d->parcels || !d->queue) {
		free(d->parcels);
		free(d->queue);
		free(d);
		return NULL;
	}
	d->room = room;
	for (size_t i = 0; i <= room; i++) {
		zmq_msg_init(&d->parcels[i].frame);
		d->queue[i] = &d->parcels[i];
	}
	return d;
}

void
depot_free(depot **d_p)
{
	depot *d = *d_p;

	if (!d)
		return;
	for (size_t i = 0; i <= d->room; i++)
		zmq_msg_close(&d->parcels[i].frame);
	free(d->parcels);
	free(d->queue);
	free(d);
	*d_p = NULL;
}

bool
depot_full(const depot *d)
{
	return d->count == d->room;
}

size_t
depot_count(const depot *d)
{
	return d->count;
}

struct parcel *
depot_at(depot *d, size_t i)
{
	return d->queue[i];
}

static void
empty(zmq_msg_t *frame)
{
	zmq_msg_close(frame);
	zmq_msg_init(frame);
}

zmq_msg_t *
depot_slot(depot *d)
{
	zmq_msg_t *frame = &d->queue[d->count]->frame;

	empty(frame);
	return frame;
}

void
depot_keep(depot *d, connection *from, const struct hub_action *a)
{
	struct parcel *p = d->queue[d->count++];

	p->from = from;
	p->batch = a->batch;
	p->loose = a->loose;
	p->settled = (struct hub_settled) {
		.round = a->round,
		.wire_bytes = a->wire_bytes,
		.end = batch_end(&a->batch),
		.outcome = ST_BUSY,
	};
	from->waiting++;
}

/* What the device no longer has to send, as far as the batch tells. */
static void
note_contact(connection *c, const struct batch *b)
{
	struct point end = batch_end(b);

	if (end.seq >= c->contact.tip.seq) {
		c->contact.tip = end;
		c->contact.pending = 0;
		c->contact.oldest_ms = 0;
	} else if (c->contact.pending > c->contact.tip.seq - end.seq) {
		c->contact.pending = c->contact.tip.seq - end.seq;
	}
	c->contact_dirty = true;
}

/* The results after which the transaction can still be committed. */
static bool
is_outcome(status st)
{
	return st == ST_OK || st == ST_EXISTS || st == ST_UNKNOWN || st == ST_DENIED ||
		st == ST_CHAIN || st == ST_MALFORMED || st == ST_LIMIT;
}

static status
put_contacts(kv_txn *txn, const connections *table)
{
	const connection *c;
	size_t cursor = 0;
	status st = ST_OK;

	while (st == ST_OK && (c = connections_next(table, &cursor)) != NULL) {
		if (!c->contact_dirty)
			continue;
		st = contacts_put(txn, &c->contact);
		if (st == ST_OK)
			st = rollback_note(txn, c->contact.feed, c->contact.registry,
			                   c->contact.plan, c->contact.last_ms);
	}
	return st;
}

static void
contacts_written(const connections *table)
{
	connection *c;
	size_t cursor = 0;

	while ((c = connections_next(table, &cursor)) != NULL) {
		if (c->contact_dirty)
			c->contact.refused = 0; /* it was added */
		c->contact_dirty = false;
	}
}

static void
move_up(depot *d, size_t from, size_t to)
{
	struct parcel *p = d->queue[from];

	memmove(&d->queue[to + 1], &d->queue[to], (from - to) * sizeof(struct parcel *));
	d->queue[to] = p;
}

/* Of those that have come since the last time, those of one connection behind its first one:
 * who sends without end is not to keep out who has waited. */
static void
gather(depot *d)
{
	size_t end = d->gathered > 0 ? d->gathered : 1; /* of those that are in order */

	for (; end < d->count; end++) {
		const connection *from = d->queue[end - 1]->from;

		for (size_t i = end; i < d->count; i++) {
			if (d->queue[i]->from == from)
				move_up(d, i, end++);
		}
	}
	d->gathered = d->count;
}

static status
take(depot *d, size_t i, hub *h, kv_txn *txn, int64_t wall_ms)
{
	struct parcel *p = d->queue[i];
	status outcome;

	while (d->expected < d->count && hub_expect(h, &d->queue[d->expected]->batch))
		d->expected++;
	outcome = hub_take_as(h, txn, &p->batch, wall_ms, p->loose ? TAKE_LOOSE : TAKE_JOINED);
	p->settled.outcome = outcome;
	if (d->expected <= i)
		d->expected = i + 1;
	if (outcome == ST_OK || outcome == ST_EXISTS)
		note_contact(p->from, &p->batch);
	return is_outcome(outcome) ? ST_OK : outcome;
}

/* One commit of those from first to before end, or of as many of them as go well with the memory
 * that a hub is to do with.  *ret_taken is how many were tried. */
static status
store_some(depot *d, size_t first, size_t end, hub *h, const connections *table, int64_t wall_ms,
           size_t *ret_taken)
{
	kv_txn *txn = NULL;
	size_t taken = 0;
	status st = kv_write(hub_store(h), 0, &txn);

	while (st == ST_OK && first + taken < end) {
		if (taken > 0 && hub_written(h, txn) >= COMMIT_BYTES)
			break;
		st = take(d, first + taken, h, txn, wall_ms);
		taken++;
	}
	if (st == ST_OK)
		st = hub_settle(h, txn);
	if (st == ST_OK)
		st = put_contacts(txn, table);
	if (st == ST_OK) {
		st = kv_commit(&txn);
		if (st == ST_OK)
			contacts_written(table);
	}
	kv_abort(&txn);
	*ret_taken = taken;
	return st;
}

/* One batch that cannot be stored must not keep the others out. */
static void
store_singly(depot *d, size_t count, hub *h, const connections *table, int64_t wall_ms)
{
	size_t taken;

	for (size_t i = 0; i < count; i++) {
		status st = store_some(d, i, i + 1, h, table, wall_ms, &taken);

		if (st < 0) {
			d->queue[i]->settled.outcome = st;
			d->expected = i + 1;
		}
	}
}

static void
fail_all(depot *d, status st)
{
	for (size_t i = 0; i < d->count; i++)
		d->queue[i]->settled.outcome = st;
}

status
depot_store(depot *d, hub *h, const connections *table, int64_t wall_ms, size_t *ret_count)
{
	status st;

	gather(d);
	st = store_some(d, 0, d->count, h, table, wall_ms, ret_count);
	if (st == ST_OK)
		return ST_OK;
	d->expected = 0; /* from the first on once more */
	if (st == ST_BUSY) {
		*ret_count = 0;
	} else if (st == ST_FULL || *ret_count == 0) {
		*ret_count = d->count;
		fail_all(d, st);
	} else if (*ret_count == 1) {
		d->queue[0]->settled.outcome = st;
	} else {
		store_singly(d, *ret_count, h, table, wall_ms);
	}
	return st;
}

static void
swap(struct parcel **a, struct parcel **b)
{
	struct parcel *kept = *a;

	*a = *b;
	*b = kept;
}

/* Their places come behind those that wait. */
void
depot_let_go(depot *d, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		d->queue[i]->from->waiting--;
		empty(&d->queue[i]->frame);
	}
	for (size_t i = count; i < d->count; i++)
		swap(&d->queue[i - count], &d->queue[i]);
	d->count -= count;
	d->gathered -= count < d->gathered ? count : d->gathered;
	d->expected -= count < d->expected ? count : d->expected;
}
