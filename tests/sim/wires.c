/* The virtual network: what leaves arrives later, in order, or not at all. */
#include <string.h>

#include "protocol/document.h"
#include "tests/sim/world.h"

static const struct device_sync_config timing = {
	.program = "sim 1",
	.welcome_ms = 30000,
	.answer_ms = 120000,
	.ping_ms = 30000,
	.hello_ms = 3600000,
};

/* ---- ways ---- */

void
way_put(struct way *w, struct bytes frame, int64_t due_ms)
{
	struct frame *f;

	if (w->count == WAY_FRAMES)
		broken("more than %d frames are on one way: memory has no bound", WAY_FRAMES);
	if (due_ms > w->last_due_ms)
		w->last_due_ms = due_ms;
	f = &w->ring[(w->first + w->count++) % WAY_FRAMES];
	*f = (struct frame) { malloc(frame.len + 1), frame.len, w->last_due_ms };
	if (!f->at)
		broken("no memory");
	memcpy(f->at, frame.at, frame.len);
}

bool
way_take(struct way *w, struct frame *ret_frame)
{
	if (w->count == 0)
		return false;
	*ret_frame = w->ring[w->first];
	w->first = (w->first + 1) % WAY_FRAMES;
	w->count--;
	return true;
}

static void
way_empty(struct way *w)
{
	struct frame f;

	while (way_take(w, &f))
		free(f.at);
	w->last_due_ms = 0;
}

static int64_t
due(const struct wire *w, size_t len)
{
	return world.now_ms + w->delay_ms + (int64_t) (len * 1000 / w->bytes_a_second);
}

/* ---- the device's store, as agent/link/uplink.c answers for it ---- */

static status
store_tip(void *ctx, struct point *ret_tip)
{
	return outbox_tip(((struct wire *) ctx)->device->box, ret_tip);
}

static status
store_floor(void *ctx, struct point *ret_floor)
{
	return outbox_floor(((struct wire *) ctx)->device->box, ret_floor);
}

static status
store_hash_at(void *ctx, uint64_t seq, uint8_t ret_hash[static HASH_BYTES])
{
	return outbox_hash_at(((struct wire *) ctx)->device->box, seq, ret_hash);
}

static status
store_seal(void *ctx, uint64_t first, uint64_t last, size_t wire_bytes, writer *w,
           struct point *ret_end)
{
	struct sim_device *d = ((struct wire *) ctx)->device;

	return outbox_seal(d->box, sim_keys[d->feed].secret, first, last, wire_bytes, w, ret_end);
}

/* ---- the device's end ---- */

static size_t
number(const struct sim_device *d)
{
	return (size_t) (d - world.devices);
}

void
wire_tear(struct sim_device *d, size_t which, bool silently)
{
	struct wire *w = &d->wires[which];

	way_empty(&w->rising);
	way_empty(&w->falling);
	if (w->row && w->row->waiting == 0)
		connections_remove(world.hubs[which].table, w->row);
	w->row = NULL; /* one that waits goes after its batch is answered */
	w->cut = w->up && silently;
	w->up = w->cut;
}

static void
link_begin(struct sim_device *d, size_t which)
{
	struct wire *w = &d->wires[which];
	const struct outbox_hub *facts = keeper_facts(w->keeper);
	const struct device_sync_memory memory = {
		.acked = facts->acked,
		.plan = facts->plan,
		.standing = facts->standing,
		.standing_boot = facts->standing_boot,
		.registry = facts->registry,
	};
	struct device_sync_config config = timing;

	config.adopt = w->adopts;
	memcpy(config.feed, sim_keys[d->feed].feed, FEED_BYTES);
	memcpy(config.hub, world.hubs[which].self.feed, FEED_BYTES);
	w->device = d;
	w->store = (struct device_store) {
		w, store_tip, store_floor, store_hash_at, store_seal, NULL,
	};
	w->sync = device_sync_new(&config, &memory, &w->store);
	if (!w->sync)
		broken("no memory");
}

static void
admit(struct sim_device *d, size_t which)
{
	struct sim_hub *h = &world.hubs[which];
	struct wire *w = &d->wires[which];
	struct router_peer peer = { .id_len = 8, .fd = (int) number(d) };
	connection *oldest;

	memcpy(peer.feed, sim_keys[d->feed].feed, FEED_BYTES);
	put_u64(peer.id, w->serial);
	if (connections_of_feed(h->table, peer.feed, &oldest) >= CONNECTIONS_MAX) {
		w->cut = true; /* the hub passes over what it says */
		return;
	}
	must(connections_add(h->table, &peer, world.now_ms, &w->row), ST_OK);
	w->row->fd = peer.fd;
	w->row->cookie = w->serial;
}

