/* Copies of the ledger that a hub keeps for questions about the past: when they are made, which
 * are given up, and that what is told with them is what is told without. */
#include "tests/support/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files.h"
#include "hub/digest.h"
#include "hub/journal.h"
#include "hub/past.h"
#include "hub/past_base.h"
#include "hub/repair.h"
#include "hub/snapshot_store.h"
#include "tests/support/hub_fixture.h"

enum { DAY = 20406, MANY = SNAPSHOT_EVENTS, SOME = SNAPSHOT_LEAST_EVENTS };

/* ---- when, and which ---- */

static void
one_is_due_when_many_events_came(void **ctx)
{
	(void) ctx;
	struct snapshot last = { .events = 7 }, now = { .events = 7 + MANY - 1 };

	assert_false(snapshot_due(&last, &now, true));
	now.events++;
	assert_true(snapshot_due(&last, &now, true));
	assert_true(snapshot_due(&last, &now, false));
}

static void
the_first_one_is_due_when_folding_takes_time(void **ctx)
{
	(void) ctx;
	struct snapshot now = { .events = SOME - 1 };

	assert_false(snapshot_due(NULL, &now, true));
	now.events++;
	assert_true(snapshot_due(NULL, &now, true));
	assert_false(snapshot_due(NULL, &now, false)); /* it can wait */
	now.events = MANY;
	assert_true(snapshot_due(NULL, &now, false));
}

static void
a_cut_brings_the_next_one_forward(void **ctx)
{
	(void) ctx;
	struct snapshot last = { .events = 7 }, now = { .events = 7 + SOME, .cuts = 1 };

	assert_true(snapshot_due(&last, &now, true));
	assert_false(snapshot_due(&last, &now, false));
	now.events--;
	assert_false(snapshot_due(&last, &now, true));
	now.events++;
	last.cuts = 1;
	assert_false(snapshot_due(&last, &now, true));
}

/* No earlier one can be gone on from. */
static void
one_is_due_when_all_was_folded_again(void **ctx)
{
	(void) ctx;
	struct snapshot last = { .events = SOME, .folded = 2 };
	struct snapshot now = { .events = SOME, .folded = 9 };

	assert_true(snapshot_due(&last, &now, true));
	assert_false(snapshot_due(&last, &now, false));
	now.events = last.events = SOME - 1;
	assert_false(snapshot_due(&last, &now, true));
	now.events = last.events = MANY;
	assert_true(snapshot_due(&last, &now, false));
}

static struct snapshots *
snapshots_of(const uint64_t (*list)[2], size_t count)
{
	static struct snapshots s;

	for (s.count = 0; s.count < count; s.count++)
		s.list[s.count] = (struct snapshot) { .events = list[s.count][0],
			                              .folded = list[s.count][1] };
	return &s;
}

static void
the_one_goes_that_leaves_the_shortest_way(void **ctx)
{
	(void) ctx;
	static const uint64_t even[][2] = { { 10, 1 }, { 20, 1 }, { 25, 1 }, { 30, 1 } };
	static const uint64_t first[][2] = { { 10, 1 }, { 11, 1 }, { 40, 1 } };
	static const uint64_t two[][2] = { { 10, 1 }, { 1000, 1 } };

	assert_int_equal(snapshots_spare(snapshots_of(even, 4)), 2);
	assert_int_equal(snapshots_spare(snapshots_of(first, 3)), 0);
	assert_int_equal(snapshots_spare(snapshots_of(two, 2)), 0); /* never the last */
}

/* It is near to the one before, but nothing leads there from that. */
static void
the_first_after_folding_again_is_not_the_one_that_goes(void **ctx)
{
	(void) ctx;
	static const uint64_t list[][2] = { { 10, 1 }, { 50, 1 }, { 51, 7 }, { 90, 7 } };

	assert_int_equal(snapshots_spare(snapshots_of(list, 4)), 1);
}

/* Twice as many as are kept, one by one: no way gets much longer than it must. */
static void
a_long_history_keeps_short_ways(void **ctx)
{
	(void) ctx;
	static struct snapshots s;
	uint64_t longest = 0;

	for (uint64_t n = 1; n <= (uint64_t) 2 * SNAPSHOTS_KEPT; n++) {
		s.list[s.count++] = (struct snapshot) { .events = n * MANY, .entries = n };
		if (s.count <= SNAPSHOTS_KEPT)
			continue;
		for (size_t i = snapshots_spare(&s); i + 1 < s.count; i++)
			s.list[i] = s.list[i + 1];
		s.count--;
	}
	for (size_t i = 1; i < s.count; i++)
		if (s.list[i].events - s.list[i - 1].events > longest)
			longest = s.list[i].events - s.list[i - 1].events;
	assert_true(longest <= (uint64_t) 2 * MANY);
	assert_int_equal(s.list[s.count - 1].entries, 2 * SNAPSHOTS_KEPT);
}

