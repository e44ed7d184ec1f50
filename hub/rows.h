/* hub/rows.h - the rows of the ledger, as keys and values
 *
 * Rows hold nothing about arrival, times or batch borders, and keys are made of
 * codes, never of numbers local to a hub: from the tables in key order the
 * ledger part of the digest is made (hub/blocks.h).  A row whose numbers are all 0 does
 * not exist.  day is the date number plus 2^31, big-endian, so that keys sort
 * by date.  Totals are u64 big-endian.  NUL is a 0 byte.
 *
 *   TABLE_CELLS      code NUL unit NUL country NUL day mode NUL status(1)
 *                    -> hub/cells.h: quantity, records, and the extras: secondary counts and
 *                       counts by differential actor
 *       code is an indicator or an initiative; status a byte of event_status;
 *       of a record only its winning version is here.  No key is the beginning of another:
 *       each can be read in one way only, and ends where it was read
 *   TABLE_TALLIES    day unit NUL status(1)
 *                    -> records
 *       each record that counts, once, however many codes it names
 *   TABLE_DAYS       the key of a cell, its unit, country and mode empty
 *                    -> quantity
 *       all cells of that code, day and status; of the empty code the tallies of that day
 *       and status
 *   TABLE_MONTHS     code NUL status(1) unit NUL day
 *                    -> quantity
 *       all cells of that code, status and unit, of the month that begins with that day; with
 *       an empty unit those of all units, and of the empty code the tallies.  Neither of the
 *       two is in the digest: they are there so that few rows need be read (query_counts())
 *   TABLE_LEVELS     indicator NUL unit NUL quarter(4)
 *                    -> value
 *       the version of the register that counts; here alone a row of 0 exists
 *   TABLE_THINGS     hub/things.h
 *   TABLE_REPORTS    hub/reports.h
 *   TABLE_HELD       feed seq hash          (32 + 8 + 32 bytes)
 *                    -> name of the reason
 *   TABLE_CONFLICTS  feed seq hash of the record's first version
 *                    -> the heads, 72 bytes each, ascending
 */
#pragma once

#include "common/kv.h"
#include "hub/row_keys.h"
#include "protocol/event.h"

struct cell_key {
	struct text code, unit, country, mode;
	date day;
	event_status status;
};

enum { EVENT_ID_BYTES = FEED_BYTES + 8 + HASH_BYTES };

size_t cell_key_write(const struct cell_key *k, uint8_t out[static ROW_KEY_MAX]);
/* The key of the row of TABLE_DAYS that the cell is in; read as a cell's. */
size_t day_key_write(const struct cell_key *k, uint8_t out[static ROW_KEY_MAX]);
/* ST_MALFORMED; texts point into key. */
status cell_key_read(struct bytes key, struct cell_key *ret_key);

struct tally_key {
	date day;
	struct text unit;
	event_status status;
};
size_t tally_key_write(const struct tally_key *k, uint8_t out[static ROW_KEY_MAX]);
status tally_key_read(struct bytes key, struct tally_key *ret_key);

struct month_key {
	struct text code, unit;
	event_status status;
	date first; /* day of the month */
};
size_t month_key_write(const struct month_key *k, uint8_t out[static ROW_KEY_MAX]);
status month_key_read(struct bytes key, struct month_key *ret_key);

struct level_key {
	struct text indicator, unit;
	uint64_t quarter;
};
size_t level_key_write(const struct level_key *k, uint8_t out[static ROW_KEY_MAX]);
status level_key_read(struct bytes key, struct level_key *ret_key);

status total_read(struct bytes value, uint64_t *ret_total);

/* (feed, seq, hash) as a key. */
void event_id_write(const uint8_t feed[static FEED_BYTES], const struct point *at,
                    uint8_t out[static EVENT_ID_BYTES]);

/* The place of an id, which begins with its feed. */
void event_id_read(const uint8_t id[static EVENT_ID_BYTES], struct point *ret_at);

/* Add to the number of a row of TABLE_TALLIES, TABLE_DAYS or TABLE_MONTHS; it disappears at 0.
 * ST_MALFORMED: it would fall below 0, so the ledger is damaged. */
status row_add(struct kv_walk *walk, struct bytes key, int64_t by);

/* Make the row (sign +1) or take it out (-1).  ST_MALFORMED: there is none. */
status level_put(kv_txn *txn, const struct level_key *k, uint64_t value, int sign);
