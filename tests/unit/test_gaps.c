#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "hub/digest.h"
#include "hub/journal.h"
#include "hub/journal_gaps.h"
#include "hub/journal_index.h"
#include "hub/verify.h"
#include "protocol/chain.h"
#include "tests/support/hub_fixture.h"

enum { LANES = 3, EVENTS = 40, STEPS = 400, POINTS = LANES * EVENTS };

static struct hub_fixture hub_at;
static struct test_device alice;
static kv_txn *txn;
static lane lanes[LANES]; /* a tree: the first ends at 40, the others part from it */
static const size_t parts_at[LANES] = { 0, 15, 30 };

static uint64_t seed;

static uint64_t
pick(uint64_t below)
{
	uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % below;
}

static void
record(lane *l, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct event e = test_activity("con-a", 20406);

		lane_add(l, &e);
	}
}

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	txn = hub_begin(hub_at.hub);
	test_device_init(&alice, 1, "con-a");
	test_device_enroll(&alice, hub_at.hub, txn, ROLE_DEVICE);
	lane_init(&lanes[0], &alice);
	record(&lanes[0], EVENTS);
	for (size_t i = 1; i < LANES; i++) {
		lane_fork(&lanes[i], &lanes[0], parts_at[i]);
		record(&lanes[i], EVENTS - parts_at[i]);
	}
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	for (size_t i = 0; i < LANES; i++)
		lane_done(&lanes[i]);
	kv_abort(&txn);
	hub_fixture_done(&hub_at);
	return 0;
}

/* ---- a model: which events are here ---- */

static bool here[LANES][EVENTS + 1]; /* of a part that two lanes share, in the first */

static bool *
place(size_t l, uint64_t seq)
{
	return seq <= parts_at[l] ? &here[0][seq] : &here[l][seq];
}

static bool
has_successor(size_t l, uint64_t seq)
{
	for (size_t i = 0; i < LANES; i++) {
		struct point a = lane_point(&lanes[i], seq), b = lane_point(&lanes[l], seq);

		if (seq < EVENTS && point_equal(&a, &b) && *place(i, seq + 1))
			return true;
	}
	return false;
}

static int
compare_points(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return memcmp(x->hash, y->hash, HASH_BYTES);
}

/* Events that are here, or not, and have no successor here, or have one. */
static size_t
expect(bool is_here, bool goes_on, struct point *list)
{
	size_t count = 0;

	for (size_t l = 0; l < LANES; l++)
		for (uint64_t seq = parts_at[l] + 1; seq <= EVENTS; seq++)
			if (*place(l, seq) == is_here && has_successor(l, seq) == goes_on)
				list[count++] = lane_point(&lanes[l], seq);
	qsort(list, count, sizeof(*list), compare_points);
	return count;
}

static void
assert_points(const char *what, const struct point *got, size_t count, bool is_here, bool goes_on)
{
	struct point want[POINTS];

	if (count != expect(is_here, goes_on, want))
		fail_msg("%s: got %zu, want %zu", what, count, expect(is_here, goes_on, want));
	for (size_t i = 0; i < count; i++)
		if (!point_equal(&got[i], &want[i]))
			fail_msg("%s: got %ju, want %ju", what, (uintmax_t) got[i].seq,
			         (uintmax_t) want[i].seq);
}

static void
assert_as_modelled(void)
{
	struct point list[POINTS], start;
	uint64_t total = 0, told = 0;
	size_t count;

	assert_status(journal_leaves(txn, alice.feed, list, POINTS, &count), ST_OK);
	assert_points("leaves", list, count, true, false);
	assert_status(journal_gaps(txn, alice.feed, list, POINTS, &count), ST_OK);
	assert_points("gaps", list, count, false, true);
	for (size_t l = 0; l < LANES; l++)
		for (uint64_t seq = parts_at[l] + 1; seq <= EVENTS; seq++) {
			struct point at = lane_point(&lanes[l], seq);

			assert_status(journal_known(txn, alice.feed, &at),
			              *place(l, seq) ? ST_OK : ST_NOT_FOUND);
			total += *place(l, seq);
		}
	chain_start(alice.feed, &start);
	assert_status(journal_beyond(txn, alice.feed, &start, &told), ST_OK);
	assert_int_equal(told, total);
}

/* ---- what happens ---- */

static status
give(size_t l, uint64_t first, uint64_t last, take_how how)
{
	struct batch b;
	writer w;
	status st;

	writer_init(&w);
	lane_seal(&lanes[l], first, last, &w);
	assert_status(batch_open(writer_bytes(&w).at, writer_bytes(&w).len, &b), ST_OK);
	st = hub_take_as(hub_at.hub, txn, &b, 1, how);
	assert_status(hub_settle(hub_at.hub, txn), ST_OK);
	writer_done(&w);
	for (uint64_t seq = first; seq <= last && st == ST_OK; seq++)
		*place(l, seq) = true;
	return st;
}

struct picking {
	uint64_t left;
	bool found;
	struct index_row row;
};

