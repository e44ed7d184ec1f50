/* The end of a world: nothing bad happens any more, and after a while all that was
 * promised must be so. */
#include <string.h>

#include "hub/digest.h"
#include "hub/journal.h"
#include "hub/past.h"
#include "hub/standing.h"
#include "protocol/document.h"
#include "tests/sim/world.h"

/* Quiet for so long that each device has asked once more, and heard what others brought. */
enum { CALM_ROUNDS = 200, QUIET_MS = 90000, CALM_FRAMES = 20000 };

/* ---- links heal ---- */

static bool
turned_away(const struct sim_device *d, size_t which)
{
	return hub_turns_away(which, d->feed);
}

static void
count_step(unsigned *left)
{
	trace->steps++;
	trace->world_steps++;
	trace->now_ms = world.now_ms - BEGIN_MS;
	if (--*left == 0)
		broken("the talk does not end when all is calm");
}

/* Until nothing moves. */
static void
talk(void)
{
	unsigned left = CALM_FRAMES;
	bool moved = true;

	while (moved) {
		moved = false;
		for (size_t i = 0; i < world.count * world.hub_count; i++) {
			struct sim_device *d = &world.devices[i / world.hub_count];
			size_t which = i % world.hub_count;

			wire_speak(d, which);
			while (wire_rise(d, which)) {
				count_step(&left);
				moved = true;
			}
			if (depot_count(world.hubs[which].depot) > 0)
				hub_store_waiting(which);
			while (wire_fall(d, which)) {
				count_step(&left);
				moved = true;
			}
		}
	}
}

static bool
all_done(void)
{
	for (size_t i = 0; i < world.count * world.hub_count; i++) {
		struct sim_device *d = &world.devices[i / world.hub_count];
		const struct wire *w = &d->wires[i % world.hub_count];

		if (turned_away(d, i % world.hub_count))
			continue;
		if (!w->up || w->cut || !device_sync_drained(w->sync))
			return false;
	}
	return true;
}

/* To the deadline that comes first. */
static void
let_time_pass(void)
{
	int64_t due_ms = world.now_ms + 3600000;

	for (size_t i = 0; i < world.count * world.hub_count; i++) {
		const struct wire *w =
			&world.devices[i / world.hub_count].wires[i % world.hub_count];

		if (w->up && device_sync_deadline(w->sync) < due_ms)
			due_ms = device_sync_deadline(w->sync);
	}
	if (due_ms > world.now_ms)
		world.now_ms = due_ms;
	for (size_t i = 0; i < world.count * world.hub_count; i++)
		wire_tick(&world.devices[i / world.hub_count], i % world.hub_count);
}

static void
reach(struct sim_device *d, size_t which)
{
	struct wire *w = &d->wires[which];

	if (!w->up)
		wire_connect(d, which);
	if (w->sync)
		device_sync_grew(w->sync);
}

/* Whoever is connected stays so, and has to notice by itself what he missed. */
static void
heal(void)
{
	int64_t busy_ms;

	world.calm = true;
	for (size_t which = 0; which < world.hub_count; which++) {
		answers_set_credit(world.hubs[which].answers, 4 * CREDIT_BYTES_MIN);
		while (world.hubs[which].acts < world.naive.act_count)
			hub_learn_act(which);
	}
	for (size_t i = 0; i < world.count * world.hub_count; i++) {
		struct wire *w = &world.devices[i / world.hub_count].wires[i % world.hub_count];

		w->parted = false;
		w->delay_ms = 10;
		w->bytes_a_second = 1000000;
	}
	for (size_t i = 0; i < world.count * world.hub_count; i++)
		wire_adopt_end(&world.devices[i / world.hub_count], i % world.hub_count);
	talk();
	for (size_t which = 0; which < world.hub_count; which++)
		world.hubs[which].fault = false;
	busy_ms = world.now_ms;
	for (unsigned round = 0; world.now_ms - busy_ms < QUIET_MS; round++) {
		if (round > CALM_ROUNDS)
			broken("a device still waits when all has been calm for long");
		for (size_t i = 0; i < world.count * world.hub_count; i++)
			reach(&world.devices[i / world.hub_count], i % world.hub_count);
		talk();
		let_time_pass();
		talk();
		if (!all_done())
			busy_ms = world.now_ms;
	}
}

/* ---- what devices have ---- */

/* The document that a device keeps is the one that the hub would make now. */
static void
check_standing(struct sim_device *d, size_t which)
{
	uint8_t *packed = NULL, *raw = NULL;
	size_t packed_len = 0, raw_len = 0;
	kv_txn *txn = NULL;
	writer w;

	writer_init(&w);
	must(kv_read(hub_store(world.hubs[which].hub), &txn), ST_OK);
	must(hub_standing(txn, sim_keys[d->feed].feed, &w), ST_OK);
	kv_abort(&txn);
	must(outbox_standing(d->box, &packed, &packed_len), ST_OK);
	must(document_unpack((struct bytes) { packed, packed_len }, 1 << 20, &raw, &raw_len),
	     ST_OK);
	if (raw_len != writer_bytes(&w).len || memcmp(raw, writer_bytes(&w).at, raw_len) != 0)
		broken("device %zu keeps another standing than hub %zu has",
		       (size_t) (d - world.devices), which);
	writer_done(&w);
	free(packed);
	free(raw);
}

