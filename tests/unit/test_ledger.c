#include "tests/support/check.h"

#include <string.h>

#include "hub/ledger.h"
#include "hub/rows.h"
#include "hub/standing.h"
#include "protocol/standing.h"
#include "tests/support/hub_fixture.h"

enum { DAY = 20406 /* 2025-11-14 */, EARLY = 20157 /* 2025-03-10: 1.1.02 is in force */ };

static struct hub_fixture hub_at;
static struct test_device alice, bob, office;
static kv_txn *txn;
static lane track, others, offices;

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	txn = hub_begin(hub_at.hub);
	test_device_init(&alice, 1, "con-a");
	test_device_init(&bob, 2, "con-a,con-b");
	test_device_init(&office, 3, "area-x");
	test_device_enroll(&alice, hub_at.hub, txn, ROLE_DEVICE);
	test_device_enroll(&bob, hub_at.hub, txn, ROLE_DEVICE);
	test_device_enroll(&office, hub_at.hub, txn, ROLE_OFFICE);
	lane_init(&track, &alice);
	lane_init(&others, &bob);
	lane_init(&offices, &office);
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	lane_done(&track);
	lane_done(&others);
	lane_done(&offices);
	kv_abort(&txn);
	hub_fixture_done(&hub_at);
	return 0;
}

/* Record an event and bring it to the hub at once. */
static struct point
give(lane *l, struct event *e)
{
	struct point at = lane_add(l, e);

	assert_status(lane_give(l, l->count, l->count, hub_at.hub, txn), ST_OK);
	return at;
}

static struct point
give_activity(lane *l, const char *unit, date day)
{
	struct event e = test_activity(unit, day);

	return give(l, &e);
}

static struct point
give_correction(lane *l, const struct lane *of, uint64_t seq, uint64_t quantity)
{
	struct point target = lane_point(of, seq);
	struct event e = test_activity("con-a", DAY);

	e.quantity = quantity;
	test_fix(&e, &target, of->device == l->device ? NULL : of->device->feed);
	return give(l, &e);
}

static struct point
give_void(lane *l, const struct lane *of, uint64_t seq)
{
	struct point target = lane_point(of, seq);
	struct event e = test_void("con-a");

	test_fix(&e, &target, of->device == l->device ? NULL : of->device->feed);
	return give(l, &e);
}

static void
assert_cell(const char *code, const char *unit, const char *country, date day, const char *mode,
            event_status s, uint64_t want)
{
	assert_int_equal(cell_quantity(txn, code, unit, country, day, mode, s), want);
}

static void
assert_held(const lane *l, uint64_t seq, hold want)
{
	struct point at = lane_point(l, seq);
	hold got = held_reason(txn, l->device->feed, &at);

	if (got != want)
		fail_msg("event %ju is held '%s', want '%s'", (uintmax_t) seq, hold_name(got),
		         hold_name(want));
}

static void
assert_outcome(const lane *l, uint64_t seq, outcome want)
{
	struct ledger in = { .txn = txn };
	struct point at = lane_point(l, seq);
	outcome got;
	hold reason;

	assert_status(hub_plan(hub_at.hub, txn, &in.plan), ST_OK);
	assert_status(ledger_outcome(&in, l->device->feed, &at, &got, &reason), ST_OK);
	assert_string_equal(outcome_name(got), outcome_name(want));
}

static uint64_t
standing_version(const struct test_device *d)
{
	uint64_t version;

	assert_status(hub_standing_version(txn, d->feed, &version), ST_OK);
	return version;
}

/* "held 2:waits conflict 1" of the document for a device. */
static void
assert_standing(const struct test_device *d, const char *want)
{
	char got[300] = "";
	size_t len = 0;
	struct standing s;
	struct standing_held h;
	struct point p;
	writer w;

	writer_init(&w);
	assert_status(hub_standing(txn, d->feed, &w), ST_OK);
	assert_status(standing_decode(writer_bytes(&w).at, writer_bytes(&w).len, &s), ST_OK);
	while (standing_next_held(&s.held, &h))
		len += (size_t) snprintf(got + len, sizeof(got) - len, "%sheld %ju:%.*s",
		                         len ? " " : "", (uintmax_t) h.at.seq, (int) h.reason.len,
		                         h.reason.at);
	while (standing_next_point(&s.conflicts, &p))
		len += (size_t) snprintf(got + len, sizeof(got) - len, "%sconflict %ju",
		                         len ? " " : "", (uintmax_t) p.seq);
	assert_string_equal(got, want);
	writer_done(&w);
}

