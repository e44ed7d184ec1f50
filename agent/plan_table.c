#include "agent/plan_table.h"

#include <stdio.h>
#include <stdlib.h>

#include "protocol/code.h"
#include "protocol/codec.h"

/* Layout of the table:
 *
 *   0x00                the plan itself: struct head
 *   kind, then code     an item: struct plan_attributes
 *
 * Values are maps, so that a field may be added. */
struct head {
	struct text code;
	uint64_t version;
	int64_t from, to;
};

struct item {
	struct text name, country;
	uint64_t by_activity;
	int64_t from, to, retired;
};

#define HEAD(member) offsetof(struct head, member)
#define ITEM(member) offsetof(struct item, member)

static const struct codec_field head_fields[] = {
	{ "code", CODEC_CODE, HEAD(code), 0, 0, true },
	{ "from", CODEC_INT, HEAD(from), DATE_MIN, DATE_MAX, true },
	{ "to", CODEC_INT, HEAD(to), DATE_MIN, DATE_MAX, true },
	{ "version", CODEC_UINT, HEAD(version), 1, UINT32_MAX, true },
};

static const struct codec_field item_fields[] = {
	{ "activity", CODEC_UINT, ITEM(by_activity), 0, 1, true },
	{ "country", CODEC_TEXT, ITEM(country), 0, 2, true },
	{ "from", CODEC_INT, ITEM(from), DATE_MIN, DATE_MAX, true },
	{ "name", CODEC_TEXT, ITEM(name), 0, PLAN_NAME_MAX_BYTES, true },
	{ "retired", CODEC_INT, ITEM(retired), DATE_MIN, PLAN_NOT_RETIRED, true },
	{ "to", CODEC_INT, ITEM(to), DATE_MIN, DATE_MAX, true },
};

enum {
	HEAD_FIELDS = sizeof(head_fields) / sizeof(head_fields[0]),
	ITEM_FIELDS = sizeof(item_fields) / sizeof(item_fields[0]),
	WORD_BYTES_MIN = 3, /* so much of a code says which is meant */
};

/* A key may not be empty, and a 0 comes before the letters of all kinds. */
static const uint8_t head_key[] = { 0 };

struct plan_table {
	kv_txn *txn;
	int table;
	struct head head;
};

/* ---- writing ---- */

struct filling {
	kv_txn *txn;
	int table;
	struct plan_period period;
	writer w;
	status st; /* the first failure */
};

/* Failures stick, so that the lists below read as lists. */
static void
put_value(struct filling *f, struct bytes key)
{
	if (f->st == ST_OK)
		f->st = writer_status(&f->w);
	if (f->st == ST_OK)
		f->st = kv_put(f->txn, f->table, key, writer_bytes(&f->w));
}

/* plan_parse() lets no longer code pass; a program that wrote a key beyond the
 * bound would not find it again. */
static void
put_item(struct filling *f, plan_row kind, const char *code, const struct item *item)
{
	uint8_t key[1 + CODE_BYTES_MAX] = { (uint8_t) kind };
	struct text name = text_of(code);

	if (name.len > CODE_BYTES_MAX) {
		f->st = ST_LIMIT;
		return;
	}
	memcpy(key + 1, name.at, name.len);
	writer_clear(&f->w);
	codec_write(&f->w, item_fields, ITEM_FIELDS, item, (UINT64_C(1) << ITEM_FIELDS) - 1);
	put_value(f, (struct bytes) { key, 1 + name.len });
}

/* The plan's period, unless the item turns out to have its own: then a look-up
 * needs one row only. */
static struct item
item_of(const struct filling *f, const char *name, date retired)
{
	return (struct item) {
		.name = text_of(name),
		.from = f->period.from,
		.to = f->period.to,
		.retired = retired,
	};
}

static void
put_head(struct filling *f, const plan *p)
{
	const struct head head = {
		.code = text_of(plan_code(p)),
		.version = plan_version(p),
		.from = f->period.from,
		.to = f->period.to,
	};

	writer_clear(&f->w);
	codec_write(&f->w, head_fields, HEAD_FIELDS, &head, (UINT64_C(1) << HEAD_FIELDS) - 1);
	put_value(f, (struct bytes) { head_key, sizeof(head_key) });
}

