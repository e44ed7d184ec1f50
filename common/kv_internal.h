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
