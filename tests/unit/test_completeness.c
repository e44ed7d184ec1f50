#include <string.h>

#include "hub/completeness.h"
#include "hub/contacts.h"
#include "tests/support/check.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/plan_base.h"

/* The quarter asked for is 2025-Q1; the plan has con-a, con-b and area-x. */
enum { QUARTER = 2025 * 4 };

static const int64_t DAY_MS = 24 * 3600 * 1000;

struct fixture {
	struct hub_fixture hub;
	kv_txn *txn;
	struct test_device device; /* of con-a */
	lane lane;
};

static date
day(const char *text)
{
	date d = 0;

	assert_status(date_parse(text, strlen(text), &d), ST_OK);
	return d;
}

/* Noon in Bogota. */
static int64_t
noon_ms(const char *text)
{
	return day(text) * DAY_MS + 17 * 3600 * 1000;
}

static int
set_up(void **ctx)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	assert_non_null(fx);
	hub_fixture_init(&fx->hub, NULL);
	fx->txn = hub_begin(fx->hub.hub);
	test_device_init(&fx->device, 1, "con-a");
	test_device_enroll(&fx->device, fx->hub.hub, fx->txn, ROLE_DEVICE);
	lane_init(&fx->lane, &fx->device);
	*ctx = fx;
	return 0;
}

static int
tear_down(void **ctx)
{
	struct fixture *fx = *ctx;

	lane_done(&fx->lane);
	kv_abort(&fx->txn);
	hub_fixture_done(&fx->hub);
	free(fx);
	return 0;
}

static void
heard_of(struct fixture *fx, const struct test_device *d, const char *when, uint64_t pending,
         int64_t oldest_ms)
{
	struct contact c = {
		.last_ms = noon_ms(when),
		.tip = { .seq = 1 },
		.pending = pending,
		.has_facts = true,
		.oldest_ms = (uint64_t) oldest_ms,
	};

	memcpy(c.feed, d->feed, FEED_BYTES);
	assert_status(contacts_put(fx->txn, &c), ST_OK);
}

static void
give(struct fixture *fx, struct event *e)
{
	lane_add(&fx->lane, e);
	assert_status(lane_give(&fx->lane, fx->lane.count, fx->lane.count, fx->hub.hub, fx->txn),
	              ST_OK);
}

static struct event
close_of(const char *unit)
{
	struct event e = test_level(unit, "", QUARTER, 0);

	e.kind = KIND_CLOSE;
	e.has &= ~(EVENT_BIT(EVENT_INDICATOR) | EVENT_BIT(EVENT_VALUE));
	return e;
}

struct answers {
	char text[400]; /* "con-a reporting 1" and the like, a line each */
	size_t used;
	struct unit_quarter con_a;
};

static status
note(void *ctx, const struct unit_quarter *u)
{
	struct answers *a = ctx;

	a->used += (size_t) snprintf(a->text + a->used, sizeof(a->text) - a->used, "%s %s %llu\n",
	                             u->unit->code, completeness_name(u->state),
	                             (unsigned long long) u->entries);
	if (strcmp(u->unit->code, "con-a") == 0)
		a->con_a = *u;
	return ST_OK;
}

static struct answers
ask(struct fixture *fx, const char *today)
{
	struct answers a = { .used = 0 };
	struct query q = { .txn = fx->txn, .cutoff = DATE_MAX };

	assert_status(hub_plan(fx->hub.hub, fx->txn, &q.plan), ST_OK);
	assert_status(completeness_each(&q, QUARTER, day(today), false, note, &a), ST_OK);
	return a;
}

static void
assert_state(struct fixture *fx, const char *today, completeness want)
{
	struct answers a = ask(fx, today);

	assert_string_equal(completeness_name(a.con_a.state), completeness_name(want));
}

static void
a_unit_of_which_nothing_is_known_is_unknown(void **ctx)
{
	struct fixture *fx = *ctx;
	struct answers a = ask(fx, "2025-05-01");

	assert_string_equal(a.text, "con-a unknown 0\ncon-b unknown 0\narea-x unknown 0\n");
	assert_int_equal(a.con_a.devices, 1);
	assert_false(a.con_a.heard_of);
}

static void
nothing_is_told_only_of_who_was_heard_of_after_the_quarter(void **ctx)
{
	struct fixture *fx = *ctx;

	heard_of(fx, &fx->device, "2025-03-31", 0, 0);
	assert_state(fx, "2025-05-01", QUARTER_UNKNOWN);
	assert_int_equal(ask(fx, "2025-05-01").con_a.since, day("2025-03-31"));
	heard_of(fx, &fx->device, "2025-04-01", 0, 0);
	assert_state(fx, "2025-05-01", QUARTER_NOTHING);
	assert_state(fx, "2026-05-01", QUARTER_NOTHING);
}

