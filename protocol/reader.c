#include "protocol/reader.h"

#include "protocol/limits.h"

/* The head of one value, as the format byte and what follows it say. */
struct head {
	reader_type type;
	uint64_t value; /* number, or length, or count; two's complement when negative */
};

enum { EXT_ERASED = 1 };

/* NULL + 0 is not for C to compute. */
reader
reader_of(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	return (reader) { .at = at, .end = at ? at + len : at, .st = ST_OK };
}

void
reader_fail(reader *r, status st)
{
	if (r->st == ST_OK)
		r->st = st;
}

/* The next n bytes, or NULL and a sticky error. */
static const uint8_t *
take(reader *r, uint64_t n)
{
	if (r->st < 0)
		return NULL;
	if ((uint64_t) (r->end - r->at) < n) {
		r->st = ST_MALFORMED;
		return NULL;
	}
	r->at += n;
	return r->at - n;
}

/* A big-endian number of width bytes that must need that width: least is the first
 * one that does, and 0 asks nothing. */
static uint64_t
take_number(reader *r, unsigned width, uint64_t least)
{
	const uint8_t *p = take(r, width);
	uint64_t n = 0;

	for (unsigned i = 0; p && i < width; i++)
		n = n << 8 | p[i];
	if (p && n < least)
		reader_fail(r, ST_MALFORMED);
	return n;
}

/* A negative number: the sign bit set, and too small for the next width down. */
static uint64_t
take_negative(reader *r, unsigned width)
{
	/* by width: from there on a narrower form does, that of one byte down
	 * to -32 */
	static const int64_t above[] = {
		[1] = -32, [2] = INT8_MIN, [4] = INT16_MIN, [8] = INT32_MIN
	};
	uint64_t n = take_number(r, width, 0);
	unsigned shift = 64 - 8 * width;
	uint64_t sign = UINT64_C(1) << (8 * width - 1);
	int64_t value;

	if (r->st < 0)
		return 0;
	if (!(n & sign)) {
		reader_fail(r, ST_MALFORMED);
		return 0;
	}
	if (shift > 0) /* by 64 bits C cannot shift */
		n |= UINT64_MAX << (64 - shift);
	value = (int64_t) n;
	if (value >= above[width])
		reader_fail(r, ST_MALFORMED);
	return n;
}

/* The formats of more than one byte that are canonical; floats, ext but the erased
 * body's, and 0xc1 fall through to the end.  A length has a least value as a number
 * has: the first that the shorter form cannot say. */
static struct head
long_head(reader *r, uint8_t byte)
{
	switch (byte) {
	case 0xc0: return (struct head) { READER_NIL, 0 };
	case 0xc2: return (struct head) { READER_BOOL, 0 };
	case 0xc3: return (struct head) { READER_BOOL, 1 };
	case 0xc4: return (struct head) { READER_BIN, take_number(r, 1, 0) };
	case 0xc5: return (struct head) { READER_BIN, take_number(r, 2, 0x100) };
	case 0xc6: return (struct head) { READER_BIN, take_number(r, 4, 0x10000) };
	case 0xcc: return (struct head) { READER_UINT, take_number(r, 1, 0x80) };
	case 0xcd: return (struct head) { READER_UINT, take_number(r, 2, 0x100) };
	case 0xce: return (struct head) { READER_UINT, take_number(r, 4, 0x10000) };
	case 0xcf: return (struct head) { READER_UINT, take_number(r, 8, UINT64_C(0x100000000)) };
	case 0xd0: return (struct head) { READER_NEGATIVE, take_negative(r, 1) };
	case 0xd1: return (struct head) { READER_NEGATIVE, take_negative(r, 2) };
	case 0xd2: return (struct head) { READER_NEGATIVE, take_negative(r, 4) };
	case 0xd3: return (struct head) { READER_NEGATIVE, take_negative(r, 8) };
	case 0xd9: return (struct head) { READER_TEXT, take_number(r, 1, 32) };
	case 0xda: return (struct head) { READER_TEXT, take_number(r, 2, 0x100) };
	case 0xdb: return (struct head) { READER_TEXT, take_number(r, 4, 0x10000) };
	case 0xdc: return (struct head) { READER_ARRAY, take_number(r, 2, 16) };
	case 0xdd: return (struct head) { READER_ARRAY, take_number(r, 4, 0x10000) };
	case 0xde: return (struct head) { READER_MAP, take_number(r, 2, 16) };
	case 0xdf: return (struct head) { READER_MAP, take_number(r, 4, 0x10000) };
	case 0xc7: return (struct head) { READER_ERASED, take_number(r, 1, 0) };
	default: break;
	}
	reader_fail(r, ST_MALFORMED);
	return (struct head) { READER_NONE, 0 };
}

/* The head of the next value; counts are checked against what is left, since
 * every element needs a byte. */
