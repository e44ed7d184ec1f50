#include "protocol/document.h"

#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

static const int PACK_LEVEL = 9; /* packed once, sent over slow links many times */

status
document_pack(const void *at, size_t len, writer *w)
{
	size_t bound = ZSTD_compressBound(len), n;
	uint8_t *packed = malloc(bound);

	if (!packed)
		return ST_NOMEM;
	n = ZSTD_compress(packed, bound, at, len, PACK_LEVEL);
	writer_clear(w);
	if (!ZSTD_isError(n))
		writer_raw(w, packed, n);
	free(packed);
	/* with that much room there is only one thing that zstd can lack */
	return ZSTD_isError(n) ? ST_NOMEM : writer_status(w);
}

/* zstd itself takes any row of frames, and those of its first versions. */
bool
document_is_frame(struct bytes packed)
{
	static const uint8_t magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

	return packed.len > sizeof(magic) && memcmp(packed.at, magic, sizeof(magic)) == 0 &&
		ZSTD_findFrameCompressedSize(packed.at, packed.len) == packed.len;
}

status
document_unpack_to(struct bytes packed, uint8_t *space, size_t len)
{
	size_t n;

	if (!document_is_frame(packed))
		return ST_MALFORMED;
	n = ZSTD_decompress(space, len, packed.at, packed.len);
	if (ZSTD_isError(n) && ZSTD_getErrorCode(n) == ZSTD_error_memory_allocation)
		return ST_NOMEM;
	return ZSTD_isError(n) || n != len ? ST_MALFORMED : ST_OK;
}

status
document_unpack(struct bytes packed, size_t max_bytes, uint8_t **ret_at, size_t *ret_len)
{
	unsigned long long size;
	uint8_t *at;
	status st;

	if (!document_is_frame(packed))
		return ST_MALFORMED;
	/* optional in a frame, but without it there is no bound before
	 * unpacking; that it may be a lie is seen when it is done */
	size = ZSTD_getFrameContentSize(packed.at, packed.len);
	if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
		return ST_MALFORMED;
	if (size > max_bytes)
		return ST_LIMIT;
	at = malloc((size_t) size + 1); /* for the 0 */
	if (!at)
		return ST_NOMEM;
	st = document_unpack_to(packed, at, (size_t) size);
	if (st < 0) {
		free(at);
		return st;
	}
	at[size] = 0;
	*ret_at = at;
	*ret_len = (size_t) size;
	return ST_OK;
}
