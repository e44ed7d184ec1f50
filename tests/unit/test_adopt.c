/* Events that a hub sent back, into a copy of the outbox that has not got them. */
#include "tests/support/check.h"

#include <errno.h>
#include <lmdb.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "agent/outbox.h"
#include "agent/outbox_verify.h"
#include "agent/registers.h"
#include "protocol/chain.h"
#include "protocol/event.h"
#include "tests/support/scratch.h"

/* Linked with --wrap=mdb_txn_commit and --wrap=statvfs. */
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
	return EIO;
}

int
__wrap_statvfs(const char *path, struct statvfs *out)
{
	int rc = __real_statvfs(path, out);

	if (rc == 0 && disk_bytes > 0)
		out->f_bavail = disk_bytes / out->f_frsize;
	return rc;
}

enum { EVENTS = 10, COPIED = 4 };

static const uint8_t hub[FEED_BYTES] = { 9 };

/* The device as it was, and a copy of it that was made at COPIED. */
struct fixture {
	char *scratch;
	char home[512];
	uint8_t secret[SIGN_SECRET_BYTES];
	struct outbox_device device;
	outbox *whole, *copy;
	struct sent_back sent;
	writer batches[4];
	size_t batch_count;
	writer w;
	uint64_t count; /* of the last adopt() */
};

static outbox *
make(struct fixture *fx, const char *name)
{
	outbox *box = NULL;

	snprintf(fx->home, sizeof(fx->home), "%s", scratch_path(fx->scratch, name));
	assert_int_equal(mkdir(fx->home, 0700), 0);
	assert_status(outbox_create(fx->home, &fx->device), ST_OK);
	assert_status(outbox_open(fx->home, &box), ST_OK);
	return box;
}

static struct bytes
encode(struct fixture *fx, struct event *e)
{
	event_field fault;

	assert_status(event_encode(e, &fx->w, &fault), ST_OK);
	return writer_bytes(&fx->w);
}

/* Of that number at one place always the same: the clock goes on, so nothing is random. */
static struct bytes
body(struct fixture *fx, outbox *box, uint64_t seq)
{
	static uint8_t hash[HASH_BYTES];
	struct event e = {
		.kind = KIND_ACTIVITY,
		.unit = text_of("con-houston"),
		.indicator = text_of("IND-1"),
		.date = 20000 + (date) seq,
		.quantity = 1,
		.at_ms = 1000 * (int64_t) seq,
		.has = EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_DATE) |
			EVENT_BIT(EVENT_QUANTITY),
	};

	if (seq == 7) { /* a correction of 2 */
		assert_status(outbox_hash_at(box, 2, hash), ST_OK);
		e.fixes = (struct fixes) { 1, { { 2, hash, NULL } } };
		e.why = text_of("miscounted");
		e.has |= EVENT_BIT(EVENT_FIXES) | EVENT_BIT(EVENT_WHY);
	}
	if (seq == 8) {
		e.kind = KIND_LEVEL;
		e.quarter = 8103;
		e.value = 5;
		e.has = EVENT_BIT(EVENT_UNIT) | EVENT_BIT(EVENT_INDICATOR) |
			EVENT_BIT(EVENT_QUARTER) | EVENT_BIT(EVENT_VALUE);
	}
	return encode(fx, &e);
}

static void
record(struct fixture *fx, outbox *box, uint64_t upto)
{
	struct point tip;

	assert_status(outbox_tip(box, &tip), ST_OK);
	for (uint64_t seq = tip.seq + 1; seq <= upto; seq++) {
		struct outbox_item item = { .body = body(fx, box, seq) };

		assert_status(outbox_append(box, &item, 1, 0), ST_OK);
		assert_int_equal(item.ret_seq, seq);
	}
}

static int
setup(void **ctx)
{
	static struct fixture fx;

	commits_to_fail = 0;
	disk_bytes = 0;
	fx = (struct fixture) { .scratch = scratch_new() };
	writer_init(&fx.w);
	for (size_t i = 0; i < LENGTH(fx.batches); i++)
		writer_init(&fx.batches[i]);
	crypto_sign_keypair(fx.device.feed, fx.secret);
	memcpy(fx.device.hub, hub, FEED_BYTES);
	snprintf(fx.device.hubs, sizeof(fx.device.hubs), "tcp://a:1");
	fx.device.units = (struct codes) { 1, { text_of("con-houston") } };
	fx.whole = make(&fx, "whole");
	fx.copy = make(&fx, "copy");
	record(&fx, fx.whole, EVENTS);
	record(&fx, fx.copy, COPIED);
	*ctx = &fx;
	return 0;
}