static struct head
take_head(reader *r)
{
	const uint8_t *p = take(r, 1);
	struct head h = { READER_NONE, 0 };
	uint64_t left;

	if (!p)
		return h;
	if (*p < 0x80)
		return (struct head) { READER_UINT, *p };
	if (*p >= 0xe0)
		return (struct head) { READER_NEGATIVE, (uint64_t) (int64_t) (int8_t) *p };
	if (*p < 0x90)
		h = (struct head) { READER_MAP, *p & 0x0f };
	else if (*p < 0xa0)
		h = (struct head) { READER_ARRAY, *p & 0x0f };
	else if (*p < 0xc0)
		h = (struct head) { READER_TEXT, *p & 0x1f };
	else
		h = long_head(r, *p);
	if (r->st < 0)
		return (struct head) { READER_NONE, 0 };
	left = (uint64_t) (r->end - r->at);
	if ((h.type == READER_MAP && h.value * 2 > left) ||
	    (h.type == READER_ARRAY && h.value > left)) {
		r->st = ST_MALFORMED;
		return (struct head) { READER_NONE, 0 };
	}
	return h;
}

/* The value of a head of the type wanted, at most max.  A wrong type before a
 * length over the limit: which of the two is told is part of the format. */
static uint64_t
take_of_type(reader *r, reader_type type, uint64_t max)
{
	struct head h = take_head(r);

	if (r->st < 0)
		return 0;
	if (h.type != type) {
		r->st = ST_MALFORMED;
		return 0;
	}
	if (h.value > max) {
		r->st = ST_LIMIT;
		return 0;
	}
	return h.value;
}

reader_type
reader_peek(const reader *r)
{
	reader copy = *r;

	return take_head(&copy).type;
}

uint64_t
reader_uint(reader *r, uint64_t max)
{
	return take_of_type(r, READER_UINT, max);
}

/* Not negative is in the unsigned form here too, so both heads are taken. */
int64_t
reader_int(reader *r, int64_t min, int64_t max)
{
	struct head h = take_head(r);
	int64_t n;

	if (r->st < 0)
		return 0;
	if (h.type != READER_UINT && h.type != READER_NEGATIVE) {
		r->st = ST_MALFORMED;
		return 0;
	}
	if (h.type == READER_UINT && h.value > INT64_MAX) {
		r->st = ST_LIMIT;
		return 0;
	}
	n = (int64_t) h.value;
	if (n < min || n > max) {
		r->st = ST_LIMIT;
		return 0;
	}
	return n;
}

struct text
reader_text(reader *r, size_t max_bytes)
{
	uint64_t len = take_of_type(r, READER_TEXT, max_bytes);
	const char *at = (const char *) take(r, len);

	if (!at)
		return (struct text) { NULL, 0 };
	if (!utf8_valid(at, (size_t) len)) {
		r->st = ST_MALFORMED;
		return (struct text) { NULL, 0 };
	}
	return (struct text) { at, (size_t) len };
}

