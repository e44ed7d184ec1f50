/* What can happen in a world, each with a weight: a new one is a function and a row. */
#include <string.h>

#include "tests/sim/world.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define YEAR_MS (365 * DAY_MS)

static struct sim_device *
any_device(void)
{
	return &world.devices[pick((unsigned) world.count)];
}

static size_t
any_hub(void)
{
	return pick((unsigned) world.hub_count);
}

static size_t
number(const struct sim_device *d)
{
	return (size_t) (d - world.devices);
}

/* ---- talk ---- */

/* The earliest frame of all that a hub or device can take. */
static void
frame_arrives(void)
{
	int64_t due_ms = INT64_MAX;
	struct sim_device *d = NULL;
	size_t to = 0;
	bool up = false;

	for (size_t i = 0; i < world.count * world.hub_count; i++) {
		struct sim_device *at = &world.devices[i / world.hub_count];
		struct wire *w = &at->wires[i % world.hub_count];
		size_t which = i % world.hub_count;

		if (w->row && !depot_full(world.hubs[which].depot) && w->rising.count > 0 &&
		    w->rising.ring[w->rising.first].due_ms < due_ms) {
			due_ms = w->rising.ring[w->rising.first].due_ms;
			d = at, to = which, up = true;
		}
		if (w->up && w->falling.count > 0 &&
		    w->falling.ring[w->falling.first].due_ms < due_ms) {
			due_ms = w->falling.ring[w->falling.first].due_ms;
			d = at, to = which, up = false;
		}
	}
	if (!d)
		return;
	if (up)
		wire_rise(d, to);
	else
		wire_fall(d, to);
	if (pick(6) > 0)
		wire_speak(d, to);
}

static void
device_connects(void)
{
	struct sim_device *d = any_device();
	size_t which = any_hub();

	if (d->wires[which].up && pick(20) > 0)
		return;
	wire_connect(d, which);
	trace_say("device %zu connects to hub %zu%s", number(d), which,
	          d->wires[which].refused ? " and is turned away" : "");
	wire_speak(d, which);
}

static void
device_speaks(void)
{
	wire_speak(any_device(), any_hub());
}

static void
hub_stores(void)
{
	size_t which = any_hub();

	if (depot_count(world.hubs[which].depot) > 0)
		hub_store_waiting(which);
}

static void
commits_fail(void)
{
	size_t which = any_hub();

	if (depot_count(world.hubs[which].depot) == 0)
		return;
	world.hubs[which].fault = true;
	disk_commits_fail(1 + pick(3));
	trace_say("the disk of hub %zu is full", which);
	hub_store_waiting(which);
	disk_commits_fail(0);
}

/* To the next deadline of one, or a little. */
static void
time_passes(void)
{
	struct sim_device *d = any_device();
	struct wire *w = &d->wires[any_hub()];
	int64_t due_ms = w->sync ? device_sync_deadline(w->sync) : INT64_MAX;

	if (pick(2) || due_ms == INT64_MAX)
		due_ms = world.now_ms + pick(20000);
	if (due_ms > world.now_ms)
		world.now_ms = due_ms;
	for (size_t i = 0; i < world.count; i++)
		for (size_t which = 0; which < world.hub_count; which++)
			wire_tick(&world.devices[i], which);
}

static void
credit_changes(void)
{
	struct sim_hub *h = &world.hubs[any_hub()];

	answers_set_credit(h->answers, pick(5) * CREDIT_BYTES_MIN);
}

/* ---- links ---- */

static void
link_breaks(void)
{
	struct sim_device *d = any_device();
	size_t which = any_hub();
	bool silently = pick(2);

	if (!d->wires[which].up)
		return;
	wire_tear(d, which, silently);
	trace_say("the link of device %zu to hub %zu breaks%s", number(d), which,
	          silently ? ", silently" : "");
}

static void
link_changes(void)
{
	struct wire *w = &any_device()->wires[any_hub()];

	w->delay_ms = pick(3) ? pick(400) : pick(40000);
	w->bytes_a_second = pick(2) ? 1000000 : 200 + pick(4000);
}

