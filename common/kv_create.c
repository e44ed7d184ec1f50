/* How an environment comes to be.
 *
 * Cut off by a power failure before their first commit is on disk, LMDB's files
 * cannot be opened any more (4 of 15,797 simulated cuts, all before the first
 * commit).  So they are made in a folder of another name, which takes its place
 * only when everything in it is safe. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files.h"
#include "common/kv.h"
#include "common/kv_internal.h"
#include "common/kv_lock.h"

/* In LMDB's unnamed table, which also holds the names of the others. */
static const char FORMAT_KEY[] = "valija format";

/* The side in force is the upper half of the number: a program that knows of no sides then
 * takes a store whose other side is in force for one of another format, and leaves it alone. */
enum { FORMAT_BYTES = 8, SIDE_SHIFT = 32 };

/* Behind the name of a table, of its other side. */
static const char OTHER[] = ".2";

static const char *const file_names[] = { "data.mdb", "lock.mdb", "write.lock" };

enum {
	FILE_COUNT = sizeof(file_names) / sizeof(file_names[0]),
	NAME_BYTES = 64, /* of a table, with what is behind it */
};

static bool
is_sided(const struct kv_config *config, size_t table)
{
	return (config->sided >> table & 1) != 0;
}

/* As few as there are: each transaction sets up as many. */
static size_t
handles(const struct kv_config *config)
{
	size_t count = config->table_count;

	for (size_t i = 0; i < config->table_count; i++)
		count += is_sided(config, i);
	return count;
}

int
kv_env_new(const struct kv_config *config, MDB_env **ret_env)
{
	size_t page = (size_t) sysconf(_SC_PAGESIZE);
	size_t map_bytes = (size_t) ((config->map_bytes + page - 1) / page * page);
	int rc = mdb_env_create(ret_env);

	if (rc == 0)
		rc = mdb_env_set_mapsize(*ret_env, map_bytes);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(*ret_env, (MDB_dbi) handles(config));
	return rc;
}

static int
open_table(MDB_txn *txn, const struct kv_config *config, size_t table, unsigned side,
           unsigned flags, MDB_dbi *ret_table, bool *missing)
{
	char name[NAME_BYTES];
	int rc;

	if (!config->tables[table])
		return mdb_dbi_open(txn, NULL, 0, ret_table);
	snprintf(name, sizeof(name), "%s%s", config->tables[table], side == 0 ? "" : OTHER);
	rc = mdb_dbi_open(txn, name, flags, ret_table);
	if (rc != MDB_NOTFOUND)
		return rc;
	*ret_table = KV_NO_TABLE;
	*missing = true;
	return 0;
}

int
kv_open_tables(MDB_txn *txn, const struct kv_config *config, unsigned flags,
               struct kv_tables *ret_tables)
{
	bool missing = false;
	int rc = 0;

	ret_tables->count = config->table_count;
	for (size_t i = 0; i < config->table_count && rc == 0; i++) {
		MDB_dbi *sides[KV_SIDES] = { &ret_tables->of[0][i], &ret_tables->of[1][i] };

		rc = open_table(txn, config, i, 0, flags, sides[0], &missing);
		*sides[1] = *sides[0];
		if (rc == 0 && is_sided(config, i))
			rc = open_table(txn, config, i, 1, flags, sides[1], &missing);
	}
	return rc == 0 && missing ? MDB_NOTFOUND : rc;
}

static MDB_val
format_key(void)
{
	return (MDB_val) { sizeof(FORMAT_KEY) - 1, (void *) (uintptr_t) FORMAT_KEY };
}

static int
put_format(MDB_txn *txn, uint64_t format)
{
	uint8_t number[FORMAT_BYTES];
	MDB_val key = format_key(), value = { sizeof(number), number };
	MDB_dbi unnamed;
	int rc = mdb_dbi_open(txn, NULL, 0, &unnamed);

	put_u64(number, format);
	return rc == 0 ? mdb_put(txn, unnamed, &key, &value, 0) : rc;
}

static status
get_format(MDB_txn *txn, uint64_t *ret_format)
{
	MDB_val key = format_key(), value;
	MDB_dbi unnamed;
	int rc = mdb_dbi_open(txn, NULL, 0, &unnamed);

	if (rc == 0)
		rc = mdb_get(txn, unnamed, &key, &value);
	if (rc == MDB_NOTFOUND || (rc == 0 && value.mv_size != FORMAT_BYTES))
		return ST_MALFORMED;
	if (rc == 0)
		*ret_format = get_u64(value.mv_data);
	return kv_from_lmdb(rc);
}

status
kv_check_format(MDB_txn *txn, const struct kv_config *config)
{
	uint64_t number = 0, sides = config->sided != 0 ? KV_SIDES : 1;
	status st = get_format(txn, &number);

	if (st < 0)
		return st;
	return (number & UINT32_MAX) == config->format && number >> SIDE_SHIFT < sides ? ST_OK
										       : ST_VERSION;
}

status
kv_read_side(MDB_txn *txn, unsigned *ret_side)
{
	uint64_t number = 0;
	status st = get_format(txn, &number);

	if (st == ST_OK && number >> SIDE_SHIFT >= KV_SIDES)
		st = ST_VERSION;
	if (st == ST_OK)
		*ret_side = (unsigned) (number >> SIDE_SHIFT);
	return st;
}

