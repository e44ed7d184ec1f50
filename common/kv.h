/* common/kv.h - an ordered key-value store on disk, used by several processes
 *
 * The one module that knows LMDB.  An environment is a folder with data.mdb,
 * lock.mdb and write.lock; it has a fixed list of named tables (ordered
 * bytewise by key) and a format number.  When kv_commit() has returned ST_OK
 * the transaction survives kill -9 and a power cut; a transaction that did not
 * commit leaves nothing behind.
 *
 * Many processes may open it at once; one writes at a time.  LMDB's own lock
 * cannot be tried, so every writer takes an advisory lock on write.lock first,
 * waits for it with a deadline and leaves its process number and name there:
 * who waited in vain can say for whom.  A dead holder's lock is free.  One process
 * at a time opens it, since LMDB's lock file is not safe from one that is killed
 * while it does.
 *
 * kv_create() builds the environment in a temporary folder beside it, commits,
 * syncs and renames, since a crash while LMDB creates its files leaves ones
 * that cannot be opened.  kv_open() opens what exists.  A process must not
 * open the same folder twice.
 *
 * A table may have two sides, of which one is in force: the other can be filled over many
 * transactions, while all questions are answered from the first, and takes its place with one
 * commit.
 *
 * One transaction at a time (ST_BUSY for a second one); a read transaction must
 * not live across a wait.  Slices returned point into the map and hold until the
 * transaction ends or, in a write transaction, until the next write.  The first
 * failure of a write transaction sticks: kv_commit() then returns it and stores
 * nothing.
 *
 * A commit that failed with ST_IO or ST_FULL may be on disk all the same when
 * the machine dies in that moment, so what is repeated must be harmless.
 *
 * Errors: ST_FULL map or disk full; ST_BUSY lock not had in time; ST_NOT_FOUND;
 * ST_DENIED; ST_LIMIT key empty or too long; ST_EXISTS kv_append() below another
 * key; ST_IO.
 *
 * Not thread safe.
 */
#pragma once

#include <sys/types.h>

#include "protocol/bytes.h"
#include "protocol/status.h"

typedef struct kv kv;
typedef struct kv_txn kv_txn;

struct kv_config {
	const char *const *tables; /* names; a table is its index here; NULL: below */
	size_t table_count;
	uint64_t map_bytes;  /* most the data may grow to: address space, not disk */
	uint64_t format;     /* of what is in the tables; kept in the environment */
	mode_t mode;         /* of the files: 0660 (shared with a group) or 0600 */
	const char *program; /* left in write.lock for others to name */
	bool scratch;        /* it is thrown away: a commit waits for no disk */
	uint32_t sided;      /* bits by table: it has two sides */
};

/* The table without a name is the one that holds the names of the others, among them a few
 * rows of ours.  Every commit writes its page, so a row in it that changes each time costs no
 * page of its own.  It is only for kv_get(), kv_put() and kv_delete(); no key may be the name
 * of a table, or "valija format". */

enum { KV_KEY_BYTES_MAX = 511, KV_TABLES_MAX = 32 };

/* ST_EXISTS: there is an environment already. */
status kv_create(const char *dir, const struct kv_config *config);

/* Tables of config that it has not yet are added; others in it are left alone.
 * On success *ret_kv is the caller's.  ST_NOT_FOUND: no environment there.
 * ST_BUSY: this process has it open already, or another has been opening it for
 * 10 s.  ST_MALFORMED: not one of ours, or pages of it are missing.  ST_VERSION: of another
 * format.  ST_FULL: no room for its lock file. */
status kv_open(const char *dir, const struct kv_config *config, kv **ret_kv);
void kv_close(kv **kv_p);

/* Copy all that is committed into dir, which must not be there or be empty: one
 * snapshot, compact, synced, while others go on writing.  The files get that
 * mode.  ST_BUSY: a transaction of this process is open.  ST_EXISTS; ST_FULL:
 * nothing is left behind. */
status kv_copy(kv *store, const char *dir, mode_t mode);

/* The same of a store that is thrown away: as it lies there, and not synced.  dir is there, and
 * empty. */
status kv_copy_scratch(kv *store, const char *dir, mode_t mode);

/* Who holds the write lock: "valija (process 4711)", or "" when unknown. */
void kv_holder(const kv *store, char *out, size_t size);

