/* Entries that are given up since they are safe elsewhere, and what is left of a feed. */
#include "tests/support/check.h"

#include <errno.h>
#include <lmdb.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/outbox.h"
#include "agent/outbox_verify.h"
#include "agent/registers.h"
#include "protocol/event.h"
#include "tests/support/scratch.h"

/* Linked with --wrap=mdb_txn_commit. */
static bool commits_fail;

int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);

int
__wrap_mdb_txn_commit(MDB_txn *txn)
{
	if (!commits_fail)
		return __real_mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return EIO;
}

enum { EVENTS = 12, CORRECTED = 3, CORRECTS = 7, LEVEL = 8, THING = 9, VOID = 10, VOIDED = 4 };

static const uint8_t hub[FEED_BYTES] = { 9 }, other_hub[FEED_BYTES] = { 8 };

struct fixture {
	char *scratch, home[512];
	uint8_t secret[SIGN_SECRET_BYTES];
	outbox *box;
	writer w;
	struct outbox_leave leave;
	struct outbox_pruned pruned;
};

static struct bytes
encode(struct fixture *fx, struct event *e)
{
	event_field fault;

	e->unit = text_of("con-houston");
	e->has |= EVENT_BIT(EVENT_UNIT);
	assert_status(event_encode(e, &fx->w, &fault), ST_OK);
	return writer_bytes(&fx->w);
}

static void
correct(struct fixture *fx, struct event *e, uint64_t seq)
{
	static uint8_t hash[HASH_BYTES];

	assert_status(outbox_hash_at(fx->box, seq, hash), ST_OK);
	e->fixes = (struct fixes) { 1, { { seq, hash, NULL } } };
	e->why = text_of("miscounted");
	e->has |= EVENT_BIT(EVENT_FIXES) | EVENT_BIT(EVENT_WHY);
}

static struct event
activity(uint64_t seq)
{
	return (struct event) {
		.kind = KIND_ACTIVITY,
		.indicator = text_of("IND-1"),
		.date = 20000 + (date) seq,
		.quantity = 1,
		.at_ms = 1000 * (int64_t) seq,
		.has = EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_DATE) |
			EVENT_BIT(EVENT_QUANTITY),
	};
}

static struct event
level(uint64_t seq)
{
	return (struct event) {
		.kind = KIND_LEVEL,
		.indicator = text_of("IND-2"),
		.quarter = 8103,
		.value = 5,
		.at_ms = 1000 * (int64_t) seq,
		.has = EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_QUARTER) |
			EVENT_BIT(EVENT_VALUE),
	};
}

static struct event
thing(uint64_t seq)
{
	return (struct event) {
		.kind = KIND_THING,
		.indicator = text_of("IND-3"),
		.thing = text_of("red-1"),
		.date = 20000 + (date) seq,
		.at_ms = 1000 * (int64_t) seq,
		.has = EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_THING) | EVENT_BIT(EVENT_DATE),
	};
}

static void
record(struct fixture *fx, struct event *e)
{
	struct outbox_item item = { .body = encode(fx, e) };
	uint8_t key[HASH_BYTES];

	if (register_key(e, key))
		item.key = key;
	assert_status(outbox_append(fx->box, &item, 1, 0), ST_OK);
}

/* Activities, but for one correction, a void, a level and a thing. */
static void
record_all(struct fixture *fx)
{
	for (uint64_t seq = 1; seq <= EVENTS; seq++) {
		struct event e = seq == LEVEL ? level(seq)
			: seq == THING        ? thing(seq)
					      : activity(seq);

		if (seq == CORRECTS)
			correct(fx, &e, CORRECTED);
		if (seq == VOID) {
			e = (struct event) { .kind = KIND_VOID, .at_ms = e.at_ms };
			correct(fx, &e, VOIDED);
		}
		record(fx, &e);
	}
}

