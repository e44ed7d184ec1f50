#include "tests/support/check.h"

#include "hub/versions.h"

/* A record drawn by hand.  Hashes are the letter of the version, so of two
 * alike the later letter wins. */
struct graph {
	struct version list[VERSIONS_MAX + 50];
	size_t count;
};

enum { NONE = -1 };

static const uint8_t no_feed[FEED_BYTES];

/* Add a version of unit "u" from an ordinary device that names up to two. */
static struct version *
add(struct graph *g, char letter, int first_target, int second_target)
{
	struct version *v = &g->list[g->count++];

	*v = (struct version) {
		.feed = no_feed, .record = true, .right = true, .unit = "u", .key = "", .bond = ""
	};
	v->at.seq = g->count;
	memset(v->at.hash, letter, HASH_BYTES);
	if (first_target != NONE)
		v->targets[v->target_count++] = (uint32_t) first_target;
	if (second_target != NONE)
		v->targets[v->target_count++] = (uint32_t) second_target;
	return v;
}

static struct version *
add_void(struct graph *g, char letter, int target)
{
	struct version *v = add(g, letter, target, NONE);

	v->is_void = true;
	return v;
}

static struct graph *
graph_new(void)
{
	struct graph *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	return g;
}

/* "a:win b:replaced c:held-date d:head" in the order of the list. */
static void
assert_outcome(struct graph *g, const char *want)
{
	char got[500] = "";
	size_t len = 0;

	assert_status(versions_judge(g->list, g->count), ST_OK);
	for (size_t i = 0; i < g->count; i++) {
		const struct version *v = &g->list[i];
		const char *what = v->wins ? (version_counts(v) ? "win" : "out")
			: v->head          ? "head"
			: v->superseded    ? "replaced"
			: version_held(v)  ? hold_name(v->hold)
					   : "?";

		len += (size_t) snprintf(got + len, sizeof(got) - len, "%s%c:%s", i > 0 ? " " : "",
		                         v->at.hash[0], what);
	}
	assert_string_equal(got, want);
	free(g);
}

static void
a_first_version_counts(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', NONE, NONE);
	assert_outcome(g, "a:win");
}

static void
a_correction_replaces_what_it_names_and_what_that_replaced(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'c', NONE, NONE);
	add(g, 'b', 0, NONE);
	add(g, 'a', 1, NONE);
	assert_outcome(g, "c:replaced b:replaced a:win");
	g = graph_new();
	add(g, 'c', 2, NONE); /* in whatever order they stand */
	add(g, 'a', NONE, NONE);
	add(g, 'b', 1, NONE);
	assert_outcome(g, "c:win a:replaced b:replaced");
}

static void
of_two_heads_the_deeper_one_counts(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', NONE, NONE);
	add(g, 'z', 0, NONE);
	add(g, 'b', 0, NONE);
	add(g, 'c', 2, NONE);
	assert_outcome(g, "a:replaced z:head b:replaced c:win");
}

static void
depth_is_one_more_than_the_greatest_depth_named(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', NONE, NONE);
	add(g, 'b', 0, NONE);
	add(g, 'c', 0, 1); /* deeper than what names only the first */
	add(g, 'z', 0, NONE);
	assert_outcome(g, "a:replaced b:replaced c:win z:head");
	g = graph_new();
	add(g, 'a', NONE, NONE);
	add(g, 'b', 0, NONE);
	add(g, 'c', 1, 0); /* in whichever order they are named */
	add(g, 'z', 0, NONE);
	assert_outcome(g, "a:replaced b:replaced c:win z:head");
}

static void
of_two_heads_as_deep_the_greater_hash_counts(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', NONE, NONE);
	add(g, 'c', 0, NONE);
	add(g, 'b', 0, NONE);
	assert_outcome(g, "a:replaced c:win b:head");
}

static void
the_head_with_most_office_versions_on_its_path_counts(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', NONE, NONE);
	add(g, 'b', 0, NONE)->office = true;
	add(g, 'x', 0, NONE);
	add(g, 'y', 2, NONE);
	add(g, 'z', 3, NONE);
	add(g, 'c', 1, NONE); /* builds on the office's */
	assert_outcome(g, "a:replaced b:replaced x:replaced y:replaced z:head c:win");
}

static void
a_version_that_names_both_heads_ends_the_conflict(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', NONE, NONE);
	add(g, 'c', 0, NONE);
	add(g, 'b', 0, NONE);
	add(g, 'd', 1, 2);
	assert_outcome(g, "a:replaced c:replaced b:replaced d:win");
}

