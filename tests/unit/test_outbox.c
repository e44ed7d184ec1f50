#include "tests/support/check.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include "agent/outbox.h"
#include "agent/plan_table.h"
#include "common/files.h"
#include "protocol/chain.h"
#include "protocol/event.h"
#include "tests/support/scratch.h"

/* Linked with --wrap=mdb_txn_commit and --wrap=statvfs. */
static int commits_fail_with; /* 0: the real commit */
static int commits_to_fail;
static uint64_t disk_bytes; /* free; 0: what the disk says */

int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);
int __real_statvfs(const char *path, struct statvfs *out);
int __wrap_statvfs(const char *path, struct statvfs *out);

int
__wrap_mdb_txn_commit(MDB_txn *txn)
{
	if (commits_to_fail == 0)
		return __real_mdb_txn_commit(txn);
	commits_to_fail--;
	mdb_txn_abort(txn);
	return commits_fail_with;
}

int
__wrap_statvfs(const char *path, struct statvfs *out)
{
	int rc = __real_statvfs(path, out);

	if (rc == 0 && disk_bytes > 0)
		out->f_bavail = disk_bytes / out->f_frsize;
	return rc;
}

struct fixture {
	char *scratch;
	char home[512];
	uint8_t secret[SIGN_SECRET_BYTES];
	struct outbox_device device;
	outbox *box;
	writer w;
};

static int
setup(void **ctx)
{
	static struct fixture fx;

	commits_to_fail = 0;
	disk_bytes = 0;
	fx = (struct fixture) { .scratch = scratch_new() };
	writer_init(&fx.w);
	snprintf(fx.home, sizeof(fx.home), "%s", scratch_path(fx.scratch, "home"));
	crypto_sign_keypair(fx.device.feed, fx.secret);
	memset(fx.device.hub, 9, FEED_BYTES);
	snprintf(fx.device.hubs, sizeof(fx.device.hubs), "tcp://a:1,tcp://b:2");
	fx.device.units = (struct codes) { 2, { text_of("con-houston"), text_of("con-miami") } };
	assert_int_equal(mkdir(fx.home, 0700), 0);
	assert_status(outbox_create(fx.home, &fx.device), ST_OK);
	assert_status(outbox_open(fx.home, &fx.box), ST_OK);
	*ctx = &fx;
	return 0;
}

static int
teardown(void **ctx)
{
	struct fixture *fx = *ctx;

	outbox_close(&fx->box);
	writer_done(&fx->w);
	scratch_remove(&fx->scratch);
	return 0;
}

static void
reopen(struct fixture *fx)
{
	outbox_close(&fx->box);
	assert_status(outbox_open(fx->home, &fx->box), ST_OK);
}

/* An activity; valid until the next call. */
static struct bytes
activity(struct fixture *fx, int64_t at_ms, const char *note, const struct fix *fix)
{
	struct event e = {
		.kind = KIND_ACTIVITY,
		.unit = text_of("con-houston"),
		.indicator = text_of("IND-1"),
		.date = 20000,
		.quantity = 1,
		.at_ms = at_ms,
		.note = text_of(note),
		.has = EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_DATE) |
			EVENT_BIT(EVENT_QUANTITY) | EVENT_BIT(EVENT_NOTE),
	};
	event_field fault;

	if (fix) {
		e.fixes = (struct fixes) { 1, { *fix } };
		e.why = text_of("miscounted");
		e.has |= EVENT_BIT(EVENT_FIXES) | EVENT_BIT(EVENT_WHY);
	}
	assert_status(event_encode(&e, &fx->w, &fault), ST_OK);
	return writer_bytes(&fx->w);
}

static uint64_t
append(struct fixture *fx, int64_t at_ms, const char *note)
{
	struct outbox_item item = { .body = activity(fx, at_ms, note, NULL) };

	assert_status(outbox_append(fx->box, &item, 1, 0), ST_OK);
	assert_false(item.ret_known);
	return item.ret_seq;
}

/* The event of that number; its texts hold until the next call. */
static struct event
event_at(struct fixture *fx, uint64_t seq, struct point *ret_at)
{
	static uint8_t body[EVENT_BYTES_MAX];
	struct event e;
	size_t len;

	assert_status(outbox_read(fx->box, seq, body, &len, ret_at), ST_OK);
	assert_int_equal(event_decode((struct bytes) { body, len }, &e), HOLD_NONE);
	return e;
}

