/* What comes of a file does not depend on who reads which part of it: each file here is read
 * by one thread, by two, by the second alone before the first begins, and where no second one
 * can be started. */
#include "tests/support/check.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "agent/import.h"
#include "common/files.h"
#include "tests/support/entry_fixture.h"

enum { ROWS = 5000, ROW_BYTES_MAX = 200 };

enum how { AS_THEY_COME, SECOND_FIRST, NONE_STARTS, HOWS_ };

struct fixture {
	struct entry_fixture *plan;
	mapping *map;
	struct import_config config;
	struct import alone, paired;
	bool knows_some; /* rows that are here */
	size_t asked;    /* of this: by one thread at a time */
	char *file;
	size_t len, room;
};

/* ---- threads ---- */

static enum how how;
static size_t started;

static void *
nothing(void *arg)
{
	return arg;
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                      void *arg)
{
	started++;
	if (how == NONE_STARTS)
		return EAGAIN;
	if (how == SECOND_FIRST) {
		run(arg);
		run = nothing;
	}
	return __real_pthread_create(thread, attr, run, arg);
}

/* ---- files ---- */

static bool
is_here(void *ctx, const uint8_t fields[static HASH_BYTES])
{
	struct fixture *fx = ctx;

	fx->asked++;
	return fx->knows_some && fields[0] % 2;
}

static bool
came_in(void *ctx, const char *bond)
{
	struct fixture *fx = ctx;

	fx->asked++;
	return bond[strlen(bond) - 1] % 2;
}

static status
find(void *ctx, const struct event *now, struct register_found *ret_found)
{
	struct fixture *fx = ctx;

	fx->asked++;
	*ret_found = (struct register_found) {
		.state = now->value == 0 ? REGISTER_SAME : REGISTER_NEW,
	};
	return ST_OK;
}

static int
setup(void **ctx)
{
	struct fixture *fx = calloc(1, sizeof(*fx));
	struct mapping_problem problem;
	uint8_t *rules = NULL;
	size_t len = 0;

	assert_non_null(fx);
	assert_true(sodium_init() >= 0);
	assert_int_equal(entry_fixture_setup((void **) &fx->plan), 0);
	assert_status(file_read(SOURCE_ROOT "/agent/mappings/import.map", MAPPING_BYTES_MAX, &rules,
	                        &len),
	              ST_OK);
	assert_status(mapping_parse((const char *) rules, len, &problem, &fx->map), ST_OK);
	free(rules);
	fx->config = (struct import_config) {
		.map = fx->map,
		.frame = {
			.kind = KIND_ACTIVITY,
			.device_units = &fx->plan->units,
			.table = fx->plan->table,
			.at_ms = 1,
			.today = fx->plan->today,
		},
		.unit = "con-houston",
		.by = "ana",
		.skip_incomplete = true,
		.is_here = is_here,
		.ctx = fx,
	};
	fx->room = ROWS * ROW_BYTES_MAX;
	fx->file = malloc(fx->room);
	assert_non_null(fx->file);
	*ctx = fx;
	return 0;
}

static int
teardown(void **ctx)
{
	struct fixture *fx = *ctx;

	import_done(&fx->alone);
	import_done(&fx->paired);
	mapping_free(&fx->map);
	entry_fixture_teardown((void **) &fx->plan);
	free(fx->file);
	free(fx);
	return 0;
}

static void
add(struct fixture *fx, const char *text)
{
	size_t len = strlen(text);

	assert_true(fx->len + len < fx->room);
	memcpy(fx->file + fx->len, text, len + 1);
	fx->len += len;
}

static void
begin(struct fixture *fx)
{
	fx->len = 0;
	add(fx, "unit,indicator,date,quantity,note,status,attended,plaze\n");
}

