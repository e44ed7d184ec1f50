#include "protocol/sent_back.h"

static const char BATCHES[] = "batches", V[] = "v";

/* With room left for what packing adds to bytes that are packed already: the document is
 * within the limit either way. */
static size_t
that_fit(const struct sent_back *s)
{
	enum { ROOM = EVENTS_BYTES_MAX - EVENTS_BYTES_MAX / 64 };
	size_t bytes = SENT_BACK_MAP_BYTES, count = 0;

	while (count < s->count && bytes + SENT_BACK_HEAD_BYTES + s->list[count].len <= ROOM)
		bytes += SENT_BACK_HEAD_BYTES + s->list[count++].len;
	return count;
}

status
sent_back_encode(const struct sent_back *s, writer *w)
{
	size_t count = that_fit(s);

	writer_clear(w);
	writer_map(w, 2);
	writer_text(w, text_of(BATCHES));
	writer_array(w, count);
	for (size_t i = 0; i < count; i++)
		writer_bin(w, s->list[i].at, s->list[i].len);
	writer_text(w, text_of(V));
	writer_uint(w, SENT_BACK_VERSION);
	return writer_status(w);
}

static void
read_batches(reader *r, struct sent_back *s)
{
	s->count = reader_array(r, EVENTS_BATCHES_MAX);
	for (size_t i = 0; i < s->count && r->st == ST_OK; i++)
		s->list[i] = reader_bin(r, BATCH_BYTES_MAX);
}

/* The version last: of another one the rest is as little known as a key with '!' is. */
status
sent_back_decode(const void *bytes, size_t len, struct sent_back *ret_sent)
{
	reader r = reader_of(bytes, len);
	struct text last = { 0 };
	uint64_t version = 0;
	size_t pairs;

	ret_sent->count = 0;
	if (len > EVENTS_BYTES_MAX)
		return ST_LIMIT;
	pairs = reader_map(&r, len);
	for (size_t i = 0; i < pairs && r.st == ST_OK; i++) {
		struct text key = reader_key(&r, &last);

		if (text_is(key, BATCHES))
			read_batches(&r, ret_sent);
		else if (text_is(key, V))
			version = reader_uint(&r, UINT32_MAX);
		else if (key.len > 0 && key.at[0] == '!')
			reader_fail(&r, ST_MALFORMED);
		else
			reader_skip(&r);
	}
	if (reader_end(&r) < 0)
		return r.st;
	if (version != SENT_BACK_VERSION)
		return version == 0 ? ST_MALFORMED : ST_VERSION;
	return ret_sent->count > 0 ? ST_OK : ST_MALFORMED;
}
