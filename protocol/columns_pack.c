#include <stdlib.h>
#include <zstd.h>

#include "protocol/columns.h"
#include "protocol/leb128.h"
#include "protocol/limits.h"
#include "protocol/reader.h"
#include "protocol/words.h"

enum {
	PACK_LEVEL = 1,     /* higher ones find no more in columns */
	BLOCK_BYTES = 1024, /* columns together that are smaller are packed as one */
	NODES_MAX = 1024,   /* about as many as shapes have pieces that differ */
	SLOTS_MAX = 4096,   /* of values kept in mind, at most half of them used */
	LONG_BYTES = 64,    /* who wrote so much wrote it once */
	DEPTH_MAX = 3,      /* maps in maps; what has more is not taken apart */
	BODY_HOLES_MAX = 64,
	STREAM_BYTES = 256,
	ERASED = 0xc7, /* how one begins */
};

struct stream {
	uint8_t *at;
	size_t len, room;
};

struct column {
	struct text key; /* of its values: the last one before the hole */
	bool integers;
	struct stream numbers, list;
	uint64_t told; /* how many are in the list */
	int64_t last;
};

typedef enum hole_kind { HOLE_VALUE, HOLE_INTEGER, HOLE_NONE } hole_kind;

/* Where a walk into a map is: pairs left of each map that is open. */
struct place {
	uint8_t depth;
	uint8_t left[DEPTH_MAX];
};

/* The tree of all beginnings of shapes: a node is a piece and the hole behind it, the way to it
 * those before. */
struct node {
	struct bytes before;
	hole_kind kind;
	uint32_t column;
	struct node *child, *next; /* the first one behind it, the next one beside it */
	uint32_t shape;            /* the shape that ends here, from 1; 0: not told yet */
	struct place place;        /* behind the hole */
};

/* A value that was told. */
struct slot {
	const uint8_t *at; /* NULL: empty */
	uint32_t len, column, hash;
	uint32_t which; /* of the list, from 1 */
};

struct hole {
	struct node *node;
	int64_t integer;
	struct bytes value; /* where it is none */
};

struct packing {
	struct column columns[COLUMNS_MAX];
	size_t column_count;
	struct node nodes[NODES_MAX]; /* the first is the root */
	size_t node_count;
	size_t holes_told;
	struct slot *slots;
	size_t slot_count, slots_used;
	struct hole holes[BODY_HOLES_MAX]; /* of the body at hand */
	size_t hole_count;
	status st; /* the first failure */
};

/* ---- streams ---- */

/* False: no memory, and p knows. */
static bool
grow(struct packing *p, struct stream *s, size_t len)
{
	size_t room = s->room > 0 ? s->room : STREAM_BYTES;
	uint8_t *at;

	while (room - s->len < len)
		room *= 2;
	at = realloc(s->at, room);
	if (!at) {
		p->st = ST_NOMEM;
		return false;
	}
	s->at = at;
	s->room = room;
	return true;
}

static inline bool
has_room(struct packing *p, struct stream *s, size_t len)
{
	return s->room - s->len >= len || grow(p, s, len);
}

static inline void
put_number(struct packing *p, struct stream *s, uint64_t n)
{
	if (has_room(p, s, LEB128_BYTES_MAX))
		s->len += leb128_put(s->at + s->len, n);
}

static void
put_bytes(struct packing *p, struct stream *s, struct bytes b)
{
	if (b.len == 0 || !has_room(p, s, b.len))
		return;
	memcpy(s->at + s->len, b.at, b.len);
	s->len += b.len;
}

static size_t
number_bytes(uint64_t n)
{
	uint8_t out[LEB128_BYTES_MAX];

	return leb128_put(out, n);
}

/* ---- values that come again ---- */

static uint32_t
hash_of(uint32_t column, struct bytes value)
{
	return (uint32_t) (words_hash(column, value.at, value.len) >> 32);
}

/* That of the value, or an empty one. */
static struct slot *
slot_of(const struct packing *p, uint32_t column, struct bytes value, uint32_t hash)
{
	const size_t mask = p->slot_count - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct slot *s = &p->slots[i];

		if (!s->at ||
		    (s->hash == hash && s->column == column && s->len == value.len &&
		     words_equal(s->at, value.at, value.len)))
			return s;
	}
}

static void
tell_value(struct packing *p, struct column *c, struct bytes value)
{
	c->told++;
	put_number(p, &c->numbers, 0);
	put_number(p, &c->list, value.len);
	put_bytes(p, &c->list, value);
}

