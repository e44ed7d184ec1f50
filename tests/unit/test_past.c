/* The hub as it was: at every offset of a random history it is a hub that was
 * given the journal up to there and nothing else. */
#include "tests/support/check.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "common/files.h"
#include "hub/backups.h"
#include "hub/digest.h"
#include "hub/journal.h"
#include "hub/offset.h"
#include "hub/past.h"
#include "hub/past_base.h"
#include "hub/rows.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/plan_base.h"
#include "tests/support/scratch.h"

enum { DAY = 20406, STEPS = 12, HISTORIES = 2, LANES = 3 };

static struct hub_fixture hub_at;
static struct test_device devices[LANES];
static lane lanes[LANES];
static uint64_t random_state;

static unsigned
pick(unsigned n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (unsigned) (random_state >> 33) % n;
}

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	for (unsigned i = 0; i < LANES; i++) {
		test_device_init(&devices[i], i + 1, i == 1 ? "con-a,con-b" : "con-a");
		lane_init(&lanes[i], &devices[i]);
	}
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

/* What the hub said of itself when its journal had that many entries. */
struct told {
	uint64_t entries;
	uint8_t set[HASH_BYTES], state[HASH_BYTES];
};

static struct told
tell(hub *h, kv_txn *txn)
{
	struct told t = { .entries = journal_size(txn) };

	assert_status(hub_digest(h, txn, t.set, t.state), ST_OK);
	return t;
}

static struct told
tell_past(hub *h, uint64_t entries)
{
	kv_txn *now = NULL, *txn = NULL;
	hub *past = NULL;
	struct told t;

	assert_status(kv_read(hub_store(h), &now), ST_OK);
	assert_status(past_at_offset(h, now, entries, &past), ST_OK);
	kv_abort(&now);
	assert_status(kv_read(hub_store(past), &txn), ST_OK);
	t = tell(past, txn);
	kv_abort(&txn);
	hub_close(&past);
	return t;
}

/* More of a lane, which may begin below what is there. */
static void
send_something(kv_txn *txn)
{
	lane *l = &lanes[pick(LANES)];
	uint64_t first = l->count + 1;

	for (unsigned i = 0; i <= pick(4); i++) {
		struct event e = test_activity(pick(4) ? "con-a" : "con-b", DAY + (date) pick(3));
		struct point at;

		if (l->count > 0 && pick(3) == 0) {
			at = lane_point(l, 1 + pick((unsigned) l->count));
			test_fix(&e, &at, NULL);
		}
		lane_add(l, &e);
	}
	if (first > 1 && pick(3) == 0)
		first--;
	assert_status(lane_give(l, first, l->count, hub_at.hub, txn), ST_OK);
}

static json_t *
next_plan(void)
{
	json_t *root = plan_base();

	plan_base_edit(root, "/version", "4");
	plan_base_edit(root, "/indicators/0/links", "[\"1.1.01\"]");
	return root;
}

/* One step of a hub's life. */
static void
do_something(kv_txn *txn, unsigned step)
{
	unsigned which = step % LANES;

	if (step < LANES)
		test_device_enroll(&devices[which], hub_at.hub, txn,
		                   which == 2 ? ROLE_OFFICE : ROLE_DEVICE);
	else if (step == 6)
		assert_status(registry_revoke_all(txn, devices[0].feed, text_of("stolen"), 7),
		              ST_OK);
	else if (step == 9)
		hub_give_plan(hub_at.hub, txn, next_plan());
	else
		send_something(txn);
}

static void
every_moment_of_a_history_can_be_read_again(void **ctx)
{
	(void) ctx;
	struct told told[STEPS];
	kv_txn *txn = hub_begin(hub_at.hub);

	for (unsigned step = 0; step < STEPS; step++) {
		do_something(txn, step);
		told[step] = tell(hub_at.hub, txn);
	}
	hub_commit(&txn);
	assert_memory_not_equal(told[STEPS - 1].state, told[3].state, HASH_BYTES);
	for (unsigned step = 0; step < STEPS; step++) {
		struct told again = tell_past(hub_at.hub, told[step].entries);

		assert_int_equal(again.entries, told[step].entries);
		assert_memory_equal(again.set, told[step].set, HASH_BYTES);
		assert_memory_equal(again.state, told[step].state, HASH_BYTES);
	}
}

