/* Questions against plain addition of what was counted: whatever they read, whole months or
 * days or cells, the answer is the same. */
#include "tests/support/check.h"

#include <string.h>

#include "hub/hub.h"
#include "hub/period.h"
#include "hub/query.h"
#include "hub/sums.h"
#include "tests/support/hub_fixture.h"
#include "tests/support/pick.h"

enum { ENTRIES = 1500, ROUNDS = 6000, UNITS = 5, DAYS_SPAN = 800 };

static const char *const codes[] = { "X-1", "X", "X-10" };
static const char *const units[UNITS] = { "a", "ab", "b", "b-", "con-b.c" };
static const char *const countries[] = { "CO", "US", "" };
static const char *const modes[] = { "", "m", "mo" };

struct entry {
	const char *code, *unit, *country, *mode;
	date day;
	event_status status;
	int64_t quantity, attended, actor;
};

static struct entry entries[ENTRIES];
static struct hub_fixture hub_at;
static kv_txn *txn;
static sums *s;
static const plan *p;

#define ANY(list) ((list)[pick(LENGTH(list))])

static int
setup(void **ctx)
{
	(void) ctx;
	hub_fixture_init(&hub_at, NULL);
	txn = hub_begin(hub_at.hub);
	s = sums_new();
	sums_begin(s, txn);
	assert_status(hub_plan(hub_at.hub, txn, &p), ST_OK);
	pick_seed(5);
	return 0;
}

static int
teardown(void **ctx)
{
	(void) ctx;
	sums_free(&s);
	kv_abort(&txn);
	hub_fixture_done(&hub_at);
	return 0;
}

/* Of two years and a bit; some at the ends of a month, and of all time. */
static date
some_day(void)
{
	date day = 20000 + (date) pick(DAYS_SPAN);

	switch (pick(12)) {
	case 0: return DATE_MIN;
	case 1: return DATE_MAX;
	case 2:
	case 3: return period_at(PERIOD_MONTH, day).from;
	case 4:
	case 5: return period_at(PERIOD_MONTH, day).to;
	default: return day;
	}
}

static void
count(const struct entry *e, int sign)
{
	const struct cell_key k = { text_of(e->code), text_of(e->unit), text_of(e->country),
		                    text_of(e->mode), e->day,           e->status };
	size_t cell;

	assert_status(sums_cell(s, &k, sign * e->quantity, sign, &cell), ST_OK);
	assert_status(sums_extra(s, cell, 'g', text_of("n"), sign * e->actor), ST_OK);
	assert_status(sums_extra(s, cell, 'c', text_of("n"), sign * e->attended), ST_OK);
}

static struct entry
some_entry(void)
{
	return (struct entry) {
		.code = ANY(codes),
		.unit = ANY(units),
		.country = ANY(countries),
		.mode = ANY(modes),
		.day = some_day(),
		.status = (event_status) (pick(3) > 0 ? 0 : pick(EVENT_STATUSES_)),
		.quantity = 1 + pick(300),
		.attended = pick(3) * 100,
		.actor = pick(4) / 3,
	};
}

/* In several commits' worth, a third of them taken out again. */
static void
fill(void)
{
	for (int i = 0; i < ENTRIES; i++) {
		struct entry gone = some_entry();

		entries[i] = some_entry();
		count(&entries[i], 1);
		if (i % 2 == 0) {
			count(&gone, 1);
			if (pick(2) == 0)
				assert_status(sums_write(s), ST_OK);
			count(&gone, -1);
		}
	}
	assert_status(sums_write(s), ST_OK);
}

/* ---- the plain way ---- */

static bool
is_asked(const struct entry *e, const struct counts_question *asked, date cutoff)
{
	bool unit = asked->unit_count == 0;

	for (size_t i = 0; i < asked->unit_count; i++)
		unit = unit || text_is(asked->units[i], e->unit);
	return unit && text_is(asked->code, e->code) && e->status == asked->status &&
		e->day >= asked->from && e->day <= asked->to && e->day <= cutoff;
}