/* A snapshot: what others commit meanwhile is not seen.  Waits for nobody. */
status kv_read(kv *store, kv_txn **ret_txn);
/* Wait at most wait_ms (0: try) for the lock. */
status kv_write(kv *store, int wait_ms, kv_txn **ret_txn);
/* Both end the transaction and set *txn_p to NULL.  kv_abort accepts NULL.
 * Every walk must be done before. */
status kv_commit(kv_txn **txn_p);
void kv_abort(kv_txn **txn_p);

/* Between two write transactions of long work: sleep so long that who waits for the lock gets
 * it. */
void kv_give_way(void);

/* ST_NOT_FOUND: no such key; never sticks. */
status kv_get(kv_txn *txn, int table, struct bytes key, struct bytes *ret_value);
status kv_put(kv_txn *txn, int table, struct bytes key, struct bytes value);
/* The key is above all others of the table: quicker. */
status kv_append(kv_txn *txn, int table, struct bytes key, struct bytes value);
/* ST_NOT_FOUND: it was not there; never sticks. */
status kv_delete(kv_txn *txn, int table, struct bytes key);
/* Empty the table. */
status kv_clear(kv_txn *txn, int table);
uint64_t kv_count(kv_txn *txn, int table);

/* A number that no other transaction of the process had. */
uint64_t kv_serial(const kv_txn *txn);

/* What it has written, in bytes of memory, roughly: until the commit pages that were written
 * to are kept there. */
uint64_t kv_written(const kv_txn *txn);

/* From now on txn reads and writes the other side of the tables that have two; no walk may be
 * open.  At its beginning that is the side in force then. */
void kv_turn(kv_txn *txn);
/* Whether it reads and writes the side that is not in force. */
bool kv_is_aside(const kv_txn *txn);
/* With the commit the side that txn reads and writes is in force. */
status kv_put_in_force(kv_txn *txn);

/* A walk in key order.  Writing to its table between two steps is allowed only
 * through the walk's own position being sought again, or by the walk itself. */
struct kv_walk {
	kv_txn *txn;
	void *cursor;
	struct bytes key, value; /* valid after a call that returned true */
	status st;               /* ST_OK, or why the walk ended early */
};

/* At the first key >= key (empty: the first of all).  kv_walk_done() always. */
bool kv_seek(kv_txn *txn, int table, struct bytes key, struct kv_walk *walk);
/* At the last key < key (empty: the last of all). */
bool kv_seek_below(kv_txn *txn, int table, struct bytes key, struct kv_walk *walk);
bool kv_next(struct kv_walk *walk);
bool kv_previous(struct kv_walk *walk);
void kv_walk_done(struct kv_walk *walk);

/* Rows by their keys, by one walk: quicker than each by itself where keys ascend, since
 * neighbours lie on one page.  kv_walk_begin() is at no row.  ST_NOT_FOUND, ST_EXISTS: never
 * stick; with ST_EXISTS nothing was added, and *ret_old is what is there. */
void kv_walk_begin(kv_txn *txn, int table, struct kv_walk *walk);
status kv_walk_get(struct kv_walk *walk, struct bytes key, struct bytes *ret_value);
status
kv_walk_add(struct kv_walk *walk, struct bytes key, struct bytes value, struct bytes *ret_old);
/* As kv_put(). */
status kv_walk_put(struct kv_walk *walk, struct bytes key, struct bytes value);
/* As kv_append(), and quicker where many follow each other. */
status kv_walk_append(struct kv_walk *walk, struct bytes key, struct bytes value);
/* Of the row that was found just before, and has that key. */
status kv_walk_replace(struct kv_walk *walk, struct bytes key, struct bytes value);
status kv_walk_delete(struct kv_walk *walk);

/* Read every page that is in use.  Damage that LMDB does not notice ends the process by a
 * signal (common/apart.h).  ST_IO: what it notices. */
status kv_read_all(kv_txn *txn);

/* A number that grows with every commit of any process. */
uint64_t kv_version(kv *store);

/* The first so many rows of a table, which has none here, are those of beneath as it is now:
 * they are not copied but read there.  Their keys are numbers from 0 on (u64, big-endian).
 * kv_get(), kv_count() and kv_append(), behind them, take the table for one; nothing else may
 * be done with it.  Not within a transaction of store; store is to be closed before beneath.
 * ST_NOT_FOUND: beneath has fewer. */
status kv_lay_over(kv *store, int table, kv *beneath, uint64_t rows);

/* Bytes of the map that were ever in use (what is deleted is used again, not
 * given back), and bytes free for this user on the disk beneath it. */
status kv_room(kv *store, uint64_t *ret_used_bytes, uint64_t *ret_free_disk_bytes);