static void
many_histories_can_be_read_again(void **ctx)
{
	for (unsigned i = 0; i < HISTORIES; i++) {
		random_state = 100 + i;
		every_moment_of_a_history_can_be_read_again(ctx);
		teardown(ctx);
		setup(ctx);
	}
}

static void
an_offset_of_another_journal_is_refused(void **ctx)
{
	(void) ctx;
	kv_txn *txn = hub_begin(hub_at.hub);
	char text[OFFSET_TEXT_BYTES];
	struct offset o, parsed;

	assert_status(offset_now(txn, &o), ST_OK);
	offset_text(&o, text);
	assert_status(offset_parse(text, &parsed), ST_OK);
	assert_int_equal(parsed.entries, journal_size(txn));
	assert_status(offset_check(txn, &parsed), ST_OK);
	parsed.hash[0] ^= 1;
	assert_status(offset_check(txn, &parsed), ST_INVALID);
	parsed.has_hash = false;
	assert_status(offset_check(txn, &parsed), ST_OK);
	parsed.entries++;
	assert_status(offset_check(txn, &parsed), ST_NOT_FOUND);
	kv_abort(&txn);
}

static void
what_is_no_offset_is_told(void **ctx)
{
	(void) ctx;
	static const char *const wrong[] = {
		"",          "@",           "@01234567",  "x",  "1@",
		"1@0123456", "1@012345678", "1@0123456g", "-1", "18446744073709551616",
		"1 ",        "1@01234567 ",
	};
	struct offset o = { .entries = 77 };

	for (size_t i = 0; i < LENGTH(wrong); i++)
		assert_status(offset_parse(wrong[i], &o), ST_INVALID);
	assert_int_equal(o.entries, 77);
	assert_status(offset_parse("18446744073709551615", &o), ST_OK);
	assert_true(o.entries == UINT64_MAX && !o.has_hash);
}

static size_t
files_in(const char *path)
{
	DIR *dir = opendir(path);
	size_t count = 0;

	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		count += e->d_name[0] != '.';
	closedir(dir);
	return count;
}

static void
a_hub_as_it_was_leaves_nothing_on_the_disk_while_it_is_open(void **ctx)
{
	(void) ctx;
	const char *was = getenv("TMPDIR");
	char *tmp = scratch_new(), before[PATH_MAX];
	kv_txn *txn = NULL;
	hub *past = NULL;

	snprintf(before, sizeof(before), "%s", was ? was : "");
	setenv("TMPDIR", tmp, 1);
	assert_status(kv_read(hub_store(hub_at.hub), &txn), ST_OK);
	assert_status(past_at_offset(hub_at.hub, txn, 1, &past), ST_OK);
	assert_int_equal(files_in(tmp), 0);
	hub_close(&past);
	assert_status(past_at_offset(hub_at.hub, txn, journal_size(txn) + 1, &past), ST_NOT_FOUND);
	assert_null(past);
	kv_abort(&txn);
	if (*before)
		setenv("TMPDIR", before, 1);
	else
		unsetenv("TMPDIR");
	scratch_remove(&tmp);
}

/* ---- from a backup ---- */

static char *shelf;

