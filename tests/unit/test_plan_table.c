#include "tests/support/check.h"

#include <pthread.h>

#include "agent/plan_table.h"
#include "common/files.h"
#include "tests/support/plan_base.h"
#include "tests/support/scratch.h"

/* The plan of the ministry, in a table of its own. */

static const char *const table_names[] = { "plan" };

static const struct kv_config config = {
	.tables = table_names,
	.table_count = 1,
	.map_bytes = 4 << 20,
	.format = 1,
	.mode = 0600,
	.program = "test",
};

struct fixture {
	char *scratch;
	plan *plan;
	kv *store;
	kv_txn *txn;
	plan_table *table;
};

static plan *
read_plan(void)
{
	struct plan_problems problems = { 0 };
	uint8_t *json;
	plan *p = NULL;
	size_t len;

	assert_status(file_read(SOURCE_ROOT "/hub/plan/pei-2023-2026.json", 4 << 20, &json, &len),
	              ST_OK);
	assert_status(plan_parse(json, len, &problems, &p), ST_OK);
	plan_problems_done(&problems);
	free(json);
	return p;
}

static int
setup(void **ctx)
{
	static struct fixture fx;
	kv_txn *txn = NULL;
	const char *dir;

	fx = (struct fixture) { .scratch = scratch_new(), .plan = read_plan() };
	dir = scratch_path(fx.scratch, "store");
	assert_status(kv_create(dir, &config), ST_OK);
	assert_status(kv_open(dir, &config, &fx.store), ST_OK);
	assert_status(kv_write(fx.store, 0, &txn), ST_OK);
	assert_status(plan_table_put(txn, 0, fx.plan), ST_OK);
	assert_status(kv_commit(&txn), ST_OK);
	assert_status(kv_read(fx.store, &fx.txn), ST_OK);
	fx.table = plan_table_open(fx.txn, 0);
	assert_non_null(fx.table);
	*ctx = &fx;
	return 0;
}

static int
teardown(void **ctx)
{
	struct fixture *fx = *ctx;

	plan_table_close(&fx->table);
	kv_abort(&fx->txn);
	kv_close(&fx->store);
	plan_free(&fx->plan);
	scratch_remove(&fx->scratch);
	return 0;
}

/* ---- a view for a thread of its own ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool wants_lock;
static size_t asked; /* under the lock, while it is wanted */

static void
assert_locked(void)
{
	if (!wants_lock)
		return;
	asked++;
	if (pthread_mutex_trylock(&lock) == 0) {
		pthread_mutex_unlock(&lock);
		fail_msg("the transaction is asked without the lock");
	}
}

status __real_kv_get(kv_txn *txn, int table, struct bytes key, struct bytes *ret_value);
status __wrap_kv_get(kv_txn *txn, int table, struct bytes key, struct bytes *ret_value);
bool __real_kv_seek(kv_txn *txn, int table, struct bytes key, struct kv_walk *walk);
bool __wrap_kv_seek(kv_txn *txn, int table, struct bytes key, struct kv_walk *walk);
bool __real_kv_next(struct kv_walk *walk);
bool __wrap_kv_next(struct kv_walk *walk);

status
__wrap_kv_get(kv_txn *txn, int table, struct bytes key, struct bytes *ret_value)
{
	assert_locked();
	return __real_kv_get(txn, table, key, ret_value);
}

bool
__wrap_kv_seek(kv_txn *txn, int table, struct bytes key, struct kv_walk *walk)
{
	assert_locked();
	return __real_kv_seek(txn, table, key, walk);
}

bool
__wrap_kv_next(struct kv_walk *walk)
{
	assert_locked();
	return __real_kv_next(walk);
}

/* ---- tests ---- */

static void
no_plan_is_no_table(void **ctx)
{
	struct fixture *fx = *ctx;
	const char *dir = scratch_path(fx->scratch, "empty");
	kv *store = NULL;
	kv_txn *txn = NULL;

	assert_status(kv_create(dir, &config), ST_OK);
	assert_status(kv_open(dir, &config, &store), ST_OK);
	assert_status(kv_read(store, &txn), ST_OK);
	assert_null(plan_table_open(txn, 0));
	kv_abort(&txn);
	kv_close(&store);
}

