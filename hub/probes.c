#include "hub/probes.h"

#include "hub/hub.h"
#include "hub/registry.h" /* POINT_BYTES */

status
probes_of(kv_txn *txn, const uint8_t feed[static FEED_BYTES],
          struct point list[static STANDING_PROBES_MAX], size_t *ret_count)
{
	struct bytes value;
	status st = kv_get(txn, TABLE_PROBES, (struct bytes) { feed, FEED_BYTES }, &value);

	*ret_count = 0;
	if (st < 0)
		return st == ST_NOT_FOUND ? ST_OK : st;
	if (value.len % POINT_BYTES != 0 || value.len > STANDING_PROBES_MAX * POINT_BYTES)
		return ST_MALFORMED;
	for (size_t at = 0; at < value.len; at += POINT_BYTES) {
		struct point *p = &list[(*ret_count)++];

		p->seq = get_u64(value.at + at);
		memcpy(p->hash, value.at + at + 8, HASH_BYTES);
	}
	return ST_OK;
}

status
probes_note(kv_txn *txn, const uint8_t feed[static FEED_BYTES], const struct point *at)
{
	uint8_t row[(STANDING_PROBES_MAX + 1) * POINT_BYTES], *last;
	struct bytes key = { feed, FEED_BYTES }, value;
	size_t len = 0, skip = 0;
	status st = kv_get(txn, TABLE_PROBES, key, &value);

	if (st < 0 && st != ST_NOT_FOUND)
		return st;
	if (st == ST_OK && value.len > STANDING_PROBES_MAX * POINT_BYTES)
		return ST_MALFORMED;
	if (st == ST_OK) {
		memcpy(row, value.at, value.len);
		len = value.len;
	}
	last = row + len;
	put_u64(last, at->seq);
	memcpy(last + 8, at->hash, HASH_BYTES);
	len += POINT_BYTES;
	if (len > STANDING_PROBES_MAX * POINT_BYTES)
		skip = POINT_BYTES;
	return kv_put(txn, TABLE_PROBES, key, (struct bytes) { row + skip, len - skip });
}
