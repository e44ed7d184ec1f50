#include <string.h>

#include "hub/cells.h"
#include "hub/hub.h"
#include "hub/period.h"
#include "hub/query.h"
#include "hub/things.h"
#include "tests/support/check.h"
#include "tests/support/plan_base.h"
#include "tests/support/scratch.h"

/* Those that questions read, and others that are only there. */
static const char *const tables[HUB_TABLES_] = {
	"0",  "1",  "2",  "3",  "4",  "5",  "6",  "7",  "8",  "9",  "10", "11", "12",
	"13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23", "24", "25",
};

_Static_assert(HUB_TABLES_ == 26, "each has a name");

static const struct kv_config config = {
	.tables = tables,
	.table_count = HUB_TABLES_,
	.map_bytes = 16 << 20,
	.format = 1,
	.mode = 0600,
	.program = "test",
};

struct fixture {
	char *dir;
	kv *store;
	kv_txn *txn;
	plan *plan;
	struct query q;
};

static date
day(const char *text)
{
	date d = 0;

	assert_status(date_parse(text, strlen(text), &d), ST_OK);
	return d;
}

static struct cell_key
key_of(const char *code, const char *unit, const char *country, const char *when, const char *mode,
       event_status st)
{
	return (struct cell_key) {
		.code = text_of(code),
		.unit = text_of(unit),
		.country = text_of(country),
		.mode = text_of(mode),
		.day = day(when),
		.status = st,
	};
}

static void
add_row(struct fixture *fx, int table, const uint8_t *key, size_t len, int64_t by)
{
	struct kv_walk walk;

	kv_walk_begin(fx->txn, table, &walk);
	assert_status(row_add(&walk, (struct bytes) { key, len }, by), ST_OK);
	kv_walk_done(&walk);
}

static void
add_to_cell(struct fixture *fx, const struct cell_key *key, const struct cell_by *by)
{
	static uint8_t space[CELL_BYTES_MAX];
	uint8_t row[ROW_KEY_MAX] = { 0 };
	struct kv_walk walk;

	kv_walk_begin(fx->txn, TABLE_CELLS, &walk);
	assert_status(cell_add(&walk, (struct bytes) { row, cell_key_write(key, row) }, by, space),
	              ST_OK);
	kv_walk_done(&walk);
}

/* Of the unit, if there is one, and of all. */
static void
add_months(struct fixture *fx, const struct cell_key *of, int64_t amount)
{
	struct month_key key = {
		.code = of->code,
		.status = of->status,
		.first = period_at(PERIOD_MONTH, of->day).from,
	};
	uint8_t row[ROW_KEY_MAX];

	add_row(fx, TABLE_MONTHS, row, month_key_write(&key, row), amount);
	key.unit = of->unit;
	if (key.unit.len > 0)
		add_row(fx, TABLE_MONTHS, row, month_key_write(&key, row), amount);
}

static void
add_cell(struct fixture *fx, const char *code, const char *unit, const char *country,
         const char *when, const char *mode, event_status st, int64_t quantity)
{
	struct cell_key key = key_of(code, unit, country, when, mode, st);
	uint8_t row[ROW_KEY_MAX];

	add_to_cell(fx, &key, &(struct cell_by) { .quantity = quantity, .records = 1 });
	add_row(fx, TABLE_DAYS, row, day_key_write(&key, row), quantity);
	add_months(fx, &key, quantity);
}

static void
add_extra(struct fixture *fx, const char *when, char type, const char *name, int64_t amount)
{
	struct cell_key key = key_of("IND-1", "con-a", "US", when, "movil", STATUS_DONE);
	uint8_t text[1 + CODE_BYTES_MAX + 1] = { (uint8_t) type };
	struct extra_by extra = { { text, 1 + strlen(name) + 1 }, amount };

	memcpy(text + 1, name, strlen(name));
	add_to_cell(fx, &key, &(struct cell_by) { .extras = &extra, .extra_count = 1 });
}

static void
add_tally(struct fixture *fx, const char *when, const char *unit, event_status st, int64_t records)
{
	struct tally_key key = { .day = day(when), .unit = text_of(unit), .status = st };
	struct cell_key all;
	uint8_t row[ROW_KEY_MAX];

	add_row(fx, TABLE_TALLIES, row, tally_key_write(&key, row), records);
	all = key_of("", "", "", when, "", st);
	add_row(fx, TABLE_DAYS, row, day_key_write(&all, row), records);
	add_months(fx, &all, records);
}

