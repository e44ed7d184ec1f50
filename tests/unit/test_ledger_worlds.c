/* Small random worlds of events, folded in several orders and batch borders at
 * two hubs; rows, digests and outcomes are compared with an evaluation that is
 * written out here a second time, over the whole set at once. */
#include "tests/support/check.h"

#include <sodium.h>
#include <string.h>

#include "hub/digest.h"
#include "hub/ledger.h"
#include "hub/registry_entry.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/ledger_naive.h"
#include "tests/support/naive_pick.h"
#include "tests/support/pick.h"

enum { WORLDS = 40, ORDERS = 4, LANES = 12, FEEDS = NAIVE_DEVICES, FIRST_NUMBER = 100 };
enum { OFFICE = 3, ENROLLED = NAIVE_HUB /* the hub knows itself */ };

/* A lane, and which event of the world each of its events is. */
struct track {
	lane lane;
	size_t events[NAIVE_EVENTS_MAX];
	size_t given; /* events of it that are at the hub */
};

struct world {
	struct naive naive;
	struct track tracks[LANES];
	size_t track_count;
};

static struct test_device devices[FEEDS];
static struct hub_fixture hubs[2];

/* ---- making a world ---- */

#define BODY(text) \
	{ \
		(const uint8_t *) (text), sizeof(text) - 1 \
	}

/* What no one can count: garbage, a kind, a version, a key from the future. */
static struct point
add_unreadable(struct track *t, struct naive_event *n)
{
	static const struct {
		hold reason;
		struct bytes body;
	} bodies[] = {
		{ HOLD_MALFORMED, BODY("garbage") },
		{ HOLD_MALFORMED, BODY("") },
		{ HOLD_KIND,
		  BODY("\x84\xa2"
		       "at\x01\xa1k\xa5"
		       "newer\xa1u\xa5"
		       "con-a\xa1v\x01") },
		{ HOLD_VERSION,
		  BODY("\x83\xa2"
		       "at\x01\xa1k\xa4void\xa1v\x02") },
		{ HOLD_KEY,
		  BODY("\x84\xa2!x\x01\xa2"
		       "at\x01\xa1k\xa4void\xa1v\x01") },
	};
	size_t i = pick(LENGTH(bodies));

	n->unreadable = bodies[i].reason;
	return lane_add_body(&t->lane, bodies[i].body);
}

/* Two clones may record the very same bytes at the same place: one event.  Else
 * the place of a new one. */
static size_t
same_event(const struct world *w, const struct naive_event *n)
{
	size_t i = 0;

	while (i < w->naive.count &&
	       (w->naive.events[i].device != n->device ||
	        !point_equal(&w->naive.events[i].at, &n->at)))
		i++;
	return i;
}

static void
add_event(struct world *w, struct track *t)
{
	struct naive_event n = { .device = (size_t) (t->lane.device - devices), .percent = -1 };
	unsigned kind = pick(20);
	struct event e;

	memcpy(n.feed, t->lane.device->feed, FEED_BYTES);
	if (kind == 0) {
		n.at = add_unreadable(t, &n);
	} else {
		n.kind = KIND_VOID;
		e = kind < 5 ? naive_pick_void(&n) : naive_pick_record(&n);
		if (kind < 13)
			naive_pick_targets(&w->naive, &n, &e);
		n.at = lane_add(&t->lane, &e);
	}
	n.parent = t->lane.count > 1 ? t->events[t->lane.count - 2] : NAIVE_MISSING;
	t->events[t->lane.count - 1] = same_event(w, &n);
	if (t->events[t->lane.count - 1] == w->naive.count)
		w->naive.events[w->naive.count++] = n;
}

static void
fork_track(struct world *w)
{
	const struct track *from = &w->tracks[pick((unsigned) w->track_count)];
	struct track *t = &w->tracks[w->track_count++];

	lane_fork(&t->lane, &from->lane, pick((unsigned) from->lane.count + 1));
	memcpy(t->events, from->events, sizeof(t->events));
}