void
wire_connect(struct sim_device *d, size_t which)
{
	struct wire *w = &d->wires[which];

	wire_tear(d, which, false);
	if (w->parted || !world.hubs[which].hub)
		return;
	if (!w->keeper)
		must(keeper_new(d->box, world.hubs[which].self.feed, &w->keeper), ST_OK);
	if (!w->sync)
		link_begin(d, which);
	w->refused = hub_turns_away(which, d->feed);
	if (w->refused) {
		keeper_refused(w->keeper, REFUSAL_ENROLMENT, world.now_ms);
		return;
	}
	w->serial = ++world.serial;
	w->up = true;
	w->cut = false;
	admit(d, which);
	device_sync_start(w->sync, world.now_ms);
}

/* It must be on the hub's disk now: this is what "acknowledged" says. */
static void
check_acked(const struct sim_device *d, size_t which, const struct point *p)
{
	size_t event = model_find(sim_keys[d->feed].feed, p);

	trace->acks++;
	if (p->seq == 0)
		return;
	if (event == NONE || !(model_chain(d->tip) >> event & 1))
		broken("device %zu takes %ju for acknowledged, which is not on its chain",
		       number(d), (uintmax_t) p->seq);
	/* what it heard before the hub was lost it may say after that */
	if (!d->wires[which].older && !(world.hubs[which].known >> event & 1))
		broken("device %zu heard that hub %zu has event %ju, and it has not", number(d),
		       which, (uintmax_t) p->seq);
}

static bool
may_close(const struct sim_device *d, size_t which, const struct device_action *a)
{
	if (a->has_refusal && a->refused_with == REFUSAL_ENROLMENT)
		return d->wires[which].refused;
	if (a->has_refusal)
		return a->refused_with == REFUSAL_BUSY && world.hubs[which].fault;
	return strstr(a->why, "in time") || strstr(a->why, "again and again");
}

static void
keep_for_pile(struct bytes frame)
{
	struct sealed *s;
	struct message m;

	if (pick(5) > 0 || message_decode(frame.at, frame.len, &m) != ST_OK ||
	    m.type != MESSAGE_PUSH)
		return;
	s = &world.pile[pick(PILE)];
	free(s->at);
	s->at = malloc(m.batch.len);
	if (!s->at)
		broken("no memory");
	s->len = m.batch.len;
	memcpy(s->at, m.batch.at, m.batch.len);
}

/* ---- what comes back ---- */

/* A process of its own, which reads anew what the outbox knows of the hub. */
static void
process_ends(struct sim_device *d, size_t which)
{
	struct wire *w = &d->wires[which];

	wire_tear(d, which, false);
	device_sync_free(&w->sync);
	if (w->keeper)
		must(keeper_finish(w->keeper, 0), ST_OK);
	keeper_free(&w->keeper);
	w->adopts = false;
}

void
wire_adopt_end(struct sim_device *d, size_t which)
{
	if (d->wires[which].adopts)
		process_ends(d, which);
}

void
wire_adopt(struct sim_device *d, size_t which)
{
	process_ends(d, which);
	d->wires[which].adopts = true;
	wire_connect(d, which);
}

/* What it has now was confirmed to a person once, on this chain. */
static void
went_on(struct sim_device *d, uint64_t count)
{
	const uint8_t *feed = sim_keys[d->feed].feed;
	struct point tip;
	size_t event;
	uint64_t news;

	must(outbox_tip(d->box, &tip), ST_OK);
	event = model_find(feed, &tip);
	news = event == NONE ? 0 : model_chain(event) & ~model_chain(d->tip);
	if (event == NONE || (d->tip != NONE && !(model_chain(event) >> d->tip & 1)) ||
	    (uint64_t) __builtin_popcountll(news) != count)
		broken("device %zu took back %ju, which ends at what nobody recorded there",
		       number(d), (uintmax_t) count);
	for (size_t i = 0; i < world.naive.count; i++)
		if (news >> i & 1)
			world.keys[i] = 0; /* a key does not come back */
	d->tip = event;
	trace->adopted += count;
	trace_say("device %zu took back %ju, up to event %zu", number(d), (uintmax_t) count, event);
	record_check(d);
}

static bool
take_back(struct sim_device *d, size_t which, struct bytes packed)
{
	static struct sent_back sent;
	uint8_t *bytes = NULL;
	uint64_t count = 0;
	size_t len = 0;
	status st = document_unpack(packed, EVENTS_BYTES_MAX, &bytes, &len);

	if (st == ST_OK)
		st = sent_back_decode(bytes, len, &sent);
	if (st == ST_OK)
		st = outbox_adopt(d->box, world.hubs[which].self.feed, &sent, 0, &count);
	free(bytes);
	if (st == ST_OK)
		went_on(d, count);
	else if (st != ST_EXISTS) /* recorded, or taken back from another hub, meanwhile */
		broken("device %zu was sent back what it cannot take: %s", number(d),
		       status_text(st));
	return st == ST_OK;
}

