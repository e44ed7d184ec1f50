/* hub/offset.h - a moment of one hub: how many entries its journal had
 *
 * N@HASH, a hub's own shorthand: how many entries, and the beginning of the
 * journal's running hash there, so that one which was told before the hub was put
 * back to an older copy, or by another hub, is refused instead of answered.
 */
#pragma once

#include "common/kv.h"

/* "18446744073709551615@01234567" */
enum { OFFSET_HASH_BYTES = 4, OFFSET_TEXT_BYTES = 20 + 1 + 2 * OFFSET_HASH_BYTES + 1 };

struct offset {
	uint64_t entries;
	bool has_hash; /* else the number alone was given */
	uint8_t hash[OFFSET_HASH_BYTES];
};

/* The offset of now, or of when the journal had that many entries.
 * ST_NOT_FOUND: it has fewer. */
status offset_now(kv_txn *txn, struct offset *ret_offset);
status offset_of(kv_txn *txn, uint64_t entries, struct offset *ret_offset);

void offset_text(const struct offset *o, char ret_text[static OFFSET_TEXT_BYTES]);
/* N or N@HASH.  ST_INVALID: it is none. */
status offset_parse(const char *text, struct offset *ret_offset);

/* ST_NOT_FOUND: the journal has fewer entries.  ST_INVALID: the hash is another. */
status offset_check(kv_txn *txn, const struct offset *o);
