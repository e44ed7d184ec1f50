/* protocol/cut.h - two documents of the office that name a set of events
 *
 * A *cut* is a frozen edition of the state: which events it was made of, by which
 * plan and registry, up to which day, and what came of them.  A *lock* says which
 * events of a quarter were there when the office closed it.  Both name a set of
 * events by its leaves, the last events of all lanes, since a chain hash stands
 * for all before it.
 *
 * They are maps (SPEC.md, section 20) that travel in events with parts.  What is
 * read points into the bytes read.  Pure and thread safe.
 */
#pragma once

#include "protocol/date.h"
#include "protocol/limits.h"
#include "protocol/reader.h"
#include "protocol/writer.h"

enum {
	CUT_VERSION = 1,
	LOCK_VERSION = 1,
	LEAF_BYTES = FEED_BYTES + 8 + HASH_BYTES, /* feed, seq (u64, big-endian), hash */
};

/* Leaves one after the other, ascending bytewise, none twice. */
struct leaves {
	struct bytes at;
};

size_t leaves_count(const struct leaves *l);
/* The feed of leaf i, and its point. */
const uint8_t *leaves_get(const struct leaves *l, size_t i, struct point *ret_at);
/* Those of one feed, which may be none. */
struct leaves leaves_of_feed(const struct leaves *l, const uint8_t feed[static FEED_BYTES]);

struct cut {
	date cutoff; /* the last day that counts in it */
	bool has_period;
	uint64_t period;      /* the quarter it is an edition of */
	struct leaves leaves; /* of device and office feeds, as in the digest of the set */
	struct leaves gaps;   /* of the same feeds (SPEC.md, section 10) */
	struct leaves hub;    /* of the feed of the hub that made it */
	/* HASH_BYTES each: of the plan in force (zeros: none), of the registry, and the
	 * two digests. */
	const uint8_t *plan, *registry, *set, *state;
};

/* ST_MALFORMED; ST_LIMIT; ST_VERSION: of a newer program. */
status cut_read(struct bytes bytes, struct cut *ret_cut);
/* Replaces what w holds.  ST_LIMIT: more than LEAVES_MAX leaves, or as many gaps, or
 * LANES_MAX of the hub's own feed. */
status cut_write(const struct cut *c, writer *w);

struct lock {
	uint64_t quarter;
	struct leaves leaves; /* of all feeds */
};

/* As the two above. */
status lock_read(struct bytes bytes, struct lock *ret_lock);
status lock_write(const struct lock *l, writer *w);