/* Erase the last event of a lane that no other lane shares: a hub keeps what
 * comes first. */
static void
erase_end(struct world *w, struct track *t)
{
	size_t count = t->lane.count;

	for (size_t k = 0; k < w->track_count; k++)
		for (size_t i = 0; &w->tracks[k] != t && count > 0 && i < w->tracks[k].lane.count;
		     i++)
			if (w->tracks[k].events[i] == t->events[count - 1])
				count = 0;
	if (count == 0)
		return;
	lane_erase(&t->lane, count);
	w->naive.events[t->events[count - 1]].unreadable = HOLD_ERASED;
}

static struct world *
make_world(uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));
	unsigned events;

	assert_non_null(w);
	pick_seed(seed);
	events = 2 + pick(NAIVE_EVENTS_MAX - 2);
	for (; w->track_count < FEEDS; w->track_count++)
		lane_init(&w->tracks[w->track_count].lane, &devices[w->track_count]);
	for (unsigned i = 0; i < events; i++) {
		if (w->track_count < LANES && pick(12) == 0)
			fork_track(w);
		add_event(w, &w->tracks[pick((unsigned) w->track_count)]);
	}
	for (size_t i = 0; i < w->track_count; i++)
		if (pick(20) == 0)
			erase_end(w, &w->tracks[i]);
	return w;
}

static void
end_world(struct world *w)
{
	for (size_t i = 0; i < w->track_count; i++)
		lane_done(&w->tracks[i].lane);
	free(w);
}

/* ---- folding it ---- */

static void
give_some(struct track *t, hub *h, kv_txn *txn)
{
	size_t last = t->given + 1 + pick(6);
	size_t first = pick(3) == 0 ? 1 + pick((unsigned) t->given + 1) : t->given + 1;
	status st;

	if (last > t->lane.count)
		last = t->lane.count;
	if (first > last)
		first = last;
	st = lane_give(&t->lane, first, last, h, txn);
	if (st != ST_OK && st != ST_EXISTS)
		fail_msg("%zu to %zu: %s", first, last, status_text(st));
	if (last > t->given)
		t->given = last;
}

/* A batch from the middle: whatever comes of it, nothing is lost. */
static void
give_anything(struct track *t, hub *h, kv_txn *txn)
{
	size_t first = 1 + pick((unsigned) t->lane.count);
	size_t last = first + pick((unsigned) (t->lane.count - first) + 1);
	status st = lane_give(&t->lane, first, last, h, txn);

	if (st != ST_OK && st != ST_EXISTS && st != ST_UNKNOWN)
		fail_msg("%zu to %zu: %s", first, last, status_text(st));
}

/* The third device may report for con-a, too. */
static void
grant(hub *h, kv_txn *txn)
{
	static struct test_device more;

	test_device_init(&more, 2, "con-a,con-b");
	test_device_enroll(&more, h, txn, ROLE_DEVICE);
}

/* ---- acts of the registry ---- */

static uint64_t
pick_leaves(const struct world *w, size_t device)
{
	uint64_t leaves = 0;

	for (size_t i = 0; i < w->naive.count; i++)
		if (w->naive.events[i].device == device && pick(5) == 0)
			leaves |= UINT64_C(1) << i;
	return leaves;
}

/* Whatever the leaves named are: ends of lanes, or below others, or all of no lane. */
static void
pick_acts(struct world *w)
{
	size_t count = 1 + pick(NAIVE_ACTS_MAX), often = pick(ENROLLED);

	while (w->naive.act_count < count) {
		struct naive_act *a = &w->naive.acts[w->naive.act_count++];

		a->type = pick(2) ? NAIVE_LOSS : pick(2) ? NAIVE_GRANT : NAIVE_ADMIT;
		a->device = pick(4) ? often : pick(ENROLLED);
		a->rights = pick(3) ? 15 : 1 + pick(15);
		if (a->type == NAIVE_GRANT && (a->rights & 7) == 0)
			a->rights |= NAIVE_CON_B; /* nobody is enrolled for no unit */
		a->leaves = a->type == NAIVE_GRANT ? 0 : pick_leaves(w, a->device);
	}
}