static void
facts_are_believed_only_whole(void **ctx)
{
	(void) ctx;
	struct snapshot s = { .entries = 1, .events = 2, .folded = 3, .cuts = 4, .repairs = 5 };
	struct snapshot again;
	uint8_t facts[SNAPSHOT_FACTS_BYTES];
	const struct bytes all = { facts, sizeof(facts) };

	memset(s.running, 6, HASH_BYTES);
	memset(s.file, 7, HASH_BYTES);
	snapshot_encode(&s, facts);
	assert_status(snapshot_decode(all, &again), ST_OK);
	assert_memory_equal(&again, &s, sizeof(s));
	for (size_t i = 0; i < sizeof(facts); i++) {
		facts[i] ^= 1;
		assert_status(snapshot_decode(all, &again), ST_MALFORMED);
		facts[i] ^= 1;
	}
	for (size_t len = 0; len < sizeof(facts); len++)
		assert_status(snapshot_decode((struct bytes) { facts, len }, &again), ST_MALFORMED);
}

/* ---- a hub with a history ---- */

enum { LANES = 2, STEPS = 10 };

static struct hub_fixture hub_at;
static struct test_device devices[LANES];
static lane lanes[LANES];

/* What the hub said of itself when its journal had that many entries. */
struct told {
	uint64_t entries;
	uint8_t set[HASH_BYTES], state[HASH_BYTES];
};

static struct told told[STEPS + 1];
static size_t told_count;

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	for (unsigned i = 0; i < LANES; i++) {
		test_device_init(&devices[i], i + 1, "con-a");
		lane_init(&lanes[i], &devices[i]);
	}
	told_count = 0;
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	for (unsigned i = 0; i < LANES; i++)
		lane_done(&lanes[i]);
	hub_fixture_done(&hub_at);
	return 0;
}

static struct told
tell(hub *h, kv_txn *txn)
{
	struct told t = { .entries = journal_size(txn) };

	assert_status(hub_digest(h, txn, t.set, t.state), ST_OK);
	return t;
}

/* Commit, and remember what this moment was. */
static void
done(kv_txn **txn_p)
{
	told[told_count++] = tell(hub_at.hub, *txn_p);
	hub_commit(txn_p);
}

static void
enroll(unsigned which)
{
	kv_txn *txn = hub_begin(hub_at.hub);

	test_device_enroll(&devices[which], hub_at.hub, txn, ROLE_DEVICE);
	done(&txn);
}

/* Two more entries of that lane, and a correction of the first. */
static void
report(unsigned which)
{
	kv_txn *txn = hub_begin(hub_at.hub);
	lane *l = &lanes[which];
	uint64_t first = l->count + 1;
	struct event e = test_activity("con-a", DAY + (date) first);
	struct point at = lane_add(l, &e);

	e = test_activity("con-a", DAY);
	lane_add(l, &e);
	e = test_activity("con-a", DAY + 1);
	test_fix(&e, &at, NULL);
	lane_add(l, &e);
	assert_status(lane_give(l, first, l->count, hub_at.hub, txn), ST_OK);
	done(&txn);
}

/* Events first to last of a lane, which may lie above a gap. */
static void
send_part(unsigned which, uint64_t first, uint64_t last)
{
	kv_txn *txn = hub_begin(hub_at.hub);
	struct batch b;
	writer w;

	writer_init(&w);
	lane_seal(&lanes[which], first, last, &w);
	assert_status(batch_open(writer_bytes(&w).at, writer_bytes(&w).len, &b), ST_OK);
	assert_status(hub_take_as(hub_at.hub, txn, &b, 1, TAKE_LOOSE), ST_OK);
	assert_status(hub_settle(hub_at.hub, txn), ST_OK);
	writer_done(&w);
	done(&txn);
}

static bool
keep(size_t kept)
{
	struct snapshot now;
	bool made = false;

	assert_status(snapshots_keep(hub_at.hub, kept, &now, &made), ST_OK);
	return made;
}