static int
setup(void **ctx)
{
	static struct fixture fx;
	struct outbox_device device = { .hubs = "tcp://a:1" };

	commits_fail = false;
	fx = (struct fixture) { .scratch = scratch_new() };
	writer_init(&fx.w);
	crypto_sign_keypair(device.feed, fx.secret);
	memcpy(device.hub, hub, FEED_BYTES);
	device.units = (struct codes) { 1, { text_of("con-houston") } };
	snprintf(fx.home, sizeof(fx.home), "%s", scratch_path(fx.scratch, "home"));
	assert_int_equal(mkdir(fx.home, 0700), 0);
	assert_status(outbox_create(fx.home, &device), ST_OK);
	assert_status(outbox_open(fx.home, &fx.box), ST_OK);
	fx.leave = (struct outbox_leave) { .hub = hub, .before_ms = INT64_MAX };
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

static uint64_t
prune(struct fixture *fx, uint64_t safe)
{
	fx->leave.safe.seq = safe;
	if (safe > 0)
		assert_status(outbox_hash_at(fx->box, safe, fx->leave.safe.hash), ST_OK);
	fx->pruned = (struct outbox_pruned) { 77, true };
	assert_status(outbox_prune(fx->box, &fx->leave, 0, &fx->pruned), ST_OK);
	return fx->pruned.count;
}

static uint64_t
floor_seq(struct fixture *fx)
{
	struct point floor;

	assert_status(outbox_floor(fx->box, &floor), ST_OK);
	return floor.seq;
}

static bool
is_here(struct fixture *fx, uint64_t seq)
{
	uint8_t body[EVENT_BYTES_MAX];
	struct point at;
	size_t len;
	status st = outbox_read(fx->box, seq, body, &len, &at);

	if (st != ST_NOT_FOUND)
		assert_status(st, ST_OK);
	return st == ST_OK;
}

/* Of all entries these alone are not. */
static void
assert_gone(struct fixture *fx, uint64_t count, const uint64_t *seqs)
{
	struct point tip;

	assert_status(outbox_tip(fx->box, &tip), ST_OK);
	for (uint64_t seq = 1, i = 0; seq <= tip.seq; seq++) {
		bool gone = i < count && seqs[i] == seq;

		i += gone;
		if (is_here(fx, seq) == gone)
			fail_msg("entry %ju is %s", (uintmax_t) seq, gone ? "here" : "not here");
	}
}

static void
assert_whole(struct fixture *fx, uint64_t given_up)
{
	struct outbox_verdict v;
	struct point tip;

	assert_status(outbox_tip(fx->box, &tip), ST_OK);
	outbox_close(&fx->box);
	assert_status(outbox_verify(fx->home, &v), ST_OK);
	assert_status(outbox_open(fx->home, &fx->box), ST_OK);
	assert_false(v.damaged);
	assert_int_equal(v.whole, tip.seq);
	assert_int_equal(v.given_up, given_up);
}

#define GONE(...) \
	sizeof((const uint64_t[]) { __VA_ARGS__ }) / sizeof(uint64_t), (const uint64_t[]) \
	{ \
		__VA_ARGS__ \
	}

/* ---- what is given up ---- */

static void
nothing_above_what_is_safe_is_given_up(void **ctx)
{
	struct fixture *fx = *ctx;

	record_all(fx);
	assert_int_equal(prune(fx, 0), 0);
	assert_gone(fx, 0, NULL);
	assert_int_equal(prune(fx, 2), 2);
	assert_false(fx->pruned.more);
	assert_int_equal(floor_seq(fx), 2);
	assert_gone(fx, GONE(1, 2));
	assert_whole(fx, 2);
	assert_int_equal(prune(fx, 2), 0); /* said once more */
	assert_int_equal(floor_seq(fx), 2);
}

static void
what_later_entries_are_compared_with_is_kept(void **ctx)
{
	struct fixture *fx = *ctx;
	struct event same = level(99);
	struct register_found found;
	uint64_t seq;
	kv_txn *txn = NULL;

	record_all(fx);
	assert_int_equal(prune(fx, EVENTS), 6);
	assert_int_equal(floor_seq(fx), EVENTS);
	assert_gone(fx, GONE(1, 2, 5, 6, 11, 12));
	assert_status(outbox_head(fx->box, CORRECTED, &seq), ST_OK);
	assert_int_equal(seq, CORRECTS);
	assert_status(outbox_replaced_by(fx->box, VOIDED, &seq), ST_OK);
	assert_int_equal(seq, VOID);
	same.unit = text_of("con-houston");
	assert_status(kv_read(outbox_store(fx->box), &txn), ST_OK);
	assert_status(register_find(txn, &same, &found), ST_OK);
	assert_int_equal(found.state, REGISTER_SAME);
	assert_int_equal(found.head, LEVEL);
	kv_abort(&txn);
	assert_whole(fx, 6);
}

static void
what_is_young_stays_and_all_behind_it(void **ctx)
{
	struct fixture *fx = *ctx;

	record_all(fx);
	fx->leave.before_ms = 6000; /* number 6 was recorded then */
	assert_int_equal(prune(fx, EVENTS), 3);
	assert_int_equal(floor_seq(fx), 5);
	assert_false(fx->pruned.more);
	assert_gone(fx, GONE(1, 2, 5));
	fx->leave.before_ms = 7000;
	assert_int_equal(prune(fx, EVENTS), 1);
	assert_gone(fx, GONE(1, 2, 5, 6));
}

static void
what_the_caller_names_is_kept(void **ctx)
{
	static const uint64_t keep[] = { 2, 6 };
	struct fixture *fx = *ctx;

	record_all(fx);
	fx->leave.keep = keep;
	fx->leave.keep_count = LENGTH(keep);
	assert_int_equal(prune(fx, 6), 2);
	assert_gone(fx, GONE(1, 5));
	assert_int_equal(floor_seq(fx), 6);
}

/* ---- when nothing is ---- */

static void
a_point_of_another_chain_gives_nothing_up(void **ctx)
{
	struct fixture *fx = *ctx;

	record_all(fx);
	assert_status(outbox_hash_at(fx->box, 5, fx->leave.safe.hash), ST_OK);
	fx->leave.safe.seq = 5;
	fx->leave.safe.hash[3] ^= 1;
	assert_status(outbox_prune(fx->box, &fx->leave, 0, &fx->pruned), ST_OK);
	assert_int_equal(fx->pruned.count, 0);
	fx->leave.safe.seq = EVENTS + 1; /* and one above the tip */
	assert_status(outbox_prune(fx->box, &fx->leave, 0, &fx->pruned), ST_OK);
	assert_int_equal(fx->pruned.count, 0);
	assert_gone(fx, 0, NULL);
}

static void
of_several_hubs_the_one_not_asked_has_nothing(void **ctx)
{
	const struct outbox_hub facts = { .last_contact_ms = 1 };
	struct fixture *fx = *ctx;

	record_all(fx);
	assert_status(outbox_put_hub(fx->box, hub, &facts, 0), ST_OK);
	assert_int_equal(prune(fx, 2), 2);
	assert_status(outbox_put_hub(fx->box, other_hub, &facts, 0), ST_OK);
	assert_int_equal(prune(fx, 6), 0);
	assert_gone(fx, GONE(1, 2));
}

static void
a_commit_that_fails_gives_nothing_up(void **ctx)
{
	struct fixture *fx = *ctx;

	record_all(fx);
	fx->leave.safe.seq = 6;
	assert_status(outbox_hash_at(fx->box, 6, fx->leave.safe.hash), ST_OK);
	commits_fail = true;
	assert_status(outbox_prune(fx->box, &fx->leave, 0, &fx->pruned), ST_IO);
	commits_fail = false;
	assert_int_equal(fx->pruned.count, 0);
	assert_int_equal(floor_seq(fx), 0);
	assert_gone(fx, 0, NULL);
}

/* ---- what is left ---- */

static void
the_feed_goes_on_from_nothing(void **ctx)
{
	struct fixture *fx = *ctx;
	struct event e;
	struct point end, tip;
	uint8_t hash[HASH_BYTES];
	uint64_t next;
	writer w;

	for (uint64_t seq = 1; seq <= 5; seq++) {
		e = activity(seq);
		record(fx, &e);
	}
	assert_int_equal(prune(fx, 5), 5);
	assert_status(outbox_tip(fx->box, &tip), ST_OK);
	assert_int_equal(tip.seq, 5);
	assert_status(outbox_hash_at(fx->box, 5, hash), ST_OK);
	assert_memory_equal(hash, tip.hash, HASH_BYTES);
	assert_status(outbox_hash_at(fx->box, 4, hash), ST_NOT_FOUND);
	assert_status(outbox_next(fx->box, 1, &next), ST_NOT_FOUND);
	e = activity(6);
	record(fx, &e);
	assert_status(outbox_next(fx->box, 1, &next), ST_OK);
	assert_int_equal(next, 6);
	writer_init(&w);
	assert_status(outbox_seal(fx->box, fx->secret, 5, UINT64_MAX, 4096, &w, &end),
	              ST_NOT_FOUND);
	assert_status(outbox_seal(fx->box, fx->secret, 6, UINT64_MAX, 4096, &w, &end), ST_OK);
	assert_int_equal(end.seq, 6);
	writer_done(&w);
	assert_whole(fx, 5);
}

static void
what_was_recorded_under_a_key_is_known_when_it_is_gone(void **ctx)
{
	static const uint8_t key[HASH_BYTES] = { 1 };
	struct fixture *fx = *ctx;
	struct event e = activity(1);
	struct outbox_item item = { .body = encode(fx, &e), .key = key };

	assert_status(outbox_append(fx->box, &item, 1, 0), ST_OK);
	assert_int_equal(prune(fx, 1), 1);
	assert_status(outbox_append(fx->box, &item, 1, 0), ST_OK);
	assert_true(item.ret_known);
	assert_int_equal(item.ret_seq, 1);
}

static void
what_is_gone_cannot_be_replaced(void **ctx)
{
	struct fixture *fx = *ctx;
	struct event e = activity(99);
	struct outbox_item item;

	record_all(fx);
	correct(fx, &e, 5);
	item = (struct outbox_item) { .body = encode(fx, &e) };
	assert_int_equal(prune(fx, 6), 4);
	assert_status(outbox_append(fx->box, &item, 1, 0), ST_INVALID);
}

/* In pieces, and what they took is used again. */
static void
room_is_given_back(void **ctx)
{
	enum { MANY = 2 * OUTBOX_PRUNE_EVENTS + 500 };
	struct fixture *fx = *ctx;
	struct outbox_item *items = calloc(MANY, sizeof(*items));
	uint64_t once, twice, room;
	uint8_t *bodies = calloc(MANY, 256);

	for (uint64_t seq = 1; seq <= MANY; seq++) {
		struct event e = activity(seq);
		struct bytes b;

		e.place = text_of("Calle 12 con Carrera 3, salon comunal");
		e.has |= EVENT_BIT(EVENT_PLACE);
		b = encode(fx, &e);
		memcpy(bodies + 256 * (seq - 1), b.at, b.len);
		items[seq - 1].body = (struct bytes) { bodies + 256 * (seq - 1), b.len };
	}
	assert_status(outbox_append(fx->box, items, MANY, 0), ST_OK);
	assert_status(kv_room(outbox_store(fx->box), &once, &room), ST_OK);
	assert_int_equal(prune(fx, MANY), OUTBOX_PRUNE_EVENTS);
	assert_true(fx->pruned.more);
	assert_int_equal(prune(fx, MANY), OUTBOX_PRUNE_EVENTS);
	assert_int_equal(prune(fx, MANY), 500);
	assert_false(fx->pruned.more);
	assert_status(outbox_append(fx->box, items, MANY, 0), ST_OK);
	assert_status(kv_room(outbox_store(fx->box), &twice, &room), ST_OK);
	assert_true(once > MANY * 100);
	assert_true(twice < once + once / 2);
	assert_whole(fx, MANY);
	free(items);
	free(bodies);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(nothing_above_what_is_safe_is_given_up),
		TEST(what_later_entries_are_compared_with_is_kept),
		TEST(what_is_young_stays_and_all_behind_it),
		TEST(what_the_caller_names_is_kept),
		TEST(a_point_of_another_chain_gives_nothing_up),
		TEST(of_several_hubs_the_one_not_asked_has_nothing),
		TEST(a_commit_that_fails_gives_nothing_up),
		TEST(the_feed_goes_on_from_nothing),
		TEST(what_was_recorded_under_a_key_is_known_when_it_is_gone),
		TEST(what_is_gone_cannot_be_replaced),
		TEST(room_is_given_back),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return cmocka_run_group_tests_name("prune", tests, NULL, NULL);
}
