#include "tests/support/check.h"

#include <string.h>

#include "hub/documents.h"
#include "hub/hub.h"
#include "hub/plans.h"
#include "protocol/chain.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/plan_base.h"

/* The parts of one document, as plans_cut() makes them. */
struct parts {
	struct {
		uint8_t bytes[EVENT_BYTES_MAX];
		size_t len;
	} list[PARTS_MAX];
	size_t count;
	uint8_t hash[HASH_BYTES];
};

static struct hub_fixture hub_at;
static struct test_device office, alice;
static kv_txn *txn;
static struct parts parts, more;

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	txn = hub_begin(hub_at.hub);
	test_device_init(&office, 3, "area-x");
	test_device_init(&alice, 1, "con-a");
	assert_status(documents_clear(txn), ST_OK);
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	kv_abort(&txn);
	hub_fixture_done(&hub_at);
	return 0;
}

static status
keep_part(void *ctx, struct bytes body)
{
	struct parts *p = ctx;

	memcpy(p->list[p->count].bytes, body.at, body.len);
	p->list[p->count++].len = body.len;
	return ST_OK;
}

/* A document of that version with so many norms of letters that do not pack. */
static void
cut(struct parts *p, unsigned version, int norm_count)
{
	json_t *root = plan_base(), *norms = json_array();
	uint64_t state = version;
	char *text;

	for (int i = 0; i < norm_count; i++) {
		char norm[2001] = "";

		for (size_t k = 0; k < sizeof(norm) - 1; k++) {
			state = state * UINT64_C(6364136223846793005) + 1;
			norm[k] = (char) ('0' + (state >> 40) % 43);
		}
		json_array_append_new(norms, json_string(norm));
	}
	json_object_set_new(root, "version", json_integer(version));
	json_object_set_new(root, "norms", norms);
	text = json_dumps(root, 0);
	p->count = 0;
	hash_bytes(text, strlen(text), p->hash);
	assert_status(plans_cut(text, strlen(text), version, 5, keep_part, p), ST_OK);
	free(text);
	json_decref(root);
}

static void
cut_long(struct parts *p, unsigned version)
{
	cut(p, version, 40);
	assert_true(p->count > 2);
}

static void
take_body(const struct test_device *from, struct bytes body)
{
	static const struct point at = { .seq = 1 };

	assert_status(documents_take(txn, from->feed, &at, body), ST_OK);
}

static void
take(const struct parts *p, size_t i, const struct test_device *from)
{
	take_body(from, (struct bytes) { p->list[i].bytes, p->list[i].len });
}

static void
take_all(const struct parts *p, const struct test_device *from)
{
	for (size_t i = 0; i < p->count; i++)
		take(p, i, from);
}

static void
assert_in_force(const struct parts *p, uint64_t version)
{
	struct plan_row row;
	plan *parsed = NULL;

	if (version == 0) {
		assert_status(plans_in_force(txn, &row), ST_NOT_FOUND);
		return;
	}
	assert_status(plans_in_force(txn, &row), ST_OK);
	assert_int_equal(row.version, version);
	assert_memory_equal(row.hash, p->hash, HASH_BYTES);
	assert_status(plans_parse(&row, &parsed), ST_OK);
	assert_int_equal(plan_version(parsed), version);
	plan_free(&parsed);
}

static void
a_plan_is_in_force_when_all_its_parts_are_here(void **ctx)
{
	(void) ctx;
	cut(&parts, 7, 1);
	assert_in_force(NULL, 0);
	take_all(&parts, &office);
	assert_in_force(&parts, 7);
}

static void
parts_may_come_in_any_order_and_twice(void **ctx)
{
	(void) ctx;
	cut_long(&parts, 7);
	for (size_t i = parts.count; i-- > 0;) {
		assert_in_force(NULL, 0);
		take(&parts, i, &office);
		take(&parts, parts.count - 1, &office);
	}
	assert_in_force(&parts, 7);
}

static void
parts_of_different_feeds_do_not_make_a_plan(void **ctx)
{
	(void) ctx;
	cut_long(&parts, 7);
	take(&parts, 0, &alice);
	for (size_t i = 1; i < parts.count; i++)
		take(&parts, i, &office);
	assert_in_force(NULL, 0);
}

