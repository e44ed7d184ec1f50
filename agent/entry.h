/* agent/entry.h - what a person typed or a file says, turned into an event
 *
 * The command line, the import and later the local form fill an entry with
 * texts; entry_build() checks all of it at once and says of every fault which
 * field it is in, what was found and what would be right.  With a plan in the
 * outbox it also checks the codes and dates that the hub would check (nearest
 * valid code named); with no plan it checks form only, and the hub judges.
 *
 * Pure but for the look-ups in the plan table, asked through entry_plan.
 */
#pragma once

#include "agent/plan_table.h"
#include "protocol/event.h"

/* As many as an event may have (protocol/limits.h).  The lists below have room for
 * one more, so that who fills them need not refuse: one too many is kept there
 * and entry_build() tells of it. */
enum {
	ENTRY_PAIRS_MAX = 32,
	ENTRY_INITIATIVES_MAX = 8,
	ENTRY_EVIDENCES_MAX = 16,
	ENTRY_DECLARED_MAX = 32,
};

/* Sets of kinds. */
#define KIND_BIT(kind) (1u << (kind))

/* NAME=N as typed; value is NULL where there was no '='. */
struct entry_pair {
	const char *name;
	const char *value;
};

struct entry_evidence {
	const char *name; /* of the file, without its folder */
	uint64_t size_bytes;
	uint8_t hash[HASH_BYTES];
};

/* NULL or a count of 0: not given.  Texts are the caller's. */
struct entry {
	const char *unit, *indicator, *date, *until, *quantity, *mode, *place, *country, *status;
	const char *note, *by, *why;
	const char *quarter;            /* of all that is told once a quarter */
	const char *level;              /* of a level */
	const char *thing, *name, *way; /* of a thing: its key, its name, in or out */
	const char *commitment, *risk;  /* of progress, if not of an initiative */
	const char *percent;            /* of progress */
	const char *project;            /* of a budget: the BPIN */
	const char *appropriated, *committed, *obligated, *paid;
	const char *zero[ENTRY_DECLARED_MAX + 1]; /* of a close: indicators */
	size_t zero_count;
	const char *nothing[ENTRY_DECLARED_MAX + 1];
	size_t nothing_count;
	const char *initiatives[ENTRY_INITIATIVES_MAX + 1];
	size_t initiative_count;
	struct entry_pair counts[ENTRY_PAIRS_MAX + 1], groups[ENTRY_PAIRS_MAX + 1];
	size_t count_count, group_count;
	struct entry_evidence evidences[ENTRY_EVIDENCES_MAX + 1];
	size_t evidence_count;
};

/* One fault.  rule is a msgid with at most one %s for arg; field and rule are
 * constant texts, the rest are copies. */
struct entry_problem {
	const char *field; /* the name of the member above: "indicator", "date", "count" … */
	char found[120];   /* safe to print */
	const char *rule;
	char arg[160];
	bool is_warning;
	bool by_plan;  /* only the plan says so: --force records it all the same */
	bool by_clock; /* likewise, but only the clock here says so: it counts */
};

struct entry_problems {
	size_t count, errors;          /* errors: those that are not warnings */
	struct entry_problem list[24]; /* as found; more are counted, not kept */
};

/* What an entry is checked against, and what the person does not type. */
struct entry_frame {
	event_kind kind; /* a record, KIND_VOID, or KIND_RETURN */
	/* What the device is enrolled for, each code ended by a 0 (as
	 * outbox_device() has them); a unit that is not given is the only one. */
	const struct codes *device_units;
	plan_table *table; /* NULL: no plan is held */
	/* The versions replaced, of a return the entry it is about; or NULL. */
	const struct fixes *fixes;
	int64_t at_ms; /* what the clock says */
	date today;    /* to tell what is still to come */
	bool force;    /* errors of by_plan are only warned of */

	/* The quarters that the office has locked. */
	const uint64_t *locked;
	size_t locked_count;

	/* Whether a thing of that event_bond() was recorded as in here.  NULL: not
	 * known. */
	bool (*came_in)(void *ctx, const char *bond);
	void *ctx;
};

/* Check e and, when no error stands in the way, encode the event into w, in the
 * place of what w holds.  ret_problems is filled whatever the outcome.
 * ST_INVALID: it has errors (warnings may be there on success too), and w holds
 * nothing of use.  ST_NOMEM. */
status entry_build(const struct entry *e, const struct entry_frame *frame, writer *w,
                   struct entry_problems *ret_problems);

/* Whether a device that was made for these units may report for that one. */
bool entry_reports_for(const struct codes *device_units, struct text unit);