static status
pick_row(void *ctx, const struct index_row *row)
{
	struct picking *p = ctx;

	if (memcmp(row->feed, alice.feed, FEED_BYTES) != 0 || p->left-- != 0)
		return ST_OK;
	p->row = *row;
	p->found = true;
	return ST_OK;
}

/* Which lane the row is of: its last event tells. */
static size_t
lane_of(const struct index_row *row)
{
	for (size_t l = 0; l < LANES; l++)
		if (memcmp(lane_point(&lanes[l], row->first + row->count - 1).hash, row->after,
		           HASH_BYTES) == 0)
			return l;
	fail_msg("a row of no lane");
	return 0;
}

static void
lose_one(void)
{
	struct picking p = { .left = pick(8) };

	assert_status(index_each(txn, pick_row, &p), ST_OK);
	if (!p.found)
		return;
	for (uint64_t seq = p.row.first; seq < p.row.first + p.row.count; seq++)
		*place(lane_of(&p.row), seq) = false;
	assert_status(journal_lose(txn, p.row.offset, &p.row), ST_OK);
}

static void
give_all(void)
{
	for (size_t l = 0; l < LANES; l++) {
		status st = give(l, 1, EVENTS, TAKE_JOINED);

		assert_true(st == ST_OK || st == ST_EXISTS);
		for (uint64_t seq = 1; seq <= EVENTS; seq++)
			*place(l, seq) = true;
	}
}

/* Entries of which an event is missing. */
static size_t
lost_entries(void)
{
	uint64_t size = journal_size(txn);
	size_t count = 0;

	for (uint64_t offset = 0; offset < size; offset++) {
		struct journal_entry entry = { 0 };
		struct lost_run run;

		assert_status(journal_read(txn, offset, &entry), ST_OK);
		if (entry.kind != JOURNAL_LOST)
			continue;
		assert_status(journal_lost(txn, &entry, &run), ST_OK);
		count += !run.back;
	}
	return count;
}

static status
no_damage(void *ctx, const struct damage *d)
{
	(void) ctx;
	if (d->kind != DAMAGE_LOST)
		fail_msg("damage of kind %d at entry %ju", (int) d->kind, (uintmax_t) d->offset);
	return ST_OK;
}

static void
assert_verified(void)
{
	const struct verifying how = { .visit = no_damage };
	struct verified v;

	assert_status(hub_verify(hub_at.hub, txn, &how, true, &v), ST_OK);
	assert_int_equal(v.compared, v.damages == 0);
	assert_int_equal(v.damages, lost_entries());
}

/* Whatever came loose, was damaged, and came again, in whatever order and with whatever
 * borders: leaves and gaps are those of the events that are here, each event counts once,
 * and in the end the digest is that of a hub to which nothing happened. */
static void
runs_that_come_and_go_leave_what_the_set_of_events_says(void **ctx)
{
	uint8_t set[HASH_BYTES], state[HASH_BYTES], set2[HASH_BYTES], state2[HASH_BYTES];

	(void) ctx;
	memset(here, 0, sizeof(here));
	give_all();
	assert_as_modelled();
	assert_status(hub_digest(hub_at.hub, txn, set, state), ST_OK);
	seed = 1;
	for (int step = 0; step < STEPS; step++) {
		uint64_t act = pick(16);

		if (act < 7) {
			lose_one();
		} else if (act < 14) {
			uint64_t first = 1 + pick(EVENTS), last = first + pick(EVENTS - first + 1);
			status st = give(pick(LANES), first, last, TAKE_LOOSE);

			assert_true(st == ST_OK || st == ST_EXISTS);
		} else if (act == 14) {
			assert_status(hub_rebuild(hub_at.hub, txn), ST_OK);
		} else if (pick(4) == 0) {
			give_all();
		} else {
			assert_verified();
		}
		assert_as_modelled();
	}
	give_all();
	assert_as_modelled();
	assert_verified();
	assert_status(hub_digest(hub_at.hub, txn, set2, state2), ST_OK);
	assert_memory_equal(set, set2, HASH_BYTES);
	assert_memory_equal(state, state2, HASH_BYTES);
}

/* ---- tags prove nothing ---- */

/* Lane 1 parts from lane 0 anew, until the event of that number has a tag that the row would
 * have for it, though another event has that place there. */
static void
part_with_the_tag_of(size_t l, const struct index_row *row, uint64_t seq)
{
	size_t other = 1 - l;
	bool fits = false;

	while (!fits) {
		lane_done(&lanes[l]);
		lane_fork(&lanes[l], &lanes[other], parts_at[1]);
		record(&lanes[l], EVENTS - parts_at[1]);
		fits = tags_fit(txn, &row->tags, seq - row->first, lane_point(&lanes[l], seq).hash);
	}
}