static void
plan_itself_is_told(void **ctx)
{
	struct fixture *fx = *ctx;
	struct plan_period period = plan_table_period(fx->table);

	assert_int_equal(plan_table_version(fx->table), 1);
	assert_true(text_is(plan_table_code(fx->table), "PEI-2023-2026"));
	assert_int_equal(period.from, plan_period(fx->plan).from);
	assert_int_equal(period.to, plan_period(fx->plan).to);
}

static void
every_item_is_found_under_its_code(void **ctx)
{
	struct fixture *fx = *ctx;
	struct plan_attributes a;
	size_t units, initiatives;
	const struct plan_unit *unit = plan_units(fx->plan, &units);
	const struct plan_initiative *initiative = plan_initiatives(fx->plan, &initiatives);

	for (size_t i = 0; i < units; i++) {
		assert_status(plan_table_find(fx->table, ROW_UNIT, text_of(unit[i].code), &a),
		              ST_OK);
		assert_true(text_is(a.name, unit[i].name));
		assert_true(text_is(a.country, unit[i].country));
		assert_int_equal(a.retired, PLAN_NOT_RETIRED);
	}
	for (size_t i = 0; i < initiatives; i++)
		assert_status(
			plan_table_find(fx->table, ROW_INITIATIVE, text_of(initiative[i].code), &a),
			ST_OK);
	assert_true(units > 100 && initiatives == 89);
	assert_status(plan_table_find(fx->table, ROW_MODE, text_of("sabado-consular"), &a), ST_OK);
	assert_status(plan_table_find(fx->table, ROW_COUNT, text_of("attended"), &a), ST_OK);
	assert_status(plan_table_find(fx->table, ROW_GROUP, text_of("ACT-8"), &a), ST_OK);
}

static void
indicators_say_what_feeds_them_and_when(void **ctx)
{
	struct fixture *fx = *ctx;
	struct plan_attributes a;

	assert_status(plan_table_find(fx->table, ROW_INDICATOR, text_of("IND-1"), &a), ST_OK);
	assert_true(a.by_activity);
	assert_int_equal(a.period.from, plan_period(fx->plan).from);
	assert_int_equal(a.period.to, plan_period(fx->plan).to);
	assert_status(plan_table_find(fx->table, ROW_INDICATOR, text_of("IND-2"), &a), ST_OK);
	assert_false(a.by_activity);
}

static void
codes_of_one_kind_are_not_those_of_another(void **ctx)
{
	struct fixture *fx = *ctx;
	struct plan_attributes a;

	assert_status(plan_table_find(fx->table, ROW_UNIT, text_of("IND-1"), &a), ST_NOT_FOUND);
	assert_status(plan_table_find(fx->table, ROW_UNIT, text_of(""), &a), ST_NOT_FOUND);
	assert_status(plan_table_find(fx->table, ROW_UNIT,
	                              text_of("a-code-that-is-longer-than-any-code-may-be"), &a),
	              ST_NOT_FOUND);
}

static void
commitments_projects_and_risks_have_rows_of_their_own(void **ctx)
{
	struct fixture *fx = *ctx;
	struct plan_attributes a;

	assert_status(plan_table_find(fx->table, ROW_COMMITMENT, text_of("COM-1"), &a), ST_OK);
	assert_status(plan_table_find(fx->table, ROW_PROJECT, text_of("2018011000755"), &a), ST_OK);
	assert_true(a.name.len > 0);
	assert_int_equal(a.retired, PLAN_NOT_RETIRED);
	assert_status(plan_table_find(fx->table, ROW_RISK, text_of("2018011000755"), &a),
	              ST_NOT_FOUND);
}

