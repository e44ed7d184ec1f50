/* tests/support/ledger_naive.h - state = F(events, plan, registry), once more
 *
 * The slow way: every definition of hub/versions.h and protocol/SPEC.md taken
 * by its word, over the whole set, for the plans of tests/unit/test_ledger_worlds.c
 * and five devices (con-a; con-a and con-b; con-b; the office; the hub's own feed).
 * Shares no code with hub/ but the names of enums.
 */
#pragma once

#include "hub/hub.h"
#include "hub/ledger.h"

enum { NAIVE_EVENTS_MAX = 60, NAIVE_DEVICES = 5, NAIVE_HUB = 4, NAIVE_ACTS_MAX = 8 };
#define NAIVE_MISSING SIZE_MAX

struct naive_event {
	/* What it says; texts may be NULL. */
	size_t device; /* 0 to 4 */
	uint8_t feed[FEED_BYTES];
	struct point at;
	size_t parent;   /* the event before it in its feed, or NAIVE_MISSING */
	hold unreadable; /* HOLD_NONE: it can be read */
	event_kind kind;
	const char *unit, *indicator;
	date day;         /* of a register the first of its quarter */
	uint64_t quarter; /* of registers */

	/* activity */
	const char *initiatives, *mode, *country;
	uint64_t quantity, attended, actor;
	event_status status;

	uint64_t value; /* level */

	const char *thing, *name; /* thing */
	bool out;

	char item_type; /* progress: 'i', 'c' or 'r', and its code */
	const char *item, *note;
	int percent; /* -1: not told */

	const char *project; /* budget */
	uint64_t amounts[4]; /* in the order of the row */

	const char *zero, *nothing; /* close: "a,b" */

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

/* A right is a bit: a unit, or the role of the office. */
enum naive_right {
	NAIVE_CON_A = 1,
	NAIVE_CON_B = 2,
	NAIVE_AREA_X = 4,
	NAIVE_OFFICE = 8,
	NAIVE_RIGHTS_ = 4,
};

/* An act of the registry. */
struct naive_act {
	enum { NAIVE_GRANT, NAIVE_LOSS, NAIVE_ADMIT } type;
	size_t device;
	unsigned rights; /* granted: all the device has then; or lost, as far as it had them */
	uint64_t leaves; /* bit i: event i, of that device */
};

struct naive {
	struct naive_event events[NAIVE_EVENTS_MAX]; /* targets come first */
	size_t count;
	bool next_plan; /* version 4 is in force: see the test */
	bool granted;   /* device 2 also has con-a */
	struct naive_act acts[NAIVE_ACTS_MAX];
	size_t act_count;

	/* What the acts come to, by naive_judge(). */
	unsigned have[NAIVE_DEVICES];
	unsigned lost[NAIVE_DEVICES];
	uint64_t frontier[NAIVE_DEVICES][NAIVE_RIGHTS_]; /* bit i: event i */
};

void naive_judge(struct naive *n);

/* Whether a may be a version of the record of b, as far as kind and register go. */
bool naive_alike(const struct naive_event *a, const struct naive_event *b);

/* Fail, naming where, unless rows and digests of the hub are those of n. */
void naive_compare(const struct naive *n, hub *h, kv_txn *txn, const char *where);
