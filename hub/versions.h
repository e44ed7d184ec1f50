/* hub/versions.h - which version of a record counts
 *
 * The second half of F.  Corrections name the versions they replace, so the
 * versions of a record form a graph that grows from its first version.  What
 * is computed here depends on the set of events alone, not on their order.
 *
 *   sound      it belongs to the graph: a first version that can be read, or a
 *              correction all of whose targets are here, sound and of one
 *              record, whose device has the right, and which leaves the unit as
 *              every target has it, unless the office sends it; it is of the
 *              record's kind and register, or a void
 *   valid      sound, and not held by its own judgement
 *   superseded a valid version replaces it, directly or through held ones
 *   head       valid and not superseded; two or more are a conflict
 *   winner     the head with most office versions on its path, then the greatest
 *              depth, then the greatest chain hash
 *
 * All versions of one register are versions of one record, which may so have
 * several first versions; the one of the least (feed, seq, hash) stands for it.
 *
 * A thing that goes out has to have come in: some version of its bond, whether it
 * counts or not, must say so and not be held by its own judgement.
 *
 * Depth is 1 for a first version, else 1 + the greatest depth named.  Of one
 * record at most VERSIONS_MAX versions are taken, those of least (depth, hash).
 * A held version is a step that others may build on, so a record whose first
 * version is wrong can be mended; it wins and replaces nothing by itself.
 *
 * Pure.
 */
#pragma once

#include "protocol/event.h"

#define VERSION_MISSING UINT32_MAX

struct version {
	/* Filled in by the caller, whose the texts are; one that is empty is not NULL. */
	const uint8_t *feed;
	struct point at;
	bool record; /* a record or a void that can be read */
	bool is_void;
	bool office; /* sent by an office device */
	bool right;  /* sent by a device that may report for its unit */
	hold judged; /* of judge(); versions_judge() adds HOLD_THING */
	const char *unit;
	/* What a correction has to keep: of a register its key, else the kind of record,
	 * empty for activities. */
	const char *key;
	bool is_register;
	const char *bond;            /* of event_bond() */
	bool comes_in, needs_in;     /* of a thing: in; out, and not of the baseline */
	uint32_t target_count;       /* 0: a first version */
	uint32_t targets[FIXES_MAX]; /* places in the list, or VERSION_MISSING */

	/* Filled in by versions_judge(). */
	hold hold; /* HOLD_NONE: valid */
	bool sound, superseded, head, wins;
	uint32_t root;           /* when sound: place of the record's first version */
	uint32_t depth, offices; /* when sound */
};

/* Judge count versions: whole records, with all that names them and all they
 * name, several records at once if need be.  ST_NOMEM. */
status versions_judge(struct version *list, size_t count);

/* True when the version belongs into the list of held events: a valid one that
 * replaced it would have settled the matter. */
bool version_held(const struct version *v);

/* True when the record is counted by this version. */
bool version_counts(const struct version *v);
