/* common/kv_internal.h - what kv.c, kv_walk.c, kv_create.c and kv_check.c share */
#pragma once

#include <lmdb.h>

#include "common/kv.h"

/* The border to LMDB: nobody else sees its codes. */
status kv_from_lmdb(int rc);

/* A handle that is not open yet, with the sizes of config set. */
int kv_env_new(const struct kv_config *config, MDB_env **ret_env);

enum {
	KV_SIDES = 2,
	KV_NO_TABLE = 0, /* a handle of LMDB's own */
};

/* Handles of all tables; a table with one side has the same twice. */
struct kv_tables {
	MDB_dbi of[KV_SIDES][KV_TABLES_MAX];
	size_t count;
};

/* One transaction a store: LMDB would let a process wait for its own write lock
 * for ever, and a read slot that is forgotten keeps old pages from being used
 * again until the disk is full. */
struct kv_txn {
	struct kv *store;
	MDB_txn *txn;          /* NULL: none is open */
	const MDB_dbi *tables; /* of one side */
	bool writes;
	bool aside; /* that side is not in force */
	uint64_t serial;
	uint64_t written_bytes; /* kv_written() */
	status st;              /* of a write transaction: the first failure */
};

/* LMDB only reads what is in a key or value it is given. */
static inline MDB_val
kv_val(struct bytes b)
{
	return (MDB_val) { .mv_size = b.len, .mv_data = (void *) (uintptr_t) b.at };
}

static inline struct bytes
kv_bytes(const MDB_val *v)
{
	return (struct bytes) { v->mv_data, v->mv_size };
}

/* What a call of LMDB came to.  After a failed write its transaction may hold half of it, so
 * nothing that was written in it is to be kept. */
status kv_stick(kv_txn *txn, int rc);

/* For kv_written(). */
static inline void
kv_note_written(kv_txn *txn, struct bytes key, struct bytes value)
{
	enum { ROW_BYTES = 512 }; /* what a row dirties beside its own bytes: it lies on a page */

	txn->written_bytes += ROW_BYTES + key.len + value.len;
}

/* MDB_NOTFOUND: for those that are not there, KV_NO_TABLE. */
int kv_open_tables(MDB_txn *txn, const struct kv_config *config, unsigned flags,
                   struct kv_tables *ret_tables);

/* ST_MALFORMED: no environment of ours.  ST_VERSION: another format. */
status kv_check_format(MDB_txn *txn, const struct kv_config *config);

/* Which side is in force stands beside the format. */
status kv_read_side(MDB_txn *txn, unsigned *ret_side);
int kv_write_side(MDB_txn *txn, unsigned side);

/* For a copy: the handle, and whether a transaction is open. */
MDB_env *kv_env(kv *store);
bool kv_in_txn(const kv *store);

/* Read every page that is in use: LMDB's own two tables, and both sides of these. */
status kv_read_pages(MDB_txn *txn, const struct kv_tables *tables);

/* Whether the file has fewer pages than it says. */
bool kv_is_short(MDB_env *env);
/* Read all of the store in dir in a child; this process must not have it open.
 * ST_MALFORMED: something cannot be read. */
status kv_read_apart(const char *dir, const struct kv_config *config);
