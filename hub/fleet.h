/* hub/fleet.h - what is known of one device, and what a person should know of it
 *
 * Facts of the contacts (what the device told, not to be trusted) beside those of the
 * journal and the ledger (what is here of it).  Nothing of it is state.
 */
#pragma once

#include "hub/contacts.h"

enum {
	FLEET_SKEW_BYTES = 40,
	FLEET_FORKS_SHOWN = 8,
	FLEET_FORKS_BYTES = FLEET_FORKS_SHOWN * 22, /* 20 digits and what stands between */
	FLEET_GAPS_SHOWN = 4,
	FLEET_GAPS_BYTES = FLEET_GAPS_SHOWN * 22,
	FLEET_NOTE_BYTES = 512,
};

struct fleet_facts {
	bool heard_of;
	struct contact contact;
	uint64_t stored; /* highest number here */
	uint64_t behind; /* entries here that the machine heard of last has not; 0: none known */
	size_t lanes;
	uint64_t forks[FLEET_FORKS_SHOWN];
	size_t gaps; /* places below which entries are missing here (hub/journal_gaps.h) */
	struct point gap_list[FLEET_GAPS_SHOWN];
	int64_t parted_ms; /* when the latest lane came; 0: there is one lane */
	uint64_t held;
	bool probed;
	struct point probe; /* the last one that was folded */
	uint64_t oldest_ms; /* age of the oldest entry that waits there, by now; 0: none */
};

/* Of a device that was never heard of, heard_of is false and contact is 0. */
status fleet_read(kv_txn *txn, const uint8_t *feed, struct fleet_facts *f);

/* In contact, but an entry waits there for days. */
bool fleet_is_stuck(const struct fleet_facts *f, int64_t now_ms);

/* All that one should do something about, translated, the worst first; "" is nothing.  What
 * has no room is left out. */
void fleet_note(const struct fleet_facts *f, char out[static FLEET_NOTE_BYTES]);

/* The numbers behind which copies of the device went ways of their own: "17, 40". */
void fleet_forks_text(const struct fleet_facts *f, const char *between,
                      char out[static FLEET_FORKS_BYTES]);

/* The numbers of the entries that are missing, those before them may be too: "17, 40". */
void fleet_gaps_text(const struct fleet_facts *f, const char *between,
                     char out[static FLEET_GAPS_BYTES]);

/* How far the device's clock was off, in words. */
void fleet_skew_text(int64_t skew_ms, char out[static FLEET_SKEW_BYTES]);