static void
put_units(struct filling *f, const plan *p)
{
	size_t count;
	const struct plan_unit *list = plan_units(p, &count);

	for (size_t i = 0; i < count; i++) {
		struct item item = item_of(f, list[i].name, list[i].retired);

		item.country = text_of(list[i].country);
		put_item(f, ROW_UNIT, list[i].code, &item);
	}
}

static void
put_indicators(struct filling *f, const plan *p)
{
	size_t count;
	const struct plan_indicator *list = plan_indicators(p, &count);

	for (size_t i = 0; i < count; i++) {
		struct item item = item_of(f, list[i].name, list[i].retired);

		item.by_activity = list[i].by == FEEDER_ACTIVITY;
		if (list[i].has_period) {
			item.from = list[i].period.from;
			item.to = list[i].period.to;
		}
		put_item(f, ROW_INDICATOR, list[i].code, &item);
	}
}

static void
put_initiatives(struct filling *f, const plan *p)
{
	size_t count;
	const struct plan_initiative *list = plan_initiatives(p, &count);

	for (size_t i = 0; i < count; i++) {
		struct item item = item_of(f, list[i].name, list[i].retired);

		put_item(f, ROW_INITIATIVE, list[i].code, &item);
	}
}

static void
put_list(struct filling *f, const plan *p, plan_list which, plan_row kind)
{
	size_t count;
	const struct plan_item *list = plan_items(p, which, &count);

	for (size_t i = 0; i < count; i++) {
		struct item item = item_of(f, list[i].name, list[i].retired);

		put_item(f, kind, list[i].code, &item);
	}
}

/* Emptied first: a code that the new plan does not have must not be found. */
status
plan_table_put(kv_txn *txn, int table, const plan *p)
{
	struct filling f = { .txn = txn, .table = table, .period = plan_period(p) };

	writer_init(&f.w);
	f.st = kv_clear(txn, table);
	put_head(&f, p);
	put_units(&f, p);
	put_indicators(&f, p);
	put_initiatives(&f, p);
	put_list(&f, p, LIST_MODES, ROW_MODE);
	put_list(&f, p, LIST_COUNTS, ROW_COUNT);
	put_list(&f, p, LIST_ACTORS, ROW_GROUP);
	writer_done(&f.w);
	return f.st;
}

/* ---- reading ---- */

static status
read_value(struct bytes value, const struct codec_field *fields, size_t count, void *out)
{
	reader r = reader_of(value.at, value.len);
	uint64_t has;
	bool critical;

	codec_read(&r, fields, count, out, &has, &critical);
	return reader_end(&r) < 0 ? ST_IO : ST_OK; /* we wrote it: the disk is bad */
}

/* A head that cannot be read is as good as none: recording goes on without a plan, and the
 * hub judges. */
plan_table *
plan_table_open(kv_txn *txn, int table)
{
	plan_table *t = calloc(1, sizeof(*t));
	struct bytes value;
	status st;

	if (!t)
		return NULL;
	t->txn = txn;
	t->table = table;
	st = kv_get(txn, table, (struct bytes) { head_key, sizeof(head_key) }, &value);
	if (st == ST_OK)
		st = read_value(value, head_fields, HEAD_FIELDS, &t->head);
	if (st < 0)
		plan_table_close(&t);
	return t;
}

void
plan_table_close(plan_table **t_p)
{
	free(*t_p);
	*t_p = NULL;
}

uint64_t
plan_table_version(const plan_table *t)
{
	return t->head.version;
}

struct text
plan_table_code(const plan_table *t)
{
	return t->head.code;
}

struct plan_period
plan_table_period(const plan_table *t)
{
	return (struct plan_period) { (date) t->head.from, (date) t->head.to };
}

/* A longer one would not fit the key, and no plan has it. */
status
plan_table_find(plan_table *t, plan_row kind, struct text code,
                struct plan_attributes *ret_attributes)
{
	uint8_t key[1 + CODE_BYTES_MAX] = { (uint8_t) kind };
	struct bytes value;
	struct item item = { 0 };
	status st;

