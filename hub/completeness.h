/* hub/completeness.h - whether a quarter of a unit is all there
 *
 * Five answers that are never shown as each other.  That a unit closed its quarter,
 * and how much came of it, the ledger says; that nobody can know, because a device of
 * the unit was not heard of since, the fleet.  So this is no state: neither digest nor cut
 * hold it.
 */
#pragma once

#include "hub/query.h"
#include "hub/reports.h"

typedef enum completeness {
	QUARTER_CLOSED,      /* the unit attested that all is recorded */
	QUARTER_CLOSED_ZERO, /* the same, and declared indicators zero */
	QUARTER_REPORTING,   /* something came, and its devices had no more to send; at a
	                      * past moment: something had come */
	QUARTER_NOTHING,     /* nothing came, and its devices had nothing to send */
	QUARTER_UNKNOWN,     /* a device was not heard of since, or still has to send, or
	                      * there is none; at a past moment: nothing had come */
	COMPLETENESS_
} completeness;

/* "closed", "closed_zero", "reporting", "nothing", "unknown"; and for people, a msgid. */
const char *completeness_name(completeness c);
const char *completeness_text(completeness c);

/* Of a quarter that is not over a device that was heard of within so many days is as good
 * as one that is on the line. */
enum { QUARTER_GRACE_DAYS = 7 };

struct unit_quarter {
	const struct plan_unit *unit;
	completeness state;
	uint64_t entries; /* records of the quarter that stand, also planned ones */
	uint64_t devices;
	bool heard_of; /* all its devices were, and there is one */
	date since;    /* when heard_of: up to when all is here, as far as devices told */
	const struct codes *zero, *nothing; /* when closed; else NULL */
	struct codes contradicted;          /* of zero: something counts for them all the same */
	bool conflict;                      /* two devices closed it apart */
};

/* All units of the plan that were open in that quarter, in the order of the plan.  What
 * visit is given is valid until it returns; other than ST_OK from it ends the walk
 * with that.  past: q is of a moment that is past; what devices held then is not known
 * any more, and the answers follow from the entries alone.  ST_MALFORMED: the ledger is
 * damaged. */
typedef status completeness_visit(void *ctx, const struct unit_quarter *u);
status completeness_each(const struct query *q, uint64_t quarter, date today, bool past,
                         completeness_visit *visit, void *ctx);