/* In force at every hub; where they differ a device has that of the one or the other. */
static uint64_t
plan_of_all(void)
{
	uint64_t least = UINT64_MAX;

	for (size_t which = 0; which < world.hub_count; which++) {
		uint64_t plan_there = model_plan(world.hubs[which].known);

		if (plan_there < least)
			least = plan_there;
	}
	return least;
}

static void
check_link(struct sim_device *d, size_t which)
{
	size_t i = (size_t) (d - world.devices);
	const struct point tip = model_point(d->feed, d->tip);
	struct outbox_hub facts;

	if (model_chain(d->tip) & ~world.hubs[which].known)
		broken("device %zu has what hub %zu has not, and both think they are done", i,
		       which);
	must(keeper_finish(d->wires[which].keeper, 0), ST_OK);
	must(outbox_hub(d->box, world.hubs[which].self.feed, &facts), ST_OK);
	if (d->tip != NONE && !point_equal(&facts.acked, &tip))
		broken("device %zu ends at %ju and hub %zu acknowledged %ju", i,
		       (uintmax_t) tip.seq, which, (uintmax_t) facts.acked.seq);
	/* higher: of a version that was lost with everyone who published it */
	if (facts.plan < plan_of_all())
		broken("device %zu has plan %ju of hub %zu", i, (uintmax_t) facts.plan, which);
	if (world.hub_count == 1)
		check_standing(d, which);
}

/* ---- what hubs have ---- */

struct counting {
	size_t which;
	uint64_t met;
};

static status
count_event(void *ctx, const struct journal_event *e)
{
	struct counting *c = ctx;
	size_t event = model_find(e->feed, &e->event.at);

	if (memcmp(e->feed, world.hubs[c->which].self.feed, FEED_BYTES) == 0)
		return ST_OK;
	if (event == NONE)
		broken("hub %zu has an event that nobody recorded", c->which);
	if (c->met >> event & 1)
		broken("hub %zu has event %zu twice", c->which, event);
	if (e->event.body.len != world.body_lens[event] ||
	    memcmp(e->event.body.at, world.bodies[event], e->event.body.len) != 0)
		broken("hub %zu has other bytes of event %zu", c->which, event);
	c->met |= UINT64_C(1) << event;
	return ST_OK;
}

void
calm_look(size_t which)
{
	struct sim_hub *h = &world.hubs[which];
	struct counting c = { .which = which };
	kv_txn *txn = NULL;
	char where[60];

	snprintf(where, sizeof(where), "hub %zu", which);
	must(kv_read(hub_store(h->hub), &txn), ST_OK);
	must(journal_each_event(txn, count_event, &c), ST_OK);
	if (c.met != h->known)
		broken("hub %zu lacks events %jx of those it took, and has %jx more", which,
		       (uintmax_t) (h->known & ~c.met), (uintmax_t) (c.met & ~h->known));
	model_compare(h->hub, txn, h->known, h->acts, where);
	kv_abort(&txn);
}

static void
check_folded_again(size_t which)
{
	struct sim_hub *h = &world.hubs[which];
	kv_txn *txn = NULL;

	must(kv_write(hub_store(h->hub), 0, &txn), ST_OK);
	must(hub_refold(h->hub, txn), ST_OK);
	model_compare(h->hub, txn, h->known, h->acts, "folded again");
	kv_abort(&txn);
}

/* ---- the hub as it was ---- */

/* What the journal of a hub has up to an offset. */
static void
prefix(kv_txn *txn, const uint8_t *own, uint64_t entries, uint64_t *ret_known, size_t *ret_acts)
{
	size_t enrolled = 1 + FEEDS, registry = 0;

	*ret_known = 0;
	for (uint64_t i = 0; i < entries; i++) {
		struct journal_entry entry;
		struct batch b;
		struct point end;
		size_t last;

		must(journal_read(txn, i, &entry), ST_OK);
		if (entry.kind == JOURNAL_REGISTRY) {
			registry++;
			continue;
		}
		must(batch_open(entry.bytes.at, entry.bytes.len, &b), ST_OK);
		end = batch_end(&b);
		last = model_find(b.feed, &end);
		if (memcmp(b.feed, own, FEED_BYTES) != 0)
			*ret_known |= model_chain(last);
	}
	*ret_acts = registry > enrolled ? registry - enrolled : 0;
}