static uint64_t
tip_seq(struct fixture *fx)
{
	struct point tip = { 0 };

	assert_status(outbox_tip(fx->box, &tip), ST_OK);
	return tip.seq;
}

static void
device_is_as_it_was_made(void **ctx)
{
	struct fixture *fx = *ctx;
	const struct outbox_device *d = outbox_device(fx->box);

	assert_memory_equal(d->feed, fx->device.feed, FEED_BYTES);
	assert_memory_equal(d->hub, fx->device.hub, FEED_BYTES);
	assert_string_equal(d->hubs, fx->device.hubs);
	assert_int_equal(d->units.count, 2);
	assert_true(text_is(d->units.list[0], "con-houston"));
	assert_true(text_is(d->units.list[1], "con-miami"));
	assert_string_equal(outbox_home(fx->box), fx->home);
	assert_status(outbox_create(fx->home, &fx->device), ST_EXISTS);
}

static void
home_that_is_not_there_is_not_made(void **ctx)
{
	struct fixture *fx = *ctx;
	outbox *box = NULL;

	assert_status(outbox_open(scratch_path(fx->scratch, "nowhere"), &box), ST_NOT_FOUND);
	assert_null(box);
	assert_int_equal(access(scratch_path(fx->scratch, "nowhere"), F_OK), -1);
}

static void
empty_feed_ends_at_its_beginning(void **ctx)
{
	struct fixture *fx = *ctx;
	struct point tip, start;
	uint8_t hash[HASH_BYTES];

	chain_start(fx->device.feed, &start);
	assert_status(outbox_tip(fx->box, &tip), ST_OK);
	assert_true(point_equal(&tip, &start));
	assert_status(outbox_hash_at(fx->box, 0, hash), ST_OK);
	assert_memory_equal(hash, start.hash, HASH_BYTES);
	assert_status(outbox_hash_at(fx->box, 1, hash), ST_NOT_FOUND);
}

/* All events up to that one, which is the last. */
static void
assert_chained(struct fixture *fx, uint64_t last)
{
	struct point at, tip, chain;
	uint8_t hash[HASH_BYTES], body[EVENT_BYTES_MAX];
	size_t len;

	chain_start(fx->device.feed, &chain);
	for (uint64_t seq = 1; seq <= last; seq++) {
		assert_status(outbox_read(fx->box, seq, body, &len, &at), ST_OK);
		hash_bytes(body, len, hash);
		chain_step(fx->device.feed, &chain, hash);
		assert_true(point_equal(&at, &chain));
	}
	assert_status(outbox_tip(fx->box, &tip), ST_OK);
	assert_true(point_equal(&tip, &chain));
	assert_status(outbox_hash_at(fx->box, last, hash), ST_OK);
	assert_memory_equal(hash, chain.hash, HASH_BYTES);
}

static void
appended_events_survive_and_are_chained(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t body[EVENT_BYTES_MAX];
	struct point at;
	size_t len;

	assert_int_equal(append(fx, 100, "one"), 1);
	assert_int_equal(append(fx, 200, "two"), 2);
	reopen(fx);
	assert_chained(fx, 2);
	assert_status(outbox_read(fx->box, 3, body, &len, &at), ST_NOT_FOUND);
	assert_int_equal(append(fx, 300, "three"), 3);
}

static struct bytes
name(const char *z)
{
	return (struct bytes) { (const uint8_t *) z, strlen(z) };
}

/* Where the feed ends was a fact beside the others once. */
static void
home_of_before_goes_on_where_it_ends(void **ctx)
{
	struct fixture *fx = *ctx;
	struct bytes tip;
	kv_txn *txn = NULL;

	append(fx, 100, "one");
	append(fx, 200, "two");
	assert_status(kv_write(outbox_store(fx->box), 0, &txn), ST_OK);
	assert_status(kv_get(txn, OUTBOX_ROOT, name("valija tip"), &tip), ST_OK);
	assert_status(kv_put(txn, OUTBOX_META, name("tip"), tip), ST_OK);
	assert_status(kv_delete(txn, OUTBOX_ROOT, name("valija tip")), ST_OK);
	assert_status(kv_commit(&txn), ST_OK);
	reopen(fx);
	assert_int_equal(tip_seq(fx), 2);
	assert_int_equal(append(fx, 300, "three"), 3);
	reopen(fx);
	assert_int_equal(tip_seq(fx), 3);
	assert_status(kv_read(outbox_store(fx->box), &txn), ST_OK);
	assert_status(kv_get(txn, OUTBOX_META, name("tip"), &tip), ST_NOT_FOUND);
	kv_abort(&txn);
}

