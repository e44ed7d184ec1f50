/* agent/outbox_verify.h - whether all that the outbox holds is as it was stored
 *
 * LMDB has no checksums; ours are the hash chain, and that what one table says
 * agrees with another.  All is read in a child process (common/apart.h), which
 * tells as it goes, so what it found is known also when a bad page kills it.
 * Others may go on recording meanwhile.
 */
#pragma once

#include "agent/outbox.h"

/* What is looked at, in this order. */
typedef enum outbox_part {
	PART_FILE,     /* that it can be opened, and every page read */
	PART_ENTRIES,  /* each decodes, and the chain leads from h(0) to the tip */
	PART_REPLACED, /* who replaced whom is what the entries say */
	PART_KEYS,     /* names of entries point to what is there */
	PART_MARKS,    /* what a hub acknowledged is on the chain */
	PART_PLAN,     /* the look-up table is that of the plan held */
	PART_STANDING, /* it can be unpacked and read */
	OUTBOX_PARTS_
} outbox_part;

typedef enum outbox_health {
	HEALTH_UNKNOWN, /* not looked at: something before it was damaged */
	HEALTH_WHOLE,
	HEALTH_DAMAGED,
	HEALTH_BUSY, /* not looked at: others were writing all the time */
} outbox_health;

struct outbox_verdict {
	outbox_health parts[OUTBOX_PARTS_];
	bool damaged;        /* one of them is */
	bool known;          /* the numbers below are: the tip could be read */
	uint64_t tip, acked; /* acked: of the home's own hub; at most the tip */
	uint64_t whole;      /* entries 1 to this are whole … */
	uint64_t given_up;   /* … but for so many that are not kept (outbox_prune()) */
	uint64_t seq;        /* of PART_REPLACED and PART_KEYS: the entry concerned, or 0 */
};

/* ST_OK: *ret_verdict says it, whatever was found.  ST_NOT_FOUND: no home there.
 * ST_DENIED, ST_VERSION: as outbox_open().  ST_NOMEM, ST_BUSY: no child was to be had. */
status outbox_verify(const char *home, struct outbox_verdict *ret_verdict);