	if (code.len == 0 || code.len > CODE_BYTES_MAX)
		return ST_NOT_FOUND;
	memcpy(key + 1, code.at, code.len);
	st = kv_get(t->txn, t->table, (struct bytes) { key, 1 + code.len }, &value);
	if (st == ST_OK)
		st = read_value(value, item_fields, ITEM_FIELDS, &item);
	if (st < 0)
		return st;
	*ret_attributes = (struct plan_attributes) {
		.name = item.name,
		.country = item.country,
		.by_activity = item.by_activity,
		.period = { (date) item.from, (date) item.to },
		.retired = (date) item.retired,
	};
	return ST_OK;
}

/* ---- which code was meant ---- */

/* Kinds are letters, so the rows of one stand together and after the head. */
static bool
walk_kind(plan_table *t, plan_row kind, struct kv_walk *walk)
{
	const uint8_t first[] = { (uint8_t) kind };

	return kv_seek(t->txn, t->table, (struct bytes) { first, sizeof(first) }, walk);
}

/* The code the walk stands at; false when it is of another kind. */
static bool
walk_code(const struct kv_walk *walk, plan_row kind, char code[static CODE_BYTES_MAX + 1])
{
	size_t len = walk->key.len - 1;

	if (walk->key.at[0] != (uint8_t) kind || len > CODE_BYTES_MAX)
		return false;
	memcpy(code, walk->key.at + 1, len);
	code[len] = '\0';
	return true;
}

/* "Sábado consular" as the code it may be: "sabado-consular". */
static void
as_code(struct text t, char out[static CODE_BYTES_MAX + 1])
{
	char word[2 * CODE_BYTES_MAX + 1];
	const char *at = word;
	size_t used = 0;

	snprintf(word, sizeof(word), "%.*s", (int) (t.len < sizeof(word) ? t.len : sizeof(word)),
	         t.len > 0 ? t.at : "");
	while (*at && used < CODE_BYTES_MAX)
		out[used++] = (char) code_letter(&at);
	out[used] = '\0';
}

/* By spelling first; else as a part of a code, since people leave out what goes
 * without saying: "houston" for "con-houston".  All codes are looked at, a few
 * hundred at most, and only when one was wrong. */
bool
plan_table_nearest(plan_table *t, plan_row kind, struct text code, char *ret_code)
{
	char word[CODE_BYTES_MAX + 1], candidate[CODE_BYTES_MAX + 1];
	size_t best = SIZE_MAX;
	bool part_found = false;
	struct kv_walk walk;

	as_code(code, word);
	for (bool more = walk_kind(t, kind, &walk); more; more = kv_next(&walk)) {
		size_t distance;

		if (!walk_code(&walk, kind, candidate))
			break;
		distance = code_distance(word, candidate);
		if (code_near(distance, strlen(word)) && distance < best) {
			best = distance;
			memcpy(ret_code, candidate, sizeof(candidate));
		} else if (best == SIZE_MAX && !part_found && strlen(word) >= WORD_BYTES_MIN &&
		           strcasestr(candidate, word)) {
			part_found = true;
			memcpy(ret_code, candidate, sizeof(candidate));
		}
	}
	kv_walk_done(&walk);
	return best != SIZE_MAX || part_found;
}

void
plan_table_list(plan_table *t, plan_row kind, char *out, size_t size)
{
	static const char more_mark[] = ", …";
	char code[CODE_BYTES_MAX + 1];
	size_t used = 0;
	struct kv_walk walk;

	out[0] = '\0';
	for (bool more = walk_kind(t, kind, &walk); more; more = kv_next(&walk)) {
		if (!walk_code(&walk, kind, code))
			break;
		if (used + strlen(code) + 2 + sizeof(more_mark) > size) {
			snprintf(out + used, size - used, "%s", used > 0 ? more_mark : "…");
			break;
		}
		used += (size_t) snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "",
		                          code);
	}
	kv_walk_done(&walk);
}
