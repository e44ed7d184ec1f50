/* Whatever a file of settings holds: the reader ends, stays within it, and tells
 * lines that grow. */
#include <stdint.h>
#include <stdlib.h>

#include "common/zpl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zpl z = zpl_of(data, size);
	struct zpl_property p;
	const char *why;
	unsigned line = 0;
	zpl_result result;

	while ((result = zpl_next(&z, &p, &why)) != ZPL_END) {
		if (z.line <= line)
			abort();
		line = z.line;
		if (result == ZPL_PROPERTY && (p.name.len == 0 || p.line != line))
			abort();
	}
	return 0;
}