/* Letters, digits, '.' and '-': none of them is 0. */
static const bool code_bytes[UINT8_MAX + 1] = {
	['-'] = true, ['.'] = true, ['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true,
	['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true, ['9'] = true,
	['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true, ['E'] = true, ['F'] = true,
	['G'] = true, ['H'] = true, ['I'] = true, ['J'] = true, ['K'] = true, ['L'] = true,
	['M'] = true, ['N'] = true, ['O'] = true, ['P'] = true, ['Q'] = true, ['R'] = true,
	['S'] = true, ['T'] = true, ['U'] = true, ['V'] = true, ['W'] = true, ['X'] = true,
	['Y'] = true, ['Z'] = true, ['a'] = true, ['b'] = true, ['c'] = true, ['d'] = true,
	['e'] = true, ['f'] = true, ['g'] = true, ['h'] = true, ['i'] = true, ['j'] = true,
	['k'] = true, ['l'] = true, ['m'] = true, ['n'] = true, ['o'] = true, ['p'] = true,
	['q'] = true, ['r'] = true, ['s'] = true, ['t'] = true, ['u'] = true, ['v'] = true,
	['w'] = true, ['x'] = true, ['y'] = true, ['z'] = true,
};

bool
code_valid(struct text t)
{
	if (t.len == 0 || t.len > CODE_BYTES_MAX)
		return false;
	for (size_t i = 0; i < t.len; i++) {
		if (!code_bytes[(uint8_t) t.at[i]])
			return false;
	}
	return true;
}

/* What is a code is UTF-8. */
struct text
reader_code(reader *r)
{
	uint64_t len = take_of_type(r, READER_TEXT, CODE_BYTES_MAX);
	struct text t = { (const char *) take(r, len), (size_t) len };

	if (t.at && code_valid(t))
		return t;
	reader_fail(r, ST_MALFORMED);
	return (struct text) { NULL, 0 };
}

struct text
reader_peek_short(const reader *r)
{
	size_t len, left = (size_t) (r->end - r->at);

	if (r->st < 0 || left == 0 || (*r->at & 0xe0) != 0xa0)
		return (struct text) { NULL, 0 };
	len = *r->at & 0x1f;
	return len < left ? (struct text) { (const char *) r->at + 1, len }
			  : (struct text) { NULL, 0 };
}

void
reader_pass_short(reader *r, size_t len)
{
	r->at += 1 + len;
}

struct bytes
reader_bin(reader *r, size_t max_bytes)
{
	uint64_t len = take_of_type(r, READER_BIN, max_bytes);
	const uint8_t *at = take(r, len);

	return at ? (struct bytes) { at, (size_t) len } : (struct bytes) { NULL, 0 };
}

/* Another length is not over a limit but another thing: malformed. */
const uint8_t *
reader_fixed(reader *r, size_t len)
{
	struct bytes b = reader_bin(r, SIZE_MAX);

	if (r->st == ST_OK && b.len != len)
		r->st = ST_MALFORMED;
	return r->st == ST_OK ? b.at : NULL;
}

const uint8_t *
reader_erased(reader *r)
{
	uint64_t len = take_of_type(r, READER_ERASED, UINT8_MAX);
	const uint8_t *type = take(r, 1);

	if (type && (*type != EXT_ERASED || len != HASH_BYTES))
		reader_fail(r, ST_MALFORMED);
	return take(r, HASH_BYTES);
}

bool
reader_pass_string(reader *r)
{
	reader copy = *r;
	struct head h = take_head(&copy);

	if ((h.type != READER_TEXT && h.type != READER_BIN) || !take(&copy, h.value))
		return false;
	*r = copy;
	return true;
}

size_t
reader_array(reader *r, size_t max)
{
	return (size_t) take_of_type(r, READER_ARRAY, max);
}

size_t
reader_map(reader *r, size_t max)
{
	return (size_t) take_of_type(r, READER_MAP, max);
}

/* Strictly, so that no key stands twice and a map has one form.  No key is
 * empty, so an empty last one can stand for "none yet". */
static struct text
ascending_key(reader *r, size_t max_bytes, struct text *last)
{
	struct text key = reader_text(r, max_bytes);

	if (r->st < 0)
		return (struct text) { NULL, 0 };
	if (key.len == 0 || (last->len > 0 && text_compare(key, *last) <= 0)) {
		r->st = ST_MALFORMED;
		return (struct text) { NULL, 0 };
	}
	*last = key;
	return key;
}

struct text
reader_key(reader *r, struct text *last)
{
	return ascending_key(r, KEY_BYTES_MAX, last);
}

struct point
reader_point(reader *r)
{
	struct point p = { 0, { 0 } };
	const uint8_t *hash;
	uint64_t seq;

	if (reader_array(r, 2) != 2)
		reader_fail(r, ST_MALFORMED);
	seq = reader_uint(r, INT64_MAX);
	hash = reader_fixed(r, HASH_BYTES);
	if (!hash)
		return p;
	p.seq = seq;
	memcpy(p.hash, hash, HASH_BYTES);
	return p;
}

/* A container that is being passed over. */
struct level {
	bool is_map;
	size_t left;
	struct text last_key;
};

/* One value that is no container; false when it is one, whose level is set. */
static bool
skip_plain(reader *r, struct level *ret_level)
{
	switch (reader_peek(r)) {
	case READER_MAP:
		*ret_level = (struct level) { true, reader_map(r, SIZE_MAX), { NULL, 0 } };
		return false;
	case READER_ARRAY:
		*ret_level = (struct level) { false, reader_array(r, SIZE_MAX), { NULL, 0 } };
		return false;
	case READER_TEXT: reader_text(r, SIZE_MAX); break;
	case READER_BIN: reader_bin(r, SIZE_MAX); break;
	case READER_NIL:
	case READER_BOOL:
	case READER_UINT:
	case READER_NEGATIVE: take_head(r); break;
	/* an erased body stands for an event, never for a value in one */
	case READER_NONE:
	case READER_ERASED:
	default: reader_fail(r, ST_MALFORMED); break;
	}
	return true;
}

/* With a stack of its own: how deep a stranger nests must not become how deep
 * we call.  A container counts as an element of the one around it before it is
 * entered, and is left once none of its own are missing; an empty one at once. */
void
reader_skip(reader *r)
{
	struct level stack[EVENT_DEPTH_MAX] = { 0 };
	size_t depth = 0;

	do {
		struct level inner;

		if (depth > 0) {
			stack[depth - 1].left--;
			if (stack[depth - 1].is_map) /* may be tallies, whose keys are codes */
				ascending_key(r, CODE_BYTES_MAX, &stack[depth - 1].last_key);
		}
		if (!skip_plain(r, &inner)) {
			if (depth == EVENT_DEPTH_MAX) {
				reader_fail(r, ST_LIMIT);
				return;
			}
			stack[depth++] = inner;
		}
		while (depth > 0 && stack[depth - 1].left == 0)
			depth--;
	} while (depth > 0 && r->st == ST_OK);
}

status
reader_end(reader *r)
{
	if (r->st == ST_OK && r->at != r->end)
		r->st = ST_MALFORMED;
	return r->st;
}
