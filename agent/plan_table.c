#include "agent/plan_table.h"

#include <stdio.h>
#include <stdlib.h>

#include "protocol/code.h"
#include "protocol/codec.h"

/* Layout of the table:
 *
 *   0x00                     the plan itself: struct head
 *   kind, then code          an item: struct plan_attributes
 *   'w', then code           which kinds of units alone may report it, a bit for each
 *   'w', code, 0, unit       a unit that may, whatever its kind
 *   't', indicator, 0, key   a thing that the plan begins with; an empty map
 *
 * Values are maps, so that a field may be added.  ROWS_MADE is raised when rows or fields
 * are: rows of an older program are read as they are, until they are made anew. */
enum { ROWS_MADE = 3, ROW_REPORTING = 'w', ROW_THING = 't' };

struct head {
	struct text code;
	uint64_t version, rows;
	int64_t from, to;
};

enum { UNKNOWN = 2 };

struct item {
	struct text name, country;
	uint64_t by_activity, by_level, by_thing, unit_kind;
	int64_t from, to, retired;
};

struct reporting {
	uint64_t kinds;
};

#define HEAD(member) offsetof(struct head, member)
#define ITEM(member) offsetof(struct item, member)
#define KIND_BIT(kind) (UINT64_C(1) << (kind))

static const struct codec_field head_fields[] = {
	{ "code", CODEC_CODE, HEAD(code), 0, 0, true },
	{ "from", CODEC_INT, HEAD(from), DATE_MIN, DATE_MAX, true },
	{ "rows", CODEC_UINT, HEAD(rows), 0, UINT32_MAX, false }, /* older ones have none */
	{ "to", CODEC_INT, HEAD(to), DATE_MIN, DATE_MAX, true },
	{ "version", CODEC_UINT, HEAD(version), 1, UINT32_MAX, true },
};

static const struct codec_field item_fields[] = {
	{ "activity", CODEC_UINT, ITEM(by_activity), 0, 1, true },
	{ "country", CODEC_TEXT, ITEM(country), 0, 2, true },
	{ "from", CODEC_INT, ITEM(from), DATE_MIN, DATE_MAX, true },
	{ "kind", CODEC_UINT, ITEM(unit_kind), 0, UNIT_AREA, false }, /* nor this */
	{ "level", CODEC_UINT, ITEM(by_level), 0, 1, false }, /* not in rows of older programs */
	{ "name", CODEC_TEXT, ITEM(name), 0, PLAN_NAME_MAX_BYTES, true },
	{ "retired", CODEC_INT, ITEM(retired), DATE_MIN, PLAN_NOT_RETIRED, true },
	{ "thing", CODEC_UINT, ITEM(by_thing), 0, 1, false },
	{ "to", CODEC_INT, ITEM(to), DATE_MIN, DATE_MAX, true },
};

static const struct codec_field reporting_fields[] = {
	{ "kinds", CODEC_UINT, offsetof(struct reporting, kinds), 0, KIND_BIT(UNIT_AREA + 1) - 1,
	  true },
};

enum {
	HEAD_FIELDS = sizeof(head_fields) / sizeof(head_fields[0]),
	ITEM_FIELDS = sizeof(item_fields) / sizeof(item_fields[0]),
	REPORTING_FIELDS = sizeof(reporting_fields) / sizeof(reporting_fields[0]),
	PAIR_KEY_BYTES = 1 + CODE_BYTES_MAX + 1 + CODE_BYTES_MAX,
	KEY_ROOM = (PAIR_KEY_BYTES + 7) / 8 * 8, /* in whole words, as recall() reads it */
	WORD_BYTES_MIN = 3,                      /* so much of a code says which is meant */
};

/* A key may not be empty, and a 0 comes before the letters of all kinds. */
static const uint8_t head_key[] = { 0 };

/* What a look-up found.  An import asks for the same few codes in row after row, and to search
 * and decode a row of the table takes as long as all else that is checked of an entry. */
struct found {
	uint8_t key[PAIR_KEY_BYTES]; /* len 0: of none yet */
	size_t len;
	status st;
	struct item item; /* valid when st is ST_OK */
	bool may_report;  /* of the key of a reporter */
};

/* By a hash of the key; the later of two of one place is kept. */
enum { FOUND_MAX = 256 };