/* Puts that document into the table in the place of what is there. */
static void
put_document(struct fixture *fx, json_t *root)
{
	struct plan_problems problems = { 0 };
	kv_txn *txn = NULL;

	plan_table_close(&fx->table);
	kv_abort(&fx->txn);
	plan_free(&fx->plan);
	assert_status(plan_base_parse_document(root, &problems, &fx->plan), ST_OK);
	plan_problems_done(&problems);
	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	assert_status(plan_table_put(txn, 0, fx->plan), ST_OK);
	assert_status(kv_commit(&txn), ST_OK);
	assert_status(kv_read(fx->store, &fx->txn), ST_OK);
	fx->table = plan_table_open(fx->txn, 0);
	assert_non_null(fx->table);
}

static void
assert_same_answer(struct fixture *fx, const char *code)
{
	size_t count;
	const struct plan_unit *units = plan_units(fx->plan, &count);

	for (size_t i = 0; i < count; i++) {
		bool may = plan_may_report(fx->plan, text_of(code), &units[i]);

		if (plan_table_may_report(fx->table, text_of(code), text_of(units[i].code)) != may)
			fail_msg("%s: %s", units[i].code, code);
	}
}

/* The table says what the plan says, of each code and each unit. */
static void
who_may_report_is_what_the_plan_says(void **ctx)
{
	struct fixture *fx = *ctx;
	struct plan_attributes a;
	size_t count;

	put_document(fx, plan_base_whole());
	const struct plan_indicator *indicators = plan_indicators(fx->plan, &count);
	for (size_t i = 0; i < count; i++)
		assert_same_answer(fx, indicators[i].code);
	const struct plan_initiative *initiatives = plan_initiatives(fx->plan, &count);
	for (size_t i = 0; i < count; i++)
		assert_same_answer(fx, initiatives[i].code);
	assert_false(plan_table_may_report(fx->table, text_of("IND-1"), text_of("con-a")));
	assert_true(plan_table_may_report(fx->table, text_of("IND-1"), text_of("con-zz")));
	assert_true(plan_table_may_report(fx->table, text_of(""), text_of("con-a")));
	assert_status(plan_table_find(fx->table, ROW_RISK, text_of("R-1"), &a), ST_OK);
	assert_true(plan_table_whole(fx->table));
	put_document(fx, plan_base()); /* and no more */
	assert_true(plan_table_may_report(fx->table, text_of("IND-1"), text_of("con-a")));
}

static void
wrong_codes_lead_to_the_one_that_was_meant(void **ctx)
{
	static const struct {
		plan_row kind;
		const char *word, *meant;
	} cases[] = {
		{ ROW_INDICATOR, "IND1", "IND-1" },
		{ ROW_INDICATOR, "ind-1", "IND-1" },
		{ ROW_INITIATIVE, "2.1.5", "2.1.05" },
		{ ROW_UNIT, "con-huston", "con-houston" },
		{ ROW_UNIT, "Houston", "con-houston" },
		{ ROW_MODE, "Sábado consular", "sabado-consular" },
		{ ROW_MODE, "sabado_consular", "sabado-consular" },
		{ ROW_MODE, "movil", "consulado-movil" },
		{ ROW_COUNT, "atended", "attended" },
		{ ROW_GROUP, "ACT1", "ACT-1" },
		{ ROW_MODE, "zzzzzzzz", NULL },
		{ ROW_MODE, "", NULL },
		{ ROW_MODE, "x", NULL },
		{ ROW_UNIT, "ñññññññññññññññññññññññññññññññññññññññññññ", NULL },
	};
	struct fixture *fx = *ctx;
	char code[CODE_BYTES_MAX + 1];

	for (size_t i = 0; i < LENGTH(cases); i++) {
		bool found = plan_table_nearest(fx->table, cases[i].kind, text_of(cases[i].word),
		                                code);

		if (found != (cases[i].meant != NULL))
			fail_msg("'%s': %s", cases[i].word, found ? code : "nothing");
		if (found)
			assert_string_equal(code, cases[i].meant);
	}
}