/* Rows as exports have them, right but for what is warned of and what is left out. */
static void
add_rows(struct fixture *fx, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		char row[ROW_BYTES_MAX];

		snprintf(row, sizeof(row), "%s,IND-1,%s,%zu,\"Row %zu, \"\"so\"\"%s\",%s,%zu,%s",
		         i % 11 == 0 ? "con-miami" : "con-houston",
		         i % 13 == 0 ? "2025-03" : "2025-03-14", 1 + i % 9, i % 17 == 0 ? 1 : i,
		         i % 7 == 0 ? "\r\nand\n\rmore" : "", i % 19 == 0 ? "planned" : "done",
		         i % 5, i % 3 == 0 ? "\r\n" : "\n");
		add(fx, row);
		if (i % 23 == 0)
			add(fx, "\n,,\n");
	}
}

/* ---- read by one and by two ---- */

static void
assert_same_findings(const struct import_findings *a, const struct import_findings *b)
{
	assert_int_equal(a->count, b->count);
	assert_memory_equal(a->list, b->list, sizeof(a->list));
}

static void
assert_same(const struct import *a, const struct import *b)
{
	assert_same_findings(&a->bad, &b->bad);
	assert_same_findings(&a->warnings, &b->warnings);
	assert_same_findings(&a->left_out, &b->left_out);
	assert_int_equal(a->row_count, b->row_count);
	assert_int_equal(a->bad_rows, b->bad_rows);
	assert_int_equal(a->incomplete, b->incomplete);
	assert_int_equal(a->other_units, b->other_units);
	assert_int_equal(a->needs_unit, b->needs_unit);
	assert_int_equal(a->needs_skip, b->needs_skip);
	assert_int_equal(a->needs_force, b->needs_force);
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct import_row *x = &a->rows[i], *y = &b->rows[i];

		assert_int_equal(x->line, y->line);
		assert_int_equal(x->body.len, y->body.len);
		assert_memory_equal(x->body.at, y->body.at, x->body.len);
		assert_memory_equal(x->hash, y->hash, HASH_BYTES);
		assert_memory_equal(x->fields, y->fields, HASH_BYTES);
		assert_int_equal(x->occurrence, y->occurrence);
		assert_memory_equal(x->key, y->key, HASH_BYTES);
		assert_int_equal(x->is_register, y->is_register);
	}
}

static status
read_file(struct fixture *fx, bool paired, struct import *ret_import)
{
	fx->config.paired = paired;
	import_done(ret_import);
	started = 0;
	fx->asked = 0;
	return import_read(&fx->config, fx->file, fx->len, ret_import);
}

static void
assert_read_alike(struct fixture *fx, status want)
{
	size_t asked;

	assert_status(read_file(fx, false, &fx->alone), want);
	assert_int_equal(started, 0);
	asked = fx->asked;
	for (how = 0; how < HOWS_; how++) {
		assert_status(read_file(fx, true, &fx->paired), want);
		assert_int_equal(started, 1);
		if (want == ST_OK)
			assert_int_equal(fx->asked, asked);
		assert_same(&fx->alone, &fx->paired);
	}
}

static void
what_is_right_is_the_same_row_for_row(void **ctx)
{
	struct fixture *fx = *ctx;

	fx->knows_some = true;
	begin(fx);
	add_rows(fx, 0, ROWS);
	assert_read_alike(fx, ST_OK);
	assert_int_equal(fx->paired.row_count, ROWS);
	assert_int_equal(fx->paired.other_units, (ROWS + 10) / 11);
	assert_true(fx->paired.warnings.count > IMPORT_LISTED_MAX);
	assert_true(fx->paired.left_out.count > IMPORT_LISTED_MAX);
	assert_true(fx->asked > 0);
}

static void
with_no_plan_it_is_the_same(void **ctx)
{
	struct fixture *fx = *ctx;

	fx->config.frame.table = NULL;
	fx->config.is_here = NULL;
	begin(fx);
	add_rows(fx, 0, ROWS);
	assert_read_alike(fx, ST_OK);
}