/* ---- what counts where ---- */

static void
an_activity_counts_for_its_indicator_and_the_initiatives_linked_to_it(void **ctx)
{
	(void) ctx;
	struct event e = test_activity("con-a", EARLY);

	e.quantity = 3;
	test_mode(&e, "movil");
	give(&track, &e);
	assert_cell("IND-1", "con-a", "US", EARLY, "movil", STATUS_DONE, 3);
	assert_cell("1.1.01", "con-a", "US", EARLY, "movil", STATUS_DONE, 3);
	assert_cell("1.1.02", "con-a", "US", EARLY, "movil", STATUS_DONE, 3);
	assert_int_equal(kv_count(txn, TABLE_CELLS), 3);
	assert_int_equal(tally_records(txn, EARLY, "con-a", STATUS_DONE), 1);
	assert_outcome(&track, 1, OUTCOME_COUNTED);
}

static void
a_linked_initiative_that_is_retired_counts_no_more(void **ctx)
{
	(void) ctx;
	give_activity(&track, "con-a", DAY);
	assert_cell("1.1.01", "con-a", "US", DAY, "", STATUS_DONE, 1);
	assert_cell("1.1.02", "con-a", "US", DAY, "", STATUS_DONE, 0);
	assert_int_equal(kv_count(txn, TABLE_CELLS), 2);
}

static void
an_initiative_that_is_named_and_linked_counts_once(void **ctx)
{
	(void) ctx;
	struct event e = test_activity("con-a", DAY);

	test_initiatives(&e, "1.1.01");
	give(&track, &e);
	assert_cell("1.1.01", "con-a", "US", DAY, "", STATUS_DONE, 1);
	assert_int_equal(tally_records(txn, DAY, "con-a", STATUS_DONE), 1);
}

static void
a_country_given_stands_before_that_of_the_unit(void **ctx)
{
	(void) ctx;
	struct event e = test_activity("con-a", DAY);

	e.country = text_of("MX");
	e.has |= EVENT_BIT(EVENT_COUNTRY);
	give(&track, &e);
	assert_cell("IND-1", "con-a", "MX", DAY, "", STATUS_DONE, 1);
	assert_cell("IND-1", "con-a", "US", DAY, "", STATUS_DONE, 0);
}

static void
what_is_planned_is_kept_apart_from_what_is_done(void **ctx)
{
	(void) ctx;
	struct event e = test_activity("con-a", DAY);

	e.status = STATUS_PLANNED;
	give(&track, &e);
	assert_cell("IND-1", "con-a", "US", DAY, "", STATUS_DONE, 0);
	assert_cell("IND-1", "con-a", "US", DAY, "", STATUS_PLANNED, 1);
	assert_outcome(&track, 1, OUTCOME_PLANNED);
	give_correction(&track, &track, 1, 1); /* it took place */
	assert_cell("IND-1", "con-a", "US", DAY, "", STATUS_DONE, 1);
	assert_cell("IND-1", "con-a", "US", DAY, "", STATUS_PLANNED, 0);
}

static void
counts_and_groups_are_added_up_by_cell(void **ctx)
{
	(void) ctx;
	const struct cell_key k = {
		text_of("1.1.01"), text_of("con-a"), text_of("US"), text_of(""), DAY, STATUS_DONE
	};

	for (int i = 0; i < 2; i++) {
		struct event e = test_activity("con-a", DAY);

		test_indicator(&e, NULL);
		test_initiatives(&e, "1.1.01");
		test_count(&e, "attended", 100);
		test_group(&e, "ACT-1", 7);
		give(&track, &e);
	}
	assert_int_equal(cell_extra_total(txn, &k, 'c', "attended"), 200);
	assert_int_equal(cell_extra_total(txn, &k, 'g', "ACT-1"), 14);
	assert_int_equal(cell_extra_total(txn, &k, 'g', "attended"), 0);
}

