/* tests/sim/disk.h - disks that can be copied, put back, and filled
 *
 * The stores of a world are real ones on a scratch folder.  A disk is what is in
 * the one data file of a store; LMDB has all of a committed transaction there, and
 * nothing of another.  Syncing is counted, not done.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A store's data file in memory; at is NULL when there is none. */
struct disk {
	uint8_t *at;
	size_t len;
};

void disk_free(struct disk *d);
/* Take what is in store now; no transaction is open. */
void disk_take(struct disk *d, const char *store);
void disk_copy(struct disk *to, const struct disk *from);
/* Put it back; the store is closed. */
void disk_put(const struct disk *d, const char *store);

/* From now on the next count commits fail, as on a full disk. */
void disk_commits_fail(unsigned count);
/* No room for a new event, on any disk. */
void disk_is_full(bool full);

/* How often anything was synced. */
uint64_t disk_syncs(void);
