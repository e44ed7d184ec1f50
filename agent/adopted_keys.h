/* agent/adopted_keys.h - by what an event that came back from the hub is found again
 *
 * What is told once a quarter is known by its key, and a row of a file by what it says
 * (agent/import.h), so that neither is recorded twice.  The event says enough to work both
 * out again, but for one thing: whether the row itself said who it is by.  So it is entered
 * under either.  The name that `record --key` gave an entry is not in it.
 */
#pragma once

#include "agent/outbox.h"
#include "protocol/event.h"

/* Enter the keys of that event under its number, where they are not there yet. */
status adopted_keys_put(kv_txn *txn, const struct event *e, uint64_t seq);
