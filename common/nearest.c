#include "common/cli.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum {
	WORD_BYTES = 64, /* longer words are not looked at */
	PREFIX_BYTES = 3, /* so much of a word, rightly begun, says enough */
};

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool
same(char a, char b)
{
	return tolower((unsigned char) a) == tolower((unsigned char) b);
}

/* Damerau-Levenshtein in the form where no part is edited twice: letters put
 * in, left out, replaced, and two neighbours exchanged.  Case is no difference.
 * Three rows of the table are enough. */
static size_t
edits(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][WORD_BYTES + 1];

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		const size_t *before = rows[(i + 1) % 3], *last = rows[(i + 2) % 3];
		size_t *row = rows[i % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = smaller(last[j], row[j - 1]) + 1;
			row[j] = smaller(row[j], last[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = smaller(row[j], before[j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

const char *
cli_nearest(const char *word, const char *const *list, size_t count)
{
	size_t len = strlen(word);
	size_t best = (len + 2) / 3; /* one edit in each three letters */
	const char *nearest = NULL;

	if (len == 0 || len > WORD_BYTES)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t other = strlen(list[i]), n;

		if (other > WORD_BYTES)
			continue;
		n = edits(word, len, list[i], other);
		if (n > 1 && len >= PREFIX_BYTES && strncasecmp(word, list[i], len) == 0)
			n = 1;
		if (n < best || (n == best && !nearest)) {
			best = n;
			nearest = list[i];
		}
	}
	return nearest;
}
