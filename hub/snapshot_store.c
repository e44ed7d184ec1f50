#include "hub/snapshot_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files.h"
#include "hub/hub_internal.h"
#include "hub/packed_file.h"

enum {
	FOLDER_MODE = 0700,
	FILE_MODE = 0600,
	COMMIT_BYTES = 8 << 20, /* of rows, which are held in memory until then */
	ROW_BYTES = 32,         /* about what one takes beside key and value */
};

static const char LEDGER[] = "ledger.zst", FACTS[] = "facts", DATA[] = "data.mdb";

/* ---- opening ---- */

struct opening {
	hub *h;
	const struct snapshot *snapshot;
	bool damaged;
};

static status
fill_from_snapshot(void *ctx, const char *dir)
{
	struct opening *o = ctx;
	char from[PATH_MAX], to[PATH_MAX];
	status st = snapshot_path(o->h, o->snapshot->entries, LEDGER, from, sizeof(from));

	if (st == ST_OK)
		st = path_join(to, sizeof(to), dir, DATA);
	if (st == ST_OK)
		st = file_unpack(from, to, o->snapshot->file);
	o->damaged = st == ST_MALFORMED || st == ST_NOT_FOUND;
	return st;
}

/* Without its facts it is none; the folder goes when the next is made. */
static void
give_up(const hub *h, const struct snapshot *s)
{
	char path[PATH_MAX];

	if (snapshot_path(h, s->entries, FACTS, path, sizeof(path)) == ST_OK)
		unlink(path);
}

status
snapshot_open(hub *h, const struct snapshot *s, hub **ret_past)
{
	struct opening o = { .h = h, .snapshot = s };
	hub *past = NULL;
	status st = hub_open_scratch(h, fill_from_snapshot, &o, &past);

	if (o.damaged)
		give_up(h, s);
	if (st == ST_OK)
		st = kv_lay_over(hub_store(past), TABLE_JOURNAL, hub_store(h), s->entries);
	if (st < 0) {
		hub_close(&past);
		return st;
	}
	*ret_past = past;
	return ST_OK;
}

/* ---- making ---- */

struct making {
	hub *h;
	kv_txn *txn;
	struct snapshots there;
	struct snapshot now;
	int lock; /* the folder, for as long as it is changed */
	char folder[PATH_MAX], fresh[PATH_MAX], named[PATH_MAX];
};

/* What is not of the ledger: the journal, facts of the fleet, and of backups. */
static bool
is_wanted(int table)
{
	return table != TABLE_JOURNAL && table != TABLE_CONTACTS && table != TABLE_BACKUPS &&
		table != TABLE_SAFE;
}

/* Where the rows of one table after the other go. */
struct copying {
	kv *to;
	kv_txn *txn;
	struct kv_walk walk;
	size_t held; /* bytes that were not committed yet */
};

static status
begin(struct copying *c)
{
	c->held = 0;
	return kv_write(c->to, 0, &c->txn);
}

/* A transaction holds what it writes in memory. */
static status
begin_again(struct copying *c, int table)
{
	status st;

	kv_walk_done(&c->walk);
	st = kv_commit(&c->txn);
	if (st == ST_OK)
		st = begin(c);
	if (st == ST_OK)
		kv_walk_begin(c->txn, table, &c->walk);
	return st;
}

static status
copy_row(struct copying *c, int table, const struct kv_walk *row)
{
	status st = kv_walk_append(&c->walk, row->key, row->value);

	c->held += row->key.len + row->value.len + ROW_BYTES;
	return st == ST_OK && c->held >= COMMIT_BYTES ? begin_again(c, table) : st;
}

static status
copy_table(kv_txn *from, struct copying *c, int table)
{
	struct kv_walk walk;
	status st = ST_OK;

	kv_walk_begin(c->txn, table, &c->walk);
	for (bool more = kv_seek(from, table, (struct bytes) { 0 }, &walk); more && st == ST_OK;
	     more = kv_next(&walk))
		st = copy_row(c, table, &walk);
	if (st == ST_OK)
		st = walk.st;
	kv_walk_done(&walk);
	kv_walk_done(&c->walk);
	return st;
}

static status
copy_tables(kv_txn *from, kv *to)
{
	struct copying c = { .to = to };
	status st = begin(&c);

	for (int table = 0; table < HUB_TABLES_ && st == ST_OK; table++)
		if (is_wanted(table))
			st = copy_table(from, &c, table);
	if (st == ST_OK)
		st = kv_commit(&c.txn);
	kv_abort(&c.txn);
	return st;
}

static status
write_store(const struct making *m, const char *dir)
{
	struct kv_config scratch = hub_store_config;
	kv *to = NULL;
	status st = kv_create(dir, &hub_store_config);

	scratch.scratch = true;
	if (st == ST_OK)
		st = kv_open(dir, &scratch, &to);
	if (st == ST_OK)
		st = copy_tables(m->txn, to);
	kv_close(&to);
	return st;
}

/* A store of its own first, which is smaller than one that has grown; then it is packed. */
static status
write_ledger(struct making *m)
{
	char store[PATH_MAX], from[PATH_MAX], to[PATH_MAX];
	status st = path_join(store, sizeof(store), m->fresh, "store");

	if (st == ST_OK)
		st = path_join(from, sizeof(from), store, DATA);
	if (st == ST_OK)
		st = path_join(to, sizeof(to), m->fresh, LEDGER);
	if (st == ST_OK)
		st = write_store(m, store);
	if (st == ST_OK)
		st = file_pack(from, to, m->now.file);
	folder_remove(store);
	return st;
}