static void
carry_out(struct sim_device *d, size_t which, const struct device_action *a)
{
	struct wire *w = &d->wires[which];

	switch (a->type) {
	case DEVICE_SEND:
		keep_for_pile(a->frame);
		if (!w->cut)
			way_put(&w->rising, a->frame, due(w, a->frame.len));
		return;
	case DEVICE_CLOSE:
		trace_say("device %zu gives hub %zu up: %s", number(d), which, a->why);
		if (!may_close(d, which, a))
			broken("device %zu gave up on an honest hub: %s (%s)", number(d), a->why,
			       a->has_refusal ? refusal_name(a->refused_with) : "no refusal");
		if (a->has_refusal)
			keeper_refused(w->keeper, a->refused_with, world.now_ms);
		wire_tear(d, which, false);
		return;
	case DEVICE_ACKED:
		trace_say("device %zu: hub %zu has all up to %ju", number(d), which,
		          (uintmax_t) a->point.seq);
		check_acked(d, which, &a->point);
		break;
	case DEVICE_DOCUMENT:
		if (a->what != DOCUMENT_EVENTS)
			break;
		if (pick(3) == 0 && !world.calm) /* another process is quicker */
			record_some(d, 1);
		if (take_back(d, which, a->packed))
			device_sync_adopted(w->sync, world.now_ms);
		else
			wire_tear(d, which, false);
		return;
	case DEVICE_WELCOMED:
	case DEVICE_SEEN: break;
	}
	must(keeper_take(w->keeper, a, world.now_ms, world.now_ms + d->skew_ms), ST_OK);
}

static void
write_what_was_told(struct sim_device *d, size_t which)
{
	int64_t held_ms = 0;

	must(keeper_write(d->wires[which].keeper, world.now_ms, &held_ms), ST_OK);
}

/* Whoever waits must have a deadline. */
static void
check_deadline(const struct sim_device *d, size_t which)
{
	const struct wire *w = &d->wires[which];
	device_state state = device_sync_state(w->sync);

	if (w->up && (state == DEVICE_GREETING || state == DEVICE_STREAMING) &&
	    device_sync_deadline(w->sync) == INT64_MAX)
		broken("device %zu waits for hub %zu for ever", number(d), which);
}

void
wire_speak(struct sim_device *d, size_t which)
{
	struct wire *w = &d->wires[which];
	struct device_action a;

	for (unsigned n = 0;
	     w->up && device_sync_next(w->sync, world.now_ms, world.now_ms + d->skew_ms, &a); n++) {
		if (n > 1000)
			broken("device %zu has no end of things to do", number(d));
		carry_out(d, which, &a);
	}
	if (w->keeper)
		write_what_was_told(d, which);
	if (w->sync)
		check_deadline(d, which);
	if (w->adopts && (!w->up || device_sync_drained(w->sync)) && pick(2))
		wire_adopt_end(d, which);
}

void
wire_tick(struct sim_device *d, size_t which)
{
	struct wire *w = &d->wires[which];

	if (!w->up)
		return;
	device_sync_tick(w->sync, world.now_ms);
	wire_speak(d, which);
	if (w->up && device_sync_deadline(w->sync) <= world.now_ms)
		broken("the deadline of device %zu is over and nothing happens", number(d));
}

bool
wire_fall(struct sim_device *d, size_t which)
{
	struct wire *w = &d->wires[which];
	struct frame f;

	if (!w->up || !way_take(&w->falling, &f))
		return false;
	if (f.due_ms > world.now_ms)
		world.now_ms = f.due_ms;
	keeper_contact(w->keeper, world.now_ms, world.now_ms + d->skew_ms);
	device_sync_frame(w->sync, f.at, f.len, world.now_ms);
	w->older = false;
	free(f.at);
	if (world.prunes)
		device_prune(d, which);
	return true;
}

/* ---- the hub's end ---- */

bool
wire_rise(struct sim_device *d, size_t which)
{
	struct wire *w = &d->wires[which];
	struct frame f;

	if (!w->row || depot_full(world.hubs[which].depot) || !way_take(&w->rising, &f))
		return false;
	if (f.due_ms > world.now_ms)
		world.now_ms = f.due_ms;
	hub_hears(which, w->row, &f);
	free(f.at);
	return true;
}

void
wire_answer(size_t which, const connection *row, const struct hub_action *a)
{
	struct wire *w = &world.devices[row->fd].wires[which];

	if (a->type == HUB_REFUSE)
		trace_say("hub %zu refuses device %d: %s", which, row->fd,
		          refusal_name(a->refused_with));
	if (a->type == HUB_REFUSE && a->refused_with == REFUSAL_ENROLMENT &&
	    hub_turns_away(which, world.devices[row->fd].feed))
		w->refused = true;
	if ((a->type == HUB_SEND || a->type == HUB_REFUSE) && w->up && !w->cut &&
	    w->serial == row->cookie)
		way_put(&w->falling, a->frame, due(w, a->frame.len));
}
