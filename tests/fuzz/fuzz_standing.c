/* A standing as a device gets it, unpacked by the bound and walked; what no frame of
 * zstd begins is tried as it is. */
#include <stdlib.h>

#include "protocol/document.h"
#include "protocol/standing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
walk(struct standing *s)
{
	struct standing_held held;
	struct standing_other other;
	struct point at;
	struct text text;
	size_t rows = 0;

	while (standing_next_point(&s->conflicts, &at) || standing_next_point(&s->probes, &at))
		rows++;
	while (standing_next_held(&s->held, &held))
		rows++;
	while (standing_next_other(&s->others, &other))
		rows++;
	while (standing_next_text(&s->locks, &text) || standing_next_text(&s->remarks, &text)) {
		if (text.len > STANDING_REMARK_BYTES_MAX)
			abort();
		rows++;
	}
	if (rows > STANDING_BYTES_MAX)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes packed = { data, size };
	struct standing s;
	uint8_t *at = NULL;
	size_t len = 0;

	if (document_unpack(packed, STANDING_BYTES_MAX, &at, &len) == ST_OK) {
		if (len > STANDING_BYTES_MAX || at[len] != 0 || !document_is_frame(packed))
			abort();
		if (standing_decode(at, len, &s) == ST_OK)
			walk(&s);
	} else if (standing_decode(data, size, &s) == ST_OK) {
		walk(&s);
	}
	free(at);
	return 0;
}
