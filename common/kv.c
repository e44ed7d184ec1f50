#include "common/kv.h"

/* Where LMDB 0.9.24 has a switch that trades safety for speed (NOSYNC,
 * NOMETASYNC, WRITEMAP) it is off, and nothing turns it on: each of them loses
 * acknowledged commits at a power cut or kills the process on a full disk.
 * DUPSORT has faults in this version and is not used either. */
#include <errno.h>
#include <limits.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/files.h"
#include "common/kv_internal.h"
#include "common/kv_lock.h"

struct kv {
	MDB_env *env;
	struct kv_tables tables;
	bool sided; /* there are tables with two sides */
	struct kv_lock lock;
	char dir[PATH_MAX];
	struct kv_txn current; /* one at a time */

	/* kv_lay_over(): the rows of beneath_table that lie in another store */
	MDB_txn *beneath; /* of that store, as long as this is open; NULL: none do */
	MDB_dbi beneath_dbi;
	int beneath_table;
	uint64_t beneath_rows;

	int64_t checked_us; /* when dead readers were last looked for */

	/* LMDB forgets its locks when a process opens a folder a second time, so
	 * all that are open stand in a list, named by what cannot be spelled in
	 * two ways. */
	dev_t device;
	ino_t inode;
	struct kv *next;
};

static struct kv *opened;
static uint64_t serial; /* of the transaction that was begun last */

enum {
	READER_CHECK_US = 60 * 1000 * 1000,
	WAIT_MS = 10 * 1000,
	FULL_BELOW_BYTES = 64 << 10, /* free on the disk, as far as it can be had */
	ROW_NUMBER_BYTES = 8,
};

status
kv_from_lmdb(int rc)
{
	switch (rc) {
	case MDB_SUCCESS: return ST_OK;
	case MDB_NOTFOUND: return ST_NOT_FOUND;
	case MDB_KEYEXIST: return ST_EXISTS;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL: return ST_FULL;
	case MDB_READERS_FULL: return ST_BUSY;
	case MDB_BAD_VALSIZE: return ST_LIMIT;
	case MDB_VERSION_MISMATCH: return ST_VERSION;
	default: return rc > 0 ? from_errno(rc) : ST_IO;
	}
}

static bool
is_opened(const struct stat *data)
{
	for (const kv *s = opened; s; s = s->next) {
		if (s->device == data->st_dev && s->inode == data->st_ino)
			return true;
	}
	return false;
}

static void
enlist(kv *store, const struct stat *data)
{
	store->device = data->st_dev;
	store->inode = data->st_ino;
	store->next = opened;
	opened = store;
}

static void
delist(const kv *store)
{
	for (kv **at = &opened; *at; at = &(*at)->next) {
		if (*at == store) {
			*at = store->next;
			return;
		}
	}
}

static status
open_lock(kv *store, const struct kv_config *config)
{
	char path[PATH_MAX];
	status st = path_join(path, sizeof(path), store->dir, "write.lock");

	if (st == ST_OK)
		st = kv_lock_open(&store->lock, path, config->mode, config->program);
	return st;
}

/* A reader that was killed keeps the pages of its snapshot from being used
 * again: a store that is only rewritten would grow without end. */
static void
forget_dead_readers(kv *store)
{
	int64_t now_us = kv_lock_clock_us();

	if (now_us - store->checked_us < READER_CHECK_US)
		return;
	store->checked_us = now_us;
	mdb_reader_check(store->env, NULL);
}

/* LMDB stops here in any case, and would print first; who waits for the process
 * says more (common/apart.h). */
static void
die(MDB_env *env, const char *text)
{
	(void) env;
	(void) text;
	abort();
}

/* By transaction, not by thread: a read and a write may then follow each other in any
 * thread. */
static int
open_files(kv *store, const struct kv_config *config)
{
	unsigned flags = MDB_NOTLS | (config->scratch ? MDB_NOSYNC : 0);
	int rc = kv_env_new(config, &store->env);

	if (rc == 0)
		rc = mdb_env_set_assert(store->env, die);
	if (rc == 0)
		rc = mdb_env_open(store->env, store->dir, flags, config->mode);
	return rc;
}

/* A page that is missing would kill who comes to it. */
static status
check_length(kv *store, const struct kv_config *config)
{
	status st;

	if (!kv_is_short(store->env))
		return ST_OK;
	mdb_env_close(store->env);
	store->env = NULL;
	st = kv_read_apart(store->dir, config);
	return st == ST_OK ? kv_from_lmdb(open_files(store, config)) : st;
}

