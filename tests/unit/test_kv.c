#include "tests/support/check.h"

#include <errno.h>
#include <lmdb.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/files.h"
#include "common/kv.h"
#include "tests/support/scratch.h"

/* Linked with --wrap=mdb_txn_commit. */
static int commit_fails_with; /* 0: the real commit */

int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);

int
__wrap_mdb_txn_commit(MDB_txn *txn)
{
	if (commit_fails_with == 0)
		return __real_mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return commit_fails_with;
}

enum { WORDS, NUMBERS, TABLES };

static const char *const table_names[] = { "words", "numbers" };

static const struct kv_config config = {
	.tables = table_names,
	.table_count = TABLES,
	.map_bytes = 1 << 20,
	.format = 7,
	.mode = 0660,
	.program = "test",
};

struct fixture {
	char *scratch;
	char dir[512];
	kv *store;
};

static int
setup(void **ctx)
{
	static struct fixture fx;

	commit_fails_with = 0;
	fx = (struct fixture) { .scratch = scratch_new() };
	snprintf(fx.dir, sizeof(fx.dir), "%s", scratch_path(fx.scratch, "store"));
	if (kv_create(fx.dir, &config) != ST_OK || kv_open(fx.dir, &config, &fx.store) != ST_OK)
		return -1;
	*ctx = &fx;
	return 0;
}

static int
teardown(void **ctx)
{
	struct fixture *fx = *ctx;

	kv_close(&fx->store);
	scratch_remove(&fx->scratch);
	return 0;
}

static struct bytes
bytes(const char *z)
{
	return (struct bytes) { (const uint8_t *) z, strlen(z) };
}

static void
put_word(kv *store, const char *key, const char *value)
{
	kv_txn *txn = NULL;

	assert_status(kv_write(store, 0, &txn), ST_OK);
	assert_status(kv_put(txn, WORDS, bytes(key), bytes(value)), ST_OK);
	assert_status(kv_commit(&txn), ST_OK);
	assert_null(txn);
}

static void
assert_word(kv *store, const char *key, const char *value)
{
	kv_txn *txn = NULL;
	struct bytes got = { 0 };

	assert_status(kv_read(store, &txn), ST_OK);
	assert_status(kv_get(txn, WORDS, bytes(key), &got), value ? ST_OK : ST_NOT_FOUND);
	if (value) {
		assert_int_equal(got.len, strlen(value));
		assert_memory_equal(got.at, value, got.len);
	}
	kv_abort(&txn);
}

static void
reopen(struct fixture *fx)
{
	kv_close(&fx->store);
	assert_status(kv_open(fx->dir, &config, &fx->store), ST_OK);
}

static mode_t
mode_of(const char *dir, const char *name)
{
	struct stat info;

	assert_int_equal(stat(scratch_path(dir, name), &info), 0);
	return info.st_mode & 0777;
}

static void
committed_is_there_after_reopening(void **ctx)
{
	struct fixture *fx = *ctx;

	put_word(fx->store, "a", "one");
	reopen(fx);
	assert_word(fx->store, "a", "one");
}

static void
aborted_leaves_nothing(void **ctx)
{
	struct fixture *fx = *ctx;
	kv_txn *txn = NULL;

	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	assert_status(kv_put(txn, WORDS, bytes("a"), bytes("one")), ST_OK);
	kv_abort(&txn);
	assert_null(txn);
	assert_word(fx->store, "a", NULL);
}

static void
failed_commit_stores_nothing(void **ctx)
{
	struct fixture *fx = *ctx;
	kv_txn *txn = NULL;

	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	assert_status(kv_put(txn, WORDS, bytes("a"), bytes("one")), ST_OK);
	commit_fails_with = EIO;
	assert_status(kv_commit(&txn), ST_IO);
	commit_fails_with = ENOSPC;
	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	assert_status(kv_commit(&txn), ST_FULL);
	commit_fails_with = 0;
	assert_word(fx->store, "a", NULL);
	put_word(fx->store, "b", "the lock is free again");
}

