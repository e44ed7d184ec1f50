/* Cuts are made, named, and computed again wherever their events are. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "hub/cuts.h"
#include "hub/digest.h"
#include "hub/journal.h"
#include "hub/past.h"
#include "hub/rows.h"
#include "protocol/parts.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/plan_base.h"

enum { DAY = 20406, LANES = 4, WORLDS = 6 };

static struct hub_fixture hub_a, hub_b;
static struct test_device devices[LANES];
static lane lanes[LANES];
static size_t lane_count;
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
	hub_fixture_init(&hub_a, NULL);
	hub_fixture_init(&hub_b, NULL);
	lane_count = 3;
	for (unsigned i = 0; i < lane_count; i++) {
		test_device_init(&devices[i], i + 1, i == 1 ? "con-a,con-b" : "con-a");
		lane_init(&lanes[i], &devices[i]);
	}
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	for (unsigned i = 0; i < lane_count; i++)
		lane_done(&lanes[i]);
	hub_fixture_done(&hub_a);
	hub_fixture_done(&hub_b);
	return 0;
}

static void
enroll_all(hub *h, kv_txn *txn)
{
	for (unsigned i = 0; i < 3; i++)
		test_device_enroll(&devices[i], h, txn, i == 2 ? ROLE_OFFICE : ROLE_DEVICE);
}

/* So many more events of a lane, some of them corrections; they are not sent yet. */
static void
record(lane *l, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct event e = test_activity(pick(5) ? "con-a" : "con-b", DAY + (date) pick(3));
		struct point at;

		if (l->count > 0 && pick(3) == 0) {
			at = lane_point(l, 1 + pick((unsigned) l->count));
			test_fix(&e, &at, NULL);
		}
		lane_add(l, &e);
	}
}

static status
cut_now(hub *h, kv_txn *txn, const char *name, bool *ret_same)
{
	const struct cut_order order = { .name = text_of(name), .cutoff = DAY + 1, .now_ms = 5 };

	return hub_cut(h, txn, &order, ret_same);
}

static void
must_cut(hub *h, kv_txn *txn, const char *name)
{
	bool same;

	assert_status(cut_now(h, txn, name, &same), ST_OK);
}

static struct cut_file
find(kv_txn *txn, const char *word)
{
	struct cut_file f;
	size_t same;

	assert_status(cuts_find(txn, word, &f, &same), ST_OK);
	return f;
}

/* ---- the same on every hub ---- */

/* All lanes, in batches with borders of their own, in a random order of lanes. */
static void
give_in_pieces(hub *h, kv_txn *txn)
{
	size_t given[LANES] = { 0 }, left = lane_count;

	while (left > 0) {
		unsigned i = pick((unsigned) lane_count);
		size_t step = 1 + pick(7);
		status st;

		if (given[i] == lanes[i].count)
			continue;
		if (given[i] + step > lanes[i].count)
			step = lanes[i].count - given[i];
		st = lane_give(&lanes[i], given[i] + 1, given[i] + step, h, txn);
		if (st != ST_EXISTS) /* the beginning of a fork is known */
			assert_status(st, ST_OK);
		given[i] += step;
		left -= given[i] == lanes[i].count;
	}
}

static void
assert_reads_as(hub *h, kv_txn *txn, const struct cut_file *f, const uint8_t *state)
{
	uint8_t set[HASH_BYTES], got[HASH_BYTES];
	struct past_fault fault;
	kv_txn *then = NULL;
	hub *past = NULL;

	assert_status(past_at_cut(h, txn, f, &past, &fault), ST_OK);
	assert_status(kv_read(hub_store(past), &then), ST_OK);
	assert_status(hub_digest(past, then, set, got), ST_OK);
	assert_memory_equal(got, state, HASH_BYTES);
	kv_abort(&then);
	hub_close(&past);
}