static status
make_lock_room(const kv *store, const struct kv_config *config)
{
	char path[PATH_MAX];
	status st = path_join(path, sizeof(path), store->dir, "lock.mdb");

	return st == ST_OK ? kv_lock_ensure_room(path, config->mode) : st;
}

/* Whoever opens the environment while no other process has it sets LMDB's lock file
 * anew: first the number of the last commit to 0, then, when the data file is read, to
 * what it is.  Killed between the two it leaves the 0 to the process that waits for it
 * meanwhile, whose commits then look older than those before them and are lost.  So only
 * one at a time opens: who comes next finds nobody, and does it all again.
 *
 * MDB_INVALID is what LMDB says of a file that is not its own. */
static status
open_env(kv *store, const struct kv_config *config)
{
	status st = kv_lock_take(&store->lock, KV_LOCK_OPEN, WAIT_MS);
	int rc;

	if (st < 0)
		return st;
	st = make_lock_room(store, config);
	if (st < 0) {
		kv_lock_release(&store->lock, KV_LOCK_OPEN);
		return st;
	}
	rc = open_files(store, config);
	if (rc == 0)
		st = check_length(store, config);
	kv_lock_release(&store->lock, KV_LOCK_OPEN);
	if (rc == 0 && st == ST_OK)
		forget_dead_readers(store);
	if (rc == 0)
		return st;
	return rc == MDB_INVALID ? ST_MALFORMED : kv_from_lmdb(rc);
}

/* The handles stay valid because this transaction is committed. */
static status
open_tables(kv *store, const struct kv_config *config)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
	status st;

	if (rc != 0)
		return kv_from_lmdb(rc);
	st = kv_check_format(txn, config);
	if (st == ST_OK)
		st = kv_from_lmdb(kv_open_tables(txn, config, 0, &store->tables));
	store->sided = config->sided != 0;
	if (st < 0) {
		mdb_txn_abort(txn);
		return st;
	}
	return kv_from_lmdb(mdb_txn_commit(txn));
}

/* A program that is newer than the store may have tables that it has not. */
static status
add_tables(kv *store, const struct kv_config *config)
{
	struct kv_tables tables;
	kv_txn *txn = NULL;
	status st = kv_write(store, WAIT_MS, &txn);

	if (!txn)
		return st;
	st = kv_check_format(txn->txn, config);
	if (st == ST_OK)
		st = kv_from_lmdb(kv_open_tables(txn->txn, config, MDB_CREATE, &tables));
	if (st == ST_OK)
		st = kv_commit(&txn);
	kv_abort(&txn);
	return st;
}

/* What is missing is not created, as LMDB would: a mistyped home must not look
 * like an empty one. */
status
kv_open(const char *dir, const struct kv_config *config, kv **ret_kv)
{
	char data[PATH_MAX];
	struct stat info;
	kv *store = NULL;
	status st = path_join(data, sizeof(data), dir, "data.mdb");

	if (st < 0)
		return st;
	if (stat(data, &info) != 0)
		return from_errno(errno);
	if (is_opened(&info))
		return ST_BUSY;
	if (info.st_size == 0) /* LMDB would begin a new store in it */
		return ST_MALFORMED;
	store = calloc(1, sizeof(*store));
	if (!store)
		return ST_NOMEM;
	store->lock.fd = -1;
	store->checked_us = -READER_CHECK_US;  /* the clock starts with the machine */
	memcpy(store->dir, data, strlen(dir)); /* fits: data is longer */
	enlist(store, &info);
	st = open_lock(store, config);
	if (st == ST_OK)
		st = open_env(store, config);
	if (st == ST_OK)
		st = open_tables(store, config);
	if (st == ST_NOT_FOUND) {
		st = add_tables(store, config);
		if (st == ST_OK)
			st = open_tables(store, config);
	}
	if (st < 0) {
		kv_close(&store);
		return st;
	}
	*ret_kv = store;
	return ST_OK;
}

void
kv_close(kv **kv_p)
{
	kv *store = *kv_p;

	if (!store)
		return;
	if (store->current.txn)
		mdb_txn_abort(store->current.txn);
	if (store->beneath)
		mdb_txn_abort(store->beneath);
	if (store->env)
		mdb_env_close(store->env);
	kv_lock_close(&store->lock);
	delist(store);
	free(store);
	*kv_p = NULL;
}

MDB_env *
kv_env(kv *store)
{
	return store->env;
}

bool
kv_in_txn(const kv *store)
{
	return store->current.txn != NULL;
}

void
kv_give_way(void)
{
	kv_lock_give_way();
}

void
kv_holder(const kv *store, char *out, size_t size)
{
	kv_lock_holder(&store->lock, out, size);
}

