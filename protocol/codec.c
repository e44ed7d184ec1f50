#include "protocol/codec.h"

/* Beyond it a double, and with it much JSON, is not exact. */
static const int64_t SIZE_OF_FILE_MAX = INT64_C(1) << 53;

bool
code_valid(struct text t)
{
	if (t.len == 0 || t.len > CODE_BYTES_MAX)
		return false;
	for (size_t i = 0; i < t.len; i++) {
		char c = t.at[i];
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

		if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '-')
			return false;
	}
	return true;
}

/* ---- reading ---- */

static struct text
read_code(reader *r)
{
	struct text t = reader_text(r, CODE_BYTES_MAX);

	if (r->st == ST_OK && !code_valid(t))
		reader_fail(r, ST_MALFORMED);
	return t;
}

/* A list that must not be empty. */
static size_t
read_count(reader *r, size_t count)
{
	if (r->st == ST_OK && count == 0)
		reader_fail(r, ST_MALFORMED);
	return r->st == ST_OK ? count : 0;
}

static void
read_points(reader *r, const struct codec_field *f, struct points *out)
{
	out->count = reader_array(r, f->max);
	for (size_t i = 0; i < out->count && r->st == ST_OK; i++)
		out->list[i] = reader_point(r);
}

/* A set is written in one way only: ascending. */
static void
read_codes(reader *r, const struct codec_field *f, struct codes *out)
{
	out->count = read_count(r, reader_array(r, f->max));
	for (size_t i = 0; i < out->count && r->st == ST_OK; i++) {
		out->list[i] = read_code(r);
		if (i > 0 && text_compare(out->list[i], out->list[i - 1]) <= 0)
			reader_fail(r, ST_MALFORMED);
	}
}

/* A map, so the same holds of its keys; they may be longer than those of a map of
 * fields, which is why reader_key() is not asked. */
static void
read_tallies(reader *r, const struct codec_field *f, struct tallies *out)
{
	out->count = read_count(r, reader_map(r, f->max));
	for (size_t i = 0; i < out->count && r->st == ST_OK; i++) {
		out->list[i].name = read_code(r);
		if (i > 0 && text_compare(out->list[i].name, out->list[i - 1].name) <= 0)
			reader_fail(r, ST_MALFORMED);
		out->list[i].value = reader_uint(r, COUNT_VALUE_MAX);
	}
}

static void
read_evidences(reader *r, const struct codec_field *f, struct evidences *out)
{
	out->count = read_count(r, reader_array(r, f->max));
	for (size_t i = 0; i < out->count && r->st == ST_OK; i++) {
		if (reader_array(r, 3) != 3)
			reader_fail(r, ST_MALFORMED);
		out->list[i].name = reader_text(r, NAME_BYTES_MAX);
		out->list[i].size_bytes = reader_uint(r, (uint64_t) SIZE_OF_FILE_MAX);
		out->list[i].hash = reader_fixed(r, HASH_BYTES);
	}
}

static void
read_fixes(reader *r, const struct codec_field *f, struct fixes *out)
{
	out->count = read_count(r, reader_array(r, f->max));
	for (size_t i = 0; i < out->count && r->st == ST_OK; i++) {
		size_t parts = reader_array(r, 3); /* the feed only when it is another */

		if (parts < 2)
			reader_fail(r, ST_MALFORMED);
		out->list[i].seq = reader_uint(r, INT64_MAX);
		if (r->st == ST_OK && out->list[i].seq == 0)
			reader_fail(r, ST_LIMIT);
		out->list[i].hash = reader_fixed(r, HASH_PREFIX_BYTES);
		out->list[i].feed = parts == 3 ? reader_fixed(r, FEED_BYTES) : NULL;
	}
}

static void
read_texts(reader *r, const struct codec_field *f, struct texts *out)
{
	out->count = read_count(r, reader_array(r, f->max));
	for (size_t i = 0; i < out->count && r->st == ST_OK; i++)
		out->list[i] = reader_text(r, QUESTION_ARG_BYTES_MAX);
}

/* The bound above is the reader's; one below is rare, and never negative. */
static uint64_t
read_uint(reader *r, const struct codec_field *f)
{
	uint64_t n = reader_uint(r, f->max);

	if (r->st == ST_OK && f->min > 0 && n < (uint64_t) f->min)
		reader_fail(r, ST_LIMIT);
	return n;
}