/* A lane that parts from one of the others: a device that was restored. */
static void
fork_one(void)
{
	unsigned from = pick(2);

	lane_fork(&lanes[lane_count], &lanes[from], pick((unsigned) lanes[from].count + 1));
	lane_count++;
	record(&lanes[lane_count - 1], 3);
}

/* The second hub has everything, also what came later, in other batches and another order:
 * some of them hold events on both sides of a leaf. */
static void
run_world(void)
{
	kv_txn *a = hub_begin(hub_a.hub), *b = hub_begin(hub_b.hub);
	uint8_t set[HASH_BYTES], state[HASH_BYTES];
	struct cut_file f;

	enroll_all(hub_a.hub, a);
	enroll_all(hub_b.hub, b);
	for (unsigned i = 0; i < 3; i++)
		record(&lanes[i], 2 + pick(6));
	if (pick(2))
		fork_one();
	give_in_pieces(hub_a.hub, a);
	assert_status(hub_digest(hub_a.hub, a, set, state), ST_OK);
	must_cut(hub_a.hub, a, "2025-Q4");
	for (unsigned i = 0; i < lane_count; i++) {
		size_t had = lanes[i].count;

		record(&lanes[i], 1 + pick(5));
		assert_status(lane_give(&lanes[i], had + 1, lanes[i].count, hub_a.hub, a), ST_OK);
	}
	if (lane_count < LANES && pick(2)) {
		fork_one();
		lane_give(&lanes[lane_count - 1], 1, lanes[lane_count - 1].count, hub_a.hub, a);
	}
	assert_status(registry_revoke_all(a, devices[0].feed, text_of("stolen"), 7), ST_OK);
	hub_commit(&a);
	give_in_pieces(hub_b.hub, b);
	if (pick(2))
		assert_status(registry_revoke_all(b, devices[1].feed, text_of("lost"), 9), ST_OK);
	hub_commit(&b);
	assert_status(kv_read(hub_store(hub_a.hub), &a), ST_OK);
	assert_status(kv_read(hub_store(hub_b.hub), &b), ST_OK);
	f = find(a, "2025-Q4");
	assert_memory_equal(f.cut.state, state, HASH_BYTES);
	assert_reads_as(hub_a.hub, a, &f, state);
	assert_reads_as(hub_b.hub, b, &f, state);
	cut_file_done(&f);
	kv_abort(&a);
	kv_abort(&b);
}

static void
a_cut_is_the_same_on_every_hub_whatever_came_later(void **ctx)
{
	for (unsigned i = 0; i < WORLDS; i++) {
		random_state = 1000 + i;
		run_world();
		teardown(ctx);
		setup(ctx);
	}
}

/* ---- gaps ---- */

static void
give_loose(const lane *l, uint64_t first, uint64_t last, hub *h, kv_txn *txn)
{
	struct batch b;
	writer w;
	status st;

	writer_init(&w);
	lane_seal(l, first, last, &w);
	assert_status(batch_open(writer_bytes(&w).at, writer_bytes(&w).len, &b), ST_OK);
	st = hub_take_as(h, txn, &b, 1, TAKE_LOOSE);
	if (st != ST_EXISTS)
		assert_status(st, ST_OK);
	assert_status(hub_settle(h, txn), ST_OK);
	writer_done(&w);
}

/* The pieces of all lanes, of three events each, in some order; with half only some of them,
 * so that there are gaps. */
static void
give_loosely(hub *h, kv_txn *txn, bool half)
{
	enum { PIECE = 3 };

	for (unsigned n = 0; n < 200; n++) {
		const lane *l = &lanes[pick((unsigned) lane_count)];
		uint64_t piece = pick((unsigned) (l->count + PIECE - 1) / PIECE);
		uint64_t last = (piece + 1) * PIECE;

		if (!half || (n < 10 && piece > 0))
			give_loose(l, piece * PIECE + 1, last < l->count ? last : l->count, h, txn);
	}
}

