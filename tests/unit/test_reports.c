#include "tests/support/check.h"

#include <string.h>

#include "hub/hub.h"
#include "hub/reports.h"
#include "hub/row_keys.h"
#include "tests/support/hub_fixture.h"

#define LONGEST "abcdefghijklmnopqrstuvwxyz012345"

enum { QUARTER = 8103 /* 2025-Q4 */ };

static struct hub_fixture hub_at;
static kv_txn *txn;

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	txn = hub_begin(hub_at.hub);
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

/* ---- reading them all ---- */

enum { LIST_BYTES = 1000 };

static void say(char *list, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
say(char *list, const char *format, ...)
{
	size_t len = strlen(list);
	va_list args;

	va_start(args, format);
	vsnprintf(list + len, LIST_BYTES - len, format, args);
	va_end(args);
}

static void
say_codes(char *list, const char *what, const struct codes *codes)
{
	say(list, " %s", what);
	for (size_t i = 0; i < codes->count; i++)
		say(list, " %.*s", (int) codes->list[i].len, codes->list[i].at);
}

/* "COM-1 con-a 8103: 2500 'text'; " and the like, in the order of the walk. */
static status
write_down(void *ctx, const struct report *r)
{
	char *list = ctx;

	say(list, "%.*s %.*s %ju:", (int) r->code.len, r->code.at, (int) r->unit.len, r->unit.at,
	    (uintmax_t) r->quarter);
	if (r->type == REPORT_BUDGET) {
		say(list, " %ju %ju %ju %ju", (uintmax_t) r->appropriated, (uintmax_t) r->committed,
		    (uintmax_t) r->obligated, (uintmax_t) r->paid);
	} else if (r->type == REPORT_CLOSE) {
		say_codes(list, "zero", &r->zero);
		say_codes(list, "nothing", &r->nothing);
	} else {
		if (r->has_percent)
			say(list, " %ju", (uintmax_t) r->percent);
		say(list, " '%.*s'", (int) r->text.len, r->text.at);
	}
	say(list, "; ");
	return ST_OK;
}

static void
assert_reports(report_type type, const char *code, const char *want)
{
	char got[LIST_BYTES] = "";

	assert_status(reports_each(txn, type, text_of(code), write_down, got), ST_OK);
	assert_string_equal(got, want);
}

static void
put(const struct event *e)
{
	assert_status(report_put(txn, e, +1), ST_OK);
}

/* ---- rows ---- */

static void
progress_is_read_as_it_was_written(void **ctx)
{
	(void) ctx;
	struct event all = test_progress("con-a", QUARTER), none = test_progress("con-b", QUARTER),
		     said = test_progress("con-a", QUARTER - 1);

	all.percent = PERCENT_MAX;
	none.percent = 0; /* told, and not the same as not told */
	said.has &= ~EVENT_BIT(EVENT_PERCENT);
	test_note(&said, "Línea 1\nlínea 2");
	put(&all);
	put(&none);
	put(&said);
	assert_reports(REPORT_COMMITMENT, "",
	               "COM-1 con-a 8102: 'Línea 1\nlínea 2'; COM-1 con-a 8103: 10000 ''; "
	               "COM-1 con-b 8103: 0 ''; ");
	assert_int_equal(kv_count(txn, TABLE_REPORTS), 3);
}

static void
items_of_one_code_and_another_type_are_apart(void **ctx)
{
	(void) ctx;
	struct event e = test_progress("con-a", QUARTER);

	test_initiative(&e, "X");
	put(&e);
	test_risk(&e, "X");
	e.percent = 1;
	put(&e);
	test_commitment(&e, "X");
	e.percent = 2;
	put(&e);
	test_commitment(&e, "X-1");
	put(&e);
	assert_reports(REPORT_INITIATIVE, "X", "X con-a 8103: 2500 ''; ");
	assert_reports(REPORT_RISK, "X", "X con-a 8103: 1 ''; ");
	assert_reports(REPORT_COMMITMENT, "X", "X con-a 8103: 2 ''; ");
	assert_reports(REPORT_COMMITMENT, "", "X con-a 8103: 2 ''; X-1 con-a 8103: 2 ''; ");
	assert_reports(REPORT_BUDGET, "", "");
}

static void
a_budget_is_one_row_of_its_project_whoever_tells_it(void **ctx)
{
	(void) ctx;
	struct event one = test_budget("con-a", "P-1", QUARTER),
		     two = test_budget("con-b", "P-1", QUARTER);

	two.paid = MONEY_MAX;
	put(&one);
	assert_reports(REPORT_BUDGET, "P-1", "P-1 con-a 8103: 4 3 2 1; ");
	put(&two);
	assert_reports(REPORT_BUDGET, "P-1", "P-1 con-b 8103: 4 3 2 1000000000000000; ");
}

static void
a_closed_quarter_says_what_was_declared(void **ctx)
{
	(void) ctx;
	struct event bare = test_close("con-a", QUARTER), full = test_close("con-b", QUARTER);

	test_zero(&full, "IND-1,IND-3");
	test_nothing(&full, "IND-2");
	put(&bare);
	put(&full);
	assert_reports(REPORT_CLOSE, "",
	               " con-a 8103: zero nothing;  con-b 8103: zero IND-1 IND-3 nothing IND-2; ");
}

static void
a_row_is_taken_out_once(void **ctx)
{
	(void) ctx;
	struct event e = test_close("con-a", QUARTER);

	put(&e);
	assert_status(report_put(txn, &e, -1), ST_OK);
	assert_int_equal(kv_count(txn, TABLE_REPORTS), 0);
	assert_status(report_put(txn, &e, -1), ST_MALFORMED);
}

/* ---- limits ---- */

static status
stop(void *ctx, const struct report *r)
{
	*(struct report *) ctx = *r;
	return ST_EXISTS; /* ends the walk */
}

static struct report
only_one(report_type type)
{
	struct report r = { 0 };
	struct kv_walk walk;

	assert_true(kv_seek(txn, TABLE_REPORTS, (struct bytes) { 0 }, &walk));
	assert_in_range(walk.key.len, 1, ROW_KEY_MAX);
	kv_walk_done(&walk);
	assert_status(reports_each(txn, type, text_of(""), stop, &r), ST_EXISTS);
	return r;
}

static void
a_row_has_room_for_the_longest_codes_and_note(void **ctx)
{
	(void) ctx;
	struct event e = test_progress(LONGEST, QUARTER_MAX);
	char note[NOTE_BYTES_MAX + 1] = "";
	struct report r;

	memset(note, 'n', NOTE_BYTES_MAX);
	test_note(&e, note);
	test_commitment(&e, LONGEST);
	put(&e);
	r = only_one(REPORT_COMMITMENT);
	assert_int_equal(r.code.len, CODE_BYTES_MAX);
	assert_int_equal(r.unit.len, CODE_BYTES_MAX);
	assert_int_equal(r.quarter, QUARTER_MAX);
	assert_int_equal(r.text.len, NOTE_BYTES_MAX);
	assert_memory_equal(r.text.at, note, NOTE_BYTES_MAX);
}

/* Of CODE_BYTES_MAX letters each. */
static void
fill(struct codes *list, char space[DECLARED_MAX][CODE_BYTES_MAX + 1], char first)
{
	for (size_t i = 0; i < DECLARED_MAX; i++) {
		snprintf(space[i], CODE_BYTES_MAX + 1, "%c%031zu", first, i);
		list->list[list->count++] = text_of(space[i]);
	}
}

static void
a_row_has_room_for_all_that_can_be_declared(void **ctx)
{
	(void) ctx;
	static char zero[DECLARED_MAX][CODE_BYTES_MAX + 1],
		nothing[DECLARED_MAX][CODE_BYTES_MAX + 1];
	struct event e = test_close(LONGEST, QUARTER_MIN);
	struct report r;

	fill(&e.zero, zero, 'z');
	fill(&e.nothing, nothing, 'n');
	e.has |= EVENT_BIT(EVENT_ZERO) | EVENT_BIT(EVENT_NOTHING);
	put(&e);
	r = only_one(REPORT_CLOSE);
	assert_int_equal(r.zero.count, DECLARED_MAX);
	assert_int_equal(r.nothing.count, DECLARED_MAX);
	assert_true(text_is(r.zero.list[DECLARED_MAX - 1], zero[DECLARED_MAX - 1]));
	assert_true(text_is(r.nothing.list[0], nothing[0]));
}

static void
a_budget_has_room_for_the_longest_codes(void **ctx)
{
	(void) ctx;
	struct event e = test_budget(LONGEST, LONGEST, QUARTER);
	struct report r;

	e.appropriated = e.committed = e.obligated = e.paid = MONEY_MAX;
	put(&e);
	r = only_one(REPORT_BUDGET);
	assert_true(text_is(r.code, LONGEST));
	assert_true(text_is(r.unit, LONGEST));
	assert_int_equal(r.appropriated, MONEY_MAX);
	assert_int_equal(r.paid, MONEY_MAX);
}

/* ---- damage ---- */

/* A row that no report_put() makes. */
static void
assert_damaged(const char *key, size_t key_len, const void *value, size_t value_len)
{
	struct bytes at = { (const uint8_t *) key, key_len };
	char list[LIST_BYTES] = "";

	assert_status(kv_put(txn, TABLE_REPORTS, at, (struct bytes) { value, value_len }), ST_OK);
	assert_status(reports_each(txn, (report_type) *key, text_of(""), write_down, list),
	              ST_MALFORMED);
	assert_status(kv_delete(txn, TABLE_REPORTS, at), ST_OK);
}

static void
a_damaged_key_is_told(void **ctx)
{
	(void) ctx;
	static const char key[] = "cCOM-1\0con-a\0\0\0\x1f\xa7?";
	enum { WHOLE = sizeof(key) - 2 };
	static const char early[] = "cCOM-1\0con-a\0\0\0\x1d\xaf";

	for (size_t cut = 1; cut < WHOLE; cut++)
		assert_damaged(key, cut, "\0\0\0\1", 4);
	assert_damaged(key, WHOLE + 1, "\0\0\0\1", 4);
	assert_damaged(early, sizeof(early) - 1, "\0\0\0\1", 4); /* before 1900 */
}

static void
a_damaged_value_is_told(void **ctx)
{
	(void) ctx;
	static const char progress[] = "cCOM-1\0con-a\0\0\0\x1f\xa7";
	static const char budget[] = "bP-1\0\0\0\0\x1f\xa7";
	static const char closed[] = "q\0con-a\0\0\0\x1f\xa7";
	static const uint8_t amounts[4 * ROW_NUMBER_BYTES];
	char declared[(DECLARED_MAX + 1) * 3];

	for (size_t cut = 0; cut < 4; cut++)
		assert_damaged(progress, sizeof(progress) - 1, "\0\0\0\1", cut);
	assert_damaged(progress, sizeof(progress) - 1, "\0\0\x27\x12", 4); /* 100.01 % */
	for (size_t cut = 0; cut < sizeof(amounts); cut++)
		assert_damaged(budget, sizeof(budget) - 1, amounts, cut);
	assert_damaged(closed, sizeof(closed) - 1, "z", 1);
	assert_damaged(closed, sizeof(closed) - 1, "zIND-1", 6);
	assert_damaged(closed, sizeof(closed) - 1, "xIND-1", 7); /* declared as what? */
	for (size_t i = 0; i < sizeof(declared); i += 3)
		memcpy(declared + i, "na", 3);
	assert_damaged(closed, sizeof(closed) - 1, declared, sizeof(declared));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(progress_is_read_as_it_was_written),
		TEST(items_of_one_code_and_another_type_are_apart),
		TEST(a_budget_is_one_row_of_its_project_whoever_tells_it),
		TEST(a_closed_quarter_says_what_was_declared),
		TEST(a_row_is_taken_out_once),
		TEST(a_row_has_room_for_the_longest_codes_and_note),
		TEST(a_row_has_room_for_all_that_can_be_declared),
		TEST(a_budget_has_room_for_the_longest_codes),
		TEST(a_damaged_key_is_told),
		TEST(a_damaged_value_is_told),
	};

	return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}