static void
list_is_cut_where_it_does_not_fit(void **ctx)
{
	struct fixture *fx = *ctx;
	char out[160];

	plan_table_list(fx->table, ROW_GROUP, out, sizeof(out));
	assert_string_equal(out, "ACT-1, ACT-2, ACT-3, ACT-4, ACT-5, ACT-6, ACT-7, ACT-8");
	plan_table_list(fx->table, ROW_GROUP, out, 24);
	assert_string_equal(out, "ACT-1, ACT-2, …");
	plan_table_list(fx->table, ROW_UNIT, out, sizeof(out));
	assert_non_null(strstr(out, ", …"));
}

static void
new_plan_replaces_the_rows(void **ctx)
{
	struct fixture *fx = *ctx;
	struct plan_attributes a;
	kv_txn *txn = NULL;
	uint64_t count;

	plan_table_close(&fx->table);
	count = kv_count(fx->txn, 0);
	kv_abort(&fx->txn);
	assert_status(kv_write(fx->store, 0, &txn), ST_OK);
	assert_status(kv_put(txn, 0, (struct bytes) { (const uint8_t *) "uold", 4 },
	                     (struct bytes) { (const uint8_t *) "x", 1 }),
	              ST_OK);
	assert_status(plan_table_put(txn, 0, fx->plan), ST_OK);
	assert_status(kv_commit(&txn), ST_OK);
	assert_status(kv_read(fx->store, &fx->txn), ST_OK);
	fx->table = plan_table_open(fx->txn, 0);
	assert_int_equal(kv_count(fx->txn, 0), count);
	assert_status(plan_table_find(fx->table, ROW_UNIT, text_of("old"), &a), ST_NOT_FOUND);
}

static void
a_view_beside_answers_alike_and_asks_under_the_lock(void **ctx)
{
	struct fixture *fx = *ctx;
	plan_table *beside;
	struct plan_attributes a;
	char code[CODE_BYTES_MAX + 1], list[40], other[40];

	put_document(fx, plan_base_whole());
	plan_table_list(fx->table, ROW_INDICATOR, list, sizeof(list));
	beside = plan_table_beside(fx->table, &lock);
	assert_non_null(beside);
	wants_lock = true;
	assert_int_equal(plan_table_version(beside), plan_table_version(fx->table));
	assert_true(plan_table_whole(beside));
	assert_status(plan_table_find(beside, ROW_RISK, text_of("R-1"), &a), ST_OK);
	assert_status(plan_table_find(beside, ROW_RISK, text_of("R-99"), &a), ST_NOT_FOUND);
	assert_false(plan_table_may_report(beside, text_of("IND-1"), text_of("con-a")));
	assert_false(plan_table_has_thing(beside, text_of("IND-1"), text_of("none")));
	assert_false(plan_table_nearest_thing(beside, text_of("IND-1"), text_of("none"), code));
	assert_true(plan_table_nearest(beside, ROW_INDICATOR, text_of("IND1"), code));
	plan_table_list(beside, ROW_INDICATOR, other, sizeof(other));
	assert_string_equal(other, list);
	assert_true(asked > 8);
	asked = 0;
	assert_status(plan_table_find(beside, ROW_RISK, text_of("R-1"), &a), ST_OK);
	assert_int_equal(asked, 0); /* it remembers */
	wants_lock = false;
	assert_int_equal(pthread_mutex_trylock(&lock), 0);
	pthread_mutex_unlock(&lock);
	plan_table_close(&beside);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_plan_is_no_table),
		TEST(plan_itself_is_told),
		TEST(every_item_is_found_under_its_code),
		TEST(indicators_say_what_feeds_them_and_when),
		TEST(codes_of_one_kind_are_not_those_of_another),
		TEST(commitments_projects_and_risks_have_rows_of_their_own),
		TEST(who_may_report_is_what_the_plan_says),
		TEST(wrong_codes_lead_to_the_one_that_was_meant),
		TEST(list_is_cut_where_it_does_not_fit),
		TEST(new_plan_replaces_the_rows),
		TEST(a_view_beside_answers_alike_and_asks_under_the_lock),
	};

	return cmocka_run_group_tests_name("plan_table", tests, NULL, NULL);
}
