#include <stdlib.h>

#include "protocol/columns.h"
#include "protocol/document.h"
#include "protocol/leb128.h"
#include "protocol/limits.h"

enum { VALUES, INTEGERS };

enum { BIN8 = 0xc4, BIN8_HEAD = 2, INTEGER_BYTES_MAX = 9 };

struct column {
	uint64_t kind;
	struct bytes numbers; /* not yet taken */
	int64_t last;         /* of integers */
	/* Of values: all there are, and how many were told. */
	const struct bytes *values;
	size_t count, told;
};

/* A hole and what comes before it. */
struct piece {
	struct bytes before;
	struct column *column;
};

/* Without pieces it is all that is stored. */
struct shape {
	const struct piece *pieces;
	size_t count;
	struct bytes stored;
};

struct unpacking {
	struct column columns[COLUMNS_MAX];
	size_t column_count;
	struct bytes *values; /* of all columns */
	struct shape *shapes; /* as many as column 0 has values */
	struct piece pieces[HOLES_MAX];
	size_t piece_count;
	uint8_t *at, *end; /* the rest of the space */
	const uint8_t *plain_end;
};

static bool
take_bytes(struct bytes *rest, uint64_t len, struct bytes *ret_bytes)
{
	if (len > rest->len)
		return false;
	*ret_bytes = (struct bytes) { rest->at, (size_t) len };
	*rest = (struct bytes) { rest->at + len, rest->len - (size_t) len };
	return true;
}

/* A length, and as many bytes. */
static bool
take_value(struct bytes *rest, struct bytes *ret_value)
{
	uint64_t len;

	return leb128_take(rest, &len) && take_bytes(rest, len, ret_value);
}

/* ---- what the columns have ---- */

struct column_bytes {
	uint64_t numbers, list; /* how many */
	struct bytes values;    /* those of the list */
};

static bool
read_heads(struct unpacking *u, struct bytes *rest, struct column_bytes bytes[static COLUMNS_MAX])
{
	uint64_t count;

	if (!leb128_take(rest, &count) || count == 0 || count > COLUMNS_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		struct column *c = &u->columns[i];

		if (!leb128_take(rest, &c->kind) || c->kind > INTEGERS ||
		    !leb128_take(rest, &bytes[i].numbers) || !leb128_take(rest, &bytes[i].list) ||
		    (c->kind == INTEGERS && bytes[i].list > 0))
			return false;
	}
	u->column_count = (size_t) count;
	return u->columns[0].kind == VALUES;
}

/* Its values into values, where there is room for them; only how many when that is NULL. */
static bool
read_list(struct bytes list, struct bytes *values, size_t *ret_count)
{
	struct bytes value;
	size_t count = 0;

	for (; list.len > 0; count++) {
		if (!take_value(&list, values ? &values[count] : &value))
			return false;
	}
	*ret_count = count;
	return true;
}

static status
read_columns(struct unpacking *u, struct bytes rest, uint64_t bodies)
{
	struct column_bytes lists[COLUMNS_MAX] = { 0 };
	struct bytes *values;
	size_t count = 0;

	if (!read_heads(u, &rest, lists))
		return ST_MALFORMED;
	for (size_t i = 0; i < u->column_count; i++) {
		struct column *c = &u->columns[i];

		if (!take_bytes(&rest, lists[i].numbers, &c->numbers) ||
		    !take_bytes(&rest, lists[i].list, &lists[i].values) ||
		    !read_list(lists[i].values, NULL, &c->count))
			return ST_MALFORMED;
		count += c->count;
	}
	if (rest.len > 0 || u->columns[0].count > bodies)
		return ST_MALFORMED;
	values = u->values = calloc(count + 1, sizeof(*values));
	if (!values)
		return ST_NOMEM;
	for (size_t i = 0; i < u->column_count; i++) {
		struct column *c = &u->columns[i];

		c->values = values;
		read_list(lists[i].values, values, &c->count);
		values += c->count;
	}
	return ST_OK;
}

static status
read_shape(struct unpacking *u, struct bytes value, struct shape *shape)
{
	uint64_t count, column;

	if (!leb128_take(&value, &count))
		return ST_MALFORMED;
	if (count > HOLES_MAX - u->piece_count)
		return ST_MALFORMED;
	*shape = (struct shape) { &u->pieces[u->piece_count], (size_t) count, value };
	for (uint64_t i = 0; i < count; i++) {
		struct piece *p = &u->pieces[u->piece_count++];

		if (!take_value(&value, &p->before) || !leb128_take(&value, &column) ||
		    column == 0 || column >= u->column_count)
			return ST_MALFORMED;
		p->column = &u->columns[column];
	}
	return count == 0 || value.len == 0 ? ST_OK : ST_MALFORMED;
}

static status
read_shapes(struct unpacking *u)
{
	const struct column *c = &u->columns[0];
	status st = ST_OK;

	u->shapes = malloc((c->count + 1) * sizeof(*u->shapes));
	if (!u->shapes)
		return ST_NOMEM;
	for (size_t i = 0; i < c->count && st == ST_OK; i++)
		st = read_shape(u, c->values[i], &u->shapes[i]);
	return st;
}

/* ---- bodies ---- */

/* Which value comes next. */
static bool
next_value(struct column *c, size_t *ret_index)
{
	uint64_t n;

	if (!leb128_take(&c->numbers, &n) || n > c->told)
		return false;
	if (n == 0 && c->told == c->count)
		return false;
	*ret_index = n > 0 ? (size_t) n - 1 : c->told++;
	return true;
}