/* What a question would be answered from, in place of the hub. */
static bool
from_copy(const struct told *t)
{
	kv_txn *txn = NULL, *then = NULL;
	hub *past = NULL;
	struct told again;
	status st;

	assert_status(kv_read(hub_store(hub_at.hub), &txn), ST_OK);
	st = past_from_copy(hub_at.hub, txn, t->entries, &past);
	kv_abort(&txn);
	if (st != ST_OK) {
		assert_status(st, ST_NOT_FOUND);
		assert_null(past);
		return false;
	}
	assert_status(kv_read(hub_store(past), &then), ST_OK);
	again = tell(past, then);
	assert_memory_equal(&again, t, sizeof(again));
	kv_abort(&then);
	hub_close(&past);
	return true;
}

/* Every moment, from copies where there are some. */
static void
check_all(void)
{
	for (size_t i = 0; i < told_count; i++) {
		kv_txn *txn = NULL, *then = NULL;
		hub *past = NULL;
		struct told again;

		assert_status(kv_read(hub_store(hub_at.hub), &txn), ST_OK);
		assert_status(past_at_offset(hub_at.hub, txn, told[i].entries, &past), ST_OK);
		kv_abort(&txn);
		assert_status(kv_read(hub_store(past), &then), ST_OK);
		again = tell(past, then);
		assert_memory_equal(&again, &told[i], sizeof(again));
		kv_abort(&then);
		hub_close(&past);
	}
}

/* HOME/snapshots, or what is in it. */
static const char *
path_of(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/snapshots%s%s", hub_at.home, *name ? "/" : "", name);
	return path;
}

static const char *
file_of(const struct told *t, const char *name)
{
	static char path[PATH_MAX];

	assert_status(snapshot_path(hub_at.hub, t->entries, name, path, sizeof(path)), ST_OK);
	return path;
}

static size_t
count_of(const char *name)
{
	DIR *dir = opendir(path_of(name));
	size_t count = 0;

	assert_non_null(dir);
	for (const struct dirent *e = readdir(dir); e; e = readdir(dir))
		count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(dir);
	return count;
}

static void
flip_a_byte(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat info = { .st_size = 0 };
	uint8_t byte;

	assert_true(fd >= 0 && fstat(fd, &info) == 0);
	assert_int_equal(pread(fd, &byte, 1, info.st_size / 2), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, info.st_size / 2), 1);
	close(fd);
}

/* ---- what is told with them ---- */

static void
a_snapshot_shortens_the_way_and_changes_nothing(void **ctx)
{
	(void) ctx;
	enroll(0);
	report(0);
	keep(SNAPSHOTS_KEPT);
	report(0);
	enroll(1); /* acts on the way that change nothing of what came before */
	report(1);
	keep(SNAPSHOTS_KEPT);
	report(0);
	for (size_t i = 0; i < told_count; i++)
		if (from_copy(&told[i]) != (i >= 1))
			fail_msg("moment %zu", i);
	check_all();
}

/* Whose entries are of one batch that came in the order high, low, and all of it. */
static void
what_came_over_a_gap_is_folded_on(void **ctx)
{
	(void) ctx;
	enroll(0);
	report(0);
	keep(SNAPSHOTS_KEPT);
	for (unsigned i = 0; i < 6; i++) {
		struct event e = test_activity("con-a", DAY + (date) i);

		lane_add(&lanes[0], &e);
	}
	send_part(0, 6, 7);
	send_part(0, 4, 9);
	report(0);
	for (size_t i = 1; i < told_count; i++)
		assert_true(from_copy(&told[i]));
	check_all();
}

/* What was held counts since then: that is quicker from the beginning. */
static void
an_admission_on_the_way_makes_all_be_folded_again(void **ctx)
{
	(void) ctx;
	kv_txn *txn;

	enroll(0);
	report(0);
	keep(SNAPSHOTS_KEPT);
	txn = hub_begin(hub_at.hub);
	assert_status(registry_revoke_all(txn, devices[0].feed, text_of("stolen"), 7), ST_OK);
	done(&txn);
	report(0);
	txn = hub_begin(hub_at.hub);
	assert_status(registry_admit(txn, devices[0].feed, text_of("found"), 8), ST_OK);
	assert_status(hub_refold(hub_at.hub, txn), ST_OK);
	done(&txn);
	assert_memory_not_equal(told[3].state, told[4].state, HASH_BYTES);
	assert_true(from_copy(&told[3]));
	assert_false(from_copy(&told[4]));
	keep(SNAPSHOTS_KEPT);
	assert_true(from_copy(&told[4]));
	check_all();
}