static void
a_void_takes_the_record_out_and_a_version_that_names_it_brings_it_back(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', NONE, NONE);
	add_void(g, 'b', 0);
	assert_outcome(g, "a:replaced b:out");
	g = graph_new();
	add(g, 'a', NONE, NONE);
	add_void(g, 'b', 0);
	add(g, 'c', 1, NONE);
	assert_outcome(g, "a:replaced b:replaced c:win");
	g = graph_new();
	add(g, 'a', NONE, NONE);
	add_void(g, 'b', 0);
	add_void(g, 'c', 1);
	assert_outcome(g, "a:replaced b:replaced c:out");
}

static void
a_void_must_win_to_take_the_record_out(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', NONE, NONE);
	add_void(g, 'b', 0);
	add(g, 'c', 0, NONE);
	assert_outcome(g, "a:replaced b:head c:win");
}

static void
a_correction_waits_for_what_it_names_and_so_do_those_that_name_it(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', NONE, NONE);
	add(g, 'b', NONE, NONE)->targets[0] = VERSION_MISSING;
	g->list[1].target_count = 1;
	add(g, 'c', 0, 1);
	assert_outcome(g, "a:win b:waits c:waits");
}

static void
versions_of_different_records_cannot_be_replaced_together(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', NONE, NONE);
	add(g, 'b', NONE, NONE);
	add(g, 'c', 0, 1);
	add(g, 'd', 2, NONE); /* nor does what builds on that fit */
	assert_outcome(g, "a:win b:win c:fix d:fix");
}

static void
what_cannot_be_read_cannot_be_corrected(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();
	struct version *v = add(g, 'a', NONE, NONE);

	v->record = false;
	v->judged = HOLD_ERASED;
	add(g, 'b', 0, NONE);
	assert_outcome(g, "a:erased b:fix");
}

static void
only_the_office_moves_a_record_to_another_unit(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', NONE, NONE);
	add(g, 'b', 0, NONE)->unit = "v";
	assert_outcome(g, "a:win b:fix");
	g = graph_new();
	add(g, 'a', NONE, NONE);
	add(g, 'b', 0, NONE)->office = true;
	g->list[1].unit = "v";
	add(g, 'c', 1, NONE);             /* back again */
	add(g, 'd', 1, NONE)->unit = "v"; /* the unit it was moved to */
	add(g, 'e', 0, 1);                /* back again by the back door */
	assert_outcome(g, "a:replaced b:replaced c:fix d:win e:fix");
}

static void
a_correction_needs_the_right(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', NONE, NONE);
	add(g, 'b', 0, NONE)->right = false;
	add(g, 'c', 1, NONE);
	assert_outcome(g, "a:win b:right c:fix");
}

static void
a_record_whose_first_version_is_held_can_be_mended(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', NONE, NONE)->judged = HOLD_DATE;
	assert_outcome(g, "a:date");
	g = graph_new();
	add(g, 'a', NONE, NONE)->judged = HOLD_DATE;
	add(g, 'b', 0, NONE);
	assert_outcome(g, "a:replaced b:win");
}

static void
a_held_version_wins_and_replaces_nothing(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', NONE, NONE);
	add(g, 'b', 0, NONE)->judged = HOLD_UNIT;
	assert_outcome(g, "a:win b:unit");
}

static void
what_builds_on_a_held_version_replaces_all_below(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', NONE, NONE);
	add(g, 'b', 0, NONE)->judged = HOLD_UNIT;
	add(g, 'c', 1, NONE)->judged = HOLD_MODE;
	add(g, 'd', 2, NONE);
	assert_outcome(g, "a:replaced b:replaced c:replaced d:win");
}

static void
a_ring_counts_for_nothing_and_ends(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', 1, NONE);
	add(g, 'b', 0, NONE);
	add(g, 'c', 2, NONE);
	assert_outcome(g, "a:fix b:fix c:fix");
}

/* ---- registers ---- */

static struct version *
add_to_register(struct graph *g, char letter, int target, const char *key)
{
	struct version *v = add(g, letter, target, NONE);

	v->key = key;
	v->is_register = true;
	return v;
}

static void
first_versions_of_one_register_are_of_one_record(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add_to_register(g, 'a', NONE, "close/u/8103");
	add_to_register(g, 'b', NONE, "close/u/8103");
	add_to_register(g, 'c', NONE, "close/u/8102");
	assert_outcome(g, "a:head b:win c:win");
	g = graph_new();
	add_to_register(g, 'a', NONE, "budget/P/8103");
	add_to_register(g, 'b', NONE, "budget/P/8103");
	/* names both, though neither names the other */
	add_to_register(g, 'c', 0, "budget/P/8103")->targets[1] = 1;
	g->list[2].target_count = 2;
	assert_outcome(g, "a:replaced b:replaced c:win");
}