/* The ledger that all tests ask.  By hand: IND-1 done 1 + 2 in 2023, 3 in 2024,
 * 4 + 5 in 2025, 6 in 2026; beside it cells that must not be taken for it. */
static void
fill(struct fixture *fx)
{
	add_cell(fx, "IND-1", "con-a", "US", "2023-01-01", "movil", STATUS_DONE, 1);
	add_cell(fx, "IND-1", "con-b", "DZ", "2023-12-31", "movil", STATUS_DONE, 2);
	add_cell(fx, "IND-1", "con-a", "US", "2024-03-31", "", STATUS_DONE, 3);
	add_cell(fx, "IND-1", "con-a", "MX", "2025-04-01", "movil", STATUS_DONE, 4);
	add_cell(fx, "IND-1", "con-b", "DZ", "2025-11-14", "movil", STATUS_DONE, 5);
	add_cell(fx, "IND-1", "con-a", "US", "2026-12-31", "movil", STATUS_DONE, 6);
	add_cell(fx, "IND-1", "con-a", "US", "2025-04-01", "movil", STATUS_PLANNED, 70);
	add_cell(fx, "IND-1", "con-a", "US", "2025-04-01", "movil", STATUS_CANCELLED, 80);
	add_cell(fx, "IND-10", "con-a", "US", "2025-04-01", "movil", STATUS_DONE, 900);
	add_cell(fx, "IND", "con-a", "US", "2025-04-01", "movil", STATUS_DONE, 900);
	add_cell(fx, "1.1.01", "con-ab", "US", "2025-04-01", "movil", STATUS_DONE, 40);
	add_cell(fx, "1.1.01", "con-a", "US", "2025-04-01", "movil", STATUS_DONE, 1);
	add_extra(fx, "2025-04-01", 'c', "attended", 180);
	add_extra(fx, "2025-04-02", 'c', "attended", 20);
	add_extra(fx, "2025-04-01", 'c', "procedures", 220);
	add_extra(fx, "2025-04-01", 'g', "attended", 1000);
	add_extra(fx, "2025-04-01", 'g', "ACT-1", 90);
	add_tally(fx, "2024-03-31", "con-a", STATUS_DONE, 2);
	add_tally(fx, "2025-11-14", "con-b", STATUS_DONE, 3);
	add_tally(fx, "2025-11-14", "con-b", STATUS_PLANNED, 50);
	add_tally(fx, "2025-11-15", "con-a", STATUS_DONE, 4);
}

static int
set_up(void **ctx)
{
	struct fixture *fx = calloc(1, sizeof(*fx));
	struct plan_problems problems = { 0 };

	assert_non_null(fx);
	fx->dir = scratch_new();
	assert_status(kv_create(scratch_path(fx->dir, "store"), &config), ST_OK);
	assert_status(kv_open(scratch_path(fx->dir, "store"), &config, &fx->store), ST_OK);
	assert_status(kv_write(fx->store, 0, &fx->txn), ST_OK);
	assert_status(plan_base_parse_document(plan_base(), &problems, &fx->plan), ST_OK);
	plan_problems_done(&problems);
	fill(fx);
	fx->q = (struct query) { fx->txn, fx->plan, day("2026-12-31") };
	*ctx = fx;
	return 0;
}

static int
tear_down(void **ctx)
{
	struct fixture *fx = *ctx;

	kv_abort(&fx->txn);
	kv_close(&fx->store);
	plan_free(&fx->plan);
	scratch_remove(&fx->dir);
	free(fx);
	return 0;
}

static struct counts_question
question(const char *code)
{
	return (struct counts_question) {
		.code = text_of(code),
		.from = DATE_MIN,
		.to = DATE_MAX,
		.status = STATUS_DONE,
	};
}