static void
several_items_are_one_commit(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t bodies[3][256];
	struct outbox_item items[3] = { 0 };
	uint64_t version = kv_version(outbox_store(fx->box));

	for (size_t i = 0; i < 3; i++) {
		struct bytes b = activity(fx, 100, (const char[]) { (char) ('a' + i), 0 }, NULL);

		memcpy(bodies[i], b.at, b.len);
		items[i].body = (struct bytes) { bodies[i], b.len };
	}
	assert_status(outbox_append(fx->box, items, 3, 0), ST_OK);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(items[i].ret_seq, i + 1);
	assert_int_equal(kv_version(outbox_store(fx->box)), version + 1);
	items[1].body.len--; /* no event any more */
	assert_status(outbox_append(fx->box, items, 3, 0), ST_INVALID);
	assert_int_equal(tip_seq(fx), 3);
}

static void
failed_commit_stores_nothing(void **ctx)
{
	struct fixture *fx = *ctx;
	struct outbox_item item = { .body = activity(fx, 100, "one", NULL) };

	commits_fail_with = EIO;
	commits_to_fail = 1;
	assert_status(outbox_append(fx->box, &item, 1, 0), ST_IO);
	assert_int_equal(tip_seq(fx), 0);
	assert_status(outbox_append(fx->box, &item, 1, 0), ST_OK);
	assert_int_equal(item.ret_seq, 1);
}

static void
same_key_is_stored_once(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t key[HASH_BYTES] = "key", other[HASH_BYTES] = "other";
	struct outbox_item item = { .body = activity(fx, 100, "one", NULL), .key = key };
	uint64_t version, seq = 77;

	assert_status(outbox_find_key(fx->box, key, &seq), ST_NOT_FOUND);
	assert_int_equal(seq, 77);
	assert_status(outbox_append(fx->box, &item, 1, 0), ST_OK);
	append(fx, 200, "two");
	item.body = activity(fx, 300, "said again", NULL);
	version = kv_version(outbox_store(fx->box));
	assert_status(outbox_append(fx->box, &item, 1, 0), ST_OK);
	assert_true(item.ret_known);
	assert_int_equal(item.ret_seq, 1);
	assert_int_equal(kv_version(outbox_store(fx->box)), version); /* nothing to wait for */
	assert_status(outbox_find_key(fx->box, key, &seq), ST_OK);
	assert_int_equal(seq, 1);
	item.key = other;
	assert_status(outbox_append(fx->box, &item, 1, 0), ST_OK);
	assert_int_equal(item.ret_seq, 3);
}

static void
new_key_that_is_there_stores_nothing(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t key[HASH_BYTES] = "key", other[HASH_BYTES] = "other";
	struct outbox_item items[2] = { { .key = other, .is_new = true },
		                        { .key = key, .is_new = true } };
	struct point tip;

	items[0].body = items[1].body = activity(fx, 100, "one", NULL);
	assert_status(outbox_append(fx->box, &items[1], 1, 0), ST_OK);
	assert_false(items[1].ret_known);
	assert_status(outbox_append(fx->box, items, 2, 0), ST_EXISTS);
	assert_status(outbox_tip(fx->box, &tip), ST_OK);
	assert_int_equal(tip.seq, 1);
}

static void
same_key_twice_in_a_commit_is_stored_once(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t key[HASH_BYTES] = "key";
	struct bytes body = activity(fx, 100, "one", NULL);
	struct outbox_item items[2] = { { .body = body, .key = key },
		                        { .body = body, .key = key } };

	assert_status(outbox_append(fx->box, items, 2, 0), ST_OK);
	assert_int_equal(items[1].ret_seq, 1);
	assert_true(items[1].ret_known);
	assert_int_equal(tip_seq(fx), 1);
}

static bool
has_random(struct fixture *fx, uint64_t seq)
{
	struct point at;

	return event_at(fx, seq, &at).has & EVENT_BIT(EVENT_RANDOM);
}

