#include "protocol/plan.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/msgid.h"
#include "protocol/plan_internal.h"
#include "protocol/words.h"

/* Nothing of a plan is freed by itself, so its memory is a list that is freed at
 * once, whether the plan was finished or not. */
struct plan_block {
	struct plan_block *next;
	max_align_t data[];
};

void *
plan_alloc(struct plan_checker *c, size_t count, size_t size)
{
	struct plan_block *block;

	if (count == 0 || c->st < 0)
		return NULL;
	/* no division by 0: size is that of a row or of a member */
	if (count > (SIZE_MAX - sizeof(*block)) / size) {
		c->st = ST_NOMEM;
		return NULL;
	}
	block = calloc(1, sizeof(*block) + count * size);
	if (!block) {
		c->st = ST_NOMEM;
		return NULL;
	}
	block->next = c->p->blocks;
	c->p->blocks = block;
	return block->data;
}

void
plan_free(plan **plan_p)
{
	plan *p = *plan_p;

	if (!p)
		return;
	*plan_p = NULL;
	while (p->blocks) {
		struct plan_block *block = p->blocks;

		p->blocks = block->next;
		free(block);
	}
	json_decref(p->root);
	free(p);
}

size_t
plan_row_bytes(int table)
{
	switch (table) {
	case TABLE_UNITS: return sizeof(struct plan_unit);
	case TABLE_INDICATORS: return sizeof(struct plan_indicator);
	case TABLE_INITIATIVES: return sizeof(struct plan_initiative);
	case TABLE_ACTIONS: return sizeof(struct plan_action);
	case TABLE_REPORTING: return sizeof(struct plan_reporting);
	default: return sizeof(struct plan_item);
	}
}

static const void *
row_at(const plan *p, int table, size_t row)
{
	return (const char *) p->tables[table].rows + row * plan_row_bytes(table);
}

/* All structures of rows begin with their code. */
const char *
plan_row_code(const plan *p, int table, size_t row)
{
	return *(const char *const *) row_at(p, table, row);
}

/* The slot of that code, or the free one where it belongs.  A list has at most PLAN_LIST_MAX
 * rows, which bounds what codes chosen to collide can cost. */
static struct plan_slot *
slot_of(const plan *p, int table, const char *code, size_t len)
{
	const struct plan_rows *t = &p->tables[table];
	const uint8_t *at = (const uint8_t *) code;

	for (size_t i = words_hash(0, at, len) & t->mask;; i = (i + 1) & t->mask) {
		struct plan_slot *slot = &t->slots[i];

		if (!slot->code ||
		    (slot->len == len && words_equal((const uint8_t *) slot->code, at, len)))
			return slot;
	}
}

size_t
plan_find(const plan *p, int table, const char *code, size_t len)
{
	const struct plan_slot *slot;

	if (p->tables[table].count == 0 || !p->tables[table].slots)
		return SIZE_MAX;
	slot = slot_of(p, table, code, len);
	return slot->code ? slot->row : SIZE_MAX;
}

/* At most half full, so that a search soon meets a free slot and always ends. */
static void
index_table(struct plan_checker *c, int table)
{
	struct plan_rows *t = &c->p->tables[table];
	size_t size = 8;

	while (size < 2 * t->count)
		size *= 2;
	t->slots = plan_alloc(c, size, sizeof(*t->slots));
	t->mask = size - 1;
	for (size_t row = 0; t->slots && row < t->count; row++) {
		const char *code = plan_row_code(c->p, table, row);
		size_t len = code ? strlen(code) : 0;
		struct plan_slot *slot = code ? slot_of(c->p, table, code, len) : NULL;

		if (slot && !slot->code) /* of two alike the first one stays */
			*slot = (struct plan_slot) { code, len, row };
	}
}

/* The hash tables before the rules, which look codes up. */
static void
check_document(struct plan_checker *c)
{
	plan_read_document(c);
	for (int table = 0; table < TABLES_ && c->st == ST_OK; table++)
		index_table(c, table);
	if (c->st == ST_OK)
		plan_check_rules(c);
}

static bool
has_byte_order_mark(const void *json, size_t len)
{
	return len >= 3 && memcmp(json, "\xef\xbb\xbf", 3) == 0;
}

/* The whole of it is wrong: line 1, column 1.  The number is for the rule that asks
 * for one; nothing is read yet, so nothing is found at this place. */
static void
report_file(struct plan_checker *c, const char *rule)
{
	plan_report_number(c, NULL, rule, PLAN_BYTES_MAX);
	if (c->problems->count > 0)
		c->problems->list[0].line = c->problems->list[0].column = 1;
}

/* When it had no memory to read a text jansson calls the text wrong, or leaves something
 * out of it, so its allocations are watched; for the whole process, since it knows no
 * other way. */
static _Thread_local bool json_starved;

static void *
json_memory(size_t size)
{
	void *at = malloc(size);

	if (!at)
		json_starved = true;
	return at;
}

static json_t *
load_json(const void *json, size_t len, json_error_t *error)
{
	json_set_alloc_funcs(json_memory, free);
	json_starved = false;
	/* texts of it hold no U+0000, without JSON_ALLOW_NUL: they are whole as
	 * C strings */
	return json_loadb(len > 0 ? json : "", len, JSON_REJECT_DUPLICATES, error);
}