/* What finds no slot is told each time: that takes more bytes, but is not wrong. */
static void
put_value(struct packing *p, uint32_t column, struct bytes value)
{
	struct column *c = &p->columns[column];
	struct slot *s;
	uint32_t hash;

	if (value.len >= LONG_BYTES) {
		tell_value(p, c, value);
		return;
	}
	hash = hash_of(column, value);
	s = slot_of(p, column, value, hash);
	if (s->at) {
		put_number(p, &c->numbers, s->which);
		return;
	}
	tell_value(p, c, value);
	if (2 * (p->slots_used + 1) > p->slot_count)
		return;
	p->slots_used++;
	*s = (struct slot) {
		.at = value.at,
		.len = (uint32_t) value.len,
		.column = column,
		.hash = hash,
		.which = (uint32_t) c->told,
	};
}

static void
put_integer(struct packing *p, uint32_t column, int64_t value)
{
	struct column *c = &p->columns[column];
	uint64_t by = (uint64_t) value - (uint64_t) c->last;

	c->last = value;
	put_number(p, &c->numbers, by << 1 ^ (0 - (by >> 63)));
}

/* ---- bodies ---- */

/* Of a value that begins with that byte.  A map is no hole, but what is in it. */
static hole_kind
kind_of(uint8_t first)
{
	if ((first > 0x80 && first < 0x90) || first == 0xde || first == 0xdf)
		return HOLE_NONE;
	return first < 0x80 || first >= 0xe0 || (first >= 0xcc && first <= 0xd3) ? HOLE_INTEGER
										 : HOLE_VALUE;
}

/* The column of that key; a new one when there is none, 0 when there are too many. */
static uint32_t
column_of(struct packing *p, struct text key, bool integers)
{
	struct column *c;

	for (uint32_t i = 1; i < p->column_count; i++) {
		c = &p->columns[i];
		if (c->integers == integers && text_equal(c->key, key))
			return i;
	}
	if (p->column_count == COLUMNS_MAX)
		return 0;
	c = &p->columns[p->column_count];
	c->key = key;
	c->integers = integers;
	return (uint32_t) p->column_count++;
}

/* Pass over keys and heads of maps, up to a hole.  Returns the last key. */
static struct text
pass_piece(reader *r, struct place *place)
{
	struct text key = { NULL, 0 };
	bool is_map = place->depth == 0;

	do {
		if (is_map && place->depth == DEPTH_MAX)
			reader_fail(r, ST_LIMIT);
		else if (is_map)
			place->left[place->depth++] = (uint8_t) reader_map(r, UINT8_MAX);
		if (r->st < 0 || place->left[place->depth - 1] == 0)
			reader_fail(r, ST_MALFORMED); /* an empty one has no hole */
		else
			place->left[place->depth - 1]--;
		key = reader_text(r, CODE_BYTES_MAX);
		if (r->st == ST_OK && r->at == r->end)
			reader_fail(r, ST_MALFORMED);
		is_map = r->st == ST_OK && kind_of(*r->at) == HOLE_NONE;
	} while (is_map);
	return key;
}

/* The maps that end with this value are left. */
static void
leave_maps(struct place *place)
{
	while (place->depth > 0 && place->left[place->depth - 1] == 0)
		place->depth--;
}

/* A new piece behind that one; NULL: there is none, or there are too many. */
static struct node *
add_node(struct packing *p, struct node *parent, reader r)
{
	struct node *n = &p->nodes[p->node_count];
	struct place place = parent->place;
	const uint8_t *start = r.at;
	hole_kind kind;
	struct text key;
	uint32_t column;

	if (p->node_count == NODES_MAX)
		return NULL;
	key = pass_piece(&r, &place);
	if (r.st < 0)
		return NULL;
	kind = kind_of(*r.at);
	column = column_of(p, key, kind == HOLE_INTEGER);
	if (column == 0)
		return NULL;
	leave_maps(&place);
	*n = (struct node) {
		.before = { start, (size_t) (r.at - start) },
		.kind = kind,
		.column = column,
		.next = parent->child,
		.place = place,
	};
	parent->child = n;
	p->node_count++;
	return n;
}

static bool
is_next(const struct node *n, const reader *r)
{
	const size_t len = n->before.len;

	return (size_t) (r->end - r->at) > len && words_equal(r->at, n->before.at, len) &&
		kind_of(r->at[len]) == n->kind;
}