static void
clock_that_stands_still_gets_random_bytes(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t first[RANDOM_BYTES];
	struct outbox_item items[2] = { 0 };
	uint8_t body[256];
	struct bytes b;
	struct point at;

	append(fx, 1000, "one"); /* ahead of nothing */
	append(fx, 1001, "two");
	append(fx, 1001, "stands still");
	append(fx, 500, "went back");
	append(fx, 600, "ahead of the last again");
	assert_false(has_random(fx, 1));
	assert_false(has_random(fx, 2));
	assert_true(has_random(fx, 3));
	memcpy(first, event_at(fx, 3, &at).random, RANDOM_BYTES);
	assert_true(has_random(fx, 4));
	assert_memory_not_equal(first, event_at(fx, 4, &at).random, RANDOM_BYTES);
	assert_false(has_random(fx, 5));
	assert_true(text_is(event_at(fx, 4, &at).note, "went back"));

	b = activity(fx, 600, "first of a commit", NULL);
	memcpy(body, b.at, b.len);
	items[0].body = (struct bytes) { body, b.len };
	items[1].body = activity(fx, 600, "second of a commit", NULL);
	assert_status(outbox_append(fx->box, items, 2, 0), ST_OK);
	assert_true(has_random(fx, 6));
	assert_false(has_random(fx, 7));
}

static struct fix
fix_of(struct fixture *fx, uint64_t seq)
{
	static uint8_t hashes[4][HASH_BYTES];
	uint8_t *hash = hashes[seq % 4];

	assert_status(outbox_hash_at(fx->box, seq, hash), ST_OK);
	return (struct fix) { .seq = seq, .hash = hash };
}

static status
correct(struct fixture *fx, const struct fix *fix, uint64_t *ret_seq)
{
	struct outbox_item item = { .body = activity(fx, 2000, "corrected", fix) };
	status st = outbox_append(fx->box, &item, 1, 0);

	if (st == ST_OK)
		*ret_seq = item.ret_seq;
	return st;
}

/* Of those only the first is looked into: the others come with what it would show.  They are
 * hashed already, but the first one becomes another. */
static void
plain_ones_end_where_their_clock_stood(void **ctx)
{
	struct fixture *fx = *ctx;
	struct outbox_item items[2] = { 0 };
	uint8_t bodies[2][256], hashes[2][HASH_BYTES];

	append(fx, 300, "before");
	for (size_t i = 0; i < 2; i++) {
		int64_t at_ms = i == 0 ? 300 : 305;
		struct bytes b = activity(fx, at_ms, "one of many", NULL);

		memcpy(bodies[i], b.at, b.len);
		hash_bytes(b.at, b.len, hashes[i]);
		items[i] = (struct outbox_item) { .body = { bodies[i], b.len },
			                          .hash = hashes[i],
			                          .is_plain = true,
			                          .at_ms = at_ms };
	}
	assert_status(outbox_append(fx->box, items, 2, 0), ST_OK);
	assert_true(has_random(fx, 2));
	assert_false(has_random(fx, 3));
	append(fx, 305, "after");
	append(fx, 306, "later");
	assert_true(has_random(fx, 4));
	assert_false(has_random(fx, 5));
	assert_chained(fx, 5);
}

static void
corrections_stand_in_one_line(void **ctx)
{
	struct fixture *fx = *ctx;
	struct fix first, second;
	uint64_t seq = 0, head = 77;

	append(fx, 1000, "one");
	append(fx, 1001, "two");
	first = fix_of(fx, 1);
	assert_status(outbox_head(fx->box, 1, &head), ST_OK);
	assert_int_equal(head, 1);
	assert_status(outbox_replaced_by(fx->box, 1, &head), ST_NOT_FOUND);

	assert_status(correct(fx, &first, &seq), ST_OK);
	assert_int_equal(seq, 3);
	assert_status(correct(fx, &first, &seq), ST_EXISTS); /* prepared against an old head */
	assert_int_equal(tip_seq(fx), 3);
	second = fix_of(fx, 3);
	assert_status(correct(fx, &second, &seq), ST_OK);
	assert_int_equal(seq, 4);
	for (uint64_t version = 1; version <= 4; version++) {
		if (version == 2)
			continue;
		assert_status(outbox_head(fx->box, version, &head), ST_OK);
		assert_int_equal(head, 4);
	}
	assert_status(outbox_replaced_by(fx->box, 1, &head), ST_OK);
	assert_int_equal(head, 3);
	assert_status(outbox_head(fx->box, 2, &head), ST_OK);
	assert_int_equal(head, 2);
	assert_status(outbox_head(fx->box, 5, &head), ST_NOT_FOUND);
}

