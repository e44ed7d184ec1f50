/* agent/import.h - the rows of a CSV file as events to be stored
 *
 * import_read() looks at every row before anything is stored and tells all that
 * is wrong, each with line and column.  What to do with the events it prepared
 * (nothing, when one row is bad) is the caller's.
 *
 * A row of a register (a level, progress, a budget, the end of a quarter) is known by
 * what it is about; that it says something else than what was told is a fault.  Any
 * other row is known by what it says: its key is a hash over its fields, mapped
 * and trimmed, and over its occurrence, since two equal rows of a file are two
 * events.  The order of columns and rows, separator, encoding, quotation marks,
 * line ends, and defaults that are spelled out change no key.
 *
 * Where it may, it has a large file read by two threads (agent/import_pair.c).  What comes of
 * it is the same to the byte, and both have ended when it returns.  What the configuration has
 * to be called is called by either of them, but by one at a time, and none asks the plan
 * meanwhile.
 *
 * Pure but for the look-ups in the plan table.
 */
#pragma once

#include "agent/csv.h"
#include "agent/entry.h"
#include "agent/mapping.h"
#include "agent/registers.h"

enum {
	IMPORT_ROWS_MAX = 500000, /* of one file, the header not counted */
	IMPORT_LISTED_MAX = 50,   /* findings of a kind that are kept; more are counted */
};

/* What a file is read with.  All is the caller's and must outlive import_read(). */
struct import_config {
	const mapping *map;
	csv_encoding encoding;
	struct entry_frame frame; /* kind: what the rows are; no fixes */
	const char *unit;         /* of the rows to take, one of the device's; NULL: all rows */
	const char *by;           /* where no column says who */
	const char *why;          /* nor why it comes late; may be NULL */
	bool skip_incomplete;     /* leave out what has no full date */
	bool paired;              /* a second thread may be started: there is a core for it */
	/* Whether a row that says this is here already: such a one was accepted once,
	 * and a plan that came later makes it no bad row.  NULL: none is. */
	bool (*is_here)(void *ctx, const uint8_t fields[static HASH_BYTES]);
	/* register_find() of what is here; NULL: nothing is. */
	status (*find)(void *ctx, const struct event *now, struct register_found *ret_found);
	void *ctx;
};

/* One thing found.  rule is a msgid with at most one %s for arg. */
struct import_finding {
	size_t line;
	size_t column; /* from 1; 0: the row as a whole */
	char name[64]; /* of the column; like found and arg safe to print */
	char found[120];
	const char *rule;
	char arg[160];
};

struct import_findings {
	size_t count; /* found */
	struct import_finding list[IMPORT_LISTED_MAX];
};

/* A row to be stored. */
struct import_row {
	size_t line;
	struct bytes body;          /* its event, in bodies */
	uint8_t hash[HASH_BYTES];   /* hash_bytes() of it */
	uint8_t fields[HASH_BYTES]; /* hash of what it says; of a register its register_key() */
	uint64_t occurrence;        /* among the equal rows of the file, from 1 */
	uint8_t key[HASH_BYTES];    /* its name in the outbox, when no equal row is there yet */
	bool is_register;
};

struct import_bodies; /* blocks of memory that never move */

/* What came of a file; owns rows and bodies. */
struct import {
	size_t row_count;                         /* read, the header not counted */
	size_t bad_rows, incomplete, other_units; /* the last two: left out */
	struct import_findings bad, warnings, left_out;
	/* Whether an option would help: --unit, --skip-incomplete, --force. */
	bool needs_unit, needs_skip, needs_force;

	struct import_row *rows; /* to be stored, in the order of the file */
	size_t count;
	struct import_bodies *bodies;
};

/* Read a file of len bytes.  ret_import must be zeroed; it is filled whatever
 * the outcome and given to import_done().
 * ST_INVALID: ret_import->bad says why.  ST_NOMEM.  ST_IO: of the plan. */
status import_read(const struct import_config *config, const void *bytes, size_t len,
                   struct import *ret_import);
void import_done(struct import *in);

/* True when unit is one of those of the device. */
bool import_enrolled(const struct codes *units, const char *unit);

/* BLAKE2b-256 of "valija/row/1" | hash of the fields | occurrence (u64, BE). */
void import_key(const uint8_t fields[static HASH_BYTES], uint64_t occurrence,
                uint8_t ret_key[static HASH_BYTES]);
