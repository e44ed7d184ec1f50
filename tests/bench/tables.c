/* tests/bench/tables.c - what the tables of a store take
 *
 *     bench_tables DIR    of each table: its place, pages' bytes, rows
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLES_MAX = 64 };

static void
need(int rc, const char *what)
{
	if (rc != 0) {
		fprintf(stderr, "bench_tables: %s: %s\n", what, mdb_strerror(rc));
		exit(1);
	}
}

static void
print(MDB_txn *txn, const MDB_val *name)
{
	char z[64] = "";
	MDB_stat s;
	MDB_dbi table;

	if (name->mv_size >= sizeof(z))
		return;
	memcpy(z, name->mv_data, name->mv_size);
	if (mdb_dbi_open(txn, z, 0, &table) == MDB_INCOMPATIBLE)
		return; /* a value that is no table */
	need(mdb_stat(txn, table, &s), z);
	printf("%s %zu %zu\n", z,
	       (s.ms_branch_pages + s.ms_leaf_pages + s.ms_overflow_pages) * s.ms_psize,
	       s.ms_entries);
}

int
main(int argc, char **argv)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi names;
	MDB_cursor *cursor;
	MDB_val key, value;

	if (argc != 2)
		return 64;
	need(mdb_env_create(&env), "create");
	need(mdb_env_set_maxdbs(env, TABLES_MAX), "tables");
	need(mdb_env_open(env, argv[1], MDB_RDONLY, 0), argv[1]);
	need(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "begin");
	need(mdb_dbi_open(txn, NULL, 0, &names), "names");
	need(mdb_cursor_open(txn, names, &cursor), "cursor");
	while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
		print(txn, &key);
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	mdb_env_close(env);
	return fflush(stdout) != 0;
}
