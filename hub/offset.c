#include "hub/offset.h"

#include <inttypes.h>
#include <stdio.h>

#include "hub/journal.h"
#include "protocol/identity.h"

static status
running_at(kv_txn *txn, uint64_t entries, uint8_t ret_hash[static HASH_BYTES])
{
	struct journal_entry last = { .running = { 0 } };
	status st = entries == 0 ? ST_OK : journal_read(txn, entries - 1, &last);

	if (st == ST_OK)
		memcpy(ret_hash, last.running, HASH_BYTES);
	return st;
}

status
offset_of(kv_txn *txn, uint64_t entries, struct offset *ret_offset)
{
	uint8_t hash[HASH_BYTES] = { 0 };
	status st = running_at(txn, entries, hash);

	if (st < 0)
		return st;
	*ret_offset = (struct offset) { .entries = entries, .has_hash = true };
	memcpy(ret_offset->hash, hash, OFFSET_HASH_BYTES);
	return ST_OK;
}

status
offset_now(kv_txn *txn, struct offset *ret_offset)
{
	return offset_of(txn, journal_size(txn), ret_offset);
}

void
offset_text(const struct offset *o, char ret_text[static OFFSET_TEXT_BYTES])
{
	char hex[2 * OFFSET_HASH_BYTES + 1];

	hex_encode(o->hash, OFFSET_HASH_BYTES, hex);
	snprintf(ret_text, OFFSET_TEXT_BYTES, "%" PRIu64 "%s%s", o->entries, o->has_hash ? "@" : "",
	         o->has_hash ? hex : "");
}

status
offset_parse(const char *text, struct offset *ret_offset)
{
	struct offset o = { 0 };
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t) (*at - '0');

		if (o.entries > (UINT64_MAX - digit) / 10)
			return ST_INVALID;
		o.entries = 10 * o.entries + digit;
	}
	if (at == text)
		return ST_INVALID;
	if (*at == '@') {
		o.has_hash = true;
		if (!hex_decode(at + 1, strlen(at + 1), o.hash, OFFSET_HASH_BYTES))
			return ST_INVALID;
	} else if (*at != '\0') {
		return ST_INVALID;
	}
	*ret_offset = o;
	return ST_OK;
}

status
offset_check(kv_txn *txn, const struct offset *o)
{
	struct offset here;
	status st = offset_of(txn, o->entries, &here);

	if (st == ST_OK && o->has_hash && memcmp(o->hash, here.hash, OFFSET_HASH_BYTES) != 0)
		st = ST_INVALID;
	return st;
}
