/* Whatever decodes must encode again, and msgpack-c must agree that it is one
 * whole value. */
#include <stdlib.h>

#include "protocol/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_with_msgpack(const uint8_t *data, size_t size)
{
	msgpack_unpacked one;
	size_t offset = 0;

	msgpack_unpacked_init(&one);
	if (msgpack_unpack_next(&one, (const char *) data, size, &offset) !=
	            MSGPACK_UNPACK_SUCCESS ||
	    offset != size)
		abort();
	msgpack_unpacked_destroy(&one);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event e;
	event_field fault;
	writer w;

	if (event_decode((struct bytes) { data, size }, &e) != HOLD_NONE)
		return 0;
	check_with_msgpack(data, size);
	writer_init(&w);
	if (event_encode(&e, &w, &fault) != ST_OK)
		abort();
	writer_done(&w);
	return 0;
}
