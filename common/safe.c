#include "common/cli.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "protocol/reader.h"

enum { UTF8_BYTES = 4, ESCAPED_BYTES = 4 /* \xNN */ };

/* What steers a terminal or turns the direction of the text around: U+0000 to
 * U+001F, U+007F to U+009F, U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069.
 * at is one character, valid. */
static bool
steers(const unsigned char *at, size_t len)
{
	if (len == 1)
		return at[0] < 0x20 || at[0] == 0x7f;
	if (len == 2)
		return at[0] == 0xc2 && at[1] < 0xa0; /* C1 */
	if (len != 3 || at[0] != 0xe2)
		return false;
	if (at[1] == 0x80)
		return at[2] == 0x8e || at[2] == 0x8f || (at[2] >= 0xa8 && at[2] <= 0xae);
	return at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9;
}

/* Bytes of the character at `at` when it may be shown as it is, else 0. */
static size_t
showable(const unsigned char *at, size_t left)
{
	/* the shortest that is valid, since no character begins another */
	for (size_t len = 1; len <= UTF8_BYTES && len <= left; len++) {
		if (utf8_valid((const char *) at, len))
			return steers(at, len) ? 0 : len;
	}
	return 0;
}

const char *
cli_safe(const char *text, size_t len, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < len;) {
		const unsigned char *at = (const unsigned char *) text + i;
		size_t n = showable(at, len - i);
		size_t room = n > 0 ? n : ESCAPED_BYTES;

		if (used + room >= size) /* the 0 has to go in as well */
			break;
		if (n > 0)
			memcpy(out + used, at, n);
		else
			snprintf(out + used, size - used, "\\x%02x", *at);
		used += room;
		i += n > 0 ? n : 1;
	}
	out[used] = '\0';
	return out;
}