static status
write_facts(struct making *m)
{
	uint8_t facts[SNAPSHOT_FACTS_BYTES];
	char path[PATH_MAX];
	status st = path_join(path, sizeof(path), m->fresh, FACTS);

	snapshot_encode(&m->now, facts);
	return st == ST_OK ? file_create(path, facts, sizeof(facts), FILE_MODE) : st;
}

/* A snapshot is no larger than the store, and as much is to be left: devices come before
 * questions. */
static status
check_room(struct making *m)
{
	uint64_t used, left;
	status st = kv_room(hub_store(m->h), &used, &left);

	return st == ST_OK && left < 2 * used ? ST_FULL : st;
}

static status
make(struct making *m)
{
	status st = check_room(m);

	if (st == ST_OK)
		st = path_join(m->fresh, sizeof(m->fresh), m->folder, "new");
	if (st == ST_OK)
		st = snapshot_path(m->h, m->now.entries, "", m->named, sizeof(m->named));
	if (st < 0)
		return st;
	if (mkdir(m->fresh, FOLDER_MODE) != 0)
		return from_errno(errno);
	st = write_ledger(m);
	if (st == ST_OK)
		st = write_facts(m);
	if (st == ST_OK)
		st = path_move_new(m->fresh, m->named);
	if (st < 0)
		folder_remove(m->fresh);
	return st == ST_OK ? fsync_dir(m->folder) : st;
}

/* ---- the folder ---- */

static bool
is_there(const struct making *m, const char *name)
{
	char path[PATH_MAX], own[PATH_MAX];

	for (size_t i = 0; i < m->there.count; i++)
		if (path_join(path, sizeof(path), m->folder, name) == ST_OK &&
		    snapshot_path(m->h, m->there.list[i].entries, "", own, sizeof(own)) == ST_OK &&
		    strcmp(path, own) == 0)
			return true;
	return false;
}

/* All but those of use: begun and not finished, damaged, of another history or program. */
static void
tidy(const struct making *m)
{
	DIR *dir = opendir(m->folder);
	char path[PATH_MAX];

	if (!dir)
		return;
	for (const struct dirent *d = readdir(dir); d; d = readdir(dir)) {
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 &&
		    !is_there(m, d->d_name) &&
		    path_join(path, sizeof(path), m->folder, d->d_name) == ST_OK)
			folder_remove(path);
	}
	closedir(dir);
}

static void
drop(struct making *m, size_t i)
{
	m->there.count--;
	memmove(&m->there.list[i], &m->there.list[i + 1],
	        (m->there.count - i) * sizeof(m->there.list[0]));
}

/* Until no more are there than are to be kept. */
static void
thin(struct making *m, size_t kept)
{
	while (m->there.count > kept)
		drop(m, snapshots_spare(&m->there));
	tidy(m);
}

static status
make_missing(struct making *m, bool *ret_made)
{
	size_t count = m->there.count;
	status st;

	*ret_made = false;
	if (count > 0 && m->there.list[count - 1].entries == m->now.entries)
		return ST_OK;
	if (count > SNAPSHOTS_MAX)
		drop(m, snapshots_spare(&m->there));
	st = make(m);
	*ret_made = st == ST_OK;
	if (st == ST_OK)
		m->there.list[m->there.count++] = m->now;
	return st;
}

/* As long as the descriptor is open no other process changes the folder; how: flock(). */
static status
lock_folder(const char *folder, int how, int *ret_fd)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return from_errno(errno);
	if (flock(fd, how) != 0) {
		status st = from_errno(errno);

		close(fd);
		return st;
	}
	*ret_fd = fd;
	return ST_OK;
}

static status
open_folder(struct making *m)
{
	status st = snapshots_path(m->h, m->folder, sizeof(m->folder));

	if (st == ST_OK && mkdir(m->folder, FOLDER_MODE) != 0 && errno != EEXIST)
		st = from_errno(errno);
	return st == ST_OK ? lock_folder(m->folder, LOCK_EX | LOCK_NB, &m->lock) : st;
}

static status
keep(struct making *m, size_t kept, bool *ret_made)
{
	status st = kv_read(hub_store(m->h), &m->txn);

	if (st == ST_OK)
		st = snapshot_of_now(m->txn, &m->now);
	if (st == ST_OK)
		st = snapshots_read(m->h, m->txn, &m->there);
	if (st == ST_OK)
		tidy(m);
	if (st == ST_OK)
		st = make_missing(m, ret_made);
	if (st == ST_OK)
		thin(m, kept);
	kv_abort(&m->txn);
	return st;
}

status
snapshots_keep(hub *h, size_t kept, struct snapshot *ret_now, bool *ret_made)
{
	struct making *m = calloc(1, sizeof(*m));
	bool made = false;
	status st;

	if (!m)
		return ST_NOMEM;
	m->h = h;
	m->lock = -1;
	st = open_folder(m);
	if (st == ST_OK)
		st = keep(m, kept, &made);
	if (m->lock >= 0)
		close(m->lock);
	if (st == ST_OK) {
		*ret_now = m->now;
		*ret_made = made;
	}
	free(m);
	return st;
}

void
snapshots_forget(const hub *h)
{
	char path[PATH_MAX];
	int lock = -1;

	if (snapshots_path(h, path, sizeof(path)) < 0 || lock_folder(path, LOCK_EX, &lock) < 0)
		return;
	folder_remove(path);
	close(lock);
}