static int
compare_points(const void *one, const void *two)
{
	return memcmp(one, two, POINT_BYTES);
}

static struct bytes
pack_leaves(const struct world *w, uint64_t leaves, uint8_t *space)
{
	size_t count = 0;

	for (size_t i = 0; i < w->naive.count; i++) {
		if (!(leaves >> i & 1))
			continue;
		put_u64(space + count * POINT_BYTES, w->naive.events[i].at.seq);
		memcpy(space + count++ * POINT_BYTES + 8, w->naive.events[i].at.hash, HASH_BYTES);
	}
	if (leaves % 3 == 0) /* one that never comes */
		memset(space + count++ * POINT_BYTES, 0x11, POINT_BYTES);
	qsort(space, count, POINT_BYTES, compare_points);
	return (struct bytes) { space, count * POINT_BYTES };
}

/* As an entry that another hub has made. */
static void
act(const struct world *w, size_t which, hub *h, kv_txn *txn)
{
	static const char *const names[] = { "con-a", "con-b", "area-x" };
	static const unsigned ascending[] = { 2, 0, 1 };
	static const registry_act kinds[] = {
		[NAIVE_GRANT] = ACT_ENROLL, [NAIVE_LOSS] = ACT_REVOKE, [NAIVE_ADMIT] = ACT_ADMIT
	};
	const struct naive_act *a = &w->naive.acts[which];
	uint8_t space[(NAIVE_EVENTS_MAX + 1) * POINT_BYTES];
	struct entry e = { .act = kinds[a->type],
		           .number = FIRST_NUMBER + which,
		           .at_ms = (int64_t) which,
		           .feed = devices[a->device].feed,
		           .curve = devices[a->device].curve,
		           .role = a->rights & NAIVE_OFFICE ? ROLE_OFFICE : ROLE_DEVICE };

	for (size_t i = 0; i < LENGTH(ascending) && a->type != NAIVE_ADMIT; i++)
		if (a->rights >> ascending[i] & 1)
			e.units.list[e.units.count++] = text_of(names[ascending[i]]);
	if (a->type != NAIVE_GRANT)
		e.leaves = pack_leaves(w, a->leaves, space);
	hub_enter(h, txn, &e);
}

static void
fold_world(struct world *w, hub *h, kv_txn *txn)
{
	size_t left = 0, plan_at, grant_at, total, acts = 0;

	for (size_t i = 0; i < w->track_count; i++) {
		w->tracks[i].given = 0;
		left += w->tracks[i].lane.count;
	}
	total = left;
	plan_at = pick((unsigned) total + 1);
	grant_at = pick((unsigned) total + 1);
	for (size_t step = 0; left > 0 || step <= total; step++) {
		struct track *t = &w->tracks[pick((unsigned) w->track_count)];

		if (step == plan_at && w->naive.next_plan)
			hub_give_plan(h, txn, naive_plan(true));
		if (step == grant_at && w->naive.granted)
			grant(h, txn);
		while (acts < w->naive.act_count && (step >= total || pick(4) == 0))
			act(w, acts++, h, txn);
		if (t->lane.count > 0 && pick(5) == 0)
			give_anything(t, h, txn);
		if (t->given == t->lane.count)
			continue;
		left += t->given;
		give_some(t, h, txn);
		left -= t->given;
	}
}

/* ---- comparing ---- */

static void
assert_outcomes(const struct world *w, hub *h, kv_txn *txn)
{
	struct ledger l = { .txn = txn };

	assert_status(hub_plan(h, txn, &l.plan), ST_OK);
	for (size_t i = 0; i < w->naive.count; i++) {
		const struct naive_event *n = &w->naive.events[i];
		outcome got;
		hold reason;

		assert_status(ledger_outcome(&l, n->feed, &n->at, &got, &reason), ST_OK);
		if (got != n->outcome || reason != (n->held ? n->hold : HOLD_NONE))
			fail_msg("event %zu: got %s (%s), want %s (%s)", i, outcome_name(got),
			         hold_name(reason), outcome_name(n->outcome), hold_name(n->hold));
	}
}