static void
first_failure_sticks_to_the_transaction(void **ctx)
{
	struct fixture *fx = *ctx;
	static const uint8_t key[KV_KEY_BYTES_MAX + 1];
	kv_txn *txn = NULL;

	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	assert_status(kv_put(txn, WORDS, bytes("a"), bytes("one")), ST_OK);
	assert_status(kv_put(txn, WORDS, (struct bytes) { key, sizeof(key) }, bytes("x")),
	              ST_LIMIT);
	assert_status(kv_put(txn, WORDS, bytes("b"), bytes("two")), ST_LIMIT);
	assert_status(kv_commit(&txn), ST_LIMIT);
	assert_word(fx->store, "a", NULL);
}

static void
what_is_not_found_does_not_stick(void **ctx)
{
	struct fixture *fx = *ctx;
	static const uint8_t key[KV_KEY_BYTES_MAX + 1];
	struct bytes value;
	kv_txn *txn = NULL;

	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	assert_status(kv_get(txn, WORDS, bytes("a"), &value), ST_NOT_FOUND);
	assert_status(kv_get(txn, WORDS, (struct bytes) { key, sizeof(key) }, &value),
	              ST_NOT_FOUND);
	assert_status(kv_delete(txn, WORDS, bytes("a")), ST_NOT_FOUND);
	assert_status(kv_put(txn, WORDS, bytes("a"), bytes("one")), ST_OK);
	assert_status(kv_commit(&txn), ST_OK);
	assert_word(fx->store, "a", "one");
}

static void
longest_key_is_kept(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t key[KV_KEY_BYTES_MAX];
	struct bytes value;
	kv_txn *txn = NULL;

	memset(key, 'k', sizeof(key));
	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	assert_status(kv_put(txn, WORDS, (struct bytes) { key, sizeof(key) }, bytes("x")), ST_OK);
	assert_status(kv_get(txn, WORDS, (struct bytes) { key, sizeof(key) }, &value), ST_OK);
	assert_status(kv_commit(&txn), ST_OK);
}

static void
append_refuses_a_key_out_of_order(void **ctx)
{
	struct fixture *fx = *ctx;
	kv_txn *txn = NULL;

	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	assert_status(kv_append(txn, WORDS, bytes("b"), bytes("2")), ST_OK);
	assert_status(kv_append(txn, WORDS, bytes("c"), bytes("3")), ST_OK);
	assert_status(kv_append(txn, WORDS, bytes("a"), bytes("1")), ST_EXISTS);
	assert_status(kv_commit(&txn), ST_EXISTS);
}

static void
tables_are_apart_and_can_be_emptied(void **ctx)
{
	struct fixture *fx = *ctx;
	kv_txn *txn = NULL;

	put_word(fx->store, "a", "one");
	put_word(fx->store, "b", "two");
	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	assert_status(kv_put(txn, NUMBERS, bytes("1"), bytes("a")), ST_OK);
	assert_int_equal(kv_count(txn, WORDS), 2);
	assert_int_equal(kv_count(txn, NUMBERS), 1);
	assert_status(kv_clear(txn, WORDS), ST_OK);
	assert_int_equal(kv_count(txn, WORDS), 0);
	assert_int_equal(kv_count(txn, NUMBERS), 1);
	assert_status(kv_commit(&txn), ST_OK);
}

/* The keys of a walk, joined. */
static const char *
keys(struct kv_walk *walk, bool found, bool (*step)(struct kv_walk *))
{
	static char out[64];
	size_t used = 0;

	for (; found; found = step(walk)) {
		memcpy(out + used, walk->key.at, walk->key.len);
		used += walk->key.len;
	}
	out[used] = '\0';
	assert_status(walk->st, ST_OK);
	kv_walk_done(walk);
	return out;
}

