/* Small random worlds of events, folded in several orders and batch borders at
 * two hubs; rows, digests and outcomes are compared with an evaluation that is
 * written out here a second time, over the whole set at once. */
#include "tests/support/check.h"

#include <sodium.h>
#include <string.h>

#include "hub/digest.h"
#include "hub/ledger.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/ledger_naive.h"
#include "tests/support/plan_base.h"

enum { WORLDS = 120, ORDERS = 4, LANES = 10, FEEDS = 4 };

static uint64_t random_state;

static unsigned
pick(unsigned n)
{
	random_state += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = random_state;

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (unsigned) ((z ^ (z >> 31)) % n);
}

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
static const char *const unit_names[FEEDS] = { "con-a", "con-a,con-b", "con-b", "area-x" };
static struct hub_fixture hubs[2];

/* ---- making a world ---- */

static void
pick_targets(struct world *w, struct naive_event *n, struct event *e)
{
	static const struct point nowhere = { 7, { 0xee } };
	unsigned count = pick(4) == 0 ? 2 + pick(2) : 1;

	for (unsigned i = 0; i < count; i++) {
		size_t back = 1 + pick(pick(2) ? 3 : 60), at;

		if (pick(25) == 0 || w->naive.count == 0) {
			test_fix(e, &nowhere, NULL);
			n->targets[n->target_count++] = NAIVE_MISSING;
			continue;
		}
		at = back > w->naive.count ? pick((unsigned) w->naive.count)
					   : w->naive.count - back;
		n->targets[n->target_count++] = at;
		/* its own feed may be named or not */
		test_fix(e, &w->naive.events[at].at,
		         w->naive.events[at].device == n->device && pick(2)
		                 ? NULL
		                 : w->naive.events[at].feed);
	}
}

static struct event
pick_activity(struct naive_event *n)
{
	static const char *const units[] = {
		"con-a", "con-b", "con-a", "con-b", "area-x", "con-zz"
	};
	static const date days[] = { 20157, 20406, 20407, 21915 };
	static const char *const indicators[] = { "IND-1", "IND-1", "IND-1", NULL, "IND-9" };
	static const char *const initiatives[] = { NULL, NULL, "1.1.01", "1.1.02",
		                                   "1.1.01,1.1.02" };
	static const char *const modes[] = { NULL, NULL, "movil", "fija" };
	struct event e;

	n->unit = units[pick(pick(4) ? 2 : LENGTH(units))];
	n->day = days[pick(pick(4) ? 3 : LENGTH(days))];
	n->indicator = indicators[pick(pick(4) ? 3 : LENGTH(indicators))];
	n->initiatives = initiatives[pick(LENGTH(initiatives))];
	if (!n->indicator && !n->initiatives)
		n->initiatives = "1.1.01";
	n->mode = modes[pick(LENGTH(modes))];
	n->country = pick(4) ? NULL : "PE";
	n->quantity = 1 + pick(5);
	n->status = pick(3) ? STATUS_DONE : (event_status) pick(EVENT_STATUSES_);
	n->attended = pick(2) ? pick(3) * 100 : 0;
	n->actor = pick(3) ? 0 : pick(50);
	e = test_activity(n->unit, n->day);
	test_indicator(&e, n->indicator);
	if (n->initiatives)
		test_initiatives(&e, n->initiatives);
	if (n->mode)
		test_mode(&e, n->mode);
	if (n->country) {
		e.country = text_of(n->country);
		e.has |= EVENT_BIT(EVENT_COUNTRY);
	}
	e.quantity = n->quantity;
	e.status = n->status;
	if (n->attended > 0)
		test_count(&e, "attended", n->attended);
	if (n->actor > 0)
		test_group(&e, "ACT-1", n->actor);
	return e;
}

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
		       "thing\xa1u\xa5"
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
	struct naive_event n = { .device = (size_t) (t->lane.device - devices) };
	unsigned kind = pick(20);
	struct event e;

	memcpy(n.feed, t->lane.device->feed, FEED_BYTES);
	if (kind == 0) {
		n.at = add_unreadable(t, &n);
	} else {
		if (kind < 5) {
			n.is_void = true;
			n.unit = pick(4) ? "con-a" : "con-b";
			e = test_void(n.unit);
		} else {
			e = pick_activity(&n);
		}
		if (n.is_void || kind < 13)
			pick_targets(w, &n, &e);
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
	random_state = seed;
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

static json_t *
next_plan(void)
{
	json_t *root = plan_base();

	plan_base_edit(root, "/version", "4");
	plan_base_edit(root, "/modes/-", "{\"code\": \"fija\", \"name\": \"Fija\"}");
	plan_base_edit(root, "/indicators/0/links", "[\"1.1.01\"]");
	plan_base_edit(root, "/units/1/country", "\"MX\"");
	plan_base_edit(root, "/units/1/country_name", "\"México\"");
	plan_base_edit(root, "/period/to", "\"2031-12-31\"");
	return root;
}

/* The third device may report for con-a, too. */
static void
grant(hub *h, kv_txn *txn)
{
	static struct test_device more;

	test_device_init(&more, 2, "con-a,con-b");
	test_device_enroll(&more, h, txn, ROLE_DEVICE);
}

static void
fold_world(struct world *w, hub *h, kv_txn *txn)
{
	size_t left = 0, plan_at, grant_at, total;

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
			hub_give_plan(h, txn, next_plan());
		if (step == grant_at && w->naive.granted)
			grant(h, txn);
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
		random_state = seed * 31 + order;
		fold_world(w, h, txn);
		naive_compare(&w->naive, h, txn, where);
		assert_outcomes(w, h, txn);
		if (order == 0) {
			assert_status(hub_refold(h, txn), ST_OK);
			naive_compare(&w->naive, h, txn, "folded again");
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

static int
make_hubs(void **ctx)
{
	(void) ctx;
	for (unsigned i = 0; i < FEEDS; i++)
		test_device_init(&devices[i], i, unit_names[i]);
	for (size_t i = 0; i < LENGTH(hubs); i++) {
		kv_txn *txn;

		hub_fixture_init(&hubs[i], NULL);
		txn = hub_begin(hubs[i].hub);
		for (unsigned d = 0; d < FEEDS; d++) {
			const struct test_device *device = &devices[i == 0 ? d : FEEDS - 1 - d];

			test_device_enroll(device, hubs[i].hub, txn,
			                   device == &devices[FEEDS - 1] ? ROLE_OFFICE
			                                                 : ROLE_DEVICE);
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
	};

	return cmocka_run_group_tests_name("ledger_worlds", tests, make_hubs, end_hubs);
}