static void
what_is_held_counts_nowhere_and_says_why(void **ctx)
{
	(void) ctx;
	give_activity(&track, "con-b", DAY);
	give_activity(&track, "con-a", 22000);
	assert_held(&track, 1, HOLD_RIGHT);
	assert_held(&track, 2, HOLD_DATE);
	assert_int_equal(kv_count(txn, TABLE_CELLS), 0);
	assert_int_equal(kv_count(txn, TABLE_TALLIES), 0);
	assert_outcome(&track, 2, OUTCOME_HELD);
	assert_standing(&alice, "held 1:right held 2:date");
	assert_standing(&bob, "");
}

static void
a_body_over_the_limit_or_erased_holds_itself_alone(void **ctx)
{
	(void) ctx;
	static uint8_t big[EVENT_BYTES_MAX + 1];

	give_activity(&track, "con-a", DAY);
	lane_add_body(&track, (struct bytes) { big, sizeof(big) });
	give_activity(&others, "con-a", DAY);
	assert_status(lane_give(&track, 2, 2, hub_at.hub, txn), ST_OK);
	assert_held(&track, 2, HOLD_LIMIT);
	lane_add_body(&track, (struct bytes) { big, 3 });
	lane_erase(&track, 3);
	assert_status(lane_give(&track, 3, 3, hub_at.hub, txn), ST_OK);
	assert_held(&track, 3, HOLD_ERASED);
	give_activity(&track, "con-a", DAY);
	give_correction(&others, &track, 2, 1); /* nor does it count once it is a node */
	assert_held(&track, 2, HOLD_LIMIT);
	assert_held(&others, 2, HOLD_FIX);
	assert_cell("IND-1", "con-a", "US", DAY, "", STATUS_DONE, 3);
}

/* ---- records ---- */

static void
a_correction_takes_the_place_of_what_it_names(void **ctx)
{
	(void) ctx;
	give_activity(&track, "con-a", DAY);
	give_correction(&track, &track, 1, 5);
	assert_cell("IND-1", "con-a", "US", DAY, "", STATUS_DONE, 5);
	assert_int_equal(tally_records(txn, DAY, "con-a", STATUS_DONE), 1);
	assert_outcome(&track, 1, OUTCOME_REPLACED);
	assert_outcome(&track, 2, OUTCOME_COUNTED);
}

static void
a_correction_that_comes_first_waits_for_its_target(void **ctx)
{
	(void) ctx;
	struct event e = test_activity("con-a", DAY);

	lane_add(&track, &e);
	give_correction(&others, &track, 1, 5);
	assert_held(&others, 1, HOLD_WAITS);
	assert_standing(&bob, "held 1:waits");
	assert_cell("IND-1", "con-a", "US", DAY, "", STATUS_DONE, 0);
	assert_status(lane_give(&track, 1, 1, hub_at.hub, txn), ST_OK);
	assert_held(&others, 1, HOLD_NONE);
	assert_standing(&bob, "");
	assert_cell("IND-1", "con-a", "US", DAY, "", STATUS_DONE, 5);
}

static void
a_void_takes_out_and_can_be_undone(void **ctx)
{
	(void) ctx;
	give_activity(&track, "con-a", DAY);
	give_void(&track, &track, 1);
	assert_int_equal(kv_count(txn, TABLE_CELLS), 0);
	assert_int_equal(kv_count(txn, TABLE_TALLIES), 0);
	assert_outcome(&track, 1, OUTCOME_OUT);
	assert_outcome(&track, 2, OUTCOME_VOIDED);
	give_correction(&track, &track, 2, 4);
	assert_cell("IND-1", "con-a", "US", DAY, "", STATUS_DONE, 4);
	assert_outcome(&track, 2, OUTCOME_REPLACED);
	assert_outcome(&track, 3, OUTCOME_COUNTED);
}

