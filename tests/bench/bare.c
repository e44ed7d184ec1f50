/* tests/bench/bare.c - the least that a durable record costs: LMDB and nothing else
 *
 *     bench_bare record DIR      one record: open, read the last number, put, commit
 *     bench_bare inproc DIR N    N of them in one process: microseconds, middle and 99 %
 *
 * Nothing is checked, hashed or chained.  Linked with LMDB alone, as the measure for
 * `valija record`.
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/bench/middle.h"

enum { KEY_BYTES = 8, BODY_BYTES = 160 };

static MDB_env *env;

static void
need(int rc, const char *what)
{
	if (rc != 0) {
		fprintf(stderr, "bench_bare: %s: %s\n", what, mdb_strerror(rc));
		exit(1);
	}
}

static void
open_env(const char *dir)
{
	mkdir(dir, 0755);
	need(mdb_env_create(&env), "create");
	need(mdb_env_set_mapsize(env, (size_t) 4 << 30), "size");
	need(mdb_env_set_maxdbs(env, 8), "tables");
	need(mdb_env_open(env, dir, 0, 0644), dir);
}

static void
record(void)
{
	unsigned char key[KEY_BYTES] = { 0 }, body[BODY_BYTES];
	MDB_val k, v = { sizeof(body), body };
	MDB_cursor *cursor;
	MDB_txn *txn;
	MDB_dbi table;

	memset(body, 'e', sizeof(body));
	need(mdb_txn_begin(env, NULL, 0, &txn), "begin");
	need(mdb_dbi_open(txn, "events", MDB_CREATE, &table), "table");
	need(mdb_cursor_open(txn, table, &cursor), "cursor");
	if (mdb_cursor_get(cursor, &k, &v, MDB_LAST) == 0)
		memcpy(key, k.mv_data, sizeof(key));
	mdb_cursor_close(cursor);
	for (size_t i = sizeof(key); i > 0 && ++key[i - 1] == 0; i--)
		;
	k = (MDB_val) { sizeof(key), key };
	v = (MDB_val) { sizeof(body), body };
	need(mdb_put(txn, table, &k, &v, MDB_APPEND), "put");
	need(mdb_txn_commit(txn), "commit");
}

static int
many(const char *dir, size_t count)
{
	double *us = calloc(count + 1, sizeof(*us));

	open_env(dir);
	for (size_t i = 0; us && i < count; i++) {
		double start = bench_now_us();

		record();
		us[i] = bench_now_us() - start;
	}
	if (us)
		bench_print_middle(us, count);
	free(us);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "inproc") == 0)
		return many(argv[2], strtoul(argv[3], NULL, 10));
	if (argc != 3 || strcmp(argv[1], "record") != 0)
		return 64;
	open_env(argv[2]);
	record();
	mdb_env_close(env);
	return 0;
}
