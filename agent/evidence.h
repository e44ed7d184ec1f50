/* agent/evidence.h - files that prove an entry, named in it by their hash
 */
#pragma once

#include "agent/entry.h"

/* Read the file at path to its end and describe it.  The name points into path.
 * ST_NOT_FOUND, ST_DENIED; ST_INVALID: not a regular file; ST_IO. */
status evidence_of_file(const char *path, struct entry_evidence *ret_evidence);