/* The first hub has holes when the cut is made, and what fills them comes afterwards, from
 * above or below; the second never had one. */
static void
run_world_with_gaps(void)
{
	kv_txn *a = hub_begin(hub_a.hub), *b = hub_begin(hub_b.hub);
	uint8_t set[HASH_BYTES], state[HASH_BYTES];
	struct cut_file f;

	enroll_all(hub_a.hub, a);
	enroll_all(hub_b.hub, b);
	for (unsigned i = 0; i < 3; i++)
		record(&lanes[i], 12 + pick(9));
	fork_one();
	give_loosely(hub_a.hub, a, true);
	assert_status(hub_digest(hub_a.hub, a, set, state), ST_OK);
	must_cut(hub_a.hub, a, "holes");
	f = find(a, "holes");
	assert_true(leaves_count(&f.cut.gaps) > 0);
	cut_file_done(&f);
	for (unsigned i = 0; i < lane_count; i++)
		record(&lanes[i], 1 + pick(5));
	give_loosely(hub_a.hub, a, false);
	hub_commit(&a);
	give_in_pieces(hub_b.hub, b);
	hub_commit(&b);
	assert_status(kv_read(hub_store(hub_a.hub), &a), ST_OK);
	assert_status(kv_read(hub_store(hub_b.hub), &b), ST_OK);
	f = find(a, "holes");
	assert_reads_as(hub_a.hub, a, &f, state);
	assert_reads_as(hub_b.hub, b, &f, state);
	cut_file_done(&f);
	kv_abort(&a);
	kv_abort(&b);
}

static void
what_fills_a_gap_later_is_in_no_cut_before(void **ctx)
{
	for (unsigned i = 0; i < 3 * WORLDS; i++) {
		random_state = 2000 + i;
		run_world_with_gaps();
		teardown(ctx);
		setup(ctx);
	}
}

static void
a_plan_that_came_later_does_not_change_a_cut(void **ctx)
{
	(void) ctx;
	kv_txn *txn = hub_begin(hub_a.hub);
	json_t *root = plan_base();
	struct cut_file f;

	enroll_all(hub_a.hub, txn);
	record(&lanes[0], 5);
	lane_give_all(&lanes[0], 5, hub_a.hub, txn);
	must_cut(hub_a.hub, txn, "before");
	plan_base_edit(root, "/version", "4");
	plan_base_edit(root, "/indicators/0/links", "[\"1.1.01\"]");
	hub_give_plan(hub_a.hub, txn, root);
	hub_commit(&txn);
	assert_status(kv_read(hub_store(hub_a.hub), &txn), ST_OK);
	f = find(txn, "before");
	assert_reads_as(hub_a.hub, txn, &f, f.cut.state);
	cut_file_done(&f);
	kv_abort(&txn);
}

/* ---- what is missing ---- */

/* What the second hub lacks for a cut of the first. */
static struct past_fault
fault_at_b(kv_txn *b)
{
	struct past_fault fault;
	hub *past = NULL;
	kv_txn *a = NULL;
	struct cut_file f;

	assert_status(kv_read(hub_store(hub_a.hub), &a), ST_OK);
	f = find(a, "x");
	assert_status(past_at_cut(hub_b.hub, b, &f, &past, &fault), ST_NOT_FOUND);
	assert_null(past);
	cut_file_done(&f);
	kv_abort(&a);
	return fault;
}

static void
make_cut_at_a(void)
{
	kv_txn *a = hub_begin(hub_a.hub);

	enroll_all(hub_a.hub, a);
	record(&lanes[0], 5);
	lane_give_all(&lanes[0], 5, hub_a.hub, a);
	must_cut(hub_a.hub, a, "x");
	hub_commit(&a);
}

