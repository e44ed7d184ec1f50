/* tests/support/ledger_naive.h - state = F(events, plan, registry), once more
 *
 * The slow way: every definition of hub/versions.h and protocol/SPEC.md taken
 * by its word, over the whole set, for the plan of plan_base() or the one after
 * it, and four devices (con-a; con-a and con-b; con-b; the office).  Shares no
 * code with hub/ but the names of enums.
 */
#pragma once

#include "hub/hub.h"
#include "hub/ledger.h"

enum { NAIVE_EVENTS_MAX = 60 };
#define NAIVE_MISSING SIZE_MAX

struct naive_event {
	/* What it says; texts may be NULL. */
	size_t device; /* 0 to 3 */
	uint8_t feed[FEED_BYTES];
	struct point at;
	size_t parent;   /* the event before it in its feed, or NAIVE_MISSING */
	hold unreadable; /* HOLD_NONE: it can be read */
	bool is_void;
	const char *unit, *indicator, *initiatives, *mode, *country;
	date day;
	uint64_t quantity, attended, actor;
	event_status status;
	size_t targets[3]; /* earlier events, or NAIVE_MISSING */
	size_t target_count;

	/* What becomes of it, by naive_judge(). */
	hold hold;
	bool sound, valid, superseded, head, wins, held;
	size_t root;
	unsigned depth, offices;
	uint64_t above; /* bit i: it replaces event i, directly or not */
	outcome outcome;
};

struct naive {
	struct naive_event events[NAIVE_EVENTS_MAX]; /* targets come first */
	size_t count;
	bool next_plan; /* version 4 is in force: see the test */
	bool granted;   /* device 2 also has con-a */
};

void naive_judge(struct naive *n);

/* Fail, naming where, unless rows and digests of the hub are those of n. */
void naive_compare(const struct naive *n, hub *h, kv_txn *txn, const char *where);
