#include "tests/support/check.h"

#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files.h"
#include "hub/journal.h"
#include "hub/journal_index.h"
#include "hub/plans.h"
#include "hub/rows.h"
#include "hub/verify.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/plan_base.h"
#include "tests/support/scratch.h"

enum { DAY = 20406 };

static struct hub_fixture hub_at;
static struct test_device alice, office;
static kv_txn *txn;
static lane track, offices;

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	txn = hub_begin(hub_at.hub);
	test_device_init(&alice, 1, "con-a");
	test_device_init(&office, 3, "area-x");
	test_device_enroll(&alice, hub_at.hub, txn, ROLE_DEVICE);
	test_device_enroll(&office, hub_at.hub, txn, ROLE_OFFICE);
	lane_init(&track, &alice);
	lane_init(&offices, &office);
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	lane_done(&track);
	lane_done(&offices);
	kv_abort(&txn);
	hub_fixture_done(&hub_at);
	return 0;
}

static void
record(lane *l, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct event e = test_activity("con-a", DAY);

		lane_add(l, &e);
	}
}

static uint64_t
plan_version_in_force(void)
{
	struct plan_row row;

	assert_status(plans_in_force(txn, &row), ST_OK);
	return row.version;
}

/* ---- homes ---- */

static status
create(const char *dir, const char *plan_text)
{
	static const uint8_t curve[CURVE_BYTES] = { 9 };
	uint8_t public[FEED_BYTES], secret[SIGN_SECRET_BYTES];

	crypto_sign_keypair(public, secret);
	return hub_create(dir, curve, secret, plan_text, strlen(plan_text), 1);
}

static mode_t
mode_of(const char *dir, const char *name)
{
	struct stat info;

	assert_int_equal(stat(scratch_path(dir, name), &info), 0);
	return info.st_mode & 07777;
}

static void
a_home_has_secrets_for_its_owner_only(void **ctx)
{
	(void) ctx;
	uint8_t secret[SIGN_SECRET_BYTES];
	struct hub_key key;
	uint8_t *text;
	size_t len;

	assert_int_equal(mode_of(hub_at.home, "."), 0700);
	assert_int_equal(mode_of(hub_at.home, "sign.key"), 0600);
	assert_int_equal(mode_of(hub_at.home, "hub.pub"), 0644);
	assert_int_equal(mode_of(hub_at.home, "store/data.mdb"), 0600);
	assert_status(hub_secret(hub_at.hub, secret), ST_OK);
	assert_memory_equal(secret + 32, hub_id(hub_at.hub), FEED_BYTES);
	assert_status(file_read(scratch_path(hub_at.home, "hub.pub"), 1000, &text, &len), ST_OK);
	assert_status(hub_key_parse((const char *) text, len, &key), ST_OK);
	assert_memory_equal(key.sign, hub_id(hub_at.hub), FEED_BYTES);
	assert_int_equal(key.curve[0], 7); /* as given */
	free(text);
}

static void
an_empty_folder_becomes_a_home_and_a_full_one_is_left_alone(void **ctx)
{
	(void) ctx;
	json_t *root = plan_base();
	char *dir = scratch_new(), *text = json_dumps(root, 0);
	hub *h = NULL;

	assert_status(hub_open(dir, &h), ST_NOT_FOUND);
	assert_null(h);
	assert_status(create(dir, text), ST_OK);
	assert_status(hub_open(dir, &h), ST_OK);
	hub_close(&h);
	assert_status(create(dir, text), ST_EXISTS);
	assert_status(hub_open(dir, &h), ST_OK);
	hub_close(&h);
	free(text);
	json_decref(root);
	scratch_remove(&dir);
}

static void
what_fails_leaves_nothing_behind(void **ctx)
{
	(void) ctx;
	char *dir = scratch_new(), home[600];
	struct stat info;

	snprintf(home, sizeof(home), "%s/hub", dir);
	assert_status(create(home, "{\"no\": \"plan\"}"), ST_INVALID);
	assert_int_equal(stat(home, &info), -1);
	assert_status(create(dir, "{\"no\": \"plan\"}"), ST_INVALID);
	assert_int_equal(rmdir(dir), 0); /* so it is empty */
	free(dir);
}