static void
the_least_first_version_that_can_be_read_stands_for_a_register(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add_to_register(g, 'a', NONE, "close/u/8103")->at.seq = 9;
	add_to_register(g, 'b', NONE, "close/u/8103")->at.seq = 3;
	add_to_register(g, 'c', NONE, "close/u/8103")->judged = HOLD_DATE; /* can be read */
	add_to_register(g, 'd', NONE, "close/u/8103")->record = false;     /* not so this one */
	g->list[3].at.seq = 1;
	g->list[2].at.seq = 2;
	assert_status(versions_judge(g->list, g->count), ST_OK);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(g->list[i].root, 2);
	free(g);
}

static void
a_correction_stays_in_its_register_even_one_of_the_office(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add_to_register(g, 'a', NONE, "progress/u/c/COM-1/8103");
	add_to_register(g, 'b', 0, "progress/u/r/COM-1/8103");
	add_to_register(g, 'c', 0, "progress/u/c/COM-1/8102")->office = true;
	add_to_register(g, 'd', 0, "progress/u/c/COM-1/8103");
	add_void(g, 'e', 3); /* has no register to keep */
	assert_outcome(g, "a:replaced b:fix c:fix d:replaced e:out");
}

static void
only_the_office_tells_a_budget_of_another_unit(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add_to_register(g, 'a', NONE, "budget/P/8103");
	add_to_register(g, 'b', 0, "budget/P/8103")->unit = "v";
	add_to_register(g, 'c', 0, "budget/P/8103")->office = true;
	g->list[2].unit = "v";
	assert_outcome(g, "a:replaced b:fix c:win");
}

static void
a_correction_is_of_the_kind_of_its_record(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add(g, 'a', NONE, NONE); /* an activity */
	add(g, 'b', NONE, NONE)->key = "thing";
	add(g, 'c', 1, NONE); /* an activity in the place of a thing */
	add(g, 'd', 0, NONE)->key = "thing";
	add_to_register(g, 'e', 0, "close/u/8103")->office = true;
	add(g, 'f', 1, NONE)->key = "thing";
	assert_outcome(g, "a:win b:replaced c:fix d:fix e:fix f:win");
}

/* ---- things ---- */

enum way { COMES_IN, GOES_OUT };

static struct version *
add_thing(struct graph *g, char letter, int target, const char *bond, enum way way)
{
	struct version *v = add(g, letter, target, NONE);

	v->key = "thing";
	v->bond = bond;
	v->comes_in = way == COMES_IN;
	v->needs_in = way == GOES_OUT;
	return v;
}

static void
a_thing_goes_out_only_if_one_of_its_key_came_in(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add_thing(g, 'a', NONE, "thing/I/1", GOES_OUT);
	assert_outcome(g, "a:thing");
	g = graph_new();
	add_thing(g, 'a', NONE, "thing/I/1", GOES_OUT);
	add_thing(g, 'b', NONE, "thing/I/2", COMES_IN);
	add_thing(g, 'c', NONE, "thing/J/1", COMES_IN);
	assert_outcome(g, "a:thing b:win c:win");
	g = graph_new();
	add_thing(g, 'a', NONE, "thing/I/1", GOES_OUT);
	add_thing(g, 'b', NONE, "thing/I/0", COMES_IN);
	add_thing(g, 'c', NONE, "thing/I/1", COMES_IN);
	add_thing(g, 'd', NONE, "thing/I/2", COMES_IN);
	assert_outcome(g, "a:win b:win c:win d:win");
}

static void
one_of_the_baseline_goes_out_without_having_come(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add_thing(g, 'a', NONE, "thing/I/1", GOES_OUT)->needs_in = false;
	assert_outcome(g, "a:win");
}

static void
one_that_is_held_by_itself_did_not_come_in(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add_thing(g, 'a', NONE, "thing/I/1", GOES_OUT);
	add_thing(g, 'b', NONE, "thing/I/1", COMES_IN)->judged = HOLD_RIGHT;
	assert_outcome(g, "a:thing b:right");
}

static void
one_that_came_in_helps_though_it_does_not_count(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	/* replaced: by a correction that says it went out */
	add_thing(g, 'a', NONE, "thing/I/1", COMES_IN);
	add_thing(g, 'b', 0, "thing/I/1", GOES_OUT);
	assert_outcome(g, "a:replaced b:win");
	g = graph_new();
	/* taken out */
	add_thing(g, 'a', NONE, "thing/I/1", COMES_IN);
	add_void(g, 'b', 0);
	add_thing(g, 'c', NONE, "thing/I/1", GOES_OUT);
	assert_outcome(g, "a:replaced b:out c:win");
	g = graph_new();
	/* not in the graph at all */
	add_thing(g, 'a', NONE, "thing/I/1", COMES_IN)->targets[0] = VERSION_MISSING;
	g->list[0].target_count = 1;
	add_thing(g, 'b', NONE, "thing/I/1", GOES_OUT);
	assert_outcome(g, "a:waits b:win");
}

