/* common/json_out.h - JSON on standard output, by jansson
 *
 * Percentages are kept as integers in tenths of a percent (basis of one
 * decimal) and written with exactly one decimal: 824 becomes 82.4, 860 becomes
 * 86.0.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "protocol/bytes.h"
#include "protocol/status.h"

/* The flag by which jansson writes such a real as it was meant. */
#define JSON_TENTHS_EXACT JSON_REAL_PRECISION(15)

/* A number of tenths as a JSON real with exactly one decimal.
 * NULL beyond 15 digits, where it could not be exact. */
json_t *json_tenths(int64_t tenths);

/* Text of len bytes that is UTF-8 already. */
json_t *json_text(const char *text, size_t len);

/* Set it; an empty text leaves the key out. */
void json_set_text(json_t *object, const char *key, struct text t);

/* Lower-case hexadecimal of len bytes (at most 64). */
json_t *json_hex(const void *bytes, size_t len);

/* Print root with an indent of 2 and a newline, and drop the reference to it.
 * ST_NOMEM when root is NULL (a constructor failed), ST_IO when it cannot be
 * written. */
status json_print(json_t *root);