static void
network_parts(void)
{
	struct sim_device *d = any_device();
	size_t which = any_hub();

	d->wires[which].parted = !d->wires[which].parted;
	if (d->wires[which].parted)
		wire_tear(d, which, true);
	trace_say("device %zu and hub %zu are %s", number(d), which,
	          d->wires[which].parted ? "parted" : "joined");
}

/* ---- people ---- */

static void
person_records(void)
{
	record_some(any_device(), 1 + pick(3));
}

static void
twins_record(void)
{
	struct sim_device *a = any_device(), *b = any_device();

	if (a != b && a->feed == b->feed)
		record_twins(a, b);
}

static void
person_records_again(void)
{
	record_again(any_device());
}

static void
office_publishes(void)
{
	record_plan(any_device());
}

static void
office_acts(void)
{
	hub_act(any_hub());
}

static void
hub_learns(void)
{
	hub_learn_act(any_hub());
}

/* ---- machines ---- */

static void
device_dies(void)
{
	struct sim_device *d = any_device();

	trace_say("device %zu dies and comes back", number(d));
	device_close(d);
	device_open(d);
}

static void
device_is_imaged(void)
{
	struct sim_device *d = any_device();

	disk_take(&d->image, d->store);
	d->image_tip = d->tip;
	d->image_gone = d->gone;
	trace_say("an image of device %zu is taken", number(d));
}

static void
device_is_put_back(void)
{
	struct sim_device *d = any_device();

	trace_say("device %zu is put back to its image", number(d));
	device_put_back(d);
}

static void
device_adopts(void)
{
	struct sim_device *d = any_device();
	size_t which = any_hub();

	trace_say("device %zu asks hub %zu for what it has not", number(d), which);
	wire_adopt(d, which);
}

static size_t
machines_of(size_t feed)
{
	size_t n = 0;

	for (size_t i = 0; i < world.count; i++)
		n += world.devices[i].feed == feed;
	return n;
}

/* No more than a hub lets in side by side. */
static void
device_is_cloned(void)
{
	const struct sim_device *d = any_device();
	struct sim_device *clone = &world.devices[world.count];

	if (world.count == DEVICES || machines_of(d->feed) == CONNECTIONS_MAX)
		return;
	disk_take(&clone->image, d->store);
	clone->image_tip = d->tip;
	clone->gone = clone->image_gone = d->gone;
	clone->feed = d->feed;
	clone->skew_ms = d->skew_ms;
	clone->clock_stands = d->clock_stands;
	clone->stands_at_ms = d->stands_at_ms;
	memset(clone->wires, 0, sizeof(clone->wires));
	for (size_t which = 0; which < HUBS; which++) {
		clone->wires[which].delay_ms = 20;
		clone->wires[which].bytes_a_second = 100000;
	}
	clone->alive = true;
	world.count++;
	disk_put(&clone->image, clone->store);
	clone->tip = clone->image_tip;
	device_open(clone);
	trace_say("device %zu is cloned: %zu", number(d), number(clone));
}

/* By more than a world lasts: that a clock comes back to the very millisecond at which a
 * person recorded the same before is no chance to count on either way. */
static void
clock_jumps(void)
{
	struct sim_device *d = any_device();

	switch (pick(4)) {
	case 0: d->skew_ms = ((int64_t) pick(40) - 20) * YEAR_MS; break;
	case 1: d->skew_ms = ((int64_t) pick(40) - 20) * DAY_MS; break;
	case 2: world.hubs[any_hub()].skew_ms = ((int64_t) pick(20) - 10) * YEAR_MS; break;
	default:
		d->clock_stands = !d->clock_stands;
		d->stands_at_ms = 1; /* behind whatever was recorded */
	}
	if (d->clock_stands && d->tip == NONE)
		d->clock_stands = false;
	trace_say("the clock of device %zu %s", number(d), d->clock_stands ? "stands" : "jumps");
}