static void
read_field(reader *r, const struct codec_field *f, void *at)
{
	switch (f->type) {
	case CODEC_UINT: *(uint64_t *) at = read_uint(r, f); break;
	case CODEC_INT: *(int64_t *) at = reader_int(r, f->min, (int64_t) f->max); break;
	case CODEC_TEXT: *(struct text *) at = reader_text(r, f->max); break;
	case CODEC_CODE: *(struct text *) at = read_code(r); break;
	case CODEC_BIN: *(struct bytes *) at = reader_bin(r, f->max); break;
	case CODEC_FIXED: *(const uint8_t **) at = reader_fixed(r, f->max); break;
	case CODEC_POINT: *(struct point *) at = reader_point(r); break;
	case CODEC_POINTS: read_points(r, f, at); break;
	case CODEC_CODES: read_codes(r, f, at); break;
	case CODEC_TALLIES: read_tallies(r, f, at); break;
	case CODEC_EVIDENCES: read_evidences(r, f, at); break;
	case CODEC_FIXES: read_fixes(r, f, at); break;
	case CODEC_TEXTS: read_texts(r, f, at); break;
	}
}

/* Most of the time of decoding goes into this: so without looking for the end of the key
 * of the row first.  No key of a map holds a 0. */
static int
compare_key(const struct codec_field *f, struct text key)
{
	int order = strncmp(f->key, key.at, key.len);

	return order != 0 ? order : f->key[key.len] != '\0';
}

/* Keys and rows both ascend, so one pass over both finds every field.  The number
 * of pairs needs no limit: the reader has held it against the bytes left, and no
 * key is stored. */
void
codec_read(reader *r, const struct codec_field *fields, size_t field_count, void *out,
           uint64_t *ret_has, bool *ret_critical)
{
	struct text last = { NULL, 0 };
	uint64_t has = 0;
	size_t row = 0, pairs = reader_map(r, SIZE_MAX);

	*ret_critical = false;
	for (size_t i = 0; i < pairs && r->st == ST_OK; i++) {
		struct text key = reader_key(r, &last);
		int order = -1;

		for (; row < field_count && r->st == ST_OK; row++) {
			order = compare_key(&fields[row], key);
			if (order >= 0)
				break;
		}
		if (order == 0) {
			read_field(r, &fields[row], (char *) out + fields[row].offset);
			has |= UINT64_C(1) << row;
			continue;
		}
		if (key.len > 0 && key.at[0] == '!')
			*ret_critical = true;
		reader_skip(r);
	}
	/* after an error too, which then sticks: the first one is told */
	for (size_t i = 0; i < field_count; i++)
		if (fields[i].required && !(has >> i & 1))
			reader_fail(r, ST_MALFORMED);
	*ret_has = has;
}

/* ---- writing ---- */

static void
write_codes(writer *w, const struct codes *in)
{
	writer_array(w, in->count);
	for (size_t i = 0; i < in->count; i++)
		writer_text(w, in->list[i]);
}

static void
write_texts(writer *w, const struct texts *in)
{
	writer_array(w, in->count);
	for (size_t i = 0; i < in->count; i++)
		writer_text(w, in->list[i]);
}

static void
write_tallies(writer *w, const struct tallies *in)
{
	writer_map(w, in->count);
	for (size_t i = 0; i < in->count; i++) {
		writer_text(w, in->list[i].name);
		writer_uint(w, in->list[i].value);
	}
}

static void
write_evidences(writer *w, const struct evidences *in)
{
	writer_array(w, in->count);
	for (size_t i = 0; i < in->count; i++) {
		writer_array(w, 3);
		writer_text(w, in->list[i].name);
		writer_uint(w, in->list[i].size_bytes);
		writer_bin(w, in->list[i].hash, HASH_BYTES);
	}
}

static void
write_fixes(writer *w, const struct fixes *in)
{
	writer_array(w, in->count);
	for (size_t i = 0; i < in->count; i++) {
		writer_array(w, in->list[i].feed ? 3 : 2);
		writer_uint(w, in->list[i].seq);
		writer_bin(w, in->list[i].hash, HASH_PREFIX_BYTES);
		if (in->list[i].feed)
			writer_bin(w, in->list[i].feed, FEED_BYTES);
	}
}