/* want: "con-a/2025=4 con-b/2025=5" */
static void
assert_counts(struct fixture *fx, const struct counts_question *asked, const char *want)
{
	struct groups rows = { 0 };
	int64_t total = 0, sum = 0;
	char got[2048] = "";
	size_t used = 0;

	assert_status(query_counts(&fx->q, asked, &rows, &total), ST_OK);
	for (size_t i = 0; i < rows.count; i++) {
		if (i > 0)
			used += (size_t) snprintf(got + used, sizeof(got) - used, " ");
		for (size_t k = 0; k < asked->by_count; k++)
			used += (size_t) snprintf(got + used, sizeof(got) - used, "%s%s",
			                          k ? "/" : "", group_text(&rows.list[i], k));
		used += (size_t) snprintf(got + used, sizeof(got) - used, "=%lld",
		                          (long long) rows.list[i].total);
		sum += rows.list[i].total;
	}
	groups_done(&rows);
	assert_string_equal(got, want);
	assert_int_equal(total, sum);
}

static void
a_code_is_summed_and_no_other(void **ctx)
{
	struct counts_question asked = question("IND-1");

	assert_counts(*ctx, &asked, "=21");
	asked = question("1.1.01");
	assert_counts(*ctx, &asked, "=41");
	asked = question("IND-2");
	assert_counts(*ctx, &asked, "");
}

static void
rows_come_by_each_key_in_its_order(void **ctx)
{
	static const struct {
		count_key by[COUNT_KEYS_];
		size_t count;
		const char *want;
	} cases[] = {
		{ { BY_UNIT }, 1, "con-a=14 con-b=7" },
		{ { BY_COUNTRY }, 1, "DZ=7 MX=4 US=10" },
		{ { BY_YEAR }, 1, "2023=3 2024=3 2025=9 2026=6" },
		{ { BY_QUARTER },
		  1,
		  "2023-Q1=1 2023-Q4=2 2024-Q1=3 2025-Q2=4 2025-Q4=5 2026-Q4=6" },
		{ { BY_MONTH }, 1, "2023-01=1 2023-12=2 2024-03=3 2025-04=4 2025-11=5 2026-12=6" },
		{ { BY_MODE }, 1, "=3 movil=18" },
		{ { BY_UNIT, BY_YEAR },
		  2,
		  "con-a/2023=1 con-a/2024=3 con-a/2025=4 con-a/2026=6 con-b/2023=2 con-b/2025=5" },
		{ { BY_YEAR, BY_UNIT },
		  2,
		  "2023/con-a=1 2023/con-b=2 2024/con-a=3 2025/con-a=4 2025/con-b=5 2026/con-a=6" },
		{ { BY_MODE, BY_UNIT, BY_COUNTRY },
		  3,
		  "/con-a/US=3 movil/con-a/MX=4 movil/con-a/US=7 movil/con-b/DZ=7" },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct counts_question asked = question("IND-1");

		memcpy(asked.by, cases[i].by, sizeof(asked.by));
		asked.by_count = cases[i].count;
		assert_counts(*ctx, &asked, cases[i].want);
	}
}

static void
units_and_days_narrow_it(void **ctx)
{
	const struct text units[] = { text_of("con-b"), text_of("con-a") };
	struct counts_question asked = question("IND-1");

	asked.by[0] = BY_UNIT;
	asked.by_count = 1;
	asked.units = units;
	asked.unit_count = 1;
	assert_counts(*ctx, &asked, "con-b=7");
	asked.unit_count = 2;
	assert_counts(*ctx, &asked, "con-a=14 con-b=7");
	asked.from = day("2023-12-31"); /* both ends belong to it */
	asked.to = day("2025-04-01");
	assert_counts(*ctx, &asked, "con-a=7 con-b=2");

	/* A unit is not all those that begin like it. */
	asked = question("1.1.01");
	asked.units = units + 1;
	asked.unit_count = 1;
	assert_counts(*ctx, &asked, "=1");
}

static void
days_after_the_cut_off_do_not_enter(void **ctx)
{
	struct counts_question asked = question("IND-1");
	struct fixture *fx = *ctx;

	fx->q.cutoff = day("2025-11-14");
	assert_counts(fx, &asked, "=15");
	fx->q.cutoff = day("2025-11-13");
	assert_counts(fx, &asked, "=10");
	asked.to = DATE_MAX;
	asked.from = day("2025-11-14");
	assert_counts(fx, &asked, "");
}

