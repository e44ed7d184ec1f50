/* Events that a hub sends back, as a device opens them: unpacked by the bound, then each
 * batch as far as its seal. */
#include <stdlib.h>

#include "protocol/batch.h"
#include "protocol/document.h"
#include "protocol/sent_back.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
open_all(const struct sent_back *sent)
{
	static uint8_t space[BATCH_RAW_BYTES_MAX];

	for (size_t i = 0; i < sent->count; i++) {
		struct bytes bodies;
		struct batch b;

		if (batch_open(sent->list[i].at, sent->list[i].len, &b) == ST_OK &&
		    batch_unpack(&b, space, &bodies) == ST_OK)
			(void) batch_verify(&b, bodies, NULL);
	}
}

/* What decodes encodes again, but for what had no room. */
static void
encode_again(const struct sent_back *sent)
{
	static struct sent_back again;
	writer w;

	writer_init(&w);
	if (sent_back_encode(sent, &w) < 0 ||
	    sent_back_decode(writer_bytes(&w).at, writer_bytes(&w).len, &again) < 0 ||
	    again.count > sent->count)
		abort();
	writer_done(&w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sent_back sent;
	uint8_t *at = NULL;
	size_t len;
	bool packed = document_unpack((struct bytes) { data, size }, EVENTS_BYTES_MAX, &at, &len) ==
		ST_OK;

	if (sent_back_decode(packed ? at : data, packed ? len : size, &sent) == ST_OK) {
		open_all(&sent);
		encode_again(&sent);
	}
	free(at);
	return 0;
}