static void
a_home_of_another_format_is_told(void **ctx)
{
	(void) ctx;
	static const char *const tables[] = { "meta" };
	const struct kv_config newer = { tables, 1, 1 << 20, 1000, 0600, "test", false, 0 };
	char *dir = scratch_new(), store[600];
	struct hub_key key = { { 1 }, { 2 } };
	char text[HUB_KEY_TEXT_BYTES];
	hub *h = NULL;

	snprintf(store, sizeof(store), "%s/store", dir);
	hub_key_format(&key, text);
	assert_status(file_create(scratch_path(dir, "hub.pub"), text, strlen(text), 0600), ST_OK);
	assert_status(kv_create(store, &newer), ST_OK);
	assert_status(hub_open(dir, &h), ST_VERSION);
	assert_null(h);
	scratch_remove(&dir);
}

static void
what_was_committed_is_there_after_opening_again(void **ctx)
{
	(void) ctx;
	uint8_t id[FEED_BYTES];
	const plan *p;

	memcpy(id, hub_id(hub_at.hub), FEED_BYTES);
	record(&track, 3);
	lane_give_all(&track, 2, hub_at.hub, txn);
	hub_commit(&txn);
	hub_close(&hub_at.hub);
	assert_status(hub_open(hub_at.home, &hub_at.hub), ST_OK);
	assert_memory_equal(hub_id(hub_at.hub), id, FEED_BYTES);
	txn = hub_begin(hub_at.hub);
	assert_int_equal(cell_quantity(txn, "IND-1", "con-a", "US", DAY, "", STATUS_DONE), 3);
	assert_status(hub_plan(hub_at.hub, txn, &p), ST_OK);
	assert_int_equal(plan_version(p), 3);
}

/* As after an upgrade: the rows are those of a program that counted otherwise. */
static void
a_ledger_of_another_program_is_folded_again(void **ctx)
{
	(void) ctx;
	static const char key[] = "ledger";
	const struct bytes format = { (const uint8_t *) key, sizeof(key) - 1 };
	bool renewed = false;

	record(&track, 3);
	lane_give_all(&track, 2, hub_at.hub, txn);
	assert_status(kv_clear(txn, TABLE_CELLS), ST_OK);
	hub_commit(&txn);
	assert_status(hub_renew(hub_at.hub), ST_OK);
	txn = hub_begin(hub_at.hub);
	assert_int_equal(kv_count(txn, TABLE_CELLS), 0); /* it is of this program */
	assert_status(kv_put(txn, TABLE_EXTRAS, format, format), ST_OK);
	assert_status(kv_delete(txn, TABLE_META, format), ST_OK);
	hub_commit(&txn);
	assert_status(hub_is_renewed(hub_at.hub, &renewed), ST_OK);
	assert_false(renewed);
	assert_status(hub_renew(hub_at.hub), ST_OK);
	assert_status(hub_is_renewed(hub_at.hub, &renewed), ST_OK);
	assert_true(renewed);
	txn = hub_begin(hub_at.hub);
	assert_int_equal(kv_count(txn, TABLE_EXTRAS), 0);
	assert_int_equal(cell_quantity(txn, "IND-1", "con-a", "US", DAY, "", STATUS_DONE), 3);
}

/* As an index was before it had the tags of today: of each event the first bytes of its hash. */
static void
make_index_of_before(void)
{
	static const char key[] = "index";
	static uint8_t value[4096];
	uint8_t name[KV_KEY_BYTES_MAX];
	struct kv_walk walk;
	struct bytes row = { name, 0 };

	for (bool more = kv_seek(txn, TABLE_BATCHES, row, &walk); more; more = kv_next(&walk)) {
		uint64_t count = get_u64(walk.value.at);

		memset(value, 0x5a, sizeof(value));
		memcpy(value, walk.value.at, 8 + 2 * HASH_BYTES);
		row.len = walk.key.len;
		memcpy(name, walk.key.at, row.len);
		kv_walk_done(&walk);
		assert_status(kv_put(txn, TABLE_BATCHES, row,
		                     (struct bytes) { value, 8 + 2 * HASH_BYTES + count * 8 }),
		              ST_OK);
		assert_true(kv_seek(txn, TABLE_BATCHES, row, &walk));
	}
	kv_walk_done(&walk);
	assert_status(kv_delete(txn, TABLE_META,
	                        (struct bytes) { (const uint8_t *) key, sizeof(key) - 1 }),
	              ST_OK);
}