static struct node *
next_node(struct packing *p, struct node *parent, const reader *r)
{
	for (struct node *n = parent->child; n; n = n->next) {
		if (is_next(n, r))
			return n;
	}
	return add_node(p, parent, *r);
}

static struct bytes
take_value(reader *r)
{
	const uint8_t *start = r->at;
	struct text text = reader_peek_short(r);

	if (text.len > 0)
		reader_pass_short(r, text.len);
	else if (!reader_pass_string(r))
		reader_skip(r);
	return (struct bytes) { start, (size_t) (r->at - start) };
}

static void
take_hole(struct hole *h, struct node *n, reader *r)
{
	h->node = n;
	r->at += n->before.len;
	if (n->kind == HOLE_VALUE)
		h->value = take_value(r);
	else if (*r->at < 0x80) /* most of them */
		h->integer = *r->at++;
	else
		h->integer = reader_int(r, INT64_MIN, INT64_MAX);
}

/* False: it is not to be taken apart. */
static bool
take_apart(struct packing *p, struct bytes body)
{
	reader r = reader_of(body.at, body.len);
	struct node *n = &p->nodes[0];

	for (p->hole_count = 0; r.at < r.end; p->hole_count++) {
		if (p->hole_count == BODY_HOLES_MAX || (p->hole_count > 0 && n->place.depth == 0))
			return false;
		n = next_node(p, n, &r);
		if (!n)
			return false;
		take_hole(&p->holes[p->hole_count], n, &r);
		if (r.st < 0)
			return false;
	}
	return p->hole_count > 0 && n->place.depth == 0;
}

static size_t
piece_bytes(const struct node *n)
{
	return number_bytes(n->before.len) + n->before.len + number_bytes(n->column);
}

/* The shape of the body at hand. */
static void
put_shape(struct packing *p)
{
	struct node *end = p->holes[p->hole_count - 1].node;
	struct column *c = &p->columns[0];
	size_t bytes = number_bytes(p->hole_count);

	put_number(p, &c->numbers, end->shape);
	if (end->shape > 0)
		return;
	for (size_t i = 0; i < p->hole_count; i++)
		bytes += piece_bytes(p->holes[i].node);
	put_number(p, &c->list, bytes);
	put_number(p, &c->list, p->hole_count);
	for (size_t i = 0; i < p->hole_count; i++) {
		const struct node *n = p->holes[i].node;

		put_number(p, &c->list, n->before.len);
		put_bytes(p, &c->list, n->before);
		put_number(p, &c->list, n->column);
	}
	p->holes_told += p->hole_count;
	end->shape = (uint32_t) ++c->told;
}

static void
put_stored(struct packing *p, struct bytes item)
{
	struct column *c = &p->columns[0];

	put_number(p, &c->numbers, 0);
	put_number(p, &c->list, 1 + item.len);
	put_number(p, &c->list, 0);
	put_bytes(p, &c->list, item);
	c->told++;
}

/* item is the body with its frame. */
static void
put_item(struct packing *p, struct bytes item, struct bytes body)
{
	if (!take_apart(p, body) || p->holes_told + p->hole_count > HOLES_MAX) {
		put_stored(p, item);
		return;
	}
	put_shape(p);
	for (size_t i = 0; i < p->hole_count; i++) {
		const struct hole *h = &p->holes[i];

		if (h->node->kind == HOLE_INTEGER)
			put_integer(p, h->node->column, h->integer);
		else
			put_value(p, h->node->column, h->value);
	}
}

static status
put_items(struct packing *p, struct bytes bodies, uint64_t count)
{
	reader r = reader_of(bodies.at, bodies.len);

	for (uint64_t i = 0; i < count && p->st == ST_OK; i++) {
		const uint8_t *start = r.at;
		struct bytes body = { NULL, 0 };

		if (r.at < r.end && *r.at == ERASED)
			reader_erased(&r);
		else
			body = reader_bin(&r, BATCH_RAW_BYTES_MAX);
		if (r.st < 0)
			return r.st;
		put_item(p, (struct bytes) { start, (size_t) (r.at - start) }, body);
	}
	return p->st == ST_OK ? reader_end(&r) : p->st;
}

/* ---- zstd ---- */

static void
put_heads(struct packing *p, struct stream *heads)
{
	put_number(p, heads, p->column_count);
	for (size_t i = 0; i < p->column_count; i++) {
		const struct column *c = &p->columns[i];

		put_number(p, heads, c->integers);
		put_number(p, heads, c->numbers.len);
		put_number(p, heads, c->list.len);
	}
}