static void
a_damaged_one_is_passed_over_and_given_up(void **ctx)
{
	(void) ctx;
	enroll(0);
	report(0);
	keep(SNAPSHOTS_KEPT);
	report(0);
	keep(SNAPSHOTS_KEPT);
	flip_a_byte(file_of(&told[2], "ledger.zst"));
	assert_true(from_copy(&told[2])); /* by the one before */
	assert_int_equal(access(file_of(&told[2], "facts"), F_OK), -1);
	assert_int_equal(count_of(""), 2);
	assert_true(keep(SNAPSHOTS_KEPT)); /* anew */
	assert_int_equal(count_of(""), 2);
	flip_a_byte(file_of(&told[1], "facts"));
	assert_false(from_copy(&told[1]));
	check_all();
}

/* ---- the folder ---- */

static void
what_was_not_finished_goes_with_the_next(void **ctx)
{
	(void) ctx;
	enroll(0);
	assert_true(keep(2));
	assert_false(keep(2)); /* nothing came since */
	assert_int_equal(mkdir(path_of("new"), 0700), 0);
	assert_status(file_create(path_of("new/ledger.zst"), "x", 1, 0600), ST_OK);
	assert_int_equal(mkdir(path_of("77777"), 0700), 0);
	assert_false(keep(2));
	assert_int_equal(count_of(""), 1);
	assert_true(from_copy(&told[0]));
}

static void
no_more_are_kept_than_are_wanted(void **ctx)
{
	(void) ctx;
	enroll(0);
	for (unsigned i = 0; i < 5; i++) {
		report(0);
		assert_true(keep(3));
	}
	assert_int_equal(count_of(""), 3);
	assert_int_equal(access(file_of(&told[5], "facts"), F_OK), 0);
	check_all();
	snapshots_forget(hub_at.hub);
	assert_false(snapshots_exist(hub_at.hub));
	assert_false(from_copy(&told[5]));
}

static void
nobody_but_the_owner_reads_them(void **ctx)
{
	(void) ctx;
	struct stat info;

	enroll(0);
	keep(1);
	assert_int_equal(stat(path_of(""), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
	assert_int_equal(stat(file_of(&told[0], ""), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
	assert_int_equal(stat(file_of(&told[0], "ledger.zst"), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
}

static void
two_processes_do_not_make_them_at_once(void **ctx)
{
	(void) ctx;
	struct snapshot now = { .entries = 77 };
	bool made;
	int other;

	enroll(0);
	keep(1);
	report(0);
	other = open(path_of(""), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(other, LOCK_EX), 0);
	assert_status(snapshots_keep(hub_at.hub, 1, &now, &made), ST_BUSY);
	assert_int_equal(now.entries, 77);
	close(other);
	assert_true(keep(1));
}

/* What is derived may be another since. */
static void
none_is_of_use_after_a_repair(void **ctx)
{
	(void) ctx;
	struct repair r = { .list = NULL };
	const struct damage d = { .kind = DAMAGE_LEDGER };
	struct repaired result;
	kv_txn *txn;

	enroll(0);
	report(0);
	keep(1);
	assert_true(from_copy(&told[1]));
	assert_status(repair_note(&r, &d), ST_OK);
	txn = hub_begin(hub_at.hub);
	assert_status(hub_repair(hub_at.hub, txn, &r, NULL, 0, 1, &result), ST_OK);
	hub_commit(&txn);
	repair_done(&r);
	assert_false(from_copy(&told[1]));
	assert_true(keep(1));
	assert_true(from_copy(&told[1]));
}

#define hub_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_due_when_many_events_came),
		cmocka_unit_test(the_first_one_is_due_when_folding_takes_time),
		cmocka_unit_test(a_cut_brings_the_next_one_forward),
		cmocka_unit_test(one_is_due_when_all_was_folded_again),
		cmocka_unit_test(the_one_goes_that_leaves_the_shortest_way),
		cmocka_unit_test(the_first_after_folding_again_is_not_the_one_that_goes),
		cmocka_unit_test(a_long_history_keeps_short_ways),
		cmocka_unit_test(facts_are_believed_only_whole),
		hub_test(a_snapshot_shortens_the_way_and_changes_nothing),
		hub_test(what_came_over_a_gap_is_folded_on),
		hub_test(an_admission_on_the_way_makes_all_be_folded_again),
		hub_test(a_damaged_one_is_passed_over_and_given_up),
		hub_test(what_was_not_finished_goes_with_the_next),
		hub_test(no_more_are_kept_than_are_wanted),
		hub_test(nobody_but_the_owner_reads_them),
		hub_test(two_processes_do_not_make_them_at_once),
		hub_test(none_is_of_use_after_a_repair),
	};

	return cmocka_run_group_tests_name("snapshots", tests, NULL, NULL);
}
