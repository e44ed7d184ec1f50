#include "protocol/limits.h"

#define LIMIT_ROW(name, value, unit, what) { #name, (value), (unit), (what) },
const struct limit_row limit_rows[] = { LIMITS(LIMIT_ROW) };
#undef LIMIT_ROW

const size_t limit_row_count = sizeof(limit_rows) / sizeof(limit_rows[0]);