/* Most of what is put is shorter than a call of memcpy(): so as much as that is copied where it
 * can be read and written, and what is too much is overwritten by what comes next. */
static inline bool
put_bytes(struct unpacking *u, struct bytes b)
{
	enum { AT_ONCE = 16 };
	size_t room = (size_t) (u->end - u->at);

	if (b.len > room)
		return false;
	if (b.len <= AT_ONCE && room >= AT_ONCE && u->plain_end - b.at >= AT_ONCE)
		memcpy(u->at, b.at, AT_ONCE);
	else if (b.len > 0)
		memcpy(u->at, b.at, b.len);
	u->at += b.len;
	return true;
}

/* The lowest bytes of n, big-endian, behind a head. */
static size_t
put_wide(uint8_t *out, uint8_t head, uint64_t n, unsigned bytes)
{
	*out++ = head;
	for (unsigned i = bytes; i > 0; i--)
		*out++ = (uint8_t) (n >> 8 * (i - 1));
	return 1 + bytes;
}

static size_t
put_integer(uint8_t out[static INTEGER_BYTES_MAX], int64_t value)
{
	const uint64_t n = (uint64_t) value;

	if (value >= -32 && value < 128) {
		*out = (uint8_t) n;
		return 1;
	}
	if (value >= 0)
		return n <= UINT8_MAX     ? put_wide(out, 0xcc, n, 1)
			: n <= UINT16_MAX ? put_wide(out, 0xcd, n, 2)
			: n <= UINT32_MAX ? put_wide(out, 0xce, n, 4)
					  : put_wide(out, 0xcf, n, 8);
	return value >= INT8_MIN     ? put_wide(out, 0xd0, n, 1)
		: value >= INT16_MIN ? put_wide(out, 0xd1, n, 2)
		: value >= INT32_MIN ? put_wide(out, 0xd2, n, 4)
				     : put_wide(out, 0xd3, n, 8);
}

static bool
put_next_integer(struct unpacking *u, struct column *c)
{
	uint8_t bytes[INTEGER_BYTES_MAX];
	uint64_t n;
	size_t len;

	if (!leb128_take(&c->numbers, &n))
		return false;
	c->last = (int64_t) ((uint64_t) c->last + (n >> 1 ^ (0 - (n & 1))));
	len = put_integer(bytes, c->last);
	if (len > (size_t) (u->end - u->at))
		return false;
	memcpy(u->at, bytes, len);
	u->at += len;
	return true;
}

static bool
put_next_value(struct unpacking *u, struct column *c)
{
	size_t i;

	return next_value(c, &i) && put_bytes(u, c->values[i]);
}

static bool
put_piece(struct unpacking *u, const struct piece *p)
{
	return put_bytes(u, p->before) &&
		(p->column->kind == INTEGERS ? put_next_integer(u, p->column)
	                                     : put_next_value(u, p->column));
}

/* Most bodies are short: the head of one is written when its length is known, and a long one
 * moved. */
static bool
put_body(struct unpacking *u, const struct shape *shape)
{
	uint8_t *start = u->at, *body = start + BIN8_HEAD;
	size_t len, width;

	if (u->end - u->at < BIN8_HEAD)
		return false;
	u->at = body;
	for (size_t i = 0; i < shape->count; i++) {
		if (!put_piece(u, &shape->pieces[i]))
			return false;
	}
	len = (size_t) (u->at - body);
	width = len <= UINT8_MAX ? 1 : len <= UINT16_MAX ? 2 : 4;
	if (width > 1) {
		if (width - 1 > (size_t) (u->end - u->at))
			return false;
		memmove(start + 1 + width, body, len);
		u->at += width - 1;
	}
	put_wide(start, (uint8_t) (BIN8 + width / 2), len, (unsigned) width);
	return true;
}

static bool
put_bodies(struct unpacking *u, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		const struct shape *shape;
		size_t which;

		if (!next_value(&u->columns[0], &which))
			return false;
		shape = &u->shapes[which];
		if (!(shape->count > 0 ? put_body(u, shape) : put_bytes(u, shape->stored)))
			return false;
	}
	return true;
}

static bool
is_used_up(const struct unpacking *u)
{
	for (size_t i = 0; i < u->column_count; i++) {
		const struct column *c = &u->columns[i];

		if (c->numbers.len > 0 || c->told < c->count)
			return false;
	}
	return u->at == u->end;
}

static status
unpack_plain(struct unpacking *u, struct bytes plain, uint64_t count)
{
	status st;

	u->plain_end = plain.at + plain.len;
	st = read_columns(u, plain, count);
	if (st == ST_OK)
		st = read_shapes(u);
	if (st == ST_OK && (!put_bodies(u, count) || !is_used_up(u)))
		st = ST_MALFORMED;
	free(u->shapes);
	free(u->values);
	return st;
}

status
columns_unpack(struct bytes packed, uint64_t count, uint8_t *space, size_t len)
{
	struct unpacking *u;
	uint8_t *plain = NULL;
	size_t plain_len;
	status st = document_unpack(packed, BATCH_RAW_BYTES_MAX, &plain, &plain_len);

	if (st < 0)
		return st == ST_LIMIT ? ST_MALFORMED : st;
	u = calloc(1, sizeof(*u));
	if (u) {
		u->at = space;
		u->end = space + len;
		st = unpack_plain(u, (struct bytes) { plain, plain_len }, count);
		free(u);
	}
	free(plain);
	return u ? st : ST_NOMEM;
}