struct squeezing {
	ZSTD_CCtx *context;
	ZSTD_outBuffer out;
	size_t since; /* bytes of the block that is not ended */
};

/* What a column has is unlike what another has: a block of its own has codes of its own. */
static status
squeeze(struct squeezing *q, const struct stream *s, bool is_last)
{
	ZSTD_inBuffer in = { s->at, s->len, 0 };
	ZSTD_EndDirective how = ZSTD_e_continue;
	size_t left;

	q->since += s->len;
	if (is_last)
		how = ZSTD_e_end;
	else if (q->since >= BLOCK_BYTES)
		how = ZSTD_e_flush;
	if (how != ZSTD_e_continue)
		q->since = 0;
	left = ZSTD_compressStream2(q->context, &q->out, &in, how);
	/* there is room for all of it, so what can be wanting is memory */
	return ZSTD_isError(left) || in.pos < in.size || (how != ZSTD_e_continue && left > 0)
		? ST_NOMEM
		: ST_OK;
}

static status
squeeze_all(const struct packing *p, const struct stream *heads, struct squeezing *q)
{
	status st = squeeze(q, heads, false);

	for (size_t i = 0; i < p->column_count && st == ST_OK; i++) {
		const struct column *c = &p->columns[i];

		st = squeeze(q, &c->numbers, false);
		if (st == ST_OK)
			st = squeeze(q, &c->list, i + 1 == p->column_count);
	}
	return st;
}

static status
pack(const struct packing *p, const struct stream *heads, bool hard, uint8_t **ret_packed,
     size_t *ret_len)
{
	const int level = hard ? ZSTD_maxCLevel() : PACK_LEVEL;
	struct squeezing q = { .context = ZSTD_createCCtx() };
	size_t bytes = heads->len;
	status st = ST_NOMEM;

	for (size_t i = 0; i < p->column_count; i++)
		bytes += p->columns[i].numbers.len + p->columns[i].list.len;
	if (bytes > BATCH_RAW_BYTES_MAX)
		st = ST_LIMIT;
	q.out.size = ZSTD_compressBound(bytes);
	q.out.dst = st == ST_LIMIT ? NULL : malloc(q.out.size);
	if (q.context && q.out.dst &&
	    !ZSTD_isError(ZSTD_CCtx_setParameter(q.context, ZSTD_c_compressionLevel, level)) &&
	    !ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(q.context, bytes)))
		st = squeeze_all(p, heads, &q);
	ZSTD_freeCCtx(q.context);
	if (st < 0) {
		free(q.out.dst);
		return st;
	}
	*ret_packed = q.out.dst;
	*ret_len = q.out.pos;
	return ST_OK;
}

/* ---- all of it ---- */

/* Enough for a dozen values of each body, as long as that is not too many. */
static size_t
slots_for(uint64_t count)
{
	size_t slots = 64;

	while (slots < SLOTS_MAX && slots < 16 * count)
		slots *= 2;
	return slots;
}

static struct packing *
packing_new(uint64_t count)
{
	struct packing *p = malloc(sizeof(*p));

	if (!p)
		return NULL;
	memset(p->columns, 0, sizeof(p->columns));
	p->column_count = 1;
	p->nodes[0] = (struct node) { .kind = HOLE_NONE };
	p->node_count = 1;
	p->holes_told = p->hole_count = p->slots_used = 0;
	p->st = ST_OK;
	p->slot_count = slots_for(count);
	p->slots = calloc(p->slot_count, sizeof(*p->slots));
	if (!p->slots) {
		free(p);
		return NULL;
	}
	return p;
}

static void
packing_free(struct packing *p)
{
	for (size_t i = 0; i < p->column_count; i++) {
		free(p->columns[i].numbers.at);
		free(p->columns[i].list.at);
	}
	free(p->slots);
	free(p);
}

status
columns_pack(struct bytes bodies, uint64_t count, bool hard, uint8_t **ret_packed, size_t *ret_len)
{
	struct packing *p = packing_new(count);
	struct stream heads = { NULL, 0, 0 };
	status st;

	if (!p)
		return ST_NOMEM;
	st = put_items(p, bodies, count);
	if (st == ST_OK) {
		put_heads(p, &heads);
		st = p->st;
	}
	if (st == ST_OK)
		st = pack(p, &heads, hard, ret_packed, ret_len);
	free(heads.at);
	packing_free(p);
	return st;
}
