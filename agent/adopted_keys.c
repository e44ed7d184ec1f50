#include "agent/adopted_keys.h"

#include "agent/entry_event.h"
#include "agent/import_internal.h"
#include "agent/outbox_internal.h"
#include "agent/registers.h"

static status
is_there(kv_txn *txn, const uint8_t key[static HASH_BYTES], bool *ret_there)
{
	uint64_t seq;
	status st = outbox_find_key_in(txn, key, &seq);

	*ret_there = st == ST_OK;
	return st == ST_NOT_FOUND ? ST_OK : st;
}

static status
put_key(kv_txn *txn, const uint8_t key[static HASH_BYTES], uint64_t seq)
{
	uint8_t value[SEQ_BYTES];

	put_u64(value, seq);
	return kv_put(txn, OUTBOX_KEYS, (struct bytes) { key, HASH_BYTES },
	              (struct bytes) { value, sizeof(value) });
}

/* Equal rows are numbered from 1 without a gap: this one goes behind those that are here. */
static status
put_row(kv_txn *txn, const struct entry *row, uint64_t seq)
{
	uint64_t here = 0, try = 1, none = UINT64_MAX;
	uint8_t fields[HASH_BYTES], key[HASH_BYTES];
	status st = ST_OK;

	import_fields_hash(row, row->unit, fields);
	while (none - here > 1 && st == ST_OK) {
		bool there;

		import_key(fields, try, key);
		st = is_there(txn, key, &there);
		*(there ? &here : &none) = try;
		try = none == UINT64_MAX ? here * 2 : here + (none - here) / 2;
	}
	import_key(fields, none, key);
	return st == ST_OK ? put_key(txn, key, seq) : st;
}

static status
put_rows(kv_txn *txn, const struct event *e, uint64_t seq)
{
	struct entry row;
	struct entry_texts *texts = entry_of_event(e, &row);
	char by[NAME_BYTES_MAX + 1];
	status st;

	if (!texts)
		return ST_NOMEM;
	st = put_row(txn, &row, seq);
	if (st == ST_OK && e->by.len > 0 && e->by.len < sizeof(by)) {
		memcpy(by, e->by.at, e->by.len);
		by[e->by.len] = '\0';
		row.by = by;
		st = put_row(txn, &row, seq);
	}
	entry_texts_free(&texts);
	return st;
}

status
adopted_keys_put(kv_txn *txn, const struct event *e, uint64_t seq)
{
	uint8_t key[HASH_BYTES];
	bool there;
	status st;

	if (register_key(e, key)) {
		st = is_there(txn, key, &there); /* the first own version is what it names */
		return st == ST_OK && !there ? put_key(txn, key, seq) : st;
	}
	/* a correction is no row of its own */
	if ((e->kind != KIND_ACTIVITY && e->kind != KIND_THING) || e->fixes.count > 0)
		return ST_OK;
	return put_rows(txn, e, seq);
}
