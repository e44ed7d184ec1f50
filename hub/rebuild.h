/* hub/rebuild.h - all that is derived, anew from the journal, a step at a time
 *
 * What is derived has two sides (common/kv.h).  The one that is not in force is filled from
 * the journal in steps, each a transaction of its own: so memory is bounded, others write in
 * between, and what was done stays done.  Whoever is ended leaves it to the next one, who goes on
 * from there.  Until the last step all questions are answered from the other side; with its commit
 * the new one is in force and the old one is empty.
 *
 * A batch that comes meanwhile is counted where all is as before, and met in the journal later.
 * Where it, or an act of the registry, changes by what others are judged, or an entry of the
 * journal was repaired, all begins again.
 *
 * Within TABLE_META: "rebuild" -> where it has come to, while there is one (hub/rebuild.c).
 *
 * hub_rebuild() does the same in one transaction of the caller: for who throws the store away,
 * or has more to do in it.
 */
#pragma once

#include "hub/hub.h"

struct rebuild_digests {
	bool known; /* what is damaged may have none */
	uint8_t set[HASH_BYTES], state[HASH_BYTES];
};

struct rebuild {
	/* The caller's, before the first step. */
	bool anew;           /* not from where another has come to */
	bool compare;        /* the digests are wanted */
	uint64_t step_bytes; /* a step writes so much, roughly; 0: what is good for memory */

	/* After each step. */
	bool done;
	uint64_t found; /* entries that another had been through; 0: it began at the first */
	unsigned again; /* times that it began again */
	uint64_t at;    /* entries that it has been through */

	/* Once it is done, where they were asked for: of both sides at that moment. */
	struct rebuild_digests before, after;

	/* The module's own. */
	bool begun; /* a step was made */
	uint64_t before_entries;
};

/* One step; between two of them others write (kv_give_way()).  ST_BUSY: another process
 * does, for 10 s.  ST_FULL: what was done is given up, since others need the room.
 * Whatever it returns, all questions are answered as before, unless r->done. */
status rebuild_step(hub *h, struct rebuild *r);
