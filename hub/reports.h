/* hub/reports.h - the rows of what is told once a quarter
 *
 *   TABLE_REPORTS    type(1) code NUL unit NUL quarter(4)
 *                    -> by type:
 *       'i' 'c' 'r'  progress of an initiative, a commitment, a risk:
 *                    percent + 1, or 0 when not told (4), text
 *       'b'          budget; code is the BPIN, unit empty:
 *                    appropriated, committed, obligated, paid (8 each), unit
 *       'q'          a closed quarter; code is empty:
 *                    'n' code NUL of each indicator with nothing to do, then
 *                    'z' code NUL of each declared zero
 *
 * The version of the register that counts is here, and only it.  Keys and values are
 * made as hub/rows.h says; numbers are big-endian.
 */
#pragma once

#include "common/kv.h"
#include "protocol/event.h"

typedef enum report_type {
	REPORT_INITIATIVE = 'i',
	REPORT_COMMITMENT = 'c',
	REPORT_RISK = 'r',
	REPORT_BUDGET = 'b',
	REPORT_CLOSE = 'q',
} report_type;

/* Texts point into the row. */
struct report {
	report_type type;
	struct text code; /* of the initiative, commitment, risk or project */
	struct text unit; /* who told it */
	uint64_t quarter;

	bool has_percent; /* of progress */
	uint64_t percent; /* basis points */
	struct text text;
	uint64_t appropriated, committed, obligated, paid;
	struct codes zero, nothing;

	struct bytes row; /* the value as it stands */
};

/* Make the row of a progress, budget or close event (sign +1), or take it out (-1).
 * ST_MALFORMED: there is none. */
status report_put(kv_txn *txn, const struct event *e, int sign);

/* The register key of a row (event_register()). */
void report_register(const struct report *r, char ret_key[static REGISTER_KEY_BYTES]);

/* Every row of that type, and of that code unless it is empty, in the order of the
 * keys.  visit must not write; other than ST_OK from it ends the walk with that.
 * ST_MALFORMED: the ledger is damaged. */
typedef status report_visit(void *ctx, const struct report *r);
status
reports_each(kv_txn *txn, report_type type, struct text code, report_visit *visit, void *ctx);
