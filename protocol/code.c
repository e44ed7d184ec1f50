#include "protocol/code.h"

#include <stdint.h>
#include <string.h>

#include "protocol/limits.h"

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

size_t
code_distance(const char *a, const char *b)
{
	size_t row[CODE_BYTES_MAX + 1]; /* distance from a[0..i) to each b[0..j) */
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > CODE_BYTES_MAX || b_len > CODE_BYTES_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t above = row[j];

			row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[b_len];
}

bool
code_near(size_t distance, size_t len)
{
	return distance <= 1 + len / 4 && distance < len;
}