static void
what_went_out_for_nothing_tells_its_first_reason(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();

	add_thing(g, 'a', NONE, "thing/I/1", GOES_OUT)->judged = HOLD_DATE;
	add_thing(g, 'b', 0, "thing/I/1", GOES_OUT);
	add_thing(g, 'c', 1, "thing/I/1", GOES_OUT)->right = false;
	assert_outcome(g, "a:date b:thing c:right");
}

static void
fill_over_the_limit(struct graph *g, bool reversed)
{
	add(g, 0, NONE, NONE);
	for (int i = 1; i < VERSIONS_MAX + 3; i++) {
		struct version *v = add(g, 0, 0, NONE);
		int rank = reversed ? VERSIONS_MAX + 3 - i : i;

		put_u32(v->at.hash, (uint32_t) rank);
	}
}

static void
of_too_many_versions_the_same_ones_are_held_in_any_order(void **ctx)
{
	(void) ctx;
	for (int reversed = 0; reversed < 2; reversed++) {
		struct graph *g = graph_new();

		fill_over_the_limit(g, reversed);
		assert_status(versions_judge(g->list, g->count), ST_OK);
		for (size_t i = 1; i < g->count; i++) {
			const struct version *v = &g->list[i];
			uint32_t rank = get_u32(v->at.hash);

			assert_int_equal(v->hold, rank < VERSIONS_MAX ? HOLD_NONE : HOLD_VERSIONS);
			assert_int_equal(v->wins, rank == VERSIONS_MAX - 1);
		}
		assert_true(g->list[0].superseded);
		free(g);
	}
}

static void
what_builds_on_a_version_over_the_limit_is_over_it_too(void **ctx)
{
	(void) ctx;
	struct graph *g = graph_new();
	struct version *v;

	fill_over_the_limit(g, false);
	v = add(g, 0, VERSIONS_MAX + 1, NONE);
	assert_status(versions_judge(g->list, g->count), ST_OK);
	assert_int_equal(v->hold, HOLD_VERSIONS);
	assert_true(version_held(v));
	free(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_version_counts),
		cmocka_unit_test(a_correction_replaces_what_it_names_and_what_that_replaced),
		cmocka_unit_test(of_two_heads_the_deeper_one_counts),
		cmocka_unit_test(depth_is_one_more_than_the_greatest_depth_named),
		cmocka_unit_test(of_two_heads_as_deep_the_greater_hash_counts),
		cmocka_unit_test(the_head_with_most_office_versions_on_its_path_counts),
		cmocka_unit_test(a_version_that_names_both_heads_ends_the_conflict),
		cmocka_unit_test(
			a_void_takes_the_record_out_and_a_version_that_names_it_brings_it_back),
		cmocka_unit_test(a_void_must_win_to_take_the_record_out),
		cmocka_unit_test(a_correction_waits_for_what_it_names_and_so_do_those_that_name_it),
		cmocka_unit_test(versions_of_different_records_cannot_be_replaced_together),
		cmocka_unit_test(what_cannot_be_read_cannot_be_corrected),
		cmocka_unit_test(only_the_office_moves_a_record_to_another_unit),
		cmocka_unit_test(a_correction_needs_the_right),
		cmocka_unit_test(a_record_whose_first_version_is_held_can_be_mended),
		cmocka_unit_test(a_held_version_wins_and_replaces_nothing),
		cmocka_unit_test(what_builds_on_a_held_version_replaces_all_below),
		cmocka_unit_test(a_ring_counts_for_nothing_and_ends),
		cmocka_unit_test(first_versions_of_one_register_are_of_one_record),
		cmocka_unit_test(the_least_first_version_that_can_be_read_stands_for_a_register),
		cmocka_unit_test(a_correction_stays_in_its_register_even_one_of_the_office),
		cmocka_unit_test(only_the_office_tells_a_budget_of_another_unit),
		cmocka_unit_test(a_correction_is_of_the_kind_of_its_record),
		cmocka_unit_test(a_thing_goes_out_only_if_one_of_its_key_came_in),
		cmocka_unit_test(one_of_the_baseline_goes_out_without_having_come),
		cmocka_unit_test(one_that_is_held_by_itself_did_not_come_in),
		cmocka_unit_test(one_that_came_in_helps_though_it_does_not_count),
		cmocka_unit_test(what_went_out_for_nothing_tells_its_first_reason),
		cmocka_unit_test(of_too_many_versions_the_same_ones_are_held_in_any_order),
		cmocka_unit_test(what_builds_on_a_version_over_the_limit_is_over_it_too),
	};

	return cmocka_run_group_tests_name("versions", tests, NULL, NULL);
}