static void
a_feed_that_ends_too_early_is_named(void **ctx)
{
	(void) ctx;
	kv_txn *b = hub_begin(hub_b.hub);
	struct past_fault fault;

	make_cut_at_a();
	enroll_all(hub_b.hub, b);
	assert_status(lane_give(&lanes[0], 1, 3, hub_b.hub, b), ST_OK);
	fault = fault_at_b(b);
	assert_int_equal(fault.lack, PAST_LACKS_EVENTS);
	assert_memory_equal(fault.feed, devices[0].feed, FEED_BYTES);
	assert_int_equal(fault.wanted, 5);
	assert_int_equal(fault.here, 3);
	kv_abort(&b);
}

static void
another_registry_or_plan_is_told(void **ctx)
{
	(void) ctx;
	kv_txn *b = hub_begin(hub_b.hub);
	json_t *root = plan_base();

	make_cut_at_a();
	test_device_enroll(&devices[0], hub_b.hub, b, ROLE_OFFICE);
	lane_give_all(&lanes[0], 5, hub_b.hub, b);
	assert_int_equal(fault_at_b(b).lack, PAST_LACKS_REGISTRY);
	kv_abort(&b);
	hub_fixture_done(&hub_b);
	plan_base_edit(root, "/mission", "\"another\"");
	hub_fixture_init(&hub_b, root);
	b = hub_begin(hub_b.hub);
	enroll_all(hub_b.hub, b);
	lane_give_all(&lanes[0], 5, hub_b.hub, b);
	assert_int_equal(fault_at_b(b).lack, PAST_LACKS_PLAN);
	kv_abort(&b);
}

/* The first hub's own feed took an entry out; the second has everything but that. */
static void
what_the_other_hub_corrected_itself_is_missed(void **ctx)
{
	(void) ctx;
	kv_txn *a = hub_begin(hub_a.hub), *b = hub_begin(hub_b.hub);
	struct event e = test_void("con-a");
	struct past_fault fault;
	struct point at;

	enroll_all(hub_a.hub, a);
	enroll_all(hub_b.hub, b);
	record(&lanes[0], 1);
	lane_give_all(&lanes[0], 1, hub_a.hub, a);
	lane_give_all(&lanes[0], 1, hub_b.hub, b);
	at = lane_point(&lanes[0], 1);
	test_fix(&e, &at, devices[0].feed);
	hub_says(hub_a.hub, a, &e);
	must_cut(hub_a.hub, a, "x");
	hub_commit(&a);
	fault = fault_at_b(b);
	assert_int_equal(fault.lack, PAST_LACKS_EVENTS);
	assert_memory_equal(fault.feed, hub_id(hub_a.hub), FEED_BYTES);
	kv_abort(&b);
}

/* ---- names ---- */

static void
a_name_is_given_once(void **ctx)
{
	(void) ctx;
	kv_txn *txn = hub_begin(hub_a.hub);
	bool same = false;
	uint64_t size;

	enroll_all(hub_a.hub, txn);
	must_cut(hub_a.hub, txn, "x");
	size = journal_size(txn);
	assert_status(cut_now(hub_a.hub, txn, "x", &same), ST_EXISTS);
	assert_true(same);
	record(&lanes[0], 1);
	lane_give_all(&lanes[0], 1, hub_a.hub, txn);
	assert_status(cut_now(hub_a.hub, txn, "x", &same), ST_EXISTS);
	assert_false(same);
	assert_int_equal(journal_size(txn), size + 1);
	must_cut(hub_a.hub, txn, "y");
	kv_abort(&txn);
}

static status
add_body(void *ctx, struct bytes body)
{
	lane_add_body(ctx, body);
	return ST_OK;
}

/* A cut as an office device could record it. */
static void
record_cut(lane *l, const char *name, date cutoff)
{
	static const uint8_t hash[HASH_BYTES] = { 1 };
	const struct cut c = {
		.cutoff = cutoff, .plan = hash, .registry = hash, .set = hash, .state = hash
	};
	const struct event head = { .kind = KIND_CUT, .name = text_of(name), .at_ms = 3 };
	writer w;

	writer_init(&w);
	assert_status(cut_write(&c, &w), ST_OK);
	assert_status(parts_cut(&head, writer_bytes(&w), add_body, l), ST_OK);
	writer_done(&w);
}