/* ---- hubs ---- */

static void
hub_dies(void)
{
	size_t which = any_hub();

	trace_say("hub %zu dies and comes back", which);
	hub_stop(which);
	hub_start(which);
}

static void
hub_is_saved(void)
{
	size_t which = any_hub();

	hub_save(which);
	trace_say("hub %zu is backed up", which);
}

static void
hub_is_put_back(void)
{
	size_t which = any_hub();
	struct sim_hub *h = &world.hubs[which];

	trace_say("hub %zu is put back to its backup", which);
	hub_put_back(which, &h->backup, h->backup_known, h->backup_acts);
}

static void
hub_is_lost(void)
{
	size_t which = any_hub();

	if (world.prunes)
		return;
	trace_say("hub %zu is lost and made anew", which);
	hub_put_back(which, &world.hubs[which].first, 0, 0);
}

/* ---- batches by hand ---- */

static void
hand(size_t which, const struct sealed *s, const char *what)
{
	struct batch b;
	uint64_t new;
	status want, got;

	must(batch_open(s->at, s->len, &b), ST_OK);
	want = model_take(world.hubs[which].known, &b, &new);
	got = hub_hand(which, s);
	trace_say("%s, events %ju to %ju, at hub %zu: %s", what, (uintmax_t) b.first,
	          (uintmax_t) (b.first + b.count - 1), which, status_text(got));
	if (got != want)
		broken("hub %zu: %s came to '%s', not '%s'", which, what, status_text(got),
		       status_text(want));
	world.hubs[which].known |= new;
	if (pick(3) == 0)
		must(hub_hand(which, s), want == ST_OK ? ST_EXISTS : want);
}

static void
late_batch_comes(void)
{
	struct sealed *s = &world.pile[pick(PILE)];

	if (s->at)
		hand(any_hub(), s, "a late batch");
}

static void
pouch_comes(void)
{
	struct sim_device *d = any_device();
	struct point floor;
	struct sealed s;
	uint64_t tip;
	writer w;

	must(outbox_floor(d->box, &floor), ST_OK);
	tip = d->tip == NONE ? 0 : world.naive.events[d->tip].at.seq;
	if (tip == floor.seq)
		return;
	writer_init(&w);
	device_seal(d, floor.seq + 1 + pick((unsigned) (tip - floor.seq)),
	            pick(2) ? 60000 : 1 + pick(9000), &w);
	s = (struct sealed) { (uint8_t *) writer_bytes(&w).at, writer_bytes(&w).len };
	hand(any_hub(), &s, "a pouch");
	writer_done(&w);
}

/* One bit is another one.  Only where bodies are packed may that say the same: what came
 * of it is compared with what was recorded at the end. */
static void
forged_batch_comes(void)
{
	struct sealed *s = &world.pile[pick(PILE)];
	size_t which = any_hub(), at;
	status want, got;
	struct batch b;
	uint64_t new;
	bool packed;

	if (!s->at)
		return;
	must(batch_open(s->at, s->len, &b), ST_OK);
	want = model_take(world.hubs[which].known, &b, &new);
	at = pick(3) ? pick((unsigned) (s->len - b.bodies.len)) : pick((unsigned) s->len);
	if (s->at + at >= b.bodies.at) /* else before them */
		at = pick(3) ? at + b.bodies.len : at;
	if (at >= s->len)
		at = s->len - 1;
	packed = s->at + at >= b.bodies.at && s->at + at < b.bodies.at + b.bodies.len;
	s->at[at] ^= (uint8_t) (1U << pick(8));
	got = hub_hand(which, s);
	trace_say("a forged batch at hub %zu: %s", which, status_text(got));
	if ((got == ST_OK || got == ST_EXISTS || got == ST_UNKNOWN) && !(packed && got == want))
		broken("hub %zu takes a batch that nobody sealed: %s", which, status_text(got));
	if (got == ST_OK)
		world.hubs[which].known |= new;
	free(s->at);
	*s = (struct sealed) { 0 };
}