static int
teardown(void **ctx)
{
	struct fixture *fx = *ctx;

	outbox_close(&fx->whole);
	outbox_close(&fx->copy);
	for (size_t i = 0; i < LENGTH(fx->batches); i++)
		writer_done(&fx->batches[i]);
	writer_done(&fx->w);
	scratch_remove(&fx->scratch);
	return 0;
}

/* One more batch, as the device sealed it then: events first to last. */
static writer *
send_back(struct fixture *fx, uint64_t first, uint64_t last)
{
	writer *w = &fx->batches[fx->batch_count++], bodies;
	struct point before = { .seq = first - 1 };
	uint8_t space[EVENT_BYTES_MAX];

	writer_init(&bodies);
	assert_status(outbox_hash_at(fx->whole, before.seq, before.hash), ST_OK);
	for (uint64_t seq = first; seq <= last; seq++) {
		struct point at;
		size_t len;

		assert_status(outbox_read(fx->whole, seq, space, &len, &at), ST_OK);
		writer_bin(&bodies, space, len);
	}
	assert_status(batch_seal(fx->device.feed, fx->secret, &before, writer_bytes(&bodies),
	                         last - first + 1, w),
	              ST_OK);
	writer_done(&bodies);
	fx->sent.list[fx->sent.count++] = writer_bytes(w);
	return w;
}

static status
adopt(struct fixture *fx)
{
	fx->count = 77;
	return outbox_adopt(fx->copy, hub, &fx->sent, 0, &fx->count);
}

static struct point
tip_of(outbox *box)
{
	struct point tip;

	assert_status(outbox_tip(box, &tip), ST_OK);
	return tip;
}

static void
assert_same(struct fixture *fx, uint64_t last)
{
	for (uint64_t seq = 1; seq <= last; seq++) {
		uint8_t a[EVENT_BYTES_MAX], b[EVENT_BYTES_MAX];
		struct point a_at, b_at;
		size_t a_len, b_len;

		assert_status(outbox_read(fx->whole, seq, a, &a_len, &a_at), ST_OK);
		assert_status(outbox_read(fx->copy, seq, b, &b_len, &b_at), ST_OK);
		assert_true(point_equal(&a_at, &b_at));
		assert_int_equal(a_len, b_len);
		assert_memory_equal(a, b, a_len);
	}
}

static void
refused(struct fixture *fx, status why)
{
	struct point before = tip_of(fx->copy), after;
	struct outbox_hub facts;

	assert_status(adopt(fx), why);
	assert_int_equal(fx->count, 77); /* untouched */
	after = tip_of(fx->copy);
	assert_true(point_equal(&before, &after));
	assert_status(outbox_hub(fx->copy, hub, &facts), ST_OK);
	assert_int_equal(facts.acked.seq, 0);
}

static void
what_comes_back_is_as_it_was_recorded(void **ctx)
{
	struct fixture *fx = *ctx;
	struct outbox_verdict verdict;
	struct point a, b;
	uint64_t seq;

	send_back(fx, 5, 7);
	send_back(fx, 8, 10);
	assert_status(adopt(fx), ST_OK);
	assert_int_equal(fx->count, 6);
	a = tip_of(fx->whole);
	b = tip_of(fx->copy);
	assert_true(point_equal(&a, &b));
	assert_same(fx, EVENTS);
	assert_status(outbox_replaced_by(fx->copy, 2, &seq), ST_OK);
	assert_int_equal(seq, 7);
	outbox_close(&fx->copy);
	assert_status(outbox_verify(fx->home, &verdict), ST_OK);
	assert_false(verdict.damaged);
}

static void
the_hub_that_sent_it_has_it(void **ctx)
{
	struct fixture *fx = *ctx;
	struct outbox_hub facts = { .beyond = 8, .onward = 6, .boot = 3, .acked = { .seq = 1 } };
	struct point tip;

	assert_status(outbox_hash_at(fx->copy, 1, facts.acked.hash), ST_OK);
	assert_status(outbox_put_hub(fx->copy, hub, &facts, 0), ST_OK);
	send_back(fx, 5, 9);
	assert_status(adopt(fx), ST_OK);
	assert_status(outbox_hub(fx->copy, hub, &facts), ST_OK);
	tip = tip_of(fx->copy);
	assert_int_equal(tip.seq, 9);
	assert_true(point_equal(&facts.acked, &tip));
	assert_int_equal(facts.beyond, 3);
	assert_int_equal(facts.onward, 1);
	assert_int_equal(facts.boot, 3);
}

