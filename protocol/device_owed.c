#include "protocol/device_internal.h"

/* In every state: what the hub told before the link broke is still true. */
static bool
owed_report(device_sync *s, struct device_action *ret_action)
{
	struct device_action a;
	download *d = s->plan.whole ? &s->plan : s->standing.whole ? &s->standing : &s->events;

	if (s->welcomed_owed) {
		a = (struct device_action) {
			.type = DEVICE_WELCOMED,
			.beyond = s->beyond,
			.onward = s->onward,
			.boot = s->boot,
			.registry = s->registry,
			.hub_clock_ms = s->hub_clock_ms,
		};
		s->welcomed_owed = s->registry_owed = false;
	} else if (s->registry_owed) {
		a = (struct device_action) { .type = DEVICE_SEEN, .registry = s->registry };
		s->registry_owed = false;
	} else if (s->acked_owed) {
		a = (struct device_action) { .type = DEVICE_ACKED, .point = s->acked };
		s->acked_owed = false;
	} else if (d->whole) {
		a = (struct device_action) {
			.type = DEVICE_DOCUMENT,
			.what = d->what,
			.version = d->version,
			.boot = d->told_boot,
		};
		a.packed = download_take(d); /* last: it forgets the version */
	} else {
		return false;
	}
	*ret_action = a;
	return true;
}

static bool
owed_close(device_sync *s, struct device_action *ret_action)
{
	if (!s->close_owed)
		return false;
	s->close_owed = false;
	*ret_action = (struct device_action) {
		.type = DEVICE_CLOSE,
		.has_refusal = s->has_refusal,
		.refused_with = s->refused_with,
		.why = s->why,
		.hub_text = { s->hub_text, s->hub_text_len },
	};
	return true;
}

/* m may point into anything that lives until here: the frame is a copy.  When
 * there is no memory for it the link is closed, so what the caller has noted as
 * sent before does no harm. */
static bool
emit(device_sync *s, const struct message *m, int64_t now_ms, struct device_action *ret_action)
{
	status st = message_encode(m, &s->frame);

	if (st < 0) {
		device_fault(s, st, status_text(st), now_ms);
		return false;
	}
	s->quiet_ms = now_ms;
	*ret_action = (struct device_action) { .type = DEVICE_SEND,
		                               .frame = writer_bytes(&s->frame) };
	return true;
}

/* ST_OK also when the point is there already.  The list cannot overflow: see
 * own_points(). */
static status
add_point(device_sync *s, uint64_t seq, struct points *points)
{
	struct point *p = &points->list[points->count];
	status st;

	for (size_t i = 0; i < points->count; i++) {
		if (points->list[i].seq == seq)
			return ST_OK;
	}
	st = s->store->hash_at(s->store->ctx, seq, p->hash);
	if (st < 0)
		return st;
	p->seq = seq;
	points->count++;
	return ST_OK;
}

/* What the hub last acknowledged, the tip, and back from it in steps that
 * double, to the floor: 66 at most (63 steps and three), so POINTS_MAX is never
 * met.  The first point that the hub knows of these lies at most twice as far back
 * as the last event it knows, so less than that again is sent in vain. */
static status
own_points(device_sync *s, struct points *ret_points)
{
	uint64_t tip = s->tip.seq, floor = s->floor.seq;
	status st = ST_OK;

	ret_points->count = 0;
	/* above the tip, hash_at() would rightly find nothing, and that would
	 * count as a fault of the store */
	if (s->acked.seq >= floor && s->acked.seq <= tip)
		st = add_point(s, s->acked.seq, ret_points);
	if (st == ST_OK)
		st = add_point(s, tip, ret_points);
	for (uint64_t back = 1; st == ST_OK && back < tip - floor; back *= 2)
		st = add_point(s, tip - back, ret_points);
	return st == ST_OK ? add_point(s, floor, ret_points) : st;
}

