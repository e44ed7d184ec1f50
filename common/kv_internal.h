/* common/kv_internal.h - what kv.c and kv_create.c share */
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
