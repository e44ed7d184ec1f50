/* hub/device_of.h - devices as commands are told of them, and tell of them
 *
 * Functions that return an int return an exit status: 0, or what they have
 * already explained on standard error.
 */
#pragma once

#include "hub/hub.h"

enum { UNITS_TEXT_BYTES = UNITS_MAX * (CODE_BYTES_MAX + 2) };

/* The device whose name begins with word: DEVICE, or more of its feed id, in
 * either case.  An unknown one is explained with the nearest, one that is
 * ambiguous with those it may be. */
int device_of(hub *h, kv_txn *txn, const char *word, struct device *ret_device);

/* "con-a, con-b"; "-" where there are none. */
void device_units_text(const struct codes *units, char out[static UNITS_TEXT_BYTES]);

/* Events of the feed that are held; those held for a right alone, too. */
status device_held(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t *ret_held,
                   uint64_t *ret_for_right);

/* Events of the feed that are here. */
status device_events(kv_txn *txn, const uint8_t feed[static FEED_BYTES], uint64_t *ret_count);