/* As `valija-hub backup` leaves it; the history is committed. */
static void
back_up(const char *name)
{
	static const char *const of_init[] = { "bind", "curve.key" };
	const char *dir = scratch_path(shelf, name);
	char path[PATH_MAX];
	kv_txn *txn, *seen = NULL;
	hub *copy = NULL;

	for (size_t i = 0; i < LENGTH(of_init); i++) {
		status st;

		snprintf(path, sizeof(path), "%s/%s", hub_at.home, of_init[i]);
		st = file_create(path, "", 0, 0600);
		assert_true(st == ST_OK || st == ST_EXISTS);
	}
	snprintf(path, sizeof(path), "%s", dir);
	assert_status(hub_backup(hub_at.hub, path), ST_OK);
	assert_status(hub_open(path, &copy), ST_OK);
	assert_status(kv_read(hub_store(copy), &seen), ST_OK);
	txn = hub_begin(hub_at.hub);
	assert_status(backups_note(txn, copy, seen, path, (int64_t) journal_size(seen)), ST_OK);
	hub_commit(&txn);
	kv_abort(&seen);
	hub_close(&copy);
}

/* Whether one was of use for that moment. */
static bool
comes_from_a_copy(const struct told *told)
{
	kv_txn *txn = NULL, *then = NULL;
	hub *past = NULL;
	struct told again;
	status st;

	assert_status(kv_read(hub_store(hub_at.hub), &txn), ST_OK);
	st = past_from_copy(hub_at.hub, txn, told->entries, &past);
	kv_abort(&txn);
	if (st != ST_OK) {
		assert_status(st, ST_NOT_FOUND);
		assert_null(past);
		return false;
	}
	assert_status(kv_read(hub_store(past), &then), ST_OK);
	again = tell(past, then);
	assert_memory_equal(&again, told, sizeof(again));
	kv_abort(&then);
	hub_close(&past);
	return true;
}

/* Another number in a row of it. */
static void
spoil(const char *name)
{
	uint8_t value[64];
	struct kv_walk walk;
	size_t len;
	kv_txn *txn = NULL;
	hub *copy = NULL;

	assert_status(hub_open(scratch_path(shelf, name), &copy), ST_OK);
	assert_status(kv_write(hub_store(copy), 0, &txn), ST_OK);
	assert_true(kv_seek(txn, TABLE_CELLS, (struct bytes) { 0 }, &walk));
	len = walk.value.len;
	assert_true(len <= sizeof(value));
	memcpy(value, walk.value.at, len);
	value[0] ^= 1; /* the quantity */
	assert_status(kv_put(txn, TABLE_CELLS, walk.key, (struct bytes) { value, len }), ST_OK);
	kv_walk_done(&walk);
	assert_status(kv_commit(&txn), ST_OK);
	hub_close(&copy);
}

/* What was read of the past before must come out the same. */
static void
a_backup_shortens_the_way_and_changes_nothing(void **ctx)
{
	(void) ctx;
	struct told told[2 * STEPS];
	size_t used = 0;
	kv_txn *txn;

	shelf = scratch_new();
	random_state = 77;
	for (unsigned step = 0; step < 2 * STEPS; step++) {
		txn = hub_begin(hub_at.hub);
		do_something(txn, step);
		told[step] = tell(hub_at.hub, txn);
		hub_commit(&txn);
		if (step == 4)
			back_up("early");
		if (step == STEPS)
			back_up("late");
	}
	for (unsigned step = 0; step < 2 * STEPS; step++) {
		bool from_backup = comes_from_a_copy(&told[step]);
		struct told again = tell_past(hub_at.hub, told[step].entries);

		assert_memory_equal(&again, &told[step], sizeof(again));
		if (from_backup != (step >= 4))
			fail_msg("step %u %s a backup", step,
			         from_backup ? "uses" : "makes no use of");
		used += from_backup;
	}
	assert_int_equal(used, 2 * STEPS - 4);
	spoil("late");
	assert_true(comes_from_a_copy(&told[STEPS + 1])); /* from early, with acts on the way */
	scratch_remove(&shelf);
	assert_false(comes_from_a_copy(&told[5]));
}

#define past_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		past_test(many_histories_can_be_read_again),
		past_test(a_backup_shortens_the_way_and_changes_nothing),
		past_test(an_offset_of_another_journal_is_refused),
		past_test(what_is_no_offset_is_told),
		past_test(a_hub_as_it_was_leaves_nothing_on_the_disk_while_it_is_open),
	};

	return cmocka_run_group_tests_name("past", tests, NULL, NULL);
}