int
kv_write_side(MDB_txn *txn, unsigned side)
{
	uint64_t number = 0;

	if (get_format(txn, &number) < 0)
		return MDB_CORRUPTED;
	return put_format(txn, (number & UINT32_MAX) | (uint64_t) side << SIDE_SHIFT);
}

static int
write_tables(MDB_env *env, const struct kv_config *config)
{
	struct kv_tables tables;
	MDB_txn *txn;
	int rc = mdb_txn_begin(env, NULL, 0, &txn);

	if (rc != 0)
		return rc;
	rc = put_format(txn, config->format);
	if (rc == 0)
		rc = kv_open_tables(txn, config, MDB_CREATE, &tables);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return rc;
	}
	return mdb_txn_commit(txn);
}

/* The environment is closed again before it is moved: a process must not have
 * it open under two names. */
static status
write_env(const char *dir, const struct kv_config *config)
{
	MDB_env *env = NULL;
	int rc = kv_env_new(config, &env);

	if (rc == 0)
		rc = mdb_env_open(env, dir, 0, config->mode);
	if (rc == 0)
		rc = write_tables(env, config);
	if (env)
		mdb_env_close(env);
	return kv_from_lmdb(rc);
}

/* Who may read a file may look into its folder.  A folder below one that hands
 * its group on has to do so too. */
static status
set_folder_mode(const char *dir, mode_t mode)
{
	mode_t search = (mode & 0444) >> 2;
	struct stat info;

	if (stat(dir, &info) != 0 || chmod(dir, mode | search | (info.st_mode & S_ISGID)) != 0)
		return from_errno(errno);
	return ST_OK;
}

/* Exact rights, whatever the umask; synced, since LMDB has synced the content
 * before. */
static status
set_modes(const char *dir, mode_t mode)
{
	char path[PATH_MAX];
	status st = ST_OK;

	for (size_t i = 0; i < FILE_COUNT && st == ST_OK; i++) {
		st = path_join(path, sizeof(path), dir, file_names[i]);
		if (st == ST_OK && chmod(path, mode) != 0)
			st = from_errno(errno);
		if (st == ST_OK)
			st = fsync_file(path);
	}
	return st == ST_OK ? set_folder_mode(dir, mode) : st;
}

/* How data.mdb comes into a folder: written anew, or copied from a store. */
struct source {
	const struct kv_config *config; /* of a new one; NULL: a copy */
	kv *store;
	mode_t mode;
};

/* The locks too, so that whoever opens the environment first need not have the
 * right to make files in it. */
static status
make_locks(const char *dir, mode_t mode)
{
	char path[PATH_MAX];
	status st = ST_OK;

	for (size_t i = 1; i < FILE_COUNT && st == ST_OK; i++) {
		st = path_join(path, sizeof(path), dir, file_names[i]);
		if (st == ST_OK)
			st = kv_lock_ensure_file(path, mode);
	}
	return st;
}

static status
fill(const char *dir, const struct source *s)
{
	status st;

	if (s->config)
		st = write_env(dir, s->config);
	else
		st = kv_from_lmdb(mdb_env_copy2(kv_env(s->store), dir, MDB_CP_COMPACT));
	if (st == ST_OK)
		st = make_locks(dir, s->mode);
	if (st == ST_OK)
		st = set_modes(dir, s->mode);
	if (st == ST_OK)
		st = fsync_dir(dir);
	return st;
}

/* Only what may be there by our hand: the folder's name is ours, what others put
 * into it is not. */
static void
discard(const char *dir)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < FILE_COUNT; i++) {
		if (path_join(path, sizeof(path), dir, file_names[i]) == ST_OK)
			unlink(path);
	}
	rmdir(dir);
}

static status
make(const char *dir, const struct source *s)
{
	char fresh[PATH_MAX];
	int n = snprintf(fresh, sizeof(fresh), "%s.XXXXXX", dir);
	status st;

	if (n < 0 || (size_t) n >= sizeof(fresh))
		return ST_LIMIT;
	if (!mkdtemp(fresh))
		return from_errno(errno);
	st = fill(fresh, s);
	/* replaces only an empty folder; ENOTDIR: a file has that name */
	if (st == ST_OK && rename(fresh, dir) != 0)
		st = errno == ENOTDIR ? ST_EXISTS : from_errno(errno);
	if (st < 0) {
		discard(fresh);
		return st;
	}
	return fsync_parent(dir);
}

status
kv_create(const char *dir, const struct kv_config *config)
{
	const struct source new = { .config = config, .mode = config->mode };

	return make(dir, &new);
}

/* LMDB takes a snapshot of its own for it, and a thread may have only one. */
status
kv_copy(kv *store, const char *dir, mode_t mode)
{
	const struct source copy = { .store = store, .mode = mode };

	return kv_in_txn(store) ? ST_BUSY : make(dir, &copy);
}

status
kv_copy_scratch(kv *store, const char *dir, mode_t mode)
{
	char path[PATH_MAX];
	status st = path_join(path, sizeof(path), dir, file_names[0]);
	int fd;

	if (st < 0)
		return st;
	if (kv_in_txn(store))
		return ST_BUSY;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return from_errno(errno);
	st = kv_from_lmdb(mdb_env_copyfd(kv_env(store), fd));
	close(fd);
	return st;
}
