/* contact_tool HOME DEVICE DAYS PENDING OLDEST_DAYS: say of a device of a hub that it
 * was heard of so many days ago, with so many entries waiting, the oldest of which had
 * waited so long then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/daemon.h"
#include "hub/contacts.h"
#include "hub/hub.h"

static const int64_t day_ms = INT64_C(24) * 3600 * 1000;

struct wanted {
	const char *device;
	struct contact contact;
};

static status
find(void *ctx, const struct device *d)
{
	struct wanted *w = ctx;
	char name[DEVICE_TEXT_BYTES];

	device_text(d->feed, name);
	if (strcmp(name, w->device) == 0)
		memcpy(w->contact.feed, d->feed, FEED_BYTES);
	return ST_OK;
}

int
main(int argc, char **argv)
{
	struct wanted w = { .device = argc > 2 ? argv[2] : "" };
	kv_txn *txn = NULL;
	hub *h = NULL;
	status st;

	if (argc != 6)
		return 64;
	w.contact.last_ms = clock_wall_ms() - strtoll(argv[3], NULL, 10) * day_ms;
	w.contact.pending = strtoull(argv[4], NULL, 10);
	w.contact.has_facts = true;
	w.contact.oldest_ms = strtoull(argv[5], NULL, 10) * (uint64_t) day_ms;
	w.contact.disk_bytes = 1 << 20;
	st = hub_open(argv[1], &h);
	if (st == ST_OK)
		st = kv_write(hub_store(h), 10000, &txn);
	if (st == ST_OK)
		st = registry_each(txn, find, &w);
	if (st == ST_OK)
		st = contacts_put(txn, &w.contact);
	if (st == ST_OK)
		st = kv_commit(&txn);
	kv_abort(&txn);
	hub_close(&h);
	return st == ST_OK ? 0 : 1;
}
