#include "common/cli.h"

#include <string.h>
#include <strings.h>

#include "protocol/code.h"

enum { PREFIX_BYTES = 3 }; /* so much of a word, rightly begun, says enough */

/* A beginning is a guess as good as one slip (getopt_long() takes it for the
 * whole), so a rest that was left out counts as no more than that. */
const char *
cli_nearest(const char *word, const char *const *list, size_t count)
{
	size_t len = strlen(word), best = 0;
	const char *nearest = NULL;

	for (size_t i = 0; i < count; i++) {
		size_t n = code_distance(word, list[i]);

		if (n > 1 && len >= PREFIX_BYTES && strncasecmp(word, list[i], len) == 0)
			n = 1;
		if (code_near(n, len) && (!nearest || n < best)) {
			best = n;
			nearest = list[i];
		}
	}
	return nearest;
}