static void
walks_go_in_key_order_both_ways(void **ctx)
{
	struct fixture *fx = *ctx;
	const struct bytes all = { 0 };
	struct kv_walk w;
	kv_txn *txn = NULL;

	assert_status(kv_read(fx->store, &txn), ST_OK);
	assert_false(kv_seek(txn, WORDS, all, &w));
	assert_status(w.st, ST_OK);
	kv_walk_done(&w);
	kv_abort(&txn);

	for (const char *c = "gcea"; *c; c++)
		put_word(fx->store, (const char[]) { *c, '\0' }, "x");

	assert_status(kv_read(fx->store, &txn), ST_OK);
	assert_string_equal(keys(&w, kv_seek(txn, WORDS, all, &w), kv_next), "aceg");
	assert_string_equal(keys(&w, kv_seek(txn, WORDS, bytes("c"), &w), kv_next), "ceg");
	assert_string_equal(keys(&w, kv_seek(txn, WORDS, bytes("d"), &w), kv_next), "eg");
	assert_string_equal(keys(&w, kv_seek(txn, WORDS, bytes("h"), &w), kv_next), "");
	assert_string_equal(keys(&w, kv_seek_below(txn, WORDS, all, &w), kv_previous), "geca");
	assert_string_equal(keys(&w, kv_seek_below(txn, WORDS, bytes("h"), &w), kv_previous),
	                    "geca");
	assert_string_equal(keys(&w, kv_seek_below(txn, WORDS, bytes("e"), &w), kv_previous), "ca");
	assert_string_equal(keys(&w, kv_seek_below(txn, WORDS, bytes("d"), &w), kv_previous), "ca");
	assert_string_equal(keys(&w, kv_seek_below(txn, WORDS, bytes("a"), &w), kv_previous), "");
	kv_abort(&txn);
}

static void
one_transaction_at_a_time(void **ctx)
{
	struct fixture *fx = *ctx;
	kv_txn *txn = NULL, *second = NULL;

	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	assert_status(kv_write(fx->store, 0, &second), ST_BUSY);
	assert_status(kv_read(fx->store, &second), ST_BUSY);
	assert_null(second);
	kv_abort(&txn);
	assert_status(kv_read(fx->store, &txn), ST_OK);
	assert_status(kv_write(fx->store, 0, &second), ST_BUSY);
	kv_abort(&txn);
	kv_abort(&txn); /* NULL by now */
}

static void
rights_of_the_files_do_not_follow_the_umask(void **ctx)
{
	struct fixture *fx = *ctx;
	mode_t umask_before = umask(0077);
	struct kv_config private = config;

	private.mode = 0600;
	assert_status(kv_create(scratch_path(fx->scratch, "shared"), &config), ST_OK);
	umask(0);
	assert_status(kv_create(scratch_path(fx->scratch, "private"), &private), ST_OK);
	umask(umask_before);
	assert_int_equal(mode_of(fx->scratch, "shared"), 0770);
	assert_int_equal(mode_of(fx->scratch, "shared/data.mdb"), 0660);
	assert_int_equal(mode_of(fx->scratch, "shared/lock.mdb"), 0660);
	assert_int_equal(mode_of(fx->scratch, "shared/write.lock"), 0660);
	assert_int_equal(mode_of(fx->scratch, "private"), 0700);
	assert_int_equal(mode_of(fx->scratch, "private/data.mdb"), 0600);
}

static void
copy_without_its_lock_files_opens(void **ctx)
{
	struct fixture *fx = *ctx;
	mode_t umask_before;

	put_word(fx->store, "a", "one");
	kv_close(&fx->store);
	assert_int_equal(unlink(scratch_path(fx->dir, "lock.mdb")), 0);
	assert_int_equal(unlink(scratch_path(fx->dir, "write.lock")), 0);
	umask_before = umask(0077);
	assert_status(kv_open(fx->dir, &config, &fx->store), ST_OK);
	umask(umask_before);
	assert_int_equal(mode_of(fx->dir, "lock.mdb"), 0660);
	assert_int_equal(mode_of(fx->dir, "write.lock"), 0660);
	assert_word(fx->store, "a", "one");
}

static void
existing_environment_is_not_replaced(void **ctx)
{
	struct fixture *fx = *ctx;

	put_word(fx->store, "a", "one");
	assert_status(kv_create(fx->dir, &config), ST_EXISTS);
	reopen(fx);
	assert_word(fx->store, "a", "one");
}

