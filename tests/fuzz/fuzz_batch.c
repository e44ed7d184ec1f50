/* A batch as a hub meets it: opened, unpacked, verified, walked. */
#include <stdlib.h>

#include "protocol/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct batch b;
	struct bytes bodies;
	struct batch_event e;
	uint8_t *space;

	if (batch_open(data, size, &b) < 0)
		return 0;
	space = malloc(BATCH_RAW_BYTES_MAX);
	if (space && batch_unpack(&b, space, &bodies) == ST_OK) {
		struct batch_walk walk = batch_walk(&b, bodies);

		while (batch_next(&walk, &e))
			;
		(void) batch_verify(&b, bodies, NULL);
	}
	free(space);
	return 0;
}