static void
other_states_are_counted_apart(void **ctx)
{
	struct counts_question asked = question("IND-1");

	asked.status = STATUS_PLANNED;
	assert_counts(*ctx, &asked, "=70");
	asked.status = STATUS_CANCELLED;
	assert_counts(*ctx, &asked, "=80");
	asked.status = STATUS_MOVED;
	assert_counts(*ctx, &asked, "");
}

static void
secondary_counts_and_actors_are_summed_by_name(void **ctx)
{
	struct counts_question asked = question("IND-1");

	asked.what = COUNT_NAMED;
	asked.name = text_of("attended");
	assert_counts(*ctx, &asked, "=200");
	asked.to = day("2025-04-01");
	assert_counts(*ctx, &asked, "=180");
	asked.name = text_of("procedures");
	assert_counts(*ctx, &asked, "=220");
	asked.what = COUNT_GROUP;
	asked.name = text_of("ACT-1");
	assert_counts(*ctx, &asked, "=90");
}

/* The plan with targets beside IND-1: 2023 to 2026 10, 20, 30, 40; by quarter in 2025 5,
 * 7, 8, 10; con-a in 2025 10, of which 5, 1, 0, 4; con-b in 2025 12. */
static void
assert_programmed(struct fixture *fx, struct counts_question *asked, const char *want)
{
	struct groups rows = { 0 };
	char got[2048] = "";
	size_t used = 0;
	int64_t total;
	int64_t target;

	asked->programmed = true;
	assert_status(query_counts(&fx->q, asked, &rows, &total), ST_OK);
	for (size_t i = 0; i < rows.count; i++) {
		const struct group *row = &rows.list[i];

		for (size_t k = 0; k < asked->by_count; k++)
			used += (size_t) snprintf(got + used, sizeof(got) - used, "%s%s",
			                          used == 0        ? ""
			                                  : k == 0 ? " "
			                                           : "/",
			                          group_text(row, k));
		used += (size_t) snprintf(got + used, sizeof(got) - used, "=%llu",
		                          (unsigned long long) row->total);
		if (query_programmed(fx->plan, asked, row, &target))
			used += (size_t) snprintf(got + used, sizeof(got) - used, "(%lld)",
			                          (long long) target);
	}
	groups_done(&rows);
	assert_string_equal(got, want);
}

static void
what_is_programmed_stands_beside_what_was_done(void **ctx)
{
	const struct text units[] = { text_of("con-a"), text_of("con-b") };
	struct counts_question asked = question("IND-1");
	struct plan_problems problems = { 0 };
	struct fixture *fx = *ctx;

	plan_free(&fx->plan);
	assert_status(plan_base_parse_document(plan_base_whole(), &problems, &fx->plan), ST_OK);
	plan_problems_done(&problems);
	fx->q.plan = fx->plan;
	asked.by[0] = BY_YEAR;
	asked.by_count = 1;
	assert_programmed(fx, &asked, "2023=3(10) 2024=3(20) 2025=9(30) 2026=6(40)");
	asked.from = day("2025-01-01");
	asked.by[0] = BY_QUARTER; /* those that have begun, also without an entry */
	assert_programmed(fx, &asked,
	                  "2025-Q1=0(5) 2025-Q2=4(7) 2025-Q3=0(8) 2025-Q4=5(10) 2026-Q1=0(1) "
	                  "2026-Q4=6");
	fx->q.cutoff = day("2025-07-01");
	assert_programmed(fx, &asked, "2025-Q1=0(5) 2025-Q2=4(7) 2025-Q3=0(8)");
	fx->q.cutoff = day("2025-06-30");
	asked.from = day("2025-04-01");
	assert_programmed(fx, &asked, "2025-Q2=4(7)");
	fx->q.cutoff = day("2026-12-31");
	asked.from = DATE_MIN;

	asked.by[0] = BY_UNIT;
	asked.by[1] = BY_YEAR;
	asked.by_count = 2;
	assert_programmed(fx, &asked,
	                  "con-a/2023=1 con-a/2024=3 con-a/2025=4(10) con-a/2026=6 con-b/2023=2 "
	                  "con-b/2025=5(12)");
	asked.by[0] = BY_QUARTER;
	asked.by[1] = BY_UNIT;
	asked.units = units;
	asked.unit_count = 1;
	asked.from = day("2025-01-01");
	assert_programmed(fx, &asked,
	                  "2025-Q1/con-a=0(5) 2025-Q2/con-a=4(1) 2025-Q3/con-a=0(0) "
	                  "2025-Q4/con-a=0(4) 2026-Q4/con-a=6");
	asked.by_count = 1; /* of one unit its own, of several nothing */
	assert_programmed(fx, &asked,
	                  "2025-Q1=0(5) 2025-Q2=4(1) 2025-Q3=0(0) 2025-Q4=0(4) 2026-Q4=6");
	asked.unit_count = 2;
	assert_false(query_programs(fx->plan, &asked));
	assert_programmed(fx, &asked, "2025-Q2=4 2025-Q4=5 2026-Q4=6");
}

