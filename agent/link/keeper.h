/* agent/link/keeper.h - what the hub told, on its way into the outbox
 *
 * A write to the outbox costs a wait for the disk, and its lock may be held by
 * a command.  So what the hub tells is kept here and written when it is due:
 * of acknowledgements only the latest, at most one write each KEEPER_FACTS_MS,
 * and the mere time of the last contact once a minute.  No call but
 * keeper_finish() waits for the lock; while another process holds it the write
 * is tried again after KEEPER_RETRY_MS.
 *
 * What is lost with the process (a crash) the hub tells again.
 */
#pragma once

#include "agent/outbox.h"
#include "protocol/device_sync.h"

enum {
	KEEPER_FACTS_MS = 200,
	KEEPER_CONTACT_MS = 60 * 1000,
	KEEPER_RETRY_MS = 20,
	KEEPER_FAULT_MS = 10 * 1000, /* until a write that failed is tried again */
};

typedef struct keeper keeper;

/* Reads what the outbox knows of the hub.  box outlives the keeper. */
status keeper_new(outbox *box, const uint8_t hub[static FEED_BYTES], keeper **ret_keeper);
void keeper_free(keeper **k_p);

/* What the hub told last, written or not. */
const struct outbox_hub *keeper_facts(const keeper *k);

/* Take in an action of device_sync; all but DEVICE_SEND and DEVICE_CLOSE.  Events that the
 * hub sends back are left to who asked for them.
 * ST_NOMEM: a document could not be copied. */
status keeper_take(keeper *k, const struct device_action *a, int64_t now_ms, int64_t wall_ms);

/* A frame came from the hub. */
void keeper_contact(keeper *k, int64_t now_ms, int64_t wall_ms);

/* The hub turned the device away; being welcomed puts an end to it. */
void keeper_refused(keeper *k, refusal why, int64_t now_ms);

/* Write what is due.  ST_BUSY: another process holds the outbox, since
 * *ret_held_ms.  ST_INVALID: what came as a plan is none; it is dropped.  Other
 * failures: what could not be written is kept for later. */
status keeper_write(keeper *k, int64_t now_ms, int64_t *ret_held_ms);

/* Write everything now, waiting at most wait_ms for each write. */
status keeper_finish(keeper *k, int wait_ms);

/* When keeper_write() is due; INT64_MAX: nothing to write. */
int64_t keeper_deadline(const keeper *k);