static void
check_past(size_t which)
{
	struct sim_hub *h = &world.hubs[which];
	kv_txn *txn = NULL, *then = NULL;
	uint64_t entries, known, least = 1 + 1 + FEEDS;
	struct hub *past = NULL;
	size_t acts;

	must(kv_read(hub_store(h->hub), &txn), ST_OK);
	entries = least + pick((unsigned) (journal_size(txn) - least + 1));
	prefix(txn, h->self.feed, entries, &known, &acts);
	must(past_at_offset(h->hub, txn, entries, &past), ST_OK);
	kv_abort(&txn);
	must(kv_read(hub_store(past), &then), ST_OK);
	model_compare(past, then, known, acts, "as it was");
	kv_abort(&then);
	hub_close(&past);
}

/* ---- all hubs agree ---- */

static void
give_range(size_t which, size_t last, uint64_t count)
{
	const struct test_device *keys = &sim_keys[world.naive.events[last].device];
	size_t list[NAIVE_EVENTS_MAX], at = last, n = 0;
	struct point start;
	struct sealed s;
	writer bodies, sealed;
	struct batch b;
	uint64_t new;
	status want;

	for (; at != NONE && n < count; at = world.naive.events[at].parent)
		list[n++] = at;
	start = model_point(world.naive.events[last].device, at);
	writer_init(&bodies);
	writer_init(&sealed);
	for (size_t i = n; i-- > 0;)
		writer_bin(&bodies, world.bodies[list[i]], world.body_lens[list[i]]);
	if (batch_seal(keys->feed, keys->secret, &start, writer_bytes(&bodies), n, &sealed) ==
	    ST_OK) {
		s = (struct sealed) { (uint8_t *) writer_bytes(&sealed).at,
			              writer_bytes(&sealed).len };
		must(batch_open(s.at, s.len, &b), ST_OK);
		want = model_take(world.hubs[which].known, &b, &new);
		must(hub_hand(which, &s), want);
		world.hubs[which].known |= new;
	}
	writer_done(&bodies);
	writer_done(&sealed);
}

/* Any of them in any order and any cut, until all are there. */
static void
give_all(size_t which, uint64_t wanted)
{
	for (unsigned n = 0; n < 20 && wanted; n++) {
		size_t event = pick((unsigned) world.naive.count);

		if (wanted >> event & 1)
			give_range(which, event, 1 + pick(12));
	}
	for (size_t event = 0; event < world.naive.count; event++)
		if ((wanted & ~world.hubs[which].known) >> event & 1)
			give_range(which, event, 1);
}

static void
digests(size_t which, uint8_t *ret_set, uint8_t *ret_state)
{
	kv_txn *txn = NULL;

	must(kv_read(hub_store(world.hubs[which].hub), &txn), ST_OK);
	must(hub_digest(world.hubs[which].hub, txn, ret_set, ret_state), ST_OK);
	kv_abort(&txn);
}

static void
check_agreement(size_t which, size_t other)
{
	uint8_t set[2][HASH_BYTES], state[2][HASH_BYTES];

	digests(which, set[0], state[0]);
	digests(other, set[1], state[1]);
	if (memcmp(set[0], set[1], HASH_BYTES) != 0)
		broken("hubs %zu and %zu have the same events and not the same set", which, other);
	if (memcmp(state[0], state[1], HASH_BYTES) != 0)
		broken("hubs %zu and %zu made different things of the same events", which, other);
}

/* A hub that is given all in an order of its own. */
static void
check_fresh(uint64_t wanted)
{
	struct sim_hub *fresh = &world.hubs[FRESH];

	fresh->known = 0;
	fresh->acts = 0;
	fresh->skew_ms = 0;
	disk_put(&fresh->first, fresh->store);
	hub_start(FRESH);
	while (fresh->acts < world.naive.act_count && pick(3))
		hub_learn_act(FRESH);
	give_all(FRESH, wanted);
	while (fresh->acts < world.naive.act_count)
		hub_learn_act(FRESH);
	check_agreement(0, FRESH);
	hub_stop(FRESH);
}

void
world_calms_down(void)
{
	uint64_t all = 0;

	trace_say("all is calm from here on");
	heal();
	for (size_t i = 0; i < world.count * world.hub_count; i++) {
		struct sim_device *d = &world.devices[i / world.hub_count];

		if (!turned_away(d, i % world.hub_count))
			check_link(d, i % world.hub_count);
		all |= model_chain(d->tip); /* else a pouch brings it */
	}
	for (size_t i = 0; i < world.count; i++)
		record_check(&world.devices[i]);
	for (size_t which = 0; which < world.hub_count; which++)
		all |= world.hubs[which].known;
	for (size_t which = 0; which < world.hub_count; which++) {
		calm_look(which);
		check_past(which);
		give_all(which, all);
		calm_look(which);
		cuts_look(which);
	}
	check_folded_again(pick((unsigned) world.hub_count));
	if (world.hub_count > 1)
		check_agreement(0, 1);
	check_fresh(all);
}
