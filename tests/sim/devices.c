/* Machines of a unit: an outbox, and links to the hubs. */
#include <string.h>

#include "tests/sim/world.h"

void
device_open(struct sim_device *d)
{
	must(outbox_open(d->home, &d->box), ST_OK);
	record_check(d);
}

void
device_close(struct sim_device *d)
{
	for (size_t which = 0; which < HUBS; which++) {
		struct wire *w = &d->wires[which];

		wire_tear(d, which, false);
		w->adopts = false;
		device_sync_free(&w->sync);
		keeper_free(&w->keeper);
	}
	outbox_close(&d->box);
}

void
device_put_back(struct sim_device *d)
{
	device_close(d);
	disk_put(&d->image, d->store);
	d->tip = d->image_tip;
	d->gone = d->image_gone;
	device_open(d);
}

/* ---- giving up ---- */

/* Nothing that an entry of its own names, or may name, and nothing that is here alone. */
static void
check_given_up(const struct sim_device *d, size_t event)
{
	const struct naive_event *e = &world.naive.events[event];
	const struct sim_hub *h = &world.hubs[0];

	if (!(h->known & h->backup_known & UINT64_C(1) << event))
		broken("device %zu gave up event %zu, which is not safe",
		       (size_t) (d - world.devices), event);
	if ((e->kind != KIND_ACTIVITY && e->kind != KIND_PLAN) || e->target_count > 0 ||
	    model_replaced(d->tip, event))
		broken("device %zu gave up event %zu, which may be needed",
		       (size_t) (d - world.devices), event);
}

void
device_prune(struct sim_device *d, size_t which)
{
	struct outbox_leave leave = { .hub = world.hubs[which].self.feed, .before_ms = INT64_MAX };
	static uint8_t body[EVENT_BYTES_MAX];
	struct outbox_pruned pruned;
	uint64_t count = 0;
	struct point at;
	size_t len;

	if (!device_sync_safe(d->wires[which].sync, &leave.safe))
		return;
	must(outbox_prune(d->box, &leave, 0, &pruned), ST_OK);
	for (size_t i = d->tip; i != NONE; i = world.naive.events[i].parent) {
		uint64_t bit = UINT64_C(1) << i;

		if (d->gone & bit ||
		    outbox_read(d->box, world.naive.events[i].at.seq, body, &len, &at) == ST_OK)
			continue;
		check_given_up(d, i);
		d->gone |= bit;
		count++;
	}
	if (count != pruned.count)
		broken("device %zu lacks %ju more entries and says %ju",
		       (size_t) (d - world.devices), (uintmax_t) count, (uintmax_t) pruned.count);
	trace->given_up += count;
	if (count > 0)
		trace_say("device %zu gives up %ju entries that are safe, up to number %ju",
		          (size_t) (d - world.devices), (uintmax_t) count,
		          (uintmax_t) leave.safe.seq);
	record_check(d);
}

int64_t
device_clock(struct sim_device *d)
{
	int64_t wall_ms = world.now_ms + d->skew_ms;

	if (d->clock_stands)
		return d->stands_at_ms;
	return wall_ms - wall_ms % CLOCK_MS + (d - world.devices);
}

void
device_seal(struct sim_device *d, uint64_t first, size_t wire_bytes, writer *w)
{
	struct point end;

	must(outbox_seal(d->box, sim_keys[d->feed].secret, first, UINT64_MAX, wire_bytes, w, &end),
	     ST_OK);
}
