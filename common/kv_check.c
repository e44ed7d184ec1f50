/* Reading all that a store says it holds, for who has reason to doubt it. */
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/apart.h"
#include "common/kv_internal.h"

enum { FREE_TABLE = 0, MAIN_TABLE = 1 }; /* LMDB's own two, in that order */

/* What is read is added up, so that no compiler leaves the reading out. */
static int
read_table(MDB_txn *txn, MDB_dbi table, unsigned *sum)
{
	MDB_cursor *cursor = NULL;
	MDB_val key, value;
	int rc = mdb_cursor_open(txn, table, &cursor);

	if (rc != 0)
		return rc;
	while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		const uint8_t *at = value.mv_data;

		for (size_t i = 0; i < value.mv_size; i++)
			*sum += at[i];
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int
read_sides(MDB_txn *txn, MDB_dbi one, MDB_dbi other, unsigned *sum)
{
	int rc = one != KV_NO_TABLE ? read_table(txn, one, sum) : 0;

	return rc == 0 && other != one && other != KV_NO_TABLE ? read_table(txn, other, sum) : rc;
}

status
kv_read_pages(MDB_txn *txn, const struct kv_tables *tables)
{
	volatile unsigned kept;
	unsigned sum = 0;
	int rc = read_table(txn, FREE_TABLE, &sum);

	if (rc == 0)
		rc = read_table(txn, MAIN_TABLE, &sum);
	for (size_t i = 0; i < tables->count && rc == 0; i++)
		rc = read_sides(txn, tables->of[0][i], tables->of[1][i], &sum);
	kept = sum;
	(void) kept;
	return kv_from_lmdb(rc);
}

/* ---- a file that is shorter than it says ---- */

struct folder {
	const char *dir;
	const struct kv_config *config;
};

static status
read_folder(MDB_env *env, const struct kv_config *config)
{
	struct kv_tables tables = { .count = 0 };
	MDB_txn *txn = NULL;
	int rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
	status st = ST_OK;

	if (rc == 0)
		rc = kv_open_tables(txn, config, 0, &tables);
	if (rc == MDB_NOTFOUND) /* of a newer program */
		rc = 0;
	if (rc == 0)
		st = kv_read_pages(txn, &tables);
	mdb_txn_abort(txn);
	return rc == 0 ? st : kv_from_lmdb(rc);
}

static int
open_and_read(void *ctx)
{
	const struct folder *f = ctx;
	MDB_env *env = NULL;
	int rc = kv_env_new(f->config, &env);
	status st;

	if (rc == 0)
		rc = mdb_env_open(env, f->dir, MDB_NOTLS, f->config->mode);
	st = rc == 0 ? read_folder(env, f->config) : kv_from_lmdb(rc);
	mdb_env_close(env);
	return st < 0 ? 1 : 0;
}

bool
kv_is_short(MDB_env *env)
{
	MDB_envinfo info;
	struct stat file;
	mdb_filehandle_t fd;
	MDB_stat stat;

	if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &stat) != 0 ||
	    mdb_env_get_fd(env, &fd) != 0 || fstat(fd, &file) != 0)
		return false;
	return (uint64_t) file.st_size < (uint64_t) (info.me_last_pgno + 1) * stat.ms_psize;
}

/* A page that was needed for one transaction alone is counted, and need not have been
 * written: so a short file may be whole.  Whether it is shows when all is read, and that
 * kills who reads it when it is not. */
status
kv_read_apart(const char *dir, const struct kv_config *config)
{
	struct folder f = { dir, config };
	struct apart_end end;
	status st = apart_run(open_and_read, &f, &end);

	if (st < 0)
		return st;
	return end.signal == 0 && end.code == 0 ? ST_OK : ST_MALFORMED;
}
