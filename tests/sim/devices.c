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
device_put_back(struct sim_device *d, const struct disk *image, size_t tip)
{
	device_close(d);
	disk_put(image, d->store);
	d->tip = tip;
	device_open(d);
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

	must(outbox_seal(d->box, sim_keys[d->feed].secret, first, wire_bytes, w, &end), ST_OK);
}