static void
write_points(writer *w, const struct points *in)
{
	writer_array(w, in->count);
	for (size_t i = 0; i < in->count; i++)
		writer_point(w, &in->list[i]);
}

static void
write_field(writer *w, const struct codec_field *f, const void *at)
{
	const struct bytes *b = at;

	switch (f->type) {
	case CODEC_UINT: writer_uint(w, *(const uint64_t *) at); break;
	case CODEC_INT: writer_int(w, *(const int64_t *) at); break;
	case CODEC_TEXT:
	case CODEC_CODE: writer_text(w, *(const struct text *) at); break;
	case CODEC_BIN: writer_bin(w, b->at, b->len); break;
	case CODEC_FIXED: writer_bin(w, *(const uint8_t *const *) at, f->max); break;
	case CODEC_POINT: writer_point(w, at); break;
	case CODEC_POINTS: write_points(w, at); break;
	case CODEC_CODES: write_codes(w, at); break;
	case CODEC_TALLIES: write_tallies(w, at); break;
	case CODEC_EVIDENCES: write_evidences(w, at); break;
	case CODEC_FIXES: write_fixes(w, at); break;
	case CODEC_TEXTS: write_texts(w, at); break;
	}
}

/* Rows ascend, so keys do; what the format asks of values is the caller's word. */
void
codec_write(writer *w, const struct codec_field *fields, size_t field_count, const void *in,
            uint64_t has)
{
	size_t pairs = 0;

	for (size_t i = 0; i < field_count; i++)
		pairs += has >> i & 1;
	writer_map(w, pairs);
	for (size_t i = 0; i < field_count; i++) {
		if (!(has >> i & 1))
			continue;
		writer_text(w, text_of(fields[i].key));
		write_field(w, &fields[i], (const char *) in + fields[i].offset);
	}
}

/* What a structure filled by our own code may hold is what can be read back: so write one
 * field and read it. */
static status
read_back(const struct codec_field *f, const void *at, writer *w)
{
	union {
		uint64_t number;
		int64_t integer;
		struct text text;
		struct bytes bytes;
		const uint8_t *fixed;
		struct point point;
		struct points points;
		struct codes codes;
		struct tallies tallies;
		struct evidences evidences;
		struct fixes fixes;
		struct texts texts;
	} scratch;
	struct bytes written;
	reader r;

	writer_clear(w);
	write_field(w, f, at);
	if (writer_status(w) < 0)
		return writer_status(w);
	written = writer_bytes(w);
	r = reader_of(written.at, written.len);
	read_field(&r, f, &scratch);
	return reader_end(&r);
}

static status
check_text(struct text t, size_t max_bytes, bool valid)
{
	if (t.len > max_bytes)
		return ST_LIMIT;
	return valid ? ST_OK : ST_MALFORMED;
}

/* The same for what nearly all fields are, in a fifth of the time. */
static status
check_field(const struct codec_field *f, const void *at, writer *w)
{
	const struct text *t = at;

	switch ((int) f->type) {
	case CODEC_UINT:
		return *(const uint64_t *) at <= f->max &&
				*(const uint64_t *) at >= (uint64_t) f->min
			? ST_OK
			: ST_LIMIT;
	case CODEC_INT:
		return *(const int64_t *) at <= (int64_t) f->max && *(const int64_t *) at >= f->min
			? ST_OK
			: ST_LIMIT;
	case CODEC_TEXT: return check_text(*t, f->max, utf8_valid(t->at, t->len));
	case CODEC_CODE: return check_text(*t, CODE_BYTES_MAX, code_valid(*t));
	default: return read_back(f, at, w);
	}
}

status
codec_check(const struct codec_field *fields, size_t field_count, const void *in, uint64_t has,
            size_t *ret_field)
{
	status st = ST_OK;
	writer w; /* one for all fields, so that its memory is used again */

	writer_init(&w);
	for (size_t i = 0; i < field_count && st == ST_OK; i++) {
		if (has >> i & 1)
			st = check_field(&fields[i], (const char *) in + fields[i].offset, &w);
		else if (fields[i].required)
			st = ST_MALFORMED;
		if (st < 0)
			*ret_field = i;
	}
	writer_done(&w);
	return st;
}
