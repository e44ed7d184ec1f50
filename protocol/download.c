#include "protocol/download.h"

#include <stdlib.h>

#include "protocol/chain.h"
#include "protocol/identity.h"

void
download_init(download *d, document what, uint64_t held, uint64_t held_boot)
{
	*d = (download) { .what = what, .held = held, .held_boot = held_boot };
	/* as though told, so that nothing is wanted before the hub has spoken */
	d->told = held;
	d->told_boot = held_boot;
}

/* What is held is left: only what is on its way goes. */
static void
drop(download *d)
{
	free(d->bytes);
	d->bytes = NULL;
	d->version = d->total = d->have = 0;
	d->whole = false;
}

void
download_done(download *d)
{
	drop(d);
}

void
download_told(download *d, uint64_t version, uint64_t boot)
{
	bool reborn = boot != d->told_boot;

	if (reborn && d->what == DOCUMENT_STANDING)
		drop(d);
	/* there was nothing under the old word; ask again under the new one */
	if (reborn || version != d->told)
		d->absent = false;
	d->told = version;
	d->told_boot = boot;
}

void
download_lost(download *d)
{
	d->asked = false;
}

/* A plan's version only grows, a standing's is compared for equality: versions of
 * another life of the hub say nothing.  Of events there is no version to hold. */
static bool
wanted(const download *d)
{
	if (d->absent)
		return false;
	if (d->what == DOCUMENT_PLAN)
		return d->told > d->held;
	if (d->what == DOCUMENT_EVENTS)
		return d->told > 0;
	return d->told != d->held || d->told_boot != d->held_boot;
}

bool
download_next(const download *d, struct message *ret_get)
{
	if (d->asked || d->whole || !wanted(d))
		return false;
	*ret_get = (struct message) {
		.type = MESSAGE_GET,
		.what = text_of(document_name(d->what)),
		.version = d->version,
		.offset = d->have,
	};
	return true;
}

bool
download_settled(const download *d)
{
	return !d->asked && !d->whole && !wanted(d);
}

/* The first part that came of another version: begin with it. */
static status
begin(download *d, const struct message *part)
{
	static const uint64_t max[DOCUMENTS_] = {
		[DOCUMENT_PLAN] = PLAN_BYTES_MAX,
		[DOCUMENT_STANDING] = STANDING_BYTES_MAX,
		[DOCUMENT_EVENTS] = EVENTS_BYTES_MAX,
	};

	drop(d);
	if (part->total > max[d->what]) /* before any memory; the signature comes last */
		return ST_LIMIT;
	d->bytes = malloc(part->total);
	if (!d->bytes)
		return ST_NOMEM;
	d->version = part->version;
	d->total = part->total;
	/* every part bears it; the whole is held against the first */
	memcpy(d->signature, part->signature, SIGNATURE_BYTES);
	return ST_OK;
}

static bool
is_old(const download *d, const struct message *part)
{
	if (d->what == DOCUMENT_PLAN)
		return part->version <= d->held;
	if (d->what == DOCUMENT_EVENTS)
		return false;
	return d->held_boot == d->told_boot && part->version == d->held && part->offset == 0 &&
		d->have == 0;
}

/* The hub serves what is in force now, so version and total may have changed
 * since the last part; then the new document begins. */
status
download_part(download *d, const struct message *part)
{
	status st = ST_OK;

	if (!d->asked)
		return ST_OK;
	d->asked = false;
	/* nothing there, or nothing new, as from a hub put back from a backup: both would
	 * be asked for again at once, so not before the hub's word changes */
	if (part->total == 0 || is_old(d, part)) {
		drop(d);
		d->absent = true;
		return ST_OK;
	}
	if (part->version != d->version || part->total != d->total) {
		st = begin(d, part);
		if (st < 0 || part->offset > 0) /* the GET from 0 is owed again */
			return st;
	}
	if (part->offset != d->have || part->bytes.len == 0 ||
	    part->bytes.len > d->total - d->have) {
		drop(d);
		return ST_MALFORMED;
	}
	memcpy(d->bytes + d->have, part->bytes.at, part->bytes.len);
	d->have += part->bytes.len;
	d->whole = d->have == d->total;
	return ST_OK;
}

bool
download_signed(download *d, const uint8_t hub[static FEED_BYTES],
                const uint8_t feed[static FEED_BYTES])
{
	uint8_t hash[HASH_BYTES], covered[DOCUMENT_SIGNED_BYTES_MAX];
	size_t len;

	/* as packed: nothing is unpacked that the hub did not sign */
	hash_bytes(d->bytes, d->total, hash);
	len = document_signed(d->what, hub, feed, d->version, hash, covered);
	if (signature_valid(covered, len, hub, d->signature))
		return true;
	drop(d);
	return false;
}

/* Which events lie beyond the tip is known again once these are stored. */
static void
hold(download *d)
{
	if (d->what == DOCUMENT_EVENTS) {
		d->told = 0;
		return;
	}
	/* The hub serves what is newest, which may be newer than what it told; or it has
	 * told of a newer one meanwhile, which is then asked for.  Within one life of the
	 * hub versions only grow. */
	d->held = d->version;
	if (d->told < d->version)
		d->told = d->version;
	d->held_boot = d->told_boot;
}

struct bytes
download_take(download *d)
{
	hold(d);
	d->version = 0;
	d->have = 0;
	d->whole = false;

	struct bytes packed = { d->bytes, d->total };

	d->total = 0; /* the bytes stay, for the caller: drop() frees them later */
	return packed;
}