static void
nothing_is_programmed_for_other_questions(void **ctx)
{
	static const struct {
		count_key by[2];
		size_t count;
	} others[] = {
		{ { BY_UNIT }, 1 },
		{ { BY_YEAR, BY_QUARTER }, 2 },
		{ { BY_COUNTRY, BY_YEAR }, 2 },
		{ { BY_MONTH }, 1 },
		{ { 0 }, 0 },
	};
	struct counts_question asked = question("IND-1");
	struct fixture *fx = *ctx;

	for (size_t i = 0; i < LENGTH(others); i++) {
		memcpy(asked.by, others[i].by, sizeof(others[i].by));
		asked.by_count = others[i].count;
		assert_false(query_programs(fx->plan, &asked));
	}
	asked.by[0] = BY_YEAR;
	asked.by_count = 1;
	assert_true(query_programs(fx->plan, &asked));
	asked.status = STATUS_PLANNED;
	assert_false(query_programs(fx->plan, &asked));
	asked.status = STATUS_DONE;
	asked.what = COUNT_NAMED;
	assert_false(query_programs(fx->plan, &asked));
	asked.what = COUNT_QUANTITY;
	asked.code = text_of("1.1.01");
	assert_false(query_programs(fx->plan, &asked));
}

static void
tallies_tell_what_is_dated_ahead(void **ctx)
{
	struct fixture *fx = *ctx;
	struct query_tallies t;
	const uint8_t held[EVENT_ID_BYTES] = { 1 };

	assert_status(kv_put(fx->txn, TABLE_HELD, (struct bytes) { held, sizeof(held) },
	                     (struct bytes) { (const uint8_t *) "date", 4 }),
	              ST_OK);
	fx->q.cutoff = day("2025-11-14");
	assert_status(query_tallies(&fx->q, &t), ST_OK);
	assert_int_equal(t.counted, 5);
	assert_int_equal(t.dated_ahead, 4);
	assert_int_equal(t.held, 1);
}

static void
progress_takes_the_sums_by_the_cut_off(void **ctx)
{
	struct fixture *fx = *ctx;
	const struct plan_indicator *ind = plan_indicator(fx->plan, "IND-1", 5);
	struct progress p;

	fx->q.cutoff = day("2025-06-30"); /* targets 10, 20, 30, 40 */
	assert_status(query_progress(&fx->q, ind, &p), ST_OK);
	assert_int_equal(p.value.n, 10);
	assert_int_equal(p.term.n, 100);
	assert_int_equal(p.year_percent.n, 133); /* 4 of 30 */
	assert_int_equal(p.to_date.n, 222);      /* 10 of 45 */
	fx->q.cutoff = day("2022-12-31");
	assert_status(query_progress(&fx->q, ind, &p), ST_OK);
	assert_int_equal(p.value.why, PROGRESS_NO_DATA);
}

static void
what_things_feed_is_the_baseline_so_far(void **ctx)
{
	struct fixture *fx = *ctx;
	struct progress p;

	assert_status(query_progress(&fx->q, plan_indicator(fx->plan, "IND-2", 5), &p), ST_OK);
	assert_int_equal(p.value.why, PROGRESS_BASELINE_ONLY);
	assert_int_equal(p.value.n, 2);
}

static void
put_thing(struct fixture *fx, const char *unit, const char *key, const char *when, bool out)
{
	static uint8_t hash[HASH_BYTES];
	struct event e = {
		.kind = KIND_THING,
		.unit = text_of(unit),
		.indicator = text_of("IND-2"),
		.thing = text_of(key),
		.date = day(when),
		.out = out,
	};

	hash[0]++;
	assert_status(thing_put(fx->txn, &e, hash, +1), ST_OK);
}