static void
assert_folds_alike(struct world *w, uint64_t seed)
{
	naive_judge(&w->naive);
	for (unsigned order = 0; order < ORDERS; order++) {
		hub *h = hubs[order % 2].hub;
		kv_txn *txn = hub_begin(h);
		char where[60];

		snprintf(where, sizeof(where), "world %ju, order %u", (uintmax_t) seed, order);
		pick_seed(seed * 31 + order);
		fold_world(w, h, txn);
		naive_compare(&w->naive, h, txn, where);
		assert_outcomes(w, h, txn);
		if (order == 0) {
			assert_status(hub_refold(h, txn), ST_OK);
			naive_compare(&w->naive, h, txn, "folded again");
			assert_status(hub_rebuild(h, txn), ST_OK);
			naive_compare(&w->naive, h, txn, "rebuilt");
			assert_outcomes(w, h, txn);
		}
		kv_abort(&txn);
	}
}

/* More of them on request: WORLDS=20000 test_ledger_worlds */
static uint64_t
worlds_wanted(void)
{
	const char *asked = getenv("WORLDS");

	return asked ? strtoull(asked, NULL, 10) : WORLDS;
}

static void
any_order_gives_the_state_of_the_set(void **ctx)
{
	(void) ctx;
	for (uint64_t seed = 1; seed <= worlds_wanted(); seed++) {
		struct world *w = make_world(seed);

		assert_folds_alike(w, seed);
		end_world(w);
	}
}

static void
a_new_plan_and_a_new_right_judge_everything_again(void **ctx)
{
	(void) ctx;
	enum { FIRST = 1000000 };

	for (uint64_t seed = FIRST; seed < FIRST + worlds_wanted() / 2; seed++) {
		struct world *w = make_world(seed);

		w->naive.next_plan = seed % 3 != 0;
		w->naive.granted = seed % 3 != 1;
		assert_folds_alike(w, seed);
		end_world(w);
	}
}

static void
rights_that_are_lost_stay_with_what_was_known(void **ctx)
{
	(void) ctx;
	enum { FIRST = 2000000 };

	for (uint64_t seed = FIRST; seed < FIRST + worlds_wanted(); seed++) {
		struct world *w = make_world(seed);

		w->naive.next_plan = seed % 2;
		pick_acts(w);
		assert_folds_alike(w, seed);
		end_world(w);
	}
}

static int
make_hubs(void **ctx)
{
	(void) ctx;
	for (unsigned i = 0; i < FEEDS; i++)
		test_device_init(&devices[i], i, naive_units[i]);
	for (size_t i = 0; i < LENGTH(hubs); i++) {
		kv_txn *txn;

		hub_fixture_init_as(&hubs[i], naive_plan(false), &devices[NAIVE_HUB]);
		txn = hub_begin(hubs[i].hub);
		for (unsigned d = 0; d < ENROLLED; d++) {
			const struct test_device *device = &devices[i == 0 ? d : ENROLLED - 1 - d];

			test_device_enroll(device, hubs[i].hub, txn,
			                   device == &devices[OFFICE] ? ROLE_OFFICE : ROLE_DEVICE);
		}
		hub_commit(&txn);
	}
	return 0;
}

static int
end_hubs(void **ctx)
{
	(void) ctx;
	for (size_t i = 0; i < LENGTH(hubs); i++)
		hub_fixture_done(&hubs[i]);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_gives_the_state_of_the_set),
		cmocka_unit_test(a_new_plan_and_a_new_right_judge_everything_again),
		cmocka_unit_test(rights_that_are_lost_stay_with_what_was_known),
	};

	return cmocka_run_group_tests_name("ledger_worlds", tests, make_hubs, end_hubs);
}