/* Asked once until the outbox may have grown, not once a PUSH. */
static status
look_at_tip(device_sync *s)
{
	status st = ST_OK;

	if (!s->tip_known)
		st = s->store->tip(s->store->ctx, &s->tip);
	s->tip_known = st == ST_OK;
	return st;
}

/* The tip first: the floor is not above it. */
static status
look_around(device_sync *s)
{
	const struct device_store *store = s->store;
	status st = look_at_tip(s);

	return st == ST_OK && store->floor ? store->floor(store->ctx, &s->floor) : st;
}

/* Both numbers are of one chain.  0 while the mark is above the tip, as it can be
 * until a WELCOME has put it right. */
static uint64_t
pending(const device_sync *s)
{
	return s->tip.seq > s->acked.seq ? s->tip.seq - s->acked.seq : 0;
}

/* Told when it can be: that it cannot is no reason to say nothing. */
static void
add_facts(const device_sync *s, int64_t wall_ms, struct message *m)
{
	const struct device_store *store = s->store;
	struct device_facts facts;

	if (!store->facts || store->facts(store->ctx, &s->acked, wall_ms, &facts) < 0)
		return;
	m->has_facts = true;
	m->disk_bytes = facts.disk_bytes < INT64_MAX ? facts.disk_bytes : INT64_MAX;
	m->oldest_ms = facts.oldest_ms < INT64_MAX ? facts.oldest_ms : INT64_MAX;
}

static bool
say_hello(device_sync *s, int64_t now_ms, int64_t wall_ms, struct device_action *ret_action)
{
	struct message m = {
		.type = MESSAGE_HELLO,
		.protocol = PROTOCOL_VERSION,
		.round = s->round,
		.feed = s->config.feed,
		.plan = s->plan.held,
		.registry = s->registry,
		.clock_ms = wall_ms,
		.program = text_of(s->config.program),
	};
	status st = look_around(s);

	if (st == ST_OK)
		st = own_points(s, &m.points);
	if (st < 0) {
		device_fault(
			s, st,
			N_("the outbox cannot be read; 'valija verify' says whether it is damaged"),
			now_ms);
		return false;
	}
	m.floor = s->floor;
	m.tip = s->tip;
	m.pending = pending(s);
	add_facts(s, wall_ms, &m);
	s->hello_owed = false;
	s->await_ms = s->hello_ms = now_ms; /* from when it leaves, not from when owed */
	return emit(s, &m, now_ms, ret_action);
}

/* Something that wants an answer is about to leave.  To be called before that is
 * noted, or it would count itself.  While older questions are open their deadline
 * holds: who keeps sending must not put it off. */
static void
await(device_sync *s, int64_t now_ms)
{
	if (!device_awaiting(s))
		s->await_ms = now_ms;
}

static bool
ask(device_sync *s, download *d, int64_t now_ms, struct device_action *ret_action)
{
	struct message m;

	if (s->state != DEVICE_STREAMING || !download_next(d, &m))
		return false;
	await(s, now_ms);
	d->asked = true;
	return emit(s, &m, now_ms, ret_action);
}

/* The batch that ends at the gap: how many fit is known only afterwards, so what did not is
 * left below. */
static status
seal_gap(device_sync *s, struct point *ret_end)
{
	uint64_t last = s->gap.seq, room = last - s->floor.seq;
	uint64_t first = last - (room < BATCH_EVENTS_MAX ? room : BATCH_EVENTS_MAX) + 1;
	status st;

	do {
		st = s->store->seal(s->store->ctx, first, last, s->flight.batch_bytes, &s->batch,
		                    ret_end);
		if (st == ST_OK && (ret_end->seq < first || ret_end->seq > last))
			return ST_LIMIT; /* it would not end */
		first = ret_end->seq + 1;
	} while (st == ST_OK && first <= last);
	return st;
}