static void
correction_of_what_is_not_there_is_refused(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t wrong[HASH_BYTES] = { 0 }, stranger[FEED_BYTES] = { 1 };
	struct fix fix = { .seq = 1, .hash = wrong };
	uint64_t seq = 0;

	append(fx, 1000, "one");
	assert_status(correct(fx, &fix, &seq), ST_INVALID);
	fix.seq = 2;
	assert_status(correct(fx, &fix, &seq), ST_INVALID);
	fix.feed = stranger; /* another device's is not known here */
	assert_status(correct(fx, &fix, &seq), ST_OK);
}

static void
full_disk_refuses_events_and_takes_acknowledgements(void **ctx)
{
	struct fixture *fx = *ctx;
	struct outbox_item item = { .body = activity(fx, 100, "one", NULL) };
	struct outbox_hub facts = { .boot = 5 }, got = { 0 };
	uint8_t key[HASH_BYTES] = "key", body[EVENT_BYTES_MAX];
	struct point at;
	size_t len;

	item.key = key;
	assert_status(outbox_append(fx->box, &item, 1, 0), ST_OK);
	disk_bytes = OUTBOX_DISK_BYTES - (1 << 16);
	assert_status(outbox_append(fx->box, &item, 1, 0), ST_OK); /* known already */
	item.key = NULL;
	assert_status(outbox_append(fx->box, &item, 1, 0), ST_FULL);
	assert_int_equal(tip_seq(fx), 1);
	assert_status(outbox_read(fx->box, 1, body, &len, &at), ST_OK);
	assert_status(outbox_put_hub(fx->box, fx->device.hub, &facts, 0), ST_OK);
	assert_status(outbox_hub(fx->box, fx->device.hub, &got), ST_OK);
	assert_int_equal(got.boot, 5);
	disk_bytes = OUTBOX_DISK_BYTES + (1 << 16);
	assert_status(outbox_append(fx->box, &item, 1, 0), ST_OK);
}

static void
ballast_is_given_up_for_an_acknowledgement(void **ctx)
{
	struct fixture *fx = *ctx;
	const char *ballast = scratch_path(fx->home, "outbox/ballast");
	struct outbox_hub facts = { .boot = 5 }, got = { 0 };
	struct stat info;

	assert_int_equal(stat(ballast, &info), 0);
	assert_true(info.st_blocks * 512 >= 1 << 20);
	commits_fail_with = ENOSPC;
	commits_to_fail = 1;
	assert_status(outbox_put_hub(fx->box, fx->device.hub, &facts, 0), ST_OK);
	assert_int_equal(stat(ballast, &info), -1);
	assert_status(outbox_hub(fx->box, fx->device.hub, &got), ST_OK);
	assert_int_equal(got.boot, 5);
	commits_to_fail = 1;
	assert_status(outbox_put_hub(fx->box, fx->device.hub, &facts, 0), ST_FULL);
	append(fx, 100, "makes it again");
	assert_int_equal(stat(ballast, &info), 0);
}

static void
what_each_hub_told_is_kept_apart(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t other[FEED_BYTES] = { 3 };
	struct outbox_hub got,
		facts = {
			.acked.seq = 4,
			.boot = UINT64_MAX,
			.registry = 6,
			.beyond = 7,
			.onward = 6,
			.last_contact_ms = 1700000000000,
			.skew_ms = -5000,
			.plan = 9,
			.standing = 9,
			.standing_boot = 9,
		};

	memset(facts.acked.hash, 1, HASH_BYTES);
	assert_status(outbox_hub(fx->box, fx->device.hub, &got), ST_OK);
	assert_int_equal(got.last_contact_ms, 0);
	assert_status(outbox_put_hub(fx->box, fx->device.hub, &facts, 0), ST_OK);
	reopen(fx);
	assert_status(outbox_hub(fx->box, fx->device.hub, &got), ST_OK);
	assert_true(point_equal(&got.acked, &facts.acked));
	assert_true(got.boot == UINT64_MAX);
	assert_int_equal(got.registry, 6);
	assert_int_equal(got.beyond, 7);
	assert_int_equal(got.onward, 6);
	assert_true(got.last_contact_ms == 1700000000000);
	assert_int_equal(got.skew_ms, -5000);
	assert_int_equal(got.plan, 0); /* no plan is held */
	assert_int_equal(got.standing, 0);
	assert_status(outbox_hub(fx->box, other, &got), ST_OK);
	assert_int_equal(got.acked.seq, 0);
}