/* The baseline of 2 is con-a and con-b.  One network that two units tell of, one that
 * came and went and came again, one of the baseline that went, one told again of it. */
static void
put_things(struct fixture *fx)
{
	put_thing(fx, "con-b", "net", "2024-05-01", false);
	put_thing(fx, "con-a", "net", "2023-02-01", false);
	put_thing(fx, "con-a", "on-off", "2023-03-01", false);
	put_thing(fx, "con-a", "on-off", "2024-03-01", true);
	put_thing(fx, "con-b", "on-off", "2025-03-01", false);
	put_thing(fx, "con-b", "con-a", "2024-06-01", true);
	put_thing(fx, "con-a", "con-b", "2024-07-01", false);
}

static void
each_thing_counts_once_and_not_beside_the_baseline(void **ctx)
{
	static const struct {
		const char *cutoff;
		int level, year_sum;
	} wanted[] = {
		{ "2023-02-28", 3, 1 },  { "2023-12-31", 4, 2 }, { "2024-05-31", 3, -1 },
		{ "2024-12-31", 2, -2 }, { "2025-12-31", 3, 1 },
	};
	struct fixture *fx = *ctx;
	struct plan_indicator ind = *plan_indicator(fx->plan, "IND-2", 5);
	struct progress p;

	put_things(fx);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		fx->q.cutoff = day(wanted[i].cutoff);
		ind.accumulation = ACCUMULATION_CAPACITY;
		assert_status(query_progress(&fx->q, &ind, &p), ST_OK);
		assert_int_equal(p.value.n, wanted[i].level);
		ind.accumulation = ACCUMULATION_FLOW; /* the value is that of the year */
		assert_status(query_progress(&fx->q, &ind, &p), ST_OK);
		assert_int_equal(p.value.n, wanted[i].year_sum);
	}
}

static void
things_count_where_and_when_they_first_came(void **ctx)
{
	struct counts_question asked = question("IND-2");
	struct fixture *fx = *ctx;

	put_things(fx);
	asked.by[asked.by_count++] = BY_UNIT;
	asked.by[asked.by_count++] = BY_YEAR;
	assert_counts(fx, &asked, "con-a/2023=2 con-a/2024=-1 con-b/2024=-1 con-b/2025=1");
}

/* Example 7 of the guide to indicators: no baseline, goal 8. */
static void
three_networks_of_eight_are_37_5_percent(void **ctx)
{
	struct fixture *fx = *ctx;
	struct plan_indicator ind = *plan_indicator(fx->plan, "IND-2", 5);
	struct progress p;

	ind.accumulation = ACCUMULATION_SUM;
	ind.has_baseline = false;
	ind.goal = 8;
	put_thing(fx, "con-a", "net-1", "2023-02-01", false);
	put_thing(fx, "con-b", "net-1", "2024-02-01", false);
	put_thing(fx, "con-b", "net-2", "2024-02-01", false);
	put_thing(fx, "con-b", "net-3", "2025-02-01", false);
	assert_status(query_progress(&fx->q, &ind, &p), ST_OK);
	assert_int_equal(p.value.n, 3);
	assert_int_equal(p.term.n, 375);
}

static void
a_level_fed_by_activities_starts_from_the_baseline(void **ctx)
{
	struct fixture *fx = *ctx;
	struct plan_indicator ind = *plan_indicator(fx->plan, "IND-1", 5);
	struct progress p;

	ind.accumulation = ACCUMULATION_CAPACITY;
	ind.has_baseline = true;
	ind.baseline = 8;
	fx->q.cutoff = day("2024-12-31");
	assert_status(query_progress(&fx->q, &ind, &p), ST_OK);
	assert_int_equal(p.value.n, 14); /* 8 + 3 + 3 */
	ind.accumulation = ACCUMULATION_REDUCTION;
	assert_status(query_progress(&fx->q, &ind, &p), ST_OK);
	assert_int_equal(p.value.n, 2);
}

/* All that is read of the three tables begins with the code; of cells and days only what the
 * cut-off leaves of its month. */
