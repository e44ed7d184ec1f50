#include "protocol/writer.h"

/* msgpack-c's callback; a failed write sticks.  That is why nobody below looks
 * at what msgpack_pack_*() returns. */
static int
append(void *data, const char *at, size_t len)
{
	writer *w = data;

	if (w->st == ST_OK && msgpack_sbuffer_write(&w->buf, at, len) != 0)
		w->st = ST_NOMEM;
	return w->st == ST_OK ? 0 : -1;
}

void
writer_init(writer *w)
{
	msgpack_sbuffer_init(&w->buf);
	msgpack_packer_init(&w->packer, w, append);
	w->st = ST_OK;
}

/* Leaves an empty buffer behind, so that a second call does no harm. */
void
writer_done(writer *w)
{
	msgpack_sbuffer_destroy(&w->buf);
	msgpack_sbuffer_init(&w->buf);
}

void
writer_clear(writer *w)
{
	msgpack_sbuffer_clear(&w->buf);
	w->st = ST_OK;
}

void
writer_uint(writer *w, uint64_t n)
{
	msgpack_pack_uint64(&w->packer, n);
}

/* msgpack-c writes what is not negative in the unsigned forms, as the format
 * asks. */
void
writer_int(writer *w, int64_t n)
{
	msgpack_pack_int64(&w->packer, n);
}

void
writer_text(writer *w, struct text t)
{
	msgpack_pack_str(&w->packer, t.len);
	writer_raw(w, t.at, t.len);
}

void
writer_bin(writer *w, const void *at, size_t len)
{
	msgpack_pack_bin(&w->packer, len);
	writer_raw(w, at, len);
}

void
writer_erased(writer *w, const uint8_t hash[static HASH_BYTES])
{
	/* Not msgpack_pack_ext(): for 32 bytes it would choose ext8 all the same,
	 * but the form is the format's, not the library's, to choose. */
	static const char head[] = { (char) 0xc7, HASH_BYTES, 1 };

	append(w, head, sizeof(head));
	append(w, (const char *) hash, HASH_BYTES);
}

void
writer_array(writer *w, size_t count)
{
	msgpack_pack_array(&w->packer, count);
}

void
writer_map(writer *w, size_t count)
{
	msgpack_pack_map(&w->packer, count);
}

void
writer_point(writer *w, const struct point *p)
{
	writer_array(w, 2);
	writer_uint(w, p->seq);
	writer_bin(w, p->hash, HASH_BYTES);
}

/* at may be NULL then, which memcpy() must not be given. */
void
writer_raw(writer *w, const void *at, size_t len)
{
	if (len > 0)
		append(w, at, len);
}

status
writer_status(const writer *w)
{
	return w->st;
}

struct bytes
writer_bytes(const writer *w)
{
	return (struct bytes) { (const uint8_t *) w->buf.data, w->buf.size };
}