static struct bytes
pack(const void *bytes, size_t len)
{
	static uint8_t packed[1 << 20];

	return (struct bytes) { packed, ZSTD_compress(packed, sizeof(packed), bytes, len, 3) };
}

static uint64_t
plan_held(struct fixture *fx)
{
	struct outbox_hub got;

	assert_status(outbox_hub(fx->box, fx->device.hub, &got), ST_OK);
	return got.plan;
}

static void
plan_is_parsed_once_into_rows(void **ctx)
{
	struct fixture *fx = *ctx;
	struct plan_attributes a;
	plan_table *table;
	kv_txn *txn = NULL;
	uint8_t *json;
	size_t len;

	assert_status(file_read(SOURCE_ROOT "/hub/plan/pei-2023-2026.json", 4 << 20, &json, &len),
	              ST_OK);
	assert_status(outbox_put_plan(fx->box, 2, pack(json, len), 0), ST_INVALID);
	assert_status(outbox_put_plan(fx->box, 1, pack(json, len / 2), 0), ST_INVALID);
	assert_status(outbox_put_plan(fx->box, 1, (struct bytes) { json, len }, 0), ST_INVALID);
	assert_int_equal(plan_held(fx), 0);
	assert_status(outbox_put_plan(fx->box, 1, pack(json, len), 0), ST_OK);
	assert_int_equal(plan_held(fx), 1);
	free(json);
	assert_status(kv_read(outbox_store(fx->box), &txn), ST_OK);
	table = plan_table_open(txn, OUTBOX_PLAN);
	assert_non_null(table);
	assert_status(plan_table_find(table, ROW_INDICATOR, text_of("IND-1"), &a), ST_OK);
	plan_table_close(&table);
	kv_abort(&txn);
}

/* Rows as an older program left them: no "rows" in the head, and nothing else. */
static void
an_older_programs_look_up_table_is_made_anew(void **ctx)
{
	static const uint8_t key[] = { 0 };
	struct fixture *fx = *ctx;
	struct plan_attributes a;
	uint8_t *json;
	size_t len;
	kv_txn *txn = NULL;
	plan_table *table;
	writer w;

	assert_status(outbox_renew_plan(fx->box, 0), ST_OK); /* no plan, nothing to do */
	assert_status(file_read(SOURCE_ROOT "/hub/plan/pei-2023-2026.json", 4 << 20, &json, &len),
	              ST_OK);
	assert_status(outbox_put_plan(fx->box, 1, pack(json, len), 0), ST_OK);
	free(json);
	writer_init(&w);
	writer_map(&w, 4);
	writer_text(&w, text_of("code"));
	writer_text(&w, text_of("PEI-2023-2026"));
	writer_text(&w, text_of("from"));
	writer_int(&w, 19358);
	writer_text(&w, text_of("to"));
	writer_int(&w, 20818);
	writer_text(&w, text_of("version"));
	writer_int(&w, 1);
	assert_status(kv_write(outbox_store(fx->box), 0, &txn), ST_OK);
	assert_status(kv_clear(txn, OUTBOX_PLAN), ST_OK);
	assert_status(kv_put(txn, OUTBOX_PLAN, (struct bytes) { key, 1 }, writer_bytes(&w)), ST_OK);
	assert_status(kv_commit(&txn), ST_OK);
	writer_done(&w);
	assert_int_equal(plan_held(fx), 1);

	assert_status(outbox_renew_plan(fx->box, 0), ST_OK);
	assert_int_equal(plan_held(fx), 1);
	assert_status(kv_read(outbox_store(fx->box), &txn), ST_OK);
	table = plan_table_open(txn, OUTBOX_PLAN);
	assert_non_null(table);
	assert_true(plan_table_whole(table));
	assert_status(plan_table_find(table, ROW_INDICATOR, text_of("IND-1"), &a), ST_OK);
	plan_table_close(&table);
	kv_abort(&txn);
}