/* In the first part, in the middle and in the last row, alone and after each other. */
static void
a_fault_is_told_as_one_thread_tells_it(void **ctx)
{
	static const char *const faults[] = {
		"con-houston,IND-1,2025-13-01,1,x,done,1,\n",         /* a day */
		"con-houston,IND-999,2025-03-14,1,x,done,1,\n",       /* not in the plan */
		"con-houson,IND-1,2025-03-14,1,x,done,1,\n",          /* a unit, mistyped */
		"con-houston,IND-1,2025-03-14,1,x,done,1,Dallas\n",   /* no such column */
		"con-houston,IND-1,2025-03-14,1,x,done\n",            /* too few cells */
		"con-houston,IND-1,2025-03-14,1,\"x\"x,done,1,\n",    /* a mark out of place */
		"con-houston,IND-1,2025-03-14,1,x,\"done,1,\n",       /* one that is not closed */
		"con-houston,IND-1,2025-03-14,1,\xff,\"do\nne\",1,\n" /* not UTF-8 */
	};
	struct fixture *fx = *ctx;

	for (size_t i = 0; i < LENGTH(faults); i++) {
		for (size_t places = 1; places < 8; places++) {
			begin(fx);
			if (places & 1)
				add(fx, faults[i]);
			add_rows(fx, 0, ROWS / 2);
			if (places & 2)
				add(fx, faults[i]);
			add_rows(fx, ROWS / 2, ROWS);
			if (places & 4)
				add(fx, faults[i]);
			assert_read_alike(fx, ST_INVALID);
		}
	}
}

static void
things_that_went_are_looked_for_one_at_a_time(void **ctx)
{
	struct fixture *fx = *ctx;
	char row[ROW_BYTES_MAX];

	fx->config.frame.kind = KIND_THING;
	fx->config.frame.came_in = came_in;
	fx->config.frame.ctx = fx;
	fx->config.frame.force = true; /* whatever feeds it */
	fx->len = 0;
	add(fx, "unit,indicator,date,thing,way,name\n");
	for (size_t i = 0; i < ROWS; i++) {
		snprintf(row, sizeof(row), "con-houston,IND-1,2025-03-14,emb-%zu,%s,%060zu\n", i,
		         i % 2 ? "in" : "out", i);
		add(fx, row);
	}
	assert_read_alike(fx, ST_OK);
	assert_true(fx->paired.warnings.count > IMPORT_LISTED_MAX);
	assert_true(fx->asked > 0);
}

static void
what_is_told_once_a_quarter_is_the_same(void **ctx)
{
	struct fixture *fx = *ctx;
	char row[ROW_BYTES_MAX];

	fx->config.frame.kind = KIND_LEVEL;
	fx->config.find = find;
	fx->len = 0;
	add(fx, "unit,indicator,quarter,level,note\n");
	for (size_t i = 0; i < ROWS; i++) {
		snprintf(row, sizeof(row), "con-houston,IND-2,2024-Q%zu,%zu,%060zu\n", 1 + i % 4,
		         i % 4, i % 4);
		add(fx, row);
	}
	fx->config.frame.force = true; /* whatever feeds it */
	assert_read_alike(fx, ST_OK);
	assert_int_equal(fx->paired.count, ROWS);
	add(fx, "con-houston,IND-2,2024-Q1,77,\n"); /* something else */
	assert_read_alike(fx, ST_INVALID);
	assert_int_equal(fx->paired.bad.count, 1);
}

static void
for_a_short_file_no_thread_is_started(void **ctx)
{
	struct fixture *fx = *ctx;

	begin(fx);
	add_rows(fx, 0, 1000);
	assert_status(read_file(fx, true, &fx->paired), ST_OK);
	assert_int_equal(started, 0);
	assert_int_equal(fx->paired.row_count, 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_right_is_the_same_row_for_row),
		TEST(with_no_plan_it_is_the_same),
		TEST(a_fault_is_told_as_one_thread_tells_it),
		TEST(things_that_went_are_looked_for_one_at_a_time),
		TEST(what_is_told_once_a_quarter_is_the_same),
		TEST(for_a_short_file_no_thread_is_started),
	};

	return cmocka_run_group_tests_name("import_pair", tests, NULL, NULL);
}