static size_t
put_part(const struct entry *e, count_key by, char *out)
{
	char period[PERIOD_TEXT_BYTES];
	const char *part = period;

	switch (by) {
	case BY_UNIT: part = e->unit; break;
	case BY_COUNTRY: part = e->country; break;
	case BY_MODE: part = e->mode; break;
	case BY_YEAR: period_name(PERIOD_YEAR, e->day, period); break;
	case BY_QUARTER: period_name(PERIOD_QUARTER, e->day, period); break;
	case BY_MONTH: period_name(PERIOD_MONTH, e->day, period); break;
	case COUNT_KEYS_: fail(); break;
	}
	memcpy(out, part, strlen(part) + 1);
	return strlen(part) + 1;
}

static int64_t
add_up(const struct counts_question *asked, date cutoff, struct groups *rows)
{
	int64_t total = 0;

	for (int i = 0; i < ENTRIES; i++) {
		const struct entry *e = &entries[i];
		int64_t amount = asked->what == COUNT_QUANTITY ? e->quantity
			: asked->what == COUNT_NAMED           ? e->attended
							       : e->actor;
		char key[GROUP_KEY_BYTES];
		size_t len = 0;

		if (amount == 0 || !is_asked(e, asked, cutoff))
			continue;
		for (size_t k = 0; k < asked->by_count; k++)
			len += put_part(e, asked->by[k], key + len);
		assert_status(groups_add(rows, key, len, amount), ST_OK);
		total += amount;
	}
	groups_sort(rows);
	return total;
}

static struct counts_question
some_question(struct text asked_units[static UNITS])
{
	static const count_what whats[] = { COUNT_QUANTITY, COUNT_QUANTITY, COUNT_NAMED,
		                            COUNT_GROUP };
	struct counts_question q = {
		.code = text_of(ANY(codes)),
		.units = asked_units,
		.from = some_day(),
		.to = some_day(),
		.status = (event_status) (pick(2) > 0 ? 0 : pick(EVENT_STATUSES_)),
		.what = ANY(whats),
		.name = text_of("n"),
	};

	for (int key = 0; key < COUNT_KEYS_; key++)
		if (pick(3) == 0) {
			q.by[q.by_count] = q.by[0];
			q.by[0] = (count_key) key;
			q.by_count++;
		}
	for (int i = 0; pick(2) == 0 && i < UNITS; i++)
		if (pick(2) == 0)
			asked_units[q.unit_count++] = text_of(units[i]);
	return q;
}

static void
any_question_is_answered_by_what_was_counted(void **ctx)
{
	size_t answered = 0;

	(void) ctx;
	fill();
	for (int round = 0; round < ROUNDS; round++) {
		struct text asked_units[UNITS];
		const struct counts_question asked = some_question(asked_units);
		const struct query q = { txn, p, pick(2) ? DATE_MAX : some_day() };
		struct groups want = { 0 }, got = { 0 };
		int64_t total = 0, total_want = add_up(&asked, q.cutoff, &want);

		assert_status(query_counts(&q, &asked, &got, &total), ST_OK);
		if (total != total_want || got.count != want.count)
			fail_msg("round %d: %lld in %zu rows, wanted %lld in %zu", round,
			         (long long) total, got.count, (long long) total_want, want.count);
		for (size_t i = 0; i < want.count; i++) {
			assert_memory_equal(got.list[i].key, want.list[i].key, GROUP_KEY_BYTES);
			assert_int_equal(got.list[i].total, want.list[i].total);
		}
		answered += want.count > 1;
		groups_done(&want);
		groups_done(&got);
	}
	assert_true(answered > ROUNDS / 4);
}

/* What is taken out leaves no sum behind. */
static void
without_entries_there_are_no_sums(void **ctx)
{
	(void) ctx;
	fill();
	assert_true(kv_count(txn, TABLE_MONTHS) > 0);
	for (int i = 0; i < ENTRIES; i++)
		count(&entries[i], -1);
	assert_status(sums_write(s), ST_OK);
	assert_int_equal(kv_count(txn, TABLE_CELLS), 0);
	assert_int_equal(kv_count(txn, TABLE_DAYS), 0);
	assert_int_equal(kv_count(txn, TABLE_MONTHS), 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(any_question_is_answered_by_what_was_counted),
		TEST(without_entries_there_are_no_sums),
	};

	return cmocka_run_group_tests_name("query_ranges", tests, NULL, NULL);
}
