/* common/kv_internal.h - what kv.c and kv_create.c share */
#pragma once

#include <lmdb.h>

#include "common/kv.h"

/* The border to LMDB: nobody else sees its codes. */
status kv_from_lmdb(int rc);

/* A handle that is not open yet, with the sizes of config set. */
int kv_env_new(const struct kv_config *config, MDB_env **ret_env);

/* ST_MALFORMED: no environment of ours.  ST_VERSION: another format. */
status kv_check_format(MDB_txn *txn, uint64_t format);

/* For a copy: the handle, and whether a transaction is open. */
MDB_env *kv_env(kv *store);
bool kv_in_txn(const kv *store);

/* Read every page that is in use: LMDB's own two tables, and these. */
status kv_read_pages(MDB_txn *txn, const MDB_dbi *tables, size_t count);

/* Whether the file has fewer pages than it says. */
bool kv_is_short(MDB_env *env);
/* Read all of the store in dir in a child; this process must not have it open.
 * ST_MALFORMED: something cannot be read. */
status kv_read_apart(const char *dir, const struct kv_config *config);
