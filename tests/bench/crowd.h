/* tests/bench/crowd.h - devices in memory, with entries that no hub has yet
 *
 * Keys come from a number, so a device can be asked for again; what it has to hand over is
 * sealed beforehand, as it would have been at a machine of its own.
 */
#pragma once

#include "common/link/curve_key.h"
#include "protocol/device_sync.h"

enum { CROWD_EVENTS_MAX = 64 };

struct crowd_device {
	uint8_t feed[FEED_BYTES];
	uint8_t feed_secret[SIGN_SECRET_BYTES];
	struct curve_key curve;
	char unit[CODE_BYTES_MAX + 1];
	struct point points[CROWD_EVENTS_MAX + 1];
	uint64_t count;
	writer batch; /* all of it */
	struct device_store store;
};

/* Not to be moved afterwards.  units: codes, one of which it reports for. */
status crowd_device_make(struct crowd_device *d, uint64_t number, const struct codes *units,
                         uint64_t events);
void crowd_device_done(struct crowd_device *d);

/* Its request, as `valija-agent init` makes it, into DIR/NUMBER.request, and its
 * fingerprint. */
status crowd_device_request(const struct crowd_device *d, const char *dir, uint64_t number,
                            char ret_fingerprint[static 20]);