static void
while_the_quarter_runs_a_week_of_silence_is_unknown(void **ctx)
{
	struct fixture *fx = *ctx;

	heard_of(fx, &fx->device, "2025-02-10", 0, 0);
	assert_state(fx, "2025-02-17", QUARTER_NOTHING);
	assert_state(fx, "2025-02-18", QUARTER_UNKNOWN);
}

static void
what_waits_at_the_device_makes_it_unknown_since_then(void **ctx)
{
	struct fixture *fx = *ctx;

	heard_of(fx, &fx->device, "2025-05-01", 3, 40 * DAY_MS);
	assert_state(fx, "2025-05-01", QUARTER_UNKNOWN);
	assert_int_equal(ask(fx, "2025-05-01").con_a.since, day("2025-03-22"));
	heard_of(fx, &fx->device, "2025-05-01", 3, 10 * DAY_MS);
	assert_state(fx, "2025-05-01", QUARTER_NOTHING);
}

static void
one_silent_device_of_two_makes_it_unknown(void **ctx)
{
	struct fixture *fx = *ctx;
	struct test_device second;

	test_device_init(&second, 2, "con-a");
	test_device_enroll(&second, fx->hub.hub, fx->txn, ROLE_DEVICE);
	heard_of(fx, &fx->device, "2025-05-01", 0, 0);
	assert_state(fx, "2025-05-01", QUARTER_UNKNOWN);
	heard_of(fx, &second, "2025-01-05", 0, 0);
	assert_state(fx, "2025-05-01", QUARTER_UNKNOWN);
	assert_int_equal(ask(fx, "2025-05-01").con_a.since, day("2025-01-05"));
	heard_of(fx, &second, "2025-04-05", 0, 0);
	assert_state(fx, "2025-05-01", QUARTER_NOTHING);
}

static void
entries_of_the_quarter_and_no_other_make_it_reporting(void **ctx)
{
	struct fixture *fx = *ctx;
	struct event before = test_activity("con-a", day("2024-12-31"));
	struct event first = test_activity("con-a", day("2025-01-01"));
	struct event last = test_activity("con-a", day("2025-03-31"));
	struct event after = test_activity("con-a", day("2025-04-01"));

	heard_of(fx, &fx->device, "2025-05-01", 0, 0);
	give(fx, &before);
	give(fx, &after);
	assert_state(fx, "2025-05-01", QUARTER_NOTHING);
	give(fx, &first);
	give(fx, &last);
	assert_string_equal(ask(fx, "2025-05-01").text,
	                    "con-a reporting 2\ncon-b unknown 0\narea-x unknown 0\n");
}

static void
who_closed_is_closed_however_silent(void **ctx)
{
	static const char *const zero = "IND-1", *const nothing = "IND-2";
	struct fixture *fx = *ctx;
	struct event plain = close_of("con-a"), declared = close_of("con-a");
	struct point at;
	struct answers a;

	at = lane_add(&fx->lane, &plain);
	assert_status(lane_give(&fx->lane, 1, 1, fx->hub.hub, fx->txn), ST_OK);
	assert_state(fx, "2025-05-01", QUARTER_CLOSED);
	declared.has |= EVENT_BIT(EVENT_ZERO) | EVENT_BIT(EVENT_NOTHING);
	declared.zero = (struct codes) { 1, { text_of(zero) } };
	declared.nothing = (struct codes) { 1, { text_of(nothing) } };
	test_fix(&declared, &at, NULL);
	give(fx, &declared);
	a = ask(fx, "2025-05-01");
	assert_string_equal(completeness_name(a.con_a.state), "closed_zero");
	assert_int_equal(a.con_a.entries, 0); /* to attest is not to report */
}

static void
a_unit_that_was_not_there_is_not_asked(void **ctx)
{
	struct fixture *fx = *ctx;
	json_t *document = plan_base();

	plan_base_edit(document, "/version", "4");
	plan_base_edit(document, "/units/1/retired", "\"2024-12-31\"");
	plan_base_edit(document, "/units/2/opened", "\"2025-04-01\"");
	hub_give_plan(fx->hub.hub, fx->txn, document);
	assert_string_equal(ask(fx, "2025-05-01").text, "con-a unknown 0\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_unit_of_which_nothing_is_known_is_unknown, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(
			nothing_is_told_only_of_who_was_heard_of_after_the_quarter, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(while_the_quarter_runs_a_week_of_silence_is_unknown,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_waits_at_the_device_makes_it_unknown_since_then, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_silent_device_of_two_makes_it_unknown, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(
			entries_of_the_quarter_and_no_other_make_it_reporting, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_closed_is_closed_however_silent, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(a_unit_that_was_not_there_is_not_asked, set_up,
		                                tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