static void
a_table_that_is_new_in_the_program_is_added(void **ctx)
{
	struct fixture *fx = *ctx;
	static const char *const more[] = { "words", "numbers", "later" };
	struct kv_config newer = config;

	put_word(fx->store, "a", "kept");
	newer.tables = more;
	newer.table_count = LENGTH(more);
	kv_close(&fx->store);
	assert_status(kv_open(fx->dir, &newer, &fx->store), ST_OK);
	assert_word(fx->store, "a", "kept");
	reopen(fx); /* and an older program opens it still */
	assert_word(fx->store, "a", "kept");
}

static void
only_what_is_ours_is_opened(void **ctx)
{
	struct fixture *fx = *ctx;
	struct kv_config other = config;
	kv *store = NULL;

	assert_status(kv_open(scratch_path(fx->scratch, "nowhere"), &config, &store), ST_NOT_FOUND);
	assert_int_equal(access(scratch_path(fx->scratch, "nowhere"), F_OK), -1);

	assert_int_equal(mkdir(scratch_path(fx->scratch, "foreign"), 0700), 0);
	assert_status(kv_open(scratch_path(fx->scratch, "foreign"), &config, &store), ST_NOT_FOUND);
	assert_status(file_write(scratch_path(fx->scratch, "foreign/data.mdb"), table_names,
	                         sizeof(table_names), 0600),
	              ST_OK);
	assert_status(kv_open(scratch_path(fx->scratch, "foreign"), &config, &store), ST_MALFORMED);

	other.format = 8;
	kv_close(&fx->store);
	assert_status(kv_open(fx->dir, &other, &store), ST_VERSION);
	assert_null(store);
	reopen(fx);
}

static void
same_folder_is_not_opened_twice(void **ctx)
{
	struct fixture *fx = *ctx;
	kv *store = NULL;

	assert_int_equal(symlink(fx->dir, scratch_path(fx->scratch, "link")), 0);
	assert_status(kv_open(fx->dir, &config, &store), ST_BUSY);
	assert_status(kv_open(scratch_path(fx->scratch, "link"), &config, &store), ST_BUSY);
	assert_null(store);
	kv_close(&fx->store);
	assert_status(kv_open(scratch_path(fx->scratch, "link"), &config, &fx->store), ST_OK);
}

static void
full_map_is_told_and_what_is_there_stays(void **ctx)
{
	struct fixture *fx = *ctx;
	static const uint8_t big[64 * 1024];
	kv_txn *txn = NULL;
	status st = ST_OK;
	uint8_t n = 0;

	put_word(fx->store, "a", "one");
	for (; st == ST_OK && n < UINT8_MAX; n++) {
		assert_status(kv_write(fx->store, 0, &txn), ST_OK);
		kv_put(txn, NUMBERS, (struct bytes) { &n, 1 }, (struct bytes) { big, sizeof(big) });
		st = kv_commit(&txn);
	}
	assert_status(st, ST_FULL);
	assert_in_range(n, 2, (1 << 20) / sizeof(big));
	assert_word(fx->store, "a", "one");
}

static int
fill_larger_map(const char *dir)
{
	static const uint8_t big[64 * 1024];
	struct kv_config larger = config;
	kv *store = NULL;
	kv_txn *txn = NULL;

	larger.map_bytes = 16 << 20;
	if (kv_open(dir, &larger, &store) != ST_OK || kv_write(store, 0, &txn) != ST_OK)
		return 1;
	for (uint8_t n = 0; n < 64; n++)
		kv_put(txn, NUMBERS, (struct bytes) { &n, 1 }, (struct bytes) { big, sizeof(big) });
	return kv_commit(&txn) == ST_OK ? 0 : 1;
}

static void
map_enlarged_by_another_is_followed(void **ctx)
{
	struct fixture *fx = *ctx;
	int go[2], code = -1;
	char byte = 0;
	pid_t child;

	kv_close(&fx->store);
	assert_int_equal(pipe(go), 0);
	child = fork();
	if (child == 0)
		_exit(read(go[0], &byte, 1) == 1 ? fill_larger_map(fx->dir) : 1);
	assert_status(kv_open(fx->dir, &config, &fx->store), ST_OK);
	assert_int_equal(write(go[1], "g", 1), 1);
	assert_int_equal(waitpid(child, &code, 0), child);
	assert_int_equal(code, 0);
	assert_word(fx->store, "a", NULL);
	put_word(fx->store, "a", "one");
	assert_word(fx->store, "a", "one");
	close(go[0]);
	close(go[1]);
}