/* By a key that nobody enrolled: its own feed, or events of another's. */
static void
stranger_comes(void)
{
	struct event e = test_activity("con-a", 20406);
	struct test_device stranger = sim_keys[FEEDS];
	bool pretends = pick(2);
	struct sealed s;
	status got;
	writer w;
	lane l;

	if (pretends)
		memcpy(stranger.feed, sim_keys[pick(FEEDS)].feed, FEED_BYTES);
	lane_init(&l, &stranger);
	writer_init(&w);
	lane_add(&l, &e);
	lane_seal(&l, 1, 1, &w);
	s = (struct sealed) { (uint8_t *) writer_bytes(&w).at, writer_bytes(&w).len };
	got = hub_hand(any_hub(), &s);
	trace_say("a stranger's batch%s: %s", pretends ? " under another's name" : "",
	          status_text(got));
	if (got != ST_DENIED)
		broken("a stranger's batch came to '%s'", status_text(got));
	writer_done(&w);
	lane_done(&l);
}

static void
cut_is_made(void)
{
	cut_make(any_hub());
}

static void
hub_is_looked_at(void)
{
	calm_look(any_hub());
}

/* ---- all of it ---- */

static const struct {
	const char *name;
	void (*take)(void);
	unsigned weight;
} steps[] = {
	{ "a frame arrives", frame_arrives, 6000 },
	{ "a device speaks", device_speaks, 300 },
	{ "a device connects", device_connects, 700 },
	{ "a hub stores", hub_stores, 1400 },
	{ "commits fail", commits_fail, 40 },
	{ "time passes", time_passes, 300 },
	{ "credit changes", credit_changes, 40 },
	{ "a link breaks", link_breaks, 120 },
	{ "a link changes", link_changes, 60 },
	{ "the network parts", network_parts, 40 },
	{ "a person records", person_records, 300 },
	{ "twins record", twins_record, 20 },
	{ "a person repeats a record", person_records_again, 30 },
	{ "the office publishes", office_publishes, 20 },
	{ "the office acts", office_acts, 30 },
	{ "a hub learns of an act", hub_learns, 40 },
	{ "a device dies", device_dies, 60 },
	{ "a device is imaged", device_is_imaged, 30 },
	{ "a device is put back", device_is_put_back, 15 },
	{ "a device adopts", device_adopts, 40 },
	{ "a device is cloned", device_is_cloned, 12 },
	{ "a clock jumps", clock_jumps, 30 },
	{ "a hub dies", hub_dies, 30 },
	{ "a hub is backed up", hub_is_saved, 20 },
	{ "a hub is put back", hub_is_put_back, 12 },
	{ "a hub is lost", hub_is_lost, 4 },
	{ "a late batch comes", late_batch_comes, 100 },
	{ "a pouch comes", pouch_comes, 60 },
	{ "a forged batch comes", forged_batch_comes, 20 },
	{ "a stranger comes", stranger_comes, 15 },
	{ "a cut is made", cut_is_made, 20 },
	{ "a hub is looked at", hub_is_looked_at, 12 },
};

_Static_assert(LENGTH(steps) <= OPS_MAX, "more steps than are counted");

const char *
step_name(unsigned op)
{
	return op < LENGTH(steps) ? steps[op].name : "?";
}

unsigned
step_count(void)
{
	return LENGTH(steps);
}

struct sim_step
step_choose(void)
{
	static unsigned total;
	unsigned at;
	struct sim_step step = { 0 };

	if (total == 0)
		for (size_t i = 0; i < LENGTH(steps); i++)
			total += steps[i].weight;
	at = pick(total);
	while (at >= steps[step.op].weight)
		at -= steps[step.op++].weight;
	step.chance = pick_bits();
	return step;
}

void
step_take(const struct sim_step *step)
{
	trace->world_steps++;
	trace->steps++;
	trace->seen[step->op]++;
	trace->now_ms = world.now_ms - BEGIN_MS;
	pick_seed(step->chance);
	steps[step->op].take();
}
