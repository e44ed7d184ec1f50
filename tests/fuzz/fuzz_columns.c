/* Columns of a stranger, without the zstd around them: the first two bytes are how many
 * bodies, the next three how long these are.  What comes out goes in again, and comes out
 * the same. */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "protocol/columns.h"
#include "protocol/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
pack_again(struct bytes bodies, uint64_t count)
{
	static uint8_t again[BATCH_RAW_BYTES_MAX];
	uint8_t *packed = NULL;
	size_t len;

	if (columns_pack(bodies, count, false, &packed, &len) < 0)
		return; /* what comes out need not be bodies */
	if (columns_unpack((struct bytes) { packed, len }, count, again, bodies.len) < 0 ||
	    (bodies.len > 0 && memcmp(again, bodies.at, bodies.len) != 0))
		abort();
	free(packed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t space[BATCH_RAW_BYTES_MAX];
	size_t bound, len;
	uint64_t count;
	uint8_t *packed;

	if (size < 5)
		return 0;
	count = (uint64_t) data[0] << 8 | data[1];
	len = ((size_t) data[2] << 16 | (size_t) data[3] << 8 | data[4]) % (sizeof(space) + 1);
	bound = ZSTD_compressBound(size - 5);
	packed = malloc(bound);
	if (!packed)
		return 0;
	bound = ZSTD_compress(packed, bound, data + 5, size - 5, 1);
	if (!ZSTD_isError(bound) &&
	    columns_unpack((struct bytes) { packed, bound }, count, space, len) == ST_OK)
		pack_again((struct bytes) { space, len }, count);
	free(packed);
	return 0;
}
