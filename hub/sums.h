/* hub/sums.h - what is to be added to rows of the ledger, before it is written
 *
 * Entries come by the thousand and share rows: those of one day at one unit.  To read
 * and write a row for each of them was most of what the hub did, so numbers are added up
 * here, and each row is written once, in the order of keys.  Here a key is two numbers of 8
 * bytes (hub/lexicon.h): bytes are made of it when the row is written.
 *
 * What is gathered belongs to one transaction and is part of it once sums_write() returned
 * ST_OK; until then the rows do not have it.  A transaction that was given up takes it
 * along.  Bounded: when it has become too much it is written.
 */
#pragma once

#include "common/kv.h"
#include "hub/rows.h"

typedef struct sums sums;

/* NULL: no memory. */
sums *sums_new(void);
void sums_free(sums **s_p);

/* From now on for that transaction; what another one did not write is forgotten. */
void sums_begin(sums *s, kv_txn *txn);

/* Add to the row of TABLE_TALLIES or TABLE_CELLS that has this key, and to those of TABLE_DAYS
 * and TABLE_MONTHS that sum it up.  *ret_cell is good for sums_extra() until the next one.
 * ST_NOMEM, and those of sums_write(). */
status sums_tally(sums *s, const struct tally_key *k, int64_t records);
status
sums_cell(sums *s, const struct cell_key *k, int64_t quantity, int64_t records, size_t *ret_cell);
/* Add to the secondary count ('c'), or the count by differential actor ('g'), of that cell.
 * ST_LIMIT: no plan has such a name. */
status sums_extra(sums *s, size_t cell, char type, struct text name, int64_t by);

/* How many rows sums_write() would write at most, without secondary counts, days and months. */
size_t sums_owed(const sums *s);

/* ST_MALFORMED: a number would fall below 0, so the ledger is damaged. */
status sums_write(sums *s);

/* The rows are emptied: nothing is owed. */
void sums_forget(sums *s);