static void
the_highest_version_is_in_force_whenever_it_came(void **ctx)
{
	(void) ctx;
	cut(&parts, 8, 1);
	cut(&more, 7, 1);
	take_all(&parts, &office);
	take_all(&more, &office);
	assert_in_force(&parts, 8);
}

static void
of_two_with_one_version_the_greater_hash_is_in_force(void **ctx)
{
	(void) ctx;
	const struct parts *greater;

	cut(&parts, 8, 1);
	cut(&more, 8, 2);
	greater = memcmp(parts.hash, more.hash, HASH_BYTES) > 0 ? &parts : &more;
	take_all(&parts, &office);
	take_all(&more, &alice);
	assert_in_force(greater, 8);
	assert_status(documents_clear(txn), ST_OK);
	take_all(&more, &alice);
	take_all(&parts, &office);
	assert_in_force(greater, 8);
}

/* Encode part 1 of p again with something changed. */
static void
take_changed(const struct parts *p, void (*change)(struct event *e))
{
	struct event e;
	event_field fault;
	writer w;

	assert_int_equal(event_decode((struct bytes) { p->list[0].bytes, p->list[0].len }, &e),
	                 HOLD_NONE);
	change(&e);
	writer_init(&w);
	assert_status(event_encode(&e, &w, &fault), ST_OK);
	take_body(&office, writer_bytes(&w));
	writer_done(&w);
}

static void
another_version(struct event *e)
{
	e->plan_version = 9;
}

static void
another_hash(struct event *e)
{
	static uint8_t hash[HASH_BYTES] = { 1, 2, 3 };

	e->hash = hash;
}

static void
another_total(struct event *e)
{
	e->total++;
}

static void
greater_bytes(struct event *e)
{
	static uint8_t data[PART_BYTES_MAX];

	memset(data, 0xff, e->data.len);
	e->data.at = data;
}

static void
a_document_that_is_not_what_its_events_say_is_not_in_force(void **ctx)
{
	(void) ctx;
	cut(&parts, 7, 1);
	take_changed(&parts, another_version);
	take_changed(&parts, another_hash);
	take_changed(&parts, another_total);
	assert_in_force(NULL, 0);
}

static void
a_document_that_is_no_plan_is_not_in_force(void **ctx)
{
	(void) ctx;
	static const char text[] = "{\"format\": \"valija/plan/1\", \"version\": 9}";

	parts.count = 0;
	assert_status(plans_cut(text, strlen(text), 9, 5, keep_part, &parts), ST_OK);
	take_all(&parts, &office);
	assert_in_force(NULL, 0);
}

static void
of_two_parts_that_differ_the_greater_bytes_hold_in_either_order(void **ctx)
{
	(void) ctx;
	cut(&parts, 7, 1);
	take_all(&parts, &office);
	assert_in_force(&parts, 7);
	take_changed(&parts, greater_bytes);
	assert_in_force(NULL, 0);
	take_all(&parts, &office);
	assert_in_force(NULL, 0);
}

static void
other_events_are_passed_over(void **ctx)
{
	(void) ctx;
	take_body(&office, (struct bytes) { (const uint8_t *) "x", 1 });
	assert_int_equal(kv_count(txn, TABLE_DOCUMENTS), 0);
}

#define plans_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		plans_test(a_plan_is_in_force_when_all_its_parts_are_here),
		plans_test(parts_may_come_in_any_order_and_twice),
		plans_test(parts_of_different_feeds_do_not_make_a_plan),
		plans_test(the_highest_version_is_in_force_whenever_it_came),
		plans_test(of_two_with_one_version_the_greater_hash_is_in_force),
		plans_test(a_document_that_is_not_what_its_events_say_is_not_in_force),
		plans_test(a_document_that_is_no_plan_is_not_in_force),
		plans_test(of_two_parts_that_differ_the_greater_bytes_hold_in_either_order),
		plans_test(other_events_are_passed_over),
	};

	return cmocka_run_group_tests_name("plans", tests, NULL, NULL);
}