static void
what_is_here_already_is_passed_over(void **ctx)
{
	struct fixture *fx = *ctx;

	send_back(fx, 1, 3);
	send_back(fx, 3, 6);
	send_back(fx, 5, 10);
	assert_status(adopt(fx), ST_OK);
	assert_int_equal(fx->count, 6);
	assert_same(fx, EVENTS);
	fx->count = 0;
	assert_status(adopt(fx), ST_EXISTS); /* all of it */
}

static void
the_next_entry_goes_on_from_it(void **ctx)
{
	struct fixture *fx = *ctx;
	struct point a, b;

	send_back(fx, 5, 10);
	assert_status(adopt(fx), ST_OK);
	record(fx, fx->whole, EVENTS + 1);
	record(fx, fx->copy, EVENTS + 1);
	a = tip_of(fx->whole);
	b = tip_of(fx->copy);
	assert_true(point_equal(&a, &b)); /* the same clock of the last event, too */
}

/* Between that of the copy's last event and that of the last one that came back. */
static void
a_clock_that_went_back_is_seen(void **ctx)
{
	struct fixture *fx = *ctx;
	struct outbox_item late = { .body = body(fx, fx->copy, COPIED + 2) };
	uint8_t bytes[EVENT_BYTES_MAX];
	struct point at;
	struct event e;
	size_t len;

	send_back(fx, 5, 10);
	assert_status(adopt(fx), ST_OK);
	assert_status(outbox_append(fx->copy, &late, 1, 0), ST_OK);
	assert_status(outbox_read(fx->copy, EVENTS + 1, bytes, &len, &at), ST_OK);
	assert_int_equal(event_decode((struct bytes) { bytes, len }, &e), HOLD_NONE);
	assert_true(e.has & EVENT_BIT(EVENT_RANDOM));
}

static void
something_recorded_since_is_in_the_way(void **ctx)
{
	struct fixture *fx = *ctx;
	struct outbox_item item = { .body = body(fx, fx->copy, 9) };

	assert_status(outbox_append(fx->copy, &item, 1, 0), ST_OK);
	send_back(fx, 5, 10);
	refused(fx, ST_EXISTS);
}

static void
what_does_not_join_is_in_vain(void **ctx)
{
	struct fixture *fx = *ctx;

	send_back(fx, 6, 10);
	refused(fx, ST_EXISTS);
}

static void
behind_a_hole_nothing_is_taken(void **ctx)
{
	struct fixture *fx = *ctx;

	send_back(fx, 5, 6);
	send_back(fx, 8, 10);
	assert_status(adopt(fx), ST_OK);
	assert_int_equal(fx->count, 2);
	assert_same(fx, 6);
	assert_int_equal(tip_of(fx->copy).seq, 6);
}

static void
what_this_device_has_not_sealed_is_not_taken(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t feed[FEED_BYTES], own[FEED_BYTES];
	uint8_t secret[SIGN_SECRET_BYTES];
	struct point start;
	writer bodies;

	send_back(fx, 5, 7);
	/* sealed by another key, in the place of this one and in its own name */
	crypto_sign_keypair(feed, secret);
	memcpy(own, fx->secret, sizeof(own));
	memcpy(fx->secret, secret, sizeof(secret));
	send_back(fx, 8, 10);
	refused(fx, ST_DENIED);
	fx->sent.count = 1;
	writer_init(&bodies);
	writer_bin(&bodies, "x", 1);
	chain_start(feed, &start);
	assert_status(batch_seal(feed, secret, &start, writer_bytes(&bodies), 1, &fx->batches[2]),
	              ST_OK);
	fx->sent.list[fx->sent.count++] = writer_bytes(&fx->batches[2]);
	writer_done(&bodies);
	refused(fx, ST_DENIED);
}

static void
no_byte_of_it_may_be_another(void **ctx)
{
	struct fixture *fx = *ctx;
	struct bytes frame;
	uint8_t *copy;

	send_back(fx, 5, 5); /* too small to be packed: packing has bits that say nothing */
	frame = fx->sent.list[0];
	copy = malloc(frame.len);
	assert_non_null(copy);
	for (size_t i = 0; i < frame.len; i++) {
		status st;

		memcpy(copy, frame.at, frame.len);
		copy[i] ^= 1;
		fx->sent.list[0].at = copy;
		st = adopt(fx);
		if (st == ST_OK)
			fail_msg("byte %zu was changed, and it was taken", i);
		assert_int_equal(tip_of(fx->copy).seq, COPIED);
	}
	free(copy);
}

