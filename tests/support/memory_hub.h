/* tests/support/memory_hub.h - a hub's store in memory
 *
 * The rules of known, cut beginnings and new lanes of SPEC.md, section 10, over
 * a list of events in the order they came.  A backup is a length of that list.
 */
#pragma once

#include "protocol/hub_sync.h"

struct memory_document {
	uint64_t version; /* 0: there is none */
	uint8_t *bytes;   /* as packed */
	size_t len;
};

typedef struct memory_hub {
	struct hub_common common; /* ctx of its answers is the hub */
	struct memory_entry {
		uint8_t feed[FEED_BYTES];
		struct point at, before;
	} * entries;
	size_t count, size;
	size_t *slots; /* hash table of entry number + 1 */
	size_t slot_count;

	uint64_t credit;
	struct memory_document plan, standing;
	size_t stored, duplicates, lanes; /* batches with news, without, at an inner point */
	status fails_with;                /* the next answers, unless ST_OK */
} memory_hub;

void memory_hub_init(memory_hub *h, unsigned seed);
void memory_hub_done(memory_hub *h);

/* What hub_take() does: ST_OK, ST_EXISTS, ST_UNKNOWN, or why it is refused. */
status memory_hub_take(memory_hub *h, const struct batch *b);

/* An older copy of the hub, in a new life. */
void memory_hub_rollback(memory_hub *h, size_t count);
/* A new life with all its data. */
void memory_hub_reboot(memory_hub *h);

bool memory_hub_knows(const memory_hub *h, const uint8_t *feed, const struct point *at);
/* Events of a feed in all its lanes; each is there once. */
size_t memory_hub_events(const memory_hub *h, const uint8_t *feed);

/* Whether every event is there once, after the one before it. */
bool memory_hub_sound(const memory_hub *h);

/* Documents made of len bytes that do not compress. */
void memory_document_set(struct memory_document *doc, uint64_t version, size_t len);
