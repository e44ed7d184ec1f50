#include "common/kv_internal.h"

static bool
move(struct kv_walk *walk, struct bytes key, MDB_cursor_op op)
{
	MDB_val k = kv_val(key), v = { 0 };
	status st;

	if (!walk->cursor || walk->st < 0)
		return false;
	st = kv_stick(walk->txn, mdb_cursor_get(walk->cursor, &k, &v, op));
	if (st < 0) {
		walk->st = st == ST_NOT_FOUND ? ST_OK : st;
		return false;
	}
	walk->key = kv_bytes(&k);
	walk->value = kv_bytes(&v);
	return true;
}

void
kv_walk_begin(kv_txn *txn, int table, struct kv_walk *walk)
{
	MDB_cursor *cursor = NULL;

	*walk = (struct kv_walk) { .txn = txn, .st = txn->st };
	if (walk->st == ST_OK)
		walk->st = kv_stick(txn, mdb_cursor_open(txn->txn, txn->tables[table], &cursor));
	walk->cursor = cursor;
}

bool
kv_seek(kv_txn *txn, int table, struct bytes key, struct kv_walk *walk)
{
	kv_walk_begin(txn, table, walk);
	return move(walk, key, key.len == 0 ? MDB_FIRST : MDB_SET_RANGE);
}

/* LMDB can only seek upwards. */
bool
kv_seek_below(kv_txn *txn, int table, struct bytes key, struct kv_walk *walk)
{
	kv_walk_begin(txn, table, walk);
	if (key.len > 0 && move(walk, key, MDB_SET_RANGE))
		return kv_previous(walk);
	return move(walk, (struct bytes) { 0 }, MDB_LAST);
}

bool
kv_next(struct kv_walk *walk)
{
	return move(walk, (struct bytes) { 0 }, MDB_NEXT);
}

bool
kv_previous(struct kv_walk *walk)
{
	return move(walk, (struct bytes) { 0 }, MDB_PREV);
}

void
kv_walk_done(struct kv_walk *walk)
{
	if (walk->cursor)
		mdb_cursor_close(walk->cursor);
	walk->cursor = NULL;
}

status
kv_walk_get(struct kv_walk *walk, struct bytes key, struct bytes *ret_value)
{
	MDB_val k = kv_val(key), v;
	status st;

	if (walk->st < 0)
		return walk->st;
	if (key.len == 0 || key.len > KV_KEY_BYTES_MAX)
		return ST_NOT_FOUND; /* LMDB calls it an error */
	st = kv_stick(walk->txn, mdb_cursor_get(walk->cursor, &k, &v, MDB_SET));
	if (st == ST_OK)
		*ret_value = kv_bytes(&v);
	return st;
}

status
kv_walk_add(struct kv_walk *walk, struct bytes key, struct bytes value, struct bytes *ret_old)
{
	MDB_val k = kv_val(key), v = kv_val(value);
	int rc;

	if (walk->st < 0)
		return walk->st;
	rc = mdb_cursor_put(walk->cursor, &k, &v, MDB_NOOVERWRITE);
	if (rc != MDB_KEYEXIST) {
		kv_note_written(walk->txn, key, value);
		return kv_stick(walk->txn, rc);
	}
	*ret_old = kv_bytes(&v);
	return ST_EXISTS;
}

status
kv_walk_put(struct kv_walk *walk, struct bytes key, struct bytes value)
{
	MDB_val k = kv_val(key), v = kv_val(value);

	if (walk->st < 0)
		return walk->st;
	kv_note_written(walk->txn, key, value);
	return kv_stick(walk->txn, mdb_cursor_put(walk->cursor, &k, &v, 0));
}

status
kv_walk_append(struct kv_walk *walk, struct bytes key, struct bytes value)
{
	MDB_val k = kv_val(key), v = kv_val(value);

	return walk->st < 0 ? walk->st
			    : kv_stick(walk->txn, mdb_cursor_put(walk->cursor, &k, &v, MDB_APPEND));
}

status
kv_walk_replace(struct kv_walk *walk, struct bytes key, struct bytes value)
{
	MDB_val k = kv_val(key), v = kv_val(value);

	if (walk->st < 0)
		return walk->st;
	kv_note_written(walk->txn, key, value);
	return kv_stick(walk->txn, mdb_cursor_put(walk->cursor, &k, &v, MDB_CURRENT));
}

status
kv_walk_delete(struct kv_walk *walk)
{
	if (walk->st < 0)
		return walk->st;
	kv_note_written(walk->txn, (struct bytes) { 0 }, (struct bytes) { 0 });
	return kv_stick(walk->txn, mdb_cursor_del(walk->cursor, 0));
}
