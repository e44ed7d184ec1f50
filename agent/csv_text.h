/* agent/csv_text.h - what the bytes of a CSV cell say
 */
#pragma once

#include <stdbool.h>

#include "agent/csv.h"

enum { CSV_TEXT_GROWTH = 3 }; /* bytes of UTF-8 that one byte may become */

/* Write len raw bytes as UTF-8 with a 0 behind it into out (CSV_TEXT_GROWTH *
 * len + 1 bytes): without blanks at both ends, line ends as LF.
 * ST_MALFORMED: a byte says nothing in that encoding, or is 0. */
status csv_text(csv_encoding encoding, const void *raw, size_t len, char *out, size_t *ret_len);

/* The msgid of what is wrong with the file as a whole (UTF-16, a workbook, UTF-8
 * though another encoding was asked for), or NULL.  A byte order mark of UTF-8
 * sets *encoding; *ret_skip is how many bytes to pass over. */
const char *csv_file_fault(const void *bytes, size_t len, csv_encoding *encoding, size_t *ret_skip);