static void
standing_is_kept_as_it_came(void **ctx)
{
	struct fixture *fx = *ctx;
	struct outbox_hub got;
	uint8_t *packed = NULL;
	size_t len = 0;

	assert_status(outbox_standing(fx->box, &packed, &len), ST_NOT_FOUND);
	assert_null(packed);
	assert_status(
		outbox_put_standing(fx->box, 3, UINT64_MAX, (struct bytes) { fx->secret, 64 }, 0),
		ST_OK);
	reopen(fx);
	assert_status(outbox_standing(fx->box, &packed, &len), ST_OK);
	assert_int_equal(len, 64);
	assert_memory_equal(packed, fx->secret, 64);
	free(packed);
	assert_status(outbox_hub(fx->box, fx->device.hub, &got), ST_OK);
	assert_int_equal(got.standing, 3);
	assert_true(got.standing_boot == UINT64_MAX);
}

static void
record_wakes_who_watches(void **ctx)
{
	struct fixture *fx = *ctx;
	const char *changed = scratch_path(fx->home, "changed");
	struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	struct stat info;
	mode_t umask_before = umask(0077);

	append(fx, 100, "one");
	umask(umask_before);
	assert_int_equal(stat(changed, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0660);
	assert_int_equal(utimensat(AT_FDCWD, changed, old, 0), 0);
	append(fx, 200, "two");
	assert_int_equal(stat(changed, &info), 0);
	assert_true(info.st_mtim.tv_sec > 1);
}

static void
append_from(struct fixture *fx, int process, int times)
{
	outbox *box = NULL;

	if (outbox_open(fx->home, &box) != ST_OK)
		_exit(1);
	fx->box = box;
	for (int i = 0; i < times; i++) {
		struct outbox_item item = { .body = activity(fx, process * 1000 + i, "x", NULL) };

		if (outbox_append(box, &item, 1, 50000) != ST_OK)
			_exit(2);
	}
	_exit(0);
}

static void
several_processes_append_without_a_gap(void **ctx)
{
	enum { PROCESSES = 4, TIMES = 25 };
	struct fixture *fx = *ctx;
	uint8_t hash[HASH_BYTES];

	outbox_close(&fx->box);
	for (int p = 0; p < PROCESSES; p++) {
		if (fork() == 0)
			append_from(fx, p, TIMES);
	}
	for (int p = 0; p < PROCESSES; p++) {
		int code = -1;

		assert_true(wait(&code) > 0);
		assert_int_equal(code, 0);
	}
	assert_status(outbox_open(fx->home, &fx->box), ST_OK);
	assert_int_equal(tip_seq(fx), PROCESSES * TIMES);
	for (uint64_t seq = 1; seq <= PROCESSES * TIMES; seq++)
		assert_status(outbox_hash_at(fx->box, seq, hash), ST_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(device_is_as_it_was_made),
		TEST(home_that_is_not_there_is_not_made),
		TEST(empty_feed_ends_at_its_beginning),
		TEST(appended_events_survive_and_are_chained),
		TEST(home_of_before_goes_on_where_it_ends),
		TEST(several_items_are_one_commit),
		TEST(failed_commit_stores_nothing),
		TEST(same_key_is_stored_once),
		TEST(new_key_that_is_there_stores_nothing),
		TEST(same_key_twice_in_a_commit_is_stored_once),
		TEST(clock_that_stands_still_gets_random_bytes),
		TEST(plain_ones_end_where_their_clock_stood),
		TEST(corrections_stand_in_one_line),
		TEST(correction_of_what_is_not_there_is_refused),
		TEST(full_disk_refuses_events_and_takes_acknowledgements),
		TEST(ballast_is_given_up_for_an_acknowledgement),
		TEST(what_each_hub_told_is_kept_apart),
		TEST(plan_is_parsed_once_into_rows),
		TEST(an_older_programs_look_up_table_is_made_anew),
		TEST(standing_is_kept_as_it_came),
		TEST(record_wakes_who_watches),
		TEST(several_processes_append_without_a_gap),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