static status
no_damage(void *ctx, const struct damage *d)
{
	(void) ctx;
	fail_msg("damage of kind %d at entry %ju", (int) d->kind, (uintmax_t) d->offset);
	return ST_OK;
}

/* What is asked of the index, and of it. */
static void
assert_index_right(void)
{
	const struct verifying how = { .visit = no_damage };
	struct verified v;

	for (uint64_t seq = 1; seq <= track.count; seq++) {
		struct point at = lane_point(&track, seq);

		assert_status(journal_known(txn, alice.feed, &at), ST_OK);
		at.hash[0] ^= 1;
		assert_status(journal_known(txn, alice.feed, &at), ST_NOT_FOUND);
	}
	assert_status(hub_verify(hub_at.hub, txn, &how, true, &v), ST_OK);
	assert_true(v.compared);
}

/* As after an upgrade: right as it is, also where more comes before it is made anew. */
static void
an_index_of_another_version_is_read_and_made_anew(void **ctx)
{
	(void) ctx;
	record(&track, 9);
	lane_give_all(&track, 3, hub_at.hub, txn);
	make_index_of_before();
	assert_false(tags_begun(txn));
	assert_index_right();
	record(&track, 3);
	assert_status(lane_give(&track, 10, 12, hub_at.hub, txn), ST_OK);
	assert_index_right();
	hub_commit(&txn);
	assert_status(hub_renew(hub_at.hub), ST_OK);
	txn = hub_begin(hub_at.hub);
	assert_true(tags_begun(txn));
	assert_index_right();
}

/* ---- batches ---- */

static status
take_bytes(struct bytes frame)
{
	struct batch b;
	status st = batch_open(frame.at, frame.len, &b);

	return st == ST_OK ? hub_take(hub_at.hub, txn, &b, 1) : st;
}

static void
a_feed_that_is_not_enrolled_is_denied(void **ctx)
{
	(void) ctx;
	struct test_device stranger;
	lane l;

	test_device_init(&stranger, 99, "con-a");
	lane_init(&l, &stranger);
	record(&l, 1);
	assert_status(lane_give(&l, 1, 1, hub_at.hub, txn), ST_DENIED);
	lane_done(&l);
}

/* One event: too little to pack, or some bits of the packing could change with
 * nothing in it. */
static void
a_batch_changed_anywhere_is_refused_and_stores_nothing(void **ctx)
{
	(void) ctx;
	uint64_t size = journal_size(txn);
	struct batch b;
	writer w;
	uint8_t *frame;
	size_t len;

	record(&track, 1);
	writer_init(&w);
	lane_seal(&track, 1, 1, &w);
	len = writer_bytes(&w).len;
	assert_status(batch_open(writer_bytes(&w).at, len, &b), ST_OK);
	assert_int_equal(b.packed, 0);
	frame = malloc(len);
	for (size_t i = 0; i < len; i++) {
		status st;

		memcpy(frame, writer_bytes(&w).at, len);
		frame[i] ^= 1;
		st = take_bytes((struct bytes) { frame, len });
		if (st != ST_DENIED && st != ST_CHAIN && st != ST_MALFORMED && st != ST_LIMIT)
			fail_msg("byte %zu changed: %s", i, status_text(st));
	}
	assert_int_equal(journal_size(txn), size);
	assert_status(take_bytes(writer_bytes(&w)), ST_OK); /* and all is well after */
	free(frame);
	writer_done(&w);
}

static void
repeats_gaps_and_overlaps_leave_the_transaction_usable(void **ctx)
{
	(void) ctx;
	record(&track, 10);
	assert_status(lane_give(&track, 3, 4, hub_at.hub, txn), ST_UNKNOWN);
	assert_status(lane_give(&track, 1, 4, hub_at.hub, txn), ST_OK);
	assert_status(lane_give(&track, 1, 4, hub_at.hub, txn), ST_EXISTS);
	assert_status(lane_give(&track, 2, 3, hub_at.hub, txn), ST_EXISTS);
	assert_status(lane_give(&track, 6, 7, hub_at.hub, txn), ST_UNKNOWN);
	assert_status(lane_give(&track, 2, 8, hub_at.hub, txn), ST_OK);
	assert_int_equal(cell_quantity(txn, "IND-1", "con-a", "US", DAY, "", STATUS_DONE), 8);
	hub_commit(&txn);
}