/* Findings are no failure here: c->st is for what keeps the check from its end.  A
 * byte order mark gets a rule of its own, since editors put it where nobody sees it
 * and jansson's word on it helps no one. */
static void
load(struct plan_checker *c, const void *json, size_t len)
{
	json_error_t error;

	if (len > PLAN_BYTES_MAX) {
		report_file(c, N_("the document must not be larger than %s bytes"));
		c->st = ST_LIMIT;
		return;
	}
	if (has_byte_order_mark(json, len)) {
		report_file(
			c, N_("a byte order mark stands here; save the file as UTF-8 without one"));
		return;
	}
	c->p->root = load_json(json, len, &error);
	if (json_starved)
		c->st = ST_NOMEM;
	else if (c->p->root)
		check_document(c);
	else
		plan_report_syntax(c, &error);
}

status
plan_parse(const void *json, size_t len, struct plan_problems *problems, plan **ret_plan)
{
	struct plan_checker c = { .problems = problems };

	c.p = calloc(1, sizeof(*c.p));
	if (!c.p)
		return ST_NOMEM;
	load(&c, json, len);
	/* counted, not listed: the list may have been full before an error came */
	if (c.st == ST_OK && problems->errors > 0)
		c.st = ST_INVALID;
	if (c.st == ST_OK)
		*ret_plan = c.p;
	else
		plan_free(&c.p);
	return c.st;
}

const char *
plan_code(const plan *p)
{
	return p->code;
}

const char *
plan_name(const plan *p)
{
	return p->name;
}

uint32_t
plan_version(const plan *p)
{
	return (uint32_t) p->version; /* at most UINT32_MAX, as plan_shape.c has it */
}

struct plan_period
plan_period(const plan *p)
{
	return p->period;
}

struct plan_thresholds
plan_thresholds(const plan *p)
{
	return (struct plan_thresholds) {
		.red = (int) p->lights.red,
		.yellow = (int) p->lights.yellow,
		.green = (int) p->lights.green,
	};
}

const struct plan_about *
plan_about(const plan *p)
{
	return &p->about;
}

const struct json_t *
plan_document(const plan *p)
{
	return p->root;
}

static const void *
look_up(const plan *p, int table, const char *code, size_t len)
{
	size_t row = plan_find(p, table, code, len);

	return row == SIZE_MAX ? NULL : row_at(p, table, row);
}

const struct plan_unit *
plan_unit(const plan *p, const char *code, size_t len)
{
	return look_up(p, TABLE_UNITS, code, len);
}

const struct plan_indicator *
plan_indicator(const plan *p, const char *code, size_t len)
{
	return look_up(p, TABLE_INDICATORS, code, len);
}

const struct plan_initiative *
plan_initiative(const plan *p, const char *code, size_t len)
{
	return look_up(p, TABLE_INITIATIVES, code, len);
}

const struct plan_item *
plan_item(const plan *p, plan_list list, const char *code, size_t len)
{
	return look_up(p, (int) list, code, len);
}

const struct plan_action *
plan_action(const plan *p, const char *code, size_t len)
{
	return look_up(p, TABLE_ACTIONS, code, len);
}

static const void *
rows_of(const plan *p, int table, size_t *ret_count)
{
	*ret_count = p->tables[table].count;
	return p->tables[table].rows;
}

const struct plan_unit *
plan_units(const plan *p, size_t *ret_count)
{
	return rows_of(p, TABLE_UNITS, ret_count);
}

const struct plan_indicator *
plan_indicators(const plan *p, size_t *ret_count)
{
	return rows_of(p, TABLE_INDICATORS, ret_count);
}

const struct plan_initiative *
plan_initiatives(const plan *p, size_t *ret_count)
{
	return rows_of(p, TABLE_INITIATIVES, ret_count);
}

const struct plan_item *
plan_items(const plan *p, plan_list list, size_t *ret_count)
{
	return rows_of(p, (int) list, ret_count);
}

const struct plan_action *
plan_actions(const plan *p, size_t *ret_count)
{
	return rows_of(p, TABLE_ACTIONS, ret_count);
}

const struct plan_reporting *
plan_reportings(const plan *p, size_t *ret_count)
{
	return rows_of(p, TABLE_REPORTING, ret_count);
}

const struct plan_action *
plan_next_action(const plan *p, const char *initiative, int year, const struct plan_action *after)
{
	size_t count;
	const struct plan_action *actions = plan_actions(p, &count);

	for (size_t i = after ? (size_t) (after - actions) + 1 : 0; i < count; i++) {
		if (strcmp(actions[i].initiative, initiative) == 0 &&
		    (year == 0 || actions[i].year == year))
			return &actions[i];
	}
	return NULL;
}

static bool
names_one(const char *const *list, size_t count, const char *one)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i], one) == 0)
			return true;
	}
	return false;
}

bool
plan_may_report(const plan *p, struct text code, const struct plan_unit *unit)
{
	const struct plan_reporting *only = look_up(p, TABLE_REPORTING, code.at, code.len);

	return !only || names_one(only->kinds, only->kind_count, plan_unit_kind_word(unit->kind)) ||
		names_one(only->units, only->unit_count, unit->code);
}
