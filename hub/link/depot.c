#include "hub/link/depot.h"

#include <stdlib.h>

#include "hub/rollback.h"

/* Of one commit: a row that is written is a page in memory, or part of one, and LMDB keeps as many
 * as it ever had. */
enum { COMMIT_BYTES = 6 << 20 };

struct depot {
	struct parcel *parcels; /* room + 1, so that there always is a slot */
	size_t count, room;
};

depot *
depot_new(size_t room)
{
	depot *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->parcels = calloc(room + 1, sizeof(*d->parcels));
	if (!d->parcels) {
		free(d);
		return NULL;
	}
	d->room = room;
	for (size_t i = 0; i <= room; i++)
		zmq_msg_init(&d->parcels[i].frame);
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
	return &d->parcels[i];
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
	zmq_msg_t *frame = &d->parcels[d->count].frame;

	empty(frame);
	return frame;
}

void
depot_keep(depot *d, connection *from, const struct hub_action *a)
{
	struct parcel *p = &d->parcels[d->count++];

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

/* Of count parcels some are taken, and a few more expected (hub_expect()). */
struct range {
	struct parcel *parcels;
	size_t count, taken, expected;
};

static status
take_next(struct range *r, hub *h, kv_txn *txn, int64_t wall_ms)
{
	struct parcel *p = &r->parcels[r->taken];
	status outcome;

	while (r->expected < r->count && hub_expect(h, &r->parcels[r->expected].batch))
		r->expected++;
	outcome = hub_take_as(h, txn, &p->batch, wall_ms, p->loose ? TAKE_LOOSE : TAKE_JOINED);
	p->settled.outcome = outcome;
	r->taken++;
	if (r->expected < r->taken)
		r->expected = r->taken;
	if (outcome == ST_OK || outcome == ST_EXISTS)
		note_contact(p->from, &p->batch);
	return is_outcome(outcome) ? ST_OK : outcome;
}

/* One commit of the next ones, as many as go well with the memory that a hub is to do with. */
static status
store_some(struct range *r, hub *h, const connections *table, int64_t wall_ms)
{
	kv_txn *txn = NULL;
	status st = kv_write(hub_store(h), 0, &txn);

	for (size_t i = 0; st == ST_OK && r->taken < r->count; i++) {
		if (i > 0 && hub_written(h, txn) >= COMMIT_BYTES)
			break;
		st = take_next(r, h, txn, wall_ms);
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
	return st;
}

/* One batch that cannot be stored must not keep the others out. */
static void
store_singly(depot *d, hub *h, const connections *table, int64_t wall_ms)
{
	for (size_t i = 0; i < d->count; i++) {
		struct range one = { &d->parcels[i], 1, 0, 0 };
		status st = store_some(&one, h, table, wall_ms);

		if (st < 0)
			d->parcels[i].settled.outcome = st;
	}
}

static void
fail_all(depot *d, status st)
{
	for (size_t i = 0; i < d->count; i++)
		d->parcels[i].settled.outcome = st;
}

status
depot_store(depot *d, hub *h, const connections *table, int64_t wall_ms)
{
	struct range all = { d->parcels, d->count, 0, 0 };
	status st;

	do {
		st = store_some(&all, h, table, wall_ms);
	} while (st == ST_OK && all.taken < all.count);
	if (st == ST_OK || st == ST_BUSY)
		return st;
	if (d->count > 1 && st != ST_FULL)
		store_singly(d, h, table, wall_ms);
	else
		fail_all(d, st);
	return st;
}

void
depot_clear(depot *d)
{
	for (size_t i = 0; i < d->count; i++) {
		d->parcels[i].from->waiting--;
		empty(&d->parcels[i].frame);
	}
	d->count = 0;
}