static void
a_conflict_is_counted_once_and_told_to_both(void **ctx)
{
	(void) ctx;
	struct point heads[2];
	struct event end = test_activity("con-a", DAY);

	give_activity(&track, "con-a", DAY);
	heads[0] = give_correction(&track, &track, 1, 5);
	heads[1] = give_correction(&others, &track, 1, 5);
	assert_int_equal(kv_count(txn, TABLE_CONFLICTS), 1);
	assert_cell("IND-1", "con-a", "US", DAY, "", STATUS_DONE, 5);
	assert_standing(&alice, "conflict 2");
	assert_standing(&bob, "conflict 1");
	end.quantity = 6;
	test_fix(&end, &heads[0], alice.feed);
	test_fix(&end, &heads[1], NULL);
	give(&others, &end);
	assert_int_equal(kv_count(txn, TABLE_CONFLICTS), 0);
	assert_cell("IND-1", "con-a", "US", DAY, "", STATUS_DONE, 6);
	assert_standing(&alice, "");
	assert_standing(&bob, "");
}

static void
the_office_prevails_in_a_conflict(void **ctx)
{
	(void) ctx;
	give_activity(&track, "con-a", DAY);
	give_correction(&offices, &track, 1, 7);
	give_correction(&track, &track, 1, 2);
	give_correction(&track, &track, 2, 3);
	assert_cell("IND-1", "con-a", "US", DAY, "", STATUS_DONE, 7);
	assert_int_equal(kv_count(txn, TABLE_CONFLICTS), 1);
}

static void
a_held_record_is_mended_by_a_correction(void **ctx)
{
	(void) ctx;
	give_activity(&track, "con-a", 22000);
	assert_held(&track, 1, HOLD_DATE);
	give_correction(&track, &track, 1, 1);
	assert_held(&track, 1, HOLD_NONE);
	assert_cell("IND-1", "con-a", "US", DAY, "", STATUS_DONE, 1);
	assert_outcome(&track, 1, OUTCOME_REPLACED);
}

static void
a_batch_may_hold_a_whole_history(void **ctx)
{
	(void) ctx;
	struct point at;
	struct event e = test_activity("con-a", DAY);

	at = lane_add(&track, &e);
	for (uint64_t i = 0; i < 100; i++) {
		struct event next = test_activity("con-a", DAY);

		next.quantity = i + 2;
		test_fix(&next, &at, NULL);
		at = lane_add(&track, &next);
	}
	assert_status(lane_give(&track, 1, 101, hub_at.hub, txn), ST_OK);
	assert_cell("IND-1", "con-a", "US", DAY, "", STATUS_DONE, 101);
	assert_int_equal(kv_count(txn, TABLE_CELLS), 2);
}

static void
the_version_of_a_standing_changes_with_it_and_only_then(void **ctx)
{
	(void) ctx;
	uint64_t first, second;

	assert_int_equal(standing_version(&alice), 0);
	give_activity(&track, "con-a", DAY);
	assert_int_equal(standing_version(&alice), 0);
	give_activity(&track, "con-b", DAY);
	first = standing_version(&alice);
	assert_true(first > 0);
	give_activity(&track, "con-a", DAY);
	give_activity(&others, "area-x", DAY);
	assert_int_equal(standing_version(&alice), first);
	give_activity(&track, "con-b", DAY);
	second = standing_version(&alice);
	assert_true(second > first);
	give_activity(&others, "con-b", DAY);
	assert_int_equal(standing_version(&alice), second);
}

#define ledger_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ledger_test(an_activity_counts_for_its_indicator_and_the_initiatives_linked_to_it),
		ledger_test(a_linked_initiative_that_is_retired_counts_no_more),
		ledger_test(an_initiative_that_is_named_and_linked_counts_once),
		ledger_test(a_country_given_stands_before_that_of_the_unit),
		ledger_test(what_is_planned_is_kept_apart_from_what_is_done),
		ledger_test(counts_and_groups_are_added_up_by_cell),
		ledger_test(what_is_held_counts_nowhere_and_says_why),
		ledger_test(a_body_over_the_limit_or_erased_holds_itself_alone),
		ledger_test(a_correction_takes_the_place_of_what_it_names),
		ledger_test(a_correction_that_comes_first_waits_for_its_target),
		ledger_test(a_void_takes_out_and_can_be_undone),
		ledger_test(a_conflict_is_counted_once_and_told_to_both),
		ledger_test(the_office_prevails_in_a_conflict),
		ledger_test(a_held_record_is_mended_by_a_correction),
		ledger_test(a_batch_may_hold_a_whole_history),
		ledger_test(the_version_of_a_standing_changes_with_it_and_only_then),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
