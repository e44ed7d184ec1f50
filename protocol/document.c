#include "protocol/document.h"

#include <stdlib.h>
#include <zstd.h>

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
	return ZSTD_isError(n) ? ST_NOMEM : writer_status(w);
}

status
document_unpack(struct bytes packed, size_t max_bytes, uint8_t **ret_at, size_t *ret_len)
{
	unsigned long long size = ZSTD_getFrameContentSize(packed.at, packed.len);
	uint8_t *at;
	size_t n;

	if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ||
	    ZSTD_findFrameCompressedSize(packed.at, packed.len) != packed.len)
		return ST_MALFORMED;
	if (size > max_bytes)
		return ST_LIMIT;
	at = malloc((size_t) size + 1);
	if (!at)
		return ST_NOMEM;
	n = ZSTD_decompress(at, (size_t) size, packed.at, packed.len);
	if (ZSTD_isError(n) || n != size) {
		free(at);
		return ST_MALFORMED;
	}
	at[n] = 0;
	*ret_at = at;
	*ret_len = n;
	return ST_OK;
}