/* The two conditions that another process brings about, and that this one can
 * end by itself: dead readers fill the table, or the map was enlarged. */
static int
begin(kv *store, unsigned flags, MDB_txn **ret_txn)
{
	int rc = mdb_txn_begin(store->env, NULL, flags, ret_txn);
	bool again = false;

	if (rc == MDB_READERS_FULL)
		again = mdb_reader_check(store->env, NULL) == 0;
	else if (rc == MDB_MAP_RESIZED)
		again = mdb_env_set_mapsize(store->env, 0) == 0;
	if (again)
		rc = mdb_txn_begin(store->env, NULL, flags, ret_txn);
	if (rc != 0)
		*ret_txn = NULL;
	return rc;
}

static status
begin_current(kv *store, bool writes, kv_txn **ret_txn)
{
	int rc = begin(store, writes ? 0 : MDB_RDONLY, &store->current.txn);
	unsigned side = 0;
	status st;

	if (rc != 0)
		return kv_from_lmdb(rc);
	st = store->sided ? kv_read_side(store->current.txn, &side) : ST_OK;
	if (st < 0) {
		mdb_txn_abort(store->current.txn);
		store->current.txn = NULL;
		return st;
	}
	store->current.store = store;
	store->current.tables = store->tables.of[side];
	store->current.aside = false;
	store->current.writes = writes;
	store->current.serial = ++serial;
	store->current.written_bytes = 0;
	store->current.st = ST_OK;
	*ret_txn = &store->current;
	return ST_OK;
}

status
kv_read(kv *store, kv_txn **ret_txn)
{
	if (store->current.txn)
		return ST_BUSY;
	return begin_current(store, false, ret_txn);
}

/* Our lock first: who holds it has LMDB's own at once, or after the robust mutex
 * of a dead holder was recovered. */
status
kv_write(kv *store, int wait_ms, kv_txn **ret_txn)
{
	status st;

	if (store->current.txn)
		return ST_BUSY;
	st = kv_lock_take(&store->lock, KV_LOCK_WRITE, wait_ms);
	if (st < 0)
		return st;
	forget_dead_readers(store);
	st = begin_current(store, true, ret_txn);
	if (st < 0)
		kv_lock_release(&store->lock, KV_LOCK_WRITE);
	return st;
}

/* LMDB calls a write that came back short an input/output error, and so the first one
 * does that finds the disk full. */
static status
write_status(const kv *store, int rc)
{
	struct statvfs disk;

	if (rc == EIO && statvfs(store->dir, &disk) == 0 &&
	    (uint64_t) disk.f_bavail * disk.f_frsize < FULL_BELOW_BYTES)
		return ST_FULL;
	return kv_from_lmdb(rc);
}

static void
ended(kv_txn **txn_p)
{
	kv_txn *txn = *txn_p;

	txn->txn = NULL;
	if (txn->writes)
		kv_lock_release(&txn->store->lock, KV_LOCK_WRITE);
	*txn_p = NULL;
}

status
kv_commit(kv_txn **txn_p)
{
	kv_txn *txn = *txn_p;
	status st = txn->st;

	if (st < 0) {
		kv_abort(txn_p);
		return st;
	}
	st = write_status(txn->store, mdb_txn_commit(txn->txn));
	ended(txn_p); /* the commit freed it, whatever it returned */
	return st;
}

void
kv_abort(kv_txn **txn_p)
{
	if (!*txn_p)
		return;
	mdb_txn_abort((*txn_p)->txn);
	ended(txn_p);
}

status
kv_stick(kv_txn *txn, int rc)
{
	status st = write_status(txn->store, rc);

	if (txn->writes && st < 0 && st != ST_NOT_FOUND && txn->st == ST_OK)
		txn->st = st;
	return st;
}

/* How many rows of the table lie in another store. */
static uint64_t
rows_beneath(const kv *store, int table)
{
	return store->beneath && table == store->beneath_table ? store->beneath_rows : 0;
}

static bool
is_beneath(const kv *store, int table, struct bytes key)
{
	return key.len == ROW_NUMBER_BYTES && rows_beneath(store, table) > 0 &&
		get_u64(key.at) < store->beneath_rows;
}

status
kv_get(kv_txn *txn, int table, struct bytes key, struct bytes *ret_value)
{
	MDB_val k = kv_val(key), v;
	status st;

	if (txn->st < 0)
		return txn->st;
	if (key.len == 0 || key.len > KV_KEY_BYTES_MAX)
		return ST_NOT_FOUND; /* LMDB calls it an error */
	if (is_beneath(txn->store, table, key))
		st = kv_from_lmdb(mdb_get(txn->store->beneath, txn->store->beneath_dbi, &k, &v));
	else
		st = kv_stick(txn, mdb_get(txn->txn, txn->tables[table], &k, &v));
	if (st == ST_OK)
		*ret_value = kv_bytes(&v);
	return st;
}