static void
of_two_cuts_with_one_name_the_least_event_is_meant_in_either_order(void **ctx)
{
	(void) ctx;
	static const char hex[] = "0123456789abcdef";
	kv_txn *txn = hub_begin(hub_a.hub);
	bool first_is_least = memcmp(devices[1].feed, devices[2].feed, FEED_BYTES) < 0;

	test_device_enroll(&devices[1], hub_a.hub, txn, ROLE_OFFICE);
	test_device_enroll(&devices[2], hub_a.hub, txn, ROLE_OFFICE);
	record_cut(&lanes[1], "x", 11);
	record_cut(&lanes[2], "x", 22);
	for (int order = 0; order < 2; order++) {
		struct cut_file f, other;
		char word[16] = "x@";
		size_t same;

		lane_give_all(&lanes[1 + order], 1, hub_a.hub, txn);
		if (order == 0)
			continue;
		assert_status(cuts_find(txn, "x", &f, &same), ST_OK);
		assert_int_equal(same, 2);
		assert_int_equal(f.cut.cutoff, first_is_least ? 11 : 22);
		for (size_t i = 0; i < CUT_HASH_BYTES; i++) {
			word[2 + 2 * i] = hex[f.document.hash[i] >> 4];
			word[3 + 2 * i] = hex[f.document.hash[i] & 15];
		}
		other = find(txn, word);
		assert_int_equal(other.cut.cutoff, f.cut.cutoff);
		cut_file_done(&f);
		cut_file_done(&other);
	}
	kv_abort(&txn);
}

static void
who_is_no_office_makes_no_cut(void **ctx)
{
	(void) ctx;
	kv_txn *txn = hub_begin(hub_a.hub);
	struct cut_file f;
	size_t same;

	test_device_enroll(&devices[0], hub_a.hub, txn, ROLE_DEVICE);
	record_cut(&lanes[0], "x", 11);
	lane_give_all(&lanes[0], 1, hub_a.hub, txn);
	assert_status(cuts_find(txn, "x", &f, &same), ST_NOT_FOUND);
	kv_abort(&txn);
}

static void
names_that_mean_something_else_are_no_names(void **ctx)
{
	(void) ctx;
	static const char *const bad[] = { "", "12", "12@01234567", "now", "a@b", "a\nb", "a\x7f" },
				 *const good[] = { "2025-Q4", "corte de cuentas", "12x", "ñ" };
	char longest[NAME_BYTES_MAX + 2];

	for (size_t i = 0; i < LENGTH(bad); i++)
		assert_false(cut_name_valid(text_of(bad[i])));
	for (size_t i = 0; i < LENGTH(good); i++)
		assert_true(cut_name_valid(text_of(good[i])));
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_false(cut_name_valid(text_of(longest)));
	longest[NAME_BYTES_MAX] = '\0';
	assert_true(cut_name_valid(text_of(longest)));
}

#define cuts_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cuts_test(a_cut_is_the_same_on_every_hub_whatever_came_later),
		cuts_test(what_fills_a_gap_later_is_in_no_cut_before),
		cuts_test(a_plan_that_came_later_does_not_change_a_cut),
		cuts_test(a_feed_that_ends_too_early_is_named),
		cuts_test(another_registry_or_plan_is_told),
		cuts_test(what_the_other_hub_corrected_itself_is_missed),
		cuts_test(a_name_is_given_once),
		cuts_test(of_two_cuts_with_one_name_the_least_event_is_meant_in_either_order),
		cuts_test(who_is_no_office_makes_no_cut),
		cuts_test(names_that_mean_something_else_are_no_names),
	};

	return cmocka_run_group_tests_name("cuts", tests, NULL, NULL);
}