struct plan_table {
	kv_txn *txn;
	int table;
	pthread_mutex_t *lock; /* for txn, where other threads use it; or NULL */
	struct head head;
	struct found found[FOUND_MAX];
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
		.rows = ROWS_MADE,
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
		item.unit_kind = list[i].kind;
		put_item(f, ROW_UNIT, list[i].code, &item);
	}
}

/* The letter, the code and, unless it is empty, 0 and the other; 0 when one of them is no
 * code. */
static size_t
pair_key(char row, struct text code, struct text other, uint8_t key[static PAIR_KEY_BYTES])
{
	size_t len = 1 + code.len;

	if (code.len == 0 || code.len > CODE_BYTES_MAX || other.len > CODE_BYTES_MAX)
		return 0;
	key[0] = (uint8_t) row;
	memcpy(key + 1, code.at, code.len);
	if (other.len == 0)
		return len;
	key[len] = 0;
	memcpy(key + len + 1, other.at, other.len);
	return len + 1 + other.len;
}

static void
put_things(struct filling *f, const struct plan_indicator *indicator)
{
	struct text code = text_of(indicator->code);
	uint8_t key[PAIR_KEY_BYTES] = { 0 };

	writer_clear(&f->w);
	writer_map(&f->w, 0);
	for (size_t i = 0; i < indicator->baseline_key_count; i++) {
		struct text thing = text_of(indicator->baseline_keys[i]);

		put_value(f, (struct bytes) { key, pair_key(ROW_THING, code, thing, key) });
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
		item.by_level = list[i].by == FEEDER_LEVEL;
		item.by_thing = list[i].by == FEEDER_THING;
		if (list[i].has_period) {
			item.from = list[i].period.from;
			item.to = list[i].period.to;
		}
		put_item(f, ROW_INDICATOR, list[i].code, &item);
		put_things(f, &list[i]);
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

static uint64_t
kinds_of(const struct plan_reporting *reporting)
{
	uint64_t kinds = 0;

	for (size_t i = 0; i < reporting->kind_count; i++) {
		for (int kind = UNIT_EMBASSY; kind <= UNIT_AREA; kind++) {
			if (strcmp(reporting->kinds[i],
			           plan_unit_kind_word((plan_unit_kind) kind)) == 0)
				kinds |= KIND_BIT(kind);
		}
	}
	return kinds;
}

static void
put_reporting(struct filling *f, const plan *p)
{
	uint8_t key[PAIR_KEY_BYTES] = { 0 };
	size_t count;
	const struct plan_reporting *list = plan_reportings(p, &count);

	for (size_t i = 0; i < count; i++) {
		const struct reporting row = { kinds_of(&list[i]) };
		struct text code = text_of(list[i].code);

		writer_clear(&f->w);
		codec_write(&f->w, reporting_fields, REPORTING_FIELDS, &row,
		            (UINT64_C(1) << REPORTING_FIELDS) - 1);
		put_value(f,
		          (struct bytes) {
				  key, pair_key(ROW_REPORTING, code, (struct text) { 0 }, key) });
		for (size_t k = 0; k < list[i].unit_count; k++)
			put_value(f,
			          (struct bytes) { key,
			                           pair_key(ROW_REPORTING, code,
			                                    text_of(list[i].units[k]), key) });
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
	put_list(&f, p, LIST_COMMITMENTS, ROW_COMMITMENT);
	put_list(&f, p, LIST_PROJECTS, ROW_PROJECT);
	put_list(&f, p, LIST_RISKS, ROW_RISK);
	put_reporting(&f, p);
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

static status
read_head(kv_txn *txn, int table, struct head *ret_head)
{
	struct bytes value;
	status st = kv_get(txn, table, (struct bytes) { head_key, sizeof(head_key) }, &value);

	return st == ST_OK ? read_value(value, head_fields, HEAD_FIELDS, ret_head) : st;
}

bool
plan_table_held(kv_txn *txn, int table, uint64_t *ret_version, bool *ret_whole)
{
	struct head head = { 0 };

	if (read_head(txn, table, &head) < 0)
		return false;
	*ret_version = head.version;
	*ret_whole = head.rows >= ROWS_MADE;
	return true;
}

/* A head that cannot be read is as good as none: recording goes on without a plan, and the
 * hub judges. */
plan_table *
plan_table_open(kv_txn *txn, int table)
{
	plan_table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->txn = txn;
	t->table = table;
	if (read_head(txn, table, &t->head) < 0)
		plan_table_close(&t);
	return t;
}

plan_table *
plan_table_beside(const plan_table *t, pthread_mutex_t *lock)
{
	plan_table *beside = calloc(1, sizeof(*beside));

	if (!beside)
		return NULL;
	beside->txn = t->txn;
	beside->table = t->table;
	beside->lock = lock;
	beside->head = t->head;
	return beside;
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

bool
plan_table_whole(const plan_table *t)
{
	return t->head.rows >= ROWS_MADE;
}

struct plan_period
plan_table_period(const plan_table *t)
{
	return (struct plan_period) { (date) t->head.from, (date) t->head.to };
}

static void
begin_use(plan_table *t)
{
	if (t->lock)
		pthread_mutex_lock(t->lock);
}

static void
end_use(plan_table *t)
{
	if (t->lock)
		pthread_mutex_unlock(t->lock);
}

/* The value lies in the transaction, which does not change any more. */
static status
get(plan_table *t, struct bytes key, struct bytes *ret_value)
{
	status st;

	begin_use(t);
	st = kv_get(t->txn, t->table, key, ret_value);
	end_use(t);
	return st;
}

/* What cannot be read is as good as there, and so is what an older program did not keep:
 * the hub judges. */
bool
plan_table_has_thing(plan_table *t, struct text indicator, struct text key)
{
	uint8_t row[PAIR_KEY_BYTES] = { 0 };
	struct bytes value;
	size_t len = pair_key(ROW_THING, indicator, key, row);

	if (!plan_table_whole(t))
		return true;
	return len > 0 && get(t, (struct bytes) { row, len }, &value) != ST_NOT_FOUND;
}

/* Where key, which has zeros behind it, is remembered; false when something else is there yet. */
static bool
recall(plan_table *t, const uint8_t key[static KEY_ROOM], size_t len, struct found **ret_found)
{
	uint64_t hash = 0, word;

	for (size_t i = 0; i < len; i += sizeof(word)) {
		memcpy(&word, key + i, sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	}
	*ret_found = &t->found[(hash >> 56) % FOUND_MAX]; /* to these bits all others come */
	return (*ret_found)->len == len && memcmp((*ret_found)->key, key, len) == 0;
}

static void
remember(struct found *f, const uint8_t *key, size_t len)
{
	memcpy(f->key, key, len);
	f->len = len;
}

/* A longer one would not fit the key, and no plan has it. */
static status
find_item(plan_table *t, plan_row kind, struct text code, const struct item **ret_item)
{
	uint8_t key[KEY_ROOM] = { (uint8_t) kind };
	struct bytes value;
	struct found *f;

	if (code.len == 0 || code.len > CODE_BYTES_MAX)
		return ST_NOT_FOUND;
	memcpy(key + 1, code.at, code.len);
	if (!recall(t, key, 1 + code.len, &f)) {
		remember(f, key, 1 + code.len);
		f->item = (struct item) { .by_level = UNKNOWN, .by_thing = UNKNOWN };
		f->st = get(t, (struct bytes) { key, 1 + code.len }, &value);
		if (f->st == ST_OK)
			f->st = read_value(value, item_fields, ITEM_FIELDS, &f->item);
	}
	*ret_item = &f->item;
	return f->st;
}

status
plan_table_find(plan_table *t, plan_row kind, struct text code,
                struct plan_attributes *ret_attributes)
{
	const struct item *item;
	status st = find_item(t, kind, code, &item);

	if (st < 0)
		return st;
	*ret_attributes = (struct plan_attributes) {
		.name = item->name,
		.country = item->country,
		.by_activity = item->by_activity,
		/* a row of an older program: the hub will judge */
		.by_level = item->by_level == UNKNOWN ? !item->by_activity : item->by_level,
		.by_thing = item->by_thing == UNKNOWN ? !item->by_activity && item->by_level != 1
						      : item->by_thing,
		.period = { (date) item->from, (date) item->to },
		.retired = (date) item->retired,
	};
	return ST_OK;
}

static bool
may_report(plan_table *t, struct text code, struct text unit, struct bytes pair)
{
	uint8_t key[PAIR_KEY_BYTES] = { 0 };
	struct bytes row = { key, pair_key(ROW_REPORTING, code, (struct text) { 0 }, key) }, value;
	struct reporting only = { 0 };
	const struct item *item;

	if (find_item(t, ROW_UNIT, unit, &item) < 0 || get(t, row, &value) < 0 ||
	    read_value(value, reporting_fields, REPORTING_FIELDS, &only) < 0 ||
	    (only.kinds & KIND_BIT(item->unit_kind)))
		return true;
	return get(t, pair, &value) != ST_NOT_FOUND;
}

bool
plan_table_may_report(plan_table *t, struct text code, struct text unit)
{
	uint8_t key[KEY_ROOM] = { 0 };
	size_t len = pair_key(ROW_REPORTING, code, unit, key);
	struct found *f;

	if (len == 0 || unit.len == 0)
		return true;
	if (!recall(t, key, len, &f)) {
		bool may = may_report(t, code, unit, (struct bytes) { key, len });

		remember(f, key, len); /* after it: the unit is looked up in between */
		f->may_report = may;
	}
	return f->may_report;
}

/* ---- which code was meant ---- */

/* The rows whose keys begin alike stand together; behind that is a code. */
struct beginning {
	uint8_t bytes[PAIR_KEY_BYTES];
	size_t len;
};

/* Kinds are letters, so their rows come after the head. */
static struct beginning
beginning_of(plan_row kind)
{
	return (struct beginning) { .bytes = { (uint8_t) kind }, .len = 1 };
}

static bool
walk_from(plan_table *t, const struct beginning *b, struct kv_walk *walk)
{
	begin_use(t);
	return kv_seek(t->txn, t->table, (struct bytes) { b->bytes, b->len }, walk);
}

static void
walk_done(plan_table *t, struct kv_walk *walk)
{
	kv_walk_done(walk);
	end_use(t);
}

/* The code the walk stands at; false when its key begins otherwise. */
static bool
walk_code(const struct kv_walk *walk, const struct beginning *b,
          char code[static CODE_BYTES_MAX + 1])
{
	size_t len = walk->key.len - b->len;

	if (walk->key.len < b->len || memcmp(walk->key.at, b->bytes, b->len) != 0 ||
	    len > CODE_BYTES_MAX)
		return false;
	memcpy(code, walk->key.at + b->len, len);
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
static bool
nearest(plan_table *t, const struct beginning *b, struct text code, char *ret_code)
{
	char word[CODE_BYTES_MAX + 1], candidate[CODE_BYTES_MAX + 1];
	size_t best = SIZE_MAX;
	bool part_found = false;
	struct kv_walk walk;

	as_code(code, word);
	for (bool more = walk_from(t, b, &walk); more; more = kv_next(&walk)) {
		size_t distance;

		if (!walk_code(&walk, b, candidate))
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
	walk_done(t, &walk);
	return best != SIZE_MAX || part_found;
}

bool
plan_table_nearest(plan_table *t, plan_row kind, struct text code, char *ret_code)
{
	const struct beginning b = beginning_of(kind);

	return nearest(t, &b, code, ret_code);
}

bool
plan_table_nearest_thing(plan_table *t, struct text indicator, struct text key, char *ret_key)
{
	struct beginning b = { .len = 0 };

	b.len = pair_key(ROW_THING, indicator, (struct text) { 0 }, b.bytes);
	if (b.len == 0)
		return false;
	b.bytes[b.len++] = 0;
	return nearest(t, &b, key, ret_key);
}

void
plan_table_list(plan_table *t, plan_row kind, char *out, size_t size)
{
	static const char more_mark[] = ", …";
	const struct beginning b = beginning_of(kind);
	char code[CODE_BYTES_MAX + 1];
	size_t used = 0;
	struct kv_walk walk;

	out[0] = '\0';
	for (bool more = walk_from(t, &b, &walk); more; more = kv_next(&walk)) {
		if (!walk_code(&walk, &b, code))
			break;
		if (used + strlen(code) + 2 + sizeof(more_mark) > size) {
			snprintf(out + used, size - used, "%s", used > 0 ? more_mark : "…");
			break;
		}
		used += (size_t) snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "",
		                          code);
	}
	walk_done(t, &walk);
}