/* The row of an event that is here, and a copy of its tags, since the store is written to. */
static struct index_row
row_of(size_t l, uint64_t seq)
{
	static uint8_t tags[TAGS_BYTES_MAX];
	const struct point at = lane_point(&lanes[l], seq);
	struct index_row row;

	assert_status(index_row_of(txn, alice.feed, &at, &row), ST_OK);
	assert_true(row.tags.bytes.len > 0);
	memcpy(tags, row.tags.bytes.at, row.tags.bytes.len);
	row.tags.bytes.at = tags;
	return row;
}

static void
give_one(size_t l, uint64_t first, uint64_t last)
{
	assert_status(give(l, first, last, TAKE_LOOSE), ST_OK);
}

static void
lose_row_of(size_t l, uint64_t seq)
{
	const struct point at = lane_point(&lanes[l], seq);
	struct index_row row;
	uint64_t first, last;

	assert_status(index_row_of(txn, alice.feed, &at, &row), ST_OK);
	first = row.first;
	last = row.first + row.count - 1;
	assert_status(journal_lose(txn, row.offset, &row), ST_OK);
	for (uint64_t n = first; n <= last; n++)
		*place(l, n) = false;
}

static uint64_t
counted(void)
{
	return cell_quantity(txn, "IND-1", "con-a", "US", 20406, "", STATUS_DONE);
}

static void
a_gap_is_closed_by_its_event_alone(void **ctx)
{
	struct point list[POINTS], gap = lane_point(&lanes[0], 20);
	size_t count;
	bool closed, last;
	struct batch_event e = { .at = gap };

	(void) ctx;
	gap.hash[HASH_BYTES - 1] ^= 1;
	assert_status(gaps_put(txn, alice.feed, &gap), ST_OK);
	assert_status(gaps_close(txn, alice.feed, &e, 1, &closed, &last), ST_OK);
	assert_false(closed || last);
	assert_status(journal_gaps(txn, alice.feed, list, POINTS, &count), ST_OK);
	assert_int_equal(count, 1);
	e.at = gap;
	assert_status(gaps_close(txn, alice.feed, &e, 1, &closed, &last), ST_OK);
	assert_true(closed && last);
}

/* Lane 1 goes on where lane 0 has another event of the same tag: with that event nothing
 * goes on that was lost. */
static void
a_gap_is_opened_by_its_event_alone(void **ctx)
{
	struct index_row row;

	(void) ctx;
	memset(here, 0, sizeof(here));
	give_one(0, 1, 15);
	give_one(0, 16, 30);
	row = row_of(0, 20);
	part_with_the_tag_of(1, &row, 20);
	give_one(1, 16, 20);
	give_one(1, 21, 25);
	lose_row_of(0, 20);
	assert_as_modelled();
}

/* What was lost joined at an event of lane 0 in whose place lane 1 has another of the same
 * tag: what follows on that does not follow on this. */
static void
an_end_is_told_by_its_event_alone(void **ctx)
{
	struct index_row row;

	(void) ctx;
	memset(here, 0, sizeof(here));
	give_one(1, 1, 15);
	give_one(1, 16, 25);
	row = row_of(1, 20);
	part_with_the_tag_of(0, &row, 20);
	give_one(0, 16, 20);
	give_one(0, 21, 30);
	lose_row_of(0, 25);
	assert_as_modelled();
}

/* Events of lane 1 whose first has the tag of one that was lost are new. */
static void
an_event_of_the_same_tag_as_a_lost_one_counts(void **ctx)
{
	struct index_row row;

	(void) ctx;
	memset(here, 0, sizeof(here));
	give_one(0, 1, 15);
	give_one(0, 16, 30);
	row = row_of(0, 16);
	part_with_the_tag_of(1, &row, 16);
	lose_row_of(0, 16);
	assert_int_equal(counted(), 30);
	give_one(1, 16, 25);
	assert_int_equal(counted(), 25); /* what is missing is counted when it comes */
	give_one(0, 16, 30);
	assert_int_equal(counted(), 40);
	assert_as_modelled();
}

/* From the end down, as devices fill gaps, in pieces of their own: then nothing is folded
 * again, and what is still missing counts meanwhile. */
static void
what_comes_back_counts_once(void **ctx)
{
	(void) ctx;
	memset(here, 0, sizeof(here));
	give_one(0, 1, 15);
	give_one(0, 16, 30);
	give_one(0, 31, 40);
	lose_row_of(0, 20);
	assert_status(journal_index_anew(txn), ST_OK);
	give_one(0, 24, 30);
	assert_int_equal(counted(), 40);
	assert_int_equal(kv_count(txn, TABLE_LOST), 1);
	give_one(0, 14, 23);
	assert_int_equal(counted(), 40);
	assert_int_equal(kv_count(txn, TABLE_LOST), 1);
	assert_as_modelled();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			runs_that_come_and_go_leave_what_the_set_of_events_says, setup, teardown),
		cmocka_unit_test_setup_teardown(a_gap_is_closed_by_its_event_alone, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(a_gap_is_opened_by_its_event_alone, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(an_end_is_told_by_its_event_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(an_event_of_the_same_tag_as_a_lost_one_counts,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(what_comes_back_counts_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
