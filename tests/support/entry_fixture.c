#include "tests/support/entry_fixture.h"

#include <string.h>

#include "common/files.h"
#include "tests/support/check.h"
#include "tests/support/plan_base.h"
#include "tests/support/scratch.h"

static const char *const table_names[] = { "plan" };

static const struct kv_config config = {
	.tables = table_names,
	.table_count = 1,
	.map_bytes = 4 << 20,
	.format = 1,
	.mode = 0600,
	.program = "test",
};

/* The ministry's, with an edit of the document where there is one. */
static void
put_plan(kv *store, const char *pointer, const char *edit)
{
	struct plan_problems problems = { 0 };
	kv_txn *txn = NULL;
	json_t *root;
	uint8_t *json;
	plan *p = NULL;
	size_t len;

	assert_status(file_read(SOURCE_ROOT "/hub/plan/pei-2023-2026.json", 4 << 20, &json, &len),
	              ST_OK);
	root = json_loadb((const char *) json, len, 0, NULL);
	free(json);
	assert_non_null(root);
	if (pointer)
		plan_base_edit_quoted(root, pointer, edit);
	assert_status(plan_base_parse_document(root, &problems, &p), ST_OK);
	plan_problems_done(&problems);
	assert_status(kv_write(store, 0, &txn), ST_OK);
	assert_status(plan_table_put(txn, 0, p), ST_OK);
	assert_status(kv_commit(&txn), ST_OK);
	plan_free(&p);
}

static void
open_plan(struct entry_fixture *fx)
{
	assert_status(kv_read(fx->store, &fx->txn), ST_OK);
	fx->table = plan_table_open(fx->txn, 0);
	assert_non_null(fx->table);
}

void
entry_fixture_edit_plan(struct entry_fixture *fx, const char *pointer, const char *edit)
{
	plan_table_close(&fx->table);
	kv_abort(&fx->txn);
	put_plan(fx->store, pointer, edit);
	open_plan(fx);
}

int
entry_fixture_setup(void **ctx)
{
	static struct entry_fixture fx;
	const char *dir;

	fx = (struct entry_fixture) {
		.scratch = scratch_new(),
		.units = { 2, { text_of("con-houston"), text_of("con-miami") } },
		.entry = {
			.unit = "con-houston",
			.indicator = "IND-1",
			.date = "2025-11-15",
			.by = "ana",
		},
	};
	assert_status(date_parse("2025-12-31", 10, &fx.today), ST_OK);
	dir = scratch_path(fx.scratch, "store");
	assert_status(kv_create(dir, &config), ST_OK);
	assert_status(kv_open(dir, &config, &fx.store), ST_OK);
	put_plan(fx.store, NULL, NULL);
	open_plan(&fx);
	writer_init(&fx.w);
	*ctx = &fx;
	return 0;
}

int
entry_fixture_teardown(void **ctx)
{
	struct entry_fixture *fx = *ctx;

	writer_done(&fx->w);
	plan_table_close(&fx->table);
	kv_abort(&fx->txn);
	kv_close(&fx->store);
	scratch_remove(&fx->scratch);
	return 0;
}

static bool
came_in(void *ctx, const char *bond)
{
	const struct entry_fixture *fx = ctx;

	return fx->came_in && strcmp(fx->came_in, bond) == 0;
}

status
entry_build_as(struct entry_fixture *fx, const struct entry *e, event_kind kind,
               const struct fix *fix)
{
	const struct fixes fixes = { 1, { fix ? *fix : (struct fix) { 0 } } };
	const struct entry_frame frame = {
		.kind = kind,
		.device_units = &fx->units,
		.table = fx->table,
		.fixes = fix ? &fixes : NULL,
		.at_ms = 1000,
		.today = fx->today,
		.force = fx->force,
		.locked = fx->locked,
		.locked_count = fx->locked_count,
		.came_in = came_in,
		.ctx = fx,
	};

	return entry_build(e, &frame, &fx->w, &fx->problems);
}

status
entry_build_activity(struct entry_fixture *fx, const struct entry *e)
{
	return entry_build_as(fx, e, KIND_ACTIVITY, NULL);
}

struct event
entry_built(struct entry_fixture *fx)
{
	struct event e;

	assert_int_equal(event_decode(writer_bytes(&fx->w), &e), HOLD_NONE);
	return e;
}

void
assert_entry_problem(struct entry_fixture *fx, const char *field, const char *found,
                     const char *said)
{
	const struct entry_problem *p = &fx->problems.list[0];
	char text[800];
	const char *hole = strstr(p->rule ? p->rule : "", "%s");

	if (fx->problems.count != 1)
		fail_msg("%s: %zu problems", field, fx->problems.count);
	if (hole)
		snprintf(text, sizeof(text), "%.*s%s%s", (int) (hole - p->rule), p->rule, p->arg,
		         hole + 2);
	else
		snprintf(text, sizeof(text), "%s", p->rule);
	assert_string_equal(p->field, field);
	if (found)
		assert_string_equal(p->found, found);
	if (!strstr(text, said))
		fail_msg("%s: '%s' does not say '%s'", field, text, said);
}

void
entry_refused(struct entry_fixture *fx, const struct entry *e, const char *field, const char *found,
              const char *said)
{
	assert_status(entry_build_activity(fx, e), ST_INVALID);
	assert_entry_problem(fx, field, found, said);
	assert_false(fx->problems.list[0].is_warning);
}
