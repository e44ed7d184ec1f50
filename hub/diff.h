/* hub/diff.h - what made two moments differ, record by record
 *
 * For each code a number then and a number now (query_counts()), and each record
 * whose part in it is another: which version of it counted then and which does now,
 * and why.  The parts add up: then, and the difference of every line of that code,
 * is now.  The same is told of the secondary counts and the differential actors of
 * each code: of a correction of these alone there are lines as well.
 *
 * All events of both moments are read once; memory is that of what differs.
 */
#pragma once

#include "hub/ledger.h"
#include "hub/locks.h"
#include "hub/query.h"
#include "protocol/writer.h"

typedef enum diff_reason {
	DIFF_NEW,       /* recorded since */
	DIFF_LATE,      /* recorded since, for a quarter that was locked */
	DIFF_CORRECTED, /* another version of it stands */
	DIFF_VOIDED,    /* taken out */
	DIFF_HELD,      /* held then and counts now, or the reverse */
	DIFF_PLAN,      /* the plan counts it otherwise */
	DIFF_REGISTRY,  /* a right was given, taken or admitted */
	DIFF_CUTOFF,    /* it lies between the two cut-offs */
	DIFF_NEWER,     /* another entry counts in its place, or did then: a later level, an
	                 * earlier one of the same thing */
	DIFF_ABSENT,    /* the second moment does not have it */
	DIFF_REASONS_
} diff_reason;

const char *diff_reason_name(diff_reason r); /* for JSON: "new", "late" … */
const char *diff_reason_text(diff_reason r); /* msgid */

/* A moment; its hub must not change meanwhile. */
struct diff_side {
	struct ledger ledger;
	date cutoff;
};

/* A version, and what it adds to the code. */
struct diff_version {
	bool there;
	uint8_t feed[FEED_BYTES];
	struct point at;
	int64_t amount;
};

struct diff_line {
	char code[CODE_BYTES_MAX + 1];
	/* COUNT_QUANTITY: what adds to the code itself.  Else what adds to its count, or its
	 * actor, of that name. */
	count_what what;
	char name[CODE_BYTES_MAX + 1];
	uint8_t record[72]; /* the id of its first version */
	struct diff_version then, now;
	/* Below: of the version that made the difference, that is now, or, where nothing
	 * counts now, the one that stands, or then. */
	struct diff_version by;
	diff_reason reason;
	hold held;        /* why it is, or was, held; else HOLD_NONE */
	bool restatement; /* it came after the quarter was locked */
	date day;
	char unit[CODE_BYTES_MAX + 1];
	size_t why_at, why_len; /* in texts */
};

/* Zeroed before diff_gather(). */
struct diff {
	struct diff_line *list; /* by code, then by day, then by record: the quantity first */
	size_t count, room;
	writer texts;
};

/* The version that stands of the record around an event, which is a node (hub/graph.h) of
 * that side; left alone when none does. */
status diff_standing(const struct diff_side *side, const uint8_t *feed, const struct point *at,
                     struct diff_version *ret_standing);

/* To be given to diff_done(), whatever came of it. */
status diff_gather(struct diff_side *then, struct diff_side *now, struct diff *ret_diff);
void diff_done(struct diff *d);

struct text diff_why(const struct diff *d, const struct diff_line *l);

/* What a code comes to at a moment. */
status diff_total(const struct diff_side *side, struct text code, int64_t *ret_total);