static status
put(kv_txn *txn, int table, struct bytes key, struct bytes value, unsigned flags)
{
	MDB_val k = kv_val(key), v = kv_val(value);

	if (txn->st < 0)
		return txn->st;
	kv_note_written(txn, key, value);
	return kv_stick(txn, mdb_put(txn->txn, txn->tables[table], &k, &v, flags));
}

status
kv_put(kv_txn *txn, int table, struct bytes key, struct bytes value)
{
	return put(txn, table, key, value, 0);
}

status
kv_append(kv_txn *txn, int table, struct bytes key, struct bytes value)
{
	return put(txn, table, key, value, MDB_APPEND);
}

status
kv_delete(kv_txn *txn, int table, struct bytes key)
{
	MDB_val k = kv_val(key);

	if (txn->st < 0)
		return txn->st;
	kv_note_written(txn, key, (struct bytes) { 0 });
	return kv_stick(txn, mdb_del(txn->txn, txn->tables[table], &k, NULL));
}

status
kv_clear(kv_txn *txn, int table)
{
	if (txn->st < 0)
		return txn->st;
	return kv_stick(txn, mdb_drop(txn->txn, txn->tables[table], 0));
}

uint64_t
kv_count(kv_txn *txn, int table)
{
	MDB_stat stat;

	if (txn->st < 0 || kv_stick(txn, mdb_stat(txn->txn, txn->tables[table], &stat)) < 0)
		return 0;
	return rows_beneath(txn->store, table) + stat.ms_entries;
}

/* A transaction of its own, beside the current one of that store: both read what
 * they saw when they began. */
status
kv_lay_over(kv *store, int table, kv *beneath, uint64_t rows)
{
	MDB_txn *txn = NULL;
	MDB_stat stat;
	int rc;

	if (store->current.txn || store->beneath)
		return ST_BUSY;
	rc = begin(beneath, MDB_RDONLY, &txn);
	if (rc == 0)
		rc = mdb_stat(txn, beneath->tables.of[0][table], &stat);
	if (rc == 0 && stat.ms_entries < rows)
		rc = MDB_NOTFOUND;
	if (rc != 0) {
		mdb_txn_abort(txn);
		return kv_from_lmdb(rc);
	}
	store->beneath = txn;
	store->beneath_dbi = beneath->tables.of[0][table];
	store->beneath_table = table;
	store->beneath_rows = rows;
	return ST_OK;
}

uint64_t
kv_serial(const kv_txn *txn)
{
	return txn->serial;
}

uint64_t
kv_written(const kv_txn *txn)
{
	return txn->written_bytes;
}

/* ---- the two sides of a table ---- */

static unsigned
side_of(const kv_txn *txn)
{
	return txn->tables == txn->store->tables.of[0] ? 0 : 1;
}

void
kv_turn(kv_txn *txn)
{
	txn->tables = txn->store->tables.of[1 - side_of(txn)];
	txn->aside = !txn->aside;
}

bool
kv_is_aside(const kv_txn *txn)
{
	return txn->aside;
}

status
kv_put_in_force(kv_txn *txn)
{
	status st = txn->st;

	if (st == ST_OK)
		st = kv_stick(txn, kv_write_side(txn->txn, side_of(txn)));
	if (st == ST_OK)
		txn->aside = false;
	return st;
}

status
kv_read_all(kv_txn *txn)
{
	if (txn->st < 0)
		return txn->st;
	return kv_read_pages(txn->txn, &txn->store->tables);
}

/* Read from the map without a transaction: it costs no lock. */
uint64_t
kv_version(kv *store)
{
	MDB_envinfo info;

	return mdb_env_info(store->env, &info) == 0 ? info.me_last_txnid : 0;
}

status
kv_room(kv *store, uint64_t *ret_used_bytes, uint64_t *ret_free_disk_bytes)
{
	MDB_envinfo info;
	MDB_stat stat;
	struct statvfs disk;
	int rc = mdb_env_info(store->env, &info);

	if (rc == 0)
		rc = mdb_env_stat(store->env, &stat);
	if (rc != 0)
		return kv_from_lmdb(rc);
	if (statvfs(store->dir, &disk) != 0)
		return from_errno(errno);
	*ret_used_bytes = (uint64_t) (info.me_last_pgno + 1) * stat.ms_psize;
	*ret_free_disk_bytes = (uint64_t) disk.f_bavail * disk.f_frsize;
	return ST_OK;
}
