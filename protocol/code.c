#include "protocol/code.h"

#include <stdint.h>
#include <string.h>

#include "protocol/limits.h"

static size_t
lesser(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static bool
same(char a, char b)
{
	return lower(a) == lower(b);
}

/* The table of Damerau and Levenshtein, in the form where no part is changed
 * twice; three rows of it are enough, since an exchange looks back two.  They are
 * used in turn: + 1 and + 2 modulo 3 are what - 2 and - 1 would be. */
size_t
code_distance(const char *a, const char *b)
{
	size_t rows[3][CODE_BYTES_MAX + 1]; /* from a[0..i) to each b[0..j) */
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > CODE_BYTES_MAX || b_len > CODE_BYTES_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		const size_t *before = rows[(i + 1) % 3], *last = rows[(i + 2) % 3];
		size_t *row = rows[i % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = lesser(last[j], row[j - 1]) + 1;
			row[j] = lesser(row[j], last[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = lesser(row[j], before[j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

/* One slip, and one more for every four letters; never so many that the whole
 * word would have been written anew. */
bool
code_near(size_t distance, size_t len)
{
	return distance <= 1 + len / 4 && distance < len;
}

/* Those of Spanish, precomposed, all of two bytes. */
static const struct {
	char letter[3]; /* in UTF-8 */
	char plain;
} marked_letters[] = {
	{ "á", 'a' }, { "é", 'e' }, { "í", 'i' }, { "ó", 'o' }, { "ú", 'u' },
	{ "ü", 'u' }, { "ñ", 'n' }, { "Á", 'a' }, { "É", 'e' }, { "Í", 'i' },
	{ "Ó", 'o' }, { "Ú", 'u' }, { "Ü", 'u' }, { "Ñ", 'n' },
};

int
code_letter(const char **at)
{
	char c = **at;

	for (size_t i = 0; (c & 0x80) && i < sizeof(marked_letters) / sizeof(marked_letters[0]);
	     i++) {
		if (strncmp(*at, marked_letters[i].letter, 2) == 0) {
			*at += 2;
			return marked_letters[i].plain;
		}
	}
	*at += c != '\0'; /* stays at the end, so that one may ask again */
	return c == ' ' || c == '_' ? '-' : lower(c);
}