/* A process of its own that takes the lock, says so, and dies when told. */
struct holder {
	pid_t pid;
	int said;
};

static struct holder
start_holder(struct fixture *fx)
{
	struct holder h;
	int ends[2];
	char byte;

	kv_close(&fx->store);
	assert_int_equal(pipe(ends), 0);
	h.pid = fork();
	if (h.pid == 0) {
		struct kv_config other = config;
		kv *store = NULL;
		kv_txn *txn = NULL;

		other.program = "valija record";
		if (kv_open(fx->dir, &other, &store) != ST_OK || kv_write(store, 0, &txn) != ST_OK)
			_exit(1);
		kv_put(txn, WORDS, bytes("a"), bytes("never committed"));
		if (write(ends[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	h.said = ends[0];
	assert_int_equal(read(h.said, &byte, 1), 1);
	assert_status(kv_open(fx->dir, &config, &fx->store), ST_OK);
	return h;
}

static void
kill_holder(struct holder *h)
{
	kill(h->pid, SIGKILL);
	assert_int_equal(waitpid(h->pid, NULL, 0), h->pid);
	close(h->said);
}

static void
who_waited_in_vain_can_say_for_whom(void **ctx)
{
	struct fixture *fx = *ctx;
	char holder[80], wanted[80];
	kv_txn *txn = NULL;
	struct holder h = start_holder(fx);

	snprintf(wanted, sizeof(wanted), "valija record (process %ld)", (long) h.pid);
	assert_status(kv_write(fx->store, 0, &txn), ST_BUSY);
	assert_status(kv_write(fx->store, 30, &txn), ST_BUSY);
	assert_null(txn);
	kv_holder(fx->store, holder, sizeof(holder));
	assert_string_equal(holder, wanted);
	assert_word(fx->store, "a", NULL); /* reading waits for nobody */
	kill_holder(&h);
}

static void
lock_of_a_dead_process_is_free(void **ctx)
{
	struct fixture *fx = *ctx;
	char holder[80];
	struct holder h = start_holder(fx);

	kill_holder(&h);
	put_word(fx->store, "b", "two");
	assert_word(fx->store, "a", NULL);
	kv_holder(fx->store, holder, sizeof(holder));
	assert_string_equal(holder, "");
}

static void
count_up(const char *dir, int times)
{
	kv *store = NULL;

	if (kv_open(dir, &config, &store) != ST_OK)
		_exit(1);
	for (int i = 0; i < times; i++) {
		uint8_t number[8] = { 0 };
		struct bytes value;
		kv_txn *txn = NULL;

		if (kv_write(store, 50000, &txn) != ST_OK)
			_exit(2);
		if (kv_get(txn, NUMBERS, bytes("n"), &value) == ST_OK)
			memcpy(number, value.at, sizeof(number));
		put_u64(number, get_u64(number) + 1);
		kv_put(txn, NUMBERS, bytes("n"), (struct bytes) { number, sizeof(number) });
		if (kv_commit(&txn) != ST_OK)
			_exit(3);
	}
	_exit(0);
}

static void
several_processes_write_one_after_the_other(void **ctx)
{
	enum { PROCESSES = 4, TIMES = 50 };
	struct fixture *fx = *ctx;
	struct bytes value = { 0 };
	kv_txn *txn = NULL;
	uint64_t version;

	version = kv_version(fx->store);
	kv_close(&fx->store);
	for (int i = 0; i < PROCESSES; i++) {
		if (fork() == 0)
			count_up(fx->dir, TIMES);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int code = -1;

		assert_true(wait(&code) > 0);
		assert_int_equal(code, 0);
	}
	assert_status(kv_open(fx->dir, &config, &fx->store), ST_OK);
	assert_int_equal(kv_version(fx->store), version + PROCESSES * TIMES);
	assert_status(kv_read(fx->store, &txn), ST_OK);
	assert_status(kv_get(txn, NUMBERS, bytes("n"), &value), ST_OK);
	assert_int_equal(get_u64(value.at), PROCESSES * TIMES);
	kv_abort(&txn);
}

static void
a_copy_has_what_was_committed_and_goes_its_own_way(void **ctx)
{
	struct fixture *fx = *ctx;
	const char *dir = scratch_path(fx->scratch, "copy");
	struct stat info;
	kv_txn *txn = NULL;
	kv *copy = NULL;

	put_word(fx->store, "a", "before");
	assert_status(kv_copy(fx->store, dir, 0600), ST_OK);
	put_word(fx->store, "a", "after");
	assert_status(kv_open(dir, &config, &copy), ST_OK);
	assert_word(copy, "a", "before");
	put_word(copy, "b", "in the copy");
	assert_word(fx->store, "b", NULL);
	assert_int_equal(stat(scratch_path(fx->scratch, "copy/data.mdb"), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);

	/* what is there is never written over; a read transaction is in the way */
	assert_status(kv_copy(fx->store, dir, 0600), ST_EXISTS);
	assert_word(copy, "a", "before");
	assert_status(kv_read(fx->store, &txn), ST_OK);
	assert_status(kv_copy(fx->store, scratch_path(fx->scratch, "second"), 0600), ST_BUSY);
	kv_abort(&txn);
	kv_close(&copy);
}

static void
room_is_told(void **ctx)
{
	struct fixture *fx = *ctx;
	uint64_t used = 0, now = 0, disk = 0;
	static const uint8_t big[64 * 1024];
	kv_txn *txn = NULL;

	assert_status(kv_room(fx->store, &used, &disk), ST_OK);
	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	kv_put(txn, WORDS, bytes("big"), (struct bytes) { big, sizeof(big) });
	assert_status(kv_commit(&txn), ST_OK);
	assert_status(kv_room(fx->store, &now, &disk), ST_OK);
	assert_in_range(now - used, sizeof(big), 2 * sizeof(big));
}

static void
rows_are_changed_by_one_walk(void **ctx)
{
	struct fixture *fx = *ctx;
	kv_txn *txn = NULL;
	struct kv_walk w;
	struct bytes old = { NULL, 0 };

	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	kv_walk_begin(txn, WORDS, &w);
	assert_status(kv_walk_get(&w, bytes("a"), &old), ST_NOT_FOUND);
	assert_status(kv_walk_add(&w, bytes("a"), bytes("one"), &old), ST_OK);
	assert_status(kv_walk_add(&w, bytes("c"), bytes("three"), &old), ST_OK);
	assert_status(kv_walk_add(&w, bytes("a"), bytes("two"), &old), ST_EXISTS);
	assert_int_equal(old.len, 3);
	assert_memory_equal(old.at, "one", 3);
	assert_status(kv_walk_replace(&w, bytes("a"), bytes("six")), ST_OK);
	assert_status(kv_walk_get(&w, bytes("c"), &old), ST_OK);
	assert_status(kv_walk_delete(&w), ST_OK);
	assert_status(kv_walk_get(&w, bytes("c"), &old), ST_NOT_FOUND);
	assert_status(kv_walk_add(&w, bytes(""), bytes("x"), &old), ST_LIMIT);
	kv_walk_done(&w);
	kv_abort(&txn);
	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	kv_walk_begin(txn, WORDS, &w);
	assert_status(kv_walk_add(&w, bytes("a"), bytes("one"), &old), ST_OK);
	assert_status(kv_walk_replace(&w, bytes("a"), bytes("longer")), ST_OK);
	kv_walk_done(&w);
	assert_status(kv_commit(&txn), ST_OK);
	assert_status(kv_read(fx->store, &txn), ST_OK);
	assert_status(kv_get(txn, WORDS, bytes("a"), &old), ST_OK);
	assert_int_equal(old.len, strlen("longer"));
	assert_int_equal(kv_count(txn, WORDS), 1);
	kv_abort(&txn);
}

static void
each_transaction_has_a_number_of_its_own(void **ctx)
{
	struct fixture *fx = *ctx;
	kv_txn *txn = NULL;
	uint64_t first;

	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	first = kv_serial(txn);
	kv_abort(&txn);
	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	assert_int_not_equal(kv_serial(txn), first);
	kv_abort(&txn);
}

/* ---- one over another ---- */

/* The row of a number. */
static status
append_number(kv_txn *txn, uint8_t number, const char *value)
{
	uint8_t key[8] = { [7] = number };

	return kv_append(txn, NUMBERS, (struct bytes) { key, sizeof(key) },
	                 (struct bytes) { (const uint8_t *) value, strlen(value) });
}

static void
assert_number(kv_txn *txn, uint8_t number, const char *value)
{
	uint8_t key[8] = { [7] = number };
	struct bytes got;
	status st = kv_get(txn, NUMBERS, (struct bytes) { key, sizeof(key) }, &got);

	assert_status(st, value ? ST_OK : ST_NOT_FOUND);
	if (value) {
		assert_int_equal(got.len, strlen(value));
		assert_memory_equal(got.at, value, got.len);
	}
}

static void
a_store_goes_on_where_another_ends(void **ctx)
{
	struct fixture *fx = *ctx;
	kv *over = NULL;
	kv_txn *txn = NULL;
	char dir[512];

	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	for (uint8_t i = 0; i < 3; i++)
		assert_status(append_number(txn, i, "below"), ST_OK);
	assert_status(kv_commit(&txn), ST_OK);
	snprintf(dir, sizeof(dir), "%s", scratch_path(fx->scratch, "over"));
	assert_status(kv_create(dir, &config), ST_OK);
	assert_status(kv_open(dir, &config, &over), ST_OK);
	assert_status(kv_lay_over(over, NUMBERS, fx->store, 4), ST_NOT_FOUND);
	assert_status(kv_lay_over(over, NUMBERS, fx->store, 2), ST_OK);
	assert_status(kv_lay_over(over, NUMBERS, fx->store, 2), ST_BUSY);
	/* what comes below meanwhile, and what lay there above, is not seen */
	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	assert_status(append_number(txn, 3, "later"), ST_OK);
	assert_status(kv_commit(&txn), ST_OK);
	assert_status(kv_write(over, 0, &txn), ST_OK);
	assert_int_equal(kv_count(txn, NUMBERS), 2);
	assert_number(txn, 1, "below");
	assert_number(txn, 2, NULL);
	assert_status(append_number(txn, 2, "here"), ST_OK);
	assert_status(kv_commit(&txn), ST_OK);
	assert_status(kv_read(over, &txn), ST_OK);
	assert_int_equal(kv_count(txn, NUMBERS), 3);
	assert_int_equal(kv_count(txn, WORDS), 0);
	assert_number(txn, 0, "below");
	assert_number(txn, 2, "here");
	assert_number(txn, 3, NULL);
	kv_abort(&txn);
	kv_close(&over);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(committed_is_there_after_reopening),
		TEST(aborted_leaves_nothing),
		TEST(failed_commit_stores_nothing),
		TEST(first_failure_sticks_to_the_transaction),
		TEST(what_is_not_found_does_not_stick),
		TEST(longest_key_is_kept),
		TEST(append_refuses_a_key_out_of_order),
		TEST(tables_are_apart_and_can_be_emptied),
		TEST(walks_go_in_key_order_both_ways),
		TEST(rows_are_changed_by_one_walk),
		TEST(each_transaction_has_a_number_of_its_own),
		TEST(one_transaction_at_a_time),
		TEST(rights_of_the_files_do_not_follow_the_umask),
		TEST(copy_without_its_lock_files_opens),
		TEST(existing_environment_is_not_replaced),
		TEST(a_table_that_is_new_in_the_program_is_added),
		TEST(only_what_is_ours_is_opened),
		TEST(same_folder_is_not_opened_twice),
		TEST(full_map_is_told_and_what_is_there_stays),
		TEST(map_enlarged_by_another_is_followed),
		TEST(who_waited_in_vain_can_say_for_whom),
		TEST(lock_of_a_dead_process_is_free),
		TEST(several_processes_write_one_after_the_other),
		TEST(a_copy_has_what_was_committed_and_goes_its_own_way),
		TEST(room_is_told),
		TEST(a_store_goes_on_where_another_ends),
	};

	return cmocka_run_group_tests_name("kv", tests, NULL, NULL);
}
