/* tests/support/memory_device.h - a device's chain in memory
 *
 * What the outbox is to the real agent: events, their hashes, the seal, and
 * what the hub has told so far.  A backup is a copy of two numbers and the
 * memory, since a chain only grows.
 */
#pragma once

#include "protocol/device_sync.h"

typedef struct memory_device {
	uint8_t feed[FEED_BYTES];
	uint8_t secret[SIGN_SECRET_BYTES];
	size_t body_bytes; /* of the events recorded from now on; they do not compress */
	struct memory_event {
		uint64_t nonce; /* the body is made from it again */
		size_t body_bytes;
		struct point at;
	} * events;
	size_t count, size;
	uint64_t floor; /* at and below it nothing is left */
	struct device_sync_memory memory;
	struct device_store store; /* answers about this device; ctx is it */
	status fails_with;         /* the store's next answers, unless ST_OK */
} memory_device;

struct memory_backup {
	size_t count;
	struct device_sync_memory memory;
};

/* What is recorded from now on is as in a process that has just begun: for who plays one
 * world after another, each the same in every run. */
void memory_worlds_begin(void);

/* Keys from seed. */
void memory_device_init(memory_device *d, unsigned seed);
/* The same keys and events on another machine. */
void memory_device_clone(memory_device *d, const memory_device *original);
void memory_device_done(memory_device *d);

/* Events that no device has recorded before. */
void memory_device_record(memory_device *d, size_t count);

struct memory_backup memory_device_backup(const memory_device *d);
void memory_device_restore(memory_device *d, const struct memory_backup *backup);

/* (count, its hash), or the beginning. */
struct point memory_device_tip(const memory_device *d);
struct point memory_device_point(const memory_device *d, uint64_t seq);