/* What is new comes first; the gap when nothing is under way, so that its ACK is the next. */
static bool
fills(const device_sync *s)
{
	return s->next > s->tip.seq && s->gap_owed && s->flight.count == 0;
}

/* ST_LIMIT: the store gave what may not be sent.  An overdraft would be refused, and the
 * same batch again after that. */
static status
seal_next(device_sync *s, bool gap, struct point *ret_end)
{
	status st = gap ? seal_gap(s, ret_end)
			: s->store->seal(s->store->ctx, s->next, UINT64_MAX, s->flight.batch_bytes,
	                                 &s->batch, ret_end);

	if (st < 0)
		return st;
	if (writer_bytes(&s->batch).len + s->flight.bytes > s->credit ||
	    (!gap && ret_end->seq < s->next))
		return ST_LIMIT;
	return ST_OK;
}

static void
note_sent(device_sync *s, bool gap, const struct point *end)
{
	if (!gap) {
		s->next = end->seq + 1;
		return;
	}
	s->filled[s->filled_count++ % GAPS_TOLD_MAX] = s->gap;
	s->gap_owed = false;
	s->gap_sent = true;
}

/* Asked only when there is room for whatever comes: how long a batch is, the store
 * knows after sealing it, and a signature in vain is what costs. */
static bool
push(device_sync *s, int64_t now_ms, struct device_action *ret_action)
{
	struct message m = { .type = MESSAGE_PUSH, .round = s->round };
	struct point end = { 0 };
	bool gap;
	status st;

	if (s->state != DEVICE_STREAMING || s->config.adopt || !flight_room(&s->flight, s->credit))
		return false;
	st = look_at_tip(s);
	gap = st == ST_OK && fills(s);
	if (st == ST_OK && s->next > s->tip.seq && !gap)
		return false;
	if (st == ST_OK)
		st = seal_next(s, gap, &end);
	if (st < 0) {
		device_fault(
			s, st,
			st == ST_LIMIT
				? N_("the outbox gave a batch that may not be sent")
				: N_("the outbox cannot be read; 'valija verify' says whether it is "
		                     "damaged"),
			now_ms);
		return false;
	}
	m.batch = writer_bytes(&s->batch);
	await(s, now_ms);
	flight_sent(&s->flight, &end, m.batch.len, now_ms);
	note_sent(s, gap, &end);
	return emit(s, &m, now_ms, ret_action);
}

static bool
ping(device_sync *s, int64_t now_ms, int64_t wall_ms, struct device_action *ret_action)
{
	struct message m = {
		.type = MESSAGE_PING, .boot = s->boot, .clock_ms = wall_ms, .pending = pending(s)
	};

	if (s->state != DEVICE_STREAMING || !s->ping_owed)
		return false;
	s->ping_owed = false;
	if (device_awaiting(s)) /* its answer will do */
		return false;
	add_facts(s, wall_ms, &m);
	await(s, now_ms);
	s->pinged = true;
	return emit(s, &m, now_ms, ret_action);
}

/* Documents before batches: a GET is small, and its answer takes the other way. */
static bool
owed_frame(device_sync *s, int64_t now_ms, int64_t wall_ms, struct device_action *ret_action)
{
	if (s->state == DEVICE_GREETING && s->hello_owed)
		return say_hello(s, now_ms, wall_ms, ret_action);
	return ask(s, &s->plan, now_ms, ret_action) || ask(s, &s->standing, now_ms, ret_action) ||
		ask(s, &s->events, now_ms, ret_action) || push(s, now_ms, ret_action) ||
		ping(s, now_ms, wall_ms, ret_action);
}

/* The close comes last, so that what the hub had told before it is not lost. */
bool
device_sync_next(device_sync *s, int64_t now_ms, int64_t wall_ms, struct device_action *ret_action)
{
	return owed_report(s, ret_action) || owed_frame(s, now_ms, wall_ms, ret_action) ||
		owed_close(s, ret_action);
}
