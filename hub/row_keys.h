/* hub/row_keys.h - the parts that keys and values of the ledger are made of
 *
 * Writing returns the bytes written; out has room for them.  Reading takes from the
 * beginning of *rest.  After a fault rest->at is NULL and nothing is left, so that all
 * later takes fail too and the fault need be looked for only at the end.
 *
 * Pure.
 */
#pragma once

#include "protocol/bytes.h"
#include "protocol/date.h"

enum {
	ROW_KEY_MAX = 256, /* the longest key of all tables is under 150 bytes */
	ROW_NUMBER_BYTES = 8,
	ROW_DAY_BYTES = 4,
	ROW_QUARTER_BYTES = 4,
};

/* No code holds a 0, so a key is read in one way only and sorts as its codes do. */
size_t row_put_text(uint8_t *out, struct text t);
size_t row_put_day(uint8_t *out, date day);
size_t row_put_quarter(uint8_t *out, uint64_t quarter);

/* The first len bytes.  NULL after a fault: too few are left, and then none. */
const uint8_t *row_take(struct bytes *rest, size_t len);
struct text row_take_text(struct bytes *rest);
date row_take_day(struct bytes *rest);
uint32_t row_take_u32(struct bytes *rest);
uint64_t row_take_number(struct bytes *rest);
/* One byte below end. */
uint8_t row_take_byte(struct bytes *rest, int end);
