/* Whatever decodes as a message must encode again and decode the same. */
#include <stdlib.h>

#include "protocol/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message m, again;
	writer w;

	if (message_decode(data, size, &m) < 0)
		return 0;
	writer_init(&w);
	if (message_encode(&m, &w) < 0 ||
	    message_decode(writer_bytes(&w).at, writer_bytes(&w).len, &again) < 0 ||
	    again.type != m.type)
		abort();
	writer_done(&w);
	return 0;
}