/* A result that is the device's fault would be committed, and acknowledged or
 * refused for good. */
static void
damage_of_the_store_is_no_fault_of_a_batch(void **ctx)
{
	(void) ctx;
	static const uint8_t first_entry[8] = { 0 }, junk[] = { 1, 2, 3 };
	uint8_t key[ROW_KEY_MAX];
	struct kv_walk walk;
	size_t len;

	record(&track, 3);
	assert_status(lane_give(&track, 1, 1, hub_at.hub, txn), ST_OK);
	hub_commit(&txn);

	txn = hub_begin(hub_at.hub);
	assert_true(kv_seek(txn, TABLE_CELLS, (struct bytes) { 0 }, &walk));
	len = walk.key.len;
	memcpy(key, walk.key.at, len);
	kv_walk_done(&walk);
	assert_status(kv_put(txn, TABLE_CELLS, (struct bytes) { key, len },
	                     (struct bytes) { junk, sizeof(junk) }),
	              ST_OK);
	assert_status(lane_give(&track, 2, 2, hub_at.hub, txn), ST_IO);
	kv_abort(&txn);

	txn = hub_begin(hub_at.hub);
	assert_status(
		kv_delete(txn, TABLE_JOURNAL, (struct bytes) { first_entry, sizeof(first_entry) }),
		ST_OK);
	assert_status(lane_give(&track, 2, 2, hub_at.hub, txn), ST_IO);
	kv_abort(&txn);

	txn = hub_begin(hub_at.hub);
	assert_status(lane_give(&track, 2, 3, hub_at.hub, txn), ST_OK);
}

static void
a_clone_counts_once_for_what_both_share(void **ctx)
{
	(void) ctx;
	lane clone;

	record(&track, 6);
	lane_fork(&clone, &track, 4);
	record(&clone, 5);
	lane_give_all(&track, 6, hub_at.hub, txn);
	assert_status(lane_give(&clone, 1, 9, hub_at.hub, txn), ST_OK);
	assert_int_equal(cell_quantity(txn, "IND-1", "con-a", "US", DAY, "", STATUS_DONE), 11);
	lane_done(&clone);
}

/* ---- plans ---- */

/* The base with another version, and a mode more. */
static json_t *
plan_with_mode(int version, const char *code)
{
	json_t *root = plan_base();
	char mode[100];

	snprintf(mode, sizeof(mode), "{\"code\": \"%s\", \"name\": \"N\"}", code);
	json_object_set_new(root, "version", json_integer(version));
	plan_base_edit(root, "/modes/-", mode);
	return root;
}

static status
publish(json_t *root)
{
	char *text = json_dumps(root, 0);
	status st = hub_publish_plan(hub_at.hub, txn, text, strlen(text), 1);

	free(text);
	json_decref(root);
	return st;
}

static void
a_new_plan_judges_all_events_again(void **ctx)
{
	(void) ctx;
	struct event e = test_activity("con-a", DAY);
	struct point at;

	test_mode(&e, "fija");
	at = lane_add(&track, &e);
	lane_give_all(&track, 1, hub_at.hub, txn);
	assert_int_equal(held_reason(txn, alice.feed, &at), HOLD_MODE);
	assert_status(publish(plan_with_mode(4, "fija")), ST_OK);
	assert_int_equal(plan_version_in_force(), 4);
	assert_int_equal(held_reason(txn, alice.feed, &at), HOLD_NONE);
	assert_int_equal(cell_quantity(txn, "IND-1", "con-a", "US", DAY, "fija", STATUS_DONE), 1);
	/* counted ones too */
	assert_status(publish(plan_with_mode(5, "otra")), ST_OK);
	assert_int_equal(held_reason(txn, alice.feed, &at), HOLD_MODE);
	assert_int_equal(cell_quantity(txn, "IND-1", "con-a", "US", DAY, "fija", STATUS_DONE), 0);
}

static void
only_the_next_version_is_published(void **ctx)
{
	(void) ctx;
	uint64_t size = journal_size(txn);

	assert_status(publish(plan_base()), ST_EXISTS);
	assert_status(publish(plan_with_mode(3, "x")), ST_INVALID);
	assert_status(publish(plan_with_mode(5, "x")), ST_INVALID);
	assert_int_equal(journal_size(txn), size);
	assert_status(publish(plan_with_mode(4, "x")), ST_OK);
	assert_status(publish(plan_with_mode(4, "x")), ST_EXISTS);
}