static void
a_damaged_row_is_an_error_and_no_number(void **ctx)
{
	static const uint8_t bad[] = { 'I', 'N', 'D', '-', '1', 0, 0, 0, 'x' };
	static const struct {
		int table;
		size_t by_count;
		const char *cutoff;
	} damaged[] = {
		{ TABLE_MONTHS, 0, "2025-04-30" },
		{ TABLE_DAYS, 0, "2025-04-01" },
		{ TABLE_CELLS, 1, "2025-04-01" },
	};
	struct counts_question asked = question("IND-1");
	struct fixture *fx = *ctx;
	struct groups rows = { .count = 7 };
	int64_t total = 77;

	asked.by[0] = BY_UNIT;
	for (size_t i = 0; i < LENGTH(damaged); i++) {
		const struct bytes row = { bad, sizeof(bad) };

		fx->q.cutoff = day(damaged[i].cutoff);
		asked.by_count = damaged[i].by_count;
		assert_status(kv_put(fx->txn, damaged[i].table, row, row), ST_OK);
		assert_status(query_counts(&fx->q, &asked, &rows, &total), ST_MALFORMED);
		assert_status(kv_delete(fx->txn, damaged[i].table, row), ST_OK);
		assert_int_equal(total, 77);
		assert_int_equal(rows.count, 7);
	}
}

/* As long as keys can be: where to go on would not fit. */
static void
a_damaged_key_that_is_too_long_is_an_error(void **ctx)
{
	struct fixture *fx = *ctx;
	struct counts_question asked = question("IND-1");
	uint8_t key[KV_KEY_BYTES_MAX];
	struct groups rows = { 0 };
	int64_t total;
	size_t len = sizeof("IND-1");

	memcpy(key, "IND-1", len);
	memset(key + len, 'a', sizeof(key) - len);
	memcpy(key + sizeof(key) - 9, "\0\0\xff\0\0\0m\0\0", 9);
	assert_status(kv_put(fx->txn, TABLE_CELLS, (struct bytes) { key, sizeof(key) },
	                     (struct bytes) { key, 2 }),
	              ST_OK);
	asked.by[asked.by_count++] = BY_MODE;
	assert_status(query_counts(&fx->q, &asked, &rows, &total), ST_MALFORMED);
}

static void
many_groups_are_all_kept_and_sorted(void **ctx)
{
	struct groups g = { 0 };
	char key[8];

	(void) ctx;
	for (int i = 9999; i >= 0; i--) {
		int len = snprintf(key, sizeof(key), "%04d", i % 5000);

		assert_status(groups_add(&g, key, (size_t) len + 1, 1), ST_OK);
	}
	groups_sort(&g);
	assert_int_equal(g.count, 5000);
	for (size_t i = 0; i < g.count; i++) {
		snprintf(key, sizeof(key), "%04u", (unsigned) i % 5000);
		assert_string_equal(group_text(&g.list[i], 0), key);
		assert_int_equal(g.list[i].total, 2);
	}
	groups_done(&g);
}

static void
a_sum_over_64_bits_is_refused(void **ctx)
{
	struct groups g = { 0 };

	(void) ctx;
	assert_status(groups_add(&g, "a", 2, INT64_MAX), ST_OK);
	assert_status(groups_add(&g, "a", 2, 1), ST_LIMIT);
	assert_status(groups_add(&g, "b", GROUP_KEY_BYTES + 1, 1), ST_LIMIT);
	groups_done(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_code_is_summed_and_no_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(rows_come_by_each_key_in_its_order, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(units_and_days_narrow_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(days_after_the_cut_off_do_not_enter, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(other_states_are_counted_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(secondary_counts_and_actors_are_summed_by_name,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_programmed_stands_beside_what_was_done,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_is_programmed_for_other_questions, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(tallies_tell_what_is_dated_ahead, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(progress_takes_the_sums_by_the_cut_off, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(each_thing_counts_once_and_not_beside_the_baseline,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(things_count_where_and_when_they_first_came, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(three_networks_of_eight_are_37_5_percent, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(what_things_feed_is_the_baseline_so_far, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(a_level_fed_by_activities_starts_from_the_baseline,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_row_is_an_error_and_no_number, set_up,
		                                tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_key_that_is_too_long_is_an_error, set_up,
		                                tear_down),
		cmocka_unit_test(many_groups_are_all_kept_and_sorted),
		cmocka_unit_test(a_sum_over_64_bits_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