static void
without_room_or_when_the_disk_fails_nothing_is_there(void **ctx)
{
	struct fixture *fx = *ctx;

	send_back(fx, 5, 10);
	disk_bytes = 1 << 20;
	refused(fx, ST_FULL);
	disk_bytes = 0;
	commits_to_fail = 1;
	refused(fx, ST_IO);
	assert_status(adopt(fx), ST_OK);
	assert_int_equal(fx->count, 6);
}

/* The beginning stays as it was sealed, with the hash in its place. */
static void
an_erased_body_stays_erased_and_travels_on(void **ctx)
{
	static uint8_t space[BATCH_RAW_BYTES_MAX];
	struct fixture *fx = *ctx;
	struct point before = { .seq = 4 }, end;
	uint8_t bytes[EVENT_BYTES_MAX], hash[HASH_BYTES];
	struct outbox_verdict verdict;
	struct batch_event e;
	struct batch_walk walk;
	struct bytes unpacked;
	struct batch b;
	writer bodies;
	size_t len;

	writer_init(&bodies);
	assert_status(outbox_hash_at(fx->whole, 4, before.hash), ST_OK);
	assert_status(outbox_read(fx->whole, 5, bytes, &len, &end), ST_OK);
	hash_bytes(bytes, len, hash);
	writer_erased(&bodies, hash);
	assert_status(outbox_read(fx->whole, 6, bytes, &len, &end), ST_OK);
	writer_bin(&bodies, bytes, len);
	assert_status(batch_seal(fx->device.feed, fx->secret, &before, writer_bytes(&bodies), 2,
	                         &fx->batches[0]),
	              ST_OK);
	writer_done(&bodies);
	fx->sent.list[fx->sent.count++] = writer_bytes(&fx->batches[0]);
	assert_status(adopt(fx), ST_OK);
	assert_int_equal(fx->count, 2);

	assert_status(
		outbox_seal(fx->copy, fx->secret, 1, UINT64_MAX, BATCH_BYTES_MAX, &fx->w, &end),
		ST_OK);
	assert_int_equal(end.seq, 6);
	assert_status(batch_open(writer_bytes(&fx->w).at, writer_bytes(&fx->w).len, &b), ST_OK);
	assert_status(batch_unpack(&b, space, &unpacked), ST_OK);
	assert_status(batch_verify(&b, unpacked), ST_OK);
	walk = batch_walk(&b, unpacked);
	while (batch_next(&walk, &e))
		assert_int_equal(e.erased, e.at.seq == 5);
	outbox_close(&fx->copy);
	assert_status(outbox_verify(fx->home, &verdict), ST_OK);
	assert_false(verdict.damaged);
}

static void
what_is_told_once_a_quarter_is_known_again(void **ctx)
{
	struct fixture *fx = *ctx;
	uint8_t bytes[EVENT_BYTES_MAX], key[HASH_BYTES];
	struct point at;
	struct event e;
	uint64_t seq;
	size_t len;

	send_back(fx, 5, 10);
	assert_status(adopt(fx), ST_OK);
	assert_status(outbox_read(fx->copy, 8, bytes, &len, &at), ST_OK);
	assert_int_equal(event_decode((struct bytes) { bytes, len }, &e), HOLD_NONE);
	assert_true(register_key(&e, key));
	assert_status(outbox_find_key(fx->copy, key, &seq), ST_OK);
	assert_int_equal(seq, 8);
}

int
main(void)
{
#define FX(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		FX(what_comes_back_is_as_it_was_recorded),
		FX(the_hub_that_sent_it_has_it),
		FX(what_is_here_already_is_passed_over),
		FX(the_next_entry_goes_on_from_it),
		FX(a_clock_that_went_back_is_seen),
		FX(something_recorded_since_is_in_the_way),
		FX(what_does_not_join_is_in_vain),
		FX(behind_a_hole_nothing_is_taken),
		FX(what_this_device_has_not_sealed_is_not_taken),
		FX(no_byte_of_it_may_be_another),
		FX(without_room_or_when_the_disk_fails_nothing_is_there),
		FX(an_erased_body_stays_erased_and_travels_on),
		FX(what_is_told_once_a_quarter_is_known_again),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("adopt", tests, NULL, NULL);
}