struct bodies {
	lane *lane;
};

static status
add_body(void *ctx, struct bytes body)
{
	lane_add_body(((struct bodies *) ctx)->lane, body);
	return ST_OK;
}

static void
record_plan(lane *l, json_t *root, unsigned version)
{
	struct bodies to = { l };
	char *text = json_dumps(root, 0);

	assert_status(plans_cut(text, strlen(text), version, 1, add_body, &to), ST_OK);
	free(text);
	json_decref(root);
}

static void
an_office_device_publishes_a_plan_and_no_other_device_can(void **ctx)
{
	(void) ctx;
	struct point at;

	record_plan(&track, plan_with_mode(9, "x"), 9);
	lane_give_all(&track, 10, hub_at.hub, txn);
	at = lane_point(&track, 1);
	assert_int_equal(plan_version_in_force(), 3);
	assert_int_equal(held_reason(txn, alice.feed, &at), HOLD_RIGHT);

	record_plan(&offices, plan_with_mode(4, "x"), 4);
	lane_give_all(&offices, 10, hub_at.hub, txn);
	at = lane_point(&offices, 1);
	assert_int_equal(plan_version_in_force(), 4);
	assert_int_equal(held_reason(txn, office.feed, &at), HOLD_NONE);
}

static void
a_device_that_becomes_the_offices_publishes_what_it_sent_before(void **ctx)
{
	(void) ctx;
	record_plan(&track, plan_with_mode(9, "x"), 9);
	lane_give_all(&track, 10, hub_at.hub, txn);
	test_device_enroll(&alice, hub_at.hub, txn, ROLE_OFFICE);
	assert_int_equal(plan_version_in_force(), 9);
	assert_int_equal(kv_count(txn, TABLE_HELD), 0);
}

static void
note_progress(void *ctx, uint64_t done, uint64_t total)
{
	uint64_t *last = ctx;

	assert_true(done >= *last);
	assert_true(done <= total);
	*last = done;
}

static void
folding_again_tells_how_far_it_has_come(void **ctx)
{
	(void) ctx;
	uint64_t last = 0;

	record(&track, 5);
	lane_give_all(&track, 1, hub_at.hub, txn);
	hub_watch(hub_at.hub, note_progress, &last);
	assert_status(hub_refold(hub_at.hub, txn), ST_OK);
	assert_int_equal(last, journal_size(txn));
	assert_int_equal(cell_quantity(txn, "IND-1", "con-a", "US", DAY, "", STATUS_DONE), 5);
}

static void
a_touch_is_seen_beside_the_store(void **ctx)
{
	(void) ctx;
	struct stat info;

	hub_touch(hub_at.hub);
	assert_int_equal(stat(scratch_path(hub_at.home, "changed"), &info), 0);
}

#define hub_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		hub_test(a_home_has_secrets_for_its_owner_only),
		cmocka_unit_test(an_empty_folder_becomes_a_home_and_a_full_one_is_left_alone),
		cmocka_unit_test(what_fails_leaves_nothing_behind),
		cmocka_unit_test(a_home_of_another_format_is_told),
		hub_test(what_was_committed_is_there_after_opening_again),
		hub_test(a_ledger_of_another_program_is_folded_again),
		hub_test(an_index_of_another_version_is_read_and_made_anew),
		hub_test(a_feed_that_is_not_enrolled_is_denied),
		hub_test(a_batch_changed_anywhere_is_refused_and_stores_nothing),
		hub_test(repeats_gaps_and_overlaps_leave_the_transaction_usable),
		hub_test(damage_of_the_store_is_no_fault_of_a_batch),
		hub_test(a_clone_counts_once_for_what_both_share),
		hub_test(a_new_plan_judges_all_events_again),
		hub_test(only_the_next_version_is_published),
		hub_test(an_office_device_publishes_a_plan_and_no_other_device_can),
		hub_test(a_device_that_becomes_the_offices_publishes_what_it_sent_before),
		hub_test(folding_again_tells_how_far_it_has_come),
		hub_test(a_touch_is_seen_beside_the_store),
	};

	return cmocka_run_group_tests_name("hub", tests, NULL, NULL);
}
